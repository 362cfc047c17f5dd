# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['optimizer_tensors', 'set_optimizer_tensors', 'snapshot', 'restore', 'pack', 'unpack', 'uninterrupted', 'CheckpointError', 'Checkpoints', 'RunLocked', 'RunLock', 'differences']
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import torch
from torch import Tensor, nn

def optimizer_tensors(opt: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimizer, such as its momentum, by 'parameter number.name'; its numbers too"""

def set_optimizer_tensors(opt: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimizer what `optimizer_tensors` gave of one over the same parameters"""

def snapshot(net: nn.Module, opt: torch.optim.Optimizer) -> tuple[dict, list]:
    """A network in training: copies of its tensors, and the names of modules in evaluation mode"""

def restore(net: nn.Module, opt: torch.optim.Optimizer, tensors: dict, evaluating: list) -> None:
    """Restore a network of the same architecture, and its optimizer, to a `snapshot`"""
FORMAT: str
LOCK: str

def pack(tensors: dict[str, Tensor], about: dict) -> bytes:
    """Tensors and JSON as the bytes of a safetensors file, with a checksum over both"""

def unpack(path: Any) -> tuple[dict[str, Tensor], dict]:
    """The tensors, on the CPU, and the JSON of a file by `pack`, or a ValueError"""

@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C and SIGTERM until the block is done"""

class CheckpointError(OSError):
    """A checkpoint couldn't be written, or none can be read"""
    errno: int | None
    state: Any

    def __init__(self, text: str, errno: int | None=None, state: Any=None) -> None:
        ...

class Checkpoints:
    """A folder of the newest checkpoints of one run"""
    folder: Any
    keep: Any
    any_version: bool
    every: Any
    share: Any
    damaged: Any
    took: Any
    wrote: Any

    def __init__(self, folder: Any, keep: int=2, every: float=60.0, share: float=0.01, any_version: bool=False) -> None:
        """folder: Path; `prepare` makes it
keep: Number of checkpoints to keep
every: Minimum seconds between checkpoints
share: Maximum share of the time for writing
any_version: Accept checkpoints of other versions"""

    def named(self, form: str) -> list[Path]:
        """Regular files whose names match `form`, oldest first"""

    @property
    def files(self) -> list[Path]:
        ...

    def __len__(self) -> int:
        ...

    def __repr__(self) -> str:
        ...

    def error(self, e: OSError) -> CheckpointError:
        """A `CheckpointError` with the folder, the cause and the last good checkpoint"""

    def prepare(self, room: int=0) -> Checkpoints:
        """Make the folder, and check that checkpoints of `room` bytes can be written to it"""

    def write(self, tensors: dict[str, Tensor], about: dict) -> Path:
        """Write the next checkpoint, with JSON `about` it, and remove the oldest"""

    def due(self) -> bool:
        """Is the next checkpoint due?"""

    def read(self) -> tuple[dict[str, Tensor], dict]:
        """The newest good checkpoint; warns if a newer file is damaged"""

    def peek(self) -> dict | None:
        """The JSON of the newest good checkpoint, or None"""

    def remove(self) -> None:
        """Delete the checkpoints, and the folder if nothing else is in it"""

class RunLocked(BlockingIOError):
    """Another run is using the folder"""

@contextmanager
def RunLock(folder: Any) -> Iterator[None]:
    """In the block no other run uses the folder; a dead process holds no lock"""

def differences(was: dict, now: dict) -> list[str]:
    """The differences between two nested dicts of JSON, each as 'where.it.is: was this, is that'"""
