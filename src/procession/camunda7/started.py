"""What is answered about a process instance that was just started."""

from __future__ import annotations

from typing import Any

from procession.engine.commands import Started


def instance_document(started: Started, base_url: str = "") -> dict[str, Any]:
    """The instance, with a link to itself where an address is given."""
    links = []
    if base_url:
        links = [{"method": "GET", "href": f"{base_url}/process-instance/{started.instance}", "rel": "self"}]
    return {
        "links": links,
        "id": str(started.instance),
        "definitionId": started.definition_id,
        "businessKey": started.business_key,
        "caseInstanceId": None,
        "ended": started.ended,
        "suspended": False,
        "tenantId": started.tenant,
        "definitionKey": started.process_id,
    }
