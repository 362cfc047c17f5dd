"Images in tiles and other ways to draw real batches, in everything that touches a set or a run"
import json
from itertools import islice

import pytest
import torch
from PIL import Image

import dataset_condensation.all as dc
from dataset_condensation import training
from dataset_condensation.set_files import reach
from dataset_condensation.beyond import Typical
from dataset_condensation.cli import main
from dataset_condensation.coresets import as_tiles, first_images
from dataset_condensation.runs import condense, running, save_checkpoint
from dataset_condensation.continual_learning import memory_bytes
from dataset_condensation.data import from_tensors, gen
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.networks import make_net
from dataset_condensation.training import SyntheticSet, evaluate, formation, predict, train_epoch, train_recipe

DIGITS = load_dataset('digits')
FEW = dict(net='convnet-w4', real_batch=4, speed='plain')
LOOPS = dict(FEW, iterations=2, outer=3, inner=2)     # six updates, with training between them
BOTH = dict(factor=2, sampling='strata')
BRIEF = dict(net='convnet-w8', nets=1, recipe=train_recipe('dc', epochs=3))


@pytest.fixture(scope='module')
def tiled(): return condense(DIGITS, 'dm', [2] + [1]*9, iterations=2, **BOTH, **FEW)


# ---- The map

@pytest.mark.parametrize('shape, factor', [((3, 1, 8, 8), 2), ((2, 3, 9, 7), 3), ((1, 1, 5, 6), 5), ((2, 1, 4, 4), 1)])
def test_tiles_are_cut_and_enlarged_one_by_one(shape, factor):
    x = torch.randn(shape, generator=gen(0))
    big, y = formation(x, torch.arange(len(x)), factor)
    assert big.shape == (len(x) * factor**2, *shape[1:]) and y.tolist() == [i for i in range(len(x)) for _ in range(factor**2)]
    k = 0
    for image in x:
        for rows in image.tensor_split(factor, 1):
            for tile in rows.tensor_split(factor, 2):
                up = torch.nn.functional.interpolate(tile[None], shape[2:], mode='bilinear', align_corners=False)[0]
                assert torch.equal(big[k], up)
                k += 1


def test_the_gradient_of_the_map_is_right():
    x = torch.randn(2, 1, 5, 5, generator=gen(1), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: formation(x, torch.arange(2), 2)[0], (x,))


def test_what_is_packed_comes_back_where_halving_loses_nothing():
    flat = torch.rand(8, 3, 1, 1, generator=gen(2)).expand(8, 3, 6, 9).contiguous()
    assert torch.allclose(formation(as_tiles(flat, 2), torch.arange(2), 2)[0], flat, atol=1e-6)


@pytest.mark.parametrize('init', ['noise', 'real', 'centroids'])
def test_the_first_images_take_the_storage_asked_for(init):
    a, b = (first_images(DIGITS, [3, 1] + [2]*8, init, 1, f) for f in (1, 2))
    assert a.stored.shape == b.stored.shape and a.ipc == b.ipc and len(b) == 4*len(a)
    assert torch.equal(a.stored, b.stored) == (init == 'noise')


# ---- A run

@pytest.mark.parametrize('method, options', [('dc', BOTH), ('delving', dict(factor=2)), ('dm', dict(sampling='centroids'))])
def test_a_stopped_run_goes_on_as_if_nothing_had_been(method, options, tmp_path):
    how = dict(LOOPS, **options, **(dict(inner=2) if method != 'dm' else dict(outer=1, iterations=6, inner=0)))
    for state in running(DIGITS, method, [2] + [1]*9, **how):
        if state.step == 4: break
    save_checkpoint(state, tmp_path)
    for state in running(DIGITS, method, [2] + [1]*9, resume_from=tmp_path, **how): pass
    whole = condense(DIGITS, method, [2] + [1]*9, **how)
    stopped = state.set()
    assert torch.equal(stopped.images, whole.images) and torch.equal(stopped.losses, whole.losses) and stopped.info == whole.info
    assert whole.info['recipe'].items() >= options.items() and whole.factor == options.get('factor', 1)


