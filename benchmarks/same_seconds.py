"""All images for the seconds that a small set takes: what a network reaches that is trained on them instead.

    OMP_NUM_THREADS=1 python benchmarks/same_seconds.py --root FOLDER --seconds 110 370 --seeds 3

CIFAR10 as JPEG files, FOLDER/cifar10-jpeg/train and …/test, with DSA's augmentation, steps of 0.03 in batches of 128, in bfloat16 or
at another --speed. As many epochs as fit into the seconds, at the pace of a few batches; the learning rate falls after half of them.
Seconds are those of the processor. Written to results/same_seconds.json after each network; what is there isn't computed again.
"""
import argparse
import time
from dataclasses import replace
from pathlib import Path

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import accuracy, gen, load_dataset, make_net, train, train_recipe
from dataset_condensation.training import get_compute

RECIPE = train_recipe('whole', epochs=1, lr=0.03, batch=128, augment='dsa')


def epoch_seconds(data, net, compute, batches=30) -> float:
    "Processor seconds of an epoch, by some batches after a first few"
    few = lambda n: data.train.subset(range(n * RECIPE.batch))
    probe = make_net(net, data, generator=gen(0, 'probe'))
    train(probe, few(5), RECIPE, gen(0, 'probe'), False, compute)
    start = time.process_time()
    train(probe, few(batches), RECIPE, gen(0, 'probe'), False, compute)
    return (time.process_time() - start) / batches * len(data.train) / RECIPE.batch


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--root', type=Path, required=True)
    p.add_argument('--seconds', type=int, nargs='+', default=[110, 370])
    p.add_argument('--seeds', type=int, default=3)
    p.add_argument('--net', default='convnet-w64')
    p.add_argument('--speed', default='bfloat16-training')
    args = p.parse_args()
    file = RESULTS/'same_seconds.json'
    found = kept(file, dict(settings=dict(data='cifar10-jpeg', recipe=RECIPE.as_dict(), speed='bfloat16-training'), networks=[]))
    usual = found['settings']['speed']
    done = {(n['net'], n.get('speed', usual), n['within'], n['seed']) for n in found['networks']}
    data = load_dataset(args.root/'cifar10-jpeg', progress=False)
    compute = get_compute(args.speed, data, net=args.net)
    pace = epoch_seconds(data, args.net, compute)
    for seed in range(args.seeds):
        for within in args.seconds:
            if (args.net, args.speed, within, seed) in done: continue
            recipe = replace(RECIPE, epochs=max(1, round(within / pace)))
            net, start = make_net(args.net, data, generator=gen(seed, 'whole')), time.process_time()
            train(net, data.train, recipe, gen(seed, 'whole-order'), False, compute)
            took = time.process_time() - start
            row = dict(net=args.net, speed=args.speed, within=within, seed=seed, epochs=recipe.epochs, seconds=round(took, 1),
                       accuracy=accuracy(net, data.test), provenance=provenance())
            found['networks'].append(row)
            write(file, found)
            print({k: row[k] for k in row if k != 'provenance'}, flush=True)


if __name__ == '__main__': main()
