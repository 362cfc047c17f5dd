# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['SHORT', 'RUN_FILES', 'WRONG', 'network_named', 'run_settings', 'check_typed', 'scoring_plan', 'run_folder', 'resume_command', 'check_folder', 'own_folder', 'let_go', 'settled', 'score_all', 'foretell_scoring', 'peak_memory', 'describe', 'write_set', 'last_good', 'make_set', 'load', 'run', 'run_report', 'write_results', 'tell_result', 'try_names', 'Terminated', 'terminable', 'tell_line', 'heard', 'stopped', 'failed', 'run_study', 'main']
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
import torch
from .coresets import Comparison
from .data import ImageData
from .training import SyntheticSet

def network_named(text: str) -> Any:
    """A name as it is, or what 'package.module:factory' imports, also from the working folder"""
SHORT: dict

def run_settings(args: Namespace) -> dict[str, Any]:
    """The recipe fields that were typed, and the short run of the sets that are at hand"""

def check_typed(args: Namespace) -> None:
    """Refuse what would come to light only after the set is made"""

def scoring_plan(args: Namespace, data: ImageData, device: torch.device) -> tuple[list[str], int, list[str]]:
    """Names of the baselines, epochs on the whole set, notes to print"""

def run_folder(args: Namespace) -> Path:
    """Where the run or the study will be written

args: Not made yet"""

def resume_command(args: Namespace) -> str:
    """What to type to resume the run that was begun with these arguments"""
RUN_FILES: dict

def check_folder(out: Path, args: Namespace) -> None:
    """Raise where the folder holds something else than the run that `args` mean"""

@contextmanager
def own_folder(out: Path, args: Namespace) -> Iterator[None]:
    """In the block the run's folder is there, checked and locked; it goes if nothing was written"""

def let_go(out: Path) -> None:
    """With --force: the run that the folder holds makes room"""

def settled(args: Namespace, data: ImageData, settings: dict) -> tuple[Namespace, dict, list[str]]:
    """Arguments and settings with the recommended method in the place of 'auto', and a line on it"""

def score_all(small: SyntheticSet, data: ImageData, args: Namespace, baselines: list[str], whole: int, device: torch.device) -> tuple[Comparison, dict[str, SyntheticSet]]:
    """The scores of baselines, the condensed set and the whole set under one recipe; and the sets"""

def foretell_scoring(args: Namespace, data: ImageData, settings: dict, baselines: list[str], whole: int, device: torch.device) -> list[str]:
    """With `--minutes`, a line on what scoring will take; nothing otherwise"""

def peak_memory() -> float:
    """The most memory this process has held, in GiB; nan where the system does not say"""

def describe(data: ImageData, args: Namespace, settings: dict) -> str:
    """What goes in and what will be done, in two lines"""

def write_set(small: SyntheticSet, out: Path) -> None:
    """Write `synthetic.safetensors` and `synthetic.png`"""

def show_beside(sets: dict[str, SyntheticSet], table: Comparison) -> Any:
    """A row of images for each set, one of each class, and its accuracy beside it"""

def last_good(e: BaseException) -> Any:
    """The state before the numbers overflowed, where one process holds all of it; None otherwise"""

def make_set(args: Namespace, data: ImageData, settings: dict, device: torch.device, out: Path) -> SyntheticSet:
    """Condense, with checkpoints; where the numbers overflow, write the last good set"""

def load(args: Namespace) -> ImageData:
    """The data that the arguments name

args: What a parser read"""

def run(args: Namespace, say: Callable=..., device: torch.device | None=None) -> dict[str, Any]:
    """Load, condense, write, score, report

args: What `parse` read
say: Called with each line of output
device: Of this process; as `args` say if None"""

def run_report(args: Namespace, data: ImageData, small: SyntheticSet, table: Comparison, device: torch.device, seconds: dict, last: dict) -> dict[str, Any]:
    """Everything needed to repeat the run, and what came of it; `last` is its last checkpoint"""

def write_results(out: Path, report: dict, small: SyntheticSet, beside: Any) -> None:
    """Write `report.json`, `report.html` and `comparison.png`"""

def tell_result(say: Callable, say_more: Callable, args: Namespace, table: Comparison, out: Path, seconds: dict[str, float]) -> None:
    """The table and what it means"""

def try_names(args: Namespace, data: ImageData, device: torch.device) -> None:
    """Draw and write, into memory, what will show the names of classes, data and methods"""

class Terminated(KeyboardInterrupt):
    """SIGTERM, as the exception that Ctrl-C raises"""

@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM raises `Terminated` in the block, once"""

def tell_line(message: Any) -> None:
    """A line of the command, on the error stream"""

@contextmanager
def heard(speak: Callable[[], bool]) -> Iterator[None]:
    """In the block what the library says, and warns of, is a line of the command while `speak()`"""

def stopped(args: Namespace, e: KeyboardInterrupt) -> tuple[int, str]:
    """The exit code, and how far the run was and how it goes on"""
WRONG: tuple

def failed(args: Namespace, e: Exception) -> tuple[int, str]:
    """The exit code, and what went wrong, in the words of the command"""

def run_study(args: Namespace, say: Callable=...) -> Any:
    """Run or resume a study, write it and print its table"""

def main(argv: Sequence[str] | None=None) -> int:
    """Run the `condense` command

argv: The arguments; those of the process if None"""
