"""`CamundaClient`: a modeler by hand, with methods for projects, folders and files.

    client = create_camunda_client(os.environ)
    project = client.create_project("Orders")
    folder = client.create_folder(project["id"], "Orders 20261121-0900")
    done, failed = client.upload_files(project["id"], files, parent_id=folder["id"])

Answers are plain dicts with `id` and `name`. `transfer` (camunda_client.modeler.transfer) does the whole of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from camunda_client.modeler.backend import ModelerBackend, ModelFile, Place, type_name
from camunda_client.modeler.clock import Clock
from camunda_client.modeler.connection import TRIES, Connection
from camunda_client.modeler.hub import HubV2
from camunda_client.modeler.settings import ModelerSettings
from camunda_client.modeler.uploading import upload
from camunda_client.modeler.v1 import WebModelerV1


class CamundaClient:
    """A client of Web Modeler or Camunda Hub.

    `config` has `client_id`, `client_secret`, `oauth_url`, `audience` and `modeler_api_url`, or is a `ModelerSettings`.
    Errors are `camunda_client.CamundaError`s; none holds a credential.
    """

    def __init__(
        self,
        config: Mapping[str, str] | ModelerSettings,
        *,
        clock: Clock | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        settings = config if isinstance(config, ModelerSettings) else _settings(config)
        self.connection = Connection(settings, clock, http)
        self.backend: ModelerBackend = (
            HubV2(self.connection) if settings.api == "hub-v2" else WebModelerV1(self.connection)
        )
        self.client_id = settings.client_id
        self.client_secret = settings.client_secret
        self.oauth_url = settings.oauth_url
        self.audience = settings.audience
        self.modeler_api_url = settings.modeler_api_url

    @property
    def access_token(self) -> str | None:
        """The token in use, None before the first request."""
        return self.connection.token

    @property
    def token_expires_at(self) -> datetime | None:
        """When (UTC) a new token will be asked for."""
        return self.connection.token_expires_at

    def authenticate(self) -> str:
        """Asks for a new token and returns it."""
        return self.connection.authenticate()

    def ensure_authenticated(self) -> None:
        """Asks for a token unless there is one that lasts."""
        self.connection.ensure_authenticated()

    def api_request(self, method: str, endpoint: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One authenticated request below the API's root; its decoded answer, `{}` where there is none."""
        answer = self.connection.call(method, endpoint, body)
        return answer if isinstance(answer, dict) else {"items": answer}

    def search_projects(self, name: str) -> list[dict[str, Any]]:
        """Projects of exactly this name, the oldest first."""
        return [{"id": project.id, "name": project.name} for project in self.backend.find_projects(name)]

    def create_project(self, name: str) -> dict[str, Any]:
        """A new project."""
        project = self.backend.create_project(name)
        return {"id": project.id, "name": project.name}

    def create_folder(self, project_id: str, folder_name: str) -> dict[str, Any]:
        """A new folder in a project, inside the process application of the settings where they name one."""
        folder = self.backend.create_folder(self._place(project_id), folder_name)
        return {"id": folder.id, "name": folder.name, "projectId": project_id}

    def upload_file(
        self, project_id: str, name: str, content: str, file_type: str, parent_id: str | None = None
    ) -> dict[str, Any]:
        """One new file of a type like `bpmn` or `form`, in the folder `parent_id`."""
        file = ModelFile(name, content, type_name(file_type))
        made = self.backend.create_file(self._place(project_id, parent_id), file)
        return {"id": made.id, "name": made.name, "type": made.type, "revision": made.revision}

    def upload_files(
        self,
        project_id: str,
        files: Sequence[Mapping[str, str]],
        parent_id: str | None = None,
        max_retries: int = TRIES,
    ) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
        """Files given as `name`, `content`, `fileType`; the successful (`name`, `id`) and the failed (`name`, `error`)."""
        models = [ModelFile(file["name"], file["content"], type_name(file["fileType"])) for file in files]
        outcome = upload(self.connection, self.backend, self._place(project_id, parent_id), models, tries=max_retries)
        successful = [{"name": file.name, "id": outcome.done[file.key]} for file in models if file.key in outcome.done]
        failed = [
            {"name": file.name, "error": outcome.failed[file.key]} for file in models if file.key in outcome.failed
        ]
        return successful, failed

    def get_project_url(self, project_id: str) -> str:
        """Where people see the project."""
        return project_url(self.modeler_api_url, project_id)

    def close(self) -> None:
        """Closes the connections."""
        self.connection.close()

    def _place(self, project_id: str, folder_id: str | None = None) -> Place:
        return Place(project_id, self.connection.settings.process_application_id, folder_id)


def create_camunda_client(
    env: Mapping[str, str], *, clock: Clock | None = None, http: httpx.Client | None = None
) -> CamundaClient:
    """A client from environment variables; `ModelerSettings` says which. Raises SettingsError."""
    return CamundaClient(ModelerSettings.load(env), clock=clock, http=http)


def project_url(api_url: str, project_id: str) -> str:
    """The page of a project, from the API's address: the same host, except for Camunda's own Web Modeler."""
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if host.endswith("camunda.io") and not host.startswith("hub."):
        return f"https://modeler.cloud.camunda.io/projects/{project_id}"
    return f"{parts.scheme}://{parts.netloc}/projects/{project_id}"


def _settings(config: Mapping[str, str]) -> ModelerSettings:
    names = {
        "client_id": "CAMUNDA_CLIENT_ID",
        "client_secret": "CAMUNDA_CLIENT_SECRET",
        "oauth_url": "CAMUNDA_OAUTH_URL",
        "audience": "CAMUNDA_AUDIENCE",
        "modeler_api_url": "CAMUNDA_MODELER_API_URL",
        "api": "CAMUNDA_MODELER_API",
        "token_request": "CAMUNDA_TOKEN_REQUEST",
        "process_application_id": "CAMUNDA_PROCESS_APPLICATION_ID",
    }
    return ModelerSettings.load({names[name]: value for name, value in config.items() if name in names})
