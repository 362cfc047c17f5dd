"What float32 is on a GPU: PyTorch's flags for convolutions and products, read and set for a block"
from contextlib import contextmanager

import torch


def _places():
    "(object, attribute, {'ieee': value, 'tf32': value}) of convolutions and of products; older versions have other names"
    conv, product = torch.backends.cudnn, torch.backends.cuda.matmul
    if hasattr(product, 'fp32_precision'):
        return [(place, 'fp32_precision', dict(ieee='ieee', tf32='tf32')) for place in (conv.conv, product)]
    return [(place, 'allow_tf32', dict(ieee=False, tf32=True)) for place in (conv, product)]


def flags() -> list:
    "What the flags are now"
    return [getattr(place, name) for place, name, _ in _places()]


@contextmanager
def float32(how=None):     # 'ieee', 'tf32', or None for PyTorch's defaults
    "In the block float32 is that"
    before = flags()
    for place, name, values in _places() if how else (): setattr(place, name, values[how])
    try: yield
    finally:
        for (place, name, _), value in zip(_places(), before): setattr(place, name, value)
