"""Sets kept on disk: the same numbers as in memory, whatever happened to the cache, to its source or to the program
that was building it.
"""
import json, logging, os, pickle, random, shutil, signal, sys, threading, time, warnings
from pathlib import Path

import numpy as np, pytest, torch
from conftest import run
from test_data import class_folders, picture, write
from torch.utils.data import DataLoader, Dataset

from dataset_condensation import image_store as cache_module, image_folders as data_module
from dataset_condensation.image_store import Cache, cache_folder, remove_cache
from dataset_condensation.machine import free_memory
from dataset_condensation.runs import condense
from dataset_condensation.data import from_tensors, gen
from dataset_condensation.image_folders import from_datasets, load_dataset

forks = pytest.mark.skipif(not hasattr(os, 'fork'), reason='this system cannot fork')


# ---- helpers ----

@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    "A folder for caches"
    monkeypatch.setenv('DATASET_CONDENSATION_CACHE', str(tmp_path/'caches'))
    return tmp_path/'caches'


def load(path, in_memory=False, **kw): return load_dataset(path, in_memory=in_memory, progress=False, **kw)


class Items(Dataset):
    "`n` images in no order of classes; `fetched` has a byte for each item that was ever asked for, by any process"
    def __init__(self, n, fetched=None, shift=0): self.n, self.fetched, self.shift = n, fetched, shift
    def __len__(self): return self.n

    def __getitem__(self, i):
        if self.fetched:
            with open(self.fetched, 'ab') as f: f.write(b'.')
        rng = np.random.default_rng(i + self.shift)
        return rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), int(rng.integers(3)) if i > 2 else i


def datasets(n=100, in_memory=False, fetched=None, **kw):
    return from_datasets(Items(n, fetched), Items(20, fetched, shift=10**6), name='items', in_memory=in_memory,
                         progress=False, **kw)


def assert_same(a, b):
    "Two sets give the same images, labels and figures"
    assert a.fingerprint() == b.fingerprint() and a.classes == b.classes and a.n_skipped == b.n_skipped
    for p, q in ((a.train, b.train), (a.test, b.test)):
        assert p.shape == q.shape and len(p) == len(q)
        for k in ('labels', 'order', 'counts', 'mean', 'std'): assert torch.equal(getattr(p, k), getattr(q, k)), k
        assert torch.equal(p.images[:], q.images[:])
        for c in range(p.n_classes):
            assert torch.equal(p.of_class(c), q.of_class(c))
            for n in (1, 5, 999): assert torch.equal(p.draw(c, n, gen(n, c)), q.draw(c, n, gen(n, c)))


def child(f, *args):
    "The id of a forked process that runs `f` and is gone after it, whatever happens"
    if pid := os.fork(): return pid
    try: f(*args)
    except BaseException as e: os.write(2, f'{e!r}\n'.encode()); os._exit(1)
    os._exit(0)


def image_file(caches): return next(caches.glob('*/images.npy'))


# ---- the same as in memory ----

@pytest.mark.parametrize('kw', [{}, dict(size=5), dict(size=(4, 6), fit='pad', channels=1), dict(stats='cifar10'),
                                dict(test_fraction=0.5, seed=3), dict(workers=1)])
def test_a_folder(tmp_path, kw):
    class_folders(tmp_path/'photos', 13)
    assert_same(load(tmp_path/'photos', **kw), load(tmp_path/'photos', True, **kw))   # built
    assert_same(load(tmp_path/'photos', **kw), load(tmp_path/'photos', True, **kw))   # opened


@pytest.mark.parametrize('workers', [0, 2])
def test_a_dataset_in_no_order(workers):
    before = torch.get_rng_state()
    assert_same(datasets(workers=workers), datasets(in_memory=True, workers=workers))
    assert torch.equal(before, torch.get_rng_state())


def test_a_name():
    assert_same(load('digits', size=(9, 7)), load('digits', True, size=(9, 7)))


