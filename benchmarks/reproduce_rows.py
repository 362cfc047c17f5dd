"""The rows of benchmarks/reproduce.py: what is measured, with which settings, in which order, and what it would take.

Three budgets. `smoke` has one row of each kind, in seconds. `cpu` has all methods with short runs, which keep the shape of
the published ones; whatever is not as published stands in the row. `paper` has the published settings, for a GPU. Rows
stand in the order of what is learnt for a second.
"""
import json
import math
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache

import torch

from dataset_condensation.adaptive_steps import PUBLISHED, Schedule
from dataset_condensation.all import METHODS, loop_counts, make_net, parse_net, train_recipe
from dataset_condensation.beyond import EXPERTS, KernelDistance
from dataset_condensation.condensation import Method
from dataset_condensation.names import as_json
from dataset_condensation.training import recipe_for


@dataclass(frozen=True)
class Row:
    "One line of a table, with all that is needed to measure it again"
    name: str
    data: str                 # 'digits', 'mnist', 'cifar10-jpeg', …
    method: str               # A name of the package or in `OURS`, or 'whole set'
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
        method = method_named(self.method)
        return method.recipe(self.ipc, self.net, self.data, **options_of(self)) if isinstance(method, Method) else None

    def declared(self) -> dict:
        "What must be the same when a row goes on"
        r, full = self.recipe(), None
        if r:
            full = method_named(self.method).recipe(self.ipc, data=self.data)
            r, full = ({k: as_json(v) for k, v in vars(x).items()} | dict(updates=x.updates) for x in (r, full))
        scoring = {k: s | dict(recipe=vars(scoring_of(s))) for k, s in self.scoring.items()}
        return json.loads(json.dumps(dict(asdict(self), scoring=scoring, recipe=r, published_recipe=full)))


def options_of(row):
    "The options as the method wants them"
    o = dict(row.options)
    if isinstance(o.get('inner'), list): o['inner'] = Schedule(tuple(o['inner']))
    if 'recipe' in o: o['recipe'] = train_recipe('whole', **o['recipe'])
    return o


def scoring_of(s): return train_recipe(s.get('like', 'dc'), **s.get('train', {}))


def score(net, nets, speed='auto', like='dc', **train): return dict(net=net, nets=nets, speed=speed, like=like, train=train)


BASELINES = ['random', 'herding', 'kcenter', 'forgetting']
GRADIENT = ['dc', 'dsa', 'delving-m', 'delving-md', 'delving']
BEYOND = [       # what goes beyond the papers, measured beside the plain methods at the same number of updates
    ('dm-tiles', 'dm', dict(factor=2)), ('dc-tiles', 'dc', dict(factor=2)), ('dm-strata', 'dm', dict(sampling='strata')),
    ('dc-strata', 'dc', dict(sampling='strata')), ('dm-centroids', 'dm', dict(init='centroids'))]


def short(method, ipc, updates, passes=5, lr=0.1, dm=None, most=10, **more) -> dict:
    """A short run that keeps the shape of the published one: at most `most` updates for each network, a `passes`-th of the
    passes between them (and of the schedule), from real images, since noise needs many updates to become anything; steps
    of the images that grow with their number up to ten (the gradient of a mean falls with it; beyond, longer steps spoil
    what the real images have); the network's momentum as in the first release, for all alike"""
    if method in BASELINES + ['kmeans', 'whole set']: return {}
    if method.startswith('dm'): return dict(dict(image_lr=float(ipc)) | (dm or {}), **more)
    outer, inner = loop_counts(ipc)
    outer, inner = min(outer, most), max(1, round(inner / passes))
    if method == 'delving': inner = [max(1, round(p * inner / PUBLISHED[0])) for p in PUBLISHED]
    return dict(init='real', iterations=updates // outer, outer=outer, inner=inner, image_lr=round(lr * min(ipc, 10), 6),
                net_momentum=0.5, **more)


# The digits: 8 × 8 pixels, for which nobody published figures; every method at every size
DIGITS = 'convnet-w32'
PASSES = {1: 300, 2: 300, 5: 100, 10: 60, 20: 40, 50: 20}     # of scoring, in batches of 32: 240 to 320 updates


