"""Does all of it work on the GPU? Each item alone, compared with the CPU, within a stated tolerance.

    python benchmarks/gpu/smoke.py                         # at most 90 s: $OUT/smoke.json, and a line for each item
    python benchmarks/gpu/smoke.py --device cpu --tiny     # the same items where there is no GPU
    python benchmarks/gpu/smoke.py --only update run       # items whose names begin so

Items say what should hold. PyTorch's flags stay at their defaults, as a user has them.
"""
import argparse
import os
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from items import supervise, work

LIMIT = 90.


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--device', default='cuda')
    p.add_argument('--tiny', action='store_true', help='narrow networks and small batches, to see that it works')
    p.add_argument('--limit', type=float, default=LIMIT, help=f'seconds, {LIMIT:.0f} if not given')
    p.add_argument('--only', nargs='+', default=[''], metavar='NAME', help='items whose names begin so')
    p.add_argument('--few', action='store_true', help='of items that differ in an argument only the first and the last')
    p.add_argument('--worker', type=float, help=argparse.SUPPRESS)    # the time at which it ends
    return p.parse_args()


args = arguments()
OUT = Path(os.environ.get('OUT') or Path(__file__).resolve().parents[2]/'runs'/'gpu')
LOG = OUT/'smoke.jsonl'


def drive():
    "Watch the worker, write the result"
    import json
    found = supervise([sys.executable, __file__, *sys.argv[1:], '--worker'], LOG, args.limit)
    found = dict(settings=dict(device=args.device, tiny=args.tiny, limit=args.limit), **found)
    (OUT/'smoke.json').write_text(json.dumps(found, indent=1, default=str) + '\n')
    LOG.unlink(missing_ok=True)
    bad = {r['name']: r.get('error', '')[-160:] for r in found['items'] if r['status'] not in ('ok', 'skipped')}
    print(json.dumps(dict(tally=found['tally'], failed=bad)))
    return 1 if bad or not found['items'] else 0


if args.worker is None: sys.exit(drive())


# ---- The worker

warnings.simplefilter('ignore')
os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')     # without it products don't repeat to the bit
import kit  # noqa: E402
import torch  # noqa: E402
from kit import gen, relative  # noqa: E402

from dataset_condensation.adaptive_steps import Schedule
from dataset_condensation.condensation import CustomMatching, condensing
from dataset_condensation.gpu_training import Speed
from dataset_condensation.machine import NotFiniteError
from dataset_condensation.coresets import first_images
from dataset_condensation.runs import condense, running, save_checkpoint
from dataset_condensation.coresets import random_set
from dataset_condensation.names import get_method
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.gradient_matching import class_gradient  # noqa: E402
from dataset_condensation.networks import make_net  # noqa: E402
from dataset_condensation.training import PLAIN, SyntheticSet, evaluate, get_compute, train_recipe

DEV, CUDA = args.device, args.device != 'cpu'
METHODS = ('dm', 'dm-plain', 'dc', 'dsa', 'delving-m', 'delving-md')
WIDE, NARROW, REAL = ('convnet-w8', 'convnet-w8', 6) if args.tiny else ('convnet', 'convnet-w16', 64)
# What the images' gradient, and the loss, may be away from the CPU's
STATED = dict(plain=(2e-3, 1e-4), auto=(5e-2, 5e-3), bfloat16=(2e-1, 1e-2), gpu=(2e-1, 1e-2))
EXACT = ('plain', 'float32')     # speeds that promise float32
REPEATS = 'deterministic'
ITEMS = []


def item(limit=20., gpu=False, **ways):
    "An item, or one for each value of an argument; `gpu`: only where there is one"
    def keep(f):
        if not ways: ITEMS.append((f.__name__, f, limit, gpu))
        for (_, values), in [ways.items()] if ways else ():
            for v in (values[0], values[-1]) if args.few else values:
                name = v if isinstance(v, str) else ' '.join(map(str, v))
                ITEMS.append((f'{f.__name__} {name}', lambda v=v: f(v), limit, gpu))
        return f
    return keep


def hold(value, most, what='error'):
    if not value <= most: raise AssertionError(f'{what} is {value:.3g}, stated {most:.3g}')
    return value


DATA = {}
def data(name='digits'):
    if name not in DATA:
        n, tests = (1000, 200) if args.tiny else (5000, 1000)
        DATA[name] = load_dataset('digits') if name == 'digits' else kit.photos(n, tests)
    return DATA[name]


def updated(method, speed, device, net=WIDE, real=REAL, seed=0, on='photos'):
    "Loss of a first update and the images' change in it: their gradient times a large step"
    d = data(on)
    start = first_images(d, 2, 'noise', seed).images
    kw = dict(iterations=1, real_batch=real, init='noise', image_lr=1e6)
    s = next(running(d, method, 2, seed=seed, net=net, device=device, speed=speed, **kw))
    return s.loss, s.images.detach().cpu() - start


REFERENCE = {}
def reference(*key, **kw):
    "The same the plain way on the CPU, computed once"
    if (k := str((key, kw))) not in REFERENCE: REFERENCE[k] = updated(key[0], 'plain', 'cpu', *key[1:], **kw)
    return REFERENCE[k]


def run(method, device, speed='plain', on='digits', net='convnet-w16', ipc=2, real=16, **kw):
    "A run's last state"
    d = data(on) if isinstance(on, str) else on
    for s in running(d, method, ipc, net=net, device=device, real_batch=real, speed=speed, **kw): pass
    return s


def few(method, **kw):
    "A few updates, with training between them where the method trains"
    return dict(iterations=3) if method.startswith('dm') else dict(iterations=2, outer=2, inner=1) | kw


def counted(name):
    "A method, and how many classes it was given each time"
    m, calls = get_method(name), []
    def match(net, real, syn, *rest):
        calls.append(len(syn.sizes))
        return m.match(net, real, syn, *rest)
    return CustomMatching(match, name=m.name, settings=m.settings), calls


def bits(a, b):
    "'' where they are the same bits, else how far they are apart"
    a, b = a.detach().cpu(), b.detach().cpu()
    if torch.equal(a, b): return ''
    return f'{(a != b).float().mean():.0%} of the pixels differ, by up to {(a - b).abs().max():.2g}'


# ---- The machine

@item()
def environment():
    return dict(float32=kit.flags(), deterministic=torch.are_deterministic_algorithms_enabled(), stand_ins=kit.STAND_INS)


@item()
def rates():
    "Products, copies, launches"
    large = CUDA and not args.tiny
    n, found = 8192 if large else 256, {}
    single = torch.float32
    for name, dtype, how in (('bfloat16', torch.bfloat16, None), ('tf32', single, 'tf32'), ('float32', single, 'ieee')):
        a = torch.randn(n, n, device=DEV).to(dtype)
        with kit.float32(how): found[f'{name}_tflops'] = 2*n**3 / kit.median_ms(lambda: a @ a, DEV, 5) / 1e9
    a = torch.empty(2**30 if large else 2**20, device=DEV, dtype=torch.uint8)
    b, x, y = torch.empty_like(a), torch.zeros(1, device=DEV), torch.zeros(13)
    found['copy_tb_s'] = 2*a.numel() / kit.median_ms(lambda: b.copy_(a), DEV, 5) / 1e9
    found['launch_us'] = kit.median_ms(lambda: [x.add_(1) for _ in range(200)], DEV, 10)*5
    found['blocking_copy_us'] = kit.median_ms(lambda: [y.to(DEV) for _ in range(50)], DEV, 10)*20
    return found


# ---- The pieces

@item()
def data_on_the_device_gives_the_same_draws():
    d, on = data('photos'), data('photos').to(DEV)
    a, b = d.draw(3, 20, gen(1), DEV), on.draw(3, 20, gen(1), DEV)
    assert not bits(a, b), 'the same draw, other bits'
    assert on.fingerprint() == d.fingerprint()
    return dict(from_the_cpu=hold(relative(b, d.draw(3, 20, gen(1))), 1e-6))


@item()
def weights_are_the_same_bits():
    t = time.perf_counter()
    a = make_net('convnet', data('photos'), generator=gen(5), device=DEV)
    kit.sync(DEV)
    ms = 1e3*(time.perf_counter() - t)
    b = make_net('convnet', data('photos'), generator=gen(5))
    assert all(torch.equal(p.cpu(), q) for p, q in zip(a.parameters(), b.parameters()))
    return dict(ms_of_a_network=ms)


def trained(speed, device):
    "The change of a network's weights in two epochs on images that stay as they are"
    s = run('dc', device, speed, 'photos', WIDE, real=REAL, iterations=1, outer=2, inner=2, image_lr=0.)
    start = make_net(WIDE, data('photos'), generator=gen(0, 'net', 0))
    return torch.cat([(p.detach().cpu() - q.detach()).flatten() for p, q in zip(s.net.parameters(), start.parameters())])


@item(speed=('plain', 'float32', 'auto', 'tf32', 'bfloat16', 'bfloat16-training'))
def precision_of(speed):
    "Is it computed in the precision that the name says, and are PyTorch's flags left as they were?"
    before = kit.flags()
    if 'train' not in REFERENCE: REFERENCE['train'] = trained('plain', 'cpu')
    found = dict(matching=relative(updated('dm-plain', speed, DEV)[1], reference('dm-plain')[1]),
                 training=relative(trained(speed, DEV), REFERENCE['train']))
    quick = get_compute(speed, data('photos'), DEV)
    if quick is not PLAIN:
        x, y = torch.randn(REAL, *data('photos').shape, generator=gen(1)), torch.arange(REAL) % 10
        net, plain = (make_net(WIDE, data('photos'), generator=gen(0), device=d) for d in (DEV, 'cpu'))
        want = class_gradient(plain.double(), x.double(), y)
        with quick.precision(): found['gradient'] = relative(quick.gradient(net, x.to(DEV), y.to(DEV)), want)
    after = kit.flags()
    matching = 1e-4 if speed in EXACT else 2e-1 if speed.startswith('bfloat16') else 1e-2
    training = matching if speed != 'bfloat16' else 1e-2      # matching alone is in 16 bits
    for k in found: hold(found[k], training if k == 'training' else matching, f'{speed}, {k}: {found}; the error')
    if before != after: raise AssertionError(f'the flags were {before} and are {after}')
    return found


@item(way=[(m, s) for s in ('plain', 'auto', 'bfloat16') for m in METHODS])
def update(way):
    method, speed = way
    (l0, g0), (l1, g1) = reference(method), updated(method, speed, DEV)
    gradient, loss = STATED[speed]
    return dict(loss=hold(abs(l1 - l0)/abs(l0), loss, 'loss'), gradient=hold(relative(g1, g0), gradient, 'gradient'))


@item(limit=30., net=('convnet-w8-bn', 'convnet-w8-maxpool', 'mlp-w16', 'lenet', 'resnet18', 'alexnet', 'vgg11-bn'))
def network(net):
    small, found = args.tiny and net in ('resnet18', 'alexnet', 'vgg11-bn'), {}
    for m in ('dm',) if small else ('dm', 'dc'):
        (l0, g0), (l1, g1) = (updated(m, 'plain', d, net, 8, on='digits' if small else 'photos') for d in ('cpu', DEV))
        found[m] = hold(relative(g1, g0), 2e-2, m)
    return found


# ---- Runs

@item(method=(*METHODS, 'delving', 'delving-until-overfit'))
def run_exact(method):
    "A few updates with training between them"
    adaptive = method in ('delving', 'delving-until-overfit')
    kw = dict(iterations=1, outer=2 if args.tiny else 3) if adaptive else few(method)
    if method == 'delving': kw['inner'] = Schedule((2, 1))
    a, b = run(method, 'cpu', **kw), run(method, DEV, **kw)
    start = first_images(data(), 2, a.recipe.init, 0).images
    away = relative(b.images.cpu() - start, a.images - start)
    return dict(images=hold(away, 1e-1, 'change of the images'), epochs=(a.passes, b.passes))


