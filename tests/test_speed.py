"Quicker ways to the same numbers: the textbook loop of the benchmark, the plain way and ours agree"
import sys
import warnings
from pathlib import Path
from threading import Barrier, Thread

import pytest
import torch

from dataset_condensation import fast_cpu, gpu_training
from dataset_condensation.all import Speed, evaluate, gen, get_compute, load_dataset, make_net, train_recipe
from dataset_condensation.gradient_matching import class_gradient
from dataset_condensation.names import SPEEDS
from dataset_condensation.training import PLAIN

sys.path.insert(0, str(Path(__file__).parent.parent/'benchmarks'))
import speed as bench  # noqa: E402
from float32 import flags, float32  # noqa: E402


@pytest.fixture(autouse=True, scope='module')
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def relative(a, b): return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize('method, shape', [(m, 'mnist') for m in bench.METHODS] + [('dsa', 'cifar10')])
def test_the_textbook_loop_and_ours_give_the_same_loss_and_gradient(method, shape):
    case = bench.Case(method, 1, shape, real=8, net='convnet-w8')
    found = {}
    for side in ('textbook', 'plain', 'float32', 'bfloat16'):
        loss = case.run(side).item()
        found[side] = loss, case.images.grad.clone()
    loss, grad = found['textbook']
    for side, loose in (('plain', 1), ('float32', 1), ('bfloat16', 100)):
        assert abs(found[side][0] - loss) < 1e-4 * loose * abs(loss), side
        assert relative(found[side][1], grad) < 2e-3 * loose, side


@pytest.mark.parametrize('name, speed', [(n, 'float32') for n in ('convnet-w8', 'convnet-w8-nopool-leakyrelu', 'convnet-w8-bn', 'mlp-w16')]
                         + [(n, 'bfloat16') for n in ('convnet-w8', 'convnet-w8-maxpool', 'lenet')])
def test_every_network_trains_and_tests_as_the_plain_way_does(name, speed):
    data = load_dataset('digits')
    small = data.train
    x, y = small.take(torch.arange(0, len(small), 97))
    nets = [make_net(name, data, generator=gen(3)) for _ in range(2)]
    compute = get_compute(speed, data)
    l0, g0 = torch.nn.functional.cross_entropy(nets[0](x), y), class_gradient(nets[0], x, y)
    l1, g1 = compute.loss_and_gradient(nets[1], x, y)
    loose = 1 if speed == 'float32' else 100
    assert abs(l0.item() - l1.item()) < 1e-4 * loose
    assert relative(torch.cat([g.flatten() for g in g1]), torch.cat([g.flatten() for g in g0])) < 2e-3 * loose
    with torch.no_grad(): assert relative(compute.scores(nets[1], x), nets[0](x)) < 1e-3 * loose


@pytest.mark.parametrize('name', ['convnet-w8', 'convnet-w8-bn', 'lenet'])
@pytest.mark.parametrize('speed, matching, training', [('float32', False, False), ('bfloat16', True, False), ('bfloat16-training', True, True)])
def test_a_name_says_what_is_computed_in_16_bits(name, speed, matching, training):
    data = load_dataset('digits')
    x, y = data.train.take(torch.arange(0, len(data.train), 97))
    plain, quick = (make_net(name, data, generator=gen(3)) for _ in range(2))
    compute = get_compute(speed, data)
    want = torch.cat([g.flatten() for g in class_gradient(plain, x, y)])
    for half, way in ((matching, False), (training, True)):
        error = relative(torch.cat([g.flatten() for g in compute.loss_and_gradient(quick, x, y, training=way)[1]]), want)
        assert 2e-4 < error < 0.2 if half else error < 1e-4, (way, error)


def test_an_evaluation_is_the_same_within_a_percent_or_two():
    data = load_dataset('digits')
    a, b = (evaluate(data, data, 'convnet-w8', 2, train_recipe('whole', epochs=1), speed=s) for s in ('plain', 'float32'))
    assert all(abs(p - q) < 2 for p, q in zip(a.accuracies, b.accuracies)), (a, b)


def test_threads_of_the_pool_never_wait_for_each_other():
    "Whatever number of threads is set after they began: their work used to be divided once more, among themselves"
    torch.set_num_threads(2)
    found, both = [], Barrier(2)
    jobs = fast_cpu.begin_jobs(lambda i: both.wait(60), [0, 1], 2)     # two threads begin, and nothing is computed yet
    for j in jobs: j.result(60)
    torch.set_num_threads(2)
    data = load_dataset('digits')
    run = Thread(target=lambda: found.append(evaluate(data, data, 'convnet-w8', 2, train_recipe('whole', epochs=1), speed='float32')), daemon=True)
    run.start()
    run.join(120)
    torch.set_num_threads(1)
    assert found, 'it hangs'


