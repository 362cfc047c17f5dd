"""A teacher's labels on condensed and on random images of mnist-sample, from several seeds: the table of chapter 20, measured again.

    OMP_NUM_THREADS=1 python benchmarks/soft_labels.py        # results/soft_labels_mnist-sample.json
    python benchmarks/soft_labels.py --tiny --results FOLDER  # seconds: does all of it run?

One image per class: random images, herding and DM, each with its classes and with the probabilities of a teacher that was trained
on everything, at temperatures 1 and 4. A seed has a teacher, sets and networks of its own, and is written as it ends.
"""
import argparse
from pathlib import Path

from provenance import RESULTS, each_seed

from dataset_condensation.all import accuracy, compare_labels, condense, load_dataset, random_set, train_recipe, whole_net

NET, HEATS = 'convnet-w16', (1, 4)
TEACHER = dict(epochs=8, lr=0.05, batch=64)


def measure(data, seed, updates, epochs):
    "Row → accuracy; each set with its classes, and with the teacher's labels at both temperatures"
    teacher = whole_net(data, NET, train_recipe('whole', **TEACHER), seed, progress=False)
    sets = dict(random=random_set(data, 1, seed),
                herding=condense(data, 'herding', 1, seed, net=NET, embedder=teacher),
                dm=condense(data, 'dm', 1, seed, net=NET, iterations=updates, real_batch=32, init='centroids', progress=False))
    found = dict(teacher=accuracy(teacher, data.test))
    for heat in HEATS:
        how = dict(net=NET, nets=2, recipe=train_recipe('dc', epochs=epochs), progress=False)
        for s in compare_labels(data, sets, teacher, heat, seed, **how).scores:
            name, soft, _ = s.name.partition(', soft')
            found[f'{name}, labels at {heat}' if soft else name] = s.mean
    for name, a in found.items(): print(f'seed {seed}  {name:22} {a:5.1f} %', flush=True)
    return dict(accuracies=found)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--seeds', type=int, default=3)
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--tiny', action='store_true')
    args = p.parse_args()
    data, updates, epochs = load_dataset('mnist-sample'), 1 if args.tiny else 60, 2 if args.tiny else 200
    path = args.results/'soft_labels_mnist-sample.json'
    settings = dict(net=NET, updates=updates, epochs=epochs, nets=2, teacher=TEACHER)
    new = dict(settings=settings, data=data.fingerprint(), runs={})
    each_seed(path, new, range(args.seeds), lambda seed: measure(data, seed, updates, epochs))


if __name__ == '__main__': main()
