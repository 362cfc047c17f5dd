"""Properties that hold for any data, draw, network and set, each tried on random cases: round trips, invariances,
shapes. The cases are the same in every run, so a failure here is no matter of luck, and says which case it was."""
import atexit
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dataset_condensation.all import *
from dataset_condensation.checks import class_sizes
from dataset_condensation.augmentation import color, crop, cutout, families, flip, neutral, rotate, scale

HOME = tempfile.mkdtemp(prefix='dataset-condensation-hypothesis-')   # what hypothesis caches is no part of the project
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
hypothesis.configuration.set_hypothesis_home_dir(HOME)
settings.register_profile('fixed', derandomize=True, deadline=None, database=None, max_examples=25,
                          suppress_health_check=[hypothesis.HealthCheck.too_slow])
settings.load_profile('fixed')
torch.set_num_threads(1)

APPLY = dict(color=color, crop=crop, cutout=cutout, flip=flip, scale=scale, rotate=rotate)
seeds = st.integers(0, 2**32)
shapes = st.tuples(st.integers(1, 4), st.integers(8, 13), st.integers(8, 13))


def noise(seed, *shape): return torch.randn(*shape, generator=gen(seed, 'noise', *shape))


@st.composite
def labelled(draw, most=6):
    "Random images as bytes, their labels in no order, and how many classes there are"
    shape, counts, seed = draw(shapes), draw(st.lists(st.integers(1, most), min_size=2, max_size=5)), draw(seeds)
    y = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    y = y[torch.randperm(len(y), generator=gen(seed))]
    x = torch.randint(0, 256, (len(y), *shape), dtype=torch.uint8, generator=gen(seed, 'x'))
    return x, y, len(counts)


@st.composite
def datasets(draw):
    "The same as data, with one test image for each class"
    x, y, n = draw(labelled())
    return from_tensors(x, y, x[:n], torch.arange(n))


# ---- data

@given(labelled())
def test_images_are_kept_class_after_class(case):
    x, y, n = case
    part = from_tensors(x, y, x, y).train
    assert (part.labels.diff() >= 0).all() and part.counts.tolist() == y.bincount(minlength=n).tolist()
    assert torch.equal(x[part.order], part.images) and torch.equal(y[part.order], part.labels)
    for c in range(n): assert torch.equal(part.of_class(c), x[y == c])


@given(labelled())
def test_bytes_and_floats_are_the_same_data(case):
    x, y, _ = case
    a, b = from_tensors(x, y, x, y), from_tensors(x / 255, y, x / 255, y)
    assert torch.equal(a.train.images, b.train.images) and torch.equal(a.mean, b.mean) and torch.equal(a.std, b.std)


@given(datasets())
def test_normalising_can_be_undone(data):
    pixels = data.train.images / 255
    assert torch.allclose(data.denormalize(data.normalize(pixels)), pixels, atol=1e-5)
    assert torch.allclose(data.normalize(data.train.images), data.normalize(pixels), atol=1e-5)


