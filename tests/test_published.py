"""Every published setting by name: as the recipes have it, and as a run that is watched uses it.

The tables below were written from the papers and from the authors' code (VICO-UoE/DatasetCondensation, commit 53f63a6),
not from the package. A setting that nobody meant to change must not change; one that is changed on purpose changes here.
"""
from dataclasses import asdict, fields
from itertools import islice

import pytest
import torch
from torch import nn

from dataset_condensation import augmentation, condensation, runs, training
from dataset_condensation.adaptive_steps import Fixed, held_loss, Schedule, UntilOverfit
from dataset_condensation.all import (METHODS, TRAIN_RECIPES, Recipe, SyntheticSet, condense, condensing, evaluate, gen,
                                      learn, load_dataset, make_augment, make_net, paper, train, train_recipe)
from dataset_condensation.condensation import Step
from dataset_condensation.coresets import first_images
from dataset_condensation.data import Batch, real_batch
from dataset_condensation.frozen_backbones import Pyramid
from dataset_condensation.gradient_matching import loop_counts, match_gradients
from dataset_condensation.multi_level_matching import AngleMagnitude, Both, match_in_turns
from dataset_condensation.training import recipe_for


@pytest.fixture(scope='module')
def data(): return load_dataset('digits')


# ---- What the recipes say

DC = dict(init='noise', keep=None, iterations=1000, image_lr=0.1, image_momentum=0.5, net='convnet', net_lr=0.01, net_momentum=0.,
          real_batch=256, inner_batch=256, augment='none', augment_inner=False, factor=1, sampling='random',
          image_opt='sgd', schedule=None)
DSA = DC | dict(init='real', augment='dsa', augment_inner=True)
DM = DC | dict(init='real', iterations=20_000, outer=1, inner=0, image_lr=1., augment='dsa')
EXPERTS = DM | dict(iterations=500, real_batch=32, factor=3, schedule='cosine')
LINEAR = DC | dict(init='centroids', iterations=30, outer=10, inner=5, image_lr=0.03, net_lr=30., image_opt=Pyramid, schedule='cosine',
                   sampling='features')
DELVING = DC | dict(net_momentum=0.5)
LOOPS = {1: (1, 1), 10: (10, 50), 20: (20, 25), 30: (30, 20), 40: (40, 15), 50: (50, 10), 100: (100, 2)}
STEPS = (50, 40, 30, 20, 10, 10, 10, 10, 10, 10, 5)     # Delving's: 50 − 10 o for the first four, 10 up to the tenth, then 5


def loops(ipc): return dict(zip(('outer', 'inner'), LOOPS[ipc]))


SETTINGS = [    # method, arguments of `paper`, the whole recipe
    *[('dc', dict(ipc=n), DC | loops(n)) for n in LOOPS],
    *[('dc', dict(ipc=n, net=net), DC | loops(n) | dict(net=net, image_lr=0.01)) for n in (1, 10, 50) for net in ('mlp', 'mlp-w64')],
    *[('dc', dict(ipc=n, net='convnet-bn'), DC | loops(n) | dict(net='convnet-bn')) for n in (1, 10, 50)],
    *[('dc-first-release', dict(ipc=n), DC | loops(n) | dict(net_momentum=0.5)) for n in (1, 10, 50)],
    *[('dsa', dict(ipc=n), DSA | loops(n)) for n in LOOPS],
    *[('dsa', dict(ipc=n, net='mlp'), DSA | loops(n) | dict(net='mlp', image_lr=0.01)) for n in (1, 10)],
    *[('dsa', dict(ipc=n, data=name), DSA | loops(n)) for n in (1, 50) for name in ('mnist', 'cifar10')],
    *[('dm', dict(ipc=n), DM) for n in (1, 10, 50, 100, 200)],
    *[('dm', dict(ipc=n, data='cifar10'), DM) for n in (1, 10, 50, 99)],
    *[('dm', dict(ipc=n, data=name), DM | dict(image_lr=10.)) for n in (100, 200, 1250) for name in ('cifar10', 'CIFAR10', 'cifar10-jpeg')],
    *[('dm', dict(ipc=200, data=name), DM) for name in ('cifar100', 'mnist', 'svhn', 'tinyimagenet', 'digits')],
    *[('dm', dict(ipc=n, net=net), DM | dict(net=net)) for n in (1, 50) for net in ('mlp', 'convnet-bn', 'resnet18-bn')],
    *[('dm-plain', dict(ipc=n), DM | dict(augment='none')) for n in (1, 10)],
    *[(m, dict(ipc=n), DELVING | loops(n)) for n in (1, 10, 50) for m in ('delving-m', 'delving-md')],
    *[('delving-md', dict(ipc=n, net='mlp'), DELVING | loops(n) | dict(net='mlp', image_lr=0.01)) for n in (1, 10)],
    *[('delving', dict(ipc=n), DELVING | loops(n) | dict(inner=Schedule(STEPS))) for n in (10, 20, 50)],
    ('delving', dict(ipc=1), DELVING | loops(1) | dict(inner=Schedule((1,)*11))),    # none longer than the fixed ones
    *[('experts', dict(ipc=n), EXPERTS | dict(image_lr=1.5*n)) for n in (1, 10, 50)],     # our own
    *[('linear', dict(ipc=n), LINEAR) for n in (1, 10)],
    *[('delving-until-overfit', dict(ipc=n), DELVING | loops(n) | dict(inner=UntilOverfit(256, 50))) for n in (1, 10, 50)],
]


