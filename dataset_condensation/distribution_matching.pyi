# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['DM', 'DM_PLAIN', 'mean_distance', 'embeddings', 'over_classes', 'one_of', 'match_embeddings', 'dm_settings', 'DistributionMatching', 'trained_networks', 'Parts', 'condense_sizes']
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from torch import Tensor, nn
from .condensation import Method, Step
from .data import Batch, ImageData
from .training import SyntheticSet

def mean_distance(a: Tensor, b: Tensor, generator: Any=None) -> Tensor:
    """Squared distance between the means of two sets of embeddings

a: z: (n, features), embeddings of real images of a class
b: z': (m, features), of synthetic ones
generator: For a distance that draws; this one doesn't"""

def embeddings(net: nn.Module, real: Batch, syn: Batch, step: Step=..., embed: Callable | None=None) -> tuple[Tensor, Tensor]:
    """Embeddings of images that share a random change in each class

syn: Its images require a gradient
step: Where in the run, the augmentation, how to compute
embed: embed(network, images) → (n, features); the network's if None"""

def over_classes(distance: Callable, z_real: Tensor, z_syn: Tensor, real: Batch, syn: Batch, step: Step=...) -> Tensor:
    """The distances of the classes, added up

distance: distance(real embeddings, synthetic ones, generator) → scalar
z_real: (n, features), class after class
z_syn: (m, features), likewise
real: What they are embeddings of"""

def one_of(networks: list, step: Step, device: Any) -> nn.Module:
    """One of the networks, at random, on the device"""

def match_embeddings(net: nn.Module, real: Batch, syn: Batch, step: Step=..., embed: Callable | None=None, networks: list | None=None, of: Callable | None=None, distance: Callable=...) -> Tensor:
    """The distribution-matching loss: squared distance of mean embeddings, summed over classes

syn: Its images require a gradient
step: Where in the run, the augmentation, how to compute
embed: As for `embeddings`
networks: Networks to draw from in place of `net`
of: of(embeddings): what is matched of them; all if None
distance: As for `over_classes`"""

def dm_settings(ipc: int, net: str='convnet', data: str='', augment: Any='dsa') -> dict:
    """DM's published settings, the same for any network; larger steps for many images of CIFAR10

ipc: Images per class
net: Name of the network
data: Name of the data
augment: Siamese augmentation"""

@dataclass(frozen=True)
class DistributionMatching(Method):
    """Match the mean embedding of each class"""
    augment: Any = ...
    embed: Callable | None = ...
    networks: list | None = ...
    of: Callable | None = ...
    distance: Callable = ...
    name: str = ...
    settings: Callable = ...
    doc: str = ...
    paper: str = ...
    scoring: str = ...

    def __post_init__(self) -> None:
        ...

    def match(self, net: nn.Module, real: Batch, syn: Batch, step: Step) -> Tensor:
        ...

    def own(self) -> dict:
        ...

    def separable(self, net: nn.Module) -> bool:
        ...
DM: DistributionMatching
DM_PLAIN: DistributionMatching

def trained_networks(data: ImageData, to: float, n: int=10, net: str='convnet', recipe: Any='whole', seed: int=0, device: Any=None, progress: bool=True) -> list[nn.Module]:
    """Networks trained on the real images until they reach an accuracy

to: Accuracy to reach on held-out real images, in percent
n: How many networks
net: Name of the network
recipe: `TrainRecipe`, or the name of one; its epochs are the most
seed: Network k starts from `gen(seed, 'trained', k)`
device: A GPU where there is one
progress: Show a bar where it takes over five seconds"""

@contextmanager
def in_batches(net: nn.Module, step: Step, device: Any=None) -> Iterator[None]:
    """In the block batch norm uses the batch, dropout the seed; then the network is as before"""

@dataclass(frozen=True)
class Parts:
    """Distance of several sets to the same real images, added up"""
    sizes: tuple

    def __call__(self, a: Tensor, b: Tensor, generator: Any=None) -> Tensor:
        ...

def condense_sizes(data: ImageData, sizes: Sequence[int], method: Any='dm', **options: Any) -> list[SyntheticSet]:
    """Sets of several sizes, made together: their real images are drawn and embedded once

sizes: Images per class of each set
method: DM, or one with its loss
options: As for `condense`"""
