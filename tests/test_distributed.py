"Several processes make the set that one makes, and when one of them is lost the others say so and the run goes on"
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.distributed as dist
from processes import server

import dataset_condensation.distribution_matching  # noqa: F401
from dataset_condensation.adaptive_steps import UntilOverfit
from dataset_condensation.checkpoints import CheckpointError, Checkpoints
from dataset_condensation.cli import main
from dataset_condensation.condensation import CustomMatching, NotFiniteError
from dataset_condensation.runs import condense, running
from dataset_condensation.coresets import random_set
from dataset_condensation.names import get_method
from dataset_condensation.data import from_tensors
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.distributed import ProcessLost, evaluate_together, processes
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
    os._exit(0)     # as a killed process leaves: nobody waits for anybody


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


# ---- The same set

@pytest.mark.parametrize('n', [3])
@pytest.mark.parametrize('method, settings', [('dm', {}), ('dc', dict(outer=1, evaluate_every=3, nets=2))],
                         ids=['dm', 'dc without training, scored on the way'])
def test_sums_over_classes_are_the_same_to_the_last_bit(method, settings, n, tmp_path):
    settings = dict(SMALL, iterations=4, **settings)
    alone = make(method, UNEQUAL, settings)
    for found in together(n, tmp_path/'some', make, method, UNEQUAL, settings): assert same(found, alone), found


MATCHING = {'dsa': {}, 'delving-md': {}, 'momentum': dict(net_momentum=0.5),
            'until overfit': dict(inner=UntilOverfit(20, most=3))}


@pytest.mark.parametrize('n', [2])
@pytest.mark.parametrize('name', MATCHING)
def test_gradient_matching_is_the_same_but_for_rounding(name, n, tmp_path):
    method, settings = name if name in ('dsa', 'delving-md') else 'delving-md', {**LOOPS, **MATCHING[name]}
    alone = make(method, UNEQUAL, settings)
    all_found = together(n, tmp_path/'some', make, method, UNEQUAL, settings)
    for found in all_found:
        assert close(found, alone) and found[2] == alone[2], [found[1] - alone[1], (found[0] - alone[0]).abs().max()]
        assert same(found, all_found[0])


@pytest.mark.parametrize('method', ['dm', 'delving-md'])
def test_fewer_classes_than_processes(method, tmp_path):
    settings = dict(SMALL, iterations=4) if method == 'dm' else LOOPS
    alone = make(method, [2, 1], settings, 2)
    for found in together(3, tmp_path/'some', make, method, [2, 1], settings, 2):
        assert (same if method == 'dm' else close)(found, alone)


def in_little_memory():
    method = get_method('delving-md')
    return make(replace(method, most=0), 1, LOOPS)


def test_many_classes_in_little_memory_are_the_same(tmp_path):
    "The way of two passes over the classes, where their gradients do not fit"
    alone = in_little_memory()
    for found in together(2, tmp_path/'some', in_little_memory): assert close(found, alone)


def test_a_method_that_cannot_be_divided_runs_everywhere_and_says_so(tmp_path):
    settings = dict(SMALL, net='convnet-w4-bn', iterations=3)
    alone = make('dm', 1, settings)
    first, second = together(2, tmp_path/'some', make, 'dm', 1, settings)
    assert same(first, alone) and same(second, alone)
    assert len(first[3]) == 1 and 'every process computes all of them' in first[3][0] and not second[3]


def test_batch_norm_in_gradient_matching(tmp_path):
    settings = dict(LOOPS, net='convnet-w4-bn')
    alone = make('dc', 1, settings)
    for found in together(2, tmp_path/'some', make, 'dc', 1, settings): assert close(found, alone)


def score(nets, keep):
    data = digits()
    found = evaluate_together(random_set(data, 1), data, 'convnet-w4', nets, train_recipe('dc', epochs=5), 3, keep=keep, speed='plain')
    return found.accuracies, [n.head.weight.detach() for n in found.networks]


@pytest.mark.parametrize('nets', [4])
def test_networks_are_divided_and_score_the_same(nets, tmp_path):
    data = digits()
    alone = evaluate(random_set(data, 1), data, 'convnet-w4', nets, train_recipe('dc', epochs=5), 3, keep=True, speed='plain')
    for accuracies, heads in together(3, tmp_path/'some', score, nets, True):
        assert accuracies == alone.accuracies
        assert all(torch.equal(a, b.head.weight) for a, b in zip(heads, alone.networks)) and len(heads) == nets


# ---- Between updates

