#!/usr/bin/env bash
# Validates and deploys process models with a confirmation.
#
#   scripts/deploy-process.sh [DEPLOYMENT-NAME] [FILE...]
#
# CAMUNDA_URL             the server, http://localhost:8080
# CAMUNDA_ADMIN_PASSWORD  password, if the server asks for one; without it ~/.netrc is read, if there is one
# CAMUNDA_ADMIN_USER      its user, admin
# ASSUME_YES=1            no question, for pipelines
set -euo pipefail

CAMUNDA_URL="${CAMUNDA_URL:-http://localhost:8080}"
CAMUNDA_URL="${CAMUNDA_URL%/}"
CAMUNDA_URL="${CAMUNDA_URL%/engine-rest}"
DEPLOYMENT_NAME="${1:-manual-deployment}"
shift || true
if (($# == 0)); then
    set -- camunda/insurance_process.bpmn
fi

fail() {
    echo "ERROR: $1" >&2
    exit 1
}

# Text in curl's configuration, which comes by standard input: a password is not seen in the list of processes.
quoted() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

for file in "$@"; do
    [[ -f $file ]] || fail "file not found: $file"
    [[ $file != *[\;,\"]* ]] || fail "a file name with ; , or \" cannot be sent: $file"
    case $file in
        *.bpmn | *.dmn) ;;
        *) fail "neither .bpmn nor .dmn: $file" ;;
    esac
done
# The name on the server says what a file is, so two files of one name would replace each other.
twice=$(for file in "$@"; do basename -- "$file"; done | sort | uniq -d)
[[ -z $twice ]] || fail "two files of one name: $twice"

curl -sf -m 10 "$CAMUNDA_URL/engine-rest/engine" >/dev/null || fail "Camunda is not reachable at $CAMUNDA_URL"

echo "========================================="
echo "DEPLOYMENT PREVIEW"
echo "========================================="
echo "Target:     $CAMUNDA_URL"
echo "Name:       $DEPLOYMENT_NAME"
printf 'File:       %s\n' "$@"
echo "========================================="

if [[ ${ASSUME_YES:-} != 1 ]]; then
    read -r -p "Proceed with deployment? (yes/no): " CONFIRM || CONFIRM=no
    if [[ $CONFIRM != yes ]]; then
        echo "Deployment cancelled."
        exit 0
    fi
fi

login=""
if [[ -n ${CAMUNDA_ADMIN_PASSWORD:-} ]]; then
    login="user = $(quoted "${CAMUNDA_ADMIN_USER:-admin}:$CAMUNDA_ADMIN_PASSWORD")"
fi
parts=()
for file in "$@"; do
    parts+=(-F "$(basename -- "$file")=@\"$file\"")
done

# --fail-with-body: a refused deployment shows what the server says and ends with an error.
printf '%s\n' "$login" | curl -sS --fail-with-body --netrc-optional --config - -X POST "$CAMUNDA_URL/engine-rest/deployment/create" \
    --form-string "deployment-name=$DEPLOYMENT_NAME" \
    -F "enable-duplicate-filtering=true" \
    -F "deploy-changed-only=true" \
    -F "deployment-source=deploy-process.sh" \
    "${parts[@]}" || {
    echo >&2
    fail "the server refused the deployment"
}

echo
echo "Deployment complete. Verify in Cockpit: $CAMUNDA_URL/camunda/app/cockpit/"
