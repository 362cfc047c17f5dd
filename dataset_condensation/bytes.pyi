# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['BITS', 'UNITS', 'palette', 'known_bits', 'rounded', 'StraightThrough', 'in_bytes', 'Plan', 'within']
from typing import NamedTuple
import torch
from torch import Tensor
from .data import ImageData

def palette(colors: Tensor, k: int, start: Any=None) -> Tensor:
    """Few colors that stand for many with the least squared error, by k-means

colors: (n, C), in 0–255
k: How many may be kept
start: A palette to improve in a few rounds; from scratch if None"""
BITS: dict

def known_bits(where: str, bits: Any, channels: int) -> None:
    """Refuse bits that a pixel can't have"""

def rounded(v: Tensor, bits: int, start: Any=None) -> tuple[Tensor, Any, Any]:
    """Images as `bits` bits for each pixel can show them; without a palette at 8 for each channel

v: (N, C, H, W), in 0–255
bits: For each pixel
start: A palette to begin with, see `palette`"""

class StraightThrough(torch.optim.SGD):
    """SGD on images of few bits: gradients at the rounded images move exact ones kept beside them"""
    bits: int
    colors: Any

    def __init__(self, params: Any, lr: float, momentum: float=0.5, bits: int=2):
        ...

    def step(self, closure: Any=None) -> Any:
        """Move the exact images, then round them"""
UNITS: dict

def in_bytes(budget: Any) -> int:
    """'10kB' as a number of bytes; a number as it is"""

class Plan(NamedTuple):
    """How to spend a budget"""
    ipc: int
    bits: int
    budget: int

    def __str__(self) -> str:
        ...

def within(data: ImageData, budget: Any, bits: int | None=None) -> Plan:
    """As many images per class as should fit into a PNG, by the sizes of real ones; see `save`

data: What will be condensed
budget: Bytes for the whole set, such as 10kB: as many images as fit
bits: Least bits of a pixel (default: 1 for gray images, 2 for colored)"""
