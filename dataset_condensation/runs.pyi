# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Alone', 'host_for', 'save_checkpoint', 'of_images', 'running', 'condense', 'condense_seeds']
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import torch
from torch import Tensor
from .checkpoints import Checkpoints
from .condensation import Host, Recipe, Run, State
from .data import ImageData
from .training import SyntheticSet, evaluate

def what_happened(state: State, reached: float, step: int, parts: list) -> str:
    """Where the loss became non-finite, and a likely cause; `reached` is the largest good pixel"""

class Alone(Host):
    """Checks a run in one process, and keeps what a checkpoint needs"""
    every: Any
    unverified: list
    last_good: Any
    aside: Any
    resumed: Any
    clock: Any
    handlers: dict[int, Any]
    match: Any
    size: int
    writes: bool
    aligned: bool
    place: dict = ...
    pressed: int
    evaluate: Any

    def __init__(self, state: State, *run: Any) -> None:
        ...

    def in_first(self, f: Callable) -> Any:
        ...

    def whole(self, tensors: dict) -> dict:
        ...

    def once(self, key: dict, make: Callable, like: Callable) -> Any:
        ...

    @contextmanager
    def around_training(self, state: State) -> Iterator[Any]:
        ...

    def hear(self, number: int, frame: Any) -> None:
        ...

    def after_step(self, state: State, parts: list) -> None:
        ...

    @contextmanager
    def listening(self) -> Iterator[None]:
        """In the block, `hear` is called at Ctrl-C and SIGTERM"""

    @contextmanager
    def around_step(self, state: State, parts: list) -> Iterator[None]:
        ...

    def verify(self, state: State) -> None:
        """Where all is well keep this position, otherwise go back to the last one and raise"""

    def at_end(self, state: State) -> None:
        ...

def host_for(team: str) -> Callable:
    """The host of a run: this process alone, or with the others of torch.distributed"""

def put_aside(run: Run) -> tuple:
    """Snapshot of the network in training, and the state of the inner policy"""

def policy_state(run: Run) -> dict:
    """What the inner policy remembers, ready for JSON"""

def position(state: State, copy: bool=False) -> tuple[dict, dict]:
    """Tensors and JSON from which `go_to` restores a run after its last update"""

def go_to(state: State, tensors: dict, about: dict) -> None:
    """Take a run to a position"""

def run_identity(state: State) -> dict[str, Any]:
    """What must match when a run is resumed"""

def place_of(state: State) -> dict[str, Any]:
    """What may change the last bits, and nothing else"""

def process_settings() -> dict[str, Any]:
    """Settings of the process that other code may have changed"""

def save_checkpoint(state: State, checkpoints: Any) -> Any:
    """Write all that's needed to resume to the bit; works at any time, even after an interruption

checkpoints: A folder, or `Checkpoints`"""

def of_images(name: str, v: Tensor) -> bool:
    """Is it an optimizer tensor with one row per image?"""

def as_checkpoints(where: Any, **kw: Any) -> Checkpoints:
    ...

def newest(state: State, checkpoints: Checkpoints) -> tuple[dict, dict, bool]:
    """The newest checkpoint, and whether it was made here; or a ValueError that lists what differs"""

def resume(state: State, checkpoints: Any) -> State:
    """Take a run to the newest checkpoint, in a folder or `Checkpoints`"""

def running(data: ImageData, method: Any='dc', ipc: Any=1, resume_from: Any=None, team: str='auto', **more: Any) -> Iterator[State]:
    """`condensing` with overflow checks, several processes, checkpoints and resuming

method: This and the others as for `condensing`
resume_from: Folder of this run's checkpoints, or `Checkpoints`
team: As for `condense`"""

@contextmanager
def keeping(state: State, checkpoint: Any, every: float) -> Iterator[Callable]:
    """Resume from the folder; write at the start, when due, and at the end even after an error"""

def long_run(name: str, recipe: Recipe, step: int, seconds: float) -> str:
    """A note for a run at `seconds` per update; empty if less than ten minutes are left"""

@contextmanager
def returning(state: State, on_interrupt: str, again: str='') -> Iterator[None]:
    """Ctrl-C ends the block with one line, in a notebook or with on_interrupt='return'"""

def shown(small: SyntheticSet) -> SyntheticSet:
    """`small`, with a warning if most of its pixels are far beyond black and white"""

def held_for(state: State) -> ImageData:
    """A tenth of the training images, to score a run on while it's under way"""

def due(state: State, every: int) -> bool:
    """Is it time for a score, and is there none yet?"""

def note_score(state: State, held: Any, nets: int, recipe: Any=None, evaluate: Callable=...) -> None:
    """Score the set on `held` and note it"""

@contextmanager
def reporting(state: State, progress: bool) -> Iterator[Callable]:
    """A function to call after every update: it moves a bar and estimates the time once"""

def finish(state: State, progress: bool, evaluate_every: int, nets: int, checkpoint: Any, every: float, on_interrupt: str) -> SyntheticSet:
    """The set at the end of the run, or at Ctrl-C"""

def condense(data: ImageData, method: Any='dc', ipc: Any=1, seed: int=0, net: Any='convnet', device: Any=None, recipe: Any=None, progress: bool=True, evaluate_every: int=0, nets: int=1, checkpoint: Any=None, every: float=60.0, class_chunk: int | None=None, speed: Any='auto', team: str='auto', on_interrupt: str='auto', **overrides: Any) -> SyntheticSet:
    """Condense `data` into a small synthetic set

data: Labeled images, from `load_dataset`
method: Name of a method, or a method
ipc: Images per class, or one number for each class
seed: Random seed
net: Network: a name, a module (drawn anew), or a function that makes it
device: Where to compute (default: a GPU if there is one)
recipe: A `Recipe` (None: the published one); of a coreset a `TrainRecipe`
progress: Show a bar
evaluate_every: Score on training images after every so many updates; 0 never
nets: Networks for each of those scores
checkpoint: Folder for checkpoints, from which the run is resumed too
every: Seconds between checkpoints; longer where writing is slow
class_chunk: Classes matched at a time (default: as many as fit)
speed: Precision and kernels: a name, see chapter 11
team: 'auto': with the other processes of torch.distributed; or 'alone'
on_interrupt: Ctrl-C: 'return' the set or 'raise'; 'auto': return in notebooks
overrides: Fields of the recipe (as published: `paper`), or a coreset's options"""

def aside(work: Iterator, device: torch.device) -> Iterator:
    """The same as `work` yields; what a GPU computes for it runs beside everything else"""

def condense_seeds(data: ImageData, method: Any='dc', ipc: Any=1, seeds: Sequence[int]=..., device: Any=None, progress: bool=True, **options: Any) -> list[SyntheticSet]:
    """Sets of several seeds, whose runs take turns; a GPU computes them at the same time

method: Name of a method that computes images, or a method
ipc: Images per class, or one number for each class
device: Where to compute (default: a GPU if there is one)
progress: Show a bar
options: As for `condensing`"""
