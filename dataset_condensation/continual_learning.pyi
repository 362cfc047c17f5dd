# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['class_subset', 'only_classes', 'learn', 'distillation', 'split_classes', 'class_orders', 'memory_bytes', 'ContinualRun', 'Continual', 'continual', 'map_images', 'to_shape', 'fewer', 'load_tasks', 'continual_tasks']
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn
from .data import ImageData, ImageSet
from .text import StudyResult
from .training import SyntheticSet, TrainRecipe

def class_subset(images: ImageSet, classes: Any) -> ImageSet:
    """Some classes of a set, by number or name, renumbered in the order given, scaled as before"""

def only_classes(data: ImageData, classes: Any) -> ImageData:
    """Some classes of a data set, renumbered in the order given, scaled as before"""

def among(small: ImageSet | SyntheticSet, classes: list[str]) -> Any:
    """The same images in a set of the same kind, labeled by their place in a longer list of classes"""

class Pool:
    """Several labeled sets as one, for `learn`"""
    sets: Sequence
    stops: Any

    def __init__(self, sets: Sequence):
        ...

    def __len__(self) -> int:
        ...

    def take(self, idx: Tensor, device: Any=None) -> tuple[Tensor, Tensor]:
        """Images (n, C, H, W) and labels (n,), set after set"""

def learn(net: nn.Module, new: Any, memory: Any=..., recipe: str | TrainRecipe='whole', generator: torch.Generator | None=None, teacher: nn.Module | None=None, old: int | None=None, weight: float=1.0) -> Tensor:
    """Train a network further: new images, and as many from the memory with each batch

net: Trained in place
new: The new images: an `ImageSet` or a `SyntheticSet`
memory: A set, or several, to rehearse with them
recipe: Its epochs are over `new`
generator: `gen(0, 'learn')` if None
teacher: An earlier network, for distillation
old: Outputs of the teacher that mean something, the first ones
weight: Of the distillation"""

def distillation(out: Tensor, said: Tensor, T: float=2.0) -> Tensor:
    """Kullback–Leibler divergence of a network's softened outputs from its teacher's

out: u: (n, classes), outputs of the network that learns
said: v: outputs of the teacher, likewise
T: Temperature"""

def split_classes(n_classes: int, steps: int | Sequence[int]=5) -> list[int]:
    """Share classes out to steps, as evenly as can be

steps: How many steps, or the number of classes of each"""

def class_orders(n_classes: int, orders: int | Sequence=5, seed: int=0) -> list[list[int]]:
    """The orders in which classes come

orders: How many, or a list of them, each with every class once
seed: Order i is drawn from `gen(seed, 'order', i)`"""

def memory_bytes(small: Any) -> int:
    """Bytes of a set, or of several: one per value of a real image, else four; soft labels"""

@dataclass
class ContinualRun:
    """One method along one order: what was measured after each step, a list of steps each"""
    method: str
    order: int
    groups: list
    by_group: list = ...
    accuracies: list = ...
    images: list = ...
    bytes: list = ...
    making: list = ...
    training: list = ...

    def __len__(self) -> int:
        ...

    @property
    def finished(self) -> bool:
        ...

    def mean(self, step: int=...) -> float:
        ...

    def group(self, g: int) -> list[float]:
        """Accuracy on what came at step `g`, from then on"""

    def forgetting(self, step: int=...) -> float | None:
        """Points lost of what was known before `step`, None for the first"""

    def note(self, by_group: list, accuracies: list, memory: list, seconds: float) -> None:
        """Add a step; `memory` has the sets that it consists of, the newest last"""

