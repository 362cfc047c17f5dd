"The score card of a set: its numbers by hand, its files, what it refuses, and that test images choose nothing"
import json
import math

import numpy as np
import pytest
import torch
from test_cli import condense as command

import dataset_condensation as dc
from dataset_condensation import scoring
from dataset_condensation.scoring import Energy, interval, ranked, read_set

PLAIN = dc.train_recipe('dc', epochs=6)
FAST = dict(nets=2, recipe=PLAIN, whole=dc.train_recipe('whole', epochs=1), progress=False)


@pytest.fixture(scope='module')
def data(): return dc.load_dataset('digits')


@pytest.fixture(scope='module')
def small(data): return dc.random_set(data, 1, seed=7)


@pytest.fixture(scope='module')
def card(data, small): return dc.score(small, data, ['mlp', 'lenet'], **FAST)


# ---- Numbers

def test_the_four_scores_by_hand():
    "Set 80 %, random 50 %, all images 90 %; with augmentation 82 and 62: IOR .3, HLR .1, α = .1, β = .25"
    found = ranked(80, 50, 90, (82, 62))
    assert found['IOR'] == pytest.approx(.3) and found['HLR'] == pytest.approx(.1)
    width = math.e - 1 / math.e
    assert found['LRS'] == pytest.approx((math.exp(.1) - 1 / math.e) / width)
    assert found['ARS'] == pytest.approx((math.exp(.25) - 1 / math.e) / width)
    assert ranked(80, 50, None) == {'IOR': pytest.approx(.3)}
    assert ranked(100, 0, 0, (100, 0))['LRS'] == pytest.approx(1) and ranked(0, 100, 100, (0, 100))['ARS'] == pytest.approx(0)


def test_an_interval_by_hand():
    "Students's t for two degrees of freedom is 4.3027"
    assert interval([1., 2., 3.]) == (2., pytest.approx(4.3027 / 3**.5, abs=1e-3)) and interval([5.]) == (5., None)


def test_the_scores_of_a_card_are_those_of_its_accuracies(card):
    rows = card.accuracies['mlp']
    each = [ranked(*n) for n in zip(rows['this set'], rows['random'], rows['all images'],
                                    zip(card.augmented['this set'], card.augmented['random']))]
    assert list(card.scores) == ['IOR', 'HLR', 'LRS', 'ARS']
    for k, (mean, half) in card.scores.items():
        assert (mean, half) == interval([e[k] for e in each])
        assert f'{k} {mean:.3f} ± {half:.3f}' in card.line() and f'{mean:.3f}' in repr(card)


def test_every_row_is_what_evaluate_gives(card, data, small):
    "Random draws one set for each network, from the images that are not held out"
    recipe = dc.train_recipe(PLAIN, lr=card.rates['this set'])
    assert card.accuracies['lenet']['this set'] == dc.evaluate(small, data, 'lenet', 2, recipe, progress=False).accuracies
    recipe, held = dc.train_recipe(PLAIN, lr=card.rates['random']), data.holdout(0.1)
    drawn = [dc.random_set(held, 1, seed=k) for k in (0, 1)]
    assert card.accuracies['mlp']['random'] == [
        dc.evaluate(s, data, 'mlp', 1, recipe, first=k, progress=False).mean for k, s in enumerate(drawn)]
    assert 'all images' not in card.accuracies['lenet'] and 'all images' not in card.augmented


def test_the_same_card_comes_again(card, data, small):
    again = dc.score(small, data, ['mlp', 'lenet'], **FAST)
    assert (again.accuracies, again.augmented, again.rates) == (card.accuracies, card.augmented, card.rates)


def test_baselines_are_in_the_tiles_of_the_set(data, monkeypatch):
    tiled = dc.condense(data, 'random', 1, factor=2)
    made, real = {}, scoring.baselines
    monkeypatch.setattr(scoring, 'baselines', lambda *a, **k: made.update(real(*a, **k)) or made)
    card = dc.score(tiled, data, 'mlp', **FAST | dict(nets=1), rates=None, augment=None)
    assert {s.factor for sets in made.values() for s in sets} == {2} and {len(s) for sets in made.values() for s in sets} == {40}
    assert card.factor == 2 and '2×2 tiles' in card.line() and 'ARS' not in card.scores and card.scores['HLR'][1] is None


