"""Delivery over HTTP: signed requests to the app's Request URLs, and the retries of events that nobody took.

The workspace speaks to its own machine alone: a Request URL elsewhere is refused, and so is a redirect.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.workspace.delivery import RETRY_DELAYS, Answer, EnvelopeKind, Reason
from bot.workspace.manifest import RequestUrls
from bot.workspace.state import Workspace

logger = logging.getLogger(__name__)

# Slack's words in X-Slack-Retry-Reason.
Failure = Literal["http_timeout", "http_error", "connection_failed", "too_many_redirects", "ssl_error", "unknown_error"]

REDIRECT_LIMIT = 2
# Far above any answer Slack takes; an app that sends more must not fill our memory.
ANSWER_LIMIT = 1_000_000
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_HEADERS = {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)", "Accept": "application/json,*/*"}
_FAULTS = frozenset({"duplicate", "unacknowledged"})


class RequestUrlError(ValueError):
    """The address cannot be a Request URL; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the app answered to one request, or why it did not. `status` is 0 where there was no answer."""

    status: int = 0
    text: str = ""
    media_type: str = ""
    no_retry: bool = False
    failure: Failure | None = None

    @property
    def payload(self) -> Any:
        """The answer as JSON where it says it is JSON, else as text; None where it is empty."""
        if not self.text.strip():
            return None
        if "json" in self.media_type:
            try:
                return json.loads(self.text)
            except ValueError:
                return self.text
        return self.text

    @property
    def reason(self) -> Reason | None:
        """Why the person who is waiting gets no answer."""
        if self.failure is None:
            return None
        if self.failure == "http_timeout":
            return "operation_timeout"
        if self.failure == "http_error":
            return "http_client_error" if 400 <= self.status < 500 else "http_service_error"
        return "dispatch_failed"


class _LoopbackResolver(AbstractResolver):
    """Resolves `localhost` and nothing else, and that to this machine whatever the system's tables say."""

    def __init__(self) -> None:
        self._system = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        return [one for one in found if ipaddress.ip_address(one["host"]).is_loopback]

    async def close(self) -> None:
        await self._system.close()


def checked_url(text: str) -> str:
    """The address, when it can be a Request URL here. Raises `RequestUrlError`."""
    try:
        url = URL(text)
        port = url.explicit_port
    except ValueError:
        raise RequestUrlError(f"{text!r} is not an address.") from None
    if url.scheme not in ("http", "https") or not url.host or port == 0:
        raise RequestUrlError(f"{text!r} is not an address of the form http://127.0.0.1:3000/slack/events.")
    if not _on_loopback(url.host):
        raise RequestUrlError(
            f"{text} is not on this machine. The workspace sends to 127.0.0.1, localhost and [::1] alone."
        )
    return text


