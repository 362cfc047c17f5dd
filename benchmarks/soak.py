"""Does a long run grow? Resident memory while thousands of updates go by, on the digits.

    OMP_NUM_THREADS=1 python benchmarks/soak.py       # writes results/soak.json

Two runs, each in a process of its own. `dm`: 2,000 updates by distribution matching, each in a new random network,
scored every 100 (a network trained for 300 epochs). `dc`: 300 updates by gradient matching with ten passes of network
training between them, scored every 100. Memory is read after every 50th (dc: 10th) update. The first tenth of a run
is warming up: libraries load, allocators fill their pools. From there on these are written down: the growth to the
last reading; that between the medians of the first and of the last quarter of the readings, since single ones jump by
a few MiB, whenever the allocator gives pages back; and the slope of the line through all readings and through the
second half. What a run keeps by design is the loss of every update; `losses_mib` is what so many tensors of one number
take, measured by making a hundred times as many. Where the system does not say how much a process holds now (no
/proc), the most it has held stands in, which can only be larger.
"""
import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path
from statistics import linear_regression, median

from provenance import RESULTS, provenance, write

RUNS = dict(
    dm=dict(method='dm', read_every=50, evaluate_every=100, net='convnet-w16', nets=1,
            recipe=dict(iterations=2000, real_batch=64)),
    dc=dict(method='dc', read_every=10, evaluate_every=100, net='convnet-w16', nets=1,
            recipe=dict(iterations=30, outer=10, inner=10, real_batch=64)))


def resident() -> float:
    "MiB of memory this process holds"
    statm = Path('/proc/self/statm')
    if statm.exists(): return int(statm.read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 2**10)


def soak(settings) -> dict:
    "Run, and what was read"
    from dataset_condensation.all import condensing, evaluate, load_dataset
    s, start = settings, time.perf_counter()
    data, readings, scores = load_dataset('digits'), [], []
    for state in condensing(data, s['method'], 1, net=s['net'], device='cpu', **s['recipe']):
        if state.step % s['evaluate_every'] == 0:
            scores.append(evaluate(state.set(), data, s['net'], s['nets'], device='cpu').mean)
        if state.step % s['read_every'] == 0: readings.append((state.step, round(resident(), 2)))
    seconds, before = round(time.perf_counter() - start), resident()
    many = [state.losses[-1].clone() for _ in range(100*len(state.losses))]
    losses = (resident() - before) / len(many) * len(state.losses)
    return dict(losses_mib=round(losses, 2), accuracies=scores, seconds=seconds, provenance=provenance(),
                readings=readings)


def figures(readings) -> dict:
    "Growth after the first tenth, and the slope of the line through what follows"
    last = readings[-1][0]
    after = [(step, mib) for step, mib in readings if step >= last/10]
    slope = lambda points: round(1000*linear_regression(*zip(*points)).slope, 2)
    middle = lambda points: median(mib for _, mib in points)
    part = max(1, len(after)//4)
    return dict(from_update=after[0][0], to_update=last, growth_mib=round(after[-1][1] - after[0][1], 2),
                growth_of_medians_mib=round(middle(after[-part:]) - middle(after[:part]), 2),
                mib_per_1000_updates=slope(after), mib_per_1000_updates_second_half=slope(after[len(after)//2:]),
                most_mib=max(mib for _, mib in readings))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='*', default=list(RUNS), help=', '.join(RUNS))
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    args, context, done = parser.parse_args(), multiprocessing.get_context('spawn'), {}
    for name in args.runs:
        with context.Pool(1) as pool: result = pool.apply(soak, (RUNS[name],))
        done[name] = dict(settings=RUNS[name], **figures(result['readings']), **result)
        print(name, {k: v for k, v in done[name].items() if 'mib' in k or k == 'seconds'}, flush=True)
        write(args.results/'soak.json', dict(data='digits', ipc=1, runs=done))


if __name__ == '__main__': main()
