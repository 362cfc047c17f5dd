"The papers' tables: rows are measured once and to the end, whatever comes between; tables and advice come from the files alone"
import importlib
import json
import math
import multiprocessing
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from types import SimpleNamespace

import processes
import pytest
import torch
from conftest import ROOT

from dataset_condensation import cli, recommendation
from dataset_condensation.checkpoints import RunLock
from dataset_condensation.runs import condense
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.training import SyntheticSet

sys.path.insert(0, str(ROOT/'benchmarks'))
reproduce = importlib.import_module('reproduce')
results = importlib.import_module('report')
declared = importlib.import_module('reproduce_rows')

SCRIPT = ROOT/'benchmarks'/'reproduce.py'


def args(folder, *more): return ['--budget', 'smoke', '--results', folder/'results', '--runs', folder/'runs', *more]


def main(folder, *more): return reproduce.main([str(a) for a in args(folder, *more)])


def measured(folder):
    "What was measured, without what depends on the clock and on how often it was begun"
    found = {}
    for path in sorted((folder/'results').rglob('*.json')):
        row = json.loads(path.read_text())
        sets = [{k: v for k, v in s.items() if k not in ('seconds', 'cpu_seconds', 'session')} for s in row['sets']]
        for s in sets: s['scores'] = {k: v['accuracies'] for k, v in s['scores'].items()}
        found[path.stem] = dict(row=row['row'], data=row['data'], sets=sets)
    return found


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    "The smoke rows, measured in one go"
    folder = tmp_path_factory.mktemp('whole')
    assert main(folder) == 0
    return folder


# ---- Measuring

def test_every_row_is_measured(whole, capsys):
    found = measured(whole)
    assert len(found) == len(declared.rows('smoke'))
    assert all([s['seed'] for s in row['sets']] == list(range(row['row']['sets'])) for row in found.values())
    main(whole)
    assert 'nothing is left' in capsys.readouterr().out


def test_a_row_holds_what_is_needed_to_measure_it_again(whole):
    row = json.loads((whole/'results'/'smoke'/'digits'/'ipc2-dm.json').read_text())
    assert row['row']['recipe']['iterations'] == 2 and row['row']['published_recipe']['iterations'] == 20_000
    assert row['row']['scoring']['main']['recipe']['epochs'] == 5 and row['data']['fingerprint']
    assert {'commit', 'versions', 'machine', 'device'} <= set(row['sessions'][0])
    one, options = row['sets'][1], dict(row['row']['options'])
    assert one['seconds'] > 0 and one['scores']['main']['seconds'] > 0 and len(one['scores']['main']['accuracies']) == 2
    again = condense(load_dataset('digits'), 'dm', 2, seed=1, net=row['row']['net'], progress=False, **options)
    kept = SyntheticSet.load(whole/'runs'/'smoke'/'digits'/'ipc2-dm'/'seed1'/'set.safetensors')
    assert torch.equal(again.images, kept.images)


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_result(whole, tmp_path):
    process = processes.python(SCRIPT, *args(tmp_path), cwd=ROOT)
    try:
        until = time.time() + 600
        while not list((tmp_path/'results').rglob('*.json')) and time.time() < until: time.sleep(0.02)
    finally: process.send_signal(getattr(signal, 'SIGKILL', signal.SIGTERM))
    process.wait()
    there = measured(tmp_path)
    assert there, 'nothing was written'
    assert main(tmp_path) == 0
    assert measured(tmp_path) == measured(whole)


def test_a_set_goes_on_where_the_time_was_up(tmp_path):
    row = declared.rows('smoke')['digits/ipc2-delving']
    where = SimpleNamespace(budget='smoke', runs=tmp_path, device='cpu', root=None, until=0)
    with pytest.raises(reproduce.TimeUp): reproduce.make_set(row, 0, where)
    folder = tmp_path/'smoke'/row.name/'seed0'
    assert list(folder.glob('checkpoint-*')) and not (folder/'set.safetensors').exists()
    spent = json.loads((folder/'spent.json').read_text())
    where.until = math.inf
    small, took = reproduce.make_set(row, 0, where)
    plain = condense(load_dataset('digits'), row.method, 2, net=row.net, progress=False, **declared.options_of(row))
    assert torch.equal(small.images, plain.images) and took['updates'] == 2
    assert took['seconds'] > spent[0] > 0 and not list(folder.glob('checkpoint-*'))


