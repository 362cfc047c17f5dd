"Continual learning: every method, only new classes, the same figures after an interruption, nothing lost"
import copy
import json
import random
import time
from dataclasses import asdict

import numpy as np
import processes
import pytest
import torch
from torch.utils.data import DataLoader

import dataset_condensation.continual_learning as cl
from dataset_condensation.checkpoints import RunLock, RunLocked
from dataset_condensation.condensation import Method
from dataset_condensation.coresets import random_set
from dataset_condensation.names import METHODS
from dataset_condensation.data import from_tensors
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.training import SyntheticSet, TrainRecipe, evaluate

NET = 'convnet-w8-d1'
TINY = TrainRecipe(epochs=2, lr=.1)
SHORT = dict(iterations=1, outer=2, inner=1, real_batch=4)


@pytest.fixture(scope='module')
def data(): return cl.fewer(cl.only_classes(load_dataset('digits'), range(5)), 12, 10)


def study(data, methods='random', **kw):
    how = dict(steps=[2, 3], ipc=2, orders=2, nets=2, net=NET, recipe=TINY, whole=None) | kw
    return cl.continual(data, methods, **how)


def figures(found):
    "Everything but the seconds"
    return [{k: v for k, v in asdict(r).items() if k not in ('making', 'training')} for r in found.runs]


class Spy:
    "Chooses at random, remembers what it was shown, and may be interrupted"
    name = 'spy'
    def __init__(self, stop_at=None): self.shown, self.stop_at = [], stop_at
    def __repr__(self): return 'Spy()'      # wherever it stops, it chooses the same
    def make(self, data, ipc, seed, net, device):
        if len(self.shown) == self.stop_at: raise KeyboardInterrupt
        self.shown.append(list(data.classes))
        return random_set(data, ipc, seed)


# ---- Classes in steps

# 'auto' asks a table which of the others it is, and 'linear' wants a trained network
@pytest.mark.parametrize('name', [m for m in METHODS if m not in ('auto', 'linear')])
def test_every_method_fills_a_memory(name, data):
    options = {name: SHORT} if isinstance(METHODS[name], Method) else {}
    if name == 'experts': options = {name: SHORT | dict(factor=1)}      # 12 images of a class are too few for nine tiles
    if name in ('herding', 'kcenter', 'kmeans', 'forgetting'): options = {name: dict(recipe=TINY)}
    found = study(data, name, orders=1, nets=1, options=options)
    run, = found[name]
    assert run.finished and run.images == [4, 10] and [len(g) for g in run.groups] == [2, 3]
    assert all(0 <= a <= 100 for step in run.accuracies for a in step)
    assert run.bytes == [n*64*(1 if name in ('random', 'herding', 'kcenter', 'kmeans', 'forgetting') else 4) for n in run.images]


def test_a_method_sees_only_the_new_classes(data):
    spy = Spy()
    study(data, spy, orders=[[4, 2, 0, 1, 3]])
    assert spy.shown == [['4', '2'], ['0', '1', '3']]


def test_a_class_may_be_given_more_images(data):
    found = study(data, ipc=[1, 2, 3, 4, 5], orders=[[4, 0, 1, 2, 3]])
    assert found['random'][0].images == [6, 15]


def test_what_is_written_down_is_what_the_memory_gives(data, tmp_path):
    found = study(data, nets=2, orders=1, folder=tmp_path)
    run = found['random'][0]
    memory = SyntheticSet.join([SyntheticSet.load(next(tmp_path.glob(f'random-order0-step{t}-*'))) for t in range(2)])
    assert memory.classes == [c for g in run.groups for c in g]
    order = [data.classes.index(c) for c in memory.classes]
    e = evaluate(memory, cl.only_classes(data, order), NET, 2, TINY, cl._seed(0, 0, 1))
    assert e.accuracies == run.accuracies[1]
    test = cl.class_subset(data.test, order)
    shares = [int(test.counts[:2].sum()) / len(test), int(test.counts[2:].sum()) / len(test)]
    for a, groups in zip(run.accuracies[1], run.by_group[1]):
        assert a == pytest.approx(sum(s*g for s, g in zip(shares, groups)), abs=1e-3)


def test_the_whole_set_is_a_row_of_its_own(data):
    found = study(data, whole=TINY, orders=1)
    assert found.names == ['random', 'whole'] and found['whole'][0].images == [24, 60]
    assert found['whole'][0].bytes == [24*64, 60*64]


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(data):
    before = torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()
    one, two, other = study(data), study(data), study(data, seed=1)
    assert figures(one) == figures(two)
    assert one.about['orders'] != other.about['orders']
    assert before == (torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate())


