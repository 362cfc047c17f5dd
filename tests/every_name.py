"""A user's script that touches every name of the façade and some of single chapters: a type checker reads it, nothing runs it"""
from pathlib import Path

import torch
from torch import Tensor, nn

import dataset_condensation as dc
from dataset_condensation.adaptive_steps import Schedule, UntilOverfit
from dataset_condensation.beyond import Moments, snapshots
from dataset_condensation.bytes import within
from dataset_condensation.continual_learning import only_classes
from dataset_condensation.data import ImageSet
from dataset_condensation.frozen_backbones import Frozen, LinearMatching
from dataset_condensation.growing_sets import nested
from dataset_condensation.image_folders import dataset_names
from dataset_condensation.names import get_method
from dataset_condensation.networks import net_names
from dataset_condensation.report import write_report
from dataset_condensation.runs import running, save_checkpoint
from dataset_condensation.scoring import ScoreCard
from dataset_condensation.teacher_labels import compare_labels
from dataset_condensation.training import predict

# Data
names: list[str] = dataset_names()
data: dc.ImageData = dc.load_dataset('digits', size=(16, 16), test_fraction=0.3)
x, y = torch.zeros(20, 1, 8, 8, dtype=torch.uint8), torch.arange(20) % 2
own = dc.from_tensors(x, y, x, y, classes=['cat', 'dog'], name='pets')
both = dc.from_datasets(data.train, data.test)
held: ImageSet = data.holdout(0.1, seed=1).test
batch: Tensor = data.draw(0, 5, dc.gen(0, 'mine'))
axes = dc.show_images(data.denormalize(batch), titles=names)

# Networks and training
net: nn.Module = dc.make_net(net_names()[0], data, generator=dc.gen(0, 'net'))
recipe: dc.TrainRecipe = dc.train_recipe('dc', epochs=10)
losses: Tensor = dc.train(net, data, recipe)
share: float = dc.accuracy(net, data.test) + dc.accuracy(net, held)
found: Tensor = predict(net, data.test)
changed: Tensor = dc.make_augment('crop_rotate')(batch, dc.gen(0, 'augment'))

# Condensing
published: dc.Recipe = dc.paper('dsa', ipc=10, data='cifar10', iterations=5)
updates: int = published.updates
syn: dc.SyntheticSet = dc.condense(data, 'dc', ipc=1, recipe=published, checkpoint=Path('run'), device='cpu')
by_two = dc.condense(data, dc.GradientMatching(distance='mse'), ipc=[1] * 10, image_lr=0.5)
others: list[dc.Method] = [dc.MultiLevelMatching(), dc.DistributionMatching(of=Moments()),
                           dc.ExpertMatching(weight=1., networks=snapshots(data, 1, 'convnet-w16')),
                           dc.CustomMatching(name='mine', loss=lambda net, real, syn, step: (real.x.mean() - syn.x.mean())**2)]
others.append(LinearMatching(copies=2))
share += dc.probe(syn, Frozen(net), data)
dc.register(others[-1])
same: dc.Method = get_method('dm')
for state in dc.condensing(data, same, ipc=2, inner=Schedule(), speed=dc.Speed()):
    print(state.step, state.loss, state.set().pixels.shape)
for state in running(data, 'dc', inner=UntilOverfit(), iterations=3): save_checkpoint(state, 'run')
chosen: dc.SyntheticSet = dc.random_set(data, ipc=2)

# A small set
again = dc.SyntheticSet.load(syn.save('syn.safetensors'))
first: dc.SyntheticSet = again[:10].to('cpu')
sizes: list[int] = first.ipc
joined = dc.SyntheticSet.join([first, chosen])
joined.show()
wider: dc.SyntheticSet = dc.add_classes(first, data, 'dm', ipc=1)
fewer: dc.ImageData = only_classes(data, ['0', '1'])
several: list[dc.SyntheticSet] = dc.condense_seeds(data, 'dm', seeds=(0, 1)) + dc.condense_sizes(data, (1, 2))
nests: dc.Method = nested('dm', (1, 2))
row: Tensor = dc.soft_labels(first.first(1), net, temperature=4.).labels[0]
pixels: Tensor = joined.denormalize(joined.images)

# What it's worth
score = dc.evaluate(syn, data, nets=3, recipe=recipe)
print(f'{score.mean:.1f} ± {score.std:.1f}', score.accuracies)
table = dc.compare(data, {'random': 'random', 'mine': syn}, nets=2)
print(table)
print(dc.cross_architecture(data, ['dm'], nets_to=['mlp']), dc.ablate(data, 'dm', dict(init=['noise', 'real'])))
print(dc.continual(data, ['random', 'dm'], steps=5), dc.search(data, ['random', 'dm'], top=3))
print(dc.recommend(data, ipc=10).method)
print(compare_labels(data, dict(mine=syn), net, temperature=2., nets=2))
card: ScoreCard = dc.score(syn, data, ['mlp'], nets=2, recipe=recipe)
print(card.line(), card.save('card.json'))
plan = within(data, '10kB')
small = dc.SyntheticSet.load(syn.save('small.png', budget=plan.budget))
print(plan.ipc, plan.bits, small.ipc, dc.published(), dc.published_card('digits-dm-ipc1'))
upload: Path = dc.publish(dc.load_published('digits-dm-ipc1'), 'ten-digits', license='mit', card=card)
live = dc.LiveRun(dc.condensing(data, 'dm', ipc=1), evaluate_every=10)
page: Path = write_report('runs/digits-dc-ipc1')
