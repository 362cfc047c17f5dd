"""One image per class for a linear head on a frozen backbone, on classes that the backbone has never seen.

    OMP_NUM_THREADS=1 python benchmarks/frozen.py                                  # digits: results/frozen_mnist-sample.json
    OMP_NUM_THREADS=1 python benchmarks/frozen.py cifar10-jpeg --root FOLDER       # photographs, FOLDER/cifar10-jpeg
    python benchmarks/frozen.py --tiny --results FOLDER                            # seconds: does all of it run?

A ConvNet is trained on half of the classes (digits 0 to 4; every other class of CIFAR10, all their images) and frozen. The other
half is condensed for it: `linear` without augmentation, `augmented`, and `random heads`, which draws a new head for every
update as published. Beside them stand one random image, the mean image, the real image nearest to the class's mean feature,
the mean features themselves (no images: five vectors), and all images. Each is scored by a linear probe on plain images, and
on eight augmented views of each. Every seed has a backbone of its own; that of seed 0 is written beside the result.
"""
import argparse
import time
from pathlib import Path
from statistics import mean, stdev

import torch
import torch.nn.functional as F
from provenance import RESULTS, each_seed
from safetensors.torch import save_file

from dataset_condensation.all import accuracy, condense, gen, load_dataset, make_net, random_set, train, train_recipe
from dataset_condensation.continual_learning import only_classes
from dataset_condensation.coresets import first_images
from dataset_condensation.data import ImageData
from dataset_condensation.frozen_backbones import Frozen, cached_features, probe
from dataset_condensation.training import get_compute

SEEN = {'mnist-sample': [0, 1, 2, 3, 4], 'cifar10-jpeg': [0, 2, 4, 6, 8]}
NET = {'mnist-sample': 'convnet-w32', 'cifar10-jpeg': 'convnet-w64'}
TRAINING = {'mnist-sample': dict(epochs=8, lr=0.03, batch=32, augment='dsa'), 'cifar10-jpeg': dict(epochs=12, lr=0.03, batch=64, augment='dsa')}
SPEED = {'mnist-sample': 'plain', 'cifar10-jpeg': 'bfloat16-training'}      # of the backbone's training
WAYS = dict(linear=dict(augment='none'), random_heads=dict(augment='none', iterations=300, outer=1, inner=0),
            augmented=dict(augment='dsa'))


def fewer(data, n):
    "At most n training images of each class"
    places = map(data.train.places, range(data.n_classes))
    idx = torch.cat([torch.arange(p.start, min(p.start + n, p.stop)) for p in places])
    return ImageData(data.train.subset(idx), data.test, data.name)


def mean_features(frozen, data):
    "Accuracy of the mean feature of each class as the weights of a head: no images, and nothing trained"
    z = cached_features(frozen, data.train)[0].split(data.train.counts.tolist())
    w = F.normalize(torch.stack([part.mean(0) for part in z]))
    best = (cached_features(frozen, data.test)[0] @ w.T).argmax(1)
    return 100 * (best == data.test.labels).float().mean().item()


def sets(new, frozen, seed, settings):
    "(name, set) of everything that is scored"
    yield 'random', random_set(new, 1, seed)
    yield 'mean image', first_images(new, 1, 'centroids', seed)
    yield 'nearest', condense(new, 'herding', 1, embedder=frozen(new.shape, new.n_classes), progress=False)
    for name, how in WAYS.items():
        if settings['tiny']: how = how | dict(iterations=1)
        yield name.replace('_', ' '), condense(new, 'linear', 1, seed=seed, net=frozen, progress=False, **how)
    yield 'all images', new


def measure(data, seed, settings, folder):
    "Accuracy of the probe on every set, of one backbone"
    seen = SEEN[data.name]
    old, new = only_classes(data, seen), only_classes(data, [c for c in range(10) if c not in seen])
    if settings['images']: old, new = fewer(old, settings['images']), fewer(new, settings['images'])
    net = make_net(settings['net'], old, generator=gen(seed, 'backbone'))
    train(net, old, train_recipe('whole', **settings['training']), gen(seed, 'backbone-order'), progress=False,
          compute=get_compute(SPEED[data.name], old, 'cpu', net=settings['net']))
    found, frozen = dict(backbone=accuracy(net, old.test), classes=new.classes), Frozen(net)
    if not seed: save_file(net.state_dict(), folder/f'frozen_backbone_{data.name}.safetensors')
    start = time.perf_counter()
    for name, small in sets(new, frozen, seed, settings):
        took, many = time.perf_counter() - start, 1 if small is new else 8
        found[name] = dict(plain=probe(small, frozen, new), augmented=probe(small, frozen, new, 'dsa', many), seconds=took)
        print(f"seed {seed}  {name:14} {found[name]['plain']:5.1f} %  {found[name]['augmented']:5.1f} % augmented  {took:4.0f} s", flush=True)
        start = time.perf_counter()
    found['mean features'] = dict(plain=mean_features(frozen, new))
    print(f"seed {seed}  mean features  {found['mean features']['plain']:5.1f} %", flush=True)
    return found


def summary(runs):
    "Mean and standard deviation over the seeds"
    names = [k for k, v in runs[0].items() if isinstance(v, dict) and 'plain' in v]
    def spread(values): return [mean(values), stdev(values) if len(values) > 1 else 0.]
    return {k: {way: spread([r[k][way] for r in runs]) for way in runs[0][k]} for k in names}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('data', nargs='?', default='mnist-sample', choices=list(SEEN))
    p.add_argument('--root', type=Path, help='folder with the data')
    p.add_argument('--seeds', type=int, default=3)
    p.add_argument('--first', type=int, default=0, help='seed to begin with, where several processes share the work')
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--tiny', action='store_true')
    args = p.parse_args()
    data = load_dataset(str(args.root/args.data) if args.root else args.data, progress=False)
    if args.root: data = ImageData(data.train, data.test, args.data)
    images = 200 if args.tiny else None
    training = TRAINING[args.data] | (dict(epochs=1) if args.tiny else {})
    settings = dict(net=NET[args.data], seen=SEEN[args.data], images=images, training=training, ways=WAYS, tiny=args.tiny)
    path = args.results/f'frozen_{args.data}.json'
    new = dict(settings=settings, data=dict(name=args.data, fingerprint=data.fingerprint()), runs={})
    each_seed(path, new, range(args.first, args.seeds), lambda seed: measure(data, seed, settings, args.results), summary)


if __name__ == '__main__': main()
