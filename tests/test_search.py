"A search that is killed, interrupted, starved of disk or of its processes loses nothing, and finds the same in any number of them"
import json
import multiprocessing
import os
import random
import shutil
import signal
import time
import warnings
from collections import Counter
from pathlib import Path

import processes
import pytest
import torch
from processes import Started, server

import dataset_condensation.long_studies as module
from dataset_condensation.architecture_search import (CONVNETS, SearchResult, grid, plot_search, rank_correlation, search,
                                                      searching, stratified)
from dataset_condensation.augmentation import Augment
from dataset_condensation.checkpoints import RunLocked
from dataset_condensation.runs import condense
from dataset_condensation.data import from_tensors
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.gpu_training import Speed
from dataset_condensation.networks import parse_net
from dataset_condensation.training import TrainRecipe

SPACE = ['convnet-w8', 'convnet-w8-d1-bn', 'convnet-w8-nonorm-maxpool', 'mlp-w16', 'convnet-d4', 'mlp-w32-swish']   # one cannot be
HOW = dict(ipc=2, net='convnet-w8', recipe=TrainRecipe(6, batch=8), whole=TrainRecipe(1, batch=64),
           options=dict(dm=dict(iterations=3, real_batch=8)))
PROXIES = ['random', 'dm', 'early', 'whole']
LONG = TrainRecipe(60, batch=8)     # long enough to be stopped in the middle


@pytest.fixture(scope='module')
def data(): return load_dataset('digits')


@pytest.fixture(scope='module')
def undisturbed(data, folder_of_all): return search(data, PROXIES, SPACE, folder=folder_of_all, **HOW)


@pytest.fixture(scope='module')
def folder_of_all(tmp_path_factory): return tmp_path_factory.mktemp('all')


@pytest.fixture
def finished(undisturbed, folder_of_all, tmp_path):
    "A copy of the folder of a finished search"
    return shutil.copytree(folder_of_all, tmp_path/'finished')


def same(a, b):
    assert list(a.columns) == list(b.columns) and a.space == b.space
    for p in a.columns: assert a.accuracies(p) == b.accuracies(p), p
    assert a.failed == b.failed and a.rows() == b.rows()


@pytest.fixture
def forks(monkeypatch):
    "The pool's processes are forked from one that has imported torch"
    monkeypatch.setattr(module, 'get_context', lambda kind: server)


def workers(): return [p for p in multiprocessing.active_children() if 'Process-' in p.name]


def records(folder): return [json.loads(line) for line in (Path(folder)/'results.jsonl').read_text().splitlines()]


# ---- What it finds

def test_a_network_that_cannot_be_is_a_failure_and_the_search_goes_on(undisturbed):
    assert list(undisturbed.failed) == ['convnet-d4'] and 'at most 3' in undisturbed.failed['convnet-d4']
    for p in PROXIES: assert len(undisturbed.accuracies(p)) == 5
    assert 'failed' in repr(undisturbed) and 'convnet-d4' not in undisturbed.top('dm')


@pytest.mark.slow
def test_a_speed_is_another_way_to_the_same(data, undisturbed, tmp_path):
    space, how = SPACE[:2], HOW | dict(options={})     # one that is done by hand and one that is not
    quick = search(data, ['random'], space, folder=tmp_path, speed=Speed(), **how)
    for name, accuracy in quick.accuracies('random').items():
        assert abs(accuracy - undisturbed.accuracies('random')[name]) < 2, name
    assert quick.about['speed'] == 'float32, by hand' and 'speed' not in undisturbed.about
    search(data, ['random'], space, folder=tmp_path, **how)     # the plain way finds nothing there, for it rounds in another way
    assert Counter(r['net'] for r in records(tmp_path) if r.get('proxy') == 'random') == {n: 2 for n in space}
    with pytest.raises(ValueError, match='speed'): search(data, ['random'], space, speed='fast', **how)


def test_ready_sets_give_what_their_methods_give(data, undisturbed):
    small = condense(data.holdout(0.1, 0), 'dm', 2, net='convnet-w8', progress=False, **HOW['options']['dm'])
    how = {k: v for k, v in HOW.items() if k != 'options'}
    found = search(data, {'mine': small, 'whole': 'whole'}, SPACE, **how)
    assert found.accuracies('mine') == undisturbed.accuracies('dm')
    assert found.correlation('mine') == undisturbed.correlation('dm')


