"What a second buys: accuracy against the seconds that making a set takes, and the ways that are worth theirs"
import json
import math
from dataclasses import dataclass, field
from statistics import mean

import matplotlib.pyplot as plt

from dataset_condensation.names import METHODS
from dataset_condensation.plots import STYLES

from .rows import rows_of, taken
from .tables import ResultsTable


@dataclass(frozen=True)
class Way:
    "A way to make a set: its price, its accuracy, its settings"
    method: str
    seconds: float       # To make a set
    accuracy: float      # Mean over sets, in percent
    error: float         # Standard error of that mean
    settings: dict = field(default_factory=dict)   # Keywords of `condense`


def stairs(
    ways: list,          # `Way`s, in any order
    least: float = 2.,   # Standard errors by which a way has to be better than all cheaper ones
) -> list:               # Those worth their time, the cheapest first
    "The ways that are clearly better than every cheaper one"
    if not all(isinstance(w, Way) for w in ways): raise TypeError(f'stairs: `ways` is {ways!r}, expected a list of Way')
    kept = []
    for w in sorted(ways, key=lambda w: (w.seconds, -w.accuracy)):
        if not kept or w.accuracy - kept[-1].accuracy > least * math.hypot(w.error, kept[-1].error): kept.append(w)
    return kept


def is_chosen(m):
    "Does the row choose real images?"
    return m.row['recipe'] is None


def ways(
    rows: list,     # Of `Measured`
    data: str,      # Name of the data set
    ipc: int,       # Images per class
    budget: str = 'cpu',
) -> list:          # Of `Way`
    "What `stairs` needs to know of each row; fewer than three sets are as far apart as is usual for such rows"
    here = [m for (n, _), m in rows_of('ways', rows, data, budget).items() if n == ipc and not m.same_as]
    usual = {}
    for kind in (True, False):      # chosen images differ more from set to set than computed ones
        known = [m.between_sets()**2 for m in here if is_chosen(m) == kind and len(m.means()) > 1]
        if known: usual[kind] = mean(known)**.5
    def spread(m):      # two sets may agree by chance
        return m.between_sets() if len(m.means()) > 2 else max(usual[is_chosen(m)], m.between_sets() or 0)
    return [Way(m.label, mean(taken(m, 'seconds').values()), m.mean(), spread(m) / math.sqrt(len(m.means())),
                dict(method=m.row['method'], options=asked(m))) for m in here if is_chosen(m) in usual]


def asked(m) -> dict:
    "Keywords of `condense` that make such a set, tiles and a precision of the synthetic side told"
    recipe = m.row['recipe'] or {}
    more = {k: v for k, v in dict(factor=recipe.get('factor', 1), speed=recipe and m.row.get('speed', '')).items()
            if v not in (1, '', {}, 'auto', 'float32', 'bfloat16')}
    own = m.row.get('options', {})
    return own | {k: v for k, v in more.items() if k not in own}


# Family of a method → how it is drawn, so that it can be told in black and white
_LOOKS = {'random images': dict(color='0.4', marker='o'), 'other real images': dict(color='0.4', marker='s', markerfacecolor='white'),
          'gradient matching': dict(color=STYLES['dc'][0], marker='^'), 'distribution matching': dict(color=STYLES['dm'][0], marker='D'), 'experts': dict(color='C3', marker='*', markersize=9)}


def family(m):
    "One of `_LOOKS`"
    if m.label == 'random': return 'random images'
    if is_chosen(m): return 'other real images'
    if m.row['method'].startswith('experts'): return 'experts'
    return 'distribution matching' if m.row['method'].startswith('dm') else 'gradient matching'


def unsure(rows, data, ipc, budget, known):
    "Rows that are no `Way`, since nothing tells their spread"
    return [m for (n, k), m in rows_of('frontier', rows, data, budget).items()
            if n == ipc and not m.same_as and k not in known]


