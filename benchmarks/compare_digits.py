"""Every method and baseline on the digits, under one recipe, at one and at ten images per class.

    OMP_NUM_THREADS=1 python benchmarks/compare_digits.py        # results/compare_digits_ipc1.json and …_ipc10.json

Each method makes `--sets` sets from its own seeds; on each set `--nets` networks are trained by the same recipe, for
methods and baselines alike. The published settings take hours, so the runs are short: how many random networks, how
many real images and which learning rate of the images stands in SHORT below, and in the result. A row is written as it
ends, and rows that are there already are not computed again.
"""
import argparse
from pathlib import Path

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import METHODS, Score, compare, evaluate, load_dataset, train_recipe
from dataset_condensation.condensation import Method

# Random networks, and the learning rate of the images. At ten images per class a network is asked ten times, and
# learns from the images in between; with fifteen networks in place of a thousand the steps have to be larger.
SHORT = {1: dict(gradient=dict(iterations=150), dm=dict(iterations=300)),
         10: dict(gradient=dict(iterations=15, image_lr=3.), dm=dict(iterations=300, image_lr=10.))}


def settings(name, ipc, real_batch) -> dict:
    "The settings of a method that are not the published ones; none for a choice of real images"
    if not isinstance(METHODS[name], Method): return {}
    return dict(SHORT[ipc]['dm' if name.startswith('dm') else 'gradient'], real_batch=real_batch)


def one_row(data, name, ipc, args) -> dict:
    "Make the sets, score them, and everything that was measured"
    options = settings(name, ipc, args.real_batch)
    quiet = dict(progress=False) if options else {}
    table = compare(data, [name], ipc, args.sets, args.nets, args.net, 'dc', None, {name: options | quiet})
    paper = METHODS[name].recipe(ipc, args.net, **options) if options else None
    recipe = {k: v if isinstance(v, (int, float, str)) else repr(v) for k, v in vars(paper).items()} if options else None
    return dict(table.scores[0].as_dict(), recipe=recipe, provenance=provenance())


def whole_row(data, args) -> dict:
    "Networks trained on everything"
    return dict(Score('whole set', [evaluate(data, data, args.net, args.nets, 'whole')]).as_dict(), recipe=None,
                provenance=provenance())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('methods', nargs='*', help='names (all if none)')
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--net', default='convnet-w64')
    parser.add_argument('--ipc', type=int, nargs='+', default=sorted(SHORT), choices=sorted(SHORT))
    for name, n in dict(sets=3, nets=5, real_batch=64).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=int, default=n)
    args, data = parser.parse_args(), load_dataset('digits')
    for ipc in args.ipc:
        path = args.results/f'compare_digits_ipc{ipc}.json'
        about = dict(data='digits', ipc=ipc, net=args.net, sets=args.sets, nets=args.nets, real_batch=args.real_batch,
                     evaluation=vars(train_recipe('dc')))
        done = kept(path, dict(about=about, scores=[]), 'about')
        for name in [*(args.methods or METHODS), 'whole set']:
            if name in [s['name'] for s in done['scores']]: continue
            row = whole_row(data, args) if name == 'whole set' else one_row(data, name, ipc, args)
            done['scores'].append(row)
            write(path, done)
            spread = {k: row[k] and round(row[k], 1) for k in ('mean', 'between_sets', 'between_nets', 'seconds')}
            print(ipc, name, spread, flush=True)


if __name__ == '__main__': main()