@item(method=('dm', 'dc', 'dsa', 'delving'))
def condense_to_its_end(method):
    "As a user calls it, saved and loaded; once with scores on the way"
    s = condense(data(), method, 2, net='convnet-w16', device=DEV, real_batch=16, progress=False,
                 evaluate_every=2 if method == 'dc' else 0, **few(method))
    with tempfile.TemporaryDirectory() as f:
        s.save(Path(f)/'x.safetensors')
        assert torch.equal(SyntheticSet.load(Path(f)/'x.safetensors').images, s.images)
    return dict(history=s.info.get('history'), updates=s.info['updates'])


@item(way=[('dm', 'plain'), ('dm-plain', 'plain'), ('dc', 'plain'), ('dsa', 'plain'),
           ('dm', 'deterministic'), ('dsa', 'deterministic'), ('delving-md', 'deterministic')])
def twice_the_same_bits(way):
    "Promised of speed='deterministic'; of 'auto' it's found out"
    method, how = way
    speed = 'auto' if how == 'plain' else REPEATS
    a, b = (run(method, DEV, speed, 'photos', WIDE, 2, REAL, **few(method)).images for _ in range(2))
    if how == 'deterministic' and bits(a, b): raise AssertionError(bits(a, b))
    return dict(differ=bits(a, b))


@item(way=[('dm-plain', 2), ('dm', 2), ('dc', 2), ('dc', 3), ('delving-md', 3)])
def resume(way):
    "Stopped after some updates and resumed: the same bits (`dc 3` stops in the middle of a network)"
    method, cut = way
    d, kw = data() if args.tiny else data('photos'), dict(net='convnet-w16', device=DEV, real_batch=16, speed=REPEATS)
    kw |= dict(iterations=5) if method.startswith('dm') else dict(iterations=2, outer=3, inner=2, net_momentum=.5)
    with tempfile.TemporaryDirectory() as f:
        want = [s for s in running(d, method, 2, **kw)][-1].images.detach().clone()
        for s in running(d, method, 2, **kw):
            if s.step == cut: break
        save_checkpoint(s, f)
        got = [s for s in running(d, method, 2, resume_from=f, **kw)][-1].images
    if bits(got, want): raise AssertionError(bits(got, want))


@item()
def killed_before_its_first_update():
    "The checkpoint of the start fixes nothing: resumed, as many classes at a time as in a run that wasn't stopped"
    kw = dict(net='convnet-w16', device=DEV, real_batch=16, iterations=3)
    fresh, want = counted('dm')
    for _ in running(data(), fresh, 2, **kw): pass
    stopped, got = counted('dm')
    def killed(*_): raise KeyboardInterrupt
    kill = [killed]
    method = replace(stopped, loss=lambda *a: kill.pop()() if kill else stopped.match(*a))
    with tempfile.TemporaryDirectory() as f:
        with suppress(KeyboardInterrupt): condense(data(), method, 2, checkpoint=f, progress=False, **kw)
        for _ in running(data(), method, 2, resume_from=f, **kw): pass
    if got[-1] != want[-1]: raise AssertionError(f'classes at a time: {got[-1]} when resumed, {want[-1]} otherwise')
    return dict(classes_at_a_time=want[-1])


@item()
def checkpoint_of_the_device_on_the_cpu():
    kw = dict(net='convnet-w16', real_batch=16, iterations=2, outer=2, inner=1)
    with tempfile.TemporaryDirectory() as f:
        for s in running(data(), 'dc', 2, device=DEV, **kw):
            if s.step == 3: break
        save_checkpoint(s, f)
        return dict(step=[s for s in running(data(), 'dc', 2, device='cpu', resume_from=f, **kw)][-1].step)


