"What strangers bring: networks, optimisers, Datasets and numbers of other libraries"
import copy
import json
from functools import partial

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from dataset_condensation.all import (Comparison, CrossTable, DistributionMatching, ExpertMatching, Recipe, TrainRecipe, accuracy,
                                      compare, condense, cross_architecture, embed_all, evaluate, from_tensors, gen, get_method, load_dataset, make_net, predict, random_set, train, train_recipe)
from dataset_condensation.condensation import CustomMatching
from dataset_condensation.names import METHODS, register
from dataset_condensation.networks import Net, class_scores, embed, parse_net

BRIEF = train_recipe('dc', epochs=3)
X = torch.randint(256, (12, 3, 32, 32), generator=gen(0)).byte()


@pytest.fixture(scope='module')
def digits(): return load_dataset('digits', progress=False)


@pytest.fixture(scope='module')
def photos(): return from_tensors(X, torch.arange(12) % 2, X, torch.arange(12) % 2)


class Small(nn.Module):
    "No `embed`, scores in an object, and a layer called `embed` that is something else"
    def __init__(self, n_classes=10, shape=(1, 8, 8)):
        super().__init__()
        self.embed, self.act = nn.Conv2d(shape[0], 4, 3, stride=2), nn.ReLU()
        self.head = nn.Linear(4 * 3 * 3, n_classes)

    def forward(self, x):
        scores = self.head(self.act(self.embed(x)).flatten(1))
        return type('Output', (), dict(logits=scores))()


def weights(net): return {k: v.clone() for k, v in net.state_dict().items()}
def equal(a, b): return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def vit(): return torchvision.models.VisionTransformer(image_size=32, patch_size=8, num_layers=1, num_heads=2, hidden_dim=16,
                                                       mlp_dim=16, num_classes=2)


@pytest.mark.parametrize('make, features', [(torchvision.models.resnet18, 512), (vit, 16)])
def test_networks_of_torchvision(photos, make, features):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    a, b, other = (make_net(make, photos, generator=gen(k)) for k in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before), 'the global generator moved'
    assert equal(weights(a), weights(b)) and not equal(weights(a), weights(other))
    z = embed(a.eval(), photos.train.take([0, 1, 2])[0])
    assert z.shape == (3, features) and not any(m._forward_pre_hooks for m in a.modules())
    last = [m for m in a.modules() if isinstance(m, nn.Linear)][-1]
    assert torch.allclose(last(z), class_scores(a, photos.train.take([0, 1, 2])[0]), atol=1e-5)
    found = evaluate(random_set(photos, 1), photos, make, 1, train_recipe('dc', epochs=1))
    assert found.net == make.__name__ and 0 <= found.mean <= 100


def test_a_module_stands_for_its_layers_and_stays_as_it_was(digits):
    mine = Small().eval()
    before = weights(mine)
    a, b = make_net(mine, digits, generator=gen(1)), make_net(mine, digits, generator=gen(1))
    assert type(a) is Small and a is not mine and equal(weights(a), weights(b)) and not equal(weights(a), before)
    found = evaluate(random_set(digits, 1), digits, mine, 2, BRIEF, keep=True)
    assert found.net == 'Small' and found.accuracies[0] != found.accuracies[1]
    assert evaluate(random_set(digits, 1), digits, mine, 2, BRIEF).accuracies == found.accuracies
    assert equal(weights(mine), before) and not mine.training
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in mine.modules())


def test_a_function_stands_for_what_it_makes(digits):
    mine = Small()
    before = weights(mine)
    made = make_net(lambda: mine, digits)
    assert equal(weights(made), before) and made is not mine, 'pretrained weights are kept'
    train(made, random_set(digits, 1), BRIEF)
    assert equal(weights(mine), before)
    assert make_net(Small, digits).head.out_features == 10
    assert make_net(partial(Small, shape=(1, 8, 8)), digits, n_classes=7).head.out_features == 7


