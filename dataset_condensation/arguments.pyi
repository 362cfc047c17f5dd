# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['TABLES', 'READERS', 'DATA', 'ABOUT', 'EXAMPLES', 'COMMANDS', 'DEFAULTS', 'LOADING', 'TRAINING', 'RECIPE', 'OPTIONS', 'SHARED', 'BY_HAND', 'told', 'value', 'Parser', 'method_list', 'make_parser', 'parse', 'Terminal', 'any_terminal']
import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

def told(where: str) -> dict[str, tuple[str, Any, str]]:
    """The fields of a dataclass, or the arguments of a function 'module.name', without importing it

where: Name → annotation, default, comment"""

def value(text: str) -> Any:
    """A number, numbers with commas between them, or text"""
TABLES: dict
READERS: dict

class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` whose options are read from the source, and whose errors are one line"""

    def error(self, message: str) -> NoReturn:
        ...

    def take(self, group: Any, where: str, wanted: str) -> None:
        """Options for the `wanted` names of 'module.name', or for all; 'a=b' is --a for b"""
DATA: str
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
    """Every method with what it does and its paper"""

def make_parser(study: str='') -> Parser:
    """The arguments of `condense`, or of one of its studies

study: Or 'continual', or 'search'"""

def parse(argv: Sequence[str] | None=None) -> argparse.Namespace:
    """What was typed; --help, --version, --list and mistakes end the program here

argv: Those of the process if None"""

class Terminal:
    """A stream that takes any text, and outlives its reader"""
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
    """In the block stdout and stderr take any text, whatever they are"""
