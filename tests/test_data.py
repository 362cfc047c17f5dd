"""Data across notebooks and from outside: folders as people have them, damaged and wrong input, the files of the
named sets, what other chapters rely on, and real sets where they are at hand.

MNIST and CIFAR10-JPEG are looked for in the folder named by DATASET_CONDENSATION_TEST_DATA, else in ../shared/data
beside this repository: `mnist/*.gz`, the four files of MNIST, and `cifar10-jpeg.tar.xz`, a train/ and a test/ of
class folders. Without them their tests are skipped, and say so.
"""
import bz2, gzip, os, pickle, random, shutil, tarfile, tracemalloc, urllib.error, urllib.request, warnings
from pathlib import Path

import numpy as np, pytest, torch
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset

from dataset_condensation.data import ImageData, ImageSet, from_tensors, gen
from dataset_condensation.image_folders import dataset_names, from_datasets, load_dataset

REAL = Path(os.environ.get('DATASET_CONDENSATION_TEST_DATA') or Path(__file__).resolve().parents[2]/'shared'/'data')


# ---- helpers ----

def picture(i=0, size=(8, 8), mode='RGB'):
    "A PIL image of random pixels, another for every `i`"
    rng = np.random.default_rng(i)
    channels = () if mode in ('L', '1') else (len(mode),)
    return Image.fromarray(rng.integers(0, 256, (*size, *channels), dtype=np.uint8)).convert(mode)


def write(path, im=None, **kw):
    "Save an image, or write bytes, and make the folders on the way"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(im, bytes): path.write_bytes(im)
    else: (im or picture()).save(path, **kw)
    return path


def class_folders(root, n=5, classes=('cat', 'dog'), size=(8, 8), mode='RGB'):
    "A folder per class with `n` PNG files in each"
    for c in classes:
        for i in range(n): write(root/c/f'{i}.png', picture(i, size, mode))
    return root


def load(path, **kw): return load_dataset(path, progress=False, **kw)


def stored(part):
    "Every image of a set as (class name, bytes), in any order"
    return sorted((part.classes[y], x.numpy().tobytes()) for x, y in zip(part.images, part.labels.tolist()))


# ---- what the other chapters rely on ----

def test_streams_stay_the_same():
    "A seed written down today must give the same numbers in every later version"
    assert gen(0, 'draw', 3, 7).initial_seed() == 1042055181867417488
    assert torch.randint(1000, (4,), generator=gen(0, 'draw', 3, 7)).tolist() == [331, 490, 651, 106]


def test_global_generators_are_left_alone(tmp_path):
    class_folders(tmp_path)
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    data = load_dataset('digits')
    load(tmp_path, size=4)
    for n in (3, 100): data.draw(0, n, gen(0))
    data.show(2)
    from_datasets([(picture(), 0), (picture(), 1)], [(picture(), 0)], progress=False)
    after = torch.get_rng_state(), np.random.get_state(), random.getstate()
    assert torch.equal(before[0], after[0])
    assert all(np.array_equal(a, b) for a, b in zip(before[1], after[1]))
    assert before[2] == after[2]


def test_digits_are_split_as_promised():
    data = load_dataset('digits')
    assert (len(data.train), len(data.test), data.shape, data.n_classes) == (1400, 397, (1, 8, 8), 10)
    assert data.train.counts.tolist() == [140] * 10
    assert len({x for _, x in stored(data.train)} | {x for _, x in stored(data.test)}) > 1790  # no image in both


@pytest.mark.parametrize('n', [1, 16, 64, 140, 999])
def test_draw_gives_different_images_of_the_class(n):
    data = load_dataset('digits')
    x = data.draw(7, n, gen(1, 'draw', n))
    assert x.shape == (min(n, 140), 1, 8, 8) and x.dtype == torch.float32
    found = (x[:, None] == data.normalize(data.train.of_class(7))).flatten(2).all(2)
    assert found.sum(1).min() >= 1                               # each is an image of class 7 …
    assert len(found.float().argmax(1).unique()) == len(x)       # … and none is drawn twice
    assert torch.equal(x, data.draw(7, n, gen(1, 'draw', n)))
    if n < 999: assert not torch.equal(x, data.draw(7, n, gen(2, 'draw', n)))


def test_order_leads_back_to_what_was_given():
    x = torch.arange(40, dtype=torch.uint8).view(10, 1, 2, 2)
    y = torch.tensor([2, 0, 1, 1, 0, 2, 0, 1, 2, 0])
    part = from_tensors(x, y, x, y).train
    assert torch.equal(part.images, x[part.order]) and torch.equal(part.labels, y[part.order])
    assert all((y[part.order[part.labels == c]] == c).all() for c in range(3))
    assert all(part.order[part.labels == c].diff().gt(0).all() for c in range(3))  # stable


def test_every_batch_lands_on_the_device_that_is_asked_for():
    "The 'meta' device has shapes and places but no numbers, so this runs everywhere"
    data = load_dataset('digits')
    x, y = data.test.take([3, 1], device='meta')
    assert x.device.type == y.device.type == data.draw(0, 3, gen(0), device='meta').device.type == 'meta'
    assert data.test.take([3])[0].device.type == 'cpu'
    moved = data.to('meta')
    assert moved.train.images.device.type == moved.mean.device.type == 'meta'
    assert moved.draw(0, 3, gen(0)).shape == (3, 1, 8, 8)
    assert data.train.images.device.type == 'cpu'  # the original stays where it was


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device here')
def test_a_gpu_draws_what_the_cpu_draws():
    data = load_dataset('digits')
    for there in (data.to('cuda').draw(3, 20, gen(0)), data.draw(3, 20, gen(0), device='cuda')):
        assert there.is_cuda
        torch.testing.assert_close(there.cpu(), data.draw(3, 20, gen(0)))


