"""Continual learning: classes in steps with a bounded memory, and tasks that one network learns in turn.

    OMP_NUM_THREADS=1 python benchmarks/continual.py            # results/continual_digits.json
    OMP_NUM_THREADS=1 python benchmarks/continual.py --steps 1 --orders 3 --methods random dm dc dsa    # …_steps1.json
    OMP_NUM_THREADS=1 python benchmarks/continual.py --tasks    # results/continual_tasks.json; MNIST by name

The published settings take hours on a GPU; the runs here are short, and what they were stands in the result. Every step
is kept in `--work` as it ends, so an interrupted run goes on; rows that are in the result are not computed again.
"""
import argparse
import time
from pathlib import Path

from provenance import RESULTS, ROOT, provenance, write

from dataset_condensation.all import TrainRecipe, load_dataset, train_recipe
from dataset_condensation.continual_learning import Continual, continual, continual_tasks, fewer, load_tasks

# 150 networks for matching features, 10 for matching gradients, each asked once for each image that a class may keep
DIGITS = dict(dm=dict(iterations=150, real_batch=64, image_lr=5.), dc=dict(iterations=10, real_batch=64, image_lr=1.),
              dsa=dict(iterations=10, real_batch=64, image_lr=1.))
TASKS = dict(dm=dict(iterations=100, real_batch=64, image_lr=10.), herding=dict(recipe=TrainRecipe(epochs=5, lr=0.03)))


def digits(args, folder, methods):
    "Five images of each class kept"
    return continual(load_dataset('digits'), methods, args.steps, 5, args.orders, args.nets, args.net, train_recipe('dc', epochs=150),
                     options={m: DIGITS[m] for m in methods if m in DIGITS}, folder=folder, progress=True)


def tasks(args, folder, methods):
    "MNIST, the digits scaled up to it, MNIST turned by 90 degrees; ten images of each class kept"
    found = [fewer(t, args.train, args.test) for t in load_tasks(args.names, (1, 28, 28), download=args.download)]
    return continual_tasks(found, methods, 10, sets=args.sets, nets=args.nets, net=args.net, folder=folder, progress=True,
                           recipe=train_recipe('whole', epochs=args.epochs, lr=0.03),
                           options={m: TASKS[m] for m in methods if m in TASKS})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--tasks', action='store_true', help='the second protocol: data sets in turn')
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--work', type=Path, default=ROOT/'runs', help='where every step is kept')
    parser.add_argument('--methods', nargs='+', help='names')
    parser.add_argument('--net', default='convnet-w32')
    parser.add_argument('--steps', type=int, default=5, help='steps in which the ten classes come')
    parser.add_argument('--orders', type=int, default=5, help='orders of the classes')
    parser.add_argument('--nets', type=int, help='networks (default: 3, with --tasks 2)')
    parser.add_argument('--names', nargs='+', default=['mnist', 'digits', 'mnist@90'], help='with --tasks: which')
    parser.add_argument('--download', action='store_true', help='with --tasks: fetch what is not there')
    for name, n in dict(sets=1, train=150, test=100, epochs=6).items():
        parser.add_argument(f'--{name}', type=int, default=n, help='with --tasks')
    args = parser.parse_args()
    kind, study = ('tasks', tasks) if args.tasks else ('digits', digits)
    if args.steps != 5: kind += f'_steps{args.steps}'
    methods = args.methods or (['random', 'herding', 'dm'] if args.tasks else ['random', 'herding', 'kcenter', 'dm', 'dc', 'dsa'])
    args.nets = args.nets or (2 if args.tasks else 3)
    path, folder, start = args.results/f'continual_{kind}.json', args.work/f'continual-{kind}', time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists() and not (folder/'continual.json').exists(): Continual.load(path).save(folder/'continual.json')
    for n in range(1, len(methods) + 1):
        found = study(args, folder, methods[:n])
        write(path, dict(found.as_dict(), seconds=time.perf_counter() - start, provenance=provenance()))
    print(found)


if __name__ == '__main__': main()
