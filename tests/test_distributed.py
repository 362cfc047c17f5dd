"Several processes make the set that one makes, and when one of them is lost the others say so and the run can be resumed"
import json
import os
import pickle
import signal
import socket
import sys
import time
import warnings

import pytest
import torch
import torch.distributed as dist
from processes import call, python, server

from dataset_condensation import cli
from dataset_condensation.adaptive_steps import UntilOverfit
from dataset_condensation.checkpoints import CheckpointError, Checkpoints
from dataset_condensation.cli import main
from dataset_condensation.condensation import CustomMatching
from dataset_condensation.machine import NotFiniteError
from dataset_condensation.coresets import random_set
from dataset_condensation.data import from_tensors
from dataset_condensation.distributed import ProcessLost, evaluate_together, own_rank
from dataset_condensation.gpu_training import Speed
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.runs import condense, running
from dataset_condensation.training import evaluate, train_recipe

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not dist.is_available(), reason='this torch has no torch.distributed')]

SMALL = dict(net='convnet-w4', real_batch=4, progress=False, speed='plain')
LOOPS = dict(SMALL, iterations=2, outer=3, inner=2)    # six updates, with training between them
UNEQUAL = [3, 1, 2] + [1]*7


# ---- Starting some processes, and hearing what became of them

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def process(rank, size, port, folder, job, args):
    "One of `size` processes: what `job(*args)` gives, or raises, into a file"
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    dist.init_process_group('gloo', init_method=f'tcp://127.0.0.1:{port}', rank=rank, world_size=size)
    try: found = job(*args)
    except (Exception, KeyboardInterrupt) as e: found = type(e), str(e)
    part = folder/f'{rank}.part'
    part.write_bytes(pickle.dumps(found))
    part.rename(folder/f'{rank}.pkl')
    os._exit(0)     # as a killed process leaves: none waits for another


def start(n, folder, job, *args):
    folder.mkdir()
    port = free_port()
    started = [server.Process(target=process, args=(k, n, port, folder, job, args)) for k in range(n)]
    for p in started: p.start()
    return started


def finish(started, folder, seconds=300):
    "What each process gave; None for one that gave nothing"
    end = time.monotonic() + seconds
    for p in started: p.join(max(0, end - time.monotonic()))
    late = [k for k, p in enumerate(started) if p.is_alive()]
    for p in started: p.kill()
    assert not late, f'after {seconds} s processes {late} of {len(started)} were still there'
    files = [folder/f'{k}.pkl' for k in range(len(started))]
    return [pickle.loads(f.read_bytes()) if f.exists() else None for f in files]


def together(n, folder, job, *args): return finish(start(n, folder, job, *args), folder)


def digits(classes=10):
    "The digits, or some of them"
    data = load_dataset('digits')
    if classes == 10: return data
    keep = data.train.labels < classes, data.test.labels < classes
    train, test = ((s.images[k], s.labels[k]) for s, k in zip((data.train, data.test), keep))
    return from_tensors(*train, *test, name='few digits')


def make(method, ipc, settings, classes=10):
    "Condense; images, losses and what a set remembers"
    if 'folder' in settings:
        settings = dict(settings)
        settings['checkpoint'] = Checkpoints(settings.pop('folder'), every=0, share=1.)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        s = condense(digits(classes), method, ipc, **settings)
    return s.images, s.losses, s.info, [str(w.message) for w in said if 'condensing' in str(w.message)]


def same(a, b):
    images, losses, info, _ = a
    return torch.equal(images, b[0]) and torch.equal(losses, b[1]) and info == b[2]


def close(a, b): return torch.allclose(a[0], b[0], atol=2e-3) and torch.allclose(a[1], b[1], rtol=1e-3)


# ---- The same set, with three processes

STEPS = dict(SMALL, iterations=4)
CASES = {   # Equal to the last bit, or but for rounding; then what `make` takes
    'dm': (same, 'dm', UNEQUAL, STEPS),
    'dc, scored on the way': (same, 'dc', UNEQUAL, dict(STEPS, outer=1, evaluate_every=3, nets=2)),
    'dm, fewer classes': (same, 'dm', [2, 1], STEPS, 2),
    'dm, batch norm': (same, 'dm', 1, dict(STEPS, net='convnet-w4-bn')),     # cannot be divided
    'dsa': (close, 'dsa', UNEQUAL, LOOPS),
    'delving': (close, 'delving-md', UNEQUAL, LOOPS),
    'momentum': (close, 'delving-md', UNEQUAL, dict(LOOPS, net_momentum=0.5)),
    'until overfit': (close, 'delving-md', UNEQUAL, dict(LOOPS, inner=UntilOverfit(20, most=3))),
    'delving, fewer classes': (close, 'delving-md', [2, 1], LOOPS, 2),
    'dc, batch norm': (close, 'dc', 1, dict(LOOPS, net='convnet-w4-bn')),
    'dm, one program': (close, 'dm', 1, dict(STEPS, speed=Speed(whole=True))),
    'dsa, one program': (close, 'dsa', 1, dict(LOOPS, speed=Speed(whole=True))),
}


