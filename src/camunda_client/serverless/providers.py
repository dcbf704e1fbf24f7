"""Which scheme, headers and secrets each webhook source has, and the one function that verifies a call by them.

A source is the text of `X-Webhook-Source`, or the path's last part (`POST /webhooks/github`), or it shows in a provider's
own header. Its secrets are in `WEBHOOK_SECRET_<SOURCE>` (upper case, other characters than letters and digits become `_`),
else in `WEBHOOK_SECRET`: sources that share a secret could speak for each other. `WEBHOOK_PROVIDERS` may describe sources,
as a JSON object:

    {"crm": {"scheme": "hmac", "header": "X-CRM-Signature", "encoding": "base64", "timestamp_header": "X-CRM-Time",
             "delivery_header": "X-CRM-Delivery", "event_header": "X-CRM-Event", "tolerance": 120},
     "salesforce": {"scheme": "outbound-message", "organizations": ["00D…"], "networks": ["13.108.0.0/14"]}}

A source without a description and without a provider's own header is signed with `X-Webhook-Signature: sha256=<hex>`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from secrets import token_bytes
from typing import Any

from camunda_client.errors import SettingsError
from camunda_client.serverless import salesforce, signatures
from camunda_client.serverless.events import Incoming
from camunda_client.serverless.secrets import read_secrets
from camunda_client.serverless.signatures import Forged

GENERIC_HEADER = "X-Webhook-Signature"
SCHEMES = ("webhook", "github", "stripe", "hmac", *salesforce.MODES)
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Provider:
    """How one source signs. `tolerance` in seconds; header names as the provider writes them."""

    source: str
    scheme: str = "webhook"
    header: str = ""
    encoding: str = "hex"
    timestamp_header: str = ""
    delivery_header: str = ""
    event_header: str = ""
    tolerance: float = signatures.TOLERANCE
    organizations: Sequence[str] = ()
    networks: Sequence[str] = ()
    client_subject: str = ""

    @property
    def sender(self) -> salesforce.Sender:
        """Who may send outbound messages."""
        return salesforce.Sender(self.organizations, self.networks, self.client_subject)


_KNOWN = {
    "github": Provider("github", "github", delivery_header="X-GitHub-Delivery", event_header="X-GitHub-Event"),
    "stripe": Provider("stripe", "stripe"),
    "salesforce": Provider("salesforce", "apex-hmac"),
}
_OWN_HEADERS = {"github": "x-hub-signature-256", "stripe": "stripe-signature"}
_SALESFORCE_HEADERS = {"x-sfmc-ens-signature": "mc-ens", "x-signature": "data360"}


def read_providers(text: str) -> dict[str, Provider]:
    """The providers of `WEBHOOK_PROVIDERS`, over those known anyway. Raises SettingsError."""
    try:
        given = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise SettingsError(f"WEBHOOK_PROVIDERS is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise SettingsError("WEBHOOK_PROVIDERS must be a JSON object: source to description")
    return _KNOWN | {source.lower(): _provider(source.lower(), about) for source, about in given.items()}


def _provider(source: str, about: Any) -> Provider:
    names = {item.name for item in fields(Provider)} - {"source"}
    if not isinstance(about, dict) or about.keys() - names:
        raise SettingsError(f"WEBHOOK_PROVIDERS: {source!r} may have {', '.join(sorted(names))}")
    found = replace(_KNOWN.get(source, Provider(source)), **about)
    if found.scheme not in SCHEMES:
        raise SettingsError(f"WEBHOOK_PROVIDERS: the scheme of {source!r} must be one of {', '.join(SCHEMES)}")
    if found.encoding not in ("hex", "base64"):
        raise SettingsError(f"WEBHOOK_PROVIDERS: the encoding of {source!r} must be hex or base64")
    return found


def source_of(incoming: Incoming) -> str | None:
    """Which source a call claims to be from; None where it says none. Nothing is verified yet."""
    named = incoming.header("X-Webhook-Source")
    if named is None:
        last = incoming.path.rstrip("/").rsplit("/", 1)[-1]
        named = last if "/webhooks/" in incoming.path else None
    if named is None:
        named = next((source for source, header in _OWN_HEADERS.items() if header in incoming.headers), None)
    if named is None and any(name in incoming.headers for name in (*salesforce.APEX_HEADERS, "x-sfmc-ens-signature")):
        named = "salesforce"
    source = (named or "").strip().lower()
    return source if _SOURCE.fullmatch(source) else None


def secret_name(source: str) -> str:
    """The variable of a source's secrets: `my-crm` has `WEBHOOK_SECRET_MY_CRM`."""
    return "WEBHOOK_SECRET_" + re.sub(r"[^A-Z0-9]", "_", source.upper())


