"An update as one program: the images of the plain path, from fixed tensors, recorded and replayed on a simulated GPU"
import warnings
import weakref
from dataclasses import replace

import pytest
import torch
from simcuda import SimCuda
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

import dataset_condensation.one_program as one
from dataset_condensation.all import *  # noqa: F403
from dataset_condensation.augmentation import Augment
from dataset_condensation.beyond import EXPERTS, snapshots
from dataset_condensation.checkpoints import Checkpoints
from dataset_condensation.condensation import CustomMatching, Run, steps
from dataset_condensation.distribution_matching import Parts
from dataset_condensation.gpu_training import Speed
from dataset_condensation.gradient_matching import GradientMatching, mse
from dataset_condensation.machine import NotFiniteError
from dataset_condensation.multi_level_matching import Both, Inter, Interleaved, MultiLevelMatching

from test_device import OLD, cpu, cut, last, one_thread, tall  # noqa: F401  fixtures

pytestmark = pytest.mark.skipif(OLD, reason='this torch differentiates group norm twice in a shape that the simulated GPU lacks')

WHOLE = Speed(whole=True)
SMALL = dict(net='convnet-w4', real_batch=6)
LOOP = dict(iterations=2, outer=2, inner=2)
METHODS_OF = dict(dm=dict(iterations=4), dc=LOOP, dsa=LOOP, delving=dict(LOOP, inner=1))


@pytest.fixture
def sim():
    with SimCuda() as sim: yield sim


@pytest.fixture(scope='module')
def digits(): return only_classes(load_dataset('digits'), range(3))


def run(data, method, speed='plain', ipc=2, device='cpu', **kw):
    return last(condensing(data, method, ipc, seed=3, device=device, speed=speed, **{**SMALL, **kw}))


def apart(a, b, data, method, most=1e-4, ipc=2, **kw):
    "The two runs are the same but for rounding, which is small beside what changed"
    first = cpu(next(condensing(data, method, ipc, seed=3, speed='plain', **{**SMALL, **kw, 'image_lr': 1e-12})).images)
    a, b = cpu(a.images), cpu(b.images)
    assert ((a - b).norm() / (a - first).norm()).item() < most


# ---- The same images

@pytest.mark.parametrize('method, kw', [*METHODS_OF.items(), ('dm', dict(iterations=3, factor=2)), ('dm-plain', dict(iterations=3)),
    ('dsa', dict(LOOP, factor=2, inner_batch=7)), ('dm', dict(iterations=3, net='mlp')), ('dc', dict(LOOP, net='lenet')),
    ('dm', dict(iterations=3, augment='dc')), ('dm', dict(iterations=3, image_opt='adam', schedule='cosine')), ('delving-m', LOOP)], ids=str)
