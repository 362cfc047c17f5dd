# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Nested', 'nested', 'add_classes']
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from .condensation import Method, Recipe, Step
from .data import Batch, ImageData
from .training import SyntheticSet

@dataclass(frozen=True)
class Nested(Method):
    """Match the first images of each class alone, in one of several sizes at a time"""
    method: Method = ...
    sizes: tuple = ...
    tiles: int = ...

    def ready(self, run: Any) -> Method:
        """The method for a run"""

    def prepare(self, net: Any, draw: Callable) -> None:
        ...

    def own(self) -> dict:
        ...

    def alone(self) -> bool:
        ...

    def by_length(self) -> bool:
        ...

    def recipe(self, ipc: Any=1, net: Any='convnet', data: Any='', **new: Any) -> Recipe:
        """That of the method it matches by"""

    def separable(self, net: Any) -> bool:
        ...

    def match(self, net: Any, real: Any, syn: Batch, step: Step) -> Any:
        ...

def nested(method: Any='dm', sizes: Sequence=...) -> Nested:
    """A method by which the first images of each class are a set by themselves, in each of `sizes`"""

def add_classes(small: SyntheticSet, data: ImageData, method: Any='dm', ipc: Any=1, **options: Any) -> SyntheticSet:
    """A set with the classes of `data` that it lacks, made by themselves and put beside the others

small: Its images stay as they are, bit for bit
data: Has the new classes, and perhaps others
method: Name of a method, or a method
ipc: Images per class, or one number for each new class
options: Further arguments of the method"""