def test_without_all_images_there_is_no_recovery(data, small):
    card = dc.score(small, data, 'mlp', **FAST | dict(whole=None, nets=1))
    assert set(card.scores) == {'IOR', 'ARS'} and 'all images' not in card.accuracies['mlp'] and card.about['whole'] is None


# ---- Choices

def test_the_test_images_choose_nothing(data, small, monkeypatch):
    "With other test images, rates and baselines are the same to the bit"
    def made(test):
        seen, real = [], scoring.baselines
        monkeypatch.setattr(scoring, 'baselines', lambda *a, **k: seen.append(real(*a, **k)) or seen[-1])
        card = dc.score(small, dc.ImageData(data.train, test, data.name), 'mlp', **FAST, augment=None)
        monkeypatch.undo()
        return card, [s.stored for sets in seen[0].values() for s in sets]
    noise = torch.randint(0, 256, data.test.images.shape, generator=dc.gen(0, 'noise'), dtype=torch.uint8)
    other = dc.data.ImageSet(noise, data.test.labels.flip(0).sort().values, data.classes, data.mean, data.std)
    (a, sets), (b, others) = made(data.test), made(other)
    assert a.rates == b.rates and all(map(torch.equal, sets, others)) and a.accuracies != b.accuracies


def test_the_rate_is_the_best_on_held_out_images(card, data, small):
    held = data.holdout(0.1)
    for lr in card.about['rates']: assert lr in (0.003, 0.01, 0.03)
    found = {lr: dc.evaluate(small, held, 'mlp', 1, dc.train_recipe(PLAIN, lr=lr), first=2, progress=False).mean for lr in card.about['rates']}
    assert found[card.rates['this set']] == max(found.values())


def test_baselines_never_hold_a_held_out_image(data, small):
    held = data.holdout(0.1)
    chosen = {i for sets in list(scoring.baselines(small, held, 5, 'mlp', dc.make_net('mlp', data)).values())[:2] for s in sets
              for i in s.info['chosen']}
    assert chosen and not chosen & set(held.test.order.tolist())


# ---- Files

def test_every_format_is_read(data, small, tmp_path):
    small.save(tmp_path/'a.safetensors')
    small.to_folder(tmp_path/'b')
    pixels = small.pixels.clamp(0, 1)
    x, y = pixels.numpy(), small.labels.numpy()
    np.savez(tmp_path/'c.npz', images=x, labels=y)
    np.savez(tmp_path/'d.npz', images=(x[:, 0] * 255).round().astype('uint8'), labels=y)
    np.savez(tmp_path/'e.npz', images=x.transpose(0, 2, 3, 1), labels=y)
    np.savez(tmp_path/'f.npz', images=small.stored.numpy(), labels=y, mean=small.mean.numpy(), std=small.std.numpy())
    torch.save(dict(data=[[small.stored.clone(), small.labels.clone()] for _ in range(2)], accs_all_exps={}), tmp_path/'g.pt')
    (tmp_path/'b'/'set.json').unlink()
    for folder, name in zip(sorted((tmp_path/'b').iterdir()), data.classes): folder.rename(folder.with_name(name))
    small.to_folder(tmp_path/'h')
    for path in sorted(tmp_path.iterdir()):
        sets = read_set(path, data)
        assert len(sets) == (2 if path.name == 'g.pt' else 1), path
        for s in sets:
            assert torch.equal(s.labels, small.labels) and torch.allclose(s.pixels, pixels, atol=1 / 255), path


def test_probabilities_are_kept_and_the_card_says_so(data, small, tmp_path):
    soft = np.eye(10) * .8 + .02
    np.savez(tmp_path/'soft.npz', images=small.pixels.clamp(0, 1).numpy(), labels=soft[small.labels])
    np.savez(tmp_path/'hard.npz', images=small.pixels.clamp(0, 1).numpy(), labels=np.eye(10)[small.labels])
    (a,), (b,) = (read_set(tmp_path/f'{k}.npz', data) for k in ('soft', 'hard'))
    assert torch.equal(a.hard_labels, small.labels) and torch.equal(b.labels, small.labels) and b.soft is None
    assert torch.allclose(a.labels, torch.from_numpy(soft[small.labels]).float(), atol=1e-3)
    card = dc.score(tmp_path/'soft.npz', data, 'mlp', **FAST | dict(nets=1), augment=None, rates=None)
    assert 'probabilities' in card.line() and 'probabilities' in repr(card)
    assert card.bytes == (tmp_path/'soft.npz').stat().st_size and card.name == 'soft.npz'


