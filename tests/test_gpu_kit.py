"""The kit of benchmarks/gpu, tiny on a CPU: in a copy without .git, on a machine without git, fastcore and ipywidgets"""
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from dataset_condensation.all import SyntheticSet, gen, load_dataset

ROOT = Path(__file__).resolve().parent.parent
KIT = ROOT/'benchmarks'/'gpu'
sys.path += [str(ROOT/'benchmarks'), str(ROOT/'nbs'/'_sphinx'), str(KIT)]     # at the end: speed.py is in two of them
import items  # noqa: E402
import merge  # noqa: E402
import provenance  # noqa: E402
from result_files import result_files  # noqa: E402

pytestmark = pytest.mark.slow
COMMIT = 'feed' * 10
BLOCK = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('fastcore', 'ipywidgets', 'IPython'): raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
"""


@pytest.fixture(scope='module')
def bare(tmp_path_factory):
    "call(command, …) in a copy of the sources, with neither git nor the packages"
    where = tmp_path_factory.mktemp('bare')
    for f in ('benchmarks', 'dataset_condensation'):
        shutil.copytree(ROOT/f, where/'copy'/f, ignore=shutil.ignore_patterns('__pycache__'))
    for f in ('bin', 'block', 'tmp'): (where/f).mkdir()
    (where/'block'/'sitecustomize.py').write_text(BLOCK)
    for tool in 'bash cat cksum cp cut dirname grep mkdir rm sed tail tee touch'.split():
        (where/'bin'/tool).symlink_to(shutil.which(tool))
    env = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', 'FLAGS', 'SMOKE', 'SPEED', 'PAPER', 'ARCHIVE')}
    env |= dict(PATH=str(where/'bin'), PYTHONPATH=str(where/'block'), TMPDIR=str(where/'tmp'), OUT=str(where/'out'),
                PYTHON=sys.executable, COMMIT=COMMIT, OMP_NUM_THREADS='1', FLAGS='--device cpu --tiny')
    def call(*command, **more):
        done = subprocess.run([*map(str, command)], cwd=where/'copy', env=env | more, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
        return SimpleNamespace(rc=done.returncode, said=done.stdout)
    return SimpleNamespace(call=call, copy=where/'copy', out=where/'out', bin=where/'bin')


def paper(bare, *options, **env):
    script = bare.copy/'benchmarks'/'gpu'/'paper.py'
    return bare.call(sys.executable, script, '--device', 'cpu', '--tiny', '--minutes', 30, *options, **env)


@pytest.fixture(scope='module')
def whole(bare):
    "Smoke, speed and paper, in one command"
    done = bare.call('bash', 'benchmarks/gpu/run.sh', 'all', '30', SMOKE='--few --limit 800', SPEED='--limit 800',
                     PAPER='--only dm-10 dc-1 random-10 --seeds 1 --pause 4')
    return SimpleNamespace(**vars(bare), said=done.said)


def read(path): return json.loads(path.read_text())
def lines(path): return [json.loads(s) for s in path.read_text().splitlines()]


def came_from(found):
    "A whole provenance"
    assert found['commit'] == COMMIT and found['uncommitted_changes'] is None
    assert found['stand_ins'] == ['fastcore']
    assert found['versions']['torch'] == torch.__version__ and found['machine']['cores']


def test_smoke_nothing_fails_and_what_needs_a_gpu_says_so(whole):
    found = read(whole.out/'smoke.json')
    came_from(found['provenance'])
    assert found['settings']['device'] == 'cpu' and found['settings']['tiny']
    assert set(found['tally']) == {'ok', 'skipped'}, [r for r in found['items'] if r['status'] not in ('ok', 'skipped')]
    assert sum(found['tally'].values()) == len(found['items'])
    for r in found['items']:
        if r['status'] == 'skipped': assert r['error'] == 'needs a GPU'
    names = {r['name'].split()[0] for r in found['items'] if r['status'] == 'ok'}
    assert names >= {'update', 'run_exact', 'condense_to_its_end', 'resume', 'killed_before_its_first_update', 'coreset',
                     'precision_of', 'checkpoint_of_the_device_on_the_cpu', 'data_on_the_device_init', 'evaluation',
                     'program', 'side_by_side'}
    assert not (whole.out/'smoke.jsonl').exists()


def test_speed_every_section_is_measured(whole):
    found = read(whole.out/'speed.json')
    came_from(found['provenance'])
    assert len(found['sections']) == 8
    for section, rows in found['sections'].items():
        assert rows
        for name, r in rows.items():
            assert r.keys() & {'ms', 'tb_s', 'ms_of_a_step', 'ms_of_an_epoch', 'ms_of_an_update'}, (section, name, r)
    errors = {k: r['error'] for k, r in found['sections']['embedding of all real images'].items()}
    assert len(errors) == 7
    for k, e in errors.items(): assert e < (0.02 if 'float16' in k or k == 'autocast' else 1e-4), (k, e)
    assert 'loops' in (whole.out/'speed.txt').read_text()


def test_results_can_be_published(whole, tmp_path):
    (tmp_path/'gpu').mkdir()
    for name in ('smoke', 'speed'): shutil.copy(whole.out/f'{name}.json', tmp_path/'gpu')
    page = result_files(tmp_path, ROOT/'benchmarks')
    for name in ('smoke', 'speed'):
        assert f'python benchmarks/gpu/{name}.py' in page and f'`{name}.json <results/gpu/{name}.json>`' in page
    assert page.count(COMMIT[:8]) == 2 and 'Others' not in page


def test_a_visit_is_merged_and_the_row_of_most_networks_stays(whole, tmp_path, capsys):
    results, into = tmp_path/'gpu', ['--results', str(tmp_path)]
    with pytest.raises(SystemExit, match='without a GPU'): merge.main([str(whole.out), *into])
    assert not results.exists()
    for _ in range(2): assert merge.main([str(whole.out), *into, '--any']) == 0
    assert read(results/'smoke.json') == read(whole.out/'smoke.json')
    rows, said = read(results/'papers.json')['rows'], capsys.readouterr().out
    assert rows and all(r['provenance']['commit'] == COMMIT for r in rows.values())
    assert rows == {r['row']: r for r in lines(whole.out/'paper.jsonl') if 'mean' in r} and next(iter(rows)) in said
    name, few = next(iter(rows.items()))
    visit = tmp_path/'visit'
    visit.mkdir()
    (visit/'paper.jsonl').write_text(json.dumps(dict(few, networks=few['networks'] - 1)) + '\n' + json.dumps(dict(row='x', failed='y', provenance=few['provenance'])))
    merge.main([str(visit), *into, '--any'])
    assert read(results/'papers.json')['rows'] == rows and '1 lines of 1 rows, 1 failed' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='holds no'): merge.main([str(tmp_path), *into])
    assert '`papers.json <results/gpu/papers.json>`' in (page := result_files(tmp_path, ROOT/'benchmarks')) and 'Others' not in page


def test_paper_rows_resume_from_their_archive_and_nothing_is_done_twice(whole, tmp_path):
    first = {r['row']: r for r in lines(whole.out/'paper.jsonl')}
    assert first['dm-ipc10-seed0']['unfinished'] and first['dm-ipc10-seed0']['updates'] == 4
    for row in ('dc-ipc1-seed0', 'random-ipc10-seed0'): assert first[row]['networks'] == len(first[row]['accuracies']) == 3
    runs = tmp_path/'runs'
    with tarfile.open(whole.out/'paper-runs-1.tar') as t: t.extractall(runs, filter='data')
    (whole.out/'paper.jsonl').unlink()
    again = paper(whole, '--only', 'dm-10', 'dc-1', 'random-10', '--seeds', 1, '--runs', runs)
    assert again.rc == 0, again.said
    second = lines(whole.out/'paper.jsonl')
    assert [(r['row'], r['networks']) for r in second] == [('dm-ipc10-seed0', 2), ('dm-ipc10-seed0', 3)]
    for r in second:
        came_from(r['provenance'])
        assert r['speed'].startswith('bfloat16') and r['info']['updates'] == 6 and r['published'] == 48.9
    assert len(SyntheticSet.load(runs/'dm-ipc10-seed0'/'set.safetensors').losses) == 6
    other = paper(whole, '--only', 'dm-10', '--seeds', 1, '--runs', runs, COMMIT='another')
    assert other.rc == 1 and 'holds runs of' in other.said and 'another --runs' in other.said
    assert len(lines(whole.out/'paper.jsonl')) == 2


def test_rows_say_how_they_were_computed(whole):
    done = paper(whole, '--only', 'dsa-1', '--seeds', 1, '--speed', 'plain')
    assert done.rc == 0, done.said
    found = [r for r in lines(whole.out/'paper.jsonl') if r['row'] == 'dsa-ipc1-seed0']
    assert [r['networks'] for r in found] == [2, 3]
    assert all(r['speed'] == 'plain' and r['scored_by'] == ['plain'] for r in found)


def test_the_archive_is_read_as_the_package_reads_its_folder(bare, tmp_path):
    g = gen(0)
    for part, n in (('train', 3), ('test', 2)):
        for c in ('cat', 'dog'):
            (tmp_path/'cifar10-jpeg'/part/c).mkdir(parents=True)
            for i in range(n):
                x = torch.randint(0, 256, (32, 32, 3), dtype=torch.uint8, generator=g).numpy()
                Image.fromarray(x).save(tmp_path/'cifar10-jpeg'/part/c/f'{i:04}.jpg')
    with tarfile.open(tmp_path/'a.tar.xz', 'w:xz') as t:
        for part in ('train', 'test'): t.add(tmp_path/'cifar10-jpeg'/part, f'./{part}')
    code = f'import sys; sys.path.insert(0, {str(KIT)!r}); import kit\n' \
           f'kit.unpack({str(tmp_path/"a.tar.xz")!r}, {str(tmp_path/"a.pt")!r}); d = kit.load({str(tmp_path/"a.pt")!r})\n' \
           'print(d.name, list(d.classes), d.fingerprint())'
    done = bare.call(sys.executable, '-c', code)
    want = load_dataset(str(tmp_path/'cifar10-jpeg'), progress=False)
    assert done.said.split() == f'cifar10-jpeg {list(want.classes)} {want.fingerprint()}'.split(), done.said


# ---- Items

WORKER = """
import os, sys, time
sys.path.insert(0, {kit!r})
from pathlib import Path
from items import work
def wrong(): raise ValueError('no luck')
todo = [('good', lambda: 1, 60, False), ('dies', lambda: os._exit(9), 60, False), ('wrong', wrong, 60, False),
        ('hangs', lambda: time.sleep(600), 1, False), ('with a GPU', lambda: 1, 60, True), ('last', lambda: 2, 60, False)]
