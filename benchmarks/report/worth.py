"What a second buys: accuracy against the seconds that making a set takes, and the ways that are worth theirs"
import json
import math
from dataclasses import dataclass, field
from statistics import mean

import matplotlib.pyplot as plt

from dataset_condensation.plots import STYLES, method_style

from .rows import rows_of, taken


@dataclass(frozen=True)
class Way:
    "A way to make a set, and what came of it"
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


def ways(
    rows: list,     # Of `Measured`
    data: str,      # Name of the data set
    ipc: int,       # Images per class
    budget: str = 'cpu',
) -> list:          # Of `Way`
    "What `stairs` needs to know of each row; fewer than three sets are as far apart as is usual for such rows"
    here = [m for (n, _), m in rows_of('ways', rows, data, budget).items() if n == ipc and not m.same_as]
    chosen = lambda m: m.row['recipe'] is None    # chosen images differ more from set to set than computed ones
    usual = {}
    for kind in (True, False):
        known = [m.between_sets()**2 for m in here if chosen(m) == kind and len(m.means()) > 1]
        if known: usual[kind] = mean(known)**.5
    def spread(m):      # two sets may agree by chance
        return m.between_sets() if len(m.means()) > 2 else max(usual[chosen(m)], m.between_sets() or 0)
    return [Way(m.label, mean(taken(m, 'seconds').values()), m.mean(), spread(m) / math.sqrt(len(m.means())),
                dict(method=m.row['method'], options=m.row.get('options', {}))) for m in here if chosen(m) in usual]


_MARKERS = dict(m='v', md='X', tiles='s', strata='<', centroids='P', moments='*', quick='>')


def _look(label):
    "A method as everywhere; a variant, 'dm-tiles', in the colour of its method, hollow"
    method, _, variant = label.partition('-')
    if label in STYLES or method not in STYLES: return dict(method_style(label), linestyle='none')
    return dict(color=STYLES[method][0], marker=_MARKERS.get(variant, 'd'), markerfacecolor='white', linestyle='none')


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
    "Draw accuracy against seconds, faint where the spread is unknown, and the staircase of what is worth its time"
    ax, found = ax or plt.figure(figsize=(5, 3.5)).gca(), ways(rows, data, ipc, budget)
    for w in found:
        ax.errorbar(max(w.seconds, least), w.accuracy, 2*w.error, capsize=2, label=w.method, **_look(w.method))
    for m in (single := unsure(rows, data, ipc, budget, [w.method for w in found])):
        at = max(mean(taken(m, 'seconds').values()), least)
        ax.errorbar(at, m.mean(), alpha=0.45, label=m.label, **_look(m.label))
    best = stairs(found)
    if best:
        end = max(w.seconds for w in found) * 2
        x, y = [max(w.seconds, least) for w in best], [w.accuracy for w in best]
        ax.step([*x, max(end, 2*least)], [*y, y[-1]], where='post', color='0.8', zorder=0)
    if not found and not single: ax.text(0.5, 0.5, 'not measured here', ha='center', transform=ax.transAxes)
    ax.set(xscale='log', title=f'{data}, {ipc} per class', xlabel='seconds to make a set', ylabel='accuracy %')
    return ax


def choices(rows, data) -> list[dict]:
    "What `recommend` should know of a data set: for each size the rows that are worth their time"
    known = {n: ways(rows, data, n) for n in sorted({n for n, _ in rows_of('choices', rows, data, 'cpu') if n})}
    sure = [n for n, found in known.items() if not unsure(rows, data, n, 'cpu', [w.method for w in found])]
    able = lambda n: [w for w in known[n] if 'recipe' not in w.settings['options']]   # `condense` could not ask for it
    return [dict(ipc=n, seconds=float(f'{w.seconds:.2g}'), accuracy=round(w.accuracy, 1), method=w.settings['method'],
                 settings=w.settings['options'])
            for n in sure for w in stairs(able(n))]     # where one is unsure, it may be the best


def dumps_choices(known) -> str:
    "Data set → shape, classes, net, speed and its ways, as JSON with a line for each way"
    def one(k): return ',\n'.join(f'   {json.dumps(w)}' for w in k['ways'])
    def head(k): return json.dumps({name: v for name, v in k.items() if name != 'ways'})[:-1]
    return '{\n' + ',\n'.join(f' "{d}": {head(k)}, "ways": [\n{one(k)}]}}' for d, k in known.items()) + '\n}\n'
