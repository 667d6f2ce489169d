"""Drives Google's own Python library for Cloud Storage; prints what came of it as JSON. Told of the simulator by proxy settings alone."""

import io
import json
import os
import sys
import tempfile

import google.auth
from google.api_core.exceptions import PreconditionFailed
from google.cloud import storage
from google.cloud.storage import transfer_manager

# The credentials come from the metadata server, as on Cloud Run.
credentials, project = google.auth.default()
client = storage.Client(project=project, credentials=credentials)
bucket = client.create_bucket(f"{project}-python", location="us-central1")
data = os.urandom(3_000_000)

small = bucket.blob("a/small.txt")
small.upload_from_string("hello", content_type="text/plain")
chunked = bucket.blob("chunked.bin", chunk_size=1 << 20)
chunked.upload_from_file(io.BytesIO(data), size=len(data))
at_once = bucket.blob("at-once.bin")
at_once.upload_from_file(io.BytesIO(data))
try:
    small.upload_from_string("again", if_generation_match=0)
    refused = False
except PreconditionFailed:
    refused = True
listing = client.list_blobs(bucket, delimiter="/")
names = [blob.name for blob in listing]
composed = bucket.blob("composed")
composed.compose([chunked, at_once])
with tempfile.NamedTemporaryFile() as file:
    file.write(data * 4)
    file.flush()
    transfer_manager.upload_chunks_concurrently(file.name, bucket.blob("parts.bin"), chunk_size=5 << 20, worker_type="thread")
results = {
    "email": client._credentials.service_account_email,
    "same": chunked.download_as_bytes(checksum="crc32c") == data and at_once.download_as_bytes() == data,
    "range": small.download_as_bytes(start=1, end=3).decode(),
    "refused": refused,
    "names": names,
    "prefixes": sorted(listing.prefixes),
    "composed": composed.size,
    "parts": bucket.get_blob("parts.bin").size,
    "renamed": bucket.rename_blob(composed, "renamed").name,
    "role": bucket.get_iam_policy(requested_policy_version=3).bindings[0]["role"],
}
with client.batch():
    small.delete()
    at_once.delete()
results["left"] = sorted(blob.name for blob in bucket.list_blobs())
bucket.delete(force=True)
results["gone"] = client.lookup_bucket(bucket.name) is None
json.dump(results, sys.stdout)