def test_it_is_a_torch_dataset_and_survives_pickle():
    data = pickle.loads(pickle.dumps(load_dataset('digits')))
    xs, ys = zip(*DataLoader(data.test, batch_size=100))
    x, y = data.test.take(range(len(data.test)))
    assert torch.equal(torch.cat(xs), x) and torch.equal(torch.cat(ys), y)
    assert len(list(data.test)) == 397  # plain iteration ends
    assert isinstance(data.test, Dataset) and isinstance(data, ImageData) and isinstance(data.test, ImageSet)


# ---- folders, laid out as people have them ----

@pytest.mark.parametrize('test_name', ['test', 'val', 'valid', 'validation', 'Test'])
def test_a_split_that_is_there_is_kept(tmp_path, test_name):
    class_folders(tmp_path/'train', 4)
    class_folders(tmp_path/test_name, 3)
    data = load(tmp_path)
    assert (data.classes, data.name) == (['cat', 'dog'], tmp_path.name)
    assert data.train.counts.tolist() == [4, 4] and data.test.counts.tolist() == [3, 3]
    assert np.array_equal(data.train.images[0].permute(1, 2, 0).numpy(), np.asarray(picture(0)))


def test_test_goes_before_val(tmp_path):
    for name, n in (('train', 4), ('val', 3), ('test', 2)): class_folders(tmp_path/name, n)
    assert len(load(tmp_path).test) == 4


def test_tiny_imagenet(tmp_path):
    "Its own layout: images one level down, validation by a text file, a test folder without labels"
    for c in ('n02', 'n01'):
        for i in range(3): write(tmp_path/'train'/c/'images'/f'{c}_{i}.JPEG', picture(i, (64, 64)), format='JPEG')
        (tmp_path/'train'/c/f'{c}_boxes.txt').write_text(f'{c}_0.JPEG\t0\t0\t63\t63\n')
    lines = []
    for i in range(4):
        write(tmp_path/'val'/'images'/f'val_{i}.JPEG', Image.new('RGB', (64, 64), (60 * i,) * 3), format='JPEG')
        lines.append(f'val_{i}.JPEG\t{("n02", "n01")[i % 2]}\t0\t0\t63\t63\n')
        write(tmp_path/'test'/'images'/f'test_{i}.JPEG', picture(i, (64, 64)), format='JPEG')
    (tmp_path/'val'/'val_annotations.txt').write_text(''.join(lines))
    data = load(tmp_path, stats='tinyimagenet')
    assert (data.classes, data.shape) == (['n01', 'n02'], (3, 64, 64))
    assert (len(data.train), len(data.test)) == (6, 4)
    assert data.test.images[:, 0, 0, 0].tolist() == [60, 180, 0, 120]  # n01 has the odd ones
    assert data.std.tolist() == pytest.approx([0.229, 0.224, 0.225])


def test_a_part_of_tiny_imagenet_beside_its_whole_val(tmp_path):
    "Someone copies two classes and leaves val/ as it ships; val/ is a labeled folder by itself, too"
    for c in ('n01', 'n02'):
        for i in range(3): write(tmp_path/'train'/c/'images'/f'{c}_{i}.JPEG', picture(i), format='JPEG')
    lines = [f'val_{i}.JPEG\tn0{i % 4}\t0\t0\t7\t7\n' for i in range(8)]
    for i in range(8): write(tmp_path/'val'/'images'/f'val_{i}.JPEG', picture(i), format='JPEG')
    (tmp_path/'val'/'val_annotations.txt').write_text(''.join(lines))
    with pytest.warns(UserWarning, match="class 'n00', 'n03' of .*val is left out: not in .*train"):
        data = load(tmp_path)
    assert data.classes == ['n01', 'n02'] and data.test.counts.tolist() == [2, 2]
    assert load(tmp_path/'val').classes == ['n00', 'n01', 'n02', 'n03']
    (tmp_path/'val'/'val_annotations.txt').write_text(lines[1])
    with pytest.raises(ValueError, match="val has no class 'n02', which .*train has"): load(tmp_path)


def test_imagenet_subset(tmp_path):
    for part, n in (('train', 3), ('val', 2)):
        for c in ('n01440764', 'n01443537'):
            for i in range(n): write(tmp_path/part/c/f'{i}.JPEG', picture(i, (30 + i, 40)), format='JPEG')
    data = load(tmp_path, size=32)
    assert data.shape == (3, 32, 32) and len(data.test) == 4


def test_plain_folders_are_split_by_seed(tmp_path):
    class_folders(tmp_path, 20)
    a, b, c = (load(tmp_path, seed=s) for s in (0, 0, 1))
    assert a.train.counts.tolist() == [16, 16] and a.test.counts.tolist() == [4, 4]
    assert stored(a.test) == stored(b.test) != stored(c.test)
    assert sorted(stored(a.train) + stored(a.test)) == sorted(stored(c.train) + stored(c.test))
    assert load(tmp_path, test_fraction=0.5).test.counts.tolist() == [10, 10]


def test_train_alone_is_split_too_and_unlabelled_test_images_are_passed_over(tmp_path):
    class_folders(tmp_path/'train', 5)
    for i in range(3): write(tmp_path/'test'/f'{i}.png')
    assert load(tmp_path).test.counts.tolist() == [1, 1]


