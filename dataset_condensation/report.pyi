# Made from the module beside it by tools/export.py
from typing import Any
__all__ = ['report_page', 'write_report']
from collections.abc import Mapping
from pathlib import Path
from .training import SyntheticSet

def report_page(report: Mapping[str, Any], small: SyntheticSet, summary: str='') -> str:
    """The page of a run

report: Contents of `report.json`
summary: A sentence at the top; from the table if empty"""

def write_report(folder: str | Path, report: Mapping[str, Any] | None=None, small: SyntheticSet | None=None, summary: str='') -> Path:
    """Write `report.html`: one self-contained page that shows a run and how to use its set

folder: A run folder of `condense`, where the page goes
report: Contents of `report.json`; read if None
small: The set; read if None
summary: A sentence at the top; from the table if empty"""