def test_scoring_goes_on_after_the_last_network(whole, tmp_path, monkeypatch):
    row, asked, plain = declared.rows('smoke')['digits/ipc2-dm'], [], reproduce.evaluate
    def evaluate(*a, **kw):
        asked.append(kw['first'])
        if asked == [0, 1]: raise KeyboardInterrupt
        return plain(*a, **kw)
    monkeypatch.setattr(reproduce, 'evaluate', evaluate)
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 1)
    where = SimpleNamespace(budget='smoke', runs=tmp_path, device='cpu', root=None, until=math.inf)
    with pytest.raises(KeyboardInterrupt): reproduce.measure(row, 1, where)
    kept = tmp_path/'smoke'/row.name/'seed1'/'scored.json'
    spent = json.loads(kept.read_text())['scores']['main']
    want = measured(whole)['ipc2-dm']['sets'][1]['scores']['main']
    assert asked == [0, 1] and spent['accuracies'] == want[:1]
    with pytest.raises(reproduce.TimeUp): reproduce.measure(row, 1, SimpleNamespace(**(vars(where) | dict(until=0))))
    found = reproduce.measure(row, 1, where)['scores']['main']
    assert asked == [0, 1, 1] and found['accuracies'] == want and found['seconds'] > spent['seconds']
    kept.write_text(json.dumps(dict(told='of another declaration', scores=dict(main=dict(spent, accuracies=[1., 2.])))))
    assert reproduce.measure(row, 1, where)['scores']['main']['accuracies'] == want
    assert not list((whole/'runs').rglob('scored.json'))


def beside_another(argv):
    reproduce.get_context = lambda kind: multiprocessing.get_context('fork')
    return reproduce.main(argv)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, 'fork'), reason='this system cannot fork')
def test_two_processes_do_nothing_twice(whole, tmp_path):
    done = processes.call(beside_another, [str(a) for a in args(tmp_path, '--processes', '2')], cwd=ROOT)
    assert done.returncode == 0, done.said
    said = [line.split(':')[0] for line in done.stdout.splitlines() if ', seed ' in line]
    assert len(said) == len(set(said)) == sum(r.sets for r in declared.rows('smoke').values())
    assert measured(tmp_path) == measured(whole)


def test_a_set_that_another_process_works_on_is_left_to_it(tmp_path, capsys):
    place = tmp_path/'runs'/'smoke'/'digits'/'ipc2-random'/'seed0'
    place.mkdir(parents=True)
    with RunLock(place): main(tmp_path, '--only', 'digits/ipc2-random')
    assert [s['seed'] for s in measured(tmp_path)['ipc2-random']['sets']] == [1]
    assert '1 sets of 1 rows are left' in capsys.readouterr().out


def test_a_set_that_was_held_is_next_when_it_is_free(tmp_path, capsys, monkeypatch):
    place, whole, held = tmp_path/'runs'/'smoke'/'digits'/'ipc2-random'/'seed0', reproduce.measure, ExitStack()
    place.mkdir(parents=True)
    held.enter_context(RunLock(place))
    def measure(*a):
        held.close()
        return whole(*a)
    monkeypatch.setattr(reproduce, 'measure', measure)
    main(tmp_path, '--only', 'digits/ipc2-random', 'digits/ipc2-herding')
    order = [line.split(':')[0] for line in capsys.readouterr().out.splitlines() if ', seed ' in line]
    assert order == [f'digits/ipc2-{m}, seed {k}' for m, k in (('herding', 0), ('random', 0), ('random', 1), ('herding', 1))]


