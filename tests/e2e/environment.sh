#!/bin/bash
# Makes build/venv: a private Python with a stock gRPC client, and in it the stubs of our schema.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=build/venv
stamp=$venv/.made
wanted=$(cat tests/e2e/requirements.txt proto/passerelle/options.proto proto/passerelle/v1/*.proto | sha256sum)
[ -e "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0
[ -x "$venv/bin/python" ] || /usr/bin/python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/e2e/requirements.txt
site=$("$venv/bin/python" -c 'import site; print(site.getsitepackages()[0])')
"$venv/bin/python" -m grpc_tools.protoc -I proto --python_out="$site" --grpc_python_out="$site" \
  passerelle/options.proto $(cd proto && echo passerelle/v1/*.proto)
echo "$wanted" >"$stamp"
