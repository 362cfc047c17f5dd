"Sets that start from sets, keep images, take classes on, and nest"
import json

import pytest
import torch

import dataset_condensation as dc
from dataset_condensation.all import (Recipe, SyntheticSet, add_classes, condense, condensing, first_images, gen, load_dataset, nested,
                                      only_classes, random_set)
from dataset_condensation.cli import main
from dataset_condensation.names import get_method

DIGITS = load_dataset('digits')
TINY = dict(net='convnet-w8-d1', iterations=3, real_batch=8, progress=False)


def made(ipc=1, method='dm', data=DIGITS, **new): return condense(data, method, ipc, **TINY | new)


# ---- Starting from a set

@pytest.mark.parametrize('ipc, factor', [(1, 1), (2, 2), ([2, 1] * 5, 1)])
def test_a_run_starts_from_the_images_of_a_set_and_leaves_that_set_alone(ipc, factor):
    start = made(ipc, factor=factor, init='real')
    before = start.stored.clone()
    state = next(condensing(DIGITS, 'dm', ipc, init=start, factor=factor, image_lr=1e-12, net='convnet-w8-d1', real_batch=8))
    assert torch.allclose(state.images, before, atol=1e-6)
    made(ipc, init=start, factor=factor)
    assert torch.equal(start.stored, before)


def test_two_runs_one_after_the_other_move_on():
    first = made()
    second = made(init=first)
    assert not torch.equal(first.stored, second.stored) and second.ipc == first.ipc
    assert torch.equal(second.stored, made(init=first).stored)


def other_scale(s): return SyntheticSet(s.images, s.labels, s.classes, s.mean + 1, s.std)


@pytest.mark.parametrize('what', ['init', 'keep'])
@pytest.mark.parametrize('change, says', [
    (lambda s: SyntheticSet(torch.zeros(10, 1, 9, 8), s.labels, s.classes, s.mean, s.std), 'shape of `{}`'),
    (lambda s: SyntheticSet(s.images, s.labels, 'abcdefghij', s.mean, s.std), 'classes of `{}`'),
    (other_scale, 'mean and std of `{}`'),
    (lambda s: SyntheticSet(s.images, s.labels, s.classes, s.mean, s.std, dict(factor=2)), 'tiles of `{}`')])
def test_a_set_that_does_not_fit_is_refused_by_name(what, change, says):
    wrong = change(random_set(DIGITS, 1))
    with pytest.raises(ValueError, match=says.format(what)) as e: made(2 if what == 'keep' else 1, **{what: wrong})
    assert '\n' not in str(e.value)


@pytest.mark.parametrize('ipc, more', [(2, dict(init=1)), (1, dict(keep=2)), ([1, 3] * 5, dict(keep=2)), (2, dict(keep=2))])
def test_other_numbers_of_images_are_refused(ipc, more):
    with pytest.raises(ValueError, match='ipc'): made(ipc, **{k: random_set(DIGITS, n) for k, n in more.items()})


@pytest.mark.parametrize('new', [dict(init=3), dict(init='nose'), dict(init=DIGITS), dict(keep='real'), dict(keep=DIGITS)])
def test_what_is_no_set_is_refused(new):
    with pytest.raises((TypeError, ValueError), match=next(iter(new))): Recipe(**new)


# ---- Images that stay

@pytest.mark.parametrize('new', [{}, dict(image_opt='adam'), dict(factor=2), dict(method='dc', outer=2), dict(image_momentum=0.),
                                 dict(method='delving-m', outer=2), dict(speed='plain'), dict(method='experts', iterations=2, factor=1)])
def test_kept_images_stay_bit_for_bit_and_the_others_move(new):
    keep = made(2, factor=new.get('factor', 1))
    before, start = keep.stored.clone(), first_images(DIGITS, 3, 'real', factor=new.get('factor', 1))
    grown = made(3, **dict(init='real', keep=keep) | new)
    assert torch.equal(grown.first(2).stored, before) and torch.equal(keep.stored, before)
    places = [3*c + 2 for c in range(10)]
    assert not (grown.stored[places] == start.stored[places]).flatten(1).all(1).any()


def test_classes_may_keep_different_numbers():
    keep = made([1, 2] * 5)
    grown = made([1, 3] * 5, keep=keep)
    for c in range(10):
        own = [s.stored[s.stored_labels == c] for s in (keep, grown)]
        assert torch.equal(own[1][:len(own[0])], own[0])


