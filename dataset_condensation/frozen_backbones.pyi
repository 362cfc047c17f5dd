# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['VIEWS', 'LINEAR', 'output', 'Frozen', 'Head', 'cached_features', 'Features', 'linear_settings', 'LinearMatching', 'Pyramid', 'probe']
from collections.abc import Callable
from dataclasses import dataclass
import torch
from torch import Tensor, nn
from .condensation import Recipe, Step
from .data import Batch, ImageData
from .gradient_matching import GradientMatching

def output(net: nn.Module, x: Tensor) -> Tensor:
    """Features by a network: its `embed`, what enters a Linear that is its last layer, or its output

net: Any network
x: (N, C, H, W), normalized"""

class Frozen:
    """For `net=`: makes networks of a copy of a backbone, never changed, and a random linear head"""
    backbone: Any
    spread: float
    own: Callable
    kept: Any

    def __init__(self, backbone: nn.Module, features: Callable=..., spread: float=0.3) -> None:
        """backbone: A trained network; stays as it is
features: features(backbone, images) → (N, ...)
spread: Standard deviation of the head's random weights"""

    def __call__(self, shape: tuple, n_classes: int) -> 'Head':
        ...

    def __deepcopy__(self, memo: dict) -> 'Frozen':
        ...

    def __repr__(self) -> str:
        ...

    def features(self, x: Tensor) -> Tensor:
        """(N, features), of unit length"""

class Head(nn.Module):
    """A random linear layer on the features of a backbone, which isn't among its modules"""
    frozen: Frozen
    head: Any

    def __init__(self, frozen: Frozen, shape: tuple, n_classes: int) -> None:
        ...

    def embed(self, x: Tensor) -> Tensor:
        """Features of images; features stay as they are"""

    def forward(self, x: Tensor) -> Tensor:
        ...
VIEWS: int

def cached_features(frozen: Frozen, images: Any, augment: Any=None, views: int=1, device: Any=None) -> Tensor:
    """Features of every image, computed once for a backbone, a set and an augmentation

images: An `ImageSet` or a `SyntheticSet`
augment: augment(images, generator), see `make_augment`
views: Augmented views of each image
device: Where to compute"""

class Features:
    """Real images as features of a few augmented views, for `sampling`"""
    frozen: Any
    data: ImageData
    train: Any
    counts: Any
    augment: Any
    views: Any

    def __init__(self, data: ImageData, recipe: Recipe, seed: int) -> None:
        ...

    def which(self, c: int, n: int, generator: torch.Generator) -> Tensor:
        ...

    def take(self, idx: Tensor, device: Any=None) -> tuple[Tensor, Tensor]:
        ...

def linear_settings(ipc: int, net: Any=None, data: str='') -> dict:
    """Settings for minutes on a processor: heads are trained on the set between updates"""

@dataclass(frozen=True)
class LinearMatching(GradientMatching):
    """Match the gradient of a linear head on a frozen backbone"""
    distance: Any = ...
    level: Any = ...
    copies: int = ...
    name: str = ...
    settings: Callable = ...
    doc: str = ...
    paper: str = ...

    def recipe(self, ipc: Any=1, net: Any='convnet', data: Any='', **new: Any) -> Recipe:
        """Its settings; a network, or one that a function loads, is frozen; a name stays"""

    def match(self, net: nn.Module, real: Batch, syn: Batch, step: Step) -> Tensor:
        """One minus the cosine of the gradients, of features of real images and of synthetic images"""
LINEAR: LinearMatching

class Pyramid(torch.optim.Optimizer):
    """Adam on images at every resolution at once: each moves the patches of its size as one"""

    def __init__(self, params: Any, lr: float=0.03, betas: tuple=...) -> None:
        ...

    def step(self, closure: Any=None) -> Any:
        ...

def probe(small: Any, backbone: Any, data: ImageData, augment: Any=None, views: int=1, decay: float=0.0001, device: Any=None) -> float:
    """Test accuracy of a linear head that is trained on the features of a set, to the minimum

small: A `SyntheticSet`, an `ImageSet`, or `ImageData` for its training set
backbone: A trained network, or `Frozen`
data: Its test images are what counts
augment: Train on augmented views
views: So many of each image
decay: Penalty on the squared weights of the head
device: A GPU where there is one"""
