"The papers' tables beside what was measured here"
from statistics import mean

from dataset_condensation.text import markdown_table, text_table

from .papers import published
from .rows import LETTERS, differences, marked, rows_of, seconds_of, taken


class ResultsTable:
    "Rows of text with a line of explanation"
    def __init__(self, rows, note='', left=2): self.rows, self.note, self.left = rows, note, left
    def __repr__(self): return text_table(self.rows, self.left) + (f'\n\n{self.note}' if self.note else '')
    def _repr_markdown_(self): return markdown_table(self.rows, self.left) + (f'\n\n{self.note}' if self.note else '')


def note_of(table):
    "What the letters and marks of a table mean"
    cells = [str(c) for r in table[1:] for c in r]
    last = ' '.join(str(r[-1]) for r in table[1:]).split()
    used = [k for k in LETTERS if k in last or any(f'({k})' in c for c in cells)]
    marks = {'?': 'quoted second-hand', '??': 'likewise, and disputed'}
    seen = [k for k in marks if any(c.lstrip('0123456789.±') == k for c in cells)]
    return '; '.join([f'{k}: {LETTERS[k]}' for k in used] + [f'{k}: {marks[k]}' for k in seen])


def num(v): return '–' if v is None else f'{v:.1f}'


def time_of(s): return f'{s:.1f}' if s < 9.95 else f'{s:,.0f}'


def line_of(m, way, paper):
    "A measured row of the table"
    r, full = m.row['recipe'], m.row['published_recipe']
    updates = f'{r["updates"]:,} of {full["updates"]:,}' if r else '–'
    nets = len(next(iter(m.scores(way).values())))
    seconds = time_of(mean(taken(m, 'seconds').values()))
    return [str(m.row['ipc'] or 'all'), m.label, str(paper or '–'), f'{m.mean(way):.1f}', num(m.between_sets(way)),
            num(m.between_nets(way)), f'{len(m.means(way))} × {nets}', updates, seconds,
            ' '.join(differences(m, way)) or '–']


def results_table(
    rows: list,          # Of `Measured`
    data: str,           # Name of the data set
    budget: str = 'cpu', # Of the rows
    ipcs: list | None = None,   # Sizes; all if None
) -> ResultsTable:
    "Published beside measured, with what it was measured on; what was not measured says so"
    mine = rows_of('results_table', rows, data, budget)
    papers = {(p.ipc, p.method): p for p in published(data)}
    keys = sorted({*mine, *papers}, key=lambda k: (k[0] == 0, k[0], order_of(k[1])))
    table = [['ipc', 'method', 'published', 'measured %', '± sets', '± networks', 'sets × networks', 'updates', 'seconds',
              'differs']]
    for k in keys:
        if ipcs and k[0] not in ipcs: continue
        if k in mine: table.append(line_of(mine[k], 'main', papers.get(k)))
        else: table.append([str(k[0] or 'all'), k[1], str(papers[k]), 'not measured here', *['–']*6])
    if not papers: table = [r[:2] + r[3:] for r in table]
    return ResultsTable(table, note_of(table))

_ORDER = 'random herding kcenter kmeans forgetting dc dsa delving-m delving-md delving dm'.split() + ['whole set']


def order_of(label): return (_ORDER.index(label), '') if label in _ORDER else (len(_ORDER), label)


def overview(
    rows: list,           # Of `Measured`
    data: str,            # Name of the data set
    budget: str = 'cpu',
    methods: list | None = None, # Labels, in order; all if None
) -> ResultsTable:
    "Accuracy of every method at every size"
    mine = rows_of('overview', rows, data, budget)
    sizes = sorted({n for n, _ in mine if n})
    labels = methods or sorted({k for n, k in mine if n}, key=order_of)
    cell = lambda k, n: marked(mine[n, k], f'{mine[n, k].mean():.1f}') if (n, k) in mine else '–'
    table = [['method', *(f'{n} per class' for n in sizes)]] + [[k, *(cell(k, n) for n in sizes)] for k in labels]
    note = [f'Trained on everything: {mine[0, "whole set"].mean():.1f} %.'] if (0, 'whole set') in mine else []
    return ResultsTable(table, ' '.join([*note, note_of(table)]).strip(), 1)


def scored_again(
    rows: list,        # Of `Measured`
    m,                 # One of them
    way: str = 'as-published',   # Or 'under-dsa'
):
    "The row that scores the sets of `m` in another way, None without one; a row that would repeat another has that one's sets"
    wanted = f'{m.row["data"]}/claims/{(m.same_as or m.name).split("/")[-1]}-{way}'
    return next((x for x in rows if (x.name, x.budget) == (wanted, m.budget)), None)


