"The reports on this project: what tables, letters, staircases and verdicts say of rows that are known"
import json
import sys
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from conftest import ROOT

sys.path.append(str(ROOT/'benchmarks'))
import report
from report import Claim, Part, stairs, verdict, ways


@pytest.fixture
def rows(tmp_path):
    "Invented measurements of MNIST: three sets of DC, DM and random images, two networks on each"
    recipe = dict(updates=60, net='convnet-w32', real_batch=32, image_lr=1.0)
    scoring = dict(main=dict(net='convnet-w32', like='dc', recipe=dict(epochs=60, augment='none')))
    def pretend(method, accuracies, seconds, recipe=recipe):
        full = recipe and recipe | dict(updates=1000, net='convnet')
        row = dict(name=f'mnist/ipc1-{method}', data='mnist', method=method, ipc=1, net='convnet-w32', recipe=recipe, speed='auto',
                   published_recipe=full, scoring=scoring)
        sets = [dict(seed=i, seconds=seconds, cpu_seconds=seconds, updates=60, passes=9, session=0,
                     scores=dict(main=dict(accuracies=[a - 1, a + 1], cpu_seconds=1.))) for i, a in enumerate(accuracies)]
        path = tmp_path/'cpu'/'mnist'/f'ipc1-{method}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(row=row, data={}, sessions=[dict(device='cpu')], sets=sets)))
    pretend('dc', [85, 86, 87], 50.)
    pretend('random', [60, 52, 56], 0.1, None)
    pretend('dm', [86, 86, 88], 10.)
    return report.load_results(tmp_path)


def test_published_figures_and_their_marks():
    assert len(report.published('cifar10')) == 3*6 + 1 and report.published('digits') == []
    said = {(p.ipc, p.method): str(p) for p in report.published('cifar10-jpeg')}
    assert (said[10, 'dm'], said[0, 'whole set']) == ('48.9±0.6', '84.8±0.1')
    assert [str(p) for p in report.published('mnist') if p.ipc == 1][:3] == ['64.9±3.5?', '89.2±1.6?', '91.7±0.5']
    assert all(p.reported for p in report.published() if p.method == 'delving')
    assert [str(p) for p in report.published('svhn') if p.disputed] == ['30.3±0.1??', '73.5±0.5??', '82.0±0.2??']
    assert all(p.source for p in report.published())


def test_a_row_knows_its_means_and_spreads(rows):
    dc = rows[0]
    assert (dc.name, dc.label, dc.mean(), dc.between_sets()) == ('mnist/ipc1-dc', 'dc', 86., 1.)
    assert dc.between_nets() == pytest.approx(2**.5)


@pytest.mark.parametrize('text', ['[' * 10_000, '[]', '{', '{"row": 3}', '{"row": {}, "sets": [{"session": 5}], "sessions": []}'],
                         ids=lambda t: t[:8])
def test_a_file_that_is_no_row_is_named(tmp_path, text):
    (tmp_path/'cpu').mkdir()
    (tmp_path/'cpu'/'x.json').write_text(text)
    with pytest.raises(ValueError, match='load_results.*x.json'): report.load_results(tmp_path)


def test_letters_say_what_is_not_as_published_and_what_is_outdated(rows):
    assert [report.differences(m) for m in rows] == ['une', 'une', 'ne']
    old = lambda **r: replace(rows[0], row=rows[0].row | dict(method='dsa', recipe=rows[0].row['recipe'] | r))
    made = dict(augment='dsa'), dict(augment='none'), dict(augment='dsa', augment_inner=True), dict(net='convnet-bn')
    assert [report.outdated(old(**r)) for r in made] == [True, False, False, True]
    assert not report.outdated(replace(old(augment='dsa'), sets=[dict(s, passes=0) for s in rows[0].sets]))
    assert (report.marked(old(augment='dsa')), report.differences(old(augment='dsa'))[-1]) == ('dc (o)', 'o')


def test_tables_put_published_beside_measured_and_say_what_is_missing(rows):
    shown = report.results_table(rows, 'mnist').rows
    assert shown[1][:4] == ['1', 'random', '64.9±3.5?', '56.0']
    assert [r[3] for r in shown if r[0] == '10'] == ['not measured here']*6
    short = [['method', '1 per class'], ['random', '56.0'], ['dc', '86.0'], ['dm', '86.7']]
    assert report.overview(rows, 'mnist').rows == short
    dc = rows[0]
    again = [replace(dc, name='mnist/claims/ipc1-dc-as-published', sets=dc.sets[:2]),
             replace(dc, name='mnist/ipc1-delving', same_as=dc.name)]
    twice = [['1', 'dc', '91.7±0.5', '85.5±0.7', '86.0±1.0', '2, 3'], ['1', 'delving', '91.9±0.4?', '85.5±0.7', '86.0±1.0', '2, 3']]
    assert report.beside_papers(rows + again, 'mnist', ['dc', 'delving']).rows[1:] == twice
    short = [['MNIST', '1', '(64.9?)', '(89.2?)', '85.5 (91.7)', '(88.7)', '(89.7?)', '–', '–', '–', '–', '(99.6)']]
    assert report.headline(rows + again).rows[1:] == short
    assert report.provenance_of(rows, 'digits') == 'digits: not measured here'


