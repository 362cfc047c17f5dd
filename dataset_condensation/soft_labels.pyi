# Made from the module beside it by tools/export.py
__all__ = ['soft_labels']
from torch import nn
from .training import SyntheticSet

def soft_labels(small: SyntheticSet, teacher: nn.Module, temperature: float=1.0) -> SyntheticSet:
    """The same images with a teacher's probabilities as labels

teacher: A trained network with the classes of the set
temperature: Above 1 the probabilities come closer to each other"""