@pytest.mark.parametrize('method, asked, want', SETTINGS, ids=[f'{m}-{"-".join(map(str, a.values()))}' for m, a, _ in SETTINGS])
def test_the_published_settings(method, asked, want):
    found = {f.name: getattr(paper(method, **asked), f.name) for f in fields(Recipe)}
    assert found == want
    assert paper(method, **asked).updates == want['iterations'] * want['outer']


@pytest.mark.parametrize('name', METHODS)
def test_every_method_with_settings_is_in_the_table(name):
    if hasattr(METHODS[name], 'recipe'): assert name in [m for m, *_ in SETTINGS]


def test_loops_between_the_published_sizes_lie_between():
    assert all(loop_counts(n) == LOOPS[n] for n in LOOPS)
    assert [loop_counts(n)[0] for n in (2, 5, 15, 70, 500)] == [2, 5, 15, 70, 500]
    assert [loop_counts(n)[1] for n in (15, 25, 75, 500)] == [38, 22, 6, 2]


@pytest.mark.parametrize('ipc, fixed, scheduled', [(10, 450, 190), (20, 475, 245), (30, 580, 295), (40, 585, 345), (50, 490, 395)])
def test_epochs_for_each_network_with_fixed_and_with_adaptive_steps(ipc, fixed, scheduled):
    for method, want in (('delving-md', fixed), ('delving', scheduled)):
        r = paper(method, ipc)
        more = r.inner if callable(r.inner) else Fixed(r.inner)
        epochs = 0
        for o in range(r.outer - 1):
            done = 0
            while more(o, done, None, None): done += 1
            epochs += done
        assert epochs == want


def test_no_step_is_trained_longer_than_the_fixed_ones_at_small_sizes():
    assert not any(p > paper('delving-md', 5).inner for p in paper('delving', 5).inner.passes)


# ---- How sets are scored

SCORING = {     # name: epochs, augmentation; all by SGD with these
    'dc': (300, 'none'), 'dc-mnist': (1000, 'dc'), 'dc-bn': (1000, 'dc-bn'), 'dsa': (1000, 'dsa')}
SGD = dict(lr=0.01, momentum=0.9, weight_decay=5e-4)
RANGES = dict(brightness=0.5, saturation=(0., 2.), contrast=(0.5, 1.5), crop=0.125, cutout=0.5, flip=0.5, scale=(1/1.2, 1.2), rotate=15.)
AUGMENTS = {
    'dsa': RANGES | dict(strategy=('color', 'crop', 'cutout', 'flip', 'scale', 'rotate'), mode='one'),
    'dsa-digits': RANGES | dict(strategy=('color', 'crop', 'cutout', 'scale', 'rotate'), mode='one'),
    'dc': RANGES | dict(strategy=('crop', 'scale', 'rotate'), mode='each', scale=(0.8, 1.2), rotate=45.),
    'dc-bn': RANGES | dict(strategy=('crop', 'noise'), mode='each')}
