"""What lies beyond the papers: images in tiles, representative real batches, second moments, trained networks, experts.

    python benchmarks/beyond.py digits-1 digits-10 digits-sampling            # minutes
    python benchmarks/beyond.py --root DATA mnist-1 mnist-10                  # an hour or more on two cores
    python benchmarks/beyond.py --root DATA --cifar10 FOLDER cifar10-1
    OMP_NUM_THREADS=1 python benchmarks/beyond.py --cifar10 FOLDER experts-1 experts-10       # one ingredient at a time
    python benchmarks/beyond.py --table                                       # what is there

Every row makes sets of the same storage and scores them by ConvNets under the same recipes: 300 epochs without augmentation
('dc'), and as many epochs with DSA's augmentation ('dsa'). A row with `seconds='most'` is the plain method: it goes on until it has
had at least the seconds of the slowest row above it, for the same seed, on the same machine, so it never has less time. A row with
`seconds=N` makes as many updates as fit into N seconds with all that comes before them, by the pace of its first ones. A set's
result is written as it ends, to results/beyond_CASE.json; sets that are there are not made again, and a run may be killed
at any time. Seconds are those that processors worked at making the set with all that takes (clustering, training networks), not
at scoring. In files of before November 29, 2026 they are by the clock.
"""
import argparse
import json
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from typing import Any

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.all import (condensing, DistributionMatching, evaluate, first_images, get_method, load_dataset,
                                      train_recipe)
from dataset_condensation.all import trained_networks
from dataset_condensation.beyond import EXPERTS, ExpertMatching, FrequencyDistance, KernelDistance, Moments, snapshots
from dataset_condensation.distribution_matching import one_of
from dataset_condensation.gradient_matching import GradientMatching
from dataset_condensation.training import get_compute

MOST = dict(seconds='most', iterations=10**6)
TILES = dict(factor=2, init='centroids')


def rows(updates, image_lr, tiled_lr, real_batch, net, **more) -> dict:
    "name: settings of a row; those that ask for the most seconds stand last"
    base = dict(net=net, real_batch=real_batch, iterations=updates, image_lr=image_lr, **more)
    tiled = dict(base, image_lr=tiled_lr)
    return {
        'real images': dict(base, init='real', iterations=0),
        'real images in tiles': dict(base, init='real', factor=2, iterations=0),
        'centroids': dict(base, init='centroids', iterations=0),
        'centroids in tiles': dict(base, **TILES, iterations=0),
        'dm, tiles from real images': dict(tiled, factor=2, init='real'),
        'dm, tiles': dict(tiled, **TILES),
        'dm, tiles, strata': dict(tiled, **TILES, sampling='strata'),
        'dm, tiles, batches of centroids': dict(tiled, **TILES, sampling='centroids'),
        'dm, strata': dict(base, init='centroids', sampling='strata'),
        'dm, batches of centroids': dict(base, init='centroids', sampling='centroids'),
        'dm, moments': dict(base, init='centroids', method='moments'),
        'dm, trained networks': dict(base, init='centroids', method='trained'),
        'dm': dict(base, init='centroids', **MOST),
        'dm from real images': dict(base, init='real', **MOST)}


def ingredients(seconds, net, factor, experts, lr, **more) -> dict:
    """From random images to all parts of `ExpertMatching`, one at a time; all rows but the first ones have the same seconds. `lr`
    for (without tiles, with them) of DM, of DM in experts, and of the same with the cross-entropy, which has large gradients"""
    base = dict(net=net, init='real', seconds=seconds, speed='bfloat16-all', factor=1, schedule=None, **more)
    given, cosine, tiles = dict(net=net, init='real', iterations=0), dict(schedule='cosine'), dict(factor=factor)
    def row(kind, tiled=False, **own):
        return base | (tiles if tiled else {}) | dict(image_lr=lr[kind][tiled]) | own
    expert = dict(method='experts', experts=experts)
    every = row('cross-entropy', True, **expert, **cosine)
    return {
        'random': given,
        'random in tiles': given | tiles,
        'herding': dict(given, method='herding'),
        'herding in tiles': dict(given, method='herding') | tiles,
        'dm': row('dm'),
        'dm, cosine': row('dm', **cosine),
        'dm, tiles': row('dm', True),
        'dm, experts': row('experts', **expert, weight=0.),
        'dm, experts, cross-entropy': row('cross-entropy', **expert),
        'dm, tiles, experts': row('experts', True, **expert, weight=0.),
        'dm, tiles, experts, cross-entropy': row('cross-entropy', True, **expert),
        'all': every,
        'all, kernels': dict(every, distance='kernels'),
        'all, frequencies': dict(every, distance='frequencies'),
        'cross-entropy alone': dict(every, distance='none')}