def test_the_number_of_threads_decides_the_bits_and_nothing_else():
    net = make_net('convnet-w16', shape=(3, 32, 32), n_classes=10)
    compute = get_compute('float32', net)
    x, y = torch.randn(40, 3, 32, 32, generator=gen(1)), torch.arange(40) % 10
    torch.set_num_threads(2)
    first, second = compute.gradient(net, x, y), compute.gradient(net, x, y)
    assert all(torch.equal(p, q) for p, q in zip(first, second))
    torch.set_num_threads(1)
    alone = compute.gradient(net, x, y)
    assert relative(torch.cat([g.flatten() for g in alone]), torch.cat([g.flatten() for g in first])) < 1e-4


def test_compiled_networks_give_the_same_and_a_failure_falls_back(monkeypatch):
    from dataset_condensation import gpu_training as g
    net = make_net('convnet-w8-maxpool', shape=(1, 28, 28), n_classes=10)
    x, y = torch.randn(8, 1, 28, 28, generator=gen(1)), torch.arange(8)
    want = class_gradient(net, x, y)
    calls = []
    monkeypatch.setattr(g, '_programs', {})
    monkeypatch.setattr(torch, 'compile', lambda f, **kw: lambda *a: calls.append(kw) or f(*a))
    compute = Speed(compile=True, by_hand=False).compute(net, torch.device('cpu'))
    got = compute.gradient(net, x, y)
    assert calls and relative(torch.cat([p.flatten() for p in got]), torch.cat([p.flatten() for p in want])) < 1e-4
    def broken(f, **kw):
        def call(*a): raise RuntimeError('no compiler')
        return call
    monkeypatch.setattr(g, '_programs', {})
    monkeypatch.setattr(g, '_failed', [])
    monkeypatch.setattr(torch, 'compile', broken)
    with pytest.warns(UserWarning, match='torch.compile failed.*no compiler'): got = compute.gradient(net, x, y)
    assert relative(torch.cat([p.flatten() for p in got]), torch.cat([p.flatten() for p in want])) < 1e-4


def test_auto_leaves_small_images_alone_and_names_are_known():
    assert {'auto', 'float32', 'bfloat16', 'bfloat16-training', 'tf32', 'gpu'} <= set(SPEEDS)
    assert get_compute('auto', load_dataset('digits'), 'cpu') is PLAIN


def test_what_a_compiled_network_gives_is_kept_as_a_copy():
    "A CUDA graph writes its next results over its last; so does this stand-in"
    from dataset_condensation.gpu_training import Compiled
    net, memory = make_net('convnet-w8', shape=(1, 8, 8), n_classes=3, generator=gen(0)), {}
    def compiled(what, net, dtype):
        def f(x):
            out = net.embed(x)
            return memory.setdefault(what, torch.empty_like(out)).copy_(out)
        return f
    fast = Compiled(Speed(compile=True), torch.device('cpu'))
    fast.compiled = compiled
    x = torch.randn(2, 4, 1, 8, 8, generator=gen(1))
    with torch.no_grad():
        first = fast.embed(net, x[0])
        fast.embed(net, x[1])
        assert torch.equal(first, net.embed(x[0].contiguous(memory_format=torch.channels_last)))


def test_a_rate_is_measured_over_products_that_take_a_tenth_of_a_second(monkeypatch):
    made, seconds = [], 0.004
    class Square:
        def to(self, dtype): return self
        def __matmul__(self, other): made.append(1)
    def clock(f, device):
        before = len(made)
        f()
        return seconds * (len(made) - before)
    monkeypatch.setattr(bench.torch, 'randn', lambda *shape, device: made.clear() or Square())
    monkeypatch.setattr(bench, 'clock', clock)
    for kind, n in (('cpu', 2048), ('cuda', 8192)):
        device = torch.device(kind)
        for precision in ('float32', 'bfloat16'):
            assert bench.matmul_rate(precision, device) == pytest.approx(2 * n**3 / seconds)
            assert len(made) >= 3 * 0.1 / seconds
    assert set(bench.matmul_rates(torch.device('cpu'))) == {'float32', 'bfloat16'}
    assert set(bench.matmul_rates(torch.device('cuda'))) == {'float32', 'tf32', 'bfloat16'}


def test_what_float32_is_is_set_for_a_block():
    before = flags()
    for how, said in (('ieee', ('ieee', False)), ('tf32', ('tf32', True))):
        with pytest.raises(KeyError), float32(how):
            assert all(f in said for f in flags()), flags()
            raise KeyError
        assert flags() == before
    with float32(): assert flags() == before


@pytest.mark.parametrize('speed', ['plain', 'auto', 'float32', 'tf32', 'bfloat16', 'bfloat16-all'])
@pytest.mark.parametrize('native', [True, False])
def test_16_bits_in_software_are_warned_of(native, speed, monkeypatch):
    "A processor that has them says nothing, and neither do 32 bits"
    monkeypatch.setattr(gpu_training, 'native_bfloat16', lambda device=None: native)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        get_compute(speed, load_dataset('digits'), 'cpu')
    assert ['16-bit numbers in software' in str(w.message) for w in said] == [True] * ('bfloat16' in speed and not native)
