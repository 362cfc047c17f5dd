"""What checkpoints cost: the share of a run's time that goes into writing them.

    OMP_NUM_THREADS=1 python benchmarks/resume_cost.py      # writes results/resume_cost.json

Condenses the digits with a checkpoint due every second, several times by different methods, and adds up the time
spent in taking and writing checkpoints, the first and the last included, and in putting networks aside for them.
"""
import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from provenance import RESULTS, provenance, write

import dataset_condensation.runs as runs
from dataset_condensation.checkpoints import Checkpoints
from dataset_condensation.runs import condense
from dataset_condensation.image_folders import load_dataset

RUNS = dict(dc=dict(ipc=1, iterations=60, real_batch=64), delving=dict(ipc=10, iterations=2, outer=4, real_batch=32),
            dm=dict(ipc=10, iterations=150, real_batch=64))


def measure(data, method, every, **settings) -> dict:
    "Run with checkpoints and time them"
    spent, sizes = dict(save=0., aside=0.), []

    def timed(name, f):
        def run(*args):
            start = time.perf_counter()
            result = f(*args)
            spent[name] += time.perf_counter() - start
            if name == 'save': sizes.append(result.stat().st_size)
            return result
        return run

    with (TemporaryDirectory() as folder, patch.object(runs, 'save_checkpoint', timed('save', runs.save_checkpoint)),
          patch.object(runs, 'put_aside', timed('aside', runs.put_aside))):
        start = time.perf_counter()
        condense(data, method, progress=False, checkpoint=Checkpoints(folder, every=every), **settings)
        seconds = time.perf_counter() - start
    return dict(method=method, settings=settings, every=every, seconds=seconds, checkpoints=len(sizes), bytes=max(sizes),
                saving=spent['save'], putting_aside=spent['aside'], share=sum(spent.values()) / seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--every', type=float, default=1., help='seconds from one checkpoint to the next (default: 1)')
    parser.add_argument('--short', action='store_true', help='a tenth of the updates, to try the script')
    args = parser.parse_args()
    data, rows = load_dataset('digits'), []
    for method, settings in RUNS.items():
        if args.short: settings = dict(settings, iterations=max(1, settings['iterations'] // 10), net='convnet-w16')
        rows.append(measure(data, method, args.every, **settings))
        print(json.dumps(rows[-1]), flush=True)
    write(args.results/'resume_cost.json', dict(data='digits', provenance=provenance(), runs=rows))


if __name__ == '__main__': main()
