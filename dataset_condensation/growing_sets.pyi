# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['add_classes', 'grown']
from collections.abc import Sequence
from .data import ImageData
from .training import SyntheticSet

def add_classes(small: SyntheticSet, data: ImageData, method: Any='dm', ipc: Any=1, **options: Any) -> SyntheticSet:
    """A set with the classes of `data` that it lacks, made by themselves and put beside the others

small: Its images stay as they are, bit for bit
data: Has the new classes, and perhaps others
method: Name of a method, or a method
ipc: Images per class, or one number for each new class
options: Further arguments of the method"""

def grown(data: ImageData, method: Any='dm', sizes: Sequence=..., keep: SyntheticSet | None=None, **options: Any) -> SyntheticSet:
    """A nested set: its first images of each class are the set of each smaller size

method: Name of a method that computes images, or such a method
sizes: Images per class, rising: each stage adds the missing ones
keep: Start from this set, whose images stay
options: Further arguments of `condense`"""
