#!/bin/bash
# The documents of all samples, judged by programs of others where they are at hand:
#   PASSERELLE_CDA_CHECK    a program that takes CDA files and succeeds when they conform (the official schematrons)
#   PASSERELLE_XDS_SCHEMA   lcm.xsd of ebRS 3.0, for METADATA.XML
# What is not named is skipped, and said so.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=${PASSERELLE_PROGRAM:-build/ci/passerelle}
[ -x "$program" ] || program=build/dev/passerelle
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for event in samples/letters/*.yaml samples/letters/*.json; do
  "$program" preview "$event" --out "$out/$(basename "${event%.*}")"
done
mapfile -t documents < <(find "$out" -name document.xml | sort)
mapfile -t archives < <(find "$out" -name IHE_XDM.zip | sort)
[ ${#documents[@]} -gt 0 ] && [ ${#archives[@]} -eq ${#documents[@]} ]

if [ -n "${PASSERELLE_CDA_CHECK:-}" ]; then
  "$PASSERELLE_CDA_CHECK" "${documents[@]}"
  echo "${#documents[@]} documents pass the check of CDA"
else
  echo "skipped: PASSERELLE_CDA_CHECK names no program that checks a CDA"
fi

if [ -n "${PASSERELLE_XDS_SCHEMA:-}" ]; then
  for archive in "${archives[@]}"; do
    python3 -c 'import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("IHE_XDM/SUBSET01/METADATA.XML"))' "$archive" |
      xmllint --noout --nonet --schema "$PASSERELLE_XDS_SCHEMA" -
  done
  echo "${#archives[@]} METADATA.XML are valid"
else
  echo "skipped: PASSERELLE_XDS_SCHEMA names no schema of ebRS"
fi
