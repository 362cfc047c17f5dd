"""The long runs on a GPU: seconds of whole published runs, and from the profiler how busy the device was.

    python benchmarks/speed_gpu.py                      # results/speed_gpu.json
    python benchmarks/speed_gpu.py --device cpu --tiny  # the same path in seconds, without a GPU

DM, CIFAR10 shapes, ipc 10, 20,000 updates; DC, ipc 10, 1,000 networks × 10 outer × 50 inner. Images are random pixels unless
--root holds CIFAR10. The share of the matmul rate is counted operations over seconds over the rate measured in the same run.
"""
import argparse
import time
from pathlib import Path

import torch
from provenance import RESULTS, provenance, write
from speed import SHAPES, images_of, matmul_rate, operations
from torch.profiler import ProfilerActivity, profile

from dataset_condensation.all import load_dataset
from dataset_condensation.condensation import condensing

RUNS = dict(dm=dict(iterations=20_000), dc=dict(iterations=1000, outer=10, inner=50))


def run(data, method, args, updates=None):
    "Seconds of a whole run, or of `updates` updates after three"
    settings = dict(RUNS[method], **(dict(real_batch=8, inner_batch=8) if args.tiny else {}))
    if args.tiny: settings.update(iterations=6, **({} if method == 'dm' else dict(outer=2, inner=2)))
    loop = condensing(data, method, 10, net=args.net, device=args.device, speed=args.speed, **settings)
    for _ in range(3): state = next(loop)
    sync = torch.cuda.synchronize if args.device == 'cuda' else lambda: None
    sync()
    start = time.perf_counter()
    for state in loop:
        if updates and state.step >= 3 + updates: break
    sync()
    return time.perf_counter() - start, state.step - 3


def busy(data, method, args):
    "Share of the time in which the device computed, over twenty updates"
    if args.device != 'cuda': return None
    with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as prof: seconds, _ = run(data, method, args, 20)
    spans = sorted((e.time_range.start, e.time_range.end) for e in prof.events() if e.device_type == torch.autograd.DeviceType.CUDA)
    total, last = 0, 0
    for a, b in spans:
        total, last = total + max(0, b - max(a, last)), max(last, b)
    return total / 1e6 / seconds


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--device', default='cuda')
    p.add_argument('--speed', default='gpu')
    p.add_argument('--net', default='convnet')
    p.add_argument('--methods', nargs='+', default=list(RUNS))
    p.add_argument('--root', help='where CIFAR10 is; random pixels if not given')
    p.add_argument('--tiny', action='store_true', help='a few updates of a narrow network, to see that it works')
    p.add_argument('--results', type=Path, default=RESULTS)
    args = p.parse_args()
    if args.tiny: args.net = 'convnet-w8'
    device = torch.device(args.device)
    data = load_dataset('cifar10', root=args.root) if args.root else images_of(SHAPES['cifar10'], 5000)
    if args.device == 'cuda': data = data.to(device)
    rates = {k: matmul_rate(getattr(torch, k), device, 8192 if args.device == 'cuda' else 512) for k in ('float32', 'bfloat16')}
    found = dict(settings=dict(speed=args.speed, net=args.net, tiny=args.tiny, runs=RUNS), matmul=rates, runs={})
    for method in args.methods:
        seconds, updates = run(data, method, args)
        flops = None if args.tiny else operations((method, 10, 'cifar10'))
        found['runs'][method] = dict(seconds=seconds, updates=updates, busy=busy(data, method, args), operations=flops,
                                     share=flops and flops * updates / seconds / rates['bfloat16'], provenance=provenance())
        print(method, found['runs'][method], flush=True)
        write(args.results/'speed_gpu.json', found)


if __name__ == '__main__': main()
