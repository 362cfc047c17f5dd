"""Read damaged and hostile files, thousands of them: what happens?

    python benchmarks/fuzz.py                          # 20,000 files, writes results/fuzz.json
    python benchmarks/fuzz.py --n 500 --kinds png      # fewer, of one kind; prints the figures

Five kinds of file are made from valid ones: safetensors, set.json, PNG folders, and `.pt` results in both formats
of torch. Each is damaged in one of many ways (cut off, bits flipped, bytes put in, header lengths of 2**63, types
and shapes exchanged, NaN, links, bombs, programs that call something) by a generator that is named by seed, kind
and number, so every file can be made again: `--kinds pt --first 17 --n 1 --keep FOLDER`.

Each kind is read by one process after the other, on one thread, and a file counts as
    read              and what came back holds together: finite pixels, labels of classes that exist
    refused           by an exception that is documented (ValueError, OSError and its kin) and names the file
    FAULT: …          anything else: another exception, no name, something was run, the process died, or hung for 20 s
Memory is bounded twice on Linux: RLIMIT_AS lets a file have no more address space than the bound stated in chapter
04b on top of what the process had before, and the peak of resident memory while a file is read is taken from the
kernel (VmHWM, set back before each file). Elsewhere only the outcome is looked at. Exit code 1 if there is a fault.
"""
import argparse
import faulthandler
import io
import json
import math
import os
import pickletools
import random
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
import zipfile
import zlib
from collections import Counter
from functools import lru_cache
from pathlib import Path

KINDS = ('safetensors', 'json', 'png', 'pt', 'pt-legacy')
HANG = 20        # seconds for one file
MIB = 2**20
INTERESTING = (0, 1, 7, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**62, 2**63 - 1, 2**63,
               2**64 - 1)


# ---- Valid files to start from

def valid_sets():
    "Three small sets: gray, colours, and names that are hard on a file system"
    import torch
    from dataset_condensation.training import SyntheticSet
    g = torch.Generator().manual_seed(0)
    gray = SyntheticSet(torch.randn(4, 1, 8, 8, generator=g), torch.arange(4) % 2, ['a', 'b'], [0.5], [0.25],
                        dict(method='dc', data='mnist', seed=0, recipe=dict(lr=0.1, steps=[1, 2])),
                        torch.rand(9, generator=g))
    colour = SyntheticSet(torch.randn(3, 3, 6, 5, generator=g), torch.arange(3), ['x', 'X', '../y'],
                          [0.4] * 3, [0.2] * 3)
    named = SyntheticSet(torch.randn(5, 1, 4, 4, generator=g), torch.arange(5), ['', 'a/b', '..', 'CON', 'é' * 300],
                         [0.], [1.])
    return [gray, colour, named]


def valid_bytes(kind):
    "Valid contents to damage, as a list: of bytes, or of {relative path: bytes} for folders"
    import torch
    import dataset_condensation.set_files    # save, to_folder
    sets, out = valid_sets(), []
    for s in sets:
        with tempfile.TemporaryDirectory() as d:
            if kind == 'safetensors': out.append(s.save(f'{d}/s').read_bytes())
            elif kind in ('json', 'png'):
                top = s.to_folder(f'{d}/s')
                out.append({p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob('*') if p.is_file()})
            else:
                import numpy as np
                accs = dict(ConvNet=list(np.array([0.5, 0.6])), MLP=[0.25, np.float32(1)])
                result = dict(data=[[s.images, s.labels], [s.images * 2, s.labels.clone()]], accs_all_exps=accs)
                torch.save(result, f'{d}/s', _use_new_zipfile_serialization=kind == 'pt')
                out.append(Path(f'{d}/s').read_bytes())
                if kind == 'pt-legacy': out.append(out[-1].replace(b'numpy._core', b'numpy.core'))
    return out


# ---- Damage that any bytes can suffer

def cut(r, raw): return raw[:r.randrange(len(raw) + 1)]


def flip(r, raw):
    raw = bytearray(raw)
    for _ in range(2**r.randrange(6)):
        if raw: raw[r.randrange(len(raw))] ^= 1 << r.randrange(8)
    return bytes(raw)


def insert(r, raw):
    i = r.randrange(len(raw) + 1)
    return raw[:i] + r.randbytes(2**r.randrange(8)) + raw[i:]


def delete(r, raw):
    i = r.randrange(len(raw) + 1)
    return raw[:i] + raw[i + 2**r.randrange(8):]


