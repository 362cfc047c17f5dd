"Any function as an augmentation: one draw for real and synthetic images, and the global generators stay where they are"
import json
import random
from dataclasses import asdict
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from dataset_condensation.all import (Augment, FunctionAugment, TrainRecipe, condense, evaluate, gen, load_dataset, make_augment,
                                      random_set)
from dataset_condensation.condensation import Step
from dataset_condensation.augmentation import (resample_groups, contrast, cutout, draw_params, dsa_for, families, named_augments, neutral,
                                               resample, rotate, saturation, siamese)

TURN = v2.RandomAffine(20, (0.1, 0.1), (0.8, 1.2), interpolation=v2.InterpolationMode.BILINEAR)


def wild(x):
    "Takes numbers from all three global generators"
    return x * (1 + random.random() + np.random.rand()) + torch.randn(1)


@pytest.fixture(scope='module')
def data(): return load_dataset('digits')


def global_states(): return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()


@pytest.mark.parametrize('f', [TURN, wild, v2.RandomHorizontalFlip()])
def test_real_and_synthetic_images_of_a_class_share_a_draw(f):
    real, before = torch.randn(20, 3, 9, 9, generator=gen(0)), global_states()
    step = Step(4, augment=make_augment(f))
    a, b = siamese(step, 1, real, real[:2])
    assert torch.equal(a[:2], b) and not torch.equal(siamese(step, 2, real, real)[0], a) or isinstance(f, v2.RandomHorizontalFlip)
    assert torch.equal(siamese(step, 1, real, real)[1], a) and global_states() == before


def test_a_function_that_fails_leaves_the_generators_alone():
    def fails(x): return wild(x) / torch.randn(3).sum().item() + {}['no']
    before = global_states()
    with pytest.raises(KeyError): make_augment(fails)(torch.zeros(2, 1, 4, 4), gen(0))
    assert global_states() == before


def test_the_draw_does_not_depend_on_what_others_have_drawn():
    x, augment = torch.randn(4, 1, 8, 8, generator=gen(0)), make_augment(wild)
    want = augment(x, gen(3))
    random.random(), np.random.rand(), torch.randn(5)
    assert torch.equal(augment(x, gen(3)), want) and not torch.equal(augment(x, gen(4)), want)


