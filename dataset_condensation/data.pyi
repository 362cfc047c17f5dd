# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['image_stats', 'ImageSet', 'gen', 'ImageData', 'Batch', 'real_batch', 'show_images', 'from_tensors']
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple
import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.utils.data import Dataset

def byte_counts(images: Any) -> Tensor:
    """How often each of the 256 values occurs in each channel of (N, C, H, W) bytes: (C, 256) int64"""

def image_stats(images: Any) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the channels, (C,) each, from how often each byte occurs"""

class Scaled:
    """Classes, and the mean and standard deviation that normalize their images"""
    classes: list[str]
    shape: tuple[int, int, int]
    mean: Tensor
    std: Tensor

    @property
    def n_classes(self) -> int:
        """Number of classes"""

    def normalize(self, x: Tensor) -> Tensor:
        """Bytes, or floats in 0–1, (…, C, H, W): each channel minus its mean, divided by its std"""

    def denormalize(self, x: Tensor, clip: bool=True) -> Tensor:
        """Normalized floats (…, C, H, W) as pixels, which are cut off at 0 and 1 to be shown"""

class Labelled(Scaled, Dataset):
    """Images with labels"""
    images: Any
    labels: Any
    soft: Any = ...

    @property
    def label_bytes(self) -> int:
        """What soft labels take, in float16; classes follow from the order of the images"""

    def __len__(self) -> int:
        ...

    @property
    def device(self) -> torch.device:
        """Where the images are; those in a file come to the CPU"""

class ImageSet(Labelled):
    """Labeled images kept as bytes, class after class, and normalized when they are drawn"""
    classes: Any
    source: str
    images: Any
    labels: Any
    order: Any
    shape: Any
    mean: Any
    std: Any
    counts: Any
    stays: bool = ...

    def __init__(self, images: Any, labels: Any, classes: Any, mean: Any, std: Any, order: Any=None, source: str=''):
        """images: (N, C, H, W) uint8, a tensor or images in a file
labels: (N,) integers, 0 … number of classes − 1
classes: Class names, in the order of the labels
mean: (C,) mean of the channels, of pixels in 0–1
std: (C,) standard deviation of the channels
order: (N,) index of each image where it comes from, default 0 … N − 1
source: Name of the data, where known: augmentation depends on it"""

    def places(self, c: int) -> range:
        """Where the images of class `c` are stored"""

    def of_class(self, c: int) -> Tensor:
        """The images of class `c`, (n, C, H, W) uint8: a view, or read from the file they are in"""

    def take(self, idx: Any, device: Any=None) -> tuple[Tensor, Tensor]:
        """The images at `idx`, normalized float32 (n, C, H, W), and their labels (n,), on `device`"""

    def __getitem__(self, i: Any) -> Any:
        """An image and its label; of a slice, a list of numbers or a mask an `ImageSet`"""

    def which(self, c: int, n: int, generator: torch.Generator) -> Tensor:
        """Where n random images of class `c` are stored; a smaller class gives all it has"""

    def draw(self, c: int, n: int, generator: torch.Generator, device: Any=None) -> Tensor:
        """Random images of one class, normalized (min(n, class size), C, H, W), none of them twice"""

    def subset(self, idx: Any) -> 'ImageSet':
        """The stored images at `idx`, (n,) indices or a mask; those in a file stay in it"""

    def __repr__(self) -> str:
        ...

    def to(self, device: Any) -> 'ImageSet':
        """The same set with its images on `device`, where they stay; those in a file stay in it"""

    def near(self, device: Any) -> 'ImageSet':
        """The set on the GPU `device`, if its images fit into half of the free memory; else itself"""

    def digest(self) -> str:
        """SHA-256 of the bytes of all images, in hexadecimal; computed once"""

def gen(seed: int, *keys: str | int) -> torch.Generator:
    """A random generator named by a seed and a purpose: same name, same numbers