@given(datasets(), seeds)
def test_all_training_images_have_mean_zero_and_deviation_one(data, seed):
    x, y = data.train.take(torch.arange(len(data.train)))
    assert torch.equal(y, data.train.labels)
    assert x.mean((0, 2, 3)).abs().max() < 1e-4 and (x.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-3


@given(datasets(), st.integers(1, 9), seeds)
def test_a_draw_takes_different_images_of_its_class(data, n, seed):
    for c in range(data.n_classes):
        own = data.normalize(data.train.of_class(c))
        x = data.draw(c, n, gen(seed))
        assert x.shape == (min(n, len(own)), *data.shape)
        found = (x[:, None] == own).flatten(2).all(2).int().argmax(1)
        assert torch.equal(own[found], x) and len(set(found.tolist())) == len(x)
        assert torch.equal(x, data.draw(c, n, gen(seed)))


# ---- images per class

@given(st.integers(1, 50), st.integers(1, 20), st.data())
def test_images_per_class_are_one_number_or_one_for_each(ipc, n, case):
    each = case.draw(st.lists(st.integers(1, 50), min_size=n, max_size=n))
    assert class_sizes(ipc, n) == [ipc]*n
    assert class_sizes(each, n) == class_sizes(tuple(each), n) == class_sizes(torch.tensor(each), n) == each


@given(datasets(), st.data())
def test_a_random_set_holds_the_images_it_says(data, case):
    ipc = [case.draw(st.integers(1, n)) for n in data.train.counts.tolist()]
    small = random_set(data, ipc, seed=case.draw(seeds))
    chosen = small.info['chosen']
    assert small.ipc == ipc and len(set(chosen)) == len(chosen)
    place = {k: i for i, k in enumerate(data.train.order.tolist())}
    x, y = data.train.take([place[k] for k in chosen])
    assert torch.equal(small.images, x) and torch.equal(small.labels, y)


@given(st.integers(2, 12), st.integers(1, 5), seeds, st.sampled_from([herd, k_center, k_means]), st.data())
def test_a_choice_takes_each_row_once(n, features, seed, choose, case):
    k = case.draw(st.integers(1, n))
    chosen = choose(noise(seed, n, features), k).tolist()
    assert len(chosen) == len(set(chosen)) == k and set(chosen) <= set(range(n))


# ---- augmentation

strategies = st.lists(st.sampled_from(families), min_size=1, max_size=6, unique=True)
augments = st.builds(Augment, strategy=strategies.map(tuple), mode=st.sampled_from(['one', 'all', 'each']),
                     rotate=st.floats(0, 180), crop=st.floats(0, 1), cutout=st.floats(0, 1), flip=st.floats(0, 1),
                     brightness=st.floats(0, 2))


@given(augments, shapes, seeds, st.integers(1, 5), st.integers(1, 5))
def test_a_shared_draw_does_the_same_to_any_batch(augment, shape, seed, n, m):
    a, b = noise(seed, n, *shape), noise(seed + 1, m, *shape)
    draw = augment.draw(1, gen(seed), shape, shared=True)
    assert draw(a).shape == a.shape and draw(b).shape == b.shape
    assert torch.allclose(draw(torch.cat([a, b])), torch.cat([draw(a), draw(b)]), atol=1e-5)


@given(augments, shapes, seeds, st.integers(1, 5))
def test_a_draw_of_its_own_for_each_image_is_that_image_s_row(augment, shape, seed, n):
    x, draw = noise(seed, n, *shape), augment.draw(n, gen(seed), shape)
    alone = torch.cat([Draw(tuple((f, p[i:i + 1]) for f, p in draw.steps))(x[i:i + 1]) for i in range(n)])
    assert torch.allclose(draw(x), alone, atol=1e-5) and torch.equal(draw(x), augment(x, gen(seed)))


@given(augments, shapes, seeds)
def test_augmented_images_have_gradients(augment, shape, seed):
    x = noise(seed, 3, *shape).requires_grad_()
    out = augment(x, gen(seed))
    assert out.shape == x.shape and out.dtype == x.dtype and torch.isfinite(out).all()
    out.square().sum().backward()
    assert torch.isfinite(x.grad).all()


@given(st.sampled_from(families), shapes, seeds)
def test_neutral_parameters_change_nothing(family, shape, seed):
    x = noise(seed, 2, *shape)
    assert torch.allclose(APPLY[family](x, torch.tensor([neutral[family]], dtype=torch.float32)), x, atol=1e-5)


# ---- distances

@st.composite
def gradients(draw):
    "Two gradients of one network: weights of two to four dimensions, each followed by a bias"
    rows = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    tails = [draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)) for _ in rows]
    seed = draw(seeds)
    one = lambda k: tuple(t for i, (n, tail) in enumerate(zip(rows, tails))
                          for t in (noise(seed + 7*k + i, n, *tail), noise(seed + 7*k + i + 3, n)))
    return one(1), one(2)


names = st.sampled_from(sorted(DISTANCES))


@given(gradients(), names)
def test_a_distance_is_zero_at_home_never_negative_and_symmetric(pair, name):
    (a, b), distance = pair, DISTANCES[name]
    rows = sum(len(p) for p in a)
    assert distance(a, b) >= -1e-5 and torch.isclose(distance(a, b), distance(b, a), rtol=1e-4, atol=1e-5)
    # the angle adds a millionth to the product of lengths, so a row of almost nothing is not quite at home
    assume(min(p.flatten(1).norm(dim=1).min() for p in a if p.ndim > 1) > .05)
    assert distance(a, a).abs() < 1e-3 * rows


@given(gradients(), st.floats(.5, 20), st.floats(.5, 20))
def test_the_angle_ignores_length(pair, k, m):
    a, b = pair
    assume(min(p.flatten(1).norm(dim=1).min() for p in (*a, *b) if p.ndim > 1) > .05)
    scaled = DISTANCES['angle'](tuple(k*p for p in a), tuple(m*p for p in b))
    assert torch.isclose(scaled, DISTANCES['angle'](a, b), rtol=1e-3, atol=1e-3)