def digits(method, ipc, suffix='', net=DIGITS, sets=5, **options):
    "A row of the digits"
    o = short(method, ipc, 60, real_batch=32)
    if method.startswith('dm'): o |= dict(iterations=150, real_batch=64)
    same = f'digits/ipc{ipc}-delving-md' if method == 'delving' and ipc < 5 else ''    # no passes to save
    scoring = dict(main=score(net, 5, 'float32', epochs=PASSES[ipc], batch=32))
    return Row(f'digits/ipc{ipc}-{suffix or method}', 'digits', method, ipc, net, o | options, sets, scoring, 'float32',
               same_as=same)


def digits_rows():
    for methods in (['random', 'herding', 'dm', 'dc', 'dsa', 'delving-m', 'delving-md', 'delving'],
                    ['kcenter', 'forgetting', 'kmeans']):
        for ipc in (10, 1, 50, 5, 2, 20):
            yield from (digits(m, ipc) for m in methods)
    yield Row('digits/whole', 'digits', 'whole set', 0, DIGITS, sets=1, speed='float32',
              scoring=dict(main=score(DIGITS, 5, 'float32', epochs=40, batch=64)))
    yield from beyond(lambda m, ipc, suffix, o: digits(m, ipc, suffix, **o), dict.fromkeys((1, 10), [b[0] for b in BEYOND]))


def beyond(make, wanted):
    "The plain methods with what goes beyond the papers: of BEYOND what `wanted` names for each size"
    for ipc, names in wanted.items():
        for suffix, method, options in BEYOND:
            if suffix in names: yield make(method, ipc, suffix, options)


def digits_claims():
    "What the papers say beside their tables"
    for m in ('dsa', 'dc', 'dm', 'random', 'herding'):
        yield scored(digits(m, 10), 'augmented', main=score(DIGITS, 5, 'float32', 'dsa', epochs=120, batch=32))
    for option in ('maxpool', 'leakyrelu', 'nonorm', 'bn', 'ln', 'gn', 'sigmoid', 'nopool'):
        r = digits('dc', 1, f'dc-{option}', f'{DIGITS}-{option}')
        yield replace(r, name=r.name.replace('digits/', 'digits/claims/'))
    others = {n: score(n, 3, epochs=300, batch=32) for n in ('mlp', 'lenet')}
    for m in ('dc', 'dm', 'random'): yield scored(digits(m, 1), 'others', **others)
    tried = {'half-steps': dict(image_lr=0.5), 'four-times': dict(iterations=24)}
    for way, options in tried.items():      # why is M not better: two terms are twice the gradient; or six networks are too few
        for m in ('delving-m', 'delving-md', 'dc'):
            r = digits(m, 10, f'{m}-{way}', **options)
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


# Beyond the papers: tiles, and DM with one way of sampling. The other combinations are measured on the digits only, for want
# of core-hours; benchmarks/beyond.py has more of DM's at equal seconds
MORE = {1: ('dm-tiles', 'dc-tiles', 'dm-strata'), 10: ('dm-tiles', 'dm-strata')}


def photos_rows(data, updates, methods, more=(1, 10)):
    """In the order of what is learnt for a second, and at last a run of seconds from centres of clusters, in tiles where one
    image stands for a class; what goes beyond the papers at the sizes of `more`"""
    for ipc, n in updates.items():
        for m in methods: yield photos(data, m, ipc, n['dm' if m == 'dm' else 'dc'])
        yield photos(data, 'dm', ipc, 60, 'dm-quick', init='centroids', **(dict(factor=2, image_lr=3.) if ipc == 1 else {}))
    yield from beyond(lambda m, ipc, suffix, o: photos(data, m, ipc, updates[ipc]['dm' if m == 'dm' else 'dc'], suffix, **o),
                      {n: MORE[n] for n in more})


def mnist_rows():
    methods = ['random', 'dm', 'dc', 'herding', 'delving-md', 'delving', 'dsa', 'delving-m', 'kcenter', 'forgetting']
    yield from photos_rows('mnist', {1: dict(dm=3000, dc=1000), 10: dict(dm=1000, dc=200)}, methods)


