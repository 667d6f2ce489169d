"""Serves an ASGI application over HTTP/1.1 and HTTP/2 without TLS, on one port, until the process is told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket

from granian.constants import Interfaces
from granian.http import HTTP2Settings
from granian.log import LogLevels
from granian.server.embed import Server

from app.mlflow_auth import Application, Receive, Scope, Send

logger = logging.getLogger("app.serving")

# Cloud Run kills a container 10 seconds after SIGTERM:
# https://cloud.google.com/run/docs/container-contract#instance-shutdown
SECONDS_FOR_REQUESTS = 7.5
SECONDS_FOR_CONNECTIONS = 1.0
MAX_HEADERS_SIZE = 64 * 1024


class RequestCounter:
    """ASGI middleware that knows whether requests are being answered."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        self._running += 1
        self._idle.clear()
        try:
            await self._application(scope, receive, send)
        finally:
            self._running -= 1
            if self._running == 0:
                self._idle.set()

    async def wait_until_idle(self) -> None:
        """Returns as soon as no request is being answered."""
        await self._idle.wait()


def check_port(host: str, port: int) -> None:
    """Raises OSError when the port cannot be taken.

    Granian does not tell: it would share the port with another Granian of the same user, and half of the requests would
    go astray.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: the remains of closed connections are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen()


async def serve(application: Application, host: str, port: int) -> None:
    """Serves `application` until SIGTERM or SIGINT, then finishes what has begun, for at most 7.5 s, and returns."""
    counter = RequestCounter(application)
    server = Server(
        counter,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        backlog=1024,
        http2_settings=HTTP2Settings(max_headers_size=MAX_HEADERS_SIZE),
        log_level=LogLevels.error,
    )
    told_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_end.set)
    serving = asyncio.create_task(server.serve())
    ending = asyncio.create_task(told_to_end.wait())
    logger.info("Serving on %s:%d.", host, port)
    await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        ending.cancel()
        serving.result()
        raise RuntimeError("The server has stopped by itself.")
    await _stop(server, serving, counter)


async def _stop(server: Server, serving: asyncio.Task[None], counter: RequestCounter) -> None:
    server.stop()
    try:
        await asyncio.wait_for(counter.wait_until_idle(), SECONDS_FOR_REQUESTS)
    except TimeoutError:
        logger.warning("Some requests took longer than %.1f s and are cut off.", SECONDS_FOR_REQUESTS)
    # A connection that is merely open must not hold up the end; one that still sends an answer gets a moment.
    await asyncio.wait({serving}, timeout=SECONDS_FOR_CONNECTIONS)
    logger.info("Stopped.")