SHOWN = {'mnist': 'MNIST', 'cifar10-jpeg': 'CIFAR10'}       # On the first page: data, its name there
TILED = 'random-in-tiles', 'herding-in-tiles', 'dm-in-tiles', 'experts', 'experts-long', 'experts-long-kernels', 'experts-wide', 'experts-longer-float32', 'experts-middle-float32'
HEADS = {'random': 'random', 'herding': 'herding', 'dc': 'DC', 'dsa': 'DSA', 'dm': 'DM', 'dm-tiles': 'DM in tiles',
         'random-in-tiles': 'random in tiles', 'herding-in-tiles': 'herding in tiles', 'experts': 'experts'}


def headline(
    rows: list,     # Of `Measured`
) -> ResultsTable:  # Accuracy in percent, with the published one in brackets
    "The table of the first page: sets scored as published, beside the papers"
    table = [['', 'per class', *HEADS.values(), 'all images']]
    for data, name in SHOWN.items():
        papers = {(p.ipc, p.method): f'({p.mean:.1f}{"?" * p.reported})' for p in published(data)}
        mine = {k: full for k, m in rows_of('headline', rows, data, 'cpu').items() if k[1] in HEADS and (full := scored_again(rows, m))}
        mine |= {(m.row['ipc'], m.label.replace('in-tiles', 'tiles') if m.row['method'] == 'dm' else m.label): m
                 for m in rows if m.label in TILED and m.row['data'] == data and m.means()}
        for n in sorted({n for n, _ in mine}):
            ours = {k: f'{mine[n, k].mean():.1f}' for k in HEADS if (n, k) in mine}
            cells = (f'{ours.get(k, "")} {papers.get((n, k), "")}'.strip() or '–' for k in HEADS)
            table.append([name, str(n), *cells, papers[0, 'whole set']])
    return ResultsTable(table)


def in_tiles(
    rows: list,      # Of `Measured`
    data: str = 'cifar10-jpeg',
) -> ResultsTable:   # Accuracy in percent, ± between sets
    "Experts and what stands beside them, most of it in the same tiles, scored as published and briefly"
    def of(m, way): return 'float32' if way == 'brief' and not m.scores(way) else way     # The same, in 32 bits
    def cell(m, way):
        way = of(m, way)
        if not m.scores(way): return '–'
        return f'{m.mean(way):.1f}' + (f' ± {m.between_sets(way):.1f}' if len(m.means(way)) > 1 else '')
    def nets(m, way): return str(len(next(iter(m.scores(of(m, way)).values()), [])) or '–')
    beside = [m for m in rows if m.row['data'] == data and '/claims/' in m.row['name']]
    plain = 'random', 'herding', 'dm'
    def label(m): return m.label.removesuffix('-3x3').removesuffix('-brief')
    mine = [m for m in beside if label(m) in (*TILED, *plain)]
    ways = {w: head for w, head in dict(main='as published', brief='brief').items() if any(m.scores(w) for m in mine)}
    table = [['per class', 'set', *(h for head in ways.values() for h in (head, 'networks')), 'processor seconds', 'sets']]
    for m in sorted(mine, key=lambda m: (m.row['ipc'], m.mean(of(m, [*ways][-1])))):
        seconds = mean(s['cpu_seconds'] for s in m.sets)
        cells = (c for w in ways for c in (cell(m, w), nets(m, w)))
        table.append([str(m.row['ipc']), m.label.removesuffix('-brief').replace('-', ' '), *cells, f'{seconds:.0f}', str(len(m.sets))])
    return ResultsTable(table, left=2)


def beside_papers(
    rows: list,           # Of `Measured`
    data: str,            # Name of the data set
    methods: list,        # Labels, in order
    budget: str = 'cpu',
) -> ResultsTable:
    "What the paper reports, and what was measured here: scored as published, and briefly"
    papers, mine = {(p.ipc, p.method): p for p in published(data)}, rows_of('beside_papers', rows, data, budget)
    table = [['per class', 'method', 'paper', 'here, scored as published', 'here, scored briefly', 'sets']]
    for n, k in ((n, k) for n in sorted({n for n, _ in mine if n}) for k in methods if (n, k) in mine):
        m = mine[n, k]
        full = scored_again(rows, m)
        both = ((lambda x: f'{x.mean():.1f}' + (f'±{x.between_sets():.1f}' if x.between_sets() is not None else ''))(x) if x else '–'
                for x in (full, m))
        sets = f'{len(full.means())}, {len(m.means())}' if full and len(full.means()) != len(m.means()) else str(len(m.means()))
        table.append([str(n), marked(m, k), str(papers.get((n, k), '–')), *both, sets])
    return ResultsTable(table, note_of(table))