def test_a_resumed_run_keeps_the_same_images(tmp_path):
    keep, other = made(1), made(1, seed=1)
    whole = made(2, keep=keep, checkpoint=tmp_path/'whole')
    made(2, keep=keep, checkpoint=tmp_path/'half', iterations=1)
    assert torch.equal(made(2, keep=keep, checkpoint=tmp_path/'half').stored, whole.stored)
    with pytest.raises(ValueError, match='recipe.keep'): made(2, keep=other, checkpoint=tmp_path/'half')
    with pytest.raises(ValueError, match='recipe.init'): made(2, init=made(2), keep=keep, checkpoint=tmp_path/'half')


def test_the_kept_set_is_named_in_the_settings_and_nothing_else_changes():
    info = json.loads(json.dumps(made(2, keep=(one := made(1))).info))
    assert info['recipe']['keep'] == made(2, keep=one).info['recipe']['keep'] != made(2, keep=made(1, seed=3)).info['recipe']['keep']
    assert 'keep' not in made(2).info['recipe'] and made(2).info['recipe']['init'] == 'real'


def test_the_command_takes_files(tmp_path, capsys):
    made(1).save(tmp_path/'one.safetensors')
    made(1).to_folder(tmp_path/'folder')
    tiny = ['digits', '--method', 'dm', '--net', 'convnet-w8-d1', '--iterations', '2', '--real-batch', '8', '--nets', '1', '--epochs', '2',
            '--whole', '0', '--baselines', 'none', '--quiet']
    assert main([*tiny, '--ipc', '2', '--keep', str(tmp_path/'one.safetensors'), '--out', str(tmp_path/'a')]) == 0
    grown = SyntheticSet.load(tmp_path/'a'/'synthetic.safetensors')
    assert torch.equal(grown.first(1).stored, SyntheticSet.load(tmp_path/'one.safetensors').stored)
    assert main([*tiny, '--ipc', '1', '--init', str(tmp_path/'folder'), '--out', str(tmp_path/'b')]) == 0
    for flag, name, says in (('--keep', 'none', 'none'), ('--init', 'nose', '--init is \'nose\''),
                             ('--keep', str(tmp_path/'one.safetensors'), 'ipc')):
        capsys.readouterr()
        assert main([*tiny, '--ipc', '1', flag, name, '--out', str(tmp_path/'c')]) == 2
        said = capsys.readouterr().err
        assert says in said and said.count('\n') == 1 and not (tmp_path/'c').exists()


# ---- The first images of each class

@pytest.mark.parametrize('factor', [1, 2])
def test_the_first_images_are_those_stored_first(factor):
    whole = made([4, 3] * 5, factor=factor)
    for k in (1, 3):
        part = whole.first(k)
        assert part.ipc == [k] * 10 and part.factor == factor and len(part) == 10 * k * factor**2
        for c in range(10): assert torch.equal(part.stored[part.stored_labels == c], whole.stored[whole.stored_labels == c][:k])
    assert torch.equal(whole.first(3).first(1).stored, whole.first(1).stored)
    for k in (0, 4, 1.5, None):
        with pytest.raises(ValueError, match='first: `k` is .* from 1 to 3'): whole.first(k)


@pytest.mark.parametrize('method, factor', [('random', 1), ('random', 2), ('herding', 1)])
def test_random_choice_and_herding_nest_and_remember_what_was_chosen(method, factor):
    if method == 'herding': embedder = dict(embedder=dc.make_net('mlp', DIGITS, generator=gen(0)))
    else: embedder = {}
    three, two = (condense(DIGITS, method, k, factor=factor, progress=False, **embedder) for k in (3, 2))
    assert torch.equal(three.first(2).stored, two.stored) and three.first(2).info['chosen'] == two.info['chosen']


# ---- Further classes

def test_new_classes_leave_the_others_alone_bit_for_bit():
    old = made(2, data=only_classes(DIGITS, range(7)))
    before = old.stored.clone()
    both = add_classes(old, DIGITS, ipc=2, **TINY)
    assert both.classes == DIGITS.classes and both.ipc == [2] * 10
    assert torch.equal(both.stored[:14], before) and torch.equal(old.stored, before)
    new = condense(only_classes(DIGITS, ['7', '8', '9']), 'dm', 2, **TINY)
    assert torch.equal(both.stored[14:], new.stored)


