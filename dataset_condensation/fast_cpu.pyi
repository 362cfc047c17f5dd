# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['block_forward', 'block_backward', 'FastConvNet', 'ByLayers', 'ByHand']
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
import torch
from torch import Tensor
from .training import Compute

def block_forward(block: Any, w: Tensor, x: Tensor, keep: list | None=None) -> Tensor:
    """Convolution, instance norm, activation and pooling in few passes over memory

block: (convolution, norm, activation, pooling), as `conv_block` makes them
w: Weights of the convolution, channels last, in the precision to compute in
x: (n, C, H, W), likewise
keep: What `block_backward` will need is appended"""

def block_backward(block: Any, w: Tensor, kept: tuple, d: Tensor, want: tuple[bool, bool]=...) -> tuple:
    """The chain rule through a block, in place

block: As in `block_forward`
kept: What `block_forward` kept; it is overwritten
d: The gradient of the map that went on
want: The gradient of what came in? Of the parameters?"""

def hand_blocks(net: Any) -> list[Any] | None:
    """The blocks of `net` if each is one that `block_forward` knows, otherwise None"""

def free_cores() -> int:
    ...

def begin_jobs(f: Callable, parts: Iterable, threads: int) -> list[Future]:
    """The jobs f(part), of which as many run at a time"""

class FastConvNet:
    """A ConvNet's embedding and gradients, a few images at a time, on all cores"""
    dtype: torch.dtype
    training: torch.dtype
    blocks: Any
    head: Any
    most: Any

    def __init__(self, net: Any, dtype: torch.dtype=..., training: torch.dtype=...) -> None:
        """net: With `body` and `head`; its weights are read anew at every call
dtype: Of convolutions, in matching
training: Likewise while the network is trained"""

    def weights(self, dtype: torch.dtype) -> list[Tensor]:
        """The convolutions' weights as the blocks want them"""

    def pieces(self, dtype: torch.dtype) -> int:
        """How many images to take at a time"""

    def shares(self, *tensors: Tensor) -> list[tuple]:
        """The tensors divided among the threads"""

    def embed(self, x: Tensor) -> Tensor:
        """What `net.embed` gives

x: (n, C, H, W)"""

    def gradient(self, x: Tensor, y: Tensor, training: bool=False) -> tuple:
        """The loss of a batch and the gradient it gives the network

x: (n, C, H, W)
y: (n,), labels
training: In the precision of training?"""

class ByLayers(Compute):
    """Any network by PyTorch's layers, on a CPU in pieces that fit its cache; also in 16 bits"""
    speed: Any
    dtypes: Any

    def __init__(self, speed: Any) -> None:
        ...

    def pieces(self, net: Any, x: Tensor) -> list[Tensor]:
        """The batch in pieces that fit the cache, channels last, if that changes nothing"""

    def cast(self, x: Tensor, training: bool=False) -> Any:
        """A block in the precision to compute in"""

    def run(self, net: Any, what: str, x: Tensor, training: bool, f: Callable) -> Any:
        """f(the embedding or the scores, as a function of images)"""

    def __str__(self) -> str:
        ...

    def embed(self, net: Any, x: Tensor) -> Tensor:
        ...

    def scores(self, net: Any, x: Tensor) -> Tensor:
        ...

    def loss_and_gradient(self, net: Any, x: Tensor, y: Tensor, training: bool=False) -> tuple:
        """Mean cross-entropy, and its gradient: a tensor for each parameter of the network"""

    def gradient(self, net: Any, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        ...

    def backward(self, net: Any, x: Tensor, y: Tensor) -> Tensor:
        ...

    def part_size(self, shape: tuple, real_batch: int, sizes: list) -> int | None:
        """As many classes as keep all cores busy"""

    def map(self, f: Callable, items: Iterable) -> Iterator:
        """f of each item in order, several at a time on a CPU"""

class ByHand(ByLayers):
    """ConvNets by hand, other networks by their layers"""

    def embed(self, net: Any, x: Tensor) -> Tensor:
        ...

    def loss_and_gradient(self, net: Any, x: Tensor, y: Tensor, training: bool=False) -> tuple:
        ...
