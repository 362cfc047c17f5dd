"Nothing of a user's is emptied, removed or written over: a name proves nothing, a link leads anywhere, another may come first"
import errno
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from PIL import Image
from processes import in_use
from safetensors.torch import save as tensors_to_bytes

import dataset_condensation.checkpoints as checkpoints
import dataset_condensation.set_files as files
from dataset_condensation.all import *
from dataset_condensation.checkpoints import LOCK
from dataset_condensation.cli import main
from dataset_condensation.safe_files import kind_of
from dataset_condensation.training import Evaluation

posix = pytest.mark.skipif(os.name != 'posix', reason='links and pipes as Unix has them')
SHORT = ['--method', 'dm', '--iterations', '1', '--real-batch', '4', '--nets', '1', '--epochs', '1', '--whole', '0',
         '--baselines', 'none', '--net', 'mlp', '--quiet']
MINE = b'mine, and nobody else\'s'
FOREIGN = tensors_to_bytes({'weight': torch.ones(3)}, dict(format='pt'))    # a network of somebody's


def tree(top):
    "Everything below a folder, to compare"
    def what(p):
        if p.is_symlink(): return 'link', os.readlink(p)
        return ('folder', '') if p.is_dir() else ('file', p.read_bytes()) if p.is_file() else ('other', '')
    return {p.relative_to(top).as_posix(): what(p) for p in sorted(Path(top).rglob('*'))}


@pytest.fixture(scope='module')
def digits(): return load_dataset('digits')


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    "A run of the command"
    out = tmp_path_factory.mktemp('finished')/'run'
    assert main(['digits', *SHORT, '--out', str(out)]) == 0
    return out


@pytest.fixture
def there(tmp_path):
    (tmp_path/'target').write_bytes(MINE)
    (tmp_path/'folder').mkdir()
    (tmp_path/'folder'/'kept').write_bytes(MINE)
    (tmp_path/'out').mkdir()
    return tmp_path


# What a user has in a folder: name → bytes, or a function of its path
def link(to='../target'): return lambda p: p.symlink_to(to)
def hard(p): os.link(p.parent.parent/'target', p)
def pipe(p): os.mkfifo(p)
def folder(p): p.mkdir()
def holding(**content):
    def make(p):
        p.mkdir()
        for name, data in content.items(): (p/name.replace('__', '.').replace('_', '-')).write_bytes(data)
    return make


THINGS = {
    'a note': {'a.txt': MINE}, 'a lock': {'lock': MINE}, 'a lock that is a link': {'lock': link()},
    'a file of our name': {LOCK: MINE}, 'a dangling link of our name': {LOCK: link('../nowhere')},
    'a hard link of our name': {LOCK: hard}, 'a pipe of our name': {LOCK: pipe}, 'a folder of our name': {LOCK: folder},
    'a page': {'report.html': b'<!DOCTYPE html><html>mine</html>'}, 'a report': {'report.json': b'{"mine": 1}'},
    'a picture': {'synthetic.png': MINE}, 'weights': {'synthetic.safetensors': FOREIGN},
    'links': {'report.html': link(), 'report.json': link(), 'synthetic.png': link('../nowhere')},
    'pipes': {'report.html': pipe, 'synthetic.png': pipe, 'synthetic.safetensors': pipe}, 'checkpoint as a file': {'checkpoint': MINE},
    'checkpoints elsewhere': {'checkpoint': link('../folder')},
    'their checkpoints': {'checkpoint': holding(checkpoint_1__safetensors=MINE)},
    'their checkpoints, as ours': {'checkpoint': holding(checkpoint_00000001__safetensors=FOREIGN)},
    'empty files': {'report.html': b'', 'synthetic.png': b''}}


def put(out, things):
    for name, data in things.items():
        if (out/name).is_dir() and not (out/name).is_symlink(): shutil.rmtree(out/name)
        elif os.path.lexists(out/name): (out/name).unlink()
        data(out/name) if callable(data) else (out/name).write_bytes(data)


@posix
@pytest.mark.parametrize('what', THINGS)
def test_a_folder_that_is_no_run_stays_as_it_is(there, capsys, what):
    put(there/'out', THINGS[what])
    before = tree(there)
    for flag in ('', '--force', '--resume'):
        assert main(['digits', *SHORT, '--out', str(there/'out'), *flag.split()]) == 2
        assert tree(there) == before and capsys.readouterr().err.count('\n') == 1, flag


