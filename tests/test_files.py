"""Files from outside and on the way out: what is written is whole, nothing leaves its folder, and whatever a file says,
reading it ends in a set or in an exception that is documented. The long version of the fuzzing is benchmarks/fuzz.py."""
import ctypes, errno, json, math, os, random, shutil, stat, sys, time, warnings, zipfile
from pathlib import Path

import numpy as np, pytest, torch
from conftest import ROOT
from PIL import Image
from processes import python

from dataset_condensation import set_files as files
from dataset_condensation.safe_files import write_atomic
from dataset_condensation.set_files import import_published
from dataset_condensation.training import SyntheticSet

sys.path.insert(0, str(ROOT/'benchmarks'))
import fuzz   # noqa: E402

linux = pytest.mark.skipif(sys.platform != 'linux', reason='limits memory, or reads it, as Linux does')
posix = pytest.mark.skipif(os.name != 'posix', reason='links, pipes and devices as Unix has them')


# ---- helpers ----

def small(n=4, c=1, size=(8, 8), classes=('a', 'b'), **kw):
    "A set of random images"
    g = torch.Generator().manual_seed(n)
    x, y = torch.randn(n, c, *size, generator=g), torch.arange(n) % len(classes)
    return SyntheticSet(x, y, classes, [0.5] * c, [0.25] * c, **kw)


def pair(n=4, c=1): return [small(n, c).images, torch.arange(n) % 2]


def result(path, data=None, old=False, **entries):
    "A file as the authors' programs write it"
    accs = dict(ConvNet=list(np.array([0.5, 0.6])), MLP=[np.float32(0.25), np.float32(1)])
    entries = dict(dict(data=data or [pair(), pair(6)], accs_all_exps=accs), **entries)
    torch.save(entries, path, _use_new_zipfile_serialization=not old)
    return path


def refused(path, why, *args, data='mnist', **kw):
    "Importing must fail, and say why"
    with pytest.raises(ValueError, match=why): import_published(path, *args, data=data, **kw)


def tree(path):
    "Everything below a folder, with its size"
    return {p.relative_to(path).as_posix(): p.lstat().st_size for p in path.rglob('*')}


# ---- fuzzing, the short version ----

@pytest.mark.parametrize('kind', fuzz.KINDS)
def test_damaged_files_are_read_or_refused(kind, tmp_path):
    base, outcomes = fuzz.valid_bytes(kind), {}
    for k in range(120):
        path, how = fuzz.make(kind, 7, k, base, tmp_path)
        outcomes.setdefault(fuzz.outcome(kind, path), []).append((k, how))
        assert not (tmp_path/'canary').exists(), f'something was run by file {k}, {how}'
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    faults = {o: who for o, who in outcomes.items() if o.startswith('FAULT')}
    assert not faults and outcomes['read'] and outcomes['refused: ValueError']


@pytest.mark.parametrize('error, found', [
    (KeyError('x'), 'FAULT: KeyError'), (MemoryError(), 'FAULT: MemoryError'), (AssertionError('labels'), 'FAULT: Assert'),
    (ValueError('no name'), 'FAULT: ValueError does not name the file'), (ValueError('s.safetensors'), 'refused: ValueError')])
def test_the_fuzzer_knows_a_fault(monkeypatch, error, found):
    def read(kind, path): raise error
    monkeypatch.setattr(fuzz, 'read', read)
    assert fuzz.outcome('safetensors', Path('s.safetensors')).startswith(found)


@pytest.mark.slow
@linux
def test_the_fuzzer_measures_memory(monkeypatch, tmp_path):
    path = small().save(tmp_path/'s.safetensors')
    seen = fuzz.guarded('safetensors', path)
    assert seen['outcome'] == 'read' and seen['grown'] < 30 * fuzz.MIB
    for mib, found in ((100, 'read'), (500, 'FAULT: MemoryError')):
        monkeypatch.setattr(fuzz, 'read', lambda kind, path: bytearray(mib * fuzz.MIB))
        ctypes.CDLL(None).malloc_trim(0)     # or the bytes come from what this process has freed and kept
        seen = fuzz.guarded('safetensors', path)
        assert seen['outcome'].startswith(found)
        if found == 'read': assert seen['grown'] >= 99 * fuzz.MIB


