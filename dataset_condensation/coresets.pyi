# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['RANDOM', 'HERDING', 'KCENTER', 'KMEANS', 'FORGETTING', 'INITS', 'chosen_set', 'random_set', 'whole_net', 'embed_all', 'herd', 'k_center', 'k_means', 'forgetting_counts', 'Coreset', 'as_tiles', 'in_tiles', 'first_images', 'Score', 'Comparison', 'score_from_dict', 'compare']
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from torch import Tensor, nn
from .data import ImageData
from .text import StudyResult
from .training import Evaluation, SyntheticSet

def chosen_set(data: ImageData, chosen: Sequence, method: str, **info: Any) -> SyntheticSet:
    """The training images at indices for each class, and how they were chosen, as a small set"""

def sizes_within(ipc: Any, data: Any, where: str) -> list[int]:
    """`class_sizes`, none of them larger than its class"""

def random_set(data: ImageData, ipc: Any=1, seed: int=0, net: Any=None, device: Any=None) -> SyntheticSet:
    """Real images drawn at random, class by class

ipc: Images per class, or a list with one number for each class
seed: Draws from `gen(seed, 'random', class)`
net: Not used, nor is the next: every choice is called with both"""

def whole_net(data: ImageData, net: Any='convnet', recipe: Any='whole', seed: int=0, device: Any=None, progress: Any=True) -> nn.Module:
    """A network trained on the whole training set, from `gen(seed, 'whole')` on"""

def embed_all(net: nn.Module, images: Any, batch: int | None=None) -> Tensor:
    """The embedding (N, features) of every image of a set or Dataset, in order, on the CPU"""

def herd(z: Tensor, k: int) -> Tensor:
    """The indices of `k` rows of z (n, features) whose mean follows the mean of all, one by one"""

def k_center(z: Tensor, k: int) -> Tensor:
    """The indices of `k` rows of z (n, features), chosen greedily so that no row is far from all"""

def k_means(z: Tensor, k: int, seed: int=0) -> Tensor:
    """The indices of the row of z (n, features) nearest to each of `k` cluster centers, no row twice"""

def falls_of(right: Tensor) -> Tensor:
    """How often each image fell from right to wrong in (epochs, N); epochs + 1 if it was never right"""

def forgetting_counts(data: ImageData, net: Any='convnet', recipe: Any='whole', seed: int=0, device: Any=None, progress: Any=True) -> Tensor:
    """How often each training image (N,) was forgotten over the epochs of the recipe; see `falls_of`"""

@dataclass(frozen=True)
class Coreset:
    """A way to choose real images"""
    name: str
    choose: Callable
    doc: str
    paper: str = ...

    def check(self, options: dict) -> Mapping[str, inspect.Parameter]:
        """The parameters of `choose`, after a look at the names of options"""

    def make(self, data: ImageData, ipc: Any=1, seed: int=0, net: Any='convnet', device: Any=None, progress: Any=True, factor: int=1, **options: Any) -> SyntheticSet:
        """The chosen images of `data`, in `factor` × `factor` tiles"""

@dataclass(frozen=True)
class ByEmbedding:
    """Chooses images by a choice among the rows of an embedding, class by class"""
    name: str
    pick: Callable

    def __call__(self, data: ImageData, ipc: Any=1, seed: int=0, net: Any='convnet', device: Any=None, embedder: Any=None, recipe: Any='whole', progress: Any=True) -> SyntheticSet:
        ...

def most_forgotten(data: ImageData, ipc: Any=1, seed: int=0, net: Any='convnet', device: Any=None, falls: Any=None, recipe: Any='whole', progress: Any=True) -> SyntheticSet:
    """The images that were forgotten most often"""
RANDOM: Coreset
HERDING: Coreset
KCENTER: Coreset
KMEANS: Coreset
FORGETTING: Coreset

def as_tiles(images: Tensor, factor: int) -> Tensor:
    """Images in a row (N·factor², C, H, W) reduced and put into tiles; `formation` takes them apart"""

def in_tiles(small: SyntheticSet, factor: int) -> SyntheticSet:
    """The images of a set, a multiple of factor² of each class, stored in factor × factor tiles"""
INITS: dict

def first_images(data: ImageData, ipc: Any=1, init: Any='noise', seed: int=0, factor: int=1, where: str='first_images', keep: Any=None) -> SyntheticSet:
    """Where a run starts: one of `INITS` or a set, with the images of `keep` first in each class"""

@dataclass
class Score:
    """What the sets of one method are worth"""
    name: str
    evaluations: list[Evaluation]
    seconds: float = ...

    @property
    def mean(self) -> float:
        ...

    @property
    def between_sets(self) -> float | None:
        """Standard deviation of the sets' means; None for one set"""

    @property
    def between_nets(self) -> float | None:
        """Standard deviation of networks on the same set, pooled over sets; None for one network"""

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON"""

@dataclass(repr=False)
class Comparison(StudyResult):
    """A table of methods scored under one recipe"""
    scores: list[Score]
    about: dict[str, Any] = ...
    kind: ClassVar[str] = ...

    def shown(self) -> tuple[list, list]:
        ...

    @classmethod
    def from_dict(cls, d: dict) -> Any:
        ...

    def __getitem__(self, name: str) -> Score:
        """The row of that name"""

    def rows(self) -> list[list[str]]:
        """The cells of the table, as text"""

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON"""

    def verdict(self, name: str) -> str:
        """Row `name` in words, beside the best of the other rows of its size and the whole set"""

def score_from_dict(d: dict) -> Score:
    """A `Score` from what `Score.as_dict` gave"""

def make_sets(m: Any, data: ImageData, ipc: Any, sets: int, seed: int, **kwargs: Any) -> list[SyntheticSet]:
    """The sets of one row: as they are given, or made from seeds `seed`, `seed`+1, …"""

def compare(data: ImageData, methods: Any=..., ipc: Any=None, sets: int=1, nets: int=3, net: Any='convnet', recipe: Any='dc', whole: Any='whole', options: dict | None=None, seed: int=0, device: Any=None, progress: Any=True) -> Comparison:
    """Make the sets of every method and score them all under one recipe

methods: Names, methods or sets; or a dict of rows
ipc: Images per class, or one for each; as in the sets given, or 1
sets: Sets of each method, from seeds `seed`, `seed`+1, …
nets: Networks trained on each set
net: Network for making and for scoring the sets: a name, or your own
recipe: `TrainRecipe` for scoring, or the name of one
whole: The same for the whole set; None leaves the row out
options: Name of a row → keywords for its method
device: A GPU where there is one
progress: Show bars where it takes over five seconds"""
