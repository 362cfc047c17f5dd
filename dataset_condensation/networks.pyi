# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['norms', 'activations', 'half', 'poolings', 'norm_layer', 'conv_block', 'default_depth', 'convnet_body', 'mlp_body', 'lenet_body', 'alexnet_body', 'vgg11_body', 'BasicBlock', 'resnet18_body', 'NetSpec', 'parse_net', 'canonical_name', 'net_name', 'net_names', 'Net', 'init_net', 'noise_of', 'class_scores', 'last_linear', 'embed', 'make_net', 'n_params', 'has_batch_norm', 'freeze_batch_norm']
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import torch
from torch import Tensor, nn
norms: tuple

def norm_layer(norm: str, channels: int, flat: bool=False) -> nn.Module:
    """Bring activations to mean 0 and variance 1, then apply a trained scale and shift per channel

norm: One of `norms`
channels: Channels of the map that comes in
flat: The input is a vector (N, channels), not a map (N, channels, H, W)"""
activations: dict
half: dict
poolings: dict

def conv_block(c_in: int, c_out: int, size: int=3, padding: int=1, norm: str='in', act: str='relu', pool: str='nopool') -> nn.Sequential:
    """Convolution, norm, activation, pooling: the block of every network here but the MLP and ResNet

c_in: Channels of the map that comes in
c_out: Filters, that is, channels of the map that goes out
size: Side of a filter, in pixels
padding: Zeros added on every side, in pixels
norm: One of `norms`
act: A key of `activations`
pool: A key of `poolings`: halve the resolution, or keep it"""

def default_depth(shape: tuple) -> int:
    """Blocks that suit an image: the bigger the image, the more halvings

shape: Shape (C, H, W) of an image"""

def convnet_body(shape: tuple, width: int=128, depth: int | None=None, act: str='relu', norm: str='in', pool: str='avgpool') -> nn.Sequential:
    """Body of the ConvNet, the field's standard network: `depth` blocks of `width` 3×3 filters

shape: Shape (C, H, W) of an image
width: Filters per block
depth: Blocks; `default_depth(shape)` by default
act: A key of `activations`
norm: One of `norms`
pool: A key of `poolings`"""

def mlp_body(shape: tuple, width: int=128, depth: int=2, act: str='relu', norm: str='nonorm') -> nn.Sequential:
    """Body of the multi-layer perceptron: the pixels in a row, then `depth` hidden layers

shape: Shape (C, H, W) of an image
width: Neurons per layer
depth: Hidden layers
act: A key of `activations`
norm: One of `norms` but 'in'"""

def lenet_body(shape: tuple, act: str='relu', norm: str='nonorm') -> nn.Sequential:
    """Body of LeNet-5: 6 and 16 filters of 5×5 pixels, then 120 and 84 neurons

shape: Shape (C, H, W) of an image
act: A key of `activations`
norm: One of `norms` but 'gn', for six channels are not four groups"""

def alexnet_body(shape: tuple, act: str='relu', norm: str='nonorm') -> nn.Sequential:
    """Body of the field's small AlexNet: five layers of 128 to 256 filters, three max poolings

shape: Shape (C, H, W) of an image
act: A key of `activations`
norm: One of `norms`"""

def vgg11_body(shape: tuple, act: str='relu', norm: str='in') -> nn.Sequential:
    """Body of VGG11: eight layers of 64 to 512 filters, five max poolings or as many as fit

shape: Shape (C, H, W) of an image
act: A key of `activations`
norm: One of `norms`"""

class BasicBlock(nn.Module):
    """Two convolutions with a shortcut around them, ResNet's block"""
    conv: Any
    skip: Any
    act: Any

    def __init__(self, c_in: int, c_out: int, stride: int, act: str, norm: str):
        """c_in: Channels of the map that comes in
c_out: Channels of the map that goes out
stride: 1 keeps the resolution, 2 halves it, rounding up
act: A key of `activations`
norm: One of `norms`"""

    def forward(self, x: Tensor) -> Tensor:
        ...

