"""Seconds of an image update, an inner epoch and an evaluation: the textbook loop against ours, in turns in one process.

    python benchmarks/speed.py                      # results/speed_cpu.json, and the table
    python benchmarks/speed.py --device cuda        # results/speed_cuda.json
    python benchmarks/speed.py --table              # only draw the table from the file

The textbook loop is written below as the papers' code works: eager, float32, class by class, whole batches, the graphs of
all classes kept for one backward. It draws the same images and uses the same augmentation as ours, so both compute the same
loss and the same gradient of the images (tests/test_speed.py). Images are random pixels of the shape named; for the time
it makes no difference. A case is written as it ends, and cases that are there already are not measured again.
"""
import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from float32 import float32
from provenance import RESULTS, kept, peak_mib, provenance, write
from torch.utils.flop_counter import FlopCounterMode

from dataset_condensation.all import SyntheticSet, evaluate, get_method, get_compute, make_net, train_recipe
from dataset_condensation.condensation import Step, update_images
from dataset_condensation.data import real_batch
from dataset_condensation.augmentation import siamese
from dataset_condensation.data import from_tensors, gen
from dataset_condensation.gradient_matching import angle
from dataset_condensation.multi_level_matching import AngleMagnitude, mean_gradient
from dataset_condensation.training import augment_for, predict, train_epoch

SHAPES = dict(mnist=(1, 28, 28), cifar10=(3, 32, 32))
METHODS = dict(dm='dm', dc='dc', dsa='dsa', delving='delving-md')
SPEEDS = dict(cpu=('float32', 'bfloat16'), cuda=('tf32', 'gpu'))


# The textbook loop ---------------------------------------------------------------------------------------------------
def textbook_embedding(net, images, sizes, draw, step):
    "Distribution matching: the loss, and its gradient in `images`"
    loss, first = torch.tensor(0., device=images.device), 0
    for c, n in enumerate(sizes):
        real, syn = siamese(step, c, draw(c), images[first:first + n])
        z_real, z_syn = net.embed(real).detach(), net.embed(syn)
        loss = loss + ((z_real.mean(0) - z_syn.mean(0))**2).sum()
        first += n
    loss.backward()
    return loss.detach()


def textbook_gradients(net, images, sizes, draw, step, distance, inter=0.):
    "Gradient matching: the loss, and its gradient in `images`; `inter` weighs the term of the mean over classes"
    loss, first, params, g_real, g_syn = torch.tensor(0., device=images.device), 0, list(net.parameters()), [], []
    for c, n in enumerate(sizes):
        real, syn = siamese(step, c, draw(c), images[first:first + n])
        y_real, y_syn = (torch.full((len(x),), c, device=x.device) for x in (real, syn))
        a = [g.detach().clone() for g in torch.autograd.grad(F.cross_entropy(net(real), y_real), params)]
        b = torch.autograd.grad(F.cross_entropy(net(syn), y_syn), params, create_graph=True)
        loss = loss + distance(a, b)
        if inter: g_real.append(a); g_syn.append(b)
        first += n
    if inter: loss = loss + inter * len(sizes) * distance(mean_gradient(g_real), mean_gradient(g_syn))
    loss.backward()
    return loss.detach()


def textbook_update(name, net, images, sizes, draw, step):
    "One update's loss; the images' gradient is left in `images.grad`"
    images.grad = None
    if name == 'dm': return textbook_embedding(net, images, sizes, draw, step)
    distance = AngleMagnitude(1.) if name == 'delving' else angle
    return textbook_gradients(net, images, sizes, draw, step, distance, inter=float(name == 'delving'))


