"""Accuracy against bytes: condensed sets of few bits, real images in the same file format, and real JPEGs, within the same budgets.

    python benchmarks/bytes_curve.py mnist --root FOLDER              # results/bytes_mnist.json
    python benchmarks/bytes_curve.py cifar10-jpeg --root FOLDER --budgets 10000 30000

A way to spend a budget: as `condense --budget` does, DM for 60 updates from centers of clusters, as many images as surely fit, of the
most bits that fit (`dm`); the same planned for b bits for each pixel (`dm 2 bits`); rounded to those in every update (`dm 2 bits, straight-through`); with float32 pixels, as a safetensors file has them (`dm float32`); random real images
in a PNG of b bits (`random 8 bits`); random real images as JPEGs of a quality (`random JPEG 30`). Every way stores as many images per
class as fit: bytes are those of the file, except for JPEG, where all images are on one sheet, of which the tables that all JPEG files
share are not counted. Nothing else is counted for JPEGs, and their quality is not chosen on other images: both are in their favor.
A row is written as it ends; --minutes stops between rows.
"""
import argparse
import io
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from provenance import RESULTS, kept, provenance, write
from reproduce import load

from dataset_condensation.all import SyntheticSet, condense, evaluate, random_set, train_recipe
from dataset_condensation.bytes import StraightThrough, within

NET, EPOCHS = 'convnet-w32', 100
WAYS = {1: ['dm', 'random 1 bits', 'random JPEG 10', 'dm float32', 'dm 8 bits', 'dm 1 bits, straight-through', 'random 2 bits',
            'random JPEG 30', 'dm 1 bits', 'dm 2 bits', 'dm 4 bits', 'random 8 bits'],
        3: ['dm', 'random 2 bits', 'random JPEG 10', 'dm 24 bits', 'dm 4 bits', 'dm 2 bits, straight-through', 'random 4 bits',
            'random JPEG 30', 'dm 8 bits', 'random 24 bits', 'dm float32']}


def jpegs(small, quality, data):
    "The images as one JPEG sheet would keep them, and its bytes without tables"
    x = (255 * small.pixels).round().byte().movedim(1, -1).numpy()
    n, h, w, _ = x.shape
    block = 8 if x.shape[-1] == 1 else 16
    x = np.pad(x, ((0, 0), (0, -h % block), (0, -w % block), (0, 0)), mode='edge')
    def save(a):
        Image.fromarray(a.squeeze(-1) if a.shape[-1] == 1 else a).save(file := io.BytesIO(), 'JPEG', quality=quality)
        return file.getvalue()
    (_, high, wide, c), k = x.shape, data.n_classes
    sheet = x.reshape(-1, k, high, wide, c).swapaxes(1, 2).reshape(-1, k * wide, c)
    raw, empty = save(sheet), save(np.zeros_like(x[0]))
    back = np.asarray(Image.open(io.BytesIO(raw))).reshape(-1, high, k, wide, c).swapaxes(1, 2).reshape(x.shape)
    pixels = torch.from_numpy(back[:, :h, :w].copy()).movedim(-1, 1).float() / 255
    return SyntheticSet(data.normalize(pixels), small.labels, data.classes, data.mean, data.std), len(raw) - len(empty)


def condensed(data, ipc, seed, **how):
    big = dict(image_lr=3. if ipc == 1 else 10., net=NET, real_batch=32, init='centroids', iterations=60)
    return condense(data, 'dm', ipc, seed, progress=False, **big | how)


def spend(way, data, budget, seed):
    "The set that a way makes of a budget, and its bytes; None where not even one image per class fits"
    kind, what = (*way.split(), '')[:2]
    with TemporaryDirectory() as folder:
        file = Path(folder)/'small.png'
        if what == 'JPEG':
            made, fits = (jpegs(random_set(data, n, seed), int(way.split()[-1]), data) for n in range(1, 1000)), None
            for small, size in made:
                if size > budget: return fits
                fits = small, size
        if what == 'float32':
            ipc = int(budget / (4 * np.prod(data.shape) * data.n_classes))
            return (small := condensed(data, ipc, seed), small.stored.nbytes) if ipc else None
        bits = int(what) if what else None
        try: plan = within(data, budget, bits)
        except ValueError: return None
        if kind == 'random':
            def fits(ipc): return random_set(data, ipc, seed).save(file, bits=bits).stat().st_size <= budget
            ipc = plan.ipc        # real images compress better than a plan may count on
            while fits(ipc + max(1, ipc // 8)): ipc += max(1, ipc // 8)
            small = random_set(data, ipc, seed)
        else:
            more = dict(image_opt=partial(StraightThrough, bits=bits)) if 'straight' in way else {}
            small = condensed(data, plan.ipc, seed, **more)
        small.save(file, **dict(budget=budget) if kind == 'dm' and 'straight' not in way else dict(bits=bits))
        return SyntheticSet.load(file), file.stat().st_size


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('data', choices=['mnist', 'cifar10-jpeg', 'digits', 'mnist-sample'])
    p.add_argument('--root')
    p.add_argument('--budgets', type=int, nargs='+')
    p.add_argument('--ways', nargs='+', metavar='WAY', help='Some of the ways (default: all)')
    p.add_argument('--seeds', type=int, nargs='+', default=[0])
    p.add_argument('--nets', type=int, default=2)
    p.add_argument('--minutes', type=float, default=600)
    p.add_argument('--device', default='cpu')
    p.add_argument('--results', type=Path, default=RESULTS)
    args = p.parse_args()
    data, start = load(args.data, args), time.time()
    budgets = args.budgets or ([3000, 10_000, 30_000] if data.shape[0] == 1 else [10_000, 30_000])
    path = args.results/f'bytes_{args.data}.json'
    done = kept(path, dict(settings=dict(net=NET, nets=args.nets, epochs=EPOCHS, iterations=60), rows=[]))
    have = [(r['way'], r['budget'], r['seed']) for r in done['rows']]
    for seed, way, budget in ((s, w, b) for s in args.seeds for w in args.ways or WAYS[data.shape[0]] for b in budgets):
        if (way, budget, seed) in have: continue
        if time.time() - start > 60 * args.minutes: break
        if (made := spend(way, data, budget, seed)) is None: continue
        small, size = made
        found = evaluate(small, data, NET, args.nets, train_recipe('dc', epochs=EPOCHS), seed, device=args.device, progress=False)
        row = dict(way=way, budget=budget, seed=seed, bytes=int(size), ipc=small.ipc[0], accuracies=found.accuracies)
        done['rows'].append(row | dict(provenance=provenance()))
        write(path, done)
        print(f'{way:30} {budget:7,} bytes: {size:7,}, {small.ipc[0]:3} per class, {found.mean:.1f} %', flush=True)


if __name__ == '__main__': main()
