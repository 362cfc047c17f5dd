"""What other code in the process, or the system, has set must not change results without a word: torch's default dtype
and device, its settings of precision, print options, the working folder, Pillow's limits; and an error of the system is
not an image that is bad."""
import errno, os, warnings
from pathlib import Path

import numpy as np, pytest, torch
from PIL import Image, ImageFile

from dataset_condensation.all import (condense, continual, evaluate, from_datasets, from_tensors, gen, get_method, load_dataset,
                                      make_augment, make_net, random_set, train, train_recipe)
from dataset_condensation.runs import place_of, process_settings, run_identity, running

FEW = dict(iterations=2, real_batch=4, net='convnet-w4', progress=False)
BRIEF = train_recipe('dsa', epochs=2)
X = torch.randint(256, (40, 3, 16, 16), generator=gen(0)).byte()
Y = torch.arange(40) % 2


def digits(): return load_dataset('digits', progress=False)
def pairs(): return [(x, int(y)) for x, y in zip(X, Y)]
def made(method, ipc=1, **how): return lambda: condense(digits(), method, ipc, **{**FEW, **how}).images

SMALL = [[[0., .5], [.25, 1.]]] * 4
CALLS = dict(
    load=lambda: digits().mean, lists=lambda: from_tensors(SMALL, [0, 1] * 2, SMALL, [0, 1] * 2).train.images,
    tensors=lambda: from_tensors(X / 255, Y, X, Y.tolist()).std, datasets=lambda: from_datasets(pairs(), pairs(), progress=False).mean,
    take=lambda: digits().test.take([1, 2])[0], draw=lambda: digits().draw(0, 5, gen(0)),
    net=lambda: make_net('convnet-w4-bn', digits()).head.weight, lenet=lambda: make_net('lenet', digits())(digits().test.take([1, 2])[0]),
    dsa=made('dsa', outer=2, inner=1), dm=made('dm', 2), plain=made('dm', speed='plain'),
    centroids=made('dm', 2, init='centroids', factor=2, sampling='strata'), delving=made('delving', outer=2),
    losses=lambda: condense(digits(), 'dm', **FEW).losses,
    evaluate=lambda: evaluate(random_set(digits(), 2), digits(), 'convnet-w4', 2, BRIEF).accuracies,
    bn=lambda: evaluate(random_set(digits(), 2), digits(), 'convnet-w4-bn', 1, BRIEF, speed='plain').accuracies,
    train=lambda: train(make_net('lenet', digits()), random_set(digits(), 1), train_recipe('dc', epochs=2)),
    augment=lambda: make_augment('color_crop_cutout_flip_scale_rotate')(digits().test.take([1, 2])[0], gen(0)),
    show=lambda: random_set(digits(), 1).show().figure.get_size_inches().tolist(),
    continual=lambda: continual(digits(), ['random'], 2, 1, 1, 1, 'convnet-w4', train_recipe('dc', epochs=1), None, progress=False).runs[0].accuracies,
    random=lambda: random_set(digits(), 2).images,
    **{k: (lambda k=k: get_method(k).make(digits(), 2, net='convnet-w4', recipe=train_recipe('whole', epochs=1)).images)
       for k in ('herding', 'kcenter', 'kmeans', 'forgetting')})


def dtype(name): return lambda: torch.set_default_dtype(getattr(torch, name))
def printing():
    np.set_printoptions(precision=1, threshold=2)
    torch.set_printoptions(precision=1, threshold=2)
def elsewhere(): os.chdir('/')


@pytest.fixture
def as_it_was():
    here, printed = os.getcwd(), np.get_printoptions()
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_printoptions(profile='default')
    np.set_printoptions(**printed)
    os.chdir(here)


@pytest.fixture(scope='module')
def usual(): return {k: f() for k, f in CALLS.items()}


def other_numbers():
    torch.set_default_dtype(torch.float64)
    torch.set_default_device('meta')
def bfloat16_elsewhere():
    torch.set_default_dtype(torch.bfloat16)
    printing()
    elsewhere()


CHANGES = {'numbers': other_numbers, 'printing': bfloat16_elsewhere}
ROWS = [(k, 'numbers') for k in CALLS] + [(k, 'printing') for k in ('load', 'lists', 'dsa', 'train', 'show')]