def test_a_class_may_be_called_train(tmp_path):
    assert load(class_folders(tmp_path, 5, ('train', 'plane'))).classes == ['plane', 'train']


def test_what_is_no_image_is_passed_over(tmp_path):
    class_folders(tmp_path, 5)
    write(tmp_path/'cat'/'deeper'/'LAST.JPG', picture(9), format='JPEG')
    for junk in ('cat/notes.txt', 'cat/._0.png', 'cat/.DS_Store', '.cache/x.png', '__MACOSX/cat/._0.png', 'README.md'):
        write(tmp_path/junk, b'not an image')
    data = load(tmp_path)
    assert data.classes == ['cat', 'dog'] and len(data.train) + len(data.test) == 11


def test_folders_may_be_links(tmp_path):
    class_folders(tmp_path/'store', 5, ('cat', 'dog', 'cow'))
    (tmp_path/'subset').mkdir()
    for c in ('cat', 'cow'): (tmp_path/'subset'/c).symlink_to(tmp_path/'store'/c, target_is_directory=True)
    assert load(tmp_path/'subset').classes == ['cat', 'cow']


def test_a_path_is_a_path_and_a_name_a_name(tmp_path, monkeypatch):
    class_folders(tmp_path/'digits')
    monkeypatch.chdir(tmp_path)
    assert load('digits').n_classes == 10
    for path in ('./digits', Path('digits'), tmp_path/'digits', f'{tmp_path}/digits/'): assert load(path).n_classes == 2
    monkeypatch.setenv('HOME', str(tmp_path))
    assert load('~/digits').n_classes == 2
    with pytest.raises(TypeError, match='expected a name or a path'): load('')


def test_threads_change_nothing(tmp_path):
    class_folders(tmp_path, 40)
    one, four = load(tmp_path, workers=1), load(tmp_path, workers=4)
    assert torch.equal(one.train.images, four.train.images) and torch.equal(one.test.images, four.test.images)


# ---- kinds of files ----

@pytest.mark.parametrize('mode, ext, channels', [
    ('L', 'png', 1), ('1', 'png', 1), ('LA', 'png', 1), ('RGB', 'jpg', 3), ('RGBA', 'png', 3), ('RGB', 'webp', 3),
    ('RGB', 'bmp', 3), ('RGB', 'ppm', 3), ('L', 'pgm', 1), ('RGB', 'tif', 3), ('CMYK', 'jpg', 3), ('RGB', 'gif', 3)])
def test_every_kind_of_file(tmp_path, mode, ext, channels):
    for c in ('a', 'b'):
        for i in range(2): write(tmp_path/c/f'{i}.{ext}', picture(i, mode=mode))
    assert load(tmp_path).shape == (channels, 8, 8)
    assert load(tmp_path, channels=1).shape == (1, 8, 8)
    assert load(tmp_path, channels=3).shape == (3, 8, 8)


def test_one_colour_image_makes_the_set_colour(tmp_path):
    class_folders(tmp_path, 5, ('a', 'b'), mode='L')
    gray = load(tmp_path)
    write(tmp_path/'b'/'5.png', picture(5))
    both = load(tmp_path)
    assert (gray.shape[0], both.shape[0]) == (1, 3)
    cat = torch.cat([both.train.of_class(0), both.test.of_class(0)])
    assert (cat == cat[:, :1]).all()


def test_transparent_is_white_and_16_bits_are_scaled(tmp_path):
    palette = Image.new('P', (8, 8), 1)
    palette.putpalette([200, 0, 0, 0, 0, 200])
    for i in range(2):
        write(tmp_path/'rgba'/f'{i}.png', Image.new('RGBA', (8, 8), (0, 0, 0, 0)))
        write(tmp_path/'palette'/f'{i}.png', palette, transparency=1)
        write(tmp_path/'blue'/f'{i}.png', palette)
        write(tmp_path/'deep'/f'{i}.png', Image.fromarray(np.full((8, 8), 32896, np.uint16)))
    data = load(tmp_path)
    pixel = {c: data.train.of_class(i)[0, :, 0, 0].tolist() for i, c in enumerate(data.classes)}
    assert pixel == dict(rgba=[255] * 3, palette=[255] * 3, blue=[0, 0, 200], deep=[128] * 3)


def test_photographs_are_turned_upright(tmp_path):
    upright = Image.new('RGB', (8, 16), 'red')
    upright.paste('blue', (0, 8, 8, 16))
    note = Image.Exif()
    note[0x0112] = 6  # "turn me clockwise"
    for c in ('a', 'b'):
        write(tmp_path/c/'0.png', upright)
        write(tmp_path/c/'1.png', upright.rotate(90, expand=True), exif=note)
    data = load(tmp_path)  # stored sizes differ, upright they do not
    assert data.shape == (3, 16, 8)
    x = torch.cat([data.train.images, data.test.images])
    assert (x == x[:1]).all()


@pytest.mark.parametrize('fit', ['crop', 'stretch', 'pad'])
def test_mixed_sizes(tmp_path, fit):
    for c in ('a', 'b'):
        for i, size in enumerate([(40, 20), (20, 40), (300, 500)]):
            write(tmp_path/c/f'{i}.jpg', Image.new('RGB', size, 'white'))
    data = load(tmp_path, size=(12, 16), fit=fit)
    assert data.shape == (3, 12, 16)
    blackest = data.train.images.flatten(1).amin(1)
    assert (blackest == 0).all() if fit == 'pad' else (blackest > 250).all()


# ---- wrong folders ----

