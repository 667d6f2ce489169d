"""Calls the gate with ASGI scopes that no client of this machine can make, and prints what it did, as JSON."""

import asyncio
import base64
import json
import sys

sys.path.insert(0, sys.argv[1])

from app.mlflow_auth import BasicAuthGate

AUTHORIZATION = (b"authorization", b"Basic " + base64.b64encode("ann:pässword".encode()))
passed = []


async def application(scope, receive, send):
    passed.append(scope)


async def call(scope):
    """What came out: the types sent with status or code, whether MLflow was reached, or the error."""
    sent = []
    passed.clear()

    async def receive():
        return {"type": f"{scope['type']}.connect"}

    async def send(message):
        sent.append([message["type"], message.get("status", message.get("code"))])

    try:
        await BasicAuthGate(application, "ann", "pässword")(scope, receive, send)
    except ValueError as error:
        return {"error": str(error)}
    return {"sent": sent, "passed": [[name.decode() for name, _ in item.get("headers", [])] for item in passed]}


def http(**changes):
    scope = {"type": "http", "method": "GET", "path": "/health", "raw_path": b"/health", "root_path": "", "headers": []}
    return {**scope, **changes}


def refused(*credentials):
    try:
        BasicAuthGate(application, *credentials)
    except ValueError:
        return True
    return False


async def main():
    results = {
        "websocket": await call({"type": "websocket", "path": "/health", "headers": []}),
        "websocket with credentials": await call({"type": "websocket", "path": "/x", "headers": [AUTHORIZATION]}),
        "lifespan": await call({"type": "lifespan"}),
        "unknown": await call({"type": "webtransport", "headers": [AUTHORIZATION]}),
        "below a root path": await call(http(root_path="/x")),
        "no raw path": await call(http(raw_path=None)),
        "absolute form": await call(http(raw_path=b"http://elsewhere/health")),
        "upper-case header names": await call(
            http(path="/x", headers=[(b"Authorization", AUTHORIZATION[1]), (b"authorization", b"x")])
        ),
        "beside other headers": await call(http(path="/x", headers=[(b"host", b"h"), AUTHORIZATION])),
        "refused": [refused("", "p"), refused("u", ""), refused("u:", "p"), refused("u", "p:p")],
    }
    print(json.dumps(results))


asyncio.run(main())
