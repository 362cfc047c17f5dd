"""An update on a CPU: class by class by hand, in the plain way, and as one program; seconds, taken in turns.

    OMP_NUM_THREADS=2 python benchmarks/one_program.py --rounds 3

Images of CIFAR10's size, ten per class, 64 real images of each class, the ConvNet of width 64. Written to
results/one_program_cpu.json. A program is made for a GPU; this says what it costs where there is none.
"""
import argparse
import json
import time
from statistics import median

import torch
from provenance import RESULTS, provenance, write

from dataset_condensation.all import Speed, condensing, first_images, evaluate, from_tensors, gen, train_recipe

WAYS = dict(plain='plain', float32='float32', program=Speed(whole=True))
METHODS = dict(dm=dict(iterations=100), dc=dict(iterations=1, outer=100, inner=0), dsa=dict(iterations=1, outer=100, inner=0),
               delving=dict(iterations=1, outer=100, inner=0))


def took(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--rounds', type=int, default=3)
    args, net = p.parse_args(), 'convnet-w64'
    x = torch.randint(256, (2000, 3, 32, 32), dtype=torch.uint8, generator=gen(0))
    data = from_tensors(x, torch.arange(2000) % 10, x[:100], torch.arange(100) % 10, name='cifar10')
    cases = {}
    for m, how in METHODS.items():
        runs = {w: condensing(data, m, 10, net=net, real_batch=64, device='cpu', speed=s, **how) for w, s in WAYS.items()}
        for r in runs.values(): next(r)
        cases[f'update, {m}'] = [{w: took(lambda: next(r)) for w, r in runs.items()} for _ in range(args.rounds)]
    small, brief = first_images(data, 10, 'real'), train_recipe('dsa', epochs=4)
    cases['score of 3 networks'] = [{w: took(lambda: evaluate(small, data, net, 3, brief, device='cpu', speed=s)) for w, s in WAYS.items()}
                                    for _ in range(args.rounds)]
    found = {k: dict(rounds=rounds, median={w: median(r[w] for r in rounds) for w in WAYS},
                     ratio={w: median(r['float32'] / r[w] for r in rounds) for w in WAYS}) for k, rounds in cases.items()}
    write(RESULTS/'one_program_cpu.json', dict(settings=dict(vars(args), net=net, real_batch=64, ipc=10), cases=found, provenance=provenance()))
    print(json.dumps({k: v['ratio'] for k, v in found.items()}, indent=1))


if __name__ == '__main__': main()
