"""What the server is told by its environment, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DEFAULT_PORT = 8080
# Only the image opens the server to other machines (see the Dockerfile): started by hand it stays on this one.
DEFAULT_HOST = "127.0.0.1"


class SettingsError(Exception):
    """A variable is missing or unusable. The message names the variable and never holds its value."""


@dataclass(frozen=True)
class Settings:
    """The server's settings. Secrets are kept out of repr(), so that no traceback or log line shows them."""

    host: str
    port: int
    artifacts_destination: str
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    database_url: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Returns the settings found in `environment`; raises SettingsError with every fault in one message."""
    faults: list[str] = []

    def required(name: str) -> str:
        value = environment.get(name, "")
        if not value.strip():
            faults.append(f"{name} is missing or empty")
        elif any(ord(character) < 32 or ord(character) == 127 for character in value):
            # Usually the line break that `echo` adds when a secret is made by hand: no client could send it back.
            faults.append(f"{name} holds a line break or another control character")
        return value

    own_host, own_origin = _own_address(environment.get("MLFLOW_TRACKING_URL"), faults)
    settings = Settings(
        host=environment.get("MLFLOW_HOST") or DEFAULT_HOST,
        port=_port(environment.get("PORT"), faults),
        artifacts_destination=required("MLFLOW_ARTIFACTS_DESTINATION"),
        allowed_hosts=_unique([*_list(environment, "MLFLOW_SERVER_ALLOWED_HOSTS"), *own_host]),
        allowed_origins=_unique([*_list(environment, "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"), *own_origin]),
        database_url=required("MLFLOW_BACKEND_STORE_URI"),
        username=required("MLFLOW_TRACKING_USERNAME"),
        password=required("MLFLOW_TRACKING_PASSWORD"),
    )
    if ":" in settings.username:
        # RFC 7617: in "user:password" the first colon ends the user name.
        faults.append("MLFLOW_TRACKING_USERNAME holds a colon, which Basic authentication does not allow")
    if faults:
        raise SettingsError("; ".join(faults))
    return settings


def _port(value: str | None, faults: list[str]) -> int:
    if not value:
        return DEFAULT_PORT
    if value.isascii() and value.isdigit() and 0 < int(value) < 65536:
        return int(value)
    faults.append("PORT is not a port number")
    return DEFAULT_PORT


def _own_address(url: str | None, faults: list[str]) -> tuple[list[str], list[str]]:
    """The Host and the Origin that a browser sends when the server is reached at `url`; nothing where there is none."""
    if not url:
        return [], []
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username
        port = parts.port
    except ValueError:
        usable = False
    if not usable:
        faults.append("MLFLOW_TRACKING_URL is not an address such as https://mlflow.example.com")
        return [], []
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host = name if port in (None, {"http": 80, "https": 443}[parts.scheme]) else f"{name}:{port}"
    return [host], [f"{parts.scheme}://{host}"]


def _list(environment: Mapping[str, str], name: str) -> list[str]:
    return [item.strip() for item in environment.get(name, "").split(",") if item.strip()]


def _unique(items: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
