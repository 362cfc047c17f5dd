"The papers' claims as comparisons of rows, and a rule for them"
import math
from dataclasses import dataclass
from statistics import mean, stdev

from .rows import outdated, rows_of, taken
from .tables import ResultsTable, note_of


MARGIN = 0.5    # Points of accuracy that do not matter


@dataclass(frozen=True)
class Verdict:
    "What differences say about a claim"
    word: str      # 'confirmed', 'not confirmed', 'undecided', or 'not measured here'
    mean: float = None
    low: float = None      # The interval
    high: float = None
    pairs: int = 0


def verdict(
    differences: list,      # A − B of each pair
    kind: str = 'more',     # 'more', or 'no less'
    margin: float = MARGIN,
) -> Verdict:
    "Confirmed, not confirmed or undecided, by a 95 % interval of the mean difference"
    if kind not in ('more', 'no less'): raise ValueError(f"verdict: `kind` is {kind!r}, expected 'more' or 'no less'")
    d = [float(x) for x in differences]
    if not d: return Verdict('not measured here')
    if not all(map(math.isfinite, d)): raise ValueError(f'verdict: `differences` hold {d!r}, expected finite numbers')
    if len(d) < 3: return Verdict('undecided', mean(d), None, None, len(d))
    low, high = _interval(d)
    if kind == 'more': yes, no = low > 0, high < 0 or -margin < low and high < margin
    else: yes, no = low > -margin, high < 0
    return Verdict('confirmed' if yes else 'not confirmed' if no else 'undecided', mean(d), low, high, len(d))


def _interval(d):
    "Student's 95 % interval of a mean"
    from scipy.stats import t   # here, since it takes a second to import
    half = t.ppf(0.975, len(d) - 1) * stdev(d) / math.sqrt(len(d))
    return mean(d) - half, mean(d) + half


@dataclass(frozen=True)
class Part:
    "One comparison of a claim: rows A and B, paired by seed"
    text: str
    a: tuple              # Names of rows; pairs are pooled over them
    b: tuple              # As many
    kind: str = 'more'    # 'more' or 'no less', in accuracy; 'less', in `what`
    what: str = 'accuracy'   # Or 'seconds', 'passes'
    ways: tuple = ('main', 'main')   # Of scoring A and B

    def pairs(self, rows: dict) -> list:
        "A − B for every seed that both have; of seconds and passes the logarithm of the ratio"
        found = []
        for a, b in zip(self.a, self.b):
            if a not in rows or b not in rows: continue
            of = lambda m, way: m.means(way) if self.what == 'accuracy' else taken(m, self.what)
            x, y = of(rows[a], self.ways[0]), of(rows[b], self.ways[1])
            if self.what != 'accuracy': x, y = ({k: math.log(v) for k, v in z.items() if v} for z in (x, y))
            found += [x[k] - y[k] for k in sorted(set(x) & set(y))]
        return found

    def verdict(self, rows: dict) -> Verdict:
        if self.kind != 'less': return verdict(self.pairs(rows), self.kind)
        v = verdict([-d for d in self.pairs(rows)], 'more', margin=0.05)     # 5 % is no saving worth the name
        return Verdict(v.word, *(None if x is None else math.exp(-x) for x in (v.mean, v.high, v.low)), v.pairs)


@dataclass(frozen=True)
class Claim:
    "What a paper says, and the comparisons that would show it"
    text: str
    paper: str
    parts: tuple

    def verdict(self, rows: dict) -> str:
        "Confirmed if all parts are, not confirmed if one is not, undecided otherwise"
        words = [p.verdict(rows).word for p in self.parts]
        known = [w for w in words if w != 'not measured here']
        if not known: return 'not measured here'
        if 'not confirmed' in known: return 'not confirmed'
        return 'confirmed' if all(w == 'confirmed' for w in words) else 'undecided'


def names_of(data, sizes, method): return tuple(f'{data}/ipc{n}-{method}' for n in sizes)


