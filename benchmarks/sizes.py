"""Sets of 1, 10 and 50 images per class by DM, one after the other or together: seconds of an update, taken in turns.

    OMP_NUM_THREADS=2 python benchmarks/sizes.py --rounds 3

Images of CIFAR10's size, random, since their values change no time. Written to results/sizes_cpu.json.
"""
import argparse
import json
import time
from dataclasses import replace
from statistics import median

import torch
from provenance import RESULTS, provenance, write

from dataset_condensation.all import condensing, from_tensors, gen
from dataset_condensation.distribution_matching import DM, Parts

SIZES = (1, 10, 50)


def update(states):
    start = time.perf_counter()
    next(states)
    return time.perf_counter() - start


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--net', default='convnet')
    args = p.parse_args()
    x = torch.randint(256, (4000, 3, 32, 32), dtype=torch.uint8, generator=gen(0))
    data = from_tensors(x, torch.arange(4000) % 10, x[:10], torch.arange(10), name='cifar10')
    how = dict(net=args.net, device='cpu', iterations=args.rounds + 1)
    runs = {n: condensing(data, 'dm', n, **how) for n in SIZES}
    runs['together'] = condensing(data, replace(DM, distance=Parts(SIZES)), sum(SIZES), **how)
    for r in runs.values(): next(r)
    rounds = [{str(k): update(r) for k, r in runs.items()} for _ in range(args.rounds)]
    apart = [sum(r[str(n)] for n in SIZES) for r in rounds]
    found = dict(apart=median(apart), together=median(r['together'] for r in rounds),
                 ratio=median(a / r['together'] for a, r in zip(apart, rounds)))
    write(RESULTS/'sizes_cpu.json', dict(settings=dict(vars(args), sizes=SIZES), rounds=rounds, median=found, provenance=provenance()))
    print(json.dumps(found))


if __name__ == '__main__': main()
