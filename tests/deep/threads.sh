#!/bin/bash
# The tests of what has threads and no gRPC, under ThreadSanitizer (gRPC and protobuf of Debian are not built for it).
set -euo pipefail
cd "$(dirname "$0")/../.."
targets=(t_base t_core t_intake t_outbox t_follow t_store)

cmake --preset tsan >/dev/null
cmake --build --preset tsan --target "${targets[@]}"
# What libraries do among themselves is theirs: without this option they drown our own races in false ones.
export TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=1 second_deadlock_stack=1"
for target in "${targets[@]}"; do
  "build/tsan/$target" --gtest_brief=1
done
