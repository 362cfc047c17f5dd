# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['CrossTable', 'cross_architecture', 'plot_cross', 'variant', 'ablate', 'plot_compare']
from dataclasses import dataclass
from typing import ClassVar
from matplotlib.axes import Axes
from .condensation import Method
from .coresets import Comparison
from .data import ImageData
from .text import StudyResult

@dataclass(repr=False)
class CrossTable(StudyResult):
    """Accuracies of networks trained on sets that were made with other networks, in percent"""
    rows: list
    columns: list
    scores: list
    about: dict = ...
    kind: ClassVar[str] = ...
    text_columns: ClassVar[int] = ...

    def as_dict(self) -> dict:
        """Everything, ready for JSON"""

    @classmethod
    def from_dict(cls, d: dict) -> Any:
        ...

    def shown(self) -> tuple[list, list]:
        ...

def cross_architecture(data: ImageData, methods: Any=..., nets_from: Any=..., nets_to: Any=..., ipc: Any=1, sets: int=1, nets: int=3, recipe: Any='dc', options: dict | None=None, seed: int=0, device: Any=None, progress: bool=True) -> CrossTable:
    """Condense with each network, train every network on each set

methods: Several; or name of a row → method
nets_from: Networks to condense with, names or your own
nets_to: Networks to train
ipc: Images per class, or a list with one number for each class
sets: Sets for each row, from seeds `seed`, `seed`+1, …
nets: Networks of each kind on each set
recipe: `TrainRecipe`, or the name of one
options: Name of a row → keywords for its method
device: A GPU where there is one
progress: Show bars where it takes over five seconds"""

def plot_cross(table: CrossTable, ax: Axes | None=None) -> Axes:
    """Draw a cross-architecture table as a heat map with its numbers, black 0 and white 100

ax: Axes to draw into"""

def variant(method: Method, net: str, factor: str, value: Any) -> tuple[Method, str, dict]:
    """A method, a network and a recipe with one thing changed

net: Name of the network
factor: What to change
value: To what"""

def ablate(data: ImageData, method: Any='dc', ipc: Any=1, net: str='convnet', sets: int=1, nets: int=3, recipe: Any='dc', test_net: str | None=None, options: dict | None=None, seed: int=0, device: Any=None, progress: bool=True, base: bool=True, **factors: Any) -> Comparison:
    """Change one choice at a time and score each set that results

method: Name of a condensation method, or a `Method`
ipc: Images per class, or a list with one number for each class
net: Network of the base
sets: Sets for each row, from seeds `seed`, `seed`+1, …
nets: Networks on each set
recipe: `TrainRecipe` for scoring, or the name of one
test_net: Network to score with; the one a set was made with if None
options: Fields of the base's `Recipe` to change
device: A GPU where there is one
progress: Show bars where it takes over five seconds
base: Score the base as well
factors: What to vary → the values to try, e.g. `width=[32, 64]`"""

def plot_compare(table: Comparison, ax: Axes | None=None, low: float | None=None) -> Axes:
    """Draw the accuracy of every row, and of every set in it

ax: Axes to draw into
low: Where the accuracy axis begins, in percent"""
