"Nothing is left out, mixed up or taken for something else without a word"
import json
import re
import warnings
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader, RandomSampler, SubsetRandomSampler, TensorDataset, WeightedRandomSampler

import dataset_condensation as dc
from dataset_condensation import cli
from dataset_condensation.all import (DistributionMatching, ExpertMatching, SyntheticSet, TrainRecipe, add_classes, compare, condense, condense_sizes, condense_seeds,
                                      continual, evaluate, from_tensors, gen, learn, load_dataset, make_net, nested, paper, probe, random_set, recommend, score, search,
                                      soft_labels, train)
from dataset_condensation.arguments import parse
from dataset_condensation.beyond import FrequencyDistance
from dataset_condensation.condensation import CustomMatching, Method
from dataset_condensation.continual_learning import continual_tasks, fewer, memory_bytes, only_classes, split_classes, to_shape
from dataset_condensation.coresets import Coreset
from dataset_condensation.frozen_backbones import Frozen
from dataset_condensation.names import as_json
from dataset_condensation.training import augment_for

FULL = load_dataset('digits', progress=False)
DATA = fewer(FULL, 20, 10)
HOW = dict(net='convnet-w4', iterations=2, real_batch=4, progress=False)
ONE = TrainRecipe(epochs=1)
SCORED = dict(net='convnet-w4', nets=1, recipe=ONE, progress=False)
STUDY = dict(SCORED, steps=2, ipc=1, orders=[list(range(10))], whole=None)


# ---- What is chosen

def test_a_mask_chooses_where_it_is_true():
    high = FULL.train.labels >= 5
    for mask in (high, high.numpy(), high.tolist()):
        assert FULL.train.subset(mask).counts.tolist() == [0] * 5 + FULL.train.counts.tolist()[5:]
    with pytest.raises(ValueError, match='the lengths of the mask'): FULL.train.subset([True, False])
    with pytest.raises(TypeError, match='`idx` is torch.float32, expected integers'): FULL.train.subset([0.7])


def test_a_list_chooses_like_a_slice():
    for some in ([0, 1], range(2), torch.tensor([0, 1]), torch.arange(len(FULL.train)) < 2):
        assert FULL.train[some].digest() == FULL.train[:2].digest()


def test_a_part_of_a_set_knows_its_sizes():
    few = condense(DATA, 'dm', 2, **HOW)[:5]
    assert few.info['ipc'] == few.ipc == [2, 2, 1] + [0] * 7


def test_classes_that_are_numbers_are_classes():
    a, b = only_classes(FULL, ['2', '3']), only_classes(FULL, ['0', '1'])
    with pytest.raises(ValueError, match=r"classes of the set and of the data differ, \['2', '3'\]"): evaluate(random_set(a, 1), b, **SCORED)
    named = from_tensors(b.train.images, b.train.labels, b.test.images, b.test.labels, ['zero', 'one'])
    assert evaluate(random_set(b, 1), named, **SCORED).accuracies


def test_sizes_get_the_learning_rate_of_the_sizes_and_not_of_their_sum():
    x, y = torch.randint(256, (1300, 3, 8, 8), dtype=torch.uint8, generator=gen(0)), torch.arange(1300) % 10
    small = from_tensors(x, y, x[:20], y[:20], name='cifar10')
    made = condense_sizes(small, (50, 60), net='mlp', iterations=1, real_batch=2, progress=False)
    assert [s.info['recipe']['image_lr'] for s in made] == [paper('dm', ipc=n, data='cifar10').image_lr for n in (50, 60)] == [1., 1.]


def schedule(rate): return lambda step: rate
def small_net(width): return lambda n_classes: nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, n_classes))


class Brighter:
    def __init__(self, by): self.by = by
    def __call__(self, x): return x * self.by


@pytest.mark.parametrize('make', [schedule, small_net, Brighter, lambda k: partial(max, k), lambda k: [schedule(k)], lambda k: Brighter(k).__call__])
def test_functions_are_told_apart_by_what_they_do(make):
    assert as_json(make(1.)) == as_json(make(1.)) != as_json(make(2.))


def test_a_run_with_another_function_is_another_run(tmp_path):
    first = condense(DATA, 'dm', checkpoint=tmp_path, schedule=schedule(1.), **HOW)
    assert torch.equal(condense(DATA, 'dm', checkpoint=tmp_path, schedule=schedule(1.), **HOW).images, first.images)
    with pytest.raises(ValueError, match='another run: recipe.schedule: was'): condense(DATA, 'dm', checkpoint=tmp_path, schedule=schedule(.1), **HOW)
    how = dict(STUDY, options={'dm': dict(iterations=1, real_batch=4)}, folder=tmp_path/'study')
    continual(DATA, {'dm': 'dm'}, **how | dict(net=small_net(4)))
    with pytest.raises(ValueError, match='another'): continual(DATA, {'dm': 'dm'}, **how | dict(net=small_net(8)))


def test_soft_labels_are_another_set_in_a_search(tmp_path):
    hard = random_set(FULL, 1)
    soft = soft_labels(hard, make_net('convnet-w4', FULL, generator=gen(0)), 5.)
    assert as_json(hard) != as_json(soft)


DROPOUT = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(.5), nn.Linear(144, 10))


@pytest.mark.parametrize('method', ['dm', 'dc', 'delving', 'experts', 'networks', 'own experts'])
def test_dropout_draws_from_the_seed(method):
    if method == 'networks': method, net = DistributionMatching(networks=[make_net(DROPOUT, DATA, generator=gen(0))]), 'convnet-w4'
    elif method == 'own experts': method, net = ExpertMatching(networks=[make_net(DROPOUT, DATA, generator=gen(0))]), 'convnet-w4'
    else: net = DROPOUT
    before = torch.get_rng_state()
    a, b = (condense(DATA, method, **dict(HOW, net=net)).images for _ in range(2))
    assert torch.equal(a, b) and torch.equal(before, torch.get_rng_state())


