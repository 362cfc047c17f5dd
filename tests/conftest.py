"What every test shares: a private environment, copies of the project to work in, notebooks that run in the background"
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import processes
import pytest
from processes import ROOT

# Made by tools, runs and editors: no part of the project.
NOT_SOURCE = shutil.ignore_patterns('.*', '_docs', '_proc', '_build', '__pycache__', '*.egg-info', 'build', 'dist',
                                    'runs', 'data', 'venv', 'node_modules')

# Before anything imports matplotlib, torch or Jupyter. Child processes inherit all of it.
_home = tempfile.mkdtemp(prefix='dataset-condensation-tests-')
os.environ.update(MPLBACKEND='Agg', OMP_NUM_THREADS='1', JUPYTER_CONFIG_DIR=_home, JUPYTER_DATA_DIR=_home,
                  IPYTHONDIR=_home, PYTHONDONTWRITEBYTECODE='1', TQDM_DISABLE='1')
os.environ.pop('IN_TEST', None)  # nbdev exports nothing while it is set


def pytest_unconfigure(config): shutil.rmtree(_home, ignore_errors=True)


def run(*args,  # Command line of a Python process, without the interpreter
        cwd,    # Folder to run it in
        env=None,      # Variables to add to the environment
        timeout=900,   # Seconds after which it is killed
        ):
    "Run Python in a process of its own; its exit code and output are in what comes back"
    return subprocess.run([sys.executable, *map(str, args)], cwd=cwd, env={**os.environ, **(env or {})}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)


def copy_project(to:Path) -> Path:
    "A copy of the sources in the folder `to`, which must not exist yet"
    return Path(shutil.copytree(ROOT, to, ignore=NOT_SOURCE))


# ---- Notebooks take the longest: they start first, several at a time, and are asked for their result last

def is_notebook(item): return item.get_closest_marker('notebooks') is not None


def pytest_collection_modifyitems(items): items.sort(key=is_notebook)


@pytest.fixture(scope='session', autouse=True)
def notebook_runs(request):
    "The future of each notebook that was selected, by name. They take what the other tests leave of the processors"
    names = [item.callspec.params['name'] for item in request.session.items if is_notebook(item)]
    pool = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 4))
    yield {name: pool.submit(processes.call, processes.notebook, name, cwd=ROOT, niceness=5) for name in longest_first(names)}
    pool.shutdown(cancel_futures=True)


def longest_first(names):
    "By their lines of code that a test runs: one that begins late and takes long would end alone"
    def lines(name):
        cells = json.loads((ROOT/'nbs'/name).read_text(encoding='utf-8'))['cells']
        sources = [''.join(c['source']) for c in cells if c['cell_type'] == 'code']
        return sum(s.count('\n') + 1 for s in sources if not re.match(r'#\| *(slow|gpu|eval)', s))
    return sorted(names, key=lines, reverse=True)


@pytest.fixture(scope='session', autouse=True)
def ctrl_c_is_heard():
    "What a shell starts in the background ignores Ctrl-C, and so does all that it starts; the tests send some"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
