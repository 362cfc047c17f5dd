"The assignments are released, graded and returned by nbgrader, and give what is handed in the points it deserves"
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import yaml
from conftest import ROOT, run
from processes import python

sys.path[:0] = [str(ROOT/'tools'), str(ROOT/'nbs'/'assignments')]
import gradescope
import grade
import leaderboard
import solutions
import term
from check_assignments import points, replaced
from make_course import add_hidden, graded, is_test, make_course, names, read, text

pytestmark = pytest.mark.skipif(not solutions.are_there(), reason='the solutions are elsewhere: python tools/solutions.py put')
PRETENDED = 'reference', 'empty', 'tampered', 'deleted'    # the others are in tests/submissions
FOLDER, SUBMISSIONS = ROOT/'nbs'/'assignments', ROOT/'tests'/'submissions'


@pytest.fixture(scope='module')
def checked(request, tmp_path_factory):
    "The result of tools/check_assignments.py for each assignment, several at a time, while other tests run; {} without nbgrader"
    asked = any(t.name.startswith('test_everyone') for t in request.session.items)
    if not (asked and find_spec('nbgrader')):
        yield {}
        return
    folder = tmp_path_factory.mktemp('grading')
    pool = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 4))
    def check(name):
        path = folder/f'{name}.json'
        return run('tools/check_assignments.py', name, '--quick', '--json', path, cwd=ROOT), path
    yield {name: pool.submit(check, name) for name in names()}
    pool.shutdown(cancel_futures=True)


@pytest.mark.slow
@pytest.mark.usefixtures('checked')
@pytest.mark.parametrize('student', ['reference', 'replaces-the-judges', 'derives-it-otherwise'])
def test_the_script_gives_what_nbgrader_gives(student):
    "nbgrader's own points are compared with those in tests/submissions below"
    source = read(FOLDER/'a1_gradient_distance'/'a1_gradient_distance.ipynb')
    told = yaml.safe_load((SUBMISSIONS/'a1_gradient_distance.yml').read_text(encoding='utf-8')).get(student, {})
    nb = replaced(source, told.get('cells', {}))
    found = {t['cell']: t['points'] for t in grade.grade(nb, source)['tests']}
    assert found == {**points(source), **told.get('points', {})}


@pytest.mark.slow
def test_the_script_names_what_is_lost_and_survives_what_it_runs(tmp_path):
    source = read(FOLDER/'a1_gradient_distance'/'a1_gradient_distance.ipynb')
    cells = {'angle-slope': 'import time\nwhile True: time.sleep(1)', 'column-angle': 'import os\nos._exit(3)'}
    (tmp_path/'mine.ipynb').write_text(json.dumps(replaced(source, cells)), encoding='utf-8')
    done = run(FOLDER/'grade.py', tmp_path/'mine.ipynb', '--seconds', '20', '--json', tmp_path/'points.json', cwd=tmp_path)
    assert done.returncode == 0 and 'exit code 3' in done.stdout, done.stdout
    result, = json.loads((tmp_path/'points.json').read_text(encoding='utf-8'))
    assert result['points'] == 0 and all(t['why'] for t in result['tests'])
    (tmp_path/'other.ipynb').write_text('{"cells": []}')
    done = run(FOLDER/'grade.py', tmp_path/'other.ipynb', cwd=tmp_path)
    assert done.returncode == 2 and 'not graded: no cell of an assignment' in done.stdout


def test_without_proc_the_script_has_no_limit_on_memory_and_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(grade, 'STATM', tmp_path/'statm')
    grade.limit_memory(1e-9)
    assert grade.main([str(tmp_path/'absent.ipynb')]) == 2
    assert 'no limit on memory' in capsys.readouterr().err