@given(gradients(), names, seeds)
def test_the_order_of_output_units_does_not_matter(pair, name, seed):
    perms = [torch.randperm(len(p), generator=gen(seed, i)) for i, p in enumerate(pair[0])]
    a, b = (tuple(p[q] for p, q in zip(g, perms)) for g in pair)
    assert torch.isclose(DISTANCES[name](a, b), DISTANCES[name](*pair), rtol=1e-4, atol=1e-5)


@given(gradients(), st.floats(0, 3))
def test_magnitude_only_adds_to_the_angle(pair, mu):
    assert AngleMagnitude(mu)(*pair) >= angle(*pair) - 1e-5


@given(gradients(), st.floats(0, 3))
def test_both_levels_are_the_sum_of_the_two(pair, lam):
    real, syn = [pair[0], pair[1], pair[0]], [pair[1], pair[0], pair[0]]
    total = intra(real, syn, mse) + lam * inter(real, syn, mse)
    assert torch.isclose(Both(lam)(real, syn, mse), total, rtol=1e-4, atol=1e-5)
    assert torch.isclose(inter(real[:1], syn[:1], mse), intra(real[:1], syn[:1], mse), rtol=1e-5)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 5), seeds)
def test_the_distance_of_means_knows_no_order(n, m, features, seed):
    a, b = noise(seed, n, features), noise(seed + 1, m, features)
    d = mean_distance(a, b)
    assert d >= 0 and torch.isclose(d, mean_distance(b, a)) and mean_distance(a, a) == 0
    assert torch.isclose(d, mean_distance(a[torch.randperm(n, generator=gen(seed))], b.flip(0)), rtol=1e-3, atol=1e-6)


# ---- networks

@st.composite
def networks(draw):
    "A name and the shape of images it can take"
    shape, base = draw(shapes), draw(st.sampled_from(['convnet', 'convnet', 'mlp', 'lenet']))
    act = draw(st.sampled_from(['relu', 'sigmoid', 'leakyrelu', 'swish']))
    barred = dict(mlp='in', lenet='gn').get(base)
    norm = draw(st.sampled_from([n for n in ('nonorm', 'bn', 'ln', 'in', 'gn') if n != barred]))
    if base == 'lenet': return f'lenet-{act}-{norm}', shape
    name = f'{base}-w{4*draw(st.integers(1, 3))}-d{draw(st.integers(1, 3))}-{act}-{norm}'
    return name + (f'-{draw(st.sampled_from(["nopool", "maxpool", "avgpool"]))}' if base == 'convnet' else ''), shape


@settings(max_examples=15)
@given(networks(), st.integers(1, 12), st.integers(2, 4), seeds)
def test_a_network_takes_any_image_it_was_made_for(named, n_classes, n, seed):
    name, shape = named
    net, x = make_net(name, shape=shape, n_classes=n_classes, generator=gen(seed)).eval(), noise(seed, n, *shape)
    z = net.embed(x)
    assert z.shape == (n, net.n_features) and net(x).shape == (n, n_classes) and torch.isfinite(net(x)).all()
    assert torch.equal(net.head(z), net(x))


@settings(max_examples=15)
@given(networks(), seeds)
def test_one_seed_one_network(named, seed):
    name, shape = named
    a, b, c = (make_net(n, shape=shape, n_classes=3, generator=gen(s)).state_dict()
               for n, s in ((name, seed), (canonical_name(name), seed), (name, seed + 1)))
    assert a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)
    assert not torch.equal(a['head.weight'], c['head.weight'])


@given(networks())
def test_a_canonical_name_is_its_own(named):
    name, _ = named
    short = canonical_name(name)
    assert canonical_name(short) == short and parse_net(short) == parse_net(name)


# ---- sets and their files

# What breaks the names of files, above all
texts = st.text('aZ09._-~ /\\:*?"<>|%$&\'\n\t\0\r\u200b\u0301éß日本🙂', max_size=40)


