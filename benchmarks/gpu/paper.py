"""Rows of the papers' tables until the minutes are over, the most telling first; what is unfinished resumes in the next call.

    python benchmarks/gpu/paper.py --data FILE --minutes 6             # FILE as `python kit.py ARCHIVE FILE` makes it
    python benchmarks/gpu/paper.py --plan                              # the rows, and what they are guessed to take
    python benchmarks/gpu/paper.py --device cpu --tiny --minutes 1     # the same path where there is no GPU
    python benchmarks/gpu/paper.py --runs FOLDER …                     # resume from paper-runs-*.tar, unpacked there

CIFAR10-JPEG, the ConvNet, published settings. Five networks score each set first, twenty in the end. Several processes share
the GPU, since one alone leaves it idle. $OUT/paper.jsonl gets a line for each result, paper-runs-*.tar the sets and what is
unfinished. `--speed` is how to compute; 'auto' and the others but 'plain' make an update one program where smoke.py saw that right.
"""
import argparse
import fcntl
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

# (method, ipc): seconds to make a set in the plain way, and as one program; guessed, nothing was measured on a GPU yet
GUESS = {('dm', 10): (420, 65), ('dsa', 1): (58, 17), ('dc', 1): (52, 15), ('delving', 1): (62, 17),
         ('random', 10): (0, 0), ('dm', 1): (380, 60), ('dsa', 10): (900, 240), ('dc', 10): (840, 220),
         ('delving', 10): (760, 165), ('random', 1): (0, 0), ('dm', 50): (480, 95), ('random', 50): (0, 0),
         ('herding', 10): (30, 30), ('herding', 1): (30, 30), ('herding', 50): (30, 30)}
LIKE = dict(dm='dsa', dsa='dsa', dc='dc', delving='dc', random='dsa', herding='dsa')      # recipe of the scores
PUBLISHED = {('dc', 1): 28.3, ('dc', 10): 44.9, ('dsa', 1): 28.8, ('dsa', 10): 52.1,
             ('dm', 1): 26.0, ('dm', 10): 48.9, ('dm', 50): 63.0}                         # on CIFAR10 itself
TMP = Path(tempfile.gettempdir())/'dataset-condensation-gpu'


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--device', default='cuda')
    p.add_argument('--tiny', action='store_true', help='narrow networks and a few updates, to see that it works')
    p.add_argument('--data', type=Path, default=TMP/'cifar10-jpeg.pt')
    p.add_argument('--minutes', type=float, default=6.)
    p.add_argument('--speed', default='bfloat16-training', help="'plain' does without programs")
    p.add_argument('--processes', type=int)
    p.add_argument('--only', nargs='+', metavar='METHOD-IPC', help='dm-10, …')
    p.add_argument('--seeds', type=int, default=3, help='sets of each row')
    p.add_argument('--runs', type=Path, help='folder of sets and checkpoints')
    p.add_argument('--pause', type=int, default=0, metavar='N', help='leave sets after N updates, to see them resume')
    p.add_argument('--plan', action='store_true')
    p.add_argument('--worker', type=float, help=argparse.SUPPRESS)     # the time at which it ends
    return p.parse_args()


args = arguments()
OUT = Path(os.environ.get('OUT') or Path(__file__).resolve().parents[2]/'runs'/'gpu')
RUNS = args.runs or (OUT/'paper-runs' if args.tiny else TMP/'paper-runs')


# ---- The rows

def smoked() -> dict:
    "What smoke.py said of its items"
    file = next((f/'smoke.json' for f in (OUT, TMP) if (f/'smoke.json').exists()), None)
    return {r['name']: r['status'] for r in json.loads(file.read_text())['items']} if file else {}


def speed_of(method) -> str:
    "As asked for, but plain where smoke.py saw a program fail"
    name = f'program {"delving-md" if method == "delving" else method} '
    failed = [k for k, status in smoked().items() if k.startswith(name) and status not in ('ok', 'skipped')]
    return 'plain' if failed else args.speed


def rows() -> list:
    return [(m, n, s) for s in range(args.seeds) for m, n in GUESS if not args.only or f'{m}-{n}' in args.only]
def name(r): return f'{r[0]}-ipc{r[1]}-seed{r[2]}'
def guess(r): return 0.1 if args.tiny else GUESS[r[:2]][speed_of(r[0]) != 'plain']


def plan():
    total = 0.
    for r in rows():
        total += guess(r)
        print(f'{name(r):24} {speed_of(r[0]):18} {guess(r):6.0f} s   {total/60:6.1f} min so far, one after the other')