def frontier(
    rows: list,       # Of `Measured`
    data: str,        # Name of the data set
    ipc: int,         # Images per class
    ax=None,          # Axes to draw into
    budget: str = 'cpu',
    least: float = 0.1,  # Seconds at which the axis begins; what takes less is drawn there
):                    # The axes
    "Accuracy against seconds, by family, and the named staircase of what is worth its time; below random is only named"
    ax, found = ax or plt.figure(figsize=(5, 3.5)).gca(), ways(rows, data, ipc, budget)
    mine = {k: m for (n, k), m in rows_of('frontier', rows, data, budget).items() if n == ipc}
    low, known, seen = _leave_out_the_low(ax, mine), {w.method: w for w in found}, set()
    for k in [*known, *(m.label for m in unsure(rows, data, ipc, budget, known))]:
        if k in low: continue
        m, w, kind = mine[k], known.get(k), family(mine[k])
        ax.errorbar(max(mean(taken(m, 'seconds').values()), least), m.mean(), 2*w.error if w else None, capsize=2, linestyle='none',
                    label='_' * (kind in seen) + kind, alpha=1 if w else 0.45, **_LOOKS[kind])
        seen.add(kind)
    if best := stairs(found): _draw_stairs(ax, best, found, least)
    if not seen: ax.text(0.5, 0.5, 'not measured here', ha='center', transform=ax.transAxes)
    ax.set(xscale='log', title=f'{data}, {ipc} per class', xlabel='seconds to make a set', ylabel='accuracy %')
    return ax


def frontiers(
    rows: list,       # Of `Measured`
    data: str,        # Name of the data set
    sizes: tuple,     # Images per class, a plot for each
    budget: str = 'cpu',
):
    "Frontiers side by side, with one legend"
    fig, axes = plt.subplots(1, len(sizes), figsize=(4.2*len(sizes), 3.6), layout='constrained')
    for ax, ipc in zip(axes, sizes): frontier(rows, data, ipc, ax, budget)
    fig.legend(*axes[-1].get_legend_handles_labels(), loc='outside lower center', ncols=3)


def _draw_stairs(ax, best, found, least):
    "A line through the ways that are worth their time, and their names"
    end = max(w.seconds for w in found) * 2
    x, y = [max(w.seconds, least) for w in best], [w.accuracy for w in best]
    ax.step([*x, max(end, 2*least)], [*y, y[-1]], where='post', color='0.75', zorder=0, label='worth its time')
    for i, w in enumerate(best):
        below = i == 0 or i + 1 < len(best) and y[i+1] - y[i] < 0.1 * (y[-1] - y[0])    # the next name stands above
        right = below or x[i] < 3*least     # beside the axis there is no room
        ax.annotate(w.method, (x[i], y[i]), xytext=(5 if right else -6, -13 if below else 5), textcoords='offset points', fontsize=9,
                    ha='left' if right else 'right')


def _leave_out_the_low(ax, mine):
    "Let the axis begin below random images, and name what is lower still"
    means = {k: m.mean() for k, m in mine.items()}
    if 'random' not in means: return {}
    floor = means['random'] - 2*(mine['random'].between_sets() or 0) - 0.5
    top, low = max(means.values()), {k: v for k, v in means.items() if v < floor}
    room = 0.12 * (top - floor)
    ax.set_ylim(floor - room * (1 + 0.7*len(low)), top + 2*room)
    said = '\n'.join(f'↓ {k} {v:.1f}' for k, v in sorted(low.items(), key=lambda kv: -kv[1]))
    ax.text(0.98, 0.03, said, transform=ax.transAxes, ha='right', va='bottom', fontsize=9, color='0.4')
    return low


@dataclass(frozen=True)
class Gain:
    "The best computed set against the best real images, at one size"
    data: str
    ipc: int
    random: float        # Accuracy of random images, in percent
    chosen: Way          # The best choice of real images
    computed: Way        # The best computed set
    @property
    def points(self): return self.computed.accuracy - self.chosen.accuracy
    @property
    def error(self): return math.hypot(self.computed.error, self.chosen.error)
    @property
    def verdict(self): return 'condense' if self.points > 2*self.error else 'a coreset is enough'


