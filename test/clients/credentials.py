"""Works with a bucket by whatever credentials Google's Python libraries find, and prints what they were and what was read as JSON."""
import json
import os

import google.auth
from google.api_core import exceptions
from google.cloud import secretmanager_v1, storage

credentials, _ = google.auth.default()
client = storage.Client(project=os.environ["PROJECT"])
blob = client.bucket(os.environ["BUCKET"]).blob("from-python.txt")
blob.upload_from_string("hello")
secrets = secretmanager_v1.SecretManagerServiceClient(transport="rest")
try:
    name = f"projects/{os.environ['PROJECT']}/secrets/mlflow_database_url/versions/latest"
    secret = secrets.access_secret_version(name=name).payload.data.decode().split(":")[0]
except exceptions.Forbidden as error:
    secret = error.code
print(json.dumps({"kind": type(credentials).__module__, "content": blob.download_as_text(), "database": secret}))
