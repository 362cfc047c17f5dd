# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['import_published']
import os
from pathlib import Path
from torch import Tensor
from .training import SyntheticSet
FORMAT: str

def write_file(path: str | os.PathLike, tensors: dict[str, Tensor], about: dict, where: str='SyntheticSet.save') -> Path:
    """Write a set to one safetensors file, whole or not at all

path: File to write
tensors: images, labels, mean, std, losses
about: Classes and info"""

def read_file(path: str | os.PathLike, where: str='SyntheticSet.load') -> SyntheticSet:
    """Read a set from a safetensors file; uses at most 8 times its size and 256 MiB

path: A file that `write_file` wrote"""

def write_folder(path: str | os.PathLike, pixels: Tensor, labels: Tensor, about: dict, where: str='SyntheticSet.to_folder') -> Path:
    """Write a set as 8-bit PNG files in class folders

path: Folder to make; must be empty or not exist
pixels: (N, C, H, W), in 0–1
labels: (N,)
about: Classes, mean, std and info"""

def read_folder(path: str | os.PathLike, where: str='SyntheticSet.from_folder') -> SyntheticSet:
    """Read a set from PNG files; pixels may take 16 times the files' size, or 16 MiB

path: A folder that `write_folder` wrote"""

def import_published(path: str | os.PathLike, classes: list | None=None, data: str | None=None, mean: Any=None, std: Any=None) -> list[SyntheticSet]:
    """Read a published `.pt` result without running it; uses at most 8 times its size and 256 MiB

path: A result file of the authors' programs for DC, DSA or DM
classes: Class names; default: '0', '1', …
data: Data set with the published mean and std; default: from file name
mean: (C,) mean used to normalize the images, if not the published one
std: (C,) standard deviation, likewise"""
