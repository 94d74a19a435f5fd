#!/usr/bin/env bash
# Runs the program on the reference sets (images, agreement) and compares: tests/reference.sh PROGRAM SHARED
set -euo pipefail
program=$1; shared=$2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
python3 "$shared/reference/images/check_images.py" --program "$program" --data "$shared/data" \
  --expected "$shared/reference/images/expected.json" --strict
for case in "$shared"/reference/agreement/cases/*/; do
  name=$(basename "$case")
  "$program" agreement "$case"reader_*.nii.gz --json "$out/$name.json"
done
"$program" stats "$shared/reference/agreement/tables" --json "$out/tables.json"
python3 "$shared/reference/agreement/compare.py" "$shared/reference/agreement/expected" "$out" \
  --require majority,staple_binary,staple_multilabel,pairs,agreement,tables
