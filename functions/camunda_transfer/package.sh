#!/usr/bin/env bash
# Makes build/ (what the template deploys) and dist/camunda_transfer.zip (for the console), for Lambda's x86_64 machines.
#   package.sh [PYTHON_VERSION]    3.12 unless said otherwise; it must be the runtime of the function
#   WITH_LINT=1 package.sh         with the engine's lint, for CAMUNDA_TRANSFER_CHECK=lint
set -euo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
version="${1:-3.12}"
python="${PYTHON:-python3}"
packages=("$here/../../client[transfer]")
# The whole distribution holds the client and the database driver too.
if [[ ${WITH_LINT:-} == 1 ]]; then packages=("$here/../.."); fi
rm -rf -- "$here/build" "$here/dist"
mkdir -p -- "$here/build" "$here/dist"
"$python" -m pip install --quiet --disable-pip-version-check --target "$here/build" \
  --python-version "$version" --implementation cp --only-binary=:all: \
  --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 \
  "${packages[@]}"
cp -- "$here/lambda_function.py" "$here/build/"
find "$here/build" -name __pycache__ -type d -prune -exec rm -rf -- {} +
(cd -- "$here/build" && "$python" -m zipfile -c ../dist/camunda_transfer.zip ./*)
du -sh -- "$here/build" "$here/dist/camunda_transfer.zip"
