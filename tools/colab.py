"""Maintain the install cell for Colab and the Colab link in every chapter.

    python tools/colab.py             # write both, for the account and branch in settings.ini
    python tools/colab.py --check     # write nothing, list the chapters that would change

The install cell is the first code cell of a chapter, and does nothing outside Colab. The link comes at the end of the
cell that starts with **Assumes**, once settings.ini has an owner (tools/owner.py).
"""
import argparse
import json
import re
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = re.compile(r'([0-5]\d_.+|60_command|own_photographs)\.ipynb')   # not the package's frame
LINK = re.compile(r'\n*^\[Open in Colab\]\(.*\)$', flags=re.M)


def settings() -> dict:
    config = ConfigParser(delimiters=['='])
    config.read(ROOT/'settings.ini', encoding='utf-8')
    return config['DEFAULT']


def install_cell(cfg, folder:str) -> str:
    "Installs from a clone, because chapters read measurements from results/"
    return f"""#| hide
# In Colab: fetch the project, install it, and work in the folder of its notebooks
if 'google.colab' in str(get_ipython()):
    for line in ('%cd -q /content',
                 '!git clone -q --depth 1 -b {cfg["branch"]} {cfg["git_url"]}',
                 '%pip install -q ./{cfg["repo"]}',
                 '%cd -q {cfg["repo"]}/{folder}'):
        get_ipython().run_cell(line)"""


def link(cfg, name:str) -> str:
    host = cfg['git_url'].replace('https://github.com/', 'https://colab.research.google.com/github/')
    return f'[Open in Colab]({host}/blob/{cfg["branch"]}/{cfg["nbs_path"]}/{name})'


def as_lines(text:str) -> list: return text.splitlines(True)


def updated(nb:dict, name:str, cfg) -> dict:
    "The notebook with install cell and link"
    cells = [c for c in nb['cells'] if c['id'] != 'colab']
    at = next((i for i, c in enumerate(cells) if ''.join(c['source']).startswith('**Assumes**')), None)
    if at is None: raise SystemExit(f'{name}: no cell starts with **Assumes**, where the link belongs')
    said = LINK.sub('', ''.join(cells[at]['source'])).rstrip()
    there = f'\n\n{link(cfg, name)}' if cfg['user'] != 'OWNER' else ''     # only with a repository
    cells[at] = {**cells[at], 'source': as_lines(said + there)}
    new = dict(cell_type='code', execution_count=None, id='colab', metadata={}, outputs=[],
               source=as_lines(install_cell(cfg, (Path(cfg['nbs_path'])/name).parent.as_posix())))
    return {**nb, 'cells': cells[:at + 1] + [new] + cells[at + 1:]}


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='write nothing; fail if something would change')
    args, cfg, changed = parser.parse_args(argv), settings(), []
    nbs = ROOT/cfg['nbs_path']
    for path in sorted([*nbs.glob('*.ipynb'), *nbs.glob('under_the_hood/*.ipynb')]):
        if not NOTEBOOK.fullmatch(path.name): continue
        old = path.read_text(encoding='utf-8')
        new = json.dumps(updated(json.loads(old), path.relative_to(nbs).as_posix(), cfg), indent=1, ensure_ascii=False) + '\n'
        if new == old: continue
        changed.append(path.name)
        if not args.check: path.write_text(new, encoding='utf-8')
    if changed: print(f'{"differ" if args.check else "written"}: {", ".join(changed)}')
    return 1 if args.check and changed else 0


if __name__ == '__main__': sys.exit(main())
