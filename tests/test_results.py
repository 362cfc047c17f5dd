"The figures that the README states are those in the result files"
import json

import pytest
from conftest import ROOT


def result(name): return json.loads((ROOT/'results'/f'{name}.json').read_text(encoding='utf-8'))


def checkpoints():
    shares = [100*run['share'] for run in result('resume_cost')['runs']]
    return f'one every second: {min(shares):.1f} to {max(shares):.1f} % of three runs'


def hostile_files():
    found = result('fuzz')
    assert not found['faults'] and all(o == 'read' or o.startswith('refused') for o in found['outcomes'])
    growth = max(kind['largest_growth']['mib'] for kind in found['kinds'].values())
    return f'{found["files"]:,} mutated', f'largest growth in memory {growth:.0f} MiB'


def large_sets():
    peaks = result('large_sets')['summary']['peak_mib']
    one, ten = (peaks[f'large: run, ipc {ipc}'] / 1024 for ipc in (1, 10))
    return f'peaks at {one:.1f} GiB at one image per class and {ten:.1f} GiB at ten'


def soak():
    run = result('soak')['runs']['dm']
    return f'{run["to_update"]:,} updates', f'{run["growth_mib"]:.0f} MiB on {run["most_mib"]:.0f}'


def beside_others():
    seconds = result('beside_others')['seconds']
    alone, busy = seconds['alone'], seconds['all']
    return (f'{busy["as torch comes"]:.2f} s as torch comes ({alone["as torch comes"]:.2f} s alone)',
            f'{busy["1,000 turns"]:.2f} s in the `condense` command', f'`GOMP_SPINCOUNT=1000` ({alone["1,000 turns"]:.2f} s alone)')


@pytest.mark.parametrize('figures', [beside_others, checkpoints, hostile_files, large_sets, soak])
def test_the_readme_states_what_was_measured(figures):
    words = figures()
    text = (ROOT/'README.md').read_text(encoding='utf-8')
    for said in [words] if isinstance(words, str) else words: assert said in text, f'README.md does not say {said!r}'