def test_networks_with_dropout_are_trained_alike():
    before = torch.get_rng_state()
    a, b = (evaluate(random_set(DATA, 1), DATA, DROPOUT, 2, TrainRecipe(epochs=3), progress=False).accuracies for _ in range(2))
    losses = [learn(make_net(DROPOUT, DATA), DATA.train, recipe=ONE).tolist() for _ in range(2)]
    assert a == b and losses[0] == losses[1] and torch.equal(before, torch.get_rng_state())


def larger():
    x, y = torch.randint(256, (40, 1, 28, 28), dtype=torch.uint8, generator=gen(0)), torch.arange(40) % 4
    return from_tensors(x, y, x, y)


class Halved(type(make_net('mlp', FULL))):
    def embed(self, x): return super().embed(x) / 2


def change_body(net): net.body[-1] = nn.Sequential(nn.Flatten(), nn.Linear(net.head.in_features, 5))
def change_class(net): net.__class__ = Halved
def hook(net): net.body[0].register_forward_hook(lambda m, x, y: y / 2)
def pool(net): net.body[0][3] = nn.AvgPool2d(3, 2, 1)
def padding(net): net.body[0][0].padding_mode, net.body[0][0]._reversed_padding_repeated_twice = 'reflect', [1] * 4


@pytest.mark.parametrize('change', [change_body, change_class, hook, pool, padding])
def test_a_network_that_was_changed_is_computed_as_it_is(change):
    net = make_net('convnet-w4', data := larger(), generator=gen(3))
    change(net)
    method, how = DistributionMatching('none', networks=[net]), dict(iterations=2, real_batch=4, progress=False)
    fast, plain = (condense(data, method, speed=speed, **how).losses for speed in ('float32', 'plain'))
    assert torch.allclose(fast, plain, rtol=1e-3)


def test_views_by_another_function_are_computed_anew():
    net = Frozen(make_net('convnet-w4', FULL, generator=gen(1)))
    assert probe(FULL, net, FULL, augment=lambda x: torch.rand(x.shape)) < probe(FULL, net, FULL, augment=lambda x: x) - 30


def test_a_layer_of_your_own_begins_as_it_wants_to():
    class Scaled(nn.Linear):
        def __init__(self, *a):
            super().__init__(*a)
            self.scale = nn.Parameter(torch.tensor(10.))
        def reset_parameters(self): nn.init.constant_(self.weight, 3.)
    made = make_net(nn.Sequential(nn.Flatten(), Scaled(64, 10)), FULL)[1]
    assert made.scale == 10 and (made.weight == 3).all()


def test_pictures_that_could_be_of_eight_or_sixteen_bits_are_refused():
    from PIL import Image
    from dataset_condensation.image_folders import gray_or_rgb
    for deep in ('int32', 'uint16'):
        with pytest.raises(ValueError, match='may be meant for 8 bits'): gray_or_rgb(Image.fromarray(np.arange(64, dtype=deep).reshape(8, 8)))
    with pytest.warns(UserWarning, match='at most a sixteenth of white'):
        gray_or_rgb(Image.fromarray(np.arange(64, dtype='uint16').reshape(8, 8) * 64))


def test_accuracy_counts_no_class_for_another():
    ordered, other = only_classes(DATA, ['5', '2', '7']), only_classes(DATA, ['7', '2', '5'])
    small, net = random_set(ordered, 2), make_net('convnet-w4', ordered)
    dc.train(net, small, dc.TrainRecipe(epochs=1))
    assert dc.accuracy(net, ordered.test) >= 0
    with pytest.raises(ValueError, match="with '7' as class 0, expected class 2"): dc.accuracy(net, other.test)

def test_labels_changed_on_one_side_alone_are_refused(tmp_path):
    from PIL import Image
    from torchvision.datasets import ImageFolder
    for c in 'abc':
        (tmp_path/c).mkdir()
        for i in range(3): Image.fromarray(np.full((8, 8), 40 * i, np.uint8)).save(tmp_path/c/f'{i}.png')
    plain, turned = ImageFolder(tmp_path), ImageFolder(tmp_path, target_transform=lambda y: 2 - y)
    for pair in ((plain, turned), (turned, plain)):
        with pytest.raises(ValueError, match='`target_transform` is that of one set alone'): dc.from_datasets(*pair, progress=False)
    assert dc.from_datasets(plain, plain, progress=False).classes == ['a', 'b', 'c']


def test_a_part_of_a_set_has_no_history_of_the_whole(tmp_path):
    small = condense(DATA, 'dm', 2, evaluate_every=1, **HOW)
    assert small.info['history'] and not [s for s in (small.first(1), small[:3]) if 'history' in s.info]
    fewer_of_it = SyntheticSet.load(random_set(FULL, 30).but(info=dict(ipc=30)).save(tmp_path/'a.png', budget=2000))
    assert {fewer_of_it.info['ipc']} == {*fewer_of_it.ipc} != {30}


def test_a_joined_set_says_how_all_of_it_was_made():
    a, b = (random_set(only_classes(FULL, list(c)), 1) for c in ('01', '23'))
    both = SyntheticSet.join([a, b])
    assert both.info['method'] == 'random' and memory_bytes(both) == memory_bytes([a, b]) == 4 * 64
    mixed = add_classes(a, FULL, 'dm', **HOW)
    assert mixed.info['method'] == 'random + dm' and memory_bytes(mixed) == 10 * 64 * 4


def test_random_frequencies_are_the_same_in_any_precision():
    a, b = torch.randn(8, 5, generator=gen(1)), torch.randn(8, 5, generator=gen(2))
    first = FrequencyDistance()(a, b, gen(0))
    torch.set_default_dtype(torch.float64)
    try: assert FrequencyDistance()(a, b, gen(0)) == first
    finally: torch.set_default_dtype(torch.float32)