@posix
@pytest.mark.parametrize('what', [w for w in THINGS if w not in ('a note', 'a lock', 'a lock that is a link', 'their checkpoints')])
def test_what_took_a_name_in_a_run_stays(there, finished, capsys, what):
    shutil.rmtree(there/'out')
    shutil.copytree(finished, there/'out')
    put(there/'out', THINGS[what])
    before = tree(there)
    assert main(['digits', *SHORT, '--iterations', '2', '--out', str(there/'out'), '--resume']) == 2 and tree(there) == before
    code = main(['digits', *SHORT, '--out', str(there/'out'), '--force'])
    if what == 'their checkpoints, as ours':       # a run goes on beside them, and leaves them
        assert (there/'out/checkpoint/checkpoint-00000001.safetensors').read_bytes() == FOREIGN
    else: assert code == 2 and tree(there) == before


@posix
@pytest.mark.parametrize('what', ['a note', 'a lock', 'a lock that is a link'])
def test_what_lies_beside_a_run_stays_when_it_is_overwritten(there, finished, what):
    shutil.rmtree(there/'out')
    shutil.copytree(finished, there/'out')
    put(there/'out', THINGS[what])
    (there/'out'/'checkpoint'/'checkpoint-1.safetensors').write_bytes(MINE)
    mine = [*THINGS[what], 'checkpoint/checkpoint-1.safetensors']
    before = tree(there/'out')
    assert main(['digits', *SHORT, '--out', str(there/'out'), '--force']) == 0
    after = tree(there/'out')
    assert all(after[name] == before[name] for name in mine) and (there/'target').read_bytes() == MINE
    assert after['report.json'] != before['report.json']


@pytest.mark.parametrize('wrong', [['--augment', 'bogus'], ['--factor', '20'], ['--data', 'none']])
def test_force_lets_go_of_nothing_before_the_new_run_can_begin(tmp_path, finished, wrong, capsys):
    shutil.copytree(finished, tmp_path/'out')
    before = tree(tmp_path)
    typed = ['nowhere'] if wrong[0] == '--data' else ['digits', *wrong]
    assert main([*typed, *SHORT, '--out', str(tmp_path/'out'), '--force']) == 2 and tree(tmp_path) == before


def test_a_run_of_an_earlier_version_is_still_a_run(tmp_path, finished):
    shutil.copytree(finished, tmp_path/'out')
    with Image.open(tmp_path/'out'/'synthetic.png') as im: im.load()
    import matplotlib.pyplot as plt
    plt.figure(figsize=(1, 1)).savefig(tmp_path/'out'/'synthetic.png')     # as matplotlib writes it, without a word of ours
    assert kind_of(tmp_path/'out'/'synthetic.png') == 'figure'
    assert main(['digits', *SHORT, '--out', str(tmp_path/'out'), '--force']) == 0
    assert kind_of(tmp_path/'out'/'synthetic.png') == 'picture'
    assert {kind_of(p) for p in (tmp_path/'out').iterdir() if p.is_file()} == {'set', 'picture', 'report', 'page'}
    plt.figure(figsize=(1, 1)).savefig(tmp_path/'out'/'comparison.png')    # which no earlier version wrote, so it's somebody's
    assert main(['digits', *SHORT, '--out', str(tmp_path/'out'), '--force']) == 2


@posix
def test_a_report_does_not_replace_a_page_of_yours(tmp_path, finished):
    shutil.copytree(finished, tmp_path/'out')
    (tmp_path/'out'/'report.html').write_bytes(MINE)
    with pytest.raises(FileExistsError, match='report.html would be overwritten, but it was not written by this package'): write_report(tmp_path/'out')
    assert (tmp_path/'out'/'report.html').read_bytes() == MINE


# ---- Studies

@posix
@pytest.mark.parametrize('things', [{'continual.json': MINE}, {'continual.json': link()}, {LOCK: hard}])
def test_a_study_leaves_what_is_not_its_own(there, digits, things):
    put(there/'out', things)
    before = tree(there)
    with pytest.raises((ValueError, FileExistsError)):
        continual(digits, 'random', 2, 1, 1, 1, 'mlp', train_recipe('dc', epochs=1), None, folder=there/'out')
    assert tree(there) == before


