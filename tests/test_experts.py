"Matching in trained networks: snapshots, the loss, distances of embeddings, and networks kept for the next run"
import pytest
import torch
import torch.nn.functional as F
from conftest import ROOT

import dataset_condensation.all as dc
from dataset_condensation.beyond import ExpertMatching, FrequencyDistance, KernelDistance, mistakes, snapshots
from dataset_condensation.condensation import Step
from dataset_condensation.data import Batch, gen, real_batch
from dataset_condensation.distribution_matching import DistributionMatching, mean_distance
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.kept_networks import kept_networks, networks_path
from dataset_condensation.networks import make_net
from dataset_condensation.runs import condense, running, save_checkpoint
from dataset_condensation.training import TrainRecipe, train

DIGITS = load_dataset('digits')
BRIEF = TrainRecipe(epochs=2, batch=500)
FEW = dict(net='convnet-w4', real_batch=4, speed='plain', factor=2, iterations=4)
METHOD = ExpertMatching(experts=2, training=BRIEF)
DISTANCES = [mean_distance, KernelDistance(), FrequencyDistance(2000), FrequencyDistance(2000, amplitudes=0.8)]


def sample(n, seed, move=0., spread=1., features=6):
    return spread * torch.randn(n, features, generator=gen(seed, 'sample'), dtype=torch.float64) + move


@pytest.fixture(scope='module')
def nets(): return snapshots(DIGITS, 2, 'convnet-w4', BRIEF)


# ---- Distances of embeddings

@pytest.mark.parametrize('distance', DISTANCES)
def test_equal_samples_have_no_distance_and_others_have_some(distance):
    a = sample(40, 0)
    assert abs(distance(a, a, gen(0)).item()) < 1e-9
    assert distance(a, a[torch.randperm(40, generator=gen(1))], gen(0)).item() < 1e-9
    near, far = (distance(a, sample(40, 1, move), gen(0)).item() for move in (0.3, 2.))
    assert 0 < near < far


@pytest.mark.parametrize('distance', DISTANCES[1:])
def test_a_mean_misses_the_spread_and_these_distances_see_it(distance):
    a = sample(200, 0)
    narrow = a.mean(0) + 0.3 * (a - a.mean(0))
    assert mean_distance(a, narrow).item() < 1e-20
    assert distance(a, narrow, gen(0)).item() > 0.05 * distance(a, a + 1, gen(0)).item()


@pytest.mark.parametrize('distance', [mean_distance, KernelDistance()])
def test_moving_or_turning_both_samples_changes_nothing(distance):
    a, b = sample(20, 0), sample(15, 1, 0.5)
    turn = torch.linalg.qr(sample(6, 2))[0]
    assert torch.allclose(distance(a @ turn + 3, b @ turn + 3, None), distance(a, b, None))


def test_the_amplitude_of_a_characteristic_function_does_not_see_a_shift():
    a, only = sample(30, 0), FrequencyDistance(500, amplitudes=1.)
    assert only(a, a + 1, gen(0)).item() < 1e-6 < FrequencyDistance(500, amplitudes=0.)(a, a + 1, gen(0)).item()


@pytest.mark.parametrize('wide', [KernelDistance((300.,)), FrequencyDistance(200_000, width=300.)])
def test_a_wide_kernel_is_the_distance_of_means(wide):
    a, b = sample(30, 0), sample(20, 1, 1.)
    assert wide(a, b, gen(0)).item() == pytest.approx(mean_distance(a, b).item(), rel=0.02)


@pytest.mark.parametrize('distance', DISTANCES)
def test_gradients_are_those_of_finite_differences(distance):
    a, b = sample(5, 0, features=3), sample(4, 1, 0.5, features=3).requires_grad_()
    assert torch.autograd.gradcheck(lambda b: distance(a, b, gen(0)), (b,))


# ---- Snapshots and the loss

def test_snapshots_are_the_network_after_each_epoch(nets):
    own, kept = make_net('convnet-w4', DIGITS, generator=gen(0, 'expert', 1)), []
    train(own, DIGITS.train, BRIEF, gen(0, 'expert-order', 1), after=lambda: kept.append([p.clone() for p in own.parameters()]))
    for net, then in zip(nets[2:], kept, strict=True): assert all(map(torch.equal, net.parameters(), then))
    assert len(nets) == 4 and not any(p.requires_grad for net in nets for p in net.parameters())


def batches(ipc=2, n=5):
    real = real_batch(DIGITS, range(10), n, lambda c: gen(0, 'real', c))
    small = dc.first_images(DIGITS, ipc, 'real', 1)
    return real, Batch(small.images, small.labels, (ipc,) * 10, tuple(range(10)))


def test_the_loss_is_the_distance_of_means_and_the_cross_entropy_of_the_expert(nets):
    (real, syn), net = batches(), nets[3]
    apart = sum((a.mean(0) - b.mean(0)).square().sum() for a, b in zip(net.embed(real.x).split(5), net.embed(syn.x).split(2)))
    wrong = F.cross_entropy(net(syn.x), syn.y)
    for weight in (0., 5.):
        loss = ExpertMatching(networks=[net], weight=weight).match(None, real, syn, Step())
        assert loss.item() == pytest.approx((apart + weight * 10 * wrong).item(), rel=1e-5)     # summed over ten classes, as the distances are


