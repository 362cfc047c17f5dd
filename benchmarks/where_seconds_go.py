"""Where the seconds of `experts` go: training the networks, and the parts of an update.

    OMP_NUM_THREADS=1 python benchmarks/where_seconds_go.py --cifar10 FOLDER

CIFAR10 as JPEG files, FOLDER/train and FOLDER/test, a ConvNet of width 64, 3×3 tiles, 32 real images of each class, in 32 and in
16 bits (`speed='bfloat16-all'`). Seconds are those that processors worked, medians over updates; written to
results/where_seconds_go.json. What is left of an update is the way back through the synthetic images, and little else.
"""
import argparse
from dataclasses import dataclass, replace
from statistics import median
from time import process_time

import torch
from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import condensing, load_dataset
from dataset_condensation.augmentation import siamese
from dataset_condensation.beyond import EXPERTS, ExpertMatching, mistakes, snapshots
from dataset_condensation.distribution_matching import in_batches, one_of, over_classes
from dataset_condensation.training import get_compute

NET = 'convnet-w64'
TIMES: dict = {}


def timed(part, f):
    "What `f` gives; its seconds are added to those of this update"
    start = process_time()
    found = f()
    TIMES[part] = TIMES.get(part, 0.) + process_time() - start
    return found


@dataclass(frozen=True)
class Timed(ExpertMatching):
    "`experts`, whose `match` notes how long its parts take"
    name: str = 'experts-timed'

    def match(self, net, real, syn, step):
        net, embed = one_of(self.networks, step, syn.x.device), step.compute.embed
        both = [*zip(real.by_class(), syn.by_class())]
        pairs = timed('augmentation', lambda: [siamese(step, c, r, s) for (c, r, _), (_, s, _) in both])
        x_real, x_syn = (torch.cat(xs) for xs in zip(*pairs))
        with in_batches(net):
            with torch.no_grad(): z_real = timed('real images', lambda: embed(net, x_real))
            z_syn = timed('synthetic images, forward', lambda: embed(net, x_syn))
        return timed('losses', lambda: over_classes(self.distance, z_real, z_syn, real, syn, step) + self.weight * mistakes(net.head(z_syn), syn))


def updates(data, networks, ipc, speed, n):
    "Median seconds of the parts of an update"
    method, found = Timed(networks=networks), []
    run = condensing(data, method, ipc, net=NET, speed=speed, iterations=n + 2)
    for _ in range(n + 2):
        TIMES.clear()
        start = process_time()
        state = next(run)
        found.append(dict(TIMES, all=process_time() - start))
    assert state.step == n + 2
    return {k: median(f[k] for f in found[2:]) for k in found[0]}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--cifar10', required=True)
    p.add_argument('--updates', type=int, default=20)
    args = p.parse_args()
    data = load_dataset(args.cifar10, progress=False)
    file = RESULTS/'where_seconds_go.json'
    found = kept(file, dict(settings=dict(data='cifar10-jpeg', net=NET, updates=args.updates), epoch={}, update={}))
    one = replace(EXPERTS.training, epochs=1)
    for speed in ('float32', 'bfloat16-all'):
        start = process_time()
        networks = snapshots(data, 1, NET, one, compute=get_compute(speed, data, net=NET), progress=False)
        found['epoch'][speed] = process_time() - start
        found['update'][speed] = {ipc: updates(data, networks, ipc, speed, args.updates) for ipc in (1, 10, 50)}
        found['provenance'] = provenance()
        write(file, found)
        print(speed, found['epoch'][speed], *found['update'][speed].items(), sep='\n', flush=True)


if __name__ == '__main__': main()
