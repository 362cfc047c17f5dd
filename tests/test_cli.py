"The `condense` command as a user meets it: in a process of its own, in an empty folder"
import dataclasses
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import processes
import pytest
import torch
from conftest import ROOT
from PIL import Image

from dataset_condensation.all import (METHODS, Comparison, Evaluation, Recipe, Score, SyntheticSet, TrainRecipe, accuracy, first_images, from_tensors, gen,
                                      load_dataset, make_net, random_set, train)
from dataset_condensation.__main__ import others_running
from dataset_condensation.arguments import make_parser, method_list, parse
from dataset_condensation.recommendation import measured
from dataset_condensation.cli import main, imported, run_settings, show_beside, tilings

SHORT = ['--iterations', '3', '--real-batch', '16', '--net', 'convnet-w8-d1', '--nets', '1', '--epochs', '20', '--baselines', 'random',
         '--whole', '1']


def condense(*argv, cwd, **how):
    "Run the command, return the finished process"
    return processes.python('-m', 'dataset_condensation', *argv, cwd=cwd, **how).wait()


@pytest.fixture(scope='module')
def short_run(tmp_path_factory):
    "A folder in which the command has run once without naming data, method or output"
    cwd = tmp_path_factory.mktemp('short')
    return cwd, condense('digits', *SHORT, cwd=cwd)


def test_a_run_says_what_it_did_and_writes_its_folder(short_run):
    cwd, done = short_run
    assert done.returncode == 0, done.stderr
    for words in ('1,400 training and 397 test images of 8×8', '3 random networks', 'random', 'whole set', 'runs/digits-dc-ipc1'):
        assert words in done.stdout
    files = ['checkpoint', 'comparison.png', 'report.html', 'report.json', 'synthetic.png', 'synthetic.safetensors']
    assert sorted(f.name for f in (cwd/'runs/digits-dc-ipc1').iterdir()) == files


def test_the_report_holds_what_is_needed_to_repeat_it(short_run):
    report = json.loads((short_run[0]/'runs/digits-dc-ipc1/report.json').read_text())
    assert [s['name'] for s in report['scores']] == ['random', 'dc', 'whole set']
    assert report['set']['recipe']['iterations'] == 3 and report['seed'] == 0
    assert {'torch', 'dataset_condensation', 'python'} <= set(report['versions'])
    assert all(report['seconds'][k] > 0 for k in ('load', 'condense', 'score')) and report['peak_memory_gib'] > 0
    assert report['resumed_after_updates'] == [] and report['command'] == ['digits', *SHORT]


def test_the_set_that_is_saved_is_the_set_that_was_scored(short_run):
    folder = short_run[0]/'runs/digits-dc-ipc1'
    small, data = SyntheticSet.load(folder/'synthetic.safetensors'), load_dataset('digits')
    score = json.loads((folder/'report.json').read_text())['scores'][1]['evaluations'][0]
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(1)
    net = make_net('convnet-w8-d1', small, generator=gen(0, 'evaluate', 0))
    train(net, small, TrainRecipe(**score['recipe']), gen(0, 'evaluate-order', 0))
    torch.set_num_threads(threads)
    assert accuracy(net, data.test) == pytest.approx(score['accuracies'][0], abs=1e-9)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize('name', ['synthetic', 'comparison'])
def test_the_picture_is_a_picture(short_run, name):
    with Image.open(short_run[0]/f'runs/digits-dc-ipc1/{name}.png') as picture:
        assert picture.width > 200 and len(picture.convert('L').getcolors()) > 10


def test_without_arguments_a_sample_of_mnist_is_condensed_in_seconds():
    args = parse([])
    assert (args.data, args.method, args.net, args.ipc) == ('mnist-sample', 'dc', 'convnet-w32', 1)
    assert run_settings(args) == dict(iterations=80, real_batch=32, init='centroids')
    assert parse(['--net', 'mlp']).net == parse(['--net=mlp']).net == 'mlp' and parse(['mnist']).net == 'convnet'
    args = parse(['MNIST_Sample'])
    assert (args.data, args.net) == ('mnist-sample', 'convnet-w32') and parse(['./digits']).data == './digits'


