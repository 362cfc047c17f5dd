"""How long should experts train? Sets made with few weak snapshots and with more and better ones, scored on held-out training images.

    OMP_NUM_THREADS=2 python benchmarks/experts_training.py --root FOLDER --ipc 1 --seeds 3

CIFAR10 as JPEG files, FOLDER/cifar10-jpeg/train and …/test. A tenth of the training images is held out; test images aren't used.
Scored by networks of width 64 after 300 epochs under DSA. Written to results/experts_training.json after each set; what is
there isn't computed again.
"""
import argparse
import os
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import condense, evaluate, load_dataset, train_recipe
from dataset_condensation.beyond import EXPERTS

WAYS = {'3 epochs, steps of 0.01, batches of 256': train_recipe('dc', epochs=3, augment='dsa'),
        '4 epochs, steps of 0.03, batches of 128': train_recipe('dc', epochs=4, lr=0.03, batch=128, augment='dsa')}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--root', type=Path, required=True)
    p.add_argument('--ipc', type=int, nargs='+', default=[1])
    p.add_argument('--seeds', type=int, default=3)
    p.add_argument('--nets', type=int, default=2)
    args = p.parse_args()
    file = RESULTS/'experts_training.json'
    settings = dict(data='cifar10-jpeg', net='convnet-w64', speed='bfloat16-all', held='a tenth of the training images', scored='convnet-w64, 300 epochs, dsa')
    found = kept(file, dict(settings=settings, sets=[]))
    held = load_dataset(args.root/'cifar10-jpeg', progress=False).holdout(0.1, 0)
    done = {(s['ipc'], s['way'], s['seed']) for s in found['sets']}
    for seed in range(args.seeds):
        for ipc in args.ipc:
            for way, training in WAYS.items():
                if (ipc, way, seed) in done: continue
                start, cpu = time.perf_counter(), time.process_time()
                with TemporaryDirectory() as empty:     # experts are trained for every set
                    os.environ['DATASET_CONDENSATION_CACHE'] = empty
                    small = condense(held, replace(EXPERTS, training=training), ipc, seed, 'convnet-w64', speed='bfloat16-all', progress=False)
                took = dict(seconds=time.perf_counter() - start, cpu_seconds=time.process_time() - cpu)
                score = evaluate(small, held, 'convnet-w64', args.nets, train_recipe('dsa', epochs=300), seed, progress=False, speed='bfloat16-training')
                found['sets'].append(dict(ipc=ipc, way=way, seed=seed, accuracies=score.accuracies, **took, provenance=provenance()))
                write(file, found)
                print(ipc, way, seed, score, f'{took["cpu_seconds"]:.0f} s of processors', flush=True)


if __name__ == '__main__': main()