def gains(
    rows: list,     # Of `Measured`
    data: str,      # Name of the data set
    budget: str = 'cpu',
) -> list:          # Of `Gain`, one for each size
    "What the best computed set gains on the best real images, both without tiles"
    mine, found = rows_of('gains', rows, data, budget), []
    for n in sorted({n for n, _ in mine if n}):
        known = [w for w in ways(rows, data, n, budget) if w.settings['options'].get('factor', 1) == 1]
        best = lambda chosen: max((w for w in known if is_chosen(mine[n, w.method]) == chosen), key=lambda w: w.accuracy, default=None)
        if best(True) and best(False) and (n, 'random') in mine:
            found.append(Gain(data, n, mine[n, 'random'].mean(), best(True), best(False)))
    return found


def gains_table(gains: list) -> ResultsTable:
    "Random images, the best choice and the best computed set, and what to do"
    cell = lambda w: f'{w.accuracy:.1f} ({w.method})'
    return ResultsTable([['data', 'per class', 'random', 'best coreset', 'best computed', 'gain', '± 2 s.e.', 'so']] + [
        [g.data, str(g.ipc), f'{g.random:.1f}', cell(g.chosen), cell(g.computed), f'{g.points:+.1f}', f'{2*g.error:.1f}', g.verdict]
        for g in gains], left=1)


def draw_gains(gains: list, ax=None):
    "A bar for each size: points that the best computed set gains on the best coreset"
    ax = ax or plt.figure(figsize=(7, 3)).gca()
    data = list(dict.fromkeys(g.data for g in gains))
    at = [i + data.index(g.data) for i, g in enumerate(gains)]
    ax.bar(at, [g.points for g in gains], yerr=[2*g.error for g in gains], color='0.7', edgecolor='black', capsize=3)
    ax.axhline(0, color='black', lw=1)
    ax.set_xticks(at, [str(g.ipc) for g in gains])
    top = max(g.points + 2*g.error for g in gains)
    ax.set_ylim(min(g.points - 2*g.error for g in gains) - 1, 1.2*top)
    for d in data: ax.text(mean(x for x, g in zip(at, gains) if g.data == d), 1.1*top, d, ha='center', weight='bold')
    ax.set(xlabel='images per class', ylabel='points gained')
    return ax


def choices(rows, data, budget='cpu') -> list[dict]:
    """What `recommend` should know of a data set: for each size the rows that are worth their time, and, marked `plain`, those
    that would be if there were no tiles"""
    known = {n: ways(rows, data, n, budget) for n in sorted({n for n, _ in rows_of('choices', rows, data, budget) if n})}
    sure = [n for n, found in known.items() if not unsure(rows, data, n, budget, [w.method for w in found])]
    def able(n):     # What `condense` can be asked for
        return [w for w in known[n] if 'recipe' not in w.settings['options'] and w.settings['method'] in METHODS]
    def one(n, w, **more):
        return dict(ipc=n, seconds=float(f'{w.seconds:.2g}'), accuracy=round(w.accuracy, 1), method=w.settings['method'],
                    settings=w.settings['options'], **more)
    found = []
    for n in sure:      # where one is unsure, it may be the best
        best = stairs(able(n))
        plain = stairs([w for w in able(n) if w.settings['options'].get('factor', 1) == 1])
        found += [one(n, w) for w in best] + [one(n, w, plain=True) for w in plain if w not in best]
    return found


def dumps_choices(known) -> str:
    "Data set → shape, classes, net, speed and its ways, as JSON with a line for each way"
    def lines(ways): return '[\n' + ',\n'.join(f'   {json.dumps(w)}' for w in ways) + ']'
    def one(k): return '{' + ', '.join(f'"{name}": {lines(v) if name in ("ways", "float32") else json.dumps(v)}' for name, v in k.items()) + '}'
    return '{\n' + ',\n'.join(f' "{d}": {one(k)}' for d, k in known.items()) + '\n}\n'