def folders(*classes, also=None):
    "A function that fills a folder with good class folders, given by path, and does one thing more"
    def make(d):
        for c in classes: class_folders((d/c).parent, classes=((d/c).name,))
        if also: also(d)
        return d
    return make


def bad_file(name, content):
    "Two good classes and one bad file among the dogs"
    return folders('cat', 'dog', also=lambda d: write(d/'dog'/name, content))


def cut_off(d):
    class_folders(d)
    write(d/'dog'/'bad.png', (d/'dog'/'0.png').read_bytes()[:-40])
    return d


bad_files = dict(html=bad_file('bad.jpg', b'<html>404 not found</html>'), nothing=bad_file('bad.png', b''),
                 floats=bad_file('bad.tif', Image.new('F', (8, 8))), cut_off=cut_off)


@pytest.mark.parametrize('make, error, says', [
    (lambda d: d/'nowhere', FileNotFoundError, ['there is no folder', 'nowhere']),
    (lambda d: write(d/'photos.zip', b'PK'), ValueError, ['photos.zip is a file', 'unpack']),
    (folders(also=lambda d: write(d/'0.png')), ValueError, ['no folders of images', 'a folder of images for each class']),
    (folders('cat'), ValueError, ["one class only, 'cat'"]),
    (folders('cat', 'dog', also=lambda d: (d/'cow').mkdir()), ValueError, ['cow holds no images', '.jpg']),
    (folders('cat', 'dog', also=lambda d: write(d/'cow'/'0.png')), ValueError, ["class 'cow' has too few images, 1"]),
    (folders('train/cat', 'train/dog', 'test/cat', 'test/cow'), ValueError, ["test has no class 'dog'"]),
    (folders('test/cat', 'test/dog', 'val/cat'), ValueError, ['has test/', 'but no train/']),
    (folders('cat', 'dog', also=lambda d: write(d/'dog'/'9.png', picture(0, (5, 6)))), ValueError,
     ['9.png` is an image of 3 × 5 × 6', 'expected 3 × 8 × 8', 'size=']),
    (bad_files['html'], ValueError, ['cannot read', 'bad.jpg', 'skip_bad=True']),
    (bad_files['nothing'], ValueError, ['cannot read', 'bad.png']),
    (bad_files['floats'], ValueError, ['bad.tif', 'a float image (mode F)']),
    (cut_off, ValueError, ['cannot read', 'bad.png']),
])
def test_wrong_folders(tmp_path, make, error, says):
    path = make(tmp_path)
    with pytest.raises(error) as e: load(path)
    for text in ('load_dataset: ', *says): assert text in str(e.value)


@pytest.mark.parametrize('kind', bad_files)
def test_skip_bad_drops_and_counts(tmp_path, kind):
    bad_files[kind](tmp_path/'all')
    with pytest.warns(UserWarning, match=r'left out 1 of 11 files that cannot be read, e\.g\. .*bad\.') as caught:
        data = load_dataset(tmp_path/'all', skip_bad=True, progress=False)
    one, = (w for w in caught if 'training images too' not in str(w.message))    # they're of one color
    assert one.filename == __file__
    assert data.n_skipped == 1 and len(data.train) + len(data.test) == 10
    assert 'cannot be read: 1' in repr(data)
    assert torch.equal(data.train.labels, data.train.labels.sort()[0])
    fine = load(class_folders(tmp_path/'fine'))
    assert fine.n_skipped == 0
    assert sorted(stored(data.train) + stored(data.test)) == sorted(stored(fine.train) + stored(fine.test))


def test_skip_bad_stops_where_nothing_is_left(tmp_path):
    class_folders(tmp_path/'some')
    for i in range(3):
        write(tmp_path/'some'/'cow'/f'{i}.png', b'moo')
    with warnings.catch_warnings(), pytest.raises(ValueError, match="class 'cow' has too few images, 0"):
        warnings.simplefilter('ignore')
        load(tmp_path/'some', skip_bad=True)


def test_a_decompression_bomb_counts_as_unreadable(tmp_path, monkeypatch):
    class_folders(tmp_path)
    write(tmp_path/'dog'/'bomb.png', Image.new('1', (100, 100)))
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 1000)
    with pytest.raises(ValueError, match='bomb.png .*DecompressionBomb'): load(tmp_path)


@pytest.mark.parametrize('kw, says', [
    (dict(size=0), '`size` is 0'), (dict(size=(1, 2, 3)), '`size` is (1, 2, 3)'), (dict(fit='bend'), "`fit` is 'bend'"),
    (dict(channels=2), '`channels` is 2'), (dict(test_fraction=1), '`test_fraction` is 1'),
    (dict(stats='imagenet21k'), "published figures (mnist, "), (dict(stats='mnist', channels=3), None)])
def test_options(tmp_path, kw, says):
    class_folders(tmp_path)
    if says is None: assert load(tmp_path, **kw).mean.tolist() == pytest.approx([0.1307] * 3)
    else:
        with pytest.raises(ValueError) as e: load(tmp_path, **kw)
        assert says in str(e.value) and str(e.value).startswith('load_dataset: ')


# ---- wrong names, wrong tensors, wrong datasets ----

@pytest.mark.parametrize('name, says', [
    ('minst', "did you mean 'mnist'"), ('FashionMINST', "did you mean 'fashionmnist'"), ('qqq', 'svhn')])
def test_unknown_names_get_the_nearest(name, says):
    with pytest.raises(ValueError) as e: load(name)
    assert repr(name) in str(e.value) and says in str(e.value)


X, Y = torch.zeros(6, 1, 4, 4), torch.tensor([0, 1, 0, 1, 2, 2])


