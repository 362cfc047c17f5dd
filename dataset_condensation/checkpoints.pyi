# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['optimizer_tensors', 'set_optimizer_tensors', 'snapshot', 'restore', 'pack', 'unpack', 'uninterrupted', 'CheckpointError', 'Checkpoints', 'RunLocked', 'RunLock', 'in_use', 'differences']
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import torch
from torch import Tensor, nn

def optimizer_tensors(opt: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimiser has gathered, its momentum for instance"""

def set_optimizer_tensors(opt: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimiser what another one has gathered

opt: Over the same parameters in the same order
tensors: From `optimizer_tensors`"""

def snapshot(net: nn.Module, opt: torch.optim.Optimizer) -> tuple[dict, list]:
    """A network in training: copies of its tensors, and the names of modules in evaluation mode"""

def restore(net: nn.Module, opt: torch.optim.Optimizer, tensors: dict, evaluating: list) -> None:
    """Bring a network of the same architecture back to where a `snapshot` was taken"""
FORMAT: str
LOCK: str

def pack(tensors: dict[str, Tensor], about: dict) -> bytes:
    """Tensors and JSON as the bytes of a safetensors file, with a checksum over both

tensors: On any device
about: Anything JSON can hold"""

def unpack(path: Any) -> tuple[dict[str, Tensor], dict]:
    """Tensors, on the CPU, and JSON that `pack` gave, or a ValueError"""

@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and SIGTERM that come during the block take effect when it is done"""

class CheckpointError(OSError):
    """A checkpoint could not be written, or none can be read"""
    errno: int | None
    state: Any

    def __init__(self, text: str, errno: int | None=None, state: Any=None) -> None:
        ...

class Checkpoints:
    """A folder with the newest checkpoints of one run"""
    folder: Any
    keep: Any
    any_version: bool
    every: Any
    share: Any
    damaged: Any
    took: Any
    wrote: Any

    def __init__(self, folder: Any, keep: int=2, every: float=60.0, share: float=0.01, any_version: bool=False) -> None:
        """folder: Made by `prepare`
keep: How many stay
every: Seconds from one to the next, at least
share: Of the time, that writing may take at most
any_version: Resume what other versions began"""

    def named(self, form: str) -> list[Path]:
        """Regular files whose names have a form, oldest first"""

    @property
    def files(self) -> list[Path]:
        ...

    def __len__(self) -> int:
        ...

    def __repr__(self) -> str:
        ...

    def error(self, e: OSError) -> CheckpointError:
        """An error that names the folder, the cause and the last good checkpoint"""

    def prepare(self, room: int=0) -> Checkpoints:
        """Make the folder and find out whether checkpoints will fit into it

room: Bytes that a checkpoint will take"""

    def write(self, tensors: dict[str, Tensor], about: dict) -> Path:
        """Write the next checkpoint and let go of the oldest

about: Anything JSON can hold"""

    def due(self) -> bool:
        """Is it time for the next one?"""

    def read(self) -> tuple[dict[str, Tensor], dict]:
        """The newest good checkpoint; a warning where that is not the newest"""

    def peek(self) -> dict | None:
        """The JSON of the newest good checkpoint, if there is one"""

    def remove(self) -> None:
        """Take the checkpoints away, and the folder if nothing else is in it"""

class RunLocked(BlockingIOError):
    """Another run is at work in the folder"""

@contextmanager
def RunLock(folder: Any) -> Iterator[None]:
    """In the block no other run works in the folder; the lock of a dead process is none"""

def in_use(folder: Any) -> bool:
    """Is a run at work in the folder?

folder: Need not exist"""

def differences(was: dict, now: dict) -> list[str]:
    """What differs between two descriptions

was: Nested dicts of what JSON can hold
now: Likewise"""
