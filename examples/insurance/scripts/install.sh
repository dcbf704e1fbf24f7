#!/usr/bin/env bash
# After the files have been copied: checks for Docker and prepares .env. Deploys no process model: that is a person's decision.
#
# On AWS /etc/camunda-project.env (written when the machine was made) says where database and secrets are; images.env, which
# came with the revision, which images run. Elsewhere .env is made once, to be filled in.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

docker compose version >/dev/null || {
    echo "ERROR: Docker with its compose plugin is needed" >&2
    exit 1
}
# Readable for the owner alone: it may hold passwords.
umask 077
machine="${MACHINE_ENV:-/etc/camunda-project.env}"
if [[ -f $machine ]]; then
    cat -- "$machine" >.env
    if [[ -f images.env ]]; then
        cat images.env >>.env
    fi
elif [[ ! -f .env ]]; then
    printf '%s\n' DB_HOST= DB_NAME=camunda DB_USER= DB_PASSWORD= ADMIN_PASSWORD= CAMUNDA_BIND=127.0.0.1 >.env
    echo "Fill in $PWD/.env, then run scripts/start.sh"
fi
chmod 600 .env