def test_early_stopping_costs_what_the_proxy_costs(data, monkeypatch):
    seen = Counter()
    take = type(data.train).take
    def counted(self, idx, device=None):
        if len(self) == len(data.holdout(0.1, 0).train): seen.update(torch.as_tensor(idx).tolist())
        return take(self, idx, device)
    monkeypatch.setattr(type(data.train), 'take', counted)
    found = search(data, ['early'], ['mlp-w16'], top=1, **(HOW | dict(ipc=10, recipe=TrainRecipe(30, batch=20), options=None)))
    early = {k: n - 1 for k, n in seen.items()}      # the reference looked at each once
    assert sum(early.values()) == found.columns['early']['looked_at'] == 3000
    assert set(early.values()) == {2, 3}             # two rounds through all, and a part of the third
    assert found.columns['early']['stored'] == len(seen) == len(data.holdout(0.1, 0).train)


def test_without_the_reference_only_the_best_are_trained_on_everything(data, undisturbed):
    found = search(data, ['random', 'dm'], SPACE, top=2, **HOW)
    best = {*undisturbed.top('random', 2), *undisturbed.top('dm', 2)}
    assert set(found.accuracies('whole')) == best and found.chosen('dm') == undisturbed.chosen('dm')
    assert found.accuracies('whole') == {n: undisturbed.accuracies('whole')[n] for n in found.accuracies('whole')}


def test_networks_are_chosen_by_held_out_images_and_tested_once(data, undisturbed):
    "Other test images change the last number, and nothing that was chosen"
    g = torch.Generator().manual_seed(0)
    other = from_tensors(data.train.images, data.train.labels, data.test.images,
                         data.test.labels[torch.randperm(len(data.test), generator=g)], name='digits')
    found = search(other, PROXIES, SPACE, **HOW)
    assert found.runs.keys() == undisturbed.runs.keys() and found.tested() != undisturbed.tested()
    for p in PROXIES:
        assert found.accuracies(p) == undisturbed.accuracies(p)
        assert found.chosen(p, 3)[0] == undisturbed.chosen(p, 3)[0] and found.chosen(p, 3)[1] < 60
    assert all(('test' in r) == (p == 'whole') for p, runs in found.runs.items() for r in runs.values() if 'error' not in r)
    half = search(data, ['random'], SPACE[:2], holdout=0.5, **(HOW | dict(options=None)))
    assert half.about['holdout'] == 0.5 and half.accuracies('random') != found.accuracies('random')


def test_several_trainings_and_other_seeds_differ(data, undisturbed):
    how = HOW | dict(nets=2, options=None)
    a, b = search(data, ['random'], SPACE[:2], **how), search(data, ['random'], SPACE[:2], seed=1, **how)
    assert [len(r['accuracies']) for r in a.runs['random'].values()] == [2, 2]
    assert a.runs['random']['convnet-w8']['accuracies'][0] == undisturbed.accuracies('random')['convnet-w8']
    assert a.accuracies('random') != b.accuracies('random')


def test_global_generators_and_threads_are_left_alone(data):
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    for found in searching(data, ['random', 'early'], SPACE, **(HOW | dict(options=None))):
        if found.left < 5: break
    del found
    assert torch.equal(torch.get_rng_state(), before) and torch.get_num_threads() == threads


# ---- Taken up again

def test_what_is_there_is_not_computed_again(data, undisturbed, tmp_path):
    small = dict(folder=tmp_path, **(HOW | dict(options=None)))
    search(data, ['random', 'whole'], SPACE[:3], **small)
    first = (tmp_path/'results.jsonl').read_bytes()
    search(data, ['random', 'whole'], SPACE[:3], **small)
    assert (tmp_path/'results.jsonl').read_bytes() == first
    same(search(data, PROXIES, SPACE, folder=tmp_path, **HOW), undisturbed)      # more networks and more proxies
    assert (tmp_path/'results.jsonl').read_bytes().startswith(first)
    done = [(r['net'], r['proxy']) for r in records(tmp_path) if 'net' in r]
    assert len(done) == len(set(done)) == len(SPACE)*len(PROXIES)
    other = search(data, ['random', 'whole'], SPACE[:3], **(small | dict(recipe=TrainRecipe(7, batch=8))))
    assert other.columns['random']['recipe']['epochs'] == 7                      # not mixed up with the old ones
    assert len(records(tmp_path)) == len(SPACE)*len(PROXIES) + 3
    same(search(data, PROXIES, SPACE, folder=tmp_path, **HOW), undisturbed)