def test_single_images_batches_and_other_processes(caches):
    part = datasets().train
    memory = datasets(in_memory=True).train
    assert all(torch.equal(x, z) and y == w for (x, y), (z, w) in zip(part, memory)) and len(list(part)) == 100
    assert torch.equal(pickle.loads(pickle.dumps(part)).of_class(1), memory.of_class(1))
    for workers in (0, 2):
        x = torch.cat([x for x, _ in DataLoader(part, batch_size=7, num_workers=workers)])
        assert torch.equal(x, memory.take(range(100))[0])
    with pytest.raises(IndexError): part.images[100]


def test_threads_read_from_one_file():
    part, memory = datasets().train, datasets(in_memory=True).train
    found = {}
    def draw(k): found[k] = [part.draw(k % 3, 5, gen(k, i)) for i in range(50)]
    threads = [threading.Thread(target=draw, args=[k]) for k in range(6)]
    for t in threads: t.start()
    for t in threads: t.join()
    assert all(torch.equal(found[k][i], memory.draw(k % 3, 5, gen(k, i))) for k in range(6) for i in range(50))


def test_a_run_gives_the_same_set_bit_for_bit():
    short = dict(iterations=3, net='convnet-w8', real_batch=16, device='cpu', progress=False)
    disk, memory = (condense(load('digits', m), 'dm', 1, **short) for m in (False, True))
    assert torch.equal(disk.images, memory.images) and torch.equal(disk.losses, memory.losses)


def test_gray_images_before_the_first_colours(tmp_path):
    for i in range(30):
        write(tmp_path/'photos'/('cat', 'dog')[i > 14]/f'{i}.png', picture(i, mode='RGB' if i > 20 else 'L'))
    assert load(tmp_path/'photos').shape == (3, 8, 8)
    assert_same(load(tmp_path/'photos'), load(tmp_path/'photos', True))


def test_files_that_cannot_be_read(tmp_path):
    class_folders(tmp_path/'photos', 20)
    for name in ('cat/3.png', *(f'dog/1{i}.png' for i in range(1, 9))): write(tmp_path/'photos'/name, b'junk')
    with pytest.raises(ValueError, match='3.png .*skip_bad'): load(tmp_path/'photos')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        assert_same(*(load(tmp_path/'photos', m, skip_bad=True) for m in (False, True)))
    said = [str(w.message)[:48] for w in caught if 'training images too' not in str(w.message)]
    assert said == ['load_dataset: left out 9 of 40 files that cannot'] * 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_resident_memory_does_not_grow_with_the_set(tmp_path):
    "A set of 360 MB is built and drawn from, after one of 43 MB, in a process of its own: the peak is nearly the same"
    code = """
import sys
from pathlib import Path
import numpy as np
from dataset_condensation.data import gen
from dataset_condensation.image_folders import from_datasets
def resident(): return int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1024
class Big:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __getitem__(self, i): return np.full((224, 224, 3), i % 251, np.uint8), i % 2
for n in (300, 2500):
    data = from_datasets(Big(n), Big(2), name=f'{n} images', in_memory=False, progress=False)
    for i in range(30): data.draw(i % 2, 10, gen(0, i))
    print(resident())
"""
    out = run('-c', code, cwd=tmp_path)
    small, large = map(float, out.stdout.split()[-2:])
    assert out.returncode == 0 and large - small < 150, out.stdout  # of 315 more


def test_to_moves_what_is_drawn(caches):
    data = datasets().to('meta')
    x, y = data.train.take([1, 50])
    there = x, y, data.draw(0, 3, gen(0)), data.train.labels, data.mean, data.train.of_class(2)
    assert {t.device.type for t in there} == {'meta'}
    assert data.cache.folder.parent == caches


def test_what_it_says(tmp_path, caches, caplog, capsys):
    class_folders(tmp_path/'photos')
    caplog.set_level('INFO', 'dataset_condensation')
    data = load_dataset(tmp_path/'photos', in_memory=False)
    first = caplog.text
    assert 'load_dataset: 10 images are kept in a cache of' in first and str(data.cache.folder) in first
    assert str(data.cache.folder) in repr(data) and ' MB in ' in repr(data) and repr(data.train).endswith('in a file')
    caplog.clear()
    load_dataset(tmp_path/'photos', in_memory=False)
    assert caplog.text == '' and capsys.readouterr().out == ''


