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
MYSQL_LOCK_SECONDS = 900
# Stands beside MLflow's tables while they are made in MySQL, which cannot take back half of that work. MLflow and Alembic
# leave tables with such a name alone.
UNFINISHED = "alembic_mlflow_unfinished"


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
        if _is_ready(connection, head):
            return
        with _lock(connection):
            if _is_ready(connection, head):
                return
            _bring_up_to_date(engine, connection, head)
            # MLflow makes the default experiment when it first opens its store: here, so that no two servers do.
            SqlAlchemyStore(url, artifact_root)


def _is_ready(connection: Connection, head: str) -> bool:
    return _revision(connection) == head and not _is_unfinished(connection)


def _bring_up_to_date(engine: Engine, connection: Connection, head: str) -> None:
    revision = _revision(connection)
    if _is_unfinished(connection) and revision != head:
        _clear(connection)
        revision = None
    if revision is None:
        _create_tables(engine, connection)
    elif revision != head:
        _refuse_unknown(revision)
        _upgrade(engine, revision)
    if _commits_ddl(connection):
        connection.execute(sqlalchemy.text(f"DROP TABLE IF EXISTS {UNFINISHED}"))


def _create_tables(engine: Engine, connection: Connection) -> None:
    logger.info("Creating the tables of MLflow.")
    if _commits_ddl(connection) and mlflow_database._is_empty_database(engine):
        connection.execute(sqlalchemy.text(f"CREATE TABLE IF NOT EXISTS {UNFINISHED} (nothing INT)"))
    try:
        mlflow_database._initialize_tables(engine)
    except sqlalchemy.exc.DBAPIError as error:
        raise DatabaseError(f"the tables cannot be made: {error.orig}") from error


def _upgrade(engine: Engine, revision: str) -> None:
    logger.info("Upgrading the tables of MLflow from revision %s.", revision)
    try:
        mlflow_database._upgrade_db(engine)
    except sqlalchemy.exc.DBAPIError as error:
        # PostgreSQL is then as it was before; MySQL may have done half of it.
        raise DatabaseError(
            f"the tables cannot be upgraded from revision {revision}: {error.orig}; "
            "deploy the earlier MLflow again, and where that does not start, restore a backup"
        ) from error


def _commits_ddl(connection: Connection) -> bool:
    """Whether each statement that changes a table holds by itself: https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html"""
    return connection.dialect.name == "mysql"


def _is_unfinished(connection: Connection) -> bool:
    return _commits_ddl(connection) and sqlalchemy.inspect(connection).has_table(UNFINISHED)


def _clear(connection: Connection) -> None:
    """Drops what a server left that died while it made the tables. No server has served from them."""
    tables = sqlalchemy.inspect(connection).get_table_names()
    for table in {"experiments", "runs", "registered_models"}.intersection(tables):
        if connection.execute(sqlalchemy.text(f"SELECT 1 FROM {table} LIMIT 1")).first() is not None:
            raise DatabaseError(f"the tables are half made and yet {table} holds data: restore a backup")
    logger.info("Dropping the tables of MLflow that were left unfinished.")
    quote = connection.dialect.identifier_preparer.quote
    connection.execute(sqlalchemy.text("SET SESSION foreign_key_checks = 0"))
    for table in tables:
        if table != UNFINISHED:
            connection.execute(sqlalchemy.text(f"DROP TABLE {quote(table)}"))
    connection.execute(sqlalchemy.text("SET SESSION foreign_key_checks = 1"))


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
    match connection.dialect.name:
        case "postgresql":
            arguments: dict[str, object] = {"key": LOCK_KEY}
            connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), arguments)
            unlock = "SELECT pg_advisory_unlock(:key)"
        case "mysql":
            # Locks are the whole server's, whose databases may belong to several deployments; names end at 64 characters.
            arguments = {"key": f"{LOCK_KEY:x}.{connection.engine.url.database}"[:64]}
            seconds = {"seconds": MYSQL_LOCK_SECONDS}
            taken = connection.execute(sqlalchemy.text("SELECT GET_LOCK(:key, :seconds)"), arguments | seconds)
            if taken.scalar() != 1:
                raise DatabaseError(f"another server has been making the tables for {MYSQL_LOCK_SECONDS} seconds")
            unlock = "SELECT RELEASE_LOCK(:key)"
        case "sqlite":
            # A file on one machine, for one server: there is nobody to wait for.
            yield
            return
        case other:
            raise DatabaseError(f"{other} is not supported, only postgresql and mysql are (and sqlite for tries)")
    try:
        yield
    finally:
        connection.execute(sqlalchemy.text(unlock), arguments)


def _revision(connection: Connection) -> str | None:
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
