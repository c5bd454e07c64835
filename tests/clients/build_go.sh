#!/bin/bash
# Builds docs/clients/go with its own pinned tools: build/clients/go/send-letter. Nothing outside of build/ changes.
#   build_go.sh [OVERLAY OUTPUT]   OVERLAY: a file of `go build -overlay`, to build the same with another main.go
set -euo pipefail
cd "$(dirname "$0")/../.."
source=docs/clients/go
mkdir -p build/clients/go
folder=$(realpath build/clients/go)
export GOBIN=$PWD/build/clients/go-tools GOMODCACHE=$PWD/build/clients/go-modules GOCACHE=$PWD/build/clients/go-cache
# -modcacherw: so that build/ can be removed. The go command that is there is the one that is used.
export GOFLAGS='-buildvcs=false -modcacherw' GOTOOLCHAIN=local PATH=$GOBIN:$PATH

# The tools are those that generate.sh names.
stamp=$folder/.tools
wanted=$(sed -n 's/^#   go install //p' "$source/generate.sh")
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
  for tool in $wanted; do
    go install "$tool"
  done
  echo "$wanted" >"$stamp"
fi
cp "$source"/{go.mod,go.sum,main.go} "$folder"
"$source/generate.sh" "$folder"
cd "$folder"
go build ${1:+-overlay "$1"} -o "${2:-$folder/send-letter}" .
