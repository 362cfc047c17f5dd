# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Viewer', 'Replay', 'LiveRun', 'SavedRun', 'Explorer']
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from .condensation import State
from .training import SyntheticSet, TrainRecipe

class Viewer:
    """A box of widgets that is a picture where there is no kernel"""
    image: Any
    label: Any
    box: Any

    def __init__(self, *controls: Any):
        ...

    def picture(self) -> bytes:
        """What a page without a kernel shows, as a PNG"""

    def close(self) -> None:
        """Take the widgets away"""

class Replay(Viewer):
    """A slider through the steps of a run"""
    pairs: Any
    step: Any
    play: Any

    def __init__(self, snaps: Any):
        """snaps: Sets, oldest first, as `record` keeps them, or name → set"""

    def picture(self) -> bytes:
        """At most eight of the steps below each other, as a PNG"""

    def __repr__(self) -> str:
        ...

class LiveRun(Viewer):
    """A run in the background: images, loss and accuracy as they change, with pause and stop"""
    state: Any
    error: BaseException | None
    status: Any
    pause_button: Any
    stop_button: Any
    bar: Any

    def __init__(self, run: Iterator[State], evaluate_every: int=0, nets: int=1, recipe: TrainRecipe | str | None=None, refresh: float=0.5, start: bool=True):
        """run: What `condensing` returns
evaluate_every: Score the set every so many updates; 0 never
nets: Networks for each of those scores
recipe: Of the scores; the authors' if None
refresh: Seconds between two pictures, at least
start: Begin at once; other live runs pause"""

    def __repr__(self) -> str:
        ...

    def picture(self) -> bytes:
        """The images and curves as they were last shown, as a PNG"""

    def resume(self) -> None:
        """Begin, or go on after a pause"""

    def pause(self, wait: bool=True) -> None:
        """Make no further update until `resume`

wait: Until the update that is being made is made"""

    def set(self) -> SyntheticSet:
        """A copy of the images as they are now"""

    def wait(self, seconds: float | None=None, fail: bool=True) -> LiveRun:
        """Wait for the end of the run; the buttons do nothing meanwhile, Ctrl-C does

seconds: At most
fail: Raise the error with which the run ended, if it did"""

    def stop(self, wait: bool=True) -> None:
        """Make no further update; the state stays

wait: Until the thread has ended"""

    def close(self) -> None:
        """Stop, and take the widgets away"""

class SavedRun:
    """A run folder: what it is, its set (read when it's needed), its scores"""
    path: Path
    run: Any
    data: Any
    method: Any
    ipc: Any
    scores: Any

    def __init__(self, path: Path, root: Path):
        ...

    @cached_property
    def set(self) -> SyntheticSet:
        ...

    def __str__(self) -> str:
        ...

class Explorer(Viewer):
    """Saved runs to look at: choose data, method, images per class and class"""
    runs: Any
    skipped: Any
    data: Any
    method: Any
    ipc: Any
    run: Any
    shown: Any
    menus: Any
    current: Any

    def __init__(self, folder: str | Path):
        """folder: With run folders of the `condense` command, at any depth"""

    def picture(self) -> bytes:
        """An image of each class from each run of the current data, ten runs at most, as a PNG"""

    def __repr__(self) -> str:
        ...
