"`help` and `?` say what each parameter is, for every name of the façade"
import inspect
import pydoc
import re
import subprocess
import sys
from dataclasses import fields

import pytest
from conftest import ROOT

import dataset_condensation as dc


def test_help_lists_parameters_and_the_fields_of_a_recipe():
    text = pydoc.render_doc(dc.condense, renderer=pydoc.plaintext)
    for name in inspect.signature(dc.condense).parameters: assert f'\n        {name}' in text or f'\n        **{name}' in text, name
    for f in fields(dc.Recipe): assert f'\n            {f.name} = {f.default!r}' in text, f.name
    assert 'Image updates for each network' in text
    assert 'weight_decay = 0.0005: L2 penalty of SGD' in dc.train_recipe.__doc__
    assert "weight = 5.0: Of the cross-entropy" in dc.ExpertMatching.__doc__ and 'embed = None: embed(' in dc.ExpertMatching.__doc__
    assert 'dc.condense(data' in pydoc.render_doc(dc, renderer=pydoc.plaintext)


@pytest.mark.parametrize('name', dc.__all__)
def test_every_parameter_is_explained(name):
    thing = getattr(dc, name)
    text = thing.__doc__
    for p in inspect.signature(thing).parameters:
        line = next(s for s in text.split('Parameters:')[1].splitlines() if re.match(rf' {{4}}\**{p}\b', s))
        assert ': ' in line and ' at 0x' not in line, f'{name}: {line}'
    assert text.count('Parameters:') <= 1 and getattr(dc, name).__doc__ == text


def test_the_import_waits_for_nothing_and_nothing_is_changed_by_it():
    code = ('import sys, dataset_condensation as dc\n'
            'assert not {"torch", "fastcore", "numpy"} & set(sys.modules)\n'
            'import dataset_condensation.runs as r\n'
            'before = r.condense.__doc__\n'
            'assert "Parameters" not in before and "Parameters" in dc.condense.__doc__ and dc.condense is r.condense')
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
