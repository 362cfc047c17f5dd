"Sphinx settings of the documentation; names and version come from settings.ini"
import json
import re
import sys
from configparser import ConfigParser
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

config = ConfigParser(delimiters=['='])
config.read(ROOT/'settings.ini', encoding='utf-8')
settings = config['DEFAULT']

project, version, author = settings['title'], settings['version'], settings['author']
copyright = settings['copyright']
extensions = ['myst_nb', 'sphinx.ext.autodoc', 'sphinx.ext.linkcode', 'sphinx.ext.mathjax', 'sphinx_copybutton']

# Pages are notebooks with saved outputs: nothing is executed here.
nb_execution_mode = 'off'
exclude_patterns = ['downloads/**']  # copies to download
nb_merge_streams = True
nb_render_markdown_format = 'myst'  # tables and formulas in outputs too
myst_enable_extensions = ['dollarmath', 'amsmath', 'colon_fence']
myst_heading_anchors = 4
suppress_warnings = ['myst.header', 'config.cache']  # a lesson may skip a heading level

autodoc_member_order = 'bysource'
add_module_names = False
default_role = 'py:obj'

html_theme, html_title = 'furo', f'{project} {version}'
html_static_path = [str(HERE/'_static')]
html_css_files = ['site.css']
html_favicon = str(HERE/'_static'/'favicon.svg')
html_copy_source = False
copybutton_exclude = '.linenos, .gp, .go'
copybutton_selector = 'div.cell_input pre, div.highlight-bash pre, div.highlight-python pre'

# `build.py --mathjax` fetches this file; without it a page loads MathJax from a CDN.
if (HERE/'_static'/'mathjax'/'tex-svg-full.js').exists(): mathjax_path = 'mathjax/tex-svg-full.js'


def as_rst(text:str) -> str:
    "reStructuredText from a docstring or comment of this project, which is written in Markdown"
    def span(part):
        code, math = re.fullmatch(r'`+([^`]+)`+', part), re.fullmatch(r'\$([^$]+)\$', part)
        if math: return f':math:`{math[1]}`\\ '
        if not code: return re.sub(r'([\\*|_])', r'\\\1', part)
        return (f':py:obj:`{code[1]}`' if re.fullmatch(r'[\w.]+', code[1]) else f'``{code[1]}``') + '\\ '
    return ''.join(span(part) for part in re.split(r'(`+[^`]+`+|\$[^$\n]+\$)', text))


def document_parameters(app, what, name, obj, options, lines):
    "Add the comment beside each parameter, which is where fastcore's docments keep its meaning"
    from fastcore.docments import docments
    lines[:] = [as_rst(line) for line in lines]
    if what not in ('function', 'method', 'class'): return
    try: comments = docments(obj)
    except (TypeError, ValueError, AttributeError, OSError): return  # nothing to read: no source or signature
    lines.append('')
    for param, text in comments.items():
        if not text or param == 'self': continue
        text = as_rst(' '.join(str(text).split()))
        lines.append(f':returns: {text}' if param == 'return' else f':param {param}: {text}')


def linkcode_resolve(domain, info):
    "Where a chapter shows and explains a name of the reference: the name itself, else its class"
    homes = json.loads((HERE/'_build'/'pages'/'homes.json').read_text(encoding='utf-8'))
    name = info['fullname']
    home = homes.get(name) or homes.get(name.split('.')[0])
    return home and f'../{home}'       # from a page in reference/


def describe(app, pagename, templatename, context, doctree):
    "What search engines and messengers show of a page"
    told = json.loads((HERE/'_build'/'pages'/'descriptions.json').read_text(encoding='utf-8'))
    text = escape(told.get(pagename, '') or settings['description'], quote=True)
    title = escape(re.sub('<[^>]*>', '', context.get('title', project)), quote=True)
    context['metatags'] = (context.get('metatags', '') + f'<meta name="description" content="{text}">'
                           f'<meta property="og:title" content="{title}"><meta property="og:description" content="{text}">'
                           '<meta property="og:type" content="article">')


def write_addresses(app, exception):
    "A page for addresses that don't exist, and a list of those that do"
    if exception or app.builder.name != 'html': return
    home = settings['doc_baseurl'].rstrip('/') + '/'
    out = Path(app.outdir)
    (out/'404.html').write_text(NOT_FOUND.format(project=project, home=home), encoding='utf-8')
    add_words(out/'searchindex.js')
    if settings['user'] == 'OWNER': return
    root = settings['doc_host'].rstrip('/') + home
    pages = ''.join(f'<url><loc>{root}{name}.html</loc></url>' for name in sorted(app.env.found_docs))
    sitemap = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{pages}</urlset>'
    (out/'sitemap.xml').write_text(sitemap, encoding='utf-8')


