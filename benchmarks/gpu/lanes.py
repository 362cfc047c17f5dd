"""PROTOTYPE, not part of the package: an image update as one program of fixed shapes, which a CUDA graph can hold.

It shows what a GPU could give. Rows it makes are labelled `lanes`. Draws, weights and augmentation are the package's own;
`check` compares the images with the package's. What differs:

- All bytes of the data are on the device; the real images of an update are one gather, normalised there.
- The augmentation is a table of 13 numbers for each image: an affine map of positions, three numbers of colour, a hole.
- Classes are a dimension: one forward for all of them, per-class gradients by `vmap` over one set of weights.
- Threads draw weights, indices and tables ahead of time, a block at once, copied while the device works.
- Loss, gradient and the images' SGD are captured once and replayed.

On a CPU it runs without the graph. Only ConvNets with instance norm, and classes of equal size ipc.
"""
from concurrent.futures import ThreadPoolExecutor
from inspect import signature

import torch
import torch.nn.functional as F
from torch.func import grad, vmap

from dataset_condensation.augmentation import dsa_for
from dataset_condensation.adaptive_steps import Fixed
from dataset_condensation.condensation import Step, condensing
from dataset_condensation.coresets import first_images
from dataset_condensation.names import get_method
from dataset_condensation.data import sample, gen
from dataset_condensation.networks import make_net
from dataset_condensation.training import SyntheticSet, augment_for, train_recipe

# ---- Augmentation as a table

NEUTRAL = (1., 0., 0., 0., 1., 0., 0., 1., 1., 0., 0., 0., 0.)   # maps of rows and columns, colour, hole
KNOWN = ('crop', 'flip', 'scale', 'rotate', 'color', 'cutout')


def table(draw, n=1):
    "A `Draw` as (n, 13), one family for each image"
    t = torch.tensor(NEUTRAL).repeat(n, 1)
    for family, p in draw.steps if draw else ():
        if family not in KNOWN: raise ValueError(f'lanes: the augmentation {family!r} has no table')
        p = p.expand(n, -1)
        if family == 'crop':
            t[:, 2] -= p[:, 0]
            t[:, 5] -= p[:, 1]
        elif family == 'flip': t[:, 4] = torch.where(p[:, 0] > .5, -t[:, 4], t[:, 4])
        elif family == 'scale':
            t[:, 0] /= p[:, 0]
            t[:, 4] /= p[:, 1]
        elif family == 'rotate':
            a = torch.deg2rad(p[:, 0])
            for k, v in ((0, a.cos()), (1, a.sin()), (3, -a.sin()), (4, a.cos())):
                t[:, k] = torch.where(a != 0, v, t[:, k])
        elif family == 'color': t[:, 6:9] = p
        else: t[:, 9:13] = p
    return t


def warp(x, t):
    "(g, n, C, H, W) under a table (g, 13) or (g, n, 13): positions, then colour, then the hole"
    h, w = x.shape[-2:]
    t = t.view(t.shape[0], -1, t.shape[-1])[..., None, None].unbind(2)                # 13 × (g, n or 1, 1, 1)
    i = torch.arange(h, device=x.device, dtype=torch.float32).view(h, 1)
    j = torch.arange(w, device=x.device, dtype=torch.float32)
    u, v = i - (h - 1)/2, j - (w - 1)/2
    r, c = t[0]*u + t[1]*v + t[2] + (h - 1)/2, t[3]*u + t[4]*v + t[5] + (w - 1)/2     # (g, n or 1, H, W)
    top, left = r.floor(), c.floor()
    b, a = r - top, c - left
    flat, out = x.flatten(-2), 0.
    for dr, dc, share in ((0, 0, (1 - b)*(1 - a)), (0, 1, (1 - b)*a), (1, 0, b*(1 - a)), (1, 1, b*a)):
        rr, cc = top + dr, left + dc
        share = share * ((rr >= 0) & (rr < h) & (cc >= 0) & (cc < w))
        at = (rr.clamp(0, h - 1)*w + cc.clamp(0, w - 1)).long().flatten(-2)           # (g, n or 1, HW)
        out = out + flat.gather(3, at[:, :, None].expand(*flat.shape)) * share.flatten(-2)[:, :, None]
    return _hole(_colour(out.view(x.shape), t[6:9]), t[9:], i, j)