def test_it_gives_the_images_of_the_plain_path(digits, method, kw):
    a, b = run(digits, method, **kw), run(digits, method, WHOLE, **kw)
    assert b.run.engine and not a.run.engine and a.passes == b.passes
    apart(a, b, digits, method, **kw)
    torch.testing.assert_close(torch.stack(a.losses).detach(), torch.stack(b.losses), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize('method', [GradientMatching(mse, name='m'), GradientMatching('cos', name='m'), MultiLevelMatching(level=Both(0.3), name='m'),
    MultiLevelMatching(level=Inter(), name='m'), MultiLevelMatching(level=Interleaved(), name='m'), MultiLevelMatching(level=Both(0.), name='m')],
    ids=['mse', 'cos', 'both levels', 'classes together', 'in turns', 'no second level'])
def test_any_distance_and_every_level(digits, method):
    kw = dict(iterations=3, outer=2, inner=1, init='real')
    a, b = run(digits, method, **kw), run(digits, method, WHOLE, **kw)
    assert b.run.engine
    apart(a, b, digits, method, **kw)


def test_experts_too(digits):
    experts = replace(EXPERTS, networks=snapshots(digits, 2, 'convnet-w4', replace(EXPERTS.training, epochs=2), progress=False))
    a, b = (run(digits, experts, s, iterations=4, factor=2) for s in ('plain', WHOLE))
    assert b.run.engine
    apart(a, b, digits, experts, iterations=4, factor=2)


@pytest.mark.parametrize('mode', ['one', 'each'])
@pytest.mark.parametrize('family', ['color', 'crop', 'cutout', 'flip', 'scale', 'rotate'])
def test_a_row_of_a_table_does_what_the_draw_does(mode, family):
    x, augment = torch.randn(5, 3, 12, 10, generator=gen(0)), Augment(family, mode)
    for k in range(5):
        draw, own = augment.draw(1, gen(k), (12, 10), shared=True), augment.draw(5, gen(k), (12, 10))
        torch.testing.assert_close(one.changed(x, one.table(draw), {family}), draw(x), rtol=1e-5, atol=1e-5)
        found = one.changed(x, one.table(own, 5), set(one.PLACES) | {family, 'color', 'cutout'}, shared=False)
        torch.testing.assert_close(found, own(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('kw', [dict(net='convnet-w4-bn'), dict(sampling='strata', iterations=2), dict(ipc=[1, 2, 1]), dict(real_batch=10**4),
    dict(augment=lambda x: x), dict(augment=Augment(mode='all')), dict(class_chunk=1)],
    ids=['batch norm', 'strata', 'sizes', 'large batch', 'a function', 'all at once', 'chunks'])
def test_what_is_no_program_runs_as_ever(digits, kw):
    kw = dict(iterations=2) | kw
    a, b = run(digits, 'dm', **kw), run(digits, 'dm', WHOLE, **kw)
    assert b.run.engine is None
    apart(a, b, digits, 'dm', **kw)


def test_nor_is_a_loss_of_your_own(digits):
    own = CustomMatching(lambda net, real, syn, step: (net.embed(real.x).mean(0) - net.embed(syn.x).mean(0)).square().sum(), name='own')
    assert run(digits, own, WHOLE, iterations=2).run.engine is None

    class Mine(GradientMatching): pass
    assert run(digits, Mine(name='mine'), WHOLE, **LOOP).run.engine is None


# ---- Several seeds

def test_seeds_together_are_seeds_alone(digits):
    found = condense_seeds(digits, 'dsa', 2, (3, 8), device='cpu', speed=WHOLE, progress=False, **SMALL, **LOOP)
    for seed, small in zip((3, 8), found):
        alone = condense(digits, 'dsa', 2, seed, device='cpu', speed=WHOLE, progress=False, **SMALL, **LOOP)
        assert torch.equal(small.images, alone.images) and small.info['seed'] == seed
    with pytest.raises(ValueError, match='`seeds`.*at least one'): condense_seeds(digits, 'dm', seeds=())
    with pytest.raises(ValueError, match='computes images'): condense_seeds(digits, 'random')


def test_on_a_gpu_each_has_a_stream_of_its_own_and_none_waits(sim, tall):
    kw = dict(device='cuda', speed='float32', progress=False, **SMALL, iterations=6)
    alone = [condense(tall, 'dm', 2, seed, **kw) for seed in (3, 8)]
    sim.reset()
    sim.order.clear()
    found = condense_seeds(tall, 'dm', 2, (3, 8), **kw)
    for a, b in zip(alone, found): assert torch.equal(a.images, b.images)
    turns = sim.order
    assert len(turns) == 12 and turns[::2] == turns[:1] * 6 and turns[1::2] == turns[1:2] * 6 and turns[0] is not turns[1]
    assert sim.stream not in turns


# ---- On the simulated GPU: recorded once, replayed from the same places

MOST = dict(dm=400, dc=700, dsa=950, delving=900)      # launches of an update


@pytest.mark.parametrize('method, kw', METHODS_OF.items())
def test_what_is_replayed_gives_the_images_of_the_cpu(sim, tall, method, kw):
    a, b = run(tall, method, **kw), run(tall, method, 'float32', device='cuda', **kw)
    programs = b.run.engine.stage.programs
    assert programs and all(p.graph for p in programs.values())
    apart(a, b, tall, method, **kw)
    for key, p in programs.items():
        n = sum(p.graph.launches.values())
        assert n <= (MOST[method] if isinstance(key, tuple) else 40 + 80 * (method == 'dsa')), (key, n, p.graph.launches)


@pytest.mark.parametrize('method, kw', METHODS_OF.items())
def test_in_the_steady_state_it_gives_a_few_orders_and_waits_for_nothing(sim, tall, method, kw):
    kw = dict(kw, iterations=8) if method == 'dm' else dict(kw, iterations=1, outer=6)
    for s in condensing(tall, method, 2, device='cuda', **SMALL, **kw):
        if s.step == 3: sim.reset()
        if s.step == 5: break
    n = sim.totals()
    assert n['copies'] == n['waits'] == 0, (sim.copies, sim.waits)
    assert n['launches'] <= 2 * 60 and n['ahead'] <= 2 * 4, sim.launches
    assert not sim.atomic


def test_images_that_stay_on_the_cpu_are_sent(sim, tall):
    there = tall.to('cpu')
    a, b = run(there, 'dm', iterations=3), run(there, 'dm', 'float32', device='cuda', iterations=3)
    assert b.run.engine and not b.run.engine.near
    apart(a, b, there, 'dm', iterations=3)


def test_what_cannot_be_recorded_runs_one_by_one(sim):
    x, seen = torch.ones(3, device='cuda'), []
    with pytest.warns(UserWarning, match='cannot be recorded.*not permitted when stream is capturing'):
        f = one.Launched(lambda: (x.add_(1), seen.append(x.sum().item())), (x,), 'pool')
    assert not f.graph and cpu(x).tolist() == [1, 1, 1]       # put back
    f()
    assert cpu(x).tolist() == [2, 2, 2]


def test_a_replay_reads_what_lies_in_place_now(sim):
    x, y = torch.arange(3., device='cuda'), torch.zeros(3, device='cuda')
    f = one.Launched(lambda: y.add_(2 * x), (y,), 'pool')
    x.copy_(torch.ones(3, device='cuda'))
    f(), f()
    assert f.graph and cpu(y).tolist() == [4, 4, 4]


def test_too_large_for_the_memory_it_goes_on_class_by_class(sim, tall, monkeypatch):
    want, match, tried = run(tall, 'dc', **LOOP), one.OneProgram.match, []
    def full(self, odd):
        tried.append(1)
        if self.run.state.step: raise torch.OutOfMemoryError('full')
        match(self, odd)
    monkeypatch.setattr(one.OneProgram, 'match', full)
    monkeypatch.setattr(one.Launched, 'record', lambda self, pool: None)
    with pytest.warns(UserWarning, match='do not fit into the memory'): got = run(tall, 'dc', 'float32', device='cuda', **LOOP)
    assert got.run.engine is None and len(tried) == 2
    apart(want, got, tall, 'dc', **LOOP)


# ---- Memory

class Held(TorchDispatchMode):
    "Counts the bytes of tensors that are alive"
    now = peak = 0
    def __init__(self):
        super().__init__()
        self.known = {}

    def gone(self, key): self.now -= self.known.pop(key)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for s in (t.untyped_storage() for t in tree_flatten(out)[0] if isinstance(t, torch.Tensor)):
            if s._cdata in self.known: continue
            self.known[s._cdata] = s.nbytes()
            self.now += s.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(s, self.gone, s._cdata)
        return out


@pytest.mark.parametrize('ipc, real_batch', [(1, 10), (10, 2)])
@pytest.mark.parametrize('method', ['dm', 'dm-plain', 'dc', 'dsa', 'delving-md'])
def test_an_update_takes_no_more_memory_than_the_formula_says(tall, method, ipc, real_batch):
    loop = {} if method.startswith('dm') else dict(outer=3, inner=0)
    state = next(condensing(tall, method, ipc, device='cpu', speed=WHOLE, net='convnet-w8', real_batch=real_batch, iterations=3, **loop))
    with Held() as held: state.run.engine.match(False)
    assert held.peak <= one.bytes_needed(state.run) <= 4 * held.peak


def test_what_will_not_fit_is_not_begun(tall):
    with SimCuda(free=2**20):
        assert run(tall, 'dm', 'float32', device='cuda', iterations=2).run.engine is None


# ---- Many networks side by side

@pytest.mark.parametrize('recipe', ['dc', 'dsa', 'dc-mnist', 'dc-bn'])
def test_networks_side_by_side_get_what_they_get_alone(digits, recipe):
    small, recipe = first_images(digits, 3, 'real'), train_recipe(recipe, epochs=4, batch=4)     # batches of 4 and 5 images
    a, b = (evaluate(small, digits, 'convnet-w4', 3, recipe, device='cpu', speed=s, keep=True) for s in ('plain', WHOLE))
    assert a.accuracies == pytest.approx(b.accuracies, abs=0.5)
    for p, q in zip(a.networks[2].parameters(), b.networks[2].parameters()): torch.testing.assert_close(p, q, rtol=1e-3, atol=1e-5)
    assert accuracy(b.networks[1], digits.test) == pytest.approx(b.accuracies[1])


@pytest.mark.parametrize('recipe, nets', [('dc', 2), ('dsa', 2), ('dsa', 4)])
def test_a_step_of_all_networks_is_one_program(sim, tall, recipe, nets):
    small, recipe, made = first_images(tall, 2, 'real'), train_recipe(recipe, epochs=3), []
    launched = one.Launched.__init__
    def note(self, *a):
        launched(self, *a)
        made.append(self)
    one.Launched.__init__ = note
    try: got = evaluate(small, tall, 'convnet-w4', nets, recipe, device='cuda', speed='float32')
    finally: one.Launched.__init__ = launched
    program, = made
    assert program.graph and sum(program.graph.launches.values()) <= 320, program.graph.launches
    want = evaluate(small, tall, 'convnet-w4', nets, recipe, device='cpu', speed='plain')
    assert got.accuracies == pytest.approx(want.accuracies)


def test_where_networks_do_not_fit_together_they_take_turns(sim, tall, monkeypatch):
    def full(*a): raise torch.OutOfMemoryError('full')
    monkeypatch.setattr(one.SideBySide, 'train', full)
    small, recipe = first_images(tall, 1, 'real'), train_recipe('dc', epochs=2)
    with pytest.warns(UserWarning, match='do not fit into memory together'):
        got = evaluate(small, tall, 'convnet-w4', 2, recipe, device='cuda', speed='float32')
    assert got.accuracies == pytest.approx(evaluate(small, tall, 'convnet-w4', 2, recipe, device='cpu', speed='plain').accuracies)


# ---- Stopped and resumed

@pytest.mark.parametrize('method, kw', [('dm', dict(iterations=4)), ('dsa', dict(iterations=2, outer=3, inner=1)), ('delving-md', dict(iterations=1, outer=4, inner=2))])
@pytest.mark.parametrize('step', [1, 2, 3])
def test_it_resumes_to_the_same_bits(digits, tmp_path, method, kw, step):
    how = dict(seed=5, speed=WHOLE, device='cpu', **SMALL, **kw)
    want = condense(digits, method, 2, progress=False, **how)
    cut(running(digits, method, 2, **how), step, tmp_path)
    got = last(running(digits, method, 2, resume_from=Checkpoints(tmp_path), **how))
    assert got.run.engine and torch.equal(want.images, got.set().images) and torch.equal(want.losses, got.set().losses)


@pytest.mark.parametrize('at', [1, 2, 3])
def test_ctrl_c_in_an_update_returns_the_set_and_the_same_call_resumes(digits, tmp_path, monkeypatch, at):
    how = dict(seed=5, speed=WHOLE, device='cpu', progress=False, **SMALL, iterations=2, outer=2, inner=1)
    want, update, calls = condense(digits, 'dsa', 2, **how), one.OneProgram.update, []
    def interrupted(self, step):
        calls.append(step)
        if len(calls) == at: raise KeyboardInterrupt
        return update(self, step)
    monkeypatch.setattr(one.OneProgram, 'update', interrupted)
    some = condense(digits, 'dsa', 2, checkpoint=tmp_path, on_interrupt='return', **how)
    assert some.info['updates'] == at - 1
    got = condense(digits, 'dsa', 2, checkpoint=tmp_path, **how)
    assert torch.equal(got.images, want.images) and torch.equal(got.losses, want.losses)


def test_a_loss_that_is_no_number_brings_the_run_back(digits):
    with pytest.raises(NotFiniteError, match='image_lr') as e:
        condense(digits, 'dm', 2, speed=WHOLE, device='cpu', progress=False, **SMALL, iterations=30, image_lr=1e30)
    assert e.value.state.images.isfinite().all()


def test_warnings_are_for_faults_only(digits):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        run(digits, 'dsa', WHOLE, **LOOP)


# ---- Sets of several sizes at once

@pytest.mark.parametrize('speed, factor', [('plain', 1), (WHOLE, 2)])
def test_sizes_that_are_made_together_are_what_they_are_alone(digits, speed, factor):
    how = dict(device='cpu', speed=speed, iterations=3, factor=factor, seed=3, **SMALL)
    run_ = Run(digits, replace(METHODS['dm'], distance=Parts((1, 2))), 3, **how)
    before, sets = run_.state.images.detach().clone().unflatten(0, (3, 3)), []
    together = last(steps(run_.state)).images.detach().unflatten(0, (3, 3))
    for part in (slice(0, 1), slice(1, 3)):
        alone = Run(digits, 'dm', part.stop - part.start, **how)
        with torch.no_grad(): alone.mine.copy_(before[:, part].flatten(0, 1))
        sets.append(last(steps(alone.state)).images.detach().unflatten(0, (3, -1)))
    assert (together - torch.cat(sets, 1)).norm() < 1e-4 * (together - before).norm()


def test_condense_sizes_gives_one_set_for_each_size(digits):
    found = condense_sizes(digits, (1, 3), progress=False, **SMALL, iterations=2)
    assert [s.ipc for s in found] == [[1] * 3, [3] * 3] and all(s.classes == digits.classes for s in found)
    with pytest.raises(ValueError, match='DM, whose loss'): condense_sizes(digits, (1, 3), 'dc')
    with pytest.raises(ValueError, match='`sizes` is 0'): condense_sizes(digits, (0, 3))
