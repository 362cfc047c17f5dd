# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Shown', 'refuse', 'python', 'whole_number', 'number', 'share', 'flag', 'instance', 'function', 'generator', 'network', 'nearest', 'choice', 'settings', 'class_sizes', 'images', 'same', 'byte_images', 'image_shape', 'tensor', 'usable_device', 'labels', 'label_range', 'mean_std', 'class_name', 'class_names', 'number_fields']
from collections.abc import Iterable
from typing import NoReturn
import torch
from torch import Tensor, nn

class Shown(str):
    """Text that a message has as it is, without quotes"""

def refuse(where: str, name: str, got: Any, expected: str, error: type[Exception]=...) -> NoReturn:
    """Raise the error that says so

where: Name of the function that was called, or ''
name: Name of the argument
got: What came
expected: What would have been right"""

def python(v: Any) -> Any:
    """`v` without NumPy or torch around it: a number, or a list of numbers; anything else as it is"""

def whole_number(where: str, name: str, v: Any, least: int=1, most: int | None=None) -> int:
    """`v` as an int, from `least` to `most`"""

def number(where: str, name: str, v: Any, least: float=0.0, most: float=..., below: float=...) -> float:
    """`v` as a finite number, from `least` to `most` and less than `below`"""

def share(where: str, name: str, v: Any) -> float:
    """`v`, a number above 0 and below 1"""

def flag(where: str, name: str, v: Any) -> bool:
    """`v`, which is True or False"""

def instance(where: str, name: str, v: Any, kinds: type | tuple, expected: str) -> Any:
    """`v`, which is one of `kinds`; `expected` says so in words"""

def function(where: str, name: str, v: Any, of: str) -> Any:
    """`v`, which can be called; `of` says with what"""

def generator(where: str, name: str, v: Any) -> torch.Generator:
    """`v`, a generator on the CPU, from which the same numbers come on every machine"""

def network(where: str, name: str, v: Any) -> nn.Module:
    """`v`, a network"""

def nearest(name: Any, known: Iterable[str]) -> str:
    """The end of a message: the name that was probably meant, if there is one"""

def choice(where: str, name: str, v: Any, known: Iterable[str]) -> str:
    """The one of `known` names that `v` is, in any case of its letters"""

def settings(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse names of settings that are not among the `known`"""

def class_sizes(ipc: Any, n_classes: int, where: str='class_sizes') -> list[int]:
    """Images of each class

ipc: Images per class: a whole number, or one for each class
n_classes: How many classes
where: Name of the function that was called"""

def images(where: str, name: str, v: Any) -> Tensor:
    """`v`, floats of shape (N, C, H, W), finite, none of them 0"""

def same(where: str, what: str, a: Any, b: Any) -> None:
    """Refuse two things that should agree and don't"""

def byte_images(where: str, images: Any, least: int=0) -> None:
    """Refuse what isn't a uint8 tensor (N, C, H, W), or images in a file, which have a method `pick`"""

def image_shape(where: str, shape: Any) -> tuple[int, int, int]:
    """`shape` as (channels, height, width), with sides of at least 8 pixels"""

def tensor(where: str, name: str, v: Any, expected: str, dtype: torch.dtype | None=None) -> Tensor:
    """`v` as a tensor; plain numbers on the CPU, and as float32 if they are not whole"""

def usable_device(where: str, v: Any) -> Any:
    """`v`, a device on which tensors can be made"""

def labels(where: str, name: str, y: Any, n: int) -> Tensor:
    """The labels of `n` images as int64 (N,)"""

def label_range(where: str, what: str, y: Tensor, n_classes: int) -> None:
    """Refuse labels that are not among 0 … `n_classes` − 1"""

def mean_std(where: str, mean: Any, std: Any, channels: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation as float32 (C,), finite, the latter above 0"""

def class_name(c: Any) -> str:
    """The name of one class as text; several names of one class are joined"""

def class_names(where: str, names: Any) -> list[str]:
    """Class names as a list of strings, in the order of the labels"""

def number_fields(settings: Any) -> None:
    """Check the numbers of a frozen dataclass by their annotations; a momentum is below 1"""