@st.composite
def sets(draw, channels=st.integers(1, 5)):
    "A set of pixels in 0–1, normalised, with any names, statistics and number of images in each class"
    c, h, w, seed = draw(channels), draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(seeds)
    classes = draw(st.lists(texts, min_size=1, max_size=5, unique=True))
    ipc = draw(st.lists(st.integers(0, 3), min_size=len(classes), max_size=len(classes)).filter(any))
    mean, std = (torch.tensor(draw(st.lists(st.floats(lo, 1, width=32), min_size=c, max_size=c))) for lo in (0, .0625))
    y = torch.repeat_interleave(torch.arange(len(ipc)), torch.tensor(ipc))
    pixels = torch.rand(len(y), c, h, w, generator=gen(seed))
    view = lambda v: v.view(1, -1, 1, 1)
    info = dict(data=draw(texts), seed=seed, recipe=draw(st.dictionaries(texts, st.integers() | texts, max_size=2)))
    losses = noise(seed, draw(st.integers(0, 4)))
    return SyntheticSet((pixels - view(mean)) / view(std), y, classes, mean, std, info, losses)


@given(sets(), st.randoms(use_true_random=False))
def test_a_set_orders_itself_by_class(small, rng):
    order = list(range(len(small)))
    rng.shuffle(order)
    again = SyntheticSet(small.images[order], small.labels[order], small.classes, small.mean, small.std)
    assert torch.equal(again.labels, small.labels) and again.ipc == small.ipc and sum(again.ipc) == len(again)
    key = lambda s: sorted((int(y), x.numpy().tobytes()) for x, y in zip(s.images, s.labels))
    assert key(again) == key(small)


@given(sets())
def test_saving_and_loading_changes_nothing(small):
    with tempfile.TemporaryDirectory() as folder:
        again = SyntheticSet.load(small.save(Path(folder)/'set.safetensors'))
    for k in ('images', 'labels', 'mean', 'std', 'losses'): assert torch.equal(getattr(again, k), getattr(small, k)), k
    assert again.classes == small.classes and again.info == small.info


@given(sets(st.sampled_from([1, 3])))
def test_a_folder_of_pictures_keeps_each_pixel_to_half_a_step(small):
    with tempfile.TemporaryDirectory() as folder:
        again = SyntheticSet.from_folder(small.to_folder(Path(folder)/'set'))
        inside = {os.path.realpath(d) for d, _, _ in os.walk(folder)}
    assert all(d.startswith(os.path.realpath(folder)) for d in inside)
    assert again.classes == small.classes and again.info == small.info and torch.equal(again.labels, small.labels)
    assert (again.pixels - small.pixels).abs().max() <= 1/510 + 1e-5


# ---- condensing

@st.composite
def runs(draw):
    "A small data set, a method, and images per class: one number, or one for each class"
    x, y, n = draw(labelled(most=4))
    ipc = draw(st.integers(1, 2) | st.lists(st.integers(1, 3), min_size=n, max_size=n))
    method = draw(st.sampled_from(['dc', 'dsa', 'dm', 'dm-plain', 'delving-m', 'delving-md', 'delving']))
    counts = y.bincount().tolist()
    init = draw(st.sampled_from(['noise', 'real']))
    if init == 'real': ipc = [min(i, have) for i, have in zip(class_sizes(ipc, n), counts)]
    net = draw(st.sampled_from(['convnet-w4-d1', 'mlp-w8-d1', 'convnet-w4-d1-bn']))
    kw = dict(method=method, ipc=ipc, seed=draw(seeds), net=net, init=init, device='cpu',
              iterations=2, outer=2, inner=1, real_batch=draw(st.integers(2, 6)))
    return from_tensors(x, y, x[:n], torch.arange(n)), kw


def three_steps(data, kw):
    "The images after each of three updates, and the last state as a set"
    found, steps = [], condensing(data, **kw)
    for state in steps:
        found.append(state.images.detach().clone())
        if state.step == 3: return found, state.set()


@settings(max_examples=15)
@given(runs())
def test_the_first_steps_of_any_run(run):
    data, kw = run
    sizes = class_sizes(kw['ipc'], data.n_classes)
    before = torch.get_rng_state()
    images, small = three_steps(data, kw)
    assert torch.equal(before, torch.get_rng_state())
    assert small.ipc == sizes and small.shape == data.shape and small.classes == data.classes
    assert torch.equal(small.labels, torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)))
    assert len(small.losses) == 3 and all(torch.isfinite(x).all() for x in (*images, small.losses))
    assert not torch.equal(images[0], images[-1]) and torch.equal(small.images, images[-1])
    again, _ = three_steps(data, kw)
    assert all(torch.equal(a, b) for a, b in zip(images, again))