def test_the_time_budget_is_kept(tmp_path, capsys):
    main(tmp_path, '--minutes', '1e-9')
    out = capsys.readouterr().out
    assert not measured(tmp_path)
    assert 'stopped; 10 sets of 5 rows are left, about' in out and 'minutes of one core' in out


def test_a_row_that_fails_costs_no_other(tmp_path, capsys, monkeypatch):
    whole = reproduce.measure
    def broken(row, seed, args):
        if row.method == 'herding': raise RuntimeError('no luck')
        return whole(row, seed, args)
    monkeypatch.setattr(reproduce, 'measure', broken)
    assert main(tmp_path, '--only', 'digits/ipc2-random', 'digits/ipc2-herding', 'digits/ipc2-dm') == 1
    said = capsys.readouterr()
    assert 'digits/ipc2-herding, seed 1: failed, RuntimeError: no luck' in said.err and '2 sets of 1 rows are left' in said.out
    assert set(measured(tmp_path)) == {'ipc2-random', 'ipc2-dm'}


def test_plans_are_made_of_what_sets_took(whole, tmp_path):
    where = SimpleNamespace(budget='smoke', results=whole/'results', device='cpu', then=None)
    row = declared.rows('smoke')['digits/ipc2-dm']
    sets = json.loads((whole/'results'/'smoke'/'digits'/'ipc2-dm.json').read_text())['sets']
    took = sum(s['cpu_seconds'] + s['scores']['main']['cpu_seconds'] for s in sets) / len(sets)
    assert reproduce.predict([(row, 9)], where)[row.name, 9] == pytest.approx(took)


def test_a_row_is_measured_once_more_beside_what_it_was(whole, tmp_path, capsys):
    shutil.copytree(whole/'results', tmp_path/'results')
    path = tmp_path/'results'/'smoke'/'digits'/'ipc2-random.json'
    kept = path.read_bytes()
    only = '--only', 'digits/ipc2-random', 'digits/ipc2-dm', '--again'
    assert main(tmp_path, *only) == 0
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if ', seed ' in line]) == 4 and out.count('every network the same') == 2
    assert path.read_bytes() == kept and (tmp_path/'runs'/'again'/'results'/'smoke'/'digits'/'ipc2-dm.json').exists()
    other = json.loads(kept)
    other['sets'][1]['scores']['main']['accuracies'][0] += 3.
    path.write_text(json.dumps(other))
    assert main(tmp_path, *only) == 0      # nothing is computed a third time
    out = capsys.readouterr().out
    assert 'done before; remove' in out and ', seed ' not in out and 'single networks up to 3.00 apart' in out
    path.unlink()
    main(tmp_path, *only)
    assert 'digits/ipc2-random: not measured before' in capsys.readouterr().out


# ---- What is declared

@pytest.mark.parametrize('budget', declared.ROWS)
def test_rows_are_declared_once_and_refer_to_rows(budget):
    rows = declared.rows(budget)
    listed = [r.name for make in declared.ROWS[budget] for r in make()]
    assert len(listed) == len(set(listed))
    for r in rows.values():
        assert r.data == r.name.split('/')[0] and r.scoring and r.declared()
        assert r.sets_of in ('', *rows) and r.same_as in ('', *rows)
        assert r.same_as or sum(declared.estimate(r)) > 0 and all(math.isfinite(x) for x in declared.estimate(r))


@pytest.mark.parametrize('data', ['digits', 'mnist'])
def test_claims_are_about_declared_rows(data):
    known = declared.rows('cpu')
    for claim in results.claims(data):
        for part in claim.parts:
            assert len(part.a) == len(part.b)
            for name, way in [*((n, part.ways[0]) for n in part.a), *((n, part.ways[1]) for n in part.b)]:
                if '/older/' not in name: assert way in known[name].scoring, name


def test_a_short_run_keeps_the_shape_of_the_published_schedule():
    fixed, adaptive = (declared.rows('cpu')[f'digits/ipc10-{m}'].recipe() for m in ('delving-md', 'delving'))
    share = declared._passes(adaptive) / declared._passes(fixed)
    assert share == pytest.approx(190 / 450, abs=0.02)        # the published ratio at ten images per class
    assert (fixed.iterations, fixed.outer, fixed.image_lr) == (adaptive.iterations, adaptive.outer, adaptive.image_lr)


