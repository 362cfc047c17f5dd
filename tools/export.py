"""Export the notebooks, and write stubs for type checkers and editors.

    python tools/export.py            # nbdev_export, then dataset_condensation/*.pyi
    python tools/export.py --stubs    # the .pyi files only

A stub (.pyi) has each class in one piece, where the notebooks spread it over cells with `@patch`. Comments on
parameters become part of the docstring.
"""
import argparse
import ast
import copy
import importlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT/'dataset_condensation'
KEPT = {'dataclass', 'contextmanager', 'property', 'cached_property', 'staticmethod', 'classmethod', 'setter'}
HEAD = '# Made from the module beside it by tools/export.py\n'


def decorator(node): return ast.unparse(node).split('(')[0].split('.')[-1]


def patched(node):
    "The class that `@patch` adds a function to; None without `@patch`"
    if isinstance(node, ast.FunctionDef) and any(decorator(d) in ('patch', 'patch_to') for d in node.decorator_list):
        return ast.unparse(node.args.args[0].annotation).strip("'")


def comments(node, lines):
    "{parameter: the comment on it}"
    args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    found = {}
    for a in filter(None, args):
        if a.arg in ('self', 'cls'): continue
        after = lines[a.end_lineno - 1][a.end_col_offset:]
        alone = sum(b is not None and b.lineno == a.lineno for b in args) == 1
        if alone and (text := re.search(r'(?:^|\s)#\s?(.*)', after)): found[a.arg] = text[1]
    return found


def docstring(node, lines):
    "The docstring, with the comments on parameters"
    said = comments(node, lines) if isinstance(node, ast.FunctionDef) else {}
    text = ast.get_docstring(node) or ''
    return (text + '\n\n' + '\n'.join(f'{k}: {v}' for k, v in said.items())).strip()


def default(node): return node if isinstance(node, ast.Constant) else ast.Constant(...)


def function(node, lines, cls=None):
    "A function without its body"
    new = copy.deepcopy(node)
    as_said = {k.arg for d in node.decorator_list if isinstance(d, ast.Call) and decorator(d) in ('patch', 'patch_to') for k in d.keywords}
    new.decorator_list = [d for d in new.decorator_list if decorator(d) in KEPT]
    if cls: new.args.args[0].annotation = None
    if 'as_prop' in as_said: new.decorator_list = [ast.Name('property')]
    if 'cls_method' in as_said: new.decorator_list = [ast.Name('classmethod')]
    new.args.defaults = [default(d) for d in new.args.defaults]
    new.args.kw_defaults = [d and default(d) for d in new.args.kw_defaults]
    text = docstring(node, lines)
    new.body = [ast.Expr(ast.Constant(text))] if text else [ast.Expr(ast.Constant(...))]
    return new


def hidden(name): return name.startswith('_') and not (name.startswith('__') and name.endswith('__'))


def variable(name, value):
    "`name: its type`"
    t = type(value)
    known = t.__name__ if t.__module__ in ('builtins', PACKAGE.name) or t.__module__.startswith(PACKAGE.name + '.') else 'Any'
    if known in ('function', 'NoneType', 'type'): known = 'Any'
    return ast.AnnAssign(ast.Name(name), ast.Name(known), None, 1)


def names(target): return [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]


def type_of(node, value, name):
    "A variable of a module or class, with its annotated or actual type"
    if isinstance(node, ast.AnnAssign):
        return ast.AnnAssign(node.target, node.annotation, node.value and ast.Constant(...), 1)
    return variable(name, value)


