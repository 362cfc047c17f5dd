# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['YOURS', 'RUN_FILES', 'WRONG', 'imported', 'typed', 'run_settings', 'check_typed', 'typed_recipe', 'train_augment', 'try_augment', 'listed', 'whole_recipe', 'scoring_plan', 'run_folder', 'begun_with', 'resume_command', 'check_folder', 'made_folder', 'own_folder', 'settled', 'tilings', 'score_all', 'foretell_scoring', 'peak_memory', 'describe', 'write_set', 'last_good', 'make_set', 'load', 'at_32', 'run', 'run_report', 'write_results', 'tell_result', 'Terminated', 'terminable', 'as_options', 'tell_line', 'heard', 'stopped', 'failed', 'check_score', 'run_study', 'main']
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
import torch
from .coresets import Comparison
from .data import ImageData
from .training import SyntheticSet, TrainRecipe

def imported(text: str, option: str='net') -> Any:
    """A name unchanged, or what 'package.module:name' imports (the working folder counts)"""
YOURS: tuple

def typed(name: str, v: Any) -> Any:
    """What a setting you typed stands for: a set in a file, a function of yours, or itself"""

def run_settings(args: Namespace) -> dict[str, Any]:
    """The recipe fields you typed, plus the short run for the embedded digits"""

def check_typed(args: Namespace) -> None:
    """Check arguments that would otherwise fail only after the set is made"""

def typed_recipe(args: Namespace, name: str, **changed: Any) -> TrainRecipe:
    """The recipe of that name, changed, with the --epochs that you typed"""

def train_augment(args: Namespace) -> Any:
    """What --train-augment stands for"""

def try_augment(args: Namespace, data: ImageData) -> None:
    """Use --train-augment, which comes after the run, on two images"""

def listed(text: str) -> list[str]:
    """Names between commas; 'none' has none"""

def whole_recipe(args: Namespace, **changed: Any) -> TrainRecipe:
    """How networks train on everything"""

def scoring_plan(args: Namespace, data: ImageData, device: torch.device) -> tuple[list[str], int, list[str]]:
    """The baselines, the epochs on the whole set, and notes to print"""

def run_folder(args: Namespace) -> Path:
    """Folder of the run or the study

args: Not made yet"""

def begun_with(args: Namespace) -> list[str]:
    """What you typed, without what only goes on or overwrites"""

def resume_command(args: Namespace) -> str:
    """The command that resumes the run started with these arguments"""
RUN_FILES: dict

def check_folder(out: Path, args: Namespace) -> None:
    """Raise an error if the folder holds anything but the run that `args` describe"""

@contextmanager
def made_folder(out: Path) -> Iterator[None]:
    """Create a folder for a block; remove it again if it stays empty"""

@contextmanager
def own_folder(out: Path, args: Namespace) -> Iterator[None]:
    """Create, lock and check the run's folder for a block"""

def settled(args: Namespace, data: ImageData, settings: dict) -> tuple[Namespace, dict, list[str]]:
    """Arguments and settings with 'auto' replaced by the recommended method, and a line on why"""

def tilings(small: SyntheticSet, data: ImageData) -> list[int]:
    """Of the real images beside a set: no tiles, then those of the set where there are enough"""

def score_all(small: SyntheticSet, data: ImageData, args: Namespace, baselines: list[str], whole: int, device: torch.device) -> tuple[Comparison, dict[str, SyntheticSet]]:
    """Scores of the baselines, the condensed set and the whole set under one recipe, and the sets"""

def foretell_scoring(args: Namespace, data: ImageData, settings: dict, baselines: list[str], whole: int, device: torch.device) -> list[str]:
    """With `--minutes`, a line that says how long scoring will take"""

def peak_memory() -> float:
    """Peak memory of this process in GiB; nan where the system doesn't report it"""

def describe(data: ImageData, args: Namespace, settings: dict) -> str:
    """The data and the run, in two lines"""

def write_set(small: SyntheticSet, out: Path, budget: Any=None) -> SyntheticSet | None:
    """Write the set and its picture; within a budget, `small.png` too, and return that to be scored"""

def show_beside(sets: dict[str, SyntheticSet], table: Comparison) -> Any:
    """A row for each set: one image of each class, and the accuracy"""

def last_good(e: BaseException) -> Any:
    """The state before the numbers overflowed, if this process holds all of it"""

def make_set(args: Namespace, data: ImageData, settings: dict, device: torch.device, out: Path) -> SyntheticSet:
    """Condense with checkpoints; if the numbers overflow, write the last good set"""

def load(args: Namespace) -> ImageData:
    """The data set that the arguments name

args: From the parser"""

def at_32(args: Namespace) -> tuple[Namespace, list[str]]:
    """For --method auto photographs of several sizes, or of large ones, are read at 32 pixels"""

def run(args: Namespace, say: Callable=..., device: torch.device | None=None) -> dict[str, Any]:
    """Load, condense, write, score, report

args: From `parse`
say: Called with each line of output
device: Of this process; from `args` if None"""

def run_report(args: Namespace, data: ImageData, small: SyntheticSet, table: Comparison, device: torch.device, seconds: dict, last: dict) -> dict[str, Any]:
    """Everything needed to repeat the run, and its results; `last` is its last checkpoint"""

def write_results(out: Path, report: dict, small: SyntheticSet, beside: Any) -> None:
    """Write `report.json`, `report.html` and `comparison.png`"""

def tell_result(say: Callable, say_more: Callable, args: Namespace, table: Comparison, out: Path, seconds: dict[str, float]) -> None:
    """Print the table and what it means"""

class Terminated(KeyboardInterrupt):
    """SIGTERM, as a kind of KeyboardInterrupt"""

@contextmanager
def terminable() -> Iterator[None]:
    """Raise `Terminated` on the first SIGTERM in the block"""

def as_options(text: str, args: Namespace) -> str:
    """A message of the library with options in place of arguments"""

def tell_line(message: Any) -> None:
    """Print one line of the command on stderr"""

@contextmanager
def heard(args: Namespace, speak: Callable[[], bool]) -> Iterator[None]:
    """Print log messages and warnings of the library as lines of the command, while `speak()`"""

def stopped(args: Namespace, e: KeyboardInterrupt) -> tuple[int, str]:
    """The exit code, how far the run got, and how to resume it"""
WRONG: tuple

def failed(args: Namespace, e: Exception) -> tuple[int, str]:
    """The exit code and the error"""

def check_score(out: Path, args: Namespace) -> None:
    """Raise an error if the folder holds another score; note the command, for the next time"""

def run_study(args: Namespace, say: Callable=...) -> Any:
    """Run or resume a study, or score a set; save the result and print its table"""

def main(argv: Sequence[str] | None=None) -> int:
    """Run the `condense` command

argv: Arguments; `sys.argv` if None"""
