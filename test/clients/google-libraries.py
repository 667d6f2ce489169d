"""Google's Python libraries over REST, told of the simulator by the proxy and certificate variables alone. Prints what it saw as JSON."""
import hashlib
import json
import os
import sys

from google.api_core import exceptions
from google.cloud import secretmanager_v1, storage
from google.oauth2 import credentials as user_credentials

PROJECT = os.environ["PROJECT"]
CREDENTIALS = user_credentials.Credentials("anything")


def use_storage() -> dict:
    client = storage.Client(project=PROJECT, credentials=CREDENTIALS)
    bucket = client.bucket(f"{PROJECT}-python")
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.versioning_enabled = True
    bucket = client.create_bucket(bucket, location="europe-west1")
    data = os.urandom(3_000_000)
    large = bucket.blob("dir/large.bin", chunk_size=1 << 20)
    large.upload_from_string(data)
    small = bucket.blob("dir/small.txt")
    small.metadata = {"who": "me"}
    small.upload_from_string("hello there", checksum="crc32c")
    again = bucket.blob("dir/small.txt")
    try:
        again.upload_from_string("again", if_generation_match=0)
        refused = None
    except exceptions.PreconditionFailed as error:
        refused = error.code
    first = small.generation
    small.upload_from_string("hello again")
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"user:a@example.com"}})
    changed = bucket.set_iam_policy(policy)
    bucket.labels = {"a": "b"}
    bucket.patch()
    with client.batch():
        for name in ("one", "two"):
            bucket.copy_blob(small, bucket, f"copies/{name}")
    result = {
        "same": hashlib.sha256(large.download_as_bytes()).digest() == hashlib.sha256(data).digest(),
        "part": small.download_as_bytes(start=6, end=10).decode(),
        "before": bucket.blob("dir/small.txt", generation=first).download_as_text(),
        "names": sorted(blob.name for blob in client.list_blobs(bucket, prefix="dir/")),
        "copies": sorted(blob.name for blob in client.list_blobs(bucket, prefix="copies/")),
        "refused": refused,
        "viewers": sorted(changed["roles/storage.objectViewer"]),
        "labels": client.get_bucket(bucket.name).labels,
        "location": client.get_bucket(bucket.name).location,
    }
    for blob in client.list_blobs(bucket, versions=True):
        blob.delete()
    bucket.delete()
    try:
        client.get_bucket(bucket.name)
    except exceptions.NotFound as error:
        result["gone"] = error.code
    return result


def use_secrets() -> dict:
    client = secretmanager_v1.SecretManagerServiceClient(credentials=CREDENTIALS, transport="rest")
    parent = f"projects/{PROJECT}"
    secret = client.create_secret(
        parent=parent, secret_id="pw", secret={"replication": {"automatic": {}}, "labels": {"a": "b"}}
    )
    version = client.add_secret_version(parent=secret.name, payload={"data": b"hush \xff"})
    client.add_secret_version(parent=secret.name, payload={"data": b"second"})
    accessed = client.access_secret_version(name=version.name)
    disabled = client.disable_secret_version(name=version.name)
    try:
        client.access_secret_version(name=version.name)
        refused = None
    except exceptions.BadRequest as error:
        refused = error.code
    destroyed = client.destroy_secret_version(name=version.name)
    try:
        client.create_secret(parent=parent, secret_id="pw", secret={"replication": {"automatic": {}}})
        twice = None
    except exceptions.Conflict as error:
        twice = error.code
    policy = client.get_iam_policy(request={"resource": secret.name})
    policy.bindings.add(role="roles/secretmanager.secretAccessor", members=["user:a@example.com"])
    policy = client.set_iam_policy(request={"resource": secret.name, "policy": policy})
    updated = client.update_secret(secret={"name": secret.name, "labels": {"c": "d"}}, update_mask={"paths": ["labels"]})
    result = {
        "name": secret.name,
        "data": accessed.payload.data.hex(),
        "checksum": accessed.payload.data_crc32c,
        "states": [disabled.state.name, destroyed.state.name],
        "refused": refused,
        "twice": twice,
        "latest": client.access_secret_version(name=f"{secret.name}/versions/latest").payload.data.decode(),
        "versions": [one.state.name for one in client.list_secret_versions(parent=secret.name)],
        "members": list(policy.bindings[0].members),
        "labels": dict(updated.labels),
    }
    client.delete_secret(name=secret.name)
    result["left"] = [one.name for one in client.list_secrets(parent=parent)]
    return result


json.dump({"storage": use_storage(), "secrets": use_secrets()}, sys.stdout)
