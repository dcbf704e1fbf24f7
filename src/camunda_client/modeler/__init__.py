"""Camunda's modelers: Web Modeler (REST API v1) and Camunda Hub (v2), and the transfer of models to them.

    from camunda_client import create_camunda_client

`camunda_client.modeler.transfer` does a whole transfer, `camunda_client.modeler.function` does it for an event of AWS
Lambda. The database (`camunda_client.modeler.postgres`) needs psycopg; nothing else here does.
"""

from __future__ import annotations

from camunda_client.modeler.client import CamundaClient, create_camunda_client
from camunda_client.modeler.settings import ModelerSettings

__all__ = ["CamundaClient", "ModelerSettings", "create_camunda_client"]
