# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['STYLES', 'record', 'method_style', 'alt_text', 'show_steps', 'show_before_after', 'neighbours', 'show_neighbours', 'plot_history', 'plot_confusion', 'plot_embeddings', 'show_gradients', 'plot_pixel', 'plot_overfitting']
from collections.abc import Callable, Iterator, Mapping, Sequence
from matplotlib.axes import Axes
from torch import Tensor, nn
from .condensation import State
from .data import ImageData
from .training import Evaluation, SyntheticSet

def check_run(where: str, run: Any) -> Iterator:
    ...

def check_state(where: str, state: Any) -> State:
    ...

def record(run: Iterator[State], every: int | Sequence[int]=10, into: list | None=None) -> list[SyntheticSet]:
    """Run to the end and keep copies of the set: after the first update, on the way, at the end

run: What `condensing` returns
every: Updates between copies, or a list of updates
into: A list to append to, filled even if interrupted"""
STYLES: dict

def method_style(name: str) -> dict[str, str]:
    """Color, line style and marker of a method, for `plot`; a name is read up to a space or comma"""

def alt_text(ax: Axes, text: str | None=None) -> str:
    """The alt text of axes, for readers who can't see the picture; set to `text` if there is one"""

def as_set(where: str, name: str, s: Any) -> SyntheticSet:
    """A set from a set or a state"""

def class_pixels(s: SyntheticSet, c: int) -> Tensor:
    """The images of a class as shown, clipped to 0–1"""

def class_columns(where: str, s: SyntheticSet, n: int=1, classes: Any=None, most: int=20) -> tuple[Tensor, list[str]]:
    """`n` images each of some classes, one column per class, and the classes' names"""

def named_sets(where: str, name: str, sets: Any, call: Callable[[SyntheticSet], str]) -> list[tuple[str, SyntheticSet]]:
    """(name, set) for each set; `call` names those without a name"""

def updates_of(s: SyntheticSet) -> str:
    """'update 20', or 'start', for a set"""

def show_steps(snaps: Any, n: int=1, classes: Any=None, most: int=8, ax: Axes | None=None) -> Axes:
    """Draw the sets of a run below each other

snaps: Sets, from `record`, or {name: set}
n: Images of each class
classes: Names or numbers of classes; default: the first 20
most: Maximum number of sets, spread evenly
ax: Axes to draw into"""

def show_before_after(first: SyntheticSet | State, last: SyntheticSet | State, n: int=1, classes: Any=None, ax: Axes | None=None) -> Axes:
    """Draw two sets, one above the other, with a column for each class

first: The start of a run
last: Its end, with the same classes
n: Images of each class
classes: Names or numbers of classes; default: the first 20
ax: Axes to draw into"""

def neighbours(syn: SyntheticSet, data: ImageData, n: int=3, net: nn.Module | None=None, batch: int=1000) -> tuple[Tensor, Tensor]:
    """The real training images nearest to each image of a set

n: Neighbors of each image
net: Distances in its embedding; default: in pixels
batch: Training images at a time"""

def show_neighbours(syn: SyntheticSet, data: ImageData, n: int=3, net: nn.Module | None=None, which: Any=None, ax: Axes | None=None) -> Axes:
    """Draw images of a set and their nearest real images; labels mark those of another class

n: Neighbors of each image
net: Distances in its embedding; default: in pixels
which: Numbers of images; default: one of each of ten classes
ax: Axes to draw into"""

def plot_history(sets: Any, what: str='loss', ax: Axes | None=None) -> Axes:
    """Draw the losses or scores of runs

sets: A set or state, a list of them, or {name: set}
what: 'loss' of each update, or 'accuracy' of the scores
ax: Axes to draw into"""

def plot_confusion(found: Evaluation | nn.Module, data: ImageData, small: SyntheticSet | None=None, ax: Axes | None=None) -> Axes:
    """Draw the confusion matrix on the test images, in percent of each class

found: An `Evaluation` that kept its networks, or a network
data: Its test images are used
small: The training set, if not from `data`; for mean and std
ax: Axes to draw into"""

def plot_embeddings(syn: Any, data: ImageData, net: nn.Module | str | None=None, how: str='pca', classes: Any=None, n: int=100, seed: int=0, ax: Axes | None=None) -> Axes:
    """Draw real and synthetic images as points of an embedding, in two dimensions

syn: A `SyntheticSet`, or several from `record`
net: With `embed`, or a name; default: a random ConvNet
how: Or 'tsne'
classes: Names or numbers of classes; default: the first 10
n: Real images of each class
seed: Random seed: network, real images, t-SNE
ax: Axes to draw into"""

def show_gradients(net: nn.Module, batches: Mapping[str, Tensor], label: int, n: int=8, ax: Axes | None=None) -> Axes:
    """Draw the first layer's gradients for several batches, with distances from the first batch

batches: {title: images of one class, normalized}
label: The class
n: Filters to show
ax: Axes to draw into"""

def plot_pixel(syn: SyntheticSet, data: ImageData, method: Any='dc', image: int=0, pixel: tuple[int, int] | None=None, net: str='convnet', nets: int=5, real: int=64, seed: int=0, ax: Axes | None=None) -> Axes:
    """Draw a method's loss over the value of one pixel (0: black, 1: white), for random networks

method: Name of a condensation method, or a `Method`
image: Number of the image
pixel: Row and column; default: the middle
net: Name of the networks
nets: Number of networks
real: Real images of the class
seed: Random seed: networks and real images
ax: Axes to draw into"""

def plot_overfitting(sets: Any, data: ImageData, passes: int=100, net: str='convnet', nets: int=2, lr: float=0.01, momentum: float=0.9, held: int=256, seed: int=0, ax: Axes | None=None) -> Axes:
    """Draw losses while networks train on a set: on it (dashed) and on real images (solid)

sets: A set, a list of sets, or {name: set}
passes: Epochs of training on each set
net: Name of the networks
nets: Number of networks; the curves are their mean
lr: Learning rate of the networks
held: Minimum number of real images to score
seed: Random seed: networks, order, real images
ax: Axes to draw into"""