OWN = [         # method, data, network → recipe
    ('dc', 'cifar10', 'convnet', 'dc'), ('dc', 'svhn', 'convnet', 'dc'), ('dc', 'fashionmnist', 'convnet', 'dc'),
    ('dc', 'mnist', 'convnet', 'dc-mnist'), ('dc', 'mnist', 'mlp', 'dc-mnist'), ('dc', 'cifar10', 'resnet18-bn', 'dc'),
    ('dc', 'cifar10', 'convnet-bn', 'dc-bn'), ('dc', 'mnist', 'convnet-w64-bn', 'dc-bn'), ('dc-first-release', 'mnist', 'convnet', 'dc-mnist'),
    ('delving', 'cifar10', 'convnet', 'dc'), ('delving-md', 'mnist', 'convnet', 'dc-mnist'), ('delving-m', 'svhn', 'convnet', 'dc'),
    *[(m, d, net, 'dsa') for m in ('dsa', 'dm', 'dm-plain') for d in ('mnist', 'cifar10') for net in ('convnet', 'convnet-bn')]]


@pytest.mark.parametrize('name', SCORING)
def test_the_recipes_for_scoring(name):
    epochs, augment = SCORING[name]
    assert asdict(TRAIN_RECIPES[name]) == dict(opt='sgd', epochs=epochs, augment=augment, batch=256, drop_at=0.5, **SGD)


@pytest.mark.parametrize('name', AUGMENTS)
def test_the_augmentations(name): assert asdict(make_augment(name)) == AUGMENTS[name]


def test_noise_is_a_thousandth_of_a_standard_deviation():
    x = torch.zeros(64, 3, 32, 32)
    y = make_augment('dc-bn')(x, gen(0))
    noisy = y.flatten(1).std(1) > 0
    assert 16 < noisy.sum() < 48 and abs(y[noisy].std() - 0.001) < 1e-5     # half of zero images are shifted, which leaves zeros


@pytest.mark.parametrize('method, name, net, want', OWN)
def test_a_method_is_scored_as_its_authors_do(method, name, net, want):
    assert recipe_for(METHODS[method].scoring, name, net) == want


@pytest.mark.parametrize('name', SCORING)
def test_a_training_as_it_runs(name, data, monkeypatch):
    "The optimiser's own figures in every epoch: the learning rate falls tenfold after half of them, momentum lives on"
    seen, (epochs, augment) = [], SCORING[name]
    def spy(net, data, opt, generator, batch, augment, tick=None, compute=None):
        g = opt.param_groups[0]
        seen.append((type(opt), g['lr'], g['momentum'], g['weight_decay'], g['nesterov'], g['dampening'], batch, augment, net.training, id(opt)))
        return torch.zeros(())
    monkeypatch.setattr(training, 'train_epoch', spy)
    small = SyntheticSet(torch.zeros(10, *data.shape), torch.arange(10), data.classes, data.mean, data.std, dict(data='digits'))
    evaluate(small, data, 'convnet-w2', 1, name, speed='plain')
    assert len(seen) == epochs and len({s[-1] for s in seen}) == 1
    suited = make_augment('dsa-digits' if augment == 'dsa' else augment)
    for k, s in enumerate(seen):
        lr = 0.01 if k < epochs // 2 else 0.001
        assert s[:-1] == (torch.optim.SGD, pytest.approx(lr), 0.9, 5e-4, False, 0, 256, suited, True), k


def test_learning_in_the_applications_drops_alike(data, monkeypatch):
    seen, step = [], torch.optim.SGD.step
    def spy(self, *a):
        seen.append({k: self.param_groups[0][k] for k in ('lr', 'momentum', 'weight_decay')})
        return step(self, *a)
    monkeypatch.setattr(torch.optim.SGD, 'step', spy)
    small = SyntheticSet(torch.zeros(10, *data.shape), torch.arange(10), data.classes, data.mean, data.std)
    for f in (train, learn):
        seen.clear()
        f(make_net('convnet-w2', data), small, recipe=train_recipe('dc', epochs=6))
        assert [round(s.pop('lr'), 9) for s in seen] == [0.01]*3 + [0.001]*3
        assert seen == [dict(momentum=0.9, weight_decay=5e-4)]*6


@pytest.mark.parametrize('method, net, want', [('dc', 'convnet-w2', 'dc'), ('dc', 'convnet-w2-bn', 'dc-bn'), ('dsa', 'convnet-w2', 'dsa'),
                                               ('dm', 'convnet-w2', 'dsa'), ('delving', 'convnet-w2', 'dc')])