def test_layers_that_cannot_be_drawn_anew_and_too_few_scores_are_refused(digits, photos):
    with pytest.raises(TypeError, match='expected a function that makes the network'): make_net(vit(), photos)
    with pytest.raises(ValueError, match='expected .N, classes. for 10 classes'): make_net(Small(7), digits)
    with pytest.raises(ValueError, match='a method `embed` or a Linear layer'): embed(nn.Conv2d(1, 2, 3), torch.zeros(1, 1, 8, 8))
    with pytest.raises(TypeError, match='`net` is 3'): make_net(3, digits)
    for net in (Small, Small(), 'convnet-w4'): assert parse_net(net).name in ('Small', 'convnet-w4')


@pytest.mark.parametrize('method', ['dc', 'dm'])
def test_a_set_is_condensed_by_your_network(digits, method):
    def own(shape, n_classes): return nn.Sequential(nn.Flatten(), nn.Linear(shape[1]*shape[2], 9), nn.ReLU(), nn.Linear(9, n_classes))
    how = dict(iterations=1, outer=1, inner=0, real_batch=4, net=own, speed='plain', progress=False, device='cpu')
    a, b = condense(digits, method, 1, **how), condense(digits, method, 1, **how)
    assert torch.equal(a.images, b.images) and a.images.isfinite().all()


def test_a_comparison_with_your_network_is_kept_in_a_file(digits, tmp_path):
    recipe = TrainRecipe(epochs=1, opt=torch.optim.AdamW)
    table = compare(digits, ['random', 'herding'], 1, nets=1, net=Small, recipe=recipe, whole=None,
                    options=dict(herding=dict(recipe=train_recipe('whole', epochs=1))))
    again = Comparison.load(table.save(tmp_path/'table.json'))
    assert repr(again) == repr(table) and again.about['net'] == 'Small' and again.about['recipe']['opt'] == 'AdamW'
    with pytest.raises(ValueError, match="`opt` is 'AdamW', expected one of sgd, adam"):
        train_recipe(again['random'].evaluations[0].recipe)


# ---- Optimisers

def test_an_optimiser_is_a_word_or_a_function(digits):
    syn, start = random_set(digits, 1), make_net('convnet-w4', digits)
    def trained(**kw):
        net = copy.deepcopy(start)
        train(net, syn, TrainRecipe(epochs=3, **kw))
        return weights(net)
    assert equal(trained(), trained(opt='sgd'))
    assert equal(trained(), trained(opt=partial(torch.optim.SGD, momentum=.9, weight_decay=5e-4)))
    assert equal(trained(opt='adam'), trained(opt=partial(torch.optim.Adam, weight_decay=5e-4)))
    assert not equal(trained(), trained(opt='adam'))
    json.dumps(TrainRecipe(opt=torch.optim.AdamW).as_dict())
    assert 'opt' not in TrainRecipe().as_dict() and TrainRecipe(**TrainRecipe(opt='adam').as_dict()).opt == 'adam'


# ---- Datasets

class Dicts(torch.utils.data.Dataset):
    def __init__(self, part): self.part = part
    def __len__(self): return len(self.part)
    def __getitem__(self, i): return dict(image=self.part[i][0], label=self.part[i][1])


def kinds(part):
    x, y = part.take(torch.arange(len(part)))
    return dict(tensors=TensorDataset(x, y), column=TensorDataset(x, y[:, None]), loader=DataLoader(part, batch_size=7),
                subset=Subset(part, range(len(part))), pairs=[part[i] for i in range(len(part))], dicts=Dicts(part))


@pytest.mark.parametrize('kind', ['tensors', 'column', 'loader', 'subset', 'pairs', 'dicts'])
def test_any_dataset_trains_and_tests_alike(digits, kind):
    syn, part = random_set(digits, 2), digits.test.subset(range(60))
    nets = [make_net('convnet-w4', digits) for _ in range(2)]
    losses = [train(n, d, BRIEF, gen(3)) for n, d in zip(nets, (syn, kinds(syn)[kind]))]
    assert torch.equal(*losses) and equal(*map(weights, nets))
    theirs = kinds(part)[kind]
    assert accuracy(nets[0], theirs) == accuracy(nets[0], part)
    assert torch.equal(predict(nets[0], theirs), predict(nets[0], part))
    assert torch.equal(embed_all(nets[0], theirs), embed_all(nets[0], part))