# ---- when it is used ----

def test_automatic_choice(tmp_path, monkeypatch):
    class_folders(tmp_path/'photos', 10)                         # 20 images of 192 bytes
    for free, kept in ((10**9, False), (2 * 3840, False), (2 * 3840 - 1, True), (None, False)):
        monkeypatch.setattr(data_module, 'free_memory', lambda: free)
        assert bool(load(tmp_path/'photos', None).cache) == kept
        assert load(tmp_path/'photos', True).cache is None and load(tmp_path/'photos', False).cache
    monkeypatch.setattr(data_module, 'free_memory', lambda: 1000)
    assert datasets(in_memory=None).cache and load('digits', None, size=16).cache
    assert load('digits', None).cache is None                    # is in memory already


def test_free_memory(monkeypatch):
    "Some number on Linux; and a system that says nothing is no error"
    if sys.platform == 'linux': assert 2**20 < free_memory() < 2**50
    monkeypatch.setattr(Path, 'read_text', lambda self: (_ for _ in ()).throw(OSError()))
    monkeypatch.setitem(sys.modules, 'psutil', None)
    monkeypatch.setattr(os, 'sysconf', lambda name: (_ for _ in ()).throw(ValueError()), raising=False)
    assert free_memory() is None


@pytest.mark.parametrize('kw', [dict(in_memory='no'), dict(in_memory=2), dict(workers=-1), dict(workers='all')])
def test_wrong_options(kw):
    with pytest.raises(ValueError, match=f'load_dataset: `{next(iter(kw))}` is {next(iter(kw.values()))!r}'):
        load_dataset('digits', **kw)
    with pytest.raises(ValueError, match='from_datasets: `'): from_datasets(Items(3), Items(3), **kw)


def test_where_it_lies(tmp_path, monkeypatch):
    assert cache_folder() == tmp_path/'caches' and cache_folder(tmp_path/'x') == tmp_path/'x'
    monkeypatch.delenv('DATASET_CONDENSATION_CACHE')
    monkeypatch.setenv('HOME', str(tmp_path/'me'))
    if os.name == 'posix': assert cache_folder() == tmp_path/'me'/'.cache'/'dataset_condensation'/'images'
    assert load('digits', cache_dir=tmp_path/'x').cache.folder.parent == tmp_path/'x'


def test_no_room_and_no_folder(tmp_path, monkeypatch, caches):
    (tmp_path/'file').write_text('not a folder')
    with pytest.raises(OSError, match='load_dataset: cannot write a cache into .*cache_dir='):
        load('digits', cache_dir=tmp_path/'file')
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: shutil._ntuple_diskusage(10**6, 10**6, 5000))
    with pytest.raises(OSError, match='from_datasets: the cache needs 23,040 bytes in .* 5,000 are free'): datasets()
    assert not list(caches.glob('*/about.json'))


# ---- its source changes ----

def photos_of(tmp_path): return class_folders(tmp_path/'photos', 12)


@pytest.mark.parametrize('change', [
    lambda p: write(p/'cat'/'new.png', picture(99)), lambda p: (p/'cat'/'3.png').unlink(),
    lambda p: write(p/'cat'/'3.png', picture(99)), lambda p: (p/'cat'/'3.png').rename(p/'dog'/'3x.png'),
    lambda p: class_folders(p, 2, ['cow']), lambda p: os.utime(p/'dog'/'1.png', (1, 1))],
    ids=['new', 'gone', 'other pixels', 'other class', 'new class', 'time'])
def test_a_changed_folder_is_noticed(tmp_path, change, caplog, caches):
    photos = photos_of(tmp_path)
    load(photos)
    change(photos)
    changed = load_dataset(photos, in_memory=False)
    assert 'is rebuilt: its source has changed' in caplog.text
    assert_same(changed, load(photos, True))
    assert len(list(caches.glob('photos-*'))) == 1                  # in the place of the old one


