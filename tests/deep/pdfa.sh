#!/bin/bash
# veraPDF says whether readable copies are PDF/A-1b: tests/deep/pdfa.sh [FILE.pdf ...]
# Without files: the PDFs of the samples, and the copies that t_readable makes by hand, of every sample where the program
# is built, and of each level 3 document in the folders of PASSERELLE_CDA_EXAMPLES (parted by ":").
# Needs a JDK and Maven; veraPDF comes from Maven Central once and stays under build/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
judge=$here/../../build/pdfa

if ! cmp -s "$here/pdfa/pom.xml" "$judge/pom.xml"; then
  rm -rf "$judge"
  mvn --batch-mode --quiet --file "$here/pdfa/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$judge/jars"
  cp "$here/pdfa/pom.xml" "$judge"
fi

if [ $# -eq 0 ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
  build=${PASSERELLE_BUILD:-$here/../../build/ci}
  [ -x "$build/t_readable" ] || build=$here/../../build/dev
  mkdir "$out/samples" "$out/cda"
  for event in "$here"/../../samples/letters/*.{yaml,json}; do
    [ -x "$build/passerelle" ] && [ -e "$event" ] || continue
    name=$(basename "${event%.*}")
    "$build/passerelle" preview "$event" --out "$out/samples/$name" >/dev/null
    cp "$out/samples/$name"/0-*/document.xml "$out/cda/$name.xml"
  done
  export PASSERELLE_CDA_EXAMPLES="$out/cda${PASSERELLE_CDA_EXAMPLES:+:$PASSERELLE_CDA_EXAMPLES}"
  PASSERELLE_PDFA_OUT=$out "$build/t_readable" --gtest_brief=1 --gtest_filter=PdfCopy.LeavesItsCopiesForAJudge
  set -- "$here"/../../samples/letters/contents/*.pdf "$out"/*.pdf
fi
java -cp "$judge/jars/*" "$here/pdfa/PdfaCheck.java" "$@"
