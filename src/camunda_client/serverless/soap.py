"""Salesforce outbound messages: a SOAP document becomes notifications. A reader for this one shape, hardened.

DOCTYPE is refused as soon as it begins; size, depth, number of elements and notifications are capped. The session id that
the document may carry is never kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
_TYPE = "http://www.w3.org/2001/XMLSchema-instance type"

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20
MAX_ELEMENTS = 20_000
MAX_NOTIFICATIONS = 100

ACKNOWLEDGEMENT = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>'
    f'<notificationsResponse xmlns="{OUTBOUND}"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)
"""The answer without which Salesforce sends again, for 24 hours."""


class BadSoap(ValueError):
    """The document is no outbound message."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One changed record: the notification's own id, the object's type and its fields."""

    id: str
    type: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """What Salesforce sent. The urls are kept as text and never opened."""

    organization: str
    action: str
    notifications: tuple[Notification, ...]


def read_outbound(body: bytes) -> OutboundMessage:
    """Reads an outbound message. Raises BadSoap."""
    if len(body) > MAX_BYTES:
        raise BadSoap(f"The document has more than {MAX_BYTES} bytes")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise BadSoap(f"The document is not well-formed: {error}") from None
    except (ValueError, LookupError) as error:
        raise error if isinstance(error, BadSoap) else BadSoap(f"The document cannot be read: {error}") from None
    return reader.message()


def _refuse(*_: Any) -> None:
    raise BadSoap("The document has a DOCTYPE")


class _Reader:
    """Follows the path from the root; knows four places of interest."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._text: list[str] = []
        self._count = 0
        self._heads: dict[str, str] = {}
        self._found: list[Notification] = []
        self._id = ""
        self._type = ""
        self._fields: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = []
        self._count += 1
        if len(self._path) > MAX_DEPTH:
            raise BadSoap(f"The document is nested deeper than {MAX_DEPTH}")
        if self._count > MAX_ELEMENTS:
            raise BadSoap(f"The document has more than {MAX_ELEMENTS} elements")
        match self._place():
            case ["Notification"]:
                if len(self._found) >= MAX_NOTIFICATIONS:
                    raise BadSoap(f"The document has more than {MAX_NOTIFICATIONS} notifications")
                self._id, self._type, self._fields = "", "", {}
            case ["Notification", "sObject"]:
                self._type = attributes.get(_TYPE, "").rsplit(":", 1)[-1]

    def end(self, _: str) -> None:
        value = "".join(self._text)
        match self._place():
            case ["OrganizationId" | "ActionId" as head]:
                if head in self._heads:
                    raise BadSoap(f"{head} is there twice")
                self._heads[head] = value.strip()
            case ["Notification", "Id"]:
                self._id = value.strip()
            case ["Notification", "sObject", field]:
                self._fields[field] = value
            case ["Notification"]:
                if not self._id:
                    raise BadSoap("A notification has no Id")
                self._found.append(Notification(self._id, self._type, self._fields))
        self._path.pop()
        self._text = []

    def text(self, data: str) -> None:
        self._text.append(data)

    def _place(self) -> list[str]:
        """Local names below `notifications`, empty elsewhere."""
        if self._path[:3] != [f"{SOAP} Envelope", f"{SOAP} Body", f"{OUTBOUND} notifications"]:
            return []
        below = self._path[3:]
        if any(not name.startswith(f"{OUTBOUND} ") for name in below[:2]):
            return []
        return [name.rsplit(" ", 1)[-1] for name in below]

    def message(self) -> OutboundMessage:
        organization = self._heads.get("OrganizationId", "")
        if not organization or not self._found:
            raise BadSoap("The document is no outbound message: OrganizationId or Notification is missing")
        return OutboundMessage(organization, self._heads.get("ActionId", ""), tuple(self._found))