def repeat(r, raw):
    i, j = sorted(r.randrange(len(raw) + 1) for _ in range(2))
    return raw[:j] + raw[i:]


def number(r, raw):
    "Overwrite some bytes by a number that programs stumble over"
    n, i = r.choice([1, 2, 4, 8]), r.randrange(len(raw) + 1)
    return raw[:i] + (r.choice(INTERESTING) % 256**n).to_bytes(n, r.choice(['little', 'big'])) + raw[i + n:]


def early(r, raw):
    "Damage among the first 200 bytes, where headers are"
    return r.choice([cut, flip, insert, delete, number])(r, raw[:200]) + raw[200:]


DAMAGE = (cut, flip, insert, delete, repeat, number, early)


def junk(r, depth=0):
    "Any JSON value"
    kind = r.randrange(14 if depth < 3 else 10)
    plain = [None, True, -1, 0.5, '', 'x', math.nan, math.inf, 10**400, r.choice(INTERESTING)]
    if kind < 10: return plain[kind]
    if kind < 12: return [junk(r, depth + 1) for _ in range(r.randrange(5))]
    return {r.choice(['a', 'format', 'classes', '', '\ud800']): junk(r, depth + 1) for _ in range(r.randrange(4))}


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
    return r.choice([
        '[' * 100_000, '{"a":' * 50_000, '[' * 900 + ']' * 900, '"' + '\\ud800' * 1000 + '"', '1' * 100_000, '1e999',
        'NaN',
        '[' + ','.join(['{}'] * r.choice([1000, 1_300_000])) + ']', '"' + 'x' * r.choice([10**5, 5 * 10**6]) + '"',
        '{' + ','.join(f'"{i}":{i}' for i in range(50_000)) + '}', '\ufeff{}', '{"a":1,"a":2}', '', ' ' * 10**5])


# ---- One kind after the other; each returns the name of the damage and writes what is to be read to `to`

def make_safetensors(r, base, to):
    raw = r.choice(base)
    n = int.from_bytes(raw[:8], 'little')
    head, body = json.loads(raw[8:8 + n]), raw[8 + n:]
    how = r.choice(['bytes', 'bytes', 'bytes', 'length', 'spec', 'spec', 'spoil', 'set', 'json', 'values', 'values',
                    'cast', 'large'])
    if how == 'bytes': raw = (d := r.choice(DAMAGE))(r, raw); how = d.__name__
    elif how == 'length':
        raw = (r.choice([*INTERESTING, n + 1, n - 1, len(raw)]) % 2**64).to_bytes(8, 'little') + raw[8:]
    elif how in ('values', 'cast', 'large'): raw = other_tensors(r, raw, how)
    else:
        if how == 'spec':
            k = r.choice([k for k in head if k != '__metadata__'])
            head[k][r.choice(['dtype', 'shape', 'data_offsets'])] = r.choice([
                r.choice(['F32', 'F16', 'I64', 'U8', 'BOOL', 'C64', 'F8_E4M3', 'F4', 'x', 'U64']),
                [r.choice([0, 1, 4, 2**32, 2**63, 2**64, -1]) for _ in range(r.randrange(5))], junk(r)])
        elif how == 'spoil': head = spoil(r, head)
        elif how == 'set': head['__metadata__']['set'] = json.dumps(spoil(r, json.loads(head['__metadata__']['set'])))
        text = json.dumps(head)
        if how == 'json':
            bad = hard_json(r)
            head['__metadata__']['set'] = bad
            empty = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
            text = r.choice([bad, json.dumps(head), text[:-1] + ',"images":' + bad + '}',
                             '{' + ','.join(f'"{i}":{empty}' for i in range(20_000)) + '}'])
        text = text.encode('utf-8', 'surrogatepass')
        raw = len(text).to_bytes(8, 'little') + text + body
    to.write_bytes(raw)
    return how