class Fails(torch.optim.SGD):
    at = None
    def step(self, closure=None):
        super().step(closure)
        if Fails.at is not None: Fails.at -= 1
        if Fails.at == 0: raise RuntimeError('once')


def test_an_optimizer_that_fails_leaves_a_run_that_goes_on_to_the_same_bits(tmp_path):
    how = dict(HOW, iterations=4, image_opt=Fails)
    whole = condense(DATA, 'dm', **how)
    Fails.at = 3
    with pytest.raises(RuntimeError, match='once'): condense(DATA, 'dm', checkpoint=tmp_path, **how)
    Fails.at = None
    assert torch.equal(condense(DATA, 'dm', checkpoint=tmp_path, **how).images, whole.images)


def test_bytes_in_an_npz_are_pixels_with_mean_and_std_too(tmp_path):
    from dataset_condensation.scoring import read_set
    small = random_set(FULL, 2)
    kept = dict(images=(small.pixels * 255).round().byte().numpy(), labels=small.labels.numpy())
    np.savez(tmp_path/'a.npz', mean=small.mean.numpy(), std=small.std.numpy(), **kept)
    assert torch.allclose(read_set(tmp_path/'a.npz', FULL)[0].pixels, small.pixels, atol=.01)
    np.savez(tmp_path/'b.npz', std=small.std.numpy(), **kept)
    with pytest.raises(ValueError, match="with 'std' alone, expected both"): read_set(tmp_path/'b.npz', FULL)


# ---- What a method and a recipe say

@pytest.mark.parametrize('method,augment', [(DistributionMatching('color_crop'), 'color_crop'), ('dm-plain', 'none'), ('dm', 'dsa')])
def test_the_augmentation_of_a_method_counts_beside_a_recipe(method, augment):
    made = condense(DATA, method, recipe=paper('dm', iterations=1, real_batch=4, net='convnet-w4'), progress=False)
    assert made.info['recipe']['augment'] == augment


def test_a_study_heeds_options_beside_a_recipe(tmp_path):
    recipe = paper('dm', iterations=1, real_batch=4, net='convnet-w4')
    for k in (1, 2):
        about = continual(DATA, {'dm': 'dm'}, options={'dm': dict(recipe=recipe, iterations=k)}, folder=tmp_path/f'{k}', **STUDY).about
        assert about['methods']['dm']['iterations'] == k
    with pytest.raises(ValueError, match='iterations: was 1, is 2'):
        continual(DATA, {'dm': 'dm'}, options={'dm': dict(recipe=recipe, iterations=2)}, folder=tmp_path/'1', **STUDY)


def test_networks_of_a_method_are_told_apart_by_their_weights(tmp_path):
    a, b = (DistributionMatching(networks=[make_net('convnet-w4', DATA, generator=gen(k))]) for k in (0, 1))
    first = condense(DATA, a, checkpoint=tmp_path, **HOW)
    assert torch.equal(condense(DATA, a, checkpoint=tmp_path, **HOW).images, first.images)
    with pytest.raises(ValueError, match='holds a checkpoint of another run: match: was'): condense(DATA, b, checkpoint=tmp_path, **HOW)


class Flip:
    def __call__(self, x, generator=None): return x.flip(3)


def test_a_study_with_an_object_as_augmentation_goes_on(tmp_path):
    recipe = dict(STUDY, recipe=replace(ONE, augment=Flip()))
    first = continual(DATA, ['random'], folder=tmp_path, **recipe)
    assert continual(DATA, ['random'], folder=tmp_path, **dict(STUDY, recipe=replace(ONE, augment=Flip()))).as_dict() == first.as_dict()


def test_all_groups_of_an_optimizer_learn_more_slowly_at_the_end():
    made, net = [], make_net('mlp', DATA, generator=gen(0))
    def opt(params, lr):
        params = list(params)
        made.append(torch.optim.SGD([dict(params=params[:1]), dict(params=params[1:])], lr=lr))
        return made[-1]
    learn(net, DATA.train, recipe=TrainRecipe(epochs=2, lr=.01, opt=opt))
    assert [g['lr'] for g in made[0].param_groups] == [.001, .001]


# ---- What would be lost

def test_what_no_set_can_join_is_refused_before_it_is_made():
    nine = random_set(only_classes(FULL, list('012345678')), 1)
    with pytest.raises(ValueError, match="one new class, '9', expected two or more for 'dc'"): add_classes(nine, FULL, 'dc', **HOW)
    eight = only_classes(FULL, list('01234567'))
    soft = soft_labels(random_set(eight, 1), make_net('convnet-w4', eight, generator=gen(0)))
    with pytest.raises(ValueError, match='`small` is with soft labels'): add_classes(soft, FULL, 'dm', **HOW)
    assert add_classes(condense(eight, 'dm', factor=2, **HOW), FULL, 'dm', **HOW).factor == 2


def test_a_png_says_that_it_has_no_soft_labels(tmp_path, monkeypatch):
    from dataset_condensation import set_files
    said = []
    monkeypatch.setattr(set_files, 'tell', said.append)
    small = soft_labels(random_set(DATA, 1), make_net('convnet-w4', DATA, generator=gen(0)))
    assert SyntheticSet.load(small.save(tmp_path/'a.png')).soft is None
    assert said == ['SyntheticSet.save: a PNG has no room for soft labels, so it has the classes alone']


def test_a_score_that_lacks_real_images_is_refused_before_any_training(monkeypatch):
    from dataset_condensation import scoring
    monkeypatch.setattr(scoring, 'evaluate', None)
    with pytest.raises(ValueError, match="which has 18 for training; .*a tenth of the images is held out"):
        score(random_set(DATA, 20), DATA, ['convnet-w4'], 1, ONE, ONE, None, progress=False)


