#!/usr/bin/env bash
# Runs the quickstart and then the notebook that reads its CSV, top to bottom, in a throw-away
# virtual environment. Where Jupyter cannot be installed it says so and counts as skipped.
#
#   notebooks/execute.sh [FOLDER]     leaves the executed notebook and its figure in FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-results/notebook}
mkdir -p "$out"
out=$(cd "$out" && pwd)
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
if ! { python3 -m venv "$environment" && "$environment/bin/pip" install --quiet --disable-pip-version-check -r notebooks/requirements.txt; }; then
    echo 'SKIPPED: the notebook was not executed, because Jupyter could not be installed from PyPI'
    exit 0
fi
cargo build --release --locked --quiet --bin podpath
podpath=${CARGO_TARGET_DIR:-$PWD/target}/release/podpath
cd notebooks
PODPATH="$podpath" PODPATH_OUT="$out" "$environment/bin/jupyter" nbconvert --to notebook --execute \
    --log-level=WARN --output-dir "$out" quickstart.ipynb
test -s "$out/goodput.png" || { echo 'the notebook drew no figure'; exit 1; }
echo "executed: the notebook and its figure are in $out"
