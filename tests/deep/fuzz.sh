#!/bin/bash
# Fuzzes every parser of outside bytes: fuzz.sh SECONDS [TARGET...]   so many seconds each
# The corpus starts from the samples, the golden files and what tests/fuzz/corpus/TARGET has of its own, and lives on in
# build/fuzz/corpus. A new crash is left in build/fuzz/crashes: it belongs in tests/fuzz/corpus/TARGET, with its fix.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?usage: fuzz.sh SECONDS [TARGET...]}
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cc; do targets+=("$(basename "$source" .cc)"); done
fi

deploy/packages.sh deep
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]}"

# One set of seeds for all: a parser that does not know a form must refuse it, too.
seeds=build/fuzz/seeds
rm -rf "$seeds"
mkdir -p "$seeds" build/fuzz/crashes
find samples tests/golden -type f -size -64k | while read -r file; do cp "$file" "$seeds/${file//\//_}"; done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=graine" \
  -addext "subjectAltName=DNS:graine.test,URI:urn:graine" -keyout /dev/null -out "$seeds/certificate.pem" 2>/dev/null
printf '250-first\r\n250 2.0.0 ok\r\n' >"$seeds/reply"

failed=0
for target in "${targets[@]}"; do
  corpus=build/fuzz/corpus/$target
  known=tests/fuzz/corpus/$target
  mkdir -p "$corpus"
  folders=("$corpus" "$seeds")
  [ ! -d "$known" ] || folders+=("$known")
  options=()
  [ ! -e "tests/fuzz/$target.dict" ] || options+=(-dict="tests/fuzz/$target.dict")
  echo "$target: $seconds s"
  "build/fuzz/$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -verbosity=1 -artifact_prefix="build/fuzz/crashes/$target-" "${options[@]}" "${folders[@]}" >"build/fuzz/$target.log" 2>&1 || {
    failed=1
    echo "$target FAILED; more in build/fuzz/$target.log"
    grep -E -A 20 'ERROR|SUMMARY|Test unit written' "build/fuzz/$target.log" | head -n 60
  }
  # A target that covers nothing more than its seeds do has learnt nothing: it lacks a structure or seeds.
  sed -nE 's/.*(INITED|DONE) +cov: ([0-9]+).*/  \1 cov: \2/p' "build/fuzz/$target.log"
  grep -E 'number_of_executed_units|new_units_added' "build/fuzz/$target.log" || true
done
exit "$failed"
