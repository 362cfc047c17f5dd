# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['plain_text', 'picture_text', 'some', 'shape_text']
from collections.abc import Iterable, Sequence

def plain_text(s: Any) -> str:
    """Any text as a terminal or table can show it, in one line"""

def picture_text(s: Any, most: int=60) -> str:
    """Any text as matplotlib can draw it: one line, no formula, a box for a missing letter"""

def some(items: Iterable, n: int=6) -> str:
    """The first few of many, for a message"""

def shape_text(shape: Sequence[int]) -> str:
    """'3 × 32 × 32'"""
