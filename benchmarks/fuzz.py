"""Read damaged and hostile files, thousands of them: what happens?

    python benchmarks/fuzz.py                          # 20,000 files, writes results/fuzz.json
    python benchmarks/fuzz.py --n 500 --kinds png      # fewer, of one kind; prints the figures

Four kinds of file are made from valid ones: safetensors, set.json, PNG folders, and `.pt` results in both formats of torch.
Each is damaged (cut off, bits flipped, bytes put in, header lengths of 2**63, types and shapes exchanged, NaN, links, bombs,
programs that call something) by a generator that is named by seed, kind and number, so every file can be made again:
`--kinds pt --first 17 --n 1 --keep FOLDER`.

Each kind is read by one process after the other, on one thread, and a file counts as
    read              and what came back holds together: finite pixels, labels of classes that exist
    refused           by an exception that is documented (ValueError, OSError and its kin) and names the file
    FAULT: …          anything else: another exception, no name, something was run, the process died, or hung for 20 s
On Linux a file gets no more address space than the stated bound on top of what the process had before, and the peak of
resident memory while a file is read is taken from the kernel (VmHWM). Exit code 1 if there is a fault.
"""
import argparse
import faulthandler
import io
import json
import math
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from collections import Counter
from functools import lru_cache
from pathlib import Path

