"""The papers' tables, measured: every row declared, measured set by set, resumed, and drawn from what was written.

    python benchmarks/reproduce.py --plan                               # the rows of a budget, and what they would take
    OMP_NUM_THREADS=1 python benchmarks/reproduce.py --budget smoke     # seconds: does all of it run?
    OMP_NUM_THREADS=1 python benchmarks/reproduce.py --budget cpu --only 'digits/*' --processes 2 --minutes 40
    OMP_NUM_THREADS=1 python benchmarks/reproduce.py --budget cpu --only 'mnist/*' --root FOLDER    # FOLDER/MNIST/raw
    python benchmarks/reproduce.py --budget paper --only 'cifar10-jpeg/*' --root FOLDER --device cuda  # FOLDER/train, FOLDER/test
    python benchmarks/reproduce.py --table                              # tables, from the JSON alone
    python benchmarks/reproduce.py --recommend                          # what `condense --method auto` knows, into its chapter

A row is one method on one data set at one size, with its settings, its seeds and its way of scoring. `--budget` says
which rows: `smoke`, `cpu`, where whatever is not as published stands in the row, and `paper`, the published settings,
for a GPU. Each set of a row is written as it ends, to results/reproduce/BUDGET/NAME.json; what is there is not computed
again, and a set that takes minutes goes on from its last checkpoint (runs/reproduce). The first set of every row comes
first, then the second: a measurement that is stopped has something to say about all rows. Several processes, also such
as are started by hand, never do a set twice; each computes with one thread where there are several. `--minutes` ends it
in time. Seconds are those of making and of scoring, apart, processor seconds as well as those on the wall.
"""
import argparse
import fnmatch
import json
import math
import signal
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from statistics import mean

import torch
from provenance import RESULTS, ROOT, provenance

from dataset_condensation.adaptive_steps import PUBLISHED, schedule
from dataset_condensation.all import (METHODS, Recipe, SyntheticSet, evaluate, get_method, load_dataset, loop_counts, make_net,
                                      parse_net, train_recipe)
from dataset_condensation.checkpoints import Checkpoints, RunLock, RunLocked
from dataset_condensation.condensation import Method, _plain, condensing
from dataset_condensation.coresets import forgetting_counts, whole_net
from dataset_condensation.files import write_atomic

RUNS = ROOT/'runs'/'reproduce'


# ---- Rows

@dataclass(frozen=True)
class Row:
    "One line of a table, with all that is needed to measure it again"
    name: str
    data: str                 # 'digits', 'mnist', 'cifar10-jpeg', …
    method: str               # A registered name, or 'whole set'
    ipc: int
    net: str = 'convnet'      # The network that the set is made with
    options: dict = field(default_factory=dict)   # What is not as published: fields of the recipe, options of a coreset
    sets: int = 5             # From seeds 0, 1, …
    scoring: dict = field(default_factory=dict)   # name → network, networks, fields of its recipe, speed
    speed: str = 'auto'       # Of making the set
    sets_of: str = ''         # The row whose sets are scored in another way
    same_as: str = ''         # The row that this one would repeat to the last bit
    note: str = ''

    def recipe(self):
        "The settings it runs with; None for a choice of real images"
        method = METHODS.get(self.method)
        return method.recipe(self.ipc, self.net, **_options(self)) if isinstance(method, Method) else None

    def declared(self) -> dict:
        "What must be the same when a row goes on"
        r, full = self.recipe(), None
        if r:
            full = get_method(self.method).recipe(self.ipc, self.net)
            r, full = ({k: _plain(v) for k, v in vars(x).items()} | dict(updates=x.updates) for x in (r, full))
        scoring = {k: s | dict(recipe=vars(_scoring(s))) for k, s in self.scoring.items()}
        return json.loads(json.dumps(dict(asdict(self), scoring=scoring, recipe=r, published_recipe=full)))


def _options(row):
    "The options as the method wants them"
    o = dict(row.options)
    if isinstance(o.get('inner'), list): o['inner'] = schedule(tuple(o['inner']))
    if 'recipe' in o: o['recipe'] = train_recipe('whole', **o['recipe'])
    return o


