"Published sets: those in the package load by name and say what they are; a published folder can be used with and without this package"
import json
import re
from importlib.util import find_spec

import pytest
import torch
from conftest import ROOT

import dataset_condensation as dc
from dataset_condensation.cli import main
from dataset_condensation.coresets import Comparison
from dataset_condensation.safe_files import kind_of

HOME = ROOT/'dataset_condensation'/'published'
NAMES = sorted(p.name for p in HOME.iterdir() if p.is_dir())


# ---- In the package

def test_every_set_in_the_package_is_listed_with_a_line():
    found = dc.published()
    assert sorted(found) == NAMES and len(NAMES) >= 2
    for name, line in found.items():
        assert dc.load_published(name).info['data'] in line and 'cc-by' in line and 'bytes' in line and '\n' not in line


@pytest.mark.parametrize('name', NAMES)
def test_a_set_in_the_package_says_how_it_was_made_and_what_it_is_worth(name):
    small, card, file = dc.load_published(name), dc.published_card(name), HOME/name/'small.png'
    about = small.info
    assert {'method', 'data', 'ipc', 'seed', 'recipe'} <= about.keys()
    assert {'commit', 'versions', 'seconds', 'machine'} <= about['published'].keys() and about['published']['commit'] != 'unknown'
    assert card.bytes == file.stat().st_size < 40_000 and card.images == len(small.stored) == about['ipc'] * len(small.classes)
    rows = next(iter(card.accuracies.values()))
    assert sum(rows['this set']) > sum(rows['random']) and card.about['data'].startswith(about['data'])
    assert sorted(p.name for p in (HOME/name).iterdir()) == ['score.json', 'small.png']


def test_networks_trained_on_a_published_set_reach_what_its_card_says():
    small, card, data = dc.load_published('digits-dm-ipc1'), dc.published_card('digits-dm-ipc1'), dc.load_dataset('digits')
    (net, rows), recipe = next(iter(card.accuracies.items())), dc.train_recipe('dc', lr=card.rates['this set'])
    found = dc.evaluate(small, data, net, 1, recipe, seed=card.about['seed'], progress=False)
    assert abs(found.mean - rows['this set'][0]) < 3       # the same network, where rounding may differ


def test_nothing_is_fetched(monkeypatch):
    import socket
    def refuse(*a, **kw): raise AssertionError('the network was used')
    monkeypatch.setattr(socket.socket, 'connect', refuse)
    assert len(dc.load_published(NAMES[0])) and dc.published()


@pytest.mark.parametrize('wrong, error, says', [('digits-dm', ValueError, 'did you mean'), (3, TypeError, '`name` is 3'), ('', ValueError, "`name` is ''")])
def test_a_wrong_name_is_refused(wrong, error, says):
    with pytest.raises(error, match=says): dc.load_published(wrong)


def test_a_folder_without_a_set_is_refused(tmp_path):
    with pytest.raises(ValueError, match='is a folder or a device, expected a file'): dc.load_published(tmp_path)


# ---- A folder to upload

SETS = {'gray': dict(c=1), 'color': dict(c=3), 'tiles': dict(c=3, factor=3), 'one class': dict(c=1, n=1)}


def made(c, n=3, **info):
    x = 2 * torch.randn(2 * n, c, 10, 12, generator=dc.gen(0, 'zoo'))
    stats = ([.3], [.2]) if c == 1 else ([.5, .4, .3], [.25, .2, .3])
    classes = ['b', '"a": [1] # no\n---', 'Käse'][:n]
    return dc.SyntheticSet(x, torch.arange(n).repeat_interleave(2), classes, *stats, dict(method='dm', data='fashionmnist', **info))


@pytest.fixture(params=SETS)
def folder(request, tmp_path):
    small = made(**SETS[request.param])
    return small, dc.publish(small, tmp_path/'out'/'my set', name='Ten: "things" #1')


def blocks(folder): return re.findall(r'^```python\n(.*?)^```', (folder/'README.md').read_text(encoding='utf-8'), flags=re.M | re.S)


def test_the_folder_holds_what_the_card_says(folder):
    small, out = folder
    assert sorted(p.name for p in out.iterdir()) == ['README.md', 'images', 'preview.png', 'synthetic.safetensors']
    back = dc.load_published(out)
    assert torch.equal(back.stored, small.stored) and back.classes == small.classes and back.info == small.info
    assert len(list(out.glob('images/*/*.png'))) == len(small)
    assert not list(out.parent.glob('.publish*'))


def test_the_front_matter_is_what_a_hub_reads(folder):
    yaml = pytest.importorskip('yaml')
    small, out = folder
    text = (out/'README.md').read_text(encoding='utf-8')
    assert text.startswith('---\n')
    front = yaml.safe_load(text.split('---\n')[1])
    assert front['license'] == 'mit' and front['pretty_name'] == 'Ten: "things" #1'
    assert front['task_categories'] == ['image-classification'] and front['size_categories'] == ['n<1K']
    assert 'dataset-distillation' in front['tags'] and 'dm' in front['tags']
    assert len(list(out.glob(front['configs'][0]['data_files']))) == len(small)
    assert '$' not in text.split('## How it was made')[0] and 'same license: mit' in text


def test_plain_pytorch_loads_it(folder, monkeypatch):
    small, out = folder
    plain, *_ = blocks(out)
    assert 'dataset_condensation' not in plain
    monkeypatch.chdir(out)
    exec(plain, found := {})
    assert torch.allclose(found['x'], small.images, atol=1e-5) and torch.equal(found['y'], small.labels)
    assert torch.equal(found['mean'], small.mean) and torch.equal(found['std'], small.std)