# ---- Wrong calls end in one line

@pytest.mark.parametrize('wrong, says', [
    (['--only', 'nothing/*'], 'no row of the budget smoke is called like nothing/*'),
    (['--processes', '0'], '--processes is 0, expected at least 1'),
    (['--minutes', '-1'], '--minutes is -1.0, expected more than 0'),
    (['--again', '--table'], '--again measures, and does not go with --table'),
    (['--device', 'cuda:99'], 'cuda:99')])
def test_wrong_calls_end_in_one_line(wrong, says, tmp_path):
    with pytest.raises(SystemExit) as e: main(tmp_path, *wrong)
    assert says in str(e.value) and '\n' not in str(e.value) and not measured(tmp_path)


def test_data_that_are_not_embedded_need_a_root(tmp_path):
    with pytest.raises(SystemExit, match='rows of mnist need --root FOLDER'):
        reproduce.main(['--only', 'mnist/ipc1-random', '--results', str(tmp_path), '--runs', str(tmp_path/'runs')])


def test_rows_with_other_settings_are_not_mixed(whole, tmp_path):
    path = tmp_path/'results'/'smoke'/'digits'/'ipc2-dm.json'
    path.parent.mkdir(parents=True)
    row = json.loads((whole/'results'/'smoke'/'digits'/'ipc2-dm.json').read_text())
    row['row']['recipe']['image_lr'] = 7.
    path.write_text(json.dumps(row))
    with pytest.raises(SystemExit) as e: main(tmp_path)
    assert 'recipe.image_lr was 7.0, is 1.0' in str(e.value) and json.loads(path.read_text()) == row


# ---- Tables, verdicts, advice

def test_tables_need_the_files_and_nothing_else(whole, capsys, monkeypatch):
    def never(*a, **kw): raise AssertionError('computed')
    for name in ('load_dataset', 'evaluate', 'running'): monkeypatch.setattr(reproduce, name, never)
    main(whole, '--table')
    out = capsys.readouterr().out
    dm = next(line for line in out.splitlines() if line.split()[:2] == ['2', 'dm'])
    mean = results.load_results(whole/'results')[0]
    assert '2 of 20,000' in dm and 'u n b e' in dm and mean.budget == 'smoke'
    rows = {m.name: m for m in results.load_results(whole/'results')}
    assert f'{rows["digits/ipc2-dm"].mean():.1f}' in dm


def test_a_file_that_is_no_row_is_named(tmp_path):
    (tmp_path/'cpu').mkdir()
    (tmp_path/'cpu'/'odd.json').write_text('{"sets": 3}')
    with pytest.raises(ValueError, match='odd.json holds no row'): results.load_results(tmp_path)


@pytest.mark.parametrize('differences, more, no_less', [
    ([3, 4, 5], 'confirmed', 'confirmed'), ([-3, -4, -5], 'not confirmed', 'not confirmed'),
    ([.1, .1, .1], 'confirmed', 'confirmed'), ([-.1, .1, 0, .1], 'not confirmed', 'confirmed'),
    ([-.2, -.2, -.2], 'not confirmed', 'confirmed'), ([-9, 9, 1], 'undecided', 'undecided'),
    ([5, 5], 'undecided', 'undecided'), ([], 'not measured here', 'not measured here')])
def test_verdicts(differences, more, no_less):
    assert results.verdict(differences).word == more
    assert results.verdict(differences, 'no less').word == no_less


def test_a_verdict_is_that_of_the_t_test():
    from scipy.stats import ttest_1samp
    generator = torch.Generator().manual_seed(0)
    for n in (3, 5, 30):
        d = torch.randn(n, generator=generator, dtype=torch.float64).tolist()
        low, high = ttest_1samp(d, 0).confidence_interval()
        v = results.verdict(d)
        assert (v.low, v.high) == pytest.approx((low, high)) and v.pairs == n