def test_methods_do_not_influence_each_other(data):
    alone, third = study(data, 'random'), study(data, ['kcenter', 'random'], options=dict(kcenter=dict(recipe=TINY)))
    assert [r.accuracies for r in alone['random']] == [r.accuracies for r in third['random']]


def test_uneven_steps_are_said_and_even_ones_are_not(data):
    assert '5 classes in 2 steps: 2, 3' in repr(study(data, orders=1))
    assert not study(data, orders=1, steps=5).about['notes']


def test_one_method_twice_under_two_names(data):
    found = study(data, dict(short='dm', long='dm'), orders=1, nets=1,
                  options=dict(short=SHORT, long=SHORT | dict(iterations=3)))
    assert found.names == ['short', 'long'] and found.about['methods']['long']['iterations'] == 3


def test_classes_one_by_one_where_that_makes_sense(data):
    found = study(data, ['random', 'dm'], steps=5, orders=1, nets=1, options=dict(dm=SHORT))
    assert found.mean('dm', 0) == 100
    for name in ('dc', 'dsa', 'delving'):
        with pytest.raises(ValueError, match=f'two classes or more in each, for {name!r}'): study(data, name, steps=5)


# ---- Interruptions

@pytest.mark.parametrize('stop_at', [0, 3])
def test_an_interrupted_study_goes_on_to_the_same_figures(data, tmp_path, stop_at):
    whole = study(data, Spy())
    with pytest.raises(KeyboardInterrupt): study(data, Spy(stop_at), folder=tmp_path)
    spy = Spy()
    assert figures(study(data, spy, folder=tmp_path)) == figures(whole)
    assert len(spy.shown) == 4 - stop_at, 'a memory that was there was made again'


def test_nothing_is_computed_twice(data, tmp_path, monkeypatch):
    first = study(data, folder=tmp_path)
    monkeypatch.setattr(cl, 'evaluate', None)
    assert study(data, folder=tmp_path).as_dict()['runs'] == first.as_dict()['runs']


def test_more_methods_and_orders_are_added_to_a_folder(data, tmp_path):
    one = study(data, folder=tmp_path)
    study(data, ['random', 'dm'], orders=3, options=dict(dm=SHORT), folder=tmp_path)
    kept = cl.Continual.load(tmp_path)
    assert kept.names == ['random', 'dm'] and len(kept['dm']) == 3 and len(kept.about['orders']) == 3
    assert figures(kept)[:2] == figures(one)
    assert len(study(data, folder=tmp_path).runs) == 2                # asked for two, gets two
    assert figures(cl.Continual.load(tmp_path)) == figures(kept)      # and loses none


@pytest.mark.parametrize('change', [dict(seed=1), dict(recipe=TrainRecipe(epochs=3)), dict(orders=[[0, 1, 2, 3, 4]])], ids=lambda c: next(iter(c)))
def test_another_study_is_refused_and_harms_nothing(data, tmp_path, change):
    study(data, folder=tmp_path)
    before = (tmp_path/'continual.json').read_bytes()
    with pytest.raises(ValueError, match='holds another study: '): study(data, folder=tmp_path, **change)
    assert (tmp_path/'continual.json').read_bytes() == before


def test_another_data_set_or_option_is_refused(data, tmp_path):
    study(data, 'dm', options=dict(dm=SHORT), folder=tmp_path, orders=1)
    with pytest.raises(ValueError, match='data: was'):
        study(cl.fewer(data, 11), 'dm', options=dict(dm=SHORT), folder=tmp_path, orders=1)
    with pytest.raises(ValueError, match='dm.iterations: was 1, is 2'):
        study(data, 'dm', options=dict(dm=SHORT | dict(iterations=2)), folder=tmp_path, orders=1)


def test_a_damaged_memory_is_made_again(data, tmp_path):
    whole = study(data, Spy())
    with pytest.raises(KeyboardInterrupt): study(data, Spy(3), folder=tmp_path)
    next(tmp_path.glob('spy-order1-step0-*')).write_bytes(b'half a file')
    spy = Spy()
    assert figures(study(data, spy, folder=tmp_path)) == figures(whole) and len(spy.shown) == 2


