# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['StudyMethod', 'study_methods', 'study_folder', 'study_file', 'kept']
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from .data import ImageData
from .training import SyntheticSet

@dataclass(frozen=True)
class StudyMethod:
    """A method that takes part in a study"""
    name: str
    method: Any
    options: dict

    def settings(self, where: str, data: ImageData, ipc: list[int], net: str) -> dict:
        """What it would be run with, as JSON can hold it; raises where it couldn't be run"""

    def make(self, data: ImageData, ipc: list[int], seed: int, net: str, device: Any) -> SyntheticSet:
        """The set that it makes of `data`"""

def study_methods(where: str, methods: Any, options: dict | None=None, taken: Collection[str]=...) -> list[StudyMethod]:
    """The methods of a study

where: Name of the function that was called
methods: Names or methods; or name of a row → one of them
options: Name of a row → keywords for its method
taken: Names that the study needs for other rows"""

@contextmanager
def study_folder(where: str, folder: Any) -> Iterator[Path | None]:
    """The folder for a block in which no other process works there; None gives None

where: Name of the function that was called
folder: Made if it isn't there"""

def study_file(folder: Path | None, name: str) -> Path | None:
    """The path of a file in the folder, None without a folder"""

def kept(folder: Path | None, row: StudyMethod, place: str, data: ImageData, ipc: list[int], seed: int, net: str, device: Any=None) -> SyntheticSet:
    """The set as the folder has it, or made now

place: Which of its sets, for the file's name
ipc: Images of each class"""
