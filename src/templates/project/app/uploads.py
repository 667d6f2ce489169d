"""Large request bodies in large pieces."""

from __future__ import annotations

from app.mlflow_auth import Application, Message, Receive, Scope, Send

PIECE_SIZE = 512 * 1024


class UploadBuffer:
    """ASGI middleware that gathers a request's body into pieces of half a megabyte.

    HTTP/2 brings a body in frames of 16 KiB, and MLflow gives every piece to another thread to be written: that was two
    thirds of the work of an upload. A body that comes whole, as that of every other call, is handed on as it is.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gathering = _gather(receive) if scope["type"] == "http" else receive
        await self._application(scope, gathering, send)


def _gather(receive: Receive) -> Receive:
    held_back: list[Message] = []

    async def next_message() -> Message:
        if held_back:
            return held_back.pop()
        message = await receive()
        if not _goes_on(message):
            return message
        body = bytearray(message.get("body", b""))
        while _goes_on(message) and len(body) < PIECE_SIZE:
            message = await receive()
            if message["type"] != "http.request":
                # The client has gone: what came before is told first.
                held_back.append(message)
                return _piece(body, more=True)
            body += message.get("body", b"")
        return _piece(body, more=_goes_on(message))

    return next_message


def _goes_on(message: Message) -> bool:
    return message["type"] == "http.request" and bool(message.get("more_body"))


def _piece(body: bytearray, *, more: bool) -> Message:
    return {"type": "http.request", "body": bytes(body), "more_body": more}
