# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Alone', 'host_for', 'save_checkpoint', 'of_images', 'running', 'condense']
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from torch import Tensor
from .checkpoints import Checkpoints
from .condensation import Host, Recipe, Run, State
from .data import ImageData
from .training import SyntheticSet, evaluate

def what_happened(state: State, reached: float, step: int, parts: list) -> str:
    """Where a loss stopped being a number, and why that may be; the good images `reached` so much"""

class Alone(Host):
    """Watches a run in one process, and remembers what a checkpoint needs"""
    every: Any
    pending: list
    good: Any
    kept: Any
    resumed: Any
    clock: Any
    size: int
    writes: bool
    aligned: bool
    place: dict = ...
    evaluate: Any

    def __init__(self, state: State, *run: Any) -> None:
        ...

    def first(self, f: Callable) -> Any:
        ...

    def whole(self, tensors: dict) -> dict:
        ...

    def moved(self, state: State, parts: list) -> None:
        ...

    def listening(self) -> Any:
        ...

    @contextmanager
    def training(self, state: State) -> Iterator[Any]:
        ...

    @contextmanager
    def moving(self, state: State, parts: list) -> Iterator[None]:
        ...

    def verify(self, state: State) -> None:
        """Where all is well keep this position, otherwise go back to the last one and raise"""

    def done(self, state: State) -> None:
        ...

def host_for(team: str) -> Callable:
    """What watches a run: this process alone, or this one with the others of torch.distributed"""

def put_aside(run: Run) -> tuple:
    """The network in training, and what the inner policy wants to remember"""

def position(state: State, copy: bool=False) -> tuple[dict, dict]:
    """Tensors, and what JSON can hold, from which `go_to` brings a run back to its last update"""

def go_to(state: State, tensors: dict, about: dict) -> None:
    """Bring a run to a position"""

def run_identity(state: State) -> dict[str, Any]:
    """What must be the same when a run is resumed"""

def place_of(state: State) -> dict[str, Any]:
    """What may change the last bits, and no more"""

def process_settings() -> dict[str, Any]:
    """Settings of the process that other code may have changed"""

def save_checkpoint(state: State, checkpoints: Any) -> Any:
    """Write all that's needed to resume to the bit; at any time, also after an interruption

checkpoints: A folder, or `Checkpoints`"""

def of_images(name: str, v: Tensor) -> bool:
    """Is it a tensor of the optimiser with a row for each image?"""

def as_checkpoints(where: Any, **kw: Any) -> Checkpoints:
    ...

def newest(state: State, checkpoints: Checkpoints) -> tuple[dict, dict, bool]:
    """The newest checkpoint, and whether it was made here; or a ValueError that lists what differs"""

def resume(state: State, checkpoints: Any) -> State:
    """Take a run to the newest checkpoint, in a folder or `Checkpoints`"""

def running(data: ImageData, method: Any='dc', ipc: Any=1, resume_from: Any=None, team: str='auto', **more: Any) -> Iterator[State]:
    """`condensing` that is watched, shared among processes, and can be checkpointed and resumed

method: This and the rest as for `condensing`, and
resume_from: A folder of checkpoints of the same run to resume, or `Checkpoints`
team: As for `condense`"""

@contextmanager
def keeping(state: State, checkpoint: Any, every: float) -> Iterator[Callable]:
    """Resume what the folder holds; write at the start, at the end come what may, and when it's due"""

def long_run(name: str, recipe: Recipe, step: int, seconds: float) -> str:
    """What to say of a run with so many seconds for an update; nothing if under an hour is left"""

@contextmanager
def returning(state: State, on_interrupt: str, again: str='') -> Iterator[None]:
    """Ctrl-C in the block ends it, with a line, in a notebook or if told so"""

def shown(small: SyntheticSet) -> SyntheticSet:
    """`small`, after a warning if most of its pixels lie far outside of what can be shown"""

def score_on_the_way(state: State, held: ImageData, every: int, nets: int) -> None:
    """Note what the set is worth on `held`, if it's time and not done yet"""

@contextmanager
def reporting(state: State, progress: bool) -> Iterator[Callable]:
    """What to call after every update: it moves a bar, and says once how long the run will take"""

def finish(state: State, progress: bool, evaluate_every: int, nets: int, checkpoint: Any, every: float, on_interrupt: str) -> SyntheticSet:
    """The set at the end of the run, or as it is at Ctrl-C"""

def condense(data: ImageData, method: Any='dc', ipc: Any=1, seed: int=0, net: Any='convnet', device: Any=None, recipe: Recipe | None=None, progress: bool=True, evaluate_every: int=0, nets: int=1, checkpoint: Any=None, every: float=60.0, class_chunk: int | None=None, speed: Any='auto', team: str='auto', on_interrupt: str='auto', **overrides: Any) -> SyntheticSet:
    """Turn `data` into a small set

data: Labelled images, as `load_dataset` gives them
method: Name of a method, or a method
ipc: Images per class, or a list with one number for each class
seed: Of everything that is random in the run
net: Name of the network, or a module, or a function that makes one
device: A GPU where there is one
recipe: The published settings if None
progress: Show a bar
evaluate_every: Score on training images after every so many updates; 0 never
nets: Networks for each of those scores
checkpoint: Folder for checkpoints, from which the run is resumed too
every: Seconds between checkpoints; more where writing is slow
class_chunk: Classes matched at a time; as many as fit if None
speed: How to compute: 'plain', 'auto', or as chapter 11 has it
team: 'auto': with the other processes of torch.distributed; or 'alone'
on_interrupt: Ctrl-C: 'return' the set, or 'raise'; 'auto': return in a notebook
overrides: Fields of the recipe to change, or options of a coreset"""
