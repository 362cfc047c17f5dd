# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['FORMAT', 'networks_path', 'write_networks', 'read_networks', 'kept_networks']
from collections.abc import Callable
from pathlib import Path
from torch import nn
FORMAT: str

def networks_path(key: dict, cache_dir: Any=None) -> Path:
    """The file of the networks that depend on `key` and on this machine"""

def write_networks(path: Path, nets: list[nn.Module], seconds: float) -> None:
    """Write networks of one kind to a file"""

def read_networks(path: Path, like: Callable) -> tuple[list[nn.Module], float]:
    """The networks, and the seconds that it took to train them; `like()` makes one to fill"""

def kept_networks(key: dict, make: Callable, like: Callable, cache_dir: Any=None, least: float=10.0) -> list[nn.Module]:
    """The networks of an earlier run with this key; made and kept if there are none

key: What they depend on, besides this machine; must survive JSON
make: make() → a list of networks
like: like() → a network of their kind
cache_dir: As for `cache_folder`
least: Seconds of making from which on they are kept"""
