"The rules of the house, read from the code: who may import whom, where a class is whole, what importing may do"
import ast
import re
import subprocess
import sys
from functools import cache

import processes
import pytest
from conftest import ROOT
from test_sync import chapters, imports, module_of

PACKAGE = 'dataset_condensation'
# What every module may use: neither science nor machinery
FRAME = {'checks', 'names', 'text', 'machine'}
SCIENCE = {'data', 'networks', 'augmentation', 'training', 'coresets', 'condensation', 'gradient_matching', 'multi_level_matching',
           'adaptive_steps', 'distribution_matching', 'beyond'}


def modules(): return sorted({m for m in map(module_of, chapters()) if m})


@cache
def tree(module): return ast.parse((ROOT/PACKAGE/f'{module}.py').read_text(encoding='utf-8'))


def patched(f): return any(ast.unparse(d).startswith('patch') for d in f.decorator_list)


def inner_imports(module):
    "(module of this package, name) for each name that one module takes from another, wherever it does"
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.ImportFrom) or not (node.level == 1 or (node.module or '').startswith(PACKAGE)): continue
        for name in node.names: yield (node.module or '').split('.')[-1], name.name


@pytest.mark.parametrize('module', sorted(SCIENCE))
def test_the_science_imports_no_machinery(module):
    assert imports(module) <= SCIENCE | FRAME, imports(module) - SCIENCE - FRAME
    inside = {m for m, _ in inner_imports(module)} - {PACKAGE, ''} - SCIENCE - FRAME     # of functions
    assert inside <= ({'set_files'} if module == 'training' else set())              # `save` and `load`


@pytest.mark.parametrize('module', sorted(SCIENCE - {'augmentation'}))
def test_a_chapter_builds_on_earlier_ones(module):
    "Augmentation, which chapter 07 explains, is needed from training on"
    number = {module_of(n): int(n[:2]) for n in chapters() if n[:2].isdigit()}
    later = {m for m in imports(module) & SCIENCE if number[m] > number[module]}
    assert later <= {'augmentation'}, later


@pytest.mark.parametrize('module', modules())
def test_no_name_with_an_underscore_crosses_a_file(module):
    assert not [n for _, n in inner_imports(module) if n.startswith('_') and not n.endswith('__')]


@pytest.mark.parametrize('module', modules())
def test_a_class_is_whole_where_it_is_defined(module):
    "A method that is patched in is patched into a class of the same module"
    body = tree(module).body
    own = {node.name for node in body if isinstance(node, ast.ClassDef)}
    for f in (node for node in body if isinstance(node, ast.FunctionDef)):
        if not patched(f): continue
        assert ast.unparse(f.args.args[0].annotation).strip('\'"') in own, f'{module}.{f.name}'


@pytest.mark.parametrize('module', modules())
def test_a_module_only_defines(module):
    "At its top nothing is called for its effect, except on an object of the module"
    own = {t.id for node in tree(module).body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)}
    for node in tree(module).body:
        assert not isinstance(node, (ast.For, ast.While, ast.With, ast.Delete)), ast.unparse(node)
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            assert isinstance(node.value, ast.Call) and ast.unparse(node.value.func).split('.')[0] in own, ast.unparse(node)
        if isinstance(node, ast.If): assert ast.unparse(node.test).split(' ')[0] == '__name__', ast.unparse(node)
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assert all(isinstance(t, (ast.Name, ast.Tuple)) for t in targets), ast.unparse(node)


NETS = {'net', 'network', 'model'}


def hung(module):
    "Attributes that are set on an exception that was caught, on a function, or on a network"
    functions = {node.name for node in tree(module).body if isinstance(node, ast.FunctionDef) and not patched(node)}
    caught = {node.name for node in ast.walk(tree(module)) if isinstance(node, ast.ExceptHandler)}
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Store) or not isinstance(node.value, ast.Name): continue
        if node.value.id in functions | caught | NETS: yield ast.unparse(node)


@pytest.mark.parametrize('module', modules())
def test_nothing_is_hung_on_exceptions_functions_and_networks(module): assert not list(hung(module))


def calls(module):
    "(name of what is called, the call)"
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call): yield ast.unparse(node.func), node


@pytest.mark.parametrize('module', sorted(SCIENCE))
def test_how_to_compute_is_an_argument(module):
    "No module asks a network how to compute it"
    known = ['net.training', 'net.head', 'net.body', 'net.embed', 'net.shape', 'net.name', 'net.n_classes', 'net.n_features',
             'net.__name__']
    for name, call in calls(module):
        if name in ('getattr', 'hasattr') and ast.unparse(call.args[0]) in NETS and isinstance(call.args[1], ast.Constant):
            assert f'net.{call.args[1].value}' in known, ast.unparse(call)


