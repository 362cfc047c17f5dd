# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Typical', 'at_random', 'strata', 'near_centroids', 'Moments']
from dataclasses import dataclass
import torch
from torch import Tensor
from .data import ImageData

class Typical:
    """A data set whose batches give each cluster of a class its share, for `sampling`"""
    data: ImageData
    train: Any
    seed: int
    clusters: Any
    most: Any
    near: Any
    found: Any

    def __init__(self, data: ImageData, clusters: int=32, near: float=0.0, seed: int=0, most: int=5000) -> None:
        """clusters: In each class, fewer in a class with fewer images
near: Share of a cluster to draw from, nearest its center first
seed: Of the clusters
most: Images of a class to look at"""

    def which(self, c: int, n: int, generator: torch.Generator) -> Tensor:
        """(n,): where images of class `c` are, from each cluster by its size; all if `n` is no less"""

    def draw(self, c: int, n: int, generator: torch.Generator, device: Any=None) -> Tensor:
        """(n, C, H, W): the images"""

def at_random(data: ImageData, recipe: Any, seed: int) -> ImageData:
    """Real images as `data` draws them"""

def strata(data: ImageData, recipe: Any, seed: int) -> Typical:
    """From each of as many clusters as there are images in a batch, one at random"""

def near_centroids(data: ImageData, recipe: Any, seed: int) -> Typical:
    """From each of as many clusters as there are images in a batch, the one nearest to its center"""

@dataclass(frozen=True)
class Moments:
    """Embeddings and their squares, for `DistributionMatching(of=…)`: means and variances match"""
    weight: float = ...

    def __post_init__(self) -> None:
        ...

    def __call__(self, z: Tensor) -> Tensor:
        ...
