# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['STYLES', 'record', 'method_style', 'alt_text', 'show_steps', 'show_before_after', 'neighbours', 'show_neighbours', 'plot_history', 'plot_cross_architecture', 'plot_confusion', 'plot_embeddings', 'show_gradients', 'plot_pixel', 'plot_overfitting']
from collections.abc import Callable, Iterator, Mapping, Sequence
from matplotlib.axes import Axes
from torch import Tensor, nn
from .condensation import State
from .data import ImageData
from .studies import CrossTable
from .training import Evaluation, SyntheticSet

def check_run(where: str, run: Any) -> Iterator:
    ...

def check_state(where: str, state: Any) -> State:
    ...

def record(run: Iterator[State], every: int | Sequence[int]=10, into: list | None=None) -> list[SyntheticSet]:
    """Run to the end and keep sets on the way, the first and the last among them

run: What `condensing` returns
every: Keep a set every so many updates, or at these updates
into: Where to put them, so that an interrupted run leaves some"""
STYLES: dict

def method_style(name: str) -> dict[str, str]:
    """How lines of a method are drawn, everywhere

name: Of a method; what follows a space or a comma does not count"""

def alt_text(ax: Axes, text: str | None=None) -> str:
    """The words for a picture, for readers who do not see it

text: What they show; None leaves the words as they are"""

def as_set(where: str, name: str, s: Any) -> SyntheticSet:
    """A set from a set or a state"""

def class_pixels(s: SyntheticSet, c: int) -> Tensor:
    """The images of a class as they are shown, in 0–1"""

def class_columns(where: str, s: SyntheticSet, n: int=1, classes: Any=None, most: int=20) -> tuple[Tensor, list[str]]:
    """`n` images of some classes, row by row with a column for each class, and the classes' names"""

def named_sets(where: str, name: str, sets: Any, call: Callable[[SyntheticSet], str]) -> list[tuple[str, SyntheticSet]]:
    """(name, set) for each of some sets; `call` names those that have no name"""

def updates_of(s: SyntheticSet) -> str:
    """How many updates a set has had, in words"""

def show_steps(snaps: Any, n: int=1, classes: Any=None, most: int=8, ax: Axes | None=None) -> Axes:
    """Draw sets below each other, as they changed in a run

snaps: Sets, as `record` keeps them, or name → set
n: Images of each class
classes: Names or numbers of the classes to show, the first 20 if None
most: Sets at most, spread over all
ax: Axes to draw into"""

def show_before_after(first: SyntheticSet | State, last: SyntheticSet | State, n: int=1, classes: Any=None, ax: Axes | None=None) -> Axes:
    """Draw two sets, one above the other, a column for each class

first: Where a run began
last: Where it ended: of the same classes
n: Images of each class
classes: Names or numbers of the classes to show, the first 20 if None
ax: Axes to draw into"""

def neighbours(syn: SyntheticSet, data: ImageData, n: int=3, net: nn.Module | None=None, batch: int=1000) -> tuple[Tensor, Tensor]:
    """The real training images nearest to each image of a set

n: How many for each image
net: Measure in its embedding; in normalised pixels if None
batch: Training images at a time"""

def show_neighbours(syn: SyntheticSet, data: ImageData, n: int=3, net: nn.Module | None=None, which: Any=None, ax: Axes | None=None) -> Axes:
    """Draw images of a set and below each its nearest real ones, named where of another class

n: Neighbours of each image
net: Measure in its embedding; in normalised pixels if None
which: Numbers of images, the first of each of ten classes if None
ax: Axes to draw into"""

def plot_history(sets: Any, what: str='loss', ax: Axes | None=None) -> Axes:
    """Draw how runs went

sets: One or several: a list, or name → set; a state of a run works too
what: 'loss' of each update, or 'accuracy' as it was measured on the way
ax: Axes to draw into"""

def plot_cross_architecture(table: CrossTable, how: str='lines', ax: Axes | None=None) -> Axes:
    """Draw what networks reach on sets that were made with other networks

how: 'lines', one for each set over the networks trained on it, or 'heat'
ax: Axes to draw into"""

def plot_confusion(found: Evaluation | nn.Module, data: ImageData, small: SyntheticSet | None=None, ax: Axes | None=None) -> Axes:
    """Draw what the test images of each class were taken for, in percent of the class

found: An `Evaluation` that kept its networks, or a network
data: Its test images are classified
small: The set trained on, if not made from `data`: normalises
ax: Axes to draw into"""

def plot_embeddings(syn: Any, data: ImageData, net: nn.Module | str | None=None, how: str='pca', classes: Any=None, n: int=100, seed: int=0, ax: Axes | None=None) -> Axes:
    """Draw real and synthetic images as points in the plane of an embedding

syn: A `SyntheticSet`, or moments of a run, as `record` keeps them
net: Has `embed`, or the name of a random one; a ConvNet
how: Or 'tsne'
classes: Names or numbers of the classes to show, the first 10 if None
n: Real images of each class
seed: Of the random network, the draw of real images and t-SNE
ax: Axes to draw into"""

def show_gradients(net: nn.Module, batches: Mapping[str, Tensor], label: int, n: int=8, ax: Axes | None=None) -> Axes:
    """Draw gradients of several batches in the first layer, with their distance from the first

batches: Title → images of one class, normalised
label: The class
n: Filters to show
ax: Axes to draw into"""

def plot_pixel(syn: SyntheticSet, data: ImageData, method: Any='dc', image: int=0, pixel: tuple[int, int] | None=None, net: str='convnet', nets: int=5, real: int=64, seed: int=0, ax: Axes | None=None) -> Axes:
    """Draw a method's loss over the value of one pixel (0: black, 1: white), for random networks

method: Name of a condensation method, or a `Method`
image: Which image of the set
pixel: Row and column, the middle if None
net: Name of the networks
nets: How many
real: Real images of the class
seed: Of networks and real images
ax: Axes to draw into"""

def plot_overfitting(sets: Any, data: ImageData, passes: int=100, net: str='convnet', nets: int=2, lr: float=0.01, momentum: float=0.9, held: int=256, seed: int=0, ax: Axes | None=None) -> Axes:
    """Draw the losses of networks that train on a set: on it (dashed) and on real images (solid)

sets: One or several: a list, or name → set
passes: Epochs over each set
net: Name of the networks
nets: How many; the curves are their mean
lr: Learning rate of the networks
held: Real training images to score, at least; as many of each class
seed: Of networks, order and real images
ax: Axes to draw into"""