def mnist_claims():
    more = ('herding', 'kcenter', 'forgetting', 'dsa', 'delving-md', 'delving-m')
    for m in ('random', 'dm', 'dc', *more):     # scored as published: 128 filters, a thousand passes with shifts, scales and turns
        yield scored(photos('mnist', m, 1, dict(dm=3000).get(m, 1000)), 'as-published', main=score('convnet', 5, 'float32', 'dc-mnist'))
    for m in ('dsa', 'dm'):     # whose papers score under DSA's augmentation
        yield scored(photos('mnist', m, 1, dict(dm=3000).get(m, 1000)), 'under-dsa', main=score('convnet', 5, 'float32', 'dsa'))
        yield scored(photos('mnist', m, 10, dict(dm=1000).get(m, 200)), 'under-dsa', main=score('convnet', 5, 'bfloat16-training', 'dsa'))
    for m in ('random', 'dm', 'dc', *more, 'delving'):     # ten times the images: networks are trained in 16 bits
        r = photos('mnist', m, 10, dict(dm=1000).get(m, 200))
        yield scored(r, 'as-published', main=score('convnet', 5, 'bfloat16-training', 'dc-mnist'))
        yield scored(replace(r, sets=1), 'in-32-bits', main=score('convnet', 2, 'bfloat16', 'dc-mnist'))     # is that the same?
    tiles = replace(photos('mnist', 'dm', 1, 3000, 'dm-tiles', factor=2), sets=2)     # forty images to train on: two networks
    yield scored(tiles, 'as-published', main=score('convnet', 2, 'bfloat16', 'dc-mnist'))
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
                           ['random', 'dm', 'dc', 'herding', 'dsa', 'delving-md', 'delving'], (1,))


LONG = replace(EXPERTS, name='experts-long', experts=4, training=replace(EXPERTS.training, epochs=8))
KERNELS = replace(LONG, name='experts-long-kernels', distance=KernelDistance())
WIDE = replace(EXPERTS, name='experts-wide', experts=3, training=replace(EXPERTS.training, epochs=6))
OURS = {m.name: m for m in (LONG, KERNELS, WIDE)}     # Methods that only rows here have


def method_named(name):
    "The method of a row; None for 'whole set'"
    return OURS.get(name) or METHODS.get(name)


def cifar_experts():
    """Past the papers: experts, and choices of real images in the same tiles, scored as published; these and the ways to spend
    a second, a minute, ten and thirty, scored briefly. Always with DSA"""
    brief = {1: score(SMALL, 3, 'bfloat16-training', 'dsa', epochs=300), 10: score(SMALL, 1, 'bfloat16-training', 'dsa', epochs=300)}
    published = {1: score('convnet', 3, 'bfloat16-training', 'dsa'), 10: score('convnet', 1, 'bfloat16-training', 'dsa')}
    tiles, herding = dict(factor=3), WEAK['herding']
    def row(name, ipc, method, options, speed='bfloat16-all', **scoring):
        return Row(f'cifar10-jpeg/claims/ipc{ipc}-{name}', 'cifar10-jpeg', method, ipc, SMALL, options, 3, scoring, speed)
    for ipc in (1, 10):
        both = dict(main=published[ipc], brief=brief[ipc])
        beside = both if ipc == 1 else dict(brief=brief[ipc])     # a network on 900 images is a quarter of an hour
        yield row('experts', ipc, 'experts', {}, **both)
        if ipc == 10: yield row('experts-long', 10, LONG.name, dict(iterations=1500), **both)
        yield row('random-in-tiles', ipc, 'random', tiles, **beside)
        yield row('herding-in-tiles', ipc, 'herding', herding | tiles, **beside)
        dm = tiles | dict(real_batch=32, schedule='cosine', image_lr={1: 20., 10: 60.}[ipc])
        yield row('dm-in-tiles', ipc, 'dm', dm | dict(iterations={1: 1000, 10: 500}[ipc]), **beside)
        yield row('dm-in-tiles-quick-brief', ipc, 'dm', dm | dict(iterations=100), brief=brief[ipc])
        if ipc == 1: yield row('dm-in-tiles-middle-brief', 1, 'dm', dm | dict(iterations=300), brief=brief[1])
    for ipc, updates in {1: 1000, 10: 500}.items():
        dm = dict(real_batch=32, image_lr=float(ipc))
        yield row('random-brief', ipc, 'random', {}, brief=brief[ipc])
        yield row('herding-brief', ipc, 'herding', herding, brief=brief[ipc])
        yield row('dm-quick-brief', ipc, 'dm', dm | dict(iterations=60, init='centroids'), 'bfloat16', brief=brief[ipc])
        yield row('dm-brief', ipc, 'dm', dm | dict(iterations=updates), 'bfloat16', brief=brief[ipc])
        yield row('experts-quick-brief', ipc, 'experts', dict(iterations=100), brief=brief[ipc])
        yield row('experts-longer-brief', ipc, 'experts', dict(iterations=2000), brief=brief[ipc])
    others = {n: score(n, 1, 'bfloat16-training', 'dsa', epochs=300) for n in ('mlp', 'lenet', 'alexnet', 'vgg11', 'resnet18-bn')}
    for name, method, options in (('experts', 'experts', {}), ('dm', 'dm', dict(iterations=1000, real_batch=32, image_lr=1.)), ('random-in-tiles', 'random', tiles)):
        yield replace(row(f'{name}-transfer', 1, method, options, **others), sets=1)
    yield row('experts-long-kernels', 10, KERNELS.name, dict(iterations=1500), main=published[10], brief=brief[10])
    wide = row('experts-wide', 10, WIDE.name, dict(iterations=1500), main=published[10], brief=brief[10])
    yield replace(wide, net='convnet')      # made with the network that scores: does it pay?


