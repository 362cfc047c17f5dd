"""Build the autograder of an assignment for Gradescope, and try it as Gradescope does.

    python tools/gradescope.py a1_gradient_distance             # autograders/a1_gradient_distance.zip
    python tools/gradescope.py --private ~/my-tests             # all of them, with your own hidden tests
    python tools/gradescope.py a1_gradient_distance --try mine.ipynb   # in an empty folder; prints results.json

The zip has setup.sh, run_autograder, the package, grade.py and the assignment with its hidden tests, and no solution.
Upload it under Configure Autograder, with Ubuntu and Python 3.10 or later. Answers in words are no part of it: make an
assignment of the other kind for them, or read them in the notebook.
"""
import argparse
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from make_course import ASSIGNMENTS, ROOT, add_private, graded, names, read, text

PACKAGE = 'dataset_condensation', 'setup.py', 'settings.ini', 'pyproject.toml', 'README.md', 'LICENSE'
SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, when it builds the machine for the assignment
set -e
apt-get update -y && apt-get install -y python3 python3-pip python3-venv
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install /autograder/source/package
"""
RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission, in a new container
cd "$(dirname "$0")"
python=venv/bin/python
[ -x $python ] || python=python3
exec $python source/to_gradescope.py
"""
GRADE = '''"Grade what is in submission/, and write results/results.json"
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import grade

TOP = HERE.parent


def results() -> dict:
    handed_in = sorted(p for p in (TOP/'submission').rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)
    if len(handed_in) != 1: return dict(score=0, output=f'Hand in one notebook; there are {len(handed_in)}.')
    known = grade.sources(HERE/'assignments')
    try:
        nb = grade.read(handed_in[0])
        found = grade.grade(nb, known[grade.which(nb, known)])
    except (OSError, ValueError, KeyError, TypeError) as e: return dict(score=0, output=f'Not graded: {e}')
    def row(t):
        why = ''.join(f'{w[0].upper()}{w[1:]}.\\n' for w in t['why'])
        return dict(name=f"{t['cell']}: {t['about']}", score=t['points'], max_score=t['of'], output=why, visibility='visible')
    return dict(tests=[row(t) for t in found['tests']], execution_time=round(found['seconds']), visibility='visible')


(TOP/'results').mkdir(exist_ok=True)
(TOP/'results'/'results.json').write_text(json.dumps(results(), ensure_ascii=False, indent=1), encoding='utf-8')
'''


def without_solutions(nb:dict) -> dict:
    "The notebook as it grades: tests are complete, solutions are gone"
    def cell(c):
        stub = "raise NotImplementedError('your turn')" if c['cell_type'] == 'code' else 'YOUR ANSWER HERE'
        cut = re.sub(r'^( *)### BEGIN SOLUTION.*?### END SOLUTION', lambda m: m[1] + stub, text(c), flags=re.M | re.S)
        more = dict(outputs=[]) if c['cell_type'] == 'code' else {}
        return {**c, 'source': cut.splitlines(True), **more} if graded(c) else c
    return {**nb, 'cells': [cell(c) for c in nb['cells']]}


def build(name:str, to:Path, private:Path=None) -> Path:
    "Write the zip and return its path"
    nb = read(ASSIGNMENTS/name/f'{name}.ipynb')
    if private: add_private(nb, private/name)
    files = {'setup.sh': SETUP, 'run_autograder': RUN, 'to_gradescope.py': GRADE,
             'grade.py': (ASSIGNMENTS/'grade.py').read_text(encoding='utf-8'),
             f'assignments/{name}/{name}.ipynb': json.dumps(without_solutions(nb), ensure_ascii=False)}
    to.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(to/f'{name}.zip', 'w', zipfile.ZIP_DEFLATED) as z:
        for file, content in files.items():
            info = zipfile.ZipInfo(file, (2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if file in ('setup.sh', 'run_autograder') else 0o644) << 16
            z.writestr(info, content)
        for part in PACKAGE:
            paths = [ROOT/part] if (ROOT/part).is_file() else sorted(p for p in (ROOT/part).rglob('*') if p.is_file())
            for p in paths:
                if '__pycache__' not in p.parts: z.write(p, Path('package')/p.relative_to(ROOT))
    return to/f'{name}.zip'


def tried(archive:Path, notebook:Path) -> dict:
    "What the autograder in the zip gives for a notebook: unpacked as Gradescope does, in an empty folder"
    with tempfile.TemporaryDirectory() as tmp:
        top = Path(tmp)
        with zipfile.ZipFile(archive) as z: z.extractall(top/'source')
        (top/'submission').mkdir()
        (top/'submission'/notebook.name).write_bytes(notebook.read_bytes())
        start = top/'run_autograder'
        start.write_bytes((top/'source'/'run_autograder').read_bytes())
        start.chmod(start.stat().st_mode | stat.S_IXUSR)
        env = {**os.environ, 'PATH': str(Path(sys.executable).parent) + os.pathsep + os.environ.get('PATH', ''),
               'PYTHONPATH': str(top/'source'/'package')}
        done = subprocess.run([str(start)], cwd='/', env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if not (top/'results'/'results.json').exists(): raise SystemExit(f'no results.json\n{done.stdout}')
        return json.loads((top/'results'/'results.json').read_text(encoding='utf-8'))


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='assignments (default: all)')
    parser.add_argument('--to', type=Path, default=Path('autograders'), help='folder for the zips (default: autograders)')
    parser.add_argument('--private', type=Path, help='folder with your own hidden tests')
    parser.add_argument('--try', type=Path, dest='notebook', help='grade this notebook with the one zip that is built')
    args = parser.parse_args(argv)
    unknown = [n for n in args.names if n not in names()]
    if unknown: parser.error(f'no assignment {", ".join(unknown)}; there are {", ".join(names())}')
    if args.private and not args.private.is_dir(): parser.error(f'--private: there is no folder {args.private}')
    if args.notebook and (len(args.names) != 1 or not args.notebook.is_file()): parser.error('--try: one assignment and a notebook')
    for name in args.names or names():
        made = build(name, args.to, args.private)
        print(f'{made}: {made.stat().st_size / 1e6:.1f} MB', file=sys.stderr)
    if args.notebook: print(json.dumps(tried(made, args.notebook), indent=1, ensure_ascii=False))
    return 0


if __name__ == '__main__': sys.exit(main())
