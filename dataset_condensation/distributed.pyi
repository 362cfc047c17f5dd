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
    """Split 0…n−1 into ranges whose lengths differ by at most one, longer ones first"""

class ProcessLost(RuntimeError):
    """Another process of the run has ended or timed out"""

def n_processes() -> int:
    """Number of processes in `torch.distributed`; 1 if it isn't initialized"""

def own_rank() -> int:
    """Rank of this process"""

def talk(collective: Callable, *args: Any, **kw: Any):
    """Call a collective, and turn its failure into a `ProcessLost`"""

def writes() -> bool:
    """Does this process write files and show progress?"""

def everyones(x: Any) -> list:
    """The `x` of each process, in order"""

def first_process(f: Callable[[], Any]) -> Any:
    """Call f() in the first process; all processes return its result or raise its error"""

def fill(whole: Tensor, rows: list[slice]) -> Tensor:
    """Fill `whole` in place with the rows that each process has computed"""

def added(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Sums over processes, differentiable in this one's tensors; all have the same shapes"""

class Together(Alone):
    """Host of a run in several processes, each with a range of classes"""
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
    aligned: bool
    broken: bool

    def __init__(self, state: State, method: Method, sizes: list[int]):
        ...

    def classes(self, n: int) -> range:
        ...

    def part(self, x: Tensor) -> Tensor:
        ...

    def in_first(self, f: Callable) -> Any:
        ...

    def evaluate(self, *args: Any, **kw: Any) -> Evaluation:
        ...

    def more(self, policy: Callable, *args: Any) -> bool:
        ...

    def check(self, sizes: list[int]):
        """Raise if another process was started with other settings"""

    def gather(self, state: State):
        """Update the images and losses of all classes"""

    def whole(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Tensors for all classes, from each process's `part`"""

    def means(self, syn: list, real: list) -> tuple:
        """Mean gradients over all classes, differentiable in those of this process"""

    @contextmanager
    def around_training(self, state: State) -> Iterator[Compute]:
        """Train `state.net` in the block; on a CPU each process computes a slice of every batch"""

    def after_step(self, state: State, parts: list):
        """After an update: keep own losses, and stop if any process got a signal"""

    def hear(self, number: int, frame: Any) -> None:
        """Ctrl-C and SIGTERM stop all processes after the same update"""

    @contextmanager
    def around_update(self) -> Iterator[None]:
        """Note an error in an update"""

class Slices(Compute):
    """Training in which each process takes a slice of a batch"""
    compute: Compute

    def __init__(self, compute: Compute):
        ...

    def backward(self, net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy; its gradient is summed over all processes"""

def evaluate_together(*args: Any, progress: Any=True, keep: bool=False, **kw: Any) -> Evaluation:
    """`evaluate` with the networks divided among processes; all get the same result"""

@contextmanager
def joined(device: Any=None, patience: float=3600.0) -> Iterator[torch.device]:
    """Join the processes that torchrun started; without torchrun, do nothing

device: 'auto', 'cpu' or 'cuda' (one GPU per process)
patience: Seconds to wait for a live process"""

def first_then_all(f: Callable[[], Any]) -> Any:
    """Call f() in every process, in the first one before the others"""

def first_to_end() -> bool:
    """Is this the first process to fail? Only that one prints its error"""

def launcher() -> list[str]:
    """The first words of the command that started this process"""
