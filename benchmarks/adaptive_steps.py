"""How many passes of network training a condensed set needs: fixed, by schedule, or until the network overfits.

    OMP_NUM_THREADS=1 python benchmarks/adaptive_steps.py                       # results/adaptive_steps_digits.json
    OMP_NUM_THREADS=1 python benchmarks/adaptive_steps.py --data mnist --root FOLDER --draws 4

The three are the same method otherwise (gradient matching on two levels, by angle and length), with the same
seeds. A run is scored several times on its way, so that policies can be compared at equal accuracy as well as
at an equal number of random networks. The number of networks drawn, the network's width, the real batch and
the learning rate of the images are not the published ones (1000, 128, 256, 0.1): a full run takes days on a CPU.
Seconds are processor seconds of the run without its scoring, in one thread. A run's result is written as it
ends, and runs that are there already are not computed again.
"""
import argparse
import time
from pathlib import Path

from provenance import RESULTS, kept, provenance, write

from dataset_condensation.adaptive_steps import Fixed, Schedule, UntilOverfit
from dataset_condensation.condensation import condensing
from dataset_condensation.gradient_matching import loop_counts
from dataset_condensation.coresets import random_set
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.training import evaluate, train_recipe


def policies(ipc): return {'fixed': Fixed(loop_counts(ipc)[1]), 'schedule': Schedule(), 'until overfit': UntilOverfit()}


class Clock:
    "Processor seconds of the run, and of them the seconds in the inner loop, without the scoring"
    def __init__(self): self.total, self.inner, self.since, self.began = 0., 0., time.process_time(), None
    def pause(self): self.total += time.process_time() - self.since
    def go_on(self): self.since = time.process_time()


def watched(policy, clock):
    "`policy`, with its inner loops timed by `clock`"
    def ask(outer, done, net, held):
        if done == 0: clock.began = time.process_time()
        more = policy(outer, done, net, held)
        if not more: clock.inner += time.process_time() - clock.began
        return more
    return ask


def one_run(data, name, seed, s) -> dict:
    "Condense with one policy and one seed, scored after each of `s['checks']` networks"
    policy, scores, recipe = policies(s['ipc'])[name], [], train_recipe('dc', epochs=s['epochs'])
    clock = Clock()
    options = dict(iterations=max(s['checks']), real_batch=s['real_batch'], image_lr=s['image_lr'])
    for state in condensing(data, 'delving-md', s['ipc'], seed=seed, net=s['net'], inner=watched(policy, clock), **options):
        if state.outer + 1 < state.recipe.outer or state.iteration + 1 not in s['checks']: continue
        clock.pause()
        score = evaluate(state.set(), data, s['net'], s['nets'], recipe, seed)
        scores.append(dict(networks=state.iteration + 1, updates=state.step, passes=state.passes, seconds=clock.total,
                           inner_seconds=clock.inner, mean=score.mean, accuracies=score.accuracies))
        clock.go_on()
    return dict(policy=name, repr=repr(policy), seed=seed, scores=scores)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', default='digits')
    parser.add_argument('--root', help='folder of the data, for those that are not embedded')
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    parser.add_argument('--net', default='convnet-w32')
    parser.add_argument('--image-lr', type=float, default=3.)
    for name, n in dict(ipc=10, draws=20, real_batch=64, sets=5, nets=5, epochs=300).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=int, default=n)
    args = parser.parse_args()
    data, path = load_dataset(args.data, root=args.root), args.results/f'adaptive_steps_{args.data}.json'
    checks = sorted({max(1, args.draws >> k) for k in range(5)})
    settings = dict({k: getattr(args, k) for k in ('ipc', 'net', 'image_lr', 'real_batch', 'nets', 'epochs')}, checks=checks)
    old = kept(path, dict(settings=settings, runs=[], random=[]))
    runs, random = old['runs'], old['random']
    for seed in range(args.sets):
        if seed >= len(random):
            recipe = train_recipe('dc', epochs=args.epochs)
            random.append(evaluate(random_set(data, args.ipc, seed), data, args.net, args.nets, recipe, seed).mean)
        for name in policies(args.ipc):
            if (name, seed) in [(r['policy'], r['seed']) for r in runs]: continue
            runs.append(one_run(data, name, seed, settings))
            write(path, dict(data=args.data, method='delving-md', settings=settings, provenance=provenance(),
                             random=random, runs=runs))
            print(name, seed, {k: round(v, 1) for k, v in runs[-1]['scores'][-1].items() if k != 'accuracies'}, flush=True)


if __name__ == '__main__': main()