@posix
@pytest.mark.parametrize('things', [{'results.jsonl': MINE}, {'results.jsonl': link()}, {LOCK: link()}])
def test_a_search_leaves_what_is_not_its_own(there, digits, things):
    put(there/'out', things)
    before = tree(there)
    once = train_recipe('dc', epochs=1)
    with pytest.raises((ValueError, FileExistsError)):
        search(digits, 'random', ['mlp'], ipc=1, recipe=once, whole=once, folder=there/'out')
    after = tree(there)
    assert {k: v for k, v in after.items() if k in before} == before and set(after) - set(before) <= {'out/' + LOCK}


@posix
@pytest.mark.parametrize('study', ['continual', 'search'])
@pytest.mark.parametrize('what', [MINE, link()])
def test_the_studies_of_the_command_too(there, study, what, capsys):
    for end in ('json', 'png'):
        put(there/'out', {f'{study}.{end}': what})
        before = tree(there)
        assert main([study, '--out', str(there/'out'), '--quiet']) == 2 and tree(there) == before
        (there/'out'/f'{study}.{end}').unlink()
    put(there/'out', {'study': link('../folder')})
    assert main([study, '--out', str(there/'out'), '--quiet']) == 2 and tree(there/'folder') == {'kept': ('file', MINE)}


# ---- Checkpoints and locks

def test_checkpoints_rotate_and_repair_only_their_own(tmp_path):
    store = Checkpoints(tmp_path).prepare()
    for i in range(2): store.write({'x': torch.zeros(1)}, dict(step=i))
    theirs = {'checkpoint-1.safetensors': MINE, 'checkpoint-best.safetensors': MINE, '.checkpoint-1.part': MINE,
              'checkpoint-00000000.safetensors': FOREIGN, 'checkpoint-00000009.safetensors': FOREIGN}
    for name, data in theirs.items(): (tmp_path/name).write_bytes(data)
    (tmp_path/'checkpoint-00000002.safetensors.part').mkdir()
    with pytest.warns(UserWarning, match='00000009'): assert store.read()[1] == dict(step=1)
    for i in range(2, 6): store.write({'x': torch.zeros(1)}, dict(step=i))
    assert store.read()[1] == dict(step=5) and all((tmp_path/name).read_bytes() == data for name, data in theirs.items())
    assert sum(kind_of(p) == 'checkpoint' for p in store.files) == 2
    store.remove()
    assert {p.name for p in tmp_path.iterdir()} == {*theirs, 'checkpoint-00000002.safetensors.part'}


@posix
def test_checkpoints_follow_no_link(there):
    (there/'out'/'checkpoint-00000001.safetensors').symlink_to('../target')
    store = Checkpoints(there/'out').prepare()
    assert len(store) == 0
    with pytest.raises(CheckpointError, match='which is a link'): store.write({}, dict(step=1))
    assert (there/'target').read_bytes() == MINE


