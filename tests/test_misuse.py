"""Bad calls. Each must end in an exception that names the argument or what came, write nothing, and
leave the global random generators alone."""
import random

import numpy as np
import pytest
import torch
from PIL import Image

import dataset_condensation.all as dc
from dataset_condensation.cli import main

# One row for each kind of check, spread over the entrances: (call, words that its message must hold)
CALLS = [
    ("load_dataset('mnits')", "'mnits'", 'mnist'),
    ("load_dataset('nowhere/at/all')", 'nowhere'),
    ("load_dataset(there/'one')", "'cat'"),
    ("load_dataset(there/'texts')", 'texts', 'no images'),
    ("load_dataset(there/'pets', test_fraction=1.5)", 'test_fraction', '1.5'),
    ("from_tensors(pixels[:, 0, 0], y, pixels, y)", '(6, 8)'),
    ("from_tensors(pixels / 255 * nan, y, pixels, y)", 'NaN'),
    ("from_tensors(pixels, y[:5], pixels, y)", 'y', '5'),
    ("from_tensors(pixels, y.float(), pixels, y)", 'y', 'float32'),
    ("from_tensors(pixels, y, pixels, y, classes=['a', 'a'])", "'a'"),
    ("from_datasets([1, 2], [1], progress=False)", 'train', 'int'),
    ("data.draw(10, 1, gen(0))", '10', '0 to 9'),
    ("data.to('tpu')", 'device', "'tpu'"),
    ("gen('0')", "'0'"),
    ("make_net('convnit', data)", "'convnit'", 'convnet'),
    ("make_net('convnet-d9', data)", 'depth', '9'),
    ("make_net('convnet-bn-in', data)", "'convnet-bn-in'", 'norm twice'),
    ("make_net('convnet-sigmod', data)", "'sigmod'", "'sigmoid'"),
    ("make_net('resnet18-maxpool', data)", "'maxpool'", 'resnet18'),
    ("make_net('convnet', shape=(1, 4, 4), n_classes=2)", 'shape', '8 pixels'),
    ("make_net(net, shape=(1, 8, 8), n_classes=11)", 'net', '11 classes'),
    ("NetSpec('mlp', pool='avgpool')", 'pool', 'mlp has no such option'),
    ("norm_layer('in', 30, flat=True)", 'norm', "'in'"),
    ("conv_block(3, 16, act='rellu')", "'rellu'", "'relu'"),
    ("init_net(net, None)", 'generator', 'None'),
    ("has_batch_norm('convnet-bn')", 'net', "'convnet-bn'"),
    ("show_images(9 * x)", 'images', 'denormalize'),
    ("net(torch.randn(2, 3, 8, 8, generator=gen(0)))", '(2, 3, 8, 8)'),
    ("make_augment(dict(crob=.1))", "'crob'", "'crop'"),
    ("SyntheticSet(x, [1, 2, 3, 4], 'abcd', [0.], [1.])", 'labels', '4'),
    ("SyntheticSet(x * nan, [0, 1, 2, 3], 'abcd', [0.], [1.])", 'images', 'NaN'),
    ("SyntheticSet(x, [0, 1, 2, 3], 'abcd', [0.], [0.])", 'std'),
    ("TrainRecipe(epochs=0)", 'epochs', '0'),
    ("TrainRecipe(lr=inf)", 'lr', 'inf'),
    ("train_recipe('dc', epoch=5)", "'epoch'", "'epochs'"),
    ("train_recipe('best')", "'best'", 'dc'),
    ("train('convnet', small)", 'net', "'convnet'"),
    ("train(net, data.train.images)", 'data', 'ImageSet'),
    ("accuracy(net, data)", 'ImageData', 'test'),
    ("evaluate(small, data, nets=True)", 'nets', 'True'),
    ("evaluate(large, data)", '(1, 16, 16)', '(1, 8, 8)'),
    ("evaluate(renamed, pets)", "'dog'", "'cat'"),
    ("random_set(data, 500)", 'ipc', '500', '140'),
    ("random_set(data, [1, 2])", 'ipc', '2', '10'),
    ("random_set('digits')", 'data', 'ImageData'),
    ("chosen_set(data, [[0]]*9 + [[140]], 'mine')", '140', "'9'"),
    ("herd(x.flatten(1), 5)", 'k', '5'),
    ("first_images(data, 40, 'real', factor=2)", '160', "'0'"),
    ("compare(data, dict(mine=[]))", 'mine', 'SyntheticSet'),
    ("METHODS['herding'].make(data, 1, embeder=net)", "'embeder'", "'embedder'"),
    ("Comparison([])['dc']", "'dc'"),
    ("small.save('no/such/set.safetensors')", 'set.safetensors'),
    ("small.to_folder(there/'pets')", 'pets'),
    ("SyntheticSet.load(there/'other.safetensors')", 'other.safetensors'),
    ("Comparison.load(there/'other.json')", 'other.json'),
    ("Recipe(init='zeros')", 'init', "'zeros'"),
    ("paper('random')", "'random'"),
    ("loop_counts(0)", 'ipc', '0'),
    ("Recipe(inner='shedule')", "'shedule'", "'schedule'"),
    ("condense(data, 'dcc')", "'dcc'", "'dc'"),
    ("condense(data, iters=3)", "'iters'", 'iterations'),
    ("condense(data, net='convnet-d4')", 'depth', '4'),
    ("condense(data, speed='bfloat61')", "'bfloat61'", "'bfloat16'"),
    ("ablate(data, sets=0)", 'sets', '0'),
    ("continual(data, 'dm', steps=11)", 'steps', '11'),
    ("class_subset(data.test, [7, 7])", 'classes', '[7, 7]'),
    ("split_classes(10, [4, 4])", 'steps', '10 classes'),
    ("class_orders(3, [[0, 1]])", 'orders', 'each class'),
    ("to_shape(data, (28, 28))", 'shape', '(28, 28)'),
    ("Continual([])['dm']", "'dm'"),
    ("grid(depth=[])", 'depth', '[]'),
    ("rank_correlation([1], [])", '1', '0'),
    ("search(data, {'stop': 'early'})", 'early'),
    ("continual(data, 'dm', options=dict(dm=dict(iteration=1)))", "'iteration'", "'iterations'"),
    ("continual(data, 'dm', folder=there/'file.bin')", 'file.bin'),
    ("LiveRun(data)", 'run', 'ImageData'),
]
REFUSALS = (ValueError, TypeError, KeyError, OSError)

