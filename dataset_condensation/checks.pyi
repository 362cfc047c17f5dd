# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Shown', 'refuse', 'python', 'for_json', 'whole_number', 'number', 'share', 'flag', 'instance', 'function', 'generator', 'gradients', 'network', 'trainable', 'nearest', 'choice', 'settings', 'class_sizes', 'each_class', 'enough', 'size_beside', 'images', 'scalar', 'index', 'same', 'byte_images', 'image_shape', 'tensor', 'usable_device', 'labels', 'soft_rows', 'probabilities', 'label_range', 'mean_std', 'class_name', 'class_names', 'channels_last', 'as_bytes', 'training_classes', 'displayable', 'number_fields', 'plain_dict', 'tiles', 'labeled', 'pixels', 'pair_in', 'Items', 'whole', 'dataset', 'together', 'rows', 'indices', 'options', 'fits', 'epoch', 'joinable']
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

class Shown(str):
    """Text that a message shows without quotes"""

def refuse(where: str, name: str, got: Any, expected: str, error: type[Exception]=...) -> NoReturn:
    """Raise `error` with a message in the common form

where: Name of the called function, or ''
name: Name of the argument
got: Its value
expected: What is accepted"""

def python(v: Any) -> Any:
    """A NumPy or torch value as a Python number or list; anything else unchanged"""

def for_json(v: Any) -> Any:
    """`python`, for the `default` of `json.dumps`"""

def whole_number(where: str, name: str, v: Any, least: int=1, most: int | None=None) -> int:
    """`v` as an int, from `least` to `most`"""

def number(where: str, name: str, v: Any, least: float=0.0, most: float=..., below: float=...) -> float:
    """`v` as a finite number, from `least` to `most` and less than `below`"""

def share(where: str, name: str, v: Any) -> float:
    """`v`, a number above 0 and below 1"""

def flag(where: str, name: str, v: Any) -> bool:
    """`v`, which is True or False"""

def instance(where: str, name: str, v: Any, kinds: type | tuple, expected: str) -> Any:
    """`v`, which is one of `kinds`; `expected` names them in the message"""

def function(where: str, name: str, v: Any, of: str) -> Any:
    """`v`, which can be called; `of` names its arguments"""

def generator(where: str, name: str, v: Any) -> torch.Generator:
    """`v`, a generator on the CPU, which gives the same numbers on every machine"""

def gradients(where: str) -> None:
    """Refuse to begin where torch keeps no gradients"""

def network(where: str, name: str, v: Any) -> nn.Module:
    """`v`, a network"""

def trainable(where: str, net: nn.Module) -> nn.Module:
    """`net`, which has something to train"""

def nearest(name: Any, known: Iterable[str]) -> str:
    """The end of a message: the known name nearest to `name`, if one is near"""

def choice(where: str, name: str, v: Any, known: Iterable[str]) -> str:
    """The one of the `known` names that equals `v`, ignoring case; `_` stands for `-`, too"""

