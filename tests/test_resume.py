"Nothing computed is lost: runs that are killed, interrupted, starved of disk or led astray go on, or say why not"
import errno
import math
import os
import random
import signal
import subprocess
import sys
import time
import warnings

import pytest
import torch
from processes import in_use, python, server

import dataset_condensation as dc
import dataset_condensation.condensation as loop
import dataset_condensation.distribution_matching  # noqa: F401
from dataset_condensation.adaptive_steps import UntilOverfit
from dataset_condensation.checkpoints import LOCK, CheckpointError, Checkpoints, RunLock, RunLocked
from dataset_condensation.cli import main
from dataset_condensation.condensation import CustomMatching
from dataset_condensation.machine import NotFiniteError
from dataset_condensation.condensation import Run, steps
from dataset_condensation.runs import Alone, condense, running, save_checkpoint
from dataset_condensation.names import get_method
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.training import SyntheticSet

SMALL = dict(net='convnet-w4', real_batch=4, progress=False)
LOOPS = dict(SMALL, iterations=2, outer=3, inner=2)    # six updates, with training between them
SHORT = ['--net', 'convnet-w8-d1', '--nets', '1', '--epochs', '2', '--baselines', 'none', '--whole', '0', '--quiet']


@pytest.fixture(scope='module')
def data(): return load_dataset('digits')


def until(true, what, seconds=300):
    "Wait until `true()`"
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f'waited {seconds} s for {what}'
        time.sleep(0.002)


class Often(Checkpoints):
    "A checkpoint after every update, whatever the clock says"
    def due(self): return True

def often(folder): return Often(folder)


# ---- Killed

KILLED = {
    'dsa': dict(iterations=20, outer=3, inner=3),
    'delving-until-overfit': dict(iterations=20, outer=3, inner=UntilOverfit(20, most=3)),
    'dm': dict(iterations=60),
}
KILLS = 5


class Deadly(Often):
    "Kills the process some seconds after so many checkpoints; the system does it, so that no thread comes too late"
    def due(self):
        self.left -= 1
        if self.left == 0: signal.setitimer(signal.ITIMER_REAL, self.then)     # SIGALRM ends a process as SIGKILL does
        return True

def work(method, folder, file, updates=None, then=0.):
    "Condense with checkpoints and save the set; killed some seconds after so many updates"
    torch.set_num_threads(1)
    where = Deadly(folder) if updates else often(folder)
    where.left, where.then = updates, then
    condense(load_dataset('digits'), method, 1, checkpoint=where, **SMALL, **KILLED[method]).save(file)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, 'setitimer'), reason='this system has no timers that kill')
@pytest.mark.parametrize('method', KILLED)
def test_kills_in_a_row_leave_no_trace_in_the_result(method, tmp_path):
    for name in ('alone', 'killed'): (tmp_path/name).mkdir()
    alone = server.Process(target=work, args=(method, tmp_path/'alone', tmp_path/'alone.safetensors'))
    alone.start()
    rng = random.Random(method)
    for _ in range(KILLS):
        process = server.Process(target=work, args=(method, tmp_path/'killed', tmp_path/'killed.safetensors',
                                                    rng.randrange(1, 4), rng.uniform(1e-6, 0.03)))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGALRM, 'the run ended before it was killed'
    last = server.Process(target=work, args=(method, tmp_path/'killed', tmp_path/'killed.safetensors'))
    for process in (last, alone):
        if process is last: process.start()
        process.join()
        assert process.exitcode == 0
    assert (tmp_path/'killed.safetensors').read_bytes() == (tmp_path/'alone.safetensors').read_bytes()
    about = Checkpoints(tmp_path/'killed').peek()
    assert len(about['resumed']) == KILLS and about['resumed'][-1] > 0
    if 'outer' in KILLED[method]: assert any(step % 3 for step in about['resumed'])   # with a network in training
    assert sorted(p.suffix for p in (tmp_path/'killed').iterdir()) == ['.safetensors']*2


