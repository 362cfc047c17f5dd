"""What belongs to the caller stays as it is: networks, modes, levels, the meaning of a name, a run begun elsewhere"""
import copy

import pytest
import torch
from torch import nn

from dataset_condensation import augmentation, condensation
from dataset_condensation.all import (METHODS, ImageData, SyntheticSet, condense, condensing,
                                      DistributionMatching, evaluate, from_tensors, gen, learn, load_dataset,
                                      make_net, random_set, train, train_recipe, UntilOverfit)
from dataset_condensation.augmentation import dsa_for
from dataset_condensation.checkpoints import Checkpoints
from dataset_condensation.adaptive_steps import Fixed
from dataset_condensation.runs import running
from dataset_condensation.continual_learning import class_subset, fewer
from dataset_condensation.multi_level_matching import Both, interleaved
from dataset_condensation.studies import variant

FEW = dict(net='convnet-w4', real_batch=4, progress=False)


@pytest.fixture(scope='module')
def data(): return load_dataset('digits')


# ---- 'dsa' mirrors no digits, whatever carries them

@pytest.fixture
def drawn(monkeypatch):
    "The strategies that were drawn from"
    seen, draw = set(), augmentation.Augment.draw
    monkeypatch.setattr(augmentation.Augment, 'draw', lambda self, *a, **kw: seen.add(self.strategy) or draw(self, *a, **kw))
    return seen


def by_hand(data, classes=None, info=None):
    return SyntheticSet(torch.zeros(10, *data.shape), torch.arange(10), classes or range(10), data.mean, data.std, info)


SETS = {
    'data': lambda d: d, 'train': lambda d: d.train, 'on a device': lambda d: d.train.to('cpu'), 'data on a device': lambda d: d.to('cpu').train,
    'subset': lambda d: class_subset(d.train, [3, 7]), 'fewer': lambda d: fewer(d, 3).train, 'by hand': by_hand,
    'by hand, words': lambda d: by_hand(d, [f'{k} - {w}' for k, w in enumerate('zero one two three four five six seven eight nine'.split())]),
    'letters': lambda d: by_hand(d, list('abcdefghij')), 'random': lambda d: random_set(d, 1),
    'named': lambda d: by_hand(d, [f'class {k}' for k in range(10)], dict(data='mnist'))}


@pytest.mark.parametrize('kind', SETS)
def test_training_by_dsa_does_not_mirror_digits(kind, data, drawn):
    small, recipe = SETS[kind](data), train_recipe('dsa', epochs=1)
    train(make_net('convnet-w2', data), small, recipe)
    if not isinstance(small, ImageData): learn(make_net('convnet-w2', data), small, recipe=recipe)
    assert drawn == {augmentation.named_augments['dsa-digits'].strategy}


def test_an_evaluation_on_a_test_set_alone_knows_the_digits(data, drawn):
    found = evaluate(by_hand(data), data.test, 'convnet-w2', 1, train_recipe('dsa', epochs=1), speed='plain')
    assert drawn == {augmentation.named_augments['dsa-digits'].strategy} and found.recipe.augment == 'dsa-digits'


@pytest.mark.parametrize('small', [
    lambda d: by_hand(d, [f'animal {k}' for k in range(10)]), lambda d: by_hand(d, info=dict(data='cifar10')),
    lambda d: from_tensors(torch.zeros(4, 3, 8, 8, dtype=torch.uint8), torch.arange(4) % 2, torch.zeros(2, 3, 8, 8, dtype=torch.uint8),
                           torch.arange(2), name='cifar10').train])
def test_photographs_are_mirrored(small, data, drawn):
    small = small(data)
    train(make_net('convnet-w2', small), small, train_recipe('dsa', epochs=1))
    assert drawn == {augmentation.families}


def test_what_nothing_is_known_of_is_still_refused():
    with pytest.raises(TypeError, match='`data` is 3'): dsa_for(3)
    assert dsa_for('') == 'dsa'


# ---- Own networks

class Own(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), norm, nn.ReLU(), nn.Dropout(0.), nn.Flatten())
        self.head = nn.Linear(144, 10)
    def embed(self, x): return self.body(x)
    def forward(self, x): return self.head(self.embed(x))


