# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['inter', 'both', 'interleaved', 'angle_magnitude', 'DELVING_M', 'DELVING_MD', 'mean_gradient', 'Inter', 'Both', 'Interleaved', 'row_difference', 'AngleMagnitude', 'delving_settings', 'MultiLevelMatching', 'match_in_turns']
from collections.abc import Callable
from dataclasses import dataclass
from torch import Tensor, nn
from .condensation import Step
from .data import Batch
from .gradient_matching import GradientMatching, Level

def mean_gradient(grads: list) -> tuple:
    """The mean over classes of their gradients (the inter-class gradient of Delving)

grads: For each class its gradient, one tensor for each parameter"""

@dataclass(frozen=True)
class Inter(Level):
    """The distance of the means over classes, times the number of classes (Delving's 'inter')"""

    def __call__(self, syn: list, real: list, distance: Callable, step: Step=...) -> Any:
        ...
inter: Inter

@dataclass(frozen=True)
class Both(Level):
    """The sum over classes, and λ times the term of their mean (Delving's 'M')"""
    lam: float = ...

    def __post_init__(self) -> None:
        ...

    def __call__(self, syn: list, real: list, distance: Callable, step: Step=...) -> Any:
        ...

    def __str__(self) -> str:
        ...
both: Both

@dataclass(frozen=True)
class Interleaved(Level):
    """Class by class for every even network, the mean for every odd one (Delving's 'interleaved')"""

    def __call__(self, syn: list, real: list, distance: Callable, step: Step=...) -> Any:
        ...
interleaved: Interleaved

def row_difference(a: Tensor, b: Tensor) -> Tensor:
    """Sum over output units of the length of the difference between the rows of `a` and `b`

a: Gradient of one layer from synthetic images, any shape (out, ...)
b: The same layer's gradient from real images, same shape"""

@dataclass(frozen=True)
class AngleMagnitude:
    """A distance: the angle, and μ times the length of the difference, row by row (Delving's 'D')"""
    mu: float = ...

    def __post_init__(self) -> None:
        ...

    def __call__(self, a: tuple, b: tuple) -> Tensor:
        ...

    def __str__(self) -> str:
        ...
angle_magnitude: AngleMagnitude

def delving_settings(ipc: int, net: str='convnet', data: str='') -> dict:
    """Delving's published settings, with a fixed number of epochs between updates

ipc: Images per class
net: Name of the network
data: Name of the data"""

@dataclass(frozen=True)
class MultiLevelMatching(GradientMatching):
    """Gradient matching with Delving's two terms; one class at a time in memory"""
    distance: Any = ...
    level: Any = ...
    settings: Callable = ...
    doc: str = ...
    paper: str = ...

    def __post_init__(self) -> None:
        ...

    def match(self, net: nn.Module, real: Batch, syn: Batch, step: Step) -> Tensor:
        ...
DELVING_M: MultiLevelMatching
DELVING_MD: MultiLevelMatching

def match_in_turns(net: nn.Module, real: Batch, syn: Batch, step: Step=..., distance: Callable=..., level: Callable=...) -> Tensor:
    """The loss of `match_gradients`, with what one class needs in memory at a time

syn: Its images require a gradient
step: Where in the run, the augmentation, how to compute
distance: Between two gradients
level: How the classes are combined"""

def inter_of_team(syn: list, real: list, distance: Callable, team: Any) -> Any:
    """`inter` in one of several processes: the share of its classes, with the slope of all"""
