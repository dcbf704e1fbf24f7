"""Signals, under the path that programs import them from; see `message`."""

from __future__ import annotations

from camunda_client.c8.models.message import BroadcastSignalRequest, BroadcastSignalResponse

__all__ = ["BroadcastSignalRequest", "BroadcastSignalResponse"]
