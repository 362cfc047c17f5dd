# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['soft_labels', 'compare_labels']
from torch import nn
from .coresets import Comparison
from .data import ImageData
from .training import SyntheticSet

def soft_labels(small: SyntheticSet, teacher: nn.Module, temperature: float=1.0) -> SyntheticSet:
    """The same images with a teacher's probabilities as labels

teacher: A trained network with the classes of the set
temperature: Above 1 the probabilities come closer to each other"""

def compare_labels(data: ImageData, sets: dict, teacher: nn.Module, temperature: float=1.0, seed: int=0, **how: Any) -> Comparison:
    """Sets with classes and with a teacher's probabilities; random ones too, unless a row is theirs

sets: Name of a row → a `SyntheticSet`, or a list of them
teacher: A trained network with the classes of the data
temperature: Of its probabilities
seed: Of the random images, and of `compare`
how: Further arguments of `compare`: net, nets, recipe, …"""