def test_the_fuzzer_makes_the_same_file_again(tmp_path):
    base = fuzz.valid_bytes('safetensors')
    first, again = ([fuzz.make('safetensors', 0, k, base, tmp_path)[0].read_bytes() for k in range(30)] for _ in range(2))
    assert first == again and len(set(first)) > 25


@pytest.mark.slow
def test_the_fuzzer_in_a_process_of_its_own():
    results = fuzz.fuzz('safetensors', 20, 0)
    assert [r['k'] for r in results] == list(range(20)) and not fuzz.summary(results)['faults']
    assert sum(fuzz.summary(results)['kinds']['safetensors']['outcomes'].values()) == 20


# ---- write_atomic ----

@pytest.mark.parametrize('where, call, code', [('os', 'fsync', errno.ENOSPC), ('os', 'replace', errno.EACCES), ('builtins', 'open', errno.EIO)])
def test_a_failed_write_leaves_the_old_file(monkeypatch, tmp_path, where, call, code):
    path = write_atomic(tmp_path/'a.txt', 'old')
    def fail(*args, **kw): raise OSError(code, os.strerror(code))
    with monkeypatch.context() as m:
        m.setattr(f'{where}.{call}', fail)
        with pytest.raises(OSError, match='a.txt') as e: write_atomic(path, 'new')
    assert e.value.errno == code and path.read_text() == 'old' and os.listdir(tmp_path) == ['a.txt']


@pytest.mark.slow
@linux
def test_a_full_disk_leaves_the_old_file(tmp_path):
    "A real one: files of this process may not grow beyond 100,000 bytes"
    path = small().save(tmp_path/'s.safetensors')
    code = ('import resource, signal, sys\nfrom dataset_condensation.safe_files import write_atomic\n'
            'signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n'
            'resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n'
            'try: write_atomic(sys.argv[1], bytes(10**6))\nexcept OSError as e: print(e)')
    said = python('-c', code, path, cwd=tmp_path).wait().stdout
    assert 's.safetensors' in said and os.listdir(tmp_path) == ['s.safetensors'] and len(SyntheticSet.load(path)) == 4


@pytest.mark.slow
def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path, code = tmp_path/'a.bin', ('import sys\nfrom dataset_condensation.safe_files import write_atomic\n'
                                    'for i in range(10**9): write_atomic(sys.argv[1], bytes([i % 2]) * (10**6 + i % 2))')
    child = python('-c', code, path, cwd=tmp_path)
    try:
        while not path.exists() and child.process.is_alive(): time.sleep(0.05)
        for _ in range(20):
            raw = path.read_bytes()
            assert raw in (bytes(10**6), b'\1' * (10**6 + 1))
            time.sleep(0.01)
    finally:
        child.process.kill()
        child.wait()
    assert path.read_bytes() in (bytes(10**6), b'\1' * (10**6 + 1))
    assert all(p == path or p.name.startswith('.a.bin.') and p.suffix == '.part' for p in tmp_path.iterdir())


@posix
def test_links_devices_and_permissions(tmp_path):
    real, link = write_atomic(tmp_path/'real', 'old'), tmp_path/'link'
    link.symlink_to('real')
    real.chmod(0o640)
    write_atomic(link, 'new')
    assert link.is_symlink() and real.read_text() == 'new' and stat.S_IMODE(real.stat().st_mode) == 0o640
    old = os.umask(0o027)
    try: assert stat.S_IMODE(write_atomic(tmp_path/'fresh', b'').stat().st_mode) == 0o640
    finally: os.umask(old)
    with pytest.raises(FileExistsError, match='/dev/null, which is a folder or a device'): write_atomic('/dev/null', b'')
    assert not os.path.isfile('/dev/null')


def test_long_names_and_missing_folders(tmp_path):
    assert write_atomic(tmp_path/('x' * 250), 'a').read_text() == 'a'
    with pytest.raises(OSError, match='xxx'): write_atomic(tmp_path/('x' * 300), 'a')
    with pytest.raises(FileNotFoundError, match='cannot write `path` .*s.safetensors'): small().save(tmp_path/'no'/'s.safetensors')


# ---- safetensors ----

