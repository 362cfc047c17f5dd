"""The papers' tables, measured: every row declared, measured set by set, resumed, and drawn from what was written.

    python benchmarks/reproduce.py --plan                               # the rows of a budget, and what they would take
    OMP_NUM_THREADS=1 python benchmarks/reproduce.py --budget smoke     # seconds: does all of it run?
    OMP_NUM_THREADS=1 python benchmarks/reproduce.py --budget cpu --only 'digits/*' --processes 2 --minutes 40
    OMP_NUM_THREADS=1 python benchmarks/reproduce.py --budget cpu --only 'mnist/*' --root FOLDER    # FOLDER/MNIST/raw
    python benchmarks/reproduce.py --budget paper --only 'cifar10-jpeg/*' --root FOLDER --device cuda  # FOLDER/train, FOLDER/test
    OMP_NUM_THREADS=1 python benchmarks/reproduce.py --only digits/ipc10-dm --again     # beside what was measured before
    python benchmarks/reproduce.py --table                              # tables, from the JSON alone
    python benchmarks/reproduce.py --recommend                          # what `condense --method auto` knows, into the package

A row is one method on one data set at one size, with its settings, its seeds and its way of scoring. `--budget` says
which rows: `smoke`, `cpu`, where whatever is not as published stands in the row, and `paper`, the published settings,
for a GPU. Each set of a row is written as it ends, to results/reproduce/BUDGET/NAME.json; what is there is not computed
again, and a set that takes minutes goes on from its last checkpoint and its last network (runs/reproduce). The first
set of every row comes first, then the second: a measurement that is stopped has something to say about all rows.
Several processes, also such as are started by hand, never do a set twice; each computes with one thread where there are
several. `--minutes` ends it in time. `--again` computes rows that are there once more, in runs/reproduce/again, and
compares. Seconds are those of making and of scoring, apart, processor seconds as well as those on the wall.
"""
import argparse
import fnmatch
import json
import math
import os
import signal
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import torch
from provenance import RESULTS, ROOT, provenance
import report
from reproduce_rows import ROWS, SHAPES, estimate, method_named, options_of, rows, scoring_of

from dataset_condensation.all import SyntheticSet, evaluate, load_dataset, train_recipe
from dataset_condensation.checkpoints import Checkpoints, RunLock, RunLocked
from dataset_condensation.condensation import Method
from dataset_condensation.runs import running, save_checkpoint
from dataset_condensation.coresets import forgetting_counts, whole_net
from dataset_condensation.safe_files import write_atomic
from dataset_condensation.training import pick_device

RUNS = ROOT/'runs'/'reproduce'


# ---- Measuring one set

class TimeUp(Exception):
    "The time is over; what was begun is kept"


@lru_cache(maxsize=12)
def _trained(name, kind, net, recipe, seed, device):
    "What a choice of images needs from a training on everything, and (seconds, processor seconds) that it took"
    data, start = DATA[name], _now()
    made = (forgetting_counts if kind == 'falls' else whole_net)(data, net, recipe, seed, device)
    return made, [b - a for a, b in zip(start, _now())]


DATA = {}     # name → ImageData, loaded once by each process


def load(name, args):
    "A data set by the name that rows use"
    if name not in DATA:
        if name == 'digits': DATA[name] = load_dataset('digits')
        elif not args.root: raise SystemExit(f'reproduce: rows of {name} need --root FOLDER, where the data lie')
        elif name.endswith(('-jpeg', '-half')):
            inside = Path(args.root)/name
            DATA[name] = load_dataset(str(inside if inside.is_dir() else args.root), progress=False)
        else: DATA[name] = load_dataset(name, root=args.root, download=False, progress=False)
        if pick_device(args.device).type != 'cpu': DATA[name] = DATA[name].to(args.device)
    return DATA[name]


def about(data): return dict(name=data.name, train=len(data.train), test=len(data.test), shape=list(data.shape),
                             classes=data.n_classes, fingerprint=data.fingerprint())


def _now(): return time.perf_counter(), time.process_time()


