"The assignments are released, graded and returned by nbgrader, and give what is handed in the points it deserves"
import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import pytest
import yaml
from conftest import ROOT, run

sys.path[:0] = [str(ROOT/'tools'), str(ROOT/'nbs'/'assignments')]
import grade
import leaderboard
from check_assignments import points, replaced
from make_course import add_hidden, graded, is_test, make_course, names, read, text

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
    cells = {'angle-slope': 'while True: pass', 'column-angle': 'import os\nos._exit(3)'}
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
    done = run('tools/leaderboard.py', tmp_path, '--nets', '1', '--out', tmp_path/'board.md', cwd=ROOT)
    assert done.returncode == 0, done.stdout
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
def test_entries_are_made_again_from_the_method_and_the_digits(tmp_path):
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
    done = run('tools/leaderboard.py', tmp_path, cwd=ROOT)
    assert done.returncode == 2 and 'nobody has handed in a6_leaderboard' in done.stdout


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
    for student in 'empty', 'tampered', 'deleted': assert not any(students[student]['got'].values()), student
    wrong = {s: sum(r['got'].values()) for s, r in students.items() if s not in PRETENDED}
    right = [s for s in wrong if students[s]['deserved'] == result['points']]     # in another way
    assert len(wrong) >= 3 + len(right) and all(got < sum(result['points'].values()) for s, got in wrong.items() if s not in right)
    for student, got in wrong.items():       # who does something right gets something
        assert got > 0 or not any(students[student]['deserved'].values()), student
