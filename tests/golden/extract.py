"""Make the extract that tests/test_golden.py compares with, from the whole recording.

    python tests/golden/extract.py FOLDER     # FOLDER/published_code.safetensors and FOLDER/published_code.json

The recording was made by running the public code of DC, DSA and DM (github.com/VICO-UoE/DatasetCondensation, commit
53f63a6, MIT licence) on fixed inputs, in float32, on one thread. It holds numbers, no code. What the extract leaves out,
to stay small:

- the start of the three runs is the same (`dc.momentum` and `dc.batch` begin as `dc.instance`): it is kept once, as `dc.start`;
- of the images after the first update, one of each class; of those after the second, none; after the third all;
- one image of three for each augmentation, and one channel of it where a family treats all channels alike;
- of the network for colour images, the scores and embeddings of two; the one for gray images has distances as well.
"""
import json
import sys
from pathlib import Path

from safetensors.torch import load_file, save_file

HERE = Path(__file__).parent
RUNS = ('instance', 'momentum', 'batch')


def runs(t):
    for k in ('real', 'syn.0', *(f'param.{i:02}' for i in range(10))):
        assert all(t[f'dc.{r}.{k}'].equal(t[f'dc.instance.{k}']) for r in RUNS)
        yield f'dc.start.{k}', t[f'dc.instance.{k}']
    for r in RUNS:
        yield f'dc.{r}.syn.1', t[f'dc.{r}.syn.1'][::2]
        yield f'dc.{r}.syn.3', t[f'dc.{r}.syn.3']
        for k in t:
            if k.startswith((f'dc.{r}.loss.', f'dc.{r}.trained.')): yield k, t[k]


def augmented(t):
    yield 'dsa.x', t['dsa.x'][:1]
    for k in t:
        if k.startswith('dsa.') and k != 'dsa.x': yield k, t[k][:1] if 'color' in k else t[k][:1, :1]


def networks(t):
    for k in t:
        if k.startswith('net.c1.'): yield k, t[k]
        elif k in ('net.c3.x', 'net.c3.scores', 'net.c3.embed'): yield k, t[k][:2]
        elif k.startswith('net.c3.param.'): yield k, t[k]


def main(folder):
    t = load_file(Path(folder)/'published_code.safetensors')
    found = {k: v.clone() for part in (runs, augmented, networks) for k, v in part(t)}
    save_file(found, HERE/'published_code.safetensors')
    about = json.loads((Path(folder)/'published_code.json').read_text(encoding='utf-8'))
    (HERE/'published_code.json').write_text(json.dumps(about, indent=1) + '\n', encoding='utf-8')


if __name__ == '__main__': main(*sys.argv[1:])