@pytest.mark.slow
def test_private_tests_count_and_are_not_released(tmp_path):
    pytest.importorskip('nbgrader', reason="grading needs nbgrader: pip install -e '.[course]'")
    private = tmp_path/'private'/'a1_gradient_distance'
    private.mkdir(parents=True)
    (private/'opinions.py').write_text('# What no one can meet\nassert angle(a, first) > 1e9\n')
    done = run('tools/check_assignments.py', 'a1_gradient_distance', '--private', tmp_path/'private',
               '--students', 'empty', '--keep', tmp_path/'course', cwd=ROOT)
    assert done.returncode == 1 and 'reference got 0.0 for opinions, deserves 2' in done.stdout, done.stdout
    release = next((tmp_path/'course'/'release').rglob('*.ipynb')).read_text(encoding='utf-8')
    assert '1e9' not in release and 'HIDDEN' not in release


def test_private_tests_stand_where_points_are_not_lost():
    assert add_hidden('a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\naward(1)', 'c\n') == \
        'a\n### BEGIN HIDDEN TESTS\nb\nc\n### END HIDDEN TESTS\naward(1)'
    assert add_hidden('a\naward(1)\n', 'c') == 'a\n### BEGIN HIDDEN TESTS\nc\n### END HIDDEN TESTS\naward(1)'


def test_a_private_test_for_no_cell_is_an_error(tmp_path):
    (tmp_path/'private'/'a1_gradient_distance').mkdir(parents=True)
    (tmp_path/'private'/'a1_gradient_distance'/'slop.py').write_text('assert True\n')
    with pytest.raises(SystemExit, match="no test cell is called 'slop'; there are slope"):
        make_course(tmp_path/'course', ['a1_gradient_distance'], tmp_path/'private')
    with pytest.raises(SystemExit, match='no assignment a9'): make_course(tmp_path/'course', ['a9'])


def test_students_are_sent_to_the_site_and_not_to_notebooks_they_do_not_have(tmp_path):
    for name in make_course(tmp_path/'course'):
        words = '\n'.join(text(c) for c in read(tmp_path/'course'/'source'/name/f'{name}.ipynb')['cells'])
        links = re.findall(r'\]\(([^)]+)\)', '\n'.join(line for line in words.splitlines() if '](' in line))
        assert not [link for link in links if '.ipynb' in link], name
        pages = [re.search(r'/dataset_condensation/(.+?)\.html', link)[1] for link in links if '.html' in link]
        assert pages and all(any(f.stem.lower().endswith(p.split('/')[-1]) for f in (ROOT/'nbs').rglob('*.ipynb')) for p in pages)


def test_students_get_one_install_cell_and_no_lines_for_the_builder(tmp_path):
    for name in make_course(tmp_path/'course'):
        nb = read(tmp_path/'course'/'source'/name/f'{name}.ipynb')
        words = '\n'.join(text(c) for c in nb['cells'])
        assert words.count('google.colab') == 1 and words.count('Save a copy in Drive') == 1, name
        assert not re.search('^#\\|', words, re.M), name


def test_every_formula_can_be_drawn_for_feedback():
    pytest.importorskip('nbgrader', reason="grading needs nbgrader: pip install -e '.[course]'")
    from traitlets.config import Config
    before, space = dict(os.environ), dict(get_config=Config)
    try: exec(compile((FOLDER/'nbgrader_config.py').read_text(encoding='utf-8'), 'nbgrader_config.py', 'exec'), space)
    finally:
        os.environ.clear()
        os.environ.update(before)
    for name in names():
        for c in read(FOLDER/name/f'{name}.ipynb')['cells']:
            if c['cell_type'] == 'markdown':
                drawn = space['FORMULA'].sub(lambda m: m[0] if m[1] else space['formula'](m), text(c))
                assert not re.search(r'\$[^$\n]+\$', re.sub('`[^`]*`|<img[^>]*>', '', drawn)), f'{name}, {c["id"]}'


