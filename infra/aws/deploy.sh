#!/usr/bin/env bash
# Brings the stacks of an environment up to date, in their order; without --yes it makes change sets and shows them only.
#
#   infra/aws/deploy.sh [--yes] dev|staging|prod [STACK...]
#
# Parameters: parameters/ENVIRONMENT.json, and over it parameters/account.json (copy account.example.json), which holds what
# belongs to an account and is not in version control.
set -euo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"

mode=(--no-execute-changeset)
if [[ ${1:-} == --yes ]]; then
    mode=()
    shift
fi
environment="${1:-}"
[[ -f $here/parameters/$environment.json && $environment =~ ^(dev|staging|prod)$ ]] || {
    echo "usage: deploy.sh [--yes] dev|staging|prod [STACK...]" >&2
    exit 2
}
[[ -f $here/parameters/account.json ]] || {
    echo "parameters/account.json is missing; copy account.example.json and fill it in" >&2
    exit 2
}
shift
stacks=("$@")
((${#stacks[@]})) || stacks=(network database platform pipeline alarms identity)

parameters() {
    python3 - "$1" "$here/parameters/$environment.json" "$here/parameters/account.json" <<'PYTHON'
import json
import sys

stack, *files = sys.argv[1:]
found = {}
for file in files:
    with open(file, encoding="utf-8") as text:
        found.update(json.load(text).get(stack, {}))
for name, value in found.items():
    print(f"{name}={value}")
PYTHON
}

for stack in "${stacks[@]}"; do
    mapfile -t given < <(parameters "$stack")
    aws cloudformation deploy --stack-name "camunda-$environment-$stack" --template-file "$here/$stack.yaml" \
        --parameter-overrides "Environment=$environment" "${given[@]}" --capabilities CAPABILITY_NAMED_IAM \
        --tags "camunda-environment=$environment" --no-fail-on-empty-changeset "${mode[@]}"
done
