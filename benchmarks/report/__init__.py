"""Reports on this project: what was measured (results/) beside what the papers report (published.json), with spreads,
what differs, what a second buys, and which claims held. Chapter 16, the README and benchmarks/reproduce.py show them.

    import sys; sys.path.append('benchmarks')
    from report import load_results, results_table
    results_table(load_results(), 'mnist')
"""
from .papers import Published, published
from .rows import LETTERS, Measured, differences, load_results, marked, older_results, outdated, rescored, scored_as
from .tables import (ResultsTable, beside_papers, gaps_table, headline, in_tiles, longer_table, note_of, num, overview,
                     provenance_of, published_table, results_table)
from .verdicts import (MARGIN, Claim, Part, Verdict, claim_table, claims, claims_table, not_confirmed, tried_reasons,
                       verdict, verdicts_table)
from .worth import (Gain, Way, choices, draw_gains, dumps_choices, frontier, frontiers, gains, gains_table, stairs, ways)

__all__ = ['LETTERS', 'MARGIN', 'Claim', 'Gain', 'Measured', 'Part', 'Published', 'ResultsTable', 'Verdict', 'Way',
           'beside_papers', 'choices', 'claim_table', 'claims', 'claims_table', 'differences', 'draw_gains', 'dumps_choices',
           'frontier', 'frontiers', 'gains', 'gains_table', 'gaps_table', 'headline', 'in_tiles', 'load_results', 'longer_table', 'marked', 'not_confirmed', 'note_of', 'num',
           'older_results', 'outdated', 'overview', 'provenance_of', 'published', 'published_table', 'rescored', 'results_table', 'scored_as', 'stairs',
           'tried_reasons', 'verdict', 'verdicts_table', 'ways']