def test_a_run_with_other_tiles_or_batches_is_another_run(tmp_path):
    state = next(running(DIGITS, 'dm', 1, iterations=3, **FEW))
    save_checkpoint(state, tmp_path)
    for other in (dict(factor=2), dict(sampling='strata')):
        with pytest.raises(ValueError, match=f'recipe.{[*other][0]}: was nothing'):
            running(DIGITS, 'dm', 1, iterations=3, resume_from=tmp_path, **FEW, **other)


def test_what_is_off_leaves_no_trace():
    plain, said = (condense(DIGITS, 'dm', 1, iterations=2, **FEW, **o) for o in ({}, dict(factor=1, sampling='random')))
    assert torch.equal(plain.images, said.images) and plain.info == said.info
    assert 'factor' not in plain.info and not {'factor', 'sampling'} & set(plain.info['recipe'])


def test_the_network_is_trained_on_the_tiles(monkeypatch):
    seen, old = [], training.train_epoch
    def spy(net, data, *args, **kw): seen.append(len(data)); return old(net, data, *args, **kw)
    monkeypatch.setattr('dataset_condensation.condensation.train_epoch', spy)
    condense(DIGITS, 'dc', 1, factor=2, **LOOPS)
    assert seen == [40] * 8


def test_classes_piece_by_piece_and_at_once_give_the_same_tiles():
    one, all_ = (condense(DIGITS, 'dm', 1, iterations=2, class_chunk=n, **BOTH, **FEW) for n in (1, 10))
    assert torch.allclose(one.images, all_.images, atol=1e-5)


def test_quick_and_plain_ways_agree_on_tiles():
    slow, quick = (condense(DIGITS, 'dm', 1, iterations=2, factor=2, **dict(FEW, speed=s)) for s in ('plain', 'float32'))
    assert torch.allclose(slow.images, quick.images, atol=1e-4)


def test_a_class_smaller_than_its_batch_is_drawn_whole():
    x, y = torch.rand(23, 3, 12, 12, generator=gen(5)), torch.tensor([0]*3 + [1]*20)
    small = from_tensors(x, y, x, y)
    for sampling in ('strata', 'centroids'):
        s = condense(small, 'dm', [1, 2], factor=2, init='noise', sampling=sampling, iterations=2, **FEW)
        assert s.ipc == [1, 2] and s.images.isfinite().all()


# ---- A set

def test_all_that_a_set_says_of_itself_agrees(tiled):
    "What is trained on, image by image; and what is stored"
    assert len(tiled) == len(tiled.images) == len(tiled.labels) == len(tiled.pixels) == 44
    assert len(tiled.stored) == len(tiled.stored_labels) == sum(tiled.ipc) == 11 and tiled.ipc == [2] + [1]*9
    want, _ = formation(tiled.stored, tiled.stored_labels, 2)
    some = torch.tensor([10, 0, 43])
    assert torch.equal(tiled.take(some)[0], want[some]) and torch.equal(tiled.take(some)[1], tiled.labels[some])
    x, y = zip(*tiled)
    assert torch.equal(torch.stack(x), want) and list(y) == tiled.labels.tolist() and torch.equal(tiled[-1][0], want[-1])
    x, y = zip(*torch.utils.data.DataLoader(tiled, batch_size=11))
    assert torch.equal(torch.cat(x), want) and torch.equal(torch.cat(y), tiled.labels)
    for part, idx in ((tiled[8:20], list(range(8, 20))), (tiled[[20, 3]], [3, 20]), (tiled[tiled.labels == 9], list(range(40, 44)))):
        assert torch.equal(part.images, want[idx]) and torch.equal(part.labels, tiled.labels[idx])
        assert (part.factor, len(part), part.classes) == (1, len(idx), tiled.classes)


