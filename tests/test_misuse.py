"""Bad calls. Each must end in an exception whose message names the argument and what came; must write nothing; and must
leave the global random generators alone."""
import random

import numpy as np
import pytest
import torch
from PIL import Image

import dataset_condensation.all as dc
from dataset_condensation import plots as pictures
from dataset_condensation.cli import main

# Each kind of wrong argument at each entrance that people use, not each argument: (call, words that its message must hold)
CALLS = [
    # ---- data
    ("load_dataset('mnits')", "'mnits'", 'mnist'),
    ("load_dataset('nowhere/at/all')", 'nowhere'),
    ("load_dataset(3)", 'name_or_folder', '3'),
    ("load_dataset(there/'one')", "'cat'"),
    ("load_dataset(there/'texts')", 'texts', 'no images'),
    ("load_dataset(there/'pets', test_fraction=1.5)", 'test_fraction', '1.5'),
    ("load_dataset('digits', size='big')", 'size', "'big'"),
    ("load_dataset('digits', stats='published')", 'stats', "'published'"),
    ("load_dataset(there/'pets', cache_dir=3)", 'cache_dir', '3'),
    ("from_tensors(pixels[:, 0, 0], y, pixels, y)", '(6, 8)'),
    ("from_tensors(pixels.int(), y, pixels, y)", 'int32'),
    ("from_tensors(pixels / 255 * nan, y, pixels, y)", 'NaN'),
    ("from_tensors(pixels, y[:5], pixels, y)", 'y', '5'),
    ("from_tensors(pixels, y.float(), pixels, y)", 'y', 'float32'),
    ("from_tensors(pixels, y, None, y)", 'x_test', 'None'),
    ("from_tensors(pixels, y, pixels, y, classes=['a', 'a'])", "'a'"),
    ("from_datasets([], [1])", 'train'),
    ("from_datasets([1, 2], [1], progress=False)", 'train', 'int'),
    ("from_datasets(pairs, pairs, fit='squash')", 'fit', "'squash'"),
    ("from_datasets(iter(pairs), pairs)", 'train', 'list_iterator'),
    ("data.draw(10, 1, gen(0))", '10', '0 to 9'),
    ("data.draw(0, 0, gen(0))", 'n', '0'),
    ("data.to('tpu')", 'device', "'tpu'"),
    ("gen('0')", "'0'"),
    # ---- networks
    ("make_net('convnit', data)", "'convnit'", 'convnet'),
    ("make_net('convnet-rellu', data)", "'rellu'", 'relu'),
    ("make_net('convnet-d9', data)", 'depth', '9', '3'),
    ("make_net('convnet')", 'data'),
    ("make_net('convnet', shape=(1, 8, 8), n_classes='x')", 'n_classes', "'x'"),
    ("make_net('convnet', data, device='tpu')", 'device', "'tpu'"),
    ("make_net('convnet', data, generator=3)", 'generator', '3'),
    ("net(torch.randn(2, 3, 8, 8, generator=gen(0)))", 'x', '(2, 3, 8, 8)'),
    # ---- augmentation
    ("make_augment('dsaa')", "'dsaa'", "'dsa'"),
    ("make_augment(dict(crob=.1))", "'crob'", "'crop'"),
    ("Augment('colour')", "'colour'", "'color'"),
    ("Augment(brightness=nan)", 'brightness', 'nan'),
    ("Augment()('x', gen(0))", "'x'"),
    # ---- sets and training
    ("SyntheticSet(x, [0, 1, 2], 'abcd', [0.], [1.])", 'labels', '3'),
    ("SyntheticSet(x[0], [0], 'a', [0.], [1.])", 'images', '(1, 8, 8)'),
    ("SyntheticSet(pixels, y, 'ab', [0.], [1.])", 'images', 'uint8'),
    ("SyntheticSet(x * nan, [0, 1, 2, 3], 'abcd', [0.], [1.])", 'images', 'NaN'),
    ("SyntheticSet(x, [1, 2, 3, 4], 'abcd', [0.], [1.])", 'labels', '4'),
    ("SyntheticSet(x, [0, 1, 2, 3], 'abcd', [0.], [0.])", 'std'),
    ("TrainRecipe(epochs=0)", 'epochs', '0'),
    ("TrainRecipe(epochs='3')", 'epochs', "'3'"),
    ("TrainRecipe(lr=inf)", 'lr', 'inf'),
    ("train_recipe('dcc')", "'dcc'", "'dc'"),
    ("train_recipe('dc', epoch=5)", "'epoch'", "'epochs'"),
    ("train('convnet', small)", 'net', "'convnet'"),
    ("train(net, x)", 'data', 'Tensor'),
    ("train(make_net('mlp', shape=data.shape, n_classes=3), small)", '3', '10'),
    ("predict(net, data)", 'data', 'ImageData'),
    ("accuracy(net, 3)", 'data', 'int'),
    ("evaluate(small, data, nets=0)", 'nets', '0'),
    ("evaluate(small, data, nets=True)", 'nets', 'True'),
    ("evaluate(small, data, net='convnit')", "'convnit'", 'convnet'),
    ("evaluate(small, data, recipe='dcc')", "'dcc'", "'dc'"),
    ("evaluate(small, data, device='tpu')", 'device', "'tpu'"),
    ("evaluate(small, data, speed='quick')", "'quick'"),
    ("evaluate(large, data)", '(1, 16, 16)', '(1, 8, 8)'),
    ("evaluate(renamed, pets)", "'dog'", "'cat'"),
    ("evaluate('syn.safetensors', data)", 'small', "'syn.safetensors'"),
    ("evaluate(small, untested)", 'data', 'no test images'),
    # ---- coresets and comparisons
    ("random_set(data, 500)", 'ipc', '500', '140'),
    ("random_set(data, [1, 2])", 'ipc', '2', '10'),
    ("random_set(data, True)", 'ipc', 'True'),
    ("random_set('digits')", 'data', "'digits'", 'ImageData'),
    ("METHODS['herding'].make(data, 1, embeder=net)", "'embeder'", "'embedder'"),
    ("compare(data, ['dcc'])", "'dcc'", "'dc'"),
    ("compare(data, dict(mine=[]))", "'mine'"),
    ("compare(data, 'random', sets=0)", 'sets', '0'),
    ("compare(data, 'random', options=dict(herding={}))", 'options', 'herding'),
    ("compare('digits', 'random')", 'data', "'digits'", 'ImageData'),
    ("Comparison([])['dc']", "'dc'"),
    # ---- files
    ("small.save('no/such/set.safetensors')", 'set.safetensors'),
    ("small.save(3)", 'path', '3'),
    ("small.to_folder(there/'pets')", 'pets'),
    ("SyntheticSet.load('nothing.safetensors')", 'nothing.safetensors'),
    ("SyntheticSet.load(there/'file.bin')", 'file.bin'),
    ("SyntheticSet.load(there/'other.safetensors')", 'other.safetensors'),
    ("SyntheticSet.from_folder(there/'pets')", 'pets', 'load_dataset'),
    ("import_published(there/'file.bin')", 'file.bin'),
    ("Comparison.load(there/'other.json')", 'other.json'),
    # ---- condensing
    ("Recipe(init='zeros')", 'init', "'zeros'"),
    ("Recipe(iterations=1.5)", 'iterations', '1.5'),
    ("Recipe(image_lr=nan)", 'image_lr', 'nan'),
    ("Recipe(inner=-1)", 'inner', '-1'),
    ("Recipe(real_batch=True)", 'real_batch', 'True'),
    ("paper('random')", "'random'"),
    ("condensing(data, 'random')", "'random'"),
    ("condensing(data, inner='schedul')", 'inner', "'schedul'", "'schedule'"),
    ("condensing(data, sampling='stratta')", "'stratta'", "'strata'"),
    ("condensing(data, 'dm', factor=9, init='noise')", 'factor', '9'),
    ("condensing(data, 'dm', team=2)", "'team'", 'outer'),
    ("running(data, 'dm', team=2)", 'team', '2'),
    ("condense(data, 'dcc')", "'dcc'", "'dc'"),
    ("condense(data, ipc='1')", 'ipc', "'1'"),
    ("condense(data, ipc=[1]*11)", 'ipc', '11'),
    ("condense(data, 'herding', 500)", 'ipc', '500'),
    ("condense(data, iters=3)", "'iters'", 'iterations'),
    ("condense(data, 'random', iters=3)", "'iters'"),
    ("condense(data, net='convnet-d4')", 'depth', '4'),
    ("condense(data, augment='dsaa')", "'dsaa'", "'dsa'"),
    ("condense(data, device='tpu')", 'device', "'tpu'"),
    ("condense(data, speed='bfloat61')", "'bfloat61'", "'bfloat16'"),
    ("condense('digits')", 'data', "'digits'", 'ImageData'),
    ("class_gradient(net, x[0], 0)", '(1, 8, 8)'),
    ("DistributionMatching(networks=[])", 'networks'),
    ("UntilOverfit(n=0)", 'n', '0'),
    # ---- studies
    ("ablate(data, sets=0)", 'sets', '0'),
    ("ablate(data, 'random', width=[3])", "'random'"),
    ("cross_architecture(data, 'random', nets_to=['convnit'])", "'convnit'", 'convnet'),
    ("search(data, ['dm'], ['convnit'])", "'convnit'", 'convnet'),
    ("search(data, ['wole'], ['mlp', 'lenet'])", "'wole'", "'whole'"),
    ("continual(data, 'dm', steps=11)", 'steps', '11', '10 classes'),
    ("continual(data, 'dm', options=dict(dm=dict(iteration=1)))", "'iteration'", "'iterations'"),
    ("continual(data, 'dm', folder=there/'file.bin')", 'file.bin'),
    ("continual_tasks([data, to_shape(data, (1, 9, 9))], 'dm')", 'shape', 'to_shape'),
    # ---- pictures
    ("show_images('x')", 'images', "'x'"),
    ("neighbours(large, data)", '(1, 16, 16)', '(1, 8, 8)'),
    ("plot_history(small)", 'without loss'),
    ("LiveRun(data)", 'run', 'ImageData'),
    ("Explorer('nowhere')", 'nowhere'),
    ("write_report(there)", 'report.json'),
]
REFUSALS = (ValueError, TypeError, KeyError, OSError)

