"""What the program says: one JSON object a line, so that whoever started it can show it in its own way."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class ProgramError(Exception):
    """A failure with a cause that a person can mend.

    `code` is a stable name; `facts` are further fields of the error event (file, columns, url, status).
    """

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts = facts


class Events:
    """Writes events to a stream as NDJSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def emit(self, event: str, **fields: Any) -> None:
        """Writes one event and flushes it."""
        self._stream.write(json.dumps({"event": event, **fields}, allow_nan=False) + "\n")
        self._stream.flush()

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[dict[str, Any]]:
        """Announces a step, and its end with the fields that the block put into the dict it was given."""
        self.emit("step", step=name, status="started", title=title)
        started = time.monotonic()
        outcome: dict[str, Any] = {}
        yield outcome
        self.emit("step", step=name, status="done", seconds=round(time.monotonic() - started, 2), **outcome)


def claim_stdout() -> TextIO:
    """Takes stdout for events and sends everything else that is printed, MLflow's links for one, to stderr."""
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream
