# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['CALL', 'METHODS', 'DISTANCES', 'LEVELS', 'POLICIES', 'SAMPLINGS', 'SPEEDS', 'MAKERS', 'Names', 'literals', 'find', 'get_method', 'register', 'as_json', 'as_settings', 'run_info']
from collections.abc import Iterator, Mapping

class Names(Mapping):
    """What names stand for: a thing, or text 'module.thing', which is imported when it's used"""
    what: str
    known: Any

    def __init__(self, what: str, **known: Any):
        """what: What a name is called in messages: the argument's name
known: Names, with `_` for `-`"""

    def __getitem__(self, name: str) -> Any:
        ...

    def __iter__(self) -> Iterator[str]:
        ...

    def __len__(self) -> int:
        ...

    def __contains__(self, name: object) -> bool:
        ...

    def add(self, name: str, thing: Any) -> None:
        """Let `name` stand for `thing` as well"""
CALL: Any

def literals(text: str) -> tuple[list, dict]:
    """Positional and named arguments that are literals, as they stand between the brackets of a call"""

def find(names: Names, v: Any, where: str) -> Any:
    """What `v` stands for

v: A name, also with literal settings; anything else stands for itself
where: Name of the function that was called"""
METHODS: Names
DISTANCES: Names
LEVELS: Names
POLICIES: Names
SAMPLINGS: Names
SPEEDS: Names
MAKERS: Names

def get_method(method: Any, where: str='get_method', kind: type=...) -> Any:
    """The method of that name

method: A name, or an object with `name` and `make`
where: Name of the function that was called
kind: What it must be"""

def register(method: Any) -> Any:
    """Make `method` known by its name, and return it; a warning if the name stood for another"""

def as_json(v: Any) -> Any:
    """A setting as JSON can hold it, and the same in every process"""

def as_settings(recipe: Any, **off: Any) -> dict[str, Any]:
    """Its settings as JSON can hold them; those that are `off` leave no trace, as in older files"""

def run_info(run: Any, data: Any, recipe: Any, versions: dict[str, str]) -> dict[str, Any]:
    """What a set remembers of its run"""