def _scoring(s): return train_recipe(s.get('like', 'dc'), **s.get('train', {}))


def score(net, nets, speed='auto', like='dc', **train): return dict(net=net, nets=nets, speed=speed, like=like, train=train)


BASELINES = ['random', 'herding', 'kcenter', 'forgetting']
GRADIENT = ['dc', 'dsa', 'delving-m', 'delving-md', 'delving']
BEYOND = [       # what goes beyond the papers, measured beside the plain methods at the same number of updates
    ('dm-tiles', 'dm', dict(factor=2)), ('dc-tiles', 'dc', dict(factor=2)), ('dm-strata', 'dm', dict(sampling='strata')),
    ('dc-strata', 'dc', dict(sampling='strata')), ('dm-moments', 'dm-moments', {}), ('dm-centroids', 'dm', dict(init='centroids'))]


def short(method, ipc, updates, passes=5, lr=0.1, dm=None, most=10, **more) -> dict:
    """A short run that keeps the shape of the published one: at most `most` updates for each network, a `passes`-th of the
    passes between them (and of the schedule), steps of the images that grow with their number, as the gradient of a mean
    falls with it; the network's momentum as in the first release, for all alike"""
    if method in BASELINES + ['kmeans', 'whole set']: return {}
    if method.startswith('dm'): return dict(dict(image_lr=float(ipc)) | (dm or {}), **more)
    outer, inner = loop_counts(ipc)
    outer, inner = min(outer, most), max(1, round(inner / passes))
    if method == 'delving': inner = [max(1, round(p * inner / PUBLISHED[0])) for p in PUBLISHED]
    return dict(iterations=updates // outer, outer=outer, inner=inner, image_lr=round(lr * ipc, 6), net_momentum=0.5, **more)

# The digits: 8 × 8 pixels, for which nobody published figures; every method at every size
DIGITS = 'convnet-w32'
PASSES = {1: 300, 2: 300, 5: 100, 10: 60, 20: 40, 50: 20}     # of scoring, in batches of 32: 240 to 320 updates


def digits(method, ipc, suffix='', net=DIGITS, sets=5, **options):
    "A row of the digits"
    o = short(method, ipc, 60, real_batch=32)
    if method.startswith('dm'): o |= dict(iterations=150, real_batch=64)
    same = f'digits/ipc{ipc}-delving-md' if method == 'delving' and ipc < 5 else ''    # no passes to save
    scoring = dict(main=score(net, 5, 'float32', epochs=PASSES[ipc], batch=32))
    return Row(f'digits/ipc{ipc}-{suffix or method}', 'digits', method, ipc, net, o | options, sets, scoring, 'float32', same_as=same)


def digits_rows():
    for methods in (['random', 'herding', 'dm', 'dc', 'dsa', 'delving-m', 'delving-md', 'delving'], ['kcenter', 'forgetting']):
        for ipc in (10, 1, 50, 5, 2, 20):
            yield from (digits(m, ipc) for m in methods)
    yield Row('digits/whole', 'digits', 'whole set', 0, DIGITS, sets=1, speed='float32',
              scoring=dict(main=score(DIGITS, 5, 'float32', epochs=40, batch=64)))
    yield from beyond(lambda m, ipc, suffix, o: digits(m, ipc, suffix, **o), (1, 10))


def beyond(make, sizes):
    "The plain methods with what goes beyond the papers, as far as this version has it"
    have = {f.name for f in fields(Recipe)}
    for ipc in sizes:
        for suffix, method, options in BEYOND:
            if method in METHODS and set(options) <= have: yield make(method, ipc, suffix, options)


def digits_claims():
    "What the papers say beside their tables"
    for m in ('dsa', 'dc', 'dm', 'random', 'herding'):
        yield scored(digits(m, 10), 'augmented', main=score(DIGITS, 5, 'float32', 'dsa', epochs=120, batch=32))
    for option in ('maxpool', 'leakyrelu', 'nonorm', 'bn', 'ln', 'gn', 'sigmoid', 'nopool'):
        r = digits('dc', 1, f'dc-{option}', f'{DIGITS}-{option}')
        yield replace(r, name=r.name.replace('digits/', 'digits/claims/'))
    others = {n: score(n, 3, epochs=300, batch=32) for n in ('mlp', 'lenet')}
    for m in ('dc', 'dm', 'random'): yield scored(digits(m, 1), 'others', **others)
    for m in ('delving-m', 'delving-md', 'dc'):     # two terms are about twice the gradient: is it the size of the steps?
        r = digits(m, 10, f'{m}-half-steps', image_lr=0.5)
        yield replace(r, name=r.name.replace('digits/', 'digits/claims/'))
    for m in ('dc', 'random'): yield scored(digits(m, 1, sets=3), 'resnet18', resnet18=score('resnet18', 1, epochs=60, batch=32))


def scored(row, way, **scoring):
    "The sets of `row`, scored in another way"
    folder, name = row.name.rsplit('/', 1)
    return replace(row, name=f'{folder}/claims/{name}-{way}', scoring=scoring, sets_of=row.name)


# MNIST and CIFAR10-JPEG on two cores: 64 filters, 32 real images of a class, convolutions of real images in 16 bits (measured
# to teach as much: results/precision.json); scored in 32
SMALL = 'convnet-w64'
WEAK = dict(herding=dict(recipe=dict(epochs=2, batch=64)), kcenter=dict(recipe=dict(epochs=2, batch=64)),
            forgetting=dict(recipe=dict(epochs=4, batch=64)))     # the network that chooses sees everything so often


def photos(data, method, ipc, updates, suffix='', **options):
    "A row of MNIST or CIFAR10-JPEG for the CPU: one image per class as published but for the size of network and batch"
    o = WEAK.get(method, {})
    if isinstance(METHODS.get(method), Method):
        o = dict(real_batch=32) | (short(method, ipc, updates, lr=0.1) if ipc > 1 else dict(iterations=updates))
        if method.startswith('dm'): o['iterations'] = updates
    same = f'{data}/ipc{ipc}-delving-md' if method == 'delving' and ipc < 5 else ''
    epochs, batch = (300, 256) if ipc == 1 else (100, 32)
    return Row(f'{data}/ipc{ipc}-{suffix or method}', data, method, ipc, SMALL, o | options, 3,
               dict(main=score(SMALL, 5, 'float32', epochs=epochs, batch=batch)), 'bfloat16', same_as=same)


def photos_rows(data, updates, methods):
    "In the order of what is learnt for a second"
    for ipc, n in updates.items():
        for m in methods: yield photos(data, m, ipc, n['dm' if m == 'dm' else 'dc'])
    yield from beyond(lambda m, ipc, suffix, o: photos(data, m, ipc, updates[ipc]['dm' if m == 'dm' else 'dc'], suffix, **o),
                      list(updates))


def mnist_rows():
    methods = ['random', 'dm', 'dc', 'herding', 'delving-md', 'delving', 'dsa', 'delving-m', 'kcenter', 'forgetting']
    yield from photos_rows('mnist', {1: dict(dm=3000, dc=1000), 10: dict(dm=1000, dc=200)}, methods)


def mnist_claims():
    for m in ('random', 'dm', 'dc'):     # scored as published: 128 filters, a thousand passes with shifts, scales and turns
        yield scored(photos('mnist', m, 1, dict(dm=3000).get(m, 1000)), 'as-published', main=score('convnet', 5, 'float32', 'dc-mnist'))
    for m in ('dc', 'dm', 'random'):
        others = {n: score(n, 3, epochs=300) for n in ('mlp', 'lenet')}
        yield scored(photos('mnist', m, 1, dict(dm=3000).get(m, 1000)), 'others', **others)
    for m in ('dsa', 'dc'):
        yield scored(photos('mnist', m, 10, 200), 'augmented', main=score(SMALL, 5, 'float32', 'dsa', epochs=200, batch=32))
    for option in ('', 'maxpool', 'leakyrelu', 'nonorm', 'bn', 'ln', 'gn'):
        net = 'convnet-w32' + (f'-{option}' if option else '')
        r = replace(photos('mnist', 'dc', 1, 200), net=net, scoring=dict(main=score(net, 3, 'float32')))
        yield replace(r, name=f'mnist/claims/ipc1-dc-{option or "plain"}')


def cifar_rows():
    yield from photos_rows('cifar10-jpeg', {1: dict(dm=1000, dc=300), 10: dict(dm=500, dc=100)},
                           ['random', 'dm', 'dc', 'herding', 'dsa', 'delving-md', 'delving'])


# The published settings, for a GPU
def published_row(data, method, ipc):
    "A row exactly as its paper has it"
    own = 'dsa' if method.startswith(('ds', 'dm')) else 'dc-mnist' if data in ('mnist', 'fashionmnist') else 'dc'
    ways = {own: score('convnet', 20, like=own)}
    if not isinstance(METHODS.get(method), Method): ways['dsa'] = score('convnet', 20, like='dsa')    # baselines: both ways
    first, *more = ways.items()
    o = dict(recipe=dict(epochs=20)) if method in ('herding', 'kcenter', 'forgetting') else {}
    same = f'{data}/ipc{ipc}-delving-md' if method == 'delving' and ipc < 10 else ''
    return Row(f'{data}/ipc{ipc}-{method}', data, method, ipc, 'convnet', o, 5, dict([('main', first[1]), *more]), same_as=same)


def paper_rows():
    first = [('dm', 10), ('dm', 1), ('dsa', 10), ('dc', 10), ('delving', 10)]
    methods = ['random', 'herding', 'dm', 'dsa', 'dc', 'delving', 'delving-md', 'delving-m', 'kcenter', 'forgetting']
    for data in ('cifar10-jpeg', 'cifar10', 'mnist', 'fashionmnist', 'svhn', 'cifar100'):
        order = first + [(m, n) for n in (1, 10, 50) for m in methods if (m, n) not in first]
        if data == 'cifar10-jpeg': order.insert(5, ('whole set', 0))
        for m, n in order:
            if m == 'whole set':
                yield Row(f'{data}/whole', data, m, 0, sets=1, scoring=dict(main=score('convnet', 5, like='dsa', epochs=100)))
            else: yield published_row(data, m, n)


def smoke_rows():
    "One of each kind, in seconds"
    quick = dict(main=score('convnet-w8', 2, epochs=5))
    for m in ('random', 'herding', 'dm', 'delving'):
        o = dict(herding=dict(recipe=dict(epochs=1)), dm=dict(iterations=2, real_batch=8),
                 delving=dict(iterations=1, outer=2, inner=1, real_batch=8)).get(m, {})
        yield Row(f'digits/ipc2-{m}', 'digits', m, 2, 'convnet-w8', o, 2, quick)
    yield scored(Row('digits/ipc2-dm', 'digits', 'dm', 2, 'convnet-w8', dict(iterations=2, real_batch=8), 2), 'mlp',
                 mlp=score('mlp', 1, epochs=2))


ROWS = dict(smoke=[smoke_rows], cpu=[digits_rows, digits_claims, mnist_rows, mnist_claims, cifar_rows], paper=[paper_rows])


@lru_cache
def rows(budget) -> dict:
    "Name → row, in order of value"
    found = [r for make in ROWS[budget] for r in make()]
    return {r.name: r for r in found}


# ---- What a row would take: for planning, in seconds of one core of the machine this was written on

SHAPES = {'digits': ((1, 8, 8), 10, 1400, 397), 'mnist': ((1, 28, 28), 10, 60_000, 10_000), 'fashionmnist': ((1, 28, 28), 10, 60_000, 10_000),
          'cifar10': ((3, 32, 32), 10, 50_000, 10_000), 'cifar10-jpeg': ((3, 32, 32), 10, 50_000, 10_000),
          'cifar100': ((3, 32, 32), 100, 50_000, 10_000), 'svhn': ((3, 32, 32), 10, 73_257, 26_032)}


@lru_cache
def products(net, shape, n_classes) -> float:
    "Multiplications of one image's forward pass"
    net, total = make_net(net, shape=shape, n_classes=n_classes), []
    for m in net.modules():
        if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear)):
            m.register_forward_hook(lambda m, x, y: total.append(m.weight.numel() * (y[0, 0].numel() if y.ndim == 4 else 1)))
    with torch.no_grad(): net.eval()(torch.zeros(1, *shape))
    return sum(total)