def test_solutions_are_taken_out_and_put_back_to_the_byte(tmp_path):
    def files(): return {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob('*') if p.suffix in ('.ipynb', '.yml')}
    for name in names():
        for p in FOLDER/name/f'{name}.ipynb', SUBMISSIONS/f'{name}.yml':
            (tmp_path/p.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path/p.relative_to(ROOT)).write_bytes(p.read_bytes())
    before = files()
    solutions.take(tmp_path/'kept.zip', tmp_path)
    assert not solutions.are_there(tmp_path) and not list(tmp_path.rglob('*.yml'))
    for path, content in before.items():
        if path.suffix != '.ipynb': continue
        source, left = json.loads(content), (tmp_path/path).read_text(encoding='utf-8')
        given = '\n'.join(text(c) for c in source['cells'] if not graded(c)['solution'])
        own = [line.strip() for c in source['cells'] if graded(c)['solution']
               for line in text(c).partition('BEGIN SOLUTION')[2].splitlines()[1:] if len(line.strip()) > 25]
        shown = [line for line in own if json.dumps(line, ensure_ascii=False)[1:-1] in left and line not in given]
        assert not shown, f'{path}: {shown[0]}'
    with pytest.raises(SystemExit, match='exists'): solutions.take(tmp_path/'kept.zip', tmp_path)
    solutions.put(tmp_path/'kept.zip', tmp_path)
    assert files() == before


@pytest.mark.slow
def test_gradescope_gets_the_points_of_the_script_and_no_solution(tmp_path):
    name = 'a2_planted_bug'
    source = read(FOLDER/name/f'{name}.ipynb')
    archive = gradescope.build(name, tmp_path)
    told = yaml.safe_load((SUBMISSIONS/f'{name}.yml').read_text(encoding='utf-8'))['finds-one-of-three']
    (tmp_path/'mine.ipynb').write_text(json.dumps(replaced(source, told['cells'])), encoding='utf-8')
    found = gradescope.tried(archive, tmp_path/'mine.ipynb')
    assert {t['name'].split(':')[0]: t['score'] for t in found['tests']} == {**points(source), **told['points']}
    assert any(t['output'] for t in found['tests'] if t['score'] < t['max_score'])
    with gradescope.zipfile.ZipFile(archive) as z: kept = z.read(f'assignments/{name}/{name}.ipynb').decode()
    assert 'BEGIN SOLUTION' not in kept and 'BEGIN HIDDEN TESTS' in kept


def test_the_term_is_what_its_source_and_the_chapters_say(tmp_path):
    assert term.PAGE.read_text(encoding='utf-8') == term.page(), 'python tools/term.py'
    made = term.write_slides(tmp_path)
    assert len(made) == 14
    for p in made:
        page = p.read_text(encoding='utf-8')
        assert 5 <= page.count('<section>') <= 7 and page.count('<h1') == 1 and 'alt=""' not in page, p.name


def test_hours_rest_on_counts_of_today_and_are_the_same_everywhere():
    plan, counted = yaml.safe_load(term.TERM.read_text(encoding='utf-8')), json.loads(term.WORK.read_text(encoding='utf-8'))
    for name in names():
        assert {k: v for k, v in counted[name].items() if k != 'seconds'} == term.work(name), f'{name}: python tools/term.py --count'
        hours = term.assignment_hours(plan, name, counted)
        intro = next(text(c) for c in read(FOLDER/name/f'{name}.ipynb')['cells'] if c['id'] == 'intro')
        row, = re.findall(rf'^.*\({name}/{name}\.ipynb\).*$', (FOLDER/'README.md').read_text(encoding='utf-8'), re.M)
        assert f'It takes about {hours:g} hours' in intro and row.endswith(f'| {hours:g} h |'), name


def test_a_class_of_thirty_has_ten_kinds_of_submissions(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT/'benchmarks'))
    import class_of_thirty
    for name in names():
        source = read(FOLDER/name/f'{name}.ipynb')
        told = yaml.safe_load((SUBMISSIONS/f'{name}.yml').read_text(encoding='utf-8'))
        kinds = [kind for kind, *_ in class_of_thirty.a_class(source, source, told).values()]
        assert {k: kinds.count(k) for k in kinds} == dict(right=3, half=3, empty=3, cheat=15, crashing=3, endless=3), name