def other_tensors(r, raw, how):
    "A whole file with other tensors in it: values, types, shapes"
    import torch
    from safetensors.torch import load, save
    t, n = load(raw), int.from_bytes(raw[:8], 'little')
    text = json.loads(raw[8:8 + n])['__metadata__']['set']
    k = r.choice(sorted(t))     # the library keeps no order
    if how == 'large':      # 1 to 16 MiB, of small types where that is allowed: the bound grows with the file
        count = 2**r.randrange(12, 17)
        dtype = r.choice([torch.float16, torch.float32, torch.bfloat16])
        t['images'] = torch.zeros(count, t['images'].shape[1], 8, 8, dtype=dtype)
        t['labels'] = torch.zeros(count, dtype=r.choice([torch.uint8, torch.int16, torch.int64]))
    elif how == 'values' and t[k].numel():
        flat = t[k].flatten()
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            for _ in range(r.choice([1, 3, flat.numel()])):
                odd = [math.nan, math.inf, -math.inf, -1., 0., 1e38, 1e-45] if flat.is_floating_point() else \
                      [-1, 2, 2**31, -2**63, 99]
                flat[r.randrange(len(flat))] = r.choice(odd)
        t[k] = flat.view(t[k].shape)
    else:
        t[k] = t[k].to(r.choice([torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int32, torch.bool,
                                 torch.int64]))
        if r.random() < 0.5: t[k] = r.choice([t[k].flatten(), t[k][None], t[k][:0], t[k][:1], t[k]]).clone()
    return save(t, dict(set=text))


def write_folder(files, to):
    for name, raw in files.items():
        (to/name).parent.mkdir(parents=True, exist_ok=True)
        (to/name).write_bytes(raw)


def make_json(r, base, to):
    files = dict(r.choice(base))
    about = json.loads(files['set.json'])
    how = r.choice(['bytes', 'bytes', 'spoil', 'spoil', 'spoil', 'names', 'json', 'encoding'])
    text = files['set.json']
    if how == 'bytes': text = (d := r.choice(DAMAGE))(r, text); how = d.__name__
    elif how == 'spoil': text = json.dumps(spoil(r, about)).encode('utf-8', 'surrogatepass')
    elif how == 'json':
        text = r.choice([hard_json(r), json.dumps(about)[:-1] + ',"info":' + hard_json(r) + '}'])
        text = text.encode('utf-8', 'surrogatepass')
    elif how == 'encoding':
        code = r.choice(['utf-16', 'utf-32', 'utf-8-sig', 'latin1', 'cp037'])
        text = json.dumps(about, ensure_ascii=False).encode(code, 'replace')
    else:
        about['folders'][r.randrange(len(about['folders']))] = r.choice([
            '..', '.', '', '/', '/etc', '../' * 9 + 'etc', 'a/b', 'a\\b', 'nul\0', 'x' * 300, 'C:', '~', 'set.json',
            about['folders'][0], '\ud800', 'é' * 200])
        text = json.dumps(about).encode()
    write_folder({**files, 'set.json': text}, to)
    return how


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
    out = b'\x89PNG\r\n\x1a\n'
    for name, data in parts:
        out += struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    return out


@lru_cache
def squeezed(n):
    "`n` zeros, compressed"
    return zlib.compress(bytes(n), 9)


def bad_picture(r, raw):
    "One PNG file with damage that its checksums do not give away, or of a kind that is not expected"
    parts = chunks(raw)
    how = r.choice(['chunk', 'chunk', 'size', 'bomb', 'mode', 'extra', 'order', 'not png'])
    if how == 'chunk':
        i = r.randrange(len(parts))
        parts[i] = parts[i][0], r.choice(DAMAGE)(r, parts[i][1]) if parts[i][1] else b'x'
    elif how == 'size':
        h = parts[0][1]
        side = lambda: struct.pack('>I', r.choice([0, 1, 3, 8, 9, 1000, 4096, 20_000, 2**31 - 1, 2**32 - 1]))
        parts[0] = b'IHDR', side() + side() + h[8:]
    elif how == 'bomb':
        n = r.choice([500, 4000, 9000])
        rows = squeezed(n * (n + 1))
        parts = [(b'IHDR', struct.pack('>II', n, n) + bytes([8, 0, 0, 0, 0])), (b'IDAT', rows), (b'IEND', b'')]
    elif how == 'extra':
        big = squeezed(r.choice([10, 2 * MIB, 80 * MIB]))
        parts.insert(r.randrange(1, len(parts) + 1), r.choice([
            (b'zTXt', b'k\0\0' + big), (b'iTXt', b'k\0\1\0\0\0' + big), (b'iCCP', b'k\0\0' + big), (b'gAMA', b''),
            (b'PLTE', r.randbytes(9)), (b'tRNS', r.randbytes(r.randrange(5))), (b'eXIf', r.randbytes(40)),
            (b'acTL', struct.pack('>II', 2**31 - 1, 0)), (b'fcTL', r.randbytes(26)), (b'IDAT', b''),
            (b'IHDR', struct.pack('>II', 20_000, 20_000) + bytes([8, 0, 0, 0, 0])), (b'\xff\0\0\0', b'x')]))
    elif how == 'order': r.shuffle(parts)
    else: return picture_of(r, how)
    return how, joined(parts)


