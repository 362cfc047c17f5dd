"""The leaderboard of assignment 6: score the entries of a class on held-out digits.

    python tools/leaderboard.py ~/course                      # a table, best first
    python tools/leaderboard.py ~/course --out board.md       # written to a file too
    python tools/leaderboard.py ~/course --verify 3           # remake the three best, a minute each

The folder is a course folder (or nbs/assignments), and entries come from the submissions. An entry is text, so scoring
it runs no student code. --verify does run it: the cells before the entry, in a separate process with a limit on CPU
time. The set it makes must score like the entry, within --tolerance.
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
GIVEN = 'setup', 'practice', 'budget', 'my-method', 'pack'    # cells that remake an entry


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


def made_again(notebook:Path, seconds:int) -> str:
    "The entry that a student's method makes, or the reason that it makes none"
    mine = cells(notebook)
    code = '\n\n'.join(mine.get(i, '') for i in GIVEN) + '\n\nprint("ENTRY:" + pack(run(*my_method())))\n'
    def limit():
        import resource
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'TQDM_DISABLE': '1', 'MPLBACKEND': 'Agg'}
    with tempfile.TemporaryDirectory() as tmp:
        done = subprocess.run([sys.executable, '-c', code], cwd=tmp, env=env, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20*seconds,
                              preexec_fn=None if os.name == 'nt' else limit)
    made = [line[6:] for line in done.stdout.splitlines() if line.startswith('ENTRY:')]
    if made: return made[-1]
    raise ValueError(f'stopped after {seconds} s' if done.returncode < 0 else done.stdout.strip().split('\n')[-1])


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


def verify(row:dict, nets:int, tolerance:float, seconds:int):
    "Record in `row` whether the method makes the entry"
    from dataset_condensation.all import evaluate
    data = held_back()
    try: again = evaluate(unpack(made_again(row['notebook'], seconds), data), data, 'convnet-w32', nets, seed=7).mean
    except Exception as e: row['why'] = f'cannot be made again: {e}'
    else:
        same = abs(again - row['mean']) <= tolerance
        row['why'] = f'made again: {again:.1f}' + ('' if same else ', which is another set')


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
    parser.add_argument('--tolerance', type=float, default=3., help='largest difference in percent (default: 3)')
    parser.add_argument('--seconds', type=int, default=180, help='CPU seconds for each (default: 180)')
    parser.add_argument('--out', type=Path, help='write the table to this file too')
    args = parser.parse_args(argv)
    rows = board(args.folder, args.nets)
    if not rows: parser.error(f'nobody has handed in {NAME} in {args.folder}')
    for row in [r for r in rows if r['mean'] is not None][:args.verify]:
        verify(row, args.nets, args.tolerance, args.seconds)
    print(table(rows))
    if args.out: args.out.write_text(table(rows) + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__': sys.exit(main())