# What readers look for, in words that the title of the page doesn't have
SEARCHED = {
    'index': 'install, installation, cite, citation, license, getting started, overview',
    'own_photographs': 'own images, my images, own data, custom dataset, quickstart, quick start, tutorial, folder, example',
    'ten_images': 'introduction, first steps, beginner',
    'notation': 'dataset distillation, trajectory matching, MTT, soft labels, KIP, SRe2L, RDED, glossary, symbols, papers',
    'data': 'load images, dataset, custom dataset, tensors', 'networks': 'own network, custom network, model, architecture',
    'training': 'evaluate, accuracy, train on a set, score', 'coresets': 'baselines, random, herding, k-means, compare',
    'condensation': 'loop, algorithm, bilevel', 'gradient_matching': 'DC', 'augmentation': 'DSA, augment',
    'multi_level_matching': 'Delving, MDA', 'adaptive_steps': 'Delving, MDA, schedule', 'distribution_matching': 'DM',
    'gpu_training': 'GPU, CUDA, speed, fast, bfloat16, compile', 'beyond': 'tiles, IDC, factor',
    'transfer': 'cross-architecture, ablation', 'continual_learning': 'incremental, replay, memory',
    'architecture_search': 'NAS', 'results': 'accuracy, tables, published, benchmark, CIFAR10, MNIST',
    'recommendation': 'which method, auto, minutes',
    'growing_sets': 'init, keep, add classes, incremental, nested, multisize, MDC, YOCO, slimmable, subset',
    'soft_labels': 'soft labels, teacher, distillation, temperature, probabilities, label bytes',
    'frozen_backbones': 'pretrained, linear probe, timm, torchvision, foundation model, feature extractor, spurious cue',
    'scoring_fairly': 'score, DD-Ranking, HLR, IOR, LRS, ARS, soft labels, model card, compare sets',
    'bytes': 'bytes, budget, bits, quantize, palette, JPEG, size, kilobytes', 'gallery': 'zoo, pretrained, download, published sets',
    'under_the_hood/zoo': 'publish, upload, hub, dataset card, license, ImageFolder',
    'under_the_hood/runs': 'condense, progress, early stopping', 'under_the_hood/image_folders': 'folder, ImageFolder, npz, size',
    'under_the_hood/image_store': 'memory, cache, large dataset', 'under_the_hood/set_files': 'save, load, export, safetensors, png',
    'under_the_hood/checkpoints': 'resume, checkpoint, interrupt, continue', 'under_the_hood/several_processes': 'torchrun, multi-GPU, distributed',
    'under_the_hood/plots': 'plot, show, picture', 'under_the_hood/widgets': 'widget, slider, live',
    'under_the_hood/report': 'report.html', 'under_the_hood/command': 'command line, CLI, shell, terminal',
    'recipes': 'PyTorch, DataLoader, torchvision, timm, Lightning, datasets, Hugging Face, GitHub Action, CI, smoke test',
    'what_for': 'use cases, applications, limits, privacy, when to condense',
    'how_fast': 'speed, seconds, time, threads', 'promises': 'reproducible, deterministic, seed, tested, security'}


def add_words(file):
    "Add SEARCHED to the index of the search, where the words lead to the top of their page"
    found = json.loads(re.search(r'Search\.setIndex\((.*)\)', file.read_text(encoding='utf-8'), re.S)[1])
    for page, words in SEARCHED.items():
        for word in words.split(', '):      # True: before what is found in a text
            found['indexentries'].setdefault(word, []).append([found['docnames'].index(page), '', True])
    file.write_text(f'Search.setIndex({json.dumps(found, separators=(",", ":"))})', encoding='utf-8')


NOT_FOUND = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Not found · {project}</title><style>body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto;
padding: 0 1rem; background: #fff; color: #111 }} a {{ color: #1a4fd0 }}
@media (prefers-color-scheme: dark) {{ body {{ background: #131416; color: #ddd }} a {{ color: #8ab0ff }} }}</style><h1>This page isn't here</h1>
<p>It may have moved. Start at the <a href="{home}index.html">first page</a>, or
<a href="{home}search.html">search</a>.</p></html>
"""


def flat_side(app, page, template, context, doctree):
    "The side lists pages alone, so it needn't copy the headings of all of them for each page: a sixth of the time to build"
    if toctree := context.get('toctree'): context['toctree'] = lambda **how: toctree(**how | {'maxdepth': 1})


def level_captions(app, page, template, context, doctree):
    "The captions at the side are headings, and a heading has a level"
    if tree := context.get('furo_navigation_tree'):
        context['furo_navigation_tree'] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app):
    app.connect('autodoc-process-docstring', document_parameters)
    app.connect('html-page-context', describe)
    app.connect('html-page-context', flat_side, priority=100)           # before the theme asks for it
    app.connect('html-page-context', level_captions, priority=900)      # after the theme's own
    app.connect('build-finished', write_addresses)