@pytest.mark.parametrize('name, what', ROWS)
def test_settings_of_others_change_nothing(name, what, usual, as_it_was):
    CHANGES[what]()
    found, want = CALLS[name](), usual[name]
    if isinstance(want, torch.Tensor): assert (found.dtype, found.device) == (want.dtype, want.device) and torch.equal(found, want)
    else: assert found == want


@pytest.mark.parametrize('change', CHANGES.values(), ids=CHANGES)
def test_a_run_goes_on_to_the_same_bits(tmp_path, change, as_it_was):
    whole = condense(digits(), 'dc', 1, outer=2, inner=1, **{**FEW, 'iterations': 4})
    condense(digits(), 'dc', 1, outer=2, inner=1, checkpoint=tmp_path/'c', **FEW)
    change()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        rest = condense(digits(), 'dc', 1, outer=2, inner=1, checkpoint=tmp_path/'c', **{**FEW, 'iterations': 4})
    assert torch.equal(whole.images, rest.images) and torch.equal(whole.losses, rest.losses)


def state(): return next(running(digits(), 'dm', 1, **{k: v for k, v in FEW.items() if k != 'progress'}))


@pytest.mark.parametrize('change, back, says', [
    (dtype('float64'), dtype('float32'), "default_dtype: was 'torch.float32', is 'torch.float64'"),
    (lambda: torch.backends.mkldnn.set_flags(False), lambda: torch.backends.mkldnn.set_flags(True), 'mkldnn: was True, is False'),
    (lambda: torch.use_deterministic_algorithms(True), lambda: torch.use_deterministic_algorithms(False), 'deterministic: was False'),
    (lambda: torch.set_float32_matmul_precision('medium'), lambda: torch.set_float32_matmul_precision('highest'), 'matmul_precision'),
    (lambda: torch.set_autocast_enabled('cpu', True), lambda: torch.set_autocast_enabled('cpu', False), 'autocast: was False, is True'),
    (lambda: torch.set_flush_denormal(True), lambda: torch.set_flush_denormal(False), 'flush_denormal: was False, is True')])
def test_settings_that_may_change_bits_are_told_of(tmp_path, change, back, says):
    condense(digits(), 'dm', 1, checkpoint=tmp_path/'c', **FEW)
    try:
        change()
        if says not in str(process_settings()) and process_settings() == place_of(state()).items(): pytest.skip('this machine cannot')
        with pytest.warns(UserWarning, match=f'resumes elsewhere.*{says}'):
            condense(digits(), 'dm', 1, checkpoint=tmp_path/'c', **{**FEW, 'iterations': 3})
    finally: back()


def test_a_checkpoint_that_says_less_of_its_place_goes_on_in_silence(tmp_path, monkeypatch):
    from dataset_condensation import runs
    with monkeypatch.context() as m:
        m.setattr(runs, 'place_of', lambda s: dict(device='cpu', threads=torch.get_num_threads(), speed=s.info['speed']))
        condense(digits(), 'dm', 1, checkpoint=tmp_path/'c', **FEW)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        condense(digits(), 'dm', 1, checkpoint=tmp_path/'c', **{**FEW, 'iterations': 3})


def test_the_identity_of_a_run_does_not_hang_on_print_options(as_it_was):
    before = run_identity(state())
    printing()
    assert run_identity(state()) == before


# ---- Errors of the system

def photos(root, n=10):
    for c in 'ab':
        for i in range(n):
            (root/c).mkdir(parents=True, exist_ok=True)
            Image.new('L', (8, 8), 9*i).save(root/c/f'{i}.png')
    return root


def load(path, **kw): return load_dataset(path, progress=False, **kw)


@pytest.mark.parametrize('error, in_memory, when', [
    (OSError(errno.EMFILE, 'Too many open files'), True, 'open'), (OSError(errno.EIO, 'Input/output error'), False, 'load'),
    (MemoryError(), True, 'load'), (PermissionError(errno.EACCES, 'no'), False, 'open')])
