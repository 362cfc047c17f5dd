# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['interval', 'ranked', 'ScoreCard', 'read_set', 'score']
from dataclasses import dataclass
from typing import ClassVar
from matplotlib.axes import Axes
from .data import ImageData
from .text import StudyResult
from .training import SyntheticSet
ROWS: tuple

def baselines(like: SyntheticSet, data: ImageData, draws: int=5, net: Any='convnet', embedder: Any=None, seed: int=0, device: Any=None, progress: Any=True) -> dict[str, list[SyntheticSet]]:
    """Sets of real images to put beside a synthetic one: random, herding, centroids

like: Sizes of the classes and tiles of the baselines
data: The training images to choose from
draws: Random sets
net: For the embedding of herding
embedder: A trained network for it; None trains one
seed: Of everything random
device: A GPU where there is one
progress: Show a bar where it takes over five seconds"""

def interval(values: Any) -> tuple[float, float | None]:
    """The mean, and half the width of its 95 % interval; None for a single network

values: One number for each network"""

def ranked(of_set: float, of_random: float, of_all: float | None, augmented: tuple[float, float] | None=None, soft: tuple[float, float] | None=None) -> dict[str, float]:
    """HLR, IOR, LRS and ARS as DD-Ranking defines them, with both weights ½

of_set: Accuracies in percent: trained on the set,
of_random: on random images of its size,
of_all: on everything (None leaves HLR and LRS out),
augmented: and on set and random with augmentation
soft: and on both with soft labels, for the IOR"""

@dataclass(frozen=True, repr=False)
class ScoreCard(StudyResult):
    """What a set is worth beside real images of its size, under one recipe; made by `score`"""
    name: str
    images: int
    shape: list
    factor: int
    bytes: int
    accuracies: dict
    augmented: dict
    rates: dict
    about: dict
    seconds: float
    joules: float | None
    notes: list
    kind: ClassVar[str] = ...

    @classmethod
    def from_dict(cls, d: dict) -> Any:
        ...

    @property
    def scores(self) -> dict[str, tuple[float, float | None]]:
        """IOR, HLR, LRS and ARS: the mean over networks, and half its 95 % interval"""

    def named_rows(self) -> dict[str, dict[str, list[float]]]:
        """Accuracies by network and row, the augmented ones after the first network"""

    def rows(self) -> list[list[str]]:
        """The cells of the table, as text"""

    def shown(self) -> tuple[list, list]:
        ...

    def line(self) -> str:
        """All that matters in one line, for a model card"""

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON"""

    def plot(self, ax: Axes | None=None) -> Axes:
        """A line for each network: the set in black beside real images, with intervals

ax: Axes to draw into"""

def read_set(path: Any, data: ImageData) -> list[SyntheticSet]:
    """Synthetic sets in any of the formats above

path: A file or a folder
data: Gives classes, size and statistics to formats that have none"""

class Energy:
    """Energy used by the processors of this machine; `joules` is None where it can't be read"""
    zones: Any
    last: Any
    joules: Any

    def __init__(self, root: Any='/sys/class/powercap'):
        ...

    def read(self) -> None:
        """Add what was used since the last time"""
ARCHITECTURES: tuple

def score(small: Any, data: ImageData, architectures: Any=..., nets: int=5, recipe: Any='dc', whole: Any='whole', rates: Any=..., augment: Any='dsa', seed: int=0, device: Any=None, progress: Any=True) -> ScoreCard:
    """Score any synthetic set beside real images of its size, with every choice on held-out images

small: A `SyntheticSet`, several made alike, or the path of a file or folder
data: Real images; the test images are what counts
architectures: Networks; the first one gives the four scores
nets: Networks of each kind, for each row
recipe: `TrainRecipe` of all sets, or the name of one
whole: The same for all images; None leaves them out, with HLR and LRS
rates: Learning rates to choose from; None: that of the recipe
augment: Augmentation for ARS; None leaves it out
seed: Random seed
device: A GPU where there is one
progress: Say how long it takes, and show a bar, where it's over five seconds"""
