"""Count how much code and prose the chapters of the course have.

    python tools/course_counts.py              # all chapters of the course
    python tools/course_counts.py 05 12        # some of them, by number or name
    python tools/course_counts.py --nbs PATH   # all notebooks in a folder, for instance of another project

Prints one row per notebook: code cells; median and longest cell in lines; words of prose per line of code; and the share
of code cells that only validate, which are those with nothing but `assert` and calls of `test_…` in them. Hidden cells
(`#| hide`), blank lines and `#|` lines don't count. Prose is all Markdown but its code blocks.
"""
import argparse
import ast
import json
import re
from pathlib import Path
from statistics import median

NBS = Path(__file__).resolve().parent.parent/'nbs'
COURSE = re.compile(r'\d\d_')


def text(cell) -> str: return ''.join(cell['source'])


def code_lines(source:str) -> list: return [x for x in source.splitlines() if x.strip() and not x.lstrip().startswith('#|')]


def hidden(source:str) -> bool: return re.search(r'^#\| *(hide|include: *false)\s*$', source, re.M) is not None


def checks(node) -> bool:
    "A statement that only validates: assert, test_…(…), or a block of them"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return getattr(node.value.func, 'id', getattr(node.value.func, 'attr', '')).startswith('test_')
    if isinstance(node, (ast.For, ast.With)): return all(map(checks, node.body))
    return isinstance(node, ast.Assert)


def only_validates(source:str) -> bool:
    try: body = ast.parse('\n'.join(code_lines(source))).body
    except SyntaxError: return False      # magics
    return bool(body) and all(map(checks, body))


def counts(notebook:Path) -> dict:
    cells = json.loads(notebook.read_text(encoding='utf-8'))['cells']
    code = [s for c in cells if c['cell_type'] == 'code' if code_lines(s := text(c)) and not hidden(s)]
    prose = ' '.join(re.sub(r'^```.*?^```', ' ', text(c), flags=re.M | re.S) for c in cells if c['cell_type'] == 'markdown')
    return dict(lengths=[len(code_lines(s)) for s in code], words=len(prose.split()), checks=sum(map(only_validates, code)))


def row(name:str, n:dict) -> str:
    lengths, lines = n['lengths'], sum(n['lengths'])
    if not lengths: return f'{name:28}{0:6}'
    return (f'{name:28}{len(lengths):6}{median(lengths):8g}{max(lengths):9}{n["words"]/lines:12.1f}'
            f'{100*n["checks"]/len(lengths):15.1f}')


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('chapters', nargs='*', help='numbers or names (default: all of the course)')
    parser.add_argument('--nbs', type=Path, help='count all notebooks in this folder')
    args = parser.parse_args(argv)
    found = sorted((args.nbs or NBS).glob('*.ipynb'))
    if not args.nbs and not args.chapters: found = [p for p in found if COURSE.match(p.name)]
    if args.chapters: found = [p for p in found if p.name.startswith(tuple(args.chapters))]
    if not found: parser.error(f'no notebooks of {" ".join(args.chapters) or "the course"} in {args.nbs or NBS}')
    print(f'{"":28}{"cells":>6}{"median":>8}{"longest":>9}{"words/line":>12}{"only checks %":>15}')
    every = [counts(p) for p in found]
    for path, n in zip(found, every): print(row(path.stem, n))
    if len(every) > 1:
        total = {k: sum((n[k] for n in every), [] if k == 'lengths' else 0) for k in every[0]}
        print(row(f'all {len(every)}', total))


if __name__ == '__main__': main()
