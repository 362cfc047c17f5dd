# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['one_epoch', 'until_overfit', 'PUBLISHED', 'published_schedule', 'DELVING', 'DELVING_UNTIL_OVERFIT', 'Fixed', 'held_loss', 'UntilOverfit', 'Schedule', 'adaptive_settings']
from collections.abc import Callable
from dataclasses import dataclass
from torch import nn
from .multi_level_matching import MultiLevelMatching

@dataclass(frozen=True)
class Fixed:
    """Inner policy: the same number of epochs after every update"""
    passes: int = ...

    def __post_init__(self) -> None:
        ...

    def __call__(self, outer: int, done: int, net: Any=None, held: Any=None) -> bool:
        """outer: Update just made, from 0
done: Epochs of training since
net: The network
held: held(n) → n real images of mixed classes and their labels"""

    def __repr__(self) -> str:
        ...
one_epoch: Fixed

def held_loss(net: nn.Module, held: Callable, n: int=256) -> float:
    """Cross-entropy of `net` on the held images

net: Left as it was
held: held(n) → n real images and their labels, each time the same
n: How many"""

@dataclass(unsafe_hash=True)
class UntilOverfit:
    """Inner policy: epochs until the loss on held real images rises"""
    n: int = ...
    most: int = ...

    def __post_init__(self):
        ...

    def __call__(self, outer: int, done: int, net, held: Callable) -> bool:
        """outer: Update just made, from 0
done: Epochs of training since
net: The network
held: held(n) → n real images of mixed classes and their labels"""

    def __repr__(self):
        ...
until_overfit: UntilOverfit
PUBLISHED: tuple

@dataclass(frozen=True)
class Schedule:
    """Inner policy: a number of epochs for each update of a network; beyond the list its last number"""
    passes: tuple = ...

    def __post_init__(self):
        ...

    def __call__(self, outer: int, done: int, net: Any=None, held: Any=None) -> bool:
        ...

    def __repr__(self):
        ...
published_schedule: Schedule

def adaptive_settings(ipc: int, net: str='convnet', data: str='', policy: Callable | None=None) -> dict:
    """Delving's published settings, with adaptive steps

ipc: Images per class
net: Name of the network
data: Name of the data
policy: The published schedule if None"""
DELVING: MultiLevelMatching
DELVING_UNTIL_OVERFIT: MultiLevelMatching
