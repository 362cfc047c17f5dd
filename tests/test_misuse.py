"""Bad calls over the whole public surface. Each must end in the right exception, whose message names the function (or
the one it asks), the argument and what came; must write nothing; and must leave the global random generators alone."""
import random
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image, UnidentifiedImageError
from torch import nn

import dataset_condensation.all as dc
from dataset_condensation.augmentation import color, crop, rotate
from dataset_condensation.image_store import cache_folder, remove_cache
from dataset_condensation.checkpoints import Checkpoints, RunLock
from dataset_condensation import visualization as pictures
from dataset_condensation.cli import main

V, T, F, K, E = ValueError, TypeError, FileNotFoundError, KeyError, FileExistsError

# (call, exception, words that its message must hold)
CALLS = [
    # ---- 00 data
    ("show_images(torch.zeros(8, 8))", V, 'show_images', 'images', '(8, 8)'),
    ("show_images(x)", V, 'show_images', 'images', 'denormalize'),
    ("show_images('x')", T, 'show_images', 'images', "'x'"),
    ("show_images(grays, ncols=0)", V, 'show_images', 'ncols', 'got 0'),
    ("show_images(grays, ncols=1.5)", T, 'show_images', 'ncols', '1.5'),
    ("show_images(grays, zoom=-1)", V, 'show_images', 'zoom', '-1'),
    ("image_stats(pixels / 255)", V, 'image_stats', 'images', 'float32', 'uint8'),
    ("image_stats(pixels[:0])", V, 'image_stats', 'images', '(0, 1, 8, 8)'),
    ("image_stats(3)", T, 'image_stats', 'images', 'got 3'),
    ("gen('0')", T, 'gen', "seed '0'"),
    ("gen(0, 1.5)", T, 'gen', 'keys (1.5,)'),
    ("ImageSet(pixels / 255, y, 'ab', [0.], [1.])", V, 'ImageSet', 'images', 'float32'),
    ("ImageSet(pixels, y[:3], 'ab', [0.], [1.])", V, 'ImageSet', 'labels', '(3,)'),
    ("ImageSet(pixels, y.float(), 'ab', [0.], [1.])", T, 'ImageSet', 'labels', 'float32'),
    ("ImageSet(pixels, y + 1, 'ab', [0.], [1.])", V, 'ImageSet', 'label 3 is 2', '0 to 1'),
    ("ImageSet(pixels, y, 'ab', [0., 0.], [1.])", V, 'ImageSet', 'mean and std', '2 and 1'),
    ("ImageSet([1], y, 'ab', [0.], [1.])", T, 'ImageSet', 'images', '[1]'),
    ("ImageSet(pixels, y, 3, [0.], [1.])", T, 'ImageSet', 'classes', 'got 3'),
    ("ImageSet(pixels, y, 'ab', [0.], [0.])", V, 'ImageSet', 'std', '[0.0]'),
    ("ImageSet(pixels, y, 'ab', [nan], [1.])", V, 'ImageSet', 'mean', '[nan]'),
    ("ImageSet(pixels, y, 'ab', 'x', [1.])", T, 'ImageSet', 'mean', "'x'"),
    ("ImageSet(pixels, y, 'ab', [0.], [1.], order=[0])", V, 'ImageSet', 'order', '(1,)'),
    ("ImageSet(pixels, y, 'ab', [0.], [1.], order='x')", T, 'ImageSet', 'order', "'x'"),
    ("ImageData(data, data.test, 'x')", T, 'ImageData', 'train', 'got ImageData', 'ImageSet'),
    ("ImageData(data.train, 'x', 'x')", T, 'ImageData', 'test', 'got str'),
    ("ImageData(data.train, two.test, 'x')", V, 'ImageData', 'classes', "['0', '1']"),
    ("from_tensors(pixels[:, 0, 0], y, pixels, y)", V, 'from_tensors', 'x', '(6, 8)'),
    ("from_tensors(pixels.int(), y, pixels, y)", T, 'from_tensors', 'x', 'int32'),
    ("from_tensors(pixels / 255 * nan, y, pixels, y)", V, 'from_tensors', 'image x 0', 'NaN'),
    ("from_tensors(pixels / 25, y, pixels, y)", V, 'from_tensors', 'image x 0', 'expected uint8, or floats in 0 to 1'),
    ("from_tensors(pixels, y, pixels[:0], y[:0])", V, 'from_tensors', 'x_test', '(0, 1, 8, 8)'),
    ("from_tensors(pixels, y[:5], pixels, y)", V, 'from_tensors', 'y', '(5,)'),
    ("from_tensors(pixels, y.float(), pixels, y)", T, 'from_tensors', 'y', 'float32'),
    ("from_tensors(pixels, 2*y, pixels, y)", V, 'from_tensors', 'labels', '0, 2'),
    ("from_tensors(pixels, -y, pixels, y)", V, 'from_tensors', 'labels', '-1, 0'),
    ("from_tensors(pixels, y, pixels, y + 1)", V, 'from_tensors', 'test label 3 is 2'),
    ("from_tensors(pixels, 0*y, pixels, 0*y)", V, 'from_tensors', 'one class only', "'0'"),
    ("from_tensors(pixels, y, pixels, y, classes=['a', 'a'])", V, 'from_tensors', "class 'a'", 'more than once'),
    ("from_tensors(pixels, y, pixels, y, stats='mnits')", V, 'from_tensors', 'stats', "'mnits'"),
    ("from_tensors(pixels, y, pixels, y, stats=([.1], [0.]))", V, 'from_tensors', 'stats', '[0.0]'),
    ("from_tensors(pixels, y, pixels[..., :7], y)", V, 'from_tensors', 'x_test', '8 × 7'),
    ("from_tensors('x', y, pixels, y)", T, 'from_tensors', 'argument x ', "'x'"),
    ("from_tensors(pixels, y, None, y)", T, 'from_tensors', 'x_test', 'None'),
    ("from_tensors(pixels, list('aaabbb'), pixels, y)", T, 'from_tensors', 'argument y ', "'a', 'b'", 'integers'),
    ("from_tensors(pixels, y, pixels, None)", T, 'from_tensors', 'y_test', 'None'),
    ("from_tensors(pixels, y, pixels, y, classes=3)", T, 'from_tensors', 'classes', 'got 3'),
    ("from_datasets(pairs, pairs, classes=3)", T, 'from_datasets', 'classes', 'got 3'),
    ("from_datasets([], [1])", V, 'from_datasets', 'train', 'without items'),
    ("from_datasets([1, 2], [1], progress=False)", T, 'from_datasets', 'item 0 of train', 'int'),
    ("from_datasets(pairs, pairs, size=0)", V, 'from_datasets', 'size', 'got 0'),
    ("from_datasets(pairs, pairs, fit='squash')", V, 'from_datasets', 'fit', "'squash'"),
    ("from_datasets(pairs, pairs, channels=2)", V, 'from_datasets', 'channels', 'got 2'),
    ("from_datasets(torch.utils.data.DataLoader(pairs), pairs)", T, 'from_datasets', 'train', 'DataLoader'),
    ("load_dataset('mnits')", V, 'load_dataset', "'mnits'", 'mnist'),
    ("load_dataset('nowhere/at/all')", F, 'load_dataset', 'no folder', 'nowhere'),
    ("load_dataset('')", T, 'load_dataset', 'name_or_folder', "''"),
    ("load_dataset(3)", T, 'load_dataset', 'name_or_folder', 'got 3'),
    ("load_dataset(there/'empty')", V, 'load_dataset', 'empty', 'no images'),
    ("load_dataset(there/'one')", V, 'load_dataset', 'one class only', "'cat'"),
    ("load_dataset(there/'texts')", V, 'load_dataset', 'texts', 'holds no images'),
    ("open_image(there/'file.bin').__enter__()", UnidentifiedImageError, 'none of JPEG'),
    ("load_dataset(there/'file.bin')", V, 'load_dataset', 'file.bin', 'is a file'),
    ("load_dataset(there/'pets', test_fraction=1.5)", V, 'load_dataset', 'test_fraction', '1.5'),
    ("load_dataset('mnist', root=there/'empty', download=False)", F, 'load_dataset', "'mnist'", 'empty'),
    ("load_dataset('digits', size='big')", V, 'load_dataset', 'size', "'big'"),
    ("load_dataset('digits', size=True)", V, 'load_dataset', 'size', 'True'),
    ("load_dataset('digits', channels=True)", V, 'load_dataset', 'channels', 'True'),
    ("load_dataset('digits', workers=-1)", V, 'load_dataset', 'workers', '-1'),
    ("load_dataset(there/'pets', workers=True)", V, 'load_dataset', 'workers', 'True'),
    ("load_dataset(there/'pets', test_fraction='x')", V, 'load_dataset', 'test_fraction', "'x'"),
    ("load_dataset(there/'pets', cache_dir=3)", T, 'cache_folder', 'cache_dir', 'got 3'),
    ("load_dataset('mnist', root=3)", T, 'load_dataset', 'root', 'got 3'),
    ("load_dataset('digits', stats='published')", V, 'load_dataset', 'stats', "'published'"),
    ("data.train.of_class(10)", V, 'of_class', 'c got 10', '0 to 9'),
    ("data.train.of_class('3')", T, 'of_class', 'c got', "'3'"),
    ("data.train.take([.5])", T, 'take', 'idx', 'float32'),
    ("data.train.take('x')", T, 'take', 'idx', "'x'"),
    ("data.to('tpu')", V, 'to: argument device', "'tpu'", 'cannot be used here'),
    ("data.train.take([0], 'tpu')", V, 'take', 'device', "'tpu'"),
    ("data.draw(0, 1.5, gen(0))", T, 'draw', 'n got 1.5'),
    ("data.draw('a', 1, gen(0))", T, 'c got', "'a'"),
    ("data.show(n=0)", V, 'show', 'n got 0'),
    ("data.normalize('x')", T, 'normalize', 'x', "'x'"),
    ("data.denormalize(3)", T, 'denormalize', 'x', 'got 3'),
    ("cache_folder(3)", T, 'cache_folder', 'cache_dir', 'got 3'),
    ("remove_cache(3)", T, 'remove_cache', 'source', 'got 3'),
    ("data.draw(0, 0, gen(0))", V, 'draw', 'n got 0'),
    ("data.draw(0, 1, 3)", T, 'draw', 'generator', 'int'),
    ("data.normalize(torch.zeros(1, 8, 8, dtype=torch.int))", T, 'normalize', 'x', 'int32'),
    # ---- 01 networks
    ("norm_layer('bm', 8)", V, 'norm_layer', 'norm', "'bm'"),
    ("norm_layer('gn', 30)", V, 'norm_layer', 'channels', '30'),
    ("norm_layer('bn', 0)", V, 'norm_layer', 'channels', 'got 0'),
    ("conv_block(1, 8, act='rellu')", V, 'conv_block', 'act', "'rellu'", "'relu'"),
    ("conv_block(1, 8, pool='avg')", V, 'conv_block', 'pool', "'avg'", "'avgpool'"),
    ("conv_block(1, 0)", V, 'conv_block', 'c_out', 'got 0'),
    ("default_depth(8)", V, 'default_depth', 'shape', 'got 8'),
    ("convnet_body((1, 8, 8), depth=4)", V, 'convnet_body', 'depth', 'got 4', 'at most 3'),
    ("convnet_body((1, 8, 8), depth=0)", V, 'convnet_body', 'depth', 'got 0'),
    ("convnet_body((1, 8, 8), width=-1)", V, 'convnet_body', 'width', 'got -1'),
    ("convnet_body((8, 8))", V, 'convnet_body', 'shape', '(8, 8)'),
    ("mlp_body((1, 8, 8), depth=0)", V, 'mlp_body', 'depth', 'got 0'),
    ("on_meta(mlp_body, (1, 8, 8), norm='in')", V, 'norm', "'in'"),
    ("lenet_body((1, 4, 4))", V, 'lenet_body', 'shape', '(1, 4, 4)'),
    ("on_meta(alexnet_body, (1, 8, 8), act='swosh')", V, 'act', "'swosh'", "'swish'"),
    ("vgg11_body((8, 8))", V, 'vgg11_body', 'shape', '(8, 8)'),
    ("resnet18_body((1, 8, 8), act='x')", V, 'resnet18_body', 'act', "'x'"),
    ("BasicBlock(8, 8, 0, 'relu', 'in')", V, 'BasicBlock', 'stride', 'got 0'),
    ("NetSpec('convnit')", V, 'NetSpec', 'base', "'convnit'", "'convnet'"),
    ("NetSpec('convnet', width=0)", V, 'NetSpec', 'width', 'got 0'),
    ("NetSpec('mlp', pool='avgpool')", V, 'NetSpec', 'pool', "'avgpool'", 'mlp has no such option'),
    ("parse_net('convnit')", V, 'parse_net', 'name', "'convnit'", 'convnet'),
    ("parse_net('convnet-rellu')", V, 'parse_net', 'name', "'rellu'", 'relu'),
    ("parse_net('convnet-w64-w32')", V, 'parse_net', 'name', 'width twice', '64 and 32'),
    ("canonical_name(None)", T, 'parse_net', 'name', 'None'),
    ("Net('convnet', (1, 8), 10)", V, 'Net', 'shape', '(1, 8)'),
    ("Net('convnet', (1, 8, 8), 2.5)", V, 'Net', 'n_classes', '2.5'),
    ("init_net(net, 3)", T, 'init_net', 'generator', 'got 3'),
    ("init_net(on_meta(nn.Embedding, 3, 3), gen(0))", T, 'init_net', 'net', 'Embedding'),
    ("make_net('convnet')", V, 'make_net', 'data', 'NoneType'),
    ("make_net('convnet-d9', data)", V, 'depth', 'got 9', 'at most 3'),
    ("make_net('convnet', shape=(1, 4, 4), n_classes=10)", V, 'make_net', 'shape', '(1, 4, 4)', 'at least 8'),
    ("make_net('convnet', shape='abc', n_classes=10)", V, 'make_net', 'shape', "'abc'"),
    ("make_net('convnet', shape=(1, 8, 8), n_classes='x')", V, 'make_net', 'n_classes', "'x'"),
    ("make_net('convnet', data, device='tpu')", V, 'make_net', 'device', "'tpu'", 'cannot be used here'),
    ("make_net('convnet', data, generator=3)", T, 'init_net', 'generator', 'got 3'),
    ("n_params('convnet')", T, 'n_params', 'net', "'convnet'"),
    ("has_batch_norm('convnet')", T, 'has_batch_norm', 'net', "'convnet'"),
    ("freeze_batch_norm(None)", T, 'freeze_batch_norm', 'net', 'None'),
    ("net(torch.randn(2, 3, 8, 8, generator=gen(0)))", V, 'Net.embed', 'x', '(2, 3, 8, 8)'),
    ("net('x')", V, 'Net.embed', 'x', "'x'"),
    # ---- 02 augmentation
    ("Ranges(brightness=nan)", V, 'Ranges', 'brightness', 'nan'),
    ("Ranges(flip=True)", V, 'Ranges', 'flip', 'True'),
    ("Ranges(saturation=('a', 'b'))", V, 'Ranges', 'saturation', "('a', 'b')"),
    ("Ranges(scale=(0, 1))", V, 'Ranges', 'scale', '(0, 1)'),
    ("draw_params('colour', 1, gen(0), (8, 8))", V, 'draw_params', 'family', "'colour'", "'color'"),
    ("draw_params('crop', -1, gen(0), (8, 8))", V, 'draw_params', 'n got -1'),
    ("draw_params('crop', 1, 3, (8, 8))", T, 'draw_params', 'generator', 'got 3'),
    ("draw_params('crop', 1, gen(0), 8)", V, 'draw_params', 'size', 'got 8'),
    ("draw_params('crop', 1, gen(0), (8, 8), ranges=3)", T, 'draw_params', 'ranges', 'got 3'),
    ("Draw(3)", T, 'Draw', 'steps', 'got 3'),
    ("Draw((('crob', torch.zeros(1, 2)),))", V, 'Draw', 'steps', "'crob'", "'crop'"),
    ("Draw((('crop', torch.zeros(1, 3)),))(x)", V, 'crop', 'p', '(1, 3)'),
    ("Augment('crop').draw(3, gen(0), (8, 8))(x)", V, 'Draw', 'x got 4 images', 'expected 3'),
    ("Augment('colour')", V, 'Augment', 'strategy', "'colour'", "'color'"),
    ("Augment(())", V, 'Augment', 'strategy', 'got ()'),
    ("Augment(mode='any')", V, 'Augment', 'mode', "'any'"),
    ("Augment().draw(2.0, gen(0), (8, 8))", V, 'Augment.draw', 'n got 2.0'),
    ("Augment().draw(1, None, (8, 8))", T, 'Augment.draw', 'generator', 'None'),
    ("Augment()('x', gen(0))", T, 'Augment', "x got 'x'"),
    ("Augment('crop')(x.long(), gen(0))", V, 'crop', 'x', 'int64'),
    ("make_augment('dsaa')", V, 'make_augment', 'augment', "'dsaa'", "'dsa'"),
    ("make_augment(dict(crob=.1))", V, 'make_augment', 'augment', "'crob'", "'crop'"),
    ("make_augment(3)", T, 'make_augment', 'augment', 'got 3'),
    ("dsa_for(3)", T, 'dsa_for', 'data', 'got 3'),
    ("color(x, torch.zeros(1, 2))", V, 'color', 'p', '(1, 2)'),
    ("crop('x', torch.zeros(1, 2))", T, 'crop', "x got 'x'"),
    ("rotate(x, torch.zeros(2, 1))", V, 'rotate', 'p', '(2, 1)'),
    # ---- 03 training
    ("SyntheticSet(x, [0, 1, 2], 'abcd', [0.], [1.])", V, 'SyntheticSet', 'labels', '(3,)'),
    ("SyntheticSet(x[0], [0], 'a', [0.], [1.])", V, 'SyntheticSet', 'images', '(1, 8, 8)'),
    ("SyntheticSet(x[:0], [], 'ab', [0.], [1.])", V, 'SyntheticSet', 'images', '(0, 1, 8, 8)'),
    ("SyntheticSet(pixels, y, 'ab', [0.], [1.])", T, 'SyntheticSet', 'images', 'uint8'),
    ("SyntheticSet(x * nan, [0, 1, 2, 3], 'abcd', [0.], [1.])", V, 'SyntheticSet', 'images', 'NaN'),
    ("SyntheticSet(x, torch.arange(4.), 'abcd', [0.], [1.])", V, 'SyntheticSet', 'labels', 'float32'),
    ("SyntheticSet(x, [True, False, True, True], 'ab', [0.], [1.])", V, 'SyntheticSet', 'labels', 'bool'),
    ("SyntheticSet(x, ['a', 'b', 'c', 'd'], 'abcd', [0.], [1.])", T, 'SyntheticSet', 'labels', "['a', 'b', 'c', 'd']"),
    ("SyntheticSet(x, [1, 2, 3, 4], 'abcd', [0.], [1.])", V, 'SyntheticSet', 'labels', '1 to 4', '0…3'),
    ("SyntheticSet(x, [0, 1, 2, 3], 4, [0.], [1.])", T, 'SyntheticSet', 'classes', 'is 4'),
    ("SyntheticSet(x, [0, 1, 2, 3], 'abcd', [0., 0.], [1.])", V, 'SyntheticSet', 'mean', '2 values'),
    ("SyntheticSet(x, [0, 1, 2, 3], 'abcd', [nan], [1.])", V, 'SyntheticSet', 'mean', 'nan'),
    ("SyntheticSet(x, [0, 1, 2, 3], 'abcd', [0.], [0.])", V, 'SyntheticSet', 'std', '[0.0]'),
    ("SyntheticSet(x, [0, 1, 2, 3], 'abcd', [0.], [1.], info=3)", T, 'SyntheticSet', 'info', 'is 3'),
    ("TrainRecipe(epochs=0)", V, 'TrainRecipe', 'epochs', 'is 0'),
    ("TrainRecipe(epochs=3.)", V, 'TrainRecipe', 'epochs', 'is 3.0'),
    ("TrainRecipe(epochs='3')", V, 'TrainRecipe', 'epochs', "is '3'"),
    ("TrainRecipe(lr=inf)", V, 'TrainRecipe', 'lr', 'inf'),
    ("TrainRecipe(momentum=True)", V, 'TrainRecipe', 'momentum', 'True'),
    ("TrainRecipe(drop_at=2)", V, 'TrainRecipe', 'drop_at', 'is 2'),
    ("TrainRecipe(augment='dsb')", V, 'make_augment', 'augment', "'dsb'", "'dsa'"),
    ("train_recipe('dcc')", V, 'train_recipe', 'recipe', "'dcc'", "'dc'"),
    ("train_recipe('dc', epoch=5)", V, 'train_recipe', "'epoch'", "'epochs'"),
    ("train_recipe(3)", T, 'train_recipe', 'recipe', 'is 3'),
    ("augment_for('dsaa', data)", V, 'make_augment', 'augment', "'dsaa'", "'dsa'"),
    ("train_epoch(net, small, opt, 3)", T, 'train_epoch', 'generator', 'is 3'),
    ("train_epoch(net, small, opt, gen(0), batch=0)", V, 'train_epoch', 'batch', 'is 0'),
    ("train_epoch(net, small, opt, gen(0), augment='crop')", T, 'train_epoch', 'augment', "'crop'"),
    ("train(net, small, 'best')", V, 'train_recipe', 'recipe', "'best'"),
    ("train('convnet', small)", T, 'train', 'net', "'convnet'"),
    ("train(net, x)", T, 'train', 'data', 'Tensor'),
    ("train(make_net('mlp', shape=data.shape, n_classes=3), small)", V, 'train', '3 outputs', '10 classes'),
    ("predict(net, data)", T, 'predict', 'data', 'ImageData', 'train', 'test'),
    ("predict(net, small, batch=-1)", V, 'predict', 'batch', 'is -1'),
    ("accuracy(net, 3)", T, 'accuracy', 'data', 'int'),
    ("evaluate(small, data, nets=0)", V, 'evaluate', 'nets', 'is 0'),
    ("evaluate(small, data, nets=True)", V, 'evaluate', 'nets', 'True'),
    ("evaluate(small, data, first=-1)", V, 'evaluate', 'first', '-1'),
    ("evaluate(small, data, net='convnit')", V, 'name', "'convnit'", 'convnet'),
    ("evaluate(small, data, net='convnet-d4')", V, 'depth', 'got 4', '(1, 8, 8)'),
    ("evaluate(small, data, recipe='dcc')", V, 'recipe', "'dcc'", "'dc'"),
    ("evaluate(small, data, device='tpu')", V, 'device', "'tpu'", 'cannot be used here'),
    ("evaluate(small, two)", V, 'evaluate', 'n_classes 10', '2'),
    ("evaluate(large, data)", V, 'evaluate', 'shape (1, 16, 16)', '(1, 8, 8)'),
    ("evaluate(renamed, pets)", V, 'evaluate', 'classes', "'dog'", "'cat'"),
    ("evaluate('syn.safetensors', data)", T, 'evaluate', 'small', 'str'),
    ("evaluate(small, small)", T, 'evaluate', 'data', 'SyntheticSet'),
    ("evaluate(small, untested)", V, 'evaluate', 'data', 'no test images'),
    # ---- 04 coresets
    ("class_sizes(0, 10)", V, 'class_sizes', 'ipc', 'is 0'),
    ("class_sizes(-1, 10)", V, 'class_sizes', 'ipc', 'is -1'),
    ("class_sizes(1.5, 10)", V, 'class_sizes', 'ipc', 'is 1.5'),
    ("class_sizes(True, 10)", V, 'class_sizes', 'ipc', 'True'),
    ("class_sizes('1', 10)", V, 'class_sizes', 'ipc', "'1'"),
    ("class_sizes([1, 2], 10)", V, 'class_sizes', 'ipc', '2 numbers', '10 classes'),
    ("class_sizes(torch.tensor([1.5, 2.]), 2)", V, 'class_sizes', 'ipc', '[1.5, 2.0]'),
    ("chosen_set(data, [[0]], 'mine')", V, 'chosen_set', 'chosen', '1 lists', '10 classes'),
    ("chosen_set(data, [[140]] + [[0]]*9, 'mine')", V, 'chosen_set', 'chosen', '[140]', "'0'"),
    ("random_set(data, 500)", V, 'random_set', 'ipc', '500', 'has 140'),
    ("random_set('digits')", T, 'random_set', 'data', 'str'),
    ("whole_net(data, 'convnit')", V, 'name', "'convnit'", 'convnet'),
    ("whole_net(data, recipe='wholee')", V, 'recipe', "'wholee'", "'whole'"),
    ("embed_all(on_meta(nn.Linear, 3, 3), data.train)", T, 'embed_all', 'net', 'Linear'),
    ("embed_all(net, data)", T, 'embed_all', 'images', 'ImageData'),
    ("embed_all(net, data.train, batch=0)", V, 'embed_all', 'batch', 'is 0'),
    ("herd(rows, 6)", V, 'herd', 'k', 'is 6', '1 to 5'),
    ("herd(rows[0], 1)", V, 'herd', 'z', '(3,)'),
    ("k_center(rows, 0)", V, 'k_center', 'k', 'is 0'),
    ("k_means(rows * nan, 1)", V, 'k_means', 'z', 'NaN'),
    ("forgetting_counts(data, device='tpu')", V, 'device', "'tpu'"),
    ("register(3)", T, 'register', 'method', 'is 3'),
    ("get_method('herdin')", V, 'get_method', "'herdin'", "'herding'"),
    ("get_method(3)", T, 'get_method', 'method', 'is 3'),
    ("METHODS['herding'].make(data, 1, embeder=net)", V, 'herding', "'embeder'", "'embedder'"),
    ("METHODS['forgetting'].make(data, 1, falls=torch.zeros(3))", V, 'forgetting', 'falls', 'tensor([0., 0., 0.])'),
    ("Comparison([])['dc']", K, 'Comparison', "'dc'"),
    ("Comparison([]).save('no/such/table.json')", F, 'Comparison.save', 'path', 'table.json'),
    ("compare(data, ['dcc'])", V, 'get_method', "'dcc'", "'dc'"),
    ("compare(data, 3)", T, 'compare', 'methods', 'is 3'),
    ("compare(data, dict(mine=[]))", V, 'compare', "'mine'", '[]'),
    ("compare(data, 'random', sets=0)", V, 'compare', 'sets', 'is 0'),
    ("compare(data, 'random', nets=1.5)", V, 'compare', 'nets', 'is 1.5'),
    ("compare(data, 'random', ipc=[1])", V, 'compare', 'ipc', '1 numbers'),
    ("compare(data, 'random', whole='wholee')", V, 'recipe', "'wholee'", "'whole'"),
    ("compare(data, 'random', options=dict(herding={}))", V, 'compare', 'options', "['herding']"),
    ("compare('digits', 'random')", T, 'compare', 'data', 'str'),
    # ---- 04b files
    ("small.save(3)", T, 'SyntheticSet.save', 'path', 'is 3'),
    ("SyntheticSet.load(3)", T, 'SyntheticSet.load', 'path', 'is 3'),
    ("small.to_folder(3)", T, 'SyntheticSet.to_folder', 'path', 'is 3'),
    ("SyntheticSet.from_folder(3)", T, 'SyntheticSet.from_folder', 'path', 'is 3'),
    ("import_published(3)", T, 'import_published', 'path', 'is 3'),
    ("write_atomic(3, b'')", T, 'write_atomic', 'path', 'is 3'),
    ("write_atomic('file', 3)", T, 'write_atomic', 'data', 'is 3'),
    ("small.save('no/such/set.safetensors')", F, 'SyntheticSet.save', 'path', 'set.safetensors', 'no folder'),
    ("write_atomic('no/such/file', b'')", F, 'write_atomic', 'path', 'file', 'no folder'),
    ("import_published('nothing.pt')", F, 'import_published', 'nothing.pt'),
    ("import_published(there/'file.bin')", V, 'import_published', 'file.bin'),
    ("SyntheticSet.load('nothing.safetensors')", F, 'SyntheticSet.load', 'nothing.safetensors'),
    ("SyntheticSet.load(there/'file.bin')", V, 'SyntheticSet.load', 'file.bin', 'safetensors'),
    ("SyntheticSet.load(there/'other.safetensors')", V, 'SyntheticSet.load', 'other.safetensors', 'weight'),
    ("small.to_folder(there/'pets')", E, 'SyntheticSet.to_folder', 'path', 'pets'),
    ("SyntheticSet.from_folder(there/'pets')", F, 'SyntheticSet.from_folder', 'pets', 'load_dataset'),
    # ---- 04c checkpoints
    ("Checkpoints('run', keep=0)", V, 'Checkpoints', 'keep', 'is 0'),
    ("Checkpoints('run', every=nan)", V, 'Checkpoints', 'every', 'nan'),
    ("Checkpoints('run', share='x')", V, 'Checkpoints', 'share', "'x'"),
    ("Checkpoints('nowhere').read()", F, 'Checkpoints', 'no checkpoint', 'nowhere'),
    ("RunLock('nowhere').__enter__()", F, 'nowhere', 'no folder'),
    # ---- 05 condensation
    ("Recipe(init='zeros')", V, 'Recipe', 'init', "'zeros'"),
    ("Recipe(iterations=1.5)", V, 'Recipe', 'iterations', '1.5'),
    ("Recipe(inner=-1)", V, 'Recipe', 'inner', '-1'),
    ("Recipe(inner=None)", V, 'Recipe', 'inner', 'None'),
    ("condensing(data, inner='schedul')", V, 'condensing', 'inner', "'schedul'", "'schedule'"),
    ("Recipe(image_lr=nan)", V, 'Recipe', 'image_lr', 'nan'),
    ("Recipe(real_batch=True)", V, 'Recipe', 'real_batch', 'True'),
    ("recipe_for('dsb', data)", V, 'recipe', "'dsb'", "'dsa'"), ("recipe_for('dc', 3)", T, 'recipe_for', 'data', 'int'),
    ("recipe_for('dc', data, 'convnit')", V, 'name', "'convnit'", 'convnet'),
    ("paper('dm', 1, data=3)", T, 'dm', 'data', 'int'), ("Recipe(augment_inner='dsa')", V, 'augment_inner', "'dsa'", 'True or False'),
    ("METHODS['dc'].recipe(iteration=3)", V, 'dc', "'iteration'", 'iterations'),
    ("paper('dcc')", V, 'get_method', "'dcc'", "'dc'"),
    ("paper('random')", V, 'paper', "'random'"),
    ("first_images(data, [1, 2])", V, 'ipc', '2 numbers'),
    ("real_batch(data, [10], 1, lambda c: gen(0))", V, 'c got 10', '0 to 9'),
    ("siamese(Step(augment=Augment('crop')), 0, x[0], x)", V, 'crop', 'x', '(1, 8, 8)'),
    ("update_images(METHODS['dm-plain'], net, data, wide, [1]*10, Recipe(real_batch=2), Step())", V, '(1, 1, 9, 9)'),
    ("condensing(data, 'random')", V, 'condensing', "'random'"),
    ("condensing(data, ipc=0)", V, 'ipc', 'is 0'),
    ("condensing(data, ipc='1')", V, 'ipc', "is '1'"),
    ("condensing(data, 'dsa', 500)", V, 'ipc', '500', '140'),
    ("condensing(data, net='convnet-d4')", V, 'depth', 'got 4'),
    ("condensing(data, device='tpu')", V, 'device', "'tpu'"),
    ("condensing(data, augment='dsaa')", V, 'augment', "'dsaa'", "'dsa'"),
    ("condensing(data, iters=3)", V, 'condensing', "'iters'", 'iterations'),
    ("condense(data, 'dcc')", V, 'get_method', "'dcc'", "'dc'"),
    ("condense(data, ipc=1.5)", V, 'ipc', 'is 1.5'),
    ("condense(data, ipc=[1]*11)", V, 'ipc', '11 numbers'),
    ("condense(data, 'herding', 500)", V, 'herding', 'ipc', '500'),
    ("condense(data, 'random', iters=3)", V, 'random', "'iters'"),
    ("formation(x, torch.arange(2), 9)", V, 'formation', 'factor', 'is 9'),
    ("formation(x, torch.arange(2), 1.5)", V, 'formation', 'factor', 'is 1.5'),
    ("pack(x[:1], 2)", V, 'pack', 'images', '(1, 1, 8, 8)'),
    ("pack(x, 0)", V, 'pack', 'factor', 'is 0'),
    ("first_images(data, 40, 'real', factor=2)", V, 'first_images', 'factor', '160 images'),
    ("Recipe(factor=0)", V, 'Recipe', 'factor', 'is 0'),
    ("Recipe(sampling=3)", V, 'Recipe', 'sampling', 'is 3'),
    ("get_sampling('stratta')", V, 'get_sampling', "'stratta'", "'strata'"),
    ("condensing(data, sampling='stratta')", V, 'condensing', "'stratta'", "'strata'"),
    ("condensing(data, 'dm', factor=9, init='noise')", V, 'factor', 'is 9'),
    # ---- 13b beyond
    ("Typical(data, 0)", V, 'Typical', 'clusters', 'is 0'),
    ("Typical('digits')", T, 'Typical', 'data', 'str'),
    ("Typical(data, near=2)", V, 'Typical', 'near', 'is 2'),
    ("moments(net, x, nan)", V, 'moments', 'weight', 'nan'),
    # ---- 13c and 15, which method, and results
    ("recommend(0)", V, 'recommend', 'ipc'),
    ("recommend(1, seconds=0)", V, 'recommend', 'seconds'),
    ("load_results(there/'nothing')", F, 'load_results', 'nothing'),
    ("published(1)", T, 'published', 'data', 'is 1'),
    ("results_table(3, 'digits')", T, 'rows'),
    ("overview(3, 'digits')", T, 'rows'),
    ("claims_table(3, 'digits')", T, 'rows'),
    ("frontier(3, 'digits', 1)", T, 'ways'),
    # ---- 06 to 09 methods
    ("mse(gradient, other)", V, 'mse', '`a`', '`b`', 'number 0'),
    ("angle(gradient, gradient[:1])", V, 'angle', '`b` has 1'),
    ("row_cosine(gradient[0], other[0])", V, 'row_cosine', '(3, 4)', '(3, 5)'),
    ("cos(gradient, other)", V, 'cos', '`a`', '`b`'),
    ('dm_settings(0)', V, 'dm_settings', '`ipc` is 0'), ('fixed(-1)', V, 'fixed', '-1'),
    ('loop_counts(0)', V, 'loop_counts', '`ipc` is 0'),
    ("get_distance('angel')", V, 'get_distance', "'angel'", "did you mean 'angle'"),
    ("gradient_matching(settings=3)", T, 'gradient_matching', 'settings', 'is 3'),
    ("class_gradient(net, x, 10)", V, 'class_gradient', '10'),
    ("mean_gradient([])", V, 'mean_gradient', 'grads', 'empty'),
    ("gradient_matching('angel')", V, 'distance', "'angel'", 'angle'),
    ("gradient_matching(levels='inta')", V, 'gradient_matching', 'levels', "'inta'", 'intra'),
    ("dc_settings(1, 'convnit')", V, 'name', "'convnit'", 'convnet'),
    ("dsa_settings(1, 'convnit')", V, 'name', "'convnit'", 'convnet'),
    ("delving_settings(1, 'convnit')", V, 'name', "'convnit'", 'convnet'),
    ("adaptive_settings(10, 'convnit')", V, 'name', "'convnit'", 'convnet'),
    ("class_gradient(net, x[0], 0)", V, 'Net.embed', 'x', '(1, 8, 8)'),
    ("match_gradients(net, Batch(x, y[:4], (3, 1)), Batch(wide[:4], y[:4], (3, 1)))", V, 'x', '(3, 1, 9, 9)'),
    ("match_in_turns(net, Batch(x, y[:4], (3, 1)), Batch(wide[:4], y[:4], (3, 1)))", V, 'x', '(3, 1, 9, 9)'),
    ("match_twice(net, Batch(x, y[:4], (3, 1)), Batch(wide[:4], y[:4], (3, 1)))", V, 'x', '(3, 1, 9, 9)'),
    ("match_embeddings(net, Batch(x, y[:4], (3, 1)), Batch(wide[:4], y[:4], (3, 1)))", V, 'x', '9, 9)'),
    ("settle_batch_norm(make_net('convnet-w8-bn', data), lambda n: wide)", V, 'Net.embed', 'x', '(10, 1, 9, 9)'),
    ("held_loss(net, lambda n: (wide, y))", V, 'Net.embed', 'x', '(10, 1, 9, 9)'),
    ("intra([gradient], [gradient]*2, angle)", V, 'intra', '`real`', '`syn`', 'of 2'),
    ("intra([gradient], [other], angle)", V, 'angle', '`a`', '`b`'),
    ("interleaved([gradient], [other], angle)", V, 'angle', '`a`', '`b`'),
    ("inter([gradient], [gradient]*2, angle)", V, 'inter', '1 classes', '2'),
    ("both(-1)", V, 'both', 'lam', '-1'),
    ("row_difference(gradient[0], other[0])", V, 'row_difference', '(3, 4)', '(3, 5)'),
    ("angle_magnitude('x')", V, 'angle_magnitude', 'mu', "'x'"),
    ("multi_level(1, nan)", V, 'mu', 'nan'),
    ("until_overfit(n=0)", V, 'until_overfit', '`n`', 'is 0'),
    ("schedule([1, -1])", V, 'schedule', 'passes', '-1'),
    ("get_policy('schedul')", V, 'get_policy', 'inner', "'schedul'", "'schedule'"),
    ("mean_distance(rows, rows[:, :2])", V, 'mean_distance', '(5, 3)', '(5, 2)'),
    ("mean_distance(rows[:0], rows)", V, 'mean_distance', '(0, 3)', 'at least one row'),
    ("mean_distance(rows, rows[:0])", V, 'mean_distance', '(0, 3)', 'at least one row'),
    ("distribution_matching(settings=3)", T, 'distribution_matching', 'settings', 'is 3'),
    ("distribution_matching(name=3)", T, 'distribution_matching', 'name', 'is 3'),
    ("distribution_matching('dsaa')", V, 'augment', "'dsaa'", "'dsa'"),
    ("distribution_matching(embed=3)", T, 'distribution_matching', 'embed', 'is 3'),
    ("distribution_matching(networks=[])", V, 'distribution_matching', 'networks', '[]'),
    ("trained_networks(data, 101)", V, 'trained_networks', '`to`', '101'),
    ("trained_networks(data, '50')", V, 'trained_networks', '`to`', "'50'"),
    ("trained_networks(3, 50)", T, 'trained_networks', 'data', 'int'),
    ("trained_networks(data, 50, n=0)", V, 'trained_networks', '`n`', 'is 0'),
    # ---- 09b studies
    ("cross_architecture(data, ['dcc'])", V, 'get_method', "'dcc'", "'dc'"),
    ("cross_architecture(data, 'random', nets_to=['convnit'])", V, 'name', "'convnit'", 'convnet'),
    ("cross_architecture(data, sets=0)", V, 'cross_architecture', 'sets', 'is 0'),
    ("cross_architecture(data, nets_from=[])", V, 'cross_architecture', 'nets_from', 'empty'),
    ("ablate(data, sets=0)", V, 'ablate', 'sets', 'is 0'),
    ("ablate(data, ipc=0)", V, 'ablate', 'ipc', 'is 0'),
    ("ablate(data, width=3)", T, 'ablate', 'width', 'is 3'),
    ("plot_cross(3)", T, 'plot_cross', 'table', 'int'),
    ("plot_compare(3)", T, 'plot_compare', 'table', 'int'),
    ("Comparison.load(there/'file.bin')", V, 'Comparison.load', 'file.bin', 'not a comparison'),
    ("Comparison.load(there/'other.json')", V, 'Comparison.load', 'other.json', 'not a comparison'),
    ("variant(METHODS['dc'], 'convnet', 'widht', 3)", V, "'widht'", 'width'),
    ("variant(METHODS['dc'], 'mlp', 'pool', 'avgpool')", V, 'pool', "'avgpool'", 'mlp'),
    ("ablate(data, 'random', width=[3])", V, 'ablate', "'random'"),
    ("ablate(data, levels=['intr'])", V, 'levels', "'intr'", 'intra'),
    # ---- 13 architecture search
    ("grid(depth=[])", V, 'grid', 'depth', '[]'),
    ("grid(depth=3)", V, 'grid', 'depth', 'is 3'),
    ("grid(colour=['red'])", V, 'grid', "'colour'", 'width'),
    ("grid(act=['rellu'])", V, 'act', "'rellu'", "'relu'"),
    ("grid('convnit')", V, 'base', "'convnit'", "'convnet'"),
    ("stratified(['mlp'], 2)", V, 'stratified', '`n` is 2', '1 networks'),
    ("stratified(['mlp'], 0)", V, 'stratified', '`n` is 0'),
    ("stratified([], 1)", V, 'stratified', 'space', 'empty'),
    ("stratified(['convnit'], 1)", V, 'name', "'convnit'", 'convnet'),
    ("rank_correlation([1, 2, 3], [1])", V, 'rank_correlation', '3 numbers', '1'),
    ("search(data, space=[])", V, 'search', 'space', 'empty'),
    ("search(data, space=['mlp', 'convnet-rellu'])", V, 'name', "'rellu'", 'relu'),
    ("search(data, ['dcc'])", V, 'search', "'dcc'", "'dc'"),
    ("search(data, [small, 'random'])", V, 'search', 'proxies', "'random'", 'dict'),
    ("search(data, ['random'], processes=0)", V, 'search', 'processes', 'is 0'),
    ("search(data, ['random'], ipc=500)", V, 'search', 'ipc', '500', 'has 140'),
    ("search(data, ['random'], whole='wholee')", V, 'recipe', "'wholee'", "'whole'"),
    ("search('digits')", T, 'search', 'data', 'str'),
    ("searching(data, large)", V, 'shape', '(1, 16, 16)'),
    ("searching(data, ['dm'], options=dict(dm=dict(iters=3)))", V, 'dm', "'iters'", 'iterations'),
    ("SearchResult.load(there/'other.json')", V, 'SearchResult.load', 'other.json', 'not a result'),
    ("SearchResult.load('nowhere.json')", F, 'SearchResult.load', 'nowhere.json'),
    ("SearchResult([], {}, {}).accuracies('dc')", V, 'SearchResult', "'dc'"),
    ("plot_search(3)", T, 'plot_search', 'result', 'int'),
    # ---- 12 continual learning
    ("class_subset(data, [0])", T, 'class_subset', 'images', 'ImageData'),
    ("class_subset(data.train, [0, 10])", V, 'class_subset', 'classes', '[0, 10]', '0 to 9'),
    ("class_subset(data.train, [])", V, 'class_subset', 'classes', '[]'),
    ("only_classes(data, [3, 3])", V, 'only_classes', 'classes', 'twice'),
    ("only_classes(data.train, [3])", T, 'only_classes', 'data', 'ImageSet'),
    ("split_classes(10, 0)", V, 'split_classes', 'steps', 'is 0'),
    ("split_classes(10, 2.5)", V, 'split_classes', 'steps', '2.5'),
    ("split_classes(10, [5, 4])", V, 'split_classes', 'steps', 'makes 9', '10'),
    ("class_orders(3, [[0, 1, 1]])", V, 'class_orders', 'orders', '[0, 1, 1]'),
    ("class_orders(3, 'all')", V, 'class_orders', 'orders', "'all'"),
    ("class_orders(3, [])", V, 'class_orders', 'orders', 'empty'),
    ("join_sets(3)", T, 'join_sets', 'sets', '[3]'),
    ("join_sets([small, small])", V, 'join_sets', 'share classes'),
    ("join_sets([small, renamed])", V, 'join_sets', 'mean or std'),
    ("memory_bytes('x')", T, 'memory_bytes', 'small', 'str'),
    ("learn('net', small)", T, 'learn', 'net', "'net'"),
    ("learn(net, data)", T, 'learn', 'new', 'ImageData'),
    ("learn(net, data.train, [data])", T, 'learn', 'memory', 'ImageData'),
    ("learn(net, data.train, large)", V, 'learn', 'memory', '(1, 16, 16)', '(1, 8, 8)'),
    ("learn(net, data.train, recipe='wholle')", V, 'recipe', "'wholle'", "'whole'"),
    ("distillation(rows, rows[:2])", V, 'distillation', '(5, 3)', '(2, 3)'),
    ("distillation(rows, rows, 0)", V, 'distillation', '`T`', 'is 0'),
    ("fewer(data, 0)", V, 'fewer', '`n`', 'is 0'),
    ("fewer(data, 3, 0)", V, 'fewer', 'n_test', 'is 0'),
    ("map_images(data, 3)", T, 'map_images', '`f`', 'is 3'),
    ("map_images(data, lambda x: x.float())", V, 'map_images', '`f`', 'float32'),
    ("to_shape(data, (8, 8))", V, 'to_shape', 'shape', '(8, 8)'),
    ("to_shape(data, (2, 8, 8))", V, 'to_shape', 'shape', '(2, 8, 8)'),
    ("to_shape(data, (1, 9, 9), 'squash')", V, 'to_shape', 'fit', "'squash'"),
    ("load_tasks([])", V, 'load_tasks', 'names', 'empty'),
    ("load_tasks(['digits@left'])", V, 'load_dataset', "'digits@left'"),
    ("continual(3)", T, 'continual', 'data', 'int'),
    ("continual(data, 'dmm')", V, "'dmm'", "'dm'"),
    ("continual(data, [])", V, 'continual', 'methods', 'empty'),
    ("continual(data, ['dm', 'dm'])", V, 'continual', 'methods', "'dm'"),
    ("continual(data, 'dm', steps=0)", V, 'steps', 'is 0'),
    ("continual(data, 'dm', steps=11)", V, 'steps', 'is 11', '10 classes'),
    ("continual(data, 'dm', ipc=0)", V, 'continual', 'ipc', 'is 0'),
    ("continual(data, 'dm', orders=0)", V, 'orders', 'is 0'),
    ("continual(data, 'dm', nets=0)", V, 'continual', 'nets', 'is 0'),
    ("continual(data, 'dm', net='convnit')", V, "'convnit'", 'convnet'),
    ("continual(data, 'dm', recipe='dcc')", V, 'recipe', "'dcc'", "'dc'"),
    ("continual(data, 'dm', whole='hole')", V, 'recipe', "'hole'", "'whole'"),
    ("continual(data, 'dm', options=dict(dc={}))", V, 'continual', 'options', "'dc'"),
    ("continual(data, 'dm', options=dict(dm=dict(iteration=1)))", V, "'iteration'", "'iterations'"),
    ("continual(data, 'random', ipc=141)", V, 'continual', 'ipc', '141', 'has 140'),
    ("continual(data, 'dc', steps=10)", V, 'continual', 'steps', "'dc' needs two or more"),
    ("continual(data, 'dm', device='tpu')", V, 'device', "'tpu'"),
    ("continual(data, 'dm', folder=there/'file.bin')", E, 'continual', 'folder', 'file.bin'),
    ("continual(data, 'dm', folder=3)", T, 'continual', 'folder', 'is 3'),
    ("continual(untested, 'dm')", V, 'continual', 'no test image'),
    ("continual_tasks([data, large], 'dm')", T, 'continual_tasks', 'data', 'SyntheticSet'),
    ("continual_tasks(data, 'dm')", V, 'continual_tasks', 'tasks', 'at least two'),
    ("continual_tasks([data, two], 'dm', ipc=[1])", V, 'continual_tasks', 'ipc', '1 numbers'),
    ("continual_tasks([data, to_shape(data, (1, 9, 9))], 'dm')", V, 'continual_tasks', 'tasks', 'differ in shape', 'to_shape'),
    # ---- 10 speed
    ("Speed('half')", V, 'Speed', 'precision', "'half'", 'bfloat16'),
    ("Speed(training=16)", V, 'Speed', 'training', '16'),
    ("Speed().attach('convnet')", T, 'Speed.attach', "'convnet'"),
    ("get_speed('fastest', data)", V, 'get_speed', 'speed', "'fastest'", 'plain'),
    ("get_speed(3, data)", T, 'get_speed', 'speed', '3'),
    ("condense(data, 'dm', speed='bfloat61')", V, 'condensing', 'speed', "'bfloat61'", "'bfloat16'"),
    ("evaluate(small, data, speed='quick')", V, 'evaluate', 'speed', "'quick'"),
    ("FastConvNet(make_net('mlp', shape=(1, 8, 8), n_classes=2))", V, 'FastConvNet', 'net', 'mlp', 'FastNet'),
    ("FastConvNet('convnet')", T, 'FastConvNet', "'convnet'"),
    ("FastNet('convnet')", T, 'FastNet', "'convnet'"),
    ("evaluate_together('x', data)", T, 'evaluate', 'small', 'str'),
    ("evaluate_together(small, data, nets=0)", V, 'evaluate', 'nets', '0'),
    ("continual_tasks([data, data], 'dm', distil='yes')", V, 'continual_tasks', 'distil', "['y', 'e', 's']"),
    ("continual_tasks([data, data], 'dm', sets=0)", V, 'continual_tasks', 'sets', 'is 0'),
    ("Continual.load(there/'file.bin')", V, 'Continual.load', 'file.bin', 'not a study'),
    ("Continual.load(there/'none.json')", F, 'Continual.load', 'none.json'),
    ("Continual([])['dm']", K, 'Continual', "'dm'"),
    ("Continual([]).save(there/'none'/'study.json')", F, 'Continual.save', 'none'),
    # ---- 11 visualization
    ("record([small])", T, 'record', 'run', 'list', 'condensing'),
    ("record(condensing(data), every=0)", V, 'record', 'every', '0'),
    ("record(iter([3]))", T, 'record', 'run', 'int'),
    ("record(iter([]))", V, 'record', 'run', 'no update'),
    ("method_style(3)", T, 'method_style', 'name', '3'),
    ("alt_text('x')", T, 'alt_text', 'ax', 'str'),
    ("show_steps([])", V, 'show_steps', 'snaps', 'empty'),
    ("show_steps([data])", T, 'show_steps', 'snaps', 'ImageData'),
    ("show_steps([small], n=0)", V, 'show_steps', '`n` is 0'),
    ("show_steps([small], classes=['cat'])", V, 'show_steps', 'classes', "'cat'"),
    ("show_before_after(small, large)", V, 'show_before_after', 'first', 'last', 'image size'),
    ("show_before_after(small, None)", T, 'show_before_after', 'last', 'NoneType'),
    ("neighbours(large, data)", V, 'neighbours', '(1, 16, 16)', '(1, 8, 8)'),
    ("neighbours(small, data, n=10_000)", V, 'neighbours', '`n` is 10000', '1400'),
    ("neighbours(small, data, 1, on_meta(nn.Linear, 2, 2))", T, 'embed', 'Linear'),
    ("show_neighbours(small, data, which=[10])", V, 'show_neighbours', 'which', '[10]'),
    ("show_neighbours(small, 'digits')", T, 'neighbours', 'data', 'str'),
    ("plot_history(small)", V, 'plot_history', "'random'", 'no loss'),
    ("plot_history([])", V, 'plot_history', 'sets', 'empty'),
    ("plot_history(small, 'losses')", V, 'plot_history', 'what', "'losses'"),
    ("plot_cross_architecture({})", T, 'plot_cross_architecture', 'table', 'dict'),
    ("plot_cross_architecture(CrossTable([], [], []), how='bars')", V, 'plot_cross_architecture', 'how', "'bars'"),
    ("plot_confusion(net, 'digits')", T, 'plot_confusion', 'data', 'str'),
    ("plot_confusion('convnet', data)", T, 'plot_confusion', 'net', "'convnet'"),
    ("plot_confusion(Evaluation([1.], 0., 1, 'mlp', TrainRecipe(), 0), data)", V, 'plot_confusion', 'found', 'keep=True'),
    ("plot_embeddings(small, data, how='umap')", V, 'plot_embeddings', 'how', "'umap'"),
    ("plot_embeddings([], data)", V, 'plot_embeddings', 'syn', 'empty'),
    ("plot_embeddings(small, data, classes=[12])", V, 'plot_embeddings', 'classes', '12'),
    ("show_gradients(net, x, 3)", V, 'show_gradients', 'batches', 'Tensor'),
    ("show_gradients('convnet', dict(a=x), 3)", T, 'show_gradients', 'net', "'convnet'"),
    ("plot_pixel(small, data, 'random')", V, 'plot_pixel', "'random'"),
    ("plot_pixel(small, data, pixel=(8, 8))", V, 'plot_pixel', 'pixel', '(8, 8)'),
    ("plot_pixel(small, data, image=-1)", V, 'plot_pixel', 'image', '-1'),
    ("plot_overfitting(small, data, passes=0)", V, 'plot_overfitting', 'passes', '0'),
    ("plot_overfitting(large, data)", V, 'plot_overfitting', '(1, 16, 16)'),
    ("replay([])", V, 'replay', 'snaps', 'empty'),
    ("replay(3)", T, 'replay', 'snaps', 'int'),
    ("live(data)", T, 'live', 'run', 'ImageData'),
    ("live(condensing(data), nets=0)", V, 'live', 'nets', '0'),
    ("live(condensing(data), start=False).set()", V, 'live', 'no update'),
    ("explorer('nowhere')", F, 'explorer', 'folder', 'nowhere'),
    ("explorer(there/'pets')", F, 'explorer', 'folder', 'no run'),
    ("write_report('nowhere')", F, 'write_report', 'folder', 'nowhere'),
    ("write_report(there)", F, 'write_report', 'folder', 'report.json'),
    ("write_report('.', dict(scores=3), small)", V, 'write_report', 'report', 'TypeError'),
    # ---- 10b distributed
    ("condense(data, 'dm', team='us')", V, 'condensing', 'team', "'us'"),
    ("condensing(data, 'dm', team=2)", V, 'condensing', 'team', 'is 2'),
    ("evaluate_together(small, data, nets=0)", V, 'evaluate', 'nets', 'is 0'),
    ("evaluate_together(3, data)", T, 'evaluate', 'small', 'int'),
]

