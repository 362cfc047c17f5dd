"""Execute the notebooks and save their outputs.

    python tools/execute_notebooks.py                    # all of them, in order
    python tools/execute_notebooks.py 06 60_command index    # some, by number, name or path
    python tools/execute_notebooks.py --flags slow       # run the slow cells too
    python tools/execute_notebooks.py --check            # write nothing, list the cells that would change

Cells that `nbdev_test` skips keep their outputs. Runs are repeatable (one thread, no progress bars, no widget state,
then `nbdev_clean`), so a second run changes nothing. The text of `#| fig-alt: "…"` is saved with the pictures.
"""
import argparse
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from execnb.nbio import dict2nb
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbdev.clean import nbdev_clean
from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbdev.process import extract_directives

WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json'


def settle_environment(root:Path,  # Folder of settings.ini, put first on the path of the kernels
                       home:str,   # Empty folder, in place of the user's Jupyter and IPython settings
                       ):
    "Make outputs independent of the user: set environment variables that kernels inherit"
    os.environ.update(IN_TEST='1', TQDM_DISABLE='1', PYTHONHASHSEED='0',
                      JUPYTER_CONFIG_DIR=home, JUPYTER_DATA_DIR=home, IPYTHONDIR=home,
                      DATASET_CONDENSATION_CACHE=os.path.join(home, 'kept'),     # trained networks of earlier runs
                      PYTHONPATH=os.pathsep.join(filter(None, [str(root), os.environ.get('PYTHONPATH')])))
    for library in 'OMP', 'MKL', 'OPENBLAS': os.environ[f'{library}_NUM_THREADS'] = '1'
    os.environ.pop('MPLBACKEND', None)  # otherwise figures are not inline


def directives(cell) -> dict:  # Name of each `#|` directive and its arguments
    "The nbdev directives of a code cell"
    plain = dict(cell_type='code', source=cell.source, metadata={}, outputs=[], id=cell.id)
    return extract_directives(dict2nb(cells=[plain]).cells[0], remove=False)


def is_skipped(cell, skip_flags:set) -> bool:
    "Does `nbdev_test` skip this code cell?"
    found = directives(cell)
    return found.get('eval:', [''])[0].lower() == 'false' or bool(skip_flags & found.keys())


class SkippingClient(NotebookClient):
    "Runs the cells of a notebook, except those with a flag in `skip_flags`"
    def __init__(self, nb, skip_flags:set, **kwargs):
        super().__init__(nb, **kwargs)
        self.skip_flags = skip_flags

    async def async_execute_cell(self, cell, cell_index, **kwargs):
        if cell.cell_type == 'code' and is_skipped(cell, self.skip_flags): return cell
        return await super().async_execute_cell(cell, cell_index, **kwargs)


def merge_streams(outputs:list) -> list:
    "Join adjacent pieces of one stream: where the kernel splits them depends on timing"
    merged = []
    for out in outputs:
        last = merged[-1] if merged else {}
        if out.output_type == 'stream' and last.get('output_type') == 'stream' and out.name == last.name:
            last.text += out.text
        else: merged.append(out)
    return merged


def without_widgets(outputs:list) -> list:
    "Keep the static picture or text of widgets; drop progress bars and bare controls"
    kept = []
    for out in outputs:
        data = out.get('data', {})
        live = data.pop(WIDGET_VIEW, None)
        if live is None or set(data) - {'text/plain'}: kept.append(out)
    return kept


def add_words(cell):
    "Save the text of `#| fig-alt: \"…\"` as the alt text of the cell's pictures"
    words = re.search(r'^#\| *fig-alt: *"(.*)"$', cell.source, flags=re.M)
    for out in cell.outputs if words else []:
        for mime in out.get('data', {}):
            if mime.startswith('image/'): out.setdefault('metadata', {})[mime] = dict(alt=words[1])


