"""A server of canned answers, as cheap as Python can be: what is left is what the client costs. Prints its port."""

from __future__ import annotations

import asyncio
import json

LOCKED = "2030-01-01T00:00:00.000+0000"


class Canned(asyncio.Protocol):
    """Endless work for both APIs; reports are answered with 204."""

    keys = 2251799813685249

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            lower = head.lower()
            at = lower.find(b"content-length:")
            size = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + size:
                return
            body = self.buffer[end + 4 : end + 4 + size]
            self.buffer = self.buffer[end + 4 + size :]
            path = head.split(b" ", 2)[1]
            self.transport.write(self.answer(path, body))

    def answer(self, path: bytes, body: bytes) -> bytes:
        if path.endswith(b"/jobs/activation"):
            wanted = json.loads(body)["maxJobsToActivate"]
            return _json({"jobs": [self.job() for _ in range(wanted)]})
        if path.endswith(b"/fetchAndLock"):
            wanted = json.loads(body)["maxTasks"]
            return _json([self.task() for _ in range(wanted)])
        if path.endswith(b"/token"):
            return _json({"access_token": "bench", "expires_in": 3600})
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    @classmethod
    def key(cls) -> str:
        Canned.keys += 1
        return str(Canned.keys)

    def job(self) -> dict[str, object]:
        key = self.key()
        return {
            "jobKey": key, "type": "work", "processInstanceKey": key, "processDefinitionKey": "5", "processDefinitionId": "p",
            "processDefinitionVersion": 1, "elementId": "t", "elementInstanceKey": key, "customHeaders": {}, "worker": "bench",
            "retries": 3, "deadline": 1900000000000, "variables": {"n": 1}, "tenantId": "<default>", "kind": "BPMN_ELEMENT",
            "listenerEventType": "UNSPECIFIED", "userTask": None, "tags": [], "rootProcessInstanceKey": key,
            "physicalTenantId": "", "businessId": None, "priority": 0, "leaseToken": None,
        }  # fmt: skip

    def task(self) -> dict[str, object]:
        key = self.key()
        return {
            "id": key, "topicName": "work", "workerId": "bench", "lockExpirationTime": LOCKED, "processInstanceId": key,
            "processDefinitionId": "p:1:5", "processDefinitionKey": "p", "activityId": "t", "activityInstanceId": key,
            "executionId": key, "businessKey": None, "tenantId": None, "retries": None, "priority": 0, "createTime": LOCKED,
            "errorMessage": None, "errorDetails": None, "suspended": False, "extensionProperties": {},
            "variables": {"n": {"type": "Integer", "value": 1, "valueInfo": {}}},
        }  # fmt: skip


def _json(value: object) -> bytes:
    content = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content) + content


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
