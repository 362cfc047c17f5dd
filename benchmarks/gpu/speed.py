"""How fast is it, and where does the time go? The textbook loop, the plain path and one program, side by side.

    python benchmarks/gpu/speed.py                         # at most 120 s: $OUT/speed.json and a table
    python benchmarks/gpu/speed.py --device cpu --tiny     # the same path where there is no GPU
    python benchmarks/gpu/speed.py --sections embedding updates

Milliseconds are medians by CUDA events after a warm-up (updates: wall clock around several, synchronised). `kernels` and
`busy_ms` are the profiler's: launches of an update, and the milliseconds in which one ran. TFLOP/s are counted operations over
seconds. The file is written after each measurement.
"""
import importlib.util
import sys
import time
import warnings

import kit
import torch
import torch.nn.functional as F
from kit import OUT, gen, left, median_ms, relative, write

from dataset_condensation.condensation import Step, condensing
from dataset_condensation.data import real_batch
from dataset_condensation.coresets import random_set
from dataset_condensation.names import get_method
from dataset_condensation.fast_cpu import block_forward
from dataset_condensation.gpu_training import Speed
from dataset_condensation.networks import make_net
from dataset_condensation.runs import condense_seeds
from dataset_condensation.training import augment_for, evaluate, get_compute, train_recipe

METHODS = dict(dm='dm', dc='dc', dsa='dsa', delving='delving-md')
# Operations of a textbook update of the ConvNet: CIFAR10's shapes, ipc 10, 256 real images (results/speed_cpu.json)
WORK = dict(dm=290e9, dc=851e9, dsa=851e9, delving=851e9)
EMBED = 2 * 9 * (3*128*32**2 + 128*128*16**2 + 128*128*8**2)      # of an image's embedding


def tflops(work, ms): return None if args.tiny else work / ms / 1e9


def measure(section, name, f, need=3.):
    "One measurement; a failure is written in its place"
    into = found['sections'].setdefault(section, {})
    if left(args.limit) < need: into[name] = dict(skipped='no time'); return
    t, lost = time.perf_counter(), False
    try: into[name] = dict(f(), seconds=time.perf_counter() - t)
    except Exception as e:
        into[name] = dict(failed=f'{type(e).__name__}: {str(e)[:300]}', traceback=kit.short(e))
        lost = gpu_is_lost()
    write(OUT/'speed.json', found)
    print(f'{name:46} {str(into[name])[:150]}', flush=True)
    if lost: sys.exit('speed: the GPU is lost to this process')


def gpu_is_lost():
    if not CUDA: return False
    try:
        torch.cuda.empty_cache()
        torch.cuda.synchronize()
    except Exception: return True
    return False


# ---- Ceilings

def ceilings():
    say = lambda name, f: measure('ceilings', name, f)
    large = CUDA and not args.tiny
    n = 8192 if large else 256
    def product(dtype, how=None):
        a = torch.randn(n, n, device=DEV).to(dtype)
        with kit.float32(how): ms = median_ms(lambda: a @ a, DEV, 8)
        return dict(ms=ms, tflops=2*n**3/ms/1e9)
    say('product bfloat16', lambda: product(torch.bfloat16))
    for how in ('tf32', 'ieee'): say(f'product float32, {how}', lambda: product(torch.float32, how))
    def copied():
        a = torch.empty(2**30 if large else 2**22, dtype=torch.uint8, device=DEV)
        b = torch.empty_like(a)
        return dict(tb_s=2*a.numel()/median_ms(lambda: b.copy_(a), DEV, 8)/1e9)
    say('copy', copied)
    b, w = (8, 8) if args.tiny else (2560, 128)
    for block, channels, side in (('1', 3, 32), ('2', w, 16), ('3', w, 8)):
        for dtype in (torch.bfloat16, torch.float32):
            for form in (torch.channels_last, torch.contiguous_format):
                def conv():
                    x = torch.randn(b, channels, side, side, device=DEV).to(dtype, memory_format=form)
                    v = torch.randn(w, channels, 3, 3, device=DEV).to(dtype, memory_format=form)
                    ms = median_ms(lambda: F.conv2d(x, v, None, 1, 1), DEV, 10)
                    return dict(ms=ms, tflops=2*9*channels*w*side**2*b/ms/1e9)
                say(f'convolution {block}, {"bfloat16" if dtype == torch.bfloat16 else "default float32"}, '
                    f'{"NHWC" if form == torch.channels_last else "NCHW"}', conv)


# ---- The real images' embedding: what most of DM's update is

