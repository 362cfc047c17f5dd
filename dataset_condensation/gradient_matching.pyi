# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['intra', 'LOOPS', 'DC', 'DC_FIRST_RELEASE', 'DSA', 'class_gradient', 'mse', 'row_cosine', 'angle', 'cos', 'Level', 'Intra', 'match_gradients', 'settle_batch_norm', 'loop_counts', 'dc_settings', 'GradientMatching', 'name_of', 'paper', 'dsa_settings']
from collections.abc import Callable
from dataclasses import dataclass
from torch import Tensor, nn
from .condensation import Method, Recipe, Step
from .data import Batch
from .training import Compute

def class_gradient(net: nn.Module, x: Tensor, y: Any, create_graph: bool=False, compute: Compute=...) -> tuple:
    """The gradient that a batch gives a network

x: (n, C, H, W), images of one class
y: Their labels, (n,), or one number for all
create_graph: Keep what is needed to differentiate the gradient itself
compute: How; the graph is always PyTorch's own"""

def mse(a: tuple, b: tuple) -> Tensor:
    """Squared difference of two whole gradients (DC's ablation 'mse')

a: Gradient from synthetic images, one tensor for each parameter
b: From real images"""

def row_cosine(a: Tensor, b: Tensor, eps: float=1e-06) -> Tensor:
    """Distance of one layer's gradients: one minus the cosine, summed over output units (DC, eq. 9)

a: Gradient of one layer from synthetic images, any shape (out, ...)
b: The same layer's gradient from real images, same shape
eps: Keeps a row of zeros from dividing by zero"""

def angle(a: tuple, b: tuple) -> Tensor:
    """Sum of `row_cosine` over the layers; parameters of one dimension are left out (DC's distance)

a: Gradient from synthetic images, one tensor for each parameter
b: From real images"""

def cos(a: tuple, b: tuple, eps: float=1e-06) -> Tensor:
    """One minus the cosine between two whole gradients (DC's ablation 'cos')

a: Gradient from synthetic images
b: From real images
eps: Keeps a zero gradient from dividing by zero"""

class Level:
    """How classes are combined: level(synthetic gradients, real ones, distance, step) → loss"""
    separable: bool = ...

    def __call__(self, syn: list, real: list, distance: Callable, step: Step=...) -> Any:
        ...

    def __str__(self) -> str:
        ...

@dataclass(frozen=True)
class Intra(Level):
    """Class by class: the sum over classes of the distance between gradients (DC's objective)"""
    separable: bool

    def __call__(self, syn: list, real: list, distance: Callable, step: Step=...) -> Any:
        ...
intra: Intra

def match_gradients(net: nn.Module, real: Batch, syn: Batch, step: Step=..., distance: Callable=..., level: Callable=...) -> Tensor:
    """The gradient-matching loss, differentiable in the synthetic images

syn: Its images require a gradient
step: Where in the run, the augmentation, how to compute
distance: Between two gradients
level: How the classes are combined"""

def settle_batch_norm(net: nn.Module, draw: Callable[[int], Tensor], n: int=16) -> None:
    """Set batch norm's statistics from real images and freeze them; nothing for networks without it

draw: draw(n) → n real images of each class
n: How many to show"""
LOOPS: dict

def loop_counts(ipc: int) -> tuple[int, int]:
    """Image updates for each network, and epochs between them: as published, or on a line between

ipc: Images per class"""

def dc_settings(ipc: int, net: str='convnet', data: str='', net_momentum: float=0.0) -> dict:
    """DC's published settings

ipc: Images per class
net: Name of the network
data: Name of the data; DC's settings do not depend on it
net_momentum: Of the network's SGD"""

@dataclass(frozen=True)
class GradientMatching(Method):
    """Match the gradients that real and synthetic images give a network"""
    distance: Any = ...
    level: Any = ...
    name: str = ...
    settings: Callable = ...
    doc: str = ...
    paper: str = ...

    def __post_init__(self) -> None:
        ...

    def match(self, net: nn.Module, real: Batch, syn: Batch, step: Step) -> Tensor:
        ...

    def alone(self) -> bool:
        ...

    def separable(self, net: nn.Module) -> bool:
        ...

    def prepare(self, net: nn.Module, draw: Callable) -> None:
        ...

def settle(m: GradientMatching) -> None:
    """Let the names of a distance and a level be what they stand for, and give the method its name"""

def name_of(choice: Any) -> str:
    """What a table calls a distance, a level or another choice"""
DC: GradientMatching
DC_FIRST_RELEASE: GradientMatching

def paper(method: Any, ipc: Any=1, net: Any='convnet', data: Any='', **overrides: Any) -> Recipe:
    """The published settings of a method

method: Name of a method that computes images, or a `Method`
ipc: Images per class, or a list with one number for each class
net: Name of the network, or a module, or a function that makes one
data: A data set or its name; some settings depend on it
overrides: Fields of `Recipe` to change"""

def dsa_settings(ipc: int, net: str='convnet', data: str='') -> dict:
    """DSA's published settings

ipc: Images per class
net: Name of the network
data: Name of the data"""
DSA: GradientMatching
