# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['Viewer', 'Replay', 'LiveRun', 'SavedRun', 'Explorer']
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from .condensation import State
from .training import SyntheticSet, TrainRecipe

class Viewer:
    """A box of widgets, and a picture when there's no kernel"""
    image: Any
    label: Any
    box: Any

    def __init__(self, *controls: Any):
        ...

    def picture(self) -> bytes:
        """The picture for a page without a kernel, as a PNG"""

    def close(self) -> None:
        """Close the widgets"""

class Replay(Viewer):
    """A slider through the steps of a run"""
    pairs: Any
    step: Any
    play: Any

    def __init__(self, snaps: Any):
        ...

    def picture(self) -> bytes:
        """Up to eight steps below each other, as a PNG"""

    def __repr__(self) -> str:
        ...

class LiveRun(Viewer):
    """A run in the background, with live images, loss and accuracy, and buttons to pause and stop"""
    state: Any
    error: BaseException | None
    status: Any
    pause_button: Any
    stop_button: Any
    bar: Any

    def __init__(self, run: Iterator[State], evaluate_every: int=0, nets: int=1, recipe: TrainRecipe | str | None=None, refresh: float=0.5):
        """run: From `condensing`
evaluate_every: Updates between scores; 0: never
nets: Networks per score
recipe: Of the scores; default: the authors'
refresh: Minimum seconds between pictures"""

    def __repr__(self) -> str:
        ...

    def picture(self) -> bytes:
        """The images and curves as last shown, as a PNG"""

    def resume(self) -> None:
        """Start, or resume after a pause"""

    def pause(self, wait: bool=True) -> None:
        """Make no updates until `resume`; by default wait until the current one is finished"""

    def set(self) -> SyntheticSet:
        """A copy of the set as it is now"""

    def wait(self, seconds: float | None=None, fail: bool=True) -> LiveRun:
        """Wait for the end of the run; meanwhile Ctrl-C works and the buttons don't

seconds: Maximum time to wait
fail: Raise the error that ended the run"""

    def stop(self, wait: bool=True) -> None:
        """Stop the run for good and by default wait for its end; the state is kept"""

    def close(self) -> None:
        """Stop the run and close the widgets"""

class SavedRun:
    """A run folder: data, method and ipc, scores, and its set, loaded when needed"""
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
    """Browse saved runs by data, method, images per class and class"""
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
        ...

    def picture(self) -> bytes:
        """An image per class from up to ten runs of the current data, as a PNG"""

    def __repr__(self) -> str:
        ...