def picture_of(r, how):
    "A whole picture, of another mode or another format"
    from PIL import Image
    im = Image.new('L', r.choice([(8, 8), (5, 6), (4, 4), (1, 1)]), 77)
    mode, format = r.choice(['1', 'P', 'LA', 'RGBA', 'RGB', 'I;16']), 'PNG'
    if how != 'mode': mode, format = 'L', r.choice(['JPEG', 'GIF', 'BMP', 'TIFF', 'PPM'])
    im = im.convert('I').convert('I;16') if mode == 'I;16' else im.convert(mode)
    im.save(buf := io.BytesIO(), format)
    return f'{how} {mode if how == "mode" else format}', buf.getvalue()


def make_png(r, base, to):
    files = dict(r.choice(base))
    name = r.choice([f for f in files if f.endswith('.png')])
    how = r.choice(['bytes', 'bytes', 'picture', 'picture', 'picture', 'folder'])
    if how == 'bytes': files[name] = (d := r.choice(DAMAGE))(r, files[name]); how = d.__name__
    elif how == 'picture':
        how, bad = bad_picture(r, files[name])
        for f in files if r.random() < 0.3 else [name]: files[f] = bad if f.endswith('.png') else files[f]
    write_folder(files, to)
    if how == 'folder': how = spoil_folder(r, to, to/name)
    return how


def spoil_folder(r, top, f):
    "Something is wrong with the files of a folder, not with what is in them"
    f.unlink()
    how = r.choice(['missing', 'extra', 'link out', 'link loop', 'folder link', 'directory', 'pipe', 'no folder',
                    'extra folder', 'no json'])
    try:
        if how == 'extra': (f.parent/'zzz.PNG').write_bytes(b'x')
        elif how == 'link out': f.symlink_to(r.choice(['/etc/passwd', '/dev/zero', '../../../x', top.parent]))
        elif how == 'link loop': f.symlink_to(f.name)
        elif how == 'directory': f.mkdir()
        elif how == 'pipe': os.mkfifo(f)
        elif how == 'extra folder': (top/'extra').mkdir()
        elif how == 'no json': (top/'set.json').unlink()
        elif how in ('no folder', 'folder link'):
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
    traps = [(os.mkdir, (str(canary),)), (bytearray, (2**40,)), (eval, ('1',)), (print, ('x',)), (os.system, ('true',)),
             (np.dtype, ('V2000000000',)), (torch.zeros, (10**12,)), (type('x'.join), ()), (set, ([],)), (complex, (1, 2))]
    huge = [torch.zeros(1).expand(10**6, 3, 32, 32), torch.zeros(1, dtype=torch.long).expand(10**6)]
    pairs = [[x.to_sparse(), y], [x.bool(), y], [x.to(torch.complex64), y], [torch.nn.Parameter(x), y], [x, y.float()],
             [x.to('meta'), y], [x[:1].expand(2, 1, 4, 4), y], huge, [x.numpy(), y.numpy()], [x.half(), y.int()],
             [x.double(), y.byte()], [x * math.nan, y], [x, y - 1], [x, y + 10**12], [x, y[:1]], [x.flatten(), y],
             [x[:0], y[:0]], [x, None], [None, y], [x, y, y], x, {'images': x}, [x.clone().requires_grad_(), y],
             [x.mT, y], [x.permute(0, 1, 3, 2), y]]
    value = r.choice([Trap(*r.choice(traps)), junk(r), {}, set(), b'bytes', 1 + 2j, torch.float32, np.float64(0.5),
                      np.arange(3), range(3)])
    numbers = {k: [np.ones(1, d)[0]] for k, d in zip('abcdef', ('f2', 'f4', 'f8', 'i8', 'b1', 'M8[s]'))}
    return r.choice([
        *(dict(good, data=[r.choice(pairs)]) for _ in range(2)), dict(good, data=[[x, y]] * r.choice([2, 1000, 30_000])),
        dict(good, trap=value), dict(good, data=value), value, dict(good, data=[[x, value]]), x, [x, y],
        *(dict(good, accs_all_exps=v) for v in (value, {'a': [value]}, {'a': [[0.5]]}, numbers)),
        torch.nn.Linear(2, 2), torch.nn.Linear(2, 2).state_dict()])


