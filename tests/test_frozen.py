"A linear head on a frozen backbone: its gradient, the features that are kept, the backbone that is left alone, the optimizer"
import copy
import warnings
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from dataset_condensation.condensation import Step, condensing
from dataset_condensation.continual_learning import only_classes
from dataset_condensation.data import Batch, from_tensors, gen
from dataset_condensation.frozen_backbones import LINEAR, Features, Frozen, LinearMatching, Pyramid, cached_features, output, probe
from dataset_condensation.gradient_matching import cos
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.networks import make_net
from dataset_condensation.runs import condense
from dataset_condensation.training import SyntheticSet, augment_for, evaluate, train, train_recipe

DIGITS = only_classes(load_dataset('digits'), range(5, 10))
FEW = dict(iterations=2, outer=2, inner=1, real_batch=8, progress=False)


class Own(nn.Module):
    "With dropout, batch norm and a head, as networks come"
    def __init__(self, size=8, channels=1):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, 6, 3, 2), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5))
        self.fc = nn.Linear(6 * ((size - 1) // 2)**2, 7)

    def forward(self, x): return self.fc(self.body(x))


def backbone(seed=0):
    torch.manual_seed(seed)
    return Own()


def state(net): return {k: v.clone() for k, v in net.state_dict().items()}, [m.training for m in net.modules()], [p.requires_grad for p in net.parameters()]


def test_the_gradient_of_the_head_is_that_of_the_formula():
    frozen = Frozen(backbone())
    net = make_net(frozen, DIGITS, generator=gen(3))
    x, y = DIGITS.train.take(torch.arange(0, 700, 7))
    z, w = net.embed(x), net.head.weight
    by_hand = ((z @ w.T).softmax(1) - F.one_hot(y, 5)).T @ z / len(x)
    by_autograd, = torch.autograd.grad(F.cross_entropy(net(x), y), list(net.parameters()))
    assert torch.allclose(by_hand, by_autograd, atol=1e-6)


def test_the_loss_is_one_cosine_of_two_gradients_over_all_classes():
    frozen = Frozen(backbone())
    net = make_net(frozen, DIGITS, generator=gen(3))
    parts = [DIGITS.draw(c, 4, gen(c)) for c in range(5)]
    real = Batch(frozen.features(torch.cat(parts)), torch.arange(5).repeat_interleave(4), (4,) * 5, tuple(range(5)))
    x, y = torch.randn(5, 1, 8, 8, generator=gen(9), requires_grad=True), torch.arange(5)
    loss = LINEAR.match(net, real, Batch(x, y, (1,) * 5, tuple(range(5))), Step())
    def gradient(z, y): return ((z @ net.head.weight.T).softmax(1) - F.one_hot(y, 5)).T @ z / len(z),
    assert torch.allclose(loss, 5 * cos(gradient(frozen.features(x), y), gradient(real.x, real.y)), atol=1e-5)
    slope, = torch.autograd.grad(loss, [x])
    assert slope.isfinite().all() and slope.abs().sum() > 0


@pytest.mark.parametrize('mode', [True, False])
@pytest.mark.parametrize('augment', ['none', 'dsa'])
def test_the_backbone_is_left_bit_for_bit_and_in_its_mode(mode, augment):
    net = backbone().train(mode)
    net.body[0].eval()
    net.fc.weight.requires_grad_(False)
    before = state(net)
    syn = condense(DIGITS, 'linear', net=net, augment=augment, **FEW)
    probe(syn, net, DIGITS)
    after = state(net)
    assert all(torch.equal(v, after[0][k]) for k, v in before[0].items()) and after[1:] == before[1:]
    assert not net._forward_hooks and not net.fc._forward_hooks
    assert all(p.grad is None for p in net.parameters())


def test_cached_features_are_those_that_are_computed():
    frozen, calls = Frozen(backbone()), []
    z = cached_features(frozen, DIGITS.train)
    x, _ = DIGITS.train.take(torch.arange(len(DIGITS.train)))
    assert z.shape == (1, len(x), 54) and torch.allclose(z[0], frozen.features(x), atol=1e-6)
    frozen.own = lambda net, x: calls.append(len(x)) or output(net, x)
    assert cached_features(frozen, DIGITS.train) is z and not calls
    darker = from_tensors(DIGITS.train.images // 2, DIGITS.train.labels, DIGITS.test.images, DIGITS.test.labels, DIGITS.classes)
    assert not torch.allclose(cached_features(frozen, darker.train), z) and sum(calls) == len(x)
    assert not torch.allclose(cached_features(frozen, replace_stats(DIGITS.train)), z)     # the same bytes, scaled in another way


def replace_stats(images):
    new = copy.copy(images)
    new.mean, new.std = images.mean + 1, images.std
    return new


def test_a_batch_of_features_is_that_of_the_images_drawn():
    r = LINEAR.recipe(1, backbone(), DIGITS, augment='none')
    source = Features(DIGITS, r, 0)
    idx = source.which(2, 6, gen(4))
    z, y = source.take(idx)
    assert torch.equal(idx, DIGITS.which(2, 6, gen(4))) and y.tolist() == [2] * 6
    assert torch.allclose(z, r.net.features(DIGITS.draw(2, 6, gen(4))), atol=1e-6)


def test_views_of_a_real_image_differ_and_are_the_same_next_time():
    augment = augment_for('dsa', DIGITS)
    a, b = (cached_features(Frozen(backbone()), DIGITS.train, augment, 3) for _ in range(2))
    assert torch.equal(a, b) and not torch.allclose(a[0], a[1])


def test_the_features_are_what_enters_the_last_linear_or_what_comes_out():
    x, net = torch.randn(3, 1, 8, 8, generator=gen(0)), backbone().eval()
    assert torch.equal(output(net, x), net.body(x))
    assert torch.equal(output(net.body, x), net.body(x))                       # no Linear at all
    inner = nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.ReLU()).eval()    # one that isn't the last layer
    assert torch.equal(output(inner, x), inner(x))
    field = make_net('convnet-w4', DIGITS)
    assert torch.equal(output(field, x), field.embed(x))
    assert torch.equal(Frozen(net, features=lambda net, x: net(x)[:, :2]).features(x), F.normalize(net(x)[:, :2]))


def test_a_function_that_loads_no_weights_is_noticed():
    def untrained(): return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 5))
    def trained():
        net = untrained()
        net[1].running_mean += 1
        return net
    with pytest.warns(UserWarning, match='linear: untrained gives a network that was never trained'): LINEAR.recipe(net=untrained, data=DIGITS)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for net in (trained, nn.Flatten, untrained()): LINEAR.recipe(net=net, data=DIGITS)