def check_outputs(cell, root:Path):
    "Raise an error for outputs with a path of this machine: they would differ elsewhere"
    text = json.dumps(cell.outputs)
    places = [str(root), str(Path.home()), sys.prefix, tempfile.gettempdir()]
    for place in (p for p in places if len(p) > 1):
        found = re.search(re.escape(place) + r'/[^\s"\\]*', text)
        if found: raise ValueError(f'cell {cell.id!r} shows a path of this machine: {found[0]}')


def execute(path:Path,             # The notebook, which is not changed
            skip_flags:set,        # Cells with one of these flags are skipped
            root:Path,             # Folder of settings.ini
            timeout:float|None=None,  # Most seconds for a cell; None: no limit
            ):                     # -> the notebook with its outputs
    "Run a notebook from its own folder in a fresh kernel"
    nb = nbformat.read(path, as_version=4)
    client = SkippingClient(nb, skip_flags, kernel_name='python3', timeout=timeout, record_timing=False,
                            store_widget_state=False, resources={'metadata': {'path': str(path.parent)}},
                            extra_arguments=['--log-level=40'])
    client.execute()
    for cell in nb.cells:
        if cell.cell_type != 'code': continue
        cell.outputs = merge_streams(without_widgets(cell.outputs))
        add_words(cell)
        check_outputs(cell, root)
    return nb


def clean_text(nb, name:str) -> str:
    "The text of `nb` as `nbdev_clean` leaves it"
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp)/name
        nbformat.write(nb, path)
        nbdev_clean(str(path))
        return path.read_text(encoding='utf-8')


def changed_outputs(old:str, new:str) -> list:
    "Ids of the cells whose outputs differ between two texts of one notebook"
    old, new = (json.loads(text)['cells'] for text in (old, new))
    return [b['id'] for a, b in zip(old, new) if a.get('outputs') != b.get('outputs')]


def find_notebooks(names:list, nbs:Path) -> list:
    "The notebooks with these numbers, names or paths; all notebooks if `names` is empty"
    every = sorted(Path(p) for p in nbglob(nbs))
    def matches(name):
        stem = Path(name).stem
        found = [p for p in every if p.stem == stem or p.stem.split('_')[0] == stem]
        if not found: raise SystemExit(f'no notebook {name!r} in {nbs}; there are {", ".join(p.stem for p in every)}')
        return found
    return [p for name in names for p in matches(name)] if names else every


def update(path:Path, skip_flags:set, root:Path, timeout:float|None, check:bool) -> bool:
    "Run a notebook, save it unless `check`, and print what changed; False if it fails or would change"
    start = time.time()
    try: nb = execute(path, skip_flags, root, timeout)
    except (CellExecutionError, ValueError) as e:
        print(f'{path.name}: not saved\n{e}', file=sys.stderr)
        return False
    old, new = path.read_text(encoding='utf-8'), clean_text(nb, path.name)
    changed = changed_outputs(old, new)
    if not check: path.write_text(new, encoding='utf-8')
    what = f'changed outputs: {", ".join(changed)}' if changed else 'the same outputs'
    print(f'{path.name}: {time.time() - start:.1f} s, {what}', flush=True)
    return not (check and changed)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='notebooks by number, name or path (default: all)')
    parser.add_argument('--flags', default='', help='flags whose cells run too, separated by spaces: "slow gpu"')
    parser.add_argument('--timeout', type=float, help='most seconds for a cell (default: no limit)')
    parser.add_argument('--check', action='store_true', help='write nothing; fail if a saved output would change')
    args = parser.parse_args(argv)
    cfg = get_config()
    skip_flags = set(cfg.tst_flags.split()) - set(args.flags.split())
    bad = []
    with tempfile.TemporaryDirectory() as home:
        settle_environment(cfg.config_path, home)
        for path in find_notebooks(args.names, cfg.nbs_path):
            if not update(path, skip_flags, cfg.config_path, args.timeout, args.check): bad.append(path.name)
    if bad: print(f'failed: {", ".join(bad)}', file=sys.stderr)
    return 1 if bad else 0


if __name__ == '__main__': sys.exit(main())
