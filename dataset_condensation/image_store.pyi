# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['FORMAT', 'ImageFile', 'ImageWriter', 'Cache', 'cache_folder', 'cache_path', 'open_cache', 'cached', 'remove_cache']
import os
from collections.abc import Callable
from pathlib import Path
import numpy as np
import torch
from torch import Tensor

class ImageFile:
    """Byte images (N, C, H, W) in a .npy file, read to `device` when they're indexed"""
    path: Any
    device: Any
    stamp: Any
    rows: Any
    image_shape: Any
    ndim: int
    dtype: Any
    counts: Tensor | None = ...
    digest: str | None = ...

    def __init__(self, path: str | os.PathLike, device: Any='cpu'):
        ...

    def __getitem__(self, i: Any) -> Tensor:
        """Image `i`, or a tensor of images by slice, list or tensor"""

    def __len__(self) -> int:
        ...

    @property
    def shape(self) -> torch.Size:
        ...

    def pick(self, rows: Tensor) -> ImageFile:
        """The images at these indices, still in the file"""

    def to(self, device: Any) -> ImageFile:
        """The same images, read to `device`"""

    def numel(self) -> int:
        ...

class ImageWriter:
    """A new .npy file for images (n, C, H, W), written one by one"""
    path: Path
    shape: tuple[int, ...]
    start: Any

    def __init__(self, path: Path, shape: tuple[int, ...], where: str):
        ...

    def __setitem__(self, i: int, image: np.ndarray) -> None:
        ...

    def __getitem__(self, i: int) -> np.ndarray:
        ...
FORMAT: str

class Cache:
    """A folder with the images of a set; `train` and `test` are (images, labels, order)"""
    folder: Any
    about: Any
    train: Any
    test: Any

    def __init__(self, folder: str | os.PathLike, plan: str | None=None):
        ...

    @property
    def nbytes(self) -> int:
        ...

    def __repr__(self) -> str:
        ...

    def check(self) -> None:
        """Read every byte; a ValueError if one has changed since the cache was made"""

    def remove(self) -> None:
        """Delete it from the disk"""

def cache_folder(cache_dir: str | os.PathLike | None=None) -> Path:
    """The folder of all caches, by default $DATASET_CONDENSATION_CACHE"""

def cache_path(cache_dir: str | os.PathLike | None, name: str, identity: dict) -> Path:
    """The folder of one cache; `identity` tells it from others"""

def open_cache(folder: Path, plan: str | None=None, say: bool=False) -> Cache | None:
    """The cache in `folder` if it fits `plan`, else None; `say` logs why"""

def cached(folder: Path, plan: str, source: str, build: Callable[[Path], dict], where: str='cached', progress: bool=True) -> Cache:
    """Open a cache; build it first if none fits

folder: Folder of this cache
plan: Hash of everything the images are made from
source: Where they're from, for messages and `remove_cache`
build: Writes images.npy; gives labels, train=dict(rows=…), test
where: Function named in messages
progress: Log where the cache is, or why it's rebuilt"""

def remove_cache(source: str | os.PathLike | None=None, cache_dir: str | os.PathLike | None=None) -> int:
    """Delete caches from the disk

source: Folder of images or a set's name; default: all
cache_dir: As for `cache_folder`"""
