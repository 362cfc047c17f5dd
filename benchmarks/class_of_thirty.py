"""A class of thirty, from release to grades, by the commands of the teacher's guide and by both graders.

    python benchmarks/class_of_thirty.py                         # all assignments, into results/class_of_thirty.json
    python benchmarks/class_of_thirty.py a1_gradient_distance    # one; what the file has of the others stays
    python benchmarks/class_of_thirty.py --table                 # measure nothing: the table into the teacher's guide

Ten kinds of submissions, three students each: right (also in another way), half right (a typical mistake), the release
as it is, five times cheats (those in tests/submissions, test cells that always pass, test cells that are gone), one
that ends the process and one that never ends. The commands are those of the guide, word for word but for the folder
and the assignment; nbgrader and grade.py grade everyone, at the same time. Exits with 1 if anyone gets other points than deserved, or
not the same from both.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import yaml
from provenance import RESULTS, ROOT, kept, provenance, write

sys.path.insert(0, str(ROOT/'tools'))
from check_assignments import SUBMISSIONS, differing, hand_in, is_test, points, release_faults, replaced, scores, submissions
from grading import write_table
from make_course import graded, names, read

GUIDE = ROOT/'nbs'/'assignments'/'README.md'
KINDS, CHEATS = 10, 5      # kinds of submissions; five of them cheat
ENDS = 'import os\nos._exit(3)', 'import sys, os, signal\nos.kill(os.getpid(), signal.SIGKILL)', \
       'import ctypes\nctypes.string_at(0)'
ENDLESS = 'while True: pass', 'import time\ntime.sleep(1e6)', 'while True:\n    try: 1 / 0\n    except ZeroDivisionError: pass'


def solutions(source:dict) -> list:
    "The code cells that students write"
    return [c['id'] for c in source['cells'] if c['cell_type'] == 'code' and graded(c).get('solution')]


def stopped(source:dict, cell:str, code:str, all_below:bool) -> tuple:
    "(notebook with `code` in a cell, points deserved): nothing below it, or nothing for the tests up to the next answer"
    order = [c['id'] for c in source['cells']]
    at, full = order.index(cell), points(source)
    answers = [i for i in solutions(source) if order.index(i) > at]
    end = len(order) if all_below or not answers else order.index(answers[0])
    lost = [c['id'] for c in source['cells'][at:end] if is_test(c)]
    return replaced(source, {cell: code}), {**full, **dict.fromkeys(lost, 0)}


def a_class(source:dict, released:dict, wrong:dict, each:int=3) -> dict:
    "{student: (kind, what it is, notebook, points deserved)}, `each` of every kind"
    made, full = submissions(source, released, wrong), points(source)
    right = ['reference', *(s for s in wrong if made[s][1] == full)]
    cheats = [*(s for s in wrong if wrong[s].get('cheat')), 'tampered', 'deleted']
    half = [s for s in wrong if s not in {*right, *cheats}]
    answers = solutions(source)
    kinds = dict(right=(right, each), half=(half, each), empty=(['empty'], each), cheat=(cheats, CHEATS * each))
    found = [(kind, s, *made[s]) for kind, (who, n) in kinds.items() for s in islice(cycle(who), n)]
    found += [('crashing', f'ends-in-{answers[len(answers)//2]}', *stopped(source, answers[len(answers)//2], code, True)) for code in islice(cycle(ENDS), each)]
    found += [('endless', f'stays-in-{answers[-1]}', *stopped(source, answers[-1], code, False)) for code in islice(cycle(ENDLESS), each)]
    return {f'student{i:02d}': row for i, row in enumerate(found)}


def said_in_the_guide(command:str):
    "Fail if the guide doesn't have this command"
    if command not in GUIDE.read_text(encoding='utf-8'): raise SystemExit(f'the guide has no command {command!r}')


def obey(command:str, folder:Path, **put) -> float:
    "Run a command of the guide with other words in some places, in `folder`; its seconds"
    said_in_the_guide(command)
    words = [put.get(w, w) for w in command.split()]
    here = str(Path(sys.executable).parent)
    env = {**os.environ, 'PATH': here + os.pathsep + os.environ['PATH'], 'VIRTUAL_ENV': str(Path(here).parent)}
    env.pop('PYTHONPATH', None)
    start = time.perf_counter()
    done = subprocess.run([w for word in words for w in (word if isinstance(word, list) else [word])], cwd=folder, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode: raise RuntimeError(f'{command}: exit code {done.returncode}\n{done.stdout[-3000:]}')
    return round(time.perf_counter() - start, 1)


def measure(name:str, folder:Path, each:int) -> dict:
    course, one = folder/'course', {'a1_gradient_distance': name}
    took = dict(make_course=obey('python tools/make_course.py ~/course', ROOT, **{'~/course': [str(course), name]}))
    source = read(course/'source'/name/f'{name}.ipynb')
    took['release'] = obey('nbgrader generate_assignment a1_gradient_distance', course, **one)
    released = read(course/'release'/name/f'{name}.ipynb')
    wrong = yaml.safe_load((SUBMISSIONS/f'{name}.yml').read_text(encoding='utf-8'))
    everyone = a_class(source, released, wrong, each)
    with open(course/'students.csv', 'w', newline='') as f:
        csv.writer(f).writerows([('id', 'first_name', 'last_name', 'email'), *((s, s, kind, '') for s, (kind, *_) in everyone.items())])
    took['students'] = obey('nbgrader db student import students.csv', course)
    for student, (_, _, nb, _) in everyone.items(): hand_in(course, name, student, nb)
    submitted = [str(course/'submitted'/s/name/f'{name}.ipynb') for s in everyone]
    with ThreadPoolExecutor() as pool:
        script = pool.submit(obey, 'python nbs/assignments/grade.py a1_gradient_distance.ipynb', ROOT,
                             **{'a1_gradient_distance.ipynb': [*submitted, '--json', str(course/'points.json')]})
        took['autograde'] = obey('nbgrader autograde a1_gradient_distance', course, **one)
        took['feedback'] = obey('nbgrader generate_feedback a1_gradient_distance', course, **one)
        took['export'] = obey('nbgrader export', course)
        took['grade.py'] = script.result()
    return judged(course, name, everyone, took, release_faults(source, released))


def judged(course:Path, name:str, everyone:dict, took:dict, faults:list) -> dict:
    "Points from both graders beside those deserved"
    by_nbgrader = scores(course, name)
    by_script = {Path(r['notebook']).parent.parent.name: r for r in json.loads((course/'points.json').read_text())}
    with open(course/'grades.csv', newline='') as f: totals = {r['student_id']: float(r['score']) for r in csv.DictReader(f)}
    kinds = {}
    for student, (kind, what, _, deserved) in everyone.items():
        nbg = {k: v for k, v in by_nbgrader[student].items() if k != 'manual'}
        script = {t['cell']: t['points'] for t in by_script[student]['tests']}
        for who, got in (('nbgrader', nbg), ('grade.py', script)):
            if differing(got, deserved): faults.append(f'{student} ({what}), {who}: {differing(got, deserved)}')
        if nbg != script: faults.append(f'{student} ({what}): {nbg} and {script}')
        if totals.get(student) != sum(nbg.values()): faults.append(f'{student}: {totals.get(student)} in grades.csv')
        if not (course/'feedback'/student/name/f'{name}.html').exists(): faults.append(f'{student} has no feedback')
        k = kinds.setdefault(kind, dict(students=0, what=[], points=[], seconds=[]))
        k['students'] += 1
        if what not in k['what']: k['what'].append(what)
        k['points'].append(sum(nbg.values()))
        k['seconds'].append(by_script[student]['seconds'])
    n = len(everyone)
    each = {k: round(took[k] / n, 1) for k in ('autograde', 'feedback', 'grade.py')}
    return dict(students=n, kinds=kinds, seconds=took, seconds_each=each, faults=faults)


def table(found:dict) -> str:
    "What was measured, in markdown"
    every = sorted(found['assignments'].items())
    n, bad = sum(a['students'] for _, a in every), sum(len(a['faults']) for _, a in every)
    busy = [a['provenance']['machine'] for _, a in every]
    loads, cores = [m['load'] for m in busy], busy[0]['cores']
    lines = [f'{n} submissions: {"all got the points they deserve" if not bad else f"{bad} faults"}, from nbgrader and from grade.py. Other '
             f'programs ran meanwhile (load {min(loads):g} to {max(loads):g} on {cores} cores), so a quiet machine takes a fraction of it.', '',
             '| | students | nbgrader, seconds a student | feedback | grade.py | right | half | empty | cheats | crashing | endless |',
             '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |']
    for name, a in every:
        s = a['seconds_each']
        def span(kind):
            low, high = min(p := a['kinds'][kind]['points']), max(p)
            return f'{low:g}' if low == high else f'{low:g}–{high:g}'
        spans = ' | '.join(map(span, ('right', 'half', 'empty', 'cheat', 'crashing', 'endless')))
        lines.append(f'| {name} | {a["students"]} | {s["autograde"]} | {s["feedback"]} | {s["grade.py"]} | {spans} |')
    return '\n'.join(lines)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='assignments (default: all)')
    parser.add_argument('--each', type=int, default=3, help='students of each kind (default: 3)')
    parser.add_argument('--results', type=Path, default=RESULTS/'class_of_thirty.json')
    parser.add_argument('--table', action='store_true', help="write the table into the teacher's guide")
    args = parser.parse_args(argv)
    if args.table:
        write_table(table(json.loads(args.results.read_text())), GUIDE, 'class')
        return 0
    found, bad = kept(args.results, dict(settings=dict(kinds=KINDS), assignments={})), 0
    for name in args.names or [n for n in names() if n not in found['assignments']]:
        with tempfile.TemporaryDirectory() as tmp: row = measure(name, Path(tmp), args.each)
        found = kept(args.results, dict(settings=dict(kinds=KINDS), assignments={}))     # another run may have written meanwhile
        found['assignments'][name] = dict(row, provenance=provenance())
        write(args.results, found)
        print(name, row['seconds_each'], *row['faults'], sep='\n', flush=True)
        bad += len(row['faults'])
    return 1 if bad else 0


if __name__ == '__main__': sys.exit(main())
