"The notebooks, the package, the README and the settings agree with each other, and the notebooks are clean"
import ast
import functools
import json
import re
import shutil
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from conftest import ROOT, copy_project, run
from processes import python
from test_notebooks import notebooks

pytest.importorskip('nbdev', reason="export and cleaning are nbdev's: pip install -e '.[dev]'")

PACKAGE = 'dataset_condensation'


def texts(folder, *suffixes):
    "The text of every file below `folder` with one of `suffixes`, by path"
    files = (p for p in sorted(folder.rglob('*')) if p.suffix in suffixes and '__pycache__' not in p.parts)
    return {p.relative_to(folder).as_posix(): p.read_text(encoding='utf-8') for p in files}


def assert_same(made, kept, remedy):
    "Both are {path: text}; a failure names the files"
    only_made, only_kept = set(made) - set(kept), set(kept) - set(made)
    assert not only_made | only_kept, f'only made: {only_made}, only in the project: {only_kept}: {remedy}'
    differ = [name for name in made if made[name] != kept[name]]
    assert not differ, f'{", ".join(differ)}: {remedy}'


def settings():
    config = ConfigParser(delimiters=['='])
    config.read(ROOT/'settings.ini', encoding='utf-8')
    return config['DEFAULT']


# ---- What is made from the notebooks and the settings

@pytest.fixture(scope='module')
def project(tmp_path_factory):
    "A copy of the project in which all that can be made is made anew"
    project = copy_project(tmp_path_factory.mktemp('sync')/'project')
    shutil.rmtree(project/PACKAGE)
    (project/'README.md').unlink()
    for picture in (project/'nbs'/'images').glob('index-*'): picture.unlink()
    for what in (['-c', 'from nbdev.clean import nbdev_clean; nbdev_clean()'], ['tools/export.py'],
                 ['nbs/_sphinx/build.py', '--readme']):
        done = python(*what, cwd=project, anew=(PACKAGE, 'nbdev')).wait()
        assert done.returncode == 0, done.said
    return project


@pytest.mark.slow
def test_the_package_is_what_the_notebooks_export(project):
    remedy = 'run python tools/export.py, remove what it no longer makes'
    assert_same(texts(project/PACKAGE, '.py', '.pyi'), texts(ROOT/PACKAGE, '.py', '.pyi'), remedy)
    assert (project/'pyproject.toml').read_text() == (ROOT/'pyproject.toml').read_text(), remedy


@pytest.mark.slow
def test_a_type_checker_finds_no_error():
    "basedpyright in its standard mode, on the package and on a script that uses every name of the façade"
    pytest.importorskip('basedpyright', reason="types are checked by basedpyright: pip install -e '.[dev]'")
    done = run('-m', 'basedpyright', '--pythonpath', sys.executable, '--outputjson', cwd=ROOT)
    found = json.loads(done.stdout[done.stdout.index('{'):])
    assert found['summary']['filesAnalyzed'] > 60, done.stdout[-300:]
    errors = [e for e in found['generalDiagnostics'] if e['severity'] == 'error' and not by_patch(e)]
    assert not errors, '\n'.join(f"{e['file']}:{e['range']['start']['line'] + 1}: {e['message']}" for e in errors[:20])


@functools.cache
def patched_names(path):
    "(class, method) for all that a module adds to its classes by `@patch`"
    found = set()
    for f in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(f, ast.FunctionDef) and any('patch' in ast.unparse(d) for d in f.decorator_list):
            found.add((ast.unparse(f.args.args[0].annotation).strip("'"), f.name))
    return found


def by_patch(error):
    "Is it about what `@patch` adds to a class of the same module? A checker sees that in stubs alone"
    path = Path(error['file'])
    if path.parent.name != PACKAGE or path.suffix != '.py': return False
    added = re.match(r'Cannot access attribute "(\w+)" for class "(?:type\[)?(\w+)', error['message'])
    if added: return any(name == added[1] and added[2] in (cls, 'object') for cls, name in patched_names(path))
    if re.match(r'Type "(\w+)" is not assignable to return type "\1"', error['message']): return True    # of the stub
    line = path.read_text(encoding='utf-8').splitlines()[error['range']['start']['line']]
    return error.get('rule') == 'reportRedeclaration' and 'self:' in line


