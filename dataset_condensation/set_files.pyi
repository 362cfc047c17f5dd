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
    """Read a set from a safetensors file; takes at most 8 times its size and 256 MiB

path: A file that `write_file` wrote"""

def write_folder(path: str | os.PathLike, pixels: Tensor, labels: Tensor, about: dict, where: str='SyntheticSet.to_folder') -> Path:
    """Write a set as PNG files in class folders, 8 bits for each channel

path: Folder to make; must be empty or not exist
pixels: (N, C, H, W), in 0–1
labels: (N,)
about: Classes, mean, std and info"""

def read_folder(path: str | os.PathLike, where: str='SyntheticSet.from_folder') -> SyntheticSet:
    """Read a set from PNG files; their pixels may take 16 times what the files do, and 16 MiB

path: A folder that `write_folder` wrote"""

def import_published(path: str | os.PathLike, classes: list | None=None, data: str | None=None, mean: Any=None, std: Any=None) -> list[SyntheticSet]:
    """Read a published `.pt` result, run nothing; takes at most 8 times its size and 256 MiB

path: A result file of the authors' programs for DC, DSA or DM
classes: Class names, default '0', '1', …
data: Data set whose published mean and std are taken, default as the file
mean: (C,) mean that the images were normalised by, if it is another
std: (C,) standard deviation, likewise"""
