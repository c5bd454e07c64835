#!/bin/bash
# Makes the Go code of the schema: generate.sh [FOLDER], by default this one. Needs protoc, and in $PATH:
#   go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.31.0
#   go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.3.0
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
protos=$here/../../../proto
# The schema belongs to no language, so it names no Go package: the M options do.
options=(paths=source_relative
  Mgoogle/rpc/status.proto=google.golang.org/genproto/googleapis/rpc/status
  Mpasserelle/options.proto=passerelle.example/send-letter/passerelle)
files=(passerelle/options.proto)
for name in circle delivery document event gateway identity letter orientation recipient; do
  options+=("Mpasserelle/v1/$name.proto=passerelle.example/send-letter/passerelle/v1")
  files+=("passerelle/v1/$name.proto")
done
protoc -I "$protos" --go_out="${1:-$here}" --go-grpc_out="${1:-$here}" \
  "${options[@]/#/--go_opt=}" "${options[@]/#/--go-grpc_opt=}" "${files[@]}"
