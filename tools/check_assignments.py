"""Check the assignments the way a class uses them: release, grade and return right, empty, wrong and tampered work.

    python tools/check_assignments.py                           # all assignments, and a table
    python tools/check_assignments.py a1_gradient_distance      # one
    python tools/check_assignments.py --quick                   # without `deleted` and the students marked `seldom`
    python tools/check_assignments.py --private ~/my-tests      # with your own hidden tests (tools/make_course.py)
    python tools/check_assignments.py --keep course/            # keep the course folder, with the feedback

Simulated students hand in each assignment. `reference` has all solutions and must get every automatic point. `empty`
is the release unchanged, `tampered` has test cells that always pass and emptied given cells, and `deleted` has no test
cells and no answers; these three get no points. The others make the typical mistakes in
tests/submissions/<assignment>.yml: cells that differ from the solution, and the points they deserve (a range of two
numbers if an accuracy decides).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from make_course import graded, is_test, make_course, read, text, write

SUBMISSIONS = Path(__file__).resolve().parent.parent/'tests'/'submissions'
MARKS = 'BEGIN SOLUTION', 'END SOLUTION', 'BEGIN HIDDEN', 'END HIDDEN'


# ---- nbgrader, in the course folder

def nbgrader(course:Path, *args) -> float:
    "Run an nbgrader command and return its seconds"
    here = str(Path(sys.executable).parent)  # nbgrader calls `alembic` by name
    env = {**os.environ, 'PATH': here + os.pathsep + os.environ.get('PATH', ''), 'OMP_NUM_THREADS': '1'}
    start = time.perf_counter()
    code = 'import sys; from nbgrader.apps.nbgraderapp import main; sys.exit(main())'
    done = subprocess.run([sys.executable, '-c', code, *args], cwd=course, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode: raise RuntimeError(f'nbgrader {" ".join(args)} failed\n{done.stdout}')
    return time.perf_counter() - start


def release(course:Path, name:str) -> dict:
    "Make the students' version and return the notebook"
    nbgrader(course, 'generate_assignment', name, '--force')
    return read(course/'release'/name/f'{name}.ipynb')


def hand_in(course:Path, name:str, student:str, nb:dict):
    write(nb, course/'submitted'/student/name/f'{name}.ipynb')


def scores(course:Path, name:str) -> dict:
    "{student: {test cell: points}}, and under 'manual' the cells graded by hand"
    from nbgrader.api import Gradebook
    found = {}
    with Gradebook(f'sqlite:///{course.resolve()}/gradebook.db') as book:
        for submission in book.assignment_submissions(name):
            cells = {g.cell.name: g for n in submission.notebooks for g in n.grades}
            auto = {k: g.auto_score for k, g in cells.items() if g.cell.cell_type == 'code'}
            text_cells = [k for k, g in cells.items() if g.cell.cell_type != 'code' and g.needs_manual_grade]
            found[submission.student.id] = dict(auto, manual=text_cells)
    return found


# ---- What pretended students hand in

def changed(nb:dict, change) -> dict:
    "A copy of the notebook after `change(cell)` for every cell; None drops the cell"
    cells = [change(json.loads(json.dumps(c))) for c in nb['cells']]
    return {**nb, 'cells': [c for c in cells if c]}


def replaced(source:dict, cells:dict) -> dict:
    "The notebook with new text in some cells"
    missing = cells.keys() - {c['id'] for c in source['cells']}
    if missing: raise SystemExit(f'no cell is called {", ".join(sorted(missing))}')
    def change(c): return {**c, 'source': cells[c['id']].splitlines(True)} if c['id'] in cells else c
    return changed(source, change)


def tamper(c:dict) -> dict:
    "Test cells that always pass, and emptied given cells"
    if c['cell_type'] == 'code' and graded(c).get('locked'): c['source'] = ['pass']
    return c


def points(source:dict) -> dict:
    "{test cell: its points}"
    return {graded(c)['grade_id']: graded(c)['points'] for c in source['cells'] if is_test(c)}


def submissions(source:dict, released:dict, wrong:dict) -> dict:
    "{student: (notebook, {test cell: points deserved})}"
    full = points(source)
    none = dict.fromkeys(full, 0)
    made = {'reference': (source, full), 'empty': (released, none),
            'tampered': (changed(released, tamper), none),
            'deleted': (changed(released, lambda c: None if graded(c).get('grade') else c), none)}
    for student, w in wrong.items():
        unknown = w['points'].keys() - full.keys()
        if unknown: raise SystemExit(f'{student}: no test cell is called {", ".join(unknown)}')
        made[student] = replaced(source, w['cells']), {**full, **w['points']}
    return made


# ---- The check

def release_faults(source:dict, released:dict) -> list:
    "Faults in a release: hidden tests or lines of a solution that show"
    shown = '\n'.join(text(c) for c in released['cells'])
    faults = [f'the release shows {m!r}' for m in MARKS if m in shown]
    given = '\n'.join(text(c) for c in source['cells'] if not graded(c).get('solution'))
    for c in source['cells']:
        if not graded(c).get('solution') or c['cell_type'] != 'code': continue
        own = text(c).partition('BEGIN SOLUTION')[2].partition('### END SOLUTION')[0]
        lines = [line.strip() for line in own.splitlines() if len(line.strip()) > 20]
        faults += [f'the release shows a line of {c["id"]}: {line}' for line in lines
                   if line in shown and line not in given]
    return faults


def check(course:Path, name:str, quick:bool=False, students:list=()) -> dict:
    "Release, grade and return an assignment: points each student got and deserves, faults, and seconds"
    source = read(course/'source'/name/f'{name}.ipynb')
    start = time.perf_counter()
    released = release(course, name)
    seconds = dict(release=time.perf_counter() - start)
    wrong = yaml.safe_load((SUBMISSIONS/f'{name}.yml').read_text(encoding='utf-8'))
    if quick: wrong = {s: w for s, w in wrong.items() if not w.get('seldom')}
    handed_in = submissions(source, released, wrong)
    if quick:       # one student for two: every second test cell is gone, the others always pass
        handed_in.pop('deleted')
        gone = set(list(points(source))[::2])
        handed_in['tampered'] = changed(released, lambda c: None if c['id'] in gone else tamper(c)), dict.fromkeys(points(source), 0)
    asked = {'reference', 'empty', *students}
    if students: handed_in = {s: h for s, h in handed_in.items() if s in asked}
    for student, (nb, _) in handed_in.items(): hand_in(course, name, student, nb)
    seconds['autograde'] = nbgrader(course, 'autograde', name) / len(handed_in)
    seconds['feedback'] = nbgrader(course, 'generate_feedback', name) / len(handed_in)
    got, faults, students = scores(course, name), release_faults(source, released), {}
    for student, (_, deserved) in handed_in.items():
        mine = dict(got.get(student, {}))
        manual = mine.pop('manual', None)
        students[student] = dict(got=mine, deserved=deserved, manual=manual)
        if differing(mine, deserved): faults.append(f'{student} got {differing(mine, deserved)}')
        if not (course/'feedback'/student/name/f'{name}.html').exists(): faults.append(f'{student} has no feedback')
        graded_nb = read(course/'autograded'/student/name/f'{name}.ipynb')
        tests = {c['id']: text(c) for c in source['cells'] if c['cell_type'] == 'code' and graded(c).get('locked')}
        back = {graded(c).get('grade_id'): text(c) for c in graded_nb['cells'] if c['cell_type'] == 'code'}
        lost = [i for i, t in tests.items() if t not in back.get(i, '')]
        if lost: faults.append(f'{student}: not restored: {", ".join(lost)}')
    texts = [graded(c)['grade_id'] for c in source['cells'] if c['cell_type'] == 'markdown' and graded(c).get('grade')]
    if not texts: faults.append('there is no question for a person to read')
    if students['reference']['manual'] != texts: faults.append('the answers in words do not wait for a person')
    if students['empty']['manual']: faults.append('an answer that was not given waits for a person')
    return dict(name=name, points=points(source), students=students, faults=faults, seconds=seconds)


def differing(got:dict, deserved:dict) -> str:
    "The cells with wrong points, as a sentence; empty if there are none"
    def fair(k):
        low, high = d if isinstance(d := deserved.get(k), list) else (d, d)
        return got.get(k) is not None and low is not None and low <= got[k] <= high
    return ', '.join(f'{got.get(k)} for {k}, deserves {deserved.get(k)}' for k in {**deserved, **got} if not fair(k))


def table(results:list) -> str:
    "A line for each student and assignment"
    def total(p):
        low, high = (sum(v[i] if isinstance(v, list) else v or 0 for v in p.values()) for i in (0, 1))
        return f'{low:g}' if low == high else f'{low:g}–{high:g}'
    rows = [('assignment', 'handed in', 'points', 'deserved', 'of', '')]
    for r in results:
        for student, s in r['students'].items():
            wrong = differing(s['got'], s['deserved'])
            wrong = wrong and f'<-- {wrong}'
            rows.append((r['name'], student, total(s['got']), total(s['deserved']), total(r['points']), wrong))
    width = [max(len(row[i]) for row in rows) for i in range(5)]
    align = [str.ljust, str.ljust, str.rjust, str.rjust, str.rjust]
    return '\n'.join('  '.join([*(f(v, w) for f, v, w in zip(align, row, width)), row[5]]).rstrip() for row in rows)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='assignments (default: all)')
    parser.add_argument('--private', type=Path, help='folder with your own hidden tests')
    parser.add_argument('--keep', type=Path, help='a new course folder, which is kept')
    parser.add_argument('--quick', action='store_true', help='leave out the students that are marked `seldom`')
    parser.add_argument('--students', type=lambda s: s.split(','), default=(), help='these, reference and empty; names with commas')
    parser.add_argument('--json', type=Path, help='write all results to this file too')
    args = parser.parse_args(argv)
    if args.keep and args.keep.exists(): parser.error(f'--keep: {args.keep} exists')
    try: import nbgrader  # noqa: F401
    except ImportError: parser.error("nbgrader is missing: pip install -e '.[course]'")
    results = []
    with tempfile.TemporaryDirectory() as tmp:
        course = args.keep or Path(tmp)/'course'
        course.mkdir(parents=True)
        for name in make_course(course, args.names, args.private):
            results.append(check(course, name, args.quick, args.students))
            took = ', '.join(f'{k} {v:.1f}' for k, v in results[-1]['seconds'].items())
            print(f'{name}: seconds {took} (the last two for each student)', file=sys.stderr, flush=True)
    print(table(results))
    faults = [f'{r["name"]}: {f}' for r in results for f in r['faults']]
    print(*faults, sep='\n', file=sys.stderr)
    if args.json: args.json.write_text(json.dumps(results, indent=1) + '\n', encoding='utf-8')
    return 1 if faults else 0


if __name__ == '__main__': sys.exit(main())