# ---- Interrupted

def lines_of(run, stop_at=None):
    "Run something; Ctrl-C at the line of that number in the loop or the store. The number of lines, and if it was stopped"
    count = 0
    def trace(frame, event, arg):
        nonlocal count
        if not frame.f_code.co_filename.endswith(('condensation.py', 'checkpoints.py')): return None
        if event == 'line':
            count += 1
            if count == stop_at: signal.raise_signal(signal.SIGINT)
        return trace
    sys.settrace(trace)
    try: run()
    except KeyboardInterrupt: return count, True
    finally: sys.settrace(None)
    return count, False


def test_ctrl_c_at_any_line_leaves_no_trace_in_the_result(data, tmp_path):
    def run(name): return condense(data, 'dc', 1, checkpoint=often(tmp_path/name), **LOOPS)
    total, _ = lines_of(lambda: run('alone'))
    alone, rng, stopped = run('alone'), random.Random(0), 0
    for i in range(4):
        stopped += lines_of(lambda: run(f'stopped{i}'), rng.randrange(200, total))[1]
        small = run(f'stopped{i}')
        assert torch.equal(small.images, alone.images) and torch.equal(small.losses, alone.losses) and small.info == alone.info
        assert not in_use(tmp_path/f'stopped{i}')
    assert stopped == 4


@pytest.mark.slow
@pytest.mark.skipif(os.name == 'nt', reason='Windows ends a process without asking it')
def test_the_command_is_stopped_by_signals_and_goes_on(tmp_path):
    argv = ['digits', '--iterations', '100000', *SHORT, '--checkpoint-every', '0']
    for n, code, word in ((signal.SIGINT, 130, 'interrupted'), (signal.SIGTERM, 143, 'terminated')):
        started = python('-m', 'dataset_condensation', *argv, '--out', n.name, cwd=tmp_path)
        until(lambda: len(Checkpoints(tmp_path/n.name/'checkpoint')) == 2, 'a checkpoint')
        started.send_signal(n)
        done = started.wait(300)
        said = done.stderr
        assert done.returncode == code, said
        assert said.startswith(f'condense: {word} after update ') and said.count('\n') == 1
        assert f'resume with: condense {" ".join(argv)} --out {n.name} --resume' in said
        step = Checkpoints(tmp_path/n.name/'checkpoint').peek()['step']
        assert 0 < step < 100_000 and not in_use(tmp_path/n.name)
        more = ['digits', '--iterations', str(step + 3), *SHORT]
        assert main([*more, '--out', str(tmp_path/n.name), '--resume']) == 0
    assert main([*more, '--out', str(tmp_path/'alone')]) == 0
    assert (tmp_path/'alone/synthetic.safetensors').read_bytes() == (tmp_path/n.name/'synthetic.safetensors').read_bytes()


def test_a_signal_whose_error_gets_lost_is_heard_after_the_update(data, tmp_path):
    def deaf(outer, done, net, held):
        try: signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt: return False
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt): condense(data, 'dc', 1, checkpoint=tmp_path, **dict(LOOPS, inner=deaf))
    assert Checkpoints(tmp_path).peek()['step'] == 2 and signal.getsignal(signal.SIGINT) == before
    heard = []
    signal.signal(signal.SIGINT, lambda *how: heard.append(how))      # one of yours, which goes on
    try: assert condense(data, 'dc', 1, **dict(LOOPS, inner=lambda *how: signal.raise_signal(signal.SIGINT))).info['updates'] == 6
    finally: signal.signal(signal.SIGINT, before)
    assert len(heard) == 4


def test_an_error_in_between_leaves_a_checkpoint(data, tmp_path):
    def fail(outer, done, net, held): raise RuntimeError('out of luck')
    with pytest.raises(RuntimeError, match='out of luck'): condense(data, 'dc', 1, checkpoint=tmp_path, **dict(LOOPS, inner=fail))
    assert Checkpoints(tmp_path).peek()['step'] == 1


