"""Build the documentation and the README from the notebooks, without Quarto and without the network.

    python nbs/_sphinx/build.py             # README.md, then the site in _docs/
    python nbs/_sphinx/build.py --readme    # README.md and its pictures only
    python nbs/_sphinx/build.py --mathjax   # first fetch MathJax (with npm), so that the site needs no CDN

nbdev prepares the notebooks (`proc_nbs`: it runs the definitions, documents them and links their names),
this script turns the result into plain pages, and Sphinx draws the site. A warning of Sphinx is an error.
"""
import argparse
import ast
import base64
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))  # the package of this checkout, not an installed one
sys.path.append(str(ROOT/'benchmarks'))     # `report`, which pages on results import
sys.path.append(str(ROOT/'tools'))          # `term`, for the slides

from nbdev.config import get_config
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs
from nbdev.showdoc import showdoc_nm
from result_files import result_files
from term import write_slides

MATHJAX = 'mathjax@3.2.2', 'package/es5/tex-svg-full.js'
DIRECTIVE = re.compile(r'^#\| *([\w-]+)(?:: *(.*))?$')
LINK = re.compile(r'(\]\()([^)\s:#]*)(#[^)\s]*)?(\))')             # [text](path#anchor), no address with a scheme
WHOLE_LINK = re.compile(r'(\[[^\]\n]*\]\([^)\n]*\))')                       # [text](address)
FENCED = re.compile(r'(^```.*?^```)', flags=re.M | re.S)
HTML_SRC = re.compile(r'((?:src|href)=")([^":#]+)()(")')           # <img src="path">
NO_REFERENCE = {'__init__', '__main__'}
SKIPPED = {'hide', 'export', 'exporti', 'default_exp'}             # directives of cells that no reader sees
PYTHON = {'kernelspec': {'name': 'python3', 'display_name': 'python3', 'language': 'python'},
          'language_info': {'name': 'python', 'pygments_lexer': 'ipython3'}}
IMAGES = {'image/png': 'png', 'image/jpeg': 'jpg', 'image/svg+xml': 'svg'}


# ---- Cells

def markdown(text:str, cell_id:str) -> dict: return dict(cell_type='markdown', id=cell_id, metadata={}, source=text)


def joined(lines) -> str:
    "Notebook text, which is stored as a string or as a list of lines"
    return lines if isinstance(lines, str) else ''.join(lines)


def split_directives(source:str) -> tuple:  # -> (directives by name, the source without them)
    "Take the `#|` lines off the top of a cell"
    lines, found = source.splitlines(True), {}
    while lines and (match := DIRECTIVE.match(lines[0].rstrip())):
        found[match[1]] = match[2] or ''
        lines.pop(0)
    return found, ''.join(lines)


def alt_text(out:dict) -> str:
    "What an output says of its picture to those who do not see it, empty without a picture or words"
    metadata = out.get('metadata', {})
    return next((metadata[mime]['alt'] for mime in IMAGES if 'alt' in metadata.get(mime, {})), '')


def outside(pattern, text:str, change) -> str:
    "Apply `change` to the parts of a text that `pattern`, one group, does not match"
    return ''.join(p if i % 2 else change(p) for i, p in enumerate(re.split(pattern, text)))


def outside_code(text:str, change) -> str:
    "Apply `change` to the parts of a Markdown text that are not fenced code"
    return outside(FENCED, text, change)


def map_links(text:str, new_link) -> str:
    "Replace the relative links of a Markdown text by `new_link(path, anchor)`"
    def replace(match): return match[1] + new_link(match[2], match[3] or '') + match[4]
    return outside_code(text, lambda t: HTML_SRC.sub(replace, LINK.sub(replace, t)))


# ---- The README

def published() -> bool:
    "Does settings.ini say who holds the repository? Until then nothing links to it"
    return get_config().user != 'OWNER'