def test_numbers_of_numpy_and_torch_are_kept_like_others(tmp_path):
    plain, other = (dict(STUDY, seed=k, nets=n, ipc=i, steps=s) for k, n, i, s in
                    ((1, 1, [1] * 10, [5, 5]), (np.int64(1), torch.tensor(1), np.array([1] * 10), [np.int64(5)] * 2)))
    first = continual(DATA, ['random'], folder=tmp_path, **plain)
    assert continual(DATA, ['random'], folder=tmp_path, **other).as_dict() == first.as_dict()
    path = compare(DATA, ['random'], 1, seed=np.int64(2), whole=None, **SCORED).save(tmp_path/'table.json')
    assert json.loads(path.read_text())['about']['seed'] == 2


# ---- What is refused

def test_rows_of_one_name_and_options_for_nothing_are_refused():
    rows = partial(compare, DATA, whole=None, **SCORED)
    with pytest.raises(ValueError, match=r"`methods` is \['random', 'random'\], expected different names; a dict renames rows"): rows(['random', 'random'])
    with pytest.raises(ValueError, match='compare: options'): rows({'mine': random_set(DATA, 1)}, options={'mine': dict(ipc=3)})


def test_a_coreset_in_tiles_in_a_study():
    table = continual(DATA, ['random'], options={'random': dict(factor=2)}, **STUDY)
    assert table.about['methods']['random'] == {'factor': 2}


@pytest.mark.parametrize('quiet', [torch.no_grad, torch.inference_mode])
def test_where_nothing_can_learn_nothing_begins(quiet):
    with quiet():
        for call in (partial(condense, DATA, 'dm', **HOW), partial(train, make_net('mlp', DATA), DATA.train, ONE)):
            with pytest.raises(ValueError, match='nothing learns under'): call()


REFUSED = {
    'no sizes': (lambda: condense(DATA, ipc=[], **HOW), r'`ipc` is \[\]'),
    'sizes for other classes': (lambda: recommend(DATA, ipc=[1, 2, 3]), 'one for each of 10 classes'),
    'one size': (lambda: condense_sizes(DATA, 3), '`sizes` is 3'),
    'one nested size': (lambda: nested('dm', 2), '`sizes` is 2'),
    'no nested sizes': (lambda: nested('dm', ()), r'`sizes` is \(\), expected one or more'),
    'one seed': (lambda: condense_seeds(DATA, 'dm', seeds=5, **HOW), '`seeds` is 5'),
    'no scalar': (lambda: condense(DATA, CustomMatching(lambda net, real, syn, step: net.embed(syn.x)), **HOW), '`loss` is of shape'),
    'no loss': (lambda: CustomMatching(None), '`loss` is None, expected a function'),
    'a name as a distance': (lambda: DistributionMatching(distance='mse'), "`distance` is 'mse'"),
    'one network': (lambda: DistributionMatching(networks=nn.Linear(2, 2)), '`networks` is of type Linear, expected a list'),
    'no such setting': (lambda: condense(DATA, CustomMatching(print, settings=lambda *a: dict(foo=1)), **HOW), "no setting is called 'foo'"),
    'no device': (lambda: random_set(DATA, 1).to('nope'), "`device` is 'nope'"),
    'no images from an augmentation': (lambda: condense(DATA, 'dm', augment=lambda x: None, **HOW), r'`f\(images\)` is None'),
    'no rate from a schedule': (lambda: condense(DATA, 'dm', schedule=lambda step: None, **HOW), r'`schedule\(0\)` is None, expected a number'),
    'no optimizer': (lambda: condense(DATA, 'dm', image_opt=lambda x, lr: None, **HOW), 'is None, expected an optimizer'),
    'no setting of the method': (lambda: condense(DATA, 'dc(foo=1)', **HOW), r"`method` is 'dc\(foo=1\)', expected settings of dc"),
    'no class of the network': (lambda: dc.accuracy(make_net('mlp', DATA), [(torch.rand(DATA.shape), 99)]), 'label 0 is 99, expected 0 to 9'),
    'nothing to train': (lambda: evaluate(random_set(DATA, 1), DATA, nn.Flatten, 1, ONE), '`net` is one without parameters to train'),
    'a seed as generator': (lambda: train(make_net('mlp', DATA), DATA.train, ONE, 0), '`generator` is 0, expected a torch.Generator'),
    'no folder': (lambda: condense(DATA, 'dm', checkpoint='', **HOW), "`folder` is '', expected the path"),
    'one class': (lambda: condense(only_classes(DATA, '0'), 'dc', **HOW), "dc: `data` is of one class, expected two or more"),
    'one class, nested': (lambda: condense(only_classes(DATA, '0'), nested('dc', (1,)), **HOW), 'of one class'),
    'an empty class': (lambda: condense(dc.ImageData(DATA.train.subset(DATA.train.labels != 3), DATA.test, 'x'), 'dc', **HOW), r"without images of \['3'\]"),
    'a network of other arguments': (lambda: make_net(lambda n: nn.Flatten(), DATA), "`net` is a function of 'n', expected one of `n_classes`"),
    'a network for other images': (lambda: evaluate(random_set(DATA, 1), DATA, nn.Sequential(nn.Conv2d(3, 1, 3), nn.Flatten(), nn.Linear(36, 10))), 'fails on images of shape'),
    'a network in a space': (lambda: search(DATA, 'random', ['mlp', nn.Linear(2, 2)]), '`space` is with Linear'),
    'names of tasks': (lambda: continual_tasks(['digits', 'mnist'], 'random'), "`data` is 'digits'"),
    'all of the data to learn': (lambda: learn(make_net('mlp', DATA), DATA), '`new` is of type ImageData'),
    'fractions of classes': (lambda: split_classes(10, (5., 5.)), '`steps` is 5.0'),
    'two columns of one name': (lambda: dc.cross_architecture(DATA, ['random'], ['mlp'], [small_net(2), small_net(3)]), 'different names'),
    'a std of its own': (lambda: probe(random_set(DATA, 1).but(std=DATA.std * 2), make_net('mlp', DATA), DATA), 'mean and std of the set'),
    'a fit of another name': (lambda: to_shape(DATA, (3, 16, 16), 'foo'), "`fit` is 'foo'"),
    'a start of a later row': (lambda: continual(DATA, {'a': 'dm', 'b': 'dm'}, options={'b': dict(init=random_set(DATA, 2))}, **STUDY), 'images per class of `init` and `ipc` differ'),
    'a number as a name': (lambda: dc.register(CustomMatching(print, name=5)), 'register: `method` is'),
    'no set': (lambda: condense(DATA, Coreset('mine', lambda *a, **k: 3, 'three')), '`the set` is 3')}


