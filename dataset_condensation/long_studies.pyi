# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['StudyMethod', 'study_methods', 'study_folder', 'study_file', 'kept', 'fill_study', 'Journal', 'in_processes']
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from .data import ImageData
from .training import SyntheticSet

@dataclass(frozen=True)
class StudyMethod:
    """A method in a study, with its options"""
    name: str
    method: Any
    options: dict

    def settings(self, where: str, data: ImageData, ipc: list[int], net: str) -> dict:
        """The settings it would run with, for JSON; raises an error if it couldn't run"""

    def begin(self, where: str, data: ImageData, ipc: list[int], net: str) -> dict:
        """Its settings, after all that a run checks before its first update"""

    def make(self, data: ImageData, ipc: list[int], seed: int, net: str, device: Any) -> SyntheticSet:
        """The set that it makes from `data`"""

def study_methods(where: str, methods: Any, options: dict | None=None, taken: Collection[str]=...) -> list[StudyMethod]:
    """The methods of a study

where: Name of the called function
methods: Names or methods; or row name → one of them
options: Row name → arguments of its method
taken: Names of other rows"""

@contextmanager
def study_folder(where: str, folder: Any) -> Iterator[Path | None]:
    """Lock the folder for a block, and create it if it doesn't exist; None gives None"""

def study_file(folder: Path | None, name: str) -> Path | None:
    """The path of a file in the folder, None without a folder"""

def kept(folder: Path | None, row: StudyMethod, place: str, data: ImageData, ipc: list[int], seed: int, net: str, device: Any=None) -> SyntheticSet:
    """The set from the folder, or made now

place: Which of its sets, for the file name
ipc: Images of each class"""

def resumed(study: Any, path: Path | None) -> Any:
    """The study as its file has it, rows and orders of earlier calls included; without one, `study`"""

def fill_study(where: str, study: Any, jobs: list, folder: Any, progress: bool) -> Any:
    """`study` with the runs of the jobs: taken from its folder, or filled and saved step by step"""

class Journal:
    """Records, appended to a file as they come; without a file only kept in memory"""
    path: Path | None
    records: Any

    def __init__(self, path: Path | None=None):
        ...

    def add(self, record: dict) -> None:
        ...

    def runs(self, proxy: str, key: str) -> dict[str, dict]:
        """{network: record} of a proxy"""

def in_processes(f: Callable, tasks: list[tuple], processes: int) -> Iterator:
    """What `f` gives for every task, as it comes"""