# ---- Going on

def test_a_finished_run_is_returned_at_once_and_can_be_made_longer(data, tmp_path):
    how = dict(SMALL, net='convnet-w4-d1', outer=1, evaluate_every=2, nets=1)
    short, again = (condense(data, 'dc', 1, checkpoint=tmp_path, iterations=3, **how) for _ in range(2))
    longer = condense(data, 'dc', 1, checkpoint=tmp_path, iterations=5, **how)
    alone = condense(data, 'dc', 1, iterations=5, **how)
    assert torch.equal(short.images, again.images) and short.info == again.info
    assert torch.equal(longer.images, alone.images) and longer.info == alone.info and len(alone.info['history']) == 2


def test_frozen_batch_norm_and_network_momentum_survive(data, tmp_path):
    settings = dict(LOOPS, net='convnet-w4-bn', net_momentum=0.5)
    for state in running(data, 'dc', **{k: v for k, v in settings.items() if k != 'progress'}):
        if state.step == 2: break
    save_checkpoint(state, tmp_path)
    on, alone = condense(data, 'dc', checkpoint=tmp_path, **settings), condense(data, 'dc', **settings)
    assert torch.equal(on.images, alone.images) and torch.equal(on.losses, alone.losses)


class Fewer:
    "A policy with something to remember: one pass less each time it is asked for the first"
    def __init__(self, passes): self.passes = passes
    def __call__(self, outer, done, net, held):
        self.passes -= done == 0
        return done < self.passes
    def state_dict(self): return dict(passes=self.passes)
    def load_state_dict(self, d): self.passes = d['passes']
    def __repr__(self): return 'Fewer'


def test_a_policy_may_remember(data, tmp_path):
    settings = lambda: dict(LOOPS, inner=Fewer(5))
    for state in running(data, 'dc', **{k: v for k, v in settings().items() if k != 'progress'}):
        if state.step == 5: break
    save_checkpoint(state, tmp_path)
    on, alone = condense(data, 'dc', checkpoint=tmp_path, **settings()), condense(data, 'dc', **settings())
    assert torch.equal(on.images, alone.images) and on.info == alone.info and alone.info['passes'] == 4 + 3 + 2 + 1


class Slower(torch.optim.SGD):
    "An optimiser of someone's own, which remembers a number in a tensor"
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group['params']:
                made = self.state[p].setdefault('made', torch.zeros(()))
                made += 1
                p.data -= group['lr'] / made * p.grad


@pytest.mark.parametrize('how', [dict(image_opt='adam', image_lr=0.1, schedule='cosine'), dict(schedule=lambda step: 0.5**step),
                                 dict(image_opt=Slower, image_lr=0.3)])
def test_any_optimiser_and_schedule_of_the_images_is_resumed_to_the_bit(how, data, tmp_path):
    settings = dict(LOOPS, **how)
    for state in running(data, 'dc', **{k: v for k, v in settings.items() if k != 'progress'}):
        if state.step == 4: break
    save_checkpoint(state, tmp_path)
    on, alone = condense(data, 'dc', checkpoint=tmp_path, **settings), condense(data, 'dc', **settings)
    assert torch.equal(on.images, alone.images) and on.info == alone.info
    assert not torch.equal(alone.images, condense(data, 'dc', **LOOPS).images)


def test_a_cosine_ends_with_the_run_and_so_must_not_be_made_longer(data, tmp_path):
    *_, last = running(data, 'dm', 1, net='convnet-w4', real_batch=4, iterations=4, schedule='cosine')
    rate, = [g['lr'] for g in last.run.opt.param_groups]
    assert rate == pytest.approx((1 + math.cos(math.pi * 3/4)) / 2)
    save_checkpoint(last, tmp_path)
    with pytest.raises(ValueError, match='iterations: was 4, is 5'):
        condense(data, 'dm', checkpoint=tmp_path, iterations=5, schedule='cosine', **SMALL)