def gaps_table(
    rows: list,           # Of `Measured`
    data: str,            # Name of the data set
    budget: str = 'cpu',
) -> ResultsTable:
    "Points between the same sets and their paper's number: scored briefly, as DC's paper does, and as their own does"
    papers, mine = {(p.ipc, p.method): p for p in published(data)}, rows_of('gaps_table', rows, data, budget)
    table = [['per class', 'method', 'paper', 'briefly', 'for 1,000 epochs', "with DSA's augmentation", 'sets']]
    for n, k in sorted(mine, key=lambda k: (k[0], order_of(k[1]))):
        m = mine[n, k]
        again = [scored_again(rows, m, way) for way in ('as-published', 'under-dsa')]
        if not again[0] or (n, k) not in papers: continue
        means = [x.means() for x in (m, *again) if x]
        seeds = sorted(set.intersection(*map(set, means)))
        gap = [f'{mean(x[i] for i in seeds) - papers[n, k].mean:+.1f}' for x in means]
        table.append([str(n), marked(m, k), str(papers[n, k]), *gap, *['–']*(3 - len(gap)), str(len(seeds))])
    return ResultsTable(table, note_of(table))


def longer_table(
    rows: list,        # Of `Measured`
    data: str,         # Name of the data set
    pairs: list,       # ((row, way of scoring), the same with more updates, what to call the scoring)
) -> ResultsTable:
    "Sets of the tables beside sets of the same seeds that had more updates, scored alike"
    mine, papers = {m.name: m for m in rows}, {(p.ipc, p.method): p for p in published(data)}
    table = [['per class', 'method', 'scored', 'paper', 'updates', '%', 'updates', '%', 'gain', 'sets']]
    for (name, way), (other, other_way), how in pairs:
        short, full = (mine.get(f'{data}/{x}') for x in (name, other))
        seeds = sorted(set(short.means(way)) & set(full.means(other_way))) if short and full else []
        if not seeds: continue
        n, k = full.row['ipc'], full.row['method']
        x, y = mean(short.means(way)[i] for i in seeds), mean(full.means(other_way)[i] for i in seeds)
        updates = [f'{m.row["recipe"]["updates"]:,}' for m in (short, full)]
        table.append([str(n), marked(full, k), how, str(papers[n, k]), updates[0], num(x), updates[1], num(y), f'{y - x:+.1f}', str(len(seeds))])
    return ResultsTable(table, note_of(table), left=3)


def published_table(data: str) -> ResultsTable:
    "What the papers report on a data set: methods by images per class"
    found = {(p.ipc, p.method): p for p in published(data)}
    sizes = sorted({n for n, _ in found if n})
    table = [['method', *(f'{n} per class' for n in sizes)]]
    table += [[k, *(str(found.get((n, k), '–')) for n in sizes)] for k in sorted({k for n, k in found if n}, key=order_of)]
    whole = found.get((0, 'whole set'))
    return ResultsTable(table, '. '.join(filter(None, [whole and f'Trained on everything: {whole}', note_of(table)])), 1)


def provenance_of(
    rows: list,      # Of `Measured`
    data: str,       # Name of the data set
    budget: str = 'cpu',
) -> str:
    "Where the rows of a data set were measured, and how long it took"
    rows_of('provenance_of', rows, data, budget)
    mine = [m for m in rows if m.row['data'] == data and m.budget == budget and m.sessions]
    if not mine: return f'{data}: not measured here'
    seen = [s for m in mine for s in m.sessions]
    join = lambda words: ', '.join(sorted({w for w in words if w}))
    machines = join(f'{m.get("gpu") or m["cpu"]}, threads: {m["threads"]}' for m in (s['machine'] for s in seen))
    spent = lambda s: seconds_of(s) + sum(x['cpu_seconds'] for x in s['scores'].values())
    hours = sum(spent(s) for m in mine if not m.same_as for s in m.sets) / 3600
    return (f'{data}, budget {budget}: {len(mine)} rows, {hours:.1f} hours; {machines}; torch '
            f'{join(s["versions"]["torch"] for s in seen)}; commits {join(s["commit"][:7] for s in seen)}; '
            f'{join(s["date"] for s in seen)}')
