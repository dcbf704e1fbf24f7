"""Operations of Camunda 7's REST API that are not carried out here: each answers 501 and says why and what to do.

The list is data: `docs/reference/camunda7-api.md` is made of it. A path that Camunda 7 does not have either is 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from procession.camunda7.exchange import Request
from procession.camunda7.problems import Answered
from procession.camunda7.routes import ROUTES, Route


def _each(path: str, methods: str) -> tuple[str, ...]:
    return tuple(f"{method} {path}" for method in methods.split())


REFUSED: Mapping[str, tuple[str, ...]] = {
    "Users and groups are not kept: assignees and candidates are names, and a proxy in front or --auth says who asks": (
        *_each("/user", "GET"),
        *_each("/user/count", "GET"),
        *_each("/user/create", "POST"),
        *_each("/user/{id}", "DELETE"),
        *_each("/user/{id}/credentials", "PUT"),
        *_each("/user/{id}/profile", "GET PUT"),
        *_each("/user/{id}/unlock", "POST"),
        *_each("/group", "GET POST"),
        *_each("/group/count", "GET POST"),
        *_each("/group/create", "POST"),
        *_each("/group/{id}", "GET PUT DELETE"),
        *_each("/group/{id}/members/{userId}", "PUT DELETE"),
        *_each("/identity/groups", "GET"),
        *_each("/identity/verify", "POST"),
    ),
    "Tenants are not kept: a tenant is the name that a deployment gives, and needs no registration": (
        *_each("/tenant", "GET"),
        *_each("/tenant/count", "GET"),
        *_each("/tenant/create", "POST"),
        *_each("/tenant/{id}", "GET PUT DELETE"),
        *_each("/tenant/{id}/group-members/{groupId}", "PUT DELETE"),
        *_each("/tenant/{id}/user-members/{userId}", "PUT DELETE"),
    ),
    "Authorizations are not kept: whoever may ask may do everything; let a proxy in front decide who may ask": (
        *_each("/authorization", "GET"),
        *_each("/authorization/check", "GET"),
        *_each("/authorization/count", "GET"),
        *_each("/authorization/create", "POST"),
        *_each("/authorization/{id}", "GET PUT DELETE"),
    ),
    "Filters are not kept: ask with the query itself, POST /task": (
        *_each("/filter", "GET"),
        *_each("/filter/count", "GET"),
        *_each("/filter/create", "POST"),
        *_each("/filter/{id}", "GET PUT DELETE"),
        *_each("/filter/{id}/count", "GET POST"),
        *_each("/filter/{id}/list", "GET POST"),
        *_each("/filter/{id}/singleResult", "GET POST"),
    ),
    "Comments are not kept: keep them in a variable of the task or of the process instance": (
        *_each("/process-instance/{id}/comment", "GET PUT DELETE"),
        *_each("/process-instance/{id}/comment/{commentId}", "DELETE"),
        *_each("/task/{id}/comment", "GET PUT DELETE"),
        *_each("/task/{id}/comment/create", "POST"),
        *_each("/task/{id}/comment/{commentId}", "GET DELETE"),
    ),
    "Attachments are not kept: keep a file in a variable of type File": (
        *_each("/task/{id}/attachment", "GET"),
        *_each("/task/{id}/attachment/create", "POST"),
        *_each("/task/{id}/attachment/{attachmentId}", "GET DELETE"),
        *_each("/task/{id}/attachment/{attachmentId}/data", "GET"),
    ),
}
"""Why, and which operations."""


def _refuse(reason: str, operation: str) -> None:
    method, _, path = operation.partition(" ")

    def refused(request: Request, engine: object) -> NoReturn:
        """Says why this is not carried out."""
        raise Answered(501, "RestException", f"{method} {path} is not carried out. {reason}.")

    ROUTES.append(Route(method, path, refused))


for _reason, _operations in REFUSED.items():
    for _operation in _operations:
        _refuse(_reason, _operation)
