# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['RANDOM', 'HERDING', 'KCENTER', 'KMEANS', 'FORGETTING', 'INITS', 'chosen_set', 'random_set', 'whole_net', 'embed_all', 'herd', 'k_center', 'k_means', 'forgetting_counts', 'Coreset', 'first_images', 'as_tiles', 'in_tiles', 'Score', 'text_table', 'markdown_text', 'markdown_table', 'Comparison', 'score_from_dict', 'compare']
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from torch import Tensor, nn
from .data import ImageData
from .training import Evaluation, SyntheticSet

def chosen_set(data: ImageData, chosen: Sequence, method: str, **info: Any) -> SyntheticSet:
    """The chosen training images as a small set

chosen: For each class, indices among the images of the class
method: Name of the way they were chosen
info: More to remember: seed, recipe"""

def sizes_within(ipc: Any, data: Any, where: str) -> list[int]:
    """`class_sizes`, none of them larger than its class"""

def random_set(data: ImageData, ipc: Any=1, seed: int=0, net: Any=None, device: Any=None) -> SyntheticSet:
    """Real images drawn at random, class by class

ipc: Images per class, or a list with one number for each class
seed: Draws from `gen(seed, 'random', class)`
net: Not used, nor is the next: every choice is called with both"""

def whole_net(data: ImageData, net: Any='convnet', recipe: Any='whole', seed: int=0, device: Any=None, progress: Any=True) -> nn.Module:
    """A network trained on the whole training set

net: Name of the network, or your own as in `make_net`
recipe: `TrainRecipe`, or the name of one
seed: Starts from `gen(seed, 'whole')`
device: A GPU where there is one
progress: Show a bar where it takes over five seconds"""

def embed_all(net: nn.Module, images: Any, batch: int=1000) -> Tensor:
    """The embedding of every image, in the order they are stored

net: Any network
images: An `ImageSet`, a `SyntheticSet`, a torch Dataset or a DataLoader
batch: Images at a time"""

def herd(z: Tensor, k: int) -> Tensor:
    """Choose `k` rows whose mean follows the mean of all, one by one

z: (n, features), one class
k: How many to choose"""

def k_center(z: Tensor, k: int) -> Tensor:
    """Choose `k` rows greedily, so that no row is far from a chosen one

z: (n, features), one class
k: How many to choose"""

def k_means(z: Tensor, k: int, seed: int=0) -> Tensor:
    """Choose the row nearest to each of `k` cluster centers, no row twice

z: (n, features), one class
k: How many to choose
seed: Of scikit-learn's k-means"""

def forgetting_counts(data: ImageData, net: Any='convnet', recipe: Any='whole', seed: int=0, device: Any=None, progress: Any=True) -> Tensor:
    """How often each training image fell from right to wrong between epochs

net: Name of the network, or your own as in `make_net`
recipe: `TrainRecipe`, or the name of one: epochs to count over
seed: Starts from `gen(seed, 'forgetting')`
device: A GPU where there is one
progress: Show a bar where it takes over five seconds"""

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
    """The images that were forgotten most often, ties broken by the seed"""
RANDOM: Coreset
HERDING: Coreset
KCENTER: Coreset
KMEANS: Coreset
FORGETTING: Coreset
INITS: tuple

def first_images(data: ImageData, ipc: Any=1, init: Any='noise', seed: int=0, factor: int=1, where: str='first_images', keep: Any=None) -> SyntheticSet:
    """Where a run starts: noise in normalized space, random images, or centers of clusters

ipc: Images per class, or a list with one number for each class
init: One of `INITS`, or a `SyntheticSet`
factor: Tiles along each side of an image
where: Name of the function that was called
keep: A `SyntheticSet` whose images are the first ones of each class"""

def as_tiles(images: Tensor, factor: int) -> Tensor:
    """Reduce images to tiles and put factor × factor of them into one; what `formation` takes apart

images: (N·factor², C, H, W), the tiles of an image following each other
factor: Tiles along each side"""

def in_tiles(small: SyntheticSet, factor: int) -> SyntheticSet:
    """The images of a set, a multiple of factor² of each class, stored in factor × factor tiles"""

def first_rows(y: Tensor, ipc: list[int]) -> Tensor:
    """(N,), which of the images with labels `y`, in order, are the first `ipc` of their class"""

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

def text_table(rows: list, left: int=1) -> str:
    """Rows of text, the header first, in columns, the first `left` of them aligned to the left"""

def markdown_text(s: Any) -> str:
    """Any text in markdown, as it stands: no table of its own, no HTML, link, code or formula"""

def markdown_table(rows: list, left: int=1) -> str:
    """The same in markdown"""

@dataclass
class Comparison:
    """A table of methods scored under one recipe"""
    scores: list[Score]
    about: dict[str, Any] = ...

    def __getitem__(self, name: str) -> Score:
        """The row of that name"""

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON"""

    @classmethod
    def load(cls, path: Any) -> 'Comparison':
        """Read back the JSON file that `save` wrote"""

    def __repr__(self) -> str:
        ...

    def rows(self) -> list[list[str]]:
        """The cells of the table, as text"""

    def save(self, path: Any) -> Any:
        """Write everything to a JSON file, whole or not at all"""

    def verdict(self, name: str) -> str:
        """Row `name` in words, beside the best of the other rows of its size and the whole set"""

def score_from_dict(d: dict) -> Score:
    """A `Score` from what `Score.as_dict` gave"""

def make_sets(m: Any, data: ImageData, ipc: Any, sets: int, seed: int, **kwargs: Any) -> list[SyntheticSet]:
    """The sets of one row: as they are given, or made from seeds `seed`, `seed`+1, …"""

def size_beside(where: str, ipc: Any, given: list[tuple[str, SyntheticSet]], made: bool, data: ImageData, default: int=1) -> Any:
    """Images per class of rows to be `made` beside the `given`; `default` if there are none"""

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