def test_a_memory_made_in_another_way_is_not_taken(data, tmp_path, monkeypatch):
    def die(*args, **kw): raise KeyboardInterrupt
    def once(**kw): return study(data, 'dm', **dict(dict(options=dict(dm=SHORT), orders=1), **kw))
    monkeypatch.setattr(cl, 'evaluate', die)       # killed before anything was written down but a memory
    with pytest.raises(KeyboardInterrupt): once(folder=tmp_path)
    monkeypatch.undo()
    for other in (dict(ipc=3), dict(seed=1), dict(options=dict(dm=SHORT | dict(iterations=2)))):
        fresh, kept = once(**other), once(folder=tmp_path/'..'/tmp_path.name, **other)
        assert figures(kept) == figures(fresh), other
        (tmp_path/'continual.json').unlink()


def test_rows_whose_names_look_alike_have_memories_of_their_own(data, tmp_path):
    rows, long = {'a b': 'random', 'a_b': 'random', 'x'*300: 'random'}, 'x'*300
    found = study(data, rows, folder=tmp_path, orders=1)
    assert len(list(tmp_path.glob('*.safetensors'))) == 6 and found[long][0].finished


def test_two_studies_do_not_work_in_one_folder(data, tmp_path):
    with RunLock(tmp_path), pytest.raises(RunLocked): study(data, folder=tmp_path)


def test_a_damaged_journal_is_named(data, tmp_path):
    (tmp_path/'continual.json').write_text('{"runs": [')
    with pytest.raises(ValueError, match='continual.json is not a study'): study(data, folder=tmp_path)
    assert (tmp_path/'continual.json').read_text() == '{"runs": ['


@pytest.mark.slow
def test_a_killed_process_loses_nothing_that_was_written(data, tmp_path):
    code = f'''
from dataset_condensation.continual_learning import continual, fewer, only_classes
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.training import TrainRecipe
data = fewer(only_classes(load_dataset('digits'), range(5)), 12, 10)
continual(data, 'random', [2, 3], 2, 8, 2, {NET!r}, TrainRecipe(epochs=2, lr=.1), None, folder={str(tmp_path)!r})'''
    started, deadline = processes.python('-c', code, cwd=tmp_path), time.monotonic() + 600
    while not list(tmp_path.glob('random-order1-step1-*')) and started.process.is_alive():
        assert time.monotonic() < deadline
        time.sleep(.01)
    started.process.kill()
    started.wait()
    kept = cl.Continual.load(tmp_path)
    assert len(kept['random']) >= 1
    assert figures(study(data, orders=8, folder=tmp_path)) == figures(study(data, orders=8))


# ---- The memory, and what is kept of a study

def test_a_memory_goes_through_a_data_loader_with_processes(data):
    memory = SyntheticSet.join([random_set(cl.only_classes(data, [0, 1]), 3), random_set(cl.only_classes(data, [4]), 3)])
    batches = list(DataLoader(memory, batch_size=4, num_workers=1))
    assert torch.equal(torch.cat([x for x, _ in batches]), memory.images)
    assert torch.cat([y for _, y in batches]).tolist() == [0]*3 + [1]*3 + [2]*3


def test_a_study_survives_json(data, tmp_path):
    found = study(data, whole=TINY)
    found.save(tmp_path/'study.json')
    again = cl.Continual.load(tmp_path/'study.json')
    assert repr(again) == repr(found) and again.runs == found.runs
    assert json.loads((tmp_path/'study.json').read_text())['about']['study']['steps'] == [2, 3]


def test_the_table_has_the_spreads_apart_and_the_seconds_on_demand(data):
    found = study(data)
    head, row = found.cells(seconds=True)
    assert head[-6:] == ['5', '± orders', '± networks', 'forgotten', 'making s', 'training s'] and len(row) == len(head)
    assert found.cells()[0] == head[:-2]
    assert found._repr_markdown_().startswith('| memory |')
    alone = study(data, orders=1, nets=1).cells()[0]
    assert '± orders' not in alone and '± networks' not in alone


# ---- Tasks in turn

def tasks(data): return [data, cl.map_images(data, lambda x: x.rot90(1, (2, 3)), 'turned'), cl.map_images(data, lambda x: 255 - x, 'inverted')]


def in_turn(data, methods='random', **kw):
    return cl.continual_tasks(tasks(data), methods, **dict(ipc=2, nets=2, net=NET, recipe=TINY) | kw)


