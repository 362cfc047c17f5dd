# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Shown', 'refuse', 'python', 'whole_number', 'number', 'share', 'flag', 'instance', 'function', 'generator', 'network', 'nearest', 'choice', 'settings', 'class_sizes', 'images', 'same', 'byte_images', 'image_shape', 'tensor', 'usable_device', 'labels', 'soft_rows', 'probabilities', 'label_range', 'mean_std', 'class_name', 'class_names', 'number_fields']
from collections.abc import Iterable
from typing import NoReturn
import torch
from torch import Tensor, nn

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

def network(where: str, name: str, v: Any) -> nn.Module:
    """`v`, a network"""

def nearest(name: Any, known: Iterable[str]) -> str:
    """The end of a message: the known name nearest to `name`, if one is near"""

def choice(where: str, name: str, v: Any, known: Iterable[str]) -> str:
    """The one of the `known` names that equals `v`, ignoring case"""

def settings(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise an error for names of settings that aren't among the `known`"""

def class_sizes(ipc: Any, n_classes: int, where: str='class_sizes') -> list[int]:
    """The number of images of each class

ipc: Images per class: a whole number, or one for each class
n_classes: Number of classes
where: Name of the called function"""

def images(where: str, name: str, v: Any) -> Tensor:
    """`v`, finite floats of shape (N, C, H, W), no axis empty"""

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

def number_fields(settings: Any) -> None:
    """Check the numbers of a frozen dataclass by their annotations; momentum is below 1"""
