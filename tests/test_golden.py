"""The package against numbers from the authors' code: networks, distances, augmentation, and whole runs of the loop.

tests/golden/ holds what the public code of DC, DSA and DM (github.com/VICO-UoE/DatasetCondensation, commit 53f63a6, MIT)
gave on fixed inputs, in float32 on one thread; tests/golden/extract.py says what was taken over. All of it is compared in
float32, where sums taken in another order differ in the last digits:

- scores, embeddings, distances, losses, augmented images: 1e-5 of the largest value (turned and scaled images 1e-4,
  since positions between pixels are rounded as well);
- gradients, images and networks after three updates: 1e-4 of the largest value.
"""
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from dataset_condensation import augmentation, condensation
from dataset_condensation.all import (METHODS, ImageData, SyntheticSet, condensing, loop_counts, make_net,
                                      mean_distance, n_params)
from dataset_condensation.data import Batch
from dataset_condensation.data import ImageSet
from dataset_condensation.distribution_matching import match_embeddings
from dataset_condensation.gradient_matching import class_gradient, match_gradients
from dataset_condensation.names import DISTANCES

GOLDEN = Path(__file__).parent/'golden'
T = load_file(GOLDEN/'published_code.safetensors')
ABOUT = json.loads((GOLDEN/'published_code.json').read_text(encoding='utf-8'))


def near(found, name, eps=1e-5):
    want = T[name]
    assert found.shape == want.shape, name
    far = (found.detach() - want).abs().max() / want.abs().max()
    assert far < eps, f'{name}: {far:.1e} of the largest value'


def with_weights(net, prefix):
    "`net` with recorded parameters, in order"
    with torch.no_grad():
        for i, p in enumerate(net.parameters()): p.copy_(T[f'{prefix}.{i:02}'])
    return net


# ---- Networks

@pytest.mark.parametrize('name', ABOUT['parameters'])
def test_networks_have_as_many_parameters(name):
    base, size = name.split('/')
    c, side = map(int, size.split('x'))
    ours = base.lower().replace('bn', '-bn')
    assert n_params(make_net(ours, shape=(c, side, side), n_classes=10)) == ABOUT['parameters'][name]


@pytest.fixture(params=['net.c1', 'net.c3'])
def recorded_net(request):
    shape = (1, 28, 28) if request.param == 'net.c1' else (3, 32, 32)
    return request.param, with_weights(make_net('convnet-w16', shape=shape, n_classes=10), f'{request.param}.param')


def test_scores_and_embeddings(recorded_net):
    name, net = recorded_net
    near(net(T[f'{name}.x']), f'{name}.scores')
    near(net.embed(T[f'{name}.x']), f'{name}.embed')


# ---- Distances and losses, on six real and two synthetic images of class 3

def pair():
    net = with_weights(make_net('convnet-w16', shape=(1, 28, 28), n_classes=10), 'net.c1.param')
    return net, T['net.c1.real'], T['net.c1.syn'].clone().requires_grad_()


def batch(x): return Batch(x, torch.full((len(x),), 3), (len(x),))


@pytest.mark.parametrize('name, recorded', [('angle', 'ours'), ('mse', 'mse'), ('cos', 'cos')])
def test_distances_and_their_gradients(name, recorded):
    net, real, syn = pair()
    loss = match_gradients(net, batch(real), batch(syn), distance=DISTANCES[name])
    near(loss, f'net.c1.distance.{recorded}')
    near(torch.autograd.grad(loss, syn)[0], f'net.c1.distance.{recorded}.gradient', 1e-4)
    by_hand = DISTANCES[name](class_gradient(net, real, 3), class_gradient(net, syn, 3))
    near(by_hand, f'net.c1.distance.{recorded}')


def test_the_loss_of_dm_and_its_gradient():
    net, real, syn = pair()
    loss = match_embeddings(net, batch(real), batch(syn))
    near(loss, 'net.c1.dm')
    near(torch.autograd.grad(loss, syn)[0], 'net.c1.dm.gradient', 1e-4)
    near(mean_distance(net.embed(real), net.embed(syn)), 'net.c1.dm')


