"""Requests to the modeler: token, rate limit, time-outs, three tries. What the requests mean is not known here.

- The token is asked for once and kept until shortly before it ends; a 401 asks for a new one, once.
- `persist` tries three times, 2 and 4 seconds apart, longer where `Retry-After` says so. It tells each try whether an
  earlier one may have been carried out without our hearing of it, so that nothing is created twice.
- No wait and no request goes beyond `deadline`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx

from camunda_client.errors import CamundaError, EngineFailed, EngineUnavailable, NotAuthenticated
from camunda_client.modeler.clock import Clock
from camunda_client.modeler.errors import Later, OutOfTime
from camunda_client.modeler.limiter import RateLimit
from camunda_client.modeler.settings import ModelerSettings
from camunda_client.protocol import Answer, Request, checked

log = logging.getLogger("camunda_client.modeler")

T = TypeVar("T")

TRIES = 3
FIRST_WAIT = 2.0
TIMEOUT = 30.0
"""Tries of one request, seconds before the second one (twice that before the third), seconds for one answer."""

SHORTEST = 0.5
"""A request for whose answer there is less time than this, in seconds, is not sent."""


class Connection:
    """An authenticated connection to one modeler; for one thread."""

    def __init__(self, settings: ModelerSettings, clock: Clock | None = None, http: httpx.Client | None = None) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.deadline: float | None = None
        self.token: str | None = None
        self.token_expires_at: datetime | None = None
        self._http = http or httpx.Client(follow_redirects=False)
        self._limit = RateLimit(self.clock)
        self._form = settings.token_request == "form"

    def authenticate(self) -> str:
        """Asks for a new token and returns it. Raises NotAuthenticated, EngineUnavailable."""
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
        }
        if self.settings.audience:
            fields["audience"] = self.settings.audience
        answer = self._token_answer(fields)
        if not self._form and answer.status_code in (400, 415):
            self._form = True
            retried = self._token_answer(fields)
            answer = retried if retried.is_success else answer
        if not answer.is_success:
            raise _refused_token(answer)
        try:
            found = answer.json()
            token, seconds = str(found["access_token"]), float(found.get("expires_in") or 3600)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise EngineUnavailable("Authentication failed: the answer holds no token") from None
        self.token = token
        # A minute early, as clocks differ; short-lived tokens are used for half their life.
        self.token_expires_at = self.clock.now() + timedelta(seconds=seconds - min(60.0, seconds / 2))
        log.info("Authenticated", extra={"event": "authenticated", "expires_in": seconds})
        return token

    def ensure_authenticated(self) -> str:
        """The token, a new one where the old one ends."""
        if self.token is None or self.token_expires_at is None or self.clock.now() >= self.token_expires_at:
            return self.authenticate()
        return self.token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the decoded answer, `{}` without one. Raises a CamundaError for everything from 300 on."""
        request = Request(method, path, json=body)
        token = self.ensure_authenticated()
        try:
            return self._once(request, token)
        except NotAuthenticated:
            return self._once(request, self.authenticate())

    def persist(self, attempt: Callable[[bool], T], tries: int = TRIES, uncertain: bool = False) -> T:
        """Calls `attempt` until it succeeds, fails for good, or was tried `tries` times.

        Its argument says whether an earlier request may have been carried out; `uncertain` is its first value.
        """
        for number in range(1, tries + 1):
            try:
                return attempt(uncertain)
            except CamundaError as error:
                if number >= tries or not worth_another_try(error):
                    raise
                wait = number * FIRST_WAIT
                if isinstance(error, Later):
                    wait = max(wait, error.retry_after)
                # Even a 429 or 503 may come from a gateway whose service has done the work.
                uncertain = True
                details = {"attempt": number, "wait": wait, "status": error.status, "reason": str(error)}
                log.warning("Trying again", extra={"event": "retry", **details})
                self.pause(wait, error)
        raise ValueError("tries must be at least 1")

    def pause(self, seconds: float, cause: CamundaError | None = None) -> None:
        """Waits, unless the wait would leave no time for a request after it: then raises OutOfTime."""
        if seconds > self.left() - SHORTEST:
            because = f" ({cause})" if cause else ""
            raise OutOfTime(f"no time left for another try{because}")
        if seconds > 0:
            self.clock.sleep(seconds)

    def left(self) -> float:
        """Seconds until the deadline; infinite without one."""
        return float("inf") if self.deadline is None else self.deadline - self.clock.monotonic()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _once(self, request: Request, token: str) -> Any:
        self.pause(self._limit.wait())
        self._limit.sent()
        response = self._send(
            request.method,
            self.settings.modeler_api_url + request.path,
            str(request),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            json=request.json,
        )
        if response.status_code in (429, 503):
            raise Later(
                "the service asks to come back later",
                status=response.status_code,
                retry_after=_retry_after(response.headers, self.clock.now()),
                request=str(request),
            )
        answer: Answer = checked(request, response.status_code, response.content, "")
        found = answer.json()
        return {} if found is None else found

    def _token_answer(self, fields: Mapping[str, str]) -> httpx.Response:
        body: dict[str, Any] = {"data": dict(fields)} if self._form else {"json": dict(fields)}
        return self._send("POST", self.settings.oauth_url, "authentication", **body)

    def _send(self, method: str, url: str, name: str, **rest: Any) -> httpx.Response:
        if (left := self.left()) < SHORTEST:
            raise OutOfTime("no time left for another request")
        try:
            return self._http.request(method, url, timeout=min(TIMEOUT, left), **rest)
        except httpx.RequestError as error:
            raise EngineUnavailable(
                str(error) or "no answer in time", type=type(error).__name__, request=name
            ) from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise EngineUnavailable("the request cannot be sent", type=type(error).__name__, request=name) from None


def worth_another_try(error: CamundaError) -> bool:
    """Whether the same request may succeed later: no answer, 429 and everything from 500 on."""
    return isinstance(error, EngineUnavailable | EngineFailed) or error.status == 408


def _refused_token(answer: httpx.Response) -> CamundaError:
    # The endpoint's own text may repeat what was sent to it, so only the standard's error code is shown.
    code = ""
    try:
        found = answer.json()
        code = str(found.get("error", ""))[:80] if isinstance(found, dict) else ""
    except ValueError:
        pass
    message = f"Authentication failed: {answer.status_code}" + (f" - {code}" if code else "")
    kind = NotAuthenticated if answer.status_code < 500 and answer.status_code != 429 else EngineUnavailable
    return kind(message, request="authentication")


def _retry_after(headers: Mapping[str, str], now: datetime) -> float:
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 86_400))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