def attributes(node):
    "The attributes that `__init__` sets, with their annotation or that of the parameter they come from"
    init = next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == '__init__'), None)
    if init is None: return []
    given = {a.arg: a.annotation for a in [*init.args.args, *init.args.kwonlyargs] if a.annotation}
    known, found = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}, {}
    for s in ast.walk(init):
        pairs = []
        if isinstance(s, ast.AnnAssign): pairs = [(s.target, s.annotation)]
        for t in getattr(s, 'targets', []) if isinstance(s, ast.Assign) else []:
            values = s.value.elts if isinstance(t, ast.Tuple) and isinstance(s.value, ast.Tuple) else [s.value]
            places = t.elts if isinstance(t, ast.Tuple) else [t]
            pairs += [(p, given.get(getattr(v, 'id', ''))) for p, v in zip(places, values * (len(places) // len(values)))]
        for place, kind in pairs:
            if isinstance(place, ast.Attribute) and ast.unparse(place.value) == 'self' and place.attr not in known:
                if not hidden(place.attr): found.setdefault(place.attr, kind or ast.Name('Any'))
    return [ast.AnnAssign(ast.Name(k), v, None, 1) for k, v in found.items()]


def class_body(node, obj, lines, methods):
    "Fields and methods, including those added by `@patch`"
    body, text = [], docstring(node, lines)
    if text: body.append(ast.Expr(ast.Constant(text)))
    body += attributes(node)
    for n in node.body:
        if isinstance(n, ast.FunctionDef) and not hidden(n.name): body.append(function(n, lines))
        if isinstance(n, (ast.Assign, ast.AnnAssign)):
            for name in (x for t in getattr(n, 'targets', [getattr(n, 'target', None)]) for x in names(t)):
                if not hidden(name): body.append(type_of(n, getattr(obj, name, None), name))
    return [*body, *methods] or [ast.Expr(ast.Constant(...))]


def stub(path):
    "The text of a module's stub"
    source = path.read_text(encoding='utf-8')
    module = importlib.import_module(f'{PACKAGE.name}.{path.stem}'.removesuffix('.__init__'))
    tree, lines, body, methods = ast.parse(source), source.splitlines(), [], {}
    for n in tree.body:
        if (cls := patched(n)) and not hidden(n.name): methods.setdefault(cls, []).append(function(n, lines, cls))
    for n in tree.body:
        if isinstance(n, (ast.Import, ast.ImportFrom)): body.append(n)
        elif isinstance(n, ast.ClassDef) and not hidden(n.name):
            new = copy.deepcopy(n)
            new.decorator_list = [d for d in n.decorator_list if decorator(d) in KEPT]
            new.body = class_body(n, getattr(module, n.name), lines, methods.get(n.name, []))
            body.append(new)
        elif isinstance(n, ast.FunctionDef) and not patched(n) and not hidden(n.name):
            if n.name != '__getattr__': body.append(function(n, lines))     # or a checker would accept any name
        elif isinstance(n, (ast.Assign, ast.AnnAssign)):
            for name in (x for t in getattr(n, 'targets', [getattr(n, 'target', None)]) for x in names(t)):
                if name == '__all__': body.append(ast.parse(f'__all__ = {list(module.__all__)!r}').body[0])
                elif not hidden(name): body.append(type_of(n, getattr(module, name, None), name))
    alls = [n for n in body if isinstance(n, ast.Assign)]
    body = [n for n in body if n not in alls[:-1]]      # the last `__all__` counts
    homes = getattr(module, 'HOMES', {})        # {module: the names of it that this one has too}
    imports = ['from typing import Any', *(f'from {PACKAGE.name}.{m} import {", ".join(f"{k} as {k}" for k in found.split())}'
                                           for m, found in homes.items())]
    body = [*ast.parse('\n'.join(imports)).body, *body]
    return HEAD + ast.unparse(ast.fix_missing_locations(ast.Module(used_only(body), []))) + '\n'


def used_only(body):
    "The statements without unused imports"
    found = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name)}
    found |= {w for s in body if isinstance(s, ast.Assign) for w in ast.literal_eval(s.value)}      # `__all__`
    quoted = {w for s in body for n in ast.walk(s) if isinstance(n, ast.arg | ast.AnnAssign) and n.annotation
              for w in re.findall(r'\w+', ast.unparse(n.annotation))}
    kept, seen = [], set()
    for s in body:
        if isinstance(s, ast.Import | ast.ImportFrom):
            names = [a for a in s.names if (k := (a.asname or a.name).split('.')[0]) in found | quoted and k not in seen
                     or a.asname == a.name or a.name == '*']
            seen |= {(a.asname or a.name).split('.')[0] for a in names}
            if not names: continue
            s = copy.copy(s)
            s.names = names
        kept.append(s)
    return kept


def write_stubs():
    sys.path.insert(0, str(ROOT))
    for path in sorted(PACKAGE.glob('*.py')):
        if path.name not in ('_modidx.py', '__main__.py'):
            path.with_suffix('.pyi').write_text(stub(path), encoding='utf-8')


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--stubs', action='store_true', help='write only the .pyi files')
    if not p.parse_args().stubs:
        from nbdev.doclinks import nbdev_export
        nbdev_export()
    write_stubs()


if __name__ == '__main__': main()