def test_several_sets_take_turns(data, small):
    other = dc.random_set(data, 1, seed=8)
    card = dc.score([small, other], data, 'mlp', **FAST, augment=None, rates=None)
    one, two = (dc.evaluate(s, data, 'mlp', 1, PLAIN, first=k, progress=False).mean for k, s in enumerate((small, other)))
    assert card.accuracies['mlp']['this set'] == [one, two] and '2 sets' in card.notes[0]


def test_a_card_is_json_and_a_picture(card, tmp_path):
    found = json.loads(card.save(tmp_path/'card.json').read_text(encoding='utf-8'))
    assert found == json.loads(json.dumps(card.as_dict())) and found['accuracies'] == card.accuracies and found['scores']['HLR'][0] == card.scores['HLR'][0]
    ax = card.plot()
    assert [t.get_text() for t in ax.get_yticklabels()] == ['mlp', 'mlp, augmented', 'lenet']
    assert '\n' not in card.line() and card._repr_markdown_().startswith('| accuracy % | this set |')


# ---- Refusals

WRONG = [('{small}', dict(nets=0), '`nets` is 0'), ('{small}', dict(recipe='dsa'), 'one with augmentation'),
         ('{small}', dict(rates=[]), 'lr'), ('{small}', dict(rates=[-1.]), 'lr'), ('{small}', dict(augment='dsaa'), 'dsaa'),
         ('{small}', dict(architectures=['convnit']), 'convnit'), ('{small}', dict(whole='wholly'), 'wholly'),
         ('no/file', {}, 'no file or folder'), (3, {}, '`small` is 3'), ([], {}, '`small`'), ('{other}', {}, 'shape')]


@pytest.mark.parametrize('what, how, words', WRONG)
def test_a_wrong_call_is_refused_before_anything_is_trained(what, how, words, data, small, monkeypatch):
    monkeypatch.setattr(scoring, 'evaluate', lambda *a, **k: pytest.fail('trained'))
    other = dc.random_set(dc.load_dataset('mnist-sample'), 1)
    what = dict(zip(('{small}', '{other}'), (small, other))).get(what, what) if isinstance(what, str) else what
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=words) as e: dc.score(what, data, **how)
    assert '\n' not in str(e.value)


def test_a_class_without_images_is_refused(data, small):
    with pytest.raises(ValueError, match='no image of class'): dc.score(small[:9], data)


def test_damaged_files_are_refused_in_one_line(data, tmp_path):
    np.savez(tmp_path/'a.npz', pictures=np.zeros(3))
    np.savez(tmp_path/'b.npz', images=np.zeros((2, 1, 8, 8)), labels=np.array([{}, {}], dtype=object))
    (tmp_path/'c.npz').write_bytes(b'PK\3\4 no zip')
    np.savez(tmp_path/'d.npz', images=np.full((2, 1, 8, 8), 7.), labels=np.arange(2))
    np.savez(tmp_path/'e.npz', images=np.zeros((2, 1, 8, 8)), labels=np.arange(2) + 9)
    np.savez(tmp_path/'f.npz', images=np.zeros((2, 3)), labels=np.arange(2))
    (tmp_path/'g.safetensors').write_bytes(b'nothing')
    (tmp_path/'h').mkdir()
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises((ValueError, TypeError)) as e: read_set(path, data)
        assert '\n' not in str(e.value), path


# ---- Energy

def test_energy_counters_are_added_up_and_may_start_again(tmp_path):
    zone, part = tmp_path/'intel-rapl:0', tmp_path/'intel-rapl:0:0'
    for z in (zone, part):
        z.mkdir()
        (z/'max_energy_range_uj').write_text('9999999')
        (z/'energy_uj').write_text('5000000')
    e = Energy(tmp_path)
    assert e.joules is None
    for now in ('9000000', '1000000'):
        (zone/'energy_uj').write_text(now)
        e.read()
    assert e.joules == pytest.approx(4 + 2)
    assert Energy(tmp_path/'none').joules is None


