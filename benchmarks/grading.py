"""How long a class takes: release, grading and feedback of each assignment, for a hundred pretended students.

    python benchmarks/grading.py                              # all, into results/grading.json: an hour
    python benchmarks/grading.py a1_gradient_distance         # one; what the file has of the others stays
    python benchmarks/grading.py --students 10 --results /tmp/grading.json
    python benchmarks/grading.py --table                      # measure nothing: the table into the teacher's guide

Most hand in the solution, one in ten the release as it is, the others one of the typical mistakes in
tests/submissions. Every one is graded in a kernel of its own, one after the other, on one thread: nbgrader's way.
As many assignments as there are cores are graded at once, each in a course folder of its own, as the guide has it
(`--at-once`). What was measured is kept, so a run that was stopped goes on where it was.
"""
import argparse
import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import cycle
from pathlib import Path

import yaml
from provenance import RESULTS, ROOT, kept, provenance, write

sys.path.insert(0, str(ROOT/'tools'))
from check_assignments import SUBMISSIONS, differing, hand_in, nbgrader, release, scores, submissions
from make_course import make_course, names, read


def cpu() -> float:
    "Processor seconds of the processes that were started from here and have ended"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(work, *args) -> tuple:
    "(what `work` gives, {'wall': seconds, 'cpu': seconds})"
    wall, before = time.perf_counter(), cpu()
    found = work(*args)
    return found, dict(wall=round(time.perf_counter() - wall, 1), cpu=round(cpu() - before, 1))


def a_class(students:int, handed_in:dict) -> dict:
    "{student: (notebook, points deserved)}: of ten, six have the solution, one has nothing, three have made mistakes"
    wrong = cycle([s for s in handed_in if s not in ('reference', 'empty', 'tampered', 'deleted')])
    kinds = ['reference' if i % 10 < 6 else 'empty' if i % 10 == 6 else next(wrong) for i in range(students)]
    return {f'student{i:03d}': handed_in[kind] for i, kind in enumerate(kinds)}


def measure(name:str, students:int) -> dict:
    with tempfile.TemporaryDirectory() as tmp:
        course = Path(tmp)/'course'
        make_course(course, [name])
        source = read(course/'source'/name/f'{name}.ipynb')
        released, seconds = timed(release, course, name)
        wrong = yaml.safe_load((SUBMISSIONS/f'{name}.yml').read_text(encoding='utf-8'))
        everybody = a_class(students, submissions(source, released, wrong))
        for student, (nb, _) in everybody.items(): hand_in(course, name, student, nb)
        _, graded = timed(nbgrader, course, 'autograde', name)
        _, returned = timed(nbgrader, course, 'generate_feedback', name)
        got, unjust = scores(course, name), 0
        for student, (_, deserved) in everybody.items():
            mine = {k: v for k, v in got[student].items() if k != 'manual'}
            unjust += bool(differing(mine, deserved))
    return dict(seconds=dict(release=seconds, autograde=graded, feedback=returned), unjust=unjust)


def table(found:dict) -> str:
    "What was measured, in markdown"
    n = found['settings']['students']
    lines = ['| | release, seconds | grading, minutes | feedback, minutes | one student, seconds of one core |',
             '| --- | ---: | ---: | ---: | ---: |']
    for name, a in sorted(found['assignments'].items()):
        took = a['seconds']
        minutes = [f'{took[k]["wall"]/60:.1f}' for k in ('autograde', 'feedback')]
        each = (took['autograde']['cpu'] + took['feedback']['cpu']) / n
        lines.append(f'| {name} | {took["release"]["wall"]:.0f} | {" | ".join(minutes)} | {each:.1f} |')
    every = found['assignments'].values()
    machine, at_once = next(iter(every))['provenance']['machine'], min(found['settings']['at_once'], len(every))
    minutes = sum(s['wall'] for a in every for s in a['seconds'].values()) / 60 / at_once
    unjust = sum(a['unjust'] for a in every)
    about = f'{n} students, {at_once} assignment{"s"[:at_once != 1]} at once on {machine["cores"]} cores ({machine["cpu"]}): ' \
            f'{minutes:.0f} minutes for all. {"Nobody" if not unjust else unjust} of {n * len(every)} got other points than deserved.'
    return '\n'.join([about, '', *lines])


def write_table(table:str, guide:Path, mark:str='times'):
    "Put the table between its marks in the guide"
    text = guide.read_text(encoding='utf-8')
    marked = re.compile(rf'(<!-- {mark} -->\n).*?(<!-- /{mark} -->)', re.S)
    guide.write_text(marked.sub(lambda m: f'{m[1]}{table}\n{m[2]}', text), encoding='utf-8')


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='assignments (default: all)')
    parser.add_argument('--students', type=int, default=100)
    parser.add_argument('--at-once', type=int, default=os.cpu_count(), help='assignments graded at once (default: one for each core)')
    parser.add_argument('--results', type=Path, default=RESULTS/'grading.json')
    parser.add_argument('--table', action='store_true', help="write the table into the teacher's guide")
    args = parser.parse_args(argv)
    if args.table: return write_table(table(json.loads(args.results.read_text())), ROOT/'nbs'/'assignments'/'README.md')
    found = kept(args.results, dict(settings=dict(students=args.students, at_once=args.at_once), assignments={}))
    todo = [name for name in args.names or names() if args.names or name not in found['assignments']]
    with ProcessPoolExecutor(args.at_once, multiprocessing.get_context('spawn')) as pool:
        runs = {pool.submit(measure, name, args.students): name for name in todo}
        for run in as_completed(runs):
            found['assignments'][runs[run]] = dict(run.result(), provenance=provenance())
            write(args.results, found)
            took = found['assignments'][runs[run]]['seconds']
            print(runs[run], {k: f'{v["wall"]/60:.1f} min' for k, v in took.items()}, flush=True)


if __name__ == '__main__': main()