@dataclass(repr=False)
class Continual(StudyResult):
    """Methods along several orders of the classes, or on several tasks"""
    runs: list[ContinualRun]
    about: dict = ...
    kind: ClassVar[str] = ...
    file: ClassVar[str] = ...

    @classmethod
    def from_dict(cls, d: dict) -> Any:
        ...

    @property
    def names(self) -> list[str]:
        ...

    def mean(self, name: str, step: int=...) -> float:
        ...

    def __getitem__(self, name: str) -> list[ContinualRun]:
        """Finished runs of that method"""

    def between_orders(self, name: str, step: int=...) -> float | None:
        """Standard deviation of the orders' means; None for one order"""

    def between_nets(self, name: str, step: int=...) -> float | None:
        """Standard deviation of networks on one memory, pooled over orders; None for one network"""

    def forgetting(self, name: str, step: int=...) -> float | None:
        """Points lost of what was known before, mean over orders; None for the first step"""

    def row(self, name: str, seconds: bool=False) -> list[str]:
        """A row of the table; `seconds` of making the memory and of learning"""

    def cells(self, seconds: bool=False) -> list[list[str]]:
        """The table, header first, without empty columns; `seconds` of making the memory and of learning"""

    def shown(self) -> tuple[list, list]:
        ...

    def as_dict(self) -> dict:
        """Everything, ready for JSON"""

    def plot(self, names: Sequence[str] | None=None, ax: Axes | None=None) -> Axes:
        """Draw the accuracy after each step, with the spread between orders

names: Methods to draw, all if None
ax: Axes to draw into"""

def continual(data: ImageData, methods: Any=..., steps: Any=5, ipc: Any=20, orders: Any=5, nets: int=3, net: Any='convnet', recipe: Any='dsa', whole: Any='whole', options: dict | None=None, seed: int=0, device: Any=None, folder: Any=None, progress: bool=True) -> Continual:
    """Class-incremental learning: classes come in steps, networks learn from the images kept

methods: Several; or name of a row → method
steps: Number of steps, or the number of classes in each
ipc: Images kept per class, or one number for each class
orders: Number of random class orders, or a list of orders
nets: Networks trained after each step
net: Network, for making the memory and learning from it
recipe: `TrainRecipe` for learning from the memory, or the name of one
whole: The same for learning from all data seen; None leaves that row out
options: Name of a row → keywords for its method
seed: Random seed
device: A GPU where there is one
folder: Where results are written as they come, and resumed
progress: Show a bar"""

def map_images(data: ImageData, f: Callable, name: str | None=None) -> ImageData:
    """A data set whose images, uint8 (n, C, H, W), are changed by `f`, with its own mean and std"""

def to_shape(data: ImageData, shape: Sequence[int], fit: str='stretch') -> ImageData:
    """A data set with its images at another size or with another number of channels

shape: (channels, height, width); 1 or 3 channels
fit: How to resize: 'stretch', 'crop' or 'pad'"""

def fewer(data: ImageData, n: int=100, n_test: int | None=None, seed: int=0) -> ImageData:
    """Some images of each class, drawn at random, scaled as before

n: Training images of each class, at most
n_test: Test images of each class, at most; all if None
seed: Draws from `gen(seed, 'fewer', part, class)`"""

def load_tasks(names: Any=..., shape: Sequence[int]=..., **options: Any) -> list[ImageData]:
    """Data sets as tasks, brought to one shape

names: Data sets or folders; @ and an angle turns them
shape: (channels, height, width) of all of them
options: For `load_dataset`: root, download, …"""

def continual_tasks(tasks: Any, methods: Any=..., ipc: Any=10, distil: bool | Sequence[bool]=..., sets: int=1, nets: int=2, net: Any='convnet', recipe: Any='whole', none: bool=True, whole: bool=True, options: dict | None=None, seed: int=0, device: Any=None, folder: Any=None, progress: bool=True) -> Continual:
    """Task-incremental learning: one network learns task after task, rehearsing earlier images

tasks: Several `ImageData` of one shape, in order
methods: Several; or name of a row → method
ipc: Images of each class of a task that are kept
distil: Distillation: without, with, or both
sets: Memories of each method
nets: Networks that learn with each memory
net: Network: a name, or your own as in `make_net`
recipe: `TrainRecipe` for learning a task, or the name of one
none: A row without a memory
whole: A row that rehearses all there was
options: Name of a row → keywords for its method
seed: Of the memories and the networks
device: A GPU where there is one
folder: Where results are written as they come, and resumed"""