KINDS = ('safetensors', 'json', 'png', 'pt')
HANG = 20        # seconds for one file
MIB = 2**20
INTERESTING = (0, 1, 7, 127, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


# ---- Valid files to start from

def valid_bytes(kind):
    "Valid contents to damage, first of gray sets, then of one in colour: bytes, or {relative path: bytes} of a folder"
    import numpy as np
    import torch
    from dataset_condensation.all import SyntheticSet
    g, out = torch.Generator().manual_seed(0), []
    gray = SyntheticSet(torch.randn(4, 1, 8, 8, generator=g), torch.arange(4) % 2, ['a/b', '..'], [0.5], [0.25],
                        dict(method='dc', data='mnist', seed=0, recipe=dict(lr=0.1, steps=[1, 2])), torch.rand(9, generator=g))
    colour = SyntheticSet(torch.randn(3, 3, 6, 5, generator=g), torch.arange(3), ['x', '', 'é' * 300], [0.4] * 3, [0.2] * 3)
    for s in (gray, colour):
        with tempfile.TemporaryDirectory() as d:
            if kind == 'safetensors': out.append(s.save(f'{d}/s').read_bytes())
            elif kind in ('json', 'png'):
                top = s.to_folder(f'{d}/s')
                out.append({p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob('*') if p.is_file()})
            else:
                accs = dict(ConvNet=list(np.array([0.5, 0.6])), MLP=[0.25, np.float32(1)])
                result = dict(data=[[s.images, s.labels], [s.images * 2, s.labels.clone()]], accs_all_exps=accs)
                for new in (True, False):
                    torch.save(result, f'{d}/s', _use_new_zipfile_serialization=new)
                    out.append(Path(f'{d}/s').read_bytes())
    return out


# ---- Damage that any bytes can suffer, any JSON value, any zip

def flip(r, raw):
    raw = bytearray(raw)
    for _ in range(2**r.randrange(6)):
        if raw: raw[r.randrange(len(raw))] ^= 1 << r.randrange(8)
    return bytes(raw)


def insert(r, raw):
    i = r.randrange(len(raw) + 1)
    return raw[:i] + r.randbytes(2**r.randrange(8)) + raw[i:]


def cut(r, raw): return raw[:r.randrange(len(raw) + 1)]
def delete(r, raw): return raw[:(i := r.randrange(len(raw) + 1))] + raw[i + 2**r.randrange(8):]


def number(r, raw):
    "Overwrite some bytes by a number that programs stumble over"
    n, i = r.choice([1, 2, 4, 8]), r.randrange(len(raw) + 1)
    return raw[:i] + (r.choice(INTERESTING) % 256**n).to_bytes(n, r.choice(['little', 'big'])) + raw[i + n:]


def early(r, raw): return r.choice([cut, flip, insert, delete, number])(r, raw[:200]) + raw[200:]     # where headers are


DAMAGE = (cut, flip, insert, delete, number, early)


def any_damage(r, raw): return (d := r.choice(DAMAGE)).__name__, d(r, raw)


def junk(r):
    "Any JSON value"
    plain = [None, True, -1, 0.5, '', 'x', math.nan, math.inf, 10**400, r.choice(INTERESTING)]
    return r.choice([*plain, [r.choice(plain) for _ in range(r.randrange(5))], {r.choice(['a', 'format', '\ud800']): r.choice(plain)}])


def spoil(r, value):
    "A copy of a JSON value in which something, somewhere, is replaced, doubled or gone"
    if isinstance(value, dict) and value and r.random() < 0.7:
        k = r.choice(list(value))
        if r.random() < 0.15: return {a: b for a, b in value.items() if a != k}
        return {**value, k: spoil(r, value[k])}
    if isinstance(value, list) and value and r.random() < 0.7:
        i = r.randrange(len(value))
        return value[:i] + r.choice([[spoil(r, value[i])], [], [value[i]] * 2]) + value[i + 1:]
    return junk(r)


def hard_json(r):
    "JSON that costs more than it looks"
    return r.choice(['[' * 100_000, '{"a":' * 50_000, '[' * 900 + ']' * 900, '"' + '\\ud800' * 1000 + '"', '1' * 100_000, '1e999', 'NaN',
                     '[' + ','.join(['{}'] * r.choice([1000, 1_300_000])) + ']', '"' + 'x' * r.choice([10**5, 5 * 10**6]) + '"',
                     '{' + ','.join(f'"{i}":{i}' for i in range(50_000)) + '}', '\ufeff{}', '{"a":1,"a":2}', ''])


def as_bytes(value): return json.dumps(value).encode('utf-8', 'surrogatepass')


def rezip(raw, change, compress=zipfile.ZIP_STORED):
    "A zip with the same members, after `change(name, contents)` gave the new contents, None to leave one out"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as z, zipfile.ZipFile(out, 'w', compress) as new:
        for m in z.infolist():
            data = change(m.filename, z.read(m))
            if data is not None: new.writestr(m.filename, data)
    return out.getvalue()


# ---- One kind after the other; each gives the name of the damage and the damaged bytes or files

def bad_safetensors(r, raw):
    n = int.from_bytes(raw[:8], 'little')
    head, body = json.loads(raw[8:8 + n]), raw[8 + n:]
    how = r.choice(['bytes', 'bytes', 'length', 'spec', 'spec', 'spoil', 'set', 'json', 'values', 'cast', 'large'])
    if how == 'bytes': return any_damage(r, raw)
    if how == 'length': return how, (r.choice([*INTERESTING, n + 1, n - 1, len(raw)]) % 2**64).to_bytes(8, 'little') + raw[8:]
    if how in ('values', 'cast', 'large'): return how, other_tensors(r, raw, head['__metadata__']['set'], how)
    if how == 'spec':
        k = r.choice([k for k in head if k != '__metadata__'])
        head[k][r.choice(['dtype', 'shape', 'data_offsets'])] = r.choice([
            r.choice(['F16', 'I64', 'U8', 'BOOL', 'C64', 'F8_E4M3', 'x']), [r.choice([0, 1, 4, 2**32, 2**63, -1]) for _ in range(r.randrange(5))], junk(r)])
    elif how == 'spoil': head = spoil(r, head)
    elif how == 'set': head['__metadata__']['set'] = json.dumps(spoil(r, json.loads(head['__metadata__']['set'])))
    text = as_bytes(head)
    if how == 'json':
        bad = hard_json(r)
        head['__metadata__']['set'] = bad
        text = r.choice([bad.encode(), as_bytes(head), text[:-1] + b',"images":' + bad.encode() + b'}'])
    return how, len(text).to_bytes(8, 'little') + text + body


def other_tensors(r, raw, text, how):
    "A whole file with other tensors in it: values, types, shapes"
    import torch
    from safetensors.torch import load, save
    t = load(raw)
    k = r.choice(sorted(t))     # the library keeps no order
    if how == 'large':      # 1 to 16 MiB: the bound grows with the file
        count = 2**r.randrange(12, 17)
        t['images'] = torch.zeros(count, t['images'].shape[1], 8, 8, dtype=r.choice([torch.float16, torch.float32, torch.bfloat16]))
        t['labels'] = torch.zeros(count, dtype=r.choice([torch.uint8, torch.int64]))
    elif how == 'values' and t[k].numel():
        odd = [math.nan, -math.inf, -1., 0., 1e38] if t[k].is_floating_point() else [-1, 2, 2**31, -2**63]
        t[k].view(-1)[r.randrange(t[k].numel())] = r.choice(odd)
    else:
        t[k] = t[k].to(r.choice([torch.float64, torch.float16, torch.uint8, torch.int32, torch.bool]))
        t[k] = r.choice([t[k], t[k].flatten(), t[k][None], t[k][:0], t[k][:1]]).clone()
    return save(t, dict(set=text))


def bad_json(r, files):
    about, how = json.loads(files['set.json']), r.choice(['bytes', 'bytes', 'spoil', 'spoil', 'spoil', 'names', 'json', 'encoding'])
    if how == 'bytes': how, text = any_damage(r, files['set.json'])
    elif how == 'spoil': text = as_bytes(spoil(r, about))
    elif how == 'json': text = r.choice([hard_json(r), json.dumps(about)[:-1] + ',"info":' + hard_json(r) + '}']).encode()
    elif how == 'encoding': text = json.dumps(about, ensure_ascii=False).encode(r.choice(['utf-16', 'utf-8-sig', 'cp037']), 'replace')
    else:
        about['folders'][0] = r.choice(['..', '.', '', '/etc', '../' * 9 + 'etc', 'a/b', 'nul\0', 'x' * 300, 'C:', 'set.json', about['folders'][1]])
        text = as_bytes(about)
    return how, {**files, 'set.json': text}


def chunks(raw):
    "The chunks of a PNG file: (name, contents)"
    out, i = [], 8
    while i + 12 <= len(raw):
        n = int.from_bytes(raw[i:i + 4], 'big')
        out.append((raw[i + 4:i + 8], raw[i + 8:i + 8 + n]))
        i += 12 + n
    return out


def joined(parts):
    "A PNG file of these chunks, with checksums that fit"
    return b'\x89PNG\r\n\x1a\n' + b''.join(struct.pack('>I', len(d)) + n + d + struct.pack('>I', zlib.crc32(n + d)) for n, d in parts)


@lru_cache
def squeezed(n): return zlib.compress(bytes(n), 9)     # zeros


def bad_picture(r, raw):
    "One PNG file with damage that its checksums do not give away, or of a kind that is not expected"
    parts, how = chunks(raw), r.choice(['chunk', 'chunk', 'size', 'bomb', 'mode', 'extra', 'order', 'not png'])
    if how == 'chunk':
        i = r.randrange(len(parts))
        parts[i] = parts[i][0], any_damage(r, parts[i][1])[1] if parts[i][1] else b'x'
    elif how == 'size':
        side = lambda: struct.pack('>I', r.choice([0, 1, 9, 4096, 20_000, 2**31 - 1, 2**32 - 1]))
        parts[0] = b'IHDR', side() + side() + parts[0][1][8:]
    elif how == 'bomb':
        n = r.choice([500, 4000, 9000])
        parts = [(b'IHDR', struct.pack('>II', n, n) + bytes([8, 0, 0, 0, 0])), (b'IDAT', squeezed(n * (n + 1))), (b'IEND', b'')]
    elif how == 'extra':
        big = squeezed(r.choice([10, 2 * MIB, 80 * MIB]))
        parts.insert(r.randrange(1, len(parts) + 1), r.choice([
            (b'zTXt', b'k\0\0' + big), (b'iTXt', b'k\0\1\0\0\0' + big), (b'iCCP', b'k\0\0' + big), (b'PLTE', r.randbytes(9)),
            (b'eXIf', r.randbytes(40)), (b'acTL', struct.pack('>II', 2**31 - 1, 0)), (b'IDAT', b''), (b'\xff\0\0\0', b'x')]))
    elif how == 'order': r.shuffle(parts)
    else:
        from PIL import Image
        mode, form = (r.choice(['1', 'P', 'LA', 'RGBA', 'RGB']), 'PNG') if how == 'mode' else ('L', r.choice(['JPEG', 'GIF', 'BMP', 'TIFF']))
        Image.new('L', r.choice([(8, 8), (5, 6), (1, 1)]), 77).convert(mode).save(out := io.BytesIO(), form)
        return f'{how} {mode} {form}', out.getvalue()
    return how, joined(parts)


def bad_png(r, files):
    files, name = dict(files), r.choice([f for f in files if f.endswith('.png')])
    how, bad = (any_damage if r.random() < 0.4 else bad_picture)(r, files[name])
    for f in files if r.random() < 0.3 else [name]: files[f] = bad if f.endswith('.png') else files[f]
    return how, files


def odd_folder(r, top):
    "Something is wrong with the files of a folder, not with what is in them"
    f = r.choice(sorted(top.rglob('*.png')))
    how = r.choice(['missing', 'extra', 'link out', 'link loop', 'folder link', 'directory', 'pipe', 'no folder', 'no json'])
    f.unlink()
    try:
        if how == 'extra': (f.parent/'zzz.PNG').write_bytes(b'x')
        elif how == 'link out': f.symlink_to(r.choice(['/etc/passwd', '/dev/zero', '../../../x', top.parent]))
        elif how == 'link loop': f.symlink_to(f.name)
        elif how == 'directory': f.mkdir()
        elif how == 'pipe': os.mkfifo(f)
        elif how == 'no json': (top/'set.json').unlink()
        elif how != 'missing':
            shutil.rmtree(f.parent)
            if how == 'folder link': f.parent.symlink_to(r.choice([top, top.parent, '/', f.parent.name]))
    except (OSError, AttributeError): return f'{how} (not here)'
    return how


class Trap:
    "Calls a function when it is unpickled"
    def __init__(self, *call): self.call = call
    def __reduce__(self): return self.call


def odd_result(r, canary):
    "An object that torch.save would take, and a result file should not hold; or holds in another way"
    import numpy as np
    import torch
    x, y = torch.randn(2, 1, 4, 4), torch.arange(2)
    good = dict(data=[[x, y]], accs_all_exps={})
    traps = [(os.mkdir, (str(canary),)), (bytearray, (2**40,)), (eval, ('1',)), (os.system, ('true',)), (np.dtype, ('V2000000000',)),
             (torch.zeros, (10**12,)), (set, ([],))]
    huge = [torch.zeros(1).expand(10**6, 3, 32, 32), torch.zeros(1, dtype=torch.long).expand(10**6)]
    pairs = [[x.to_sparse(), y], [x.bool(), y], [x, y.float()], [x.to('meta'), y], [x[:1].expand(2, 1, 4, 4), y], huge, [x.numpy(), y.numpy()],
             [x.half(), y.int()], [x * math.nan, y], [x, y - 1], [x, y + 10**12], [x, y[:1]], [x.flatten(), y], [x[:0], y[:0]],
             [None, y], x, {'images': x}, [x.clone().requires_grad_(), y], [x.mT, y]]
    value = r.choice([Trap(*r.choice(traps)), Trap(*r.choice(traps)), junk(r), b'bytes', 1 + 2j, np.arange(3), torch.nn.Linear(2, 2)])
    return r.choice([*(dict(good, data=[r.choice(pairs)]) for _ in range(2)), dict(good, data=[[x, y]] * r.choice([2, 1000, 30_000])),
                     dict(good, trap=value), dict(good, data=[[x, value]]), dict(good, accs_all_exps={'a': [value]}), value])


def bad_pt(r, raw, canary):
    "Bytes, whole objects, and the parts of a zip"
    import torch
    new, how = raw[:2] == b'PK', r.choice(['bytes', 'object', 'object', 'zip', 'program'])
    if how == 'object':
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            try: torch.save(odd_result(r, canary), buf := io.BytesIO(), _use_new_zipfile_serialization=new)
            except Exception: pass     # torch cannot write all of them: what was written so far will do
        return how, buf.getvalue()
    if how == 'bytes' or not new: return any_damage(r, raw)
    victim = 'data.pkl' if how == 'program' else r.choice(['data/0', 'data/1', 'version', 'byteorder'])
    change = r.choice([*DAMAGE[:5], lambda r, d: None, lambda r, d: d * 2, lambda r, d: bytes(10**7), lambda r, d: b'big'])
    return how, rezip(raw, lambda n, d: change(r, d) if n.endswith(victim) else d, r.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))


