"""Processes forked from one that has imported torch and the rest: importing them takes longer than most tests do.

`server` is the context of multiprocessing that forks them; `call` runs a function in one and hands back what it printed;
`python` runs a command line in one. What a program does to its imports, or as it ends, is tried in a fresh interpreter.
"""
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent
PRELOAD = ('numpy', 'scipy.stats', 'torch', 'torch._dynamo', 'torch.distributed', 'torchvision', 'sklearn.datasets', 'sklearn.cluster',
           'sklearn.manifold', 'matplotlib.pyplot', 'safetensors.torch', 'PIL.Image', 'tqdm.auto', 'ipywidgets', 'fastcore.all',
           'nbdev.test', 'pytest', 'dataset_condensation.all', 'dataset_condensation.cli')

server = multiprocessing.get_context('forkserver' if 'forkserver' in multiprocessing.get_all_start_methods() else 'spawn')
if hasattr(server, 'set_forkserver_preload'): server.set_forkserver_preload(list(PRELOAD))


def _inside(job, args, cwd, outs):
    "In the process: what is printed goes to files"
    for n, out in zip((1, 2), outs): os.dup2(os.open(out, os.O_WRONLY | os.O_APPEND), n)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(cwd)
    sys.exit(job(*args))


class Started:
    "`job(*args)` in a process of its own, in a folder; what it prints is kept"
    def __init__(self, job, *args, cwd):
        self.folder = tempfile.TemporaryDirectory()
        self.outs = [Path(self.folder.name)/n for n in ('out', 'err')]
        for out in self.outs: out.touch()
        self.process = server.Process(target=_inside, name='job', args=(job, args, cwd, self.outs))
        self.process.start()

    def send_signal(self, number): os.kill(self.process.pid, number)

    def wait(self, timeout=900):
        "Its exit code and what it printed, to each of the two places and to both; killed after `timeout` seconds"
        self.process.join(timeout)
        if self.process.exitcode is None: self.process.kill()
        self.process.join()
        out, err = (out.read_text(encoding='utf-8', errors='replace') for out in self.outs)
        self.folder.cleanup()
        return SimpleNamespace(returncode=self.process.exitcode, stdout=out, stderr=err, said=out + err)


def call(job, *args, cwd):
    "`job(*args)` in a process of its own, in a folder: its exit code and what it printed"
    return Started(job, *args, cwd=cwd).wait()


def forget(*packages):
    "Import them anew"
    for m in [m for m in sys.modules if m.split('.')[0] in packages]: del sys.modules[m]


def _python(args, anew, env):
    "In the process: run a Python command line as the interpreter would"
    import runpy
    os.environ.update(env)
    forget(*anew)
    first, *rest = args
    sys.argv = [first, *rest[1:]] if first in ('-c', '-m') else args
    sys.path.insert(0, str(Path(first).parent) if first not in ('-c', '-m') else '')
    if first == '-m': runpy.run_module(rest[0], run_name='__main__', alter_sys=True)
    elif first == '-c':
        main = sys.modules['__main__'] = ModuleType('__main__')
        exec(compile(rest[0], '<string>', 'exec'), vars(main))
    else: runpy.run_path(first, run_name='__main__')


def python(*args, cwd, anew=(), **env):
    "What `python *args` does, started at once: torch and the package are imported already, but for packages in `anew`"
    return Started(_python, [*map(str, args)], anew, env, cwd=cwd)


def notebook(name):
    "Test `nbs/<name>` as nbdev_test does, with what it imports of the package as its only part"
    from nbdev.test import nbdev_test
    forget('dataset_condensation')
    nbdev_test(path=f'nbs/{name}', n_workers=0, do_print=True)


def in_use(folder):
    "Is a run using the folder?"
    from dataset_condensation.checkpoints import LOCK, RunLock, RunLocked
    if not os.path.lexists(Path(folder)/LOCK): return False
    try:
        with RunLock(folder): return False
    except RunLocked: return True
