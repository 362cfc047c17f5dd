"Probabilities as labels: one-hot rows change nothing, files keep them, random images stand beside"
import json

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader

import dataset_condensation as dc
from dataset_condensation.all import (SyntheticSet, accuracy, compare_labels, condense, evaluate, gen, in_tiles, load_dataset, make_net,
                                      memory_bytes, only_classes, predict, random_set, read_set, soft_labels, train, train_recipe)

DIGITS = load_dataset('digits')
QUICK = train_recipe('dc', epochs=3)


def like(s, labels, **new): return SyntheticSet(s.stored, labels, s.classes, s.mean, s.std, s.info, **new)


def rows(n, seed=0): return torch.rand(n, 10, generator=gen(seed, 'rows')).softmax(1)


@pytest.fixture(scope='module')
def hard(): return random_set(DIGITS, 3)


@pytest.fixture(scope='module')
def teacher():
    net = make_net('convnet-w8-d1', DIGITS, generator=gen(1))
    train(net, DIGITS, train_recipe('whole', epochs=2))
    return net


def weights(net): return torch.cat([p.detach().flatten() for p in net.parameters()])


# ---- One-hot rows are hard labels

@pytest.mark.parametrize('speed', ['plain', 'auto'])
@pytest.mark.parametrize('net', ['convnet-w8-d1', 'convnet-w8-d2-bn', 'mlp', 'lenet'])
@pytest.mark.parametrize('how', [{}, dict(augment='dsa'), dict(batch=7, opt='adam')])
def test_one_hot_rows_train_the_very_network_of_hard_labels(hard, speed, net, how):
    soft = like(hard, torch.eye(10)[hard.labels])
    recipe = train_recipe(QUICK, **how)
    a, b = (evaluate(s, DIGITS, net, 2, recipe, speed=speed, keep=True, progress=False) for s in (hard, soft))
    assert a.accuracies == b.accuracies
    for m, n in zip(a.networks, b.networks): assert torch.equal(weights(m), weights(n))


def test_by_hand_and_by_autograd_soft_labels_have_one_gradient(hard):
    net = make_net('convnet-w8-d2', DIGITS, generator=gen(0))
    y = rows(30).half().float()
    want = dc.training.PLAIN.gradient(net, hard.images, y)
    got = dc.training.get_compute('auto', DIGITS, 'cpu').gradient(net, hard.images, y)
    for a, b in zip(want, got): assert torch.allclose(a, b, atol=1e-6, rtol=1e-4)


def test_hard_labels_stay_what_they_were(hard, tmp_path):
    assert hard.soft is None and torch.equal(hard.labels, hard.hard_labels) and hard.labels.dtype == torch.int64
    assert hard.label_bytes == 0 and isinstance(hard[0][1], int)
    assert 'soft' not in hard.save(tmp_path/'a.safetensors').read_bytes()[:2000].decode('latin1')
    assert 'label_bytes' not in evaluate(hard, DIGITS, 'mlp', 1, QUICK, progress=False).as_dict()
    assert 'soft' not in (hard.to_folder(tmp_path/'a')/'set.json').read_text(encoding='utf-8')


# ---- A set with probabilities

@pytest.mark.parametrize('kind', ['tensor', 'array', 'lists', 'half', 'double'])
def test_labels_may_be_probabilities_of_any_kind(hard, kind):
    p = rows(30)
    given = dict(tensor=p, array=p.numpy(), lists=p.tolist(), half=p.half(), double=p.double())[kind]
    s = like(hard, given)
    order = p.argmax(1).argsort(stable=True)
    assert torch.equal(s.labels, p[order].half().float()) and torch.equal(s.hard_labels, p.argmax(1)[order])
    assert torch.equal(s.images, hard.images[order]) and s.label_bytes == 600 and s.labels.dtype == torch.float32
    x, y = s[4]
    assert torch.equal(y, s.labels[4]) and torch.equal(x, s.images[4])


def test_the_class_of_an_image_may_be_another_than_the_likeliest(hard):
    p = rows(30)
    s = like(hard, hard.labels, soft=p)
    assert s.ipc == [3]*10 and torch.equal(s.hard_labels, hard.labels) and torch.equal(s.labels, p.half().float())


@pytest.mark.parametrize('change, says', [
    (lambda p: p * 2, 'add up to 1'), (lambda p: p - 0.2, 'add up to 1'), (lambda p: p * float('nan'), 'add up to 1'),
    (lambda p: p[:-1], r'\(29, 10\)'), (lambda p: p[:, :-1], r'\(30, 9\)'), (lambda p: p.log(), 'add up to 1'),
    (lambda p: (p > .5).long(), 'argmax')])
def test_what_are_no_probabilities_is_refused_in_one_line(hard, change, says):
    with pytest.raises(ValueError, match=says) as e: like(hard, change(rows(30)))
    assert '\n' not in str(e.value) and 'SyntheticSet' in str(e.value)
    if says != 'argmax':
        with pytest.raises(ValueError, match='soft'): like(hard, hard.labels, soft=change(rows(30)))