def test_torchvision_loads_it(folder, monkeypatch):
    small, out = folder
    monkeypatch.chdir(out)
    exec(blocks(out)[1], found := {})
    x, y = zip(*found['small'])
    x, std = torch.stack(x), small.std.view(-1, 1, 1)
    assert list(y) == small.labels.tolist() and x.shape == small.images.shape
    span = ((small.images * std).amax((0, 2, 3)) - (small.images * std).amin((0, 2, 3))).max()
    assert ((x - small.images) * std).abs().max() <= .51 * span / 255 + 1e-5      # half a step of 8 bits


@pytest.mark.skipif(find_spec('datasets') is None, reason='datasets is not installed, and no requirement of this package')
def test_datasets_loads_it(folder, monkeypatch, tmp_path):
    small, out = folder
    monkeypatch.chdir(out)
    monkeypatch.setenv('HF_HOME', str(tmp_path/'home'))
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    exec(blocks(out)[2], found := {})
    assert sorted(found['small']['label']) == small.labels.tolist()
    assert {im.size for im in found['small']['image']} == {small.shape[:0:-1]}


def test_the_code_of_the_card_is_python(folder):
    assert len(blocks(folder[1])) == 3
    for code in blocks(folder[1]): compile(code, 'README.md', 'exec')


# ---- What is told of it

def test_a_license_is_known_given_or_said_to_be_unknown(tmp_path):
    small = made(1)
    small.info['data'] = 'photos'
    for license, says in ((None, 'license: "unknown"'), ('cc0-1.0', 'license: "cc0-1.0"')):
        text = (dc.publish(small, tmp_path/str(license), license=license)/'README.md').read_text(encoding='utf-8')
        assert says in text
    assert 'whose license was not given' in (tmp_path/'None'/'README.md').read_text(encoding='utf-8')


def test_a_score_card_goes_with_it(tmp_path):
    out = dc.publish('digits-dm-ipc1', tmp_path/'out')
    assert kind_of(out/'score.json') == 'score' and dc.published_card(out) == dc.published_card('digits-dm-ipc1')
    text = (out/'README.md').read_text(encoding='utf-8')
    assert dc.published_card(out).line() in text and 'cc-by-4.0' in text and '| mlp |' in text.replace('|mlp|', '| mlp |')
    assert json.loads(re.search(r'```json\n(.*?)```', text, re.S)[1])['seed'] == 0


def test_nothing_is_overwritten_and_nothing_is_left(tmp_path, monkeypatch):
    (tmp_path/'full').mkdir()
    (tmp_path/'full'/'mine.txt').write_text('mine')
    with pytest.raises(FileExistsError, match='is not empty'): dc.publish(made(1), tmp_path/'full')
    monkeypatch.setattr(dc.SyntheticSet, 'save', lambda *a, **kw: 1 / 0)
    with pytest.raises(ZeroDivisionError): dc.publish(made(1), tmp_path/'y')
    assert sorted(p.name for p in tmp_path.iterdir()) == ['full']
    monkeypatch.undo()
    (tmp_path/'empty').mkdir()
    assert (dc.publish(made(1), tmp_path/'empty')/'README.md').exists()


# ---- The command

@pytest.fixture(scope='module')
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp('run')/'digits'
    how = ['--method', 'dm', '--iterations', '2', '--nets', '1', '--epochs', '1', '--whole', '0', '--baselines', 'random', '--net', 'mlp-w8']
    assert main(['digits', '--out', str(out), '--quiet', *how]) == 0
    return out


def test_the_command_publishes_a_run_with_its_table(run, tmp_path, capsys):
    assert main(['publish', str(run), str(tmp_path/'out'), '--license', 'cc-by-4.0']) == 0
    assert f'written to {tmp_path/"out"}' in capsys.readouterr().out
    assert isinstance(dc.published_card(tmp_path/'out'), Comparison)
    text = (tmp_path/'out'/'README.md').read_text(encoding='utf-8')
    assert 'random' in text and '"cc-by-4.0"' in text and '# out' in text
    assert torch.equal(dc.load_published(run).stored, dc.load_published(tmp_path/'out').stored)


def test_a_set_within_a_budget_is_published_with_its_small_file(tmp_path):
    (tmp_path/'run').mkdir()
    few = dc.random_set(dc.load_dataset('digits')).save(tmp_path/'run'/'small.png', bits=2)
    for source, there in ((tmp_path/'run', True), (few, True), (dc.load_published(tmp_path/'run'), False)):
        out = dc.publish(source, tmp_path/f'out{there}{source == few}')
        assert (out/'small.png').exists() == there
        if there: assert (out/'small.png').read_bytes() == few.read_bytes()
        assert torch.equal(dc.load_published(out).stored, dc.load_published(few).stored)


def test_the_command_publishes_a_file_and_a_name(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(['publish', str(run/'synthetic.safetensors'), '--quiet']) == 0
    assert main(['publish', 'digits-dm-ipc1', '--quiet', '--name', 'Ten digits']) == 0
    assert sorted(p.name for p in (tmp_path/'published').iterdir()) == ['digits-dm-ipc1', 'synthetic']
    assert '# Ten digits' in (tmp_path/'published'/'digits-dm-ipc1'/'README.md').read_text(encoding='utf-8')


@pytest.mark.parametrize('argv, says', [(['nothing-there'], "`folder or name` is 'nothing-there'"), ([], 'RUN'), (['digits-dm-ipc1', 'full'], 'not empty')])
def test_the_command_says_what_is_wrong_in_a_line(tmp_path, monkeypatch, capsys, argv, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path/'full').mkdir()
    (tmp_path/'full'/'mine').touch()
    try: code = main(['publish', *argv])
    except SystemExit as e: code = e.code
    err = capsys.readouterr().err
    assert code == 2 and says in err and len(err.strip().splitlines()) == 1, err
