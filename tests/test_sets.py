"A set in the hands of its owner: picking, joining, moving, and training elsewhere"
import numpy as np
import pytest
import torch
from PIL import Image

from dataset_condensation.all import SyntheticSet, random_set

MEAN, STD = [.5, .4, .3], [.25, .5, .2]


def coloured(n=6, classes=('a', 'b', 'c')):
    x = torch.randn(n, 3, 4, 5, generator=torch.Generator().manual_seed(n))
    return SyntheticSet(x, torch.arange(n) % len(classes), classes, MEAN, STD, dict(method='dm'))


def test_what_is_picked_is_a_set():
    s = coloured()
    for i, idx in ((slice(1, 4), [1, 2, 3]), ([5, 0], [0, 5]), (torch.tensor([2]), [2]), (s.labels == 1, [2, 3]), (slice(None, None), range(6))):
        part = s[i]
        assert torch.equal(part.images, s.images[list(idx)]) and torch.equal(part.labels, s.labels[list(idx)])
        assert part.classes == s.classes and part.info == s.info and torch.equal(part.mean, s.mean)
    for i in (2, -4, np.int64(2), torch.tensor(2)): assert torch.equal(s[i][0], s.images[2]) and s[i][1] == 1
    assert torch.equal(s[::-1].images, s.images[[1, 0, 3, 2, 5, 4]])      # class after class
    with pytest.raises(ValueError, match='`images` is of shape'): s[[]]
    with pytest.raises(IndexError): s[6]
    assert len(list(s)) == 6


def test_what_was_chosen_stays_with_its_image():
    from dataset_condensation.image_folders import load_dataset
    data = load_dataset('digits')
    s = random_set(data, 2)
    part = s[[19, 4]]
    assert part.info['chosen'] == [s.info['chosen'][i] for i in (4, 19)]


def test_sets_are_joined_by_the_names_of_their_classes():
    s = coloured()
    assert SyntheticSet.join([s[:3], s[3:]]).ipc == [2, 2, 2] and torch.equal(SyntheticSet.join([s[:3], s[3:]]).images, s.images)
    both = SyntheticSet.join([s, coloured(4, ('d', 'a'))])
    assert both.classes == ['a', 'b', 'c', 'd'] and both.ipc == [4, 2, 2, 2]
    other = SyntheticSet(s.images, s.labels, s.classes, MEAN, [1., 1., 1.])
    with pytest.raises(ValueError, match='mean, std or soft labels of the sets differ'): SyntheticSet.join([s, other])


def test_any_image_becomes_what_the_networks_expect():
    s = coloured()
    raw = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    want = (torch.tensor(raw).permute(2, 0, 1) / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    chw = torch.tensor(raw).permute(2, 0, 1)
    for image in (raw, Image.fromarray(raw), Image.fromarray(raw).convert('RGBA'), chw, chw / 255): assert torch.equal(s.transform(image), want)
    assert (s.denormalize(want) * 255 - chw).abs().max() < 1e-3 and torch.equal(s.transform(chw[None])[0], want)
    assert s.denormalize(100 * want).max() == 1
    gray = SyntheticSet(torch.zeros(1, 1, 4, 5), [0], ['a'], [.5], [.5])
    assert gray.transform(raw[..., 0]).shape == gray.transform(Image.fromarray(raw)).shape == (1, 4, 5)
    for bad, why in ((chw[:, 1:], 'differ'), (chw.float(), 'from 0 to 255|bytes, or 0 to 1'), ('x', 'a PIL image')):
        with pytest.raises((TypeError, ValueError), match=why): s.transform(bad)


def test_a_set_moves_whole():
    tiles = SyntheticSet(torch.randn(2, 1, 4, 4), [0, 1], ['a', 'b'], [.5], [.5], dict(factor=2))
    for s in (coloured(), tiles):
        there = s.to('meta')
        assert s.to('cpu') is s and {t.device.type for t in (there.images, there.labels, there.stored, there.stored_labels)} == {'meta'}
        assert there.images.shape == s.images.shape and s.images.device.type == 'cpu' and len(there) == len(s)
