# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['families', 'neutral', 'named_augments', 'brightness', 'saturation', 'contrast', 'color', 'resample', 'resample_groups', 'crop', 'scale', 'rotate', 'cutout', 'flip', 'Augment', 'draw_params', 'Draw', 'siamese', 'make_augment', 'dsa_for', 'FunctionAugment']
from collections.abc import Callable
from dataclasses import dataclass
import torch
from torch import Tensor
families: tuple

def brightness(x: Tensor, b: Tensor | float) -> Tensor:
    """Add `b` to every pixel

x: Normalized images (N, C, H, W)
b: What to add, in standard deviations of the data: a number or (n, 1, 1, 1)"""

def saturation(x: Tensor, s: Tensor | float) -> Tensor:
    """Multiply each pixel's distance from the mean of its channels by `s`

x: Normalized images (N, C, H, W)
s: 0 gives gray, 1 the image, 2 twice the color: a number or (n, 1, 1, 1)"""

def contrast(x: Tensor, c: Tensor | float) -> Tensor:
    """Multiply each pixel's distance from the mean of its image by `c`

x: Normalized images (N, C, H, W)
c: 0 gives one flat tone, 1 the image: a number or (n, 1, 1, 1)"""

def color(x: Tensor, p: Tensor) -> Tensor:
    """Brightness, then saturation, then contrast

x: Normalized images (N, C, H, W)
p: (n, 3): brightness, saturation, contrast; n is 1 or N"""

def resample(x: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """Read `x` between its pixels (bilinear), zero outside

x: Images (N, C, H, W)
rows: Where each result pixel looks: pixels below the center, (n, 1, H, W), n 1 or N
cols: Likewise: pixels to the right of the center"""

def resample_groups(x: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """`resample` for places that the images of a group share, (groups, 1, H, W), from pixel 0 on"""

def crop(x: Tensor, p: Tensor) -> Tensor:
    """Shift the image; what comes in at the edge is zero, the data's mean color

x: Normalized images (N, C, H, W)
p: (n, 2): pixels down, pixels to the right, whole numbers; n is 1 or N"""

def scale(x: Tensor, p: Tensor) -> Tensor:
    """Stretch or shrink the image about its center, on each axis by its own factor

x: Normalized images (N, C, H, W)
p: (n, 2): factors of height and of width, above 1 is larger; n is 1 or N"""

def rotate(x: Tensor, p: Tensor) -> Tensor:
    """Turn the image about its center

x: Normalized images (N, C, H, W)
p: (n, 1): degrees, counter-clockwise; n is 1 or N"""

def cutout(x: Tensor, p: Tensor) -> Tensor:
    """Set a rectangle to zero, the data's mean color

x: Normalized images (N, C, H, W)
p: (n, 4): top row, left column, height and width of the hole; n is 1 or N"""

def flip(x: Tensor, p: Tensor) -> Tensor:
    """Mirror left and right

x: Normalized images (N, C, H, W)
p: (n, 1): 1 mirrors the image, 0 leaves it; n is 1 or N"""
NOISE: float
neutral: dict

@dataclass(frozen=True)
class Augment:
    """Which families of change to draw from, how they combine, and how far each goes"""
    strategy: tuple | str = ...
    mode: str = ...
    brightness: float = ...
    saturation: tuple = ...
    contrast: tuple = ...
    crop: float = ...
    cutout: float = ...
    flip: float = ...
    scale: tuple = ...
    rotate: float = ...

    def __post_init__(self) -> None:
        ...

    def draw(self, n: int, generator: torch.Generator, size: tuple, shared: bool=False) -> Draw:
        """Draw once, to apply to one batch or to several

n: Images that get parameters of their own; ignored when shared
generator: On the CPU
size: (height, width) of the images, or a shape that ends so
shared: One set of parameters for all images of any batch"""

    def __call__(self, x: Tensor, generator: torch.Generator, shared: bool=False) -> Tensor:
        """Draw for normalized images (N, C, H, W), the same for all of them if `shared`, and apply"""

def draw_params(family: str, n: int, generator: torch.Generator, size: tuple, ranges: Augment=...) -> Tensor:
    """Draw `n` rows of parameters for a family

family: One of `families`, or 'noise'
n: Rows to draw, one per image
generator: On the CPU
size: Height and width of the images, in pixels
ranges: How far the family goes"""

@dataclass(frozen=True, eq=False)
class Draw:
    """Parameters that were drawn, to be applied to a batch"""
    steps: tuple
    n: int | None = ...

    def __call__(self, x: Tensor) -> Tensor:
        """Apply the draw to normalized images (N, C, H, W); differentiable in `x`"""

    def __repr__(self) -> str:
        ...

def siamese(step: Any, c: int, real: Tensor, syn: Tensor) -> tuple[Tensor, Tensor]:
    """Real and synthetic images of a class under one draw of the step's augmentation

step: A `Step`; without an augmentation the images stay as they are
c: Class
real: (n, C, H, W)
syn: (m, C, H, W)"""
named_augments: dict

def make_augment(augment: Any) -> Any:
    """An augmentation by its name, 'color_crop', the fields of `Augment` or a function of images"""

def dsa_for(data: Any) -> str:
    """The DSA setting for a data set or its name: 'dsa-digits' for digits and letters, else 'dsa'"""

@dataclass(frozen=True)
class FunctionAugment:
    """A function of a batch of images as an augmentation; a draw is the seed of its random numbers"""
    f: Callable

    def draw(self, n: int, generator: torch.Generator, size: tuple, shared: bool=False) -> Callable[[Tensor], Tensor]:
        """What `Augment.draw` gives, a function of a batch; the seed is shared in any case"""

    def under(self, seed: int, x: Tensor) -> Tensor:
        """The images under the draw that is `seed`"""

    def __call__(self, x: Tensor, generator: torch.Generator, shared: bool=False) -> Tensor:
        ...
