#!/usr/bin/env bash
# Starts the containers and waits until the engine is healthy. Builds the images, unless .env names some in a registry.
#
#   scripts/start.sh [--recreate]     --recreate: even where nothing changed, as after a password was rotated
#
# Where .env names DB_SECRET_ARN and ADMIN_SECRET_ARN, passwords come from AWS Secrets Manager at every start and are written
# nowhere on this machine.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

setting() {
    [[ ! -f .env ]] || sed -n "s/^$1=//p" .env | tail -n 1
}

secret() {
    local text
    text=$(aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text)
    # RDS and Secrets Manager keep passwords in a JSON object.
    printf '%s' "$text" | python3 -c 'import json, sys; print(json.load(sys.stdin)["password"])'
}

options=(--detach --wait --wait-timeout 240)
[[ ${1:-} != --recreate ]] || options+=(--force-recreate)

AWS_REGION="${AWS_REGION:-$(setting AWS_REGION)}"
export AWS_REGION
database_secret=$(setting DB_SECRET_ARN)
if [[ -n $database_secret ]]; then
    DB_PASSWORD=$(secret "$database_secret")
    export DB_PASSWORD
fi
admin_secret=$(setting ADMIN_SECRET_ARN)
if [[ -n $admin_secret ]]; then
    ADMIN_PASSWORD=$(secret "$admin_secret")
    export ADMIN_PASSWORD
fi

engine_image=$(setting ENGINE_IMAGE)
if [[ -n $engine_image ]]; then
    registry="${engine_image%%/*}"
    if [[ $registry == *.dkr.ecr.*.amazonaws.com ]]; then
        aws ecr get-login-password --region "$AWS_REGION" | docker login --username AWS --password-stdin "$registry"
    fi
    docker compose pull
    options+=(--no-build)
else
    options+=(--build)
fi
exec docker compose up "${options[@]}"