NORMS = {'batch': lambda: nn.BatchNorm2d(4), 'instance, with statistics': lambda: nn.InstanceNorm2d(4, track_running_stats=True),
         'batch, without statistics': lambda: nn.BatchNorm2d(4, track_running_stats=False), 'none': nn.Identity}


@pytest.mark.parametrize('norm, mode', [('batch', True), ('batch', False), ('instance, with statistics', False), ('batch, without statistics', True)])
def test_dm_in_own_networks_leaves_them_as_they_are(norm, mode, data):
    nets = [Own(NORMS[norm]()).train(mode) for _ in range(2)]
    nets[0].body[1].train(not mode)
    before = copy.deepcopy([n.state_dict() for n in nets])
    attributes = [[(m.training, getattr(m, 'track_running_stats', None)) for m in n.modules()] for n in nets]
    made = condense(data, DistributionMatching(networks=nets), 1, iterations=4, **FEW)
    assert made.losses[0] > 0
    for n, state in zip(nets, before):
        assert n.state_dict().keys() == state.keys() and all(torch.equal(v, state[k]) for k, v in n.state_dict().items())
        assert all(p.grad is None for p in n.parameters())
    assert attributes == [[(m.training, getattr(m, 'track_running_stats', None)) for m in n.modules()] for n in nets]


def test_an_embedding_that_fails_leaves_them_too(data):
    net = Own(nn.BatchNorm2d(4)).eval()
    def broken(net, x): net.embed(x); raise RuntimeError('broken')
    with pytest.raises(RuntimeError, match='broken'): condense(data, DistributionMatching(networks=[net], embed=broken), 1, iterations=1, **FEW)
    assert not any(m.training for m in net.modules()) and net.body[1].track_running_stats and not net.body[1].running_mean.any()


def test_own_networks_use_the_batch_as_before(data):
    "The same loss as of the network in training mode"
    net, (real, syn) = Own(nn.BatchNorm2d(4)).eval(), (torch.randn(6, *data.shape, generator=gen(k)) for k in range(2))
    from dataset_condensation.data import Batch
    from dataset_condensation.distribution_matching import match_embeddings
    two = [Batch(x, torch.full((6,), 3), (6,)) for x in (real, syn)]
    want = match_embeddings(copy.deepcopy(net).train(), *two)
    assert torch.equal(match_embeddings(net, *two, networks=[net]), want)


# ---- An ablation changes one thing

@pytest.mark.parametrize('name, factor, value', [('dc', 'distance', 'mse'), ('dsa', 'levels', 'inter'), ('delving', 'distance', 'cos'),
                                                 ('delving', 'levels', Both(2.)), ('delving-until-overfit', 'levels', 'intra')])
def test_a_variant_keeps_the_rest(name, factor, value):
    old, (new, net, over) = METHODS[name], variant(METHODS[name], 'convnet', factor, value)
    assert (net, over) == ('convnet', {}) and type(new) is type(old)
    for k in ('name', 'settings', 'doc', 'paper', 'scoring'): assert getattr(new, k) == getattr(old, k), k
    kept = dict(distance='level', levels='distance')[factor]
    assert getattr(new, kept) is getattr(old, kept)
    assert new.separable(None) == new.level.separable


def test_a_level_that_knows_of_no_other_processes_is_not_divided():
    def level(syn, real, distance, step=None): return sum(distance(a, b) for a, b in zip(syn, real))
    assert not variant(METHODS['delving'], 'convnet', 'levels', level)[0].shared
    assert variant(METHODS['delving'], 'convnet', 'levels', interleaved)[0].shared


# ---- Runs that were begun elsewhere

@pytest.fixture
def begun(data, tmp_path, monkeypatch):
    "A run of two updates, begun under another torch"
    now = condensation.versions()
    with monkeypatch.context() as m:
        m.setattr(condensation, 'versions', lambda: dict(now, torch='1.0', dataset_condensation='0.0.1'))
        condense(data, 'dc', 1, iterations=2, checkpoint=tmp_path/'run', **FEW)
    return tmp_path/'run'


def test_other_versions_are_refused_and_the_way_round_is_named(begun, data):
    for start in (lambda at: condense(data, 'dc', 1, iterations=3, checkpoint=at, **FEW),
                  lambda at: running(data, 'dc', 1, iterations=3, resume_from=at, net='convnet-w4', real_batch=4)):
        with pytest.raises(ValueError, match=r"versions.torch: was '1.0'.*any_version=True.*--any-version"): start(begun)