# ---- What an assignment in this project looks like; this needs no nbgrader

@pytest.mark.parametrize('name', names())
def test_an_assignment_says_what_it_assumes_and_what_it_gives(name):
    nb = read(FOLDER/name/f'{name}.ipynb')
    words = '\n'.join(text(c) for c in nb['cells'] if c['cell_type'] == 'markdown')
    assert '**What this assumes.**' in words and re.search(r'\]\(\.\./\.\./\d\d\w*\.ipynb\)', words)
    announced = sum(int(n) for n in re.findall(r'^\| \d · [^|]+\| (\d+) \|', words, re.M))
    assert announced == sum(graded(c).get('points', 0) for c in nb['cells'])
    assert any('from dataset_condensation.all import *' in text(c) for c in nb['cells'])


@pytest.mark.parametrize('name', names())
def test_cells_are_marked_as_nbgrader_wants_them(name):
    nb = read(FOLDER/name/f'{name}.ipynb')
    ids = [graded(c)['grade_id'] for c in nb['cells']]
    assert ids == [c['id'] for c in nb['cells']] and len(set(ids)) == len(ids)
    kinds = {'schema_version', 'grade_id', 'grade', 'solution', 'task', 'locked'}
    for c in nb['cells']:
        g = graded(c)
        assert kinds <= g.keys() and g['schema_version'] == 3, c['id']
        assert g['locked'] != g['solution'], f'{c["id"]}: students write in solutions, and nowhere else'
        assert ('BEGIN SOLUTION' in text(c)) == g['solution'], c['id']
        if is_test(c):
            assert re.match(r'"[A-Z].*"\n', text(c)), f'{c["id"]}: its first line says what is checked'
            assert not re.search(r'BEGIN HIDDEN TESTS\n(?!# )', text(c)), f'{c["id"]}: and that of the hidden tests'
    hidden = [c['id'] for c in nb['cells'] if is_test(c) and 'BEGIN HIDDEN TESTS' in text(c)]
    assert hidden and any(graded(c)['grade'] and c['cell_type'] == 'markdown' for c in nb['cells'])
    assert (SUBMISSIONS/f'{name}.yml').exists()


@pytest.mark.parametrize('name', names())
def test_students_read_short_cells_with_a_sentence_before_each(name):
    cells = read(FOLDER/name/f'{name}.ipynb')['cells']
    for before, c in zip(cells, cells[1:]):
        if c['cell_type'] != 'code': continue
        lines = term.code_lines(term.SOLUTION.sub("raise NotImplementedError('your turn')", term.HIDDEN.sub('', text(c))))
        assert len(lines) <= 10 + 2 * (c['id'] == 'broken-loop'), f'{c["id"]}: {len(lines)} lines'      # the loop is one piece
        assert before['cell_type'] == 'markdown', f'{c["id"]}: no sentence before it'


# ---- The leaderboard

@pytest.mark.slow
def test_the_leaderboard_reads_entries_without_running_them(tmp_path):
    nb = read(FOLDER/'a6_leaderboard'/'a6_leaderboard.ipynb')
    def hand_in(student, change):
        path = tmp_path/'submitted'/student/'a6_leaderboard'/'a6_leaderboard.ipynb'
        path.parent.mkdir(parents=True)
        cells = [{**c, 'source': change.splitlines(True)} if c['id'] == 'entry' and change else c for c in nb['cells']]
        path.write_text(json.dumps({**nb, 'cells': cells}), encoding='utf-8')
    mine = tmp_path/'ran'
    hand_in('reference', None)
    hand_in('grey', f"ENTRY = '{'gICA' * 213}gA=='")
    hand_in('runs', f"ENTRY = open({str(mine)!r}, 'w').name")
    done = python('tools/leaderboard.py', tmp_path, '--nets', '1', '--out', tmp_path/'board.md', cwd=ROOT).wait()
    assert done.returncode == 0, done.said
    rows = (tmp_path/'board.md').read_text(encoding='utf-8').splitlines()[2:]
    assert [r.split(' | ')[1] for r in rows] == ['reference', 'grey', 'runs'] and 'no entry (ValueError)' in rows[2]
    assert float(rows[0].split(' | ')[2].split()[0]) > 85 and not mine.exists()