def readme_link(path:str, anchor:str) -> str:
    "A link that works in nbs/ made to work one folder up, and on the page of a package index"
    if not path: return anchor
    cfg, inside = get_config(), posixpath.normpath(posixpath.join('nbs', path))
    if not published(): return inside + anchor
    kind = 'raw' if inside.endswith(tuple(IMAGES.values())) else 'blob'
    return f'{cfg.git_url}/{kind}/{cfg.branch}/{inside}{anchor}'


def output_markdown(out:dict, name:str, pictures:dict) -> str:
    "What GitHub can show of one output; a picture goes to `pictures` under a name that begins with `name`"
    data = out.get('data', {})
    if 'text/markdown' in data: return joined(data['text/markdown']).strip()
    for mime, suffix in IMAGES.items():
        if mime not in data: continue
        content = joined(data[mime])
        file = f'images/{name}.{suffix}'
        pictures[file] = content.encode() if suffix == 'svg' else base64.b64decode(content)
        return f'![{alt_text(out) or name}]({readme_link(file, "")})'
    text = joined(data.get('text/plain') or out.get('text', '')).rstrip()
    return '\n'.join(f'    {line}'.rstrip() for line in text.splitlines())


def readme(index:Path) -> tuple:  # -> (text of README.md, {path of a picture from nbs/: its bytes})
    "GitHub markdown from the notebook `index`, with the outputs that are saved in it"
    parts, pictures = ['<!-- Made from nbs/index.ipynb by nbs/_sphinx/build.py: edit it there. -->'], {}
    for cell in json.loads(index.read_text(encoding='utf-8'))['cells']:
        directives, source = split_directives(joined(cell['source']))
        if SKIPPED & directives.keys() or directives.get('include') == 'false' or not source.strip(): continue
        if cell['cell_type'] == 'markdown': parts.append(map_links(source.strip(), readme_link))
        if cell['cell_type'] != 'code': continue
        if directives.get('echo') != 'false': parts.append(f'```python\n{source.strip()}\n```')
        if directives.get('output') == 'false': continue
        outputs = cell['outputs']
        names = [f'{index.stem}-{cell["id"]}' + (f'-{i}' if i else '') for i in range(len(outputs))]
        parts += filter(None, (output_markdown(o, name, pictures) for o, name in zip(outputs, names)))
    return '\n\n'.join(parts) + '\n', pictures


def write_readme(index:Path):
    "Write README.md and the pictures in it, and remove the pictures that it no longer has"
    text, pictures = readme(index)
    (ROOT/'README.md').write_text(text, encoding='utf-8')
    for old in (index.parent/'images').glob(f'{index.stem}-*'): old.unlink()
    for file, content in pictures.items():
        path = index.parent/file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


# ---- The pages of the site

def page_name(path:Path) -> Path:
    "nbdev's name of a page: that of its notebook without the number"
    return path.with_name(re.sub(r'^\d+[a-zA-Z0-9]*_', '', path.name.lower()))


def label(name:str) -> str:
    "The label of a name on this site; Sphinx ignores case, Python does not"
    return 'sym:' + re.sub('[A-Z]', lambda m: f'-{m[0].lower()}', name)


