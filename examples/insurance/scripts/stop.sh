#!/usr/bin/env bash
# Stops the containers gracefully: the workers first, so that they finish what they hold. Nothing to stop is no error.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
if ! command -v docker >/dev/null || [[ ! -f docker-compose.yml || ! -f .env ]]; then
    echo "nothing to stop"
    exit 0
fi
# The compose file wants passwords to be there; to stop, none is needed.
export DB_PASSWORD="${DB_PASSWORD:-none}" ADMIN_PASSWORD="${ADMIN_PASSWORD:-none}"
docker compose stop --timeout 30 python-workers
docker compose down --timeout 60
