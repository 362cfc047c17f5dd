"""Two processes of one thread against one process of one thread: seconds per image update, in turns in one run.

    OMP_NUM_THREADS=1 python benchmarks/distributed.py                            # random images of MNIST's shape
    OMP_NUM_THREADS=1 python benchmarks/distributed.py --data mnist --root FOLDER

Three processes live as long as the measurement: one that works alone, and two that share the classes of the same run.
They take turns of some updates each, and sleep while it is not their turn, so both cores must be free of other work.
Before the first turn that counts there is one that does not. The gradient matching with training between updates keeps
the published proportion of the two: fifty passes go with real batches of 256, so twelve go with 64.
Writes `results/distributed.json`.
"""
import argparse
import multiprocessing
import socket
import time
from pathlib import Path
from statistics import median

import torch
import torch.distributed as dist
from provenance import RESULTS, provenance, write

from dataset_condensation.condensation import condensing
from dataset_condensation.coresets import random_set
from dataset_condensation.data import from_tensors, gen
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.distributed import evaluate_together
from dataset_condensation.training import train_recipe


def cases(args) -> dict:
    "What is measured: method, images per class, updates in a turn, settings"
    passes = max(1, round(50 * args.real_batch / 256))
    return {'dm, ipc 10': ('dm', 10, 3, {}),
            'dc, ipc 1': ('dc', 1, 2, {}),
            f'dc, ipc 10, {passes} passes between updates': ('dc', 10, 2, dict(outer=100, inner=passes)),
            f'delving-md, ipc 10, {passes} passes between updates': ('delving-md', 10, 2, dict(outer=100, inner=passes)),
            'evaluation of 2 networks, ipc 10': ('evaluate', 10, 1, {})}


def images(args):
    if args.data == 'mnist': return load_dataset('mnist', root=args.root, download=False)
    g, y = gen(0, 'benchmark'), torch.arange(10).repeat(400)
    x = torch.randint(0, 256, (len(y), 1, 28, 28), dtype=torch.uint8, generator=g)
    return from_tensors(x, y, x[:1000], y[:1000], name='random images of MNIST\'s shape')


def turns(data, method, ipc, settings, args):
    "A generator: each step is an update, or an evaluation"
    if method == 'evaluate':
        small, recipe = random_set(data, ipc), train_recipe('dc', epochs=args.epochs)
        while True: yield evaluate_together(small, data, args.net, 2, recipe, device='cpu', speed=args.speed)
    yield from condensing(data, method, ipc, net=args.net, device='cpu', real_batch=args.real_batch, iterations=10**6,
                          speed=args.speed, **settings)


def worker(rank, size, port, orders, args):
    "Makes as many updates as it is asked for, and for none says what came of them"
    torch.set_num_threads(1)
    if size > 1: dist.init_process_group('gloo', init_method=f'tcp://127.0.0.1:{port}', rank=rank, world_size=size)
    data, runs = images(args), {}
    for name, n in iter(orders.recv, None):
        if name not in runs:
            method, ipc, _, settings = cases(args)[name]
            runs.clear()
            runs[name] = turns(data, method, ipc, settings, args)
        if n: last = [next(runs[name]) for _ in range(n)][-1]
        orders.send(None if n else last.accuracies if method == 'evaluate' else last.set().losses.tolist())
    if size > 1: dist.destroy_process_group()


def team(n, args):
    "Start n processes that work together; the ends of their pipes"
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    ends, context = [], multiprocessing.get_context('spawn')
    for k in range(n):
        ours, theirs = context.Pipe()
        context.Process(target=worker, args=(k, n, port, theirs, args), daemon=True).start()
        ends.append(ours)
    return ends


def take_turn(ends, name, n):
    "Seconds until all are done, and what the first one says"
    start = time.perf_counter()
    for end in ends: end.send((name, n))
    said = [end.recv() for end in ends]
    return time.perf_counter() - start, said[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', choices=['random', 'mnist'], default='random')
    parser.add_argument('--root', help='folder with MNIST/raw')
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--net', default='convnet')
    parser.add_argument('--speed', default='auto')
    parser.add_argument('--only', help='measure the cases that begin with this')
    for name, n in dict(turns=5, real_batch=64, epochs=10).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=int, default=n)
    args = parser.parse_args()
    teams, found = {'alone': team(1, args), 'two': team(2, args)}, {}
    for name, (_, _, n, _) in cases(args).items():
        if args.only and not name.startswith(args.only): continue
        seconds = {k: [] for k in teams}
        for i in range(args.turns + 1):     # the first does not count
            for k, ends in teams.items():
                took, _ = take_turn(ends, name, n)
                if i: seconds[k].append(took / n)
        a, b = (median(seconds[k]) for k in teams)
        one, both = (take_turn(ends, name, 0)[1] for ends in teams.values())
        differ = max(abs(x - y) / abs(x) for x, y in zip(one, both))     # the losses, or accuracies: the same work was done
        found[name] = dict(seconds=seconds, alone=a, two=b, ratio=a / b, ratios=[x / y for x, y in zip(*seconds.values())],
                           results_differ=differ)
        print(f'{name:45s} {a:7.2f} s alone, {b:6.2f} s by two: {a / b:.2f} times', flush=True)
    for ends in teams.values():
        for end in ends: end.send(None)
    about = {k: getattr(args, k) for k in ('data', 'net', 'speed', 'turns', 'real_batch', 'epochs')}
    write(args.results/'distributed.json', dict(settings=about, threads_of_a_process=1, cases=found, provenance=provenance()))


if __name__ == '__main__': main()