def gradients(seconds, net, factor, experts, lr, **more) -> dict:
    "Gradient matching in tiles and in networks trained on the real images, as IDC does; `lr` for each row"
    base = dict(net=net, init='real', seconds=seconds, method='gradients', augment='dsa', outer=1, inner=0, schedule='cosine', **more)
    rows = {'dsa': {}, 'dsa, tiles': dict(factor=factor), 'dsa, experts': dict(experts=experts),
            'dsa, tiles, experts': dict(factor=factor, experts=experts),
            'dsa, tiles, experts, squares': dict(factor=factor, experts=experts, distance='mse')}
    return {k: base | row | dict(image_lr=lr[k]) for k, row in rows.items()}


def some(names, table) -> dict:
    return {k: v for k, v in table.items() if k in names}


FOUR = ('centroids', 'centroids in tiles', 'dm, tiles', 'dm')
LR = {1: {'dm': (3., 20.), 'experts': (0.5, 3.), 'cross-entropy': (0.25, 1.5)},      # images per class → …
      10: {'dm': (10., 60.), 'experts': (5., 30.), 'cross-entropy': (2.5, 15.)}}
GRADIENT_LR = {'dsa': 0.1, 'dsa, tiles': 0.3, 'dsa, experts': 0.1, 'dsa, tiles, experts': 0.3, 'dsa, tiles, experts, squares': 1.}
CASES = {   # name: data, ipc, sets, networks for each set and recipe, network that scores, epochs, rows
    'digits-1': dict(data='digits', ipc=1, sets=5, nets=dict(dc=5, dsa=3), net='convnet-w64', epochs=300,
                     rows=rows(300, 1., 3., 64, 'convnet-w64')),
    'digits-10': dict(data='digits', ipc=10, sets=5, nets=dict(dc=3), net='convnet-w64', epochs=300,
                      rows=rows(300, 10., 10., 64, 'convnet-w64')),
    'mnist-1': dict(data='mnist', ipc=1, sets=3, nets=dict(dc=2, dsa=1), net='convnet', epochs=300,
                    rows=some((*FOUR, 'dm, tiles from real images', 'dm, strata'), rows(300, 3., 3., 32, 'convnet-w64', speed='bfloat16'))),
    'mnist-10': dict(data='mnist', ipc=10, sets=1, nets=dict(dc=2), net='convnet', epochs=300,
                     rows=some(FOUR, rows(200, 30., 30., 32, 'convnet-w64', speed='bfloat16'))),
    'cifar10-1': dict(data='cifar10', ipc=1, sets=1, nets=dict(dc=2, dsa=1), net='convnet', epochs=300,
                      rows=some(FOUR, rows(100, 3., 3., 32, 'convnet-w64', speed='bfloat16'))),
    'experts-1': dict(data='cifar10', ipc=1, sets=3, nets=dict(dsa=1), net='convnet-w64', epochs=300,
                      rows=ingredients(180, 'convnet-w64', 3, 1, LR[1], real_batch=32)),
    'experts-10': dict(data='cifar10', ipc=10, sets=3, nets=dict(dsa=1), net='convnet-w64', epochs=300,
                       rows=ingredients(300, 'convnet-w64', 3, 2, LR[10], real_batch=32)),
    'gradients-1': dict(data='cifar10', ipc=1, sets=3, nets=dict(dsa=1), net='convnet-w64', epochs=300,
                        rows=gradients(180, 'convnet-w64', 3, 1, GRADIENT_LR, speed='bfloat16', real_batch=32))}


DISTANCES = dict(kernels=KernelDistance(), frequencies=FrequencyDistance(), none=lambda a, b, generator: 0 * b.sum())