# ---- Reading them

def bound(kind, size):
    "Bytes that reading may take"
    return max(256 * size, 256 * MIB) if kind in ('json', 'png') else 8 * size + 256 * MIB


def read(kind, path):
    "Read it, and look whether what comes back holds together"
    from dataset_condensation.all import SyntheticSet, import_published
    if kind == 'safetensors': found = [SyntheticSet.load(path)]
    elif kind in ('json', 'png'): found = [SyntheticSet.from_folder(path)]
    elif '1ch' in path.name: found = import_published(path, mean=[0.5], std=[0.5])
    else: found = import_published(path, data='cifar10')
    for s in found:
        assert s.images.isfinite().all() and s.images.ndim == 4 and s.images.numel(), 'images'
        assert 0 <= s.labels.min() and s.labels.max() < len(s.classes) and len(s.labels) == len(s.images), 'labels'
        assert s.mean.isfinite().all() and (s.std > 0).all() and s.std.isfinite().all(), 'mean and std'


def outcome(kind, path):
    "'read', 'refused: KIND OF EXCEPTION', or a fault"
    try: read(kind, path)
    except (ValueError, OSError) as e:
        said = str(e)
        if path.name not in said: return f'FAULT: {type(e).__name__} does not name the file: {said[:200]}'
        if 'MemoryError' in said or 'allocate' in said: return f'FAULT: over the memory bound: {said[:200]}'
        return f'refused: {type(e).__name__}'
    except BaseException as e: return f'FAULT: {type(e).__name__}: {str(e)[:200]}'   # panics of Rust are no Exception
    return 'read'


