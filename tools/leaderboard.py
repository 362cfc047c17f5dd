"""The leaderboard of assignment 6: score the entries of a class on held-out digits.

    python tools/leaderboard.py ~/course                      # a table, best first
    python tools/leaderboard.py ~/course --out board.md       # written to a file too
    python tools/leaderboard.py ~/course --verify 3           # remake the three best, half a minute each

The folder is a course folder (or nbs/assignments), and entries come from the submissions. An entry is text, so scoring
it runs no student code. --verify does run it: the method, in a separate process with limits on time and memory, which
opens no file and has the digits for practice and no others. The images it makes must be those of the entry, within
--tolerance, and from digits with other labels it must make other ones.
"""
import argparse
import ast
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

NAME = 'a6_leaderboard'
SHAPE, LIMIT = (10, 1, 8, 8), 6.      # as in the assignment
ASSIGNMENTS = Path(__file__).resolve().parent.parent/'nbs'/'assignments'


def cells(notebook:Path) -> dict:
    "{name of a cell: its text}"
    nb = json.loads(notebook.read_text(encoding='utf-8'))
    return {c['metadata'].get('nbgrader', {}).get('grade_id', ''): ''.join(c['source']) for c in nb['cells']}


def entry(source:str) -> str:
    "The last text assigned to ENTRY; nothing is run"
    found = ''
    for node in ast.parse(source).body:
        named = isinstance(node, ast.Assign) and any(getattr(t, 'id', '') == 'ENTRY' for t in node.targets)
        if named: found = ast.literal_eval(node.value)
    return found


def unpack(text:str, data):
    "The set in an entry"
    import torch
    from dataset_condensation.all import SyntheticSet
    levels = torch.tensor(list(base64.b64decode(text, validate=True))).float()
    images = ((levels - 127.5) / 127.5 * LIMIT).view(SHAPE)
    return SyntheticSet(images, torch.arange(10), data.classes, data.mean, data.std)


def held_back():
    "Data normalized as in the assignment, with the held-out digits as test images"
    import torch
    from dataset_condensation.all import from_tensors, gen, load_dataset
    whole = load_dataset('digits')
    mine = torch.randperm(len(whole.train), generator=gen(0, 'practice'))[:1200]
    x, y = whole.train.images[mine], whole.train.labels[mine]
    return from_tensors(x, y, whole.test.images, whole.test.labels, classes=whole.classes, name='hidden digits')


SANDBOX = """
import sys, tempfile, time, torch
import sklearn.datasets
import dataset_condensation.all as package
from dataset_condensation.all import *
practice = torch.load(sys.argv[1], weights_only=True)
def only_practice(*args, **how):
    return from_tensors(*practice['train'], *practice['other'], classes=practice['classes'], name='practice digits')
def nothing(*args, **how): raise PermissionError('there are no other images here')
def close(event, args):
    name = str(args[0]) if args else ''
    opens = event == 'open' and not name.endswith(('.py', '.pyc', '.so'))
    if opens or event.split('.')[0] in ('socket', 'subprocess', 'ctypes', 'sqlite3') or event in (
            'os.system', 'os.exec', 'os.fork', 'os.posix_spawn'):
        raise PermissionError(f'{event} {name}: a method has its data and nothing else')
tempfile.gettempdir()
for name in 'dm', 'dc', 'dsa':       # what torch imports late, it imports now
    list(condensing(only_practice(), name, 1, iterations=2, real_batch=2, net='convnet-w8'))
for place in list(sys.modules.values()):
    if getattr(place, '__name__', '').startswith('dataset_condensation') and hasattr(place, 'load_dataset'):
        place.load_dataset = nothing
load_dataset = torch.load = torch.from_file = torch._C.PyTorchFileReader = sklearn.datasets.load_digits = nothing
out = sys.stdout
sys.addaudithook(close)
"""
REMAKE = """
start = time.process_time()
made = run(*my_method(), updates=int(sys.argv[2]))
out.write('ENTRY:' + pack(made) + f' {time.process_time() - start:.1f}\\n')
"""


def definitions(source:str) -> str:
    "The imports, functions, classes and plain values in a student's cell"
    kept = ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef
    def plain(node):
        if not isinstance(node, ast.Assign): return False
        try: return bool(ast.literal_eval(node.value)) or True
        except ValueError: return False
    try: body = ast.parse(source).body
    except SyntaxError: return ''
    return '\n'.join(ast.unparse(n) for n in body if isinstance(n, kept) or plain(n))


def student_code(notebook:Path) -> str:
    "Given cells as they were handed out; of the student's only the method, and definitions in cells of their own"
    given, code = cells(ASSIGNMENTS/NAME/f'{NAME}.ipynb'), []
    nb = json.loads(notebook.read_text(encoding='utf-8'))
    code += [given[i] for i in ('setup', 'award')]
    code += ['data = only_practice()', *(given[name] for name in ('budget', 'run', 'pack', 'unpack')), 'load_dataset = nothing']
    for c in nb['cells']:
        name = c['metadata'].get('nbgrader', {}).get('grade_id', '')
        if c['cell_type'] == 'code' and (name == 'my-method' or name not in given): code.append(definitions(''.join(c['source'])))
    return '\n\n'.join(code)