def rate(net, speed, device) -> float:
    "Multiplications in a second: more for wide networks and short numbers"
    if device.startswith('cuda'): return 3e12
    width = parse_net(net).width or 64
    return min(33e9, 5.5e9 * (width / 32)**1.2) * (1.6 if speed == 'bfloat16' else 1)


def estimate(row, device='cpu') -> tuple:
    "(making, scoring) a set, before anything was measured"
    shape, classes, train, test = SHAPES[row.data]
    each, rest = products(row.net, shape, classes), 0.
    per, r, make = rate(row.net, row.speed, device), row.recipe(), 0.
    images = row.ipc * classes * getattr(r, 'factor', 1)**2 or train
    if row.sets_of: make = 0.
    elif r:
        real, syn = (1, 3) if row.method.startswith('dm') else (3, 6)
        make = r.updates * (0.012 + classes * (real * r.real_batch + syn * row.ipc) * each / per)
        make += r.iterations * _passes(r) * (0.002 + 2 * images * each / per)
    elif row.method in ('herding', 'kcenter', 'kmeans', 'forgetting'):
        make = _options(row).get('recipe', train_recipe('whole')).epochs * 3 * train * each / per + 1
    for s in row.scoring.values():
        each, per, t = products(s['net'], shape, classes), rate(s['net'], s['speed'], device), _scoring(s)
        one = t.epochs * (0.0015 * math.ceil(images / t.batch) + 2 * images * each / per) + test * each / per
        rest += s['nets'] * one * (1.5 if t.augment != 'none' else 1)
    return make, rest


