"""What comes with images: class names, splits, labels, kinds of files, statistics. Used rightly, or refused in one
clear message; where it is not used, a warning says so."""
import warnings
from pathlib import Path

import numpy as np, pytest, torch
from PIL import Image
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from dataset_condensation.all import (Comparison, Evaluation, Score, SyntheticSet, accuracy, compare, condense, evaluate,
                                      from_datasets, from_tensors, gen, load_dataset, make_net, predict, random_set,
                                      train, train_recipe)
from dataset_condensation.machine import NotFiniteError

X = torch.randint(256, (12, 3, 8, 8), generator=gen(0, 'metadata')).byte()
Y = torch.arange(12) % 3
FEW = dict(iterations=2, real_batch=4, net='convnet-w4', progress=False, speed='plain')


@pytest.fixture(autouse=True)
def no_other_warnings():
    "A warning that a test does not wait for is an error"
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        warnings.filterwarnings('ignore', '.* test images are training images too')     # the same few are on both sides here
        yield


def write(path, i=0, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(i).integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)


def folders(root, *names, n=4):
    for name in names:
        for i in range(n): write(root/name/f'{i}.png', i)
    return root


def load(path, **kw): return load_dataset(path, progress=False, **kw)


# ---- Names of classes

@pytest.mark.parametrize('classes, names', [
    (['a', 'b', 'c'], 'abc'), (np.array(['a', 'b', 'c']), 'abc'), ({'c': np.int64(2), 'a': np.int64(0), 'b': np.int64(1)}, 'abc'),
    ({'0': 'a', '2': 'c', '1': 'b'}, 'abc'), ({'c': '2', 'a': '0', 'b': '1'}, 'abc'), ({'0': 1, '1': 2, '2': 0}, '201'),
    ({0: '1', 1: '2', 2: '0'}, '120'), ([b'a', ('b', 'bee'), 3], ['a', 'b, bee', '3']), (torch.arange(3), '012')])
def test_names_are_read_whatever_they_come_in(classes, names):
    assert from_tensors(X, Y, X, Y, classes).classes == list(names)
    assert SyntheticSet(torch.zeros(3, 1, 8, 8), [0, 1, 2], classes, [0.], [1.]).classes == list(names)
    pairs = TensorDataset(X, Y)
    assert from_datasets(pairs, pairs, classes, progress=False).classes == list(names)


@pytest.mark.parametrize('classes, error, says', [
    ({'a', 'b', 'c'}, TypeError, 'a set has no order'), ({0: 'a', 1: 'b', 3: 'c'}, ValueError, 'each of 0 to 2'),
    ({'a': 0, 'b': 1, 'c': 1}, ValueError, 'each of 0 to 2'), ({'a': 'x', 'b': 'y', 'c': 'z'}, ValueError, 'each of 0'),
    ({'0': '1', '1': '2', '2': '0'}, ValueError, 'each of 0 to 2'),       # both ways make sense
    ({0: 'a', 1: 'b'}, ValueError, 'training label 2 is 2'), (5, TypeError, 'expected a list of names')])
def test_names_that_do_not_say_which_label_they_mean_are_refused(classes, error, says):
    with pytest.raises(error, match=says): from_tensors(X, Y, X, Y, classes)


def test_a_set_is_refused_by_every_entrance():
    for make in (lambda: SyntheticSet(torch.zeros(2, 1, 8, 8), [0, 1], {'a', 'b'}, [0.], [1.]),
                 lambda: from_datasets(TensorDataset(X, Y), TensorDataset(X, Y), {'a', 'b', 'c'}, progress=False)):
        with pytest.raises(TypeError, match='set has no order'): make()


class Named(Dataset):
    "Images of labels `y`; what `about` has are its attributes, as torchvision's Datasets have them"
    def __init__(self, y, change=None, **about):
        self.y, self.change = list(y), change
        for k, v in about.items(): setattr(self, k, v)
    def __len__(self): return len(self.y)
    def __getitem__(self, i):
        y = self.change(self.y[i]) if self.change else self.y[i]
        return np.full((8, 8), (20*self.y[i] + i % 20) % 256, np.uint8), y


