#!/usr/bin/env bash
# Starts the MLflow server. Works in the image and, with the environment's bin folder on PATH, on any machine:
#   uv run bash ./entry-point.sh
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

# One memory arena for two threads at most, and no thread pool for numpy: a tracking server calculates nothing.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"

# exec: the server itself gets SIGTERM, and its exit status is this script's.
exec python -m app.server