def test_another_size_is_another_cache(tmp_path, caches):
    photos = photos_of(tmp_path)
    sizes = [load(photos, size=s).shape for s in (4, 6, 4)]
    assert sizes == [(3, 4, 4), (3, 6, 6), (3, 4, 4)] and len(list(caches.glob('photos-*'))) == 2


def test_a_changed_dataset_is_noticed(caplog):
    datasets()
    other = from_datasets(Items(100, shift=5), Items(20, shift=10**6), name='items', in_memory=False)
    assert 'is rebuilt' in caplog.text
    pixels, _ = Items(100, shift=5)[int(other.train.order[0])]
    assert torch.equal(other.train.images[0], torch.from_numpy(pixels).permute(2, 0, 1))


def test_a_folder_that_is_gone(tmp_path):
    photos = photos_of(tmp_path)
    before = load(photos, skip_bad=True)
    photos.rename(tmp_path/'elsewhere')
    with pytest.warns(UserWarning, match='there is no folder .*photos; its images come from cache of'):
        after = load(photos, skip_bad=True)
    assert_same(before, after)
    for kw in (dict(in_memory=True), dict(size=5)):
        with pytest.raises(FileNotFoundError, match='there is no folder'): load(photos, **{'skip_bad': True, **kw})


def test_files_that_change_while_they_are_read(tmp_path, monkeypatch, caplog):
    photos, decode = photos_of(tmp_path), data_module.decode
    first = threading.Event()       # is set once the first file is read, so that it changes afterwards
    def and_write(path, *how):
        if path.endswith('dog/5.png') and first.wait(60): write(photos/'cat'/'0.png', picture(77, (9, 8)))
        try: return decode(path, *how)
        finally:
            if path.endswith('cat/0.png'): first.set()
    with monkeypatch.context() as m:
        m.setattr(data_module, 'decode', and_write)
        load(photos, size=8)
    again = load_dataset(photos, size=8, in_memory=False)
    assert 'is rebuilt: its source has changed' in caplog.text
    assert_same(again, load(photos, True, size=8))


@pytest.mark.skipif(not hasattr(os, 'symlink') or os.name == 'nt', reason='needs links')
def test_links_that_lead_back(tmp_path):
    photos = photos_of(tmp_path)
    for target in (photos, photos/'cat', tmp_path):
        (photos/'cat'/'loop').symlink_to(target, target_is_directory=True)
        with pytest.raises(ValueError, match='which contains it; remove the link'): load(photos, True)
        (photos/'cat'/'loop').unlink()
    (photos/'cat'/'more').symlink_to(photos/'dog', target_is_directory=True)   # no loop
    assert load(photos, True).train.counts.sum() + load(photos, True).test.counts.sum() == 36
    (photos/'cat'/'self').symlink_to('self')
    with pytest.raises(OSError, match='self'): load(photos, True)


# ---- it is damaged ----

def flip(path, at):
    b = bytearray(path.read_bytes())
    b[at] ^= 64
    path.write_bytes(bytes(b))


@pytest.mark.parametrize('file', ['images.npy', 'about.json'])
@pytest.mark.parametrize('how', [lambda p: os.truncate(p, 60), lambda p: os.truncate(p, 0), lambda p: p.unlink(),
                                 lambda p: flip(p, -70), lambda p: flip(p, 20), lambda p: p.write_bytes(b'{}'),
                                 lambda p: p.write_bytes(p.read_bytes() + b'x')],
                         ids=['short', 'empty', 'gone', 'late bit', 'early bit', 'other', 'long'])
def test_damage_is_noticed_and_repaired(file, how, caches, caplog):
    good = datasets(in_memory=True)
    datasets()
    how(next(caches.glob(f'*/{file}')))
    again = from_datasets(Items(100), Items(20, shift=10**6), name='items', in_memory=False)
    assert caplog.text.count(' is rebuilt: ') == 1
    assert_same(again, good)


