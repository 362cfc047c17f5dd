"""Do sets made with 16-bit convolutions teach as much? Accuracy by seed, plain, by hand and in bfloat16.

    python benchmarks/precision.py                # digits at ipc 1, results/precision.json
    python benchmarks/precision.py --root DATA    # and MNIST at ipc 1

Sets are scored in float32, but for a column that scores those made in float32 by networks trained in bfloat16. A set's result
is written as it ends.
"""
import argparse
from pathlib import Path

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import condense, evaluate, load_dataset

SCORED = 'scored in bfloat16'
CASES = {
    'digits dc': ('digits', 'dc', dict(iterations=40, real_batch=64), ('plain', 'float32', 'bfloat16')),
    'digits dm': ('digits', 'dm', dict(iterations=100, real_batch=64), ('plain', 'float32', 'bfloat16', SCORED)),
    'mnist dm': ('mnist', 'dm', dict(iterations=100, real_batch=32, init='centroids', image_lr=3., net='convnet-w64'), ('float32', 'bfloat16', SCORED)),
    'mnist dc': ('mnist', 'dc', dict(iterations=50, real_batch=32, init='centroids', image_lr=.5, net='convnet-w64'), ('float32', 'bfloat16'))}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--root', help='where MNIST is')
    p.add_argument('--sets', type=int, default=3)
    p.add_argument('--nets', type=int, default=2)
    p.add_argument('--results', type=Path, default=RESULTS)
    args = p.parse_args()
    path, loaded = args.results/'precision.json', {}
    done = kept(path, dict(settings=dict(nets=args.nets, cases={k: list(v[:3]) for k, v in CASES.items()}), rows={}, provenance=[]))
    for name, (source, method, settings, speeds) in CASES.items():
        if source != 'digits' and not args.root: continue
        data = loaded.setdefault(source, load_dataset(source, root=args.root, progress=False))
        for seed in range(args.sets):
            for speed in speeds:
                row = done['rows'].setdefault(name, {}).setdefault(speed, [])
                if len(row) > seed: continue
                small = condense(data, method, 1, seed=seed, speed='float32' if speed == SCORED else speed, progress=False, **settings)
                by = 'bfloat16-training' if speed == SCORED else 'float32' if source == 'mnist' else 'plain'
                row.append(evaluate(small, data, 'convnet', args.nets, seed=seed, speed=by).mean)
                done['provenance'].append(dict(case=name, speed=speed, seed=seed, **provenance()))
                write(path, done)
                print(name, speed, seed, f'{row[-1]:.1f}', flush=True)


if __name__ == '__main__': main()
