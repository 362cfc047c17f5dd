"""What was tried besides: each way of computing a part of an update against the one that is used, in turns in one run.

    python benchmarks/tried.py                      # results/tried_cpu.json, and the table
    python benchmarks/tried.py --device cuda        # results/tried_cuda.json
    python benchmarks/tried.py --tiny               # every way once on a narrow network, to see that it works

CIFAR10 shapes, 10 classes, 64 real images of each, ConvNet of three blocks of 128 filters. Every way gives the same numbers; the
largest relative difference from torch's plain layers stands in the result. Compilation is not in the seconds of a call but
beside them. A part is written as it ends.
"""
import argparse
import statistics
import time
from functools import partial
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F
from provenance import RESULTS, kept, provenance, write
from speed import clock, images_of
from torch.func import functional_call, grad, jvp, stack_module_state, vmap

from dataset_condensation.all import get_compute, make_net
from dataset_condensation.data import gen, real_batch
from dataset_condensation.fast_cpu import FastConvNet
from dataset_condensation.gradient_matching import angle, class_gradient

PARTS = {}


def part(f):
    "Register a part of an update; `f(args)` → {way: function}, the first the plain one, and the way that is used"
    PARTS[f.__name__.replace('_', ' ')] = f
    return f


def network(args, k=0, data=None):
    data = data or args.data
    return make_net(args.net, data, generator=gen(k, 'net'), device=args.device).train()


def batches(args, n=None):
    "Real images class by class: (classes, n, …) and their labels"
    x = torch.randn(10, n or args.real, *args.data.shape, generator=gen(0, 'tried')).to(args.device)
    return x, torch.arange(10, device=args.device)[:, None].expand(10, x.shape[1]).contiguous()


def loss_of(net, params, x, y): return F.cross_entropy(functional_call(net, params, (x,)), y)


@part
def real_gradients(args):
    "The gradient of each class"
    net, (x, y) = network(args), batches(args)
    hand, quick, last = get_compute('float32', args.data, args.device), network(args), network(args)
    last.to(memory_format=torch.channels_last)
    params = {k: p.detach() for k, p in net.named_parameters()}
    def by_class(net, compiled=None):
        f, own = net if compiled is None else compiled, tuple(net.parameters())
        return [torch.autograd.grad(F.cross_entropy(f(a), b), own) for a, b in zip(x, y)]
    def by_hand(): return [hand.gradient(quick, a, b) for a, b in zip(x, y)]
    every = vmap(grad(lambda p, a, b: loss_of(net, p, a, b)), in_dims=(None, 0, 0))
    def together():
        found = every(params, x, y)
        return [[found[k][c] for k in params] for c in range(len(x))]
    program = torch.compile(net, dynamic=False)
    ways = {"torch's layers, class by class": lambda: by_class(net), 'channels last': lambda: by_class(last),
            'compiled': lambda: by_class(net, program), 'all classes at once, by vmap': together,
            'one forward, a backward for each class': lambda: one_forward(net, x, y)}
    return ways | ({'by hand, in pieces': by_hand} if args.device == 'cpu' else {}), 'by hand, in pieces'


def one_forward(net, x, y):
    "One forward of all classes; then the graph is gone through once for each"
    own = tuple(net.parameters())
    scores = net(x.flatten(0, 1)).view(*y.shape, -1)
    losses = [F.cross_entropy(s, t) for s, t in zip(scores, y)]
    return [torch.autograd.grad(v, own, retain_graph=True) for v in losses]


@part
def real_embeddings(args):
    "The features of real images, which need no graph"
    net, quick, last = network(args), network(args), network(args)
    hand = get_compute('float32', args.data, args.device)
    last.to(memory_format=torch.channels_last)
    x, program = batches(args)[0], torch.compile(net.embed, dynamic=False)
    def under(context, f=net.embed):
        with context(): return [f(a) for a in x]
    def by_hand(): return under(torch.no_grad, partial(hand.embed, quick))
    @torch.no_grad()
    def at_once(): return list(net.embed(x.flatten(0, 1)).view(10, len(x[0]), -1))
    ways = {"torch's layers, with a graph": lambda: under(torch.enable_grad), 'no_grad': lambda: under(torch.no_grad),
            'inference_mode': lambda: under(torch.inference_mode), 'channels last': lambda: under(torch.no_grad, last.embed),
            'compiled': lambda: under(torch.no_grad, program),
            'all classes at once': at_once}
    return ways | ({'by hand, in pieces': by_hand} if args.device == 'cpu' else {}), 'by hand, in pieces'


