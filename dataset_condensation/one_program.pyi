# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['NEUTRAL', 'PLACES', 'table', 'has_table', 'changed', 'Ahead', 'Launched', 'Stage', 'Flat', 'flat_of', 'OneProgram', 'maps_of', 'bytes_needed', 'one_program', 'SideBySide', 'side_by_side']
from collections.abc import Callable, Iterator, Sequence
import torch
from torch import Tensor, nn
from torch.func import grad
from .condensation import Step
NEUTRAL: tuple
PLACES: set

def table(draw: Any, n: int=1) -> Tensor:
    """What a `Draw` does to n images, as rows of numbers"""

def has_table(augment: Any) -> bool:
    """Can its draws be written so? One family for each image, and no noise"""

def changed(x: Tensor, t: Tensor, families: set, shared: bool=True) -> Tensor:
    """Images changed as a table says

x: (N, C, H, W), groups of images one after the other
t: (groups, 15), a row for each, see `table`
families: Those that may occur in it
shared: False: no gradient is wanted, and there's a row for each image"""

class Ahead:
    """What the processor draws, blocks ahead of the GPU that needs it"""
    make: Callable
    total: int
    device: Any
    block: int
    threads: int
    todo: Any
    now: Any
    pool: Any

    def __init__(self, make: Callable, total: int, device: Any, block: int=16, threads: int=4):
        """make: make(k) → the tensors of number k
total: Numbers there are
device: On a CPU, each is made when it's needed"""

    def made(self, i: int) -> list[Tensor]:
        ...

    def __getitem__(self, k: int) -> list[Tensor]:
        ...

class Launched:
    """A function of fixed tensors; on a GPU it's recorded, and from then on launched as one"""
    f: Callable
    graph: Any

    def __init__(self, f: Callable, kept: tuple=..., pool: Any=None):
        ...

    def record(self, pool: Any) -> None:
        ...

    def __call__(self) -> None:
        ...

class Stage:
    """Programs by name, and the places from which they read"""
    pool: Any
    programs: Any
    places: Any

    def __init__(self, device: torch.device) -> None:
        ...

    def put(self, key: Any, *new: Tensor) -> None:
        """Copy what a program reads to its places"""

    def launch(self, key: Any, f: Callable, *kept: Tensor) -> None:
        """Run a program, which is recorded when it's new; `kept` are the tensors that it changes"""

class Flat:
    """Networks of one kind, as functions of a vector that holds all weights"""
    net: nn.Module
    shapes: Any

    def __init__(self, net: nn.Module) -> None:
        ...

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        ...

    def __call__(self, p: dict, x: Tensor, dtype: torch.dtype, embed: bool=False) -> Tensor:
        """Scores or embeddings of images with the weights of `views`"""

def flat_of(net: nn.Module) -> Tensor:
    """All weights of a network as a vector"""

class OneProgram:
    """Updates and inner training of a run, all classes at once in tensors that stay in place"""
    run: Any
    r: Any
    m: Any
    data: Any
    real_type: torch.dtype
    type: torch.dtype
    device: Any
    classes: Any
    n: Any
    families: Any
    labels: Any
    syn: Any
    y: Any
    mean: Any
    std: Any
    near: Any
    grad: Any
    each: Any
    net: Any
    flat: Any
    weights: Any
    momentum: Any
    given: Any
    matched: Any
    embed_real: Any
    draws: Any
    nets: Any
    stage: Any

    def __init__(self, run: Any, real: torch.dtype=..., training: torch.dtype=..., compile: bool=False) -> None:
        ...

    def link(self) -> None:
        """Make the vectors the weights and the momentum of the run's network"""

    def network(self, k: int) -> None:
        """Go on with new weights"""

    def new_weights(self, k: int) -> tuple[Tensor]:
        ...

    def draw(self, k: int) -> tuple[Tensor, Tensor]:
        """What is random in update k: indices of real images, or their bytes, and a table"""

    def pair(self, x: Tensor) -> list[Tensor]:
        """Real and synthetic images, (classes, images, C, H, W), under the same draw in each class"""

    def embed(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        ...

    def distribution(self, x: Tensor) -> Tensor:
        """The loss of each class, of methods that match embeddings"""

    def gradients(self, x: Tensor, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """The gradient that each class gives the network, (classes, …) for each parameter"""

    def gradient(self, x: Tensor, odd: bool) -> Tensor:
        """The loss of each class, of methods that match gradients"""

    def match(self, odd: bool) -> None:
        """Compute the gradient of the images and the losses, in their places"""

    def update(self, step: Step) -> tuple | None:
        """The loss and its parts, as `update_images` gives them; None where memory does not suffice"""

    def train_on(self, n: int) -> None:
        """A step of SGD on the batch of n images that was drawn"""

    def epoch(self, generator: torch.Generator) -> None:
        """Train the network for an epoch on the images"""

def shuffled(n: int, batch: int, augment: Any, shape: tuple, rng: torch.Generator) -> tuple:
    """What an epoch draws: the sizes of its batches, the order of n images, and a row for each"""

def maps_of(net: nn.Module, shape: tuple) -> int:
    """Numbers that the layers of a network give for one image"""

def bytes_needed(run: Any) -> int:
    """Bytes that an update of a `Run` takes at most as one program, beside what stays"""

def one_program(run: Any, *how: Any) -> OneProgram | None:
    """The program for a `Run`, if it can be one"""

class SideBySide:
    """Networks of one kind, trained on one set together, each as it would be alone"""
    x: Any
    y: Any
    shape: Any
    dtype: Any
    recipe: Any
    rngs: list
    flat: Any
    weights: Any
    momentum: Any
    lr: Any
    augment: Any
    families: Any
    stage: Any
    sizes: Any
    drawn: Any

    def __init__(self, nets: list, small: Any, recipe: Any, rngs: list, dtype: Any) -> None:
        ...

    def draw(self, epoch: int) -> list[Tensor]:
        """The order of the images for each network, and rows of a table"""

    def scores(self, w: Tensor, x: Tensor, dtype: Any) -> Tensor:
        ...

    def train_on(self, n: int) -> None:
        """A step of SGD for every network, on its batch of n images"""

    def train(self, tick: Callable) -> None:
        """All epochs"""

    def accuracies(self, test: Any, dtype: Any) -> list[float]:
        """Percent of the test images that each network classifies correctly"""

def side_by_side(trial: Any, numbers: Sequence, progress: Any) -> Iterator | None:
    """Accuracy and network of each number of a `Trial`, if they can go together"""