def test_a_set_returns_to_the_bit(tmp_path):
    info = dict(a=[1, None, dict(b=math.inf)], é='ü')
    s = small(9, 3, (5, 7), ('x', '', 'x\n', '\0'), info=info, losses=torch.arange(5) / 7)
    back = SyntheticSet.load(s.save(tmp_path/'s.safetensors'))
    for k in ('images', 'labels', 'mean', 'std', 'losses'):
        assert torch.equal(getattr(back, k), getattr(s, k)) and getattr(back, k).dtype == getattr(s, k).dtype
    assert (back.classes, back.info) == (s.classes, s.info)


def test_what_json_cannot_say_is_refused_before_anything_is_written(tmp_path):
    deep = []
    for _ in range(10_000): deep = [deep]
    for info in (dict(net=torch.nn.ReLU()), dict(found={1, 2}), dict(deep=deep)):
        for write in (small(info=info).save, small(info=info).to_folder):
            with pytest.raises(TypeError, match='`info` is not JSON'): write(tmp_path/'s')
    with pytest.raises(ValueError, match='expected at most'): small(info=dict(x='x' * 2**21)).save(tmp_path/'s')
    assert os.listdir(tmp_path) == []


def test_numbers_of_numpy_and_torch_are_numbers(tmp_path):
    info = dict(a=np.int64(3), b=[np.float32(.5), torch.tensor(1.)], c=dict(d=torch.arange(2)), e=np.array([True]))
    back = SyntheticSet.load(small(info=info).save(tmp_path/'s.safetensors'))
    assert back.info == dict(a=3, b=[.5, 1.], c=dict(d=[0, 1]), e=[True])


def test_a_description_as_long_as_allowed_can_be_read(tmp_path):
    long = small(info=dict(x='"' * (2**20 - 70)))      # each takes two bytes in set.json, four in the header
    with pytest.raises(ValueError, match='is 2,097,1.. bytes as JSON'): small(info=dict(x='"' * (2**20 - 30))).save(tmp_path/'s')
    assert SyntheticSet.load(long.save(tmp_path/'s.safetensors')).info == long.info
    long = small(info=dict(x='"' * (2**20 - 200)))     # more room between the lines
    assert SyntheticSet.from_folder(long.to_folder(tmp_path/'s')).info == long.info


@pytest.mark.parametrize('where', ['safetensors', 'folder'])
def test_a_failed_save_leaves_nothing(monkeypatch, tmp_path, where):
    def full(*args): raise OSError(errno.ENOSPC, 'No space left on device')
    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        small().save(tmp_path/'s.safetensors') if where == 'safetensors' else small().to_folder(tmp_path/'s')
    assert os.listdir(tmp_path) == []


@linux
@pytest.mark.parametrize('dtype, labels', [(torch.float16, torch.uint8), (torch.float64, torch.int64)])
def test_memory_grows_with_the_file_as_stated(tmp_path, dtype, labels):
    from safetensors.torch import load, save
    raw = small().save(tmp_path/'s.safetensors').read_bytes()
    text = json.loads(raw[8:8 + int.from_bytes(raw[:8], 'little')])['__metadata__']['set']
    n = 2**23 // dtype.itemsize                # images of one pixel: sorting them takes most
    big = dict(load(raw), images=torch.zeros(n, 1, 1, 1, dtype=dtype), labels=torch.zeros(n, dtype=labels))
    (tmp_path/'s.safetensors').write_bytes(save(big, dict(set=text)))
    seen = fuzz.guarded('safetensors', tmp_path/'s.safetensors')
    assert seen['outcome'] == 'read' and seen['grown'] < 8 * seen['bytes'] + 256 * fuzz.MIB


# ---- folders ----

NAMES = ['cat', 'Cat', 'CAT', '', ' ', '.', '..', '...', '../../x', '/etc/passwd', '\\\\server\\share', 'C:', 'C:\\x', 'a/b',
         'a\\b', 'nul\0', 'two\nlines', 'CON', 'con.txt', 'AUX', 'x' * 300, '𠀀' * 300, 'Käse', 'Ka\u0308se', '~', '-rf',
         '*?<>|"', '%s{0}', 'set.json', '.hidden', 'trailing.', 'trailing ', '\u202eright to left', '日本', '🐱', '\ud800',
         '1', '01', 'null', 'cat']