def textbook_epoch(net, opt, images, labels, order, batch=256):
    "One pass of training"
    for idx in order.split(batch):
        loss = F.cross_entropy(net(images[idx]), labels[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()


@torch.no_grad()
def textbook_test(net, images, labels, batch=256):
    "Accuracy, with `eval` and whole batches"
    net.eval()
    right = sum((net(x).argmax(1) == y).sum().item() for x, y in zip(images.split(batch), labels.split(batch)))
    return 100 * right / len(images)


# What is measured ----------------------------------------------------------------------------------------------------
def images_of(shape, per_class=300, classes=10, tests=0):
    "Random pixels as ImageData"
    g = gen(0, 'speed', *shape)
    n = per_class * classes
    x = torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=g)
    t = torch.randint(0, 256, (max(tests, classes), *shape), dtype=torch.uint8, generator=g)
    return from_tensors(x, torch.arange(n) % classes, t, torch.arange(len(t)) % classes)


class Case:
    "A method at a number of images per class: an update the textbook's way and ours, from the same start"
    def __init__(self, method, ipc, shape, real=256, net='convnet', device='cpu'):
        self.name, self.method, self.device, self.net = method, get_method(METHODS[method]), torch.device(device), net
        self.data, self.sizes = images_of(SHAPES[shape] if isinstance(shape, str) else shape, max(real, 300)), [ipc] * 10
        self.recipe = self.method.recipe(ipc, net, real_batch=real)
        start = torch.randn(10 * ipc, *self.data.shape, generator=gen(0, 'images'))
        self.images = start.to(self.device).requires_grad_()

    def network(self, k=0): return make_net(self.net, self.data, generator=gen(k, 'net'), device=self.device).train()

    def step(self, speed='plain'):
        compute = get_compute(speed, self.data, self.device)
        return Step(0, 0, 0, augment_for(self.recipe.augment, self.data), compute=compute)

    def draw(self, c): return real_batch(self.data, [c], self.recipe.real_batch, lambda c: self.step().rng('real', c), self.device).x

    def run(self, side, k=0):
        net, step = self.network(k), self.step('plain' if side == 'textbook' else side)
        if side == 'textbook': return textbook_update(self.name, net, self.images, self.sizes, self.draw, step)
        chunk = step.compute.part_size(self.data.shape, self.recipe.real_batch, self.sizes)
        with step.compute.precision():
            return update_images(self.method, net, self.data, self.images, self.sizes, self.recipe, step, chunk)[0]


def clock(f, device):
    "Seconds of a call"
    if device.type == 'cuda': torch.cuda.synchronize(device)
    start = time.perf_counter()
    f()
    if device.type == 'cuda': torch.cuda.synchronize(device)
    return time.perf_counter() - start


RATES = dict(float32=(torch.float32, 'ieee'), tf32=(torch.float32, 'tf32'), bfloat16=(torch.bfloat16, None))

def matmul_rate(kind, device, n=None, least=0.1):
    "Operations a second of matrix products of a precision in `RATES`, as many as take a tenth of a second"
    dtype, how = RATES[kind]
    n, times = n or (8192 if device.type == 'cuda' else 2048), 1
    a = torch.randn(n, n, device=device).to(dtype)
    def products():
        for _ in range(times): a @ a
    with float32(how):
        products()      # libraries are loaded
        while clock(products, device) < least: times *= 2
        return 2 * n**3 * times / min(clock(products, device) for _ in range(3))


def matmul_rates(device): return {k: matmul_rate(k, device) for k in RATES if k != 'tf32' or device.type == 'cuda'}


def operations(case_args):
    "Floating-point operations of a textbook update, from two small batches: they grow linearly with the real images"
    found = []
    for real in (4, 8):
        case = Case(*case_args, real=real)
        with FlopCounterMode(display=False) as counter: case.run('textbook')
        found.append(counter.get_total_flops())
    slope = (found[1] - found[0]) / 4
    return found[0] + slope * (256 - 4)


def in_turns(sides, f, repeats, device):
    "{side: seconds of every repeat}, one after the other and round again"
    found = {s: [] for s in sides}
    for k in range(repeats):
        for s in sides: found[s].append(clock(lambda: f(s, k), device))
    return found


def peak(kind, *args):
    "Peak memory in MiB of one call of ours or the textbook's, above that of the process before it, in a process of its own"
    out = subprocess.run([sys.executable, __file__, '--peak', kind, *map(str, args)], capture_output=True, text=True)
    return float(out.stdout.split()[-1]) if out.returncode == 0 else f'failed: {out.stderr.strip().splitlines()[-1][:200]}'


def measure_peak(side, method, ipc, shape, device):
    case = Case(method, int(ipc), shape, device=device)
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
        case.run(side)
        return torch.cuda.max_memory_allocated() / 2**20
    Case(method, 1, shape, real=1).run('textbook')    # libraries are loaded, threads begun
    before = peak_mib()
    case.run(side)
    return peak_mib() - before


def row(seconds, rates, flops=None):
    "Medians, and the ratio of each repeat to the textbook's of the same round"
    found = dict(seconds=seconds, median={s: statistics.median(t) for s, t in seconds.items()})
    found['ratio'] = {s: statistics.median(a / b for a, b in zip(seconds['textbook'], t)) for s, t in seconds.items()}
    if flops:
        rate = lambda s: rates['bfloat16' if s in ('bfloat16', 'gpu') else 'tf32' if s == 'tf32' else 'float32']
        found.update(operations=flops, share={s: flops / t / rate(s) for s, t in found['median'].items()})
    return found


def one_update(method, ipc, shape, args):
    device = torch.device(args.device)
    case, sides = Case(method, ipc, shape, device=device), ('textbook', *SPEEDS[device.type])
    if device.type == 'cuda':
        for s in sides: [case.run(s) for _ in range(3)]      # warm-up, and compilation
    rates = matmul_rates(device)
    found = row(in_turns(sides, case.run, args.repeats, device), rates, operations((method, ipc, shape)))
    found['peak_mib'] = {s: peak(s, method, ipc, shape, args.device) for s in sides} if ipc == 50 or args.peaks else None
    return found | dict(matmul=rates)


def one_training(ipc, shape, args):
    "An inner epoch, the test of a network, and an evaluation"
    device, tests = torch.device(args.device), 1000
    data = images_of(SHAPES[shape], 300, tests=tests)
    x, y = torch.randn(10 * ipc, *data.shape, generator=gen(0)), torch.arange(10).repeat_interleave(ipc)
    images, labels = x.to(device), y.to(device)
    live = type('Live', (), dict(images=images, labels=labels, __len__=lambda s: len(images),
                                 take=lambda s, i, d=None: (images[i.to(device)], labels[i.to(device)])))()
    test = torch.cat([data.test.take(i)[0] for i in torch.arange(tests).split(500)]).to(device)
    order = torch.randperm(len(y), generator=gen(1))
    sides = ('textbook', 'float32', 'bfloat16') if device.type == 'cpu' else ('textbook', 'tf32', 'gpu')
    nets = {}
    for s in sides:
        nets[s] = make_net('convnet', data, generator=gen(0, 'net'), device=device).train()
    opts = {s: torch.optim.SGD(n.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4) for s, n in nets.items()}
    def epoch(s, k):
        if s == 'textbook': textbook_epoch(nets[s], opts[s], images, labels, order)
        else: train_epoch(nets[s], live, opts[s], gen(1), compute=trained_by(s, data, device))
    def check(s, k):
        if s == 'textbook': textbook_test(nets[s], test, data.test.labels.to(device)); nets[s].train()
        else: predict(nets[s], data.test, compute=trained_by(s, data, device))
    for s in sides: epoch(s, 0)
    rates = {}
    epochs = row(in_turns(sides, epoch, 5 * args.repeats, device), rates)
    tested = row(in_turns(sides, check, args.repeats, device), rates)
    return dict(inner_epoch=epochs, test_1000=tested, evaluation=one_evaluation(images, labels, data, test, sides, device))


def one_evaluation(images, labels, data, test, sides, device, nets=5, short=(6, 18), tests=1000):
    """Five networks for 300 epochs and 10,000 test images. Whole it would take an hour for a table, so runs of 6 and 18
    epochs, with no and with 1,000 test images, give the seconds of an epoch and of a test, and these the whole"""
    small = SyntheticSet(images.cpu(), labels.cpu(), data.classes, data.mean, data.std)
    few = from_tensors(data.train.images, data.train.labels, data.test.images[:10], data.test.labels[:10])
    def ours(s, epochs, with_test):
        evaluate(small, data if with_test else few, 'convnet', nets, train_recipe('dc', epochs=epochs), device=device,
                 speed=trained_by(s, data, device))
    def textbook(epochs, with_test):
        for k in range(nets):
            net = make_net('convnet', data, generator=gen(k, 'net'), device=device).train()
            opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
            for e in range(epochs): textbook_epoch(net, opt, images, labels, torch.randperm(len(labels), generator=gen(e)))
            textbook_test(net, test if with_test else test[:10], data.test.labels.to(device)[:len(test) if with_test else 10])
    found = {}
    for a in [(short[0], False), (short[1], False), (short[0], True)]:
        for s in sides: found[s, a] = clock(lambda: textbook(*a) if s == 'textbook' else ours(s, *a), device)
    epoch = {s: (found[s, (short[1], False)] - found[s, (short[0], False)]) / (short[1] - short[0]) for s in sides}
    testing = {s: (found[s, (short[0], True)] - found[s, (short[0], False)]) * 10_000 / (tests - 10) for s in sides}
    whole = {s: 300 * epoch[s] + testing[s] for s in sides}
    return dict(epoch_of_all=epoch, test_of_all=testing, seconds=whole, ratio={s: whole['textbook'] / whole[s] for s in sides})


def trained_by(name, data, device):
    "The speed of that name, in its precision also while training"
    return get_compute('bfloat16-training' if name == 'bfloat16' else name, data, device)


# The table -----------------------------------------------------------------------------------------------------------
def table(done):
    "What was measured, as text"
    lines = [f'{"":28}{"textbook":>10}' + ''.join(f'{s:>18}' for s in done['settings']['speeds'])]
    def line(name, r, speeds):
        return f'{name:28}{r["median"]["textbook"]:>9.3f}s' + ''.join(f'{r["median"][s]:>9.3f}s {r["ratio"][s]:>5.2f}×  ' for s in speeds)
    for name, r in done['cases'].items():
        if 'inner_epoch' not in r:
            lines.append(line(name, r, done['settings']['speeds']))
            if isinstance(r.get('peak_mib'), dict):
                lines.append(f'{"  peak memory, MiB":28}' + ''.join(f'{v if isinstance(v, str) else round(v):>11}' for v in r['peak_mib'].values()))
            continue
        lines.append(line(name.replace('train', 'inner epoch'), r['inner_epoch'], done['settings']['speeds']))
        e, ratio = r['evaluation']['seconds'], r['evaluation']['ratio']
        lines.append(f'{name.replace("train", "evaluate 5 nets"):28}{e["textbook"]:>9.1f}s'
                     + ''.join(f'{e[s]:>9.1f}s {ratio[s]:>5.2f}×  ' for s in done['settings']['speeds']))
    return '\n'.join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    p.add_argument('--methods', nargs='+', default=list(METHODS))
    p.add_argument('--shapes', nargs='+', default=list(SHAPES))
    p.add_argument('--ipc', nargs='+', type=int, default=[10, 1, 50])
    p.add_argument('--repeats', type=int, default=3)
    p.add_argument('--peaks', action='store_true', help='measure memory at every ipc, not only 50')
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--table', action='store_true', help='print the table of what was measured, and stop')
    p.add_argument('--peak', nargs=5, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.peak: return print(measure_peak(*args.peak))
    path = args.results/f'speed_{args.device}.json'
    settings = dict(device=args.device, speeds=list(SPEEDS[args.device]), real_batch=256, net='convnet', threads=torch.get_num_threads())
    done = kept(path, dict(settings=settings, cases={}))
    if not args.table:
        for ipc in args.ipc:
            for shape in args.shapes:
                todo = [(f'{m} {shape} ipc {ipc}', lambda m=m: one_update(m, ipc, shape, args)) for m in args.methods]
                if ipc < 50: todo.append((f'train {shape} ipc {ipc}', lambda: one_training(ipc, shape, args)))
                for name, f in todo:
                    if name in done['cases']: continue
                    done['cases'][name] = f() | dict(provenance=provenance())
                    write(path, done)
                    print(table(dict(done, cases={name: done['cases'][name]})), flush=True)
    print(table(done))


if __name__ == '__main__': main()