@pytest.mark.parametrize('what', REFUSED)
def test_it_is_refused_by_name(what):
    call, text = REFUSED[what]
    with pytest.raises((TypeError, ValueError), match=text): call()


def test_sizes_may_come_as_an_array(): assert recommend(DATA, ipc=np.array([1] * 10)).method == recommend(DATA, ipc=1).method


def test_another_default_device_changes_nothing():
    torch.set_default_device('meta')
    try:
        held = FULL.holdout()
        few = fewer(FULL, 3)
    finally: torch.set_default_device(None)
    assert held.train.digest() == FULL.holdout().train.digest() and few.train.digest() == fewer(FULL, 3).train.digest()
    assert dc.accuracy(make_net('mlp', few), held.test) >= 0


# ---- On the command line

STUDIED = ['continual', 'digits', '--net', 'convnet-w4', '--nets', '1', '--ipc', '1', '--no-whole', '--quiet', '--methods', 'random']


@pytest.mark.parametrize('argv,text', [
    ([*STUDIED, '--epochs', '0'], '--epochs is 0, expected a whole number of at least 1'),
    ([*STUDIED, '--epochs', '1', '--iterations', '3'], '--iterations: random chooses real images'),
    ([*STUDIED, '--epochs', '1', '--orders', '0,1'], '--orders is [0, 1], expected each class'),
    ([*STUDIED, '--epochs', '1', '--out', 'file/x'], '--out: cannot write into file/x'),
    (['search', 'digits', '--sample', '0'], '--sample is 0, expected a whole number from 1 to 720'),
    (['digits', '--train-augment', 'foo', '--quiet'], "--train-augment foo cannot be used (make_augment: `augment` is 'foo'"),
    (['digits', '--train-augment', 'halves:left', '--quiet'], '--train-augment halves:left cannot be used (augment: shapes before and after differ'),
    (['digits', '--keep', 'absent.png'], '--keep: SyntheticSet.load: there is no file absent.png'),
    (['digits', '--init', 'file'], '--init: SyntheticSet.load: file is not a safetensors file'),
    (['photos', '--quiet'], '; --skip-bad leaves it out'),
    (['digits', '--method', 'dm', '--ipc', '160,1,1,1,1,1,1,1,1,1', '--factor', '2', '--quiet'], 'ask for fewer (--ipc 35), or start'),
    (['digits', '--net', 'name_error:f'], '--net: name_error:f cannot be imported (NameError: not_there)'),
    (['digits', '--method', 'experts', '--ipc', '20'], 'ask for fewer (--ipc 15) or fewer tiles (--factor 2), or start from noise (--init noise)')])
def test_the_option_is_named_before_any_work(argv, text, tmp_path, monkeypatch, capsys):
    from dataset_condensation.cli import main
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('sys.path', [str(tmp_path), *__import__('sys').path])
    (tmp_path/'file').write_text('')
    (tmp_path/'name_error.py').write_text('raise NameError("not_there")')
    (tmp_path/'halves.py').write_text('def left(x): return x[..., :4]')
    for name in ('a/0.png', 'a/1.png', 'b/0.png', 'b/1.png'):
        (tmp_path/'photos'/name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path/'photos'/name).write_text('no picture')
    before = sorted(tmp_path.iterdir())
    assert main(argv) == 2 and text in capsys.readouterr().err
    assert sorted(p for p in tmp_path.iterdir() if p.name != '__pycache__') == before


def test_names_may_have_spaces_between_them(tmp_path, monkeypatch, capsys):
    from dataset_condensation.cli import main
    monkeypatch.chdir(tmp_path)
    quick = ['--net', 'convnet-w4', '--iterations', '1', '--nets', '1', '--epochs', '1', '--whole', '0', '--quiet', '--out', 'run']
    assert main(['digits', '--method', 'dm', '--baselines', 'random, kcenter', *quick]) == 0
    assert re.findall(r'^(\w+) +10', capsys.readouterr().out, re.M) == ['random', 'kcenter', 'dm']


def test_the_score_card_of_another_set_stays(tmp_path, monkeypatch, capsys):
    from dataset_condensation.cli import main
    monkeypatch.chdir(tmp_path)
    quick = ['--data', 'digits', '--net', 'convnet-w4', '--others', 'none', '--nets', '1', '--epochs', '1', '--whole', '0', '--quiet']
    for name in ('a.png', 'a.safetensors'): random_set(FULL, 1).save(name)
    assert main(['score', 'a.png', *quick, '--out', 'card']) == 0 == main(['score', 'a.png', *quick, '--out', 'card'])
    assert main(['score', 'a.safetensors', *quick, '--out', 'card']) == 2
    assert '--out: card holds the score of: condense score a.png --data digits' in capsys.readouterr().err


def test_damaged_checkpoints_are_named_as_such(tmp_path, monkeypatch, capsys):
    from dataset_condensation.cli import main
    monkeypatch.chdir(tmp_path)
    (tmp_path/'run'/'checkpoint').mkdir(parents=True)
    (tmp_path/'run'/'checkpoint'/'checkpoint-00000001.safetensors').write_bytes(b'cut')
    assert main(['digits', '--method', 'dm', '--out', 'run', '--resume', '--quiet']) == 2
    assert '--resume: run holds no good checkpoint; leave it out to begin, or choose another --out' in capsys.readouterr().err


