"""What handlers raise, and what is raised at them. (The path is prescribed: programs import these names from here.)

| raised in a handler        | the job                                                                     |
|----------------------------|------------------------------------------------------------------------------|
| `CamundaBusinessException` | ends in a BPMN error with that code; its variables travel to the catch event |
| `ServiceException`         | fails: one attempt less, the next one after a pause, at last an incident     |
| anything else              | the same                                                                     |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from camunda_client.errors import CamundaError, ServiceException, SettingsError
from camunda_client.worker.handlers import HandlerSignatureError
from camunda_client.worker.outcomes import BpmnError

__all__ = ["CamundaBusinessException", "CamundaError", "ServiceException", "SettingsError", "SignatureException"]


class CamundaBusinessException(BpmnError):
    """A business error: `throw error for job` is called with its code, message and variables."""

    def __init__(self, error_code: str, error_message: str = "", variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(error_code, error_message, variables)

    @property
    def error_code(self) -> str:
        """The code that an error event of the model catches."""
        return self.code

    @property
    def error_message(self) -> str:
        """Text for people."""
        return self.message


class SignatureException(HandlerSignatureError, ServiceException):
    """A function cannot be a worker: raised when it is decorated, not when the first job comes."""

    def __init__(self, message: str) -> None:
        ServiceException.__init__(self, "HANDLER_SIGNATURE", message)
