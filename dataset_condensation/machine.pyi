# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['log', 'own_device', 'send', 'free_memory', 'free_gpu_memory', 'tell', 'warn', 'versions', 'NotFiniteError']
from collections.abc import Callable
from torch import Tensor

def own_device(f: Callable) -> Callable:
    """Run `f` as if `torch.set_default_device` had not been called"""

def send(t: Tensor, device: Any) -> Tensor:
    """`t` on `device`; a copy from the CPU to a GPU runs in the background"""

def free_memory() -> int | None:
    """Memory that is still available to this process"""

def free_gpu_memory(device: Any=None) -> int:
    """Bytes of a GPU that are free, or kept by PyTorch and not in use"""
log: Any

def tell(text: str, *args: Any) -> None:
    """Log one line, above any progress bar; `args` fill its %s"""

def warn(text: str) -> None:
    """Warn, and point at the line outside this package that made the call"""

def versions() -> dict[str, str]:
    """Versions of this package, torch and Python"""

class NotFiniteError(FloatingPointError):
    """A loss or an image is NaN or infinite"""
    state: Any

    def __init__(self, text: str, state: Any) -> None:
        ...

    @property
    def set(self) -> Any:
        """The last good `SyntheticSet`"""