def make_set(row, seed, args):
    "The set of a seed and what making it took, from the disk if it is there already"
    source = rows(args.budget)[row.sets_of or row.name]
    folder = place(source.name, seed, args)
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps([source.declared()['recipe'], source.declared()['options'], source.speed], sort_keys=True)
    if (folder/'made.json').exists():
        took = json.loads((folder/'made.json').read_text())
        if took.pop('told') == told: return SyntheticSet.load(folder/'set.safetensors'), took
    data = load(row.data, args)
    with no_cache(): small, took = _make(source, data, seed, folder, args)
    small.save(folder/'set.safetensors')
    write_atomic(folder/'made.json', json.dumps(dict(took, told=told)))
    for f in (*folder.glob('checkpoint-*'), folder/'spent.json'): f.unlink(missing_ok=True)
    return small, took


@contextmanager
def no_cache():
    "Networks that a set needs are trained for it, so that their seconds are counted"
    before = os.environ.get('DATASET_CONDENSATION_CACHE')
    with TemporaryDirectory() as empty:
        os.environ['DATASET_CONDENSATION_CACHE'] = empty
        try: yield
        finally:
            if before is None: del os.environ['DATASET_CONDENSATION_CACHE']
            else: os.environ['DATASET_CONDENSATION_CACHE'] = before


def _make(row, data, seed, folder, args):
    "Choose or condense; (the set, what it took)"
    start, options, method, extra = _now(), options_of(row), method_named(row.method), [0., 0.]
    if not isinstance(method, Method):
        if row.method in ('herding', 'kcenter', 'kmeans', 'forgetting'):
            takes = 'falls' if row.method == 'forgetting' else 'embedder'
            whole = options.pop('recipe', train_recipe('whole'))
            options[takes], extra = _trained(row.data, takes, row.net, whole, seed, args.device)
            start = _now()
        small = method.make(data, row.ipc, seed=seed, net=row.net, device=args.device, **options)
    else:
        checks, spent = Checkpoints(folder), [0., 0.]      # those of an earlier start
        if len(checks) and (folder/'spent.json').exists(): spent = json.loads((folder/'spent.json').read_text())
        states = running(data, method, row.ipc, seed=seed, net=row.net, device=args.device, speed=row.speed,
                            resume_from=checks if len(checks) else None, **options)
        small, extra = _steps(states, checks, spent, start, folder, args), spent
    took = [b - a + c for a, b, c in zip(start, _now(), extra)]
    losses = [small.losses[i].item() for i in (0, -1)] if len(small.losses) else [None, None]
    return small, dict(seconds=took[0], cpu_seconds=took[1], updates=small.info.get('updates', 0),
                       passes=small.info.get('passes', 0), first_loss=losses[0], last_loss=losses[1])


def _steps(states, checks, spent, start, folder, args):
    "Run to the end, with checkpoints; stop in time"
    state = None
    def keep():
        if state is None: return
        write_atomic(folder/'spent.json', json.dumps([b - a + c for a, b, c in zip(start, _now(), spent)]))
        save_checkpoint(state, checks)
    try:
        for state in states:
            if checks.due(): keep()
            if time.time() > args.until: raise TimeUp
    except BaseException:
        keep()
        raise
    return state.set()


def measure(row, seed, args) -> dict:
    "Make a set, score it"
    if row.method == 'whole set': small, took = load(row.data, args), dict(seconds=0., cpu_seconds=0., updates=0, passes=0)
    else: small, took = make_set(row, seed, args)
    found = dict(seed=seed, **took, scores=score_set(row, small, seed, args))
    if row.method != 'whole set': found['images'] = len(small)
    return found


def score_set(row, small, seed, args) -> dict:
    "Train networks on a set and test them, as many at a time as there are threads; what is done is kept until all is"
    path = place(row.name, seed, args)/'scored.json'
    told, kept = json.dumps(row.declared(), sort_keys=True), json.loads(path.read_text()) if path.exists() else {}
    scores = kept['scores'] if kept.get('told') == told else {}
    for name, s in row.scoring.items():
        done, longest = scores.setdefault(name, dict(accuracies=[], seconds=0., cpu_seconds=0.)), 0.
        while k := s['nets'] - len(done['accuracies']):
            if time.time() + longest > args.until: raise TimeUp
            start = _now()
            r = evaluate(small, load(row.data, args), s['net'], min(k, torch.get_num_threads()), scoring_of(s), seed, args.device,
                         speed=s['speed'], first=s['nets'] - k)
            took = [b - a for a, b in zip(start, _now())]
            done['accuracies'] += [round(a, 4) for a in r.accuracies]
            for unit, x in zip(('seconds', 'cpu_seconds'), took): done[unit] += x
            longest = max(longest, took[0])
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, json.dumps(dict(told=told, scores=scores)))
    return scores