def cifar_fifty():
    "Past the papers at fifty images per class, in 2x2 tiles: small tiles gain less where there are many images"
    brief, two = dict(brief=score(SMALL, 1, 'bfloat16-training', 'dsa', epochs=300)), dict(factor=2)
    published = dict(main=score('convnet', 1, 'bfloat16-training', 'dsa'))
    experts = two | dict(iterations=500, real_batch=128)
    for name, method, options, scoring in (('experts', LONG.name, experts, brief | published), ('random-in-tiles', 'random', two, brief),
                                           ('herding-in-tiles', 'herding', WEAK['herding'] | two, brief), ('random', 'random', {}, brief)):
        yield Row(f'cifar10-jpeg/claims/ipc50-{name}', 'cifar10-jpeg', method, 50, SMALL, options, 2, scoring, 'bfloat16-all')
    dm = two | dict(iterations=500, real_batch=32, image_lr=75., schedule='cosine')
    yield Row('cifar10-jpeg/claims/ipc50-dm-in-tiles', 'cifar10-jpeg', 'dm', 50, SMALL, dm, 2, brief, 'bfloat16-all')
    yield Row('cifar10-jpeg/claims/ipc50-experts-wide', 'cifar10-jpeg', WIDE.name, 50, 'convnet', experts, 2, brief | published, 'bfloat16-all')


def mnist_experts():
    "Experts on digits, where a tile of 14 pixels still shows a digit; under DSA's augmentation, the network as published"
    published = score('convnet', 2, 'bfloat16-training', 'dsa')
    for ipc, factor, sets in ((10, 2, 2), (1, 2, 3), (1, 3, 3)):
        tiles, also = dict(factor=factor), '' if factor == 2 else f'-{factor}x{factor}'
        def row(name, method, options, *speed):
            return Row(f'mnist/claims/ipc{ipc}-{name}{also}', 'mnist', method, ipc, SMALL, options, sets, dict(main=published), *speed)
        yield row('experts', 'experts', tiles, 'bfloat16-all')
        if ipc == 10: yield row('experts-long', LONG.name, tiles | dict(iterations=1500), 'bfloat16-all')
        yield row('random-in-tiles', 'random', tiles)
        yield row('herding-in-tiles', 'herding', WEAK['herding'] | tiles)


def tiny_experts():
    "TinyImageNet with half of its training images, 200 classes of 64×64, scored briefly under DSA by a ConvNet of four blocks"
    net, two = 'convnet-w64-d4', dict(factor=2)
    brief = dict(brief=score(net, 1, 'bfloat16-training', 'dsa', epochs=300))
    dm = dict(iterations=60, real_batch=32, image_lr=1.)
    for name, method, options, speed in (('random', 'random', {}, 'auto'), ('random-in-tiles', 'random', two, 'auto'),
                                         ('dm', 'dm', dm, 'bfloat16'), ('experts', 'experts', two | dict(iterations=200, real_batch=16), 'bfloat16-all'),
                                         ('herding-in-tiles', 'herding', WEAK['herding'] | two, 'auto'), ('dm-in-tiles', 'dm', dm | two | dict(image_lr=10., schedule='cosine'), 'bfloat16-all')):
        yield Row(f'tinyimagenet-half/claims/ipc1-{name}', 'tinyimagenet-half', method, 1, net, options, 1, brief, speed)