def embedding():
    say, n = lambda name, f, need=3.: measure('embedding of all real images', name, f, need), 10*REAL
    x = torch.randn(n, 3, 32, 32, generator=gen(1)).to(DEV)
    def net(): return make_net(NET, DATA, generator=gen(0, 'net'), device=DEV).train()
    plain, half = net(), net().bfloat16()
    with torch.no_grad(): want = make_net(NET, DATA, generator=gen(0, 'net'), device=DEV).double().embed(x[:64].double())
    params, blocks = {k: v.detach() for k, v in plain.named_parameters()}, list(plain.body)[:-1]
    def measured(f, most=1.):
        with torch.no_grad():
            ms, error = median_ms(lambda: f(x), DEV, 10, most=most*SHORT), relative(f(x)[:64].float(), want)
        return dict(ms=ms, tflops=tflops(EMBED*n, ms), error=error)
    def cast(x):
        with torch.autocast(x.device.type, torch.bfloat16): return plain.embed(x)
    def by_hand(dtype):
        def f(x):
            h = x.to(dtype, memory_format=torch.channels_last)
            for b in blocks: h = block_forward(b, b[0].weight.detach().to(dtype, memory_format=torch.channels_last), h)
            return h.flatten(1)
        return f
    def package(speed):
        quick, compute = net(), get_compute(speed, DATA, DEV)
        with compute.precision(): return measured(lambda x: compute.embed(quick, x))
    say("PyTorch's layers, as they are", lambda: measured(plain.embed))
    for s in ('auto', 'bfloat16'): say(f'package, {s!r}', lambda: package(s))
    say('autocast', lambda: measured(cast))
    say('bfloat16 from end to end', lambda: measured(lambda x: half.embed(x.bfloat16())))
    for t in (torch.bfloat16, torch.float32): say(f"package's passes by hand, {str(t)[6:]}", lambda: measured(by_hand(t)))
    if FUSED:
        say('Triton', lambda: tuned(lambda: measured(lambda x: by_kernels(blocks, params, x), .3)), 20.)
        say('Triton, kernel by kernel', lambda: kernels(x, params, n), 5.)


def by_kernels(blocks, p, x):
    "The embedding by Triton's two kernels, which are no part of the package"
    x = x.to(torch.bfloat16, memory_format=torch.channels_last)
    for k, (conv, norm, *_) in enumerate(blocks):
        w, g, b = (p[f'body.{k}.{n}'] for n in ('0.weight', '1.weight', '1.bias'))
        if k == 0: x = FUSED.first_block(x, w, g, b, norm.eps, conv.padding[0])
        else:
            h = F.conv2d(x, w.to(x.dtype, memory_format=torch.channels_last), None, 1, conv.padding)   # a bias would fall out
            x = FUSED.norm_relu_pool(h, g, b, norm.eps)
    return x.flatten(1)


def tuned(f):
    "The best of several tiles and warps"
    ways = {}
    for most in (16, 32):
        for warps in (4, 8, 16):
            FUSED.TUNE.update(most=most*1024, warps=warps)
            try: ways[most, warps] = f()
            except Exception as e: ways[most, warps] = dict(ms=1e9, failed=str(e)[:150])
    most, warps = best = min(ways, key=lambda k: ways[k]['ms'])
    FUSED.TUNE.update(most=most*1024, warps=warps)
    return dict(ways[best], best=f'{most}k numbers, {warps} warps', ways={str(k): v['ms'] for k, v in ways.items()})


def kernels(x, p, n):
    "Milliseconds of each of the two, and of the second one's bytes at the speed of a copy"
    half, h = x.bfloat16(), torch.randn(n, 128, 16, 16, device=DEV).to(torch.bfloat16, memory_format=torch.channels_last)
    norm = lambda k: (p[f'body.{k}.1.weight'], p[f'body.{k}.1.bias'], 1e-5)
    rate = found['sections'].get('ceilings', {}).get('copy', {}).get('tb_s') or 3.
    return dict(first_block=median_ms(lambda: FUSED.first_block(half, p['body.0.0.weight'], *norm(0), 1), DEV, 10),
                norm_relu_pool=median_ms(lambda: FUSED.norm_relu_pool(h, *norm(1)), DEV, 10),
                its_bytes=h.numel()*2.5/rate/1e9)


# ---- One update, side by side