def memory():
    "Resident and virtual bytes now, and the peak of the resident ones since it was set back; None where /proc is not"
    try: lines = Path('/proc/self/status').read_text().splitlines()
    except OSError: return None
    parts = (line.partition(':') for line in lines)
    kb = {k: int(v.split()[0]) for k, _, v in parts if k in ('VmRSS', 'VmSize', 'VmHWM')}
    return {k: v * 1024 for k, v in kb.items()}


def size_of(path):
    return sum(p.lstat().st_size for p in path.rglob('*')) if path.is_dir() else path.stat().st_size


def guarded(kind, path):
    "The outcome, seconds, and growth of memory, with address space limited to the stated bound"
    before, size = memory(), size_of(path)
    if before:
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        with open('/proc/self/clear_refs', 'w') as f: f.write('5')
        resource.setrlimit(resource.RLIMIT_AS, (before['VmSize'] + bound(kind, size), hard))
    start = time.perf_counter()
    try: got = outcome(kind, path)
    finally:
        seconds = time.perf_counter() - start
        if before: resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    grown = max(0, memory()['VmHWM'] - before['VmRSS']) if before else None
    if grown is not None and grown > bound(kind, size): got = f'FAULT: {grown/MIB:.0f} MiB for a file of {size:,} bytes'
    return dict(outcome=got, seconds=round(seconds, 4), bytes=size, grown=grown)


