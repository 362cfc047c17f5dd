# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['log', 'own_device', 'send', 'free_memory', 'tell', 'warn', 'versions', 'NotFiniteError']
from collections.abc import Callable
from torch import Tensor

def own_device(f: Callable) -> Callable:
    """Run `f` as if `torch.set_default_device` had not been called"""

def send(t: Tensor, device: Any) -> Tensor:
    """`t` on `device`; a copy from the CPU to a GPU isn't waited for

device: Where to"""

def free_memory() -> int | None:
    """Memory that a program can still have"""
log: Any

def tell(text: str, *args: Any) -> None:
    """A line on the library's logger, above any bar; `args` fill its %s"""

def warn(text: str) -> None:
    """A warning that names the line outside of this package from which it was called"""

def versions() -> dict[str, str]:
    """The versions a result depends on"""

class NotFiniteError(FloatingPointError):
    """A loss or an image is NaN or infinite"""
    state: Any

    def __init__(self, text: str, state: Any) -> None:
        ...

    @property
    def set(self) -> Any:
        """The last good `SyntheticSet`"""