def test_what_is_no_dataset_of_normalised_images_is_refused(digits):
    net = make_net('convnet-w4', digits)
    for bad, why in ((torch.zeros(2, 1, 8, 8), 'type Tensor'), (digits, 'pass its `train`'), (3, 'type int'), ('digits', 'type str'),
                     ([(digits.train.images[0], 1)], 'uint8, expected a float tensor'), ([(torch.zeros(1, 8, 8), .5)], 'integers')):
        with pytest.raises((TypeError, ValueError), match=why): accuracy(net, bad)


# ---- Numbers

def test_numbers_of_other_libraries(digits):
    syn = random_set(digits, np.int64(1), seed=np.int64(3))
    recipe = TrainRecipe(epochs=np.int64(2), lr=np.float32(.5), batch=torch.tensor(4))
    assert (recipe.epochs, recipe.lr, recipe.batch) == (2, .5, 4) and type(recipe.epochs) is int
    want = evaluate(syn, digits, 'convnet-w4', 2, recipe, 1).accuracies
    assert evaluate(syn, digits, 'convnet-w4', torch.tensor(2), recipe, np.int32(1)).accuracies == want
    assert make_net('mlp', shape=tuple(np.array([1, 8, 8])), n_classes=np.int64(3)).shape == (1, 8, 8)
    assert isinstance(make_net('mlp', digits), Net)


def test_a_coreset_takes_a_recipe_of_training(digits):
    brief = train_recipe('dc', epochs=2)
    a, b = (condense(digits, 'herding', 1, net='convnet-w4', recipe=r, progress=False) for r in (brief, 'whole'))
    c = get_method('herding').make(digits, 1, net='convnet-w4', recipe=brief, progress=False)
    assert torch.equal(a.images, c.images) and not torch.equal(a.images, b.images)
    with pytest.raises(TypeError, match='`recipe` is of type Recipe, expected a name or a TrainRecipe'): condense(digits, 'herding', recipe=Recipe())
    with pytest.raises(ValueError, match="no setting is called 'recipe'"): condense(digits, 'random', recipe=brief)


def test_a_name_is_the_same_in_any_case(digits):
    a, b = Recipe(init='Real', image_opt='Adam', schedule='Cosine'), Recipe(init='real', image_opt='adam', schedule='cosine')
    assert vars(a) == vars(b) and train_recipe('dc', opt='Adam') == train_recipe('DC', opt='adam')


@pytest.mark.parametrize('method', [DistributionMatching, ExpertMatching])
def test_means_are_matched_in_networks_of_yours(digits, method):
    nets = [nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.ReLU(), nn.Linear(9, 10)) for _ in range(2)]
    how = dict(iterations=2, real_batch=4, factor=1, progress=False, device='cpu')
    a, b = (condense(digits, method(networks=nets), 1, speed=speed, **how) for speed in ('auto', 'plain'))
    assert torch.equal(a.images, b.images) and a.images.isfinite().all()


def test_items_that_are_dicts_of_other_names_are_refused_by_name(digits):
    items = [dict(x=x, label=y) for x, y in (digits.test[i] for i in range(4))]
    with pytest.raises(ValueError, match="accuracy: `data` is of dicts with 'x', 'label', expected 'image' or 'img', and"):
        accuracy(make_net('mlp-w8', digits), items)


def test_a_table_names_the_networks_of_yours(digits, tmp_path):
    table = cross_architecture(digits, ['random'], nets_to=[Small(), 'mlp-w8'], nets=1, recipe=BRIEF, progress=False)
    table.save(tmp_path/'table.json')
    assert table.columns == ['Small', 'mlp-w8'] and CrossTable.load(tmp_path/'table.json').columns == table.columns
    alone = cross_architecture(digits, ['random'], nets_to=Small(), nets=1, recipe=BRIEF, progress=False)
    assert [s.mean for s in alone.scores[0]] == [table.scores[0][0].mean]