def test_the_staircase_keeps_what_is_clearly_better_than_all_that_is_cheaper(rows):
    found = ways(rows, 'mnist', 1)
    assert [(w.method, w.seconds, round(w.accuracy)) for w in found] == [('dc', 50., 86), ('dm', 10., 87), ('random', .1, 56)]
    assert [w.method for w in stairs(found)] == ['random', 'dm'] and stairs([]) == []
    few = {w.method: w for w in ways([replace(m, sets=m.sets[:1]) if m.label == 'dc' else m for m in rows], 'mnist', 1)}
    assert few['dc'].error == pytest.approx(few['dm'].error * 3**.5)    # one set of DC: as uncertain as one of DM's three
    single = [replace(m, sets=m.sets[:1]) for m in rows]
    assert [len(report.frontier(r, 'mnist', 1).containers) for r in (rows, [], single)] == [3, 0, 3]
    assert ways(single, 'mnist', 1) == []
    plt.close('all')


def test_the_gain_of_computing_is_that_of_the_best_over_the_best_real_images(rows):
    gain, = report.gains(rows, 'mnist')
    assert (gain.chosen.method, gain.computed.method, gain.random, gain.verdict) == ('random', 'dm', 56., 'condense')
    assert gain.points == pytest.approx(86.667 - 56, abs=0.01)
    level = [replace(m, sets=[dict(s, scores=dict(main=dict(accuracies=[85., 89.], cpu_seconds=1.))) for s in m.sets])
             if m.label == 'random' else m for m in rows]
    assert report.gains(level, 'mnist')[0].verdict == 'a coreset is enough'
    assert report.gains_table([gain]).rows[1][-1] == 'condense' and report.gains([], 'mnist') == []
    longer = [replace(rows[0], name='mnist/claims/ipc1-dc-as-published')]
    assert [(m.name, m.budget, m.label) for m in report.rescored(longer)] == [('mnist/ipc1-dc', 'as-published', 'dc')]


def test_small_tables_say_what_is_missing(rows):
    longer = replace(rows[0], name='mnist/claims/ipc1-dc-as-published', sets=rows[0].sets[:2])
    beside = report.beside_papers([*rows, longer], 'mnist', ['dc', 'dm']).rows
    assert beside[1:] == [['1', 'dc', '91.7±0.5', '85.5±0.7', '86.0±1.0', '2, 3'], ['1', 'dm', '89.7±0.6?', '–', '86.7±1.2', '3']]
    assert report.gaps_table([*rows, longer], 'mnist').rows[1:] == [['1', 'dc', '91.7±0.5', '-6.2', '-6.2', '–', '2']]
    assert report.published_table('svhn').rows[-1] == ['dm', '30.3±0.1??', '73.5±0.5??', '82.0±0.2??']
    assert report.verdicts_table(rows).rows[3] == ['DM is faster than DC and DSA at equal accuracy', 'DM', 'not measured here', 'undecided']
    parts = report.claim_table(rows, 'DM is faster').rows
    assert parts[0] == ['A − B, or A / B', 'digits', 'verdict', 'mnist', 'verdict'] and parts[2][3:] == ['0.20 (0.20\xa0…\xa00.20)', 'confirmed (3)']
    with pytest.raises(ValueError, match='expected the beginning of a claim'): report.claim_table(rows, 'nothing')


def test_what_is_worse_than_random_is_named_and_not_drawn(rows):
    low = [replace(m, name='mnist/ipc1-forgetting', sets=[dict(s, scores=dict(main=dict(accuracies=[9, 11]))) for s in m.sets])
           for m in rows if m.label == 'random']
    ax = report.frontier(rows + low, 'mnist', 1)
    assert len(ax.containers) == 3 and ax.get_ylim()[0] > 30 and '↓ forgetting 10.0' in [t.get_text() for t in ax.texts]
    assert report.draw_gains(report.gains(rows, 'mnist')).get_ylabel() == 'points gained'
    plt.close('all')


def test_a_claim_is_what_its_parts_are(rows):
    mine = {m.name: m for m in rows}
    one = lambda a, b, *kind: Part('', (f'mnist/ipc1-{a}',), (f'mnist/ipc1-{b}',), *kind)
    faster = one('dm', 'dc', 'less', 'seconds')
    assert (faster.verdict(mine).word, round(faster.verdict(mine).mean, 2)) == ('confirmed', 0.2)
    assert one('dm', 'dc').pairs(mine) == [1., 0., 1.]
    yes, no, level, unknown = one('dc', 'random'), one('random', 'dc'), one('dm', 'dc'), one('nothing', 'dc')
    for parts, word in (((yes, faster), 'confirmed'), ((yes, no), 'not confirmed'), ((yes, level), 'undecided'),
                        ((yes, unknown), 'undecided'), ((unknown,), 'not measured here')):
        assert Claim('', '', parts).verdict(mine) == word
    words = [c.verdict(mine) for c in report.claims('mnist')][:3]
    assert words == ['not measured here', 'not measured here', 'undecided']
    assert report.claims_table(rows, 'mnist').rows[9][:3] == ['**DM is faster than DC and DSA at equal accuracy**', 'DM', '**undecided**']


def test_a_verdict_refuses_what_is_no_number():
    with pytest.raises(ValueError, match="`kind` is 'less'"): verdict([1, 2, 3], 'less')
    with pytest.raises(ValueError, match='expected finite numbers'): verdict([1, float('nan'), 3])


def test_the_older_measurements_are_rows_too():
    names = [m.name.split('/')[-1] for m in report.older_results()]
    assert names == ['levels-dc', 'levels-M', 'levels-MD', 'steps-fixed', 'steps-schedule']