def _passes(r):
    "Passes of training for one network"
    if isinstance(r.inner, int): return r.inner * (r.outer - 1)
    if hasattr(r.inner, 'passes'): return sum(r.inner.passes[min(o, len(r.inner.passes) - 1)] for o in range(r.outer - 1))
    return 10 * (r.outer - 1)


# ---- Measuring one set

class TimeUp(Exception):
    "The time is over; what was begun is kept"


@lru_cache(maxsize=12)
def _trained(data_key, kind, net, recipe, seed):
    "What a choice of images needs from a training on everything, and (seconds, processor seconds) that it took"
    data, start = DATA[data_key], _now()
    made = (forgetting_counts if kind == 'forgetting' else whole_net)(data, net, recipe, seed)
    return made, [b - a for a, b in zip(start, _now())]


DATA = {}     # name → ImageData, loaded once by each process


def load(name, args):
    "A data set by the name that rows use"
    if name not in DATA:
        if name == 'digits': DATA[name] = load_dataset('digits')
        elif not args.root: raise SystemExit(f'reproduce: rows of {name} need --root FOLDER, where the data lie')
        elif name.endswith('-jpeg'):
            inside = Path(args.root)/name
            DATA[name] = load_dataset(str(inside if inside.is_dir() else args.root), progress=False)
        else: DATA[name] = load_dataset(name, root=args.root, download=False, progress=False)
    return DATA[name]