def test_a_set_in_tiles_stands_beside_real_images_in_tiles(tmp_path):
    out = tmp_path/'run'
    assert main(['digits', '--method', 'dm', '--factor', '2', *SHORT, '--whole', '0', '--quiet', '--out', str(out)]) == 0
    assert [s['name'] for s in json.loads((out/'report.json').read_text())['scores']] == ['random', 'random in tiles', 'dm']


def test_rows_in_tiles_need_images_enough():
    x, y = torch.randint(256, (7, 1, 8, 8), generator=gen(0)).byte(), torch.tensor([0]*4 + [1]*3)
    few = from_tensors(x, y, x, y)
    assert tilings(first_images(few, 1, 'noise', factor=2), few) == [1]          # 3 images of a class, 4 tiles
    digits = load_dataset('digits')
    assert tilings(random_set(digits, 2), digits) == [1]
    assert tilings(first_images(digits, 2, 'noise', factor=2), digits) == [1, 2]


def test_minutes_alone_ask_for_the_best_method():
    assert parse(['digits', '--minutes', '3']).method == 'auto' and parse(['digits']).method == 'dc'
    assert parse(['digits', '--minutes', '3', '--method', 'dm']).method == 'dm'      # which is refused
    typed = {way: parse(['digits', *way.split()]).train_augment for way in ('', '--minutes 3', '--minutes 3 --train-augment=none')}
    assert list(typed.values()) == ['none', None, 'none']      # None: as the recommended set was scored


def test_the_best_method_may_be_real_images_in_tiles(tmp_path, monkeypatch):
    way = dict(ipc=1, seconds=0., accuracy=60., method='random', settings=dict(factor=2))
    monkeypatch.setitem(measured(), 'digits', dict(shape=[1, 8, 8], classes=10, net='convnet-w8', speed='float32', ways=[way]))
    quick = ['--baselines', 'none', '--whole', '0', '--nets', '1', '--epochs', '1', '--quiet']
    assert main(['digits', '--minutes', '1', *quick, '--out', str(tmp_path/'run')]) == 0
    assert SyntheticSet.load(tmp_path/'run'/'synthetic.safetensors').factor == 2


def test_real_images_in_tiles_stand_beside_real_images_without(tmp_path, monkeypatch, capsys):
    way = dict(ipc=1, seconds=0., accuracy=60., method='random', settings=dict(factor=2))
    monkeypatch.setitem(measured(), 'digits', dict(shape=[1, 8, 8], classes=10, net='convnet-w8', speed='float32', ways=[way]))
    monkeypatch.setattr('dataset_condensation.cli.foretell_scoring', lambda *a: print('now it is timed') or [])
    quick = ['--baselines', 'random,herding', '--whole', '0', '--nets', '1', '--epochs', '1', '--net', 'mlp-w8']
    assert main(['digits', '--minutes', '1', *quick, '--out', str(tmp_path/'run')]) == 0
    report, said = json.loads((tmp_path/'run'/'report.json').read_text()), capsys.readouterr().out
    assert [s['name'] for s in report['scores']] == ['random', 'herding', 'herding in tiles', 'random in tiles']
    assert report['method'] == 'random in tiles' and '10 images by random in tiles, a network' in said
    assert said.index('random: 1 image per class, in 2×2 tiles, real images') < said.index('now it is timed')


def test_a_run_starts_from_the_folder_of_another(short_run, tmp_path):
    run = str(short_run[0]/'runs/digits-dc-ipc1')
    assert run_settings(parse(['digits', '--init', run]))['init'].ipc == [1] * 10
    assert run_settings(parse(['digits', '--ipc', '2', '--keep', run]))['keep'].info['method'] == 'dc'


def test_a_frozen_network_is_asked_for_and_its_set_is_scored_by_probe(tmp_path, capsys):
    assert main(['digits', '--method', 'linear', '--out', str(tmp_path/'run')]) == 2
    out, err = capsys.readouterr()
    assert 'package.module:function' in err and '`probe` says' in out and 'random heads on one network' in out


def test_only_choices_of_real_images_are_baselines(capsys):
    for name in ('dm', 'auto'):
        assert main(['digits', '--method', 'random', '--baselines', name, '--out', 'never']) == 2
        assert f"'{name}' is not a choice of real images" in capsys.readouterr().err