def nan_at(i):
    x = X.clone()
    x[i, 0, 2, 2] = float('nan')
    return x


@pytest.mark.parametrize('args, error, says', [
    ((X, Y[:5], X, Y), ValueError, '`y` is of shape (5,) for 6 images'),
    ((X, Y, X, Y[:5]), ValueError, '`y_test` is of shape (5,) for 6 images'),
    ((X, torch.eye(3)[Y], X, Y), ValueError, '`y` is of shape (6, 3)'),
    ((X, Y.float(), X, Y), TypeError, '`y` is torch.float32, expected integers'),
    ((X, Y + 1, X, Y), ValueError, 'training labels are 1, 2, 3, expected 0 … C − 1'),
    ((X, Y * 2, X, Y), ValueError, 'training labels are 0, 2, 4'),
    ((X, Y - 1, X, Y), ValueError, 'training labels are -1, 0, 1'),
    ((X, Y * 0, X, Y * 0), ValueError, "one class only, '0'"),
    ((X, Y, X, Y + 1), ValueError, 'test label 4 is 3, expected 0 to 2'),
    ((X, Y, X, Y, 'abcd'), ValueError, "class 'd' has no training images"),
    ((X, Y, X, Y, 'ab'), ValueError, 'training label 4 is 2, expected 0 to 1'),
    ((X, Y, X, Y, 'aba'), ValueError, "class 'a' is named more than once"),
    ((nan_at(4), Y, X, Y), ValueError, 'image x 4 has pixels from nan to nan'),
    ((X, Y, nan_at(2), Y), ValueError, 'image x_test 2 has pixels from nan to nan'),
    ((X - 1, Y, X, Y), ValueError, 'image x 0 has pixels from -1 to -1'),
    ((X + 255, Y, X, Y), ValueError, 'remove Normalize, or divide by 255'),
    ((X.long(), Y, X, Y), TypeError, '`x` is torch.int64, expected uint8'),
    ((X[:0], Y[:0], X, Y), ValueError, '`x` is of shape (0, 1, 4, 4)'),
    ((X[0, 0], Y, X, Y), ValueError, '`x` is of shape (4, 4)'),
    ((X.new_zeros(6, 8, 8, 3), Y, X, Y), ValueError, 'looks like (N, H, W, C)'),
    ((X, Y, X[..., :3], Y), ValueError, '`x_test` is of images 1 × 4 × 3, expected 1 × 4 × 4'),
])
def test_wrong_tensors(args, error, says):
    with pytest.raises(error) as e: from_tensors(*args)
    assert says in str(e.value) and str(e.value).startswith('from_tensors: ')


def test_tensors_of_every_kind_agree():
    x = torch.randint(256, (12, 3, 4, 4), generator=gen(0, 'kinds')).byte()
    y = torch.arange(12) % 3
    first = from_tensors(x, y, x, y)
    for other in (x.numpy(), x / 255, (x / 255).double().numpy(), (x / 255).half()):
        data = from_tensors(other, y.tolist(), x, y.numpy().astype(np.uint8))
        assert torch.equal(data.train.images, first.train.images)
    assert from_tensors(x[:, 0], y, x[:, 0], y).shape == (1, 4, 4)
    assert torch.equal(from_tensors(x, y, x[:2], y[:2]).test.counts, torch.tensor([1, 1, 0]))


def test_a_channel_without_spread_is_only_shifted():
    x = torch.randint(256, (12, 3, 4, 4), generator=gen(0, 'flat')).byte()
    x[:, 1] = 51
    data = from_tensors(x, torch.arange(12) % 3, x, torch.arange(12) % 3)
    assert data.std[1] == 1 and data.mean[1] == pytest.approx(0.2)
    assert data.train.take(range(12))[0][:, 1].abs().max() < 1e-6


class Pairs(Dataset):
    "`n` images made when they are asked for; counts how often each is"
    def __init__(self, n, make, n_classes=2):
        self.n, self.make, self.n_classes, self.asked = n, make, n_classes, [0] * n

    def __len__(self): return self.n

    def __getitem__(self, i):
        self.asked[i] += 1
        return self.make(i), i * self.n_classes // self.n


def test_datasets_of_every_kind_agree():
    array = lambda i: np.asarray(picture(i))
    tensor = lambda i: torch.from_numpy(array(i).transpose(2, 0, 1).copy())
    kinds = [picture, array, tensor, lambda i: tensor(i) / 255, lambda i: array(i) / 255]
    sets = [from_datasets(Pairs(6, k), Pairs(4, k), progress=False) for k in kinds]
    for s in sets: assert stored(s.train) == stored(sets[0].train) and stored(s.test) == stored(sets[0].test)
    small = [from_datasets(Pairs(6, k), Pairs(4, k), size=(4, 6), channels=1, progress=False) for k in kinds]
    for s in small: assert s.shape == (1, 4, 6) and stored(s.train) == stored(small[0].train)


