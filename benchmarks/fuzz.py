"""Read damaged and hostile files, thousands of them: what happens?

    python benchmarks/fuzz.py                            # 20,000 files, writes results/fuzz.json
    python benchmarks/fuzz.py --kinds pt --first 17 --n 1 --keep FOLDER     # makes one file again, to look at

Four kinds of file are made from valid ones: safetensors, set.json, PNG folders, and `.pt` results in both formats of
torch. Each is damaged by a generator that is named by seed, kind and number. A process per kind reads them, and a file is
    read              and what came back holds together: finite pixels, labels of classes that exist
    refused           by an exception that is documented (ValueError, OSError and its kin) and names the file
    FAULT: …          anything else: another exception, no name, something was run, the process died, or hung for 20 s
On Linux reading may take no more address space than the stated bound, and the peak of resident memory comes from the
kernel (VmHWM). Exit code 1 if there is a fault.
"""
import argparse, faulthandler, io, json, math, os, random, re, shutil, struct, subprocess, sys, tempfile, time, zipfile, zlib
from collections import Counter
from pathlib import Path

KINDS = ('safetensors', 'json', 'png', 'pt')
MIB = 2**20
ZEROS = [zlib.compress(bytes(n), 1) for n in (10, 20 * MIB)]
INTERESTING = (0, 1, 7, 127, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


def valid_bytes(kind):
    "Valid contents to damage, first of gray sets, then of one in colour: bytes, or {relative path: bytes} of a folder"
    import torch
    from dataset_condensation.all import SyntheticSet
    g, out, y = torch.Generator().manual_seed(0), [], torch.arange(4) % 3
    info = dict(method='dc', data='mnist', seed=0, recipe=dict(lr=0.1, steps=[1, 2]))
    for n in (1, 3):
        s = SyntheticSet(torch.randn(4, n, 8, 6, generator=g), y, ['a/b', '', 'é' * 300], [0.5] * n, [0.25] * n, info,
                         torch.rand(9, generator=g), torch.rand(4, 3, generator=g).softmax(1))
        result = dict(data=[[s.images, y], [s.images * 2, y.clone()]], accs_all_exps=dict(MLP=[0.25, 1.]))
        with tempfile.TemporaryDirectory() as d:
            path = Path(d)/'s'
            if kind == 'safetensors': out.append(s.save(path).read_bytes())
            elif kind in ('json', 'png'): out.append({p.relative_to(path).as_posix(): p.read_bytes() for p in s.to_folder(path).rglob('*.*')})
            for new in (True, False) if kind == 'pt' else ():
                torch.save(result, path, _use_new_zipfile_serialization=new)
                out.append(path.read_bytes())
    return out


# ---- Damage that any bytes can suffer, and any JSON value

def damaged(r, raw):
    "The name of the damage, and the bytes: damaged anywhere, or at their beginning, where headers are"
    how = r.choice(['cut', 'flip', 'splice', 'number'])
    i, n = r.randrange(r.choice([len(raw), min(len(raw), 200)]) + 1), 2**r.randrange(8)
    if how == 'cut': return how, raw[:i]
    if how == 'splice': return how, raw[:i] + r.choice([b'', r.randbytes(n)]) + raw[i + r.choice([0, n]):]
    if how == 'flip': return how, raw[:i] + bytes(b ^ 1 << r.randrange(8) for b in raw[i:i + n//4 + 1]) + raw[i + n//4 + 1:]
    n = r.choice([1, 2, 4, 8])
    return how, raw[:i] + (r.choice(INTERESTING) % 256**n).to_bytes(n, r.choice(['little', 'big'])) + raw[i + n:]


def junk(r):
    "Any JSON value, with types of tensors and names of folders among them"
    plain = [None, True, -1, 0.5, '', 'x', math.nan, math.inf, 10**400, r.choice(INTERESTING), r.choice(['F16', 'I64', 'U8', 'BOOL']),
             r.choice(['..', '/etc', '../' * 9 + 'etc', 'a/b', 'nul\0', 'x' * 300, 'set.json'])]
    some = [r.choice(r.choice([plain, INTERESTING])) for _ in range(r.randrange(5))]
    return r.choice([*plain, some, some, {r.choice(['a', 'format', '\ud800']): r.choice(plain)}])


def spoil(r, value):
    "A copy of a JSON value in which something, somewhere, is replaced, doubled or gone"
    if not value or not isinstance(value, (dict, list)) or r.random() < 0.3: return junk(r)
    if isinstance(value, list):
        i = r.randrange(len(value))
        return value[:i] + r.choice([[spoil(r, value[i])], [], [value[i]] * 2]) + value[i + 1:]
    k = r.choice(list(value))
    return {a: spoil(r, b) if a == k else b for a, b in value.items() if a != k or r.random() > 0.15}


def hard_json(r):
    "JSON that costs more than it looks"
    many, large = '[' + '{},' * 1_300_000 + '{}]', '{' + ''.join(f'"{i}":{i},' for i in range(50_000)) + '"x":1}'
    return r.choice(['[' * 100_000, '{"a":' * 50_000, '"' + '\\ud800' * 1000 + '"', '1' * 100_000, '1e999', 'NaN', many, large,
                     '"' + 'x' * 5 * 10**6 + '"', '\ufeff{}', '{"a":1,"a":2}', ''])


# ---- One kind after the other; each gives the name of the damage and the damaged bytes or files

def bad_safetensors(r, raw):
    import torch
    from safetensors.torch import load, save
    how = r.choice(['bytes', 'length', 'header', 'header', 'set', 'json', 'values', 'types', 'large'])
    n = int.from_bytes(raw[:8], 'little')
    head, body = json.loads(raw[8:8 + n]), raw[8 + n:]
    about = head['__metadata__']
    if how == 'bytes': return damaged(r, raw)
    if how == 'length': return how, (r.choice([*INTERESTING, n + 1, n - 1, len(raw)]) % 2**64).to_bytes(8, 'little') + raw[8:]
    if how in ('values', 'types', 'large'):
        t, k = load(raw), r.choice(['images', 'labels', 'mean', 'std', 'losses', 'soft'])
        v = t[k]
        if how == 'large': t['images'], t['labels'] = torch.zeros(2**15, *t['images'].shape[1:]).half(), torch.zeros(2**15).byte()
        if how == 'values': v.view(-1)[0] = r.choice([-1, 3, 2**31, -2**63] if k == 'labels' else [math.nan, -math.inf, 1e38])
        if how == 'types': t[k] = r.choice([v.double(), v.half(), v.byte(), v.int(), v.flatten(), v[None], v[:0], v[:1]]).clone()
        return how, save(t, about)
    if how == 'set': about['set'] = json.dumps(spoil(r, json.loads(about['set'])))
    if how == 'json': about['set'] = hard_json(r)
    text = json.dumps(spoil(r, head) if how == 'header' else head).encode()
    if how == 'json' and r.random() < 0.5: text = text[:-1] + b',"images":' + hard_json(r).encode() + b'}'
    return how, len(text).to_bytes(8, 'little') + text + body


def bad_json(r, files):
    about, how = json.loads(files['set.json']), r.choice(['bytes', 'bytes', 'value', 'value', 'names', 'json', 'encoding'])
    text = json.dumps(spoil(r, about)).encode()
    if how == 'bytes': how, text = damaged(r, files['set.json'])
    if how == 'names': text = json.dumps(about | dict(folders=spoil(r, about['folders']))).encode()
    if how == 'json': text = r.choice([hard_json(r), json.dumps(about)[:-1] + ',"info":' + hard_json(r) + '}']).encode()
    if how == 'encoding': text = json.dumps(about, ensure_ascii=False).encode(r.choice(['utf-16', 'utf-8-sig', 'cp037']), 'replace')
    return how, {**files, 'set.json': text}


def chunks(raw):
    "The chunks of a PNG file: (name, contents)"
    out, i = [], 8
    while i < len(raw):
        n, name = struct.unpack('>I4s', raw[i:i + 8])
        out.append((name, raw[i + 8:i + 8 + n]))
        i += 12 + n
    return out


def joined(parts):
    "A PNG file of these chunks, with checksums that fit"
    return b'\x89PNG\r\n\x1a\n' + b''.join(struct.pack('>I', len(d)) + n + d + struct.pack('>I', zlib.crc32(n + d)) for n, d in parts)


def bad_png(r, files):
    "One picture or all of them, with any damage or with some that checksums do not give away"
    name, how = r.choice([f for f in files if f.endswith('.png')]), r.choice(['bytes', 'bytes', 'chunk', 'chunk', 'size', 'extra'])
    parts, big, every = chunks(files[name]), r.choice(ZEROS), r.random() < 0.3
    i = r.randrange(len(parts))
    if how == 'chunk': parts[i] = parts[i][0], damaged(r, parts[i][1])[1]
    if how == 'size':     # a bomb, where there are as many pixels as it says
        side = r.choice([0, 1, 9, 500, 4096, 20_000, 2**31 - 1, 2**32 - 1])
        parts[:2] = [(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0)), (b'IDAT', r.choice([big, parts[1][1]]))]
    if how == 'extra':
        texts = [(b'zTXt', b'k\0\0' + big), (b'iTXt', b'k\0\1\0\0\0' + big), (b'iCCP', b'k\0\0' + big)]
        parts.insert(i + 1, r.choice([*texts, (b'PLTE', r.randbytes(9)), (b'eXIf', r.randbytes(40)), (b'IDAT', b''), (b'\xff\0\0\0', b'x')]))
    how, bad = damaged(r, files[name]) if how == 'bytes' else (how, joined(parts))
    return how, {f: bad if f == name or every and f.endswith('.png') else raw for f, raw in files.items()}


class Trap:
    "Calls a function when it is unpickled"
    def __init__(self, *call): self.call = call
    def __reduce__(self): return self.call


def odd_result(r, canary):
    "An object that torch.save takes, and a result file should not hold; or holds in another way"
    import torch
    x, y = torch.arange(32.).view(2, 1, 4, 4), torch.arange(2)
    traps = [(os.mkdir, (str(canary),)), (bytearray, (2**40,)), (eval, ('1',)), (os.system, ('true',)), (torch.zeros, (10**12,))]
    huge = [torch.zeros(1).expand(10**6, 3, 32, 32), torch.zeros(1, dtype=torch.long).expand(10**6)]
    pair = r.choice([[x.to_sparse(), y], [x.bool(), y], [x, y.float()], [x.to('meta'), y], huge, [x.numpy(), y.numpy()],
                     [x.half(), y.int()], [x * math.nan, y], [x, y + 10**12], [x, y[:1]], [x[:0], y[:0]], x, [x.mT, y]])
    value = r.choice([*[Trap(*r.choice(traps))] * 2, junk(r), b'bytes', 1 + 2j, x.numpy(), torch.nn.ReLU()])
    data = r.choice([[pair], [pair], [[x, y]] * 30_000, [[x, value]], [[x, y]]])
    return r.choice([dict(data=data, accs_all_exps={'a': [r.choice([value, 0.5])]}), value])


def rezip(raw, change, compress=zipfile.ZIP_STORED):
    "A zip with the same members, after `change(name, contents)` gave the new contents, None to leave one out"
    with zipfile.ZipFile(io.BytesIO(raw)) as z: made = {name: change(name, z.read(name)) for name in z.namelist()}
    with zipfile.ZipFile(out := io.BytesIO(), 'w', compress) as new:
        for name, data in made.items():
            if data is not None: new.writestr(name, data)
    return out.getvalue()


def bad_pt(r, raw, canary):
    "Bytes, whole objects, and the parts of a zip"
    import torch
    new, how = raw[:2] == b'PK', r.choice(['bytes', 'object', 'object', 'part'])
    if how == 'object':
        torch.save(odd_result(r, canary), buf := io.BytesIO(), _use_new_zipfile_serialization=new)
        return how, buf.getvalue()
    if how == 'bytes' or not new: return damaged(r, raw)
    victim, odd = r.choice(['data.pkl', 'data.pkl', 'data/0', 'data/1', 'version', 'byteorder']), r.random() < 0.2
    def change(name, data):
        if not name.endswith(victim): return data
        return r.choice([None, data * 2, bytes(10**7)]) if odd else damaged(r, data)[1]
    return how, rezip(raw, change, r.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))


def make(kind, seed, k, base, folder):
    "Make file number `k`; returns its path, whose name tells `read` how many channels there are, and what was done to it"
    r = random.Random(f'{seed} {kind} {k}')
    i = r.randrange(len(base))
    path = folder/f'case-{k}-{"3ch" if i >= len(base)//2 else "1ch"}'
    damage = dict(safetensors=bad_safetensors, json=bad_json, png=bad_png, pt=lambda r, raw: bad_pt(r, raw, folder/'canary'))
    how, made = damage[kind](r, base[i])
    for name, raw in made.items() if isinstance(made, dict) else [('', made)]:
        (path/name).parent.mkdir(parents=True, exist_ok=True)
        (path/name).write_bytes(raw)
    return path, how


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
        assert all(t.isfinite().all() for t in (s.images, s.mean, s.std, s.soft) if t is not None) and (s.std > 0).all(), 'numbers'
        assert s.images.ndim == 4 and s.images.numel() and 0 <= s.labels.min() and s.labels.max() < len(s.classes) and len(s.labels) == len(s.images), 'labels'


def outcome(kind, path):
    "'read', 'refused: KIND OF EXCEPTION', or a fault"
    try: read(kind, path)
    except (ValueError, OSError) as e:
        if path.name not in (said := str(e)): return f'FAULT: {type(e).__name__} does not name the file: {said[:200]}'
        if 'MemoryError' in said or 'allocate' in said: return f'FAULT: over the memory bound: {said[:200]}'
        return f'refused: {type(e).__name__}'
    except BaseException as e: return f'FAULT: {type(e).__name__}: {str(e)[:200]}'   # panics of Rust are no Exception
    return 'read'


def guarded(kind, path):
    "The outcome and the growth of memory, with address space limited to the stated bound"
    size = sum(p.lstat().st_size for p in path.rglob('*')) if path.is_dir() else path.stat().st_size
    if sys.platform != 'linux': return dict(outcome=outcome(kind, path), bytes=size, grown=0)
    import resource
    def memory(): return {k: int(v.split()[0]) * 1024 for k, v in re.findall(r'(Vm\w+):(.*) kB', Path('/proc/self/status').read_text())}
    before, (soft, hard) = memory(), resource.getrlimit(resource.RLIMIT_AS)
    Path('/proc/self/clear_refs').write_text('5')
    resource.setrlimit(resource.RLIMIT_AS, (before['VmSize'] + bound(kind, size), hard))
    try: got = outcome(kind, path)
    finally: resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    grown = max(0, memory()['VmHWM'] - before['VmRSS'])
    if grown > bound(kind, size): got = f'FAULT: {grown/MIB:.0f} MiB for a file of {size:,} bytes'
    return dict(outcome=got, bytes=size, grown=grown)


def work(kind, first, stop, seed):
    "Make and read files `first` to `stop`, a line of JSON for each; the parent sees where this ends"
    with tempfile.TemporaryDirectory() as folder:
        base, folder = valid_bytes(kind), Path(folder)
        for k in range(first, stop):
            path, how = make(kind, seed, k, base, folder)
            faulthandler.dump_traceback_later(20, exit=True)     # seconds
            result = guarded(kind, path)
            faulthandler.cancel_dump_traceback_later()
            if (folder/'canary').exists(): result['outcome'] = 'FAULT: something in the file was run'
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            print(json.dumps(dict(kind=kind, k=k, how=how, **result)), flush=True)


def fuzz(kind, n, seed, first=0):
    "Results of `n` files of one kind; a process that dies is a result too, and the next one goes on behind it"
    found = []
    while len(found) < n:
        code = f'import fuzz; fuzz.work({kind!r}, {first + len(found)}, {first + n}, {seed})'
        child = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=Path(__file__).parent,
                               env={**os.environ, 'OMP_NUM_THREADS': '1'})
        found += map(json.loads, child.stdout.splitlines())
        died = f'FAULT: the process died: {child.stderr[-300:]}'
        if len(found) < n: found.append(dict(kind=kind, k=first + len(found), how='?', outcome=died, bytes=0, grown=0))
    return found


