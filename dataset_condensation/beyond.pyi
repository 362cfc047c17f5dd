# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['EXPERT', 'EXPERTS', 'Typical', 'at_random', 'strata', 'near_centroids', 'Moments', 'pairwise', 'KernelDistance', 'FrequencyDistance', 'snapshots', 'mistakes', 'expert_settings', 'ExpertMatching']
from collections.abc import Callable
from dataclasses import dataclass
import torch
from torch import Tensor, nn
from .condensation import Method, Step
from .data import Batch, ImageData
from .distribution_matching import DistributionMatching
from .training import Compute, TrainRecipe, train

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

def pairwise(a: Tensor, b: Tensor) -> Tensor:
    """Squared distances of all pairs, (n, m)"""

@dataclass(frozen=True)
class KernelDistance:
    """Maximum mean discrepancy with Gaussian kernels: zero only where two sets are distributed alike"""
    widths: tuple = ...

    def __call__(self, a: Tensor, b: Tensor, generator: Any=None) -> Tensor:
        ...

@dataclass(frozen=True)
class FrequencyDistance:
    """Distance of characteristic functions, E exp(i t·z), at random frequencies t"""
    n: int = ...
    width: float = ...
    amplitudes: float = ...

    def __call__(self, a: Tensor, b: Tensor, generator: Any) -> Tensor:
        ...
EXPERT: TrainRecipe

def snapshots(data: ImageData, n: int=3, net: Any='convnet', recipe: Any=..., seed: int=0, device: Any=None, compute: Compute=..., progress: bool=True) -> list[nn.Module]:
    """Networks in training on the real images, copied after every epoch

n: Networks to train
net: Their kind
recipe: `TrainRecipe`, or the name of one
seed: Network k starts from `gen(seed, 'expert', k)`
device: A GPU where there is one
compute: How to compute
progress: Show a bar where it takes over five seconds"""

def mistakes(scores: Tensor, syn: Batch) -> Tensor:
    """Cross-entropy of the scores, their mean for each class, summed over classes

scores: (m, classes), that a network gives the synthetic images"""

def expert_settings(ipc: int, net: str='convnet', data: str='') -> dict:
    """Settings for minutes on a processor; the learning rate makes up for the share of an image"""

@dataclass(frozen=True)
class ExpertMatching(DistributionMatching):
    """Match embeddings in networks trained on the real images, and have them classify the set right"""
    weight: float = ...
    experts: int = ...
    training: Any = ...
    name: str = ...
    settings: Callable = ...
    doc: str = ...
    paper: str = ...

    def by_length(self) -> bool:
        ...

    def ready(self, run: Any) -> Method:
        """With snapshots of networks trained on the run's data"""

    def match(self, net: nn.Module, real: Batch, syn: Batch, step: Step) -> Tensor:
        ...
EXPERTS: ExpertMatching
