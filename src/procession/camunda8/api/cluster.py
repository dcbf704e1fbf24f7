"""`/topology`, `/status`, `/license`: one engine that looks like a cluster of one broker and one partition."""

from __future__ import annotations

from procession.camunda8.exchange import NOTHING, Answer, Call, route

GATEWAY_VERSION = "8.9.0"
"""The version of the contract that is served."""


@route("GET", "/topology")
def topology(call: Call) -> Answer:
    """The cluster."""
    partition = {"partitionId": 1, "role": "leader", "health": "healthy", "state": "active"}
    broker = {
        "nodeId": 0,
        "brokerId": "0",
        "host": "localhost",
        "port": 26501,
        "partitions": [partition],
        "version": GATEWAY_VERSION,
    }
    return Answer(
        {
            "brokers": [broker],
            "clusterId": "procession",
            "clusterSize": 1,
            "partitionsCount": 1,
            "replicationFactor": 1,
            "gatewayVersion": GATEWAY_VERSION,
            "lastCompletedChangeId": "-1",
        }
    )


@route("GET", "/status", open=True)
def status(call: Call) -> Answer:
    """204 where the engine answers."""
    return NOTHING


@route("GET", "/license", open=True)
def license(call: Call) -> Answer:
    """No licence of Camunda's is needed, and none is there."""
    return Answer({"validLicense": False, "licenseType": "unknown", "isCommercial": False, "expiresAt": None})