def test_ruff_finds_nothing():
    pytest.importorskip('ruff', reason="style is checked by ruff: pip install -e '.[dev]'")
    done = run('-m', 'ruff', 'check', 'dataset_condensation', 'benchmarks', 'tests', 'tools', 'nbs/_sphinx', 'setup.py', cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_the_script_of_the_type_checker_uses_every_name_of_the_facade():
    import dataset_condensation as dc
    used = set(re.findall(r'\bdc\.(\w+)', (ROOT/'tests'/'every_name.py').read_text(encoding='utf-8')))
    assert set(dc.__all__) <= used, set(dc.__all__) - used


@pytest.mark.slow
def test_the_notebooks_are_clean(project):
    names = notebooks()
    assert_same({n: (project/'nbs'/n).read_text(encoding='utf-8') for n in names},
                {n: (ROOT/'nbs'/n).read_text(encoding='utf-8') for n in names}, 'run nbdev_clean')


@pytest.mark.slow
def test_the_readme_is_what_the_index_gives(project):
    remedy = 'run python nbs/_sphinx/build.py --readme'
    assert (project/'README.md').read_text(encoding='utf-8') == (ROOT/'README.md').read_text(encoding='utf-8'), remedy
    pictures = [{p.name: p.read_bytes() for p in (top/'nbs'/'images').glob('index-*')} for top in (project, ROOT)]
    assert pictures[0] == pictures[1], remedy
    assert (project/'nbs'/'nbdev.yml').read_text() == (ROOT/'nbs'/'nbdev.yml').read_text(), remedy


def test_the_links_of_the_readme_lead_somewhere():
    text = (ROOT/'README.md').read_text(encoding='utf-8')
    links = re.findall(r'\]\(([^)\s#]+)', text) + re.findall(r'(?:src|href)="([^"#]+)"', text)
    missing = [link for link in links if not re.match(r'[a-z]+:', link) and not (ROOT/link).exists()]
    assert not missing


def test_settings_project_and_version_agree():
    cfg = settings()
    project = (ROOT/'pyproject.toml').read_text(encoding='utf-8')
    assert f'name="{cfg["lib_name"]}"' in project and f'requires-python=">={cfg["min_python"]}"' in project
    assert (ROOT/PACKAGE/'__init__.py').read_text(encoding='utf-8').startswith(f'__version__ = "{cfg["version"]}"')
    released = re.findall(r'^## (\S+)', (ROOT/'CHANGELOG.md').read_text(encoding='utf-8'), flags=re.M)
    assert released and released[0] == cfg['version']


# ---- What a notebook in this project looks like

def cells(name): return json.loads((ROOT/'nbs'/name).read_text(encoding='utf-8'))['cells']


def source(cell): return ''.join(cell['source'])


def shown(cell):
    "The source as a reader meets it: the hidden tests of an assignment are for the grading machine"
    return re.sub(r'^### BEGIN HIDDEN TESTS.*?^### END HIDDEN TESTS\n?', '', source(cell), flags=re.M | re.S)


def directives(cell): return set(re.findall(r'^#\| *([\w-]+)', source(cell), flags=re.M))


def chapters(): return [n for n in notebooks() if re.match(r'(under_the_hood/)?\d+_', n)]


def module_of(name):
    "The module that a notebook exports to, None without one"
    found = re.search(r'^#\| *default_exp +(\S+)', '\n'.join(source(c) for c in cells(name)), flags=re.M)
    return found and found[1]


@pytest.mark.parametrize('name', notebooks())
def test_cells_are_short_and_named_once(name):
    ids = [c['id'] for c in cells(name)]
    assert len(set(ids)) == len(ids), 'two cells have one id'
    too_long = [c['id'] for c in cells(name) if c['cell_type'] == 'code' and len(shown(c).splitlines()) > 30]
    assert not too_long, f'cells of more than 30 lines: {too_long}'


@pytest.mark.parametrize('name', notebooks())
def test_saved_outputs_can_be_read_anywhere(name):
    for c in cells(name):
        outputs = c.get('outputs', [])
        parts = [(kind, text) for o in outputs for kind, text in [('text', o.get('text', '')), *o.get('data', {}).items()]]
        shown = ''.join(''.join(text) for kind, text in parts if kind.startswith('text'))
        assert not [o for o in outputs if o['output_type'] == 'error'], f'cell {c["id"]} ends in an error'
        assert 'jupyter.widget' not in json.dumps(outputs), f'cell {c["id"]} holds the state of a widget'
        # a folder of the top level, as it would appear in a message or a traceback
        found = re.search(r'(?<![\w/.:])/(?:home|Users|root|tmp|opt|mnt|work)/[\w./-]+', shown)
        assert not found, f'cell {c["id"]} shows a path of one machine: {found[0]}'


@pytest.mark.parametrize('name', notebooks())
def test_outputs_are_saved(name):
    unseen = {'hide', 'export', 'exports', 'exporti', 'default_exp', 'eval', 'slow', 'gpu'}
    seen = [c for c in cells(name) if c['cell_type'] == 'code' and not unseen & directives(c)]
    assert len(seen) <= 3 or any(c['outputs'] for c in seen), 'run python tools/execute_notebooks.py'


@pytest.mark.parametrize('name', notebooks())
def test_links_lead_to_what_is_there(name):
    text = '\n'.join(source(c) for c in cells(name) if c['cell_type'] == 'markdown')
    links = re.findall(r'\]\(([^)\s:#]+)[^)\s:]*\)', re.sub(r'^```.*?^```', '', text, flags=re.M | re.S))
    missing = [link for link in links if not (ROOT/'nbs'/name).parent.joinpath(link).exists()]
    assert not missing, 'a chapter that is not written yet is named without a link'


@pytest.mark.parametrize('name', chapters())
def test_a_chapter_opens_and_closes_as_agreed(name):
    title, *rest = cells(name)
    assert title['cell_type'] == 'markdown' and re.fullmatch(r'# .+\n\n> .+', source(title)), \
        'the first cell holds a title and a one-line description, nothing else: nbdev drops the rest'
    last = rest[-1]
    assert 'hide' in directives(last) and 'nbdev_export()' in source(last)
    def places(kind, pattern):
        return [i for i, c in enumerate(rest) if c['cell_type'] == kind and re.search(pattern, source(c), re.M)]
    definitions, heads = places('code', r'^(def|class) '), places('markdown', r'^## ')
    assert not definitions or heads and heads[0] < definitions[0], 'an H2 stands before the first definition'


@pytest.mark.parametrize('name', chapters())
def test_imports_stand_in_cells_of_their_own(name):
    "Preparing the docs runs every cell that holds an import, and would run the rest of it too"
    mixed = []
    for c in cells(name):
        if c['cell_type'] != 'code' or 'nbdev_export()' in source(c) or '%%' in source(c): continue
        python = re.sub(r'^[%!].*', '', source(c), flags=re.M)  # without the lines that are IPython's
        kinds = {isinstance(t, (ast.Import, ast.ImportFrom)) for t in ast.parse(python).body}
        if len(kinds) > 1: mixed.append(c['id'])
    assert not mixed


def imports(module):
    "The modules of the package that one imports at its top; a method may import machinery when it is called"
    tree = ast.parse((ROOT/PACKAGE/f'{module}.py').read_text(encoding='utf-8'))
    found = [t for t in tree.body if isinstance(t, ast.ImportFrom)]
    named = [t.module for t in found if t.level == 1 and t.module]
    named += [t.module.split('.')[1] for t in found if t.level == 0 and (t.module or '').startswith(f'{PACKAGE}.')]
    return set(named)


def test_no_modules_import_each_other():
    above = {m: imports(m) for m in map(module_of, chapters()) if m}
    while free := [m for m in above if not above[m] & above.keys()]:
        for m in free: del above[m]
    assert not above, f'a circle among {sorted(above)}'


# ---- What makes a course of them

def lessons():
    return [n for n in notebooks() if re.match(r'(0\d|1[0-578])_|under_the_hood/5[1-7]_|own_photographs', n)]


def prose(name): return [source(c) for c in cells(name) if c['cell_type'] == 'markdown']


def section(text, heading):
    "What stands under a heading of the second level, up to the next one"
    found = re.search(rf'^## {heading}\n(.*?)(?=^## |\Z)', text, flags=re.M | re.S)
    assert found, f'there is no section "## {heading}"'
    return found[1]


@pytest.mark.parametrize('name', lessons())
def test_a_lesson_says_what_it_assumes_and_what_one_has_at_the_end(name):
    first = prose(name)[1]
    assert re.match(r'\*\*Assumes\*\* .+\. \*\*At the end\*\* .+\.(\n|$)', first), \
        'after the title: **Assumes** what a reader should know. **At the end** what they have.'


@pytest.mark.parametrize('name', lessons())
def test_a_lesson_ends_with_exercises_two_of_them_open_and_a_way_on(name):
    text = '\n\n'.join(prose(name))
    tasks = re.findall(r'^(\d+)\. (.*)', section(text, 'Exercises'), flags=re.M)
    assert [int(n) for n, _ in tasks] == list(range(1, len(tasks) + 1)) and len(tasks) >= 4
    are_open = [task.startswith('*Open.*') for _, task in tasks]
    assert sum(are_open) >= 2, 'two exercises at least begin with *Open.*'
    assert are_open == sorted(are_open), 'the open exercises come last'
    assert re.search(r'\]\([^)]+\.ipynb\)', section(text, 'Where next')), 'a link to where one reads on'


@pytest.mark.parametrize('name', notebooks())
def test_every_picture_has_words(name):
    "For those who do not see it: `#| fig-alt: \"…\"` in the cell, or `alt_text` in the code that draws"
    silent = [c['id'] for c in cells(name) for out in c.get('outputs', []) for mime in out.get('data', {})
              if mime.startswith('image/') and not out.get('metadata', {}).get(mime, {}).get('alt')]
    assert not silent, f'pictures without words, or executed before they had some: {silent}'


@pytest.mark.parametrize('name', notebooks())
def test_words_for_pictures_are_on_one_line_in_quotes(name):
    said = [line for c in cells(name) for line in source(c).splitlines() if re.match(r'#\| *fig-alt', line)]
    assert not [line for line in said if not re.fullmatch(r'#\| fig-alt: "[^"]+"', line)]


def test_every_chapter_can_be_opened_in_colab():
    done = run('tools/colab.py', '--check', cwd=ROOT)
    assert done.returncode == 0, f'{done.stdout}: run python tools/colab.py'


@pytest.mark.slow
def test_one_command_fills_in_the_owner(tmp_path):
    "Links to Colab, and a README that works on the page of a package index, wait for it"
    project = copy_project(tmp_path/'project')
    chapter, readme = project/'nbs'/'06_gradient_matching.ipynb', project/'README.md'
    assert 'colab.research' not in chapter.read_text() and 'OWNER' not in readme.read_text()
    done = run('tools/owner.py', 'someone', '--author', 'Some One', '--email', 'one@example.org', cwd=project)
    assert done.returncode == 0, done.stdout
    assert 'colab.research.google.com/github/someone/' in chapter.read_text()
    links = re.findall(r'\]\(([^)#]+)', readme.read_text())
    assert links and all(link.startswith('https://') for link in links)
    assert re.search(r'^user = someone$', (project/'settings.ini').read_text(), re.M)
    assert run('tools/colab.py', '--check', cwd=project).returncode == 0


def test_the_python_of_the_first_page_is_what_was_run():
    found = {c['id']: source(c) for c in cells('index.ipynb')}
    code = found['example'].split('\n', 1)[1]
    assert code.strip() in found['what']


def test_the_readme_is_short(): assert len((ROOT/'README.md').read_text(encoding='utf-8').splitlines()) <= 150


def formulas(name):
    "The formulas in the prose of a notebook"
    text = re.sub(r'`[^`\n]*`', '', re.sub(r'^```.*?^```', '', '\n\n'.join(prose(name)), flags=re.M | re.S))
    return re.findall(r'\$\$.*?\$\$|\$[^$\n]+\$', text, flags=re.S)


def symbols(name):
    "Greek and script letters, and letters with a bar: those that mean one thing in the whole course"
    greek = 'epsilon|theta|vartheta|lambda|mu|psi|omega|phi|eta|ell|sigma|rho|gamma|beta|alpha|delta'
    letter = rf'\\mathcal ?\{{?\w\}}?|\\bar ?\{{?\w\}}?|\\(?:{greek})(?![a-zA-Z])'
    return {re.sub(r'[ {}]', '', s) for f in formulas(name) for s in re.findall(letter, f)}


@pytest.mark.parametrize('name', [n for n in lessons() if '03' <= n < '11'])
def test_symbols_stand_on_the_page_of_notation(name):
    unknown = symbols(name) - symbols('notation.ipynb')
    assert not unknown, f'symbols that nbs/notation.ipynb does not explain: {unknown}'
