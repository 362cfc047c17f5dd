"""Set up a course folder for grading: the assignments, nbgrader's settings and your own hidden tests.

    python tools/make_course.py ~/course                                   # all assignments
    python tools/make_course.py ~/course a1_gradient_distance              # one of them
    python tools/make_course.py ~/course --private ~/my-tests              # with private hidden tests

The folder source/ gets a copy of nbs/assignments, with links to the site, because students don't have the other
notebooks. With --private, the file <assignment>/<cell>.py of your folder is added to the hidden tests of that test cell.
After a change, run this and `nbgrader generate_assignment` again; submissions aren't touched.
"""
import argparse
import json
import posixpath
import re
import shutil
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENTS = ROOT/'nbs'/'assignments'
HIDDEN = re.compile(r'^### BEGIN HIDDEN TESTS\n(.*?)^### END HIDDEN TESTS$', re.M | re.S)


def names() -> list:
    "The names of all assignments"
    return sorted(p.stem for p in ASSIGNMENTS.glob('[!_.]*/*.ipynb') if p.stem == p.parent.name)


def read(path:Path) -> dict: return json.loads(path.read_text(encoding='utf-8'))


def write(nb:dict, path:Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')


def text(cell:dict) -> str: return ''.join(cell['source'])


def graded(cell:dict) -> dict:
    "nbgrader's metadata of a cell; empty without any"
    return cell['metadata'].get('nbgrader', {})


def is_test(cell:dict) -> bool:
    return cell['cell_type'] == 'code' and bool(graded(cell).get('grade')) and not graded(cell)['solution']


def add_hidden(source:str,   # Text of a test cell
               tests:str,    # Python, added after its hidden tests
               ) -> str:
    "The cell with more hidden tests; if it has none, before its last line, which may award the points"
    tests = tests.strip('\n')
    if HIDDEN.search(source):
        return HIDDEN.sub(lambda m: f'### BEGIN HIDDEN TESTS\n{m[1]}{tests}\n### END HIDDEN TESTS', source, count=1)
    *above, last = source.rstrip('\n').split('\n')
    return '\n'.join([*above, '### BEGIN HIDDEN TESTS', tests, '### END HIDDEN TESTS', last])


def add_private(nb:dict, folder:Path):
    "Add the tests in `folder`, one file for each test cell, to the notebook"
    cells = {graded(c)['grade_id']: c for c in nb['cells'] if is_test(c)}
    for file in sorted(folder.glob('*.py')):
        if file.stem not in cells:
            raise SystemExit(f'{file}: no test cell is called {file.stem!r}; there are {", ".join(cells)}')
        cell = cells[file.stem]
        cell['source'] = add_hidden(text(cell), file.read_text(encoding='utf-8')).splitlines(True)


def link_to_site(nb:dict, name:str):
    "Point links to other notebooks at their pages on the site"
    site = site_settings()['doc_host'] + site_settings()['doc_baseurl']
    def page(link):
        path = posixpath.normpath(posixpath.join('assignments', name, link[1].lower()))
        named = re.sub(r'(^|/)\d+[a-z]?_', r'\1', path)      # pages have no numbers
        return f']({site}/{named}.html{link[2] or ""})'
    for c in nb['cells']:
        if c['cell_type'] == 'markdown':
            c['source'] = re.sub(r'\]\((\.\./[^)#\s]+)\.ipynb(#[^)]*)?\)', page, text(c)).splitlines(True)


COLAB_NOTE = """**Your copy.** In Colab, choose *File › Save a copy in Drive* before you begin: only a copy of your own is saved, \
every few minutes and with Ctrl+S. JupyterLab saves every two minutes. The cell below installs what you need in Colab, and does \
nothing elsewhere. To hand in, choose *File › Download*, and keep the name of the file."""


def site_settings() -> dict:
    config = ConfigParser(delimiters=['='])
    config.read(ROOT/'settings.ini', encoding='utf-8')
    return config['DEFAULT']


def add_colab(nb:dict):
    "A note about saving and an install cell for Colab, above the first code cell"
    cfg = site_settings()
    code = f"""if 'google.colab' in str(get_ipython()):
    get_ipython().run_line_magic('pip', 'install -q git+{cfg["git_url"]}@{cfg["branch"]}')"""
    def given(kind, name, source):
        marks = dict(grade=False, grade_id=name, locked=True, schema_version=3, solution=False, task=False)
        more = dict(execution_count=None, outputs=[]) if kind == 'code' else {}
        return dict(cell_type=kind, id=name, metadata=dict(nbgrader=marks), source=source.splitlines(True), **more)
    at = next(i for i, c in enumerate(nb['cells']) if c['cell_type'] == 'code')
    nb['cells'][at:at] = [given('markdown', 'your-copy', COLAB_NOTE), given('code', 'colab', code)]


def without_directives(nb:dict):
    "Take the lines for the site's builder (`#| fig-alt: …`) off the cells"
    for c in nb['cells']: c['source'] = re.sub(r'^#\|.*\n?', '', text(c), flags=re.M).splitlines(True)


def make_course(folder:Path, chosen:list=(), private:Path=None) -> list:
    "Copy the assignments into `folder` and return their names"
    chosen, known = list(chosen) or names(), names()
    unknown = [n for n in chosen if n not in known]
    if unknown: raise SystemExit(f'no assignment {", ".join(unknown)}; there are {", ".join(known)}')
    strange = [p.name for p in private.iterdir() if p.is_dir() and p.name not in known] if private else []
    if strange: raise SystemExit(f'{private}: no assignment {", ".join(strange)}; there are {", ".join(known)}')
    for name in chosen:
        nb = read(ASSIGNMENTS/name/f'{name}.ipynb')
        if private: add_private(nb, private/name)
        link_to_site(nb, name)
        without_directives(nb)
        add_colab(nb)
        ignored = shutil.ignore_patterns('.*', '__pycache__')
        shutil.copytree(ASSIGNMENTS/name, folder/'source'/name, ignore=ignored, dirs_exist_ok=True)
        write(nb, folder/'source'/name/f'{name}.ipynb')
    for file in 'nbgrader_config.py', 'grade.py': shutil.copy2(ASSIGNMENTS/file, folder)
    return chosen


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='the course folder, created if needed')
    parser.add_argument('names', nargs='*', help='assignments (default: all)')
    parser.add_argument('--private', type=Path, help='folder with your own hidden tests')
    args = parser.parse_args(argv)
    if args.private and not args.private.is_dir(): parser.error(f'--private: there is no folder {args.private}')
    made = make_course(args.folder, args.names, args.private)
    print(f'{args.folder}: {", ".join(made)}')
    return 0


if __name__ == '__main__': sys.exit(main())