# ---- Rows on the disk

def dumps(d, depth=0) -> str:
    "JSON with a line for each set"
    if depth < 2 and isinstance(d, dict) and d:
        return '{\n' + ',\n'.join(f'{" "*(depth+1)}{json.dumps(k)}: {dumps(v, depth+1)}' for k, v in d.items()) + '}'
    if depth < 2 and isinstance(d, list) and d and isinstance(d[0], dict):
        return '[\n' + ',\n'.join(' '*(depth+1) + json.dumps(v, ensure_ascii=False) for v in d) + ']'
    return json.dumps(d, ensure_ascii=False)


def path_of(row, args): return args.results/args.budget/f'{row.name}.json'


def read(row, args, then=False) -> dict:
    "What there is of a row, or what there was of one that is measured again"
    path = path_of(row, args)
    if then: path = args.then/path.relative_to(args.results)
    return json.loads(path.read_text()) if path.exists() else dict(row=row.declared(), data=None, sessions=[], sets=[])


def differs(old, new, at='') -> list:
    "Where a row on the disk is not the one that is declared now"
    if isinstance(old, dict) and isinstance(new, dict):
        return [d for k in old if k in new and k != 'note' for d in differs(old[k], new[k], f'{at}.{k}' if at else k)]
    return [] if old == new else [f'{at} was {old!r}, is {new!r}']


def check(todo, args):
    "Refuse rows that were measured with other settings"
    for row in todo:
        kept = read(row, args)
        found = differs(kept['row'], row.declared())
        if kept.get('sets') and outdated(row, kept): found.append('the training between updates has changed since')
        if found:
            raise SystemExit(f'reproduce: {path_of(row, args)} was measured with other settings ({"; ".join(found)}); '
                             'move it away, or use another --results')


def outdated(row, kept):
    "Does chapter 16 mark it as measured before the package was changed?"
    return report.outdated(report.Measured(row.name, '', kept['row'], kept['sets'], kept['sessions']))


@contextmanager
def alone(*folders, wait=False):
    "Nobody else is at work in the folders; yields False if somebody is"
    with ExitStack() as held:
        while folders:
            try:
                for f in sorted(folders):
                    f.mkdir(parents=True, exist_ok=True)
                    held.enter_context(RunLock(f))
                break
            except RunLocked:
                held.close()
                if not wait:
                    yield False
                    return
                time.sleep(0.05)
        yield True


def place(name, seed, args): return args.runs/args.budget/name/f'seed{seed}'


def record(row, found, session, args):
    "Add a set to its row's file"
    with alone(args.runs/args.budget/row.name, wait=True):
        kept = read(row, args)
        kept['data'] = kept['data'] or about(load(row.data, args))
        if kept['data']['fingerprint'] != DATA[row.data].fingerprint():
            raise SystemExit(f'reproduce: {path_of(row, args)} was measured on other images than those of {row.data} here')
        if session not in kept['sessions']: kept['sessions'].append(session)
        found = dict(found, session=kept['sessions'].index(session))
        kept['sets'] = sorted([s for s in kept['sets'] if s['seed'] != found['seed']] + [found], key=lambda s: s['seed'])
        write_row(row, kept, args)
    (place(row.name, found['seed'], args)/'scored.json').unlink(missing_ok=True)


def write_row(row, kept, args):
    path_of(row, args).parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path_of(row, args), dumps(kept) + '\n')


# ---- Working through them

def selected(args) -> list:
    "The rows asked for, in order of value"
    found = [r for n, r in rows(args.budget).items() if any(fnmatch.fnmatch(n, p) for p in args.only)]
    if not found: raise SystemExit(f'reproduce: no row of the budget {args.budget} is called like {", ".join(args.only)}; see --plan')
    return found


