#!/usr/bin/env bash
# Makes docs/guide/*.png from the pictures that the tests take of the program:
#   cargo test --test ui --test film && docs/make-pictures.sh      (the film needs Xvfb, xdotool and scrot; this, python3 with pillow)
set -euo pipefail
cd "$(dirname "$0")/.."
shots=target/ui-shots film=target/tmp/film
mkdir -p docs/guide
take() { # NAME PICTURE: 48 greys and the 80 commonest colours are enough for a dark window, and keep the repository small
  python3 -W ignore - "$2" "docs/guide/$1.png" <<'PY'
import sys
from collections import Counter
from PIL import Image
picture = Image.open(sys.argv[1]).convert("RGB")
coloured = Counter(c for c in picture.getdata() if max(c) - min(c) > 24)
greys = [(round(n * 255 / 47),) * 3 for n in range(48)]
palette = Image.new("P", (1, 1))
palette.putpalette([v for c in greys + [c for c, _ in coloured.most_common(80)] for v in c])
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
take conditions "$shots/manners-pattern.png"
for page in submit protocol atlas calibration sacroiliac audit score score_table; do take "$page" "$shots/$page.png"; done
