# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['MADE_BY', 'as_path', 'write_atomic', 'read_bytes', 'json_object', 'load_json', 'load_made', 'write_json', 'kind_of', 'check_ours']
import os
from collections.abc import Callable
from pathlib import Path

def as_path(where: str, path: str | os.PathLike, name: str='path') -> Path:
    """`path` as a Path"""

def write_atomic(path: str | os.PathLike, data: bytes | str, links: bool=True, where: str='write_atomic') -> Path:
    """Write a file whole or not at all: to a file beside it, to the disk, then rename

path: File to write or replace
data: Text is written as UTF-8
links: Write through a link; False: raise an error
where: Name of the called function, for errors"""

def read_bytes(where: str, path: str | os.PathLike, most: int | None=None) -> bytes:
    """The bytes of a file, at most `most` of them"""

def json_object(where: str, path: Path, text: bytes | str, what: str) -> dict:
    """The JSON object in `text`, read from `path`; `what` it should be, for the error"""

def load_json(where: str, path: str | os.PathLike, what: str) -> dict:
    """The JSON object in a file"""

def load_made(where: str, path: str | os.PathLike, what: str, make: Callable[[dict], Any]) -> Any:
    """What `make` gives of the JSON object in a file, after a look whether it can be shown"""

def write_json(path: str | os.PathLike, found: Any, where: str='write_json', links: bool=True) -> Path:
    """Write JSON, indented and in UTF-8, whole or not at all; the rest is as in `write_atomic`"""
MADE_BY: str

def kind_of(path: Path) -> str:
    """'set', 'checkpoint', 'picture', 'page', 'report', … for files of this package, '' for others"""

def check_ours(where: str, folder: Path, kinds: dict[str, str]) -> bool:
    """Raise an error if `kinds` (name → kind) would overwrite other files; is any file ours?"""