def test_an_error_of_the_system_is_no_bad_image(tmp_path, monkeypatch, error, in_memory, when):
    folder, left = photos(tmp_path/'p'), [3]
    where, name = (Image, 'open') if when == 'open' else (ImageFile.ImageFile, 'load')
    real = getattr(where, name)
    def once(*a, **k):
        if left[0]:
            left[0] -= 1
            raise error
        return real(*a, **k)
    how = dict(skip_bad=True, in_memory=in_memory, cache_dir=tmp_path/'c', workers=1)
    with monkeypatch.context() as m:
        m.setattr(where, name, once)
        with pytest.raises(type(error)) as e: load(folder, **how)
    if isinstance(error, OSError): assert e.value.errno == error.errno and '.png' in str(e.value)
    assert load(folder, **how).n_skipped == 0


@pytest.mark.parametrize('error', [OSError('image file is truncated'), OSError(errno.EINVAL, 'Invalid argument'), SyntaxError('broken'), KeyError(3)])
def test_an_error_of_the_file_is_one(tmp_path, monkeypatch, error):
    folder, real = photos(tmp_path/'p'), ImageFile.ImageFile.load
    def bad(self, *a, **k):
        if getattr(self, 'filename', '').endswith('a/3.png') or getattr(self.fp, 'name', '').endswith('a/3.png'): raise error
        return real(self, *a, **k)
    monkeypatch.setattr(ImageFile.ImageFile, 'load', bad)
    (folder/'a/4.png').write_bytes(b'junk')
    with pytest.warns(UserWarning, match='left out [12] of 20 files'): assert load(folder, skip_bad=True).n_skipped


@pytest.mark.parametrize('name', ['about.json', 'images.npy'])
def test_a_cache_that_cannot_be_opened_just_now_is_not_made_again(tmp_path, monkeypatch, name):
    class Odd(list): pass
    source = Odd(pairs())
    how = dict(progress=False, in_memory=False, cache_dir=tmp_path)
    from_datasets(source, source, **how)
    kept = {f: f.stat().st_mtime_ns for f in tmp_path.rglob('*.*')}
    import builtins, io
    real = io.open
    def full(file, *a, **k):
        if str(file).endswith(name): raise OSError(errno.EMFILE, 'Too many open files', str(file))
        return real(file, *a, **k)
    with monkeypatch.context() as m:
        m.setattr(builtins, 'open', full)
        m.setattr(io, 'open', full)
        m.setattr(Path, 'open', full)      # which in Python 3.10 keeps an `io.open` of its own
        with pytest.raises(OSError, match='Too many open files'): from_datasets(source, source, **how)
    assert kept == {f: f.stat().st_mtime_ns for f in tmp_path.rglob('*.*')}
    from_datasets(source, source, **how)


def test_what_was_bad_under_other_limits_of_pillow_is_read_again(tmp_path, monkeypatch):
    folder = photos(tmp_path/'p')
    Image.new('L', (8, 9)).save(folder/'a'/'3.png')
    how = dict(skip_bad=True, in_memory=False, cache_dir=tmp_path/'c', size=8)
    with monkeypatch.context() as m:
        m.setattr(Image, 'MAX_IMAGE_PIXELS', 35)      # of 64 pixels Pillow warns, 72 it refuses
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            assert load(folder, **how).n_skipped == 1
    assert load(folder, **how).n_skipped == 0


def test_nothing_is_printed(tmp_path, capfd):
    folder = photos(tmp_path/'p')
    for _ in range(2): load(folder, in_memory=False, cache_dir=tmp_path/'c')
    Image.new('L', (8, 8)).save(folder/'a'/'new.png')
    load(folder, in_memory=False, cache_dir=tmp_path/'c')
    condense(digits(), 'dm', checkpoint=tmp_path/'r', **FEW)
    evaluate(random_set(digits(), 1), digits(), 'convnet-w4', 1, BRIEF)
    assert capfd.readouterr() == ('', '')


def test_a_network_made_under_another_default_is_not_kept_for_later(as_it_was):
    torch.set_default_dtype(torch.float64)
    one = make_net('convnet-w24-d1', shape=(1, 12, 12), n_classes=7)
    torch.set_default_dtype(torch.float32)
    two = make_net('convnet-w24-d1', shape=(1, 12, 12), n_classes=7)
    assert {p.dtype for n in (one, two) for p in n.parameters()} == {torch.float32}
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters()))