def test_what_was_said_about_another_set_goes_with_it(tmp_path, monkeypatch):
    from dataset_condensation.cli import main
    monkeypatch.chdir(tmp_path)
    quick = ['digits', '--method', 'dm', '--net', 'convnet-w4', '--real-batch', '4', '--nets', '1', '--epochs', '1', '--whole', '0', '--baselines', 'none', '--quiet', '--out', 'run']
    assert main([*quick, '--iterations', '1', '--budget', '2kB']) == 0
    small, scored = SyntheticSet.load('run/small.png'), SyntheticSet.load('run/synthetic.safetensors')
    assert torch.equal(small.stored, scored.stored) and len(scored.losses) == 1
    assert main([*quick, '--iterations', '1', '--ipc', '1', '--force']) == 0 and not (tmp_path/'run'/'small.png').exists()
    monkeypatch.setattr('dataset_condensation.cli.score_all', lambda *a: 1/0)
    assert main([*quick, '--iterations', '2', '--ipc', '1', '--resume']) == 1
    assert len(SyntheticSet.load('run/synthetic.safetensors').losses) == 2 and not (tmp_path/'run'/'report.json').exists()


@pytest.mark.parametrize('out', ['file', 'file/x'])
def test_a_folder_that_cannot_be_is_named(out, tmp_path, monkeypatch, capsys):
    from dataset_condensation.cli import main
    monkeypatch.chdir(tmp_path)
    (tmp_path/'file').write_text('')
    assert main(['digits', '--method', 'dm', '--out', out]) == 2 and f'--out: cannot write into {out}' in capsys.readouterr().err


def test_one_damaged_notebook_is_graded_beside_others(tmp_path):
    from conftest import ROOT, run
    for name, text in dict(nosource='{"cells": [{"cell_type": "code", "metadata": {}}]}', list='[]', null='{"cells": null}', bom='\ufeff{"cells": []}', none='x').items():
        (tmp_path/f'{name}.ipynb').write_text(text)
    done = run(ROOT/'nbs'/'assignments'/'grade.py', *sorted(tmp_path.glob('*.ipynb')), '--json', tmp_path/'all.json', cwd=tmp_path)
    assert done.returncode == 2 and done.stdout.count('not graded: it is not a notebook') == 4 and 'no cell of an assignment' in done.stdout
    assert json.loads((tmp_path/'all.json').read_text()) == []
    assert 'there is no folder' in run(ROOT/'nbs'/'assignments'/'grade.py', 'x.ipynb', '--json', tmp_path/'no'/'all.json', cwd=tmp_path).stdout


@pytest.mark.parametrize('line,code', [('angle?', 'pass'), ('x = %time f(3)', 'x = f(3)'), ('files = !ls', 'files = None'), ('%%time', 'pass'), ('    %timeit 1', '    pass'),
                                       ('y = a % b', 'y = a % b')])
def test_lines_that_only_jupyter_reads_cost_no_points(line, code):
    import sys
    from conftest import ROOT
    sys.path.append(str(ROOT/'nbs'/'assignments'))
    from grade import without_magic
    block = 'if 1:\n' * line.startswith(' ')
    assert without_magic(f'a = 1\n{block}{line}') == f'a = 1\n{block}{code}'


# ---- What was lost or taken for granted

class Unheard(Method):
    name, scoring = 'unheard', 'dsa'

    def match(self, net, real, syn, step): return syn.x.square().mean()


def test_a_plain_class_that_sets_inherited_fields_is_refused():
    with pytest.raises(TypeError, match='Unheard, whose class sets name, scoring.*@dataclass'): condense(DATA, Unheard(), iterations=1)
    heard = dataclass(frozen=True, kw_only=True)(type('Heard', (Unheard,), dict(__annotations__=dict(name=str), name='heard')))
    assert condense(DATA, heard(), **HOW).info['method'] == 'heard'


@pytest.mark.parametrize('net, words', [
    (nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), 'lazy layers'),
    (nn.Sequential(nn.Flatten(), prune.identity(nn.Linear(64, 10), 'weight')), "can't be copied"),
])
def test_modules_that_cannot_be_drawn_anew_ask_for_a_function(net, words):
    if 'copied' in words: net(torch.zeros(1, 64, requires_grad=True))
    with pytest.raises(TypeError, match=f'make_net: `net` is a module .*{words}.*a function that makes'): make_net(net, DATA)


def test_builders_of_torchvision_get_the_number_of_classes():
    from torchvision.models import resnet18
    for net in (resnet18, partial(resnet18, weights=None), lambda n_classes: resnet18(num_classes=n_classes)):
        assert make_net(net, shape=(3, 32, 32), n_classes=7).fc.out_features == 7


def test_a_seed_changes_no_test_image(tmp_path):
    from PIL import Image
    for c in 'ab':
        (tmp_path/'photos'/c).mkdir(parents=True)
        for i in range(10): Image.new('L', (8, 8), 20*i).save(tmp_path/'photos'/c/f'{i}.png')
    found = [cli.load(parse([str(tmp_path/'photos'), '--seed', seed, '--quiet'])) for seed in '03']
    assert torch.equal(found[0].test.images, found[1].test.images)