def test_folders_stay_inside_and_names_return_to_the_letter(tmp_path):
    r = random.Random(0)
    letter = lambda: chr(r.choice([r.randrange(128), r.randrange(0xd800)]))
    names = NAMES + [''.join(letter() for _ in range(r.randrange(1, 40))) for _ in range(100)]
    s = small(2 * len(names), size=(2, 2), classes=names)
    (tmp_path/'in').mkdir()
    s.to_folder(tmp_path/'in'/'s')
    assert os.listdir(tmp_path) == ['in'] and os.listdir(tmp_path/'in') == ['s']
    folders = [p for p in (tmp_path/'in'/'s').iterdir() if p.is_dir()]
    assert len(folders) == len({p.name.lower() for p in folders}) == len(names)
    assert len(tree(tmp_path)) == 3 + 3 * len(names)      # in, s, set.json; for each class a folder and two pictures
    back = SyntheticSet.from_folder(tmp_path/'in'/'s')
    assert back.classes == names and torch.equal(back.labels, s.labels)
    assert [int(p.name.partition('_')[0]) for p in sorted(folders, key=lambda p: p.name)] == list(range(len(names)))
    assert SyntheticSet.load(s.save(tmp_path/'s.safetensors')).classes == names


def test_a_failure_half_way_leaves_no_folder(monkeypatch, tmp_path):
    real, left = Image.Image.save, [3]
    def save(self, *args, **kw):
        left[0] -= 1
        if left[0] < 0: raise KeyboardInterrupt
        return real(self, *args, **kw)
    monkeypatch.setattr(Image.Image, 'save', save)
    (tmp_path/'there').mkdir()
    for name in ('new', 'there'):
        left[0] = 3
        with pytest.raises(KeyboardInterrupt): small().to_folder(tmp_path/name)
    assert tree(tmp_path) == {'there': (tmp_path/'there').lstat().st_size}


def changed(folder, **about):
    "A folder whose set.json says something else"
    text = json.loads((folder/'set.json').read_text())
    (folder/'set.json').write_text(json.dumps({k: v for k, v in {**text, **about}.items() if v != 'gone'}))
    return folder


@pytest.mark.parametrize('about, why', [
    (dict(folders=['0_a', '..']), 'different names in it'), (dict(folders=['0_a', '/etc']), 'different names in it'), (dict(folders=['0_a', '0_a']), 'different names'),
    (dict(folders=['0_a']), 'expected 2'), (dict(folders='gone'), 'KeyError'), (dict(folders=3), 'cannot be read'), (dict(folders=['0_a', 'set.json']), 'different names in it'),
    (dict(folders=['0_a', '.']), 'different names in it'), (dict(folders=['0_a', 3]), 'different names in it'),
    (dict(counts=[2, 3]), 'holds 2 PNG files in 1_b, expected 3'), (dict(counts=[2, {}]), 'expected'), (dict(counts='gone'), None),
    (dict(mean=[math.nan]), 'expected finite numbers'), (dict(std=[0]), 'above 0'), (dict(mean=[0.5] * 3, std=[1] * 3), None),
    (dict(info='gone'), None), (dict(classes=['a']), 'expected 1'), (dict(info=[1]), 'expected a dict'), (dict(format='x'), "format 'x'")])
def test_what_set_json_may_say(tmp_path, about, why):
    folder = changed(small().to_folder(tmp_path/'s'), **about)
    if why is None: assert len(SyntheticSet.from_folder(folder)) == 4
    else:
        with pytest.raises(ValueError, match=why): SyntheticSet.from_folder(folder)


@posix
@pytest.mark.parametrize('victim, to', [
    ('0_a', '/etc'), ('0_a', '../outside'), ('0_a', 'pipe'), ('0_a/00000.png', '/dev/zero'), ('0_a/00000.png', 'itself'),
    ('0_a/00000.png', 'pipe'), ('0_a/00000.png', 'a folder'), ('set.json', '../outside'), ('set.json', '/dev/zero'), ('set.json', 'nothing')])
def test_links_pipes_and_folders_in_odd_places(tmp_path, victim, to):
    folder = small().to_folder(tmp_path/'s')
    (tmp_path/'outside').mkdir()
    path = folder/victim
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if to == 'pipe': os.mkfifo(path)
    elif to == 'a folder': path.mkdir()
    elif to != 'nothing': path.symlink_to(path.name if to == 'itself' else to)
    with pytest.raises((ValueError, FileNotFoundError, IsADirectoryError), match='/s[ /]'): SyntheticSet.from_folder(folder)


