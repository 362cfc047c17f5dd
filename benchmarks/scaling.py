"""Accuracy against images per class, for random images, herding and distribution matching, up to the whole set.

    OMP_NUM_THREADS=1 python benchmarks/scaling.py digits                   # results/scaling_digits.json
    OMP_NUM_THREADS=1 python benchmarks/scaling.py mnist --root FOLDER      # results/scaling_mnist.json

At each size all three are scored under one recipe, whose passes fall with the size so that small and large sets get
about as many updates (`recipe` below; it stands in the result). Distribution matching makes `--iterations` updates with
`--real-batch` real images of each class, and a learning rate of the images that grows with their number, since the
gradient of a mean falls with it. A point is written as it is known, and points that are there are not computed again.
"""
import argparse
import time
from pathlib import Path

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import Score, condense, evaluate, load_dataset
from dataset_condensation.coresets import whole_net
from dataset_condensation.training import TrainRecipe

SIZES = dict(digits=[1, 2, 5, 10, 20, 50, 100], mnist=[1, 10, 50, 100, 200])
METHODS = ['random', 'herding', 'dm']
WHOLE = dict(digits=TrainRecipe(40, batch=64), mnist=TrainRecipe(5, batch=64))      # to train on everything
EMBEDDER = dict(digits=TrainRecipe(20), mnist=TrainRecipe(2, batch=64))             # to measure herding's distances


def recipe(ipc): return TrainRecipe(max(60, min(300, 3000 // ipc)), batch=64)


def point(data, method, ipc, args) -> dict:
    "Make the sets of one method and size, score them, and everything that was measured"
    start, made = time.process_time(), []
    for seed in range(args.sets):
        options = {}
        if method == 'dm': options = dict(iterations=args.iterations, real_batch=args.real_batch, image_lr=float(ipc), progress=False)
        if method == 'herding': options = dict(embedder=embedder(data, args, seed))
        made.append(condense(data, method, ipc, seed, args.net, **options))
    seconds = time.process_time() - start
    scored = [evaluate(s, data, args.net, args.nets, recipe(ipc), seed) for seed, s in enumerate(made)]
    return dict(Score(method, scored, seconds).as_dict(), ipc=ipc, cpu_seconds=time.process_time() - start, provenance=provenance())


def embedder(data, args, seed, cache={}):
    "The network in whose embedding herding chooses, trained once for each seed"
    if seed not in cache: cache[seed] = whole_net(data, args.net, EMBEDDER[args.data], seed)
    return cache[seed]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', choices=sorted(SIZES))
    parser.add_argument('--root', help='folder with MNIST/raw')
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--net', default='convnet-w32')
    for name, n in dict(sets=2, nets=2, iterations=300, real_batch=64).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=int, default=n)
    args = parser.parse_args()
    if args.data == 'mnist' and not args.root: parser.error('mnist needs --root')
    data = load_dataset(args.data, root=args.root) if args.root else load_dataset(args.data)
    path = args.results/f'scaling_{args.data}.json'
    settings = {k: getattr(args, k) for k in ('net', 'sets', 'nets', 'iterations', 'real_batch')}
    about = dict(data=args.data, **settings, recipes={str(n): vars(recipe(n)) for n in SIZES[args.data]},
                 whole=vars(WHOLE[args.data]), embedder=vars(EMBEDDER[args.data]))
    done = kept(path, dict(about=about, points=[]), 'about')
    todo = [(m, n) for n in SIZES[args.data] for m in METHODS] + [('whole set', None)]
    for method, ipc in todo:
        if (method, ipc) in [(p['name'], p['ipc']) for p in done['points']]: continue
        if ipc: found = point(data, method, ipc, args)
        else:
            start = time.process_time()
            score = Score(method, [evaluate(data, data, args.net, args.nets, WHOLE[args.data])])
            found = dict(score.as_dict(), ipc=None, cpu_seconds=time.process_time() - start, provenance=provenance())
        done['points'].append(found)
        write(path, done)
        print(method, ipc, round(found['mean'], 1), f'{found["cpu_seconds"]:.0f} s', flush=True)


if __name__ == '__main__': main()