def parts_of(s):
    yield 'slice', s[5:20], slice(5, 20)
    yield 'list', s[[1, 5, 29]], [1, 5, 29]
    yield 'mask', s[s.hard_labels > 6], s.hard_labels > 6
    yield 'first', s.first(2), [i for i in range(30) if i % 3 < 2]


def test_parts_take_their_labels_along(hard):
    s = like(hard, hard.labels, soft=rows(30))
    for what, part, idx in parts_of(s):
        assert torch.equal(part.labels, s.labels[idx]) and torch.equal(part.images, s.images[idx]), what
    x, y = s.take([3, 4])
    assert torch.equal(y, s.labels[[3, 4]])
    assert torch.equal(s.to('cpu').labels, s.labels) and s.with_labels().soft is None
    assert torch.equal(s.with_labels().labels, hard.labels)


def test_tiles_have_a_row_each(hard):
    four = random_set(DIGITS, 4)
    p = rows(40)
    tiled = in_tiles(like(four, four.labels, soft=p), 2)
    assert len(tiled.stored) == 10 and len(tiled) == 40 and torch.equal(tiled.labels, p.half().float())
    assert torch.equal(tiled.hard_labels, four.labels) and torch.equal(tiled[:].labels, tiled.labels)
    assert tiled.first(1).label_bytes == tiled.label_bytes == 800
    with pytest.raises(ValueError, match=r'\(10, 10\), expected \(40, 10\)'): like(tiled, tiled.stored_labels, soft=rows(10))


def test_a_teacher_of_other_classes_is_refused(hard):
    net = make_net('mlp-w8', shape=hard.shape, n_classes=7).train()
    with pytest.raises(ValueError, match='soft_labels: `teacher` is a network for 7 classes, expected one for 10'): soft_labels(hard, net)
    assert net.training


@pytest.mark.parametrize('factor', [1, 2])
def test_files_keep_probabilities_to_the_bit(hard, tmp_path, factor):
    s = like(hard, hard.labels, soft=rows(30)) if factor == 1 else in_tiles(like(f := random_set(DIGITS, 4), f.labels, soft=rows(40)), 2)
    back = SyntheticSet.load(s.save(tmp_path/'a.safetensors'))
    flat = SyntheticSet.from_folder(s.to_folder(tmp_path/'a', stored=True))
    for b in (back, flat):
        assert torch.equal(b.labels, s.labels) and torch.equal(b.hard_labels, s.hard_labels) and b.factor == factor
    assert torch.equal(back.images, s.images)
    assert back.save(tmp_path/'b.safetensors').read_bytes() == (tmp_path/'a.safetensors').read_bytes()
    extra = (tmp_path/'a.safetensors').stat().st_size - s.with_labels().save(tmp_path/'c.safetensors').stat().st_size
    assert s.label_bytes <= extra < s.label_bytes + 200
    (tmp_path/'here').mkdir()
    assert torch.equal(SyntheticSet.from_folder(s.to_folder(tmp_path/'here')).labels, s.labels)
    (tmp_path/'a'/'soft_labels.safetensors').unlink()
    with pytest.raises((ValueError, OSError), match='soft_labels'): SyntheticSet.from_folder(tmp_path/'a')


def test_joined_sets_have_zeros_for_classes_a_teacher_did_not_know():
    parts = [random_set(only_classes(DIGITS, c), 1) for c in ([0, 1], [2, 3, 4])]
    soft = [s.with_labels(torch.full((len(s), len(s)), 1 / len(s))) for s in parts]
    both = SyntheticSet.join(soft, DIGITS.classes)
    assert both.labels.shape == (5, 10) and torch.equal(both.labels[:2, :2], soft[0].labels) and both.labels[:2, 2:].eq(0).all()
    assert torch.equal(both.labels[2:, 2:5], soft[1].labels)
    with pytest.raises(ValueError, match='soft labels'): SyntheticSet.join([soft[0], parts[1]])


# ---- Training on them

def test_a_dataset_of_soft_sets_trains_like_the_set(hard):
    s = like(hard, hard.labels, soft=rows(30))
    nets = [make_net('mlp', DIGITS, generator=gen(3)) for _ in range(3)]
    for net, d in zip(nets, (s, DataLoader(s, batch_size=4), ConcatDataset([s]))): train(net, d, QUICK)
    assert torch.equal(weights(nets[0]), weights(nets[1])) and torch.equal(weights(nets[0]), weights(nets[2]))


def test_accuracy_counts_the_likeliest_class(hard, teacher):
    s = like(hard, hard.labels, soft=rows(30))
    assert accuracy(teacher, s) == 100 * (predict(teacher, s) == s.labels.argmax(1)).float().mean().item()


def test_a_network_with_more_outputs_than_classes_is_refused(hard):
    s = like(hard, hard.labels, soft=rows(30))
    wide = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 12))
    train(wide, hard, QUICK)
    with pytest.raises(ValueError, match='10 classes with soft labels'): train(wide, s, QUICK)


def test_condensing_starts_from_the_images_and_gives_hard_labels(hard):
    s = like(hard, hard.labels, soft=rows(30))
    made = [condense(DIGITS, 'dm', 3, init=i, net='convnet-w8-d1', iterations=2, real_batch=8, progress=False) for i in (s, hard)]
    assert made[0].soft is None and torch.equal(made[0].stored, made[1].stored)


