"""Ten classes of photographs of 64×64, one to three images of each: everything a user would try on a folder, in one table.

    OMP_NUM_THREADS=1 python benchmarks/photographs.py FOLDER           # results/photographs.json; FOLDER is TinyImageNet's
    python benchmarks/photographs.py FOLDER --tiny --results ELSEWHERE  # does all of it run?

FOLDER ships with `train/` and a flat `val/`; ten of its classes are taken, with their images in `val/` for testing. In a narrow network
and a short run: random images, herding, centers and all images beside a set by DM, on a score card; DM in tiles beside random images in
tiles; ten kilobytes; eight classes to which two are added; the first image of a nested set; a teacher's labels on DM and on random
images; and one image per class for a linear layer on a frozen network that was trained on the other five classes. A seed makes
everything anew, and is written as it ends. About two minutes of one core for each.
"""
import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from provenance import RESULTS, each_seed

from dataset_condensation.all import (SyntheticSet, accuracy, add_classes, condense, evaluate, load_dataset, nested, only_classes, random_set,
                                      score, soft_labels, train_recipe, whole_net)
from dataset_condensation.bytes import within
from dataset_condensation.coresets import first_images
from dataset_condensation.data import ImageData
from dataset_condensation.frozen_backbones import Frozen, probe

CLASSES = {'n01641577': 'bullfrog', 'n02124075': 'cat', 'n02132136': 'brown bear', 'n02279972': 'monarch', 'n02802426': 'basketball',
           'n04146614': 'school bus', 'n07749582': 'lemon', 'n07873807': 'pizza', 'n07920052': 'espresso', 'n09246464': 'cliff'}
NET, HEAT, BUDGET = 'convnet-w16', 4, '10kB'
FULL = dict(updates=30, epochs=60, whole=4, nets=1, linear=5)
TINY = dict(updates=1, epochs=2, whole=1, nets=1, linear=1)


def ten_classes(folder):
    "Ten classes of TinyImageNet by links, with its flat val/ as it is"
    with TemporaryDirectory() as tmp:
        for c in CLASSES:
            (place := Path(tmp)/'photographs'/'train'/c).parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(Path(folder).resolve()/'train'/c)
        (Path(tmp)/'photographs'/'val').symlink_to(Path(folder).resolve()/'val')
        return load_dataset(Path(tmp)/'photographs', progress=False, in_memory=True)


def whole_recipe(s): return train_recipe('whole', epochs=s['whole'], lr=0.03, batch=64, augment='dsa')


def measure(data, seed, s):
    "Part → what it was worth, in percent of the test images if not said otherwise"
    found, start = {}, time.process_time()
    def note(**rows):
        found.update({k.replace('_', ' '): v for k, v in rows.items()})
        for k, v in rows.items(): print(f'seed {seed}  {k.replace("_", " "):28} {v:8.3g}', flush=True)
    how = dict(seed=seed, net=NET, real_batch=32, init='centroids', progress=False)
    recipe = train_recipe('dc', epochs=s['epochs'])
    def worth(small): return evaluate(small, data, NET, s['nets'], recipe, seed, progress=False).mean
    dm = condense(data, 'dm', 1, iterations=s['updates'], **how)
    card = score(dm, data, [NET], s['nets'], recipe, whole_recipe(s), rates=None, augment=None, seed=seed, progress=False)
    rows = next(iter(card.accuracies.values()))
    note(**{('dm' if k == 'this set' else k): sum(v) / len(v) for k, v in rows.items()}, **{k: v[0] for k, v in card.scores.items()})

    note(dm_in_tiles=worth(condense(data, 'dm', 1, iterations=s['updates'], factor=2, **how)),
         random_in_tiles=worth(condense(data, 'random', 1, seed, factor=2)))

    with TemporaryDirectory() as folder:
        plan = within(data, BUDGET)
        big = condense(data, 'dm', plan.ipc, iterations=s['updates'], **how)
        path = big.save(Path(folder)/'small.png', budget=BUDGET)
        note(dm_in_10kB=worth(SyntheticSet.load(path)), dm_before_rounding=worth(big), bytes=path.stat().st_size, per_class=plan.ipc)

    eight = condense(only_classes(data, range(8)), 'dm', 1, iterations=s['updates'], **how)
    note(eight_classes_and_two_added=worth(add_classes(eight, data, 'dm', 1, iterations=s['updates'], **how)))

    teacher, luck = whole_net(data, NET, whole_recipe(s), seed, progress=False), random_set(data, 1, seed)
    note(teacher=accuracy(teacher, data.test), random_with_classes=worth(luck), random_with_teacher=worth(soft_labels(luck, teacher, HEAT)),
         dm_with_teacher=worth(soft_labels(dm, teacher, HEAT)))

    old, new = only_classes(data, range(0, 10, 2)), only_classes(data, range(1, 10, 2))
    frozen = Frozen(whole_net(old, NET, whole_recipe(s), seed, progress=False))
    near = condense(new, 'herding', 1, seed, embedder=frozen(new.shape, new.n_classes), progress=False)
    linear = condense(new, 'linear', 1, seed=seed, net=frozen, augment='none', iterations=s['linear'], progress=False)
    sets = dict(random=random_set(new, 1, seed), mean_image=first_images(new, 1, 'centroids', seed), nearest=near, linear=linear,
                all_images=new)
    note(**{f'probe_{k}': probe(v, frozen, new) for k, v in sets.items()})

    few = condense(data, nested('dm', (1, 3)), 3, iterations=2 * s['updates'], **how)
    three = condense(data, 'dm', 3, iterations=s['updates'], **how)
    note(nested_first_of_three=worth(few.first(1)), first_of_three=worth(three.first(1)),
         nested_three=worth(few), three=worth(three), random_three=worth(random_set(data, 3, seed)))
    return dict(accuracies=found, cpu_seconds=time.process_time() - start)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('folder', type=Path, help="TinyImageNet's folder, with train/ and val/")
    p.add_argument('--seeds', type=int, default=3)
    p.add_argument('--first', type=int, default=0, help='seed to begin with, where several processes share the work')
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--tiny', action='store_true')
    args = p.parse_args()
    settings, data = TINY if args.tiny else FULL, ten_classes(args.folder)
    data = ImageData(data.train, data.test, 'photographs')
    path = args.results/'photographs.json'
    about = dict(name='ten classes of TinyImageNet', classes=CLASSES, train=len(data.train), test=len(data.test),
                 shape=list(data.shape), fingerprint=data.fingerprint())
    new = dict(settings=settings | dict(net=NET, temperature=HEAT, budget=BUDGET), data=about, runs={})
    each_seed(path, new, range(args.first, args.seeds), lambda seed: measure(data, seed, settings))


if __name__ == '__main__': main()
