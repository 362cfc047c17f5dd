# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Recipe', 'Step', 'Method', 'as_method', 'CustomMatching', 'synthetic', 'class_loss', 'update_images', 'State', 'Host', 'Run', 'train_between', 'one_update', 'steps', 'condensing']
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple
import torch
from torch import Tensor, nn
from .checks import settings
from .data import Batch, ImageData, real_batch
from .training import Compute, SyntheticSet

@dataclass(frozen=True)
class Recipe:
    """The settings of a condensation run"""
    init: Any = ...
    keep: Any = ...
    iterations: int = ...
    outer: int = ...
    inner: Any = ...
    image_lr: float = ...
    image_momentum: float = ...
    net: Any = ...
    net_lr: float = ...
    net_momentum: float = ...
    real_batch: int = ...
    inner_batch: int = ...
    augment: Any = ...
    augment_inner: bool = ...
    factor: int = ...
    sampling: Any = ...
    image_opt: Any = ...
    schedule: Any = ...

    def __post_init__(self) -> None:
        ...

    @property
    def updates(self) -> int:
        ...

def check_recipe(r: Recipe) -> None:
    """Refuse settings that can't be run, and write names as the tables have them"""

class Step(NamedTuple):
    """Where in a run a method is called"""
    iteration: int = ...
    outer: int = ...
    seed: int = ...
    augment: Any = ...
    team: Any = ...
    compute: Compute = ...

    def rng(self, *key: Any) -> torch.Generator:
        """The generator for `key` at this step"""

@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to compute a small set: a loss, and the settings it was published with"""
    name: str = ...
    settings: Callable = ...
    doc: str = ...
    paper: str = ...
    scoring: str = ...
    shared: ClassVar[bool] = ...

    def match(self, net: nn.Module, real: Any, syn: Batch, step: Step) -> Tensor:
        """The loss, a scalar that is differentiable in the synthetic images"""

    def alone(self) -> bool:
        ...

    def by_length(self) -> bool:
        ...

    def own(self) -> dict:
        ...

    def separable(self, net: nn.Module) -> bool:
        ...

    def ready(self, run: Any) -> 'Method':
        ...

    def prepare(self, net: nn.Module, draw: Callable) -> None:
        ...

    def recipe(self, ipc: Any=1, net: Any='convnet', data: Any='', **new: Any) -> Recipe:
        """The published settings for images per class of `data`, a set or its name, with some changed"""

    def change(self, recipe: Recipe | None, ipc: Any=1, net: Any='convnet', data: Any='', **new: Any) -> Recipe:
        """A recipe of yours with what this object sets and what is `new`; for None the published one"""

    def make(self, data: ImageData, ipc: Any=1, *args: Any, **options: Any) -> SyntheticSet:
        """The set that `condense` makes, with its options; Ctrl-C stops what it is made for"""

def as_method(method: Any, where: str) -> Method:
    """The method of that name, if it's one that computes images"""

@dataclass(frozen=True)
class CustomMatching(Method):
    """A method by a loss of your own"""
    loss: Callable
    is_sum: bool = ...

    def __post_init__(self) -> None:
        ...

    def separable(self, net: nn.Module) -> bool:
        ...

    def match(self, net: nn.Module, real: Any, syn: Batch, step: Step) -> Tensor:
        ...

def synthetic(x: Tensor, sizes: list[int], some: range, factor: int=1) -> Batch:
    """The images of some classes, which have `sizes` and `factor` × `factor` tiles, as a batch"""

def class_loss(method: Method, net: nn.Module, real: Any, x: Tensor, sizes: list[int], factor: int, step: Step, some: range) -> tuple[Tensor, Any]:
    """The loss of some classes, and its gradient in their images `x`"""

def update_images(method: Method, net: nn.Module, source: Any, images: Tensor, sizes: list[int], recipe: Recipe, step: Step, class_chunk: int | None=None, classes: range | None=None) -> tuple[Tensor, list]:
    """The loss over all `classes`, and (some, loss) of each piece; fills the `.grad` of `images`"""

@dataclass
class State:
    """Where a run is, after an image update"""
    images: Tensor
    labels: Tensor
    data: ImageData
    recipe: Recipe
    info: dict
    run: Any = ...
    step: int = ...
    iteration: int = ...
    outer: int = ...
    passes: int = ...
    net: Any = ...
    losses: list[Tensor] = ...
    history: list[dict] = ...

    @property
    def loss(self) -> float:
        ...

    def set(self) -> SyntheticSet:
        """A copy of the images as they are now; of several processes, all must call it"""

class Host:
    """What surrounds a run; this one leaves it alone"""
    shared: Any = ...
    progress: Any = ...

    def __init__(self, *run: Any) -> None:
        ...

    def around_update(self) -> Any:
        ...

    def around_training(self, state: State) -> Any:
        ...

    def around_step(self, state: State, parts: list) -> Any:
        ...

    def at_end(self, state: State) -> None:
        ...

    def more(self, policy: Callable, *args: Any) -> bool:
        ...

    def once(self, key: dict, make: Callable, like: Callable) -> Any:
        ...

    def classes(self, n: int) -> range:
        ...

    def part(self, x: Tensor) -> Tensor:
        ...

    def gather(self, state: State) -> None:
        ...

class Run:
    """What a run works with; its `state` is that before the first update"""
    seed: Any
    method: Any
    sizes: Any
    speed: Any
    compute: Any
    class_chunk: Any
    augment: Any
    policy: Any
    state: Any
    host: Any
    mine: Any
    opt: Any
    rate: Any
    source: Any
    net_opt: Any = ...
    matcher: Any = ...
    engine: Any = ...

    def __init__(self, data: ImageData, method: Any='dc', ipc: Any=1, seed: int=0, net: Any='convnet', device: Any=None, recipe: Any=None, speed: Any='auto', class_chunk: int | None=None, host: Callable=..., **new: Any) -> None:
        ...

    def new_network(self, iteration: int) -> None:
        """Draw the next network and its optimizer"""

    def real(self, n: int, rng: Callable) -> Batch:
        """n real images of every class"""

def train_between(state: State) -> int:
    """Train the state's network on the images until the policy has enough; the number of epochs"""

def find_gradient(state: State, step: Step) -> tuple[Tensor, list]:
    """Call the method: the loss and its parts; the gradient is in the `.grad` of the images"""

def move_images(state: State) -> None:
    """S ← S − η ∇, at the rate of this update"""

def one_update(state: State) -> None:
    """Draw or train a network, call the method, move the images"""

def steps(state: State) -> Iterator[State]:
    """Update the images until the recipe is done, yielding the state after every update"""

def condensing(data: ImageData, method: Any='dc', ipc: Any=1, seed: int=0, net: Any='convnet', device: Any=None, recipe: Recipe | None=None, speed: Any='auto', class_chunk: int | None=None, **overrides: Any) -> Iterator[State]:
    """A generator that yields a `State` after every image update

data: Labeled images, as `load_dataset` gives them
method: Name of a method, or a `Method`
ipc: Images per class, or a list with one number for each class
seed: Random seed
net: Network: a name, a module (drawn anew), or a function that makes it
device: Where to compute (default: a GPU if there is one)
recipe: The published settings if None
speed: How to compute: 'plain', 'auto', or as chapter 11 has it
class_chunk: Classes matched at a time; changes rounding, dropout
overrides: Fields of the recipe to change"""