@item(init=('noise', 'real', 'centroids'))
def data_on_the_device_init(init):
    return dict(loss=run('dm', DEV, on=data().to(DEV), iterations=2, init=init).loss)


@item(way=('strata', 'factor 2', 'factor 2 centroids'))
def beyond(way):
    kw = dict(sampling='strata') if way == 'strata' else dict(factor=2)
    if 'centroids' in way: kw['init'] = 'centroids'
    return dict(loss=run('dm', DEV, on=data().to(DEV), iterations=2, **kw).loss)


@item(way=[(s, r) for s in ('plain', 'auto', 'bfloat16-training') for r in ('dc', 'dsa')])
def evaluation(way):
    speed, like = way
    small, t = random_set(data(), 5), train_recipe(like, epochs=10 if args.tiny else 60)
    def score(speed, device): return evaluate(small, data(), 'convnet-w16', 2, t, device=device, speed=speed)
    if like not in REFERENCE: REFERENCE[like] = score('plain', 'cpu').accuracies
    e = score(speed, DEV)
    away = max(abs(a - b) for a, b in zip(e.accuracies, REFERENCE[like]))
    hold(away, 1.5 if speed == 'plain' else 5., f'points of {e.accuracies} from {REFERENCE[like]}')
    return dict(accuracies=e.accuracies, ms_of_a_step=1e3*e.seconds/2/t.epochs)


@item(limit=30., name=('herding', 'kcenter', 'kmeans', 'forgetting'))
def coreset(name):
    return str(get_method(name).make(data(), 2, net='convnet-w16', device=DEV, recipe=train_recipe('whole', epochs=2)))


@item()
def not_finite():
    try: run('dm', DEV, iterations=4, image_lr=1e38)
    except NotFiniteError as e: return dict(said=str(e), images_fine=bool(e.state.images.isfinite().all()))
    raise AssertionError('no error')


# ---- Memory and waits

@item(limit=40., gpu=True)
def out_of_memory():
    "Little memory: fewer classes at a time, the same result"
    kw = dict(on='photos', net='convnet', ipc=2, real=256, iterations=3)
    want, (method, calls) = run('dm', DEV, class_chunk=1, **kw).images.cpu(), counted('dm')
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_allocated() + 2.2*2**30)/total)
    try: s = run(method, DEV, class_chunk=10, **kw)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.)
        torch.cuda.empty_cache()
    return dict(classes_at_a_time=calls[-1], images=hold(relative(s.images.cpu(), want), 1e-4))


@item(limit=30., gpu=True, way=[('dm', 10), ('dm', 50), ('dc', 10), ('dc', 50), ('delving-md', 50)])
def memory(way):
    name, ipc = way
    method, calls = counted(name)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    kw = dict(iterations=3) if name == 'dm' else dict(iterations=1, outer=3, inner=1)
    run(method, DEV, 'auto', 'photos', 'convnet', ipc, 256, **kw)
    return dict(peak_mib=torch.cuda.max_memory_allocated()/2**20, classes_at_a_time=max(calls))


@item(gpu=True, method=('dm', 'dc', 'dsa'))
def waits_of_an_update(method):
    "How often the CPU waits for the device: at most one copy and one look at a number"
    kw = dict(real_batch=REAL, iterations=20) | ({} if method == 'dm' else dict(outer=1))
    states = running(data('photos'), method, 2, net=WIDE, device=DEV, **kw)
    for _ in range(5): next(states)
    torch.cuda.set_sync_debug_mode('warn')
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter('always')
            for _ in range(4): next(states)
    finally: torch.cuda.set_sync_debug_mode('default')
    lines = [f'{Path(w.filename).name}:{w.lineno}' for w in found if 'synchroniz' in str(w.message)]
    hold(len(lines)/4, 2, f'waits of an update, {sorted(set(lines))},')
    return dict(waits=len(lines)/4, where=sorted(set(lines)))


