"""A CUDA device that is none: tensors that say they are on cuda:0, compute on the CPU, and keep the rules of a real GPU

    with SimCuda() as sim: condense(data, 'dm', device='cuda'); print(sim.totals())

It refuses what a GPU refuses: operands on two devices, a CPU tensor indexed by a CUDA index, a CPU generator for a CUDA
tensor, `.numpy()` of a CUDA tensor. It counts what makes a GPU idle: launches, copies to the device that the program waits
for, and waits for the device (`.item()`, `.cpu()`, `nonzero`), by the line of the package that caused them. It notes what
decides the numbers: in which precision convolutions run, which layout and dtype reach GroupNorm, which gradients are
added up in no fixed order. It records graphs: operations in `torch.cuda.graph` are kept with the tensors that they read and
write, `replay` runs them again, and what cannot be captured fails. It cannot see speed, memory, rounding, cuDNN, compiled
code or races.
"""
import traceback
from collections import Counter
from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

CPU, CUDA = torch.device('cpu'), torch.device('cuda', 0)
GIB = 2**30

# Operations that launch nothing: views, allocation, questions
FREE = set('''view _unsafe_view reshape permute transpose t expand slice select split split_with_sizes unbind unsqueeze
    squeeze detach alias as_strided unfold diagonal narrow view_as detach_ empty empty_like new_empty empty_strided
    new_empty_strided lift_fresh is_same_size sym_size _local_scalar_dense is_pinned resize_ set_ requires_grad_
    tensor_split chunk'''.split())
# Operations whose result, or its size, the program waits for
WAITS = set('''_local_scalar_dense nonzero equal _unique2 bincount repeat_interleave masked_select unique_dim is_nonzero
    _assert_async'''.split())
# Operations that add in the order in which threads arrive
ATOMIC = set('''scatter_add scatter_add_ index_put_ _index_put_impl_ index_add_ upsample_bilinear2d_backward
    _adaptive_avg_pool2d_backward'''.split())


class DeviceMismatch(RuntimeError): pass


def on_cuda(device): return device is not None and (isinstance(device, int) or torch.device(device).type == 'cuda')


def tensors(*of): return [t for t in tree_flatten(of)[0] if isinstance(t, torch.Tensor)]


def where():
    "The innermost line of the package that led here"
    for f in reversed(traceback.extract_stack()):
        if f.name == 'send': continue     # whoever sends
        if 'dataset_condensation/' in f.filename.replace('\\', '/') and '/tests/' not in f.filename.replace('\\', '/'):
            return f'{f.filename.replace(chr(92), "/").rsplit("/", 1)[-1]}:{f.lineno} {f.line[:70]}'
    return 'elsewhere'


class Graph:
    "Stands for `torch.cuda.CUDAGraph`"
    def __init__(self): self.ops = []
    def add(self, name, func, args, kwargs, out): self.ops.append((name, func, args, kwargs, out))

    @property
    def launches(self): return Counter(name for name, *_ in self.ops if name not in FREE)

    @torch.no_grad()
    def replay(self):
        SimCuda.now.launches['graph'] += 1
        SimCuda.now.order.append(SimCuda.now.stream)
        with torch._C.DisableTorchFunction():
            for _, func, args, kwargs, out in self.ops:
                for was, new in zip(tensors(out), tensors(func(*args, **kwargs))):
                    if was.data_ptr() != new.data_ptr(): was.copy_(new)


class Stream:
    "Stands for `torch.cuda.Stream`"
    def __init__(self, device=None): pass
    def wait_stream(self, other): pass


class Sim(torch.Tensor):
    "A tensor on the simulated device; `.inner` holds the numbers"
    @staticmethod
    def __new__(cls, inner):
        new = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            layout=inner.layout, device=CPU, requires_grad=False)
        new.inner = inner
        return new

    def __init__(self, inner): pass
    @property
    def device(self): return CUDA
    @property
    def is_cuda(self): return True
    @property
    def is_cpu(self): return False
    def get_device(self): return 0
    def __repr__(self): return f'Sim({self.inner})'
    def __format__(self, spec): return self.item().__format__(spec) if self.dim() == 0 else repr(self)
    def __reduce_ex__(self, protocol): raise RuntimeError('a tensor on the simulated device was pickled')
    def __deepcopy__(self, memo):
        new = Sim(self.inner.detach().clone())
        if isinstance(self, torch.nn.Parameter): new = torch.nn.Parameter(new, self.requires_grad)
        return new.requires_grad_(self.requires_grad)

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, func._schema.name.split('::')[1]
        if SimCuda.now: SimCuda.now.check(name, args, kwargs)
        def unwrap(t): return t.inner if isinstance(t, Sim) else t
        a, k = tree_map(unwrap, args), tree_map(unwrap, kwargs)
        if k.get('device') is not None: k['device'] = CPU
        out = func(*a, **k)
        if SimCuda.now and SimCuda.now.graph: SimCuda.now.graph.add(name, func, a, k, out)
        if 'out' in kwargs: return kwargs['out']
        if name.endswith('_') and not name.endswith('__'): return args[0]
        return tree_map(lambda t: Sim(t) if isinstance(t, torch.Tensor) else t, out)


