"What was measured here: rows from results/reproduce, as benchmarks/reproduce.py writes them"
import json
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

from dataset_condensation.all import METHODS
from dataset_condensation.networks import parse_net

RESULTS = Path(__file__).resolve().parents[2]/'results'


def read_json(path, what) -> dict:
    "A JSON object from a file; whatever is wrong with it is a ValueError that names the file"
    try: found = json.loads(Path(path).read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as e: raise ValueError(f'load_results: {path} is not {what} ({str(e)[:80]})') from e
    if not isinstance(found, dict): raise ValueError(f'load_results: {path} is not {what}')
    return found


@dataclass
class Measured:
    "A row: sets of one method at one size, and what they were worth"
    name: str          # As in benchmarks/reproduce.py: 'digits/ipc10-dm'
    budget: str        # 'cpu', 'paper', …
    row: dict          # What was declared
    sets: list         # For each seed: seconds, updates, passes, scores
    sessions: list     # Commit, versions and machine of each time that something was measured
    same_as: str = ''  # The row that this one would repeat
    @property
    def label(self):
        "What tables call it"
        return self.name.rsplit('/', 1)[-1].removeprefix(f'ipc{self.row["ipc"]}-') if self.row['ipc'] else 'whole set'
    def scores(self, way='main') -> dict:
        "Seed → accuracies of the networks trained on the set of that seed"
        return {s['seed']: s['scores'][way]['accuracies'] for s in self.sets if way in s['scores']}
    def means(self, way='main') -> dict: return {seed: mean(a) for seed, a in self.scores(way).items()}
    def mean(self, way='main') -> float: return mean(self.means(way).values())
    def between_sets(self, way='main'):
        "Standard deviation of the sets' means; None for one set"
        return stdev(self.means(way).values()) if len(self.means(way)) > 1 else None
    def between_nets(self, way='main'):
        "Standard deviation of networks on the same set, pooled over sets"
        spreads = [stdev(a)**2 for a in self.scores(way).values() if len(a) > 1]
        return mean(spreads)**.5 if spreads else None


def seconds_of(s): return s['seconds'] if s.get('gpu') else s['cpu_seconds']


def taken(m, what):
    "Seed → what a set took: 'seconds', 'passes', 'updates'"
    return {s['seed']: seconds_of(s) if what == 'seconds' else s[what] for s in m.sets}


def _read(path, budget, name):
    "A row from its file"
    found = read_json(path, 'a row of benchmarks/reproduce.py')
    try:
        if 'same_as' in found: return Measured(name, budget, found['row'], [], [], found['same_as'])
        sets = [dict(s, gpu=found['sessions'][s['session']]['device'] != 'cpu') for s in found['sets']]
        row = Measured(name, budget, found['row'], sets, found['sessions'])
        row.means(), row.between_nets()
        return row
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as e:
        raise ValueError(f'load_results: {path} holds no row of benchmarks/reproduce.py ({type(e).__name__}: {e})') from e


def load_results(
    folder=RESULTS/'reproduce',       # With a folder for each budget
    budget: str | None = None,       # One of them; all if None
) -> list:                           # Of `Measured`
    "All rows that were measured"
    top = Path(folder)
    if not top.is_dir(): raise FileNotFoundError(f'load_results: there is no folder {top}')
    found = []
    for path in sorted(top.rglob('*.json')):
        where, *name = path.relative_to(top).with_suffix('').parts
        if name and budget in (None, where): found.append(_read(path, where, '/'.join(name)))
    known = {(m.budget, m.name): m for m in found}
    for m in found:
        if m.same_as and (like := known.get((m.budget, m.same_as))): m.sets, m.sessions = like.sets, like.sessions
    return [m for m in found if m.sets]


def rows_of(where, rows, data, budget):
    "(images per class, label) → row, without those that only serve a claim"
    if not isinstance(rows, (list, tuple)) or not all(isinstance(m, Measured) for m in rows):
        raise TypeError(f'{where}: `rows` is {rows!r}, expected a list of Measured, as `load_results` gives')
    return {(m.row['ipc'], m.label): m for m in rows
            if (m.row['data'], m.budget) == (data, budget) and '/claims/' not in m.name and m.means()}


def rescored(
    rows: list,                      # Of `Measured`
    ending: str = '-as-published',   # Of the rows that only score sets of the tables again
) -> list:
    "Those rows under the names of the tables' rows, with the ending as their budget: for the functions that take a budget"
    return [replace(m, name=m.name.replace('/claims/', '/').removesuffix(ending), budget=ending.strip('-'))
            for m in rows if m.name.endswith(ending)]


def scored_as(
    rows: list,           # Of `Measured`
    way: str = 'brief',   # One of their scorings
) -> list:
    "The rows that were scored in a way, under the names of the tables' rows and the way as their budget"
    def one(m):
        sets = [dict(s, scores=dict(main=s['scores'][way])) for s in m.sets]
        return replace(m, name=m.name.replace('/claims/', '/').removesuffix(f'-{way}'), budget=way, sets=sets)
    return [one(m) for m in rows if all(way in s['scores'] for s in m.sets)]


def _scored_as_published(m, scoring):
    "Was it trained for as long, under the same augmentation, as the method's paper does?"
    own = 'dsa' if m.row['method'].startswith(('dsa', 'dm')) else 'dc'
    epochs = 1000 if own == 'dsa' or m.row['data'] in ('mnist', 'fashionmnist') else 300
    augment = 'dsa' if own == 'dsa' else 'dc' if epochs == 1000 else 'none'
    return (scoring['recipe']['epochs'], scoring['recipe']['augment'].split('-')[0]) == (epochs, augment)


def outdated(m):
    "Was it measured before the training between updates was augmented in DSA, and trained batch norm?"
    r, method = m.row.get('recipe'), METHODS.get(m.row['method'])
    if not r or not method or 'augment_inner' in r or not any(s['passes'] for s in m.sets): return False
    augmented = r.get('augment', 'none') != 'none' and method.recipe().augment_inner
    return augmented or parse_net(r['net']).norm == 'bn' and method.prepare is not None


def marked(m, text=''):
    "The name of a row, or another text, with a sign where it is outdated"
    return (text or m.label) + ' (o)' * outdated(m)


LETTERS = dict(u='fewer updates of the images than published', n='another network', b='smaller real batches',
               s='other settings of the run', p='16-bit convolutions', e='scored in another way than published',
               j='images from JPEG files', o='measured before the training between updates was as published')


def differences(
    m: Measured,
    way: str = 'main',  # Of scoring
) -> str:               # Keys of `LETTERS`
    "How a row differs from its paper's"
    r, full, found = m.row['recipe'], m.row['published_recipe'], ''
    scoring = m.row['scoring'][way]
    if r:
        if r['updates'] < full['updates']: found += 'u'
        if r['net'] != full['net'] or scoring['net'] != 'convnet': found += 'n'
        if r['real_batch'] < full['real_batch']: found += 'b'
        known = 'updates', 'iterations', 'net', 'real_batch'
        if any(k in r and r[k] != full[k] for k in full if k not in known): found += 's'
        if 'bfloat16' in m.row['speed']: found += 'p'
    elif scoring['net'] != 'convnet': found += 'n'
    if not _scored_as_published(m, scoring): found += 'e'
    return found + 'j' * m.row['data'].endswith('jpeg') + 'o' * outdated(m)


def older_results(
    folder=RESULTS,
) -> list:   # Of `Measured`
    "Gradient levels and inner policies on the digits, measured before there was a runner"
    found, top = [], Path(folder)
    def add(name, ipc, file, sets):
        row = dict(data='digits', ipc=ipc, method=name, file=file.name)
        if sets: found.append(Measured(f'digits/older/{name}', 'older', row, sets, []))
    def one(seed, scores, seconds, passes):
        main = dict(accuracies=scores)
        return dict(seed=seed, gpu=False, cpu_seconds=seconds, passes=passes, scores=dict(main=main))
    if (file := top/'multi_level_digits.json').exists():
        made = read_json(file, 'a table of results')['sets']
        for m in ('dc', 'M', 'MD'):
            mine = [s for s in made if s['method'] == m]
            add(f'levels-{m}', 1, file, [one(s['seed'], s['accuracies'], s['cpu_seconds'], s['passes']) for s in mine])
    if (file := top/'adaptive_steps_digits.json').exists():
        made = [(r, r['scores'][-1]) for r in read_json(file, 'a table of results')['runs']]
        for p in ('fixed', 'schedule'):
            mine = [(r['seed'], s) for r, s in made if r['policy'] == p]
            add(f'steps-{p}', 10, file, [one(seed, s['accuracies'], s['seconds'], s['passes']) for seed, s in mine])
    return found