def summary(results):
    "Counts by outcome and damage; the largest growth; every fault"
    out = {}
    for kind in dict.fromkeys(r['kind'] for r in results):
        mine = [r for r in results if r['kind'] == kind]
        most = max(mine, key=lambda r: r['grown'])
        out[kind] = dict(outcomes=dict(Counter(r['outcome'] for r in mine)), damage=dict(Counter(r['how'] for r in mine)),
                         largest_growth=dict(mib=round(most['grown'] / MIB, 1), bound_mib=bound(kind, most['bytes']) // MIB, **most))
    return dict(files=len(results), kinds=out, faults=[r for r in results if r['outcome'].startswith('FAULT')])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--n', type=int, default=20_000, help='files, over all kinds')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--first', type=int, default=0, help='number of the first file of each kind')
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS))
    parser.add_argument('--keep', type=Path, help='make the files in this folder, and read none')
    args = parser.parse_args()
    each = -(-args.n // len(args.kinds))
    if args.keep:
        made = (make(kind, args.seed, args.first + k, valid_bytes(kind), args.keep) for kind in args.kinds for k in range(each))
        return print(*made, sep='\n')
    from provenance import RESULTS, provenance, write
    start = time.perf_counter()
    found = dict(seed=args.seed, **summary([r for kind in args.kinds for r in fuzz(kind, each, args.seed, args.first)]),
                 seconds=round(time.perf_counter() - start, 1))
    if args.n == 20_000 and args.kinds == list(KINDS): write(RESULTS/'fuzz.json', dict(found, provenance=provenance()))
    print(json.dumps(found, indent=1))
    return 1 if found['faults'] else 0


if __name__ == '__main__': sys.exit(main())
