"Sets of few bits: what comes back from the disk, how many bytes there are, what a budget holds, and PNG folders that clip nothing"
import json
from functools import partial

import pytest
import torch
from PIL import Image

import dataset_condensation as dc
from dataset_condensation.bytes import BITS, StraightThrough, in_bytes, palette, rounded, within
from dataset_condensation.cli import main
from dataset_condensation.safe_files import kind_of

gray = [.3], [.2]
color = [.5, .4, .3], [.25, .2, .3]


@pytest.fixture(scope='module')
def digits(): return dc.load_dataset('digits')


def some(c=1, ipc=(2, 3, 1), size=(9, 12), seed=0, spread=2., **info):
    "A set of noise that reaches far beyond black and white"
    y = torch.arange(len(ipc)).repeat_interleave(torch.tensor(ipc))
    x = torch.randn(len(y), c, *size, generator=dc.gen(seed, 'bytes')) * spread
    return dc.SyntheticSet(x, y, ['a', 'Käse', '日本'][:len(ipc)], *(gray if c == 1 else color), info)


def pixels(s): return s.stored * s.std.view(-1, 1, 1) + s.mean.view(-1, 1, 1)


@pytest.mark.parametrize('c', [1, 3])
@pytest.mark.parametrize('ipc', [(1,), (2, 3, 1), (4, 0, 1)])
def test_a_set_comes_back_as_exact_as_its_bits(tmp_path, c, ipc):
    s, last = some(c, ipc, method='mine', recipe=dict(a=1)), 0.
    span = (pixels(s).amax((0, 2, 3)).clamp(min=1) - pixels(s).amin((0, 2, 3)).clamp(max=0)).max()
    for bits in BITS[c]:
        back = dc.SyntheticSet.load(s.save(tmp_path/f'{bits}.png', bits=bits))
        assert back.classes == s.classes and back.info == s.info and back.ipc == s.ipc and back.stored.shape == s.stored.shape
        off = (pixels(back) - pixels(s)).abs()
        if bits == 8 * c: assert off.max() <= span / 255 / 2 + 1e-5
        assert off.square().mean() >= last - 1e-9
        last = off.square().mean()
        values = back.stored.movedim(1, -1).reshape(-1, c).unique(dim=0)
        assert bits == 24 or len(values) <= 2**bits
        twice = dc.SyntheticSet.load(back.save(tmp_path/'again.png', bits=bits))
        assert (pixels(twice) - pixels(back)).abs().max() <= span / 255


@pytest.mark.parametrize('bits', BITS[1])
def test_fewer_bits_are_fewer_bytes(tmp_path, bits):
    s = some(1, (20, 20, 20), (28, 28))
    size = s.save(tmp_path/'s.png', bits=bits).stat().st_size
    raw = 60 * 28 * 28 * bits / 8
    assert .5 * raw < size < 1.02 * raw + 900
    with Image.open(tmp_path/'s.png') as im: assert im.size == (20 * 28, 3 * 28)


def test_real_images_are_stored_exactly(tmp_path, digits):
    s = dc.random_set(digits, 3)
    for back in (dc.SyntheticSet.load(s.save(tmp_path/'s.png')), dc.SyntheticSet.from_folder(s.to_folder(tmp_path/'s'))):
        assert torch.allclose(back.stored, s.stored, atol=1e-5)


def test_tiles_stay_tiles(tmp_path):
    s = some(factor=2)
    back = dc.SyntheticSet.load(s.save(tmp_path/'s.png', bits=4))
    assert back.factor == 2 and len(back) == len(s) == 24


def test_a_budget_takes_the_most_bits_that_fit(tmp_path):
    s = some(1, (5, 5, 5))
    sizes = {bits: s.save(tmp_path/'s.png', bits=bits).stat().st_size for bits in BITS[1]}
    for bits, size in sizes.items():
        file = s.save(tmp_path/'fit.png', budget=size)
        assert file.stat().st_size <= size and file.read_bytes() == s.save(tmp_path/'s.png', bits=bits).read_bytes()


def test_images_are_left_out_where_no_bits_fit_and_that_is_said(tmp_path, caplog):
    s = some(1, (30, 10, 20), (28, 28))
    file = s.save(tmp_path/'s.png', budget=2000)
    back = dc.SyntheticSet.load(file)
    assert file.stat().st_size <= 2000 and 'of the 60 images' in caplog.text
    assert all(0 < b < a for a, b in zip(s.ipc, back.ipc))
    first = back.stored_labels.tolist().index(1)
    assert torch.corrcoef(torch.stack([back.stored[first].flatten(), s.stored[30].flatten()]))[0, 1] > .5    # the first of its class


