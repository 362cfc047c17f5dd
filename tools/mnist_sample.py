"""Make dataset_condensation/mnist_sample.npz, the digits of the chapters, from the four files of MNIST.

    python tools/mnist_sample.py FOLDER    # has train-images-idx3-ubyte.gz and the other three

It has 200 training and 100 test images of each digit, drawn at random with a fixed seed and kept in MNIST's order.
"""
import argparse
import gzip
from pathlib import Path

import numpy as np
import torch

from dataset_condensation.data import gen

OUT = Path(__file__).resolve().parent.parent/'dataset_condensation'/'mnist_sample.npz'
PER_CLASS = {'train': 200, 't10k': 100}


def sample(folder:Path, part:str) -> tuple[np.ndarray, np.ndarray]:
    "Images (N, 28, 28) and labels (N,) of a part, with equal numbers of each digit"
    def read(kind, head): return np.frombuffer(gzip.decompress((folder/f'{part}-{kind}-ubyte.gz').read_bytes()), np.uint8, offset=head)
    x, y, kept = read('images-idx3', 16).reshape(-1, 28, 28), read('labels-idx1', 8), []
    for c in range(10):
        rows = torch.from_numpy(y == c).nonzero()[:, 0]
        kept.append(rows[torch.randperm(len(rows), generator=gen(0, 'mnist-sample', part, c))[:PER_CLASS[part]]])
    rows = torch.cat(kept).sort().values.numpy()
    return x[rows], y[rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    folder = parser.parse_args().folder
    wanted = [f'{part}-{kind}-ubyte.gz' for part in PER_CLASS for kind in ('images-idx3', 'labels-idx1')]
    if missing := [name for name in wanted if not (folder/name).is_file()]: parser.error(f'{folder} has no {", ".join(missing)}')
    (x, y), (x_test, y_test) = (sample(folder, part) for part in PER_CLASS)
    np.savez_compressed(OUT, train_images=x, train_labels=y, test_images=x_test, test_labels=y_test)
    print(f'{OUT.name}: {len(x):,} + {len(x_test):,} images, {OUT.stat().st_size:,} bytes')


if __name__ == '__main__': main()
