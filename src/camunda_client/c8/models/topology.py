"""The cluster itself: brokers, licence, who we are there, its clock's helper and expressions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from camunda_client.c8.models.keys import Key
from camunda_client.json_model import JsonBaseModel


class Partition(JsonBaseModel):
    """One partition at one broker."""

    partition_id: int
    role: str
    health: str


class Broker(JsonBaseModel):
    """One broker."""

    node_id: int
    host: str
    port: int
    partitions: list[Partition]
    version: str


class ClusterTopology(JsonBaseModel):
    """The cluster."""

    brokers: list[Broker]
    cluster_size: int
    partitions_count: int
    replication_factor: int
    gateway_version: str
    cluster_id: str | None = None
    last_completed_change_id: Key | None = None


class License(JsonBaseModel):
    """The cluster's licence."""

    valid_license: bool
    license_type: str
    is_commercial: bool | None = None
    expires_at: datetime | None = None


class Me(JsonBaseModel):
    """Who the cluster thinks we are."""

    username: str | None = None
    display_name: str | None = None
    email: str | None = None
    authorized_components: list[str] = Field(default_factory=list)
    groups: list[str] = Field(default_factory=list)
    roles: list[str] = Field(default_factory=list)
    tenants: list[dict[str, Any]] = Field(default_factory=list)


class Evaluation(JsonBaseModel):
    """What an expression comes to."""

    expression: str
    result: Any = None
    warnings: list[dict[str, Any]] = Field(default_factory=list)