def say(**line):
    "A line of $OUT/paper.jsonl, and on the screen"
    with open(OUT/'paper.jsonl', 'a') as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.write(json.dumps(line, default=str) + '\n')
    shown = {k: v for k, v in line.items() if k not in ('provenance', 'info', 'traceback')}
    print(json.dumps(shown, default=str), flush=True)


# ---- The process that watches

def drive() -> int:
    for f in (OUT, RUNS): f.mkdir(parents=True, exist_ok=True)
    n = args.processes or (1 if args.device == 'cpu' else 2)
    end = time.time() + 60*args.minutes
    workers = [subprocess.Popen([sys.executable, __file__, *sys.argv[1:], '--worker', str(end)]) for _ in range(n)]
    for w in workers:
        try: w.wait(max(1, end + 25 - time.time()))
        except subprocess.TimeoutExpired:
            w.kill()
            w.wait()
    pack()
    file = OUT/'paper.jsonl'
    for r in map(json.loads, file.read_text().splitlines() if file.exists() else ()):
        if 'mean' not in r: continue
        print(f'{r["row"]:24} {r["speed"]:18} {r["networks"]:3} networks {r["mean"]:6.2f} ± {r["std"]:.2f} %  made in '
              f'{r["made_in"]:.0f} s, scored in {r["scored_in"]:.0f} s; published (CIFAR10) {r["published"]}')
    return max(w.returncode != 0 for w in workers)


def pack(most=15*2**20):
    "Two archives that stay small: what the next call needs, in the order of the rows"
    order, parts, size = {name(r): i for i, r in enumerate(rows())}, [[]], 0
    for f in sorted(RUNS.rglob('*'), key=lambda f: (order.get(f.parent.name, -1), f.name)):
        if not f.is_file() or f.name == 'claim' or f.name.startswith('.') or f.suffix == '.lock': continue
        if size + f.stat().st_size > most: parts, size = [*parts, []], 0
        parts[-1].append(f)
        size += f.stat().st_size + 1024
    for i, files in enumerate(parts[:2], 1):
        with tarfile.open(OUT/f'paper-runs-{i}.tar', 'w') as t:
            for f in files: t.add(f, f.relative_to(RUNS))


if args.plan: sys.exit(plan())
if args.worker is None: sys.exit(drive())


# ---- A worker

import warnings  # noqa: E402

warnings.simplefilter('ignore')
from statistics import mean, stdev  # noqa: E402

import kit  # noqa: E402
import torch  # noqa: E402

from dataset_condensation.checkpoints import Checkpoints  # noqa: E402
from dataset_condensation.runs import running, save_checkpoint  # noqa: E402
from dataset_condensation.names import get_method
from dataset_condensation.training import SyntheticSet, evaluate, train_recipe  # noqa: E402

DEV, CUDA, NET = args.device, args.device != 'cpu', 'convnet-w8' if args.tiny else 'convnet'
FEW, MANY = (2, 3) if args.tiny else (5, 20)     # networks, at first and in the end


def late(margin=4.): return time.time() > args.worker - margin


def keep(path, content):
    "Write a small JSON file, whole or not at all"
    part = path.with_name(f'{path.name}.{os.getpid()}')
    part.write_text(json.dumps(content))
    part.replace(path)


def kept(path, otherwise): return json.loads(path.read_text()) if path.exists() else otherwise


def options(method) -> dict:
    if not args.tiny or method in ('random', 'herding'): return {}
    if method == 'dm': return dict(real_batch=12, iterations=6)
    return dict(real_batch=12, iterations=1, outer=4, **({} if method == 'delving' else dict(inner=1)))


class Paused(Exception):
    "The time is up, or the updates are made that were asked for; what was computed is kept"


def make(r, folder):
    "The set, and the seconds it took over all calls"
    file, before, t = folder/'set.safetensors', kept(folder/'spent.json', 0.), time.perf_counter()
    if file.exists(): return SyntheticSet.load(file), before
    made = choose if r[0] in ('random', 'herding') else compute
    spent = lambda: keep(folder/'spent.json', before + time.perf_counter() - t)
    small = made(*r, folder, spent)
    kit.sync(DEV)
    spent()
    small.save(file)
    for f in folder.glob('checkpoint-*'): f.unlink(missing_ok=True)
    return small, kept(folder/'spent.json', 0.)


