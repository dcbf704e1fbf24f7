#!/usr/bin/env bash
# After the files have been copied: checks for Docker and prepares .env. Deploys no process model: that is a person's decision.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

docker compose version >/dev/null || {
    echo "ERROR: Docker with its compose plugin is needed" >&2
    exit 1
}
if [[ ! -f .env ]]; then
    # Readable for the owner alone, and never overwritten: it holds the passwords.
    (umask 077 && printf '%s\n' DB_HOST= DB_NAME=camunda DB_USER= DB_PASSWORD= ADMIN_PASSWORD= CAMUNDA_BIND=127.0.0.1 >.env)
    echo "Fill in $PWD/.env, then run scripts/start.sh"
fi
chmod 600 .env
