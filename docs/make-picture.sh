#!/usr/bin/env bash
# Makes docs/window.png: the window on the sample study after the demo, reader 1 with a proposal on screen.
#   docs/make-picture.sh PROGRAM      (needs Xvfb, xdotool, scrot)
set -euo pipefail
program=$1; here=$(cd "$(dirname "$0")" && pwd); work=$(mktemp -d); export DISPLAY=:98 OSTEON_HOME=$work/home HOME=$work XDG_DATA_HOME=$work
"$program" demo --headless "$work/demo" >/dev/null
Xvfb :98 -screen 0 1440x900x24 -nolisten tcp >/dev/null 2>&1 & server=$!
sleep 2; "$program" open "$work/demo" >/dev/null 2>&1 & window=$!
trap 'kill $window $server 2>/dev/null' EXIT
sleep 6; xdotool windowfocus "$(xdotool search --name Osteon | tail -1)"
xdotool mousemove 520 304 click 1; sleep 4           # reader R1: the first exam that is not done opens
xdotool key shift+p; sleep 8; xdotool mousemove 590 330; sleep 12
scrot -o "$here/window.png"