class _MadeInBackward(TorchDispatchMode):
    "What autograd makes by itself, such as zeros for what is undefined, is on the device too"
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out, sim = func(*args, **(kwargs or {})), SimCuda.now
        if not (sim and sim.backward) or tensors(args, kwargs) or not isinstance(out, torch.Tensor): return out
        sim.launches['made in backward'] += 1
        if sim.graph: sim.graph.add('made in backward', func, args, kwargs or {}, out)
        return Sim(out)


class _Move(torch.autograd.Function):
    "A differentiable copy between the devices"
    @staticmethod
    def forward(ctx, x, target):
        ctx.back = isinstance(x, Sim)
        y = (x.inner if ctx.back else x).detach().clone()
        return Sim(y) if target == CUDA else y
    @staticmethod
    def backward(ctx, g):
        y = g.inner if isinstance(g, Sim) else g
        return (Sim(y) if ctx.back else y), None


class SimCuda(TorchFunctionMode):
    "In the block there is a GPU"
    now = None

    def __init__(self, free=76*GIB, capability=(9, 0)):
        super().__init__()
        self.free, self.capability, self.backward, self.held, self.peak = free, capability, 0, 10**9, 10**9
        self.graph = None      # the one that is recorded
        self.stream, self.order = Stream(), []   # the one in use, and those on which graphs were replayed
        self.reset()

    def reset(self):
        self.launches, self.copies, self.ahead, self.waits = (Counter() for _ in range(4))   # `ahead`: nobody waits for it
        self.convolutions, self.norms, self.atomic, self.autocasts = Counter(), Counter(), Counter(), 0

    def totals(self): return {k: sum(getattr(self, k).values()) for k in ('launches', 'copies', 'ahead', 'waits')}

    def __enter__(self):
        SimCuda.now, self.saved, self.pinned = self, [], set()
        cuda = dict(is_available=lambda: True, device_count=lambda: 1, current_device=lambda: 0,
                    memory_allocated=lambda d=None: self.held, max_memory_allocated=lambda d=None: self.peak,
                    reset_peak_memory_stats=lambda d=None: None, memory_reserved=lambda d=None: self.held,
                    mem_get_info=lambda d=None: (self.free, 80*GIB), synchronize=lambda d=None: None,
                    empty_cache=lambda: None, get_device_capability=lambda d=None: self.capability,
                    get_device_name=lambda d=None: 'a simulated GPU', CUDAGraph=Graph, graph=self.record, Stream=Stream,
                    current_stream=lambda d=None: self.stream, stream=self.on, graph_pool_handle=lambda: 'pool')
        for k, v in cuda.items(): self.put(torch.cuda, k, v)
        autocast = torch.amp.autocast
        def cast(device_type, dtype=None, **kw):
            self.autocasts += on_cuda(device_type)
            return autocast('cpu', dtype, **kw)
        self.put(torch, 'autocast', cast)
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        self.inside = _MadeInBackward()
        self.inside.__enter__()
        return super().__enter__()

    @contextmanager
    def record(self, graph, pool=None):
        self.graph = graph
        try: yield
        finally: self.graph = None

    @contextmanager
    def on(self, stream):
        before, self.stream = self.stream, stream
        try: yield
        finally: self.stream = before

    def idle(self, counts):
        "Count that the device idles, which none may while a graph is recorded"
        counts[where()] += 1
        if self.graph: raise RuntimeError(f'operation not permitted when stream is capturing [{where()}]')

    def put(self, of, name, value):
        self.saved.append((of, name, getattr(of, name)))
        setattr(of, name, value)

    def __exit__(self, *e):
        for of, name, value in reversed(self.saved): setattr(of, name, value)
        self.inside.__exit__(None, None, None)
        torch.__future__.set_overwrite_module_params_on_conversion(False)
        SimCuda.now = None
        return super().__exit__(*e)

    # ---- Operations

    def check(self, name, args, kwargs):
        "Refuse what a GPU refuses, count the rest"
        if kwargs.get('generator') is not None:
            raise RuntimeError(f"Expected a 'cuda' device type for generator but found 'cpu' ({name})")
        self.operands(name, args, [t for t in tensors(args, kwargs) if not isinstance(t, Sim)])
        masks = [t for t in tensors(args[1:2]) if t.dtype in (torch.bool, torch.uint8)]
        if name in WAITS or name == 'index' and masks: self.idle(self.waits)
        if name not in FREE: self.launches[name] += 1
        if name in ATOMIC: self.atomic[name] += 1
        if name == 'convolution': self.convolutions[args[0].dtype, torch.backends.cudnn.conv.fp32_precision] += 1
        if name == 'native_group_norm':
            x = args[0].inner
            last = x.ndim == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)
            self.norms[x.dtype, 'channels last' if last else 'as torch has it'] += 1

    def operands(self, name, args, plain):
        "CPU tensors among those of an operation on the device"
        if not plain: return
        if 'index' in name:
            if isinstance(args[0], Sim): self.idle(self.copies)      # the index is copied to the device
            else: raise DeviceMismatch('indices should be either on cpu or on the same device as the indexed tensor '
                                       f'(cpu) [{where()}]')
        elif name == 'copy_': self.idle(self.copies if isinstance(args[0], Sim) else self.waits)
        elif name not in ('_foreach_copy_', '_to_copy', 'set_') and any(t.dim() for t in plain):
            raise DeviceMismatch(f'{name}: expected all tensors to be on the same device, but found at least two '
                                 f'devices, cuda:0 and cpu [{where()}]')

    # ---- Functions that look at devices before any operation

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, name = dict(kwargs or {}), getattr(func, '__name__', str(func))
        x = args[0] if args else None
        sim = isinstance(x, Sim)
        if isinstance(x, torch.Tensor) and name in ('to', 'cuda', 'cpu'): return self.to(name, x, *args[1:], **kwargs)
        if name == 'pin_memory': return self.pin(x)
        if sim and name in ('numpy', '__array__'):
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to "
                            'host memory first.')
        if sim and name == 'tolist':
            self.idle(self.waits)
            return x.inner.tolist()
        if name in ('backward', 'grad') and callable(func): return self.differentiate(func, args, kwargs)
        if name in ('as_tensor', 'tensor', 'asarray'): return self.make(func, x, args, kwargs)
        if on_cuda(kwargs.get('device')): return self.create(func, name, args, kwargs)
        if sim and kwargs.get('device') is not None: kwargs['device'] = CPU
        return func(*args, **kwargs)

    def differentiate(self, func, args, kwargs):
        on = any(isinstance(t, Sim) for t in tensors(args, kwargs))
        self.backward += on
        try: return func(*args, **kwargs)
        finally: self.backward -= on

    def make(self, func, x, args, kwargs):
        "torch.tensor and the like"
        device = kwargs.pop('device', None)
        if isinstance(x, Sim):
            if device is not None and not on_cuda(device): x = self.to('cpu', x)
            return x.to(kwargs['dtype']) if kwargs.get('dtype') else x
        out = func(*args, **kwargs)
        if not on_cuda(device): return out
        self.idle(self.copies)
        return Sim(out)

    def create(self, func, name, args, kwargs):
        "torch.zeros(…, device='cuda') and the like"
        if kwargs.get('generator') is not None:
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
        out = func(*args, **dict(kwargs, device=CPU))
        if isinstance(out, Sim) or not isinstance(out, torch.Tensor): return out
        if not name.startswith('empty'): self.launches[name] += 1
        if self.graph: self.graph.add(name, func, args, dict(kwargs, device=CPU), out)
        return Sim(out.detach()).requires_grad_(out.requires_grad)

    def pin(self, x):
        "Memory that the device reads by itself"
        if isinstance(x, Sim): raise RuntimeError("cannot pin 'torch.cuda.FloatTensor' only dense CPU tensors can be pinned")
        new = x.detach().clone()
        new.pinned = True
        return new

    def to(self, name, x, *args, **kwargs):
        device, dtype, args = {'cuda': CUDA, 'cpu': CPU}.get(name), kwargs.get('dtype'), list(args)
        for a in args:
            if isinstance(a, torch.Tensor): device, dtype = a.device, a.dtype
            elif isinstance(a, torch.dtype): dtype = a
            elif isinstance(a, (str, int, torch.device)) and not isinstance(a, bool): device = a
        device = kwargs.get('device', device)
        here = CUDA if isinstance(x, Sim) else CPU
        target = here if device is None else CUDA if on_cuda(device) else CPU
        rest = {k: v for k, v in kwargs.items() if k in ('copy', 'memory_format')}
        with torch._C.DisableTorchFunction():
            if target != here:
                ahead = target == CUDA and kwargs.get('non_blocking') and getattr(x, 'pinned', False)
                self.idle(self.ahead if ahead else self.copies if target == CUDA else self.waits)
                if x.requires_grad and torch.is_grad_enabled(): x = _Move.apply(x, target)
                else:
                    y = (x.inner if isinstance(x, Sim) else x).detach().clone()
                    x = Sim(y) if target == CUDA else y
            return torch._C._TensorBase.to(x, dtype or x.dtype, **rest) if dtype or rest else x