seed: The run's seed
keys: What the numbers are for: strings and integers, e.g. `'draw', step, cls`"""

def sample(n: int, size: int, generator: torch.Generator) -> Tensor:
    """`n` different indices below `size` in random order"""

class ImageData(Scaled):
    """A training and a test set of the same classes, scaled alike"""
    train: ImageSet
    test: ImageSet
    name: str
    n_skipped: int
    classes: Any
    shape: Any
    cache: Any
    mean: Any
    std: Any

    def __init__(self, train: ImageSet, test: ImageSet, name: str, n_skipped: int=0, cache: Any=None):
        """train: What is condensed
test: What networks are scored on
name: Of the whole, for reports
n_skipped: Unreadable images that were left out
cache: The folder with the images, if they are not in memory"""

    def draw(self, c: int, n: int, generator: torch.Generator, device: Any=None) -> Tensor:
        """Random training images of class `c`, normalized, see `ImageSet.draw`"""

    def which(self, c: int, n: int, generator: torch.Generator) -> Tensor:
        """Where the images are that `draw` gives, see `ImageSet.which`"""

    def holdout(self, fraction: float=0.1, seed: int=0) -> 'ImageData':
        """The training images in two parts: train on one, score on the other

fraction: Share of each class that is held out
seed: Of the choice"""

    def show(self, n: int=8, classes: Sequence[int] | None=None, zoom: float | None=None) -> Axes:
        """The first n training images of each class, or of the ten first classes, a row per class"""

    def __repr__(self) -> str:
        ...

    def to(self, device: Any) -> 'ImageData':
        """The same data with its images on `device`, see `ImageSet.to`"""

    def near(self, device: Any) -> 'ImageData':
        """The same data with its images on a GPU where they fit, see `ImageSet.near`"""

    def fingerprint(self) -> str:
        """What tells these images, labels, class names and scaling from all others, in hexadecimal"""

class Batch(NamedTuple):
    """Images of one or more classes, class after class"""
    x: Tensor
    y: Tensor
    sizes: tuple
    classes: tuple | None = ...

    def by_class(self) -> Iterator[tuple[int, Tensor, Tensor]]:
        """(label, images, labels) for each class"""

def real_batch(data: Any, classes: Sequence[int], n: int, rng: Callable, device: Any=None) -> Batch:
    """n images of each class, drawn by rng(class) from an `ImageData`, or what a sampling gives"""

class Drawn:
    """Real images of some classes like a `Batch`, each class drawn when it's needed"""
    data: Any
    classes: Any
    args: Any
    sizes: Any

    def __init__(self, data: Any, classes: Sequence[int], n: int, rng: Callable, device: Any=None) -> None:
        ...

    def draw(self, classes: Sequence[int]) -> Batch:
        ...

    def by_class(self) -> Iterator[tuple[int, Tensor, Tensor]]:
        ...
    x: property
    y: property

class Live:
    """Images and labels as they are now, for `train_epoch`"""
    images: Tensor
    labels: Tensor

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        ...

    def __len__(self) -> int:
        ...

    def take(self, idx: Tensor, device: Any=None) -> tuple[Tensor, Tensor]:
        ...

def show_images(images: Any, titles: Iterable | None=None, ncols: int | None=None, zoom: float | None=None, rows: Iterable | None=None, ax: Axes | None=None) -> Axes:
    """Draw images in a grid, every pixel a sharp square

images: (N, C, H, W) or (C, H, W): uint8, or floats in 0–1
titles: One text per image, above it
ncols: Images per row, default at most 10
zoom: Screen pixels per image pixel, default about 64 a side
rows: One text per row, to its left
ax: Axes to draw into, default a figure that fits"""

def from_tensors(x: Any, y: Any, x_test: Any, y_test: Any, classes: Any=None, stats: Any='own', name: str='tensors') -> ImageData:
    """Image data from tensors or arrays

x: (N, H, W) or (N, C, H, W) training images, uint8 or floats in 0–1
y: (N,) their labels, integers 0 … C − 1
x_test: Test images, as `x`
y_test: Test labels, as `y`
classes: Class names, default '0', '1', …
stats: 'own', a set's name (its published values), or (mean, std)
name: For reports"""

def image_data(where: str, train: tuple, test: tuple, classes: Any, stats: Any, name: str, n_skipped: int=0, cache: Any=None) -> ImageData:
    """`ImageData` from two of (bytes, labels[, order]), after checking the labels"""
PUBLISHED_STATS: dict
