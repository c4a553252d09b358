#!/usr/bin/env bash
# Renders the pictures of this folder from scenarios that come with the program: into the folder
# that is named, or into this one. The same bytes each time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here}
lab=$here/../target/release/faultlab

picture() {
    "$lab" render "$2" --at "$3" --size "$4" --svg "$to/$1.svg"
}

picture leader-crash leader-crash 5.6s 120x36
picture leader-cut-off leader-cut-off 6.2s 160x48
picture one-term-two-leaders amnesia-double-vote 8s 120x36
picture majority-crash majority-crash 8s 80x24