# (arguments, words that the line must hold); `there` is the folder of the fixture
COMMANDS = [
    (['--ipc', '0'], '--ipc is 0', 'at least 1'),
    (['digits', '--ipc', '500', '--init', 'real'], '500', '140'),
    (['--method', 'dcc'], "'dcc'", "'dc'"),
    (['--image-lr', 'nan'], '--image-lr is nan'),
    (['--no-such-flag'], '--no-such-flag'),
    (['--resume'], 'no checkpoint'),
    (['mnist', '--no-download', '--root', 'there/empty'], 'mnist', 'empty'),
    (['there/texts'], 'texts', 'no images'),
    (['--out', 'there/pets'], 'pets', 'another'),
]


@pytest.fixture(scope='module')
def there(tmp_path_factory):
    "A folder of things that are not what they should be"
    there = tmp_path_factory.mktemp('there')
    for folder in ('empty', 'one/cat', 'texts/a', 'texts/b', 'pets/cat', 'pets/dog'): (there/folder).mkdir(parents=True)
    for folder in ('one/cat', 'pets/cat', 'pets/dog'):
        for i in range(4): Image.new('L', (8, 8), 60*i).save(there/folder/f'{i}.png')
    for folder in ('a', 'b'): (there/'texts'/folder/'notes.txt').write_text('no picture')
    (there/'file.bin').write_bytes(bytes(range(256)))
    from safetensors.torch import save_file
    save_file(dict(weight=torch.zeros(3)), there/'other.safetensors')
    (there/'other.json').write_text('[1, 2]')
    return there


@pytest.fixture(scope='module')
def names(there):
    "What the calls above refer to"
    g = dc.gen(0, 'misuse')
    pixels, y = torch.randint(0, 256, (6, 1, 8, 8), dtype=torch.uint8, generator=g), torch.tensor([0, 0, 0, 1, 1, 1])
    data = dc.load_dataset('digits')
    pets = dc.from_tensors(pixels, y, pixels, y, classes=['cat', 'dog'])
    net, x = dc.make_net('convnet-w8-d1', data), torch.randn(4, 1, 8, 8, generator=g)
    own = dict(
        torch=torch, nan=float('nan'), inf=float('inf'), there=there, pixels=pixels, y=y, x=x, data=data, pets=pets, net=net,
        small=dc.random_set(data, 1),
        large=dc.SyntheticSet(torch.zeros(10, 1, 16, 16), range(10), range(10), data.mean, data.std),
        renamed=dc.SyntheticSet(x[:2], [0, 1], ['dog', 'cat'], pets.mean, pets.std))
    return {k: getattr(dc, k) for k in dc.__all__} | own


def files(*folders): return sorted((str(p), p.is_file() and p.read_bytes()) for f in folders for p in f.rglob('*'))


def generators():
    "The state of the three global generators"
    _, keys, position, *_ = np.random.get_state()
    return torch.get_rng_state().tolist(), keys.tolist(), position, random.getstate()


@pytest.fixture
def untouched(tmp_path, there, monkeypatch):
    "An empty folder to work in, in which nothing may be written, nor may a random number be taken from anybody"
    monkeypatch.chdir(tmp_path)
    before, states = files(tmp_path, there), generators()
    yield tmp_path
    assert files(tmp_path, there) == before, 'something was written'
    assert generators() == states, 'a global generator was used'


@pytest.mark.parametrize('call, words', [(c, w) for c, *w in CALLS], ids=[c for c, *_ in CALLS])
def test_a_bad_call_is_refused(call, words, names, untouched):
    with pytest.raises(REFUSALS) as caught: eval(call, dict(names))
    message = str(caught.value)
    assert len(message) < 700, message
    missing = [w for w in words if w not in message]
    assert not missing, f'{missing} not in: {message}'


@pytest.mark.parametrize('argv, words', [(a, w) for a, *w in COMMANDS], ids=[' '.join(a) for a, *_ in COMMANDS])
def test_a_bad_command_is_one_line_and_code_2(argv, words, there, untouched, capsys):
    try: code = main([a.replace('there', str(there)) for a in argv])
    except SystemExit as e: code = e.code
    said = capsys.readouterr()
    assert code == 2, said
    assert said.err.startswith('condense: ') and said.err.count('\n') == 1 and 'Traceback' not in said.err, said.err
    missing = [w for w in words if w not in said.err]
    assert not missing, f'{missing} not in: {said.err}'
