# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['block_forward', 'block_backward', 'FastConvNet', 'ByLayers', 'ByHand']
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
import torch
from torch import Tensor
from .training import Compute

def block_forward(block: Any, w: Tensor, x: Tensor, keep: list | None=None) -> Tensor:
    """Convolution, instance norm, activation and pooling with few sweeps over memory

block: (convolution, norm, activation, pooling), from `conv_block`
w: The convolution's weights, channels last, in the precision to use
x: (n, C, H, W), likewise
keep: A list that gets what `block_backward` needs"""

def block_backward(block: Any, w: Tensor, kept: tuple, d: Tensor, want: tuple[bool, bool]=...) -> tuple:
    """The chain rule through a block, in place

block: As in `block_forward`
kept: From `block_forward`; overwritten
d: Gradient of the block's output
want: Of the input? Of the parameters?"""

def hand_blocks(net: Any) -> list[Any] | None:
    """The blocks of `net` if `block_forward` can compute all of them, otherwise None"""

def free_cores() -> int:
    ...

def begin_jobs(f: Callable, parts: Iterable, threads: int) -> list[Future]:
    """The jobs f(part), `threads` at a time"""

class FastConvNet:
    """A ConvNet's embedding and gradients, a few images at a time, on all cores"""
    dtype: torch.dtype
    training: torch.dtype
    images: torch.dtype
    blocks: Any
    head: Any
    most: Any

    def __init__(self, net: Any, dtype: torch.dtype=..., training: torch.dtype=..., images: torch.dtype=...) -> None:
        """net: With `body` and `head`; weights are read at every call
dtype: Precision of matching
training: Precision of training
images: Of images that need a gradient"""

    def weights(self, dtype: torch.dtype) -> list[Tensor]:
        """The convolutions' weights, in `dtype` and channels last"""

    def pieces(self, dtype: torch.dtype) -> int:
        """Images per piece"""

    def shares(self, *tensors: Tensor) -> list[tuple]:
        """The tensors divided among the threads"""

    def embed(self, x: Tensor) -> Tensor:
        """The same as `net.embed`

x: (n, C, H, W)"""

    def gradient(self, x: Tensor, y: Tensor, training: bool=False) -> tuple:
        """Loss of a batch and its gradient in the network's parameters

x: (n, C, H, W)
y: (n,), labels, or (n, classes)
training: Use the precision of training?"""

class ByLayers(Compute):
    """Any network with PyTorch's layers; on a CPU in pieces that fit the cache; also in 16 bits"""
    speed: Any
    dtypes: Any

    def __init__(self, speed: Any) -> None:
        ...

    def cast(self, x: Tensor, training: bool=False) -> Any:
        """Context manager for the precision"""

    def run(self, net: Any, what: str, x: Tensor, training: bool, f: Callable) -> Any:
        """Apply f to the embedding or the scores, a function of images"""

    def __str__(self) -> str:
        ...

    def few(self, net: Any, x: Tensor) -> int:
        """Images at a time: those that fit the cache, where results stay the same"""

    def pieces(self, net: Any, x: Tensor) -> list[Tensor]:
        """The batch in pieces; on a CPU with its channels last"""

    def embed(self, net: Any, x: Tensor) -> Tensor:
        ...

    def scores(self, net: Any, x: Tensor) -> Tensor:
        ...

    def loss_and_gradient(self, net: Any, x: Tensor, y: Tensor, training: bool=False) -> tuple:
        """Mean cross-entropy, and a gradient for each parameter of the network"""

    def gradient(self, net: Any, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        ...

    def backward(self, net: Any, x: Tensor, y: Tensor) -> Tensor:
        ...

    def part_size(self, shape: tuple, real_batch: int, sizes: list) -> int | None:
        """As many classes as keep all cores busy"""

    def map(self, f: Callable, items: Iterable) -> Iterator:
        """f of each item, in order; several at a time on a CPU"""

class ByHand(ByLayers):
    """ConvNets by hand, other networks by their layers"""

    def embed(self, net: Any, x: Tensor) -> Tensor:
        ...

    def loss_and_gradient(self, net: Any, x: Tensor, y: Tensor, training: bool=False) -> tuple:
        ...
