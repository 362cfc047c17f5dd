# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['plain', 'auto', 'deterministic', 'float32', 'tf32', 'bfloat16', 'bfloat16_training', 'bfloat16_all', 'gpu', 'gpu_flags', 'Way', 'Compiled', 'OnGpu', 'Speed', 'Auto']
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import torch
from torch import Tensor, nn
from .fast_cpu import ByLayers
from .training import Compute

@contextmanager
def gpu_flags(tf32: bool=False, deterministic: bool=False) -> Iterator[None]:
    """Set PyTorch's precision switches for a GPU in a block, and put them back

tf32: Convolutions round their factors to TF32
deterministic: Sums are always added up in one order"""

class Way(nn.Module):
    """A network as a function to its embedding or its scores, its body in `dtype`"""
    net: Any
    what: str
    dtype: torch.dtype

    def __init__(self, net: Any, what: str, dtype: torch.dtype) -> None:
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...

class Compiled(ByLayers):
    """By PyTorch's layers, which `torch.compile` may turn into programs"""
    device: torch.device
    mode: Any
    program: Any

    def __init__(self, speed: Any, device: torch.device) -> None:
        ...

    def run(self, net: Any, what: str, x: Tensor, training: bool, f: Callable) -> Any:
        ...

    def compiled(self, what: str, net: Any, dtype: torch.dtype) -> Callable:
        """A function of images, by programs for all networks of a name"""

    def part_size(self, shape: tuple, real_batch: int, sizes: list) -> int | None:
        ...

    def engine(self, run: Any) -> Any:
        ...

    def together(self, trial: Any, numbers: Any, progress: Any) -> Any:
        ...

class OnGpu(Compiled):
    """On a GPU"""

    def precision(self, training: bool=False) -> Any:
        ...

    def map(self, f: Callable, items: Iterable) -> Iterator:
        ...

    def part_size(self, shape: tuple, real_batch: int, sizes: list) -> int | None:
        ...

    def choose(self, n: int) -> None:
        ...

    def in_parts(self, f: Callable, classes: range, n: int | None=None) -> Iterator:
        ...

    def halve(self, tried: int) -> None:
        """Fewer classes after `tried` were too many"""

class PlainOnGpu(OnGpu):
    """The plain way, in float32 on a GPU too"""
    embed: Any
    scores: Any
    gradient: Any
    backward: Any

    def __str__(self) -> str:
        ...
PRECISIONS: tuple

def native_bfloat16(device: Any=None) -> bool:
    """Whether the processor or GPU multiplies numbers of 16 bits faster than those of 32"""

@dataclass(frozen=True)
class Speed:
    """How to compute: the same result, but for rounding"""
    precision: str = ...
    training: str = ...
    images: str = ...
    compile: bool = ...
    graphs: bool = ...
    by_hand: bool = ...
    whole: bool = ...
    least: int = ...
    deterministic: bool = ...
    device: str | None = ...
    name: str = ...

    def __post_init__(self) -> None:
        ...

    def compute(self, data: Any, device: torch.device) -> Compute:
        """What this comes to for images like those of `data` on a device"""

    def __str__(self) -> str:
        ...

@dataclass(frozen=True)
class Auto:
    """The speed that suits the machine: TF32 on a GPU, and float32 on a CPU"""
    deterministic: bool = ...

    def __str__(self) -> str:
        ...

    def compute(self, data: Any, device: torch.device) -> Compute:
        ...
plain: Speed
auto: Auto
deterministic: Auto
float32: Speed
tf32: Speed
bfloat16: Speed
bfloat16_training: Speed
bfloat16_all: Speed
gpu: Speed