def wall_ms(f, most=1.5, least=3):
    "Wall milliseconds of a call, over several, synchronised at both ends"
    for k in range(1 if args.tiny else 2): f(k)
    kit.sync(DEV)
    k, t = 0, time.perf_counter()
    while k < (1 if args.tiny else least) or time.perf_counter() - t < most*SHORT and k < 60:
        f(k)
        k += 1
    kit.sync(DEV)
    return 1e3*(time.perf_counter() - t)/k


def profiled(f, n=2) -> dict:
    "Kernels of a call, milliseconds in which one ran, and the longest"
    if not CUDA: return {}
    from torch.profiler import ProfilerActivity, profile
    with profile(activities=[ProfilerActivity.CUDA]) as prof:
        for k in range(n): f(k)
        torch.cuda.synchronize()
    spans, names, last, total = [], {}, 0, 0.
    for e in prof.events():
        if e.device_type != torch.autograd.DeviceType.CUDA: continue
        spans.append((e.time_range.start, e.time_range.end))
        names[e.name] = names.get(e.name, 0.) + (e.time_range.end - e.time_range.start)/1e3/n
    for a, b in sorted(spans): total, last = total + max(0, b - max(a, last)), max(last, b)
    top = sorted(names.items(), key=lambda v: -v[1])[:8]
    return dict(kernels=len(spans)/n, busy_ms=total/1e3/n, top=[(k[:90], round(v, 3)) for k, v in top])


def case(method, speed, data):
    "f(k): one update with a new network, the textbook's or the next of a run"
    kw = dict(net=NET, real_batch=REAL) | ({} if method == 'dm' else dict(outer=1))
    if speed != 'textbook':
        states = condensing(data, METHODS[method], IPC, device=DEV, speed=speed, iterations=10**6, **kw)
        return lambda k: next(states)
    augment = augment_for(get_method(METHODS[method]).recipe(IPC, NET).augment, data)
    x = torch.randn(10*IPC, 3, 32, 32, generator=gen(0, 'images')).to(DEV).requires_grad_()
    def f(k):
        net, step = make_net(NET, data, generator=gen(k, 'net'), device=DEV).train(), Step(k, 0, 0, augment)
        draw = lambda c: real_batch(data, [c], REAL, lambda c: step.rng('real', c), DEV).x
        return TEXTBOOK.textbook_update(method, net, x, [IPC]*10, draw, step)
    return f


def updates(speeds=('textbook', 'auto', 'plain', 'bfloat16'), section='updates'):
    for m in METHODS:
        for s in speeds if m in ('dm', 'dc') else speeds[:2]:
            def one():
                if CUDA:
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                f = case(m, s, DATA)
                ms = wall_ms(f, .5)
                peak = torch.cuda.max_memory_allocated()/2**20 if CUDA else None
                more = profiled(f) if s in ('textbook', 'auto', 'gpu') else {}
                return dict(ms=ms, tflops=tflops(WORK[m], ms), peak_mib=peak, **more)
            measure(section, f'{m}, {s}', one, 4.)
        if 'auto' in speeds:
            measure(section, f'{m}, auto, data on the device', lambda: dict(ms=wall_ms(case(m, 'auto', ON), .5)), 4.)


def compiled(): updates(('gpu',), "updates, speed='gpu' (compiled)")


def programs():
    "An update of all classes as one program, recorded on a GPU, and an epoch of inner training"
    for m in METHODS:
        for speed in ('float32', 'auto', 'bfloat16', 'bfloat16-training') if m in ('dm', 'dc') else ('auto',):
            measure('one program', f'{m}, {speed}', lambda: program_of(m, speed), 8.)
    if CUDA: measure('one program', 'dm, bfloat16, compiled', lambda: program_of('dm', Speed('bfloat16', 'bfloat16', compile=True, whole=True)), 40.)


def program_of(m, speed):
    outer = dict(iterations=200) if m == 'dm' else dict(iterations=1, outer=200, inner=0)
    if not CUDA and isinstance(speed, str): speed = Speed(whole=True)
    states = condensing(ON, METHODS[m], IPC, device=DEV, net=NET, real_batch=REAL, speed=speed, **outer)
    ms, engine = wall_ms(lambda k: next(states), .8), next(states).run.engine
    (key, matched), = [(k, f) for k, f in engine.stage.programs.items() if isinstance(k, tuple)]
    out = dict(ms=ms, tflops=tflops(WORK[m], ms), recorded=bool(matched.graph), device_ms=median_ms(matched, DEV, 10, most=.5*SHORT))
    if m != 'dm': out['epoch_ms'] = median_ms(lambda: engine.epoch(gen(0)), DEV, 10, most=.3*SHORT)
    return out | (profiled(lambda k: matched()) if m in ('dm', 'dc') else {})


