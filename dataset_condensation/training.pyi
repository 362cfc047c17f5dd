# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['OPTIMIZERS', 'SCHEDULES', 'TRAIN_RECIPES', 'PLAIN', 'SyntheticSet', 'make_optimizer', 'scheduled', 'TrainRecipe', 'train_recipe', 'recipe_for', 'augment_for', 'Compute', 'gradient_of', 'train_epoch', 'train', 'predict', 'accuracy', 'Evaluation', 'get_compute', 'evaluate', 'formation']
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean
import torch
from torch import Tensor, nn
from .data import ImageData, ImageSet, Labelled

class StoredImages(Labelled):
    """Images as they are stored, maybe in `factor` × `factor` tiles, and as a network sees them"""
    stored: Tensor
    stored_labels: Tensor
    factor: int

    @cached_property
    def images(self) -> Tensor:
        ...

    @property
    def hard_labels(self) -> Tensor:
        ...

    @cached_property
    def labels(self) -> Tensor:
        ...

    @property
    def pixels(self) -> Tensor:
        ...

class SyntheticSet(StoredImages):
    """A small labeled set with all that is needed to train on it, normalized and ordered by class"""
    classes: Any
    info: Any
    source: Any
    factor: Any
    stored: Any
    stored_labels: Any
    soft: Any
    shape: Any
    ipc: Any
    mean: Any
    std: Any
    losses: Any

    def __init__(self, images: Tensor, labels: Any, classes: Any, mean: Any, std: Any, info: dict | None=None, losses: Any=None, soft: Any=None):
        """images: (N, C, H, W), float, normalized, as they are stored
labels: (N,), integers in 0…number of classes − 1, or as `soft`
classes: Name of each class
mean: (C,), of the pixels in 0–1
std: (C,), likewise
info: Method, recipe, seed …; must survive JSON
losses: (updates,), the matching loss of each image update
soft: (N·factor², classes), probabilities; see chapter 20"""

    def __getitem__(self, i: Any) -> Any:
        """An image and its label; for a slice, a list of numbers or a mask a `SyntheticSet`"""

    def but(self, **new: Any) -> SyntheticSet:
        """The set with some of what it was made of replaced: `images`, `labels`, `info`, …"""

    def transform(self, image: Any) -> Tensor:
        """A PIL image, array (H, W[, C]) or tensor (…, C, H, W) as the set's networks expect it"""

    def take(self, idx: Tensor | Sequence[int], device: Any=None) -> tuple:
        """The images (n, C, H, W) at `idx` and their labels, (n,) or (n, classes), on `device`"""

    def to(self, device: Any) -> SyntheticSet:
        """The set with its images on `device`; itself where they are there already"""

    def first(self, k: int) -> SyntheticSet:
        """The first `k` stored images of each class, with their tiles and labels"""

    def with_labels(self, soft: Any=None, **info: Any) -> SyntheticSet:
        """The same images with probabilities as labels, (images, classes); None: with their classes"""

    def show(self, ncols: int | None=None, **kwargs: Any) -> Any:
        """Draw the stored images with `show_images`, a column for each class or `ncols` in a row"""

    def __repr__(self) -> str:
        ...

    @classmethod
    def join(cls, sets: Any, classes: Any=None) -> SyntheticSet:
        """One set from several made alike, of `classes`: the first's, then those that others add"""

    def save(self, path: str | os.PathLike, bits: int | None=None, budget: Any=None) -> Path:
        """Write one safetensors file, or by its name one PNG (see chapter 21), whole or not at all"""

    @classmethod
    def load(cls, path: str | os.PathLike) -> SyntheticSet:
        """Read a file that `save` wrote; takes at most 8 times its size and 256 MiB"""

    def to_folder(self, path: str | os.PathLike, stored: bool=False, clip: bool=False) -> Path:
        """Write PNG files, with tiles as `stored` or apart; `clip` what's beyond black and white"""

    @classmethod
    def from_folder(cls, path: str | os.PathLike) -> SyntheticSet:
        """Read a folder that `to_folder` wrote; pixels may take 16 times its size and 16 MiB"""

def in_class_order(x: Tensor, y: Tensor, soft: Tensor | None) -> tuple:
    """Images, classes, and soft labels of their tiles, ordered by class"""

def first_rows(y: Tensor, ipc: list[int]) -> Tensor:
    """(N,), which of the images with labels `y`, in order, are the first `ipc` of their class"""
OPTIMIZERS: tuple