def about(data): return dict(name=data.name, train=len(data.train), test=len(data.test), shape=list(data.shape),
                             classes=data.n_classes, fingerprint=data.fingerprint())


def _now(): return time.perf_counter(), time.process_time()


def make_set(row, seed, args):
    "The set of a seed and what making it took, from the disk if it is there already"
    place = args.runs/args.budget/(row.sets_of or row.name)/f'seed{seed}'
    source = rows(args.budget).get(row.sets_of, row)
    place.mkdir(parents=True, exist_ok=True)
    told = json.dumps([source.declared()['recipe'], source.declared()['options'], source.speed], sort_keys=True)
    if (place/'made.json').exists():
        took = json.loads((place/'made.json').read_text())
        if took.pop('told') == told: return SyntheticSet.load(place/'set.safetensors'), took
    small, took = _make(source, load(row.data, args), seed, place, args)
    small.save(place/'set.safetensors')
    write_atomic(place/'made.json', json.dumps(dict(took, told=told)))
    for f in (*place.glob('checkpoint-*'), place/'spent.json'): f.unlink(missing_ok=True)
    return small, took


def _make(row, data, seed, place, args):
    "Choose or condense; (the set, what it took)"
    start, options, method, extra = _now(), _options(row), get_method(row.method), [0., 0.]
    if not isinstance(method, Method):
        if row.method in ('herding', 'kcenter', 'kmeans', 'forgetting'):
            what, extra = _trained(row.data, row.method, row.net, options.pop('recipe', train_recipe('whole')), seed) \
                if row.method == 'forgetting' else _trained(row.data, 'net', row.net, options.pop('recipe', train_recipe('whole')), seed)
            options['falls' if row.method == 'forgetting' else 'embedder'] = what
            start = _now()
        small = method.make(data, row.ipc, seed=seed, net=row.net, device=args.device, **options)
    else:
        checks, spent = Checkpoints(place), [0., 0.]
        if len(checks) and (place/'spent.json').exists(): spent = json.loads((place/'spent.json').read_text())
        states = condensing(data, method, row.ipc, seed=seed, net=row.net, device=args.device, speed=row.speed,
                            resume_from=checks if len(checks) else None, **options)
        small = _steps(states, checks, spent, start, place, args)
        extra = spent
    took = [b - a + c for a, b, c in zip(start, _now(), extra)]
    losses = [small.losses[i].item() for i in (0, -1)] if len(small.losses) else [None, None]
    return small, dict(seconds=took[0], cpu_seconds=took[1], updates=small.info.get('updates', 0),
                       passes=small.info.get('passes', 0), first_loss=losses[0], last_loss=losses[1])


