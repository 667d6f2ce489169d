"""Whether a tracking server can be reached, lets us in and is new enough; and what a failed call to it means."""

import json
from typing import Any

import mlflow
import requests
from events import ProgramError
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

# Models became things of their own, beside runs, in MLflow 3: an older server lacks the calls that log one.
OLDEST_SERVER = 3
# A server that has to start first answers within this many seconds.
START_SECONDS = 60


def check_server(uri: str) -> str | None:
    """Makes one authenticated call and returns the server's version, None if it does not tell.

    MLflow's own retries would take minutes to report a wrong address: this asks with few of them.
    Raises `ProgramError`: server_unreachable, tls_failed, unauthorized, forbidden, not_mlflow, server_error,
    server_too_old.
    """
    answer = _call(uri, "POST", "/api/2.0/mlflow/experiments/search", json={"max_results": 1})
    if answer.status_code != 200:
        raise _refused(uri, answer.status_code, _reason(answer.text))
    if not isinstance(_parsed(answer.text), dict):
        raise ProgramError("not_mlflow", f"{uri} answers, but not as an MLflow tracking server does.", url=uri)
    return _check_version(uri)


def explain(error: Exception, uri: str) -> ProgramError | None:
    """Turns an exception of the MLflow client into an error for people; None if it is not about the server."""
    network = _network_failure(error, uri)
    if network is not None:
        return network
    if not isinstance(error, MlflowException):
        return None
    status = error.get_http_status_code()
    if error.error_code == "ENDPOINT_NOT_FOUND":
        return ProgramError(
            "server_incompatible", f"{uri} lacks a call that MLflow {mlflow.__version__} needs.", url=uri
        )
    if status in (401, 403, 429, 502, 503, 504):
        return _refused(uri, status, _first_line(error.message))
    return ProgramError("mlflow_failed", f"MLflow at {uri} refused a call: {_first_line(error.message)}", url=uri)


def _call(uri: str, method: str, path: str, **body: Any) -> requests.Response:
    try:
        return http_request(
            get_default_host_creds(uri),
            path,
            method,
            max_retries=2,
            backoff_factor=1,
            backoff_jitter=0,
            timeout=START_SECONDS,
            raise_on_status=False,
            **body,
        )
    except MlflowException as error:
        raise _network_failure(error, uri) or ProgramError(
            "server_unreachable", f"{uri} could not be asked: {_first_line(error.message)}", url=uri
        ) from error


def _check_version(uri: str) -> str | None:
    answer = _call(uri, "GET", "/version")
    version = answer.text.strip()
    if answer.status_code != 200 or not version[:1].isdigit() or len(version) > 40:
        return None
    if int(version.split(".")[0]) < OLDEST_SERVER:
        raise ProgramError(
            "server_too_old",
            f"{uri} runs MLflow {version}; the client {mlflow.__version__} needs {OLDEST_SERVER}.0 or newer.",
            url=uri,
            version=version,
        )
    return version


def _network_failure(error: BaseException, uri: str) -> ProgramError | None:
    for cause in _chain(error):
        if isinstance(cause, requests.exceptions.SSLError):
            return ProgramError(
                "tls_failed",
                f"No safe connection to {uri}: its certificate could not be verified, or it does not speak TLS.",
                url=uri,
            )
        if isinstance(cause, requests.exceptions.ProxyError):
            return ProgramError(
                "server_unreachable",
                f"{uri} could not be reached through the proxy of HTTPS_PROXY or HTTP_PROXY.",
                url=uri,
            )
        if isinstance(cause, requests.exceptions.Timeout):
            return ProgramError("server_unreachable", f"{uri} did not answer in time.", url=uri)
        if isinstance(cause, requests.exceptions.ConnectionError):
            return ProgramError("server_unreachable", f"{uri} could not be reached.", url=uri)
        if isinstance(
            cause,
            (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema),
        ):
            return ProgramError("server_unreachable", f"{uri} is not an address that can be asked.", url=uri)
    return None


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _refused(uri: str, status: int, reason: str) -> ProgramError:
    said = f" It says: {reason}" if reason else ""
    if status == 401:
        return ProgramError(
            "unauthorized", f"{uri} does not accept the username and password (401).", url=uri, status=status
        )
    if status == 403:
        return ProgramError("forbidden", f"{uri} refuses access from here (403).{said}", url=uri, status=status)
    if status == 404:
        return ProgramError("not_mlflow", f"There is no MLflow tracking server at {uri} (404).", url=uri, status=status)
    return ProgramError("server_error", f"{uri} answers with an error ({status}).{said}", url=uri, status=status)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _reason(text: str) -> str:
    """The reason in an error's body: MLflow's own message, or a line of plain text; pages of HTML say nothing here."""
    body = _parsed(text)
    if isinstance(body, dict):
        return _first_line(str(body.get("message") or body.get("error") or ""))
    return "" if "<" in text else _first_line(text)


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0][:300] if lines else ""
