"tools/mutants.py: every mutant stands where it says, and the tests it runs are there"
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT/'tools'))
import mutants  # noqa: E402


@pytest.mark.parametrize('name', mutants.MUTANTS)
def test_a_mutant_changes_one_place(name):
    module, old, new = mutants.MUTANTS[name]
    text = mutants.source(module).read_text(encoding='utf-8')
    assert text.count(old) == 1 and new != old
    compile(text.replace(old, new), name, 'exec')


@pytest.mark.slow
def test_a_mutant_is_noticed_and_named():
    assert mutants.killed_by('decay: none').startswith('test_published.py::')


def test_its_tests_are_there(): assert all((ROOT/t).is_file() for t in mutants.TESTS)