def test_the_recommendation_is_what_the_results_say():
    known = reproduce.known_ways(SimpleNamespace(results=ROOT/'results'/'reproduce'))
    text = (ROOT/'dataset_condensation'/'choices.json').read_text(encoding='utf-8')
    assert text == results.dumps_choices(known), 'run python benchmarks/reproduce.py --recommend'
    assert json.loads(text) == recommendation.measured()


def test_ways_in_float32_are_those_in_16_bits_at_their_own_seconds_and_those_measured_there_only():
    sets = lambda seconds, accuracy, way: [dict(seed=0, seconds=seconds, cpu_seconds=seconds, scores={way: dict(accuracies=[accuracy])})]
    def row(name, found):
        about = dict(name=name, data='digits', ipc=1, method='dm', options={}, speed='bfloat16')
        return results.Measured(name, 'cpu', about, found, [])
    both = row('digits/ipc1-dm', sets(2., 80., 'main'))
    twin = row('digits/claims/ipc1-dm-float32', sets(9., 70., 'float32'))
    alone = row('digits/claims/ipc1-dm-middle-float32', sets(5., 60., 'float32'))
    a, b = reproduce.with_float32_seconds([both], [both, twin, alone])
    assert (a.sets[0]['seconds'], a.means()) == (9., both.means())
    assert (b.name, b.sets[0]['seconds'], b.budget, b.means()) == ('digits/ipc1-dm-middle', 5., 'cpu', {0: 60.})


def test_a_size_of_which_little_is_known_recommends_nothing(tmp_path):
    def one_set(*names):
        for name in names:
            path = tmp_path/'cpu'/'digits'/f'{name}.json'
            row = json.loads(path.read_text())
            row['sets'] = row['sets'][:1]
            path.write_text(json.dumps(row))
    shutil.copytree(ROOT/'results'/'reproduce'/'cpu'/'digits', tmp_path/'cpu'/'digits')
    sizes = lambda: {w['ipc'] for w in results.choices(results.load_results(tmp_path, 'cpu'), 'digits')}
    assert sizes() == {1, 2, 5, 10, 20, 50}
    one_set('ipc5-dm')             # its spread is that of the other methods that compute images
    assert sizes() == {1, 2, 5, 10, 20, 50}
    one_set(*(f'ipc5-{m}' for m in ('dc', 'dsa', 'delving-m', 'delving-md', 'delving')))     # now nothing tells it
    assert sizes() == {1, 2, 10, 20, 50}


@pytest.fixture
def known(monkeypatch):
    "A made-up measurement: DM is worth its four seconds"
    ways = [dict(ipc=1, seconds=0., accuracy=60., method='random', settings={}),
            dict(ipc=1, seconds=4., accuracy=91., method='dm', settings=dict(iterations=150, image_lr=2.))]
    known = dict(shape=[1, 8, 8], classes=10, net='convnet-w32', speed='float32', ways=ways)
    monkeypatch.setitem(recommendation.measured(), 'digits', known)


def test_auto_says_what_it_chose_and_why(known, tmp_path, capsys):
    out = tmp_path/'run'
    code = cli.main(['digits', '--method', 'auto', '--net', 'convnet-w8', '--iterations', '2', '--real-batch', '8', '--nets', '1', '--epochs', '2',
                     '--whole', '0', '--baselines', 'none', '--out', str(out)])
    said = capsys.readouterr().out
    line, = [x for x in said.splitlines() if x.startswith('auto: ')]
    choice = recommendation.recommend(load_dataset('digits'), 1, computed=True)
    assert code == 0 and line == f'auto: {choice}'
    assert 'dm: at 1 image per class of digits it reached 91.0 % (random 60.0 %), made with convnet-w32, in about 4 s' in line
    report = json.loads((out/'report.json').read_text())
    assert report['method'] == 'dm' and (report['set']['recipe']['iterations'], report['set']['recipe']['image_lr']) == (2, 2.)
    assert os.path.exists(out/'synthetic.safetensors')