def float32_rows():
    """For processors that multiply numbers of 16 bits no faster, as many laptops': what `recommend` knows there, made and
    scored in float32"""
    dsa = dict(like='dsa', epochs=300)
    def row(data, name, ipc, method, options, nets, **how):
        briefly = dict(float32=score(SMALL, nets, 'float32', **how))
        sets = 3 if 'middle' in name or method == 'random' and ipc == 1 else 1
        return Row(f'{data}/claims/ipc{ipc}-{name}-float32', data, method, ipc, SMALL, options, sets, briefly, 'float32')
    for ipc, nets, lr, longer in ((1, 3, 20., 1000), (10, 1, 60., 500)):
        dm = dict(factor=3, real_batch=32, schedule='cosine', image_lr=lr)
        for name, method, options in (('random', 'random', {}), ('random-in-tiles', 'random', dict(factor=3)),
                                      ('dm-in-tiles-quick', 'dm', dm | dict(iterations=100)),
                                      ('experts-quick', 'experts', dict(iterations=100)),
                                      ('dm-in-tiles', 'dm', dm | dict(iterations=longer)),
                                      ('dm-quick', 'dm', dict(real_batch=32, image_lr=float(ipc), iterations=60, init='centroids')),
                                      ('dm', 'dm', dict(real_batch=32, image_lr=float(ipc), iterations=longer))):
            yield row('cifar10-jpeg', name, ipc, method, options, nets, **dsa)
    middle = dict(factor=3, real_batch=32, schedule='cosine', image_lr=20., iterations=300)
    yield row('cifar10-jpeg', 'dm-in-tiles-middle', 1, 'dm', middle, 3, **dsa)
    yield row('cifar10-jpeg', 'experts-middle', 10, 'experts', dict(iterations=300), 1, **dsa)
    both = dict(main=score('convnet', 3, 'float32', 'dsa'), float32=score(SMALL, 3, 'float32', **dsa))
    yield Row('cifar10-jpeg/claims/ipc1-experts-longer-float32', 'cifar10-jpeg', 'experts', 1, SMALL, dict(iterations=2000), 3,
              both, 'float32', note='half an hour of two cores: are 45 % as published in reach?')
    for ipc, epochs, batch, more, tiles in ((1, 300, 256, dict(factor=2, image_lr=3.), dict(iterations=3000)),
                                            (10, 100, 32, dict(image_lr=10.), dict(image_lr=10., iterations=1000))):
        dm, how = dict(real_batch=32, init='centroids', iterations=60), dict(epochs=epochs, batch=batch)
        for name, method, options in (('random', 'random', {}), ('random-in-tiles', 'random', dict(factor=2)), ('dm-quick', 'dm', dm | more),
                                      ('dm-tiles-middle', 'dm', dict(real_batch=32, factor=2) | tiles | dict(iterations=300)),
                                      ('dm-tiles', 'dm', dict(real_batch=32, factor=2) | tiles)):
            yield row('mnist', name, ipc, method, options, 5, **how)


def cifar_claims():
    for m in ('random', 'dm', 'dsa'):    # scored as published: 128 filters, a thousand passes under DSA's augmentation
        yield scored(photos('cifar10-jpeg', m, 1, dict(dm=1000).get(m, 300)), 'as-published', main=score('convnet', 5, 'float32', 'dsa'))
    r = replace(photos('cifar10-jpeg', 'dsa', 1, 1000, 'dsa-longer'), sets=2)     # DSA stays behind: is it the 300 updates?
    yield replace(r, name='cifar10-jpeg/claims/ipc1-dsa-longer', scoring=dict(r.scoring, published=score('convnet', 5, 'float32', 'dsa')))
    for m, suffix, updates, more in (('dm', 'dm-20000', 20_000, {}), ('dc', 'dc-256', 1000, dict(real_batch=256))):   # as many as their papers
        r = replace(photos('cifar10-jpeg', m, 1, updates, **more), sets=1)
        published = score('convnet', 5, 'float32', 'dsa') if m == 'dm' else score('convnet', 5, 'float32')
        yield replace(r, name=f'cifar10-jpeg/claims/ipc1-{suffix}', scoring=dict(r.scoring, published=published))
    for m in ('dm', 'dsa', 'random'):    # ten times the images: one set, one network
        r = replace(photos('cifar10-jpeg', m, 10, dict(dm=500).get(m, 100)), sets=1)
        yield scored(r, 'as-published', main=score('convnet', 1, 'bfloat16', 'dsa'))
    for m, updates in dict(dm=2000, dsa=400).items():     # and four times the updates, scored as in the table
        yield replace(photos('cifar10-jpeg', m, 10, updates), name=f'cifar10-jpeg/claims/ipc10-{m}-longer', sets=1)