@posix
def test_a_link_that_stays_inside_is_fine(tmp_path):
    folder = small().to_folder(tmp_path/'s')
    (folder/'0_a'/'00000.png').rename(folder/'kept.png')
    (folder/'0_a'/'00000.png').symlink_to('../kept.png')
    (tmp_path/'link').symlink_to('s')
    assert len(SyntheticSet.from_folder(tmp_path/'link')) == 4


def test_files_of_a_desktop_do_not_matter(tmp_path):
    folder = small().to_folder(tmp_path/'s')
    for name in ('.DS_Store', 'Thumbs.db', 'README.txt', '0_a/.DS_Store', '0_a/._00000.png', '0_a/notes.txt'):
        (folder/name).write_bytes(b'x')
    (folder/'.git').mkdir()
    assert len(SyntheticSet.from_folder(folder)) == 4


def test_a_picture_that_is_cut_or_gone_while_it_is_read(monkeypatch, tmp_path):
    folder, real = small(size=(40, 40)).to_folder(tmp_path/'s'), files.read_bytes
    def cut(where, path, limit=None):
        raw = real(where, path, limit)
        return raw if path.suffix == '.json' else raw[:len(raw)//2]
    monkeypatch.setattr(files, 'read_bytes', cut)
    with pytest.raises(ValueError, match='00000.png cannot be read'): SyntheticSet.from_folder(folder)
    def gone(where, path, limit=None):
        if path.name == '00002.png': path.unlink()
        return real(where, path, limit)
    monkeypatch.setattr(files, 'read_bytes', gone)
    with pytest.raises(FileNotFoundError, match='00002.png'): SyntheticSet.from_folder(folder)


@pytest.mark.parametrize('mode', ['1', 'LA', 'P', 'RGBA', 'I;16'])
def test_pictures_of_other_modes(tmp_path, mode):
    folder = small(c=3).to_folder(tmp_path/'s')
    for f in folder.glob('*/*.png'):
        im = Image.new('L', (8, 8), 255)
        im = Image.fromarray(np.full((8, 8), 65535, np.uint16)) if mode == 'I;16' else im.convert(mode)
        im.save(f)
    assert (SyntheticSet.from_folder(folder).pixels == 1).all()


def test_bombs_are_not_unpacked(tmp_path):
    folder = small().to_folder(tmp_path/'s')
    for side in (12_000, 2**31 - 1):
        parts = fuzz.chunks((folder/'0_a'/'00000.png').read_bytes())
        parts[0] = b'IHDR', side.to_bytes(4, 'big') * 2 + parts[0][1][8:]
        (folder/'0_a'/'00000.png').write_bytes(fuzz.joined(parts))
        with warnings.catch_warnings():
            warnings.simplefilter('error')     # no warning gets out either
            with pytest.raises(ValueError, match='00000.png cannot be read'): SyntheticSet.from_folder(folder)


def test_flat_pictures_are_no_bombs(tmp_path):
    black = SyntheticSet(torch.full((20, 3, 64, 64), -1.), torch.arange(20) % 2, ['a', 'b'], [0.5] * 3, [0.5] * 3)
    assert torch.equal(SyntheticSet.from_folder(black.to_folder(tmp_path/'s')).images, black.images)


# ---- published results ----

@pytest.mark.parametrize('old', [False, True])
@pytest.mark.parametrize('numpy', ['numpy.core', 'numpy._core'])
def test_published_results_of_either_numpy_and_format(tmp_path, old, numpy):
    path = result(tmp_path/'res_DSA_MNIST_ConvNet_2ipc.pt', old=old)
    other = b'numpy._core' if b'numpy._core' in path.read_bytes() else b'numpy.core'
    change = lambda raw: raw.replace(other, numpy.encode())
    path.write_bytes(change(path.read_bytes()) if old else fuzz.rezip(path.read_bytes(), lambda n, d: change(d)))
    first, second = import_published(path)
    assert torch.equal(first.images, pair()[0][pair()[1].argsort(stable=True)]) and len(second) == 6
    assert first.info == dict(method='dsa', data='mnist', source=path.name, experiment=0, experiments=2,
                              accuracies=dict(ConvNet=[0.5], MLP=[0.25]))
    assert second.info['accuracies'] == dict(ConvNet=[0.6], MLP=[1.0])
    assert first.classes == ['0', '1'] and abs(first.mean.item() - 0.1307) < 1e-6


def test_published_results_leave_torch_as_it_was(tmp_path):
    before = set(torch.serialization.get_safe_globals()), torch.get_rng_state()
    import_published(result(tmp_path/'r.pt'), data='mnist')
    assert set(torch.serialization.get_safe_globals()) == before[0] and torch.equal(torch.get_rng_state(), before[1])


@pytest.mark.parametrize('old', [False, True])
def test_tensors_of_unusual_layout(tmp_path, old):
    x, y = pair(8, 3)
    grad = x.clone().requires_grad_()
    both = torch.cat([x, x + 1])
    for data in ([[x.permute(0, 1, 3, 2), y]], [[both[:8], y], [both[8:], y]], [[grad, y]], [[x.half(), y.int()]],
                 [[x.double(), y.byte()]]):
        sets = import_published(result(tmp_path/'r.pt', data, old), data='CIFAR10')
        for s, (a, b) in zip(sets, data):
            assert torch.equal(s.images, a.detach().float()[b.long().argsort(stable=True)]) and not s.images.requires_grad


TRAPS = dict(
    mkdir=lambda p: (os.mkdir, (str(p),)), touch=lambda p: (Path.touch, (p,)), system=lambda p: (os.system, (f'mkdir {p}',)),
    eval=lambda p: (eval, (f'__import__("os").mkdir({str(p)!r})',)), memory=lambda p: (bytearray, (2**42,)),
    torch=lambda p: (torch.zeros, (2**40,)), text=lambda p: ('x'.join, ([],)))


@pytest.mark.parametrize('trap, place, old', [
    ('mkdir', 'top', False), ('touch', 'data', True), ('system', 'accs', False), ('eval', 'alone', True), ('memory', 'data', False),
    ('torch', 'accs', True), ('text', 'alone', False)])
def test_nothing_in_a_pickle_is_run(tmp_path, trap, place, old):
    bad = fuzz.Trap(*TRAPS[trap](tmp_path/'ran'))
    entries = dict(top=dict(more=bad), data=dict(data=[[bad, torch.arange(4)]]), accs=dict(accs_all_exps=dict(a=[bad])))
    path = result(tmp_path/'r.pt', old=old, **entries.get(place, {}))
    if place == 'alone': torch.save(bad, path, _use_new_zipfile_serialization=not old)
    refused(path, 'r.pt names')
    assert not (tmp_path/'ran').exists()


def test_plain_pickles_tars_and_scripts_are_refused(tmp_path):
    import pickle, tarfile
    path = tmp_path/'r.pt'
    path.write_bytes(pickle.dumps(fuzz.Trap(os.mkdir, (str(tmp_path/'ran'),))))
    refused(path, 'r.pt is not a file that torch wrote')
    with tarfile.open(path, 'w') as t: t.add(result(tmp_path/'x.pt'), 'pickle')
    refused(path, 'r.pt is not a file that torch wrote')
    with zipfile.ZipFile(path, 'w') as z: z.writestr('x/constants.pkl', b'')
    refused(path, 'r.pt cannot be read')
    assert not (tmp_path/'ran').exists()


def hand_made(path, program):
    "A zip with a program of our own"
    with zipfile.ZipFile(path, 'w') as z:
        for name, data in {'data.pkl': program, 'version': b'3\n'}.items(): z.writestr(f'r/{name}', data)
    return path


def text(s): return b'X' + len(s).to_bytes(4, 'little') + s.encode()


@pytest.mark.parametrize('program, why', [
    (b'}.', 'holds {}'), (b'].', 'expected a dictionary'), (b'(.', 'cannot be read'), (b'h\x05.', 'cannot be read'),
    (b'X\xff\xff\xff\x7fx.', 'cannot be read'), (b'\x8a\x0a' + bytes(10) + b'.', 'holds 0'), (b'\x80\x04\x95.', 'cannot be read'),
    (b'ibuiltins\nbytearray\n.', 'cannot be read'), (b'U\x03hex.', "holds 'hex'"), (b'\x8c\x08builtins\x8c\x04eval\x93.', 'cannot be read'),
    (b'\x96\xff\xff\xff\xff\x0f\0\0\0.', 'cannot be read'), (b'Nr\xff\xff\xff\x7f.', 'holds None'), (b'N)R.', 'cannot be read'), (b'cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.', 'names .builtins bytearray'),
    (b'c_codecs\nencode\n' + text('a') + text('hex') + b'\x86R.', 'cannot be read'),
    (b'cnumpy\ndtype\n' + text('V9') + b'\x89\x88\x87R.', 'holds <')])
def test_programs_written_by_hand(tmp_path, program, why):
    refused(hand_made(tmp_path/'r.pt', b'\x80\x02' + program), why)


def test_a_storage_that_claims_more_than_there_is(tmp_path):
    for old in (False, True):
        raw = result(tmp_path/'r.pt', old=old).read_bytes()
        for a, b in ((b'M\x00\x01' + (b'Nt' if old else b't'), b'J\x00\x00\x00\x10' + (b'Nt' if old else b't')), (b'K\x04\x85', b'K\x05\x85')):
            change = lambda n, d: d.replace(a, b) if n.endswith('pkl') else d
            bad = raw.replace(a, b) if old else fuzz.rezip(raw, change)
            assert bad != raw
            (tmp_path/'bad.pt').write_bytes(bad)
            refused(tmp_path/'bad.pt', 'bad.pt cannot be read')


def test_zips_with_missing_parts(tmp_path):
    raw, path = result(tmp_path/'r.pt').read_bytes(), tmp_path/'bad.pt'
    for new in (fuzz.rezip(raw, lambda n, d: None if n.endswith('data/1') else d), raw[:len(raw)//2]):
        path.write_bytes(new)
        refused(path, 'cannot be read')
    path.write_bytes(fuzz.rezip(raw, lambda n, d: d + bytes(10**6) if n.endswith('data/1') else d, zipfile.ZIP_DEFLATED))
    refused(path, 'unpacks to 1,0')


def test_arguments_of_import_published(tmp_path):
    path = result(tmp_path/'r.pt')
    refused(path, "r.pt: `data` is '', expected one of mnist, ", data=None)
    refused(path, "`data` is 'mnits'", data='mnits')
    refused(path, 'r.pt: `mean` and `std` is .*, 1 of each', data='svhn')
    with pytest.raises(TypeError, match='`mean` is None'): import_published(path, data='mnist', std=1)
    refused(path, 'std above 0', mean=0, std=0)
    refused(path, r'labels \d is 1, expected 0 to 0, for 1 classes', ['only'])
    with pytest.raises(FileNotFoundError, match='there is no file'): import_published(tmp_path/'none.pt', data='mnist')
    with pytest.raises(ValueError, match='is a folder'): import_published(tmp_path, data='mnist')
    named = import_published(path, ['no', 'yes'], mean=0.5, std=[0.25])[0]
    assert named.classes == ['no', 'yes'] and named.std.item() == 0.25 and 'data' not in named.info


def test_published_images_and_labels_are_checked(tmp_path):
    x, y = pair()
    for bad, why in (([x * math.nan, y], 'cannot be read .*NaN or infinite'), ([x, y - 1], 'cannot be read .*is -1'), ([x, y[:1]], '.1,. for 4 images'),
                     ([x, y + 10**12], 'labels up to 1,000,000,000,001'), ([x, y.float()], 'torch.float32, expected'),
                     ([x[0], y], 'of each'), ([x[:0], y[:0]], 'cannot be read'), ([x], 'cannot be read'),
                     ([x, None], 'cannot be read')):
        refused(result(tmp_path/'r.pt', [bad]), why)
    many = [pair()] * 10_000          # one pair, named ten thousand times
    refused(result(tmp_path/'r.pt', many), 'the same images many times')


@linux
@pytest.mark.parametrize('old', [False, True])
def test_memory_for_a_published_result_grows_as_stated(tmp_path, old):
    x, y = torch.zeros(2**19, 1, 4, 4, dtype=torch.float16), torch.zeros(2**19, dtype=torch.uint8)
    path = result(tmp_path/'1ch.pt', [[x, y]], old)
    seen = fuzz.guarded('pt', path)
    assert seen['outcome'] == 'read' and seen['grown'] < 8 * seen['bytes'] + 256 * fuzz.MIB