@pytest.mark.parametrize('f', [TURN, wild, v2.RandomErasing(1.), v2.RandomPerspective(p=1.)])
def test_a_transform_can_be_differentiated(f):
    "torchvision writes over what it has computed, which PyTorch refuses to differentiate"
    draw = make_augment(f).draw(1, gen(0), (6, 6), shared=True)
    x = torch.randn(2, 1, 6, 6, generator=gen(1), dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(draw, (x,), nondet_tol=1e-9)


def test_threads_draw_one_after_another():
    x, augment, found = torch.randn(4, 1, 8, 8, generator=gen(0)), make_augment(wild), {}
    before = global_states()
    def draw(k): found[k] = [augment(x, gen(k, i)) for i in range(20)]
    threads = [Thread(target=draw, args=(k,)) for k in range(3)]
    for t in threads: t.start()
    for t in threads: t.join()
    assert all(torch.equal(y, augment(x, gen(k, i))) for k in found for i, y in enumerate(found[k]))
    assert global_states() == before


def test_a_run_and_a_score_take_a_transform(data):
    few = dict(net='convnet-w4', iterations=2, real_batch=4, progress=False)
    before = global_states()
    sets = [condense(data, m, 1, augment=TURN, augment_inner=True, outer=2, inner=1, **few) for m in ('dm', 'dm', 'dc')]
    assert torch.equal(sets[0].images, sets[1].images) and 'RandomAffine' in sets[2].info['recipe']['augment']
    assert not torch.equal(sets[0].images, condense(data, 'dm', 1, outer=2, inner=1, **few).images)
    plain, turned = (evaluate(random_set(data, 1), data, 'convnet-w4', 1, TrainRecipe(epochs=5, augment=a), keep=True) for a in ('none', TURN))
    assert not torch.equal(*(e.networks[0].head.weight for e in (plain, turned)))
    assert 'RandomAffine' in json.dumps(turned.as_dict()) and global_states() == before


def test_a_function_may_not_change_the_shape():
    with pytest.raises(ValueError, match='shapes before and after'): make_augment(lambda x: x[..., 1:])(torch.zeros(1, 1, 4, 4), gen(0))
    with pytest.raises(TypeError, match='`augment` is 3'): make_augment(3)


def test_what_can_draw_is_taken_as_it_is():
    a = Augment('crop')
    assert make_augment(a) is a and make_augment(f := make_augment(TURN)) is f and isinstance(f, FunctionAugment)


# ---- The six families

@pytest.mark.parametrize('shared', [True, False])
@pytest.mark.parametrize('f', families)
def test_a_family_can_be_differentiated_twice(f, shared):
    "Gradient matching differentiates a gradient"
    x = torch.randn(2, 3, 4, 5, dtype=torch.double, generator=gen(0)).requires_grad_()
    draw = Augment(f, flip=1.).draw(2, gen(7), x.shape, shared)
    assert torch.autograd.gradcheck(draw, x) and torch.autograd.gradgradcheck(lambda x: draw(x)**2, x)


@pytest.mark.parametrize('f', families)
def test_the_change_of_a_mean_is_the_mean_of_the_changes(f):
    x = torch.randn(5, 3, 12, 9, generator=gen(0))
    draw = Augment(f).draw(1, gen(2), x.shape, shared=True)
    assert torch.allclose(draw(x.mean(0, keepdim=True)), draw(x).mean(0, keepdim=True), atol=1e-5)


@pytest.mark.parametrize('f', families)
def test_images_stay_where_and_what_they_are(f):
    x = torch.randn(5, 1, 28, 28, generator=gen(0))
    draw = Augment(f).draw(5, gen(0), x.shape)
    assert draw(x.to('meta')).device.type == 'meta' and draw(x.bfloat16()).dtype == torch.bfloat16
    assert torch.allclose(draw(x.bfloat16()).float(), draw(x), atol=0.1)


def test_aresample_groups_reads_what_a_look_up_reads():
    x = torch.randn(3, 2, 6, 9, generator=gen(0))
    rows, cols = torch.rand(2, 1, 1, 6, 9, generator=gen(1)).mul(8).sub(4)
    assert torch.allclose(resample_groups(x, rows + 5/2, cols + 8/2), resample(x, rows, cols), atol=1e-5)


def test_saturation_leaves_one_channel_alone():
    x = torch.randn(5, 1, 8, 8, generator=gen(0))
    assert torch.equal(saturation(x, 1.7), x)


def test_what_color_turn_and_hole_must_give():
    x = torch.randn(2, 3, 6, 9, generator=gen(0))
    assert torch.allclose(saturation(x, 0).std(1), torch.zeros(2, 6, 9), atol=1e-5)
    assert torch.allclose(contrast(x, .5).std((1, 2, 3)), x.std((1, 2, 3))/2) and torch.allclose(contrast(x, .5).mean(), x.mean(), atol=1e-6)
    assert torch.allclose(rotate(x, torch.tensor([[180.]])), x.flip(2, 3), atol=1e-3)      # oblong: both flips
    hole = cutout(torch.ones(1, 1, 4, 5), torch.tensor([[-1, 2, 2, 2]]))
    assert hole[0, 0].tolist() == [[1, 1, 0, 0, 1]] + [[1]*5]*3


def test_each_parameter_fills_its_range():
    expected = dict(color=[(-.5, .5), (0, 2), (.5, 1.5)], scale=[(1/1.2, 1.2)]*2, rotate=[(-15, 15)])
    for f, bounds in expected.items():
        for column, (low, high) in zip(draw_params(f, 5000, gen(1), (28, 28)).unbind(1), bounds, strict=True):
            assert low <= column.min() < low + .01*(high - low) and high - .01*(high - low) < column.max() <= high
    assert sorted(set(draw_params('crop', 1000, gen(0), (28, 28))[:, 0].tolist())) == list(range(-4, 5))
    assert .45 < draw_params('flip', 1000, gen(0), (28, 28)).mean() < .55
    for side, low, high in [(28, -7, 21), (6, -1, 4)]:      # the center of the hole lies in the image
        p = draw_params('cutout', 2000, gen(0), (side, side))
        assert (p[:, 0].min(), p[:, 0].max()) == (low, high) and (p[:, 2:] == side//2).all()


def test_families_are_drawn_alike_and_each_image_takes_one():
    g = gen(0)
    picked = [Augment().draw(1, g, (8, 8)).steps[0][0] for _ in range(600)]
    assert all(70 < picked.count(f) < 130 for f in families)
    draw = Augment('crop_scale_rotate', 'each').draw(50, gen(1), (28, 28))
    active = sum((p != torch.tensor(neutral[f])).any(1).int() for f, p in draw.steps)
    assert active.max() == 1 and active.sum() > 40


def test_every_spelling_leads_to_the_same_settings():
    assert make_augment('dsa') == Augment() and make_augment('scale_rotate').strategy == ('scale', 'rotate')
    assert make_augment(json.loads(json.dumps(asdict(make_augment('dc'))))) == named_augments['dc']
    assert make_augment('none') is None and make_augment(None) is None


def test_written_characters_are_not_mirrored(data):
    assert [dsa_for(o) for o in (data, 'SVHN', 'fashion-mnist', 'cifar10')] == ['dsa-digits']*2 + ['dsa']*2
    sets = [SimpleNamespace(source='', classes=c) for c in ([0, 1], '37', ['7 - seven'], ['cat', 'dog'])]
    assert [dsa_for(s) for s in sets] == ['dsa-digits']*3 + ['dsa']


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
@pytest.mark.parametrize('f', families)
def test_on_a_gpu_a_shared_draw_gives_the_same_gradient_every_time(f):
    x = torch.randn(5, 1, 28, 28, generator=gen(0))
    on_gpu = x.cuda().requires_grad_()
    for shared in (True, False):
        draw = Augment(f).draw(5, gen(0), x.shape, shared)
        assert torch.allclose(draw(on_gpu).cpu().detach(), draw(x), atol=1e-4)
        first, second = (torch.autograd.grad(draw(on_gpu).square().sum(), on_gpu)[0] for _ in range(2))
        assert not shared or torch.equal(first, second)
