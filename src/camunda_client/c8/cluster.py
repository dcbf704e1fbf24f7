"""The cluster itself, its clock, and documents kept beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from camunda_client import json_text
from camunda_client.c8.models.topology import ClusterTopology, License, Me
from camunda_client.c8.models.work import Document
from camunda_client.c8.requests import milliseconds, path, post, read
from camunda_client.errors import EngineUnavailable
from camunda_client.protocol import Flow, Request, operation


class Cluster:
    """Operations on the cluster."""

    @operation
    def get_cluster_topology(self) -> Flow[ClusterTopology]:
        """Brokers, partitions, versions."""
        answer = yield Request("GET", "/topology")
        return read(ClusterTopology, answer)

    @operation
    def is_ready(self) -> Flow[bool]:
        """True where the cluster can do its work."""
        try:
            yield Request("GET", "/status")
        except EngineUnavailable as error:
            if error.status == 503:
                return False
            raise
        return True

    @operation
    def get_license(self) -> Flow[License]:
        """The cluster's licence."""
        answer = yield Request("GET", "/license")
        return read(License, answer)

    @operation
    def get_authentication(self) -> Flow[Me]:
        """Who the cluster thinks we are. Raises NotAuthenticated."""
        answer = yield Request("GET", "/authentication/me")
        return read(Me, answer)

    @operation
    def pin_clock(self, moment: datetime | int) -> Flow[None]:
        """Sets the cluster's time (milliseconds since 1970, or a moment with its zone) and stops it: for tests."""
        yield Request("PUT", "/clock", json={"timestamp": milliseconds(moment)})

    @operation
    def reset_clock(self) -> Flow[None]:
        """Gives the cluster the real time again."""
        yield post("clock", "reset")


class Documents:
    """Operations on documents."""

    @operation
    def create_document(
        self,
        name: str,
        content: bytes,
        *,
        media_type: str = "application/octet-stream",
        document_id: str | None = None,
        store_id: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Flow[Document]:
        """Keeps a file."""
        params = {key: value for key, value in (("documentId", document_id), ("storeId", store_id)) if value}
        about = json_text.encode({"contentType": media_type, "fileName": name} | (metadata or {}))
        parts = [
            ("file", (name, content, media_type)),
            ("metadata", ("metadata.json", about, "application/json")),
        ]
        answer = yield Request("POST", "/documents", params, form={}, files=parts, timeout=120.0)
        return read(Document, answer)

    @operation
    def get_document(
        self, document_id: str, *, store_id: str | None = None, content_hash: str | None = None
    ) -> Flow[bytes]:
        """A file's content. Raises NotFound."""
        params = {key: value for key, value in (("storeId", store_id), ("contentHash", content_hash)) if value}
        answer = yield Request("GET", path("documents", document_id), params, timeout=120.0)
        return answer.content

    @operation
    def delete_document(self, document_id: str, *, store_id: str | None = None) -> Flow[None]:
        """Deletes a file. Raises NotFound."""
        yield Request("DELETE", path("documents", document_id), {"storeId": store_id} if store_id else {})
