#!/usr/bin/env bash
# Shows what deploying the models would change on the engine that runs here, and deploys nothing. Needs the containers up.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
# The container is made for this one command: it knows the administrator's password by the file the running one has.
ADMIN_PASSWORD=$(docker exec camunda cat /run/secrets/admin_password)
export ADMIN_PASSWORD DB_PASSWORD=none
exec docker compose run --rm --no-deps --no-TTY --volume "$PWD/camunda:/models:ro" \
    --env CAMUNDA_URL=http://camunda:8080 --env CAMUNDA_PASSWORD_FILE=/run/secrets/admin_password \
    camunda procession deploy --dry-run --user admin /models