def made_again(notebook:Path, seconds:int, gigabytes:float=4, moved:int=0, updates:int=500) -> tuple:
    "The entry that a student's method makes, and its CPU seconds; `moved` digits have the label of another one"
    import torch
    from dataset_condensation.all import gen, load_dataset
    train = load_dataset('digits').train
    mine, other = torch.randperm(len(train), generator=gen(0, 'practice')).split([1200, 200])
    practice = {k: (train.images[at], (train.labels[at] + moved) % 10) for k, at in (('train', mine), ('other', other))}
    def limit():
        import resource
        most = dict(CPU=seconds + 30, AS=int((gigabytes + 4) * 2**30), FSIZE=2**20)      # torch takes its share
        for name, n in most.items():
            try: resource.setrlimit(getattr(resource, f'RLIMIT_{name}'), (n, n))
            except (OSError, ValueError): pass      # macOS has no limit on memory
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'TQDM_DISABLE': '1', 'MPLBACKEND': 'Agg'}
    with tempfile.TemporaryDirectory() as tmp:
        torch.save({**practice, 'classes': list(train.classes)}, Path(tmp)/'practice.pt')
        code = SANDBOX + student_code(notebook) + REMAKE
        try:
            done = subprocess.run([sys.executable, '-c', code, str(Path(tmp)/'practice.pt'), str(updates)], cwd=tmp, env=env,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=5*seconds, preexec_fn=None if os.name == 'nt' else limit)
        except subprocess.TimeoutExpired: raise ValueError(f'stopped after {5*seconds} s') from None
    made = [line[6:].split() for line in done.stdout.splitlines() if line.startswith('ENTRY:')]
    if made: return made[-1][0], float(made[-1][1])
    if done.returncode < 0: raise ValueError(f'stopped after {seconds} s of CPU, or for its memory')
    said = (done.stdout.strip() or f'exit code {done.returncode}').split('\n')[-1]
    raise ValueError(said[:200].replace('|', '/'))


def board(folder:Path, nets:int) -> list:
    "Every entry with its score, best first"
    from dataset_condensation.all import evaluate
    data, rows = held_back(), []
    for notebook in sorted(folder.glob(f'*submitted/*/{NAME}/{NAME}.ipynb')):
        row = dict(student=notebook.parent.parent.name, notebook=notebook, mean=None, std=None, why='')
        try:
            found = evaluate(unpack(entry(cells(notebook).get('entry', '')), data), data, 'convnet-w32', nets, seed=7)
            row.update(mean=found.mean, std=found.std)
        except Exception as e: row['why'] = f'no entry ({type(e).__name__})'
        rows.append(row)
    return sorted(rows, key=lambda r: -(r['mean'] if r['mean'] is not None else -1))


def score_moved(text:str, data) -> bool:
    "Do images made from digits with the labels moved by one show the next digit, rather than the same?"
    from dataset_condensation.all import evaluate, from_tensors
    def judge(n):
        x, y = data.test.images, (data.test.labels + n) % 10
        return from_tensors(data.train.images, data.train.labels, x, y, classes=data.classes, name='moved digits')
    right, stayed = (evaluate(unpack(text, data), judge(n), 'convnet-w32', 1, seed=7).mean for n in (1, 0))
    return right > stayed


def verify(row:dict, tolerance:float, seconds:int):
    "Record in `row` whether the method makes the entry, from the digits, in time"
    data = held_back()
    try:
        again, took = made_again(row['notebook'], seconds)
        apart = (unpack(again, data).images - unpack(entry(cells(row['notebook'])['entry']), data).images).abs().mean()
        row['why'] = f'made again in {took:.0f} s, {apart:.3f} apart'
        if apart > tolerance: row['why'] += ': another set'
        elif took > seconds: row['why'] += ': too slow'
        else:
            moved, _ = made_again(row['notebook'], seconds, moved=1, updates=100)
            if not score_moved(moved, data): row['why'] += ': not made from the digits'
    except Exception as e: row['why'] = f'cannot be made again: {e}'


def table(rows:list) -> str:
    lines = ['| | student | accuracy % | |', '| ---: | --- | ---: | --- |']
    for i, r in enumerate(rows, 1):
        got = '–' if r['mean'] is None else f'{r["mean"]:.1f} ± {r["std"]:.1f}'
        lines.append(f'| {i} | {r["student"]} | {got} | {r["why"]} |')
    return '\n'.join(lines)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='the course folder')
    parser.add_argument('--nets', type=int, default=10, help='networks for each entry (default: 10)')
    parser.add_argument('--verify', type=int, default=0, metavar='N', help='remake the N best entries')
    parser.add_argument('--tolerance', type=float, default=0.08, help='largest mean difference of a pixel (default: 0.08)')
    parser.add_argument('--seconds', type=int, default=180, help='CPU seconds for each (default: 180)')
    parser.add_argument('--out', type=Path, help='write the table to this file too')
    args = parser.parse_args(argv)
    rows = board(args.folder, args.nets)
    if not rows: parser.error(f'nobody has handed in {NAME} in {args.folder}')
    for row in [r for r in rows if r['mean'] is not None][:args.verify]:
        verify(row, args.tolerance, args.seconds)
    print(table(rows))
    if args.out: args.out.write_text(table(rows) + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__': sys.exit(main())
