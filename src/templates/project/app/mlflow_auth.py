"""The gate: HTTP Basic authentication around the whole of MLflow.

MLflow's server is a FastAPI application with a Flask application inside, and both have routes of their own. A check
placed inside either of them misses the other's, so this one stands outside both and fails closed: without the right
credentials nothing reaches MLflow at all. The only thing answered to strangers is the health check, and the gate
answers that itself.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH_PATH = "/health"
# https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1: the endpoint refuses because of its policy.
POLICY_VIOLATION = 1008


class BasicAuthGate:
    """ASGI middleware that lets a request through to `application` only with exactly these credentials.

    The credentials are compared as keyed digests, so that the time taken tells nothing about them. The header and the
    caller's address are taken away before the request goes on: MLflow has no use for the one and misreads the other.
    So is the Origin of the server's own pages, which MLflow would know only by a list of all the server's addresses.
    """

    def __init__(self, application: Application, username: str, password: str) -> None:
        if not username or not password:
            raise ValueError("The gate needs a user name and a password.")
        if ":" in username:
            raise ValueError("A user name for Basic authentication cannot hold a colon.")
        self._application = application
        self._key = secrets.token_bytes(32)
        self._expected = self._digest(f"{username}:{password}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._application(scope, receive, send)
        elif kind == "http" and _is_health_check(scope):
            await _respond(scope, send, 200, b"OK")
        elif kind in ("http", "websocket") and self._is_authorized(scope):
            await self._application(_passed_on(scope), receive, send)
        elif kind == "http":
            challenge = (b"www-authenticate", b'Basic realm="MLflow", charset="UTF-8"')
            await _respond(scope, send, 401, b"Credentials are needed.\n", challenge)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            raise ValueError(f"The gate does not know the ASGI scope {kind!r}.")

    def _is_authorized(self, scope: Scope) -> bool:
        values = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        if len(values) != 1:
            # Two headers could be read differently here and further on: neither is believed.
            return False
        scheme, _, encoded = values[0].partition(b" ")
        if scheme.lower() != b"basic":
            return False
        try:
            credentials = base64.b64decode(encoded.strip(b" "), validate=True)
        except binascii.Error:
            return False
        return hmac.compare_digest(self._digest(credentials), self._expected)

    def _digest(self, credentials: bytes) -> bytes:
        return hmac.digest(self._key, credentials, "sha256")


def _is_health_check(scope: Scope) -> bool:
    # The path as it was sent must be right as well as the decoded one: no spelling but the plain one is open.
    return (
        scope["method"] in ("GET", "HEAD")
        and scope["path"] == HEALTH_PATH
        and scope.get("raw_path") == HEALTH_PATH.encode()
        and not scope.get("root_path")
    )


def _passed_on(scope: Scope) -> Scope:
    dropped = {b"authorization", b"origin"} if _is_same_origin(scope) else {b"authorization"}
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in dropped]
    # Whoever asks, the connection comes from a proxy, which may be on this very machine. MLflow lets callers from its
    # own machine run programs there (its assistant), so it is told of no address at all.
    return {**scope, "headers": headers, "client": None}


def _is_same_origin(scope: Scope) -> bool:
    # A page of the host that is asked: what the same-origin policy of browsers lets through. Whether that host is one of
    # the server's own is for MLflow to check, which sees the Host as it came.
    hosts, origins = ([value for name, value in scope["headers"] if name.lower() == kind] for kind in (b"host", b"origin"))
    return len(hosts) == len(origins) == 1 and origins[0] == b"https://" + hosts[0]


async def _respond(scope: Scope, send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    common = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*common, *headers]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