def test_a_score_with_other_settings_is_not_written_over(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random_set(FULL).save('a.safetensors')
    quick = 'score a.safetensors --data digits --others none --nets 1 --whole 0 --out card'.split()
    assert cli.main([*quick, '--epochs', '1', '--quiet']) == 0
    was = Path('card/score.json').read_bytes()
    assert cli.main([*quick, '--epochs', '2']) == 2 and Path('card/score.json').read_bytes() == was
    assert 'holds the score of: condense score a.safetensors' in capsys.readouterr().err
    assert cli.main([*quick, '--epochs', '1']) == 0      # the same again


# ---- What is yours, edited, is another

MINE = '''
import torch
from dataset_condensation.condensation import Method
lam = 1
def helper(x): return x * 2
def loss(net, real, syn, step): return lam * helper(syn.x).square().mean()
class Mine(Method):
    def __init__(self, w): super().__init__(name='mine'); self.w, self.n = w, 0
    def match(self, net, real, syn, step): self.n += 1; return self.w * syn.x.square().mean()
class Net(torch.nn.Module):
    width = 3
    def __init__(self): super().__init__(); self.l = torch.nn.Linear(4, 4, bias=False)
    def forward(self, x): return self.l(x).relu()
class Apart:
    def __call__(self, a, b): return (a - b).abs().mean()
'''


def mine(*edit):
    exec(MINE.replace(*edit) if edit else MINE, made := dict(__name__='mine'))
    return made


@pytest.mark.parametrize('make, edit', [
    (lambda d: d['loss'], ('lam = 1', 'lam = 2')), (lambda d: d['loss'], ('x * 2', 'x + 2')),
    (lambda d: d['Mine'](1.), ('syn.x.square()', 'syn.x.abs()')), (lambda d: d['Apart'](), ('abs', 'square')),
    (lambda d: d['Net'], ('relu', 'tanh')), (lambda d: d['Net'], ('width = 3', 'width = 4')),
    (lambda d: partial(d['loss'], None), ('x * 2', 'x + 2')),
], ids=['a number it reads', 'a function it calls', 'a method', 'a call', 'forward', 'a number of a class', 'in a partial'])
def test_an_edit_is_seen(make, edit):
    assert as_json(make(mine())) == as_json(make(mine())) != as_json(make(mine(*edit)))


def test_attributes_count_but_for_counters():
    m = mine()['Mine'](1.)
    first, m.n = as_json(m), 5
    assert as_json(m) == first != as_json(mine()['Mine'](2.))
    a, b = mine()['Net'](), mine('relu', 'tanh')['Net']()
    b.load_state_dict(a.state_dict())
    assert as_json(a) != as_json(b)


def test_where_an_object_is_in_memory_does_not_count():
    class Pair:
        def __init__(self): self.both = object(), 1
    kept = [Pair() for _ in range(3)]
    assert len({as_json(p) for p in kept}) == 1


def test_an_edited_method_is_refused_by_the_checkpoints_of_the_old_one(tmp_path):
    condense(DATA, mine()['Mine'](1.), 1, checkpoint=tmp_path, **HOW)
    for m in (mine()['Mine'](7.), mine('syn.x.square()', 'syn.x.abs()')['Mine'](1.)):
        with pytest.raises(ValueError, match='checkpoint of another run: match: was'): condense(DATA, m, 1, checkpoint=tmp_path, **HOW)
    used = mine()['Mine'](1.)
    condense(DATA, used, 1, **HOW)
    assert used.n and condense(DATA, used, 1, checkpoint=tmp_path, **HOW).info['updates'] == 2


# ---- Dropout, and draws of your own

class Dropped(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Dropout(.5), nn.Linear(16, 10))
    def forward(self, x): return self.f(x)


def test_delvings_gradient_is_that_of_its_loss_with_dropout():
    from dataset_condensation.condensation import Step
    from dataset_condensation.coresets import first_images
    from dataset_condensation.data import Batch, real_batch
    from dataset_condensation.machine import seeded
    from dataset_condensation.multi_level_matching import match_in_turns
    net, small = make_net(Dropped, FULL).train().double(), first_images(FULL, 2, 'real')
    real = real_batch(FULL, range(10), 8, lambda c: gen(0, c))
    real = real._replace(x=real.x.double())
    def loss(x):
        with seeded(1): return match_in_turns(net, real, Batch(x, small.labels, (2,) * 10), Step())     # as in a run
    x = small.images.double().requires_grad_()
    loss(x).backward(inputs=[x])
    way = torch.randn(x.shape, dtype=torch.float64, generator=gen(1))
    slope = (loss((x + 1e-5 * way).detach().requires_grad_()) - loss((x - 1e-5 * way).detach().requires_grad_())) / 2e-5
    assert torch.isclose(slope, (x.grad * way).sum(), rtol=1e-3)


def test_a_loss_of_yours_may_draw():
    noisy = CustomMatching(lambda net, real, syn, step: (syn.x + .1 * torch.randn_like(syn.x)).square().mean(), name='noisy')
    before = torch.get_rng_state()
    a, b = (condense(DATA, noisy, 1, **HOW) for _ in range(2))
    assert torch.equal(a.images, b.images) and torch.equal(torch.get_rng_state(), before)


# ---- What a run keeps

class Counts:
    "An inner policy that trains more and more"
    def __init__(self): self.n = 0
    def __call__(self, outer, done, net, held):
        if done == 0: self.n += 1
        return done < self.n
    def state_dict(self): return dict(n=torch.tensor(self.n))
    def load_state_dict(self, d): self.n = d['n']


class Steps(torch.optim.Optimizer):
    "Smaller and smaller steps"
    def __init__(self, params, lr): super().__init__(params, dict(lr=lr))
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group['params']:
                s = self.state[p]
                s['t'] = s.get('t', 0) + 1
                p -= group['lr'] / s['t'] * p.grad


@pytest.mark.parametrize('new', [lambda: dict(inner=Counts(), outer=2), lambda: dict(image_opt=Steps)], ids=['policy', 'optimizer'])
def test_what_is_yours_goes_on_where_it_was(tmp_path, new):
    from dataset_condensation.runs import running, save_checkpoint
    how = dict(net='convnet-w4', real_batch=4, iterations=2)
    *_, whole = running(DATA, 'dm', 1, **how, **new())
    for stop in range(1, whole.step):
        run = running(DATA, 'dm', 1, **how, **new())
        for state in run:
            if state.step == stop: break
        save_checkpoint(state, tmp_path/f'{stop}')
        *_, last = running(DATA, 'dm', 1, resume_from=tmp_path/f'{stop}', **how, **new())
        assert torch.equal(last.images, whole.images), stop


def test_seeds_have_a_policy_each():
    how = dict(HOW, outer=2)
    for seed, small in zip((0, 1), condense_seeds(DATA, 'dm', 1, seeds=(0, 1), inner=Counts(), **how)):
        assert torch.equal(small.images, condense(DATA, 'dm', 1, seed=seed, inner=Counts(), **how).images)
    recipe = paper('dm', net='convnet-w4', iterations=2, outer=2, real_batch=4, inner=Counts())
    for a, b in zip(condense_seeds(DATA, 'dm', 1, seeds=(0, 1), recipe=recipe, progress=False), condense_seeds(DATA, 'dm', 1, seeds=(0, 1), inner=Counts(), **how)):
        assert torch.equal(a.images, b.images)


def test_sizes_made_together_do_not_influence_each_other():
    for more, words in ((dict(outer=2), '`outer` is 2, expected 1'), (dict(net='convnet-w4-bn'), 'without batch norm')):
        with pytest.raises(ValueError, match=f'condense_sizes: .*{words}'): condense_sizes(DATA, [1, 2], **dict(HOW, **more))


def test_a_loss_with_one_number_makes_a_set_that_can_be_read(tmp_path):
    one = CustomMatching(lambda net, real, syn, step: syn.x.square().mean().reshape(1, 1), name='one')
    condense(DATA, one, 1, **HOW).save(tmp_path/'a.safetensors')
    assert SyntheticSet.load(tmp_path/'a.safetensors').losses.shape == (2,)


class Bad(DistributionMatching):
    def match(self, net, real, syn, step): return self.of(syn.x)


@pytest.mark.parametrize('call, words', [
    (lambda: condense(DATA, Bad(of=lambda x: 1.), 1, **HOW), 'dm: `loss` is 1.0, expected a tensor, a scalar'),
    (lambda: condense(DATA, Bad(of=lambda x: x.flatten(1).sum(1)), 2, **HOW), r'dm: `loss` is of shape \(2,\), expected a scalar'),
    (lambda: condense(DATA, Bad(of=lambda x: torch.ones(())), 1, **HOW), 'dm: the loss does not depend on the images'),
    (lambda: condense(DATA, CustomMatching(lambda *a: None, name='a', scoring='typo'), 1, **HOW), "condensing: `scoring` is 'typo'"),
    (lambda: condense(DATA, 'dm', 1, image_opt=torch.optim.LBFGS, **HOW), 'make_optimizer: `opt` is LBFGS, expected one whose `step` needs no closure'),
    (lambda: random_set(FULL)[[True, False]], 'the lengths of the mask and of the set differ, 2 here and 10 there'),
    (lambda: cli.imported('../mynet.py:Small'), '--net: ../mynet.py:Small is a path, expected module:name'),
])
def test_what_comes_from_you_is_checked(call, words):
    with pytest.raises((TypeError, ValueError), match=words): call()


def test_experts_may_keep_what_they_computed():
    class Keeps(Dropped):
        def forward(self, x):
            self.seen = super().forward(x)
            return self.seen
    assert condense(DATA, 'experts', 1, **dict(HOW, net=Keeps)).info['updates'] == 2


def test_images_on_both_sides_of_a_split_are_told_of(tmp_path):
    x, y = torch.rand(8, 1, 8, 8, generator=gen(0)), torch.arange(8) % 2
    train, both = TensorDataset(x[:6], y[:6]), TensorDataset(x[4:], y[4:])
    with pytest.warns(UserWarning, match=r'from_datasets: 2 of 4 test images are training images too, e\.g\. test\[0\]'):
        dc.from_datasets(train, both, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        dc.from_datasets(train, TensorDataset(x[6:], y[6:]), progress=False)
    for keep in (True, False):
        with pytest.warns(UserWarning, match='2 of 4 test images are training images too'):
            dc.from_datasets(train, both, progress=False, in_memory=keep, cache_dir=tmp_path)


@pytest.mark.parametrize('sampler', [SubsetRandomSampler([1, 2]), WeightedRandomSampler([1.] * 8, 8), RandomSampler(range(8), num_samples=3)])
def test_a_loader_that_leaves_images_out_is_refused(sampler):
    items = TensorDataset(torch.rand(8, 1, 8, 8, generator=gen(0)), torch.arange(8))
    net, loader = make_net('convnet-w4-d1', DATA), DataLoader(items, 4, sampler=sampler)
    for use in (lambda: train(net, loader, TrainRecipe(epochs=1)), lambda: dc.accuracy(net, loader), lambda: dc.from_datasets(loader, items)):
        with pytest.raises(ValueError, match=f'a DataLoader with a {type(sampler).__name__}'): use()
    assert dc.accuracy(net, DataLoader(items, 4, shuffle=True)) == dc.accuracy(net, items)


def test_names_are_one_whatever_their_case():
    augment = dc.Recipe(augment='DSA').augment, TrainRecipe(augment='DSA').augment
    assert augment == ('dsa', 'dsa') and str(augment_for('DSA', DATA)) == str(augment_for('dsa', DATA))
    assert parse(['digits', '--method', 'DC']).method == 'dc' and parse(['digits', '--method', 'AUTO']).train_augment is None
    small = condense(DATA, 'delving-until-overfit', 1, **HOW | dict(iterations=1))
    assert callable(dc.Recipe(**small.info['recipe']).inner)


def test_photographs_are_read_at_32_pixels_for_auto(tmp_path):
    def size(*args): return cli.at_32(parse([str(tmp_path), *args]))[0].size
    for c in 'ab': (tmp_path/c).mkdir()
    picture = Image.new('RGB', (40, 40))
    for c in 'ab': picture.save(tmp_path/c/'1.png')
    assert size('--minutes', '1') is None                     # small, and all alike
    picture.resize((40, 30)).save(tmp_path/'a'/'2.png')
    assert (size('--minutes', '1'), size('--method', 'dm'), size('--minutes', '1', '--size', '16')) == (32, None, 16)