# The published settings, for a GPU
def published_row(data, method, ipc):
    "A row exactly as its paper has it"
    own = recipe_for(getattr(METHODS.get(method), 'scoring', 'dc'), data.removesuffix('-jpeg'))
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


ROWS = dict(smoke=[smoke_rows], cpu=[digits_rows, digits_claims, mnist_rows, mnist_claims, cifar_rows, cifar_experts, cifar_fifty, mnist_experts, cifar_claims, tiny_experts, float32_rows], paper=[paper_rows])


@lru_cache
def rows(budget) -> dict:
    "Name → row, in order of value"
    found = [r for make in ROWS[budget] for r in make()]
    return {r.name: r for r in found}


# ---- What a row would take: for planning, in seconds of one core of the machine this was written on

SHAPES = {'digits': ((1, 8, 8), 10, 1400, 397), 'mnist': ((1, 28, 28), 10, 60_000, 10_000),
          'fashionmnist': ((1, 28, 28), 10, 60_000, 10_000), 'cifar10': ((3, 32, 32), 10, 50_000, 10_000), 'cifar10-jpeg': ((3, 32, 32), 10, 50_000, 10_000),
          'cifar100': ((3, 32, 32), 100, 50_000, 10_000), 'svhn': ((3, 32, 32), 10, 73_257, 26_032), 'tinyimagenet-half': ((3, 64, 64), 200, 50_000, 10_000)}


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
    if device.startswith('cuda'): return 5e13     # of convolutions in TF32, a guess
    width = parse_net(net).width or 64
    return min(33e9, 5.5e9 * (width / 32)**1.2) * (1.6 if speed == 'bfloat16' else 1)


def estimate(row, device='cpu') -> tuple:
    "(making, scoring) a set, before anything was measured"
    shape, classes, train, test = SHAPES[row.data]
    update, step = (0.012, 0.002)
    if device.startswith('cuda'): update, step = (0.015 if row.method.startswith('dm') else 0.045, 0.00075)    # launches, guesses too
    each, rest = products(row.net, shape, classes), 0.
    per, r, make = rate(row.net, row.speed, device), row.recipe(), 0.
    images = row.ipc * classes * getattr(r, 'factor', 1)**2 or train
    if row.sets_of: make = 0.
    elif r:
        real, syn = (1, 3) if row.method.startswith('dm') else (3, 6)
        make = r.updates * (update + classes * (real * r.real_batch + syn * row.ipc) * each / per)
        make += r.iterations * _passes(r) * (step + 2 * images * each / per)
    elif row.method in ('herding', 'kcenter', 'kmeans', 'forgetting'):
        make = options_of(row).get('recipe', train_recipe('whole')).epochs * 3 * train * each / per + 1
    for s in row.scoring.values():
        each, per, t = products(s['net'], shape, classes), rate(s['net'], s['speed'], device), scoring_of(s)
        one = t.epochs * (0.0015 * math.ceil(images / t.batch) + 2 * images * each / per) + test * each / per
        rest += s['nets'] * one * (1.5 if t.augment != 'none' else 1)
    return make, rest


def _passes(r):
    "Passes of training for one network"
    if isinstance(r.inner, int): return r.inner * (r.outer - 1)
    if hasattr(r.inner, 'passes'): return sum(r.inner.passes[min(o, len(r.inner.passes) - 1)] for o in range(r.outer - 1))
    return 10 * (r.outer - 1)