def test_scores_on_the_way_change_nothing_and_leave_the_test_images_alone(data, tmp_path):
    blind = dc.ImageData(data.train, data.train.subset(range(0, 1400, 9)), data.name)
    how = dict(SMALL, net='convnet-w4-d1', iterations=4)
    plain, scored = condense(data, 'dm', **how), condense(data, 'dm', evaluate_every=2, **how)
    assert torch.equal(plain.images, scored.images) and [h['step'] for h in scored.info['history']] == [2, 4]
    assert condense(blind, 'dm', evaluate_every=2, **how).info['history'] == scored.info['history']
    short = dict(how, iterations=3)
    condense(data, 'dm', checkpoint=tmp_path, evaluate_every=2, **short)
    assert condense(data, 'dm', checkpoint=tmp_path, evaluate_every=2, **how).info == scored.info


@pytest.fixture(scope='module')
def three_done(data, tmp_path_factory):
    "A folder with the checkpoint of a run of three updates"
    folder = tmp_path_factory.mktemp('three')
    condense(data, 'dm', 1, checkpoint=folder, **SMALL, iterations=3)
    return folder


@pytest.mark.parametrize('changed, words', [
    (dict(seed=1), 'seed: was 0, is 1'),
    (dict(ipc=2), 'ipc: was 1, is 2'),
    (dict(net='mlp'), "recipe.net: was 'convnet-w4', is 'mlp'"),
    (dict(image_lr=3.), 'recipe.image_lr: was 1.0, is 3.0'),
    (dict(method='dm-plain'), "method: was 'dm', is 'dm-plain'"),
    (dict(iterations=2), 'recipe.iterations: was 3 with 3 updates done, is 2'),
])
def test_another_run_is_refused_and_said_to_be(changed, words, data, three_done):
    before = [(p.name, p.read_bytes()) for p in Checkpoints(three_done).files]
    settings = dict(dict(method='dm', ipc=1, iterations=5, **SMALL), **changed)
    with pytest.raises(ValueError, match='holds a checkpoint of another run') as e: condense(data, checkpoint=three_done, **settings)
    assert words in str(e.value)
    assert [(p.name, p.read_bytes()) for p in Checkpoints(three_done).files] == before


def test_other_data_and_other_versions_are_refused(data, three_done, monkeypatch):
    other = load_dataset('digits')
    other.train.images[0, 0, 0, 0] ^= 1
    with pytest.raises(ValueError, match=r"data: was 'digits \(\w+\)', is 'digits \(\w+\)'"):
        condense(other, 'dm', 1, checkpoint=three_done, **SMALL, iterations=3)
    now = loop.versions()
    monkeypatch.setattr(loop, 'versions', lambda: dict(now, torch='9.9', dataset_condensation='0.0', python='4'))
    with pytest.raises(ValueError) as e: condense(data, 'dm', 1, checkpoint=three_done, **SMALL, iterations=3)
    assert "is '0.0'" in str(e.value) and "is '9.9'" in str(e.value) and 'python' not in str(e.value)


def test_a_method_of_the_same_name_that_matches_something_else_is_refused(data, three_done):
    def other(net, real, syn, step): return net.embed(syn.x).square().sum()
    with pytest.raises(ValueError, match='match: was'):
        condense(data, CustomMatching(other, name='dm', settings=get_method('dm').settings), 1, checkpoint=three_done, **SMALL, iterations=3)


def test_other_threads_are_said_and_allowed(data, three_done):
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        with pytest.warns(UserWarning, match='the last bits may differ: threads'):
            condense(data, 'dm', 1, checkpoint=three_done, **SMALL, iterations=3)
    finally: torch.set_num_threads(threads)