@pytest.mark.parametrize('match, name', [(match_gradients, 'distance.ours'), (match_embeddings, 'dm')])
def test_classes_are_summed(match, name):
    "As in the authors' loops: of a class twice, the loss is twice the recorded one, and each half has its gradient"
    net, real, _ = pair()
    twice = lambda x: Batch(x.repeat(2, 1, 1, 1), torch.full((2*len(x),), 3), (len(x), len(x)))
    syn = twice(T['net.c1.syn'])
    loss = match(net, twice(real), syn._replace(x=syn.x.requires_grad_()))
    near(loss / 2, f'net.c1.{name}')
    for half in torch.autograd.grad(loss, syn.x)[0].split(2): near(half, f'net.c1.{name}.gradient', 1e-4)


# ---- Augmentation: one draw for all images

def parameters(family, d):
    "What was drawn, as our families take it"
    return dict(color=lambda: [d['brightness'], d['saturation'], d['contrast']],
                crop=lambda: [-d['rows'], -d['columns']],      # they say where to look, we how far to move
                cutout=lambda: [d['row'] - d['size']//2, d['column'] - d['size']//2, d['size'], d['size']],
                flip=lambda: [float(d['flip'])],
                scale=lambda: [1/d['sy'], 1/d['sx']],          # they scale the sampling grid, we the image
                rotate=lambda: [d['degrees']])[family]()


@pytest.mark.parametrize('name', ABOUT['dsa'])
def test_augmentation(name):
    family = name.split('.')[0]
    p = torch.tensor([parameters(family, ABOUT['dsa'][name])], dtype=torch.float32)
    found = getattr(augmentation, family)(T['dsa.x'], p)
    near(found if family == 'color' else found[:, :1], f'dsa.{name}', 1e-4 if family in ('scale', 'rotate') else 1e-5)


# ---- Whole runs: the package's own loop, three updates with one network, which is trained twice between them

class Recorded(ImageData):
    "Data whose every batch of a class is all its recorded images"
    def __init__(self, real, classes, shape):
        labels = torch.arange(classes).repeat_interleave(len(real) // classes)
        blank = ImageSet(torch.zeros(len(real), *shape, dtype=torch.uint8), labels, [str(c) for c in range(classes)],
                         [0.5]*shape[0], [0.5]*shape[0])
        blank.take = lambda idx, device=None: (real[idx], labels[idx])
        super().__init__(blank, blank, 'recorded')

    def which(self, c, n, generator): return torch.arange(len(self.train.places(c))) + self.train.places(c).start


@pytest.mark.parametrize('speed', ['plain', 'float32'])
@pytest.mark.parametrize('name', ['instance', 'momentum', 'batch'])
def test_a_whole_run(name, speed, monkeypatch):
    about, method = ABOUT[f'dc.{name}'], 'dc-first-release' if name == 'momentum' else 'dc'
    shape, n = (about['channels'], *about['size']), about['classes']
    data = Recorded(T['dc.start.real'], n, shape)
    first = SyntheticSet(T['dc.start.syn.0'], torch.arange(n).repeat_interleave(2), data.classes, data.mean, data.std)
    monkeypatch.setattr(condensation, 'first_images', lambda *a, **kw: first)
    monkeypatch.setattr(condensation, 'make_net', lambda *a, **kw: with_weights(make_net(*a, **kw), 'dc.start.param'))
    recipe = METHODS[method].recipe(about['ipc'], 'convnet-w8-d2' + '-bn' * (name == 'batch'), iterations=1,
                                    outer=about['outer'], inner=about['inner'], real_batch=about['real_per_class'])
    for k in ('image_lr', 'image_momentum', 'net_lr', 'net_momentum'): assert getattr(recipe, k) == about[k]
    for state in condensing(data, method, about['ipc'], recipe=recipe, device='cpu', speed=speed):
        k = state.step
        near(state.losses[-1], f'dc.{name}.loss.{k - 1}')
        if k == 1: near(state.images[::2], f'dc.{name}.syn.1', 1e-4)
        if k == 3: near(state.images, f'dc.{name}.syn.3', 1e-4)
        if k > 1:
            for i, p in enumerate(state.net.parameters()): near(p, f'dc.{name}.trained.{k - 2}.{i:02}', 1e-4)
    assert k == about['outer'] and state.passes == about['inner'] * (about['outer'] - 1)


@pytest.mark.parametrize('ipc', ABOUT['loops'])
def test_loop_counts(ipc): assert list(loop_counts(int(ipc))) == ABOUT['loops'][ipc]


def test_the_extract_is_whole():
    assert not [k for k, v in T.items() if not v.isfinite().all()]
    assert sum(p.stat().st_size for p in GOLDEN.iterdir()) < 600_000