def test_auto_keeps_to_the_time(known, tmp_path, capsys):
    short = ['digits', '--method', 'auto', '--net', 'convnet-w8', '--nets', '1', '--epochs', '2', '--whole', '0', '--baselines', 'none']
    assert cli.main([*short, '--minutes', '0.05', '--out', str(tmp_path/'run')]) == 0
    assert 'auto: random: at 1 image per class' in capsys.readouterr().out
    assert cli.main([*short, '--minutes', '0', '--out', str(tmp_path/'other')]) == 2
    assert cli.main(['digits', '--method', 'dm', '--minutes', '3', '--out', str(tmp_path/'other')]) == 2
    assert '--minutes: only for --method auto' in capsys.readouterr().err and not (tmp_path/'other').exists()


def test_auto_goes_on_with_its_run(known, tmp_path, capsys):
    out = ['--method', 'auto', '--net', 'convnet-w8', '--real-batch', '8', '--nets', '1', '--epochs', '2', '--whole', '0', '--baselines',
           'none', '--quiet', '--out', str(tmp_path/'run')]
    assert cli.main(['digits', '--iterations', '2', *out]) == 0
    assert cli.main(['digits', '--iterations', '3', *out, '--resume']) == 0
    assert json.loads((tmp_path/'run'/'report.json').read_text())['resumed_after_updates']


# ---- On a GPU

def test_a_gpu_trains_for_choices_holds_the_data_and_is_predicted_from_its_own_seconds(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(reproduce, 'whole_net', lambda data, net, recipe, seed, device: asked.append(device))
    monkeypatch.setattr(reproduce, 'forgetting_counts', lambda data, net, recipe, seed, device: asked.append(device))
    monkeypatch.setitem(reproduce.DATA, 'digits', None)
    for kind in ('embedder', 'falls'):
        for device in ('cuda', 'cpu', 'cuda'): reproduce._trained('digits', kind, 'convnet', 'whole', 97, device)
    reproduce._trained.cache_clear()
    assert asked == ['cuda', 'cpu'] * 2
    monkeypatch.setattr(reproduce, 'DATA', {})
    monkeypatch.setattr(reproduce, 'pick_device', torch.device)
    moved = SimpleNamespace()
    monkeypatch.setattr(reproduce, 'load_dataset', lambda name: SimpleNamespace(to=lambda device: moved if device == 'cuda:0' else None))
    assert reproduce.load('digits', SimpleNamespace(root=None, device='cuda:0')) is moved

    row = declared.rows('smoke')['digits/ipc2-dm']
    def took(device, seconds, processor):
        score = dict(accuracies=[1.], seconds=seconds, cpu_seconds=processor)
        return dict(seed=len(sets), session=sessions.index(dict(device=device)), seconds=seconds, cpu_seconds=processor, scores=dict(main=score))
    sets, sessions = [], [dict(device='cpu'), dict(device='cuda')]
    for told in (('cpu', 100., 50.), ('cuda', 4., 1.)): sets.append(took(*told))
    where = SimpleNamespace(budget='smoke', results=tmp_path, then=None)
    (tmp_path/'smoke'/'digits').mkdir(parents=True)
    (tmp_path/'smoke'/f'{row.name}.json').write_text(json.dumps(dict(row=row.declared(), data=None, sessions=sessions, sets=sets)))
    for device, want in (('cpu', 100.), ('cuda:0', 8.)):
        where.device = device
        assert reproduce.predict([(row, 9)], where)[row.name, 9] == want


def test_what_a_gpu_takes_is_guessed_from_launches_not_from_a_processors_rate():
    rows = declared.rows('paper')
    for name, low, high in (('cifar10-jpeg/ipc10-dm', 4, 10), ('cifar10-jpeg/ipc10-dc', 10, 20), ('cifar10-jpeg/ipc1-dc', 0.5, 2)):
        assert low < declared.estimate(rows[name], 'cuda')[0] / 60 < high, name
