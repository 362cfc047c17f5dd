"Any function as an augmentation: one draw for real and synthetic images, and the global generators stay where they are"
import json
import random
from threading import Thread

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from dataset_condensation.all import (Augment, FunctionAugment, TrainRecipe, condense, evaluate, gen, load_dataset, make_augment,
                                      random_set)
from dataset_condensation.condensation import Step
from dataset_condensation.augmentation import siamese

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