def test_random_damage(caches):
    "Every mutation of a small file gives the right images in the end, or the damage is in bytes that mean nothing"
    rng, good = random.Random(0), datasets(n=20, in_memory=True)
    datasets(n=20)
    for _ in range(60):
        path = rng.choice(sorted(caches.glob('*/*.*')))
        b = bytearray(path.read_bytes())
        for _ in range(rng.choice([1, 1, 5])): b[rng.randrange(len(b))] = rng.randrange(256)
        path.write_bytes(bytes(b[:rng.choice([len(b), len(b), rng.randrange(len(b))])]))
        assert_same(datasets(n=20), good)


def test_a_cache_of_the_first_edition_is_made_again(caches, caplog):
    data = datasets()
    folder, about = data.cache.folder, json.dumps(dict(format='dataset_condensation cache 1', source='items'))
    (folder/'images.npy').unlink()
    old = folder.with_name(folder.name + '.building')
    old.mkdir()
    for name in ('images.safetensors', 'order.safetensors', 'source.txt'): (folder/name).write_bytes(b'old')
    for name in ('slots.safetensors', 'log'): (old/name).write_bytes(b'old')
    (folder/'about.json').write_text(about)
    (folder/'mine.txt').write_text('a note')
    from_datasets(Items(100), Items(20, shift=10**6), name='items', in_memory=False)
    assert 'is rebuilt: ' in caplog.text and not old.exists()
    assert sorted(p.name for p in folder.iterdir()) == ['about.json', 'images.npy', 'mine.txt']
    (folder/'about.json').write_text(about)
    assert remove_cache('items') > 4096 and [p.name for p in folder.iterdir()] == ['mine.txt']


def test_a_copy_with_another_date_is_as_good(caches, monkeypatch):
    datasets()
    os.utime(image_file(caches), (5, 5))
    monkeypatch.setattr(cache_module.ImageWriter, '__init__', lambda *args, **kw: pytest.fail('built again'))
    assert_same(datasets(), datasets(in_memory=True))
    monkeypatch.setattr(Cache, 'check', lambda self: pytest.fail('hashed again'))
    datasets()                                                     # the new date was remembered


def test_damage_while_in_use(caches):
    data = datasets()
    data.draw(0, 3, gen(0))
    os.truncate(image_file(caches), 5000)
    with pytest.raises(ValueError, match='has changed since it was loaded: load the data again'): data.train.images[90:]
    elsewhere = pickle.loads(pickle.dumps(data))
    with pytest.raises(ValueError, match='has changed since it was loaded'): elsewhere.draw(0, 3, gen(0))


# ---- building is interrupted ----

def killed_after(nth, where):
    "Build in a child that is killed with SIGKILL in the `nth` call of a function"
    def build():
        real, calls = getattr(*where), []
        def deadly(*args, **kw):
            calls.append(1)
            if len(calls) == nth: os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kw)
        setattr(*where, deadly)
        datasets()
    return os.waitpid(child(build), 0)[1]


@forks
@pytest.mark.parametrize('where, calls', [
    ((cache_module, 'write_atomic'), 1), ((cache_module, 'write_atomic'), 2), ((cache_module.ImageWriter, '__setitem__'), 40),
    *(((os, 'replace'), n) for n in (1, 2, 3)), ((cache_module, 'byte_counts'), 1)],
    ids=lambda x: x[1] if isinstance(x, tuple) else None)
def test_killed_anywhere(monkeypatch, where, calls, caches):
    "Before, while and after images are written and counted: never is a half-built one taken for whole"
    assert os.WIFSIGNALED(killed_after(calls, where))
    for p in caches.glob('*/about.json'):
        try: Cache(p.parent).check()
        except ValueError as e: assert 'not finished' in str(e)
    assert_same(datasets(), datasets(in_memory=True))
    assert [p.name for p in next(p for p in caches.iterdir() if p.is_dir()).iterdir() if p.suffix == '.part'] == []


@forks
def test_killed_at_random_moments(tmp_path, caches):
    "By the clock, ten times in a row"
    rng, good = random.Random(1), datasets(n=400, in_memory=True)
    for _ in range(10):
        pid = child(datasets, 400)
        time.sleep(rng.random() * 0.3)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert_same(datasets(n=400), good)