def settings(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise an error for names of settings that aren't among the `known`"""

def class_sizes(ipc: Any, n_classes: int, where: str='class_sizes') -> list[int]:
    """The number of images of each class

ipc: Images per class: a whole number, or one for each class
n_classes: Number of classes
where: Name of the called function"""

def each_class(where: str, data: Any, least: int=1) -> None:
    """Refuse data of fewer than `least` classes, or without training images of one"""

def enough(where: str, data: Any, sizes: list[int], factor: int=1, ways: str='') -> None:
    """Every class must have `factor`² training images for each of the set; `ways` are more ways out"""

def size_beside(where: str, ipc: Any, given: list[tuple[str, Any]], made: bool, data: Any, default: int=1) -> Any:
    """Images per class of rows to be `made` beside the `given`; `default` if there are none"""

def images(where: str, name: str, v: Any) -> Tensor:
    """`v`, finite floats of shape (N, C, H, W), no axis empty"""

def scalar(where: str, name: str, v: Any) -> Tensor:
    """`v`, a tensor of one number"""

def index(where: str, idx: Any) -> Tensor:
    """Indices (n,) of images"""

def same(where: str, what: str, a: Any, b: Any) -> None:
    """Raise an error if `a` and `b` differ"""

def byte_images(where: str, images: Any, least: int=0) -> None:
    """Refuse what isn't a uint8 tensor (N, C, H, W), or images in a file, which have a method `pick`"""

def image_shape(where: str, shape: Any) -> tuple[int, int, int]:
    """`shape` as (channels, height, width), with sides of at least 8 pixels"""

def tensor(where: str, name: str, v: Any, expected: str, dtype: torch.dtype | None=None) -> Tensor:
    """`v` as a tensor; plain numbers go to the CPU, as float32 unless they are whole"""

def usable_device(where: str, v: Any) -> Any:
    """`v`, a device that works here"""

def labels(where: str, name: str, y: Any, n: int) -> Tensor:
    """The labels of `n` images as int64 (N,)"""

def soft_rows(where: str, name: str, y: Any) -> Tensor | None:
    """Labels as a tensor if they are rows of floats, (n, classes), else None"""

def probabilities(where: str, name: str, p: Any, n: int, n_classes: int) -> Tensor:
    """The soft labels of `n` images, float32 (n, n_classes), with the digits that float16 keeps"""

def label_range(where: str, what: str, y: Tensor, n_classes: int) -> None:
    """Raise an error for labels outside 0 … `n_classes` − 1"""

def mean_std(where: str, mean: Any, std: Any, channels: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation as finite float32 (C,); std is above 0"""

def class_name(c: Any) -> str:
    """The name of a class as text; several names are joined"""

def class_names(where: str, names: Any) -> list[str]:
    """Class names as a list of strings, in the order of the labels"""

def channels_last(c: int, h: int, w: int) -> bool:
    """Does (c, h, w) look like (height, width, channels)? So do images narrower than their channels"""

def as_bytes(where: str, arg: str, x: Any) -> Tensor:
    """Images as uint8 (N, C, H, W)"""

def training_classes(where: str, y: Tensor, classes: Any) -> list[str]:
    """Names of the classes, after checking the training labels `y` against them"""

def displayable(where: str, images: Any) -> Tensor:
    """`images` as (N, 1 or 3, H, W) floats in 0–1"""

def number_fields(settings: Any) -> None:
    """Check the numbers of a frozen dataclass by their annotations; momentum is below 1"""

def plain_dict(where: str, name: str, v: Any) -> dict:
    """A copy of the dict `v`, empty for None, with the numbers of NumPy and torch as Python's own"""

def tiles(where: str, factor: Any, shape: Any) -> int:
    """Tiles along each side of images (…, H, W)"""

def labeled(where: str, x: Any, y: Any, soft: Any, classes: list[str], factor: Any) -> tuple[Tensor, Tensor, Tensor | None, int]:
    """Images as float32, classes as int64, probabilities or None, and tiles; `y` may be of any kind"""

def pixels(where: str, image: Any, shape: tuple[int, ...]) -> Tensor:
    """A PIL image, array (H, W[, C]) or tensor (…, C, H, W) of `shape` as floats in 0–1"""

def pair_in(item: Mapping) -> list | None:
    """Image and label of a dict with keys as in Hugging Face's sets; None if one is missing"""

class Items:
    """A torch Dataset, read item by item"""
    where: str
    items: Any
    collate: Callable

    def __init__(self, where: str, items: Any, collate: Callable):
        ...

    def __len__(self) -> int:
        ...

    def take(self, idx: Any, device: Any=None) -> tuple[Tensor, Tensor]:
        """Images and labels at `idx`"""

def whole(where: str, name: str, loader: DataLoader) -> DataLoader:
    """`loader`, which goes through all of its Dataset once"""

def dataset(where: str, data: Any) -> Any:
    """`data` as something with `len` and `take(idx, device)`"""

def together(where: str, small: Any, data: Any) -> None:
    """Raise an error unless a network trained on `small` can be tested on `data`"""

def rows(where: str, z: Any, k: Any) -> None:
    """Refuse what `k` rows can't be chosen from"""

def indices(where: str, chosen: Any, counts: list[int], classes: list[str]) -> list[Tensor]:
    """For each class, indices of some of its images, of which there are `counts`"""

def options(where: str, f: Callable, given: dict, others: tuple) -> Mapping[str, inspect.Parameter]:
    """The parameters of `f`, which are the `given` options and `others`"""

def fits(where: str, name: str, s: Any, data: Any, sizes: list[int], factor: int) -> None:
    """Refuse a set that isn't like those of a run; as `keep` it may have fewer images"""

def epoch(where: str, net: Any, data: Any, rng: Any, batch: Any, augment: Any) -> tuple[Any, int]:
    """`data` as `dataset` gives it, and the size of a batch; the others are right if this returns"""

def joinable(where: str, sets: Any, classes: Any) -> tuple[list, list[str]]:
    """The sets, all made alike, and the classes of all: `classes`, or in the order they come"""