def has_own_secret(environment: Mapping[str, str], source: str) -> bool:
    """Whether a source's secret is its own."""
    name = secret_name(source)
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


def verify(incoming: Incoming, provider: Provider, environment: Mapping[str, str], now: float) -> None:
    """Checks a call's signature by its provider's scheme, over the raw body. Raises Unverified, SettingsError, BadEvent.

    Outbound messages carry no signature; here their sender is checked, their organisation when they are read.
    """
    if provider.scheme == "outbound-message":
        salesforce.check_sender(incoming, provider.sender)
        return
    keys = read_secrets(environment, secret_name(provider.source)) or read_secrets(environment, "WEBHOOK_SECRET")
    # a source without a secret answers like one with another secret: nobody learns which sources there are
    _check(incoming, provider, keys or (token_bytes(32),), now)
    if not keys:
        raise Forged(f"no secret is configured for {provider.source}: set {secret_name(provider.source)}")


def _check(incoming: Incoming, provider: Provider, keys: Sequence[bytes], now: float) -> None:
    body = incoming.body
    own, generic = _own_signature(incoming, provider)
    match own:
        case "webhook":
            signatures.check_prefixed(generic, body, keys)
        case "github":
            signatures.check_github(incoming.header("X-Hub-Signature-256"), body, keys)
        case "stripe":
            signatures.check_stripe(incoming.header("Stripe-Signature"), body, keys, now, provider.tolerance)
        case "data360":
            salesforce.check_data360(incoming.header(provider.header or "X-Signature"), body, keys)
        case "mc-ens":
            header = incoming.header(provider.header or "X-SFMC-ENS-Signature")
            signatures.check_plain(header, body, keys, encoding="base64")
        case _:
            _check_described(incoming, provider, keys, now)


def _own_signature(incoming: Incoming, provider: Provider) -> tuple[str, str | None]:
    """The scheme to check by, and the generic header: that one is good for any source that sent no header of its own."""
    generic = incoming.header(GENERIC_HEADER)
    if provider != _KNOWN.get(provider.source):
        return provider.scheme, generic  # described in the settings: nothing else will do
    if provider.source == "salesforce":
        own = {**_SALESFORCE_HEADERS, **dict.fromkeys(salesforce.APEX_HEADERS, "apex-hmac")}
    else:
        own = {_OWN_HEADERS[provider.source]: provider.scheme}
    shown = next((scheme for name, scheme in own.items() if name in incoming.headers), None)
    if shown is None and generic is not None:
        return "webhook", generic
    return shown or provider.scheme, generic


def _check_described(incoming: Incoming, provider: Provider, keys: Sequence[bytes], now: float) -> None:
    """A digest in a header that the settings name, or in one of those common for Apex."""
    header = provider.header or next((name for name in salesforce.APEX_HEADERS if name in incoming.headers), "")
    value = incoming.header(header) if header else None
    encoding = provider.encoding
    if provider is _KNOWN["salesforce"] and value is not None and len(value.removeprefix("sha256=")) == 44:
        encoding = "base64"
    timestamp = None
    if provider.timestamp_header:
        timestamp = incoming.header(provider.timestamp_header)
        if timestamp is None:
            raise Forged("no time was sent")
    signatures.check_plain(
        value, incoming.body, keys, encoding=encoding, timestamp=timestamp, now=now, tolerance=provider.tolerance
    )
