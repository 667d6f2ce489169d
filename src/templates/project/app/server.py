"""Starts the server: reads the settings, prepares the database, puts the gate around MLflow and serves.

`mlflow server` would load MLflow twice, in two processes, and has no HTTP/2. This does the same work in one process, so
it starts in half the time with half the memory, and it speaks HTTP/2, which on Cloud Run lifts the limit of 32 MiB a
request (https://cloud.google.com/run/quotas#request_limits).
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import warnings

from app.serving import check_port, serve
from app.settings import Settings, SettingsError, read_settings

logger = logging.getLogger("app.server")

# What `mlflow server` would tell its worker process: names of mlflow/server/constants.py.
ARTIFACT_ROOT = "mlflow-artifacts:/"
# Left to whoever edits the service: any of these can be set in its environment.
DEFAULTS = {
    # The smallest Cloud SQL machine takes 25 connections. MLflow keeps one pool for tracking and one for the registry,
    # and while a new revision takes over two servers run: 2 × 2 × (4 + 1) = 20. MLflow ignores an overflow of 0.
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "4",
    "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": "1",
    # Cloud Storage is read and written in pieces, of which several are in memory at once. With MLflow's own 100 MB a
    # piece, a download takes half a gigabyte.
    "MLFLOW_GCS_UPLOAD_CHUNK_SIZE": str(8 * 1024 * 1024),
    "MLFLOW_GCS_DOWNLOAD_CHUNK_SIZE": str(8 * 1024 * 1024),
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def main() -> int:
    """Runs until SIGTERM or SIGINT. Returns the exit status: 0 after an orderly end, 1 when the server cannot start."""
    # As process 1 of a container, a signal without a handler would be ignored until the server is up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = read_settings(os.environ)
        _require_port(settings)
        _configure_mlflow(settings)
        application = _load_application(settings)
        # Once more: loading takes seconds, in which another may have come.
        _require_port(settings)
    except SettingsError as error:
        logger.error("The server cannot start: %s.", error)
        return 1

    # Not asyncio.run(), which would cancel what is left and wait for threads: see the end of this file.
    asyncio.new_event_loop().run_until_complete(serve(application, settings.host, settings.port))
    return 0


def _require_port(settings: Settings) -> None:
    try:
        check_port(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(f"it cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error


def _configure_mlflow(settings: Settings) -> None:
    os.environ.update(
        _MLFLOW_SERVER_FILE_STORE=settings.database_url,
        _MLFLOW_SERVER_REGISTRY_STORE=settings.database_url,
        _MLFLOW_SERVER_ARTIFACT_ROOT=ARTIFACT_ROOT,
        _MLFLOW_SERVER_ARTIFACT_DESTINATION=settings.artifacts_destination,
        _MLFLOW_SERVER_SERVE_ARTIFACTS="true",
        # Jobs need processes beside this one, which only `mlflow server` starts.
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
    )
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    # MLflow's own check of Host and Origin; without a list it takes requests for this machine's own names.
    if settings.allowed_hosts:
        os.environ["MLFLOW_SERVER_ALLOWED_HOSTS"] = ",".join(settings.allowed_hosts)
    if settings.allowed_origins:
        os.environ["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"] = ",".join(settings.allowed_origins)
    # MLflow would send these along whenever it acts as a client itself.
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        os.environ.pop(name, None)


def _load_application(settings: Settings):
    # Nothing that is loaded at the start ever becomes garbage: the collector would look through it all in vain, now and
    # at every full collection later.
    gc.disable()
    warnings.filterwarnings("ignore", module=r"mlflow\.server\.fastapi_app")

    from app.database import DatabaseError, prepare_database

    try:
        prepare_database(settings.database_url, ARTIFACT_ROOT)
    except DatabaseError as error:
        raise SettingsError(str(error)) from error

    from app.mlflow_auth import BasicAuthGate
    from app.uploads import UploadBuffer
    from mlflow.server.fastapi_app import app

    gate = BasicAuthGate(UploadBuffer(app), settings.username, settings.password)
    gc.freeze()
    gc.enable()
    return gate


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    # Requests have had their time by now. A thread that still waits for the database would hold up an ordinary exit
    # until Cloud Run kills the process, and nothing here needs cleaning up.
    os._exit(status)
