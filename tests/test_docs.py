"The documentation builds without a warning, has every page, its links lead somewhere, and a browser can show it"
import json
import os
import re
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from conftest import ROOT, copy_project, run
from processes import python
from test_notebooks import notebooks
from test_sync import PACKAGE

sys.path += [str(ROOT/'tools'), str(ROOT/'nbs'/'_sphinx')]
import browser
import site_check
from result_files import provenances, writer_of, writers

WHY = browser.missing()
in_browser = pytest.mark.skipif(WHY is not None, reason=str(WHY))

for tool in 'sphinx', 'myst_nb', 'furo':
    if 'CI' in os.environ: break  # nothing is skipped there
    pytest.importorskip(tool, reason="the docs need Sphinx: pip install -e '.[dev]'")
pytestmark = [pytest.mark.docs, pytest.mark.slow]


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
    done = python('nbs/_sphinx/build.py', cwd=project, anew=(PACKAGE, 'nbdev')).wait()
    assert done.returncode == 0, done.said
    assert 'warning' not in done.said.lower(), done.said
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
        if page.name == '404.html': continue     # shown at any address, so its links begin with that of the site
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
    reference = set().union(*(pages[p].ids for p in (site/'reference').glob('*.html')))
    for module, names in symbols['d']['syms'].items():
        source = (ROOT/f'{module.replace(".", "/")}.py').read_text(encoding='utf-8')
        for name in eval(re.search(r'^__all__ = (\[.*?\])', source, re.M | re.S)[1]):
            if f'{module}.{name}' not in names: continue  # a constant
            page, anchor = names[f'{module}.{name}'][0].split('#')
            assert anchor in pages[site/page].ids, f'{name} is not on {page}'
            assert f'{module}.{name}' in reference, f'{name} is not in the reference'


@pytest.mark.parametrize('page', sorted((ROOT/'nbs'/'_sphinx'/'reference').glob('*.md')), ids=lambda p: p.stem)
def test_the_example_of_a_reference_page_runs(page, tmp_path, monkeypatch):
    examples = re.findall(r'^```python\n(.*?)^```', page.read_text(encoding='utf-8'), re.M | re.S)
    assert examples
    monkeypatch.chdir(tmp_path)
    exec(compile('\n'.join(examples), page.name, 'exec'), {})


def test_formulas_tables_and_saved_pictures_are_on_the_pages(site):
    text = {p.name: p.read_text(encoding='utf-8') for p in site.glob('*.html')}
    sources = {n: Path(ROOT/'nbs'/n).read_text(encoding='utf-8') for n in notebooks() if '/' not in n}
    for name, source in sources.items():
        assert not re.search(r'<p>\s*\|', text[page_of(name)]), f'{name}: a table is shown as text'
        if '$$' in source: assert 'class="math' in text[page_of(name)], name
        if '"image/png"' in source: assert '<img' in text[page_of(name)], name


def test_the_side_lists_the_chapters_in_the_order_of_the_index(site):
    text = (site/'index.html').read_text(encoding='utf-8')
    side = re.findall(r'<a class="reference internal" href="([^"]+)"', text.split('class="sidebar-tree"')[1].split('</aside>')[0])
    index = json.loads((ROOT/'nbs'/'index.ipynb').read_text(encoding='utf-8'))
    cells = '\n'.join(''.join(c['source']) for c in index['cells'] if c['cell_type'] == 'markdown')
    named = list(dict.fromkeys(map(page_of, re.findall(r'^\| \[[^\]]+\]\((\w+\.ipynb)\)', cells, re.M))))
    assert len(named) > 10 and [page for page in side if page in named] == named
    assert 'reference/condensing.html' in side and 'result-files.html' in side and 'gpu.html' in side


def test_the_side_and_the_index_call_a_chapter_the_same(site):
    text = (site/'index.html').read_text(encoding='utf-8')
    side = dict(re.findall(r'<a class="reference internal" href="([^"]+)">(.*?)</a>', text.split('class="sidebar-tree"')[1].split('</aside>')[0]))
    index = json.loads((ROOT/'nbs'/'index.ipynb').read_text(encoding='utf-8'))
    cells = '\n'.join(''.join(c['source']) for c in index['cells'] if c['cell_type'] == 'markdown')
    table = re.findall(r'^\| \[([^\]]+)\]\((\w+\.ipynb)\) \| (.*) \|$', cells, re.M)
    for name, file, words in table:
        assert unescape(re.sub('<[^>]*>', '', side[page_of(file)])) == name, file
        title = ''.join(json.loads((ROOT/'nbs'/file).read_text(encoding='utf-8'))['cells'][0]['source'])
        assert title.endswith(f'\n\n> {words}'), f'{file}: the index says {words!r}'


def test_a_page_says_what_it_is_and_can_be_downloaded(site):
    text = (site/'condensation.html').read_text(encoding='utf-8')
    title = ''.join(json.loads((ROOT/'nbs'/'05_condensation.ipynb').read_text(encoding='utf-8'))['cells'][0]['source'])
    assert title.split('\n> ')[1] in unescape(re.search(r'<meta name="description" content="([^"]*)"', text)[1])
    link = re.search(r'href="(_downloads/[^"]+/05_condensation\.ipynb)"', text)[1]
    assert json.loads((site/link).read_text(encoding='utf-8'))['cells'][0]['cell_type'] == 'markdown'
    handed = next((site/'_downloads').rglob('a1_gradient_distance.ipynb')).read_text(encoding='utf-8')
    assert 'your turn' in handed and 'HIDDEN TESTS' not in handed and 'BEGIN SOLUTION' not in handed
    assert (site/'404.html').exists() and not list(site.rglob('.doctrees')) and not list(site.rglob('*.doctree'))


