"""Processes forked from one that has imported torch and the rest: importing them takes longer than most tests do.

`server` is the context of multiprocessing that forks them; `call` runs a function in one and hands back what it printed.
"""
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent
PRELOAD = ('numpy', 'scipy.stats', 'torch', 'torch._dynamo', 'torch.distributed', 'torchvision', 'sklearn.datasets', 'sklearn.cluster',
           'sklearn.manifold', 'matplotlib.pyplot', 'safetensors.torch', 'PIL.Image', 'tqdm.auto', 'ipywidgets', 'fastcore.all',
           'nbdev.test', 'pytest', 'dataset_condensation.all', 'dataset_condensation.cli')

server = multiprocessing.get_context('forkserver' if 'forkserver' in multiprocessing.get_all_start_methods() else 'spawn')
if hasattr(server, 'set_forkserver_preload'): server.set_forkserver_preload(list(PRELOAD))


def _inside(job, args, cwd, out):
    "In the process: what is printed goes to a file"
    file = os.open(out, os.O_WRONLY | os.O_APPEND)
    for n in (1, 2): os.dup2(file, n)
    os.chdir(cwd)
    sys.exit(job(*args))


def call(job, *args, cwd):
    "`job(*args)` in a process of its own, in a folder: its exit code and what it printed"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)/'out'
        out.touch()
        process = server.Process(target=_inside, name='job', args=(job, args, cwd, out))
        process.start()
        process.join()
        return SimpleNamespace(returncode=process.exitcode, stdout=out.read_text(encoding='utf-8', errors='replace'))


def notebook(name):
    "Test `nbs/<name>` as nbdev_test does, with what it imports of the package as its only part"
    from nbdev.test import nbdev_test
    for m in [m for m in sys.modules if m.split('.')[0] == 'dataset_condensation']: del sys.modules[m]
    nbdev_test(path=f'nbs/{name}', n_workers=0, do_print=True)


def in_use(folder):
    "Is a run using the folder?"
    from dataset_condensation.checkpoints import LOCK, RunLock, RunLocked
    if not os.path.lexists(Path(folder)/LOCK): return False
    try:
        with RunLock(folder): return False
    except RunLocked: return True