# (arguments, words that the line must hold); `there` is the folder of the fixture
COMMANDS = [
    (['--ipc', '0'], "'0'", 'at least 1'),
    (['--ipc', 'ten'], "'ten'", 'whole number'),
    (['--ipc', '5,1,2'], '3 numbers', '10 classes'),
    (['--ipc', '500', '--init', 'real'], '500', '140'),
    (['--method', 'dcc'], "'dcc'", "'dc'"),
    (['--method', 'random', '--image-lr', '1'], '--image-lr', 'random'),
    (['--net', 'convnet-d4'], 'depth', '4', '3'),
    (['--train-augment', 'crob'], "'crob'", "'crop'"),
    (['--inner', 'shedule'], "'shedule'", 'schedule'),
    (['--image-lr', 'nan'], 'image_lr', 'nan'),
    (['--baselines', 'random,dc'], '--baselines', "'dc'"),
    (['--device', 'toaster'], 'device', "'toaster'"),
    (['--no-such-flag'], '--no-such-flag'),
    (['--resume'], 'no checkpoint'),
    (['--resume', '--force'], 'not allowed'),
    (['--checkpoint-every', '-3'], 'at least 0'),
    (['mnits'], "'mnits'", 'mnist'),
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
    none = dc.ImageSet(data.test.images[:0], data.test.labels[:0], data.classes, data.mean, data.std)
    own = dict(
        torch=torch, nan=float('nan'), inf=float('inf'), there=there, pixels=pixels, y=y, x=x, data=data, pets=pets, net=net,
        pairs=[(pixels[0], 0), (pixels[1], 1)], small=dc.random_set(data, 1),
        large=dc.SyntheticSet(torch.zeros(10, 1, 16, 16), range(10), range(10), data.mean, data.std),
        renamed=dc.SyntheticSet(x[:2], [0, 1], ['dog', 'cat'], pets.mean, pets.std),
        untested=dc.ImageData(data.train, none, 'untested'))
    return {k: getattr(m, k) for m in (dc, pictures) for k in m.__all__} | own


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
