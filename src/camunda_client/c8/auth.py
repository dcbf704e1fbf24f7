"""Tokens: fetched once, kept, renewed before they end, and anew when the cluster refuses one.

`get_token()` is for programs that talk to the cluster by other means; clients and workers of this package need no call.
Neither the secret nor a token appears in errors, logs or `repr`.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import stamina

from camunda_client.config import AuthConfig, C8Config, get_config, when_changed
from camunda_client.credentials import Basic, Credentials
from camunda_client.errors import EngineUnavailable, NotAuthenticated, SettingsError

log = logging.getLogger("camunda_client.c8")

TOKEN_SECONDS = 10.0
"""How long one request for a token may take."""

TOKEN_ATTEMPTS = 3
DEFAULT_LIFE = 3600
EARLY_SECONDS = 60.0
"""A token is renewed so long before it ends, or when a tenth of its life is left if that is later."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Whom to ask for a token, and how."""

    url: str
    client_id: str
    secret: str = field(repr=False)
    audience: str | None = None
    scope: str | None = None


class TokenCredentials:
    """A bearer token, shared by all connections of one client or worker. Safe to use from many threads."""

    def __init__(
        self,
        request: TokenRequest,
        verify: ssl.SSLContext | bool = True,
        now: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._request = request
        self._verify = verify
        self._now = now
        self._transport = transport
        self._lock = threading.Lock()
        self._token = ""
        self._ends = self._renew_at = 0.0

    def __repr__(self) -> str:
        return f"TokenCredentials({self._request.url!r}, client {self._request.client_id!r})"

    @property
    def fresh(self) -> bool:
        """True while the token needs no renewal."""
        return bool(self._token) and self._now() < self._renew_at

    def header(self) -> str:
        """`Bearer …`. Raises NotAuthenticated, EngineUnavailable."""
        return f"Bearer {self.token()[0]}"

    def token(self) -> tuple[str, int]:
        """The token and how many seconds it lasts from now; fetched where there is none or it ends soon."""
        if not self.fresh:
            with self._lock:
                if not self.fresh:
                    self._renew()
        return self._token, max(int(self._ends - self._now()), 0)

    def refused(self, header: str) -> bool:
        """The cluster does not take this token (any more): the next `header` fetches another."""
        with self._lock:
            if header == f"Bearer {self._token}":
                self._token = ""
        return True

    def _renew(self) -> None:
        try:
            token, life = self._fetch()
        except EngineUnavailable as error:
            if not self._token or self._now() >= self._ends:
                raise
            log.warning("No new token yet, the old one is still good: %s", error)
            self._renew_at = min(self._now() + 5.0, self._ends)
            return
        self._token = token
        self._ends = self._now() + life
        self._renew_at = self._ends - min(EARLY_SECONDS, life / 10)

    def _fetch(self) -> tuple[str, int]:
        wanted = self._request
        form = {"grant_type": "client_credentials", "client_id": wanted.client_id, "client_secret": wanted.secret}
        form |= {name: value for name, value in (("audience", wanted.audience), ("scope", wanted.scope)) if value}
        with httpx.Client(timeout=TOKEN_SECONDS, verify=self._verify, transport=self._transport) as http:
            for attempt in stamina.retry_context(
                on=EngineUnavailable, attempts=TOKEN_ATTEMPTS, wait_initial=0.2, wait_max=2.0, wait_jitter=0.3
            ):
                with attempt:
                    return self._ask(http, form)
        raise AssertionError("one of the attempts returned or raised")

    def _ask(self, http: httpx.Client, form: dict[str, str]) -> tuple[str, int]:
        where = f"POST {self._request.url}"
        try:
            response = http.post(self._request.url, data=form, headers={"Accept": "application/json"})
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise SettingsError("The address for tokens must read like https://login.example.com/oauth/token") from None
        except httpx.RequestError as error:
            words = f"no token: {type(error).__name__}: {error}"
            raise EngineUnavailable(self._without_secret(words), request=where) from None
        status = response.status_code
        if status == 429 or status >= 500:
            raise EngineUnavailable("the token server cannot answer now", status=status, request=where)
        if status >= 300:
            told = self._without_secret(response.text[:200])
            raise NotAuthenticated(
                f"the token server refused the client: check CAMUNDA_CLIENT_ID, CAMUNDA_CLIENT_SECRET and the audience "
                f"(it says {told!r})",
                status=status,
                request=where,
            )
        try:
            body = response.json()
            return str(body["access_token"]), max(int(body.get("expires_in") or DEFAULT_LIFE), 1)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotAuthenticated(
                "the answer has no access_token: is this the address for tokens (CAMUNDA_OAUTH_URL)?",
                status=status,
                request=where,
            ) from None

    def _without_secret(self, text: str) -> str:
        return text.replace(self._request.secret, "***")


def credentials_of(auth: AuthConfig, verify: ssl.SSLContext | bool = True) -> Credentials | None:
    """Credentials for a configuration, None for a server without authentication."""
    if auth.basic is not None:
        return Basic(auth.basic.username, auth.basic.password.get_secret_value())
    wanted = token_request(auth)
    return TokenCredentials(wanted, verify) if wanted is not None else None


def token_request(auth: AuthConfig) -> TokenRequest | None:
    """How to get a token, None where the configuration knows no client."""
    if (saas := auth.saas) is not None:
        secret = saas.client_secret.get_secret_value()
        return TokenRequest(saas.authorization_server_url, saas.client_id, secret, saas.audience)
    own = auth.self_managed
    if own is None or not (own.client_id and own.client_secret and own.oidc_token_url):
        return None
    return TokenRequest(
        own.oidc_token_url, own.client_id, own.client_secret.get_secret_value(), own.audience, own.scope
    )


_shared: dict[TokenRequest, TokenCredentials] = {}
when_changed(_shared.clear)


def get_token(config: C8Config | None = None) -> tuple[str, int]:
    """A token of the configured client, and how many seconds it lasts; kept and renewed early, like those of clients.

    Raises NotAuthenticated where the identity provider refuses, EngineUnavailable where it does not answer, SettingsError
    where the configuration has no OAuth client.
    """
    auth = (config or get_config()).auth
    wanted = token_request(auth)
    if wanted is None:
        raise SettingsError("The configuration has no OAuth client: give auth.selfManaged or auth.saas")
    credentials = _shared.get(wanted) or _shared.setdefault(wanted, TokenCredentials(wanted))
    return credentials.token()
