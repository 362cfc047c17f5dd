"""Make the sets that come with the package: condense, store in few bits, score the stored file.

    python tools/publish_sets.py --root FOLDER                    # all of them; FOLDER holds MNIST/raw
    python tools/publish_sets.py digits-dm-ipc1 digits-dm-ipc10   # some
    python tools/publish_sets.py cifar10-jpeg-experts-ipc1 --root FOLDER --to release    # one that isn't part of the package

Each becomes a folder dataset_condensation/published/NAME with small.png (the images, recipe, seed, and where it was made) and
score.json (the score card of that file; MNIST's are scored briefly, on the 1,000 test images of mnist-sample). What is there
already is left alone; --force makes it again. The sets of CIFAR10, whose authors name no license, go to a folder for a release
(--to), which `load_published(folder)` reads; their score cards also go to results/released_sets.json, for the gallery.
"""
import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'benchmarks'))

from provenance import RESULTS, provenance, write  # noqa: E402

import dataset_condensation as dc  # noqa: E402

HOME, BUDGET = ROOT/'dataset_condensation'/'published', '40kB'
DIGITS = dict(net='convnet-w32', init='centroids', real_batch=64, iterations=150)
MNIST = dict(net='convnet-w64', init='centroids', real_batch=32, speed='bfloat16')
SCORED = dict(architectures=['convnet-w32', 'mlp', 'lenet'], nets=3)
# The sets of the table of `--method auto`, chapter 17, and how they are scored
BRIEFLY = dict(architectures=['convnet-w32'], nets=3, recipe=dc.train_recipe('dc', epochs=100), rates=None, augment=None,
               whole=dc.train_recipe('whole', epochs=4, batch=32))
COLOR = dict(architectures=['convnet-w64'], nets=2, recipe=dc.train_recipe('dc', epochs=300), rates=None, whole=None)
SETS = {
    'digits-dm-ipc1': ('digits', 'dm', 1, DIGITS | dict(image_lr=1.), SCORED),
    'digits-dm-ipc10': ('digits', 'dm', 10, DIGITS | dict(image_lr=10.), SCORED),
    'mnist-dm-tiles-ipc1': ('mnist', 'dm', 1, MNIST | dict(image_lr=3., factor=2, iterations=60), BRIEFLY),
    'mnist-dm-ipc10': ('mnist', 'dm', 10, MNIST | dict(image_lr=10., iterations=60), BRIEFLY)}
RELEASED = {'cifar10-jpeg-experts-ipc1': ('cifar10-jpeg', 'experts', 1, dict(net='convnet-w64', speed='bfloat16-all'), COLOR)}
KNOWN = SETS | RELEASED


def load(name, root):
    if name.endswith('-jpeg'): return dc.load_dataset(f'{root}/{name}', progress=False)
    return dc.load_dataset(name, root=root, progress=False) if root else dc.load_dataset(name)


def make(name, root, home, seed=0):
    "Write small.png"
    source, method, ipc, settings, _ = KNOWN[name]
    data, start = load(source, root), time.perf_counter()
    small = dc.condense(data, method, ipc, seed, progress=False, **settings)
    kept = {k: small.info[k] for k in ('method', 'data', 'ipc', 'seed', 'recipe', 'speed', 'factor') if k in small.info}
    kept['published'] = dict(provenance(), seconds=round(time.perf_counter() - start, 1))
    small = dc.SyntheticSet(small.stored, small.stored_labels, small.classes, small.mean, small.std, kept)
    (home/name).mkdir(parents=True, exist_ok=True)
    small.save(home/name/'small.png', budget=BUDGET)


def score(name, root, home, seed=0):
    "Write score.json"
    source, *_, scored = KNOWN[name]
    data = load('mnist-sample' if scored is BRIEFLY else source, root)
    card = dc.score(home/name/'small.png', data, progress=False, seed=seed, **scored)
    card.save(home/name/'score.json')
    print(f'{name}: {card.line()}', flush=True)


def tell(name, home):
    "Put the score card of a set for a release, and where it's from, beside the other results"
    file = RESULTS/'released_sets.json'
    sets = json.loads(file.read_text(encoding='utf-8')) if file.exists() else {}
    card = json.loads((home/name/'score.json').read_text(encoding='utf-8'))
    sets[name] = dict(made=dc.SyntheticSet.load(home/name/'small.png').info['published'], card=card)
    write(file, sets)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('names', nargs='*', default=list(SETS), metavar='NAME', help=f'any of {", ".join(KNOWN)}')
    p.add_argument('--root', help='Folder of the data')
    p.add_argument('--to', type=Path, default=HOME, help='folder of the sets (default: that of the package)')
    p.add_argument('--force', action='store_true')
    args = p.parse_args()
    for name in args.names:
        if name in RELEASED and args.to == HOME: p.error(f'{name} is no part of the package; say --to FOLDER')
        if args.force or not (args.to/name/'small.png').exists(): make(name, args.root, args.to)
        if args.force or not (args.to/name/'score.json').exists(): score(name, args.root, args.to)
        if name in RELEASED: tell(name, args.to)


if __name__ == '__main__': main()
