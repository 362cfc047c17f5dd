"The rules of the house, read from the code: who may import whom, where a class is whole, what importing may do"
import ast
import os
import subprocess
import sys

import pytest
from conftest import ROOT
from test_sync import chapters, imports, module_of

PACKAGE = 'dataset_condensation'
# What every module may use: neither science nor machinery
FRAME = {'checks', 'names', 'text', 'machine'}
SCIENCE = {'data', 'networks', 'augmentation', 'training', 'coresets', 'condensation', 'gradient_matching', 'multi_level_matching',
           'adaptive_steps', 'distribution_matching', 'beyond'}


def modules(): return sorted({m for m in map(module_of, chapters()) if m})


def tree(module): return ast.parse((ROOT/PACKAGE/f'{module}.py').read_text(encoding='utf-8'))


def inner_imports(module):
    "(module of this package, name) for each name that one module takes from another, wherever it does"
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.ImportFrom) or not (node.level == 1 or (node.module or '').startswith(PACKAGE)): continue
        for name in node.names: yield (node.module or '').split('.')[-1], name.name


@pytest.mark.parametrize('module', sorted(SCIENCE))
def test_the_science_imports_no_machinery(module):
    assert imports(module) <= SCIENCE | FRAME, imports(module) - SCIENCE - FRAME


@pytest.mark.parametrize('module', modules())
def test_no_name_with_an_underscore_crosses_a_file(module):
    assert not [n for _, n in inner_imports(module) if n.startswith('_') and not n.endswith('__')]


@pytest.mark.parametrize('module', modules())
def test_a_class_is_whole_where_it_is_defined(module):
    "A method that is patched in is patched into a class of the same module"
    body = tree(module).body
    own = {node.name for node in body if isinstance(node, ast.ClassDef)}
    for f in (node for node in body if isinstance(node, ast.FunctionDef)):
        if not any(ast.unparse(d).startswith('patch') for d in f.decorator_list): continue
        assert ast.unparse(f.args.args[0].annotation).strip('\'"') in own, f'{module}.{f.name}'


def test_importing_changes_nothing():
    "No environment variable, no switch of torch, no signal, no warning filter"
    code = f'''
import os, signal, sys, warnings
import torch, matplotlib, PIL.Image
def state():
    flags = [torch.get_default_dtype(), torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(),
             torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark]
    return (dict(os.environ), flags, [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)],
            torch.get_rng_state().tolist(), PIL.Image.MAX_IMAGE_PIXELS, matplotlib.get_backend())
matplotlib.use('Agg')
before = state()
for name in {modules()}: __import__(f'{PACKAGE}.' + name)
assert state() == before
assert 'ipywidgets' not in sys.modules
'''
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, env=dict(os.environ, MPLBACKEND='Agg'))
    assert done.returncode == 0, done.stderr


def test_every_name_stands_for_what_it_says():
    from dataset_condensation import names
    for table in (names.METHODS, names.DISTANCES, names.LEVELS, names.POLICIES, names.SAMPLINGS, names.SPEEDS):
        for name, thing in table.items(): assert thing is not None, name
    assert [m.name for m in names.METHODS.values()] == list(names.METHODS)


def test_a_method_is_known_whatever_was_imported_before():
    code = 'from dataset_condensation.condensation import condensing\n' \
           'from dataset_condensation.image_folders import load_dataset\n' \
           "print(next(condensing(load_dataset('digits'), real_batch=2, net='convnet-w2')).info['method'])"
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == 'dc', done.stderr


def test_a_name_that_is_taken_is_taken_over_with_a_warning():
    from dataset_condensation import names
    own = type('Own', (), dict(name='dc', make=lambda *a, **k: None))()
    was = names.METHODS.known['dc']
    try:
        with pytest.warns(UserWarning, match="method 'dc' stood for something else"): names.register(own)
        assert names.get_method('DC') is own
    finally: names.METHODS.known['dc'] = was