class PageMaker:
    "Turns notebooks that nbdev prepared for Quarto into plain ones"
    def __init__(self, doc_url:str):
        self.symbol_link = re.compile(r'\[(`[^`]+`)\]\(%s/[^)]+\)' % re.escape(doc_url))
        self.homes = {}  # name: the place on the site that explains it

    def link_symbols(self, text:str) -> str:
        "Link the names of this package to their headings on this site, instead of to the published one"
        def link(match): return f'[{match[0]}](#{label(match[1])})' if match[1] in self.homes else match[0]
        def link_text(text): return re.sub(r'(?<!\[)`([\w.]+)`(?!\])', link, text)
        def link_line(line):      # a name inside of a link stays as it is
            return line if line.startswith('#') else outside(WHOLE_LINK, line, link_text)
        text = self.symbol_link.sub(r'\1', text)
        return outside_code(text, lambda t: ''.join(map(link_line, t.splitlines(True))))

    def page(self, nb:dict, address:str) -> list:
        "The cells of one page"
        self.address = address
        cells = [(c, *split_directives(joined(c['source']))) for c in nb['cells']]
        before, last = {}, ''     # a helper that is shown where it is defined gets a heading there, as other exports do
        for c, d, source in cells:
            name = re.match(r'show_doc\(([\w.]+)', source)
            if name and re.search(rf'^(def|class) {name[1].split(".")[-1]}\b', last, flags=re.M): before['code-fold'] = 'helper'
            if not name and c['cell_type'] == 'code': before, last = d, '' if d.get('include') == 'false' else source
        visible = {n for _, d, source in cells if 'code-fold' in d for n in self.defined(source)}
        return [new for c, d, source in cells for new in self.cell(c, d, source, visible)]

    def defined(self, source:str) -> list:
        "Names of the functions and classes that a cell defines, `Class.method` for a patched one"
        kinds = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
        trees = [t for t in ast.parse(source).body if isinstance(t, kinds)]
        names = map(showdoc_nm, trees)  # a method patched into two classes has two names
        return [n for name in names for n in ([name] if isinstance(name, str) else name)]

    def heading(self, names:list, cell_id:str, below:str='') -> dict:
        "A heading for `names`, each of which is reached as `#name` by nbdev's links and by its label from here"
        anchors = ''
        for name in names:
            anchors += f'<a id="{name.lower()}"></a>\n\n'
            if name in self.homes: continue  # a second chapter uses the name too: links go to the first
            anchors += f'({label(name)})=\n'
            self.homes[name] = f'{self.address}#{name.lower()}'
        return markdown(f'{anchors}### {", ".join(f"`{n}`" for n in names)}\n{below}', cell_id)

    def cell(self, cell:dict, directives:dict, source:str, visible:set) -> list:
        "The cells that stand for one cell of the prepared notebook, none where a reader should see nothing"
        if cell['cell_type'] == 'raw': return self.title(source)
        if cell['cell_type'] == 'markdown': return [] if 'AUTOGENERATED' in source else [cell]
        if not source.strip() or directives.get('include') == 'false': return []
        if source.startswith('show_doc('): return self.documentation(cell, visible)
        metadata, words = {'tags': self.tags(directives)}, ' '.join(filter(None, map(alt_text, cell['outputs'])))
        if words: metadata['mystnb'] = {'image': {'alt': words}}
        cell = {**cell, 'source': source, 'execution_count': None, 'metadata': metadata}
        if 'code-fold' not in directives: return [cell]
        names = [n for n in self.defined(source) if not n.split('.')[-1].startswith('_')]
        return ([self.heading(names, f'{cell["id"]}-name')] if names else []) + [cell]

    def title(self, source:str) -> list:
        "Title and description, which nbdev moves to a block of YAML"
        front = yaml.safe_load(source.strip().strip('-')) or {}
        if 'title' not in front: return []
        text = f'# {front["title"]}\n\n> {front.get("description", "")}'.rstrip(' >\n')
        return [markdown(text, 'title')]

    def documentation(self, cell:dict, visible:set) -> list:
        "Heading, signature and docstring of a name whose source is not on the page"
        text = ''.join(joined(o.get('data', {}).get('text/markdown', [])) for o in cell['outputs'])
        head = re.search(r'^#+ (\S+)$', text, flags=re.M)
        if not head or head[1] in visible: return []
        return [self.heading([head[1]], cell['id'], text[head.end():])]

    def tags(self, directives:dict) -> list:
        "Quarto's cell options as tags of myst-nb"
        tags = {('echo', 'false'): 'remove-input', ('output', 'false'): 'remove-output',
                ('code-fold', 'true'): 'hide-input'}
        return [tag for option, tag in tags.items() if directives.get(option[0]) == option[1]]


