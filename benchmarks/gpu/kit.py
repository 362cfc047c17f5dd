"""What the scripts of this folder share: the package where fastcore is missing, data, timing, results.

Results go to $OUT, or to runs/gpu. $COMMIT says what is measured where there is no .git.
"""
import argparse
import builtins
import importlib.util
import os
import sys
import tarfile
import tempfile
import time
import traceback
import types
from functools import partial
from pathlib import Path

os.environ.setdefault('MPLBACKEND', 'Agg')
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = Path(os.environ.get('OUT') or ROOT/'runs'/'gpu')
START = time.perf_counter()
sys.path[1:1] = [str(HERE.parent), str(ROOT)]    # after the script's own folder: speed.py is in two of them


# ---- Stand-ins for what a machine lacks

def patch_to(cls, as_prop=False, cls_method=False):
    "fastcore's: the function becomes a method of the class, or of each of a tuple of classes"
    def put(f):
        for c in cls if isinstance(cls, tuple) else (cls,):
            setattr(c, f.__name__, property(f) if as_prop else classmethod(f) if cls_method else f)
        return vars(builtins).get(f.__name__)
    return put


def patch(f=None, *, as_prop=False, cls_method=False):
    "fastcore's: as `patch_to`, with the class that the first argument is annotated with"
    if f is None: return partial(patch, as_prop=as_prop, cls_method=cls_method)
    return patch_to(next(iter(f.__annotations__.values())), as_prop, cls_method)(f)


def stand_ins() -> list:
    "Put them in place of packages that cannot be imported; their names"
    found = []
    try: import fastcore.basics, fastcore.meta  # noqa: E401, F401
    except ImportError:
        basics, meta = types.ModuleType('fastcore.basics'), types.ModuleType('fastcore.meta')
        basics.patch, basics.patch_to, meta.delegates = patch, patch_to, lambda *a, **k: lambda f: f
        sys.modules.update({'fastcore': types.ModuleType('fastcore'), 'fastcore.basics': basics, 'fastcore.meta': meta})
        found.append('fastcore')
    return found


STAND_INS = stand_ins()
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from float32 import flags, float32  # noqa: E402, F401
from provenance import provenance, write  # noqa: E402, F401

import dataset_condensation.all  # noqa: E402, F401
from dataset_condensation.data import from_tensors, gen  # noqa: E402
from dataset_condensation.image_folders import load_dataset  # noqa: E402


def bench(name):
    "A script of benchmarks/ as a module, also where one here has its name"
    spec = importlib.util.spec_from_file_location(f'benchmarks_{name}', HERE.parent/f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- Data

def photos(n=5000, tests=1000, shape=(3, 32, 32), classes=10):
    "Smooth random images that differ from class to class"
    g = gen(0, 'kit', *shape)
    base = torch.rand(classes, shape[0], 4, 4, generator=g)
    def make(n):
        y = torch.arange(n) % classes
        small = 0.5*base[y] + 0.5*torch.rand(n, shape[0], 4, 4, generator=g)
        x = 0.85*F.interpolate(small, shape[1:], mode='bilinear') + 0.15*torch.rand(n, *shape, generator=g)
        return (x.clamp(0, 1)*255).byte(), y
    return from_tensors(*make(n), *make(tests), name='cifar10')


def unpack(archive, to):
    "Read an archive with train/CLASS/*.jpg and test/CLASS/*.jpg, and keep its bytes in one file"
    to = Path(to)
    if to.exists(): return
    with tempfile.TemporaryDirectory() as f:
        folder = Path(f)/'cifar10-jpeg'
        with tarfile.open(archive) as t: t.extractall(folder, filter='data')
        d = load_dataset(str(folder), progress=False)
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f'{to.name}.{os.getpid()}')
    parts = {k: (p.images, p.labels) for k, p in dict(train=d.train, test=d.test).items()}
    torch.save(dict(parts, classes=list(d.classes)), part)
    part.replace(to)


def load(path):
    "What `unpack` kept, as `load_dataset` gives it"
    d = torch.load(path, weights_only=True)
    return from_tensors(*d['train'], *d['test'], d['classes'], name='cifar10-jpeg')


def wait_for(path, seconds) -> bool:
    "Is the file there, after waiting for it? A file `….failed` beside it says that it won't come"
    end = time.time() + seconds
    while not Path(path).exists():
        if time.time() > end or Path(f'{path}.failed').exists(): return False
        time.sleep(0.2)
    return True


# ---- Arguments, results, time

def parser(doc, limit):
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--device', default='cuda')
    p.add_argument('--tiny', action='store_true', help='narrow networks and small batches, to see that it works')
    p.add_argument('--limit', type=float, default=limit, help=f'seconds, {limit} if not given')
    return p


def about(device) -> dict:
    "Where a result comes from"
    found = provenance() | dict(stand_ins=STAND_INS)
    if device != 'cpu':
        p = torch.cuda.get_device_properties(0)
        found['gpu'] = dict(name=p.name, memory_gib=p.total_memory/2**30, processors=p.multi_processor_count,
                            cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version())
    return found


def sync(device):
    if str(device) != 'cpu': torch.cuda.synchronize()


def short(e) -> str:
    "The end of a traceback"
    return ''.join(traceback.format_exception(e))[-1200:]


def left(limit) -> float:
    "Seconds until the limit of this script"
    return limit - (time.perf_counter() - START)


def median_ms(f, device, repeats=20, warm=3, most=2.):
    "Median milliseconds of a call; on a GPU by events"
    for _ in range(warm): f()
    sync(device)
    found, end = [], time.perf_counter() + most
    for _ in range(repeats):
        if str(device) == 'cpu':
            t = time.perf_counter()
            f()
            found.append(1e3*(time.perf_counter() - t))
        else:
            a, b = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            a.record()
            f()
            b.record()
            b.synchronize()
            found.append(a.elapsed_time(b))
        if time.perf_counter() > end and len(found) >= 3: break
    return sorted(found)[len(found)//2]


def relative(a, b) -> float:
    "‖a − b‖ / ‖b‖ of tensors, or of tuples of them"
    def flat(v):
        return torch.cat([t.detach().double().cpu().flatten() for t in (v if isinstance(v, (tuple, list)) else [v])])
    a, b = flat(a), flat(b)
    return ((a - b).norm() / b.norm()).item()


if __name__ == '__main__': unpack(*sys.argv[1:])    # python kit.py ARCHIVE FILE