def test_whoever_trains_on_tiles_trains_on_what_is_in_them(tiled):
    nets = [make_net('mlp', tiled, generator=gen(0)) for _ in range(2)]
    for net, s in zip(nets, (tiled, tiled[:])):
        train_epoch(net, s, torch.optim.SGD(net.parameters(), 0.1), gen(1), batch=8)
    assert all(torch.equal(a, b) for a, b in zip(nets[0].parameters(), nets[1].parameters()))
    assert torch.equal(predict(nets[0], tiled), predict(nets[0], tiled[:])) and len(predict(nets[0], tiled)) == 44


def test_a_folder_holds_what_is_in_the_tiles(tiled, tmp_path):
    flat = SyntheticSet.from_folder(tiled.to_folder(tmp_path/'flat'))
    assert (flat.factor, flat.ipc) == (1, tiled[:].ipc)
    x = tiled.images * tiled.std.view(-1, 1, 1) + tiled.mean.view(-1, 1, 1)
    low, high = reach(x)
    step = (high - low).max() / 255      # of 8 bits over the range that the pixels have
    assert (flat.pixels - tiled.pixels).abs().max() < 0.51 * step
    kept = SyntheticSet.from_folder(tiled.to_folder(tmp_path/'kept', stored=True))
    assert (kept.factor, kept.ipc) == (2, tiled.ipc)


def test_scores_are_those_of_the_tiles_but_count_what_is_stored(tiled):
    a, b = evaluate(tiled, DIGITS, **BRIEF), evaluate(tiled[:], DIGITS, **BRIEF)
    assert a.accuracies == b.accuracies and (a.images, b.images) == (11, 44)
    nets = [dc.make_net('convnet-w8', DIGITS, generator=gen(0)) for _ in range(2)]
    for net, s in zip(nets, (tiled, tiled[:])): dc.train(net, s, BRIEF['recipe'])
    assert all(torch.equal(p, q) for p, q in zip(*(n.parameters() for n in nets)))
    assert dc.accuracy(nets[0], tiled) == dc.accuracy(nets[0], tiled[:])


def test_files_keep_the_tiles(tiled, tmp_path):
    back = SyntheticSet.load(tiled.save(tmp_path/'a.safetensors'))
    assert back.factor == 2 and torch.equal(back.stored, tiled.stored) and back.info == tiled.info
    folder = tiled.to_folder(tmp_path/'pictures', stored=True)
    assert SyntheticSet.from_folder(folder).factor == 2
    pictures = sorted(folder.rglob('*.png'))
    assert len(pictures) == 11 and Image.open(pictures[0]).size == (8, 8)


def test_a_file_cannot_ask_for_any_number_of_tiles(tiled, tmp_path):
    raw = tiled.save(tmp_path/'a.safetensors').read_bytes()
    was = b'\\"factor\\": 2'
    assert raw.count(was) == 2       # as a fact, and among the settings
    for now in (b'\\"factor\\": 9', b'\\"factor\\":-1', b'\\"factor\\":[]'):
        (tmp_path/'bad.safetensors').write_bytes(raw.replace(was, now))
        with pytest.raises(ValueError, match=r'bad.safetensors cannot be read .*`factor` is'): SyntheticSet.load(tmp_path/'bad.safetensors')


def test_sets_are_joined_with_their_tiles(tiled):
    parts = [SyntheticSet(tiled.stored[c:c+1], [0], [f'{c}'], tiled.mean, tiled.std, dict(factor=f)) for c, f in ((0, 2), (1, 2), (2, 1))]
    both = SyntheticSet.join(parts[:2])
    assert (both.factor, both.ipc, len(both), memory_bytes(both)) == (2, [1, 1], 8, 2*64*4)
    with pytest.raises(ValueError, match='tiles'): SyntheticSet.join(parts)


def test_pictures_of_tiles_can_be_drawn(tiled):
    net = dc.make_net('convnet-w8', DIGITS, generator=gen(0))
    assert dc.neighbours(tiled, DIGITS, 2)[0].shape == (44, 2) == dc.neighbours(tiled, DIGITS, 2, net)[0].shape
    dc.show_neighbours(tiled, DIGITS), dc.plot_embeddings(tiled, DIGITS, net='convnet-w8'), tiled.show()
    dc.plot_pixel(tiled, DIGITS, 'dm', image=43, net='convnet-w8', nets=1, real=4)
    assert '2×2 tiles' in repr(tiled)