def outcome(f, *args):
    "The kind and the text of an error that all processes have alike, after which they can go on"
    try: return f(*args)
    except (ValueError, CheckpointError) as e: return type(e), str(e)


def full_disk(folder):
    def full(*args): raise CheckpointError('cannot write: disk full')
    with pytest.MonkeyPatch.context() as m:
        if own_rank() == 0: m.setattr(Checkpoints, 'write', full)
        return make('dm', 1, dict(SMALL, iterations=100_000, folder=folder))


def look():
    "What a state holds of the others' images, before and after they are gathered, and at the end"
    run = running(digits(), 'dm', 1, **{k: v for k, v in STEPS.items() if k != 'progress'})
    state = [next(run) for _ in range(2)][-1]
    before = state.images.clone()
    return before, state.set().images, [s.set().images for s in run][-1]


def engine():
    "How many classes the program of a process computes"
    run = running(digits(), 'dm', 1, **{k: v for k, v in STEPS.items() if k != 'progress'} | dict(speed=Speed(whole=True)))
    return next(run).run.engine.n


def score(of=evaluate_together):
    data, recipe = digits(), train_recipe('dc', epochs=5)
    found = of(random_set(data, 1), data, 'convnet-w4', 4, recipe, 3, keep=True, speed='plain')
    return found.accuracies, [n.head.weight.detach() for n in found.networks]


def everything(folder):
    found = {name: make(*case[1:]) for name, case in CASES.items()}
    found |= dict(look=look(), engine=engine(), score=score(), seeds=outcome(make, 'dm', 1, dict(STEPS, seed=own_rank())))
    return found | dict(disk=outcome(full_disk, folder))


@pytest.fixture(scope='module')
def three(tmp_path_factory):
    folder = tmp_path_factory.mktemp('three')
    found = together(3, folder/'some', everything, folder/'run')
    assert all(isinstance(f, dict) for f in found), found
    return found


@pytest.mark.parametrize('name', CASES)
def test_several_processes_make_the_set_that_one_makes(name, three):
    equal, *case = CASES[name]
    alone = make(*case)
    for found in (f[name] for f in three):
        assert equal(found, alone) and found[2] == alone[2], (found[0] - alone[0]).abs().max()
        assert same(found, three[0][name])


def test_a_method_that_cannot_be_divided_says_so_once(three):
    first, *others = (f['dm, batch norm'][3] for f in three)
    assert len(first) == 1 and 'every process computes all of them' in first[0] and not any(others)


def test_each_has_a_program_of_its_own_classes(three): assert [f['engine'] for f in three] == [4, 3, 3]


def test_networks_are_divided_and_score_the_same(three):
    accuracies, heads = score(evaluate)
    for found in (f['score'] for f in three):
        assert found[0] == accuracies and len(found[1]) == 4
        assert all(map(torch.equal, found[1], heads))


def test_a_state_has_its_own_images_and_set_gathers_the_rest(three):
    first, alone = random_set(digits(), 1, 0).images, look()      # dm begins with real images
    for rank, (before, gathered, last) in enumerate(f['look'] for f in three):
        own = torch.isin(torch.arange(10), torch.arange(10).tensor_split([4, 7])[rank])
        assert torch.equal(before[own], alone[1][own]) and torch.equal(before[~own], first[~own])
        assert torch.equal(gathered, alone[1]) and torch.equal(last, alone[2])


# ---- Errors that all have alike

def test_processes_that_were_started_with_different_things(three):
    for kind, text in (f['seeds'] for f in three):
        assert kind is ValueError and 'process 1 differs from process 0: seed: was 0, is 1' in text


def test_a_full_disk_is_an_error_in_all(three):
    for f in three: assert f['disk'] == (CheckpointError, 'cannot write: disk full')


# ---- Errors and deaths in one

def led_astray(net, real, syn, step=None):
    loss = sum((net.embed(r).mean(0) - net.embed(s).mean(0)).square().sum()
               for (_, r, _), (_, s, _) in zip(real.by_class(), syn.by_class()))
    return loss * float('nan') if step.iteration == 4 and 7 in syn.y else loss


def stray_settings(ipc, net, data): return dict(image_lr=1.)


def stray(): return make(CustomMatching(led_astray, name='stray', settings=stray_settings), 1, dict(SMALL, iterations=100_000))


def test_a_loss_that_is_no_number_ends_all(tmp_path):
    *others, last = together(3, tmp_path/'some', stray)
    assert last[0] is NotFiniteError and "the loss of class '7' is nan at update 5 of 100000" in last[1]
    assert [kind for kind, _ in others] == [ProcessLost] * 2


def until(true, what, seconds=300):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f'waited {seconds} s for {what}'
        time.sleep(0.01)


def newest(folder): return max((int(p.stem[-8:]) for p in Checkpoints(folder).files), default=0)


