"""What the mean and the length are worth: gradient levels and distances on the digits, one image per class.

    OMP_NUM_THREADS=1 python benchmarks/multi_level.py       # writes results/multi_level_digits.json

Every method makes `--sets` sets with the same settings: `--draws` random networks, five image updates on each
and ten passes of training between them, so that the inner loop matters at one image per class (published: one
update and no training). Scored under one recipe; and, for overfitting, the cross-entropy on real images at the
moment when that on the set first falls below 0.1 while a network learns from it.
A set's result is written as it ends, and sets that are there already are not computed again.
"""
import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from provenance import RESULTS, kept, provenance, write

from dataset_condensation.data import real_batch
from dataset_condensation.runs import condense
from dataset_condensation.coresets import random_set
from dataset_condensation.data import gen
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.gradient_matching import GradientMatching
from dataset_condensation.multi_level_matching import AngleMagnitude, Both, MultiLevelMatching, delving_settings
from dataset_condensation.networks import make_net
from dataset_condensation.training import evaluate, train_epoch

def multi_level(lam, mu): return MultiLevelMatching(AngleMagnitude(mu), Both(lam))

METHODS = dict(dc=multi_level(0., 0.), D=multi_level(0., 1.), M=multi_level(1., 0.), MD=multi_level(1., 1.),
               inter=GradientMatching(level='inter', settings=delving_settings),
               interleaved=GradientMatching(level='interleaved', settings=delving_settings))


def real_loss(small, data, net, seed, at=0.1, most=1000):
    "Cross-entropy on 600 real images when that on the set first falls below `at`; None if it never does"
    real = real_batch(data, range(data.n_classes), 60, lambda c: gen(seed, 'validation', c))
    net = make_net(net, data, generator=gen(seed, 'inner loop'))
    opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    for i in range(most):
        if train_epoch(net, small, opt, gen(seed, 'inner loop', i)) < at:
            with torch.no_grad(): return F.cross_entropy(net(real.x), real.y).item()


def one_set(data, method, seed, s) -> dict:
    "Make a set, score it, and everything that was measured"
    start, cpu = time.perf_counter(), time.process_time()
    if method == 'random': small = random_set(data, 1, seed)
    else: small = condense(data, METHODS[method], 1, seed=seed, net=s['net'], progress=False, **s['recipe'])
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    score = evaluate(small, data, s['net'], s['nets'], seed=seed)
    return dict(method=method, seed=seed, seconds=seconds, cpu_seconds=cpu, passes=small.info.get('passes', 0),
                accuracies=score.accuracies, mean=score.mean, real_loss=real_loss(small, data, s['net'], seed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--net', default='convnet-w32')
    for name, n in dict(draws=20, outer=5, inner=10, real_batch=64, sets=5, nets=5).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=int, default=n)
    args = parser.parse_args()
    settings = dict(net=args.net, nets=args.nets, recipe=dict(iterations=args.draws, outer=args.outer, inner=args.inner,
                                                              real_batch=args.real_batch))
    data, path = load_dataset('digits'), args.results/'multi_level_digits.json'
    rows = kept(path, dict(settings=settings, sets=[]))['sets']
    for seed in range(args.sets):
        for method in ('random', *METHODS):
            if (method, seed) in [(r['method'], r['seed']) for r in rows]: continue
            rows.append(one_set(data, method, seed, settings))
            write(path, dict(data='digits', ipc=1, settings=settings, provenance=provenance(), sets=rows))
            print({k: rows[-1][k] for k in ('method', 'seed', 'mean', 'real_loss', 'cpu_seconds')}, flush=True)


if __name__ == '__main__': main()
