# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['OF_RUN', 'AUTO', 'measured', 'Choice', 'recommend', 'chosen_settings', 'Recommended']
from dataclasses import dataclass
from typing import NamedTuple
from .data import ImageData
from .training import SyntheticSet

def measured() -> dict[str, dict[str, Any]]:
    """Data set → shape of an image, classes, network, speed, and the ways that are worth their time"""

class Choice(NamedTuple):
    """A method with its settings, and why"""
    method: str
    settings: dict[str, Any]
    seconds: float
    accuracy: float
    why: str
    augment: str = ...

    def __str__(self):
        ...

def recommend(data: ImageData | str='digits', ipc: int | list[int]=1, minutes: float | None=None, computed: bool=False, device: Any=None, half: bool | None=None, cores: int | None=None) -> Choice:
    """The best method within `minutes`, by what was measured on the nearest data and size

data: Or the name of a measured set
ipc: Images per class, or a list with one number for each class
minutes: Time budget for making the set (default: none)
computed: Only methods that compute images
device: Where the set is made; a GPU where there is one
half: Are 16-bit products fast there? Looks if None
cores: Of the processor; torch's threads if None"""

def chosen_settings(choice: Choice, net: Any='convnet', speed: Any='auto') -> dict[str, Any]:
    """Keywords of `condense`: those of the choice, but for a network and a speed that were chosen"""
OF_RUN: list

@dataclass(frozen=True)
class Recommended:
    """The recommended method, as a method"""
    name: str = ...
    doc: str = ...
    paper: str = ...

    def make(self, data: ImageData, ipc: int | list[int]=1, seed: int=0, net: Any='convnet', device: Any=None, progress: bool=True, minutes: float | None=None, **settings: Any) -> SyntheticSet:
        """A small set by the recommended method

ipc: Images per class, or a list with one number for each class
net: As for `condense`; 'convnet' stands for the recommended one
device: A GPU where there is one
minutes: Time budget for making the set
settings: Keywords of `condense`; they win over the recommendation"""
AUTO: Recommended