@dataclass(frozen=True)
class GradientsIn(GradientMatching):
    "Gradients matched in one of these networks, drawn for each update"
    networks: Any = ()

    def match(self, net, real, syn, step):
        return super().match(one_of(self.networks, step, syn.x.device), real, syn, step)


@lru_cache(1)
def experts_of(data, n, net, seed):
    "Snapshots that all rows of a seed share, and the seconds they took, which are counted in each"
    start, compute = process_time(), get_compute('bfloat16-training', data, net=net)
    nets = snapshots(data, n, net, EXPERTS.training, seed, compute=compute, progress=False)
    return nets, process_time() - start


def method_of(row, data, seed):
    "The method of a row, and the seconds of what was trained for it"
    if row.get('method') == 'experts':
        more = dict(distance=DISTANCES[row['distance']]) if 'distance' in row else {}
        nets, took = experts_of(data, row['experts'], row['net'], seed)
        return ExpertMatching(weight=row.get('weight', EXPERTS.weight), networks=nets, **more), took
    if row.get('method') == 'gradients':
        distance = row.get('distance', 'angle')
        if not row.get('experts'): return GradientMatching(distance=distance), 0.
        nets, took = experts_of(data, row['experts'], row['net'], seed)
        return GradientsIn(distance=distance, networks=[deepcopy(n).requires_grad_() for n in nets]), took
    start, method = process_time(), 'dm'
    if row.get('method') == 'moments': method = DistributionMatching(of=Moments(), name='dm-moments')
    if row.get('method') == 'trained':
        method = DistributionMatching(networks=trained_networks(data, 80, 5, row['net'], seed=seed), name='dm-trained')
    return method, process_time() - start


def settings_of(row):
    "Fields of the recipe; what a row doesn't name is its method's"
    return {k: v for k, v in row.items() if k not in ('seconds', 'method', 'experts', 'weight', 'distance')}


def make(data, ipc, row, seed, least):
    "A set, the seconds it took and its updates"
    row, start = dict(row), process_time()
    if row.get('method') == 'herding':
        how = dict(recipe=train_recipe('whole', epochs=2, batch=64), factor=row.get('factor', 1))
        small = get_method('herding').make(data, ipc, seed, row['net'], progress=False, **how)
        return small, process_time() - start, 0
    if row.get('iterations') == 0:
        small = first_images(data, ipc, row['init'], seed, row.get('factor', 1))
        return small, process_time() - start, 0
    settings = settings_of(row)
    (method, before), within = method_of(row, data, seed), row.get('seconds')
    start = process_time() - before
    if isinstance(within, (int, float)): settings['iterations'] = fitting(data, method, ipc, settings, start + within)
    for state in condensing(data, method, ipc, seed=seed, **settings):
        if within == 'most' and process_time() - start >= least: break
    return state.set(), process_time() - start, state.step


def fitting(data, method, ipc, settings, end) -> int:
    "Updates that can be made until `end`, by the pace of a few"
    run, times = condensing(data, method, ipc, **settings), []
    for _ in zip(range(7), run): times.append(process_time())
    return max(1, int((end - times[-1]) / (times[-1] - times[1]) * (len(times) - 2)))


def one_set(data, case, row, seed, least) -> dict:
    "Make a set, score it, and all that was measured"
    small, seconds, updates = make(data, case['ipc'], row, seed, least)
    speed = row.get('speed') and 'float32'      # scores are in float32, by hand where the sets were
    scores = {}
    for name, nets in case['nets'].items():
        recipe = train_recipe('dc', epochs=case['epochs'], augment='dsa' if name == 'dsa' else 'none')
        r = evaluate(small, data, case['net'], nets, recipe, seed=seed, speed=speed or 'plain')
        scores[name] = dict(accuracies=r.accuracies, seconds=r.seconds)
    return dict(seed=seed, seconds=seconds, updates=updates, scores=scores, provenance=provenance())


