"""Sets larger than memory: what a run takes when its images stay in a file.

    OMP_NUM_THREADS=1 python benchmarks/large_sets.py --cifar FOLDER --tiny FOLDER --work FOLDER   # → results/large_sets.json

Three sets. CIFAR10 and TinyImageNet as folders of JPEG files (`--cifar`, with train/ and test/ of class folders, and
`--tiny`): seconds of reading all files, and of an update of distribution matching with the images in memory and in a
cache, in turns in one process, and once more with the file thrown out of the system's memory before every update; and
the peak resident memory of either, each in a process of its own. A generated set of `--gigabytes` of images, 1,000
classes at 64 × 64, which lies in `--work` while it is used: building it, two ways of reading, and updates over all
classes at 1 and 10 images per class.
An entry is written as it ends, and entries that are there already are not measured again. The generated set is
deleted when the last of its entries is there.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import torch
from provenance import RESULTS, provenance, write

from dataset_condensation.image_store import remove_cache
from dataset_condensation.condensation import Step, condensing
from dataset_condensation.data import Batch, real_batch
from dataset_condensation.gradient_matching import paper
from dataset_condensation.names import get_method
from dataset_condensation.data import gen
from dataset_condensation.image_folders import decode, folder_files, from_datasets, load_dataset
from dataset_condensation.networks import make_net
from dataset_condensation.training import augment_for

CLASSES, SIDE = 1000, 64


def memory() -> dict:
    "Peak and present resident memory of this process, MiB, of it pages of files"
    lines = dict(line.split(':', 1) for line in Path('/proc/self/status').read_text().splitlines())
    return {k: round(int(lines[name].split()[0]) / 1024) for k, name in
            dict(peak_mib='VmHWM', resident_mib='VmRSS', of_files_mib='RssFile').items()}


class Generated(torch.utils.data.Dataset):
    "Random images around a pattern of their class; any item can be had at once, and is the same every time"
    def __init__(self, per_class, seed):
        coarse = np.random.default_rng(seed).integers(0, 128, (CLASSES, 3, 8, 8), dtype=np.uint8)
        self.pattern = coarse.repeat(SIDE // 8, 2).repeat(SIDE // 8, 3).transpose(0, 2, 3, 1).copy()
        self.per_class, self.seed = per_class, seed

    def __len__(self): return CLASSES * self.per_class

    def __getitem__(self, i):
        c = i // self.per_class
        noise = np.frombuffer(np.random.default_rng((self.seed, i)).bytes(self.pattern[0].size), np.uint8)
        return self.pattern[c] + noise.reshape(SIDE, SIDE, 3) // 2, c


def generated(args):
    per_class = round(args.gigabytes * 1e9 / (CLASSES * SIDE * SIDE * 3))
    return from_datasets(Generated(per_class, 0), Generated(1, 1), name='generated', in_memory=False,
                         cache_dir=args.work/'caches', progress=sys.stderr.isatty())


# What an update has: the network, and real images of a class
PHOTOS = dict(cifar=lambda args: (args.net, 256), tiny=lambda args: ('convnet-w64-d4', 32))


def photos(args, which, in_memory):
    "CIFAR10 or TinyImageNet, as a folder of JPEG files"
    return load_dataset(getattr(args, which), in_memory=in_memory, cache_dir=args.work/'caches', progress=False,
                        workers=args.workers)


def updates(data, args, ipc=1, net=None, batch=256):
    "Seconds by the clock, seconds of the processor and loss, one update at a time"
    steps = condensing(data, 'dm', ipc, net=net or args.net, device='cpu', real_batch=batch)
    while True:
        start, cpu = time.perf_counter(), time.process_time()
        state = next(steps)
        yield time.perf_counter() - start, time.process_time() - cpu, state.loss


def forget(data):
    "Throw the file out of the system's memory"
    with open(data.train.images.path, 'rb') as f: os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# ---- What is measured, each in a process of its own

def load(args, which, in_memory):
    remove_cache(getattr(args, which), args.work/'caches')
    start = time.perf_counter()
    data = photos(args, which, in_memory)
    seconds, size = time.perf_counter() - start, data.cache.nbytes if data.cache else data.train.images.numel()
    start = time.perf_counter()
    again = photos(args, which, False).fingerprint() if not in_memory else None
    return dict(seconds=seconds, bytes=size, images=len(data.train) + len(data.test), workers=args.workers,
                seconds_when_it_is_there=time.perf_counter() - start if again else None, **memory())


class Files(torch.utils.data.Dataset):
    "Decodes files, for worker processes"
    def __init__(self, paths): self.paths = paths
    def __len__(self): return len(self.paths)
    def __getitem__(self, i): return decode(self.paths[i])


def cifar_decoding(args):
    "Files per second by threads, as in `load_dataset`, and by the processes of a DataLoader, in turns"
    paths = [f for files in folder_files(args.cifar)[0].values() for f in files[:400]]
    def threads(n):
        with ThreadPoolExecutor(n) as pool:
            parts = [paths[i:i + 8] for i in range(0, len(paths), 8)]
            return sum(len(a) for a in pool.map(lambda part: [decode(p) for p in part], parts))
    def processes(n):
        loader = torch.utils.data.DataLoader(Files(paths), batch_size=128, collate_fn=list, num_workers=n)
        return sum(map(len, loader))
    rates = {f'{n} {f.__name__}': [] for f in (threads, processes) for n in (1, 2, 4)}
    for _ in range(args.repeats):
        for f in (threads, processes):
            for n in (1, 2, 4):
                start = time.perf_counter()
                rates[f'{n} {f.__name__}'].append(f(n) / (time.perf_counter() - start))
    return dict(files_per_second={k: round(median(v)) for k, v in rates.items()}, all=rates, files=len(paths))


def speed(args, which):
    data, (net, batch) = {'memory': photos(args, which, True), 'cache': photos(args, which, False)}, PHOTOS[which](args)
    data['cache, cold'] = data['cache']
    runs = {k: updates(d, args, net=net, batch=batch) for k, d in data.items()}
    seconds, cpu, losses = ({k: [] for k in runs} for _ in range(3))
    for i in range(args.repeats + 1):  # the first does not count
        for k, run in runs.items():
            if k == 'cache, cold': forget(data[k])
            *times, loss = next(run)
            if i:
                for kind, s in zip((seconds, cpu), times): kind[k].append(s)
            losses[k].append(loss)
    middle = {k: median(s) for k, s in seconds.items()}
    return dict(seconds=seconds, cpu_seconds=cpu, median=middle, cache_over_memory=middle['cache'] / middle['memory'],
                cold_over_memory=middle['cache, cold'] / middle['memory'], draws_of_all_classes=draws(data, args, batch), net=net, real_batch=batch,
                same_losses=losses['memory'] == losses['cache'] == losses['cache, cold'], losses=losses['cache'],
                same_fingerprint=data['memory'].fingerprint() == data['cache'].fingerprint())


def draws(data, args, batch):
    "Median seconds of drawing `batch` images of each class, without anything else"
    seconds = {k: [] for k in data}
    for i in range(args.repeats + 1):
        for k, d in data.items():
            if k == 'cache, cold': forget(d)
            start = time.perf_counter()
            for c in range(d.n_classes): d.draw(c, batch, gen(0, 'benchmark', i, c))
            if i: seconds[k].append(time.perf_counter() - start)
    return {k: median(s) for k, s in seconds.items()}


def peak(args, which, in_memory):
    data, (net, batch) = photos(args, which, in_memory), PHOTOS[which](args)
    loaded = memory()
    found = list(islice(updates(data, args, net=net, batch=batch), 2))
    return dict(loaded=loaded, updates=2, losses=[loss for *_, loss in found], **memory())


def large_build(args):
    start = time.perf_counter()
    data = generated(args)
    size = data.train.images.numel() + data.test.images.numel()
    return dict(seconds=time.perf_counter() - start, bytes=size, gigabytes=size / 1e9,
                images=len(data.train) + len(data.test), classes=data.n_classes, shape=list(data.shape),
                fingerprint=data.fingerprint(), **memory())


def large_reading(args, how):
    "Draw 256 images of each class, by a map of the file or by reads, as bytes"
    images = generated(args).train.images
    before, start = memory(), time.perf_counter()
    if how == 'map': source = np.lib.format.open_memmap(images.path, mode='r')
    else: source = images
    per_class, total = len(images) // CLASSES, 0
    for c in range(CLASSES):
        idx = c * per_class + torch.randperm(per_class, generator=gen(0, 'benchmark', c))[:256]
        total += int(torch.as_tensor(source[idx if how == 'read' else idx.numpy()])[:, 0, 0, 0].sum())
    return dict(seconds=time.perf_counter() - start, before=before, checksum=total, **memory())


def large_run(args, ipc):
    data = generated(args)
    loaded, net, found = memory(), args.large_net, []
    for seconds, cpu, loss in islice(updates(data, args, ipc, net, args.large_real_batch), args.updates):
        found.append(dict(seconds=seconds, cpu_seconds=cpu, loss=loss, **memory()))
    return dict(net=net, ipc=ipc, real_batch=args.large_real_batch, loaded=loaded, updates=found, **memory(),
                synthetic_mib=round(CLASSES * ipc * 3 * SIDE**2 * 4 / 2**20))


def large_class(args, ipc):
    "The part of an update that belongs to one class, with the published network and batch: what `class_chunk` bounds"
    data = generated(args)
    loaded, start = memory(), time.perf_counter()
    method, recipe, step = get_method('dm'), paper('dm', ipc), Step(augment=augment_for('dsa', data))
    net = make_net('convnet-d4', data, generator=gen(0, 'benchmark', 'net')).train()
    real = real_batch(data, [500], recipe.real_batch, lambda c: gen(0, 'benchmark', c))
    x = data.draw(500, ipc, gen(0, 'benchmark', 'syn')).requires_grad_()
    loss = method.match(net, real, Batch(x, torch.full((ipc,), 500), (ipc,)), step)
    loss.backward()
    return dict(net='convnet-d4', width=128, ipc=ipc, real_batch=recipe.real_batch, loaded=loaded, loss=loss.item(),
                seconds=time.perf_counter() - start, **memory())


ENTRIES = {'cifar: ways to decode': (cifar_decoding,)}
for which in PHOTOS:
    ENTRIES |= {f'{which}: load into memory': (load, which, True), f'{which}: build the cache': (load, which, False),
                f'{which}: seconds per update': (speed, which),
                f'{which}: peak in memory': (peak, which, True), f'{which}: peak with the cache': (peak, which, False)}
ENTRIES |= {'large: build the cache': (large_build,), 'large: draw by reads': (large_reading, 'read'),
           'large: draw by a map': (large_reading, 'map'),
           'large: one class, published size': (large_class, 10), 'large: run, ipc 1': (large_run, 1),
           'large: run, ipc 10': (large_run, 10)}


def summary(entries) -> dict:
    "The figures in short, as far as they are there"
    get, found = entries.get, {}
    for which in PHOTOS:
        if not (e := get(f'{which}: seconds per update')): continue
        cpu = {k: median(s) for k, s in e['cpu_seconds'].items()}
        found[f'{which}: update with the cache over update in memory'] = dict(
            by_the_clock=round(e['cache_over_memory'], 3), by_the_processor=round(cpu['cache'] / cpu['memory'], 3),
            by_the_clock_cold=round(e['cold_over_memory'], 3), same_losses=e['same_losses'])
    peaks = {name: e['peak_mib'] for name, e in entries.items() if 'peak_mib' in e}
    if e := get('large: build the cache'): found['large: gigabytes'] = round(e['gigabytes'], 2)
    return dict(found, peak_mib=peaks, under_2_gib={name: p < 2048 for name, p in peaks.items()})


def measure(name, args) -> dict:
    "One entry, in a process of its own: the peak of resident memory belongs to it alone"
    words = [sys.executable, __file__, *sys.argv[1:], '--entry', name]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    if done.returncode: raise SystemExit(f'{name} failed with exit code {done.returncode}')
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cifar', type=Path, help='CIFAR10 as a folder of JPEG files')
    parser.add_argument('--tiny', type=Path, help='TinyImageNet as it comes')
    parser.add_argument('--work', type=Path, required=True, help='where the caches lie meanwhile, with room for them')
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--gigabytes', type=float, default=10.02, help='size of the generated set')
    parser.add_argument('--net', default='convnet', help='for CIFAR10')
    parser.add_argument('--large-net', default='convnet-w16-d4', help='for the generated set')
    for name, n in dict(repeats=5, updates=2, large_real_batch=32, workers=2).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=int, default=n)
    parser.add_argument('--entry', choices=list(ENTRIES), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.entry:
        f, *rest = ENTRIES[args.entry]
        return print(json.dumps(f(args, *rest)))
    path = args.results/'large_sets.json'
    done = json.loads(path.read_text()) if path.exists() else dict(entries={})
    names = 'net', 'large_net', 'repeats', 'updates', 'large_real_batch', 'gigabytes'
    settings = {k: getattr(args, k) for k in names}
    if done.setdefault('settings', settings) != settings:
        raise SystemExit(f'{path.name} was measured with {done["settings"]}; use another --results')
    done['summary'] = summary(done['entries'])
    done['resident_memory'] = 'peak_mib is VmHWM of the process; importing torch and the package is a good part of it'
    args.work.mkdir(parents=True, exist_ok=True)
    for name in ENTRIES:
        which = name.split(':')[0]
        if name in done['entries'] or which in PHOTOS and not getattr(args, which): continue
        free = shutil.disk_usage(args.work).free
        if name == 'large: build the cache' and free < 1.2e9 * args.gigabytes:
            raise SystemExit(f'{args.work} has {free / 1e9:.1f} GB free, the generated set needs {args.gigabytes}; '
                             'see --gigabytes and --work')
        done['entries'][name] = dict(measure(name, args), provenance=provenance())
        done['summary'] = summary(done['entries'])
        write(path, done)
        print(name, {k: v for k, v in done['entries'][name].items() if k in ('median', 'peak_mib')}, flush=True)
    write(path, done)
    if all(name in done['entries'] for name in ENTRIES if name.startswith('large')):
        remove_cache('generated', args.work/'caches')
    for folder in (args.cifar, args.tiny):
        if folder: remove_cache(folder, args.work/'caches')


if __name__ == '__main__': main()