@pytest.mark.parametrize('speed', ['plain', 'float32'])
def test_scores_on_the_way_are_the_methods_own(method, net, want, speed, data, monkeypatch):
    seen, tried = [], runs.Alone.evaluate
    def spy(small, held, net, nets, recipe, seed, device, speed, progress):
        seen.append((net, nets, train_recipe(recipe), seed, str(speed)))
        assert held.test.order.tolist() == data.holdout(0.1, 3).test.order.tolist()     # of the training images
        return tried(small, held, net, nets, train_recipe(recipe, epochs=1), seed, device, progress, speed=speed)
    monkeypatch.setattr(runs.Alone, 'evaluate', staticmethod(spy))
    made = condense(data, method, 1, seed=3, net=net, iterations=2, real_batch=4, evaluate_every=2, nets=2, speed=speed, progress=False)
    assert seen == [(net, 2, TRAIN_RECIPES[want], 3, made.info['speed'])]
    assert [h['step'] for h in made.info['history']] == [2]


# ---- What a run does

class Spy:
    "Everything that a run asks for, in order"
    def __init__(self, monkeypatch, data):
        self.seen, self.n = [], data.n_classes
        note = lambda *a, **kw: self.seen.append((a, kw))
        which, net, epoch, shared = data.which, condensation.make_net, condensation.train_epoch, augmentation.Augment.draw
        def spy_which(c, n, generator): note('real', c, n); return which(c, n, generator)
        def spy_net(*a, generator=None, **kw):
            if generator is not None: note('network')
            return net(*a, generator=generator, **kw)
        def spy_epoch(net, data, opt, generator, batch, augment, **kw):
            g = opt.param_groups[0]
            bn = [m.training for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
            note('epoch', type(opt), g['lr'], g['momentum'], g['weight_decay'], batch, len(data), augment, net.training, tuple(bn))
            return epoch(net, data, opt, generator, batch, augment, **kw)
        def spy_augment(self, n, generator, size, shared_=False, **kw):
            note('augment', self, n, kw.get('shared', shared_))
            return shared(self, n, generator, size, kw.get('shared', shared_))
        monkeypatch.setattr(data, 'which', spy_which, raising=False)
        monkeypatch.setattr(condensation, 'make_net', spy_net)
        monkeypatch.setattr(condensation, 'train_epoch', spy_epoch)
        monkeypatch.setattr(augmentation.Augment, 'draw', spy_augment)

    def since(self):
        found, self.seen = self.seen, []
        return found


def of(seen, what): return [a[1:] for a, _ in seen if a[0] == what]


NET = 'convnet-w2'
SPIED = [       # method, ipc, network, data's name
    *[(m, n, NET, '') for m in ('dc', 'dc-first-release', 'dsa', 'dm', 'dm-plain', 'delving', 'delving-m', 'delving-md',
                                'delving-until-overfit') for n in (1, 10)],
    *[(m, 50, NET, '') for m in ('dc', 'dsa', 'dm', 'delving')],
    ('dm', 100, NET, ''), ('dm', 100, NET, 'cifar10'), ('dsa', 10, NET, 'cifar10'),
    *[(m, 10, 'mlp-w8', '') for m in ('dc', 'dsa', 'dm', 'delving-md')],
    *[(m, 10, NET + '-bn', '') for m in ('dc', 'dsa', 'dm', 'delving-md')]]


@pytest.mark.parametrize('method, ipc, net, name', SPIED)
def test_a_run_as_it_runs(method, ipc, net, name, monkeypatch):
    data = load_dataset('digits')
    data.name = name or data.name
    want = next(w for m, a, w in SETTINGS if m == method and a == dict(ipc=ipc) | (dict(data=name) if method == 'dm' and name else {}))
    lr = 0.01 if net.startswith('mlp') and not method.startswith('dm') else want['image_lr']
    bn, dm = 'bn' in net, method.startswith('dm')
    augment = None if want['augment'] == 'none' else make_augment('dsa' if name == 'cifar10' else 'dsa-digits')
    spy = Spy(monkeypatch, data)
    run, made = condensing(data, method, ipc, net=net, speed='plain', device='cpu'), 3
    spy.since()
    for k, state in enumerate(islice(run, made)):
        if not k: check_optimiser(state, lr)
        seen, one = spy.since(), want['outer'] == 1
        assert state.recipe.updates == want['iterations'] * want['outer']
        assert (state.iteration, state.outer) == ((k, 0) if one else (0, k))
        assert len(of(seen, 'network')) == (1 if one or not k else 0)
        check_draws(seen, bn and not dm, method, k)
        epochs = of(seen, 'epoch')
        assert len(epochs) == (0 if one or not k else passes(want, k - 1, method, len(epochs)))
        inner = augment if want['augment_inner'] else None
        for e in epochs:
            assert e == (torch.optim.SGD, 0.01, want['net_momentum'], 0, 256, 10*ipc, inner, True, (True,)*len(e[-1]))
        shared = [a for a in of(seen, 'augment') if a[2]]
        alone = [a for a in of(seen, 'augment') if not a[2]]
        assert [a[0] for a in shared] == ([augment]*10 if augment else [])          # one draw for each class
        assert [a[:2] for a in alone] == ([(augment, n) for e in epochs for n in batches(10*ipc)] if inner else [])
        modes = {m.training for m in state.net.modules() if isinstance(m, nn.BatchNorm2d)}
        assert modes == ({dm} if bn else set())      # frozen to match gradients; DM's uses the batch


def batches(n): return [256]*(n // 256) + [n % 256]*(n % 256 > 0)


def passes(want, o, method, found):
    if method == 'delving-until-overfit': return found if 1 <= found <= 50 else -1
    return STEPS[min(o, 10)] if method == 'delving' else want['inner']


def check_optimiser(state, lr):
    opt = state.run.opt
    g, = opt.param_groups
    assert (type(opt), g['lr'], g['momentum'], g['weight_decay'], g['nesterov'], g['dampening']) == (torch.optim.SGD, lr, 0.5, 0, False, 0)


def check_draws(seen, bn, method, k):
    "256 real images of each class for the loss; before it 16 of each where batch norm has to settle"
    drawn = of(seen, 'real')
    if method == 'delving-until-overfit': drawn = [d for d in drawn if d[1] != 26]      # its held images, 256 of 10 classes
    assert drawn[:10*bn] == [(c, 16) for c in range(10)]*bn
    assert sorted(drawn[10*bn:]) == [(c, 256) for c in range(10)]


@pytest.mark.parametrize('method', ['dc', 'dc-first-release', 'delving', 'delving-md'])
def test_noise_is_standard_normal(method, data):
    x = next(condensing(data, method, 10, net=NET, real_batch=1, image_lr=0.)).images
    assert abs(x.mean()) < 0.05 and abs(x.std() - 1) < 0.03
    assert len(x.flatten(1).unique(dim=0)) == len(x)


@pytest.mark.parametrize('method', ['dsa', 'dm'])
def test_the_others_start_from_real_images(method, data):
    first = next(condensing(data, method, 2, net=NET, real_batch=1, image_lr=0.))
    for c in range(10):
        real = data.normalize(data.train.of_class(c))
        for x in first.images[2*c:2*c + 2]: assert (real - x).flatten(1).abs().sum(1).min() < 1e-4


def test_a_new_network_is_random_and_of_the_recipe(data):
    states = [s.net for s in islice(condensing(data, 'dm', 1, net=NET, real_batch=1), 3)]
    assert len({n.head.weight.sum().item() for n in states}) == 3


def test_each_image_of_the_inner_training_is_augmented_on_its_own(data):
    "A batch shares the family, not the parameters: equal images become different ones, in training mode, tiles as well"
    seen = []
    for factor in (1, 2):
        run = condensing(data, 'dsa', 4, net=NET, real_batch=4, outer=2, inner=3, factor=factor, speed='plain')
        state = next(run)
        with torch.no_grad(): state.images.copy_(state.images[:1].expand_as(state.images))
        seen.clear()
        state.net.register_forward_pre_hook(lambda m, x: seen.append((x[0].detach(), m.training)))
        condensation.train_between(state)
        assert len(seen) == 3 and all(mode for _, mode in seen)
        assert all(len(x) == 40 * factor**2 for x, _ in seen)
        assert max(len(x.flatten(1).unique(dim=0)) for x, _ in seen) > 30


def test_no_augmentation_in_the_inner_training_where_the_recipe_has_none(data):
    for method, more in (('dc', {}), ('delving', {}), ('dsa', dict(augment='none')), ('dsa', dict(augment_inner=False))):
        run, seen = condensing(data, method, 2, net=NET, real_batch=4, outer=2, inner=2, speed='plain', **more), []
        state = next(run)
        state.net.register_forward_pre_hook(lambda m, x: seen.append(x[0].detach()))
        condensation.train_between(state)
        rows = {tuple(r) for r in state.images.detach().flatten(1).tolist()}
        assert all(tuple(r) in rows for x in seen for r in x.flatten(1).tolist())


# ---- Delving's terms

def grads(seed, n=3): return [tuple(torch.randn(*s, generator=gen(seed, c, s[0])) for s in ((4, 2, 3, 3), (4,), (5, 8), (5,))) for c in range(n)]


def rows(a, b):
    "Σ over layers with rows, over rows: 1 − cos"
    return sum(1 - (p @ q) / (p.norm()*q.norm() + 1e-6) for A, B in zip(a, b) if A.ndim > 1 for p, q in zip(A.flatten(1), B.flatten(1)))


def lengths(a, b): return sum((p - q).norm() for A, B in zip(a, b) if A.ndim > 1 for p, q in zip(A.flatten(1), B.flatten(1)))


def test_delvings_distance_and_level():
    a, b = grads(1), grads(2)
    mean = lambda g: tuple(sum(p) / 3 for p in zip(*g))
    D = {0: rows, 1: lambda a, b: rows(a, b) + lengths(a, b), 3: lambda a, b: rows(a, b) + 3*lengths(a, b)}
    for mu, lam in ((0, 1), (1, 1), (3, 0.5)):
        want = sum(D[mu](x, y) for x, y in zip(a, b)) + lam * 3 * D[mu](mean(a), mean(b))
        assert Both(lam)(a, b, AngleMagnitude(mu)).item() == pytest.approx(want.item(), rel=1e-5)


@pytest.mark.parametrize('name, lam, mu', [('delving-m', 1, 0), ('delving-md', 1, 1), ('delving', 1, 1), ('delving-until-overfit', 1, 1)])
def test_the_weights_of_its_terms(name, lam, mu):
    m, (a, b) = METHODS[name], (grads(1), grads(2))
    want = Both(float(lam))(a, b, AngleMagnitude(float(mu)))
    assert m.level(a, b, m.distance).item() == pytest.approx(want.item(), rel=1e-6)
    assert not m.separable(None) and m.shared


@pytest.mark.parametrize('augment', [None, 'color_crop_rotate'])
def test_the_way_that_needs_little_memory_gives_the_same_loss_and_slope(data, augment):
    step, net = Step(augment=augment and make_augment(augment)), make_net('convnet-w8', data, generator=gen(0))
    real, small = real_batch(data, range(10), 8, lambda c: gen(0, c)), first_images(data, [2] + [1]*9)
    found = []
    for match in (match_gradients, match_in_turns):
        syn = Batch(small.images.clone().requires_grad_(), small.labels, tuple(small.ipc))
        loss = match(net, real, syn, step, AngleMagnitude(), Both(0.5))
        loss.backward()
        found.append((loss.item(), syn.x.grad / syn.x.grad.abs().max()))
    (want, slopes), (loss, slope) = found
    assert loss == pytest.approx(want, rel=1e-5) and torch.allclose(slope, slopes, atol=1e-4)


def test_a_policy_serves_many_runs(data):
    policy, few = UntilOverfit(n=50, most=6), dict(ipc=1, iterations=2, outer=3, real_batch=4, net='convnet-w8', progress=False)
    runs = [condense(data, 'dc', inner=p, **few) for p in (policy, policy, UntilOverfit(n=50, most=6))]
    assert all(torch.equal(r.images, runs[0].images) and r.info == runs[0].info for r in runs)


def test_training_stops_when_the_held_loss_rises(data):
    policy, net, asked = UntilOverfit(), make_net(NET, data), []
    losses = iter([3., 2., 2., 2.5, 9.])
    def held(n): asked.append(n); return data.train.take(torch.arange(n))
    import dataset_condensation.adaptive_steps as steps
    old, steps.held_loss = steps.held_loss, lambda net, held, n: (held(n), next(losses))[1]
    try: assert [policy(0, k, net, held) for k in range(4)] == [True, True, True, False]
    finally: steps.held_loss = old
    assert asked == [256]*4 and not policy(0, 50, net, held)
    assert held_loss(net, held) > 0