@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='this system has no SIGKILL')
def test_a_killed_process_brings_the_others_down_and_the_run_is_resumed(tmp_path):
    settings = dict(SMALL, iterations=60, folder=tmp_path/'run')
    started = start(3, tmp_path/'some', make, 'dm', 1, dict(settings, iterations=100_000))
    until(lambda: newest(tmp_path/'run') > 4, 'checkpoints')
    os.kill(started[2].pid, signal.SIGKILL)
    *others, last = finish(started, tmp_path/'some')
    assert last is None
    for kind, text in others: assert kind is ProcessLost and 'was killed' in text
    step = Checkpoints(tmp_path/'run').peek()['step']
    rest = dict(settings, iterations=step + 4)
    undisturbed = make('dm', 1, {k: v for k, v in rest.items() if k != 'folder'})
    for found in together(2, tmp_path/'two', make, 'dm', 1, rest): assert same(found, undisturbed)


def test_ctrl_c_in_one_process_stops_all_after_the_same_update(tmp_path):
    settings = dict(SMALL, folder=tmp_path/'run')
    started = start(2, tmp_path/'some', make, 'dm', 1, dict(settings, iterations=100_000))
    until(lambda: newest(tmp_path/'run') > 4, 'checkpoints')
    os.kill(started[1].pid, signal.SIGINT)
    assert [kind for kind, _ in finish(started, tmp_path/'some')] == [KeyboardInterrupt] * 2
    step = Checkpoints(tmp_path/'run').peek()['step']
    assert same(make('dm', 1, dict(settings, iterations=step)), make('dm', 1, dict(SMALL, iterations=step)))


# ---- Resumed with another number

def some(folder, dm, dc):
    "So many iterations of two runs"
    runs = dict(dm=dict(SMALL, iterations=dm), dc=dict(LOOPS, iterations=dc))
    return {m: make(m, UNEQUAL, dict(s, folder=folder/m) if folder else s) for m, s in runs.items()}


def test_checkpoints_resume_with_another_number_of_processes(tmp_path):
    undisturbed = some(None, 5, 3)
    for n, *stage in ((3, 1, 1), (2, 3, 2)): together(n, tmp_path/f'{n}', some, tmp_path/'run', *stage)
    found = some(tmp_path/'run', 5, 3)      # by one
    assert same(found['dm'], undisturbed['dm']) and close(found['dc'], undisturbed['dc'])
    assert [any('processes' in text for text in found[m][3]) for m in ('dm', 'dc')] == [False, True]


# ---- The command

SHORT = ['--net', 'convnet-w8-d1', '--nets', '2', '--epochs', '2', '--real-batch', '4', '--baselines', 'random', '--whole', '0']


def torchrun(n, *words, cwd):
    return python('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', n, *words, cwd=cwd).wait(300)


def test_the_command_below_torchrun(tmp_path):
    argv = ['digits', '--method', 'dm', '--iterations', '6', *SHORT]
    done = torchrun(2, '-m', 'dataset_condensation', *argv, '--out', 'two', cwd=tmp_path)
    assert done.returncode == 0, done.said
    assert done.stdout.count('Written to two') == 1 and done.stdout.count('image updates') == 1
    assert main([*argv, '--out', str(tmp_path/'one')]) == 0
    two, one = ((tmp_path/k/'synthetic.safetensors').read_bytes() for k in ('two', 'one'))
    assert two == one
    reports = [json.loads((tmp_path/k/'report.json').read_text()) for k in ('two', 'one')]
    assert [[e['accuracies'] for e in s['evaluations']] for s in reports[0]['scores']] == \
           [[e['accuracies'] for e in s['evaluations']] for s in reports[1]['scores']]
    assert main([*argv, '--iterations', '8', '--resume', '--out', str(tmp_path/'two')]) == 0      # by one process
    assert json.loads((tmp_path/'two'/'report.json').read_text())['resumed_after_updates'] == [6]


def command(argv):
    "The command in one of the processes; the second cannot load its data"
    def load(args): raise ValueError('no images here')
    if os.environ['RANK'] == '1': cli.load = load
    sys.exit(main(argv))


def forked(n, job, *args):
    "What torchrun does with a program, with a function: it forks the processes, watches them, and ends all if one fails"
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch
    how = LaunchConfig(1, 1, n, rdzv_backend='c10d', rdzv_endpoint='localhost:0', start_method='fork', max_restarts=0)
    elastic_launch(how, job)(*args)


@pytest.mark.parametrize('argv, words', [(['--method', 'dcc'], "'dcc'"), ([], 'no images here')], ids=['in all', 'in one'])
def test_an_error_below_torchrun_is_said_once(argv, words, tmp_path):
    done = call(forked, 2, command, [*argv, '--out', 'run'], cwd=tmp_path)
    ours = [line for line in done.stderr.splitlines() if line.startswith('condense: ')]
    assert done.returncode and len(ours) == 1 and words in ours[0], done.said
    assert not (tmp_path/'run').exists()