work(todo, Path({log!r}), float(sys.argv[1]), about='here', gpu=False)
"""


def test_an_item_that_dies_or_hangs_is_reported_and_the_rest_is_done(tmp_path):
    log = tmp_path/'log.jsonl'
    (tmp_path/'worker.py').write_text(WORKER.format(kit=str(KIT), log=str(log)))
    found = items.supervise([sys.executable, str(tmp_path/'worker.py')], log, 300)
    status = {r['name']: r['status'] for r in found['items']}
    assert status == {'good': 'ok', 'dies': 'died', 'wrong': 'failed', 'hangs': 'hung', 'with a GPU': 'skipped', 'last': 'ok'}
    assert found['tally'] == dict(ok=2, died=1, failed=1, hung=1, skipped=1) and found['provenance'] == 'here'
    said = {r['name']: r.get('error') for r in found['items']}
    assert said['dies'] == 'the process ended with 9' and said['wrong'] == 'ValueError: no luck'


def test_items_that_nobody_came_to_are_counted(tmp_path):
    log = tmp_path/'log.jsonl'
    text = WORKER.format(kit=str(KIT), log=str(log)).replace("('good', lambda: 1,", "('good', lambda: os._exit(1),")
    (tmp_path/'worker.py').write_text(text)
    found = items.supervise([sys.executable, str(tmp_path/'worker.py')], log, 300, starts=1)
    assert found['tally'] == {'died': 1, 'not run': 5}


# ---- Triton's kernels

def test_the_kernels_compute_what_torch_does():
    pytest.importorskip('triton', reason='needs Triton, whose interpreter runs on a CPU')
    code = f'import sys; sys.path.insert(0, {str(KIT)!r}); import fused, json, torch\n' \
           'print(json.dumps([fused.check(dtype=t, c=16) for t in (torch.float32, torch.float16)]))'
    done = subprocess.run([sys.executable, '-c', code], env=os.environ | dict(TRITON_INTERPRET='1'),
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    single, half = json.loads(done.stdout)
    assert len(single) == len(half) == 4 and max(single.values()) < 2e-6 and max(half.values()) < 1e-3


# ---- Where a result comes from

def test_without_git_a_result_says_unknown_or_what_it_was_told(monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.delenv('COMMIT', raising=False)
    with pytest.warns(UserWarning, match='set the variable COMMIT'): found = provenance.provenance()
    assert found['commit'] == 'unknown' and found['uncommitted_changes'] is None
    monkeypatch.setenv('COMMIT', COMMIT)
    found = provenance.provenance()
    assert found['commit'] == COMMIT and found['uncommitted_changes'] is None


def git(*args, cwd):
    command = ['git', '-c', 'user.name=a', '-c', 'user.email=a@b.c', *args]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.skipif(not shutil.which('git'), reason='needs git')
def test_a_dirty_tree_is_said_and_a_repository_around_a_copy_is_not_its_own(monkeypatch, tmp_path):
    monkeypatch.delenv('COMMIT', raising=False)
    (tmp_path/'benchmarks').mkdir()
    (tmp_path/'benchmarks'/'a.py').write_text('1')
    git('init', '-q', cwd=tmp_path)
    git('add', '-A', cwd=tmp_path)
    git('commit', '-qm', 'a', cwd=tmp_path)
    head = git('rev-parse', 'HEAD', cwd=tmp_path)
    monkeypatch.setattr(provenance, 'ROOT', tmp_path.resolve())
    assert provenance.provenance()['commit'] == head and provenance.provenance()['uncommitted_changes'] is False
    (tmp_path/'benchmarks'/'a.py').write_text('2')
    with pytest.warns(UserWarning, match=f'uncommitted changes on top of {head[:8]}'): found = provenance.provenance()
    assert found['commit'] == head and found['uncommitted_changes'] is True
    monkeypatch.setattr(provenance, 'ROOT', (tmp_path/'benchmarks').resolve())
    with pytest.warns(UserWarning, match='unknown'): assert provenance.provenance()['commit'] == 'unknown'
