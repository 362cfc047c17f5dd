# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['divide', 'ProcessLost', 'n_processes', 'own_rank', 'talk', 'writes', 'everyones', 'first_process', 'fill', 'added', 'Together', 'Slices', 'evaluate_together', 'joined', 'first_then_all', 'first_to_end', 'launcher']
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
import torch
from torch import Tensor, nn
from .condensation import Method, State
from .runs import Alone
from .training import Compute, Evaluation

def divide(n: int, parts: int) -> list[range]:
    """Cut 0…n−1 into ranges whose lengths differ by at most one, the longer ones first

n: Classes
parts: Processes"""

class ProcessLost(RuntimeError):
    """Another process of the run has ended, or was waited for too long"""

def n_processes() -> int:
    """The processes that share the work: all of `torch.distributed`, where it is initialised"""

def own_rank() -> int:
    """Number of this process"""

def talk(collective: Callable, *args: Any, **kw: Any):
    """Call what all processes call together"""

def writes() -> bool:
    """Is this the process that writes files and shows bars?"""

def everyones(x: Any) -> list:
    """The `x` of each process"""

def first_process(f: Callable[[], Any]) -> Any:
    """What f() gives, or raises, in the first process, for all of them"""

def fill(whole: Tensor, rows: list[slice]) -> Tensor:
    """`whole`, in place, with the rows that each process has computed"""

def added(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Sums over processes, differentiable in this one's tensors, which have the same shapes in all"""

class Together(Alone):
    """The team of several processes: each has a range of classes"""
    state: State
    size: Any
    writes: Any
    divided: Any
    n_classes: Any
    ranges: Any
    rows: Any
    own_classes: Any
    own: Any
    shared: Any
    place: Any
    unsent: list[Tensor]
    handlers: dict[int, Any]
    aligned: bool
    broken: bool
    pressed: int

    def __init__(self, state: State, method: Method, sizes: list[int]):
        ...

    def classes(self, n: int) -> range:
        ...

    def part(self, x: Tensor) -> Tensor:
        ...

    def first(self, f: Callable) -> Any:
        ...

    def evaluate(self, *args: Any, **kw: Any) -> Evaluation:
        ...

    def more(self, policy: Callable, *args: Any) -> bool:
        ...

    def check(self, sizes: list[int]):
        """Refuse where another process was started with something else"""

    def gather(self, state: State):
        """Bring the images and losses of all classes up to date"""

    def whole(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Tensors like those of `part`, for all classes"""

    def total(self, real: list, syn: list) -> tuple:
        """Sums over processes of this one's tensors, differentiable in them"""

    def means(self, real: list, syn: list) -> tuple:
        """The mean gradients of all classes, from those of this process's classes; differentiable in them"""

    @contextmanager
    def training(self, state: State) -> Iterator[Compute]:
        """`state.net` is trained in the block; on a CPU each process computes a slice of every batch"""

    def moved(self, state: State, parts: list):
        """After an update: keep the losses of own classes, and stop where a signal has come to any process"""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """In the block, Ctrl-C and SIGTERM take effect after the same update in all processes"""

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Around every update"""

class Slices(Compute):
    """A way to train that leaves each process a slice of a batch"""
    compute: Compute

    def __init__(self, compute: Compute):
        ...

    def backward(self, net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy; its gradient is that of all processes together"""

def evaluate_together(*args: Any, progress: Any=True, keep: bool=False, **kw: Any) -> Evaluation:
    """What `evaluate` gives, each process with some of the networks; the same in every process"""

@contextmanager
def joined(device: Any=None, patience: float=3600.0) -> Iterator[torch.device]:
    """In the block, work with the processes that torchrun has started; alone if it has not

device: 'auto', 'cpu' or 'cuda', of which each process has its own
patience: Seconds to wait for a process that is alive"""

def first_then_all(f: Callable[[], Any]) -> Any:
    """f() in every process, in the first before the others"""

def first_to_end() -> bool:
    """Is this the first of the processes to say why it ends? The others have nothing to add"""

def launcher() -> list[str]:
    """The words that begin a command line like the one of this process"""