@pytest.mark.parametrize('words, page', [('own images', 'own_photographs'), ('quickstart', 'own_photographs'), ('resume', 'checkpoints'),
                                         ('save', 'set_files'), ('cite', 'index'), ('trajectory matching', 'notation')])
def test_the_search_knows_what_readers_call_it(site, words, page):
    found = json.loads(re.search(r'Search\.setIndex\((.*)\)', (site/'searchindex.js').read_text(encoding='utf-8'), re.S)[1])
    pages = [found['docnames'][at[0]] for at in found['indexentries'][words]]
    assert [p.split('/')[-1] for p in pages] == [page]


def test_every_result_file_is_listed_with_its_command_and_where_it_was_measured(site):
    text = (site/'result-files.html').read_text(encoding='utf-8')
    known = writers(ROOT/'benchmarks', ROOT/'tools')
    for file in sorted((ROOT/'results').rglob('*.json')):
        script = writer_of(file.relative_to(ROOT/'results').as_posix(), known)
        assert script, f'no script in benchmarks/ or tools/ writes {file.name}'
        assert f'python {script.relative_to(ROOT).as_posix()}' in text.replace('</span>', '').replace('<span class="w"> ', ' '), script.name
        links = re.findall(rf'href="(_downloads/[^"]+/{re.escape(file.name)})"', text)    # rows of several data share a name
        assert file.read_bytes() in [(site/link).read_bytes() for link in links], file
        found = json.loads(file.read_text(encoding='utf-8'))
        if isinstance(found, dict) and found.get('same_as'):     # a row that would repeat another: what was measured stands there
            file = file.with_name(found['same_as'].rsplit('/', 1)[-1] + '.json')
            found = json.loads(file.read_text(encoding='utf-8'))
        records = provenances(found)
        assert records and records[0]['commit'][:8] in text, file.name


# ---- In a browser

@in_browser
def test_every_page_can_be_read_at_a_desk_and_on_a_phone_by_day_and_by_night(site):
    done = run('tools/site_check.py', site, '--quiet', cwd=ROOT)
    assert done.returncode == 0, done.stdout


PLANTED = {
    'a request that fails': ('<img src="none.png" alt="none">', '404 for'),
    'a picture that is not there': ('<img src="none.png" alt="none">', 'a picture is not there: none.png'),
    'a picture without words': ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">', 'no text in its place'),
    'a script that fails': ('<script>nothing.at.all</script>', 'a script fails: nothing is not defined'),
    'an error in the console': ('<script>console.error("so bad")</script>', 'the console says: so bad'),
    'another host': ('<script>fetch("http://127.0.0.1:9/x").catch(() => 0)</script>', 'asks elsewhere: http://127.0.0.1:9/x'),
    'a wide table': ('<table><tr><td><div style="width: 500px">.</div></table>', ', phone, light: the page is 5'),
    'text that is cut off': ('<div style="overflow: hidden"><p style="width: 500px">.</div>', 'p ends at 5'),
    'pale letters': ('<p style="color: #999">so pale', 'contrast 2.8, 153,153,153 on 255,255,255: so pale'),
    'dark letters at night': ('<p>so dark', ', desk, dark: contrast 1.0, 0,0,0 on 0,0,0'),
    'two titles': ('<h1>Two</h1>', '2 headings of the first level'),
    'a link': ('<article><p>See [the <code>x</code> page](page.ipynb)</article>', 'a link is shown as text: ](page.ipynb)'),
    'a formula': ('<span class="math">x^2</span>', 'a formula is not drawn: x^2'),
}
NIGHT = '<style>@media (prefers-color-scheme: dark) { body { background: black } } p, h1 { color: var(--c, black) }</style>'


@in_browser
def test_the_check_of_the_site_finds_what_is_planted(tmp_path):
    for i, (part, _) in enumerate(PLANTED.values()):
        night = NIGHT if 'so dark' in part else ''
        (tmp_path/f'{i}.html').write_text(f'<!doctype html><html lang="en"><head><link rel="icon" href="data:,"><title>A</title>'
                                          f'{night}<body><h1>One</h1>{part}', encoding='utf-8')
    good = '<!doctype html><link rel="icon" href="data:,"><title>A</title><h1>One</h1><div style="overflow-x: auto"><p style="width: 900px">wide</div>'
    (tmp_path/'good.html').write_text(good, encoding='utf-8')
    faults = site_check.check(tmp_path, [str(i) for i in range(len(PLANTED))] + ['good'], bundled=True)
    for i, (what, (_, says)) in enumerate(PLANTED.items()):
        assert any(f.startswith(f'{i}.html') and says in f for f in faults), (what, [f for f in faults if f.startswith(f'{i}.html')])
    assert not [f for f in faults if f.startswith('good.html')]


def test_the_check_of_the_site_says_why_it_is_skipped(monkeypatch, capsys):
    monkeypatch.setattr(site_check, 'missing', lambda: 'there is no Chromium')
    assert site_check.main([]) == browser.SKIPPED and capsys.readouterr().out == 'skipped: there is no Chromium\n'