def test_the_other_run_ends_just_then(tmp_path, monkeypatch):
    held, acquire = ExitStack(), checkpoints.FileLock.acquire
    held.enter_context(checkpoints.RunLock(tmp_path))
    def just_ended(lock, *args, **kw):
        try: return acquire(lock, *args, **kw)
        finally: held.close()
    monkeypatch.setattr(checkpoints.FileLock, 'acquire', just_ended)
    assert in_use(tmp_path) and not in_use(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with checkpoints.RunLock(tmp_path): assert in_use(tmp_path)


def test_a_lock_that_was_removed_before_it_was_taken_is_taken_again(tmp_path, monkeypatch):
    acquire, times = checkpoints.FileLock.acquire, []
    def removed(lock, *args, **kw):
        found = acquire(lock, *args, **kw)
        if not times: (tmp_path/LOCK).unlink()
        times.append(1)
        return found
    monkeypatch.setattr(checkpoints.FileLock, 'acquire', removed)
    with checkpoints.RunLock(tmp_path): assert len(times) == 2 and (tmp_path/LOCK).exists()


# ---- Folders of pictures

def test_of_two_that_write_a_folder_the_first_has_it(digits, tmp_path, monkeypatch):
    s, other, real = random_set(digits, 1), random_set(digits, 2), files._write_pictures
    for made in (False, True):
        out = tmp_path/str(made)
        if made: out.mkdir()
        def other_first(*args):
            monkeypatch.setattr(files, '_write_pictures', real)
            other.to_folder(out)
            return real(*args)
        monkeypatch.setattr(files, '_write_pictures', other_first)
        with pytest.raises(FileExistsError, match='is not an empty folder'): s.to_folder(out)
        assert len(SyntheticSet.from_folder(out)) == 20
    assert {p.name for p in tmp_path.iterdir()} == {'True', 'False'}


@posix
@pytest.mark.parametrize('what', [link('../nowhere'), link('../folder'), pipe, MINE, holding(a=MINE)])
def test_a_folder_of_pictures_takes_no_place(there, digits, what):
    put(there/'out', {'set': what})
    before = tree(there)
    with pytest.raises(FileExistsError): random_set(digits, 1).to_folder(there/'out'/'set')
    assert tree(there) == before


def test_the_folder_we_stand_in(tmp_path, digits, monkeypatch):
    (tmp_path/'here').mkdir()
    monkeypatch.chdir(tmp_path/'here')
    random_set(digits, 1).to_folder('.')
    assert Path('set.json').exists() and len(SyntheticSet.from_folder('.')) == 10
    assert [p.name for p in tmp_path.iterdir()] == ['here']


@pytest.mark.parametrize('when', ['pictures', 'set.json', 'move'])
def test_what_fails_leaves_nothing(tmp_path, digits, monkeypatch, when):
    def full(*args, **kw): raise OSError(errno.ENOSPC, 'No space left on device')
    name = dict(pictures='_write_pictures', move='_move_in')
    monkeypatch.setattr(files, name.get(when, 'write_atomic'), full)
    for made in (False, True):
        if made: (tmp_path/'set').mkdir()
        with pytest.raises(OSError, match='No space'): random_set(digits, 1).to_folder(tmp_path/'set')
        assert [p.name for p in tmp_path.rglob('*')] == ['set']*made


# ---- Tables

def tables():
    e = Evaluation([1.], 0, 10, 'mlp', train_recipe('dc'), 0)
    s = Score('Größe ± 猫', [e])
    return dict(comparison=Comparison([s]), cross=CrossTable([('dc', 'mlp')], ['mlp'], [[s]]), continual=Continual([]),
                search=SearchResult(['mlp'], {}, {}))


@pytest.mark.parametrize('kind', ['comparison', 'cross', 'continual', 'search'])
def test_a_table_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch, kind):
    table, path = tables()[kind], tmp_path/'t.json'
    table.save(path)
    was, written = path.read_bytes(), Path.write_text
    def full(fd): raise OSError(errno.ENOSPC, 'No space left on device')
    monkeypatch.setattr(os, 'fsync', full)
    monkeypatch.setattr(Path, 'write_text', lambda self, text, *a, **kw: (written(self, text[:7]), full(0)))
    table.about = dict(more='more')
    with pytest.raises(OSError, match='No space'): table.save(path)
    assert path.read_bytes() == was and list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
@posix
def test_tables_are_utf8_whatever_the_locale(tmp_path):
    code = f'''
from dataset_condensation.all import *
from dataset_condensation.training import Evaluation
s = Score('Gr\\u00f6\\u00dfe', [Evaluation([1.], 0, 10, 'mlp', train_recipe('dc'), 0)])
for t in (Comparison([s]), CrossTable([('dc', 'mlp')], ['mlp'], [[s]])): t.save({str(tmp_path/"t.json")!r})
Comparison([s]).save({str(tmp_path/"t.json")!r})
print(ascii(Comparison.load({str(tmp_path/"t.json")!r}).scores[0].name))'''
    env = {**os.environ, 'LC_ALL': 'C', 'PYTHONCOERCECLOCALE': '0', 'PYTHONUTF8': '0'}
    said = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, env=env)
    assert said.stdout.strip() == ascii('Größe'), said.stderr
    assert json.loads((tmp_path/'t.json').read_text(encoding='utf-8'))['scores'][0]['name'] == 'Größe'
