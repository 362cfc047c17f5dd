"""What other work on the machine costs an image update, with the ways in which torch's threads can wait for each other.

    python benchmarks/beside_others.py      # writes results/beside_others.json; start it on a quiet machine

Condenses the digits by gradient matching as `condense` does, in a process of its own each time: alone, beside processes
that keep half the cores busy, and beside one on every core. Ways and loads take turns, so that what else happens on the
machine meets all of them. Seconds are those of an update, what a run needs besides its updates left out.
"""
import argparse
import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from provenance import RESULTS, provenance, write

WAYS = {'as torch comes': {}, '10,000 turns': dict(GOMP_SPINCOUNT='10000'), '1,000 turns': dict(GOMP_SPINCOUNT='1000'),
        'no turns': dict(OMP_WAIT_POLICY='passive'), 'one thread': dict(OMP_NUM_THREADS='1')}
LOADS = dict(alone=0, half=max(1, os.cpu_count() // 2), all=os.cpu_count())
JOB = '''
import sys, time
from dataset_condensation.runs import condense
from dataset_condensation.image_folders import load_dataset
import dataset_condensation.gradient_matching

def seconds(n):
    start = time.perf_counter()
    condense(data, 'dc', ipc=1, iterations=n, real_batch=128, progress=False)
    return time.perf_counter() - start

data, n = load_dataset('digits'), int(sys.argv[1])
seconds(1)
short = seconds(1)
print((seconds(n + 1) - short) / n)
'''


def environment(way) -> dict:
    "This process's variables, without those that are compared, and with those of `way`"
    compared = {name for names in WAYS.values() for name in names}
    return {k: v for k, v in os.environ.items() if k not in compared} | WAYS[way]


@contextmanager
def busy(n):
    "Beside `n` processes that compute all the time"
    others = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(n)]
    try: yield
    finally:
        for p in others: p.kill()
        for p in others: p.wait()


def measure(way, load, updates) -> float:
    "Seconds of an update, the mean of `updates`"
    with busy(LOADS[load]):
        done = subprocess.run([sys.executable, '-c', JOB, str(updates)], env=environment(way), capture_output=True, text=True)
    if done.returncode: raise RuntimeError(f'measure: {way}, {load}: {done.stderr}')
    return float(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--updates', type=int, default=4, help='updates of a run that are timed (default: 4)')
    parser.add_argument('--rounds', type=int, default=3, help='runs of each way under each load (default: 3)')
    args = parser.parse_args()
    origin = provenance()
    runs = {load: {way: [] for way in WAYS} for load in LOADS}
    for k in range(args.rounds):
        for load in LOADS:
            for way in WAYS:
                runs[load][way].append(measure(way, load, args.updates))
                print(k, load, way, f'{runs[load][way][-1]:.2f}', flush=True)
    seconds = {load: {way: statistics.median(found) for way, found in ways.items()} for load, ways in runs.items()}
    write(args.results/'beside_others.json', dict(
        data='digits', settings=dict(method='dc', ipc=1, real_batch=128, updates=args.updates, rounds=args.rounds), provenance=origin,
        ways=WAYS, busy=LOADS, seconds=seconds, runs=runs))
    for way in WAYS: print(f'{way:>15}', *(f'{load} {seconds[load][way]:.2f}' for load in LOADS))


if __name__ == '__main__': main()