def _colour(x, t):
    bright, saturation, contrast = (k[..., None] for k in t)
    x = x + bright
    gray = x.mean(2, keepdim=True)
    x = (x - gray)*saturation + gray
    tone = x.mean((2, 3, 4), keepdim=True)
    return (x - tone)*contrast + tone


def _hole(x, t, i, j):
    top, left, high, wide = (k[..., None] for k in t)
    return x.masked_fill((i >= top) & (i < top + high) & (j >= left) & (j < left + wide), 0)


# ---- The network as a function of its parameters

def embed(blocks, p, x):
    "The ConvNet's embedding, differentiable"
    for k, (conv, norm, _, pool) in enumerate(blocks):
        weight = lambda n: p[f'body.{k}.{n}']
        x = F.conv2d(x, weight('0.weight'), weight('0.bias'), 1, conv.padding)
        x = F.relu(F.group_norm(x, norm.num_groups, weight('1.weight'), weight('1.bias'), norm.eps))
        if isinstance(pool, torch.nn.AvgPool2d): x = F.avg_pool2d(x, 2)
    return x.flatten(1)


def scores(blocks, p, x): return F.linear(embed(blocks, p, x), p['head.weight'], p['head.bias'])


def embed_quick(blocks, p, x, dtype, fused=None):
    "The same without a graph, in `dtype` from end to end; `fused` is the module with Triton's kernels"
    form = torch.channels_last if fused else torch.contiguous_format
    x = x.to(dtype, memory_format=form)
    for k, (conv, norm, _, pool) in enumerate(blocks):
        w, g, b = (p[f'body.{k}.{n}'] for n in ('0.weight', '1.weight', '1.bias'))
        if fused and k == 0 and x.shape[1] <= 3:
            x = fused.first_block(x, w, g, b, norm.eps, conv.padding[0])
            continue
        h = F.conv2d(x, w.to(dtype, memory_format=form), None, 1, conv.padding)    # a bias would fall out in the norm
        if fused:
            x = fused.norm_relu_pool(h, g, b, norm.eps)
            continue
        h = F.relu_(F.group_norm(h.contiguous(), norm.num_groups, g.to(dtype), b.to(dtype), norm.eps))
        x = F.avg_pool2d(h, 2) if isinstance(pool, torch.nn.AvgPool2d) else h
    return x.flatten(1)


def rows_cosine(a, b, eps=1e-6):
    "(C,): the sum over rows of one minus the cosine, for each class; a, b (C, out, …)"
    a, b = a.flatten(2), b.flatten(2)
    return (1 - (a*b).sum(2) / (a.norm(dim=2)*b.norm(dim=2) + eps)).sum(1)


def apart(a, b, mu=0.):
    "The distance of gradients, dicts of (C, …): DC's angle, and `mu` times the length of the difference"
    total = 0.
    for k in a:
        if a[k].ndim < 3: continue
        total = total + rows_cosine(a[k], b[k])
        if mu: total = total + mu*(a[k] - b[k]).flatten(2).norm(dim=2).sum(1)
    return total


# ---- What the CPU draws ahead of time

class Ahead:
    "make(k) for k below n, a tuple of tensors each: in blocks, by threads, some blocks ahead, on the device when needed"
    def __init__(self, make, n, device, block=32, threads=4):
        self.make, self.n, self.device, self.block, self.many = make, n, torch.device(device), block, 2*threads
        self.pool, self.jobs, self.begin = ThreadPoolExecutor(threads), {}, None

    def work(self, i):
        found = [torch.stack(v) for v in zip(*(self.make(k) for k in range(i, min(self.n, i + self.block))))]
        return [v.pin_memory() for v in found] if self.device.type == 'cuda' else found

    def __getitem__(self, k):
        i = k - k % self.block
        if i != self.begin:
            for j in range(i, min(self.n, i + self.many*self.block), self.block):
                if j not in self.jobs: self.jobs[j] = self.pool.submit(self.work, j)
            self.held = self.jobs.pop(i).result()      # until the copies are made
            self.parts, self.begin = [v.to(self.device, non_blocking=True) for v in self.held], i
        return [v[k - i] for v in self.parts]