@pytest.mark.slow
@pytest.mark.parametrize('augment, opt', [('none', Pyramid), ('flip', 'adam')])      # a pyramid, or plain pixels
def test_it_works_at_224_pixels_with_a_resnet(augment, opt):
    x, y = torch.randint(256, (8, 3, 224, 224), generator=gen(0), dtype=torch.uint8), torch.arange(8) % 2
    data = from_tensors(x, y, x[:4], y[:4], stats='tinyimagenet')
    torch.manual_seed(0)
    resnet = torchvision.models.resnet18(weights=None)
    frozen = Frozen(resnet)
    method = LinearMatching(copies=2)
    first, last = (condense(data, method, net=frozen, augment=augment, **FEW | dict(iterations=n, image_opt=opt)) for n in (1, 2))
    assert last.images.shape == (2, 3, 224, 224) and last.images.isfinite().all() and not torch.equal(first.images, last.images)
    assert 0 <= probe(last, frozen, data) <= 100


def test_a_run_is_the_same_again_and_after_an_interruption(tmp_path):
    net, how = backbone(), dict(FEW, augment='dsa')
    a = condense(DIGITS, 'linear', net=net, **how)
    b = condense(DIGITS, 'linear', net=net, **how)
    assert torch.equal(a.images, b.images) and a.info == b.info
    state = next(condensing(DIGITS, 'linear', net=net, **{k: v for k, v in how.items() if k != 'progress'}))
    assert state.step == 1
    condense(DIGITS, 'linear', net=net, checkpoint=tmp_path, **how | dict(iterations=1, schedule=None))
    c = condense(DIGITS, 'linear', net=net, checkpoint=tmp_path, **how | dict(schedule=None))
    assert torch.equal(c.images, condense(DIGITS, 'linear', net=net, **how | dict(schedule=None)).images)
    other = backbone(1)
    with pytest.raises(ValueError, match='another run'):
        condense(DIGITS, 'linear', net=other, checkpoint=tmp_path, **how | dict(schedule=None))


