"""MNIST at one image per class: short runs of each method under one recipe.

    python benchmarks/mnist_ipc1.py --root FOLDER dc random          # FOLDER/MNIST/raw holds MNIST

Each method condenses `--sets` sets by `--updates` image updates with `--real-batch` real images of each class
(the published numbers are far larger), in ConvNet-3 of width 128; on each set `--nets` networks are trained
for `--epochs` epochs without augmentation. A set's result is written as it ends, and sets that are there
already are not computed again: results/mnist_ipc1_METHOD.json.
"""
import argparse
import time
from pathlib import Path
from statistics import mean, stdev

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import condense, evaluate, load_dataset, train_recipe
from dataset_condensation.condensation import Method
from dataset_condensation.names import get_method


def one_set(data, method, seed, args) -> dict:
    "Condense with one seed, score, and everything that was measured"
    options = dict(iterations=args.updates, real_batch=args.real_batch) if isinstance(get_method(method), Method) else {}
    start = time.perf_counter()
    small = condense(data, method, 1, seed=seed, **options)
    seconds = time.perf_counter() - start
    score = evaluate(small, data, 'convnet', args.nets, train_recipe('dc', epochs=args.epochs), seed=seed)
    first, last = (small.losses[i].item() for i in (0, -1)) if len(small.losses) else (None, None)
    return dict(seed=seed, condense_seconds=seconds, evaluate_seconds=score.seconds, accuracies=score.accuracies, mean=score.mean,
                first_loss=first, last_loss=last, recipe=small.info.get('recipe'), provenance=provenance())


def summary(sets: list) -> dict:
    "Mean over sets, the spread between them, and the spread between networks on one set"
    means, spreads = [s['mean'] for s in sets], [stdev(s['accuracies'])**2 for s in sets if len(s['accuracies']) > 1]
    return dict(mean=mean(means), between_sets=stdev(means) if len(means) > 1 else None,
                between_nets=mean(spreads)**.5 if spreads else None, seconds_per_set=mean(s['condense_seconds'] for s in sets))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('methods', nargs='+')
    parser.add_argument('--root', required=True, help='folder with MNIST/raw')
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    for name, n in dict(updates=200, real_batch=64, sets=3, nets=3, epochs=300).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=int, default=n)
    args = parser.parse_args()
    data = load_dataset('mnist', root=args.root)
    settings = {k: getattr(args, k) for k in ('updates', 'real_batch', 'nets', 'epochs')}
    for method in args.methods:
        path = args.results/f'mnist_ipc1_{method}.json'
        done = kept(path, dict(settings=settings, sets=[]))
        for seed in range(args.sets):
            if seed in [s['seed'] for s in done['sets']]: continue
            done['sets'].append(one_set(data, method, seed, args))
            recipe = train_recipe('dc', epochs=args.epochs).as_dict()
            write(path, dict(data='mnist', method=method, ipc=1, net='convnet', settings=settings, evaluation=recipe,
                             **summary(done['sets']), sets=done['sets']))
            print(method, seed, {k: v for k, v in summary(done['sets']).items()}, flush=True)


if __name__ == '__main__': main()
