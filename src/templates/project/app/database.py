"""MLflow's tables: made in an empty database, upgraded in an older one, exactly once however many servers start."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from sqlalchemy.engine import Connection, Engine

from mlflow.store.db import utils as mlflow_database
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

logger = logging.getLogger("app.database")

# Any fixed number will do, as long as every release of this file takes the same one.
LOCK_KEY = 0x6D6C666C6F77
CONNECT_ATTEMPTS = 5


class DatabaseError(Exception):
    """The database cannot be used. The message is fit for a log: it holds no password."""


def prepare_database(url: str, artifact_root: str) -> None:
    """Brings the database at `url` to the schema of the installed MLflow, or raises DatabaseError.

    When it already is, that is one query. Otherwise one server does the work under a lock and the others wait for it:
    `mlflow db upgrade` cannot begin with an empty database, and MLflow's own creation of tables is not safe when
    several servers do it at once.
    """
    head = mlflow_database._get_latest_schema_revision()
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    except sqlalchemy.exc.ArgumentError as error:
        raise DatabaseError("MLFLOW_BACKEND_STORE_URI is not a database URL that SQLAlchemy understands") from error
    with _connected(engine) as connection:
        if _revision(connection) == head:
            return
        with _lock(connection):
            revision = _revision(connection)
            if revision == head:
                return
            _bring_up_to_date(engine, revision)
            # MLflow makes the default experiment when it first opens its store: here, so that no two servers do.
            SqlAlchemyStore(url, artifact_root)


def _bring_up_to_date(engine: Engine, revision: str | None) -> None:
    if revision is None:
        logger.info("Creating the tables of MLflow.")
        mlflow_database._initialize_tables(engine)
        return
    _refuse_unknown(revision)
    logger.info("Upgrading the tables of MLflow from revision %s.", revision)
    mlflow_database._upgrade_db(engine)


def _refuse_unknown(revision: str) -> None:
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        ScriptDirectory.from_config(mlflow_database._get_alembic_config("")).get_revision(revision)
    except CommandError as error:
        raise DatabaseError(
            f"the database has the tables of a newer MLflow (revision {revision}): "
            "deploy that MLflow again, or restore a backup"
        ) from error


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    for attempt in range(1, CONNECT_ATTEMPTS + 1):
        try:
            # Each statement stands for itself: an open transaction here would block the work done beside it.
            connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except sqlalchemy.exc.OperationalError as error:
            if attempt == CONNECT_ATTEMPTS:
                raise DatabaseError(f"no connection to the database: {error.orig}") from error
            # On Cloud Run the socket to Cloud SQL may come up a moment after the container.
            time.sleep(0.25 * 2**attempt)
            continue
        with connection:
            yield connection
        return


@contextmanager
def _lock(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "sqlite":
        # A file on one machine, for one server: there is nobody to wait for.
        yield
        return
    if connection.dialect.name != "postgresql":
        raise DatabaseError(f"{connection.dialect.name} is not supported, only postgresql is (and sqlite for tries)")
    connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
    try:
        yield
    finally:
        connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})


def _revision(connection: Connection) -> str | None:
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
