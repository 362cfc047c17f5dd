# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['plain_text', 'picture_text', 'some', 'shape_text', 'json_digest']
from collections.abc import Callable, Iterable, Sequence

def plain_text(s: Any) -> str:
    """Any text in one line that a terminal or a table can show"""

def picture_text(s: Any, most: int=60) -> str:
    """Any text that matplotlib can draw: one line, no formula, a box for a missing character"""

def some(items: Iterable, n: int=6) -> str:
    """The first `n` items, and how many more there are, for a message"""

def shape_text(shape: Sequence[int]) -> str:
    """The sides with a × between them, such as '3 × 32 × 32'"""

def json_digest(about: Any, default: Callable | None=None) -> str:
    """SHA-256 of a description as JSON, in hexadecimal; `default` is that of `json.dumps`"""