def named(y, classes, change=None, keep=True, **more):
    y = list(y)
    about = dict(classes=list(classes), **more, **(dict(targets=y) if keep else {}))
    return Named(y, change, **about, **(dict(target_transform=change) if change else {}))


three, abc = [0, 1, 2]*3, ['cat', 'dog', 'owl']


def shades(part):
    "Name of the class → what its images were, before anything was renumbered"
    return {c: sorted({int(x[0, 0, 0]) // 20 for x in part.of_class(i)}) for i, c in enumerate(part.classes) if part.counts[i]}


@pytest.mark.parametrize('keep, in_memory', [(True, False), (False, True)], ids=['targets, in a file', 'no targets'])
@pytest.mark.parametrize('test, meant', [
    (lambda k: named(three, abc, keep=k), dict(cat=[0], dog=[1], owl=[2])),
    (lambda k: named([0, 1]*3, ['cat', 'owl'], keep=k), dict(cat=[0], owl=[1])),
    (lambda k: named([0, 1]*3, ['dog', 'owl'], keep=k), dict(dog=[0], owl=[1])),
    (lambda k: named(three, abc[::-1], keep=k), dict(cat=[2], dog=[1], owl=[0])),
    (lambda k: named([3, 1]*2, ['ant', 'cat', 'cow', 'dog'], keep=False), dict(cat=[1], dog=[3])),
    (lambda k: Subset(named(three, abc[::-1], keep=k), [0, 1, 3]), dict(dog=[1], owl=[0])),
    (lambda k: ConcatDataset([named([1], ['cat', 'owl'], keep=False), named([0], ['cat', 'owl'], keep=False)]),
     dict(cat=[0], owl=[1])),
    (lambda k: Named([0, 2]), dict(cat=[0], owl=[2]))])
def test_test_labels_mean_what_their_names_say(test, meant, keep, in_memory, tmp_path):
    data = from_datasets(named(three, abc, keep=keep), test(keep), progress=False, in_memory=in_memory, cache_dir=tmp_path)
    assert data.classes == abc and shades(data.test) == meant
    assert shades(data.train) == dict(cat=[0], dog=[1], owl=[2])


def test_a_cache_is_not_taken_for_one_of_other_labels(tmp_path):
    how = dict(progress=False, in_memory=False, cache_dir=tmp_path)
    y = three*40
    a = from_datasets(Named(y, targets=y), Named(three), **how)
    changed = [*y[:-2], 0, 2]                                       # one label, at none of the places that are looked at
    b = from_datasets(Named(changed, targets=changed), Named(three), **how)
    assert a.train.counts.tolist() == [120]*3 and b.train.counts.tolist() == [121, 119, 120]


@pytest.mark.parametrize('train, test, says', [
    (named(three, abc), named(three, ['cat', 'dog', 'wolf']), "with images of 'wolf', expected those of train"),
    (named(three, abc), named(three, abc[::-1], lambda y: 2 - y), r"`test.classes` is \['owl'"),
    (ConcatDataset([named(three, abc), named(three, abc[::-1])]), named(three, abc), 'joins Datasets of different classes'),
    (Subset(named(three, abc), [0, 2, 3, 5]), named(three, abc), "with images of 'dog'")])
def test_datasets_whose_classes_cannot_be_matched_are_refused(train, test, says):
    with pytest.raises(ValueError, match=says): from_datasets(train, test, progress=False)


ten = [f'{i} - name' for i in range(10)]


@pytest.mark.parametrize('make, classes', [
    (lambda: named(range(1, 27), ['N/A', *'abcdefghijklmnopqrstuvwxyz']), 'abcdefghijklmnopqrstuvwxyz'),    # EMNIST's letters
    (lambda: named(three, abc, lambda y: torch.tensor([y])), abc),
    (lambda: Subset(named([*range(10)]*2, ten), [1, 3, 11, 13]), [ten[1], ten[3]]),
    (lambda: ConcatDataset([named(three, abc), Subset(named(three, abc), [0])]), abc),
    (lambda: named([1, 2]*3, ['cat', 'dog'], class_to_idx={'cat': 1, 'dog': 2}), ['cat', 'dog']),
    (lambda: Named(three, class_to_idx={'owl': 0, 'cat': 1, 'dog': 2}), ['owl', 'cat', 'dog']),
    (lambda: named(three, abc, class_to_idx={'cat': 0, 'kitten': 0, 'dog': 1, 'owl': 2}), abc),            # ImageNet's
    (lambda: Named(three), '012'), (lambda: TensorDataset(X, Y), '012')])
def test_names_are_used_where_the_labels_fit_them(make, classes):
    assert from_datasets(make(), make(), progress=False).classes == list(classes)


@pytest.mark.parametrize('make, n', [
    (lambda: named(range(1, 27), ['N/A', *'abcdefghijklmnopqrstuvwxyz'], lambda y: y - 1), 26),
    (lambda: named([*range(10)]*2, ten, lambda y: y % 2), 2),                 # even and odd
    (lambda: Named([0, 1]*5, classes=ten, targets=[0, 1]*5), 2),              # the same, by other targets
    (lambda: Named([0, 1]*5, classes=ten), 2),                                # the same, around another Dataset
    (lambda: named([*range(10)]*2, ten, lambda y: 9 - y, keep=False), 10),
    (lambda: Subset(named([*range(10)]*2, ten, lambda y: 9 - y), range(10)), 10),
    (lambda: Named(three, classes={'cat', 'dog', 'owl'}), None), (lambda: Named(three, classes=3), None),
    (lambda: Named(three, classes=['cat', 'dog']), 3)])
def test_names_that_labels_do_not_fit_are_not_used_and_that_is_said(make, n):
    if n is None: assert from_datasets(make(), make(), progress=False).classes == ['0', '1', '2']
    else:
        with pytest.warns(UserWarning, match='labels of train are not those that its .classes name'):
            data = from_datasets(make(), make(), progress=False)
        assert data.classes == [*map(str, range(n))]
    names = [f'n{i}' for i in range(n or 3)]
    assert from_datasets(make(), make(), names, progress=False).classes == names     # and without a warning


# ---- Labels

@pytest.mark.parametrize('y', [
    Y.tolist(), Y.byte(), Y.numpy().astype('uint16'), Y[:, None], [[i] for i in Y.tolist()], [np.int64(i) for i in Y.tolist()],
    [torch.tensor([i]) for i in Y.tolist()], Y.numpy().astype('>i4'), Y.flip(0).numpy()[::-1]])
def test_labels_of_every_type_are_the_same_labels(y):
    assert torch.equal(from_tensors(X, y, X, y).train.labels, Y.sort()[0])
    pairs = [(x.permute(1, 2, 0).numpy(), v) for x, v in zip(X, y)]
    assert from_datasets(pairs, pairs, progress=False).train.counts.tolist() == [4, 4, 4]


def test_two_classes_may_be_false_and_true():
    assert from_tensors(X, Y > 0, X, Y > 0).train.counts.tolist() == [4, 8]
    pairs = [(x.permute(1, 2, 0).numpy(), v) for x, v in zip(X, (Y > 0).numpy())]
    assert from_datasets(pairs, pairs, progress=False).train.counts.tolist() == [4, 8]


@pytest.mark.parametrize('y, error, says', [
    (torch.eye(3)[Y], ValueError, 'argmax'), (Y.float(), TypeError, 'expected integers'), (['a']*12, TypeError, 'expected integers'),
    (np.array(['a']*12), TypeError, 'expected integers'), ([None]*12, TypeError, 'expected integers')])
def test_what_is_no_label_is_refused(y, error, says):
    with pytest.raises(error, match=says): from_tensors(X, y, X, y)
    pairs = [(x.permute(1, 2, 0).numpy(), v) for x, v in zip(X, y)]
    with pytest.raises(TypeError, match=r'`label of train\[0\]` is .*expected an integer'): from_datasets(pairs, pairs, progress=False)


# ---- Shapes and values of images

@pytest.mark.parametrize('c, h, w', [(1, 32, 32), (3, 40, 32), (4, 32, 48), (31, 32, 32)])
def test_channels_that_come_last_are_refused(c, h, w):
    x = torch.randint(256, (12, h, w, c), generator=gen(0)).byte()
    pairs = TensorDataset(x, Y)
    for make in (lambda: from_tensors(x, Y, x, Y), lambda: from_tensors(x.numpy(), Y, x / 255, Y),
                 lambda: from_datasets(pairs, pairs, progress=False)):
        with pytest.raises(ValueError, match=r'H, W, C\), expected \((N, )?C, H, W\)'): make()
    first = x.permute(0, 3, 1, 2).contiguous()
    arrays, wrong = ([(a, int(y)) for a, y in zip(v.numpy(), Y)] for v in (x, first))
    assert from_datasets(arrays, arrays, progress=False).shape == from_tensors(first, Y, first, Y).shape == (c, h, w)
    with pytest.raises(ValueError, match=r'`train\[0\]` is of shape'): from_datasets(wrong, wrong, progress=False)


@pytest.mark.parametrize('x', [X.numpy()[..., ::-1], [*X], X.numpy().astype('>f4') / 255])
def test_arrays_as_people_have_them(x):
    want = np.stack([np.asarray(v) for v in x]).astype('float64')
    got = from_tensors(x, Y, X, Y).train
    assert np.allclose(got.images[got.order.argsort()].numpy() / (255 if want.max() <= 1 else 1), want, atol=1e-6)


@pytest.mark.parametrize('x', [X.numpy().astype('uint16'), X.float(), X / 127.5 - 1])
def test_other_values_are_refused(x):
    with pytest.raises((TypeError, ValueError), match='expected uint8, or floats in 0 to 1'): from_tensors(x, Y, X, Y)


# ---- Splits

pets = ('cat', 'dog', 'owl')
def split(root, *names, **n):
    for k, name in enumerate(names): folders(root, *(f'{name}/{c}' for c in pets), n=5 - k)
    return root


@pytest.mark.parametrize('train, test', [
    ('train', 'test'), ('Train', 'TEST'), ('seg_train', 'seg_test'), ('train', 'dev'), ('training_set', 'test_set'), ('train2017', 'val2017'),
    ('Training', 'Validation')])
def test_a_split_that_is_there_is_used(tmp_path, train, test):
    data = load(split(tmp_path, train, test))
    assert (data.classes, data.train.counts.tolist(), data.test.counts.tolist()) == ([*pets], [5]*3, [4]*3)


@pytest.mark.parametrize('others, n_test', [(('val', 'test'), 3), (('test', 'val'), 4), (('dev', 'val'), 3)])
def test_of_three_parts_the_test_set_is_taken(tmp_path, others, n_test):
    assert load(split(tmp_path, 'train', *others)).test.counts.tolist() == [n_test]*3


@pytest.mark.parametrize('make, says', [
    (lambda r: split(r, 'train', 'Train', 'test'), 'expected one training folder'),
    (lambda r: split(r, 'test', 'val'), 'but no train/'),
    (lambda r: folders(r, *(f'{c}/{s}' for c in pets for s in ('train', 'test'))), 'expected train/ and test/ with a folder for each class')])
def test_splits_that_cannot_be_understood_are_refused(tmp_path, make, says):
    with pytest.raises(ValueError, match=says): load(make(tmp_path))


@pytest.mark.parametrize('names', [('train', 'plane'), ('bullet train', 'test tube'), ('constraint', 'protest')])
def test_classes_may_be_called_like_splits(tmp_path, names):
    assert load(folders(tmp_path, *names)).classes == sorted(names)
    assert load(folders(tmp_path/'deeper', *(f'{n}/images' for n in ('bullet train', 'plane')))).n_classes == 2


# ---- Files

def test_files_that_are_not_read_are_counted(tmp_path):
    folders(tmp_path, 'cat', 'dog')
    for name in ('cat/1.HEIC', 'cat/2.heic', 'dog/3.avif', 'dog/scan', 'cat/notes.txt', 'dog/README', 'cat/.DS_Store', 'dog/1.xml'):
        (tmp_path/name).write_bytes(b'x')
    write(tmp_path/'loose.png')
    with pytest.warns(UserWarning, match='2 .heic files, 1 .avif files, 1 images in no class folder were not read') as told: load(tmp_path)
    assert len([w for w in told if 'training images too' not in str(w.message)]) == 1


def test_what_systems_add_is_not_read_and_nothing_is_said(tmp_path):
    folders(tmp_path, 'cat', 'dog')
    for junk in ('cat/@eaDir/0.png', 'dog/.thumbnails/1.png', '__MACOSX/cat/0.png', 'dog/$RECYCLE.BIN/9.png', '@eaDir/x/0.png'):
        write(tmp_path/junk)
    data = load(tmp_path)
    assert data.classes == ['cat', 'dog'] and len(data.train) + len(data.test) == 8


def test_masks_beside_photographs_are_told_of(tmp_path):
    folders(tmp_path, 'cat', 'dog', 'cat/masks', n=3)
    with pytest.warns(UserWarning, match='3 in masks/'): load(tmp_path)
    load(folders(tmp_path/'faces', 'masks', 'no masks'))                       # here it is a class


@pytest.mark.parametrize('name', ['digits', 'mnist', 'Fashion-MNIST'])
def test_a_folder_called_like_a_set_is_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name, 'raw').mkdir(parents=True)                                      # where torchvision keeps its files, say
    try: load(name, root=tmp_path, download=False)
    except FileNotFoundError: pass
    folders(tmp_path, f'{name}/eins', f'{name}/zwei')
    with pytest.warns(UserWarning, match=f'{name!r} is the set of that name; .* ./{name}'):
        try: load(name, root=tmp_path, download=False)
        except FileNotFoundError: pass


@pytest.mark.parametrize('in_memory', [True, False])
def test_bad_files_are_dropped_before_the_split(tmp_path, in_memory):
    photos = folders(tmp_path/'photos', 'cat', 'dog', n=5)
    for k in range(5):
        for i in range(5): write(photos/f'cat/{i}.png', i)
        (photos/f'cat/{k}.png').write_bytes(b'broken')
        with pytest.warns(UserWarning, match='left out 1 of 10 files'):
            data = load(photos, skip_bad=True, in_memory=in_memory, cache_dir=tmp_path/'caches')
        assert (data.train.counts.tolist(), data.test.counts.tolist()) == ([3, 4], [1, 1])
    for i in range(4): (photos/f'cat/{i}.png').write_bytes(b'broken')
    with pytest.raises(ValueError, match="class 'cat' has too few images, 1"):
        (photos/'cat/4.png').write_bytes((photos/'dog/4.png').read_bytes())
        load(photos, skip_bad=True, in_memory=in_memory, cache_dir=tmp_path/'caches')


# ---- Arrays in a file

def pair(n, *shape): return np.arange(n * np.prod(shape)).astype(np.uint8).reshape(n, *shape), (np.arange(n) % 2)[:, None]


@pytest.mark.parametrize('keys, test, shape', [('{}_images {}_labels', 'test', (8, 8)), ('x_{} y_{}', 'val', (8, 9, 3)),
                                               ('{}_data {}_targets', 'test', (3, 8, 9)), ('X_{} Y_{}', 'val', (8, 8, 1))])
def test_an_npz_is_read_by_its_names(tmp_path, keys, test, shape):
    x, y = keys.split()
    a, b = pair(10, *shape), pair(4, *shape)
    arrays = {x.format('train'): a[0], y.format('train'): a[1], x.format(test): b[0], y.format(test): b[1]}
    if test == 'test': arrays |= {x.format('val'): b[0][:1], y.format('val'): b[1][:1]}
    np.savez(tmp_path/'a.npz', **arrays)
    data = load(tmp_path/'a.npz')
    assert (len(data.train), len(data.test), data.name, data.n_classes) == (10, 4, 'a', 2)
    assert data.shape == (1, 8, 8) if shape in ((8, 8), (8, 8, 1)) else data.shape == (3, 8, 9)
    assert load(tmp_path/'a.npz', size=10, channels=1).shape == (1, 10, 10)


def test_an_npz_without_a_test_set_is_split(tmp_path):
    x, y = pair(20, 8, 8)
    np.savez_compressed(tmp_path/'a.npz', images=x, labels=y, classes=['no', 'yes'])
    data = load(tmp_path/'a.npz', test_fraction=0.3)
    assert (data.train.counts.tolist(), data.test.counts.tolist(), data.classes) == ([7, 7], [3, 3], ['no', 'yes'])


@pytest.mark.parametrize('arrays, says', [
    (dict(train_images=pair(4, 8, 8)[0]), "holds 'train_images', expected train_images, train_labels"),
    (dict(a=np.zeros(3)), "holds 'a', expected"), (dict(images=np.zeros((4, 8, 8)), labels=np.zeros(4)), 'expected integers'),
    (dict(images=np.array([object()]*4), labels=np.arange(4)), 'cannot be used'),
    (dict(images=pair(4, 8, 8)[0], labels=np.eye(2)[[0, 1, 0, 1]].astype(int)), 'argmax')])
def test_an_npz_that_cannot_be_read_says_why(tmp_path, arrays, says):
    np.savez(tmp_path/'a.npz', **arrays)
    with pytest.raises((ValueError, TypeError), match=says): load(tmp_path/'a.npz')


@pytest.mark.parametrize('junk', [b'', b'PK'])
def test_an_npz_that_is_none(tmp_path, junk):
    (tmp_path/'a.npz').write_bytes(junk)
    with pytest.raises(ValueError, match='a.npz cannot be used'): load(tmp_path/'a.npz')


# ---- Numbers of other makes

@pytest.fixture(scope='module')
def digits(): return load_dataset('digits')


@pytest.mark.parametrize('ipc', [np.int64(2), torch.tensor(2), np.array([2]*10), torch.tensor([2]*10), (2,)*10])
def test_sizes_may_be_numpys_or_torchs(digits, ipc, tmp_path):
    for method in ('dm', 'random'):
        s = condense(digits, method, ipc=ipc, **(FEW if method == 'dm' else {}))
        assert s.ipc == [2]*10
        SyntheticSet.load(s.save(tmp_path/'a.safetensors'))
    assert random_set(digits, ipc).ipc == [2]*10


@pytest.mark.parametrize('wrong', [np.float64(2), torch.tensor([1.5]*10), torch.tensor(True)])
def test_other_sizes_are_still_refused(digits, wrong):
    with pytest.raises(ValueError, match='`ipc` '): condense(digits, 'dm', ipc=wrong, **FEW)


def test_every_number_may_be_numpys_or_torchs(digits, tmp_path):
    plain = condense(digits, 'dc', 1, seed=3, iterations=2, outer=2, inner=1, real_batch=8, image_lr=0.25, net_lr=0.5, factor=2,
                     net='convnet-w8', progress=False, speed='plain', class_chunk=2)
    i, f = np.int64, np.float32
    other = condense(digits, 'dc', i(1), seed=i(3), iterations=i(2), outer=torch.tensor(2), inner=i(1), real_batch=np.uint8(8),
                     image_lr=f(0.25), net_lr=torch.tensor(0.5), factor=i(2), net='convnet-w8', progress=False, speed='plain',
                     class_chunk=i(2), evaluate_every=i(0), nets=i(1), every=f(60), checkpoint=tmp_path/'c')
    assert torch.equal(plain.images, other.images) and plain.info == other.info
    assert train_recipe('dc', epochs=i(3), lr=f(0.5), batch=torch.tensor(8)) == train_recipe('dc', epochs=3, lr=0.5, batch=8)
    few = dict(net='convnet-w8', recipe=train_recipe('dc', epochs=i(2)))
    a = evaluate(other, digits, nets=i(1), seed=i(0), first=torch.tensor(0), **few)
    assert a.accuracies == evaluate(plain, digits, nets=1, **few).accuracies
    Comparison([Score('a', [a])]).save(tmp_path/'table.json')
    assert make_net('convnet-w8', shape=(np.int64(1), np.int64(8), np.int64(8)), n_classes=np.int64(3)).n_classes == 3


def rare():
    x = torch.randint(256, (23, 3, 16, 16), generator=gen(0)).byte()
    y = torch.tensor([0]*20 + [1]*3)
    return from_tensors(x, y, x, y, classes=['much', 'rare'])


@pytest.mark.parametrize('method, how, says', [
    ('dm', {}, r"condensing: `ipc` asks for 5 images of class 'rare', which has 3 .*ipc=3.*init='noise'"),
    ('dc', dict(init='real'), r"condensing: `ipc` asks for 5 images of class 'rare'"),
    ('dm', dict(factor=2), r"asks for 20 images \(`ipc` 5, `factor` 2\) of class 'rare', which has 3"),
    ('random', {}, r"random: `ipc` asks for 5 .*ipc=3"), ('herding', {}, 'herding: `ipc` asks for 5')])
def test_more_images_than_a_class_has(method, how, says):
    few = dict(iterations=1, real_batch=4, net='convnet-w8') if method in ('dm', 'dc') else {}
    with pytest.raises(ValueError, match=says): condense(rare(), method, 5, **few, **how, progress=False)


def test_noise_needs_no_images():
    assert condense(rare(), 'dm', 5, init='noise', **FEW).ipc == [5, 5]


# ---- What a network is told

def test_accuracy_normalises_as_the_network_was_trained(digits):
    there = load_dataset('digits', stats=([.5], [.5]))
    small = random_set(there, 5)
    net = make_net('convnet-w16', small, generator=gen(1, 'n'))
    train(net, small, train_recipe('dc', epochs=30), generator=gen(0, 't'))
    want = accuracy(net, there.test)
    assert accuracy(net, digits.test) == want and torch.equal(predict(net, digits.test), predict(net, there.test))
    here = random_set(digits, 5)                                        # the same images, normalised in another way
    assert torch.equal(predict(net, here), predict(net, small))
    assert accuracy(make_net('convnet-w16', small, generator=gen(1, 'n')), digits.test) >= 0     # never trained: as it comes


def test_a_network_that_is_nan_knows_nothing(digits):
    bad = dict(net='convnet-w8', nets=1, recipe=train_recipe('dc', epochs=3, lr=1e6))
    with pytest.warns(UserWarning, match='scores of `net` are NaN for 397 of 397 images'):
        assert evaluate(random_set(digits, 1), digits, **bad).accuracies == [0.]


def test_nought_is_a_number():
    table = Comparison([Score('a', [Evaluation([0., 0.], 0, 10, 'mlp', train_recipe('dc'), 0)])])
    assert repr(table).splitlines()[1].split() == ['a', '10', '0.0', '0.0'] and '0.0' in table._repr_markdown_()


@pytest.mark.parametrize('how, advice', [
    (dict(image_lr=1e30), 'image_lr than 1e+30'),
    (dict(net_lr=1e30, outer=3, inner=2), 'net_lr than 1e+30'), (dict(image_lr=1e20, net_lr=1e-3, outer=5, inner=2), 'image_lr than 1e+20')])
def test_the_advice_names_the_learning_rate_that_is_at_fault(digits, how, advice):
    with pytest.raises(NotFiniteError) as e:
        condense(digits, 'dc', 1, **{**FEW, 'iterations': 20, 'net': 'convnet-w8-nonorm', **how})
    assert advice in str(e.value)


def test_images_that_ran_away_are_told_of(digits):
    with pytest.warns(UserWarning, match='of the pixels are below -1 or above 2'):
        condense(digits, 'dc', 1, image_lr=1e9, outer=2, **FEW)
    condense(digits, 'dc', 1, outer=2, **FEW)


@pytest.mark.parametrize('call', [lambda d, net: condense(d, 'dm', 1, net=net, iterations=1, progress=False),
                                  lambda d, net: condense(d, 'herding', 1, net=net, progress=False),
                                  lambda d, net: evaluate(random_set(d, 1), d, net=net),
                                  lambda d, net: compare(d, 'random', net=net), lambda d, net: make_net(net, d)])
@pytest.mark.parametrize('net', [3, ['mlp']], ids=str)
def test_what_is_no_network_is_called_net(digits, call, net):
    with pytest.raises((TypeError, ValueError)) as e: call(digits, net)
    assert '`net` is ' in str(e.value) and len(str(e.value)) < 200 and '\n' not in str(e.value)


@pytest.mark.parametrize('last, says', [(torch.nn.Linear(64, 3), r'`net` is one with scores of shape \(1, 3\)'),
                                        (torch.nn.Unflatten(1, (8, 8)), r'`net` is one with scores of shape \(1, 8, 8\)')])
def test_a_network_of_ones_own_must_have_an_output_for_each_class(digits, last, says):
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 64), torch.nn.BatchNorm1d(64), last)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    with pytest.raises(ValueError, match=says): train(net, random_set(digits, 1), train_recipe('dc', epochs=1))
    assert net.training and all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


def test_a_network_of_ones_own_can_be_trained(digits):
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(), torch.nn.Linear(64, 10))
    train(net, random_set(digits, 5), train_recipe('dc', epochs=30))
    assert accuracy(net, digits.test) > 30