def look():
    "What a state holds of the others' images, before and after they are asked for"
    run = running(digits(), 'dm', 1, **{k: v for k, v in SMALL.items() if k != 'progress'}, iterations=4)
    state = [next(run) for _ in range(2)][-1]
    before = state.images.clone()
    return processes().rank, before, state.set().images, [s.set().images for s in run][-1], float(state.losses[0])


def test_a_state_has_its_own_images_and_set_gathers_the_rest(tmp_path):
    run = running(digits(), 'dm', 1, **{k: v for k, v in SMALL.items() if k != 'progress'}, iterations=4)
    starts = running(digits(), 'dm', 1, **{k: v for k, v in SMALL.items() if k != 'progress'}, iterations=1)
    first = next(starts).data and random_set(digits(), 1, 0).images      # dm begins with real images
    alone = [s.set() for s in run]
    for rank, before, asked, last, loss in together(2, tmp_path/'some', look):
        mine = slice(0, 5) if rank == 0 else slice(5, 10)
        other = slice(5, 10) if rank == 0 else slice(0, 5)
        assert torch.equal(before[mine], alone[1].images[mine]) and torch.equal(before[other], first[other])
        assert torch.equal(asked, alone[1].images) and torch.equal(last, alone[3].images)
        assert loss == float(alone[3].losses[0])


# ---- Errors

def with_seed_of_rank(): return make('dm', 1, dict(SMALL, iterations=3, seed=dist.get_rank()))


def test_processes_that_were_asked_for_different_things(tmp_path):
    for kind, text in together(2, tmp_path/'some', with_seed_of_rank):
        assert kind is ValueError and 'process 1 was asked for something else than process 0: seed: was 0, is 1' in text


def led_astray(net, real, syn, step=None, how='nan', at=4):
    loss = sum((net.embed(r).mean(0) - net.embed(s).mean(0)).square().sum()
               for (_, r, _), (_, s, _) in zip(real.by_class(), syn.by_class()))
    if step.iteration < at or 7 not in syn.y: return loss
    if how == 'nan': return loss * float('nan')
    raise dict(value=ValueError, runtime=RuntimeError)[how]('the seven is odd')


def stray_settings(ipc, net, data): return dict(image_lr=1.)


def stray(how, settings):
    method = CustomMatching(partial(led_astray, how=how), name='stray', settings=stray_settings)
    return make(method, 1, settings)


@pytest.mark.parametrize('n', [3])
def test_a_loss_that_is_no_number_ends_all_with_the_message_of_the_one_who_knows(n, tmp_path):
    for k, (kind, text) in enumerate(together(n, tmp_path/'some', stray, 'nan', dict(SMALL, iterations=100_000))):
        assert kind is NotFiniteError and "the loss of class '7' is nan at update 5 of 100000" in text
        assert ('said by process' in text) == (k != (1 if n == 2 else 2))


@pytest.mark.parametrize('how, kind, words', [('value', ValueError, 'the seven is odd'),
                                              ('runtime', ProcessLost, 'process 1 stopped: RuntimeError: the seven is odd')])
def test_an_error_in_one_process_reaches_the_others(how, kind, words, tmp_path):
    first, second = together(2, tmp_path/'some', stray, how, dict(LOOPS, iterations=100_000))
    assert first == (kind, words) and second == (dict(value=ValueError, runtime=RuntimeError)[how], 'the seven is odd')


def full_disk(folder):
    def full(*args): raise OSError(28, 'No space left on device')
    if dist.get_rank() == 0: Checkpoints.write = lambda self, *a: (_ for _ in ()).throw(CheckpointError('cannot write: disk full'))
    return make('dm', 1, dict(SMALL, iterations=100_000, folder=folder))


def test_a_full_disk_is_heard_of_by_all(tmp_path):
    for found in together(2, tmp_path/'some', full_disk, tmp_path/'run'):
        assert found == (CheckpointError, 'cannot write: disk full')


# ---- Killed

def until(true, what, seconds=300):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f'waited {seconds} s for {what}'
        time.sleep(0.01)


def newest(folder): return max((int(p.stem[-8:]) for p in Checkpoints(folder).files), default=0)


@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='this system has no SIGKILL')
def test_a_killed_process_brings_the_others_down_and_the_run_goes_on(tmp_path):
    victim, settings = 2, dict(SMALL, iterations=60, folder=tmp_path/'run')
    endless = dict(settings, iterations=100_000)
    started = start(3, tmp_path/'some', make, 'dm', 1, endless)
    until(lambda: newest(tmp_path/'run') > 4, 'checkpoints')
    os.kill(started[victim].pid, signal.SIGKILL)
    found = finish(started, tmp_path/'some')
    assert found[victim] is None
    for k in {0, 1, 2} - {victim}:
        assert found[k][0] is ProcessLost and f'process {victim} of 3 is gone' in found[k][1], found[k]
    step = Checkpoints(tmp_path/'run').peek()['step']
    rest = dict(settings, iterations=step + 4)
    undisturbed = make('dm', 1, {k: v for k, v in rest.items() if k != 'folder'})
    for found in together(2, tmp_path/'two', make, 'dm', 1, rest):
        assert same(found, undisturbed)