def test_the_matching_loss_falls_and_the_probe_learns():
    old = only_classes(load_dataset('digits'), range(5))
    net = make_net('convnet-w16', old, generator=gen(0))
    train(net, old, train_recipe('whole', epochs=5, batch=32), progress=False)
    frozen = Frozen(net)
    syn = condense(DIGITS, 'linear', net=frozen, iterations=60, outer=1, inner=0, init='noise', augment='none', progress=False)
    assert syn.losses[-10:].mean() < syn.losses[:10].mean() / 2
    noise = SyntheticSet(torch.randn(5, 1, 8, 8, generator=gen(0)), torch.arange(5), DIGITS.classes, DIGITS.mean, DIGITS.std)
    assert probe(syn, frozen, DIGITS) > probe(noise, frozen, DIGITS) + 15
    assert probe(DIGITS, frozen, DIGITS) > 90


def test_the_probe_is_the_minimum_whatever_the_order():
    frozen, small = Frozen(backbone()), condense(DIGITS, 'random', 4)
    assert probe(small, frozen, DIGITS) == probe(small, frozen, DIGITS) == probe(small, backbone(), DIGITS)
    order = torch.randperm(20, generator=gen(0))
    again = SyntheticSet(small.images[order], small.labels[order], small.classes, small.mean, small.std)
    assert abs(probe(again, frozen, DIGITS) - probe(small, frozen, DIGITS)) < 1


def test_a_spurious_cue_becomes_visible():
    "A bright spot that depends on the class, in most training images, is where the condensed images are bright"
    x = DIGITS.train.images.clone() // 2
    for i, c in enumerate(DIGITS.train.labels.tolist()):
        if i % 10: x[i, :, 0, c] = 16 * 15
    data = from_tensors(x, DIGITS.train.labels, DIGITS.test.images, DIGITS.test.labels, DIGITS.classes)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 5))
    syn = condense(data, 'linear', net=net, init='noise', augment='none', progress=False)
    row = syn.images[:, 0, 0, :5]
    assert row.argmax(1).tolist() == [0, 1, 2, 3, 4]


def test_an_evaluation_trains_a_head_on_the_backbone():
    frozen = Frozen(backbone())
    found = evaluate(DIGITS, DIGITS, frozen, 1, train_recipe('whole', epochs=2, lr=10.), keep=True, progress=False)
    assert found.mean > 50 and [p.shape for p in found.networks[0].parameters()] == [(5, 54)]


@pytest.mark.parametrize('shape', [(2, 1, 8, 8), (1, 3, 7, 5)])
def test_a_pyramid_moves_like_adam_on_small_images_enlarged(shape):
    x, g = torch.zeros(shape), torch.randn(shape, generator=gen(1))
    p = nn.Parameter(x.clone())
    p.grad = g
    Pyramid([p], lr=0.1).step()
    want, k = torch.zeros(shape), 1
    while k <= min(shape[2:]):
        small = torch.zeros(shape[0], shape[1], *(-(-n // k) for n in shape[2:]), requires_grad=True)
        adam = torch.optim.Adam([small], lr=0.1, eps=1e-12)
        small.grad = F.avg_pool2d(g, k, ceil_mode=True)
        adam.step()
        want += F.interpolate(small.detach(), shape[2:], mode='bilinear', align_corners=False)
        k *= 2
    assert torch.allclose(p.detach(), want, atol=1e-5)


def test_what_does_not_fit_is_refused_in_a_line():
    with pytest.raises(TypeError, match="linear: `net` is 'convnet'.*a trained network"): condense(DIGITS, 'linear', progress=False)
    with pytest.raises(TypeError, match='Frozen: `backbone`'): Frozen('resnet18')
    with pytest.raises(TypeError, match='probe: `data`'): probe(DIGITS, backbone(), 'digits')
    with pytest.raises(ValueError, match='classes of the set and of the data'): probe(load_dataset('digits'), backbone(), DIGITS)
    other = replace_stats(DIGITS.train)
    with pytest.raises(ValueError, match='mean and std of the set'): probe(other, backbone(), DIGITS)


def test_a_function_that_loads_a_backbone_will_do():
    a, b = (condense(DIGITS, 'linear', net=net, **FEW) for net in (backbone(), backbone))
    assert torch.equal(a.images, b.images) and a.info == b.info


def test_a_method_with_other_parts():
    method = replace(LINEAR, distance='mse', level='intra', copies=1)
    assert condense(DIGITS, method, 2, net=backbone(), **FEW).ipc == [2] * 5
