"""Reports on this project: what was measured (results/) beside what the papers report (published.json), with spreads,
what differs, what a second buys, and which claims held. Chapter 16, the README and benchmarks/reproduce.py show them.

    import sys; sys.path.append('benchmarks')
    from report import load_results, results_table
    results_table(load_results(), 'mnist')
"""
from .papers import Published, published
from .rows import LETTERS, Measured, differences, load_results, marked, older_results, outdated
from .tables import ResultsTable, as_published, note_of, num, overview, provenance_of, results_table
from .verdicts import MARGIN, Claim, Part, Verdict, claims, claims_table, not_confirmed, verdict
from .worth import Way, choices, dumps_choices, frontier, stairs, ways

__all__ = ['LETTERS', 'MARGIN', 'Claim', 'Measured', 'Part', 'Published', 'ResultsTable', 'Verdict', 'Way', 'as_published',
           'choices', 'claims', 'claims_table', 'differences', 'dumps_choices', 'frontier', 'load_results', 'marked', 'not_confirmed', 'note_of',
           'num', 'older_results', 'outdated', 'overview', 'provenance_of', 'published', 'results_table', 'stairs', 'verdict',
           'ways']