def missing(todo, args) -> list:
    "(row, seed) of what is not measured, the first sets of all rows first"
    have = {r.name: {s['seed'] for s in read(r, args)['sets']} for r in todo if not r.same_as}
    tasks = [(r, seed) for r in todo if not r.same_as for seed in range(r.sets) if seed not in have[r.name]]
    return sorted(tasks, key=lambda t: t[1] // args.seeds_together)


def measured_on(kind, kept) -> list:
    "The sets of a row that were measured on such a device"
    return [s for s in kept.get('sets', []) if kept['sessions'][s['session']].get('device', 'cpu').split(':')[0] == kind]


def predict(tasks, args) -> dict:
    """(row's name, seed) → seconds: as its other sets took here; else as planned, corrected by what the plan of other rows was
    worth. A processor's seconds are its own, whoever else is at work; beside a GPU it waits, so those on the wall count"""
    unit, kind = 'cpu_seconds' if args.device == 'cpu' else 'seconds', args.device.split(':')[0]
    known, plans, factors = {}, {r.name: estimate(r, args.device) for r, _ in tasks}, {}
    for r in rows(args.budget).values():
        if sets := measured_on(kind, read(r, args)) or (args.then and measured_on(kind, read(r, args, then=True))):
            took = mean(sum(x[unit] for x in s['scores'].values()) + (0 if r.sets_of else s[unit]) for s in sets)
            known[r.name] = took
            factors.setdefault(r.data, []).append((took, sum(estimate(r, args.device))))
    scale = {d: sum(a for a, _ in f) / max(1e-9, sum(b for _, b in f)) for d, f in factors.items()}
    return {(r.name, s): known.get(r.name, sum(plans[r.name]) * scale.get(r.data, 1)) for r, s in tasks}


def work(args) -> int:
    "Measure what is missing, until the time is up; how many sets failed"
    if args.processes > 1: torch.set_num_threads(1)
    todo, session, passed, failed = selected(args), dict(provenance(), device=args.device), set(), 0
    while True:
        tasks = [t for t in missing(todo, args) if (t[0].name, t[1]) not in passed]
        cost, did = predict(tasks, args), False
        for row, seed in tasks:
            key, left = (row.name, seed), args.until - time.time()
            if left <= 0 or orphaned(): return failed
            if cost[key] > left and not (_resumes(row) and left > 60): passed.add(key); continue
            with alone(*{place(r, seed, args) for r in (row.name, row.sets_of) if r}) as mine:
                if not mine or seed in [s['seed'] for s in read(row, args)['sets']]: continue
                try: record(row, found := measure(row, seed, args), session, args)
                except TimeUp: return failed
                except Exception as e:      # one bad row must not cost the others
                    print(f'{row.name}, seed {seed}: failed, {type(e).__name__}: {" ".join(str(e).split())}', file=sys.stderr, flush=True)
                    passed.add(key)
                    failed += 1
                    continue
                did = True
            say(row, found)
            break       # what another process held may be free by now, and come before the rest
        if not did: return failed


def _resumes(row): return sum(estimate(row)) > 300      # a set worth going on with next time


def say(row, found):
    got = {k: round(mean(s['accuracies']), 1) for k, s in found['scores'].items()}
    print(f'{row.name}, seed {found["seed"]}: {", ".join(f"{v} %" + ("" if k == "main" else f" {k}") for k, v in got.items())}; '
          f'made in {found["seconds"]:.1f} s, scored in {sum(s["seconds"] for s in found["scores"].values()):.1f} s', flush=True)


def _child(args):
    "A process beside the first; SIGTERM stops it as Ctrl-C does, with a checkpoint"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt): sys.exit(1 if work(args) else 0)


def orphaned():
    "Is this a process beside a first one that is no more?"
    return (first := parent_process()) is not None and not first.is_alive()


def aliases(args):
    "Rows that would repeat another one say so"
    for r in selected(args):
        if r.same_as and not path_of(r, args).exists(): write_row(r, dict(row=r.declared(), same_as=r.same_as), args)


