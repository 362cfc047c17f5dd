"""Architecture search: 720 ConvNets ranked by what small sets teach them, and by what everything does.

    python benchmarks/search.py digits --processes 2                    # results/search_digits.json, the whole grid
    python benchmarks/search.py digits --networks 40                    # a stratified sample of it
    python benchmarks/search.py mnist --root FOLDER --processes 2       # 72 networks; FOLDER/MNIST/raw holds MNIST

The published protocol, a hundred passes over fifty thousand images for each network, takes six days of a GPU. What was
done instead stands in SETTINGS below and in the result: fewer passes, and of MNIST a part of the images at 16 × 16
pixels. Every training is written as it ends to runs/search_DATA, where the sets are kept too; a run that was stopped
goes on with the same command, and one with more networks or other proxies trains only what is not there yet.
"""
import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch
from provenance import RESULTS, ROOT, provenance

from dataset_condensation.all import from_tensors, load_dataset
from dataset_condensation.architecture_search import CONVNETS, SearchResult, grid, searching, stratified
from dataset_condensation.training import TrainRecipe

# Short runs: fifteen random networks (each asked ten times) in place of a thousand, with larger steps of the images
OPTIONS = {name: dict(iterations=15, image_lr=3., real_batch=64) for name in ('dc', 'dsa', 'delving')}
OPTIONS |= dict(dm=dict(iterations=300, image_lr=10., real_batch=64))
SETTINGS = dict(
    digits=dict(ipc=10, net='convnet-w64', recipe=TrainRecipe(15, batch=20), whole=TrainRecipe(5, batch=32, drop_at=0.8)),
    mnist=dict(ipc=10, net='convnet-w64', recipe=TrainRecipe(15, batch=20), whole=TrainRecipe(1, batch=32, drop_at=0.8)))
PROXIES = ['random', 'dc', 'dm', 'early', 'whole']
NETWORKS = dict(digits=720, mnist=72)


def part(data, train, test):
    "The first so many images of each class"
    def pick(images, n):
        idx = torch.cat([torch.tensor(images.places(c)[:n]) for c in range(images.n_classes)])
        return images.images[idx], images.labels[idx]
    return from_tensors(*pick(data.train, train), *pick(data.test, test), data.classes, (data.mean, data.std), data.name)


def load(args):
    "The images, fewer and smaller where that was asked for"
    if args.data == 'digits': return load_dataset('digits')
    data = load_dataset('mnist', root=args.root, size=args.size, progress=False)
    return part(data, args.train, args.test) if args.train < 6000 or args.test < 800 else data


def save(result, order, args, sessions):
    "Write what there is, the networks in the order of the grid, with where it comes from"
    settings = {k: v if isinstance(v, (int, str)) else vars(v) for k, v in SETTINGS[args.data].items()}
    about = result.about | dict(settings=settings, options={k: v for k, v in OPTIONS.items() if k in result.columns},
                                left=result.left, provenance=sessions)
    if args.data == 'mnist': about |= dict(size=args.size, train_per_class=args.train, test_per_class=args.test)
    names = {p: [n for n in order if n in runs] for p, runs in result.runs.items()}
    runs = {p: {n: result.runs[p][n] for n in names[p]} for p in result.runs}
    replace(result, space=[n for n in order if n in result.space], runs=runs, about=about).save(args.path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', choices=sorted(SETTINGS))
    parser.add_argument('--networks', type=int, help='a stratified sample of so many (default: 720 for the digits, 72 for MNIST)')
    parser.add_argument('--proxies', nargs='+', default=PROXIES, metavar='NAME', help='columns (default: %(default)s)')
    parser.add_argument('--processes', type=int, default=1)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--root', help='folder with MNIST/raw')
    parser.add_argument('--size', type=int, default=16, help='side of MNIST images (default: 16)')
    parser.add_argument('--train', type=int, default=1000, help='training images of each class of MNIST (default: 1000)')
    parser.add_argument('--test', type=int, default=200, help='test images of each class of MNIST (default: 200)')
    parser.add_argument('--runs', type=Path, default=ROOT/'runs', help='where single results are kept')
    parser.add_argument('--results', type=Path, default=RESULTS, help='where to write')
    args = parser.parse_args()
    if args.data == 'mnist' and not args.root: parser.error('mnist needs --root')
    args.path = args.results/f'search_{args.data}.json'
    order, data = grid(**CONVNETS), load(args)
    space = stratified(order, args.networks or NETWORKS[args.data])
    options = {k: v for k, v in OPTIONS.items() if k in args.proxies}
    sessions = SearchResult.load(args.path).about.get('provenance', []) if args.path.exists() else []
    sessions = sessions + [dict(provenance(), processes=args.processes)]
    start = saved = time.time()
    for result in searching(data, args.proxies, space, options=options, folder=args.runs/f'search_{args.data}',
                            processes=args.processes, device=args.device, progress=True, **SETTINGS[args.data]):
        if result.left and time.time() < saved + 60: continue
        saved = time.time()
        save(result, order, args, sessions)
        print(f'{saved - start:.0f} s, {result.left} trainings left', flush=True)
    print(result)


if __name__ == '__main__': main()