# ---- Damaged, full, gone

def damage(path, how):
    b = path.read_bytes()
    middle = len(b) // 2
    path.write_bytes(dict(empty=b'', truncated=b[:middle], flipped=b[:middle] + bytes([b[middle] ^ 4]) + b[middle + 1:])[how])


@pytest.mark.parametrize('how', ['empty', 'truncated', 'flipped'])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(how, data, tmp_path):
    alone = condense(data, 'dm', 1, checkpoint=often(tmp_path), **SMALL, iterations=6)
    old, new = Checkpoints(tmp_path).files
    damage(new, how)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        small = condense(data, 'dm', 1, checkpoint=tmp_path, **SMALL, iterations=6)
    assert len(said) == 1 and new.name in str(said[0].message) and f'resuming from {old.name}' in str(said[0].message)
    assert torch.equal(small.images, alone.images) and len(Checkpoints(tmp_path)) == 2 and new not in Checkpoints(tmp_path).files
    for path in Checkpoints(tmp_path).files: damage(path, how)
    with pytest.raises(CheckpointError, match='no checkpoint in .* is good') as e:
        condense(data, 'dm', 1, checkpoint=tmp_path, **SMALL, iterations=6)
    assert all(path.name in str(e.value) for path in Checkpoints(tmp_path).files)


class FullFile:
    "An open file on a disk that is full when a certain call is made"
    def __init__(self, file, call): self.file, self.call = file, call
    def __enter__(self): return self
    def __exit__(self, *e): self.file.close()
    def __getattr__(self, name):
        if name == self.call: return fail
        return getattr(self.file, name)


def fail(*args, **kwargs): raise OSError(errno.ENOSPC, 'No space left on device')


@pytest.mark.parametrize('call', ['open', 'write', 'fsync', 'replace'])
def test_a_failing_write_names_the_folder_and_keeps_the_last_checkpoint(call, data, tmp_path, monkeypatch):
    settings, real_open = dict(SMALL, iterations=8), open
    def full_open(path, mode='r', *args, **kwargs):
        file = real_open(path, mode, *args, **kwargs)
        return FullFile(file, call) if 'checkpoint' in str(path) and mode != 'r' else file
    def break_disk():
        if call in ('fsync', 'replace'): monkeypatch.setattr(os, call, fail)
        else: monkeypatch.setattr('builtins.open', fail if call == 'open' else full_open)
    written, write = [], Checkpoints.write
    def count(self, *args):
        written.append(len(written))
        if len(written) == 4: break_disk()
        return write(self, *args)
    monkeypatch.setattr(Checkpoints, 'write', count)
    with pytest.raises(CheckpointError, match='No space left on device; the last good checkpoint is checkpoint-00000003') as e:
        condense(data, 'dm', 1, checkpoint=often(tmp_path), **settings)
    monkeypatch.undo()
    assert str(tmp_path) in str(e.value) and e.value.errno == errno.ENOSPC and e.value.state.step == 3
    assert [p.name[-6:] for p in sorted(tmp_path.iterdir())] == ['ensors']*2 and Checkpoints(tmp_path).peek()['step'] == 2
    assert torch.equal(condense(data, 'dm', 1, checkpoint=tmp_path, **settings).images, condense(data, 'dm', 1, **settings).images)


def test_a_folder_that_cannot_be_used_is_found_before_the_work(data, tmp_path, monkeypatch):
    (tmp_path/'file').write_text('')
    monkeypatch.setattr(loop, 'update_images', lambda *a, **kw: pytest.fail('an update was made'))
    for folder in (tmp_path/'file', tmp_path/'file'/'below'):
        with pytest.raises(CheckpointError, match='cannot write into') as e: condense(data, 'dm', 1, checkpoint=folder, **SMALL)
        assert str(folder) in str(e.value)
    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(CheckpointError, match='No space left'): condense(data, 'dm', 1, checkpoint=tmp_path/'full', **SMALL)
    assert list((tmp_path/'full').iterdir()) == []


