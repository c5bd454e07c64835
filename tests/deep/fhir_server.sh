#!/bin/bash
# Every letter, and every state of orientations, enrolments and circles, delivered twice to a FHIR server that is not ours,
# where one is at hand:
#   PASSERELLE_FHIR_SERVER  a program that serves FHIR R4 and executes transactions; fhir_server.py says with which options
# Skipped, and said so, when it is not named or there is no Java to run it.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${PASSERELLE_FHIR_SERVER:-}" ]; then
  echo "skipped: PASSERELLE_FHIR_SERVER names no FHIR server"
elif ! command -v java >/dev/null; then
  echo "skipped: there is no Java to run the FHIR server"
else
  tests/e2e/environment.sh
  build/venv/bin/python tests/deep/fhir_server.py
  build/venv/bin/python tests/deep/fhir_care.py
fi