@pytest.mark.parametrize('module', modules())
def test_a_refusal_is_worded_as_in_checks(module):
    "`` where: `name` is got, expected … ``"
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.Raise) or node.exc is None: continue
        assert not re.search(r'argument \S+ got', ast.unparse(node)), ast.unparse(node)


RAISES = 15     # For each 1,000 lines, at most; without the module of checks, where they belong


def test_few_things_are_refused_by_hand():
    lines = sum(len((ROOT/PACKAGE/f'{m}.py').read_text(encoding='utf-8').splitlines()) for m in modules())
    raises = sum(isinstance(node, ast.Raise) for m in modules() if m != 'checks' for node in ast.walk(tree(m)))
    assert raises <= RAISES * lines / 1000, f'{raises} in {lines} lines'


def test_a_public_name_means_one_thing():
    "`main` is the command's, and what `python -m` calls"
    homes = {}
    for m in modules():
        for node in tree(m).body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith('_'): continue
            if not patched(node): homes.setdefault(node.name, []).append(m)
    assert {name for name, where in homes.items() if len(where) > 1} == {'main'}


@pytest.mark.parametrize('module', modules())
def test_what_reports_on_the_project_is_not_in_the_package(module):
    texts = [n.value for n in ast.walk(tree(module)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert not [t for t in texts if re.search(r'(^|\./)(results|benchmarks)/', t)]


@pytest.mark.parametrize('module', modules())
def test_libraries_lock_map_and_share(module):
    "In place of what would be written by hand: filelock, open_memmap, concurrent.futures, torch.load"
    found = {n.name.split('.')[0] for node in ast.walk(tree(module)) if isinstance(node, ast.Import) for n in node.names}
    found |= {(node.module or '').split('.')[0] for node in ast.walk(tree(module)) if isinstance(node, ast.ImportFrom)}
    assert not found & {'fcntl', 'msvcrt', 'mmap', 'pickle', 'marshal', 'shelve', 'socket'}


def test_importing_changes_nothing():
    "No environment variable, no switch of torch, no signal, no warning filter: in a fresh interpreter, since a fork has imported all"
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
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True)
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
    done = processes.python('-c', code, cwd=ROOT, anew=(PACKAGE,)).wait()
    assert done.stdout.strip() == 'dc', done.stderr


@pytest.mark.parametrize('method', ['dc', 'dm'])
def test_data_goes_through_fewer_than_twenty_functions_to_the_loss(method):
    import dataset_condensation as dc
    from dataset_condensation.data import ImageData
    from dataset_condensation.names import get_method
    data, matches = dc.load_dataset('digits'), type(get_method(method)).match.__code__
    stops, there = [], []
    def follow(frame, event, _):
        code = frame.f_code
        if there or event != 'call' or PACKAGE not in code.co_filename: return
        if code is matches: return there.append(True)
        given = [frame.f_locals.get(k) for k in code.co_varnames[:code.co_argcount + code.co_kwonlyargcount + 2]]
        more = [v for g in given for v in (g if isinstance(g, tuple) else g.values() if isinstance(g, dict) else ())]
        if any(isinstance(g, ImageData) for g in [*given, *more]) and code not in stops: stops.append(code)
    sys.setprofile(follow)
    try: dc.condense(data, method, real_batch=2, iterations=1, net='convnet-w2', progress=False)
    finally: sys.setprofile(None)
    assert there and 10 < len(stops) < 20, [code.co_name for code in stops]


def test_a_name_that_is_taken_is_taken_over_with_a_warning():
    from dataset_condensation import names
    was = dict(names.METHODS.known)
    try:
        for name in ('dc', 'DC', 'dc'):
            own = type('Own', (), dict(name=name, make=lambda *a, **k: None))()
            with pytest.warns(UserWarning, match="method '(dc|DC)' stood for something else"): names.register(own)
            assert names.get_method('dc') is names.get_method('DC') is own and len(names.METHODS) == len(was)
    finally:
        names.METHODS.known.clear()
        names.METHODS.known.update(was)


def test_a_method_prints_what_it_matches_and_not_how_it_was_published():
    from dataset_condensation import names
    assert not [name for name, m in names.METHODS.items() if 'settings' in repr(m) or ' at 0x' in names.as_json(m)]
