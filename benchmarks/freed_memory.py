"""What it is worth that GNU's C library keeps freed memory: the same work in fresh processes, which take turns.

    OMP_NUM_THREADS=1 python benchmarks/freed_memory.py             # results/freed_memory.json
    python benchmarks/freed_memory.py --rounds 1 --results FOLDER   # does it run?

Each process condenses, or trains and tests a network, and says its processor seconds, its peak memory and how often the system
gave it a page. The median of the rounds is written. Linux only.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from provenance import RESULTS, peak_mib, provenance, write

CASES = {
    'dm, 1 image per class': dict(method='dm', ipc=1, iterations=20, real_batch=64, net='convnet-w32'),
    'dc, 1 image per class': dict(method='dc', ipc=1, iterations=20, real_batch=64, net='convnet-w32'),
    'dm in tiles, 10 per class': dict(method='dm', ipc=10, iterations=10, real_batch=64, net='convnet-w32', factor=2),
    'training and testing': None}
WAYS = ('given back', 'kept')


def work(case, way) -> dict:
    "In a process of its own: the case, and what it took"
    from dataset_condensation.__main__ import keep_memory
    if way == 'kept' and not keep_memory(): raise SystemExit('freed_memory: this needs the C library of GNU')
    import resource

    from dataset_condensation.all import condense, evaluate, load_dataset, random_set, train_recipe
    data, settings = load_dataset('mnist-sample'), CASES[case]
    start, pages = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    if settings: condense(data, progress=False, **settings)
    else:
        evaluate(random_set(data, 10), data, net='convnet-w32', nets=2, recipe=train_recipe('dc', epochs=60), progress=False)
    pages = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - pages
    return dict(seconds=time.process_time() - start, pages=pages, peak_mib=peak_mib())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--one', nargs=2, metavar=('CASE', 'WAY'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one: return print(json.dumps(work(*args.one)))
    free = {k: v for k, v in os.environ.items() if not k.startswith('MALLOC_')}
    rounds = {case: {way: [] for way in WAYS} for case in CASES}
    for _ in range(args.rounds):
        for case in CASES:
            for way in WAYS:
                done = subprocess.run([sys.executable, __file__, '--one', case, way], env=free, capture_output=True, text=True)
                if done.returncode: raise SystemExit(done.stderr)
                rounds[case][way].append(json.loads(done.stdout.splitlines()[-1]))
    cases = {case: {way: {k: median(r[k] for r in found[way]) for k in found[way][0]} for way in WAYS} for case, found in rounds.items()}
    for case, found in cases.items(): print(case, *(f'{way}: {found[way]["seconds"]:.1f} s' for way in WAYS), sep='   ')
    write(args.results/'freed_memory.json', dict(rounds=args.rounds, settings=CASES, cases=cases, provenance=provenance()))


if __name__ == '__main__': main()
