#!/bin/bash
# What leaves for all samples: held to our own rules, and judged by programs of others where they are at hand:
#   PASSERELLE_CDA_CHECK    a program that takes CDA files and succeeds when they conform (the official schematrons)
#   PASSERELLE_XDS_SCHEMA   lcm.xsd of ebRS 3.0, for METADATA.XML
#   PASSERELLE_FHIR_CHECK   a program that takes FHIR files and succeeds when they conform to the profiles that they claim
#                           (the HL7 validator with PDSm 3.1.1), for the bundles of ITI-65 and the documents of ITI-105
# What is not named is skipped, and said so.
set -euo pipefail
shopt -s extglob
cd "$(dirname "$0")/../.."
program=${PASSERELLE_PROGRAM:-build/ci/passerelle}
[ -x "$program" ] || program=build/dev/passerelle
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

mkdir "$out/config"
cp deploy/config/policy.yaml "$out/config"
sed 's/^    #form: ITI65$/    form: ITI105/' deploy/config/passerelle.yaml >"$out/config/iti105.yaml"
grep -q 'form: ITI105' "$out/config/iti105.yaml"
for event in samples/{letters,orientation,enrolment,circle}/*.yaml samples/letters/*.json; do
  # These go on from an event before them, which only a ledger knows; the goldens have their like.
  [[ $event != */@(lettre-au-cercle|depart|fin-de-parcours).yaml ]] || continue
  name=$(basename "${event%.*}")
  "$program" preview "$event" --out "$out/iti65/$name"
  "$program" preview "$event" --out "$out/iti105/$name" --config "$out/config/iti105.yaml"
done
# One for each event: all its recipients get the same bytes.
mapfile -t documents < <(find "$out/iti65" -name document.xml | sort | awk -F/ '!seen[$(NF - 2)]++')
mapfile -t archives < <(find "$out/iti65" -name IHE_XDM.zip | sort)
mapfile -t bundles < <(find "$out" \( -path '*-dmp-demo/*.json' -o -path '*/iti65/*-territoire-demo/*.json' \) ! -name issues.json | sort)
mapfile -t mails < <(find "$out/iti65" -name message.eml | sort)
[ ${#documents[@]} -gt 0 ] && [ ${#archives[@]} -gt 0 ] && [ ${#bundles[@]} -gt 0 ] && [ ${#mails[@]} -gt 0 ]

"$program" check "${documents[@]}" "${archives[@]}" "${mails[@]}"
echo "${#documents[@]} documents, ${#archives[@]} archives and ${#mails[@]} mails pass our own check"

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

if [ -n "${PASSERELLE_FHIR_CHECK:-}" ]; then
  "$PASSERELLE_FHIR_CHECK" "${bundles[@]}"
  echo "${#bundles[@]} bundles and DocumentReferences pass the check of FHIR"
  mapfile -t care < <(find tests/golden/fhir-care -name '*.json' | sort)
  [ ${#care[@]} -gt 0 ]
  "$PASSERELLE_FHIR_CHECK" "${care[@]}"
  echo "${#care[@]} orientations, enrolments and circles pass the check of FHIR"
else
  echo "skipped: PASSERELLE_FHIR_CHECK names no program that checks FHIR"
fi
