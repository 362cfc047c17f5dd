#!/bin/bash
# bash benchmarks/gpu/run.sh [all|smoke|speed|paper] [minutes of paper] [archive of CIFAR10-JPEG]; see README.md beside it
set -u
here=$(cd "$(dirname "$0")" && pwd); root=$(cd "$here/../.." && pwd)
what=${1:-all}; minutes=${2:-6}; archive=${3:-${ARCHIVE:-$root/data/cifar10-jpeg.tar.xz}}; FLAGS=${FLAGS:-}
tmp=${TMPDIR:-/tmp}/dataset-condensation-gpu; python=${PYTHON:-python3}; data=$tmp/cifar10-jpeg.pt
[ ! -f "$archive" ] || data=$tmp/cifar10-jpeg-$(cksum < "$archive" | cut -d' ' -f1).pt
export OUT=${OUT:-$root/runs/gpu} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
export TORCHINDUCTOR_CACHE_DIR=$tmp/inductor TRITON_CACHE_DIR=$tmp/triton
case $what in all|smoke|speed|paper) ;; *) echo "run.sh: '$what', expected all, smoke, speed or paper"; exit 2;; esac
mkdir -p "$OUT" "$tmp"
[ -e "$root/.git" ] || [ -n "${COMMIT:-}" ] || echo "run.sh: no .git here; set COMMIT, or the results say 'unknown'"
command -v nvidia-smi > /dev/null && nvidia-smi --query-gpu=name,memory.total,clocks.sm,clocks.mem,temperature.gpu --format=csv,noheader | tee "$OUT/gpu.txt"

case $what in all|paper)     # beside the smoke test
    rm -f "$data.failed"
    if [ -f "$data" ]; then :
    elif [ -f "$archive" ]; then ($python "$here/kit.py" "$archive" "$data" > "$tmp/unpack.txt" 2>&1 || touch "$data.failed") &
    else touch "$data.failed"; case $FLAGS in *--tiny*) ;; *) echo "run.sh: no archive of CIFAR10-JPEG at $archive, so no rows of the papers";; esac; fi;; esac
case $what in all|smoke)
    $python "$here/smoke.py" $FLAGS ${SMOKE:-} > "$OUT/smoke.txt" 2>&1
    grep -v '^ok\|^skipped' "$OUT/smoke.txt" | cut -c1-400; cp "$OUT/smoke.json" "$tmp/smoke.json";; esac
case $what in all|speed)
    $python "$here/speed.py" $FLAGS ${SPEED:-} > "$OUT/speed.txt" 2>&1; sed -n '/^ceilings$/,$p' "$OUT/speed.txt" | cut -c1-200;; esac
case $what in all|paper)
    $python "$here/paper.py" $FLAGS ${PAPER:-} --data "$data" --minutes "$minutes" 2>&1 | cut -c1-300 | tail -40; [ ! -s "$tmp/unpack.txt" ] || cat "$tmp/unpack.txt";; esac
exit 0