def _ordered(data, sizes, steps):
    "The claims about the order of methods, and about their time"
    pair = lambda a, b, sizes: (names_of(data, sizes, a), names_of(data, sizes, b))
    levels = (Part('M is better than DC', *pair('delving-m', 'dc', sizes)),
              Part('MD is no worse than M', *pair('delving-md', 'delving-m', sizes), 'no less'),
              Part('MDA is no worse than MD', *pair('delving', 'delving-md', steps), 'no less'))
    saving = (Part('accuracy of MDA no less than that of MD', *pair('delving', 'delving-md', steps), 'no less'),
              Part('epochs of network training, MDA / MD', *pair('delving', 'delving-md', steps), 'less', 'passes'),
              Part('seconds, MDA / MD', *pair('delving', 'delving-md', steps), 'less', 'seconds'))
    speed = [p for m in ('dc', 'dsa') for p in (
        Part(f'accuracy of DM no less than that of {m.upper()}', *pair('dm', m, sizes), 'no less'),
        Part(f'seconds, DM / {m.upper()}', *pair('dm', m, sizes), 'less', 'seconds'))]
    return [Claim('MDA ≥ MD ≥ M > DC, at equal settings', 'Delving', levels),
            Claim('Adaptive steps save training at equal accuracy', 'Delving', saving),
            Claim('DM is faster than DC and DSA at equal accuracy', 'DM', tuple(speed))]


def _choices(data, plain, others):
    "The claims about augmentation, about the network, and about other networks"
    at = lambda name: (f'{data}/claims/ipc1-{name}',)
    one = lambda text, a, b: Part(text, a, b)
    norms = dict(nonorm='none', bn='batch norm', ln='layer norm', gn='group norm')
    augmented = [f'{data}/claims/ipc10-{m}-augmented' for m in ('dsa', 'dc')]
    better = 'better than random images'
    transfer = [Part(f'{m.upper()}, on {n}: {better}', at(f'{m}-{way}'), at(f'random-{way}'), ways=(n, n))
                for n, way in others.items() for m in ('dc', 'dm') if (m, way) != ('dm', 'resnet18')]
    return [Claim('DSA gains on DC', 'DSA', (
                Part('scored with augmentation', (augmented[0],), (augmented[1],)),
                Part('scored without', (f'{data}/ipc10-dsa',), (f'{data}/ipc10-dc',)))),
            Claim('Average pooling is better than max pooling', 'DC', (one('average − max', plain, at('dc-maxpool')),)),
            Claim('Instance norm is the best norm', 'DC',
                  tuple(one(f'instance − {w}', plain, at(f'dc-{k}')) for k, w in norms.items())),
            Claim('Leaky ReLU is better than ReLU', 'DC', (one('leaky − plain', at('dc-leakyrelu'), plain),)),
            Claim('A set made with one network teaches others', 'DC', tuple(transfer))]


def claims(
    data: str,    # 'digits' or 'mnist'
) -> list:        # Of `Claim`
    "What the papers say, as comparisons of rows"
    if data == 'digits':
        found = _ordered(data, (1, 2, 5, 10, 20, 50), (5, 10, 20, 50))
        older = 'digits/older/'
        levels = (Part('M is better than DC', (older + 'levels-M',), (older + 'levels-dc',)),
                  Part('MD is no worse than M', (older + 'levels-MD',), (older + 'levels-M',), 'no less'))
        steps = [Part(f'{dict(passes="epochs").get(what, what)}, schedule and fixed', (older + 'steps-schedule',), (older + 'steps-fixed',), kind, what)
                 for what, kind in (('accuracy', 'no less'), ('passes', 'less'), ('seconds', 'less'))]
        found += [Claim('The same order where the network learns between updates, 1 per class', 'Delving', levels),
                  Claim('The published schedule against the published fixed steps, 10 per class', 'Delving', tuple(steps))]
        return found + _choices(data, ('digits/ipc1-dc',), dict(mlp='others', lenet='others', resnet18='resnet18'))
    if data == 'mnist':
        others = dict(mlp='others', lenet='others')
        return _ordered(data, (1, 10), (10,)) + _choices(data, ('mnist/claims/ipc1-dc-plain',), others)
    raise ValueError(f"claims: `data` is {data!r}, expected 'digits' or 'mnist'")


def claims_table(
    rows: list,      # Of `Measured`
    data: str,       # 'digits' or 'mnist'
    budget: str = 'cpu',
) -> ResultsTable:
    "Every claim with its parts, the differences and the verdicts"
    rows_of('claims_table', rows, data, budget)
    mine = {m.name: m for m in rows if m.budget in (budget, 'older')}
    table = [['claim', 'paper', 'verdict', 'A − B, or A / B', '95 % interval', 'pairs']]
    for c in claims(data):
        table.append([f'**{c.text}**', c.paper, f'**{c.verdict(mine)}**', '', '', ''])
        for p in c.parts:
            v, sign = p.verdict(mine), '+' if p.kind != 'less' else ''
            num = lambda x: '–' if x is None else f'{x:{sign}.2f}'
            interval = f'{num(v.low)}\xa0…\xa0{num(v.high)}' if v.low is not None else '–'
            old = any(outdated(mine[name]) for name in (*p.a, *p.b) if name in mine)
            table.append([p.text + ' (o)' * old, '', v.word, num(v.mean), interval, str(v.pairs or '–')])
    note = 'Accuracies are compared as differences in points, epochs and seconds as ratios.'
    return ResultsTable(table, f'{note} {note_of(table)}'.strip(), 3)