def test_every_item_is_read_once_into_one_array():
    "Peak memory is that of the set itself, nothing near a second copy"
    n, side = 4000, 32
    train = Pairs(n, lambda i: np.full((side, side, 3), i % 256, np.uint8))
    tracemalloc.start()
    data = from_datasets(train, Pairs(4, lambda i: np.zeros((side, side, 3), np.uint8)), progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(train.asked) == {1, 2} and train.asked.count(2) <= 8     # eight are read twice, to see if they change
    assert peak < 1.2 * n * side * side * 3
    assert data.train.images[:, 0, 0, 0].tolist() == [i % 256 for i in range(n)]


def test_class_names_come_from_the_dataset():
    train = Pairs(6, picture)
    assert from_datasets(train, train, progress=False).classes == ['0', '1']
    train.classes = ['cat', 'dog']
    assert from_datasets(train, train, progress=False).classes == ['cat', 'dog']
    assert from_datasets(train, train, classes='xy', progress=False).classes == ['x', 'y']


@pytest.mark.parametrize('train, error, says', [
    (iter([]), TypeError, '`train` is of type list_iterator'),
    (Pairs(0, picture), TypeError, 'expected a Dataset with items'),
    (Pairs(6, lambda i: 'cat.png'), TypeError, "`train[0]` is 'cat.png'"),
    (Pairs(6, lambda i: torch.randn(3, 8, 8, generator=gen(0))), ValueError, 'image train[0]'),
    (Pairs(6, lambda i: torch.full((3, 8, 8), float('nan' if i == 5 else 0))), ValueError, 'image train[5]'),
    (Pairs(6, lambda i: torch.zeros(3, 8, 8).int()), TypeError, '`train[0]` is torch.int32'),
    (Pairs(6, lambda i: picture(i, (8 + i // 4, 8))), ValueError, '`train[4]` is an image of 3 × 9 × 8'),
    (Pairs(6, lambda i: torch.zeros(2 + i // 4, 8, 8)), ValueError, '`train[4]` is an image of 3 × 8 × 8'),
    (Pairs(6, picture, 1), ValueError, "one class only, '0'"),
    ([(picture(), 0), (picture(), 2)], ValueError, 'training labels are 0, 2'),
    ([{'pixels': picture(), 'label': 0}], TypeError, "`train[0]` is a dict, expected (image, label), or a dict with image and label"),
    ([(picture(), None)], TypeError, '`label of train[0]` is None'),
])
def test_wrong_datasets(train, error, says):
    with pytest.raises(error) as e: from_datasets(train, Pairs(2, picture), progress=False)
    assert says in str(e.value) and str(e.value).startswith('from_datasets: ')


# ---- what strangers bring

class Flipped(Pairs):
    "Images that may be mirrored, another way each time"
    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return x.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.asked[i] % 2 else x, y


def test_a_random_transform_is_told_of_and_frozen():
    with pytest.warns(UserWarning, match=r'train\[0\] differs when it is read again') as caught:
        data = from_datasets(Flipped(6, picture), Pairs(4, picture), progress=False)
    assert caught[0].filename == __file__
    first = np.asarray(picture(0).transpose(Image.Transpose.FLIP_LEFT_RIGHT)).transpose(2, 0, 1)
    assert np.array_equal(data.train.images[0].numpy(), first)
    with pytest.warns(UserWarning, match=r'test\[0\] differs'):
        from_datasets(Pairs(6, picture), Flipped(4, picture), progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        warnings.filterwarnings('ignore', '.* test images are training images too')
        from_datasets(Pairs(6, picture), Pairs(4, picture), progress=False)


@pytest.mark.parametrize('wrap', [
    lambda ds: [dict(image=x, label=y) for x, y in ds], lambda ds: [dict(img=x, label=np.array([y]), id=3) for x, y in ds],
    lambda ds: DataLoader(ds, batch_size=3, shuffle=True), lambda ds: Subset(ds, range(len(ds))),
    lambda ds: ConcatDataset([Subset(ds, [0, 1]), Subset(ds, range(2, len(ds)))]),
    lambda ds: [(x, torch.tensor([y])) for x, y in ds]], ids=['dict', 'img', 'DataLoader', 'Subset', 'ConcatDataset', 'labels of one'])
def test_datasets_in_other_dresses(wrap):
    train, test = ([(picture(i), i % 2) for i in range(n)] for n in (6, 4))
    one, other = (from_datasets(w(train), w(test), progress=False) for w in (lambda ds: ds, wrap))
    assert one.fingerprint() == other.fingerprint()


def test_numbers_of_numpy_and_torch(tmp_path):
    i = np.int64
    a = load('digits', size=(i(9), torch.tensor(7)), channels=i(3), workers=i(1), in_memory=np.bool_(True))
    assert a.shape == (3, 9, 7) and a.draw(i(3), torch.tensor(2), gen(i(0), i(1))).shape == (2, 3, 9, 7)
    photos = class_folders(tmp_path, 10)
    b, c = load(photos, test_fraction=np.float64(.3), seed=i(1), size=np.array([4, 4])), load(photos, test_fraction=.3, seed=1, size=4)
    assert b.fingerprint() == c.fingerprint() and len(b.test) == 6


# ---- a validation set

@pytest.mark.parametrize('in_memory', [True, False])
def test_holdout_takes_a_share_of_every_class(tmp_path, in_memory):
    data = load('digits', in_memory=in_memory, cache_dir=tmp_path)
    part, again, other = data.holdout(), data.holdout(0.1, 0), data.holdout(seed=1)
    assert part.train.counts.tolist() == [126] * 10 and part.test.counts.tolist() == [14] * 10
    assert sorted(stored(part.train) + stored(part.test)) == stored(data.train)
    place = data.train.order.argsort()
    for p in (part.train, part.test): assert torch.equal(p.images[:], data.train.images[place[p.order]])
    assert part.fingerprint() == again.fingerprint() != other.fingerprint()
    assert torch.equal(part.mean, data.mean) and part.name == data.name and part.classes == data.classes
    assert data.holdout(np.float32(0.5)).test.counts.tolist() == [70] * 10


def test_holdout_of_small_classes():
    x, y = torch.arange(48).view(6, 1, 2, 4).byte(), torch.tensor([0, 0, 0, 1, 1, 2])
    with pytest.warns(UserWarning, match='1 of 3 classes have one image, and none held out'):
        part = from_tensors(x, y, x, y).holdout()
    assert part.train.counts.tolist() == [2, 1, 1] and part.test.counts.tolist() == [1, 1, 0]
    with pytest.warns(UserWarning, match='1 of 3'): part = from_tensors(x, y, x, y).holdout(0.99)
    assert part.train.counts.tolist() == [1, 1, 1]
    few = from_tensors(x[:2], [0, 1], x, y % 2)
    with pytest.raises(ValueError, match='no class has two training images'): few.holdout()
    for wrong in (0, 1, 1.5, -1, 'a', True, float('nan')):
        with pytest.raises(ValueError, match='holdout: `fraction` is .*above 0 and below 1'): few.holdout(wrong)


# ---- named sets: the files that torchvision reads, written small ----

def labels(n): return np.arange(n) % 10
def pixels(n, *shape): return (np.arange(n * np.prod(shape)) % 251).astype(np.uint8).reshape(n, *shape)


def write_idx(folder):
    def idx(a):
        sizes = b''.join(s.to_bytes(4, 'big') for s in a.shape)
        return bytes([0, 0, 8, a.ndim]) + sizes + a.astype(np.uint8).tobytes()
    for part, n in (('train', 20), ('t10k', 10)):
        write(folder/f'{part}-images-idx3-ubyte.gz', gzip.compress(idx(pixels(n, 28, 28))))
        write(folder/f'{part}-labels-idx1-ubyte.gz', gzip.compress(idx(labels(n))))


def write_usps(root):
    for name, n in (('usps.bz2', 20), ('usps.t.bz2', 10)):
        rows = pixels(n, 256) / 255 * 2 - 1
        lines = [' '.join(f'{j}:{v:.6f}' for j, v in enumerate(row, 1)) for row in rows]
        text = '\n'.join(f'{y + 1} {line}' for y, line in zip(labels(n), lines))
        write(root/name, bz2.compress(text.encode()))


def write_svhn(root):
    from scipy.io import savemat
    for name, n in (('train_32x32.mat', 20), ('test_32x32.mat', 10)):
        y = labels(n)
        savemat(root/name, dict(X=pixels(n, 3, 32, 32).transpose(2, 3, 1, 0), y=np.where(y == 0, 10, y)[:, None]))


def write_cifar(root, name, n_train, n_test=100):
    n_classes, key, folder = {'cifar10': (10, 'labels', 'cifar-10-batches-py'),
                              'cifar100': (100, 'fine_labels', 'cifar-100-python')}[name]
    def dump(file, **content): write(root/folder/file, pickle.dumps(content))
    def batch(n, part=slice(None)):
        return {'data': pixels(n, 3072)[part], key: (np.arange(n) % n_classes).tolist()[part]}
    names = [f'class {i}' for i in range(n_classes)]
    if name == 'cifar10':
        fifth = n_train // 5
        for i in range(5): dump(f'data_batch_{i + 1}', **batch(n_train, slice(i * fifth, i * fifth + fifth)))
        dump('test_batch', **batch(n_test))
        dump('batches.meta', label_names=names)
    else:
        dump('train', **batch(n_train))
        dump('test', **batch(n_test))
        dump('meta', fine_label_names=names)


@pytest.fixture
def without_checksums(monkeypatch):
    "torchvision compares checksums of the real files; ours are small ones of the same make"
    from torchvision.datasets import cifar, svhn, utils
    for module in (cifar, svhn, utils):
        monkeypatch.setattr(module, 'check_integrity', lambda path, md5=None: Path(path).is_file())


@pytest.mark.parametrize('name', ['mnist', 'fashionmnist', 'kmnist'])
def test_mnist_and_its_kin(tmp_path, name):
    folder = tmp_path/{'mnist': 'MNIST', 'fashionmnist': 'FashionMNIST', 'kmnist': 'KMNIST'}[name]/'raw'
    write_idx(folder)
    before = sorted(folder.iterdir())
    data = load(name, root=tmp_path)
    assert (data.shape, len(data.train), len(data.test), data.n_classes) == ((1, 28, 28), 20, 10, 10)
    assert torch.equal(data.train.images[data.train.order.argsort()][:, 0], torch.from_numpy(pixels(20, 28, 28)))
    assert sorted(folder.iterdir()) == before  # the folder may be shared and read-only: nothing is unpacked there
    assert data.classes[1] == dict(mnist='1', fashionmnist='Trouser', kmnist='ki')[name]
    for f in folder.glob('*.gz'):
        f.with_suffix('').write_bytes(gzip.decompress(f.read_bytes()))
        f.unlink()
    assert torch.equal(load(name, root=tmp_path).train.images, data.train.images)  # and as torchvision leaves them


def test_a_damaged_archive_is_named(tmp_path):
    write_idx(tmp_path/'MNIST'/'raw')
    bad = tmp_path/'MNIST'/'raw'/'t10k-images-idx3-ubyte.gz'
    bad.write_bytes(bad.read_bytes()[:-20])
    with pytest.raises(ValueError, match='t10k-images-idx3-ubyte.gz is damaged'): load('mnist', root=tmp_path)


def test_usps(tmp_path, without_checksums):
    write_usps(tmp_path)
    data = load('usps', root=tmp_path, download=False)
    assert (data.shape, len(data.train), len(data.test)) == ((1, 16, 16), 20, 10)
    got = data.train.images[data.train.order.argsort()].int().flatten(1)
    assert (got - torch.from_numpy(pixels(20, 256)).int()).abs().max() <= 1  # torchvision cuts off, the file rounds


def test_svhn(tmp_path, without_checksums):
    write_svhn(tmp_path)
    data = load('svhn', root=tmp_path, download=False, stats='published')
    assert (data.shape, len(data.train), len(data.test), data.classes[0]) == ((3, 32, 32), 20, 10, '0')
    assert torch.equal(data.train.images[data.train.order.argsort()], torch.from_numpy(pixels(20, 3, 32, 32)))
    assert data.mean.tolist() == pytest.approx([0.4377, 0.4438, 0.4728])


@pytest.mark.parametrize('name, n_train', [('cifar10', 50), ('cifar100', 200)])
def test_cifar(tmp_path, without_checksums, name, n_train):
    write_cifar(tmp_path, name, n_train)
    data = load(name, root=tmp_path, download=False)
    assert (data.shape, len(data.train), data.n_classes) == ((3, 32, 32), n_train, int(name[5:]))
    given = data.train.images[data.train.order.argsort()]
    assert torch.equal(given.flatten(1), torch.from_numpy(pixels(n_train, 3072)))
    assert data.train.images.is_contiguous() and data.classes[7] == 'class 7'


def test_named_sets_are_resized_and_scaled_as_asked(tmp_path, monkeypatch):
    write_idx(tmp_path/'MNIST'/'raw')
    monkeypatch.setenv('DATASET_CONDENSATION_ROOT', str(tmp_path))
    data = load('MNIST', size=32, channels=3, stats='published')
    assert data.shape == (3, 32, 32) and data.std.tolist() == pytest.approx([0.3081] * 3)


@pytest.mark.parametrize('name', dataset_names()[2:])
@pytest.mark.parametrize('download', [True, False])
def test_no_files_and_no_network(tmp_path, monkeypatch, name, download):
    def offline(*args, **kw): raise urllib.error.URLError('no network in this test')
    monkeypatch.setattr(urllib.request, 'urlopen', offline)
    with pytest.raises(FileNotFoundError) as e: load(name, root=tmp_path, download=download)
    text = str(e.value)
    for part in (f'load_dataset: {name!r}', str(tmp_path), 'Put ', 'root='): assert part in text
    assert '\n' not in text and ('no network in this test' in text) == download
    assert any(ext in text for ext in ('.gz', '.bz2', '.mat'))


# ---- real sets ----

def need(path):
    if not path.exists():
        pytest.skip(f'no {path.name} in {path.parent}; set DATASET_CONDENSATION_TEST_DATA to the folder that has it')
    return path


@pytest.fixture(scope='module')
def mnist_root(tmp_path_factory):
    files = sorted(need(REAL/'mnist').glob('*.gz'))
    raw = tmp_path_factory.mktemp('mnist')/'MNIST'/'raw'
    raw.mkdir(parents=True)
    for f in files: shutil.copy(f, raw)
    return raw.parents[1]


def test_real_mnist(mnist_root):
    data = load('mnist', root=mnist_root)
    assert (len(data.train), len(data.test), data.shape) == (60_000, 10_000, (1, 28, 28))
    assert data.train.counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.mean.item() == pytest.approx(0.1307, abs=5e-5) and data.std.item() == pytest.approx(0.3081, abs=5e-5)


def test_real_mnist_agrees_with_torchvision_item_by_item(mnist_root, tmp_path):
    from torchvision.datasets import MNIST
    raw = tmp_path/'MNIST'/'raw'
    for f in (mnist_root/'MNIST'/'raw').glob('*.gz'): write(raw/f.stem, gzip.decompress(f.read_bytes()))
    train, test = (Subset(MNIST(tmp_path, train=t), range(300)) for t in (True, False))
    one = from_datasets(train, test, progress=False)
    data = load('mnist', root=mnist_root)
    place = data.train.order.argsort()  # where the i-th image of the file went
    assert torch.equal(one.train.images[one.train.order.argsort()], data.train.images[place[:300]])
    assert torch.equal(one.train.labels[one.train.order.argsort()], data.train.labels[place[:300]])


def test_real_photographs(tmp_path):
    "The first 60 images of every class folder of CIFAR10-JPEG"
    with tarfile.open(need(REAL/'cifar10-jpeg.tar.xz')) as archive:
        for m in archive:
            if m.isfile() and int(Path(m.name).stem) < 60: write(tmp_path/m.name, archive.extractfile(m).read())
    data = load(tmp_path)
    assert (data.shape, len(data.train), len(data.test)) == ((3, 32, 32), 600, 600)
    assert data.classes == 'airplane automobile bird cat deer dog frog horse ship truck'.split()
    assert data.mean.tolist() == pytest.approx([0.49, 0.48, 0.45], abs=0.03)
    assert data.std.tolist() == pytest.approx([0.245, 0.243, 0.261], abs=0.02)
    with Image.open(tmp_path/'train'/'cat'/'0007.jpg') as im: cat = np.asarray(im)
    assert np.array_equal(data.train.of_class(3)[7].permute(1, 2, 0).numpy(), cat)
    assert load(tmp_path, size=16, channels=1).shape == (1, 16, 16)


def test_images_that_a_data_set_is_made_of_stay_as_they_are():
    digits = load_dataset('digits')
    parts = [ImageSet(p.images, p.labels, p.classes, p.mean, p.std) for p in (digits.train, digits.test)]
    data = ImageData(*parts, name='pets')
    assert [p.source for p in parts] == ['', ''] and data.train.source == data.test.source == 'pets'
