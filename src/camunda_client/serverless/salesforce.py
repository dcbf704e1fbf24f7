"""Salesforce's four ways to say who is calling.

| mode               | header                      | what is checked                                                       |
|--------------------|-----------------------------|-----------------------------------------------------------------------|
| `outbound-message` | none (SOAP)                 | sender's address, client certificate if asked for, organisation        |
| `data360`          | `x-signature`               | base64 HMAC over the body, as it came or JSON-escaped                  |
| `mc-ens`           | `x-sfmc-ens-signature`      | base64 HMAC over the body                                              |
| `apex-hmac`        | configurable                | hex or base64 HMAC, perhaps with a time; for signatures made in Apex   |

An outbound message is not signed: without a list of addresses or a certificate's subject it is refused.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass

from camunda_client.serverless.events import Incoming
from camunda_client.serverless.signatures import Forged, Malformed, Unverified, check_plain, same
from camunda_client.serverless.soap import BadSoap, OutboundMessage, read_outbound

MODES = ("outbound-message", "data360", "mc-ens", "apex-hmac")
APEX_HEADERS = ("x-sf-signature-256", "x-salesforce-signature")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may send outbound messages: organisation ids, networks (CIDR), the certificate's subject where mTLS is used."""

    organizations: Sequence[str] = ()
    networks: Sequence[str] = ()
    client_subject: str = ""


def check_sender(incoming: Incoming, sender: Sender) -> None:
    """Checks what is known before the document is read. Raises Forged."""
    if not sender.organizations or not (sender.networks or sender.client_subject):
        raise Forged("no organisation, or neither networks nor a client certificate are configured")
    if sender.client_subject and not same(incoming.client_subject, sender.client_subject):
        raise Forged("the client certificate is another one")
    if sender.networks and not _within(incoming.source_address, sender.networks):
        raise Forged("the sender's address is not on the list")


def read_verified(incoming: Incoming, sender: Sender) -> OutboundMessage:
    """The outbound message of a sender that may send. Raises Forged, Malformed."""
    check_sender(incoming, sender)
    try:
        message = read_outbound(incoming.body)
    except BadSoap as error:
        raise Malformed(str(error)) from None
    matches = [same(eighteen(message.organization), eighteen(known)) for known in sender.organizations]
    if not any(matches):
        raise Forged("the organisation is not on the list")
    return message


def eighteen(id: str) -> str:
    """The 18-character form of a Salesforce id: 15 characters and three that tell their case. Others stay as they are.

    An 18-character id whose last three do not fit gets them from the first 15, so that equal ids are equal texts."""
    if len(id) not in (15, 18) or not id.isascii() or not id.isalnum():
        return id
    core = id[:15]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (core[0:5], core[5:10], core[10:15])
    suffix = "".join(letters[sum(1 << place for place, mark in enumerate(part) if mark.isupper())] for part in chunks)
    if len(id) == 18 and id[15:].upper() != suffix:
        return id
    return core + suffix


def check_data360(header: str | None, body: bytes, secrets: Sequence[bytes]) -> None:
    """Data 360: the digest is over the body, or over the body as a JSON string's content."""
    try:
        check_plain(header, body, secrets, encoding="base64")
    except Malformed:
        raise
    except Unverified:
        try:
            escaped = json.dumps(body.decode(), ensure_ascii=False)[1:-1].encode()
        except UnicodeDecodeError:
            raise Forged("the signature does not match") from None
        check_plain(header, escaped, secrets, encoding="base64")


def _within(address: str, networks: Sequence[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(network, strict=False) for network in networks)