@pytest.mark.parametrize('files', [['synthetic.safetensors'], ['synthetic.safetensors', 'small.png']])
def test_the_folder_of_a_run_is_the_set_in_it(files, data, small, tmp_path):
    (tmp_path/'run'/'checkpoint').mkdir(parents=True)
    for name in files: small.save(tmp_path/'run'/name)
    (tmp_path/'run'/'checkpoint'/'large').write_bytes(bytes(10_000))
    s, = read_set(tmp_path/'run', data)
    assert torch.allclose(s.pixels, small.pixels, atol=1 / 255)
    card = dc.score(tmp_path/'run', data, 'mlp', **FAST | dict(nets=1), augment=None, rates=None)
    assert (card.name, card.bytes) == ('run', (tmp_path/'run'/files[-1]).stat().st_size)
    assert 'one network each, 6 epochs' in card.line() and 'intervals' not in card.line()
    dc.publish(small, tmp_path/'published')
    s, = read_set(tmp_path/'published', data)
    assert torch.equal(s.stored, small.stored)


@pytest.mark.parametrize('name', ['res_DC_MNIST_ConvNet_1ipc.pt', 'mine.pt'])
def test_what_the_authors_of_dc_published_is_scored(name, tmp_path):
    "Their layout: pairs of images and labels, one for each experiment, and accuracies by network"
    data = dc.load_dataset('mnist-sample')
    g, labels = torch.Generator().manual_seed(0), torch.arange(10)
    pairs = [[torch.randn(10, 1, 28, 28, generator=g), labels.clone()] for _ in range(2)]
    torch.save(dict(data=pairs, accs_all_exps=dict(ConvNet=list(np.array([.9, .91])))), tmp_path/name)
    card = dc.score(tmp_path/name, data, 'mlp-w8', **FAST, augment=None, rates=None)
    assert (card.name, card.images, card.shape) == (name, 10, [1, 28, 28])
    assert len(card.accuracies['mlp-w8']['this set']) == 2 and card.bytes == (tmp_path/name).stat().st_size
    assert any('2 sets' in note for note in card.notes)


# ---- The command

@pytest.mark.slow
def test_the_command_writes_a_card(small, tmp_path):
    small.save(tmp_path/'mine.safetensors')
    done = command('score', 'mine.safetensors', '--data', 'digits', '--net', 'mlp', '--others', 'none', '--nets', '2', '--epochs', '5',
                   '--whole', '1', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder, = (tmp_path/'runs').iterdir()
    assert folder.name.startswith('digits-score-') and folder.name.endswith('-mine')
    assert sorted(f.name for f in folder.iterdir()) == ['score.json', 'score.png']
    assert 'mine.safetensors: 10 images of 1×8×8' in done.stdout and 'LRS' in done.stdout
    again = command('score', 'mine.safetensors', '--data', 'digits', '--net', 'mlp', '--others', 'none', '--nets', '1', '--epochs', '5',
                    '--whole', '0', '--quiet', '--out', 'brief', cwd=tmp_path)
    assert again.returncode == 0 and 'HLR' not in again.stdout, again.stderr


@pytest.mark.slow
@pytest.mark.parametrize('argv', [('score',), ('score', 'nofile'), ('score', 'mine.safetensors', '--nets', '0'),
                                  ('score', 'mine.safetensors', '--others', 'convnit'), ('score', 'mine.safetensors', '--out', 'mine.safetensors'),
                                  ('score', 'words.txt')])
def test_the_command_ends_in_one_line(argv, small, tmp_path):
    small.save(tmp_path/'mine.safetensors')
    (tmp_path/'words.txt').write_text('not a set')
    done = command(*argv, *['--data', 'digits'] * (len(argv) > 1), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count('\n')) == (2, '', 1), done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ['mine.safetensors', 'words.txt']


def test_two_networks_of_one_name_are_refused(data, small):
    nets = [torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10)) for _ in range(2)]
    with pytest.raises(ValueError, match=r"score: `architectures` is \['Sequential', 'Sequential'\], expected names that differ"):
        dc.score(small, data, nets)
