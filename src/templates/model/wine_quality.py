"""Trains a model on the Wine Quality data, logs and registers it at an MLflow tracking server, and uses it from there.

The server is taken from MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD alone.
Progress, the result and errors are events on stdout, one JSON object a line; stderr has what the libraries print,
and tracebacks.
Exit status: 0 done, 1 failed, 130 interrupted.
"""

import argparse
import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from events import Events, ProgramError, claim_stdout

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models.model import ModelInfo
    from sklearn.ensemble import RandomForestClassifier
    from wine_data import Split

RUN_NAME = "untuned_random_forest"
LOGGED_MODEL = "random_forest_model"
REGISTERED_MODEL = "wine_quality"
ALIAS = "Production"
STAGE = "Production"
N_ESTIMATORS = 10
SEED = 123
PREDICTED_ROWS = 5
STOPPING = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Runs the program and returns its exit status."""
    events = Events(claim_stdout())
    for number in STOPPING:
        signal.signal(number, _interrupt)
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").rstrip("/")
    try:
        options = _options()
        if not uri:
            raise ProgramError("no_server", "MLFLOW_TRACKING_URI is not set.")
        events.emit("result", **run(events, uri, options.data, options.experiment))
        return 0
    except ProgramError as error:
        return _fail(events, error)
    except KeyboardInterrupt:
        events.emit("error", code="interrupted", message="Interrupted.")
        return 130
    except BrokenPipeError:
        return 1
    except Exception as error:
        return _fail(events, _explained(error, uri))


def run(events: Events, uri: str, directory: Path, experiment: str) -> dict[str, Any]:
    """Does all steps and returns the fields of the result event."""
    with events.step("data", "Read the wine-quality data") as done:
        split = _split(directory)
        done.update(train=len(split.x_train), validation=len(split.x_validation), test=len(split.x_test))
    with events.step("server", "Connect to the tracking server") as done:
        done["version"] = _connect(uri)
        experiment_id = _experiment(experiment)
    import mlflow

    with mlflow.start_run(run_name=RUN_NAME, experiment_id=experiment_id) as active:
        with events.step("train", "Train a random forest") as done:
            forest, auc = _train(split)
            done["auc"] = auc
        with events.step("log", "Log parameter, metric, plot and model"):
            importances = _importances(forest, split)
            _log_findings(auc, importances)
            logged = _log_model(forest, split)
    with events.step("register", f"Register the model as {REGISTERED_MODEL}") as done:
        version = _register(logged.model_uri)
        stage = _promote(version)
        done["version"] = version
    with events.step("load", f"Load models:/{REGISTERED_MODEL}@{ALIAS} and predict") as done:
        loaded_auc, predictions = _use(split)
        done["auc"] = loaded_auc
    return {
        "auc": auc,
        "loaded_auc": loaded_auc,
        "importances": [
            {"feature": feature, "importance": float(value)} for feature, value in importances["importance"].items()
        ],
        "model": {
            "name": REGISTERED_MODEL,
            "version": version,
            "alias": ALIAS,
            "stage": stage,
            "uri": f"models:/{REGISTERED_MODEL}@{ALIAS}",
        },
        "run": {"id": active.info.run_id, "name": RUN_NAME, "experiment": experiment, "experiment_id": experiment_id},
        "rows": {"train": len(split.x_train), "validation": len(split.x_validation), "test": len(split.x_test)},
        "predictions": predictions,
        "run_url": f"{uri}/#/experiments/{experiment_id}/runs/{active.info.run_id}",
        "model_url": f"{uri}/#/models/{REGISTERED_MODEL}/versions/{version}",
    }


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Stops the program once: a second signal, as Ctrl-C brings, must not disturb the closing of the run."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(__file__).parent / "data",
        help="folder of winequality-red.csv and winequality-white.csv",
    )
    parser.add_argument("--experiment", default="wine-quality", help="name of the experiment that gets the run")
    return parser.parse_args()


def _split(directory: Path) -> "Split":
    import wine_data

    return wine_data.split(wine_data.prepare(wine_data.load_wines(directory)))


def _connect(uri: str) -> str | None:
    from tracking_server import check_server

    return check_server(uri)


def _experiment(name: str) -> str:
    import mlflow

    found = mlflow.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == "deleted":
        raise ProgramError(
            "experiment_deleted",
            f'The experiment "{name}" is in the trash of this server.',
            experiment_id=found.experiment_id,
        )
    return mlflow.set_experiment(name).experiment_id


def _train(split: "Split") -> "tuple[RandomForestClassifier, float]":
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score

    forest = RandomForestClassifier(n_estimators=N_ESTIMATORS, random_state=np.random.RandomState(SEED))
    forest.fit(split.x_train, split.y_train)
    return forest, float(roc_auc_score(split.y_test, forest.predict_proba(split.x_test)[:, 1]))


def _importances(forest: "RandomForestClassifier", split: "Split") -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame(forest.feature_importances_, index=split.x_train.columns.tolist(), columns=["importance"])
    return frame.sort_values("importance", ascending=False)


def _log_findings(auc: float, importances: "pd.DataFrame") -> None:
    """Parameter and metric; the importances as a table, which the UI shows as one, and as a picture."""
    import mlflow
    from matplotlib.figure import Figure

    mlflow.log_param("n_estimators", N_ESTIMATORS)
    mlflow.log_metric("auc", auc)
    mlflow.log_table(importances.rename_axis("feature").reset_index(), "feature_importances.json")
    # A Figure of its own, without pyplot, draws to a file with no display.
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(importances.index[::-1], importances["importance"].iloc[::-1])
    axes.set_xlabel("importance")
    axes.set_title("Feature importances of the random forest")
    mlflow.log_figure(figure, "feature_importances.png")


def _log_model(forest: "RandomForestClassifier", split: "Split") -> "ModelInfo":
    from importlib.metadata import version

    import mlflow.pyfunc
    import wine_model
    from mlflow.models import infer_signature

    wrapped = wine_model.SklearnModelWrapper(forest)
    # Given requirements keep MLflow from loading the model in a second process to infer them.
    needed = ["mlflow-skinny", "scikit-learn", "numpy", "pandas", "cloudpickle"]
    return mlflow.pyfunc.log_model(
        name=LOGGED_MODEL,
        python_model=wrapped,
        code_paths=[wine_model.__file__],
        signature=infer_signature(split.x_train, wrapped.predict(None, split.x_train)),
        pip_requirements=[f"{package}=={version(package)}" for package in needed],
    )


def _register(model_uri: str) -> str:
    import mlflow

    return str(mlflow.register_model(model_uri, REGISTERED_MODEL).version)


def _promote(version: str) -> str | None:
    """Points alias and stage at the version. Returns the stage, None where the server has no stages any more."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient()
    client.set_registered_model_alias(REGISTERED_MODEL, ALIAS, version)
    try:
        with warnings.catch_warnings():
            # Stages are deprecated since MLflow 2.9 in favour of the alias above; clients of both kinds are served.
            warnings.filterwarnings("ignore", message=".*transition_model_version_stage.*", category=FutureWarning)
            # The version before goes to Archived, so that one version alone is in production.
            client.transition_model_version_stage(REGISTERED_MODEL, version, STAGE, archive_existing_versions=True)
    except MlflowException as error:
        if error.get_http_status_code() != 404:
            raise
        return None
    return STAGE


def _use(split: "Split") -> tuple[float, list[float]]:
    import mlflow.pyfunc
    from sklearn.metrics import roc_auc_score

    loaded = mlflow.pyfunc.load_model(f"models:/{REGISTERED_MODEL}@{ALIAS}")
    auc = float(roc_auc_score(split.y_test, loaded.predict(split.x_test)))
    return auc, [float(value) for value in loaded.predict(split.x_test[:PREDICTED_ROWS])]


def _explained(error: Exception, uri: str) -> ProgramError:
    text = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    if isinstance(error, ImportError):
        found = ProgramError("environment_broken", f"The Python environment is incomplete: {text}")
    else:
        from tracking_server import explain

        found = explain(error, uri) or ProgramError("failed", text)
    found.__cause__ = error
    return found


def _fail(events: Events, error: ProgramError) -> int:
    if error.__cause__ is not None:
        traceback.print_exception(error.__cause__, file=sys.stderr)
    events.emit("error", code=error.code, message=error.message, **error.facts)
    return 1


if __name__ == "__main__":
    # A server that is being replaced is waited for, yet half a minute of silence is enough.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Names of variables of this machine have no place in a model.
    os.environ.setdefault("MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING", "false")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    sys.exit(main())