class Whole(FastConvNet):
    "By hand, all images in one piece"
    def pieces(self, dtype): return 10**9


@part
def synthetic_embeddings(args):
    "The features of forty synthetic images of each class, as tiles make them, and the gradient in the images"
    net, x = network(args), torch.cat([a for a in batches(args, 40)[0]])
    quick, whole, plain = get_compute('float32', args.data, args.device), Whole(net) if args.device == 'cpu' else None, net.embed
    def by(embed):
        images = x.clone().requires_grad_()
        return [torch.autograd.grad(embed(images).square().mean(), images)[0]]
    def pieces(images): return torch.cat([plain(p) for p in images.split(16)])
    ways = {"torch's layers": lambda: by(plain), "torch's layers, in pieces": lambda: by(pieces)}
    if args.device != 'cpu': return ways, "torch's layers"
    return ways | {'by hand, in one piece': lambda: by(whole.embed),
                   'by hand, in pieces': lambda: by(partial(quick.embed, net))}, 'by hand, in pieces'


@part
def synthetic_gradients(args):
    "The gradient of the matching loss in ten images of each class"
    net, hand, (x, y) = network(args), get_compute('float32', args.data, args.device), batches(args, 10)
    real = [class_gradient(net, a, b) for a, b in zip(*batches(args, 16))]
    params = {k: p.detach() for k, p in net.named_parameters()}
    def twice(net):
        found = []
        for a, b, g in zip(x, y, real):
            a = a.clone().requires_grad_()
            found.append(torch.autograd.grad(angle(g, class_gradient(net, a, b, create_graph=True)), a))
        return found
    def forward_mode(own):
        found = []
        for a, b, g in zip(x, y, real):
            syn = [v.detach().requires_grad_() for v in own(a, b)]
            v = dict(zip(params, torch.autograd.grad(angle(g, syn), syn, allow_unused=True, materialize_grads=True)))
            found.append([grad(lambda a: jvp(lambda p: loss_of(net, p, a, b), (params,), (v,))[1])(a)])
        return found
    every = vmap(grad(lambda p, a, b: loss_of(net, p, a, b)), in_dims=(None, 0, 0))
    def together():
        images = x.clone().requires_grad_()
        syn = every(params, images, y)
        loss = sum(angle(g, [syn[k][c] for k in params]) for c, g in enumerate(real))
        return [[v] for v in torch.autograd.grad(loss, images)[0]]
    plain = lambda a, b: class_gradient(net, a, b)
    ways = {"torch's gradient of a gradient": lambda: twice(net), 'the same, all classes at once, by vmap': together,
            'a derivative along the direction': lambda: forward_mode(plain)}
    if args.device == 'cpu':
        ways['… with the first gradient by hand'] = lambda: forward_mode(lambda a, b: hand.gradient(net, a, b))
    return ways, "torch's gradient of a gradient"


@part
def five_networks(args):
    "Ten passes of five networks over 100 images"
    x, y = torch.randn(100, *args.data.shape, generator=gen(2)).to(args.device), (torch.arange(100) % 10).to(args.device)
    passes = 2 if args.tiny else 10
    hand = get_compute('float32', args.data, args.device)
    def one(net, quick=False):
        own = tuple(net.parameters())
        for _ in range(passes):
            g = hand.gradient(net, x, y) if quick else torch.autograd.grad(F.cross_entropy(net(x), y), own)
            with torch.no_grad(): torch._foreach_sub_(own, [0.01 * v for v in g])
        return [p.detach() for p in own]
    def stacked():
        nets = [network(args, k) for k in range(5)]
        params, _ = stack_module_state(nets)
        step = vmap(grad(lambda p: loss_of(nets[0], p, x, y)))
        params = {k: p.detach() for k, p in params.items()}
        for _ in range(passes):
            g = step(params)
            params = {k: p - 0.01 * g[k] for k, p in params.items()}
        return [[p[k] for p in params.values()] for k in range(5)]
    def side_by_side():
        return list(hand.map(partial(one, quick=True), [network(args, k) for k in range(5)]))
    ways = {"torch's layers, one after the other": lambda: [one(network(args, k)) for k in range(5)],
            'by hand, one after the other': lambda: [one(network(args, k), True) for k in range(5)],
            'stacked, by vmap': stacked, 'by hand, side by side': side_by_side}
    return ways, 'by hand, side by side'


