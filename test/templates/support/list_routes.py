"""Prints every route of MLflow's server as JSON lines, {"method": ..., "path": ...}, with samples for parameters."""

import json
import os
import re
import sys
import warnings

warnings.simplefilter("ignore")
os.environ["_MLFLOW_SERVER_FILE_STORE"] = sys.argv[1]

from fastapi.routing import iter_route_contexts  # noqa: E402
from mlflow.server import app as flask_application  # noqa: E402
from mlflow.server.fastapi_app import app as fastapi_application  # noqa: E402
from starlette.routing import Mount  # noqa: E402

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def sample(path):
    path = re.sub(r"<int:[^>]+>|\{[^}:]+:int\}", "1", path)
    return re.sub(r"<[^>]+>|\{[^}]+\}", "x", path)


routes = set()
for route in iter_route_contexts(fastapi_application.routes):
    if isinstance(route.original_route, Mount):
        # Whatever is mounted takes any path and any method below its own.
        routes.update((method, sample(route.path) + "/x") for method in METHODS)
    else:
        routes.update((method, sample(route.path)) for method in route.methods or ("GET",))
for rule in flask_application.url_map.iter_rules():
    routes.update((method, sample(rule.rule)) for method in rule.methods)
for method, path in sorted(routes):
    print(json.dumps({"method": method, "path": path}))
