# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['log', 'own_device', 'send', 'pick_device', 'device_of', 'moved', 'seeded', 'free_memory', 'free_gpu_memory', 'tell', 'warn', 'bar_kwargs', 'Waiting', 'waiting', 'versions', 'NotFiniteError']
import contextlib
from collections.abc import Callable, Iterator
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

def own_device(f: Callable) -> Callable:
    """Run `f` as if `torch.set_default_device` had not been called"""

def send(t: Tensor, device: Any) -> Tensor:
    """`t` on `device`; a copy from the CPU to a GPU runs in the background"""

def pick_device(device: Any=None) -> torch.device:
    """The device of that name; a GPU where there is one if None or 'auto'"""

def device_of(net: nn.Module) -> torch.device:
    """Where its parameters are; the CPU if it has none"""

def moved(data: Any, device: Any) -> Any:
    """A set with its images on `device`, or as near to it as they fit; anything else as it is"""

@contextlib.contextmanager
def seeded(seed: int, device: torch.device | None=None) -> Iterator[None]:
    """In the block torch's, Python's and NumPy's generators start from `seed`; then all is as before"""

def free_memory() -> int | None:
    """Memory that is still available to this process"""

def free_gpu_memory(device: Any=None) -> int:
    """Bytes of a GPU that are free, or kept by PyTorch and not in use"""
log: Any

def tell(text: str, *args: Any) -> None:
    """Log one line, above any progress bar; `args` fill its %s"""

def warn(text: str) -> None:
    """Warn, and point at the line outside this package that made the call"""

def bar_kwargs(progress: Any) -> dict[str, Any]:
    """Where `progress` is true, tqdm's own switches decide"""

class Waiting(tqdm):
    """A bar that says once how much longer it takes, where that's over ten minutes"""
    since: tuple | None = ...
    told: bool

    def update(self, n: float | None=1) -> bool | None:
        ...

def waiting(total: int, desc: str, progress: Any=True) -> contextlib.AbstractContextManager:
    """A bar that appears after five seconds, or the bar that `progress` is; TQDM_DISABLE=1 hides it"""

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
