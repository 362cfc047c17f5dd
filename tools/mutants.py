"""Do the tests notice wrong settings and wrong formulas? One error at a time, in a copy of the package.

    OMP_NUM_THREADS=1 python tools/mutants.py                 # all; prints the test that fails for each
    OMP_NUM_THREADS=1 python tools/mutants.py drop decay      # only those with one of these words in their name
    python tools/mutants.py --list

Each mutant replaces one text of an exported module by another. tests/test_golden.py and tests/test_published.py run on
a copy with the change, up to the first failure. It's an error if no test notices a mutant, or if its text is no longer
in the module: then update it.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = ['tests/test_golden.py', 'tests/test_published.py']

TRAIN, LOOP, GRAD, MULTI = 'training', 'condensation', 'gradient_matching', 'multi_level_matching'
ADAPT, DM, AUG, NET = 'adaptive_steps', 'distribution_matching', 'augmentation', 'networks'
RUNS, CORE = 'runs', 'coresets'

MUTANTS = {      # name: module, old text, new text
    # scoring
    'drop: learning rate halved in place of a tenth': (TRAIN, "group['lr'] /= 10", "group['lr'] /= 2"),
    'drop: a quarter of the way, not half': (TRAIN, 'drop_at: float = 0.5', 'drop_at: float = 0.25'),
    'decay: none': (TRAIN, 'weight_decay: float = 5e-4', 'weight_decay: float = 0.'),
    'decay: not passed on': (TRAIN, 'self.lr, self.momentum, decay)', 'self.lr, self.momentum)'),
    'momentum: none in scoring': (TRAIN, 'momentum: float = 0.9', 'momentum: float = 0.'),
    'momentum: forgotten at the drop': (TRAIN, "        drop_rate(opt, recipe, epoch)\n        yield",
        "        if epoch == round(recipe.epochs * recipe.drop_at): opt = torch.optim.SGD(net.parameters(), lr=recipe.lr/10, momentum=recipe.momentum, weight_decay=recipe.weight_decay)\n        yield"),
    'epochs: DSA scored for 300': (TRAIN, "'dsa': TrainRecipe(epochs=1000,", "'dsa': TrainRecipe(epochs=300,"),
    'scoring: batch norm as without': (TRAIN, "if spec.base == 'convnet' and spec.norm == 'bn': return 'dc-bn'\n", 'pass\n'),
    'scoring: MNIST as CIFAR10': (TRAIN, "'dc-mnist' if name.lower() == 'mnist' else 'dc'", "'dc'"),
    'scoring: scores on the way by DC whatever the method': (RUNS, 'recipe = recipe or recipe_for(run.method.scoring, state.data, net)', "recipe = 'dc'"),
    'scoring: scores on the way at another speed': (RUNS, 'speed=run.compute)', "speed='auto')"),
    'scoring: DM by DC': (DM, "    scoring: str = 'dsa'", "    scoring: str = 'dc'"),
    # recipes
    'start: DSA from noise': (GRAD, "init='real', augment='dsa', augment_inner=True", "augment='dsa', augment_inner=True"),
    'start: DM from noise': (DM, "dict(init='real', iterations=20_000", "dict(init='noise', iterations=20_000"),
    'net_lr 0.1 and real batch 64 for DC': (GRAD, 'net_lr=0.01, net_momentum=net_momentum, real_batch=256)', 'net_lr=0.1, net_momentum=net_momentum, real_batch=64)'),
    'net_lr: the optimiser takes another': (LOOP, 'lr=r.net_lr, momentum=r.net_momentum)', 'lr=0.1, momentum=r.net_momentum)'),
    'net momentum: none in Delving': (MULTI, 'return dc_settings(ipc, net, net_momentum=0.5)', 'return dc_settings(ipc, net)'),
    'net momentum: not passed on': (LOOP, 'lr=r.net_lr, momentum=r.net_momentum)', 'lr=r.net_lr)'),
    'real batch: the loss sees half': (LOOP, 'draw(source, some, recipe.real_batch, ', 'draw(source, some, recipe.real_batch//2, '),
    'image_lr: of an MLP as of others': (GRAD, 'image_lr = 0.01 if mlp else 0.1', 'image_lr = 0.1'),
    'image_lr: ten times': (GRAD, 'if mlp else 0.1', 'if mlp else 1.'),
    'image_lr: DM at 100 per class as below': (DM, 'image_lr = 10. if cifar10', 'image_lr = 1. if cifar10'),
    'image_lr: DM from 50 per class on': (DM, 'ipc >= 100', 'ipc >= 50'),
    'image_lr: DM on every data set': (DM, 'if cifar10 and ipc', 'if ipc'),
    'image momentum: none': (LOOP, 'r.image_lr, r.image_momentum)', 'r.image_lr)'),
    'loops: outer and inner swapped': (GRAD, 'outer, inner = loop_counts(ipc)', 'inner, outer = loop_counts(ipc)'),
    'loops: another count at 10': (GRAD, 'LOOPS = {1: 1, 10: 50,', 'LOOPS = {1: 1, 10: 5,'),
    'loops: a new network comes late': (LOOP, 'iteration, outer = divmod(state.step, r.outer)', 'iteration, outer = divmod(state.step, r.outer + 1)'),
    'loops: DM draws 2,000 networks': (DM, 'iterations=20_000', 'iterations=2_000'),
    'noise: three tenths': (CORE, 'return torch.randn(n, *data.shape, generator=', 'return 0.3 * torch.randn(n, *data.shape, generator='),
    'noise: the same image for all': (CORE, "torch.randn(n, *data.shape, generator=gen(seed, 'noise', c), dtype=torch.float32)",
        "torch.randn(1, *data.shape, generator=gen(seed, 'noise', c), dtype=torch.float32).repeat(n, 1, 1, 1)"),
    # the inner loop
    'inner: not augmented in DSA': (LOOP, 'run.augment if r.augment_inner else None', 'None'),
    'inner: DC augmented as well': (LOOP, 'run.augment if r.augment_inner else None', 'run.augment'),
    'inner: the setting is off in DSA': (GRAD, "augment='dsa', augment_inner=True", "augment='dsa'"),
    'inner: one draw for the batch': (TRAIN, 'if augment: x = augment(x, generator)', 'if augment: x = augment(x, generator, shared=True)'),
    'inner: batch norm stays frozen': (LOOP, '    net.train()     # batch norm is frozen for matching only\n', ''),
    'inner: one pass more': (LOOP, 'done, net, held):', 'done - 1, net, held):'),
    'inner: trained on tiles as they are stored': (LOOP, 'state.images.detach(), state.labels, r.factor)', 'state.images.detach(), state.labels, 1)'),
    # batch norm
    'batch norm: shown 2 images': (GRAD, 'n: int = 16,      # How many to show', 'n: int = 2,      # How many to show'),
    'batch norm: not settled': (GRAD, '-> None: settle_batch_norm(net, draw)', '-> None: pass'),
    'batch norm: settled, not frozen': (GRAD, '    freeze_batch_norm(net)\n', ''),
    'batch norm: settled in evaluation mode': (GRAD, '    net.train()\n    with torch.no_grad(): net(draw(n))', '    with torch.no_grad(): net.eval()(draw(n))'),
    # distances
    'distance: 1-D parameters included': (GRAD, 'strict=True) if p.ndim > 1])', 'strict=True)])'),
    'distance: sign': (GRAD, 'return (1 - cos).sum()', 'return (1 + cos).sum()'),
    'distance: eps a thousand times': (GRAD, 'eps: float = 1e-6,  # Keeps a row', 'eps: float = 1e-3,  # Keeps a row'),
    'distance: a mean over rows': (GRAD, 'return (1 - cos).sum()', 'return (1 - cos).mean()'),
    'distance: columns, not rows': (GRAD, 'a, b = a.flatten(1), b.flatten(1) ', 'a, b = a.flatten(1).T, b.flatten(1).T '),
    'distance: cos of rows in the whole gradient': (GRAD, 'return 1 - u @ v / (u.norm() * v.norm() + eps)', 'return 1 - u @ v / (u.norm() * u.norm() + eps)'),
    'distance: mse not squared': (GRAD, '(p - q).square().sum()', '(p - q).abs().sum()'),
    'distance: classes averaged': (GRAD, 'for a, b in zip(syn, real, strict=True))', 'for a, b in zip(syn, real, strict=True)) / len(real)'),
    'DM: sums, not means': (DM, '(a.mean(0) - b.mean(0)).square().sum()', '(a.sum(0) - b.sum(0)).square().sum()'),
    'DM: a mean over features': (DM, '(a.mean(0) - b.mean(0)).square().sum()', '(a.mean(0) - b.mean(0)).square().mean()'),
    'DM: not squared': (DM, '(a.mean(0) - b.mean(0)).square().sum()', '(a.mean(0) - b.mean(0)).norm()'),
    # Delving
    'Delving: the mean over classes without C': (MULTI, 'return len(real) * distance(mean_gradient(syn), mean_gradient(real))', 'return distance(mean_gradient(syn), mean_gradient(real))'),
    'Delving: lengths squared': (MULTI, '(a - b).flatten(1).norm(dim=1).sum()', '(a - b).flatten(1).square().sum()'),
    'Delving: the schedule one update late': (ADAPT, 'self.passes[min(outer, len(self.passes) - 1)]', 'self.passes[min(max(outer - 1, 0), len(self.passes) - 1)]'),
    'Delving: the schedule falls by 5': (ADAPT, '50 - 10*o if o < 4', '50 - 5*o if o < 4'),
    'Delving: stops a pass early': (ADAPT, 'return done == 0 or self._last <= last', 'return done == 0 or self._last < last'),
    'Delving: 64 held images': (ADAPT, 'n: int = 256       # Held images', 'n: int = 64       # Held images'),
    'Delving: the term of the mean is off in MD': (MULTI, "DELVING_MD = MultiLevelMatching(name=", "DELVING_MD = MultiLevelMatching(level=Both(0.5), name="),
    # augmentation
    'augmentation: not shared': (AUG, 'return draw(real), draw(syn)', 'return draw(real), step.augment.draw(1, step.rng("augment", c, 1), syn.shape, shared=True)(syn)'),
    'augmentation: none in matching': (AUG, 'if step.augment is None: return real, syn', 'return real, syn'),
    'augmentation: brightness from the channel mean': (AUG, 'return (x - gray)*s + gray', 'return x*s'),
    'augmentation: contrast of each channel': (AUG, 'tone = x.mean((1, 2, 3), keepdim=True)', 'tone = x.mean((2, 3), keepdim=True)'),
    'augmentation: turned the other way': (AUG, 'cos*rows + sin*cols, cos*cols - sin*rows', 'cos*rows - sin*cols, cos*cols + sin*rows'),
    'augmentation: scaled by the inverse': (AUG, 'rows/tall, cols/wide', 'rows*tall, cols*wide'),
    'augmentation: rows and columns of the crop swapped': (AUG, "down, right = _columns('crop'", "right, down = _columns('crop'"),
    'augmentation: 30 degrees': (AUG, 'rotate: float = 15. ', 'rotate: float = 30. '),
    'augmentation: digits are mirrored': (AUG, "Augment('color_crop_cutout_scale_rotate')", "Augment('color_crop_cutout_scale_rotate_flip')"),
    'augmentation: noise ten times': (AUG, 'NOISE = 0.001', 'NOISE = 0.01'),
    # networks
    'network: padding 1 on gray images': (NET, 'def _extra_padding(shape: tuple) -> int:', 'def _extra_padding(shape: tuple) -> int:\n    return 0'),
}


def source(module): return ROOT/'dataset_condensation'/f'{module}.py'


def stale():
    "Mutants whose text is not exactly once in its module"
    return [name for name, (module, old, _) in MUTANTS.items() if source(module).read_text(encoding='utf-8').count(old) != 1]


def killed_by(name) -> str:
    "The first test that fails on a copy with the mutant; empty if none does"
    module, old, new = MUTANTS[name]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        shutil.copytree(ROOT/'dataset_condensation', folder/'dataset_condensation', ignore=shutil.ignore_patterns('__pycache__'))
        (folder/'tests').mkdir()
        shutil.copytree(ROOT/'tests'/'golden', folder/'tests'/'golden')
        for t in TESTS: shutil.copy(ROOT/t, folder/t)
        file = folder/source(module).relative_to(ROOT)
        file.write_text(file.read_text(encoding='utf-8').replace(old, new), encoding='utf-8')
        env = dict(os.environ, PYTHONPATH=str(folder), PYTHONDONTWRITEBYTECODE='1')
        done = subprocess.run([sys.executable, '-m', 'pytest', '-x', '-q', '--tb=line', '-p', 'no:cacheprovider', *TESTS], cwd=folder,
                              env=env, capture_output=True, text=True)
        if done.returncode == 0: return ''
        found = re.search(r'^(?:FAILED|ERROR) tests/(\S+)', done.stdout, re.M)
        return found[1] if found else ' '.join(done.stdout.split())[-200:]


def main(argv=None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('words', nargs='*', help='only mutants with one of these in their name')
    p.add_argument('--list', action='store_true', help='print the mutants and stop')
    args = p.parse_args(argv)
    names = [n for n in MUTANTS if not args.words or any(w in n for w in args.words)]
    if args.list: print('\n'.join(names)); return 0
    if found := stale(): raise SystemExit(f'mutants: not in the code any more, or more than once: {"; ".join(found)}')
    alive, start = [], time.time()
    for n in names:
        test = killed_by(n)
        print(f'{n}: {test or "SURVIVES"}', flush=True)
        if not test: alive.append(n)
    print(f'{len(names) - len(alive)} of {len(names)} are noticed, {time.time() - start:.0f} s')
    return 1 if alive else 0


if __name__ == '__main__': sys.exit(main())