def _steps(states, checks, spent, start, place, args):
    "Run to the end, with checkpoints; stop in time"
    state = None
    def keep():
        if state is None: return
        write_atomic(place/'spent.json', json.dumps([b - a + c for a, b, c in zip(start, _now(), spent)]))
        state.save_checkpoint(checks)
    try:
        for state in states:
            if checks.due(): keep()
            if time.time() > args.until: raise TimeUp
    except BaseException:
        keep()
        raise
    return state.set()


def measure(row, seed, args) -> dict:
    "Make a set, score it"
    if row.method == 'whole set': small, took = load(row.data, args), dict(seconds=0., cpu_seconds=0., updates=0, passes=0)
    else: small, took = make_set(row, seed, args)
    found = dict(seed=seed, **took, scores={})
    for name, s in row.scoring.items():
        start = _now()
        r = evaluate(small, load(row.data, args), s['net'], s['nets'], _scoring(s), seed, args.device, speed=s['speed'])
        seconds, cpu = (b - a for a, b in zip(start, _now()))
        found['scores'][name] = dict(accuracies=[round(a, 4) for a in r.accuracies], seconds=seconds, cpu_seconds=cpu)
    if row.method != 'whole set': found['images'] = len(small)
    return found


# ---- Rows on the disk

def dumps(d, depth=0) -> str:
    "JSON with a line for each set"
    if depth < 2 and isinstance(d, dict) and d:
        return '{\n' + ',\n'.join(f'{" "*(depth+1)}{json.dumps(k)}: {dumps(v, depth+1)}' for k, v in d.items()) + '}'
    if depth < 2 and isinstance(d, list) and d and isinstance(d[0], dict):
        return '[\n' + ',\n'.join(' '*(depth+1) + json.dumps(v, ensure_ascii=False) for v in d) + ']'
    return json.dumps(d, ensure_ascii=False)


def path_of(row, args): return args.results/args.budget/f'{row.name}.json'


def read(row, args) -> dict:
    "What there is of a row"
    path = path_of(row, args)
    return json.loads(path.read_text()) if path.exists() else dict(row=row.declared(), data=None, sessions=[], sets=[])