@pytest.mark.parametrize('call, says', [
    (lambda s, p: s.save(p/'s.png', budget=100), "`budget` is 100, expected at least"),
    (lambda s, p: s.save(p/'s.png', budget='ten'), "`budget` is 'ten', expected bytes"),
    (lambda s, p: s.save(p/'s.png', bits=3), '`bits` is 3, expected one of 8, 4, 2, 1'),
    (lambda s, p: s.save(p/'s.safetensors', bits=2), 'ending in .png'),
    (lambda s, p: s.save(p/'s.png', budget=-5), '`budget` is -5')])
def test_what_cannot_be_stored_is_refused(tmp_path, call, says):
    with pytest.raises(ValueError, match=says): call(some(), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('text, n', [('10kB', 10_000), ('1.5 KiB', 1536), (300, 300), ('2MB', 2_000_000), ('7', 7), ('1 MiB', 2**20)])
def test_bytes_are_read(text, n): assert in_bytes(text) == n


@pytest.mark.parametrize('wrong', ['', 'kB', '-1kB', '1e3', 0, '0B', None, '10 bytes', '1.2.3kB', float('nan')])
def test_what_is_no_number_of_bytes(wrong):
    with pytest.raises(ValueError, match='expected bytes, such as'): in_bytes(wrong)


def test_a_plan_fits_for_real_images(tmp_path, digits):
    assert within(digits, '1MB').ipc == 140        # no more than real ones
    for budget in (1500, 4000):
        plan = within(digits, budget)
        size = dc.random_set(digits, plan.ipc, seed=3).save(tmp_path/'s.png', bits=plan.bits).stat().st_size
        assert .5 * plan.budget < size <= plan.budget, plan
    assert within(digits, 4000, 4).ipc < within(digits, 4000).ipc
    with pytest.raises(ValueError, match='`budget` is 100 bytes, expected at least'): within(digits, 100)
    with pytest.raises(ValueError, match='`bits` is 24'): within(digits, '1MB', 24)


def test_a_palette_is_the_best_of_its_size():
    v = torch.tensor([[0.]] * 50 + [[10.]] * 50 + [[200.]] * 2 + [[210.]] * 2)
    assert palette(v, 4).flatten().tolist() == [0, 10, 200, 210]
    assert palette(v, 2).flatten().tolist() == [5, 205]
    assert palette(v, 16).flatten().tolist() == [0, 10, 200, 210]     # no more than there are


def test_rounding_leaves_what_is_rounded():
    v = 255 * torch.rand(4, 3, 8, 8, generator=dc.gen(0, 'v'))
    for bits in BITS[3]:
        once = rounded(v, bits)[0]
        assert torch.equal(rounded(once, bits)[0], once)


def test_straight_through_shows_few_values_and_keeps_exact_ones():
    x = torch.randn(3, 1, 8, 8, generator=dc.gen(1, 'x')).requires_grad_()
    before, opt = x.detach().clone(), StraightThrough([x], lr=.01, momentum=0., bits=2)
    for k in range(1, 4):
        x.grad = torch.ones_like(x)
        opt.step()
        assert len(x.detach().unique()) <= 4
        assert torch.allclose(opt.state[x]['exact'], before - .01 * k)     # rounding doesn't add up


def test_condensing_through_the_quantizer_resumes_to_the_same_bits(tmp_path, digits):
    how = dict(ipc=1, real_batch=8, net='mlp-w8', progress=False, image_opt=partial(StraightThrough, bits=1))
    whole = dc.condense(digits, 'dm', iterations=4, **how)
    dc.condense(digits, 'dm', iterations=2, checkpoint=tmp_path/'c', **how)
    again = dc.condense(digits, 'dm', iterations=4, checkpoint=tmp_path/'c', **how)
    assert len(whole.stored.unique()) == 2 and torch.equal(again.stored, whole.stored)


# ---- Files that are damaged or lie

def test_a_damaged_png_is_read_or_refused(tmp_path):
    raw, rng = bytearray(some().save(tmp_path/'s.png', bits=2).read_bytes()), torch.Generator().manual_seed(0)
    for _ in range(150):
        bad, i = bytearray(raw), int(torch.randint(len(raw), (), generator=rng))
        bad[i] ^= 1 << int(torch.randint(8, (), generator=rng))
        if i % 5 == 0: bad = bad[:i]
        (tmp_path/'bad.png').write_bytes(bad)
        try: dc.SyntheticSet.load(tmp_path/'bad.png')
        except ValueError as e: assert 'bad.png' in str(e)


def retold(tmp_path, **changed):
    "A PNG whose description says something else"
    import json
    from PIL.PngImagePlugin import PngInfo
    with Image.open(some().save(tmp_path/'s.png', bits=2)) as im:
        about, note = json.loads(im.info['set']) | changed, PngInfo()
        note.add_text('set', json.dumps(about), zip=True)
        im.save(tmp_path/'lie.png', pnginfo=note)
    return tmp_path/'lie.png'


@pytest.mark.parametrize('lie', [
    dict(ipc=[1, 1, 1]), dict(ipc=[-2, 5, 3]), dict(ipc=[10**9, 1, 1]), dict(ipc='x'), dict(ipc=[0, 0, 0]), dict(size=[9]), dict(size=[9, 13]),
    dict(size=[0, 0]), dict(mean=[.1, .2]), dict(std=[0.]), dict(low=[2.]), dict(high=[float('inf')]), dict(low='a'), dict(classes=['a']),
    dict(format='x'), dict(info=[1]), dict(low=[float('nan')])])
def test_a_description_that_does_not_fit_is_refused(tmp_path, lie):
    with pytest.raises(ValueError, match='lie.png'): dc.SyntheticSet.load(retold(tmp_path, **lie))


def test_a_picture_that_is_no_set_is_refused(tmp_path):
    Image.new('L', (8, 8)).save(tmp_path/'p.png')
    with pytest.raises(ValueError, match='p.png has no description'): dc.SyntheticSet.load(tmp_path/'p.png')
    assert (kind_of(tmp_path/'p.png'), kind_of(some().save(tmp_path/'s.png'))) == ('', 'set')


# ---- Folders of pictures

@pytest.mark.parametrize('c', [1, 3])
def test_a_folder_clips_nothing_and_says_so(tmp_path, caplog, c):
    s = some(c)
    back = dc.SyntheticSet.from_folder(s.to_folder(tmp_path/'s'))
    step = (pixels(s).amax((0, 2, 3)) - pixels(s).amin((0, 2, 3))).max() / 255
    assert (pixels(back) - pixels(s)).abs().max() <= .51 * step and 'set.json says so' in caplog.text
    assert len(caplog.records) == 1
    cut = dc.SyntheticSet.from_folder(s.to_folder(tmp_path/'cut', clip=True))
    assert (pixels(cut) - pixels(s).clamp(0, 1)).abs().max() <= .51 / 255


def test_a_folder_of_an_earlier_version_is_read_as_before(tmp_path, digits):
    s = dc.random_set(digits, 1)
    assert 'low' not in (s.to_folder(tmp_path/'s')/'set.json').read_text()


# ---- The command

def test_the_command_keeps_to_a_budget(tmp_path, capsys):
    how = ['--method', 'dm', '--iterations', '2', '--nets', '1', '--epochs', '1', '--whole', '0', '--baselines', 'none', '--net', 'mlp-w8']
    assert main(['digits', '--budget', '1.5kB', '--out', str(tmp_path/'run'), *how]) == 0
    out = capsys.readouterr().out
    small, plan = dc.SyntheticSet.load(tmp_path/'run'/'small.png'), within(dc.load_dataset('digits'), '1.5kB')
    assert small.ipc == [plan.ipc] * 10 and (tmp_path/'run'/'small.png').stat().st_size <= 1500
    assert f'budget: {plan}' in out and 'small.png: 1,' in out
    assert json.loads((tmp_path/'run'/'report.json').read_text())['small_png_bytes'] == (tmp_path/'run'/'small.png').stat().st_size
    assert 'small_png_bytes' in (tmp_path/'run'/'report.html').read_text()


@pytest.mark.parametrize('argv, says', [
    (['digits', '--budget', '5'], 'expected at least'), (['digits', '--budget', 'x'], 'expected bytes'),
    (['digits', '--budget', '3kB', '--ipc', '2'], 'leave that out'), (['digits', '--bits', '2'], 'only with --budget'),
    (['digits', '--budget', '3kB', '--bits', '3'], 'expected one of 8, 4, 2, 1')])
def test_the_command_says_what_is_wrong_in_a_line(tmp_path, capsys, monkeypatch, argv, says):
    monkeypatch.chdir(tmp_path)
    try: code = main([*argv, '--method', 'dm'])
    except SystemExit as e: code = e.code
    err = capsys.readouterr().err
    assert code == 2 and says in err and len(err.strip().splitlines()) == 1, err
    assert not list(tmp_path.iterdir())