# (arguments, words that the line must hold); `there` is the folder of the fixture
COMMANDS = [
    (['--ipc', '0'], "'0'", 'at least 1'),
    (['--ipc', '-3'], "'-3'", 'at least 1'),
    (['--ipc', '1.5'], "'1.5'", 'whole number'),
    (['--ipc', 'ten'], "'ten'", 'whole number'),
    (['--ipc', '5,1,2'], '3 numbers', '10 classes'),
    (['--ipc', '500', '--method', 'herding'], '500', 'has 140'),
    (['--ipc', '500', '--init', 'real'], '500', 'has 140'),
    (['--method', 'dcc'], "'dcc'", "'dc'"),
    (['--method', 'dms'], "'dms'", "'dm'"),
    (['--method', 'random', '--image-lr', '1'], '--image-lr', 'random'),
    (['--net', 'resnet19'], "'resnet19'", 'resnet18'),
    (['--net', 'convnet-w0'], "'w0'"),
    (['--net', 'convnet-d4'], 'depth got 4', 'at most 3'),
    (['--net', 'convnet-rellu'], "'rellu'", 'relu'),
    (['--augment', 'crob'], "'crob'", "'crop'"),
    (['--train-augment', 'crob'], "'crob'", "'crop'"),
    (['--iterations', '0'], "'0'", 'at least 1'),
    (['--outer', '2.5'], "'2.5'", 'whole number'),
    (['--inner', '-1'], "'-1'"),
    (['--real-batch', '0'], "'0'", 'at least 1'),
    (['--image-lr', '-1'], 'image_lr', '-1'),
    (['--image-lr', 'much'], '--image-lr', "'much'"),
    (['--init', 'ones'], '--init', "'ones'", 'noise'),
    (['--nets', '0'], "'0'", 'at least 1'),
    (['--epochs', '1e3'], "'1e3'", 'whole number'),
    (['--whole', '-1'], "'-1'"),
    (['--baselines', 'herdin'], "'herdin'", "'herding'"),
    (['--baselines', 'random,dc'], '--baselines', "'dc'"),
    (['--device', 'cuda:99'], 'device', "'cuda:99'"),
    (['--device', 'toaster'], 'device', "'toaster'"),
    (['--seed', 'x'], '--seed', "'x'"),
    (['--size', '0'], "'0'", 'at least 8'),
    (['--recipe', 'dc'], '--recipe'),
    (['digits', 'mnist'], 'mnist'),
    (['mnits'], "'mnits'", 'mnist'),
    (['no/such/folder'], 'no/such/folder'),
    (['mnist', '--no-download', '--root', 'there/empty'], 'mnist', 'empty'),
    (['there/empty'], 'empty', 'no images'),
    (['there/one'], 'one class only', "'cat'"),
    (['there/texts'], 'texts', 'no images'),
    (['there/file.bin'], 'file.bin', 'is a file'),
    (['there/pets', '--test-fraction', '1'], 'test_fraction', '1.0'),
    (['--out', 'there/file.bin'], '--out', 'file.bin', 'is a file'),
    (['--out', 'there/pets'], '--out', 'pets', 'choose another folder'),
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
    data, two = dc.load_dataset('digits'), dc.from_tensors(pixels, y, pixels, y)
    pets = dc.from_tensors(pixels, y, pixels, y, classes=['cat', 'dog'])
    net, x = dc.make_net('convnet-w8-d1', data), torch.randn(4, 1, 8, 8, generator=g)
    none = dc.ImageSet(data.test.images[:0], data.test.labels[:0], data.classes, data.mean, data.std)
    own = dict(
        torch=torch, nn=nn, on_meta=on_meta, wide=torch.zeros(10, 1, 9, 9), nan=float('nan'), inf=float('inf'),
        there=there, color=color, crop=crop, rotate=rotate, cache_folder=cache_folder, remove_cache=remove_cache,
        Checkpoints=Checkpoints, RunLock=RunLock, grays=pixels / 255,
        pixels=pixels, y=y, x=x, data=data, two=two, pets=pets, pairs=[(pixels[0], 0), (pixels[1], 1)], net=net,
        opt=torch.optim.SGD(net.parameters(), lr=.1), small=dc.random_set(data, 1),
        large=dc.SyntheticSet(torch.zeros(10, 1, 16, 16), range(10), range(10), data.mean, data.std),
        renamed=dc.SyntheticSet(x[:2], [0, 1], ['dog', 'cat'], two.mean, two.std),
        untested=dc.ImageData(data.train, none, 'untested'), rows=torch.randn(5, 3, generator=g),
        gradient=(torch.randn(3, 4, generator=g), torch.ones(3)), other=(torch.randn(3, 5, generator=g), torch.ones(3)))
    return {k: getattr(m, k) for m in (dc, pictures) for k in m.__all__} | own


def on_meta(make, *args, **kwargs):
    "What torch makes by itself draws from its global generator, but not where there is no memory"
    with torch.device('meta'): return make(*args, **kwargs)


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


@pytest.mark.parametrize('call, error, words', [(c, e, w) for c, e, *w in CALLS], ids=[c for c, *_ in CALLS])
def test_a_bad_call_is_refused(call, error, words, names, untouched):
    with pytest.raises(error) as caught: eval(call, dict(names))
    message = str(caught.value)
    assert type(caught.value) is error and len(message) < 700, message
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


@pytest.mark.parametrize('argv', [['--ipc', '0'], ['there/texts']], ids=' '.join)
def test_a_process_of_its_own_says_the_same(argv, there, untouched):
    argv = [a.replace('there', str(there)) for a in argv]
    done = subprocess.run([sys.executable, '-m', 'dataset_condensation', *argv], cwd=untouched, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 2 and done.stderr.count('\n') == 1 and done.stderr.startswith('condense: '), done.stderr


def test_every_public_name_is_misused():
    "A name that is added to the library gets a bad call above, or a place below"
    no_arguments = {'dataset_names', 'net_names', 'versions'}
    records = {'Batch', 'Drawn', 'Step', 'State', 'Method', 'Coreset', 'Score', 'Evaluation', 'CrossTable', 'ContinualRun'}
    error = lambda f: isinstance(f, type) and issubclass(f, Exception)
    ours = lambda f: callable(f) and not error(f) and f.__module__.startswith('dataset_condensation')
    public = {n for n in dc.__all__ if ours(getattr(dc, n))} - no_arguments - records - UNCLEAR
    calls = '\n'.join(c for c, *_ in CALLS)
    missing = sorted(n for n in public if not re.search(rf'\b{n}\b[(.,]', calls))
    assert not missing, f'no bad call for {missing}'
    assert len(CALLS) + len(COMMANDS) >= 300


# A wrong argument of these still ends in a message of Python or torch
UNCLEAR = set()
