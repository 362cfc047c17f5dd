"""How many times as fast two cores make and train on a set as one: the same work in fresh processes, which take turns.

    python benchmarks/two_cores.py          # results/two_cores.json, which `reproduce.py --recommend` reads
    python benchmarks/two_cores.py --rounds 1 --results FOLDER --short   # does it run?

Images of noise, 32×32 with three channels, since only the seconds count: updates of DM in 3×3 tiles at one and at ten images per
class, and an epoch as experts have it, in float32. A ratio is that of the medians. On a machine that does something else meanwhile
it means nothing.
"""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from provenance import RESULTS, provenance, write

CASES = {'dm in tiles, 1 per class': (1, 30), 'dm in tiles, 10 per class': (10, 8), 'training': (0, 40)}    # images, updates


def work(case, short) -> float:
    "In a process of its own: seconds of the case"
    import torch

    from dataset_condensation.all import TrainRecipe, condensing, from_tensors, make_net, train
    from dataset_condensation.data import gen
    ipc, updates = CASES[case]
    if short: updates = 2
    n = max(128 * updates if not ipc else 1000, 1000)
    pixels, y = torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=gen(0, 'noise')), torch.arange(n) % 10
    data = from_tensors(pixels, y, pixels[:100], y[:100])
    if ipc:
        run = condensing(data, 'dm', ipc, net='convnet-w64', factor=3, init='real', real_batch=32, iterations=updates + 1, speed='float32')
        next(run)                            # the first update has more to do
        start = time.perf_counter()
        for _ in run: pass
        return time.perf_counter() - start
    net, start = make_net('convnet-w64', data), time.perf_counter()
    train(net, data.train, TrainRecipe(epochs=1, batch=128, augment='dsa'), progress=False)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--short', action='store_true', help='two updates')
    parser.add_argument('--one', metavar='CASE', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one: return print(work(args.one, args.short))
    if (os.cpu_count() or 1) < 2: raise SystemExit('two_cores: this machine has one')
    seconds = {case: {1: [], 2: []} for case in CASES}
    for _ in range(args.rounds):
        for case, found in seconds.items():
            for threads, taken in found.items():
                done = subprocess.run([sys.executable, __file__, '--one', case, *['--short'] * args.short], capture_output=True, text=True,
                                      env=os.environ | dict(OMP_NUM_THREADS=str(threads)))
                if done.returncode: raise SystemExit(done.stderr)
                taken.append(float(done.stdout.splitlines()[-1]))
    ratio = {case: median(found[1]) / median(found[2]) for case, found in seconds.items()}
    for case, times in ratio.items(): print(f'{case}: {times:.2f} times as fast on two cores')
    write(args.results/'two_cores.json', dict(rounds=args.rounds, net='convnet-w64', seconds=seconds, ratio=ratio, provenance=provenance()))


if __name__ == '__main__': main()