def differs(old, new, at='') -> list:
    "Where a row on the disk is not the one that is declared now"
    if isinstance(old, dict) and isinstance(new, dict):
        return [d for k in old if k in new and k != 'note' for d in differs(old[k], new[k], f'{at}.{k}' if at else k)]
    return [] if old == new else [f'{at} was {old!r}, is {new!r}']


def check(todo, args):
    "Refuse rows that were measured with other settings"
    for row in todo:
        if found := differs(read(row, args)['row'], row.declared()):
            raise SystemExit(f'reproduce: {path_of(row, args)} was measured with other settings ({"; ".join(found)}); '
                             'move it away, or use another --results')


@contextmanager
def alone(folder, wait=False):
    "Nobody else is at work in the folder; yields False if somebody is"
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        lock = RunLock(folder)
        try: lock.__enter__()
        except RunLocked:
            if not wait:
                yield False
                return
            time.sleep(0.05)
            continue
        break
    try: yield True
    finally: lock.__exit__(None, None, None)


def record(row, found, session, args):
    "Add a set to its row's file"
    with alone(args.runs/args.budget/row.name, wait=True):
        kept = read(row, args)
        kept['data'] = kept['data'] or about(load(row.data, args))
        if kept['data']['fingerprint'] != DATA[row.data].fingerprint():
            raise SystemExit(f'reproduce: {path_of(row, args)} was measured on other images than those of {row.data} here')
        if session not in kept['sessions']: kept['sessions'].append(session)
        found = dict(found, session=kept['sessions'].index(session))
        kept['sets'] = sorted([s for s in kept['sets'] if s['seed'] != found['seed']] + [found], key=lambda s: s['seed'])
        write_row(row, kept, args)


def write_row(row, kept, args):
    path_of(row, args).parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path_of(row, args), dumps(kept) + '\n')


# ---- Working through them

def selected(args) -> list:
    "The rows asked for, in order of value"
    found = [r for n, r in rows(args.budget).items() if any(fnmatch.fnmatch(n, p) or n.startswith(p) for p in args.only)]
    if not found: raise SystemExit(f'reproduce: no row of the budget {args.budget} is called like {", ".join(args.only)}; see --plan')
    return found


