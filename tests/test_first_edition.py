"Files and folders that the first edition wrote still load: tests/first_edition was made by commit 35a81e2"
import shutil
from pathlib import Path

import pytest
import torch

from dataset_condensation import continual_learning
from dataset_condensation.all import Continual, SyntheticSet, continual, import_published, load_dataset, train_recipe

OLD = Path(__file__).parent/'first_edition'


def values(n, c): return (torch.arange(n * c * 16) % 32 / 31).view(n, c, 4, 4)      # in 0–1


def test_a_file_and_a_folder():
    mean, std = torch.tensor([.5, .4, .3]), torch.tensor([.25, .5, .2])
    x, order = (values(6, 3) - mean.view(3, 1, 1)) / std.view(3, 1, 1), [0, 3, 1, 4, 2, 5]
    info = dict(method='dm', data='pets', seed=0, recipe=dict(lr=0.1, steps=[1, None]), history=[dict(step=1, mean=50.0)])
    for s, eps in ((SyntheticSet.load(OLD/'set.safetensors'), 0.), (SyntheticSet.from_folder(OLD/'set'), 0.02)):
        assert (s.images - x[order]).abs().max() <= eps and s.labels.tolist() == [0, 0, 1, 1, 2, 2]
        assert torch.equal(s.mean, mean) and torch.equal(s.std, std) and s.classes == ['cat', 'a/b', 'dog'] and s.info == info
    assert torch.equal(SyntheticSet.load(OLD/'set.safetensors').losses, torch.arange(5) / 7)


def test_tiles():
    s = SyntheticSet.load(OLD/'tiles.safetensors')
    assert torch.equal(s.stored, (values(3, 1) - .5) / .25) and (s.factor, s.ipc, len(s)) == (2, [1, 2], 12)


@pytest.mark.parametrize('name', ['newer.pt', 'older.pt'])
def test_a_published_result(name):
    a, b = import_published(OLD/name, mean=0, std=1)
    assert torch.equal(a.images, values(4, 1)[[0, 2, 1, 3]]) and torch.equal(b.images, a.images + 1)
    assert [s.info['accuracies'] for s in (a, b)] == [dict(ConvNet=[.5], MLP=[.25]), dict(ConvNet=[.6], MLP=[1.])]


def test_a_folder_of_a_study_of_continual_learning(tmp_path, monkeypatch):
    "Its runs are taken as they are"
    shutil.copytree(OLD/'continual', tmp_path/'continual')
    monkeypatch.setattr(continual_learning, 'evaluate', None)
    how = dict(steps=5, ipc=1, orders=1, nets=1, recipe=train_recipe('dc', epochs=1), folder=tmp_path/'continual')
    found, old = continual(load_dataset('digits'), ['random'], **how), Continual.load(OLD/'continual')
    assert found.as_dict()['runs'] == old.as_dict()['runs'] and found['random'][0].accuracies
