# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['report_page', 'write_report']
from collections.abc import Mapping
from pathlib import Path
from .training import SyntheticSet

def report_page(report: Mapping[str, Any], small: SyntheticSet, summary: str='') -> str:
    """The page of a run

report: What `report.json` holds
summary: A sentence for its top; what the table says if empty"""

def write_report(folder: str | Path, report: Mapping[str, Any] | None=None, small: SyntheticSet | None=None, summary: str='') -> Path:
    """Write `report.html`: one page, complete in itself, that shows a run and how to use its set

folder: A run folder of `condense`; the page is written into it
report: What `report.json` holds; read if None
small: The set; read if None
summary: A sentence for its top; what the table says if empty"""