def _on_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HttpDelivery:
    """Posts each payload to the app's Request URL, signed as Slack signs.

    `acknowledge_seconds` is the workspace's patience, and `retry_delays` are Slack's, unless a test makes them shorter.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        acknowledge_seconds: float | None = None,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self._workspace = workspace
        self.acknowledge_seconds = workspace.patience if acknowledge_seconds is None else acknowledge_seconds
        self.retry_delays = retry_delays
        self._urls = RequestUrls()
        self._verified: set[str] = set()
        self._verifying = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    @property
    def connected(self) -> bool:
        """Whether the app has named any address."""
        return bool(self._urls)

    @property
    def urls(self) -> RequestUrls:
        """Where the app wants to be told."""
        return self._urls

    def is_verified(self, url: str) -> bool:
        """Whether the app has echoed a challenge at this address."""
        return url in self._verified

    def use(self, urls: RequestUrls) -> None:
        """Takes new addresses. That for events is verified before its first event. Raises `RequestUrlError`."""
        for url in urls.all():
            checked_url(url)
        self._urls = urls
        self._verified.intersection_update(urls.all())

    async def verify(self, url: str) -> None:
        """Makes the app echo a challenge, as Slack does when a Request URL for events is entered. Raises
        `RequestUrlError` with what went wrong."""
        reply = await self._challenge(checked_url(url))
        if reply.failure == "http_timeout":
            raise RequestUrlError(f"{url} did not answer within {self.acknowledge_seconds:g} seconds.")
        if reply.failure == "http_error":
            raise RequestUrlError(f"{url} answered the challenge with HTTP {reply.status}.")
        if reply.failure is not None:
            raise RequestUrlError(f"{url} cannot be reached ({reply.failure}).")
        if url not in self._verified:
            raise RequestUrlError(f"{url} did not answer with the value of the challenge parameter.")

    async def _challenge(self, url: str) -> _Reply:
        challenge = self._workspace.mint.secret()
        body = {"token": self._workspace.verification_token, "challenge": challenge, "type": "url_verification"}
        reply = await self._post(url, _dump(body), _JSON)
        if reply.failure is None and _echo(reply) == challenge:
            self._verified.add(url)
        else:
            self._verified.discard(url)
        return reply

    async def deliver(self, kind: EnvelopeKind, payload: Mapping[str, Any], *, accepts_answer: bool = False) -> Answer:
        """See `Delivery.deliver`."""
        if kind == "events_api":
            return await self._event(payload)
        url = self._url(kind, payload)
        if url is None:
            return Answer(False, reason="app_missing_action_url")
        # A command is a form of its own; an interaction is a form whose one field holds JSON.
        form = payload if kind == "slash_commands" else {"payload": _dump(payload).decode()}
        reply = await self._attempt(kind, url, urlencode(form).encode(), _FORM)
        if reply.failure is not None:
            return Answer(False, reason=reply.reason)
        return Answer(True, reply.payload if accepts_answer else None)

    def _url(self, kind: EnvelopeKind, payload: Mapping[str, Any]) -> str | None:
        if kind == "slash_commands":
            return self._urls.command(str(payload["command"]))
        if payload.get("type") == "block_suggestion":
            return self._urls.options
        return self._urls.interactivity

    async def _event(self, payload: Mapping[str, Any]) -> Answer:
        body = _dump(payload)
        headers: dict[str, str] = {}
        answer = Answer(False, reason="dispatch_failed")
        for attempt in range(len(self.retry_delays) + 1):
            if attempt:
                await asyncio.sleep(self.retry_delays[attempt - 1])
            # Asked anew each time: the address may have been changed while we waited.
            url = self._urls.events
            if url is None:
                return Answer(False, reason="app_missing_action_url")
            reply = await self._verified_first(url)
            if reply is None:
                reply = await self._attempt("events_api", url, body, _JSON, headers)
            if reply.failure is None:
                return Answer(True)
            answer = Answer(False, reason=reply.reason)
            if reply.no_retry:
                return answer
            headers = {"X-Slack-Retry-Num": str(attempt + 1), "X-Slack-Retry-Reason": reply.failure}
        return answer

    async def _verified_first(self, url: str) -> _Reply | None:
        """None where the address may be sent events; else why it may not."""
        if url in self._verified:
            return None
        # Events that come together ask for one challenge, not for one each.
        async with self._verifying:
            if url in self._verified:
                return None
            reply = await self._challenge(url)
            if url in self._verified:
                return None
        if reply.failure is not None:
            return reply
        self._workspace.refuse(f"{url} did not answer with the value of the challenge parameter; it gets no events.")
        return _Reply(reply.status, failure="http_error")

    async def _attempt(
        self, kind: EnvelopeKind, url: str, body: bytes, media_type: str, headers: Mapping[str, str] | None = None
    ) -> _Reply:
        fault = self._workspace.faults.take(_FAULTS, kind)
        started = asyncio.get_running_loop().time()
        reply = await self._post(url, body, media_type, headers)
        if fault is not None and fault.kind == "duplicate":
            await self._post(url, body, media_type, headers)
        if fault is not None and fault.kind == "unacknowledged":
            waited = asyncio.get_running_loop().time() - started
            await asyncio.sleep(max(0.0, self.acknowledge_seconds - waited))
            return _Reply(failure="http_timeout")
        return reply

    async def _post(self, url: str, body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> _Reply:
        try:
            async with asyncio.timeout(self.acknowledge_seconds):
                return await self._posted(URL(url), body, {"Content-Type": media_type, **(headers or {})})
        except TimeoutError:
            return _Reply(failure="http_timeout")
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return _Reply(failure="ssl_error")
        except (aiohttp.ClientConnectionError, OSError):
            return _Reply(failure="connection_failed")
        except (aiohttp.ClientError, ValueError):
            logger.debug("A Request URL's answer could not be read.", exc_info=True)
            return _Reply(failure="unknown_error")

    async def _posted(self, url: URL, body: bytes, headers: Mapping[str, str]) -> _Reply:
        for _ in range(REDIRECT_LIMIT + 1):
            signed = {**headers, **self._signature(body)}
            async with self._client().post(url, data=body, headers=signed, allow_redirects=False) as response:
                target = response.headers.get("Location")
                if response.status in (301, 302, 307, 308) and target:
                    url = URL(checked_url(str(url.join(URL(target)))))
                    continue
                return _Reply(
                    response.status,
                    (await _read(response)).decode("utf-8", "replace"),
                    response.content_type,
                    response.headers.get("X-Slack-No-Retry") == "1",
                    None if 200 <= response.status < 300 else "http_error",
                )
        return _Reply(failure="too_many_redirects")

    def _signature(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._workspace.clock()))
        secret = self._workspace.signing_secret.encode()
        digest = hmac.new(secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A connection kept open may be closed by the app just as we use it again, and a command is sent once.
            connector = aiohttp.TCPConnector(resolver=_LoopbackResolver(), force_close=True, limit=0)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=_HEADERS
            )
        return self._session

    async def shut(self) -> None:
        """Closes the connections, for the end of the server."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        content += chunk
        if len(content) > ANSWER_LIMIT:
            raise ValueError("the answer is too large")
    return bytes(content)


def _echo(reply: _Reply) -> str | None:
    """The challenge as Slack takes it back: as JSON, as a form, or as plain text."""
    payload = reply.payload
    if isinstance(payload, Mapping):
        value = payload.get("challenge")
        return value if isinstance(value, str) else None
    if not isinstance(payload, str):
        return None
    if reply.media_type == _FORM:
        return parse_qs(payload).get("challenge", [None])[0]
    return payload.strip()


def _dump(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
