# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['LICENSES', 'load_published', 'published_card', 'published', 'publish']
import os
from pathlib import Path
from .training import SyntheticSet
LICENSES: dict

def load_published(name: str | os.PathLike) -> SyntheticSet:
    """A set that comes with the package, or one from a folder; without a network

name: One of `published()`, or the folder of a run or by `publish`"""

def published_card(name: str | os.PathLike) -> Any:
    """What was measured on a published set

name: As for `load_published`"""

def published() -> dict[str, str]:
    """The sets that come with the package, with a line about each"""

def publish(small: Any, folder: str | os.PathLike, name: str | None=None, license: str | None=None, card: Any=None) -> Path:
    """Write a folder to upload: safetensors, pictures, a dataset card with code that loads them

small: A `SyntheticSet`, or what `load_published` reads
folder: Folder to make; must be empty or not exist
name: Title of the card (default: the folder's)
license: License of the data, as hubs spell it (default: if known)
card: A `ScoreCard` or a `Comparison` (default: that of `small`)"""