def missing(todo, args) -> list:
    "(row, seed) of what is not measured, the first sets of all rows first"
    have = {r.name: {s['seed'] for s in read(r, args)['sets']} for r in todo if not r.same_as}
    tasks = [(r, seed) for r in todo if not r.same_as for seed in range(r.sets) if seed not in have[r.name]]
    return sorted(tasks, key=lambda t: t[1] // args.seeds_together)


def predict(tasks, args) -> dict:
    "(row's name, seed) → seconds: as its other sets took; else as planned, corrected by what the plan of other rows was worth"
    known, plans, factors = {}, {r.name: estimate(r, args.device) for r, _ in tasks}, {}
    for r in rows(args.budget).values():
        if sets := read(r, args)['sets']:
            took = mean(s['cpu_seconds'] + sum(x['cpu_seconds'] for x in s['scores'].values()) for s in sets) if not r.sets_of else \
                mean(sum(x['cpu_seconds'] for x in s['scores'].values()) for s in sets)
            known[r.name] = took
            factors.setdefault(r.data, []).append((took, sum(estimate(r, args.device))))
    scale = {d: sum(a for a, _ in f) / max(1e-9, sum(b for _, b in f)) for d, f in factors.items()}
    return {(r.name, s): known.get(r.name, sum(plans[r.name]) * scale.get(r.data, 1)) for r, s in tasks}


def work(args, speak=True):
    "Measure what is missing, until the time is up"
    if args.processes > 1: torch.set_num_threads(1)
    todo, session, passed = selected(args), provenance(), set()
    while True:
        tasks = [t for t in missing(todo, args) if (t[0].name, t[1]) not in passed]
        cost, did = predict(tasks, args), False
        for row, seed in tasks:
            key, left = (row.name, seed), args.until - time.time()
            if left <= 0: return
            if cost[key] > left and not (_resumes(row) and left > 60): passed.add(key); continue
            with alone(args.runs/args.budget/row.name/f'seed{seed}') as mine:
                if not mine: continue
                if seed in [s['seed'] for s in read(row, args)['sets']]: continue
                try: found = measure(row, seed, args)
                except TimeUp: return
                record(row, found, session, args)
                did = True
            say(row, found)
        if not did: return


def _resumes(row): return sum(estimate(row)) > 300      # a set worth going on with next time


def say(row, found):
    got = {k: round(mean(s['accuracies']), 1) for k, s in found['scores'].items()}
    print(f'{row.name}, seed {found["seed"]}: {", ".join(f"{v} %" + ("" if k == "main" else f" {k}") for k, v in got.items())}; '
          f'made in {found["seconds"]:.1f} s, scored in {sum(s["seconds"] for s in found["scores"].values()):.1f} s', flush=True)


def _child(args):
    "A process beside the first"
    rows.cache_clear()
    with suppress(KeyboardInterrupt, TimeUp): work(args)


def aliases(args):
    "Rows that would repeat another one say so"
    for r in selected(args):
        if r.same_as and not path_of(r, args).exists(): write_row(r, dict(row=r.declared(), same_as=r.same_as), args)


def plan(args, every=False) -> str:
    "What is left and what it would take"
    tasks = missing(selected(args), args)
    cost, lines, total = predict(tasks, args), [], 0.
    for r in selected(args):
        n, each = sum(t[0] is r for t in tasks), [cost[t[0].name, t[1]] for t in tasks if t[0] is r]
        total += sum(each)
        if n and every: lines.append(f'{r.name:44} {n:2} sets  {sum(each):8.0f} s')
    what = f'{len(tasks)} sets of {len({t[0].name for t in tasks})} rows are left, about {total/60:.0f} minutes of one '
    return '\n'.join([*lines, what + ('GPU' if args.device.startswith('cuda') else 'core') if tasks else 'nothing is left'])


def run(args):
    "Measure, in several processes if asked for; what is left"
    check(selected(args), args)
    for name in dict.fromkeys(r.data for r, _ in missing(selected(args), args)): load(name, args)
    aliases(args)
    print(plan(args), flush=True)
    others = [get_context('spawn').Process(target=_child, args=(args,)) for _ in range(args.processes - 1)]
    for p in others: p.start()
    code = 0
    try: work(args)
    except KeyboardInterrupt: code = 130
    finally:
        for p in others: p.join()
    print(f'stopped; {plan(args)}' if missing(selected(args), args) else plan(args), flush=True)
    return code


def parser():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--budget', choices=sorted(ROWS), default='cpu')
    p.add_argument('--only', nargs='+', default=['*'], metavar='PATTERN', help="names of rows: 'digits/*', 'mnist/ipc1-dm', 'digits/ipc10'")
    p.add_argument('--processes', type=int, default=1)
    p.add_argument('--minutes', type=float, default=math.inf, help='begin nothing that would end later')
    p.add_argument('--device', default='cpu')
    p.add_argument('--root', help='folder of the data')
    p.add_argument('--seeds-together', type=int, default=1, metavar='N', help='go through all rows with N seeds at a time (default: 1)')
    p.add_argument('--results', type=Path, default=RESULTS/'reproduce', help='where rows are written')
    p.add_argument('--runs', type=Path, default=RUNS, help='where sets and checkpoints are kept')
    for what, text in dict(plan='list the rows and stop', table='draw the tables and stop',
                           recommend='write the recommendation into its chapter and stop').items():
        p.add_argument(f'--{what}', action='store_true', help=text)
    return p


def main(argv=None) -> int:
    args = parser().parse_args(argv)
    for k in ('processes', 'seeds_together'):
        if getattr(args, k) < 1: raise SystemExit(f'reproduce: --{k.replace("_", "-")} is {getattr(args, k)}, expected at least 1')
    if not args.minutes > 0: raise SystemExit(f'reproduce: --minutes is {args.minutes}, expected more than 0')
    args.until = time.time() + 60 * args.minutes
    if args.plan: print(plan(args, every=True))
    elif args.table: tables(args)
    elif args.recommend: recommend(args)
    else:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return run(args)
    return 0


if __name__ == '__main__': sys.exit(main())
