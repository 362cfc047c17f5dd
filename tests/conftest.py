"What every test shares: a private environment, copies of the project to work in, a worker for each processor"
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from processes import ROOT

# Made by tools, runs and editors: no part of the project.
NOT_SOURCE = shutil.ignore_patterns('.*', '_docs', '_proc', '_build', '__pycache__', '*.egg-info', 'build', 'dist',
                                    'runs', 'data', 'venv', 'node_modules')

# Before anything imports matplotlib, torch or Jupyter. Child processes inherit all of it.
_home = tempfile.mkdtemp(prefix='dataset-condensation-tests-')
os.environ.update(MPLBACKEND='Agg', OMP_NUM_THREADS='1', JUPYTER_CONFIG_DIR=_home, JUPYTER_DATA_DIR=_home,
                  IPYTHONDIR=_home, PYTHONDONTWRITEBYTECODE='1', TQDM_DISABLE='1')
# glibc's: memory that is freed is kept for the next tensor, where handing it back and forth takes long
os.environ.update(MALLOC_MMAP_THRESHOLD_=str(2**25), MALLOC_TRIM_THRESHOLD_=str(2**28))
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


# ---- One worker for each processor: a file of tests stays in one of them, a notebook comes to one that is free

def pytest_xdist_auto_num_workers(config):
    "None for files or tests that were asked for by name: they run at once, in this process"
    everything = config.args_source == pytest.Config.ArgsSource.TESTPATHS
    return min(os.cpu_count() or 1, 4) if everything else 0


def pytest_collection_modifyitems(items):
    "Notebooks last, the longest first: a long one that begins late would end alone"
    notebooks = [i for i in items if i.get_closest_marker('notebooks')]
    items[:] = [i for i in items if i not in notebooks] + sorted(notebooks, key=lines, reverse=True)


def pytest_xdist_make_scheduler(config, log):
    "One that keeps a file together, for what its tests share; xdist's own groups fail with pytest 9.2"
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid): return nodeid if '::test_notebook[' in nodeid else nodeid.partition('::')[0]

    return ByFile(config, log)


def lines(item):
    "Of code that a notebook's test runs"
    cells = json.loads((ROOT/'nbs'/item.callspec.params['name']).read_text(encoding='utf-8'))['cells']
    sources = [''.join(c['source']) for c in cells if c['cell_type'] == 'code']
    return sum(s.count('\n') + 1 for s in sources if not re.match(r'#\| *(slow|gpu|eval)', s))


@pytest.fixture(scope='session', autouse=True)
def ctrl_c_is_heard():
    "What a shell starts in the background ignores Ctrl-C, and so does all that it starts; the tests send some"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