def test_a_full_disk_is_an_error(monkeypatch, caches):
    "Writes fail at the fiftieth image; with room again, the cache is built"
    def full(self, i, image):
        if i == 50: raise OSError(28, 'No space left on device')
    with monkeypatch.context() as m:
        m.setattr(cache_module.ImageWriter, '__setitem__', full)
        with pytest.raises(OSError, match='No space left'): datasets()
    assert_same(datasets(), datasets(in_memory=True))


# ---- several at once ----

@forks
def test_several_builders_at_once(tmp_path, caches):
    "Four processes want the same cache; one builds it, all have it"
    fetched, good = tmp_path/'fetched', datasets(400, in_memory=True)
    pids = [child(lambda: assert_same(datasets(400, fetched=fetched), good)) for _ in range(4)]
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 4
    assert len(fetched.read_bytes()) <= 420 + 4 * (64 + 2*8)       # of 1680; each looks at some, and reads eight twice


@forks
def test_a_lock_ends_with_its_process(caplog, caches):
    "While one builds, the other says that it waits; when the first is killed, it goes on"
    def slow():
        cache_module.ImageWriter.__setitem__ = lambda *args: time.sleep(3600)
        datasets()
    pid = child(slow)
    while not list(caches.glob('*/*.part')) or not list(caches.glob('*/about.json')): time.sleep(0.01)
    with pytest.raises(ValueError, match='another process is building'): remove_cache('items')
    def end(record):
        if 'another process is building the cache' in record.getMessage(): os.kill(pid, signal.SIGKILL)
        return True
    log = logging.getLogger('dataset_condensation')
    log.addFilter(end)                       # killed as soon as the other has said that it waits
    try: data = from_datasets(Items(100), Items(20, shift=10**6), name='items', in_memory=False)
    finally: log.removeFilter(end)
    os.waitpid(pid, 0)
    assert 'another process is building the cache' in caplog.text
    assert_same(data, datasets(in_memory=True))


# ---- it is removed ----

def test_remove(tmp_path, caches):
    photos, keep = photos_of(tmp_path), caches/'mine'
    keep.mkdir(parents=True)
    (keep/'images.safetensors').write_bytes(b'not a cache')
    data = [load(photos), load(photos, size=5), load('digits'), datasets()]
    assert remove_cache('nothing') == 0
    assert remove_cache(photos) > 2 * 4096 and not data[0].cache.folder.exists() and not data[1].cache.folder.exists()
    assert remove_cache('digits') > 4096 and data[3].cache.folder.exists()
    data[3].cache.remove()
    assert not data[3].cache.folder.exists()
    load('digits')
    assert remove_cache() > 4096 and keep.exists() and [p.name for p in caches.iterdir() if p.is_dir()] == ['mine']
    assert remove_cache(cache_dir=tmp_path/'nowhere') == 0


@forks
def test_half_built_ones_are_removed_too(caches, monkeypatch):
    killed_after(1, (cache_module, 'byte_counts'))
    assert list(caches.glob('*/images.npy')) and remove_cache('items') > 4096 and not list(caches.glob('*/*'))
    with monkeypatch.context() as m:
        m.setattr(cache_module, 'byte_counts', lambda *args: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt): datasets()
    assert not list(caches.glob('*/*'))                             # what is stopped clears up


# ---- fingerprints ----

def test_fingerprints_tell_data_apart():
    x, y = torch.randint(256, (20, 1, 4, 4), generator=gen(0)).byte(), torch.arange(20) % 2
    def make(x=x, y=y, **kw): return from_tensors(x, y, x[:4], y[:4], **kw).fingerprint()
    touched = x.clone()
    touched[7, 0, 1, 1] ^= 1
    prints = [make(), make(touched), make(y=1 - y), make(classes=['a', 'b']), make(stats=(0.5, 0.5)), make(x.flip(0)),
              make(x.view(20, 1, 2, 8))]
    assert len(set(prints)) == len(prints) and all(len(p) == 64 for p in prints)
    assert make() == make(name='other') == from_tensors(x, y, x[:4], y[:4]).to('cpu').fingerprint()