def random_program(r):
    "A pickle of commands that fit together as little as possible"
    names = [b'torch._utils\n_rebuild_tensor_v2\n', b'torch\nFloatStorage\n', b'collections\nOrderedDict\n',
             b'os\nsystem\n', b'numpy\ndtype\n', b'_codecs\nencode\n', b'builtins\nbytearray\n']
    out, many = b'\x80\x02', r.choice([10, 100, 3000])
    for _ in range(r.randrange(many)):
        op = r.choice([b'%c' % c for c in b'}](t)\x85\x86\x87aesuRbQqhKMJXGNr\x88\x89c0.j\x8a'])
        args = {b'q': b'\1', b'h': b'\1', b'K': b'\5', b'M': b'\xff\xff', b'J': b'\xff\xff\xff\x7f', b'G': bytes(8),
                b'r': b'\xff' * 4, b'j': b'\1\0\0\0', b'\x8a': b'\x01\x05', b'c': r.choice(names),
                b'X': r.choice([b'\1\0\0\0a', b'\xff\xff\xff\x7fa'])}
        out += op + args.get(op, b'')
    return out + r.choice([b'', b'.', b'(' * 10**5 + b'.', b']' * 10**6 + b'.', b'}q\0' + b'h\0\x85' * 10**5 + b'.'])


def rezip(raw, change, compress=zipfile.ZIP_STORED):
    "A zip with the same members, after `change(name, contents)` gave the new contents, None to leave one out"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as z, zipfile.ZipFile(out, 'w', compress) as new, warnings.catch_warnings():
        warnings.simplefilter('ignore')         # names that come twice
        for m in z.infolist():
            data = change(m.filename, z.read(m))
            if data is not None: new.writestr(m.filename, data)
    return out.getvalue()


def program_of(r, raw):
    "The commands of a pickle, some of them damaged: numbers, names, whole commands"
    ops = [pos for _, _, pos in pickletools.genops(raw)] + [len(raw)]
    parts = [raw[a:b] for a, b in zip(ops, ops[1:])]
    for _ in range(r.choice([1, 1, 3])):
        i = r.randrange(len(parts))
        parts[i] = r.choice([b'', parts[i] * 2, r.choice(parts), parts[i] * 10_000, b'J' + r.randbytes(4),
                             b'\x8a\x09' + r.choice(INTERESTING).to_bytes(9, 'little'), flip(r, parts[i]),
                             b'cos\nsystem\n', b'K\1' if parts[i][:1] in b'KMJ' else parts[i]])
    return b''.join(parts)


def make_pt(r, raw, to, canary, legacy=False):
    import torch
    how = r.choice(['bytes', 'bytes', 'program', 'program', 'object', 'object', 'random', 'tar' if legacy else 'zip'])
    if how == 'bytes': raw = (d := r.choice(DAMAGE))(r, raw); how = d.__name__
    elif how == 'object':
        buf, made = io.BytesIO(), odd_result(r, canary)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            try: torch.save(made, buf, _use_new_zipfile_serialization=not legacy)
            except Exception: pass     # torch cannot write all of them: what was written so far will do
        raw = buf.getvalue()
    elif how == 'tar':
        with tarfile.open(fileobj=(buf := io.BytesIO()), mode='w') as t:
            info = tarfile.TarInfo('../escaped')
            info.size = len(raw)
            t.addfile(info, io.BytesIO(raw))
        raw = buf.getvalue()
    elif legacy: raw = spoil_legacy(r, raw, how)
    else: raw = spoil_zip(r, raw, how)
    to.write_bytes(raw)
    return how


def spoil_legacy(r, raw, how):
    "An old file in which one of its five pickles, or the size of a storage, is another"
    f, ends = io.BytesIO(raw), [0]
    for _ in range(5):
        for _ in pickletools.genops(f): pass
        ends.append(f.tell())
    parts = [raw[a:b] for a, b in zip(ends, [*ends[1:], len(raw)])]
    i = r.choice([2, 3, 3, 3, 4, 5])
    if i == 5: parts[i] = r.choice(INTERESTING).to_bytes(8, 'little') + parts[i][8:]
    else: parts[i] = random_program(r) if how == 'random' else program_of(r, parts[i])
    return b''.join(parts)