def plan(args, every=False) -> str:
    "What is left and what it would take"
    tasks = missing(selected(args), args)
    cost, lines, total = predict(tasks, args), [], 0.
    for r in selected(args):
        n, each = sum(t[0] is r for t in tasks), [cost[t[0].name, t[1]] for t in tasks if t[0] is r]
        total += sum(each)
        if n and every: lines.append(f'{r.name:44} {n:2} sets  {sum(each):8.0f} s')
    what = f'{len(tasks)} sets of {len({t[0].name for t in tasks})} rows are left, about {total/60:.0f} minutes of one '
    return '\n'.join([*lines, what + ('GPU' if args.device.startswith('cuda') else 'core') if tasks else 'nothing is left'])


def run(args):
    "Measure, in several processes if asked for; what is left"
    check(selected(args), args)
    for name in dict.fromkeys(r.data for r, _ in missing(selected(args), args)): load(name, args)
    aliases(args)
    if args.again and not missing(selected(args), args): print(f'done before; remove {args.runs} to begin anew')
    print(plan(args), flush=True)
    others = [get_context('spawn').Process(target=_child, args=(args,)) for _ in range(args.processes - 1)]
    for p in others: p.start()
    try:
        code = 1 if work(args) else 0
        for p in others: p.join()
        code = code or max([p.exitcode for p in others], default=0)
    except KeyboardInterrupt:
        code = 130
        for p in others: p.terminate()
        for p in others: p.join()
    print(f'stopped; {plan(args)}' if missing(selected(args), args) else plan(args), flush=True)
    if args.again: once_more(args)
    return code


def once_more(args):
    "What a row was and what it is now, a line for each way of scoring"
    for r in selected(args):
        if r.same_as: print(f'{r.name}: would repeat {r.same_as}')
        old, new = ({s['seed']: s['scores'] for s in read(r, args, then).get('sets', [])} for then in (True, False))
        for way in r.scoring if new else ():
            seeds = [i for i in new if i in old and way in old[i]]
            then, now = ([x[i][way]['accuracies'] for i in seeds] for x in (old, new))
            said = f'{r.name}{"" if way == "main" else ", " + way}: '
            if not seeds: print(said + 'not measured before')
            else:
                far = max(abs(a - b) for x, y in zip(then, now) for a, b in zip(x, y))
                print(f'{said}{mean(map(mean, then)):.2f} % then, {mean(map(mean, now)):.2f} % now, sets: {len(seeds)}, '
                      + (f'single networks up to {far:.2f} apart' if far else 'every network the same'))


# ---- What is drawn from the files

def tables(args):
    "Every table that the measured rows give, from the JSON alone"
    found = report.load_results(args.results) if args.results.is_dir() else []
    for data, budget in dict.fromkeys((m.row['data'], m.budget) for m in found):
        print(f'\n## {report.provenance_of(found, data, budget)}\n\n{report.results_table(found, data, budget)}')
    for data in ('digits', 'mnist'):
        rows = found + report.older_results(args.results.parent)
        print(f'\n## Claims, {data}\n\n{report.claims_table(rows, data)}')


def made_with(data) -> tuple:
    "Network and speed that the seconds of a data set are true of: one for all its rows"
    one, = {(r.net, r.speed) for n, r in rows('cpu').items() if r.data == data and '/claims/' not in n}
    return one


def with_float32_seconds(rows, found):
    """The rows whose seconds were measured in float32 too, with those seconds: sets made so are as good, which the twins' scores
    show. And those that were measured in float32 only"""
    twins = {m.name: m for m in report.scored_as(found, 'float32')}
    def slower(m):
        seconds = {k: mean(s[k] for s in twins[m.name].sets) for k in ('seconds', 'cpu_seconds')}
        return replace(m, row=m.row | dict(speed='float32'), sets=[s | seconds for s in m.sets])
    both = [slower(m) for m in rows if m.name in twins and m.row['options'] == twins[m.name].row['options']]
    known, sizes = {m.name for m in rows}, {(m.row['data'], m.row['ipc']) for m in both}
    alone = [m for m in twins.values() if m.name not in known and (m.row['data'], m.row['ipc']) in sizes]
    return both + [replace(m, budget=both[0].budget) for m in alone]