def seeds():
    "Milliseconds of an update of one set, when one, two and four are made at the same time"
    few, many = (1, 3) if args.tiny else (20, 120)
    def took(n, k):
        t, how = time.perf_counter(), dict(iterations=k) if m == 'dm' else dict(iterations=1, outer=k, inner=0)
        condense_seeds(ON, METHODS[m], IPC, range(n), DEV, False, net=NET, real_batch=REAL, **how)
        kit.sync(DEV)
        return time.perf_counter() - t
    for m in METHODS if CUDA else ('dm',):
        for n in (1, 2, 4):
            measure('several seeds', f'{m}, {n}', lambda: dict(ms=1e3*(took(n, many) - took(n, few))/(many - few)/n), 6.)


# ---- Runs and scores

def scores():
    "An epoch of training as `evaluate` has it: a network at a time, and twenty side by side"
    say, epochs = lambda name, f: measure('evaluation', name, f, 6.), 6 if args.tiny else 40
    train, test = DATA.train, DATA.test
    few = kit.from_tensors(train.images, train.labels, test.images[:10], test.labels[:10], name='cifar10')
    def alone(small, like, speed):
        for n in (3, epochs): e = evaluate(small, few, NET, 1, train_recipe(like, epochs=n), device=DEV, speed=speed)
        return dict(ms_of_a_step=1e3*e.seconds/epochs/-(-len(small)//256))
    def together(small, like):
        nets, took, speed = 20 if CUDA else 2, [], 'auto' if CUDA else Speed(whole=True)
        for n in (5, 5 + epochs):
            took.append(evaluate(small, few, NET, nets, train_recipe(like, epochs=n), device=DEV, speed=speed).seconds)
        return dict(networks=nets, ms_of_an_epoch=1e3*(took[1] - took[0])/epochs, seconds_to_begin=took[0])
    for ipc, like in ((10, 'dsa'), (10, 'dc'), (1, 'dsa'), (50, 'dsa')):
        small = random_set(DATA, 1 if args.tiny else ipc)
        for s in ('auto', 'plain') if (ipc, like) == (10, 'dsa') else ('auto',):
            say(f'alone, ipc {ipc}, {like}, {s}', lambda: alone(small, like, s))
        say(f'side by side, ipc {ipc}, {like}', lambda: together(small, like))


def loops():
    "The package's updates with the training of the network between them"
    for m in ('dc', 'dsa'):
        def one():
            kw = dict(real_batch=REAL, iterations=10**6, outer=10, inner=50 if CUDA else 1)
            states = condensing(DATA, m, IPC, net=NET, device=DEV, **kw)
            return dict(ms_of_an_update=wall_ms(lambda k: next(states), 4., 12))
        measure('loops', f'{m}, auto', one, 8.)


# ---- What was measured

SECTIONS = dict(ceilings=ceilings, embedding=embedding, updates=updates, programs=programs, seeds=seeds, scores=scores,
                loops=loops, compiled=compiled)


def table():
    for section, rows in found['sections'].items():
        print(f'\n{section}')
        for name, r in rows.items():
            said = {k: f'{v:.3g}' if isinstance(v, (int, float)) else str(v)[:60] for k, v in r.items()
                    if k not in ('top', 'traceback', 'ways', 'seconds') and v is not None}
            print(f'  {name:44} ' + '  '.join(f'{k} {v}' for k, v in said.items()))


if __name__ == '__main__':
    p = kit.parser(__doc__, 120.)
    p.add_argument('--sections', nargs='+', choices=SECTIONS, default=list(SECTIONS))
    args = p.parse_args()
    warnings.simplefilter('ignore')
    DEV, CUDA, SHORT = args.device, args.device != 'cpu', 0.05 if args.tiny else 1.
    NET, REAL, IPC = ('convnet-w8', 6, 1) if args.tiny else ('convnet', 256, 10)
    TEXTBOOK = kit.bench('speed')
    FUSED = __import__('fused') if CUDA and importlib.util.find_spec('triton') else None
    DATA = kit.photos(*((400, 100) if args.tiny else (5000, 10_000)))
    ON = DATA.to(DEV)
    settings = dict(device=DEV, tiny=args.tiny, net=NET, real_batch=REAL, ipc=IPC)
    found = dict(provenance=kit.about(DEV), settings=settings, sections={})
    write(OUT/'speed.json', found)
    for name in args.sections:
        if left(args.limit) > 3: SECTIONS[name]()
    table()
    print(f'\n{time.perf_counter() - kit.START:.0f} s')
