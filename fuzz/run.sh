#!/usr/bin/env bash
# Runs a fuzz target: fuzz/run.sh nifti|dicom|study_file|weights [MINUTES]. Needs nightly Rust, g++ and cargo-fuzz (`cargo install cargo-fuzz`).
set -euo pipefail
cd "$(dirname "$0")"
target=$1; minutes=${2:-20}
corpus=corpus/$target
mkdir -p "$corpus"
# Seeds: small files of the shared data where they are there, else nothing but the fuzzer's own luck.
shared="${OSTEON_SHARED:-../../shared}"
if [ -d "$shared/data" ]; then
  case $target in
    nifti)
      find "$shared/data" \( -name '*.nii' -o -name '*.hdr' \) -size -40k -print0 | while IFS= read -r -d '' f; do
        { printf '\0'; cat "$f"; } > "$corpus/seed-$(basename "$f")"; done
      find "$shared/data" -name '*.nii.gz' -size -40k -print0 | while IFS= read -r -d '' f; do
        { printf '\1'; cat "$f"; } > "$corpus/seed-$(basename "$f")"; done ;;
    dicom)
      find "$shared/data/dicom" "$shared/data/mri" -type f -size -300k -print0 | while IFS= read -r -d '' f; do
        cp "$f" "$corpus/seed-$(basename "$(dirname "$f")")-$(basename "$f")"; done ;;
  esac
fi
if [ "$target" = weights ]; then
  # The repository's own cases; as zip entries carry sums, the first byte of an input says whether the rest is a whole file (0)
  # or the pickle within one (1).
  for f in ../tests/cases/interchange/*.pt ../tests/cases/interchange/*.pth ../tests/cases/interchange/*unet_batch.safetensors; do
    { printf '\0'; cat "$f"; } > "$corpus/seed-$(basename "$f")"
    python3 - "$f" "$corpus" <<'PICKLE' || true
import os, sys, zipfile
try:
    with zipfile.ZipFile(sys.argv[1]) as z:
        for name in z.namelist():
            if name.endswith("data.pkl"):
                open(os.path.join(sys.argv[2], "pickle-" + os.path.basename(sys.argv[1])), "wb").write(b"\1" + z.read(name))
except zipfile.BadZipFile:
    pass
PICKLE
  done
fi
program="${OSTEON:-../target/debug/osteon}"
if [ "$target" = study_file ] && [ -x "$program" ] && [ -d "$shared/data" ]; then
  # A study with one imported mask, made by the program itself.
  home=$(mktemp -d)
  "$program" study init "$home/s"
  "$program" study import "$home/s" "$shared/data/labels/knee-right-7.nii.gz" --link "$home/link.jsonl"
  exam=$(ls "$home/s/exams" | head -1)
  reader=$(grep -m1 -o 'R[0-9]' "$home/s/study.toml")
  "$program" study import-mask "$home/s" "$shared/data/labels/knee-right-7.nii.gz" --exam "$exam" --reader "$reader" \
    --map 4=1,5=2,6=3,7=1
  { printf '\0'; cat "$home/s/reads/$reader/$exam/1.sqlite"; } > "$corpus/seed-read"
  { printf '\2'; cat "$home/s/study.toml"; } > "$corpus/seed-protocol"
  { printf '\3'; sed "s/$exam/K-001/" "$home/s/exams/$exam/exam.json"; } > "$corpus/seed-exam"
  { printf '\3'; cat "$home/link.jsonl"; } > "$corpus/seed-link"
  rm -rf "$home"
fi
exec cargo +nightly fuzz run --fuzz-dir . --release "$target" "$corpus" -- \
  -max_total_time=$((minutes * 60)) -timeout=20 -rss_limit_mb=2048 -max_len=400000 -print_final_stats=1
