"""Other networks, other choices: a cross-architecture table and an ablation on the digits, one image per class.

    OMP_NUM_THREADS=1 python benchmarks/studies.py cross     # results/cross_architecture_digits.json
    OMP_NUM_THREADS=1 python benchmarks/studies.py ablate    # results/ablate_digits.json

The runs are short (the published settings take hours); what they were stands in the result. A row is written as it
ends, and rows that are there already are not computed again.
"""
import argparse
import time
from pathlib import Path

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import ablate, cross_architecture, load_dataset, train_recipe

NETS = ['convnet-w64', 'mlp', 'lenet', 'resnet18']
OPTIONS = dict(dc=dict(iterations=40, real_batch=32, progress=False), dm=dict(iterations=100, real_batch=32, progress=False))
FACTORS = dict(width=[16, 32, 128], depth=[1, 3], act=['sigmoid', 'leakyrelu', 'swish'], norm=['nonorm', 'bn', 'ln', 'gn'],
               pool=['nopool', 'maxpool'], distance=['mse', 'cos', 'angle+magnitude'], levels=['inter', 'both', 'interleaved'],
               init=['real'], augment=['color', 'crop', 'cutout', 'scale', 'rotate', 'dsa'])


def cross(args, data, path):
    "Condense with each network, train each on it: a row is a method and the network it was made with"
    about = dict(data='digits', ipc=1, columns=NETS, sets=args.sets, nets=args.nets, options=OPTIONS,
                 evaluation=vars(train_recipe('dc')))
    rows = [('random', 'any')] + [(m, net) for m in OPTIONS for net in NETS]
    def one(method, net):
        table = cross_architecture(data, [method], [NETS[0] if net == 'any' else net], NETS, 1, args.sets, args.nets,
                                   options={method: OPTIONS.get(method, {})})
        return dict(scores=[s.as_dict() for s in table.scores[0]])
    fill(path, about, rows, one)


def choices(args, data, path):
    "The base, then one choice changed at a time"
    options = {k: v for k, v in OPTIONS['dc'].items() if k != 'progress'}
    about = dict(data='digits', ipc=1, method='dc', net=NETS[0], sets=args.sets, nets=args.nets, options=options,
                 evaluation=vars(train_recipe('dc')))
    rows = [('base', None)] + [(factor, value) for factor, values in FACTORS.items() for value in values]
    def one(factor, value):
        factors = {} if factor == 'base' else {factor: [value]}
        table = ablate(data, 'dc', 1, NETS[0], args.sets, args.nets, options=options, base=not factors, **factors)
        return dict(scores=[table.scores[-1].as_dict()])
    fill(path, about, rows, one)


def fill(path, about, rows, one):
    "Compute the rows that are not in `path` yet, and write each as it ends"
    done = kept(path, dict(about=about, rows=[]), 'about')
    for row in rows:
        if list(row) in [r['row'] for r in done['rows']]: continue
        start = time.process_time()
        found = one(*row)
        done['rows'].append(dict(row=list(row), **found, cpu_seconds=time.process_time() - start, provenance=provenance()))
        write(path, done)
        print(*row, [round(s['mean'], 1) for s in found['scores']], round(done['rows'][-1]['cpu_seconds']), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('study', choices=['cross', 'ablate'])
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--sets', type=int, default=2)
    parser.add_argument('--nets', type=int, default=2)
    args, data = parser.parse_args(), load_dataset('digits')
    if args.study == 'cross': cross(args, data, args.results/'cross_architecture_digits.json')
    else: choices(args, data, args.results/'ablate_digits.json')


if __name__ == '__main__': main()