def test_classes_of_any_size_add_up_to_the_whole(nets):
    net, x, y = nets[3], DIGITS.draw(3, 4, gen(0)), torch.tensor([3, 3, 3, 7])
    parts = [mistakes(net(x[i]), Batch(x[i], y[i], (len(y[i]),))) for i in (slice(0, 3), slice(3, 4))]
    whole = mistakes(net(x), Batch(x, y, (3, 1)))
    assert sum(parts).item() == pytest.approx(whole.item(), rel=1e-5)


class Crossed(torch.nn.Module):
    "A network whose last layer in order isn't the last to run, and whose `head` is none"
    def __init__(self):
        super().__init__()
        self.out, self.body, self.head = torch.nn.Linear(8, 10), torch.nn.Linear(64, 8), torch.nn.Identity()
    def forward(self, x): return self.out(self.head(self.body(x.flatten(1)).relu()))


class Long(Crossed):
    "One whose embedding is followed by more than one layer"
    def embed(self, x): return x.flatten(1)


@pytest.mark.parametrize('make', [Crossed, Long])
def test_the_cross_entropy_is_that_of_the_whole_network(make):
    (real, syn), net = batches(), make()
    loss = lambda w: ExpertMatching(networks=[net], weight=w).match(None, real, syn, Step()).item()
    wrong = F.cross_entropy(net(syn.x), syn.y).item()
    assert loss(5.) - loss(0.) == pytest.approx(5 * 10 * wrong, rel=1e-4)


def test_a_network_of_ones_own_is_an_expert_too():
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 8), torch.nn.ReLU(), torch.nn.Linear(8, 10))
    small = condense(DIGITS, METHOD, 1, **FEW | dict(net=own), progress=False)
    assert small.images.isfinite().all() and len(small.losses) == 4


# ---- In a run

def test_a_stopped_run_goes_on_as_if_nothing_had_been(tmp_path):
    for state in running(DIGITS, METHOD, 1, **FEW):
        if state.step == 2: break
    save_checkpoint(state, tmp_path)
    for state in running(DIGITS, METHOD, 1, resume_from=tmp_path, **FEW): pass
    assert torch.equal(state.set().images, condense(DIGITS, METHOD, 1, **FEW, progress=False).images)


def test_another_weight_or_training_is_another_run(tmp_path):
    condense(DIGITS, METHOD, 1, **FEW, checkpoint=tmp_path, progress=False)
    for other in (ExpertMatching(weight=1., experts=2, training=BRIEF), ExpertMatching(experts=1, training=BRIEF)):
        with pytest.raises(ValueError, match='checkpoint of another run'):
            condense(DIGITS, other, 1, **FEW, checkpoint=tmp_path, progress=False)


def test_every_seed_trains_experts_of_its_own():
    a, b = (condense(DIGITS, METHOD, 1, seed, init='centroids', **FEW | dict(iterations=1), progress=False).images for seed in (0, 1))
    assert not torch.equal(a, b)


# ---- Kept for the next run

@pytest.fixture
def made(): return []


def keep(folder, made, key='a', least=0.):
    def make():
        made.append(key)
        return [make_net('convnet-w4-bn', DIGITS, generator=gen(k)) for k in range(2)]
    return kept_networks(dict(key=key), make, lambda: make_net('convnet-w4-bn', DIGITS), folder, least)


def test_networks_are_made_once_with_their_buffers(tmp_path, made):
    first, second = keep(tmp_path, made), keep(tmp_path, made)
    assert made == ['a']
    for a, b in zip(first, second):
        assert all(torch.equal(v, b.state_dict()[k]) for k, v in a.state_dict().items())
    keep(tmp_path, made, 'b')
    assert made == ['a', 'b']


@pytest.mark.parametrize('damage', [lambda raw: raw[:-40], lambda raw: b'', lambda raw: b'{}' * 50])
def test_a_damaged_file_is_replaced(tmp_path, made, damage):
    keep(tmp_path, made)
    path = networks_path(dict(key='a'), tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    keep(tmp_path, made), keep(tmp_path, made)
    assert made == ['a', 'a']


def test_short_work_is_not_kept_and_a_folder_that_refuses_is_no_error(tmp_path, made):
    keep(tmp_path, made, least=60.)
    assert not list(tmp_path.iterdir())
    (tmp_path/'file').write_text('no folder')
    assert len(keep(tmp_path/'file', made)) == 2


def test_removing_caches_removes_them_and_no_file_of_another(tmp_path, made):
    keep(tmp_path, made)
    (tmp_path/'networks-mine.safetensors').write_text('mine')
    assert dc.remove_cache(cache_dir=tmp_path) > 1000
    assert [p.name for p in tmp_path.iterdir()] == ['networks-mine.safetensors']


def test_the_rows_of_the_ingredients_have_what_their_names_say(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT/'benchmarks'))
    from beyond import CASES, settings_of
    rows = {k: r for k, r in CASES['experts-1']['rows'].items() if r.get('seconds')}
    for name, row in rows.items():
        method = ExpertMatching(weight=row.get('weight', 5.)) if row.get('method') == 'experts' else DistributionMatching()
        settings = {k: v for k, v in settings_of(row).items() if k != 'speed'}
        recipe, whole = method.recipe(1, **settings), name.startswith(('all', 'cross-entropy'))
        assert (recipe.factor == 3) == ('tiles' in name or whole), name
        assert (recipe.schedule == 'cosine') == ('cosine' in name or whole), name
        assert (row.get('method') == 'experts') == ('experts' in name or whole), name
        assert (row.get('weight') == 0.) == ('experts' in name and 'cross-entropy' not in name), name
    assert len({repr(r) for r in rows.values()}) == len(rows)
