"What `recommend` answers by a made-up table, and what `condense(data, 'auto')` makes of it"
import pytest
import torch

from dataset_condensation import recommendation
from dataset_condensation.all import Schedule, from_tensors, load_dataset
from dataset_condensation.checkpoints import Checkpoints
from dataset_condensation.names import METHODS
from dataset_condensation.recommendation import AUTO, chosen_settings, measured, recommend


@pytest.fixture(scope='module')
def digits(): return load_dataset('digits')


@pytest.fixture(scope='module')
def larger():
    "Images of four times the pixels, twenty classes"
    pixels, labels = torch.zeros(40, 3, 16, 16, dtype=torch.uint8), torch.arange(20).repeat(2)
    return from_tensors(pixels, labels, pixels, labels)


@pytest.fixture
def known(monkeypatch):
    "The only data set that was measured: DM is worth four seconds at one per class, DC thirty at ten"
    ways = [dict(ipc=1, seconds=0., accuracy=60., method='random', settings={}),
            dict(ipc=1, seconds=4., accuracy=91., method='dm', settings=dict(iterations=150, image_lr=1.)),
            dict(ipc=10, seconds=0., accuracy=95., method='random', settings={}),
            dict(ipc=10, seconds=30., accuracy=97., method='dc', settings=dict(iterations=6, inner=[3, 1]))]
    known = dict(shape=[1, 8, 8], classes=10, net='convnet-w32', speed='float32', ways=ways)
    monkeypatch.setattr(recommendation, 'measured', lambda: {'digits': known})
    return known


def test_every_way_is_by_a_method_that_condense_knows():
    assert {w['method'] for of in measured().values() for w in of['ways']} <= set(METHODS)


def test_the_nearest_size_decides(known):
    assert [recommend('digits', n).method for n in (1, 3, 4, 500)] == ['dm', 'dm', 'dc', 'dc']
    assert recommend('digits', 1, 1/30).method == 'random'
    assert recommend('digits', 1, minutes=1/30, computed=True).method == 'dm'
    settings = dict(iterations=6, inner=Schedule((3, 1)), net='convnet-w32', speed='float32')
    assert recommend('digits', 10, device='cpu').settings == settings


def test_seconds_grow_with_pixels_and_classes(known, digits, larger):
    assert [recommend(d, 1).seconds for d in (digits, larger)] == [4., 4. * 4 * 2]
    assert recommend(larger, 1, minutes=1/3).method == 'random'
    assert recommend(larger, [1, 1, 4] * 6 + [2, 2]).method == 'dm'


def test_seconds_grow_with_the_images_of_the_set_and_experts_see_all_images(known, digits, larger):
    assert [recommend('digits', n).seconds for n in (10, 50, 6)] == [30., 150., 30.]
    known |= dict(ways=[dict(ipc=1, seconds=4., accuracy=91., method='experts', settings={})], images=20)
    assert recommend(larger, 1).seconds == 4. * 4 * 2         # 40 images in twice the classes: both are twice as many
    few = from_tensors(larger.train.images[:39], torch.arange(39) % 2, larger.test.images[:2], torch.arange(2))
    assert recommend(few, 1).seconds == pytest.approx(4. * 4 * 39 / 20)


def test_where_tiles_ask_for_too_many_images_the_ways_without_count(known, digits):
    tiled = dict(ipc=10, seconds=9., accuracy=98., method='dm', settings=dict(factor=3))
    plain = dict(ipc=10, seconds=5., accuracy=96., method='dm', settings=dict(iterations=60), plain=True)
    random = dict(ipc=10, seconds=0., accuracy=97., method='random', settings=dict(factor=3))
    known['ways'] = [known['ways'][2], random, tiled, plain]
    assert [recommend(digits, n).settings.get('factor', 1) for n in (10, 20)] == [3, 1]      # a class has 140 images
    assert (recommend(digits, 20).method, recommend(digits, 20).accuracy) == ('dm', 96.)
    assert '98.0 % (random 95.0 %, random in 3×3 tiles 97.0 %), made with' in str(recommend(digits, 10))
    assert '96.0 % (random 95.0 %), made with' in str(recommend(digits, 20))


def test_it_says_why_and_what_more_time_would_buy(known, larger):
    assert str(recommend('digits', 1, 1/30)).endswith('in about 0 s of one core here; dm reached 91.0 %, in about 4 s')
    assert str(recommend(larger, 1)).endswith('in about 32 s of one core here; nothing slower in the table is clearly better')


def test_a_network_and_a_speed_that_were_set_stay():
    choice = recommend('mnist', 1, device='cpu', half=True)
    assert chosen_settings(choice, speed='plain')['net'] == 'convnet-w64'
    assert chosen_settings(choice, 'mlp')['net'] == 'mlp'
    assert chosen_settings(choice)['speed'] == 'bfloat16'
    assert chosen_settings(recommend('mnist', 1, device='cpu', half=False))['speed'] == 'auto'


def test_a_processor_without_16_bit_products_has_seconds_of_its_own(known, monkeypatch):
    slower = [dict(ipc=1, seconds=0., accuracy=60., method='random', settings={}),
              dict(ipc=1, seconds=50., accuracy=91., method='dm', settings=dict(iterations=150, image_lr=1.))]
    known |= dict(float32=slower, speed='bfloat16', augment='dsa')
    def one(**how): return recommend('digits', 1, minutes=1/3, device='cpu', **how)
    assert (one(half=True).method, one(half=False).method) == ('dm', 'random')
    assert recommend('digits', 1, half=False).seconds == 50. and one().augment == 'dsa'
    assert 'speed' not in one(half=False).settings and one(half=True).settings['speed'] == 'bfloat16'
    for half in (True, False):
        monkeypatch.setattr(recommendation, 'native_bfloat16', lambda: half)
        assert one() == one(half=half)


def test_more_cores_than_one_count_as_two(known):
    known['two_cores'] = 2.
    def one(cores): return recommend('digits', 1, minutes=1/20, cores=cores)      # three seconds, where DM takes four of one core
    assert [one(n).method for n in (1, 2, 16)] == ['random', 'dm', 'dm'] and one(16).seconds == 2.
    assert 'of two cores here' in str(one(2)) and 'of one core here' in str(one(1))
    del known['two_cores']
    assert one(2).method == 'random' and 'of one core here' in str(one(2))
    with pytest.raises(ValueError, match='cores'): one(0)


def test_auto_runs_it_and_what_is_set_wins(known, digits, tmp_path):
    known['ways'] = [dict(ipc=1, seconds=4., accuracy=91., method='dm', settings=dict(iterations=2, real_batch=8))]
    small = AUTO.make(digits, 1, net='convnet-w8', progress=False, evaluate_every=2, checkpoint=str(tmp_path))
    assert (small.info['method'], small.info['updates'], len(small.info['history'])) == ('dm', 2, 1)
    assert Checkpoints(str(tmp_path)).read()[1]['step'] == 2