def test_other_versions_are_resumed_where_it_is_asked_for(begun, data):
    with pytest.warns(UserWarning, match='resumes under other versions'):
        made = condense(data, 'dc', 1, iterations=3, checkpoint=Checkpoints(begun, any_version=True), **FEW)
    alone = condense(data, 'dc', 1, iterations=3, **FEW)
    assert torch.equal(made.images, alone.images)


def test_the_command_resumes_other_versions_where_it_is_asked_for(tmp_path, monkeypatch, capsys):
    from dataset_condensation.cli import main
    args = ['digits', '--net', 'convnet-w2', '--nets', '1', '--epochs', '1', '--baselines', 'none', '--whole', '0', '--real-batch', '4',
            '--iterations', '2', '--quiet', '--out', str(tmp_path/'run')]
    now = condensation.versions()
    with monkeypatch.context() as m:
        m.setattr(condensation, 'versions', lambda: dict(now, torch='1.0'))
        assert main(args) == 0
    args[args.index('--iterations') + 1] = '3'
    assert main([*args, '--resume']) == 2 and '--any-version' in capsys.readouterr().err
    assert main([*args, '--resume', '--any-version']) == 0
    assert "resumes under other versions, so results may differ: versions.torch: was '1.0'" in capsys.readouterr().err


def test_another_run_is_refused_all_the_same(begun, data):
    with pytest.raises(ValueError, match='seed: was 0, is 1') as e:
        condense(data, 'dc', 1, seed=1, iterations=3, checkpoint=Checkpoints(begun, any_version=True), **FEW)
    assert 'any_version' not in str(e.value)


class Stops(Fixed):
    "Ctrl-C in the middle of the training between updates, once"
    def __init__(self, n): super().__init__(n); self.left = 3
    def __call__(self, outer, done, net, held):
        self.left -= 1
        if self.left == 0: raise KeyboardInterrupt
        return super().__call__(outer, done, net, held)
    def __repr__(self): return 'fixed(3)'


@pytest.mark.parametrize('method, net', [('dsa', 'convnet-w4'), ('delving-md', 'convnet-w4-bn')])
def test_a_run_that_is_stopped_while_its_network_trains_ends_alike(method, net, data, tmp_path):
    kw = dict(iterations=2, outer=3, real_batch=4, net=net, progress=False, checkpoint=tmp_path/'run')
    with pytest.raises(KeyboardInterrupt): condense(data, method, 1, inner=(stops := Stops(3)), **kw)
    assert stops.left == 0 or pytest.fail('not stopped')
    made = condense(data, method, 1, inner=stops, **kw)
    alone = condense(data, method, 1, inner=Fixed(3), **(kw | dict(checkpoint=tmp_path/'alone')))
    assert torch.equal(made.images, alone.images) and torch.equal(made.losses, alone.losses)


def test_batch_norm_trains_while_held_images_are_looked_at(data):
    "A policy that tests the network leaves it training"
    run = condensing(data, 'dc', 1, net='convnet-w4-bn', real_batch=4, outer=2, inner=UntilOverfit(20, most=3), speed='plain')
    state, seen = next(run), []
    bn = next(m for m in state.net.modules() if isinstance(m, nn.BatchNorm2d))
    bn.register_forward_pre_hook(lambda m, x: seen.append(m.training))
    before = bn.running_mean.clone()
    condensation.train_between(state)
    assert True in seen and False in seen and not torch.equal(before, bn.running_mean)


# ---- Asking a network for its answers

def test_a_part_in_eval_mode_stays_so(data):
    from dataset_condensation.all import accuracy, embed_all, predict, soft_labels
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 10)).train()
    net[1].eval()
    small = random_set(data, 1)
    for ask in (lambda: accuracy(net, small), lambda: predict(net, small), lambda: embed_all(net, data.test),
                lambda: condense(data, 'herding', 1, embedder=net), lambda: soft_labels(small, net)):
        ask()
        assert [m.training for m in net] == [True, False, True, True] and net.training
    with pytest.raises(ValueError): soft_labels(small, net[:3])
    assert [m.training for m in net] == [True, False, True, True]