def download(file:Path) -> dict:
    "The cell under a title: the notebook as a file. (A chapter's link to Colab is in its text, by tools/colab.py.)"
    up = '../' * (len(file.parts) - 1)
    return markdown(f'{{download}}`Download this notebook <{up}downloads/{file.as_posix()}>`', 'download')


def copy_downloads(nbs:Path, to:Path):
    "The notebooks as they can be downloaded: those of assignments as students get them"
    for path in nbs.rglob('*.ipynb'):
        inside = path.relative_to(nbs)
        if any(part.startswith(('_', '.')) for part in inside.parts): continue
        nb = json.loads(path.read_text(encoding='utf-8'))
        for c in nb['cells']:
            if 'nbgrader' in c['metadata']: c['source'] = re.sub(r'^#\|.*\n?', '', as_handed_out(c), flags=re.M)
        (to/inside).parent.mkdir(parents=True, exist_ok=True)
        (to/inside).write_text(json.dumps(nb, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')


def toctree(caption:str, entries:list) -> str:
    return '\n'.join(['```{toctree}', ':hidden:', f':caption: {caption}', '', *entries, '```', ''])


def defines(module:Path) -> bool:
    "Is anything defined in the module, or does it only collect names of others?"
    kinds = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
    return any(isinstance(t, kinds) for t in ast.parse(module.read_text(encoding='utf-8')).body)


def reference_pages(package:Path, chapters:dict) -> dict:  # -> {page: its text}
    "A page per topic, each with its example from reference/, and the modules that autodoc fills in"
    pages, listed = {}, set()
    for file in sorted((HERE/'reference').glob('*.md')):
        text = file.read_text(encoding='utf-8')
        found = re.search(r'<!-- modules: (.*?) -->', text)
        sections = []
        for module in found[1].split():
            page, title = chapters[module]
            listed.add(module)
            members = '   :members:\n' * defines(package/f'{module}.py')
            sections.append(f'## {module}\n\nExplained in [{title}](../{page})\n\n'
                            f'```{{eval-rst}}\n.. automodule:: {package.name}.{module}\n{members}```\n')
        pages[page_name(file).stem] = text.replace(found[0], '\n'.join(sections))
    if missing := chapters.keys() - listed - NO_REFERENCE: raise ValueError(f'no page in reference/ lists {missing}')
    return pages


def topics() -> list:
    "The pages of the reference, in their order"
    return [f'reference/{page_name(p).stem}' for p in sorted((HERE/'reference').glob('*.md'))]


def exported_module(notebook:Path) -> str:
    "Name of the module that a notebook exports to, empty without one"
    cells = json.loads(notebook.read_text(encoding='utf-8'))['cells']
    found = re.search(r'^#\| *default_exp +(\S+)', '\n'.join(joined(c['source']) for c in cells), flags=re.M)
    return found[1] if found else ''


def as_handed_out(cell:dict) -> str:
    "The text of a cell of an assignment as students get it: without the solution, without hidden tests"
    stub = "raise NotImplementedError('your turn')" if cell['cell_type'] == 'code' else 'YOUR ANSWER HERE'
    hidden, solution = r'^### BEGIN HIDDEN TESTS.*?^### END HIDDEN TESTS\n?', r'^( *)### BEGIN SOLUTION.*?### END SOLUTION'
    source = re.sub(hidden, '', joined(cell['source']), flags=re.M | re.S)
    return re.sub(solution, lambda m: m[1] + stub, source, flags=re.M | re.S)


def only_imports(source:str) -> bool:
    "Does an exported cell hold imports and nothing else?"
    if not re.match(r'#\| *export\b', source): return False
    body = ast.parse(source).body
    return bool(body) and all(isinstance(t, (ast.Import, ast.ImportFrom)) for t in body)


def copy_notebooks(nbs:Path, to:Path):
    "Copy nbs/ for nbdev to prepare, with private helpers (`#| exporti`) to be shown where the notebook has them"
    shutil.copytree(nbs, to, ignore=shutil.ignore_patterns('_*', '.*'))
    for path in to.rglob('*.ipynb'):
        nb = json.loads(path.read_text(encoding='utf-8'))
        for c in nb['cells']:
            if 'nbgrader' in c['metadata']: c['source'] = as_handed_out(c)
            c['source'] = re.sub(r'^#\| *exporti\b.*', '#| exec_doc', joined(c['source']), flags=re.M)
            if c['cell_type'] == 'code' and only_imports(c['source']):    # folded, so that a cell copied from the page runs
                c['source'] = re.sub(r'^#\| *export\b.*', '#| code-fold: true', c['source'], flags=re.M)
        path.write_text(json.dumps(nb), encoding='utf-8')


def page_link(file:Path, names:dict):
    "The function that turns a link in notebook `file` into one between pages; `names` has the page of each notebook"
    folder = file.parent.as_posix()
    def new_link(path, anchor):
        target = posixpath.normpath(posixpath.join(folder, path)) if path else ''
        return (posixpath.relpath(names[target], folder) if target in names else path) + anchor.lower()
    return new_link


def write_pages(cfg, build:Path, pages:Path):
    "Prepare every notebook in nbs/ and write the sources of the site to the folder `pages`"
    copy_notebooks(cfg.nbs_path, build/'notebooks')
    prepared = proc_nbs(str(build/'notebooks'), n_workers=0, force=True)
    files = sorted(p.relative_to(prepared) for p in prepared.rglob('*') if p.is_file() and p.suffix != '.yml')
    notebooks = [f for f in files if f.suffix == '.ipynb']
    names = {f.as_posix(): page_name(f).as_posix() for f in notebooks}
    for file in files:
        (pages/file).parent.mkdir(parents=True, exist_ok=True)
        if file not in notebooks: shutil.copy2(prepared/file, pages/file)
        if file.suffix == '.md':
            text = (prepared/file).read_text(encoding='utf-8')
            (pages/file).write_text(map_links(text, page_link(file, names)), encoding='utf-8')

    maker = PageMaker(cfg.doc_host.rstrip('/') + '/' + cfg.doc_baseurl.strip('/'))
    made = {}  # all pages first: any of them may link to a name that another one explains
    for file in notebooks:
        nb = json.loads((prepared/file).read_text(encoding='utf-8'))
        made[file] = maker.page(nb, page_name(file).with_suffix('.html').as_posix())
    notebooks = in_order(notebooks, made[Path(cfg.readme_nb)])
    for file, cells in made.items():
        for c in cells:
            if c['cell_type'] == 'markdown':
                c['source'] = map_links(maker.link_symbols(joined(c['source'])), page_link(file, names))
        guides = [f for f in files if f.suffix == '.md']
        if file.name != cfg.readme_nb: cells.insert(1, download(file))
        if file.name == cfg.readme_nb:
            cells.append(markdown(contents(notebooks, cfg.readme_nb, made, guides), 'contents'))
        nb = dict(cells=cells, metadata=PYTHON, nbformat=4, nbformat_minor=5)
        (pages/page_name(file)).write_text(json.dumps(nb), encoding='utf-8')
    chapters = {m: (page_name(f), chapter_title(f, made[f])) for f in notebooks if (m := exported_module(cfg.nbs_path/f))}
    (pages/'reference').mkdir()
    for name, text in reference_pages(cfg.lib_path, chapters).items():
        (pages/'reference'/f'{name}.md').write_text(text, encoding='utf-8')
    (pages/'homes.json').write_text(json.dumps(maker.homes), encoding='utf-8')  # for conf.py
    told = {page_name(f).with_suffix('').as_posix(): description(cells) for f, cells in made.items()}
    (pages/'descriptions.json').write_text(json.dumps(told), encoding='utf-8')
    copy_downloads(cfg.nbs_path, pages/'downloads')
    shutil.copytree(ROOT/'results', pages/'results')
    shutil.copy2(ROOT/'benchmarks'/'gpu'/'README.md', pages/'gpu.md')
    (pages/'result-files.md').write_text(result_files(ROOT/'results', ROOT/'benchmarks', ROOT/'tools'), encoding='utf-8')


def description(cells:list) -> str:
    "The line under the title of a page"
    found = re.search(r'^> (.+)$', joined(cells[0]['source']), flags=re.M)
    return found[1] if found else ''


def chapter_title(file:Path, cells:list) -> str:
    "Number and title of a chapter; of a notebook without a number, its title"
    number, title = re.match(r'\d+[a-z]?(?=_)', file.name), re.match(r'# (.*)', joined(cells[0]['source']))
    text = title[1].replace('`', '') if title else page_name(file).stem
    return f'{number[0]} · {text}' if number else text


def in_order(notebooks:list, index:list) -> list:
    "The notebooks in the order of the table in the cells of the index, whose rows begin with a link; then the others"
    text = '\n'.join(joined(c['source']) for c in index if c['cell_type'] == 'markdown')
    named = re.findall(r'^\| *\[[^\]]+\]\(([^)#]+)', text, flags=re.M)
    return sorted(notebooks, key=lambda f: named.index(f.as_posix()) if f.as_posix() in named else len(named))


def contents(notebooks:list, index:str, made:dict, guides:list=()) -> str:
    "The lists of pages that the site shows at its side"
    def page(file): return page_name(file).with_suffix('').as_posix()
    def entries(folder): return [f'{chapter_title(f, made[f])} <{page(f)}>' for f in notebooks if f.parent == Path(folder) and f.name != index]
    others = [f.with_suffix('').as_posix() for f in guides] + [page(f) for f in notebooks if f.parts[0] == 'assignments']
    def some(first, last): return [e for e in entries('.') if first <= e.split(' ·')[0] <= last and ' · ' in e]
    def named(*stems): return [e for stem in stems for e in entries('.') if e.endswith(f'<{stem}>')]
    lists = {'Start here': named('own_photographs') + some('00', '00'),
             'Course': some('01', '15') + some('19', '29') + named('notation'),
             'Results': some('16', '18') + named('gallery', 'recipes', 'what_for', 'how_fast', 'promises') + ['gpu', 'result-files'],
             'Assignments': others, 'Under the hood': entries('under_the_hood'), 'Reference': topics()}
    return '\n'.join(toctree(caption, entries) for caption, entries in lists.items() if entries)


def fetch_mathjax():
    "Put MathJax into the site's own files; without it a page loads it from a CDN"
    package, member = MATHJAX
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(['npm', 'pack', '--silent', package], cwd=tmp, check=True)
        folder = HERE/'_static'/'mathjax'
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(next(Path(tmp).glob('*.tgz'))) as archive:
            (folder/Path(member).name).write_bytes(archive.extractfile(member).read())


def build_site(cfg) -> int:
    "Sphinx's exit code: 0 when the site in _docs/ was built without a warning"
    from sphinx.cmd.build import main as sphinx
    build, pages = HERE/'_build', HERE/'_build'/'pages'
    shutil.rmtree(build, ignore_errors=True)
    shutil.rmtree(cfg.doc_path, ignore_errors=True)
    write_pages(cfg, build, pages)
    failed = sphinx(['-q', '-W', '--keep-going', '-E', '-c', str(HERE), '-d', str(build/'doctrees'), '-b', 'html', str(pages),
                     str(cfg.doc_path)])
    write_slides(Path(cfg.doc_path)/'slides')
    return failed


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--readme', action='store_true', help='write README.md only')
    parser.add_argument('--mathjax', action='store_true', help='fetch MathJax with npm before building')
    args = parser.parse_args(argv)
    os.chdir(ROOT)  # where nbdev looks for settings.ini
    cfg = get_config()
    write_readme(cfg.nbs_path/cfg.readme_nb)
    refresh_quarto_yml()
    if args.readme: return 0
    if args.mathjax: fetch_mathjax()
    return build_site(cfg)


if __name__ == '__main__': sys.exit(main())