@item(gpu=True)
def capture_todays_update():
    "Can a CUDA graph hold an update? Not promised; found out"
    states = running(data('photos').to(DEV), 'dm', 2, net=WIDE, device=DEV, real_batch=REAL, iterations=20)
    for _ in range(3): next(states)
    torch.cuda.synchronize()
    try:
        with torch.cuda.graph(torch.cuda.CUDAGraph()): next(states)
    except Exception as e: return dict(captured=False, why=f'{type(e).__name__}: {str(e)[:200]}')
    return dict(captured=True)


# ---- An update as one program

def last(states):
    for s in states: pass
    return s


@item(limit=30., way=[(m, t) for t in ('float32', 'bfloat16-training') for m in METHODS])
def program(way):
    "Recorded on a GPU, against the plain path on the CPU"
    method, speed = way[0], way[1] if CUDA else Speed(whole=True)
    kw = dict(iterations=4) if method.startswith('dm') else dict(iterations=2, outer=3, inner=2)
    kw |= dict(real_batch=min(REAL, 16), net=NARROW)
    plain, here = (last(condensing(data('photos'), method, 2, device=d, speed=s, **kw)) for d, s in (('cpu', 'plain'), (DEV, speed)))
    first = next(condensing(data('photos'), method, 2, device='cpu', speed='plain', **kw | dict(image_lr=1e-12))).images.detach()
    a, b = plain.images.detach(), here.images.detach().cpu()
    images, programs = ((a - b).norm() / (a - first).norm()).item(), here.run.engine and here.run.engine.stage.programs
    if CUDA and not (programs and all(f.graph for f in programs.values())): raise AssertionError(f'not recorded: {programs}')
    return dict(images=hold(images, 1e-1 if way[1] == 'float32' else 3e-1, 'change of the images'))


@item(limit=30., like=('dc', 'dsa'))
def side_by_side(like):
    small, t = random_set(data(), 5), train_recipe(like, epochs=10 if args.tiny else 60)
    want, got = (evaluate(small, data(), 'convnet-w16', 3, t, device=d, speed=s).accuracies
                 for d, s in (('cpu', 'plain'), (DEV, 'float32' if CUDA else Speed(whole=True))))
    hold(max(abs(a - b) for a, b in zip(got, want)), 1.5, f'points of {got} from {want}')
    return dict(accuracies=got)


@item(limit=40., gpu=True, dtype=('float32', 'bfloat16'))
def kernels(dtype):
    "Triton's kernels against float64; products of float32 are TF32 in them"
    import fused
    found = fused.check(DEV, getattr(torch, dtype), n=8, c=128)
    return {k: hold(v, 5e-3 if dtype == 'float32' else 1e-2, k) for k, v in found.items()}


@item(limit=75., gpu=True, method=('dm', 'dc'))
def compiled(method):
    "speed='gpu': torch.compile with CUDA graphs"
    from torch._dynamo.utils import counters
    counters.clear()
    t, (l0, g0) = time.perf_counter(), reference(method)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter('always')
        l1, g1 = updated(method, 'gpu', DEV)
        first = time.perf_counter() - t
        again = [updated(method, 'gpu', DEV, seed=k)[0] for k in range(3)]
    for w in told:
        if 'torch.compile failed' in str(w.message): raise AssertionError(str(w.message)[:600])
    return dict(seconds_of_the_first=first, loss=hold(abs(l1 - l0)/abs(l0), STATED['gpu'][1], 'loss'),
                gradient=hold(relative(g1, g0), STATED['gpu'][0], 'gradient'), losses=again,
                graph_breaks=sum(counters['graph_break'].values()),
                skipped_graphs=counters['inductor'].get('cudagraph_skips', 0))


def gpu_is_lost():
    if not CUDA: return False
    try:
        torch.cuda.synchronize()
        torch.zeros(1, device=DEV).item()
    except Exception: return True
    return False



if __name__ == '__main__':
    todo = [i for i in ITEMS if any(i[0].startswith(o) for o in args.only)]
    work(todo, LOG, args.worker, kit.about(DEV), CUDA, lambda: kit.sync(DEV), gpu_is_lost)