def wait_for_the_next():
    everybody = processes()
    everybody.meet()
    if everybody.rank == everybody.size - 1: os.kill(os.getpid(), signal.SIGKILL)
    everybody.talk(dist.recv, torch.zeros(1), src=everybody.rank + 1)


@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='this system has no SIGKILL')
def test_who_waits_for_one_that_waits_for_the_lost_one_hears_of_it_too(tmp_path):
    first, second, last = finish(start(3, tmp_path/'some', wait_for_the_next), tmp_path/'some')
    assert last is None
    for found in (first, second): assert found[0] is ProcessLost and 'process 2 of 3 is gone' in found[1], found


@pytest.mark.parametrize('method, settings', [('dm', dict(SMALL, iterations=5)), ('dc', LOOPS)], ids=['dm', 'dc'])
def test_checkpoints_resume_with_another_number_of_processes(method, settings, tmp_path):
    undisturbed = make(method, UNEQUAL, settings)
    equal = same if method == 'dm' else close
    stages = [1, 2, settings['iterations']] if method == 'dc' else [1, 3, 4]
    for k, n in enumerate((3, 2, 1)):
        part = dict(settings, iterations=stages[k], folder=tmp_path/'run')
        if n == 1: found = [make(method, UNEQUAL, part)]
        else: found = together(n, tmp_path/f'{n}', make, method, UNEQUAL, part)
    whole = make(method, UNEQUAL, dict(settings, folder=tmp_path/'run'))
    assert equal(whole, undisturbed)
    assert any('processes' in text for text in found[0][3]) == (method == 'dc')


def test_ctrl_c_in_one_process_stops_all_after_the_same_update(tmp_path):
    settings = dict(SMALL, folder=tmp_path/'run')
    started = start(2, tmp_path/'some', make, 'dm', 1, dict(settings, iterations=100_000))
    until(lambda: newest(tmp_path/'run') > 4, 'checkpoints')
    os.kill(started[1].pid, signal.SIGINT)
    assert [kind for kind, _ in finish(started, tmp_path/'some')] == [KeyboardInterrupt] * 2
    step = Checkpoints(tmp_path/'run').peek()['step']
    assert same(make('dm', 1, dict(settings, iterations=step)), make('dm', 1, dict(SMALL, iterations=step)))


# ---- The command

SHORT = ['--net', 'convnet-w8-d1', '--nets', '2', '--epochs', '2', '--real-batch', '4', '--baselines', 'random', '--whole', '0']


def torchrun(n, *argv, cwd):
    env = {k: v for k, v in os.environ.items() if k not in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE')}
    env |= dict(OMP_NUM_THREADS='1', TQDM_DISABLE='1')
    command = ['torch.distributed.run', '--standalone', '--nproc-per-node', n, '-m', 'dataset_condensation', *argv]
    return subprocess.run([sys.executable, '-m', *map(str, command)], cwd=cwd, env=env, capture_output=True, text=True, timeout=300)


def test_the_command_below_torchrun(tmp_path):
    argv = ['--method', 'dm', '--iterations', '6', *SHORT]
    done = torchrun(2, *argv, '--out', 'two', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('Written to two') == 1 and done.stdout.count('image updates') == 1
    assert main([*argv, '--out', str(tmp_path/'one')]) == 0
    two, one = ((tmp_path/k/'synthetic.safetensors').read_bytes() for k in ('two', 'one'))
    assert two == one
    reports = [json.loads((tmp_path/k/'report.json').read_text()) for k in ('two', 'one')]
    assert [[e['accuracies'] for e in s['evaluations']] for s in reports[0]['scores']] == \
           [[e['accuracies'] for e in s['evaluations']] for s in reports[1]['scores']]
    assert main([*argv, '--iterations', '8', '--resume', '--out', str(tmp_path/'two')]) == 0      # by one process
    assert json.loads((tmp_path/'two'/'report.json').read_text())['resumed_after_updates'] == [6]


def test_a_wrong_argument_below_torchrun_is_said_once(tmp_path):
    done = torchrun(2, '--method', 'dcc', cwd=tmp_path)
    ours = [line for line in done.stderr.splitlines() if line.startswith('condense: ')]
    assert done.returncode and len(ours) == 1 and "'dcc'" in ours[0], done.stderr
    assert not list(tmp_path.iterdir())
