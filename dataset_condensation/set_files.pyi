# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['reach', 'import_published']
import os
from pathlib import Path
from torch import Tensor
from .training import SyntheticSet
FORMAT: str

def write_file(path: str | os.PathLike, small: Any, bits: Any, budget: Any) -> Path:
    """Write a set to one file, whole or not at all; a PNG by its name, of `bits` or within `budget`"""

def read_file(path: str | os.PathLike) -> SyntheticSet:
    """Read what `write_file` wrote; uses at most 8 times the size of the file and 256 MiB"""

def set_file(path: str | os.PathLike) -> Path:
    """The file of the set in the folder of a run or by `publish`; any other path as it is"""

def reach(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest and the highest value in each channel of (N, C, H, W), or 0 and 1 if that's wider

pixels: (C, 1, 1) each"""
SOFT: str

def write_folder(path: str | os.PathLike, pixels: Tensor, labels: Tensor, about: dict, soft: Tensor | None=None) -> Path:
    """Write pixels as 8-bit PNG files in class folders, in a folder that is empty or new"""

def read_folder(path: str | os.PathLike) -> SyntheticSet:
    """Read what `write_folder` wrote; pixels may take 16 times the files' size, or 16 MiB"""

def png_bytes(small: SyntheticSet, bits: int) -> bytes:
    """A set as the bytes of a PNG"""

def write_png(path: str | os.PathLike, small: Any, bits: Any, budget: Any) -> Path:
    """Write a set as one PNG: of `bits` for each pixel, or of as many as fit into `budget` bytes"""

def import_published(path: str | os.PathLike, classes: list | None=None, data: str | None=None, mean: Any=None, std: Any=None) -> list[SyntheticSet]:
    """Read a published `.pt` result without running it

path: A result file of the authors' programs for DC, DSA or DM
classes: Class names; default: '0', '1', …
data: Data set with the published mean and std; default: from file name
mean: (C,) mean used to normalize the images, if not the published one
std: (C,) standard deviation, likewise"""