def known_ways(args) -> dict:
    "Data set → what `recommend` should know of it; `float32` has the ways of processors without 16-bit products"
    found = report.load_results(args.results, 'cpu')
    briefly = report.scored_as(found, 'brief')
    def ways(data, found, briefly):
        "By the brief scoring where random images were scored so, since one scoring must hold for all ways"
        new = {m.row['ipc'] for m in briefly if (m.row['data'], m.label) == (data, 'random')}
        both = [(report.choices(found, data), lambda n: n not in new), (report.choices(briefly, data, 'brief'), new.__contains__)]
        return sorted((w for known, ours in both for w in known if ours(w['ipc'])), key=lambda w: w['ipc'])
    def augment(data):
        "Of the brief scoring, or of the table's"
        brief, table = ([m.row['scoring'][way] for m in found if m.row['data'] == data and way in m.row['scoring'] and ours(m)]
                        for way, ours in (('brief', bool), ('main', lambda m: '/claims/' not in m.row['name'])))
        return (brief or table)[0]['recipe']['augment']
    two_cores = json.loads((args.results.parent/'two_cores.json').read_text())     # the least of the gains
    def one(data):
        (shape, classes, images), (net, speed) = SHAPES[data][:3], made_with(data)
        slower = ways(data, with_float32_seconds(found, found), with_float32_seconds(briefly, found))
        more = dict(two_cores=round(min(two_cores['ratio'].values()), 2)) if net == two_cores['net'] else {}
        return dict(shape=shape, classes=classes, images=images, net=net, speed=speed, augment=augment(data), **more, ways=ways(data, found, briefly),
                    **dict(float32=slower) if slower else {})
    return {data: one(data) for data in ('digits', 'mnist', 'cifar10-jpeg')}


def recommend(args):
    "Write the file that `recommend` reads"
    text = report.dumps_choices(known_ways(args))
    write_atomic(args.choices, text)
    print(text, end='')


def parser():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--budget', choices=sorted(ROWS), default='cpu')
    p.add_argument('--only', nargs='+', default=['*'], metavar='PATTERN', help="names of rows: 'digits/*', 'mnist/ipc1-dm', 'digits/ipc10-*'")
    p.add_argument('--processes', type=int, default=1)
    p.add_argument('--minutes', type=float, default=math.inf, help='begin nothing that would end later')
    p.add_argument('--device', default='cpu')
    p.add_argument('--root', help='folder of the data')
    p.add_argument('--seeds-together', type=int, default=1, metavar='N', help='go through all rows with N seeds at a time (default: 1)')
    p.add_argument('--results', type=Path, default=RESULTS/'reproduce', help='where rows are written')
    p.add_argument('--runs', type=Path, default=RUNS, help='where sets and checkpoints are kept')
    p.add_argument('--again', action='store_true', help='measure once more what is there, in a folder of its own, and compare')
    p.add_argument('--choices', type=Path, default=ROOT/'dataset_condensation'/'choices.json', help='what --recommend writes')
    for what, text in dict(plan='list the rows and stop', table='draw the tables and stop',
                           recommend='write what `recommend` knows into the package and stop').items():
        p.add_argument(f'--{what}', action='store_true', help=text)
    return p


def main(argv=None) -> int:
    args = parser().parse_args(argv)
    for k in ('processes', 'seeds_together'):
        if getattr(args, k) < 1: raise SystemExit(f'reproduce: --{k.replace("_", "-")} is {getattr(args, k)}, expected at least 1')
    if not args.minutes > 0: raise SystemExit(f'reproduce: --minutes is {args.minutes}, expected more than 0')
    if args.again and (args.table or args.recommend):
        raise SystemExit('reproduce: --again measures, and does not go with --table or --recommend')
    args.until, args.then = time.time() + 60 * args.minutes, args.again and args.results
    if args.again: args.runs, args.results = args.runs/'again', args.runs/'again'/'results'
    try:
        if args.plan: print(plan(args, every=True))
        elif args.table: tables(args)
        elif args.recommend: recommend(args)
        else:
            pick_device(args.device)     # before a row is begun: without it all would fail, one by one
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            return run(args)
    except (ValueError, TypeError, OSError) as e: raise SystemExit(f'reproduce: {" ".join(str(e).split())}') from None
    return 0


if __name__ == '__main__': sys.exit(main())
