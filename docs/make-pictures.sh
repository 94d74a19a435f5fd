#!/usr/bin/env bash
# Makes docs/guide/*.png from the pictures that the tests take of the program:
#   cargo test --test ui --test film && docs/make-pictures.sh      (the film needs Xvfb, xdotool and scrot; this, python3 with pillow)
set -euo pipefail
cd "$(dirname "$0")/.."
shots=target/ui-shots film=target/tmp/film
mkdir -p docs/guide
take() { # NAME PICTURE [GREYS]: 48 greys, the window's own colours and 200 more keep the repository small; greys and colours are chosen
  # apart and the levels are named, so that each keeps its colour however few pixels it has
  python3 -W ignore - "$2" "docs/guide/$1.png" "${3:-48}" <<'PY'
import sys
from PIL import Image
picture = Image.open(sys.argv[1]).convert("RGB")
coloured = [c for c in picture.getdata() if max(c) - min(c) > 24]
row = Image.new("RGB", (max(len(coloured), 1), 1))
row.putdata(coloured or [(0, 0, 0)])
count = int(sys.argv[3])
colours = row.quantize(248 - count, method=Image.Quantize.FASTOCTREE).getpalette()[: 3 * (248 - count)]
greys = [v for n in range(count) for v in (round(n * 255 / (count - 1)),) * 3]
named = bytes.fromhex("40e0d0 4278e6 fadc46 b9a3ff d98c3f 6fbf73")  # levels 1, 2, 3; accent, look again, done
palette = Image.new("P", (1, 1))
palette.putpalette(greys + list(named) + colours)
picture.quantize(palette=palette, dither=Image.Dither.NONE).save(sys.argv[2], optimize=True)
PY
  [ "$(stat -c %s "docs/guide/$1.png")" -le 250000 ] || { echo "docs/guide/$1.png is larger than 250 kB" >&2; exit 1; }
}
take who-reads "$shots/who-reads.png"
take import "$shots/import.png"
take read "$film"/*-slice-8.png
take outline "$(ls "$film"/*-bones.png | sed -n 3p)"
take four-panes "$film"/*-four-panes.png
take models "$shots/models_training.png"
take review "$shots/review.png"
take compare "$shots/compare.png"
take help "$shots/help.png"
take conditions "$shots/manners-pattern.png" 226   # its greys are what it is about
for page in submit protocol atlas calibration sacroiliac audit score score_table; do take "$page" "$shots/$page.png"; done