def _of(rows, budget): return {m.name: m for m in rows if m.budget in (budget, 'older')}


def _texts(data): return list(dict.fromkeys(c.text for d in data for c in claims(d)))


def verdicts_table(
    rows: list,     # Of `Measured`
    data: tuple = ('digits', 'mnist'),
    budget: str = 'cpu',
) -> ResultsTable:
    "A line for each claim, a verdict for each data set"
    mine, table = _of(rows, budget), [['claim', 'paper', *data]]
    for text in _texts(data):
        found = [next((c for c in claims(d) if c.text == text), None) for d in data]
        table.append([text, next(c for c in found if c).paper, *(c.verdict(mine) if c else '–' for c in found)])
    return ResultsTable(table, left=2 + len(data))


def claim_table(
    rows: list,     # Of `Measured`
    text: str,      # Of the claim, or its beginning
    data: tuple = ('digits', 'mnist'),
    budget: str = 'cpu',
) -> ResultsTable:
    "The parts of one claim: the mean of A − B, or of A / B, its 95 % interval and the verdict, for each data set"
    full = next((t for t in _texts(data) if t.startswith(text)), None)
    if full is None: raise ValueError(f'claim_table: `text` is {text!r}, expected the beginning of a claim')
    mine = _of(rows, budget)
    parts = [{p.text: p for c in claims(d) if c.text == full for p in c.parts} for d in data]
    used = [d for d, p in zip(data, parts) if p]
    table = [['A − B, or A / B', *(h for d in used for h in (d, 'verdict'))]]
    for name in dict.fromkeys(k for p in parts for k in p):
        table.append([name, *(cell for p in parts if p for cell in _cells(p.get(name), mine))])
    note = 'In brackets the 95 % interval, and the number of pairs.'
    return ResultsTable(table, f'{note} {note_of(table)}'.strip(), len(table[0]))


def _cells(part, mine):
    "A part of a claim in two cells"
    if part is None: return ['–', '–']
    v, sign = part.verdict(mine), '+' if part.kind != 'less' else ''
    num = lambda x: f'{x:{sign}.2f}'
    if v.mean is None: return ['–', v.word]
    interval = f' ({num(v.low)}\xa0…\xa0{num(v.high)})' if v.low is not None else ''
    old = any(outdated(mine[n]) for n in (*part.a, *part.b) if n in mine)
    return [num(v.mean) + interval + ' (o)' * old, f'{v.word} ({v.pairs})']


def not_confirmed(
    rows: list,     # Of `Measured`
    data: str,      # 'digits' or 'mnist'
    budget: str = 'cpu',
) -> list:          # (claim, part, verdict)
    "The parts of claims that were measured and did not hold"
    mine = {m.name: m for m in rows if m.budget in (budget, 'older')}
    return [(c.text, p.text, v) for c in claims(data) for p in c.parts
            if (v := p.verdict(mine)).word == 'not confirmed']


def tried_reasons(rows: list) -> ResultsTable:
    "DC, M and MD at ten digits per class as in the table, and with one thing changed for all three"
    mine, methods = {m.name: m for m in rows}, ('dc', 'delving-m', 'delving-md')
    table = [['ten per class', *methods, 'M − DC', '95 % interval', 'MD − DC', '95 % interval']]
    for what, name in {'as in the table': 'digits/ipc10-{}', 'half the steps': 'digits/claims/ipc10-{}-half-steps',
                       'four times the networks': 'digits/claims/ipc10-{}-four-times'}.items():
        dc, *others = [name.format(m) for m in methods]
        cells = [f'{mine[n].mean():.1f}' if n in mine else '–' for n in (dc, *others)]
        for v in (Part('', (n,), (dc,)).verdict(mine) for n in others):
            cells += ['–', '–'] if v.low is None else [f'{v.mean:+.2f}', f'{v.low:+.2f}\xa0…\xa0{v.high:+.2f}']
        table.append([what, *cells])
    return ResultsTable(table, left=1)