# ---- The command

def test_the_command_makes_tiles_and_goes_on_with_them(tmp_path, capsys):
    short = ['digits', '--method', 'dm', '--net', 'convnet-w8', '--nets', '1', '--epochs', '2', '--baselines', 'random', '--whole', '0', '--quiet']
    tiles = ['--factor', '2', '--sampling', 'centroids', '--init', 'centroids']
    assert main([*short, *tiles, '--iterations', '4', '--out', str(tmp_path/'whole')]) == 0
    assert main([*short, *tiles, '--iterations', '2', '--out', str(tmp_path/'longer')]) == 0
    assert main([*short, *tiles, '--iterations', '4', '--out', str(tmp_path/'longer'), '--resume']) == 0
    files = [(tmp_path/k/'synthetic.safetensors') for k in ('whole', 'longer')]
    assert files[0].read_bytes() == files[1].read_bytes() and SyntheticSet.load(files[0]).factor == 2
    report = json.loads((tmp_path/'whole'/'report.json').read_text())
    assert [(s['name'], s['evaluations'][0]['images']) for s in report['scores']] == [('random', 10), ('random in tiles', 10), ('dm', 10)]
    assert 'more images are in the file' not in (tmp_path/'whole'/'report.html').read_text()
    assert main([*short, '--factor', '9', '--out', str(tmp_path/'never')]) == 2
    assert 'factor' in capsys.readouterr().err and not (tmp_path/'never').exists()


# ---- Drawing

@pytest.mark.parametrize('near, n', [(0., 5), (0.5, 16), (1., 1), (1., 139)])
def test_every_cluster_gets_its_share(near, n):
    source = Typical(DIGITS, 6, near, seed=3)
    drawn = source.draw(4, n, gen(1))
    own = DIGITS.normalize(DIGITS.train.of_class(4))
    at = (own[:, None] == drawn[None]).flatten(2).all(2).float().argmax(0)
    idx, starts, sizes = source.found[4]
    where = idx - DIGITS.train.places(4).start
    kind = torch.empty(140).long().scatter_(0, where, starts)
    for start, size in zip(starts.unique(), sizes[starts.unique()]):
        assert abs(int((kind[at] == start).sum()) - n*int(size)/140) < 1.001
    if near == 1: assert len(at.unique()) == n        # no image twice


def test_the_nearest_are_the_nearest():
    source = Typical(DIGITS, 6, 0.)
    source.draw(4, 5, gen(0))
    idx, starts, sizes = source.found[4]
    x = DIGITS.train.images[idx].float().flatten(1) / 255
    for start, size in zip(starts.unique().tolist(), sizes[starts.unique()].tolist()):
        own = x[start:start + size]
        far = (own - own.mean(0)).norm(dim=1)
        assert far[0] <= far.min() + 1e-4 and (far[1:] >= far[:-1] - 1e-4).all()


def test_no_global_generator_is_touched():
    before = torch.get_rng_state()
    list(islice(running(DIGITS, 'dm', 1, iterations=2, **BOTH, **FEW), 2))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.slow
def test_two_processes_make_the_tiles_that_one_makes(tmp_path):
    dist = pytest.importorskip('torch.distributed')
    if not dist.is_available(): pytest.skip('this torch has no torch.distributed')
    from test_distributed import together
    found = together(2, tmp_path/'two', in_two, dict(FEW, iterations=3, **BOTH))
    alone = condense(DIGITS, 'dm', 2, **dict(FEW, iterations=3, **BOTH))
    for images, losses in found:
        assert torch.allclose(images, alone.images, atol=1e-5) and torch.allclose(losses, alone.losses, rtol=1e-4)


def in_two(settings):
    import dataset_condensation.beyond, dataset_condensation.distributed, dataset_condensation.distribution_matching  # noqa: E401, F401
    s = condense(load_dataset('digits'), 'dm', 2, **settings)
    return s.images, s.losses