def test_the_order_of_the_classes_is_that_of_the_data():
    old = made(1, data=only_classes(DIGITS, ['8', '3']))
    both = add_classes(old, only_classes(DIGITS, ['3', '1', '8']), ipc=2, **TINY)
    assert both.classes == ['3', '1', '8'] and both.ipc == [1, 2, 1]
    assert torch.equal(both.stored[both.stored_labels == 2], old.stored[old.stored_labels == 0])
    apart = add_classes(old, only_classes(DIGITS, [5]), 'random')
    assert apart.classes == ['8', '3', '5'] and torch.equal(apart.stored[:2], old.stored)


def test_new_classes_are_scaled_as_the_set_is():
    own = [dc.from_tensors(d.train.images, d.train.labels, d.test.images, d.test.labels, classes=d.classes)
           for d in (only_classes(DIGITS, range(5)), only_classes(DIGITS, range(5, 10)))]
    both = add_classes(random_set(own[0], 1), own[1], 'random')
    assert not torch.equal(own[0].mean, own[1].mean) and torch.equal(both.mean, own[0].mean)
    real = both.pixels[5:].mul(255).round()
    for c, x in enumerate(real): assert (own[1].train.of_class(c) == x).flatten(1).all(1).any()


def test_without_new_classes_nothing_is_added():
    with pytest.raises(ValueError, match='without a new class'): add_classes(random_set(DIGITS, 1), DIGITS)
    with pytest.raises(TypeError, match='small'): add_classes(DIGITS, DIGITS)
    with pytest.raises(ValueError, match=r"'77'"): only_classes(DIGITS, ['77'])


def test_joined_sets_take_an_order_of_classes():
    a, b = (random_set(only_classes(DIGITS, c), 1) for c in ([3, 1], [2]))
    both = SyntheticSet.join([a, b], '0123')
    assert both.classes == [*'0123'] and both.ipc == [0, 1, 1, 1]
    assert torch.equal(both.stored[2], a.stored[0]) and torch.equal(both.stored[1], b.stored[0])
    with pytest.raises(ValueError, match="'3'"): SyntheticSet.join([a, b], '012')


def test_a_set_whose_classes_are_in_another_order_is_not_scored():
    turned = random_set(only_classes(DIGITS, range(9, -1, -1)), 1)
    with pytest.raises(ValueError, match='classes'): dc.evaluate(turned, DIGITS, 'mlp', 1, dc.train_recipe('dc', epochs=1))
    right = SyntheticSet.join([turned], DIGITS.classes)
    assert dc.evaluate(right, DIGITS, 'mlp', 1, dc.train_recipe('dc', epochs=1)).images == 10


# ---- Sets in sets

def test_a_nested_method_moves_the_first_images_only_when_their_size_is_due():
    states = condensing(DIGITS, nested('dm', (1, 3)), 3, image_momentum=0., **{k: v for k, v in TINY.items() if k != 'progress'})
    before, moved = first_images(DIGITS, 3, 'real').stored, []
    for s in states:
        moved.append((s.images != before).flatten(1).any(1).view(10, 3).all(0).tolist())
        before = s.images.detach().clone()
    assert moved == [[True, False, False], [True, True, True], [True, False, False]]


def test_nested_with_one_size_is_the_method_itself():
    a, b = (made(2, m, factor=f) for m, f in (('dm', 2), (nested('dm', [2]), 2)))
    assert torch.equal(a.stored, b.stored) and b.info['method'] == 'nested-dm'
    a, b = (made(2, m, outer=2) for m in ('dc', nested('dc', [2])))
    assert torch.equal(a.stored, b.stored)


@pytest.mark.parametrize('method', ['dm', 'dm-plain'])
def test_a_nested_method_keeps_the_augmentation_of_the_method(method):
    assert nested(method).recipe().augment == get_method(method).recipe().augment


@pytest.mark.parametrize('args', [('dm', [0]), ('dm', [1.5]), ('random', [1]), ('dmm', [1])])
def test_what_cannot_nest_is_refused(args):
    with pytest.raises((ValueError, TypeError), match='nested'): nested(*args)


def test_sizes_beyond_the_images_of_a_class_are_refused():
    with pytest.raises(ValueError, match=r'nested: `sizes` is \(1, 5\), expected at most 2, the images per class'): made(2, nested('dm', (1, 5)))