def test_tasks_have_one_first_network_and_a_row_for_each_way(data):
    found = in_turn(data, ['random', 'dm'], options=dict(dm=SHORT))
    assert found.names == ['none', 'none, distilled', 'random', 'random, distilled', 'dm', 'dm, distilled', 'whole']
    assert len({str(r.accuracies[0]) for r in found.runs}) == 1
    assert found['dm'][0].images == [0, 10, 20] and found['none'][0].images == [0, 0, 0] and found['whole'][0].images == [0, 60, 120]
    assert found['dm'][0].by_group[2] != found['dm, distilled'][0].by_group[2]
    assert found['dm'][0].groups == [['digits'], ['turned'], ['inverted']]


def test_tasks_go_on_after_an_interruption(data, tmp_path, monkeypatch):
    whole, real = in_turn(data, sets=2), cl._task_run
    def stop(run, *args, **kw):
        if run.method == 'random, distilled': raise KeyboardInterrupt
        return real(run, *args, **kw)
    monkeypatch.setattr(cl, '_task_run', stop)
    with pytest.raises(KeyboardInterrupt): in_turn(data, sets=2, folder=tmp_path)
    monkeypatch.setattr(cl, '_task_run', real)
    assert len(cl.Continual.load(tmp_path).runs) >= 4
    assert figures(in_turn(data, sets=2, folder=tmp_path)) == figures(whole)


def test_tasks_with_classes_of_their_own_get_outputs_of_their_own(data):
    low, high = (cl.only_classes(load_dataset('digits'), c) for c in (range(3), range(5, 8)))
    found = cl.continual_tasks([low, high], 'random', 2, False, nets=1, net=NET, recipe=TrainRecipe(epochs=30, lr=.05))
    assert found.mean('none', 0) > 60 and found['none'][0].by_group[1][0][0] < 20     # what it knew is gone
    assert found['whole'][0].by_group[1][0][0] > 80
    assert found.about['study']['kind'] == 'tasks' and found.names == ['none', 'random', 'whole']


def test_tasks_of_two_shapes_are_refused_before_anything_is_computed(data, monkeypatch):
    monkeypatch.setattr(cl, 'learn', None)
    with pytest.raises(ValueError, match='which to_shape brings to one'):
        cl.continual_tasks([data, cl.to_shape(data, (3, 12, 12))], 'random', net=NET)


def test_colour_and_gray_come_to_one_shape():
    g = torch.Generator().manual_seed(0)
    x, y = torch.randint(0, 256, (6, 3, 20, 10), dtype=torch.uint8, generator=g), torch.tensor([0, 0, 0, 1, 1, 1])
    colour = from_tensors(x, y, x, y)
    gray = cl.to_shape(colour, (1, 12, 12), 'crop')
    assert gray.shape == (1, 12, 12) and gray.train.labels.tolist() == y.tolist()
    assert cl.to_shape(gray, (3, 12, 12)).shape == (3, 12, 12)
    assert cl.to_shape(colour, (3, 20, 10)) is colour


def test_learning_rehearses_as_many_old_images_as_new_ones(data, monkeypatch):
    seen = []
    class Counting(cl.Pool):
        def take(self, idx, device=None):
            seen.append(len(idx))
            return super().take(idx, device)
    monkeypatch.setattr(cl, 'Pool', Counting)
    net = cl.make_net(NET, data, generator=cl.gen(0))
    cl.learn(net, data.train, [random_set(data, 2), random_set(data, 1)], TrainRecipe(epochs=1, batch=20))
    assert seen == [15, 15, 15]                                         # the memory has fifteen
    seen.clear()
    cl.learn(net, data.train, data.train, TrainRecipe(epochs=1, batch=20))
    assert seen == [20, 20, 20]


def test_distillation_keeps_what_the_teacher_says(data):
    net = cl.make_net(NET, data, generator=cl.gen(0))
    cl.learn(net, data.train, recipe=TrainRecipe(epochs=10, lr=.1))
    teacher, noise = copy.deepcopy(net).eval(), random_set(cl.map_images(data, lambda x: 255 - x), 12)
    said = teacher(noise.images).detach()
    def apart(**kw):
        n = copy.deepcopy(net)
        cl.learn(n, noise, recipe=TrainRecipe(epochs=20, lr=.1), **kw)
        return cl.distillation(n.eval()(noise.images), said).item()
    assert apart(teacher=teacher, weight=10.) < apart() / 2


def own(): return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5))


def test_a_study_with_a_network_of_ones_own_is_kept_and_resumed(data, tmp_path):
    first = study(data, net=own, folder=tmp_path/'study')
    first.save(tmp_path/'continual.json')
    again = study(data, net=own, folder=tmp_path/'study')
    assert figures(again) == figures(first) and 'own' in json.loads((tmp_path/'continual.json').read_text())['about']['study']['net']