class Flat:
    "The parameters of a network, views of one vector"
    def __init__(self, net, device):
        self.shapes = {k: v.shape for k, v in net.named_parameters()}
        self.sizes = [s.numel() for s in self.shapes.values()]
        self.all = torch.zeros(sum(self.sizes), device=device)
    def views(self): return {k: v.view(s) for (k, s), v in zip(self.shapes.items(), self.all.split(self.sizes))}


def flat_of(net): return torch.cat([p.detach().flatten() for p in net.parameters()])


def capture(f, keep):
    "A function as a CUDA graph; what it changed in `keep` while it was warmed up is put back"
    saved, side = [t.clone() for t in keep], torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3): f()
    torch.cuda.current_stream().wait_stream(side)
    g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g): f()
    for t, s in zip(keep, saved): t.copy_(s)
    return g.replay


def recipe_of(method, ipc, net, data, **overrides):
    "The method's published settings; of those that depend on the data too, where it knows such"
    m = get_method(method)
    known = dict(data=data) if 'data' in signature(m.recipe).parameters else {}
    return m.recipe(ipc, net, **known, **overrides)


# ---- A run

class Lane:
    "A run of a method; `step()` makes an update"
    def __init__(self, data, method, ipc, seed=0, device='cuda', net='convnet', dtype=torch.bfloat16, fused=None,
                 graph=None, threads=4, updates=None, compiled=False, state=None, **overrides):
        self.device, self.dtype, self.fused, self.name = torch.device(device), dtype, fused, method
        self.r = r = recipe_of(method, ipc, net, data, **overrides)
        self.seed, self.data, self.n, self.ipc, d = seed, data, data.n_classes, ipc, self.device
        self.k, self.total, self.ready = 0, updates or r.updates, False
        self.passes_of, self.augment = (r.inner if callable(r.inner) else Fixed(r.inner)).passes, augment_for(r.augment, data)
        self.augment_inner = r.outer > 1 and self.augment if getattr(r, 'augment_inner', False) else None
        self.graph = (d.type == 'cuda') if graph is None else graph
        self._check()
        self._buffers()
        if state:
            self.k = int(state['k'])
            for k in ('images', 'momentum', 'net_momentum'): getattr(self, k).copy_(state[k])
            self.flat.all.copy_(state['flat'])
        self.draws = Ahead(self.draw, self.total, d, threads=threads)
        self.nets = Ahead(self.weights, -(-self.total // r.outer), d, block=16, threads=threads)
        self.update, self.inner = self.one_update, self.one_pass
        if compiled: self.real_side = torch.compile(self.real_side, dynamic=False)

    def _check(self):
        r, trains = self.r, self.r.outer > 1
        if min(self.data.train.counts.tolist()) < r.real_batch:
            raise ValueError(f'lanes: a class is smaller than a real batch, {r.real_batch} images')
        if trains and self.n*self.ipc > r.inner_batch:
            raise ValueError(f'lanes: the set is larger than a batch of the inner loop, {r.inner_batch} images')

    def _buffers(self):
        d, shape = self.device, self.data.shape
        template = make_net(self.r.net, self.data)
        self.blocks, self.flat = list(template.body)[:-1], Flat(template, d)
        self.params, self.net_momentum = self.flat.views(), torch.zeros_like(self.flat.all)
        train = self.data.train
        self.bytes = train.images.to(d)
        self.mean, self.std = (v.to(d).view(1, 1, -1, 1, 1) for v in (train.mean, train.std))
        self.starts, self.counts = [train.places(c).start for c in range(self.n)], train.counts.tolist()
        first = first_images(self.data, self.ipc, self.r.init, self.seed).images
        self.images = first.view(self.n, self.ipc, *shape).to(d).contiguous()
        self.labels, self.loss = torch.arange(self.n, device=d), torch.zeros((), device=d)
        self.momentum = torch.zeros_like(self.images)
        self.idx = torch.zeros(self.n*self.r.real_batch, dtype=torch.long, device=d)
        self.table = torch.tensor(NEUTRAL).repeat(self.n, 1).to(d)
        self.inner_table = torch.tensor(NEUTRAL).repeat(1, self.n*self.ipc, 1).to(d)

    # what is drawn
    def draw(self, k):
        "Indices and tables of update k and of the training before it, as the package draws them"
        it, outer = divmod(k, self.r.outer)
        step = Step(it, outer, self.seed, self.augment)
        idx = [start + sample(self.r.real_batch, size, step.rng('real', c))
               for c, (start, size) in enumerate(zip(self.starts, self.counts))]
        drawn = [self.augment.draw(1, step.rng('augment', c), self.data.shape, shared=True) if self.augment else None
                 for c in range(self.n)]
        return torch.cat(idx), torch.cat([table(d) for d in drawn]), self.draw_inner(it, outer)

    def draw_inner(self, it, outer):
        "(passes, images, 13): the tables of the training; none where it isn't augmented"
        n, passes = self.n*self.ipc, self.passes_of if isinstance(self.passes_of, int) else max(self.passes_of)
        found = torch.tensor(NEUTRAL).repeat(passes if self.augment_inner else 0, n, 1)
        for p in range(len(found) if outer else 0):
            g = Step(it, outer - 1, self.seed).rng('inner', p)
            order = torch.randperm(n, generator=g)      # the package shuffles; a whole batch has no order
            found[p, order] = table(self.augment_inner.draw(n, g, self.data.shape), n)
        return found

    def weights(self, k): return (flat_of(make_net(self.r.net, self.data, generator=gen(self.seed, 'net', k))),)

    # what is captured
    def real(self):
        "(C, n, …): the real images, augmented"
        x = self.bytes[self.idx].view(self.n, -1, *self.data.shape)
        x = (x.float()/255 - self.mean) / self.std
        return warp(x, self.table) if self.augment else x

    def real_side(self):
        "DM: the mean embedding of each class"
        with torch.no_grad(): z = embed_quick(self.blocks, self.params, self.real().flatten(0, 1), self.dtype, self.fused)
        return z.view(self.n, -1, z.shape[1]).float().mean(1)

    def gradients(self, x, dtype=torch.float32):
        "Per-class gradients: a dict of (C, …), differentiable in x (C, n, …)"
        x, params = x.to(dtype), {k: v.to(dtype) for k, v in self.params.items()}
        def loss(p, x, y): return F.cross_entropy(scores(self.blocks, p, x).float(), y.expand(len(x)))
        return {k: v.float() for k, v in vmap(grad(loss), (None, 0, 0))(params, x, self.labels).items()}

    def matched(self, images):
        "The loss"
        x = warp(images, self.table) if self.augment else images
        if self.name.startswith('dm'):
            z = embed(self.blocks, self.params, x.flatten(0, 1))
            return (self.real_side() - z.view(self.n, self.ipc, -1).mean(1)).square().sum()
        with torch.no_grad(): a = self.gradients(self.real(), self.dtype)
        b, mu = self.gradients(x), 1. if self.name in ('delving', 'delving-md') else 0.
        loss = apart(a, b, mu).sum()
        if self.name.startswith('delving'):
            over_classes = lambda g: {k: v.mean(0, keepdim=True) for k, v in g.items()}
            loss = loss + self.n * apart(over_classes(a), over_classes(b), mu).sum()
        return loss

    def one_update(self):
        x = self.images.detach().requires_grad_()
        with torch.enable_grad():
            loss = self.matched(x)
            g, = torch.autograd.grad(loss, x)
        self.momentum.mul_(self.r.image_momentum).add_(g)
        self.images.sub_(self.momentum, alpha=self.r.image_lr)
        self.loss.copy_(loss.detach())

    def one_pass(self):
        "Train the network on the images, once"
        p, x = {k: v.detach().requires_grad_() for k, v in self.params.items()}, self.images.flatten(0, 1)
        if self.augment_inner: x = warp(x[None], self.inner_table)[0]
        with torch.enable_grad():
            loss = F.cross_entropy(scores(self.blocks, p, x), self.labels.repeat_interleave(self.ipc))
            g = torch.cat([v.flatten() for v in torch.autograd.grad(loss, list(p.values()))])
        if self.r.net_momentum: g = self.net_momentum.mul_(self.r.net_momentum).add_(g)
        self.flat.all.sub_(g, alpha=self.r.net_lr)

    # the loop
    def prepare(self):
        "Capture; to be called once there are draws in the buffers"
        self.ready = True
        if not self.graph: return
        keep = [self.images, self.momentum, self.flat.all, self.net_momentum, self.loss]
        self.update = capture(self.one_update, keep)
        if self.r.outer > 1: self.inner = capture(self.one_pass, keep)

    def passes(self, outer):
        n = self.passes_of
        return n if isinstance(n, int) else n[min(outer, len(n) - 1)]

    def step(self):
        k, outer = divmod(self.k, self.r.outer)
        if outer == 0:
            self.flat.all.copy_(self.nets[k][0])
            self.net_momentum.zero_()
        idx, rows, inner = self.draws[self.k]
        self.idx.copy_(idx)
        self.table.copy_(rows)
        if not self.ready: self.prepare()
        for p in range(self.passes(outer - 1) if outer else 0):
            if self.augment_inner: self.inner_table.copy_(inner[p:p + 1])
            self.inner()
        self.update()
        self.k += 1
        return self.loss

    def state(self) -> dict:
        "What `state` of a new lane takes to resume here"
        kept = dict(images=self.images, momentum=self.momentum, flat=self.flat.all, net_momentum=self.net_momentum)
        return dict(k=torch.tensor(self.k), **{k: v.cpu().clone() for k, v in kept.items()})

    def set(self) -> SyntheticSet:
        "The images as they are now"
        d, labels = self.data, torch.arange(self.n).repeat_interleave(self.ipc)
        info = dict(method=self.name, data=d.name, ipc=self.ipc, seed=self.seed, updates=self.k, engine='lanes')
        mean, std = d.train.mean.cpu(), d.train.std.cpu()
        return SyntheticSet(self.images.flatten(0, 1).cpu(), labels, d.classes, mean, std, info)


# ---- Many networks at once

class Scores:
    "The accuracies that `evaluate` gives, all networks side by side: a step of each is a branch of one graph"
    def __init__(self, small, data, nets=20, recipe='dc', seed=0, device='cuda', net='convnet', first=0, streams=8,
                 graph=None):
        self.device, self.t, self.n, self.data, self.small = torch.device(device), train_recipe(recipe), nets, data, small
        d, augment = self.device, self.t.augment
        self.augment = augment_for(dsa_for(data) if augment == 'dsa' else augment, data)
        self.x, self.y = small.images.to(d), small.labels.to(d)
        self.blocks, self.flats = list(make_net(net, small).body)[:-1], []
        for k in range(first, first + nets):
            start = make_net(net, small, generator=gen(seed, 'evaluate', k))
            self.flats.append(Flat(start, d))
            self.flats[-1].all.copy_(flat_of(start))
        self.moments, self.lr = [torch.zeros_like(f.all) for f in self.flats], torch.tensor(self.t.lr, device=d)
        self.sizes = [len(p) for p in self.split(torch.arange(len(self.x)))]
        self.batches = [(torch.zeros(nets, m, dtype=torch.long, device=d), torch.zeros(nets, m, len(NEUTRAL), device=d))
                        for m in self.sizes]
        self.rngs = [gen(seed, 'evaluate-order', k) for k in range(first, first + nets)]
        self.streams = [torch.cuda.Stream() for _ in range(streams)] if d.type == 'cuda' else []
        self.graph = (d.type == 'cuda') if graph is None else graph
        self.draws = Ahead(self.draw, self.t.epochs, d, block=25, threads=1)     # in order: a generator for all epochs

    def split(self, order):
        "Batches; a last one of a single image goes with the one before"
        parts = list(order.split(self.t.batch))
        if len(parts) > 1 and len(parts[-1]) == 1 and self.t.batch > 1: parts[-2:] = [torch.cat(parts[-2:])]
        return parts

    def draw(self, epoch):
        "Orders and tables of an epoch for all networks"
        orders, tables = [], []
        for g in self.rngs:
            parts = self.split(torch.randperm(len(self.x), generator=g))
            orders.append(torch.cat(parts))
            drawn = [self.augment.draw(len(p), g, self.small.shape) if self.augment else None for p in parts]
            tables.append(torch.cat([table(d, len(p)) for d, p in zip(drawn, parts)]))
        return torch.stack(orders), torch.stack(tables)

    def train_one(self, k, b):
        idx, rows = (v[k] for v in self.batches[b])
        x, f = self.x[idx], self.flats[k]
        if self.augment: x = warp(x[None], rows[None])[0]
        p = {n: v.detach().requires_grad_() for n, v in f.views().items()}
        with torch.enable_grad():
            loss = F.cross_entropy(scores(self.blocks, p, x), self.y[idx])
            g = torch.cat([v.flatten() for v in torch.autograd.grad(loss, list(p.values()))])
        g = g.add_(f.all, alpha=self.t.weight_decay)
        f.all.sub_(self.moments[k].mul_(self.t.momentum).add_(g) * self.lr)

    def epoch(self):
        "All batches of all networks"
        main = torch.cuda.current_stream() if self.streams else None
        for b in range(len(self.sizes)):
            for s in self.streams: s.wait_stream(main)
            for k in range(self.n):
                if not self.streams:
                    self.train_one(k, b)
                    continue
                with torch.cuda.stream(self.streams[k % len(self.streams)]): self.train_one(k, b)
            for s in self.streams: main.wait_stream(s)

    def load(self, e):
        orders, tables = self.draws[e]
        for (i, t), o, r in zip(self.batches, orders.split(self.sizes, 1), tables.split(self.sizes, 1)):
            i.copy_(o)
            t.copy_(r)

    def run(self):
        "Train all of them"
        go, drop = self.epoch, round(self.t.epochs * self.t.drop_at)
        for e in range(self.t.epochs):
            self.load(e)
            if e == drop: self.lr.div_(10)
            if e == 0 and self.graph: go = capture(self.epoch, [*(f.all for f in self.flats), *self.moments])
            go()
        return self

    @torch.no_grad()
    def accuracies(self, batch=2500) -> list:
        test, d = self.data.test, self.device
        mean, std = (v.to(d).view(1, -1, 1, 1) for v in (self.small.mean, self.small.std))
        right = torch.zeros(self.n, device=d)
        for x, y in zip(test.images.to(d).split(batch), test.labels.to(d).split(batch)):
            x = (x.float()/255 - mean) / std
            for k, f in enumerate(self.flats): right[k] += (scores(self.blocks, f.views(), x).argmax(1) == y).sum()
        return (100*right/len(test)).tolist()


# ---- Does it compute what the package does?

def check(data, method, ipc=2, device='cpu', dtype=torch.float32, updates=3, net='convnet-w16', fused=None, graph=None,
          compiled=False, **settings) -> tuple:
    "Relative differences from the package on the CPU after some updates: of the images' change, and of the loss"
    lane = Lane(data, method, ipc, device=device, net=net, dtype=dtype, updates=updates, threads=1, fused=fused,
                graph=graph, compiled=compiled, **settings)
    start = lane.images.flatten(0, 1).cpu().clone()
    for state in condensing(data, method, ipc, device='cpu', net=net, speed='plain', **settings):
        lane.step()
        if state.step == updates: break
    a, b = lane.images.flatten(0, 1).cpu() - start, state.images.detach() - start
    return ((a - b).norm() / b.norm()).item(), abs(lane.loss.item() - state.loss) / abs(state.loss)
