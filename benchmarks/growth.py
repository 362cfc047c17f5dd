"""How cost grows: seconds of an update and peak memory against classes, images per class, image side and real batch.

    python benchmarks/growth.py                 # results/growth_cpu.json
    python benchmarks/growth.py --device cuda

One thing is varied at a time from a start (10 classes, 1 image per class, 32 pixels, 32 real images, ConvNet-w32, DM and DC), each
point in a process of its own, whose peak memory it is. A point is written as it ends.
"""
import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import torch
from provenance import RESULTS, kept, peak_mib, provenance, write

from dataset_condensation.condensation import condensing
from dataset_condensation.all import from_tensors, gen

START = dict(classes=10, ipc=1, side=32, real=32)
POINTS = dict(classes=[10, 30, 100, 300, 1000], ipc=[1, 3, 10, 30, 100, 200], side=[8, 16, 32, 64, 128], real=[8, 32, 128, 256])


def memory(device):
    if device == 'cuda': return torch.cuda.max_memory_allocated() / 2**20
    return peak_mib()


def point(method, device, classes, ipc, side, real):
    "Seconds of an update (the least of three), MiB of the process before the run and at its peak"
    per = max(real, ipc) if classes < 300 else max(ipc, 32)
    x = torch.randint(0, 256, (classes * per, 3, side, side), dtype=torch.uint8, generator=gen(0, 'growth'))
    data = from_tensors(x, torch.arange(len(x)) % classes, x[:classes], torch.arange(classes))
    del x
    small = dict(ipc=1, net='convnet-w8-d2', device=device, real_batch=2, speed='float32')
    next(condensing(from_tensors(torch.zeros(4, 3, 8, 8), torch.arange(4) % 2, torch.zeros(2, 3, 8, 8), torch.arange(2)), method, **small))
    before, times = memory(device), []
    run = condensing(data, method, ipc, net='convnet-w32', device=device, real_batch=real, inner=0, speed='float32')
    for _ in range(3):
        start = time.perf_counter()
        next(run)
        if device == 'cuda': torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return dict(seconds=min(times), before_mib=before, peak_mib=memory(device))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    p.add_argument('--methods', nargs='+', default=['dm', 'dc'])
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--point', help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.point: return print(json.dumps(point(**json.loads(args.point))))
    path = args.results/f'growth_{args.device}.json'
    done = kept(path, dict(settings=dict(start=START, net='convnet-w32', device=args.device), points=[]))
    have = [(q['method'], q['varied'], q['value']) for q in done['points']]
    for method in args.methods:
        for varied, values in POINTS.items():
            for value in values:
                if (method, varied, value) in have: continue
                ask = dict(START, method=method, device=args.device) | {varied: value}
                out = subprocess.run([sys.executable, __file__, '--point', json.dumps(ask)], capture_output=True, text=True)
                if out.returncode:
                    found = dict(failed=(out.stderr.strip().splitlines() or ['killed'])[-1][:200])
                else: found = json.loads(out.stdout.splitlines()[-1])
                done['points'].append(dict(method=method, varied=varied, value=value, **found, provenance=provenance()))
                write(path, done)
                print(method, varied, value, found, flush=True)


if __name__ == '__main__': main()