@part
def drawing_real_images(args):
    "Real batches of ten classes, drawn and looked at (the mean of the embedding)"
    net, hand = network(args), get_compute('float32', args.data, args.device)
    def draw(c): return real_batch(args.data, [c], args.real, lambda c: gen(0, 'draw', c), torch.device(args.device)).x
    def look(x):
        with torch.no_grad(): return [hand.embed(net, x).mean(0)]
    def ahead():
        with ThreadPoolExecutor(1) as pool:
            coming = [pool.submit(draw, c) for c in range(10)]
            return [look(j.result()) for j in coming]
    return {'when they are needed': lambda: [look(draw(c)) for c in range(10)], 'ahead, by a thread': ahead,
            'drawn only': lambda: [draw(c) for c in range(10)] and None}, 'when they are needed'


def difference(a, b):
    "Largest relative difference of two lists of lists of tensors, or of tensors"
    flat = lambda v: torch.cat([flat(t) for t in v]) if isinstance(v, (list, tuple)) else v.detach().float().flatten()
    a, b = flat(a), flat(b)
    return ((a - b).norm() / a.norm()).item()


def measure(name, args):
    "Seconds of every way, in turns after a first call that warms up and compiles"
    ways, used = PARTS[name](args)
    device, first, found = torch.device(args.device), None, {}
    for way, f in ways.items():
        begun = time.perf_counter()
        try: value = f()
        except Exception as e:
            found[way] = dict(failed=f'{type(e).__name__}: {str(e).splitlines()[0]}'[:200])
            continue
        first = value if first is None else first
        found[way] = dict(first_call=time.perf_counter() - begun, seconds=[], difference=value and difference(first, value))
    for _ in range(args.repeats):
        for way, f in ways.items():
            if 'failed' not in found[way]: found[way]['seconds'].append(clock(f, device))
    done = {w: r for w, r in found.items() if 'failed' not in r}
    base = next(iter(done.values()))['seconds']
    for r in done.values():
        r['median'], r['ratio'] = statistics.median(r['seconds']), statistics.median(a / b for a, b in zip(base, r['seconds']))
    return dict(about=PARTS[name].__doc__, used=used if used in found else None, ways=found, provenance=provenance())


def table(done):
    lines = []
    for name, r in done['parts'].items():
        lines.append(f'{name}: {r["about"]}')
        for way, v in r['ways'].items():
            mark = '←' if way == r['used'] else ''
            lines.append(f'  {way:40}' + (v['failed'] if 'failed' in v else f'{v["median"]:8.3f} s {v["ratio"]:6.2f}×  {mark}'))
    return '\n'.join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    p.add_argument('--repeats', type=int, default=5)
    p.add_argument('--parts', nargs='+', choices=list(PARTS), default=list(PARTS))
    p.add_argument('--tiny', action='store_true')
    p.add_argument('--table', action='store_true')
    p.add_argument('--results', type=Path, default=RESULTS)
    args = p.parse_args()
    args.net, args.real = ('convnet-w8', 6) if args.tiny else ('convnet', 64)
    args.data = images_of((3, 32, 32), max(args.real, 20))
    path = args.results/f'tried_{args.device}.json'
    done = kept(path, dict(settings=dict(net=args.net, real=args.real, repeats=args.repeats), parts={}))
    for name in args.parts if not args.table else ():
        if name in done['parts']: continue
        done['parts'][name] = measure(name, args)
        write(path, done)
    print(table(done))


if __name__ == '__main__': main()