def test_a_folder_that_vanishes_is_named_and_nothing_is_lost(data, tmp_path):
    folder, gone = tmp_path/'run', []
    class Vanishing(Checkpoints):
        def due(self):
            if not gone:
                for p in folder.iterdir(): p.unlink()
                gone.append(folder.rmdir())
            return True
    with pytest.raises(CheckpointError, match='cannot write into .*run') as e:
        condense(data, 'dm', 1, checkpoint=Vanishing(folder), **SMALL, iterations=4)
    alone = condense(data, 'dm', 1, **SMALL, iterations=1)
    assert torch.equal(e.value.state.set().images, alone.images)


@pytest.fixture
def small_disk(tmp_path):
    "Make a file system of some KiB; skips where that is not allowed"
    mounted = []
    def make(kib):
        folder = tmp_path/f'disk{kib}'
        folder.mkdir()
        try: done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={kib}k', 'tmpfs', str(folder)], capture_output=True)
        except FileNotFoundError: pytest.skip('there is no mount')
        if done.returncode: pytest.skip('mounting a file system is not allowed here')
        mounted.append(folder)
        return folder
    yield make
    for folder in mounted: subprocess.run(['umount', str(folder)], check=True)


def test_a_disk_that_is_full_from_the_start_or_fills_up(data, small_disk):
    settings = dict(SMALL, iterations=6)
    with pytest.raises(CheckpointError, match='No space left') as e: condense(data, 'dm', 10, checkpoint=small_disk(64), **settings)
    assert e.value.state is None       # it was not even begun
    folder = small_disk(140)
    with pytest.raises(CheckpointError, match='No space left on device; the last good checkpoint is') as e:
        condense(data, 'dm', 10, checkpoint=often(folder), **settings)
    assert e.value.state.step > 0 and Checkpoints(folder).peek()['step'] >= 0
    assert {p.suffix for p in folder.iterdir()} == {'.safetensors'}


# ---- One run to a folder

def hold(folder):
    with RunLock(folder): time.sleep(3600)


@pytest.mark.slow
def test_a_second_run_is_refused_and_a_killed_one_leaves_no_lock(data, tmp_path, capsys):
    (tmp_path/'out').mkdir()
    first = server.Process(target=hold, args=(tmp_path/'out',), daemon=True)
    first.start()
    until(lambda: in_use(tmp_path/'out'), 'the lock')
    (tmp_path/'out'/'.checkpoint-00000007.safetensors.0123abcd.part').touch()     # which the first run is writing
    with pytest.raises(RunLocked, match='another run is at work in'): condense(data, 'dm', 1, checkpoint=tmp_path/'out', **SMALL)
    for more in ([], ['--force'], ['--resume']):
        assert main(['digits', *SHORT, '--out', str(tmp_path/'out'), *more]) == 2
        said = capsys.readouterr().err
        assert 'another run is at work' in said and said.count('\n') == 1
    assert sorted(p.name for p in (tmp_path/'out').iterdir()) == ['.checkpoint-00000007.safetensors.0123abcd.part', LOCK]
    first.kill()
    first.join()
    assert (tmp_path/'out'/LOCK).exists() and not in_use(tmp_path/'out')
    condense(data, 'dm', 1, checkpoint=tmp_path/'out', **SMALL, iterations=2)
    assert sorted(p.suffix for p in (tmp_path/'out').iterdir()) == ['.safetensors']*2
    (tmp_path/'cli').mkdir()
    (tmp_path/'cli'/LOCK).touch()     # a killed one
    assert main(['digits', *SHORT, '--iterations', '2', '--out', str(tmp_path/'cli')]) == 0


def inherit(folder, answer):
    with RunLock(folder):
        child = os.fork()
        if child == 0:
            time.sleep(3600)
            os._exit(0)
        answer.put(child)
        time.sleep(3600)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='this system does not fork')
