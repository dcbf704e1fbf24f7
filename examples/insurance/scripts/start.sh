#!/usr/bin/env bash
# Builds the workers, starts the containers and waits until the engine is healthy.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
exec docker compose up --detach --build --wait --wait-timeout 240