def write(what, path):
    if isinstance(what, bytes): return path.write_bytes(what)
    for name, raw in what.items():
        (path/name).parent.mkdir(parents=True, exist_ok=True)
        (path/name).write_bytes(raw)


def make(kind, seed, k, base, folder):
    "Make file number `k`; returns its path, whose name tells `read` how many channels there are, and what was done to it"
    r = random.Random(f'{seed} {kind} {k}')
    i = r.randrange(len(base))
    path = folder/f'case-{k}-{"3ch" if i >= len(base)//2 else "1ch"}'
    if kind == 'pt':
        import torch
        torch.manual_seed(k)                    # this process does nothing but this
        how, made = bad_pt(r, base[i], folder/'canary')
    elif kind == 'png' and r.random() < 0.2:
        write(base[i], path)
        return path, odd_folder(r, path)
    else: how, made = dict(safetensors=bad_safetensors, json=bad_json, png=bad_png)[kind](r, base[i])
    write(made, path)
    return path, how


def work(kind, first, stop, seed, folder, keep):
    "Make and read files `first` to `stop`, a line of JSON for each; the parent sees where this ends"
    base = valid_bytes(kind)
    for good in range(len(base)):               # what is not damaged must be read, also as a warm-up
        path = folder/f'good-{good}-{"3ch" if good >= len(base)//2 else "1ch"}'
        write(base[good], path)
        if outcome(kind, path) != 'read': raise SystemExit(f'{kind}: the valid file {good} is {outcome(kind, path)}')
    for k in range(first, stop):
        path, how = make(kind, seed, k, base, folder)
        print(json.dumps(dict(k=k, how=how)), flush=True)
        faulthandler.dump_traceback_later(HANG, exit=True)
        result = guarded(kind, path)
        faulthandler.cancel_dump_traceback_later()
        if (folder/'canary').exists(): result['outcome'] = 'FAULT: something in the file was run'
        if not keep: shutil.rmtree(path) if path.is_dir() else path.unlink()
        print(json.dumps(dict(k=k, how=how, **result)), flush=True)