def test_a_journal_that_was_cut_anywhere_is_completed(data, undisturbed, finished):
    path, rng = finished/'results.jsonl', random.Random(0)
    whole = path.read_bytes()
    for cut in [0, len(whole) - 1, rng.randrange(len(whole))]:
        path.write_bytes(whole[:cut])
        same(search(data, PROXIES, SPACE, folder=finished, **HOW), undisturbed)
        assert all('accuracies' in r or 'error' in r for r in records(finished))


def test_lines_that_are_no_results_are_left_out_with_a_warning(data, undisturbed, finished):
    path = finished/'results.jsonl'
    lines = path.read_bytes().splitlines(keepends=True)
    bad = [b'[1, 2]\n', b'\xff\x00\n', b'{"net": "mlp-w16", "proxy": "dm", "key": "x", "accuracies": ["high"], "seconds": 1}\n', b'\n']
    path.write_bytes(b''.join([*bad, *lines[:9], bad[0], *lines[10:]]))
    with pytest.warns(UserWarning, match='5 lines of .* are no results'):
        same(search(data, PROXIES, SPACE, folder=finished, **HOW), undisturbed)


def test_a_full_disk_loses_one_line_at_most(data, undisturbed, tmp_path, monkeypatch):
    written = []
    def full(path, mode):
        file = open(path, mode)
        write = file.write
        def half(line):
            written.append(line)
            if len(written) < 8: return write(line)
            write(line[:len(line)//2])
            file.flush()
            raise OSError(28, 'No space left on device')
        class File:
            def __enter__(self): return type('W', (), dict(write=staticmethod(half)))
            def __exit__(self, *e): file.close()
        return File()
    monkeypatch.setattr(module, 'open', full, raising=False)
    with pytest.raises(OSError, match='No space left'): search(data, PROXIES, SPACE, folder=tmp_path, **HOW)
    monkeypatch.undo()
    assert not (tmp_path/'results.jsonl').read_bytes().endswith(b'\n')
    same(search(data, PROXIES, SPACE, folder=tmp_path, **HOW), undisturbed)
    assert len(records(tmp_path)) == len(SPACE)*len(PROXIES)


def test_two_searches_do_not_share_a_folder(data, tmp_path):
    one = searching(data, ['random'], SPACE, folder=tmp_path, **(HOW | dict(options=None)))
    next(one)
    with pytest.raises(RunLocked, match='at work'): search(data, ['random'], SPACE, folder=tmp_path, **(HOW | dict(options=None)))
    one.close()
    search(data, ['random'], SPACE, folder=tmp_path, **(HOW | dict(options=None)))


# ---- Several processes

@pytest.mark.slow
def test_processes_change_nothing(data, undisturbed, forks, tmp_path):
    same(search(data, PROXIES, SPACE, folder=tmp_path, processes=2, **HOW), undisturbed)
    assert sorted(r['net'] for r in records(tmp_path) if r.get('proxy') == 'dm') == sorted(SPACE)
    assert not workers()


class Deadly(Augment):
    "Ends its process, if it is one of the pool"
    def __call__(self, x, generator):
        if multiprocessing.parent_process(): os._exit(7)
        return x


class Wrong(Augment):
    def __call__(self, x, generator): raise TypeError('a mistake in the program')


@pytest.mark.slow
@pytest.mark.parametrize('augment, kind, words', [(Deadly(), RuntimeError, 'terminated abruptly'), (Wrong(), TypeError, 'a mistake')])
def test_a_dead_process_and_a_mistake_end_the_search_with_an_error(augment, kind, words, data, forks, tmp_path):
    recipe = TrainRecipe(1, batch=8, augment=augment)
    how = HOW | dict(recipe=recipe, options=None, folder=tmp_path)
    search(data, ['random'], SPACE[:1], **(how | dict(recipe=HOW['recipe'])))
    before = (tmp_path/'results.jsonl').read_bytes()
    with pytest.raises(kind, match=words): search(data, ['random'], SPACE[:3], processes=2, **how)
    assert (tmp_path/'results.jsonl').read_bytes() == before and not workers()


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path/'script.py'
    script.write_text('from dataset_condensation.architecture_search import search\n'
                      'from dataset_condensation.data import from_tensors\n'
                      'x, y = [[[[.1, .9] * 4] * 8]] * 40, [0, 1] * 20\n'
                      'search(from_tensors(x, y, x, y), ["random"], ["mlp-w8", "mlp-w16"], processes=2)\n')
    done = processes.python(script, cwd=tmp_path).wait(300)
    assert done.returncode == 1 and "if __name__ == '__main__':" in done.stderr      # as Python says it


# ---- Killed

def long_search(folder, processes):
    module.get_context = lambda kind: multiprocessing.get_context('fork')
    search(load_dataset('digits'), PROXIES, SPACE, folder=folder, processes=processes, **(HOW | dict(recipe=LONG)))


def children(pid):
    "Processes that were started by a process, where the system tells"
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try: fields = stat.read_text().rpartition(')')[2].split()
        except OSError: continue
        if int(fields[1]) == pid and fields[0] != 'Z': found.append(int(stat.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='this system has no SIGKILL')
@pytest.mark.parametrize('processes, number', [(2, 'SIGKILL')])
def test_a_search_that_is_stopped_goes_on(processes, number, data, tmp_path):
    folder, lines = tmp_path/'run', 0
    started = Started(long_search, folder, processes, cwd=tmp_path)
    end = time.monotonic() + 300
    while lines < 4:
        assert started.process.is_alive() and time.monotonic() < end, 'it ended before it was stopped'
        time.sleep(0.002)
        lines = (folder/'results.jsonl').read_bytes().count(b'\n') if (folder/'results.jsonl').exists() else 0
    workers = children(started.process.pid)
    started.send_signal(getattr(signal, number))
    assert workers and started.wait(300).returncode < 0
    while any(Path(f'/proc/{pid}').exists() for pid in workers):
        assert time.monotonic() < end, 'workers outlive the search'
        time.sleep(0.01)
    before = (folder/'results.jsonl').read_bytes()
    before = before[:before.rfind(b'\n') + 1]
    how = HOW | dict(recipe=LONG)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        found = search(data, PROXIES, SPACE, folder=folder, **how)
    assert (folder/'results.jsonl').read_bytes().startswith(before)
    done = [(r['net'], r['proxy']) for r in records(folder) if 'net' in r]
    assert len(done) == len(set(done)) == len(SPACE)*len(PROXIES)
    same(found, search(data, PROXIES, SPACE, **how))


# ---- Bad calls compute nothing

@pytest.mark.parametrize('words, call', [
    ('`space` is []', dict(space=[])),
    ("unknown base 'convnit'", dict(space=['mlp', 'convnit'])),
    ("`method` is 'wole'", dict(proxies=['random', 'wole'])),
    ('early and whole go by their own names', dict(proxies={'all': 'whole'})),
    ('asks for 500 images', dict(ipc=500)),
    ("no setting is called 'dc'", dict(options=dict(dc={}))),
], ids=lambda v: str(v)[:40])
def test_a_wrong_search_is_refused_before_anything_is_computed(words, call, data, tmp_path):
    with pytest.raises((ValueError, TypeError)) as caught:
        search(data, **(dict(proxies=PROXIES, space=SPACE, folder=tmp_path/'run', **HOW) | call))
    assert words in str(caught.value) and not (tmp_path/'run').exists()


def test_results_that_are_none_are_refused(tmp_path, undisturbed):
    path = undisturbed.save(tmp_path/'result.json')
    back = SearchResult.load(path)
    same(back, undisturbed)
    assert json.loads(path.read_text())['summary'][0]['proxy'] == 'random'
    for text in ('', '[]', '{}', '{"space": [], "columns": 3, "runs": {}, "about": {}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match='is not a result that `save` wrote'): SearchResult.load(path)
    with pytest.raises(FileNotFoundError, match='nowhere'): SearchResult.load(tmp_path/'nowhere.json')
    with pytest.raises(ValueError, match='expected one of depth'): plot_search(undisturbed, 'colour')


# ---- Spaces and correlations

def test_the_grid_and_its_samples():
    space = grid(**CONVNETS)
    assert len(space) == len(set(space)) == 720
    for n in (24, 48):
        sample = stratified(space, n, seed=n)
        assert len(set(sample)) == n
        for option in CONVNETS:
            counts = Counter(getattr(parse_net(name), option) for name in sample)
            assert len(counts) == len(CONVNETS[option]) and max(counts.values()) - min(counts.values()) <= 2
    assert stratified(space, 24, seed=48) == sample[:24]


def test_rank_correlation_is_spearmans():
    rng = random.Random(0)
    for _ in range(20):
        a, b = ([rng.randrange(6) for _ in range(12)] for _ in range(2))
        rank = lambda v: [sum(w < x for w in v) + (sum(w == x for w in v) + 1)/2 for x in v]
        expected = torch.corrcoef(torch.tensor([rank(a), rank(b)], dtype=torch.float64))[0, 1].item()
        assert rank_correlation(a, b) == pytest.approx(expected)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert rank_correlation([1, 1, 1], [1, 2, 3]) is None and rank_correlation([1, 2], [1, 2]) is None