def spoil_zip(r, raw, how):
    "A zip of torch's with another program, or with parts that are wrong"
    if how == 'random': return rezip(raw, lambda n, d: random_program(r) if n.endswith('data.pkl') else d)
    if how == 'program': return rezip(raw, lambda n, d: program_of(r, d) if n.endswith('data.pkl') else d)
    victim = r.choice(['data.pkl', 'data/0', 'data/1', 'version', 'byteorder', 'serialization_id'])
    change = r.choice([lambda d: None, lambda d: b'', lambda d: d * 2, lambda d: d[:-1], lambda d: bytes(10**7),
                       lambda d: b'big', lambda d: r.randbytes(30)])
    compress = r.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    new = rezip(raw, lambda n, d: change(d) if n.endswith(victim) else d, compress)
    return r.choice([new, new, b'PK\3\4' + new, new + r.randbytes(50), rezip(new, lambda n, d: d) + new])


# ---- Reading them

def bound(kind, size):
    "Bytes that reading may take, as chapter 22 states them"
    return max(256 * size, 256 * MIB) if kind in ('json', 'png') else 8 * size + 256 * MIB


def read(kind, path):
    "Read it, and look whether what comes back holds together"
    from dataset_condensation.set_files import import_published
    from dataset_condensation.training import SyntheticSet
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


def channels(base, i):
    "Part of a name that tells `read` how many channels the images of `base[i]` have"
    return '3ch' if i // (len(base) // 3) == 1 else '1ch'


def make(kind, seed, k, base, folder):
    "Make file number `k`; returns its path and what was done to it"
    r = random.Random(f'{seed} {kind} {k}')
    if kind in ('pt', 'pt-legacy'):
        import torch
        torch.manual_seed(k)                    # this process does nothing but this
        i = r.randrange(len(base))
        path = folder/f'case-{k}-{channels(base, i)}.pt'
        return path, make_pt(r, base[i], path, folder/'canary', legacy=kind == 'pt-legacy')
    path = folder/f'case-{k}'
    if kind != 'safetensors': path.mkdir()
    return path, dict(safetensors=make_safetensors, json=make_json, png=make_png)[kind](r, base, path)


def work(kind, first, stop, seed, folder, keep):
    "Make and read files `first` to `stop`, a line of JSON for each; the parent sees where this ends"
    base = valid_bytes(kind)
    for good in range(len(base)):               # what is not damaged must be read, also as a warm-up
        path = folder/f'good-{good}-{channels(base, good)}'
        if isinstance(base[good], bytes): path.write_bytes(base[good])
        else: write_folder(base[good], path)
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
            damage=dict(sorted(Counter(r['how'] for r in mine).items())),
            largest_growth=dict(mib=round((most['grown'] or 0) / MIB, 1),
                                bound_mib=round(bound(kind, most['bytes']) / MIB, 1), **brief(most)),
            slowest=dict(seconds=slow['seconds'], **brief(slow)))
    return dict(kinds=out, faults=[r for r in results if r['outcome'].startswith('FAULT')])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--n', type=int, default=20_000, help='files, over all kinds')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--first', type=int, default=0, help='number of the first file of each kind')
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS))
    parser.add_argument('--out', type=Path, help='where to write; default results/fuzz.json for a whole run')
    parser.add_argument('--keep', type=Path, help='keep the files in this folder')
    parser.add_argument('--worker', help=argparse.SUPPRESS)
    parser.add_argument('--kept', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker: return work(args.worker, args.first, args.first + args.n, args.seed, args.keep, args.kept)
    from provenance import RESULTS, provenance, write
    if args.keep: args.keep.mkdir(parents=True, exist_ok=True)
    start, each = time.perf_counter(), -(-args.n // len(args.kinds))
    found = summary([r for kind in args.kinds for r in fuzz(kind, each, args.seed, args.first, args.keep)])
    whole = args.n == 20_000 and args.kinds == list(KINDS)
    out = args.out or (RESULTS/'fuzz.json' if whole else None)
    files = sum(k['files'] for k in found['kinds'].values())
    outcomes = sum((Counter(k['outcomes']) for k in found['kinds'].values()), Counter())
    seconds = round(time.perf_counter() - start, 1)
    payload = dict(files=files, seed=args.seed, outcomes=dict(outcomes.most_common()), seconds=seconds, **found,
                   provenance=provenance())
    if out: write(out, payload)
    print(json.dumps({k: v for k, v in payload.items() if k != 'provenance'}, indent=1))
    return 1 if found['faults'] else 0


if __name__ == '__main__': sys.exit(main())