def make_optimizer(opt: Any, params: Iterable[Tensor], lr: float, momentum: float=0.0, weight_decay: float=0.0) -> torch.optim.Optimizer:
    """An optimizer by its name, or by a function of yours, opt(parameters, lr=lr)"""
SCHEDULES: tuple

def scheduled(opt: torch.optim.Optimizer, schedule: Any, steps: int) -> Callable:
    """rate(steps made) sets the learning rate: None, 'cosine', or a function of the steps made"""

@dataclass(frozen=True)
class TrainRecipe:
    """How a network is trained from scratch"""
    epochs: int = ...
    lr: float = ...
    momentum: float = ...
    weight_decay: float = ...
    batch: int = ...
    drop_at: float = ...
    augment: Any = ...
    opt: Any = ...

    def __post_init__(self) -> None:
        ...

    def optimizer(self, net: nn.Module) -> torch.optim.Optimizer:
        """A new optimizer of the network's parameters"""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: functions by name, and without SGD, as in older files"""
TRAIN_RECIPES: dict

def train_recipe(recipe: str | TrainRecipe='dc', **overrides: Any) -> TrainRecipe:
    """The recipe of that name, with some fields changed

recipe: A name in `TRAIN_RECIPES`, or a `TrainRecipe`
overrides: Fields of `TrainRecipe` to change"""

def recipe_for(scoring: str, data: Any, net: Any='convnet') -> str:
    """The name of the recipe for `data`, a set or its name, of a method scored by 'dc' or 'dsa'"""

def augment_for(name: Any, data: Any) -> Any:
    """The augmentation that `make_augment` makes, but 'dsa' is the variant that suits the data"""

def split_batches(n: int, size: int, generator: torch.Generator | None=None) -> list[Tensor]:
    """Indices 0…n−1 in batches of `size`, shuffled if there is a generator; no lone image at the end"""

def remember(net: nn.Module, data: Any) -> None:
    """Note how the images are normalized that `net` is trained on, and the order of their classes"""

def check_order(where: str, net: nn.Module, data: Any) -> None:
    """Refuse data in which a class has another number than in what `net` was trained on"""

def for_net(net: nn.Module, data: Any) -> Any:
    """`data` as `net` wants it: normalized as those that it was trained on"""

class Compute:
    """How to compute what networks give: here the plain way, as PyTorch does it"""
    chosen: int | None = ...

    def __str__(self) -> str:
        ...

    def embed(self, net: nn.Module, x: Tensor) -> Tensor:
        """Embeddings of images; where no gradient is wanted on a CPU, in pieces that fit its cache"""

    def scores(self, net: nn.Module, x: Tensor) -> Tensor:
        ...

    def precision(self, training: bool=False) -> AbstractContextManager:
        ...

    def map(self, f: Callable, items: Iterable) -> Iterator:
        ...

    def part_size(self, shape: tuple, real_batch: int, sizes: list) -> int | None:
        ...

    def engine(self, run: Any) -> Any:
        ...

    def together(self, trial: Any, numbers: Any, progress: Any) -> Any:
        ...

    def backward(self, net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Fill the `.grad` of the parameters for a step of training; the mean cross-entropy"""

    def gradient(self, net: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """Gradient of the mean cross-entropy, one tensor for each parameter"""

    def in_parts(self, f: Callable, classes: range, n: int | None=None) -> Iterator:
        """(some classes, what f gives of them) until all had their turn, `n` at a time or one by one"""

def gradient_of(loss: Tensor, net: nn.Module, create_graph: bool=False) -> tuple[Tensor, ...]:
    """In all parameters that aren't frozen; zero in those that the loss doesn't depend on"""
PLAIN: Compute

def train_epoch(net: nn.Module, data: Any, opt: torch.optim.Optimizer, generator: torch.Generator, batch: int=256, augment: Callable | None=None, tick: Callable | None=None, compute: Compute=...) -> Tensor:
    """Train `net` for an epoch on `data`, shuffled by `generator`; the mean cross-entropy, a scalar"""

def training_batches(data: Any, recipe: TrainRecipe, nets: int=1) -> int:
    """How many batches `nets` trainings walk through"""

def drop_rate(opt: torch.optim.Optimizer, recipe: TrainRecipe, epoch: int) -> None:
    """Divide the learning rate by ten where the recipe says so"""

def train(net: nn.Module, data: Any, recipe: Any='dc', generator: torch.Generator | None=None, progress: Any=True, compute: Compute=..., after: Callable | None=None) -> Tensor:
    """Train `net` on `data` by the recipe

net: Trained in place
data: A `SyntheticSet`, an `ImageSet`, a torch Dataset or a DataLoader
recipe: `TrainRecipe`, or the name of one
generator: Shuffles, augments; `gen(0, 'train')` if None
progress: Show a bar where it takes over five seconds
compute: How to compute
after: after(), called at the end of each epoch"""

def in_order(where: str, net: nn.Module, data: Any, batch: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of images and labels where `net` is, which is in eval mode until the last"""

def predict(net: nn.Module, data: Any, batch: int | None=None, compute: Compute=...) -> Tensor:
    """The class that `net` gives each image of `data`; -1 where its scores are NaN

net: Left in the mode it was in
data: A `SyntheticSet`, an `ImageSet`, a torch Dataset or a DataLoader
batch: Images at a time (default: 100 on a CPU, 1,000 on a GPU)
compute: How to compute"""

def accuracy(net: nn.Module, data: Any, batch: int | None=None, compute: Compute=...) -> float:
    """Share of the images in `data` that `net` classifies correctly, in percent

net: Left in the mode it was in
data: A `SyntheticSet`, an `ImageSet`, a torch Dataset or a DataLoader
batch: Images at a time (default: 100 on a CPU, 1,000 on a GPU)
compute: How to compute"""

@dataclass
class Evaluation:
    """Test accuracies of networks trained on one set, in percent"""
    accuracies: list[float]
    seconds: float
    images: int
    net: str
    recipe: TrainRecipe
    seed: int
    networks: list[nn.Module] = ...
    label_bytes: int = ...

    @property
    def mean(self) -> float:
        ...

    @property
    def std(self) -> float:
        ...

    def __repr__(self) -> str:
        ...

    def as_dict(self) -> dict[str, Any]:
        """Everything but the networks, ready for JSON"""

def test_images(data: Any, mean: Tensor, std: Tensor) -> ImageSet:
    """The test images of `data`, normalized by `mean` and `std`"""

def suited(recipe: str | TrainRecipe, data: Any) -> TrainRecipe:
    """The recipe with the augmentation that suits the data"""

def n_stored(data: Any) -> int:
    """How many images a set keeps, which with tiles are fewer than one trains on"""

def get_compute(speed: Any, data: Any, device: Any=None, where: str='get_compute', net: Any='convnet') -> Compute:
    """How to compute by `speed` for images as in `data`; networks of your own get the plain way"""

def check_data(where: str, data: Any) -> None:
    """`data` must be an `ImageData`"""

def check_evaluate(small: Any, data: Any, nets: Any, first: Any=0) -> tuple[int, int]:
    """`nets` and `first` as ints; raises where `small` and `data` do not belong together"""

@dataclass(frozen=True)
class Trial:
    """What the networks of an evaluation have in common"""
    small: Any
    test: ImageSet
    net: Any
    recipe: TrainRecipe
    seed: int
    device: Any
    compute: Compute

    def one(self, progress: Any, k: int) -> tuple[float, nn.Module]:
        """Accuracy of network `k`, and the network"""

    def run(self, numbers: range, progress: Any, map: Callable | None=None) -> Iterator:
        """(accuracy, network) for each of the numbers"""

def evaluate(small: Any, data: ImageData, net: Any='convnet', nets: int=5, recipe: Any='dc', seed: int=0, device: Any=None, progress: Any=True, keep: bool=False, speed: Any='auto', first: int=0, map: Callable | None=None) -> Evaluation:
    """Train networks on `small` from scratch, and test them on `data`

small: To train on: a `SyntheticSet`, or `ImageData` for its training set
data: Its test images are what counts
net: Name of the network, or your own as in `make_net`
nets: Networks to train per set
recipe: `TrainRecipe`, or the name of one
seed: Network k starts from `gen(seed, 'evaluate', k)`
device: Where to compute (default: a GPU if there is one)
progress: Show a bar where it takes over five seconds
keep: Keep the trained networks in `.networks`
speed: How to compute: 'plain', 'auto', or as chapter 11 has it
first: Number of the first network: `first=5` are further ones, after five
map: map(f, numbers) in place of `Compute.map`"""

def formation(images: Tensor, labels: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W) cut into factor × factor tiles of the size of an image, with their labels"""

def placed(s: SyntheticSet, classes: list[str]) -> SyntheticSet:
    """The same images, labeled by their place in a longer list of classes"""
