"""Sends what dialogues say over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request

from tests.camunda7.dialogues.player import Transport


def http(base: str) -> Transport:
    """A transport over a server's address."""

    def send(method: str, path: str, body: bytes | None, kind: str | None) -> tuple[int, bytes]:
        request = urllib.request.Request(base + path, body, method=method)
        if kind is not None:
            request.add_header("Content-Type", kind)
        elif body is None and method in ("POST", "PUT"):
            request.data = b""
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    return send
