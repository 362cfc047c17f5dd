# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['open_image', 'from_datasets', 'sides', 'dataset_names', 'load_dataset']
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
import numpy as np
from PIL import Image
from torch import Tensor
from .data import ImageData

def gray_or_rgb(im: Image.Image) -> Image.Image:
    """An 8-bit image of mode L or RGB from one of any mode"""

class How(NamedTuple):
    """Size, fit and channels that every image gets"""
    size: tuple[int, int] | None = ...
    fit: str = ...
    channels: int | None = ...

    def array(self, im: Image.Image) -> np.ndarray:
        """A PIL image as uint8: (H, W) if gray, else (H, W, 3)"""

@contextlib.contextmanager
def open_image(file: Any, size: tuple[int, int] | None=None, formats: tuple[str, ...]=..., check: Callable | None=None) -> Iterator[Image.Image]:
    """Open and decode an image file of a known format

file: Path, or an open file
size: (height, width) it will be resized to
formats: Formats to accept, by content
check: Called with the image before decoding; may raise"""

def decode(path: Any, how: How=...) -> np.ndarray | str:
    """One image file as a uint8 array, or the reason why it can't be read"""

def from_datasets(train: Any, test: Any, classes: Any=None, size: int | Sequence[int] | None=None, fit: str='crop', channels: int | None=None, stats: Any='own', name: str='datasets', progress: bool=True, in_memory: bool | None=None, cache_dir: str | os.PathLike | None=None, workers: int=0) -> ImageData:
    """Image data from two torch Datasets; leave out Normalize and augmentation: items are read once

train: A Dataset of (image, label) or dict(image=…, label=…)
test: The same, for testing
classes: Class names; default: `train.classes`, else '0', '1', …
size: Resize every image to pixels, or (height, width)
fit: How to resize: 'crop', 'stretch' or 'pad'
channels: 1 or 3; default: 1 if every image is gray, else 3
stats: 'own', a set's name (its published values), or (mean, std)
name: For reports, and for the cache
progress: Show a progress bar
in_memory: In memory, or in a cache on disk; default: as fits
cache_dir: Folder of caches, see `cache_folder`
workers: Extra processes that fetch items; 0: this one"""

def folder_files(path: str | os.PathLike) -> tuple[dict, dict | None]:
    """Training and test files of each class of a folder; None if there are no test files"""

def sides(folder: str | os.PathLike) -> set[tuple[int, int]]:
    """(width, height) of up to 64 images in a folder"""

def dataset_names() -> list[str]:
    """The set names that `load_dataset` knows; anything else is a folder or file"""

def resized(x: Tensor, size: tuple[int, int] | None=None, fit: str='crop', channels: int | None=None) -> Tensor:
    """Images (N, 1 or 3, H, W) uint8 at another (height, width) or with another number of channels"""

@contextlib.contextmanager
def open_npz(where: str, path: Path) -> Iterator[Any]:
    """An .npz file that fits in memory; what fails in the block becomes a ValueError with its name"""

def load_dataset(name_or_folder: str | os.PathLike='mnist-sample', root: str | os.PathLike | None=None, download: bool=True, size: int | Sequence[int] | None=None, fit: str='crop', channels: int | None=None, stats: Any='own', test_fraction: float=0.2, seed: int=0, skip_bad: bool=False, workers: int | None=None, progress: bool=True, in_memory: bool | None=None, cache_dir: str | os.PathLike | None=None) -> ImageData:
    """Labeled images, by name or from a folder

name_or_folder: A name (`dataset_names()`), folder or .npz
root: Folder of named sets, or $DATASET_CONDENSATION_ROOT
download: Download a named set that isn't there
size: Resize images to this many pixels, or (height, width)
fit: Resize: 'crop' to the center, 'pad' with black, 'stretch'
channels: 1 or 3 (default: 1 if every image is gray)
stats: Normalize by: 'own', 'published', a set's name, (mean, std)
test_fraction: Share of each class to test on, without test/ or val/
seed: Random seed of that split
skip_bad: Skip files that can't be read, instead of stopping
workers: Threads that read files (default: one per core, at most 8)
progress: Show a progress bar
in_memory: Keep images in memory, not in a cache (default: if they fit)
cache_dir: Folder for caches, see `cache_folder`"""
