"""Bad calls. Each must end in an exception that names the argument or what came, write nothing, and
leave the global random generators alone."""
import random
import re
from inspect import signature

import numpy as np
import pytest
import torch
from PIL import Image

import dataset_condensation.all as dc
from dataset_condensation.cli import main

# Wrong values for a parameter of this name, of whatever function
TEXT, CHOICE, NUMBER, COUNT = ['no such thing'], ['no such thing', 1.5], ['no such thing', float('nan')], ['no such thing', -1, 1.5, True]
WRONG = {name: values for names, values in {
    'x y x_test y_test images labels z generator losses soft': TEXT,
    'data small net backbone teacher method recipe init speed norm act pool fit stats device base mode schedule image_opt inner '
    'on_interrupt train test augment info in_memory': CHOICE,
    'lr momentum weight_decay drop_at image_lr image_momentum net_lr net_momentum test_fraction holdout brightness crop cutout flip '
    'rotate lam mu share temperature': NUMBER,
    'ipc k nets sets epochs batch iterations outer real_batch inner_batch factor orders width depth size channels workers first '
    'evaluate_every class_chunk top processes n': COUNT}.items() for name in names.split()}

# They check each of their parameters that has such a name, but for LATER: those that are handed on, or mean nothing here
ENTRANCES = """from_tensors from_datasets load_dataset make_net NetSpec norm_layer conv_block init_net has_batch_norm Augment make_augment
    SyntheticSet TrainRecipe train_recipe train predict accuracy evaluate whole_net random_set first_images herd k_center k_means
    embed_all forgetting_counts compare Recipe paper condensing condense condense_seeds running cross_architecture ablate
    UntilOverfit AngleMagnitude Both continual search score soft_labels probe""".split()
LATER = """load_dataset.channels make_net.generator TrainRecipe.augment random_set.net random_set.device
    embed_all.images paper.data from_datasets.channels score.small""".split()

# What a rule does not say: (call, words that its message must hold)
CALLS = [
    ("data.draw(10, 1, gen(0))", '10', '0 to 9'),
    ("make_net('convnet-d9', data)", 'depth', '9'),
    ("make_net('convnet-bn-in', data)", "'convnet-bn-in'", 'norm twice'),
    ("make_net('convnet-sigmod', data)", "'sigmod'", "'sigmoid'"),
    ("make_net('resnet18-maxpool', data)", "'maxpool'", 'resnet18'),
    ("make_net('convnet', shape=(1, 4, 4), n_classes=2)", 'shape', '8 pixels'),
    ("make_net(net, shape=(1, 8, 8), n_classes=11)", 'net', '11 classes'),
    ("norm_layer('in', 30, flat=True)", 'norm', "'in'"),
    ("conv_block(3, 16, act='rellu')", "'rellu'", "'relu'"),
    ("show_images(9 * x)", 'images', 'denormalize'),
    ("net(torch.randn(2, 3, 8, 8, generator=gen(0)))", '(2, 3, 8, 8)'),
    ("make_augment(dict(crob=.1))", "'crob'", "'crop'"),
    ("SyntheticSet(x * nan, [0, 1, 2, 3], 'abcd', [0.], [1.])", 'images', 'NaN'),
    ("SyntheticSet(x, [0, 1, 2, 3], 'abcd', [0.], [0.])", 'std'),
    ("train_recipe('dc', epoch=5)", "'epoch'", "'epochs'"),
    ("evaluate(large, data)", '(1, 16, 16)', '(1, 8, 8)'),
    ("evaluate(renamed, pets)", "'dog'", "'cat'"),
    ("random_set(data, 500)", 'ipc', '500', '140'),
    ("chosen_set(data, [[0]]*9 + [[140]], 'mine')", '140', "'9'"),
    ("first_images(data, 40, 'real', factor=2)", '160', "'0'"),
    ("compare(data, dict(mine=[]))", 'mine', 'SyntheticSet'),
    ("METHODS['herding'].make(data, 1, embeder=net)", "'embeder'", "'embedder'"),
    ("small.save('no/such/set.safetensors')", 'set.safetensors'),
    ("small.to_folder(there/'pets')", 'pets'),
    ("condense(data, iters=3)", "'iters'", 'iterations'),
    ("class_subset(data.test, [7, 7])", 'classes', '[7, 7]'),
    ("split_classes(10, [4, 4])", 'steps', '10 classes'),
    ("class_orders(3, [[0, 1]])", 'orders', 'each class'),
    ("to_shape(data, (28, 28))", 'shape', '(28, 28)'),
    ("rank_correlation([1], [])", '1', '0'),
    ("continual(data, 'dm', options=dict(dm=dict(iteration=1)))", "'iteration'", "'iterations'"),
    ("continual(data, 'dm', folder=there/'file.bin')", 'file.bin'),
]
REFUSALS = (ValueError, TypeError, KeyError, OSError)

# (arguments, words that the line must hold); `there` is the folder of the fixture
COMMANDS = [
    (['--ipc', '0'], '--ipc is 0', 'at least 1'),
    (['digits', '--ipc', '500', '--init', 'real'], '500', '140'),
    (['--method', 'dcc'], "'dcc'", "'dc'"),
    (['--image-lr', 'nan'], '--image-lr is nan'),
    (['--no-such-flag'], '--no-such-flag'),
    (['--resume'], 'no good checkpoint'),
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
    two = [(pixels[0] / 255, 0), (pixels[1] / 255, 1)]
    own['needed'] = dict(       # by the functions below, of parameters without a default
        x=pixels, y=y, x_test=pixels, y_test=y, train=two, test=two, norm='in', channels=4, c_in=3, c_out=4,
        base='mlp', images=x, labels=[0, 1, 2, 3], classes='abcd', mean=[0.], std=[1.], small=own['small'], net=net, data=data, z=x.flatten(1), k=2,
        generator=g, method='dm', folder='run', backbone=net, teacher=net, augment='none', style='')
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


@pytest.mark.parametrize('function', ENTRANCES)
def test_a_wrong_value_is_named_with_its_parameter(function, names, untouched):
    parameters, tried = signature(names[function]).parameters, 0
    needed = {k: names['needed'][k] for k, p in parameters.items() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}
    for name in [p for p in parameters if p in WRONG and f'{function}.{p}' not in LATER]:
        for value in WRONG[name]:
            with pytest.raises(REFUSALS) as caught: names[function](**needed | {name: value})
            message, tried = str(caught.value), tried + 1
            assert re.search(rf'\b(parse_)?{name}\b', message) and len(message) < 700, (name, value, message)
            assert repr(value) in message or type(value).__name__ in message, (name, value, message)
    assert tried


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
