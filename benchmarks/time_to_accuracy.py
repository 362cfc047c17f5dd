"""Seconds until a set of one image per class is worth so much on MNIST, and what each means adds.

    python benchmarks/time_to_accuracy.py --root DATA          # results/time_to_accuracy_mnist.json, and the table
    python benchmarks/time_to_accuracy.py --table

Every row condenses `sets` sets with its settings; the seconds are of `condense` alone by the clock, on all cores, with all
that it compiles or draws (the data are loaded before). The set is scored by ConvNets of three blocks of 128 filters,
trained for 300 epochs without augmentation in float32. A set's result is written as it ends.
"""
import argparse
import time
from pathlib import Path
from statistics import mean, stdev

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import condense, evaluate, load_dataset

PUBLISHED = dict(dm=dict(iterations=200, real_batch=64), dc=dict(iterations=200, real_batch=64))
SHORT = dict(dm=dict(iterations=100, real_batch=32, init='centroids', image_lr=3.),
             dc=dict(iterations=50, real_batch=32, init='centroids', image_lr=0.5))
ROWS = {   # name: (method, sets, speed, network, settings)
    'dm: 200 updates at 64 real images, plain': ('dm', 1, 'plain', 'convnet', PUBLISHED['dm']),
    'dm: by hand': ('dm', 1, 'float32', 'convnet', PUBLISHED['dm']),
    'dm: by hand, bfloat16': ('dm', 1, 'bfloat16', 'convnet', PUBLISHED['dm']),
    'dm: … from class means, 100 updates at 32 real images, image lr 3': ('dm', 3, 'bfloat16', 'convnet', SHORT['dm']),
    'dm: … in networks of 64 filters': ('dm', 3, 'bfloat16', 'convnet-w64', SHORT['dm']),
    'dm: the last in float32': ('dm', 3, 'float32', 'convnet-w64', SHORT['dm']),
    'dm: … 200 updates at image lr 2, bfloat16': ('dm', 3, 'bfloat16', 'convnet-w64', dict(SHORT['dm'], iterations=200, image_lr=2.)),
    'dm: … 60 updates of four tiles in each image, image lr 3': ('dm', 3, 'bfloat16', 'convnet-w64',
                                                                 dict(SHORT['dm'], iterations=60, factor=2)),
    'class means alone': ('dm', 1, 'float32', 'convnet-w64', dict(SHORT['dm'], iterations=1, image_lr=0.)),
    'dc: 200 updates at 64 real images, by hand, bfloat16': ('dc', 1, 'bfloat16', 'convnet', PUBLISHED['dc']),
    'dc: … from class means, 50 updates at 32 real images, image lr 0.5': ('dc', 1, 'bfloat16', 'convnet', SHORT['dc']),
    'dc: … in networks of 64 filters': ('dc', 3, 'bfloat16', 'convnet-w64', SHORT['dc']),
    'dc: … 30 updates of four tiles in each image': ('dc', 3, 'bfloat16', 'convnet-w64', dict(SHORT['dc'], iterations=30, factor=2)),
}


def one_set(data, row, seed, nets):
    method, _, speed, net, settings = row
    start = time.perf_counter()
    small = condense(data, method, 1, seed=seed, net=net, speed=speed, progress=False, **settings)
    seconds = time.perf_counter() - start
    r = evaluate(small, data, 'convnet', nets, seed=seed, speed='float32')
    return dict(seed=seed, seconds=seconds, accuracies=r.accuracies, scoring_seconds=r.seconds, provenance=provenance())


def table(done):
    lines = [f'{"":72}{"seconds":>9}{"accuracy":>18}']
    for name, sets in done['rows'].items():
        means = [mean(s['accuracies']) for s in sets]
        spread = f' ± {stdev(means):.1f}' if len(means) > 1 else ''
        lines.append(f'{name:72}{mean(s["seconds"] for s in sets):>9.1f}{mean(means):>9.1f}{spread} ({len(sets)} sets)')
    return '\n'.join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--root', help='where MNIST is')
    p.add_argument('--nets', type=int, default=3)
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--only', default='', help='rows whose name contains this')
    p.add_argument('--table', action='store_true')
    args = p.parse_args()
    path = args.results/'time_to_accuracy_mnist.json'
    done = kept(path, dict(settings=dict(nets=args.nets, epochs=300), rows={}))
    if not args.table:
        data = load_dataset('mnist', root=args.root, progress=False)
        order = sorted(ROWS.items(), key=lambda r: r[1][3] == 'convnet' and r[1][4]['iterations'] > 100)
        for name, row in order:      # the short ones first
            if args.only not in name: continue
            for seed in range(row[1]):
                sets = done['rows'].setdefault(name, [])
                if seed < len(sets): continue
                sets.append(one_set(data, row, seed, args.nets))
                write(path, done)
                print(f'{name}: {sets[-1]["seconds"]:.1f} s, {mean(sets[-1]["accuracies"]):.1f} %', flush=True)
    done['rows'] = {k: done['rows'][k] for k in ROWS if k in done['rows']}
    write(path, done)
    print(table(done))


if __name__ == '__main__': main()