def fuzz(kind, n, seed, first=0, keep=None):
    "Results of `n` files of one kind; a process that dies is a result too, and the next one goes on behind it"
    done, k, stop = {}, first, first + n
    while k < stop:
        with tempfile.TemporaryDirectory() as d:
            args = ['--worker', kind, '--first', k, '--n', stop - k, '--seed', seed, '--keep', keep or d]
            child = subprocess.run([sys.executable, __file__, *map(str, args), *(['--kept'] if keep else [])],
                                   capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'})
        lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith('{')]
        done.update({line['k']: line for line in lines})
        if not lines: raise SystemExit(f'{kind}: no file was read\n{child.stderr[-2000:]}')
        k = lines[-1]['k'] + 1
        if 'outcome' not in lines[-1]:
            said = f'FAULT: the process died ({child.returncode}): {child.stderr[-300:]}'
            done[k - 1].update(outcome=said, seconds=HANG, bytes=0, grown=0)
    return [dict(kind=kind, **v) for v in done.values()]


def summary(results):
    "Counts by kind, damage and outcome; the extremes; every fault"
    out = {}
    for kind in dict.fromkeys(r['kind'] for r in results):
        mine = [r for r in results if r['kind'] == kind]
        most, slow = max(mine, key=lambda r: r['grown'] or 0), max(mine, key=lambda r: r['seconds'])
        brief = lambda r: dict(number=r['k'], damage=r['how'], file_bytes=r['bytes'], outcome=r['outcome'])
        out[kind] = dict(
            files=len(mine), outcomes=dict(Counter(re.sub('^FAULT.*', 'FAULT', r['outcome']) for r in mine).most_common()),
            damage=dict(sorted(Counter(r['how'] for r in mine).items())), slowest=dict(seconds=slow['seconds'], **brief(slow)),
            largest_growth=dict(mib=round((most['grown'] or 0) / MIB, 1), bound_mib=round(bound(kind, most['bytes']) / MIB, 1), **brief(most)))
    return dict(kinds=out, faults=[r for r in results if r['outcome'].startswith('FAULT')])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--n', type=int, default=20_000, help='files, over all kinds')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--first', type=int, default=0, help='number of the first file of each kind')
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS))
    parser.add_argument('--keep', type=Path, help='keep the files in this folder')
    parser.add_argument('--worker', help=argparse.SUPPRESS)
    parser.add_argument('--kept', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker: return work(args.worker, args.first, args.first + args.n, args.seed, args.keep, args.kept)
    from provenance import RESULTS, provenance
    from provenance import write as write_result
    if args.keep: args.keep.mkdir(parents=True, exist_ok=True)
    start, each = time.perf_counter(), -(-args.n // len(args.kinds))
    found = summary([r for kind in args.kinds for r in fuzz(kind, each, args.seed, args.first, args.keep)])
    outcomes = sum((Counter(k['outcomes']) for k in found['kinds'].values()), Counter())
    found = dict(files=sum(k['files'] for k in found['kinds'].values()), seed=args.seed, outcomes=dict(outcomes.most_common()),
                 seconds=round(time.perf_counter() - start, 1), **found)
    if args.n == 20_000 and args.kinds == list(KINDS): write_result(RESULTS/'fuzz.json', dict(found, provenance=provenance()))
    print(json.dumps(found, indent=1))
    return 1 if found['faults'] else 0


if __name__ == '__main__': sys.exit(main())