def run(name, case, data, path, sets):
    "The sets of a case that are not there yet, seed by seed"
    about = {k: v for k, v in case.items() if k not in ('rows', 'sets')}
    done = kept(path, dict(settings=dict(about, rows=case['rows']), rows={}))
    for seed in range(sets or case['sets']):
        for k, row in case['rows'].items():
            have = done['rows'].setdefault(k, [])
            if seed in [s['seed'] for s in have]: continue
            spent = [s['seconds'] for own in done['rows'].values() for s in own if s['seed'] == seed]
            least = max(spent) if row.get('seconds') == 'most' and spent else 0.
            have.append(one_set(data, case, row, seed, least))
            write(path, done)
            s = have[-1]
            print(f'{name} {k} {seed}: {s["seconds"]:.1f} s, {s["updates"]} updates,',
                  *(f'{r} {mean(v["accuracies"]):.1f}' for r, v in s['scores'].items()), flush=True)


# ---- How many updates: the same accuracy with fewer, from better real batches

SAMPLING = dict(data='digits', ipc=1, sets=5, nets=3, net='convnet-w64', epochs=300, at=[5, 10, 20, 40, 80], method='dm-plain',
                settings=dict(init='noise', image_lr=3., net='convnet-w64'), batches=[4, 16, 64],
                samplings=['random', 'strata', 'centroids'])


def run_sampling(path, sets):
    "Accuracy after so many updates, for each way to draw real images"
    data, case = load_dataset('digits'), SAMPLING
    done = kept(path, dict(settings={k: v for k, v in case.items() if k != 'sets'}, rows={}))
    recipe = train_recipe('dc', epochs=case['epochs'])
    for seed in range(sets or case['sets']):
        for n in case['batches']:
            for sampling in case['samplings']:
                have, found = done['rows'].setdefault(f'{sampling} {n}', []), {}
                if seed in [s['seed'] for s in have]: continue
                start, spent = process_time(), 0.
                for state in condensing(data, case['method'], case['ipc'], seed=seed, iterations=case['at'][-1], real_batch=n,
                                        sampling=sampling, **case['settings']):
                    if state.step not in case['at']: continue
                    seconds, pause = process_time() - start - spent, process_time()
                    r = evaluate(state.set(), data, case['net'], case['nets'], recipe, seed=seed)
                    found[state.step] = dict(seconds=seconds, accuracies=r.accuracies)
                    spent += process_time() - pause
                have.append(dict(seed=seed, at=found, provenance=provenance()))
                write(path, done)
                print(f'{sampling} {n} {seed}:', *(f'{k}: {mean(v["accuracies"]):.1f}' for k, v in found.items()), flush=True)


def table(path) -> str:
    "A result in lines"
    done, lines = json.loads(path.read_text()), [path.stem]
    for name, sets in done['rows'].items():
        if 'at' in (sets or [{}])[0]:
            steps = list(sets[0]['at'])
            lines.append(f'{name:34}' + '  '.join(f'{k}: {mean(mean(s["at"][k]["accuracies"]) for s in sets):.1f}' for k in steps))
        elif sets:
            text = f'{name:34}{mean(s["seconds"] for s in sets):8.1f} s {mean(s["updates"] for s in sets):7.0f} updates'
            for r in sets[0]['scores']:
                means = [mean(s['scores'][r]['accuracies']) for s in sets]
                text += f'   {r} {mean(means):.1f}' + (f' ± {stdev(means):.1f}' if len(means) > 1 else '')
            lines.append(f'{text} ({len(sets)} sets)')
    return '\n'.join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('cases', nargs='*', help=f'{", ".join(CASES)}, digits-sampling')
    p.add_argument('--root', help='where MNIST is')
    p.add_argument('--cifar10', help='folder with train/CLASS/ and test/CLASS/')
    p.add_argument('--sets', type=int, help='sets of each row, in place of those declared')
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--table', action='store_true')
    args = p.parse_args()
    for name in [] if args.table else args.cases:
        path = args.results/f'beyond_{name.replace("-", "_")}.json'
        if name == 'digits-sampling': run_sampling(path, args.sets)
        else:
            case = CASES[name]
            source = args.cifar10 if case['data'] == 'cifar10' else case['data']
            run(name, case, load_dataset(source, root=args.root, progress=False), path, args.sets)
    for path in sorted(args.results.glob('beyond_*.json')): print(table(path), end='\n\n')


if __name__ == '__main__': main()
