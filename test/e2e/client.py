"""Uses a tracking server as any MLflow client does. `client.py write` leaves things there, `client.py read` finds them again."""

import json
import os
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient

EXPERIMENT = "client-trial"
MODEL = "client-model"
# Beyond the 32 MiB that Cloud Run takes in one HTTP/1 request.
LARGE_BYTES = 40 * 1024 * 1024


def large_bytes() -> bytes:
    block = bytes(range(256)) * 4096
    return (block * (LARGE_BYTES // len(block) + 1))[:LARGE_BYTES]


def write() -> None:
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name="trial") as run, tempfile.TemporaryDirectory() as folder:
        mlflow.log_param("depth", 3)
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_text("grüße", "notes/text ä.txt")
        large = Path(folder) / "large.bin"
        large.write_bytes(large_bytes())
        mlflow.log_artifact(str(large))
    client = MlflowClient()
    client.create_registered_model(MODEL)
    version = client.create_model_version(MODEL, f"{run.info.artifact_uri}/notes", run.info.run_id)
    client.set_registered_model_alias(MODEL, "champion", version.version)


def read() -> dict:
    client = MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    run = client.search_runs([experiment.experiment_id], filter_string="metrics.loss < 0.5")[0]
    with tempfile.TemporaryDirectory() as folder:
        text = Path(client.download_artifacts(run.info.run_id, "notes/text ä.txt", folder)).read_text()
        large = Path(client.download_artifacts(run.info.run_id, "large.bin", folder)).read_bytes()
    return {
        "artifactLocation": experiment.artifact_location,
        "losses": [metric.value for metric in client.get_metric_history(run.info.run_id, "loss")],
        "depth": run.data.params["depth"],
        "text": text,
        "large": large == large_bytes(),
        "champion": client.get_model_version_by_alias(MODEL, "champion").version,
        "models": sorted(model.name for model in client.search_registered_models()),
    }


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    if sys.argv[1] == "write":
        write()
    else:
        print(json.dumps(read()))
