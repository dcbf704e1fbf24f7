"""The request of a transfer: from an event of any kind to a `TransferRequest`, or `BadBody`, which names the field.

    {"serviceId": uuid, "serviceName": text, "updatedBpmnXml": xml,
     "forms": [{"name", "content"}], "subprocessBpmns": [{"name", "content"}], "manifest": {…},
     "processApplicationId": id, "force": bool}

Only the first three are required. Events come from API Gateway (REST and HTTP API), a function URL, a load balancer,
or are the body itself.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camunda_client.modeler.backend import ModelFile
from camunda_client.modeler.errors import BadBody
from camunda_client.modeler.settings import ID

LONGEST_NAME = 255
LONGEST_SERVICE_NAME = LONGEST_NAME - len(" 20261121-0900")
"""Letters in a name; the folder's is the service's and the time."""


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """What to transfer: the main model, the sub-processes, the forms and the manifest, in this order."""

    service_id: str | None
    service_name: str
    files: tuple[ModelFile, ...]
    process_application_id: str | None = None
    force: bool = False


def event_body(event: Any) -> Any:
    """The decoded body of an event. Raises BadBody where there is none, or it is not JSON."""
    if not isinstance(event, Mapping):
        raise BadBody("", "The event is not an object")
    if "body" not in event and "requestContext" not in event:
        return event
    body = event.get("body")
    if not isinstance(body, str):
        if body is None:
            raise BadBody("", "The request has no body")
        return body
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise BadBody("", "The body is not UTF-8 in base64") from None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadBody("", "The body is not JSON") from None


def read_request(body: Any) -> TransferRequest:
    """The request in a decoded body. Raises BadBody."""
    if not isinstance(body, Mapping):
        raise BadBody("", "The body is not a JSON object")
    service_id = _uuid(_text(body, "serviceId"))
    service_name = _name(body, "serviceName", "serviceName", LONGEST_SERVICE_NAME)
    files = [ModelFile(f"{service_name}.bpmn", _text(body, "updatedBpmnXml"), "bpmn", "updatedBpmnXml")]
    files += _files(body, "subprocessBpmns", "bpmn")
    files += _files(body, "forms", "form")
    manifest = body.get("manifest")
    if manifest is not None and not isinstance(manifest, Mapping):
        raise BadBody("manifest", "must be an object")
    if manifest:
        files.append(manifest_file(manifest))
    application = body.get("processApplicationId")
    if application is not None and not (isinstance(application, str) and ID.fullmatch(application)):
        raise BadBody("processApplicationId", "must be an id")
    force = body.get("force", False)
    if not isinstance(force, bool):
        raise BadBody("force", "must be true or false")
    refuse_namesakes(files)
    return TransferRequest(service_id, service_name, tuple(files), application, force)


def read_service(manifest: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Id and name of the service as a manifest says them, None for what it leaves out. Raises BadBody."""
    service_id = manifest.get("serviceId")
    if service_id is not None:
        service_id = _uuid(_text(manifest, "serviceId"))
    name = manifest.get("serviceName")
    if name is not None:
        name = _name(manifest, "serviceName", "serviceName", LONGEST_SERVICE_NAME)
    return service_id, name


def manifest_file(manifest: Mapping[str, Any]) -> ModelFile:
    """The manifest as the file `manifest.form`. Raises BadBody."""
    try:
        content = json.dumps(manifest, indent=2)
    except (TypeError, ValueError, RecursionError):
        raise BadBody("manifest", "must be an object of JSON values") from None
    return ModelFile("manifest.form", content, "form", "manifest")


def refuse_namesakes(files: list[ModelFile]) -> None:
    """Raises BadBody for two files of one name and type: nobody could tell later which is which."""
    seen: dict[str, str] = {}
    for file in files:
        if file.key in seen:
            field = file.field.removesuffix(".content")
            raise BadBody(f"{field}.name", f"{file.name!r} is also the name of {seen[file.key]}")
        seen[file.key] = file.field.removesuffix(".content")


def _files(body: Mapping[str, Any], field: str, kind: str) -> list[ModelFile]:
    items = body.get(field)
    if items is None:
        return []
    if not isinstance(items, list):
        raise BadBody(field, "must be a list")
    found = []
    for number, item in enumerate(items):
        at = f"{field}[{number}]"
        if not isinstance(item, Mapping):
            raise BadBody(at, "must be an object with name and content")
        name, content = _name(item, "name", f"{at}.name"), _text(item, "content", f"{at}.content")
        found.append(ModelFile(name, content, kind, f"{at}.content"))
    return found


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise BadBody("serviceId", "must be a UUID") from None


def _text(body: Mapping[str, Any], name: str, field: str = "") -> str:
    field = field or name
    if name not in body or body[name] is None:
        raise BadBody(field, "is missing")
    value = body[name]
    if not isinstance(value, str):
        raise BadBody(field, "must be text")
    if not value.strip():
        raise BadBody(field, "is empty")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise BadBody(field, "has a character that is none") from None
    return value


def _name(body: Mapping[str, Any], name: str, field: str, longest: int = LONGEST_NAME) -> str:
    value = _text(body, name, field)
    if len(value) > longest:
        raise BadBody(field, f"must have at most {longest} characters")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise BadBody(field, "has a control character")
    return value