def test_a_slice_of_the_training_images_is_a_set_of_them(digits):
    some = digits.train[3:9:2]
    assert isinstance(some, type(digits.train)) and len(some) == 3
    for a, i in zip(some, (3, 5, 7)): assert torch.equal(a[0], digits.train[i][0]) and a[1] == digits.train[i][1]


def test_so_many_images_at_a_time_as_you_say_or_as_suit_the_device(digits):
    net, seen = make_net('mlp-w8', digits), []
    net.register_forward_pre_hook(lambda m, x: seen.append(len(x[0])))
    for batch, most in ((None, 100), (150, 150)):
        seen.clear()
        accuracy(net, digits.test, batch)
        assert max(seen) == most and sum(seen) == len(digits.test)


def test_what_a_collate_function_of_yours_raises_is_left_as_it_is(digits):
    def broken(items): raise TypeError('mine')
    loader = torch.utils.data.DataLoader([digits.test[0]] * 4, collate_fn=broken)
    with pytest.raises(TypeError, match='^mine$'): accuracy(make_net('mlp-w8', digits), loader)


class Frozen(nn.Module):
    "With a layer that doesn't learn, and one that no image goes through"
    def __init__(self):
        super().__init__()
        self.first, self.last, self.unused = nn.Linear(64, 16).requires_grad_(False), nn.Linear(16, 10), nn.Linear(3, 3)
    def forward(self, x): return self.last(self.first(x.flatten(1)).relu())


SHORT = dict(iterations=1, outer=2, inner=1, real_batch=4, progress=False)


@pytest.mark.parametrize('method', ['dc', 'delving-m', 'delving-md', 'dm', 'experts'])
def test_layers_that_do_not_learn_are_left_out_of_the_gradient(digits, method):
    small = condense(digits, method, 1, net=Frozen, **SHORT)
    assert small.losses.isfinite().all() and small.images.isfinite().all()


def test_a_class_in_place_of_a_method_is_named(digits):
    for call in (lambda: condense(digits, DistributionMatching, 1), lambda: register(DistributionMatching)):
        with pytest.raises(TypeError, match=r'`method` is the class DistributionMatching, expected an object of it: DistributionMatching\(\)'): call()


def test_the_same_method_is_registered_twice_without_a_warning(recwarn, monkeypatch):
    monkeypatch.setattr(METHODS, 'known', dict(METHODS.known))
    for _ in range(2): register(get_method('dm'))
    assert not recwarn.list


def test_a_network_beside_a_recipe_counts_as_every_other_field_does(digits):
    recipe = Recipe(net='convnet-w4', iterations=1, real_batch=4)
    made = lambda **new: condense(digits, 'dm', 1, recipe=recipe, progress=False, **new).info['recipe']['net']
    assert (made(), made(net='convnet'), made(net='convnet-w8')) == ('convnet-w4', 'convnet-w4', 'convnet-w8')


def test_a_loss_that_cannot_move_the_images_is_refused(digits):
    with pytest.raises(ValueError, match='dsa: the loss does not depend on the images'):
        condense(digits, 'dsa', 1, net='convnet-w4', augment=lambda x: x.detach(), **SHORT)
    with pytest.raises(TypeError, match='`loss` is 1.0, expected a tensor'):
        condense(digits, CustomMatching(loss=lambda *a: 1.), 1, net='convnet-w4', **SHORT)


class Stream(torch.utils.data.IterableDataset):
    def __iter__(self): yield torch.zeros(1, 8, 8), 1


def test_items_in_double_precision_and_those_that_are_none(digits):
    net = make_net('convnet-w4', digits)
    x, y = digits.test.take(range(6))
    pairs = [*zip(x, y.tolist())]
    assert accuracy(net, [(x.double(), y) for x, y in pairs]) == accuracy(net, pairs)
    with pytest.raises(TypeError, match='accuracy: `data` is of type Stream, expected .* with a length'): accuracy(net, Stream())
    with pytest.raises(ValueError, match='accuracy: `data` is empty, expected at least one item'): accuracy(net, Subset(pairs, []))
