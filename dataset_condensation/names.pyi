# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['CALL', 'METHODS', 'DISTANCES', 'LEVELS', 'POLICIES', 'SAMPLINGS', 'SPEEDS', 'MAKERS', 'ADDRESS', 'LIBRARIES', 'Names', 'literals', 'find', 'inner_policy', 'plain_name', 'get_method', 'register', 'comparison_rows', 'as_json', 'is_yours', 'as_settings', 'run_info']
from collections.abc import Iterator, Mapping

class Names(Mapping):
    """Names and their objects, or texts 'module.object' that are imported when used"""
    what: str
    known: Any

    def __init__(self, what: str, **known: Any):
        """what: Kind of name in messages: that of the argument
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
        """Add a name for `thing`, in place of one that differs in case only"""
CALL: Any

def literals(text: str) -> tuple[list, dict]:
    """Positional and named arguments from the text between the brackets of a call, literals only"""

def find(names: Names, v: Any, where: str) -> Any:
    """The object that `v` refers to

v: A name, perhaps with settings; other objects are returned
where: Name of the called function"""
METHODS: Names
DISTANCES: Names
LEVELS: Names
POLICIES: Names
SAMPLINGS: Names
SPEEDS: Names
MAKERS: Names

def inner_policy(inner: Any) -> Any:
    """A number of epochs, or the policy of that name"""

def plain_name(name: Any) -> str:
    """'Fashion-MNIST' as 'fashionmnist'"""

def get_method(method: Any, where: str='get_method', kind: type=...) -> Any:
    """The method with that name, or `method` itself

method: A name, or an object with `name` and `make`
where: Name of the called function
kind: Class that it must have"""

def register(method: Any) -> Any:
    """Add `method` to the table and return it; warn if its name was taken"""

def comparison_rows(methods: Any, options: dict, data: Any) -> tuple[list, list]:
    """(name, method or list of sets) of each row, and (name, set) of all sets that exist already"""
ADDRESS: Any

def as_json(v: Any) -> Any:
    """A setting in a form that JSON can hold, the same in every process; another one has another"""
LIBRARIES: set

def is_yours(v: Any) -> bool:
    """Is this function or class yours, and not a library's?"""

def as_settings(recipe: Any, **off: Any) -> dict[str, Any]:
    """The settings of a recipe for JSON, without those that are `off`, as in older files"""

def run_info(run: Any, data: str, recipe: Any, versions: dict[str, str], device: Any, images_on: Any) -> dict[str, Any]:
    """What a set records about its run"""