def test_a_forked_worker_does_not_keep_the_lock_of_its_dead_parent(tmp_path):
    answer = server.Queue()
    parent = server.Process(target=inherit, args=(tmp_path, answer))
    parent.start()
    child = answer.get(timeout=300)
    try:
        assert in_use(tmp_path)
        parent.kill()
        parent.join()
        assert not in_use(tmp_path)
    finally: os.kill(child, signal.SIGKILL)


# ---- Not a number

def bad_from(update, classes=(3,)):
    "DM, but the loss of some classes is NaN from an update on"
    dm = get_method('dm')
    def match(net, real, syn, step):
        loss = dm.match(net, real, syn, step)
        return loss * float('nan') if step.iteration + 1 >= update and set(syn.y.tolist()) & set(classes) else loss
    return CustomMatching(match, name='bad', settings=dm.settings)


def test_a_loss_that_is_not_a_number_stops_the_run_with_the_last_good_set(data, tmp_path):
    good = condense(data, 'dm', 1, **SMALL, iterations=4)
    with pytest.raises(NotFiniteError) as e: condense(data, bad_from(5), 1, checkpoint=tmp_path, **SMALL, iterations=9)
    for words in ("bad: the loss of class '3' is nan at update 5 of 9", 'image_lr'): assert words in str(e.value)
    assert torch.equal(e.value.set.images, good.images) and len(e.value.set.losses) == 4
    tensors, about = Checkpoints(tmp_path).read()
    assert about['step'] == 4 and torch.equal(tensors['images'], good.images)
    with pytest.raises(NotFiniteError, match='all classes'):
        condense(data, bad_from(2, range(10)), 1, **SMALL, iterations=9)


def test_looking_at_many_updates_at_once_goes_back_to_a_good_one(data):
    "As on a GPU, where looking after every update would make it wait"
    state = Run(data, bad_from(12), 1, net='convnet-w4', device='cpu', real_batch=4, iterations=30, host=Alone).state
    state.run.host.every = 7
    with pytest.raises(NotFiniteError, match='at update 12 of 30'):
        for _ in steps(state): pass
    assert state.step == len(state.losses) == 7
    assert torch.equal(state.set().images, condense(data, 'dm', 1, **SMALL, iterations=7).images)
    state = Run(data, bad_from(5), 1, net='convnet-w4', device='cpu', real_batch=4, iterations=6, host=Alone).state
    state.run.host.every = 100
    with pytest.raises(NotFiniteError, match='at update 5 of 6'):     # found at the end
        for _ in steps(state): pass
    assert state.step == 0 and state.set().images.isfinite().all()


def test_a_network_that_runs_away_is_named(data):
    with pytest.raises(NotFiniteError, match='weights of the network reach .* try a lower net_lr than 1e\\+30'):
        condense(data, 'dc', 1, **dict(LOOPS, net_lr=1e30))


def test_the_command_writes_the_last_good_set(tmp_path, capsys):
    out = tmp_path/'out'
    assert main(['digits', '--image-lr', '1e25', '--iterations', '9', *SHORT, '--out', str(out)]) == 1
    said = capsys.readouterr().err
    assert 'try a lower image_lr than 1e+25' in said and f'is in {out}' in said and 'Traceback' not in said
    assert SyntheticSet.load(out/'synthetic.safetensors').images.isfinite().all() and not (out/'report.json').exists()


# ---- Classes at a time

@pytest.mark.parametrize('chunk', [3, 99])
def test_classes_at_a_time_change_nothing_but_rounding(chunk, data):
    few = dict(SMALL, iterations=2)
    one, many = (condense(data, 'dm', [2] + [1]*9, class_chunk=n, **few) for n in (None, chunk))
    torch.testing.assert_close(many.images, one.images, rtol=1e-3, atol=1e-3)
