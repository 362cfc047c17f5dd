"The documentation builds without a warning, has every page, and its links lead somewhere"
import os
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from conftest import ROOT, copy_project, run
from test_notebooks import notebooks
from test_sync import PACKAGE

for tool in 'sphinx', 'myst_nb', 'furo':
    if 'CI' in os.environ: break  # nothing is skipped there
    pytest.importorskip(tool, reason="the docs need Sphinx: pip install -e '.[dev]'")
pytestmark = pytest.mark.docs


class Page(HTMLParser):
    "Collects the ids of a page, and what it links to or loads"
    def __init__(self, path):
        super().__init__()
        self.ids, self.links = set(), set()
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs[k] for k in ('id', 'name') if attrs.get(k)}
        self.links |= {attrs[k] for k in ('href', 'src') if attrs.get(k)}


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    "The folder of a freshly built site"
    project = copy_project(tmp_path_factory.mktemp('docs')/'project')
    done = run('nbs/_sphinx/build.py', cwd=project)
    assert done.returncode == 0, done.stdout
    assert 'warning' not in done.stdout.lower(), done.stdout
    return project/'_docs'


@pytest.fixture(scope='module')
def pages(site): return {p: Page(p) for p in site.rglob('*.html')}


def page_of(name): return re.sub(r'(^|/)\d+[a-zA-Z0-9]*_', r'\1', name.lower()).replace('.ipynb', '.html')


def test_every_notebook_has_a_page_that_the_first_one_lists(site, pages):
    for name in notebooks():
        assert (site/page_of(name)).exists(), name
        assert page_of(name) in pages[site/'index.html'].links | {'index.html'}, name


def test_the_links_between_pages_lead_somewhere(site, pages):
    broken = []
    for page, content in pages.items():
        for link in content.links:
            url = urlsplit(unescape(link))
            if url.scheme or url.netloc or link.startswith('#') and len(link) == 1: continue
            target = (page.parent/unquote(url.path)).resolve() if url.path else page
            has_anchor = not url.fragment or target not in pages or unquote(url.fragment) in pages[target].ids
            if not target.exists() or not has_anchor: broken.append(f'{page.name}: {link}')
    assert not broken


def test_names_are_explained_in_a_chapter_and_listed_in_the_reference(site, pages):
    "Wherever nbdev, here or in another project, links a name of this package to"
    symbols = {}
    exec((ROOT/PACKAGE/'_modidx.py').read_text(encoding='utf-8'), symbols)
    reference = pages[site/'api.html'].ids
    for module, names in symbols['d']['syms'].items():
        source = (ROOT/f'{module.replace(".", "/")}.py').read_text(encoding='utf-8')
        for name in eval(re.search(r'^__all__ = (\[.*?\])', source, re.M | re.S)[1]):
            if f'{module}.{name}' not in names: continue  # a constant
            page, anchor = names[f'{module}.{name}'][0].split('#')
            assert anchor in pages[site/page].ids, f'{name} is not on {page}'
            assert f'{module}.{name}' in reference, f'{name} is not in the reference'


def test_formulas_tables_and_saved_pictures_are_on_the_pages(site):
    text = {p.name: p.read_text(encoding='utf-8') for p in site.glob('*.html')}
    sources = {n: Path(ROOT/'nbs'/n).read_text(encoding='utf-8') for n in notebooks() if '/' not in n}
    for name, source in sources.items():
        assert not re.search(r'<p>\s*\|', text[page_of(name)]), f'{name}: a table is shown as text'
        if '$$' in source: assert 'class="math' in text[page_of(name)], name
        if '"image/png"' in source: assert '<img' in text[page_of(name)], name