def test_beside_the_set_stand_the_first_images_of_each_class_and_the_accuracies():
    "Of at most ten classes, in tiles as they are stored"
    y = torch.arange(12).repeat_interleave(8)
    x = y.view(-1, 1, 1, 1).expand(-1, 1, 8, 8) / 11
    data = from_tensors(x, y, x, y, name='twelve')
    sets = {'random': random_set(data, 2), 'mine': first_images(data, 2, 'real', factor=2)}
    score = lambda name, value: Score(name, [Evaluation([value], 0., 1, 'mlp', TrainRecipe(), 0)])
    table = Comparison([score('random', 12.5), score('mine', 25.), score('whole set', 97.)], {})
    ax = show_beside(sets, table)
    assert [t.get_text() for t in ax.texts] == ['random: 12.5 %', 'mine: 25.0 %']
    assert '97.0 %' in ax.get_title(loc='left')
    w = ax.images[0].get_array().shape[1]
    grays = sorted({round(255 * float(v)) for v in ax.images[0].get_array()[12, :w].flatten()} - {255})
    assert grays == [round(255 * i / 11) for i in range(10)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(short_run, monkeypatch):
    "In another process, too"
    monkeypatch.chdir(short_run[0])
    assert main(['digits', *SHORT, '--out', 'same', '--quiet']) == main(['digits', *SHORT, '--seed', '1', '--out', 'other', '--quiet']) == 0
    first, same, other = (Path(f, 'synthetic.safetensors').read_bytes() for f in ('runs/digits-dc-ipc1', 'same', 'other'))
    assert first == same and first != other


def test_an_earlier_run_is_not_overwritten_without_force(short_run, monkeypatch, capsys):
    monkeypatch.chdir(short_run[0])
    made = Path('runs/digits-dc-ipc1/synthetic.safetensors')
    before = made.stat().st_mtime_ns
    assert main(['digits', *SHORT]) == 2 and made.stat().st_mtime_ns == before
    said = capsys.readouterr().err
    assert '--force' in said and said.count('\n') == 1
    assert main(['digits', *SHORT, '--force']) == 0


def test_an_error_has_a_traceback_only_with_debug(capsys):
    assert main(['--method', 'herdin']) == 2 and 'Traceback' not in capsys.readouterr().err
    with pytest.raises(ValueError): main(['--method', 'herdin', '--debug'])


@pytest.fixture
def busy_machine():
    "A process that computes on each core, until the one second is over in which the command looks"
    code = 'import time\nwhile time.process_time() < 1: pass'
    others = [subprocess.Popen([sys.executable, '-c', code]) for _ in range(os.cpu_count())]
    yield
    for p in others: p.kill()
    for p in others: p.wait()


@pytest.mark.skipif(not list(Path(torch.__file__).parent.glob('lib/libgomp*')), reason="torch's threads are not those of GNU")
@pytest.mark.slow
def test_threads_sleep_soon_beside_others(busy_machine, tmp_path, monkeypatch):
    for name in ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'): monkeypatch.delenv(name, raising=False)
    done = subprocess.run([sys.executable, '-m', 'dataset_condensation', 'nowhere'], cwd=tmp_path, capture_output=True, text=True,
                          env=dict(os.environ, OMP_NUM_THREADS='1', OMP_DISPLAY_ENV='VERBOSE'))
    assert done.returncode == 2 and "GOMP_SPINCOUNT = '1000'" in done.stderr, done.stderr


@pytest.mark.parametrize('text, others', [('2.90 1.54 1.89 1/85 17299', 0), ('0.00 0.54 1.89 3/85 17299', 2), ('0.1', 0), (None, 0)])
def test_only_what_runs_now_counts_as_other_work(text, others, tmp_path):
    if text: (tmp_path/'loadavg').write_text(text)
    assert others_running(tmp_path/'loadavg', apart=0) == others


@pytest.mark.slow
@pytest.mark.parametrize('others, waits', [(0, None), (2, '1000')])
def test_a_quiet_machine_keeps_the_way_torch_waits(others, waits):
    lines = ('import os, sys', 'os.cpu_count = lambda: 2', 'import pathlib', 'read = pathlib.Path.read_text',
             f"pathlib.Path.read_text = lambda p, *a, **k: '0 0 0 {others + 1}/9 7' if str(p) == '/proc/loadavg' else read(p, *a, **k)",
             'from dataset_condensation.__main__ import sleep_soon', 'sleep_soon()', "print(os.environ.get('GOMP_SPINCOUNT'))")
    env = {k: v for k, v in os.environ.items() if k not in ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY')}
    done = subprocess.run([sys.executable, '-c', '\n'.join(lines)], env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == str(waits), done.stderr


@pytest.mark.parametrize('argv, code', [('--help', 0), ('search --help', 0), ('--version', 0), ('--list', 0), ('--nonsense', 2)])
def test_the_door_needs_no_torch(argv, code, tmp_path):
    lines = ('import sys', 'from dataset_condensation.__main__ import main', f'try: main({argv.split()})',
             "except SystemExit as e: print(e.code, 'torch' in sys.modules, 'matplotlib' in sys.modules)")
    done = subprocess.run([sys.executable, '-c', '\n'.join(lines)], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == f'{code} False False', done.stderr


def test_options_are_the_fields_of_a_recipe(monkeypatch):
    "Each with its type and words; a new one by itself"
    from dataset_condensation import arguments
    help = ' '.join(make_parser().format_help().split())
    for f in dataclasses.fields(Recipe): assert f'--{f.name.replace("_", "-")} ' in help or type(f.default) is bool
    assert 'Real images of each class for one update' in help and 'random, strata, centroids' in help and '%' not in help.replace('1 %', '')
    assert {getattr(parse([]), f.name) for f in dataclasses.fields(Recipe) if f.name != 'net'} == {None}
    args = parse(['--net-lr', '.5', '--outer', '3', '--inner', 'schedule', '--augment-inner', '--no-download'])
    assert (args.net_lr, args.outer, args.inner, args.augment_inner, args.download, args.image_lr) == (.5, 3, 'schedule', True, False, None)
    known, source = arguments.told('condensation.Recipe'), arguments._source
    assert {k: v[1] for k, v in known.items()} == {f.name: f.default for f in dataclasses.fields(Recipe)}
    def newer(module):
        body, lines = source(module)
        if module != 'condensation': return body, lines
        more = b'class Recipe:\n    fresh: float = 2.   # A new one'
        return arguments.ast.parse(more).body, more.splitlines()
    monkeypatch.setattr(arguments, '_source', newer)
    assert '--fresh X' in make_parser().format_help() and make_parser().parse_args(['--fresh', '3']).fresh == 3.


def test_the_list_is_what_the_methods_say():
    paper = lambda m: m.paper if m.paper not in ('', '–') else None
    wanted = [text for name, m in METHODS.items() for text in (f'{name} {m.doc}', paper(m)) if text]
    assert [' '.join(line.split()) for line in method_list().splitlines()] == wanted


def test_a_network_of_your_own_is_imported(tmp_path, monkeypatch):
    (tmp_path/'my_nets_for_a_test.py').write_text('def small(*a): return 3\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    assert imported('my_nets_for_a_test:small')() == 3 and imported('convnet-w8') == 'convnet-w8'
    for wrong in ('my_nets_for_a_test:large', 'nowhere.at.all:small', ':x'):
        with pytest.raises(ValueError, match='--net: .* cannot be imported'): imported(wrong)


def test_a_run_with_a_network_and_an_optimiser_from_elsewhere(tmp_path, monkeypatch):
    layers = 'nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10)'
    (tmp_path/'my_mlp_for_a_test.py').write_text(f'from torch import nn\ndef small(): return nn.Sequential({layers})\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    short = ['digits', '--method', 'dm', '--iterations', '2', '--real-batch', '4', '--nets', '1', '--epochs', '2', '--whole', '0', '--quiet']
    assert main([*short, '--net', 'my_mlp_for_a_test:small', '--image-opt', 'adam', '--schedule', 'cosine', '--out', 'run']) == 0
    report = json.loads(Path('run/report.json').read_text())
    assert report['net'] == 'my_mlp_for_a_test:small'
    assert (report['set']['recipe']['image_opt'], report['set']['recipe']['schedule']) == ('adam', 'cosine')


def test_functions_of_your_own_are_imported(tmp_path, monkeypatch, capsys):
    (tmp_path/'my_parts_for_a_test.py').write_text('import torch\ndef flip(x): return x.flip(-1)\n'
                                                   'def opt(params, lr): return torch.optim.SGD(params, lr=lr / 2)\n'
                                                   'def falling(step): return 0.5**step\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    short = ['digits', '--method', 'dm', '--iterations', '2', '--real-batch', '4', '--nets', '1', '--epochs', '2', '--whole', '0',
             '--net', 'convnet-w4', '--quiet']
    mine = [f'--{k.replace("_", "-")}=my_parts_for_a_test:{v}' for k, v in dict(augment='flip', train_augment='flip', image_opt='opt', schedule='falling').items()]
    assert main([*short, *mine, '--out', 'run']) == 0
    made = json.loads(Path('run/report.json').read_text())['set']['recipe']
    assert all(name in made[k] for k, name in dict(augment='flip', image_opt='opt', schedule='falling').items())
    assert main([*short, '--image-opt', 'my_parts_for_a_test:non', '--out', 'never']) == 2
    assert '--image-opt: my_parts_for_a_test:non cannot be imported' in capsys.readouterr().err and not Path('never').exists()
    assert main([*short, *mine, '--iterations', '3', '--resume', '--out', 'run']) == 0


def test_help_and_list_teach(capsys):
    with pytest.raises(SystemExit): main(['--help'])
    text = capsys.readouterr().out
    with pytest.raises(SystemExit) as e: main(['--list'])
    names = capsys.readouterr().out
    assert e.value.code == 0
    assert 'examples:' in text and 'photos/' in text and '--ipc' in text
    for name in ('random', 'herding', 'kcenter', 'forgetting', 'dc', 'dsa', 'delving', 'dm'): assert f'\n{name} ' in '\n' + names
    assert 'ICLR 2021' in names


@pytest.mark.slow
def test_quiet_prints_the_table_only(tmp_path):
    done = condense('digits', *SHORT, '--quiet', cwd=tmp_path, anew=('tqdm', 'dataset_condensation'), TQDM_DISABLE='')
    assert done.returncode == 0 and done.stderr == '' and len(done.stdout.splitlines()) == 4


def test_a_folder_of_photographs_one_of_them_broken(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    colours = dict(red=(200, 20, 20), green=(20, 200, 20), blue=(20, 20, 200))
    for name, rgb in colours.items():
        Path('photos', name).mkdir(parents=True)
        for i in range(10): Image.new('RGB', (12 + i, 10), tuple(v + 3*i for v in rgb)).save(f'photos/{name}/{i}.jpg')
    short = ['photos', '--size', '8', '--ipc', '2,1,1', '--iterations', '1', *SHORT[2:]]
    assert main(['photos']) == 2 and 'size' in capsys.readouterr().err
    Path('photos/red/broken.jpg').write_bytes(b'not a picture')
    assert main(short) == 2 and 'broken.jpg' in capsys.readouterr().err and not Path('runs').exists()
    assert main([*short, '--skip-bad']) == 0
    small = SyntheticSet.load('runs/photos-dc-ipc2-1-1/synthetic.safetensors')
    assert small.classes == ['blue', 'green', 'red'] and small.ipc == [2, 1, 1] and small.shape == (3, 8, 8)


def test_losing_the_scoring_does_not_lose_the_set(tmp_path, monkeypatch):
    import dataset_condensation.cli as cli
    def fail(*args, **kwargs): raise RuntimeError('out of luck')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, 'score_all', fail)
    assert cli.main(['digits', *SHORT, '--quiet']) == 1
    assert SyntheticSet.load('runs/digits-dc-ipc1/synthetic.safetensors').ipc == [1]*10


# ---- Going on

TINY = ['--net', 'convnet-w8-d1', '--real-batch', '8', '--nets', '1', '--epochs', '5', '--baselines', 'none', '--whole', '0', '--quiet']


def test_a_finished_run_goes_on_with_more_iterations(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(['digits', *TINY, '--iterations', '3', '--out', 'on']) == 0
    assert main(['digits', *TINY, '--iterations', '3', '--out', 'on', '--resume']) == 0     # at once
    assert main(['digits', *TINY, '--iterations', '5', '--out', 'on', '--resume']) == 0
    assert main(['digits', *TINY, '--iterations', '5', '--out', 'straight']) == 0
    on, straight = ((tmp_path/f/'synthetic.safetensors').read_bytes() for f in ('on', 'straight'))
    report = json.loads((tmp_path/'on/report.json').read_text())
    assert on == straight and report['resumed_after_updates'] == [3, 3] and report['set']['updates'] == 5
    capsys.readouterr()
    assert main(['digits', *TINY, '--iterations', '6', '--seed', '1', '--out', 'on', '--resume']) == 2
    said = capsys.readouterr().err
    assert 'seed: was 0, is 1' in said and said.count('\n') == 1
    assert json.loads((tmp_path/'on/report.json').read_text()) == report


def test_an_unfinished_run_is_named_with_the_command_that_goes_on(tmp_path, monkeypatch, capsys):
    import dataset_condensation.cli as cli
    monkeypatch.chdir(tmp_path)
    argv = ['digits', *TINY, '--iterations', '3', '--out', 'my run']
    with monkeypatch.context() as m:
        def stop(*args, **kwargs): raise KeyboardInterrupt
        m.setattr(cli, 'score_all', stop)
        assert main(argv) == 130
    how = f"condense digits {' '.join(TINY)} --iterations 3 --out 'my run' --resume"
    assert capsys.readouterr().err == f'condense: interrupted after update 3 of 3; resume with: {how}\n'
    assert main(argv) == 2
    said = capsys.readouterr().err
    assert 'holds an unfinished run' in said and how in said and said.count('\n') == 1
    made = (tmp_path/'my run/synthetic.safetensors').read_bytes()
    assert main([*argv, '--resume']) == 0 and main([*argv, '--force']) == 0
    assert (tmp_path/'my run/synthetic.safetensors').read_bytes() == made
    assert json.loads((tmp_path/'my run/report.json').read_text())['resumed_after_updates'] == []


@pytest.mark.parametrize('inner, passes, name', [
    ('2', 4, 2), ('schedule', 90, None), ('until-overfit', None, 'until_overfit(n=256, most=50)')])
def test_inner_takes_a_number_or_a_policy(inner, passes, name, tmp_path):
    out = tmp_path/'run'
    assert main(['digits', *TINY, '--iterations', '1', '--outer', '3', '--inner', inner, '--out', str(out)]) == 0
    info = json.loads((out/'report.json').read_text())['set']
    assert passes in (None, info['passes']) and info['passes'] >= 2
    assert info['recipe']['inner'] == name if name else info['recipe']['inner'].startswith('schedule(')


def test_classes_at_a_time_are_an_option(tmp_path, monkeypatch):
    import dataset_condensation.cli as cli
    seen, condense = {}, cli.condense
    monkeypatch.setattr(cli, 'condense', lambda *a, **kw: seen.update(kw) or condense(*a, **kw))
    assert main(['digits', *TINY, '--method', 'dm', '--iterations', '2', '--class-chunk', '4', '--checkpoint-every', '2.5',
                 '--out', str(tmp_path/'run')]) == 0
    assert seen['class_chunk'] == 4 and seen['every'] == 2.5


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='the C library of GNU')
def test_the_command_keeps_freed_memory_unless_you_say_otherwise():
    code = '''
import resource, sys
from dataset_condensation.__main__ import keep_memory
kept = sys.argv[1] == 'kept' and keep_memory()
def pages(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = pages()
for _ in range(5): [bytes([65 + k]) * 2**23 for k in range(6)]
print(kept, pages() - before)
'''
    free = {k: v for k, v in os.environ.items() if not k.startswith('MALLOC_')}
    def run(way, **env):
        done = subprocess.run([sys.executable, '-c', code, way], cwd=ROOT, env=free | env, capture_output=True, text=True)
        kept, pages = done.stdout.split()
        return kept == 'True', int(pages)
    (never, often), (kept, seldom) = run('given back'), run('kept')
    assert (never, kept) == (False, True) and seldom < often / 4
    assert run('kept', MALLOC_ARENA_MAX='2')[0] is False     # yours stays as it is