def resnet18_body(shape: tuple, act: str='relu', norm: str='in') -> nn.Sequential:
    """Body of ResNet18 for small images: a 3×3 stem, four stages of two blocks, the mean of each map

shape: Shape (C, H, W) of an image
act: A key of `activations`
norm: One of `norms`"""
bodies: dict

@dataclass(frozen=True)
class NetSpec:
    """What a network's name says, defaults filled in; None where the base has no such option"""
    base: str
    width: int | None = ...
    depth: int | None = ...
    act: str | None = ...
    norm: str | None = ...
    pool: str | None = ...

    def __post_init__(self) -> None:
        ...

    @property
    def options(self) -> dict[str, Any]:
        """The options that differ from the base's defaults, in the order of the fields"""

    @property
    def name(self) -> str:
        """The canonical name: base, then what differs from its defaults"""

def parse_net(net: Any) -> NetSpec:
    """Read a network's name; what it doesn't say is the base's default

net: 'convnet-w64-d2-bn', with options in any order; or a network of your own"""

def canonical_name(net: Any) -> str:
    """The one spelling of a network's name: options in one order, defaults left out"""

def net_name(net: Any) -> str:
    """What to call a network in reports: its name as it was given, or that of its class or function"""

def net_names() -> list[str]:
    """The names of the field's networks: each base as published, and with batch norm"""

class Net(nn.Module):
    """A body that turns images into an embedding, and a linear head that turns that into scores"""
    name: Any
    shape: Any
    n_classes: Any
    body: Any
    n_features: Any
    head: Any

    def __init__(self, name: str, shape: tuple, n_classes: int):
        """name: As in `parse_net`
shape: Shape (C, H, W) of an image
n_classes: Scores per image"""

    def embed(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) to their embedding (N, n_features)"""

    def forward(self, x: Tensor) -> Tensor:
        ...

    def extra_repr(self) -> str:
        ...

def init_net(net: nn.Module, generator: torch.Generator) -> nn.Module:
    """Give `net` new random weights in place, by torch's default formulas, and fresh norm layers

net: On any device
generator: On the CPU"""

def noise_of(net: nn.Module | None, rng: Callable, device: Any=None) -> Any:
    """A block in which a network or a loss of yours draws from a copy of the generator `rng()`"""

def class_scores(net: nn.Module, x: Tensor) -> Tensor:
    """Scores (N, classes) of images"""

def last_linear(net: nn.Module, x: Tensor) -> tuple:
    """Input and output of the last `Linear` that runs, both None without one, and the scores"""

def embed(net: nn.Module, x: Tensor) -> Tensor:
    """What the last layer sees: by the method `embed`, or as the input of the last `Linear`

net: Any network
x: (N, C, H, W), normalized"""

def make_net(net: Any='convnet', data: Any=None, *, shape: tuple | None=None, n_classes: int | None=None, generator: torch.Generator | None=None, device: Any=None) -> Any:
    """A network for the images of `data`, with random weights drawn from `generator`

net: A name; a module, for its layers; or a function that makes one
data: Anything with `shape` (C, H, W) and `n_classes`
shape: Shape of an image, `data.shape` by default
n_classes: Scores per image, `data.n_classes` by default
generator: On the CPU; the same weights each time by default
device: Where the network goes, the CPU by default"""

def n_params(net: nn.Module) -> int:
    """How many numbers training changes"""

def has_batch_norm(net: nn.Module) -> bool:
    """Whether some layer normalizes over the batch, so that its images influence each other"""

def freeze_batch_norm(net: nn.Module) -> nn.Module:
    """Let batch norm, and only that, use its running statistics until `net.train()`"""

@contextmanager
def in_eval(net: nn.Module) -> Iterator[nn.Module]:
    """`net` in eval mode for a block; then each of its parts is as it was before"""

def check_scores(where: str, net: nn.Module, x: Tensor, n_classes: int, soft: bool=False) -> None:
    """Refuse a network with fewer scores than classes, or more where labels are `soft`; an image `x`"""
