# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['plain_text', 'picture_text', 'some', 'shape_text', 'duration', 'text_table', 'markdown_text', 'markdown_table', 'StudyResult', 'json_digest']
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

def plain_text(s: Any) -> str:
    """Any text in one line that a terminal or a table can show"""

def picture_text(s: Any, most: int=60) -> str:
    """Any text that matplotlib can draw: one line, no formula, a box for a missing character"""

def some(items: Iterable, n: int=6) -> str:
    """The first `n` items, and how many more there are, for a message"""

def shape_text(shape: Sequence[int]) -> str:
    """The sides with a × between them, such as '3 × 32 × 32'"""

def duration(s: float) -> str:
    """Seconds in words"""

def text_table(rows: list, left: int=1) -> str:
    """Rows of text, the header first, in columns, the first `left` of them aligned to the left"""

def markdown_text(s: Any) -> str:
    """Any text in markdown, as it stands: no table of its own, no HTML, link, code or formula"""

def markdown_table(rows: list, left: int=1) -> str:
    """The same in markdown"""

class StudyResult:
    """What a study found: a table to look at, a JSON file to keep"""
    kind: ClassVar[str] = ...
    file: ClassVar[str] = ...
    text_columns: ClassVar[int] = ...

    def shown(self) -> tuple[list, list]:
        """The rows of the table, header first, and the lines below it"""

    def as_dict(self) -> dict:
        ...

    @classmethod
    def from_dict(cls, d: dict) -> Any:
        ...

    def __repr__(self) -> str:
        ...

    def save(self, path: Any) -> Path:
        """Write everything to a JSON file, whole or not at all"""

    @classmethod
    def load(cls, path: Any) -> Any:
        """Read back what `save` wrote: a JSON file, or the folder of a study"""

def json_digest(about: Any, default: Callable | None=None) -> str:
    """SHA-256 of a description as JSON, in hexadecimal; `default` is that of `json.dumps`"""
