# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['CONVNETS', 'rank_correlation', 'grid', 'network_names', 'stratified', 'SearchResult', 'plot_search', 'searching', 'search']
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from .data import ImageData
from .text import StudyResult

def rank_correlation(a: list, b: list) -> float | None:
    """Spearman's rank correlation, 1 − 6 Σ d² / (n (n² − 1)) where there are no ties

a: A number for each of some things
b: Another one for each"""
CONVNETS: dict[str, Any] = ...

def grid(base: str='convnet', **options: Any) -> list[str]:
    """Every combination of options as a name; `grid(**CONVNETS)` is what the papers search

base: A key of `bodies`
options: Option (`depth`, `width`, `act`, `norm`, `pool`) → its values"""

def network_names(space: Any, where: str='search') -> list[str]:
    """The names of a space, each once, in their one spelling; those of the papers' grid for None"""

def stratified(space: Any, n: int, seed: int=0) -> list[str]:
    """`n` of the named networks, the values of an option about equally often, in the first few too"""

@dataclass(repr=False)
class SearchResult(StudyResult):
    """Accuracies of networks on proxies, and how well the proxies rank them"""
    space: list
    columns: dict
    runs: dict
    about: dict = ...
    left: int = ...
    text_columns: ClassVar[int] = ...

    @classmethod
    def from_dict(cls, d: dict) -> Any:
        ...

    @property
    def failed(self) -> dict[str, str]:
        """{network: error}"""

    def accuracies(self, proxy: str, kind: str='accuracies') -> dict[str, float]:
        """{network: mean accuracy in percent on the held-out images}, without those that failed

kind: 'test': on test images, where a record has both"""

    def tested(self) -> dict[str, float]:
        """{network: mean accuracy in percent on the test images}, trained on the whole set"""

    def top(self, proxy: str, k: int=10) -> list[str]:
        """The `k` best networks on a proxy; of equals the one that comes first in the space"""

    def correlation(self, proxy: str, k: int | None=None) -> float | None:
        """Spearman's correlation of accuracies on a proxy with test accuracies, trained on the whole set

k: Only the `k` best on the proxy; all if None"""

    def chosen(self, proxy: str, k: int=1) -> tuple:
        """The network that a search with this proxy ends with

k: Of the proxy's `k` best, the best after training on the whole set"""

    def seconds(self, proxy: str) -> float:
        """Seconds of one core: making the set, and all trainings"""

    def row(self, proxy: str, time: bool) -> list[str]:
        """A row of the table"""

    def rows(self, time: bool=False) -> list[list[str]]:
        """The table, header first; `time` is that of one core for making the set and all trainings"""

    def shown(self) -> tuple[list, list]:
        ...

    def as_dict(self) -> dict:
        """Everything, ready for JSON, with the table as a summary"""

def plot_search(result: SearchResult, by: str='norm', ranks: bool=False, axs: Any=None) -> Any:
    """Draw test accuracy, trained on the whole set, against accuracy on each proxy

by: Option of the networks that gives the color
ranks: Draw ranks in place of accuracies
axs: Axes to draw into, one for each proxy"""

def searching(data: ImageData, proxies: Any=..., space: Any=None, ipc: Any=None, net: str='convnet', recipe: Any='search', whole: Any='search', top: int=10, nets: int=1, options: dict | None=None, seed: int=0, folder: Any=None, processes: int=1, device: Any=None, speed: Any='auto', progress: bool=False, holdout: float=0.1) -> Iterator[SearchResult]:
    """Check everything and start a search

proxies: Names, methods, sets; or column → one
space: Names of the networks; the 720 of `grid(**CONVNETS)` if None
ipc: Images per class of a proxy (default: 10)
net: Network that makes the sets
recipe: `TrainRecipe` for the proxies, or the name of one
whole: The same for the whole set
top: Best of each proxy to train on the whole set, if 'whole' is none
nets: Times to train each network
options: Name of a column → keywords for its method
seed: Random seed
folder: Where results are written and looked for; None: in memory
processes: Processes that train in parallel, one thread each
device: A GPU where there is one
speed: How to train: 'plain', 'auto', or as chapter 11 has it
progress: Show a bar while sets are made
holdout: Share of the training images that rank networks and train none"""

def search(data: ImageData, proxies: Any=..., space: Any=None, progress: bool=True, **kwargs: Any) -> SearchResult:
    """Train every network on every proxy, and rank the networks by each

proxies: Names, methods, sets; or column → one
space: Names of the networks; the 720 of `grid(**CONVNETS)` if None
progress: Show bars
kwargs: The rest of what `searching` takes"""