def choose(method, ipc, seed, folder, spent):
    more = dict(recipe=train_recipe('whole', epochs=1 if args.tiny else 20)) if method == 'herding' else {}
    return get_method(method).make(DATA, ipc, seed=seed, net=NET, device=DEV, **more)


def compute(method, ipc, seed, folder, spent):
    checks = Checkpoints(folder, every=45., share=.05)
    states = running(ON, method, ipc, seed=seed, net=NET, device=DEV, speed=speed_of(method),
                     resume_from=checks if len(checks) else None, **options(method))
    first = None
    for state in states:
        first = first or state.step
        stop = late() or args.pause and state.step - first + 1 >= args.pause and state.step < state.recipe.updates
        if not (stop or checks.due()): continue
        save_checkpoint(state, checks)
        spent()
        if stop: raise Paused(state.step)
    return state.set()


def score(r, small, folder, want):
    "Accuracies of networks until there are `want`, or the time is up; kept after each"
    found = kept(folder/'scores.json', dict(accuracies=[], seconds=0., by=[]))
    recipe, by = train_recipe(LIKE[r[0]], **(dict(epochs=2) if args.tiny else {})), speed_of('scores')
    while (first := len(found['accuracies'])) < want and not late():
        t = time.perf_counter()
        nets = 1 if by == 'plain' else want - first         # side by side
        new = evaluate(small, DATA, NET, nets, recipe, r[2], DEV, first=first, speed=by).accuracies
        found['accuracies'] += new
        found['by'] += [by]*len(new)
        found['seconds'] += time.perf_counter() - t
        keep(folder/'scores.json', found)
    return found


def one(r, want):
    "Make a row's set, or go on with it, and score it"
    folder = RUNS/name(r)
    try: small, took = make(r, folder)
    except Paused as e: return say(row=name(r), speed=speed_of(r[0]), unfinished=True, updates=e.args[0], provenance=ABOUT)
    speed = small.info.get('speed', '–')       # of a choice of real images there is none
    found = score(r, small, folder, want)
    a = found['accuracies']
    if a: say(row=name(r), method=r[0], ipc=r[1], seed=r[2], speed=speed, scored_by=sorted(set(found['by'])),
              networks=len(a), mean=mean(a), std=stdev(a) if len(a) > 1 else 0., accuracies=a, made_in=took,
              scored_in=found['seconds'], published=PUBLISHED.get(r[:2], '–'), scoring=LIKE[r[0]],
              data=dict(name=DATA.name, fingerprint=PRINT), info=small.info, provenance=ABOUT)


@contextmanager
def claimed(r):
    "Nobody else is at this row; yields False if somebody is. Ends with the process"
    (RUNS/name(r)).mkdir(parents=True, exist_ok=True)
    with open(RUNS/name(r)/'claim', 'w') as f:
        try: fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError: yield False
        else: yield True


def fits(r, made):
    "Is there time for it? The rows of most value are begun even if not"
    left = args.worker - time.time()
    return made or guess(r) + 5 < left or r[1] == 10 and r[2] == 0 and left > 60


def work():
    "Few networks for every row, before many for any"
    tried = set()
    for want in (FEW, MANY):
        for r in rows():
            if late(8.): return
            folder = RUNS/name(r)
            made = (folder/'set.safetensors').exists()
            if r in tried or want == MANY and not made or not fits(r, made): continue
            with claimed(r) as mine:
                if not mine or len(kept(folder/'scores.json', dict(accuracies=[]))['accuracies']) >= want: continue
                try: one(r, want)
                except Exception as e:
                    why = f'{type(e).__name__}: {str(e)[:300]}'
                    say(row=name(r), failed=why, traceback=kit.short(e), provenance=ABOUT)
                    tried.add(r)


def check_runs():
    "Sets of another version or of other data are never taken for those of this one"
    made_by, file = dict(commit=ABOUT['commit'], data=PRINT, net=NET, tiny=args.tiny), RUNS/'made_by.json'
    if not file.exists(): keep(file, made_by)
    if (was := kept(file, {})) != made_by:
        sys.exit(f'paper: {RUNS} holds runs of {was}, this is {made_by}; name another --runs')


torch.set_num_threads(2 if CUDA else 1)
if not args.tiny and not kit.wait_for(args.data, max(1, args.worker - time.time() - 30)):
    sys.exit(f'paper: {args.data} did not come')
DATA = kit.photos(400, 100) if args.tiny else kit.load(args.data)
ON, PRINT, ABOUT = DATA.to(DEV), DATA.fingerprint(), kit.about(DEV)
check_runs()
work()
