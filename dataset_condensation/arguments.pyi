# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['TABLES', 'READERS', 'METAVARS', 'DATA', 'RUN', 'MADE', 'FILE', 'ABOUT', 'EXAMPLES', 'COMMANDS', 'DEFAULTS', 'LOADING', 'TRAINING', 'RECIPE', 'OPTIONS', 'SHARED', 'BY_HAND', 'SHORT', 'told', 'value', 'Parser', 'method_list', 'Short', 'make_parser', 'parse', 'Terminal', 'any_terminal']
import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, NoReturn

def told(where: str) -> dict[str, tuple[str, Any, str]]:
    """The fields of a dataclass or the arguments of a function, 'module.name', without an import

where: Name → annotation, default, comment"""

def value(text: str) -> Any:
    """A number, a list of numbers separated by commas, or the text itself"""
TABLES: dict
READERS: dict
METAVARS: dict

class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` with options read from the source and errors in one line"""

    def error(self, message: str) -> NoReturn:
        ...

    def take(self, group: Any, where: str, wanted: str) -> None:
        """Add options for the `wanted` names of 'module.name', or for all; 'a=b' makes --a from b"""
DATA: str
RUN: str
MADE: str
FILE: str
ABOUT: dict
EXAMPLES: str
COMMANDS: dict
DEFAULTS: dict
LOADING: str
TRAINING: str
RECIPE: str
OPTIONS: dict
SHARED: dict
BY_HAND: dict

def method_list() -> str:
    """Every method with its description and paper"""

class Short(NamedTuple):
    """A run of seconds, for what you don't type"""
    updates: int
    settings: dict
    net: str
    whole: dict
SHORT: dict

def make_parser(study: str='') -> Parser:
    """The parser of `condense`, or of one of its studies

study: '', 'continual', 'search', 'score'"""

def parse(argv: Sequence[str] | None=None) -> argparse.Namespace:
    """Parse the command line; --help, --version, --list and mistakes exit here

argv: `sys.argv` if None"""

class Terminal:
    """A stream that takes any text and survives the exit of its reader"""
    stream: Any

    def __init__(self, stream: Any):
        ...

    def __getattr__(self, name: str) -> Any:
        ...

    def flush(self) -> None:
        ...

    def write(self, text: str) -> int:
        ...

@contextmanager
def any_terminal() -> Iterator[None]:
    """Make stdout and stderr take any text in the block"""
