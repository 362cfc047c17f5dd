"""Condense with a ConvNet, train everything else: the papers' networks on sets of one image per class.

    python benchmarks/cross_architecture.py mnist --root FOLDER             # results/cross_architecture_mnist.json
    python benchmarks/cross_architecture.py cifar10-jpeg --root FOLDER      # FOLDER holds train/CLASS and test/CLASS
    python benchmarks/cross_architecture.py mnist --root FOLDER --device cuda --published   # the papers' settings

The runs are short so that a CPU can make them: from class means, with larger steps of the images, in networks of 64 filters
and with 16-bit convolutions; what they were stands in the result. The networks that are scored are trained in 16 bits as
well (results/precision.json: the same within a fraction of a point) and tested on --tests images of each class.
A cell (set × network) is written as it ends, and cells that are there are not computed again.
"""
import argparse
import time
from pathlib import Path
from statistics import mean

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import condense, evaluate, load_dataset
from dataset_condensation.continual_learning import fewer
from dataset_condensation.gpu_training import Speed

NETS = dict(mnist=['mlp', 'convnet', 'lenet', 'alexnet', 'vgg11', 'resnet18'],
            **{'cifar10-jpeg': ['convnet', 'mlp', 'lenet', 'alexnet', 'vgg11', 'resnet18', 'convnet-bn', 'alexnet-bn', 'vgg11-bn', 'resnet18-bn']})
SHORT = dict(dm=dict(iterations=200, real_batch=32, init='centroids', image_lr=2., net='convnet-w64'),
             dc=dict(iterations=50, real_batch=32, init='centroids', image_lr=.5, net='convnet-w64'))


def options(method, args):
    "Settings of a method: the papers', or short ones"
    if args.published or method not in SHORT: return dict(net='convnet')
    return dict(SHORT[method], speed='bfloat16')


def one_set(data, method, seed, args):
    start = time.perf_counter()
    some = {} if method in ('random', 'herding') else dict(progress=False, device=args.device)
    return condense(data, method, args.ipc, seed, **options(method, args), **some), time.perf_counter() - start


def table(done):
    nets, lines = done['settings']['nets_to'], []
    lines.append(f'{"":10}' + ''.join(f'{n:>13}' for n in nets))
    for method, sets in done['rows'].items():
        cells = [[mean(s['cells'][n]['accuracies']) for s in sets if n in s['cells']] for n in nets]
        lines.append(f'{method:10}' + ''.join(f'{mean(c):>13.1f}' if c else f'{"–":>13}' for c in cells))
    return '\n'.join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('data', choices=list(NETS))
    p.add_argument('--root', required=True)
    p.add_argument('--methods', nargs='+', default=['random', 'dm', 'dc'])
    p.add_argument('--ipc', type=int, default=1)
    p.add_argument('--sets', type=int, default=2)
    p.add_argument('--nets', type=int, default=1, help='networks of each kind on each set')
    p.add_argument('--tests', type=int, default=200, help='test images of each class')
    p.add_argument('--device', default='cpu')
    p.add_argument('--scoring', choices=['float32', 'bfloat16'],
                   help='numbers that networks are scored with (default: bfloat16, with --published float32)')
    p.add_argument('--published', action='store_true', help="the papers' updates and networks: for a GPU")
    p.add_argument('--results', type=Path, default=RESULTS)
    args = p.parse_args()
    args.scoring = args.scoring or ('float32' if args.published else 'bfloat16')
    whole = load_dataset(args.root if args.data == 'cifar10-jpeg' else args.data, **({} if args.data == 'cifar10-jpeg' else dict(root=args.root)))
    least = fewer(whole, n=2**30, n_test=args.tests) if args.tests else whole
    about = dict(data=args.data, ipc=args.ipc, nets_to=NETS[args.data], nets=args.nets, tests=args.tests, scoring=args.scoring,
                 methods={m: options(m, args) for m in ('dm', 'dc')}, epochs=300)
    path = args.results/f'cross_architecture_{args.data}{"" if args.ipc == 1 else f"_ipc{args.ipc}"}.json'
    done = kept(path, dict(settings=about, rows={}))
    for seed in range(args.sets):
        for method in args.methods:
            sets = done['rows'].setdefault(method, [])
            todo = [n for n in NETS[args.data] if len(sets) <= seed or n not in sets[seed]['cells']]
            if not todo: continue
            small, seconds = one_set(whole, method, seed, args)
            if len(sets) <= seed: sets.append(dict(seed=seed, condense_seconds=seconds, cells={}))
            for net in todo:
                r = evaluate(small, least, net, args.nets, seed=seed, device=args.device, speed=Speed('float32', args.scoring))
                sets[seed]['cells'][net] = dict(accuracies=r.accuracies, seconds=r.seconds, provenance=provenance())
                write(path, done)
                print(f'{method} {seed} {net}: {r.mean:.1f} % in {r.seconds:.0f} s', flush=True)
    print(table(done))


if __name__ == '__main__': main()