# ---- A teacher

def test_a_teacher_gives_its_probabilities_and_stays_as_it_is(hard, teacher):
    before, mode = weights(teacher), teacher.training
    for heat in (1, 4):
        s = soft_labels(hard, teacher, heat)
        with torch.no_grad(): want = (teacher.eval()(hard.images) / heat).softmax(1)
        teacher.train(mode)
        assert torch.allclose(s.labels, want, atol=1e-3) and s.info['temperature'] == heat
        assert s.ipc == hard.ipc and torch.equal(s.images, hard.images)
    assert torch.equal(weights(teacher), before) and teacher.training == mode
    assert soft_labels(hard, teacher, 9).labels.max() < soft_labels(hard, teacher, 1).labels.max()


def test_a_teacher_sees_images_as_it_was_trained_on_them(hard, teacher):
    other = SyntheticSet((hard.pixels - .5) / .25, hard.labels, hard.classes, [.5], [.25])
    assert torch.allclose(soft_labels(other, teacher).labels, soft_labels(hard, teacher).labels, atol=2e-3)


@pytest.mark.parametrize('args, says', [
    (lambda s, t: (DIGITS, t), 'small'), (lambda s, t: (s, 'mlp'), 'teacher'), (lambda s, t: (s, t, 0), 'temperature'),
    (lambda s, t: (s, make_net('mlp', only_classes(DIGITS, [1, 2]))), 'a network for 2 classes, expected one for 10')])
def test_other_teachers_are_refused(hard, teacher, args, says):
    with pytest.raises((TypeError, ValueError), match=says): soft_labels(*args(hard, teacher))


def test_random_images_with_the_same_labels_are_always_in_the_table(hard, teacher):
    dm = condense(DIGITS, 'dm', 3, net='convnet-w8-d1', iterations=2, real_batch=8, progress=False)
    table = compare_labels(DIGITS, {'dm': dm}, teacher, 2., nets=1, net='mlp', recipe=QUICK, progress=False)
    assert [s.name for s in table.scores] == ['random', 'dm', 'random, soft', 'dm, soft']
    assert [r[2] for r in table.rows()] == ['label bytes', '–', '–', '600', '600']
    want = evaluate(soft_labels(random_set(DIGITS, 3), teacher, 2.), DIGITS, 'mlp', 1, QUICK, progress=False)
    assert table['random, soft'].mean == want.mean and table['random'].evaluations[0].images == 30
    assert json.loads(json.dumps(table.as_dict()))['scores'][2]['evaluations'][0]['label_bytes'] == 600
    for wrong in ({}, dm, {'dm': 3}, None):
        with pytest.raises((TypeError, ValueError), match='sets'): compare_labels(DIGITS, wrong, teacher)


def test_bytes_of_labels_count(hard, teacher):
    s = soft_labels(hard, teacher)
    assert memory_bytes(s) == memory_bytes(hard) + 600 == 30*64 + 600


# ---- The score card

@pytest.fixture(scope='module')
def card(hard, teacher):
    return dc.score(soft_labels(hard, teacher, 3.), DIGITS, 'mlp', 2, QUICK, train_recipe('whole', epochs=1), rates=None, augment=None,
                    progress=False)


def test_a_card_has_random_images_with_soft_labels_too(card, hard):
    rows = card.accuracies['mlp']
    assert list(rows) == ['this set', 'random', 'herding', 'centroids', 'this set, soft', 'random, soft', 'all images']
    assert card.scores['IOR'][0] == pytest.approx(np.mean(np.subtract(rows['this set, soft'], rows['random, soft'])) / 100)
    assert card.scores['HLR'][0] == pytest.approx(np.mean(np.subtract(rows['all images'], rows['this set'])) / 100)
    assert 'temperature 3' in card.line() and card.bytes == hard.stored.nbytes + 600
    plain = dc.score(hard, DIGITS, 'mlp', 2, QUICK, train_recipe('whole', epochs=1), rates=None, augment=None, progress=False)
    for k, v in plain.accuracies['mlp'].items(): assert rows[k] == v
    assert len(card.plot().get_legend_handles_labels()[1]) == 7


def test_an_npz_may_hold_probabilities(hard, tmp_path):
    p = rows(30)
    np.savez(tmp_path/'a.npz', images=hard.pixels.clamp(0, 1).numpy(), labels=p.numpy())
    (s,) = read_set(tmp_path/'a.npz', DIGITS)
    assert torch.equal(s.labels, p[p.argmax(1).argsort(stable=True)].half().float())
    np.savez(tmp_path/'b.npz', images=hard.pixels.clamp(0, 1).numpy(), labels=p.log().numpy())
    with pytest.raises(ValueError, match='add up to 1'): read_set(tmp_path/'b.npz', DIGITS)


def test_sets_of_two_kinds_are_not_scored_together(hard, teacher):
    with pytest.raises(ValueError, match='kinds of labels'): dc.score([hard, soft_labels(hard, teacher)], DIGITS, 'mlp', progress=False)
