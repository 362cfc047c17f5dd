# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['TORCH_MAGIC', 'MADE_BY', 'as_path', 'write_atomic', 'way_out', 'read_bytes', 'json_object', 'load_json', 'write_json', 'kind_of', 'check_ours']
import os
from pathlib import Path

def as_path(where: str, path: str | os.PathLike, name: str='path') -> Path:
    """`path` as a Path"""

def write_atomic(path: str | os.PathLike, data: bytes | str, links: bool=True, where: str='write_atomic') -> Path:
    """Write a file whole or not at all: into a neighbour, down to the disk, then renamed

path: File to write; what was there is replaced
data: Text is written as UTF-8
links: Write through a link; False refuses one
where: Name of the function that was called, for the errors"""
TORCH_MAGIC: bytes

def way_out(path: Path) -> str:
    """What else reads a file that a loader refuses, as the end of a message"""

def read_bytes(where: str, path: str | os.PathLike, most: int | None=None) -> bytes:
    """The bytes of a file, `most` at most"""

def json_object(where: str, path: Path, text: bytes | str, what: str) -> dict:
    """A JSON object from text that `path` holds; `what` it should be, for the error"""

def load_json(where: str, path: str | os.PathLike, what: str) -> dict:
    """A JSON object from a file"""

def write_json(path: str | os.PathLike, found: Any, where: str='write_json', links: bool=True) -> Path:
    """Write JSON, indented and in UTF-8, whole or not at all

found: What JSON can hold
where: Name of the function that was called, for the errors
links: Write through a link; False refuses one"""
MADE_BY: str

def kind_of(path: Path) -> str:
    """'set', 'checkpoint', 'picture', 'page', 'report', … for a file this package wrote, '' for any other"""

def check_ours(where: str, folder: Path, kinds: dict[str, str]) -> bool:
    """Refuse to write `kinds` (name → kind) over files of others in `folder`; is any file there ours?"""
