"Every notebook runs, in a process of its own and on one thread; and their outputs are saved by a script"
import json
import sys

import processes
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT/'tools'))
import solutions

pytest.importorskip('nbdev', reason="the notebooks are run by nbdev: pip install -e '.[dev]'")


def notebooks():
    "The notebooks that nbdev sees"
    found = (p.relative_to(ROOT/'nbs') for p in (ROOT/'nbs').rglob('*.ipynb'))
    return sorted(p.as_posix() for p in found if not any(part.startswith(('_', '.')) for part in p.parts))


@pytest.mark.slow
@pytest.mark.notebooks
@pytest.mark.parametrize('name', notebooks())
def test_notebook(name):
    if name.startswith('assignments') and not solutions.are_there(): pytest.skip('the solutions are elsewhere')
    done = processes.call(processes.notebook, name, cwd=ROOT)
    ran_alone = done.stdout.count('Starting') == 1
    assert done.returncode == 0 and ran_alone and 'Success.' in done.stdout, f'nbs/{name}\n{done.said}'


# ---- tools/execute_notebooks.py, on a project with one small notebook

@pytest.fixture
def execute(tmp_path):
    "Run the script on a notebook with the given cells; gives (finished process, cells by id)"
    pytest.importorskip('nbclient')
    (tmp_path/'nbs').mkdir()
    (tmp_path/'settings.ini').write_text((ROOT/'settings.ini').read_text(encoding='utf-8'), encoding='utf-8')
    path = tmp_path/'nbs'/'00_small.ipynb'
    def execute(cells=None, *args):
        if cells: path.write_text(json.dumps(notebook(cells)), encoding='utf-8')
        done = processes.python(ROOT/'tools'/'execute_notebooks.py', *args, cwd=tmp_path).wait()
        return done, {c['id']: c for c in json.loads(path.read_text(encoding='utf-8'))['cells']}
    execute.path = path
    return execute


def notebook(cells):
    made = [dict(cell_type='code', id=i, metadata={}, source=source, execution_count=None, outputs=outputs)
            for i, (source, outputs) in cells.items()]
    kernel = dict(display_name='python3', language='python', name='python3')
    return dict(cells=made, metadata=dict(kernelspec=kernel), nbformat=4, nbformat_minor=5)


def stream(text): return [dict(output_type='stream', name='stdout', text=[text])]


@pytest.mark.slow
def test_outputs_are_saved_and_a_second_run_changes_nothing(execute):
    cells = {
        'print': ('import time\nfor i in range(3): print(i, flush=True); time.sleep(.05)', []),
        'object': ('object()', []),
        'figure': ('import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1)); plt.imshow([[0]]);', []),
        'bar': ('from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass', []),
        'slow': ('#| slow\nprint("new")', stream('old')), 'never': ('#| eval: false\n1/0', stream('kept')),
        'export': ('#| hide\nimport nbdev; nbdev.nbdev_export()', []),
    }
    done, saved = execute(cells)
    assert done.returncode == 0, done.said
    assert saved['print']['outputs'] == [dict(name='stdout', output_type='stream', text=['0\n', '1\n', '2\n'])]
    assert saved['object']['outputs'][0]['data']['text/plain'] == ['<object>']
    assert 'image/png' in saved['figure']['outputs'][0]['data']
    assert saved['bar']['outputs'] == [] and saved['slow']['outputs'] == stream('old') and saved['never']['outputs'] == stream('kept')
    assert not (execute.path.parent.parent/'dataset_condensation').exists()  # executing exports nothing
    first = execute.path.read_bytes()
    done, saved = execute(None, '00', '--flags', 'slow')
    assert done.returncode == 0 and saved['slow']['outputs'] == stream('new\n'), done.said
    assert execute.path.read_bytes() == first.replace(b'old', b'new\\n')


@pytest.mark.slow
@pytest.mark.parametrize('source, message', [
    ('1/0', 'ZeroDivisionError'),
    ('import os; print(os.getcwd())', "cell 'bad' shows a path of this machine"),
])
def test_a_notebook_that_fails_or_shows_a_path_is_not_saved(execute, source, message):
    done, saved = execute({'good': ('print(1)', []), 'bad': (source, [])})
    assert done.returncode == 1 and message in done.said
    assert saved['good']['outputs'] == []


@pytest.mark.slow
def test_check_writes_nothing_and_names_the_cells_that_would_change(execute):
    done, saved = execute({'same': ('print(1)', stream('1\n')), 'stale': ('print(2)', stream('3\n'))}, '--check')
    assert done.returncode == 1 and 'changed outputs: stale' in done.said
    assert saved['stale']['outputs'] == stream('3\n')


@pytest.mark.slow
def test_a_name_without_a_notebook_is_an_error(execute):
    done, _ = execute({'a': ('1', [])}, '99_none')
    assert done.returncode == 1 and "no notebook '99_none'" in done.said and '00_small' in done.said
