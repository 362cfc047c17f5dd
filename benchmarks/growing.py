"""Sets that grow and nest on mnist-sample, from several seeds: what the tables of chapter 19 measure once.

    OMP_NUM_THREADS=1 python benchmarks/growing.py        # results/growing_mnist-sample.json
    python benchmarks/growing.py --tiny --results FOLDER  # seconds: does all of it run?

One, two and five images per class: a set made for each size, the first images of the largest, a set that grows with its images
frozen, a nested one, herding. Then eight classes to which two are added, by DM and DC, beside all ten at once. A seed makes every
set anew, and trains two narrow networks on each. A seed is written as it ends.
"""
import argparse
from pathlib import Path

from provenance import RESULTS, each_seed

from dataset_condensation.all import add_classes, condense, evaluate, load_dataset, nested, only_classes, train_recipe, whole_net

NET, SIZES, EPOCHS = 'convnet-w16', (1, 2, 5), 60


def measure(data, seed, updates):
    "Row → accuracy, of one set of each kind"
    how = dict(seed=seed, net=NET, real_batch=32, init='centroids', progress=False)
    def worth(s): return evaluate(s, data, NET, 2, train_recipe('dc', epochs=EPOCHS), seed, progress=False).mean
    apart = {k: condense(data, 'dm', k, iterations=updates, **how) for k in SIZES}
    frozen = apart[1]
    for k in SIZES[1:]: frozen = condense(data, 'dm', k, keep=frozen, iterations=updates, **how)
    whole = condense(data, nested('dm', SIZES), SIZES[-1], iterations=len(SIZES) * updates, **how)
    chosen = condense(data, 'herding', SIZES[-1], seed, net=NET, embedder=whole_net(data, NET, seed=seed, progress=False))
    rows = {'a set for each size': apart.get, 'first of the largest': apart[SIZES[-1]].first, 'frozen': frozen.first,
            'nested': whole.first, 'herding': chosen.first}
    found = {f'{name}, {k}': worth(of(k)) for name, of in rows.items() for k in SIZES}
    for method in ('dm', 'dc'):
        eight = condense(only_classes(data, range(8)), method, 1, iterations=updates, **how)
        found[f'{method}, 8 + 2 classes'] = worth(add_classes(eight, data, method, 1, iterations=updates, **how))
        found[f'{method}, ten at once'] = worth(condense(data, method, 1, iterations=updates, **how))
    for name, a in found.items(): print(f'seed {seed}  {name:26} {a:5.1f} %', flush=True)
    return dict(accuracies=found)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--seeds', type=int, default=3)
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--tiny', action='store_true')
    args = p.parse_args()
    data, updates = load_dataset('mnist-sample'), 1 if args.tiny else 60
    path = args.results/'growing_mnist-sample.json'
    new = dict(settings=dict(net=NET, updates=updates, epochs=EPOCHS, nets=2), data=data.fingerprint(), runs={})
    each_seed(path, new, range(args.seeds), lambda seed: measure(data, seed, updates))


if __name__ == '__main__': main()