TINY = """def my_method():
    def match(net, real, syn, step):
        return sum(mean_distance(net.embed(xr), net.embed(xs))
                   for (_, xr, _), (_, xs, _) in zip(real.by_class(), syn.by_class()))
    return CustomMatching(match, name='tiny'), dict(iterations=2, real_batch=8, net='convnet-w8', init='real')"""
STORED = """KEPT = {made!r}
def my_method():
    def match(net, real, syn, step):
        return sum((xs - unpack(KEPT).images[c]).square().sum() for c, xs, _ in syn.by_class())
    how = dict(iterations=2, real_batch=8, net='convnet-w8', image_lr=0.5, image_momentum=0., augment='none')
    return CustomMatching(match, name='stored'), how"""


@pytest.mark.slow
def test_entries_are_made_again_from_the_method_and_the_digits(tmp_path, monkeypatch):
    def run(command, cwd, env, timeout, **_):
        done = python(*command[1:], cwd=cwd, **env).wait(timeout)
        return SimpleNamespace(returncode=done.returncode, stdout=done.said)
    monkeypatch.setattr(leaderboard, 'subprocess', SimpleNamespace(**vars(subprocess) | dict(run=run)))
    source = read(FOLDER/'a6_leaderboard'/'a6_leaderboard.ipynb')
    def verified(method, made=''):
        cells = {'my-method': method, **({'entry': f'ENTRY = {made!r}'} if made else {})}
        (tmp_path/'mine.ipynb').write_text(json.dumps(replaced(source, cells)), encoding='utf-8')
        row = dict(notebook=tmp_path/'mine.ipynb')
        leaderboard.verify(row, 0.08, 60)
        return row['why']
    assert verified(TINY).endswith(': another set')      # the entry of the solution
    made, seconds = leaderboard.made_again(tmp_path/'mine.ipynb', 60)
    assert re.fullmatch(r'made again in \d+ s, 0.0\d\d apart', verified(TINY, made)) and seconds < 60
    assert verified(STORED.format(made=made), made).endswith(': not made from the digits')


@pytest.mark.slow
def test_an_empty_leaderboard_says_so(tmp_path):
    done = python('tools/leaderboard.py', tmp_path, cwd=ROOT).wait()
    assert done.returncode == 2 and 'nobody has handed in a6_leaderboard' in done.stderr


# ---- nbgrader's points; last, because they have been computed meanwhile

@pytest.mark.slow
@pytest.mark.parametrize('name', names())
def test_everyone_gets_what_they_deserve(name, checked):
    if not checked: pytest.skip("grading needs nbgrader: pip install -e '.[course]'")
    done, path = checked[name].result()
    assert done.returncode == 0, done.stdout
    result, = json.loads(path.read_text(encoding='utf-8'))
    students = result['students']
    assert students['reference']['got'] == result['points'] and sum(result['points'].values()) > 0
    for student in 'empty', 'tampered': assert not any(students[student]['got'].values()), student
    wrong = {s: sum(r['got'].values()) for s, r in students.items() if s not in PRETENDED}
    right = [s for s in wrong if students[s]['deserved'] == result['points']]     # in another way
    assert len(wrong) >= 3 + len(right) and all(got < sum(result['points'].values()) for s, got in wrong.items() if s not in right)
    for student, got in wrong.items():       # who does something right gets something
        assert got > 0 or not any(students[student]['deserved'].values()), student
