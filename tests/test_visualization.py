"Pictures, widgets and the report, where several parts meet: threads, files, processes, a browser"
import ast
import base64
import html
import importlib.util
import io
import json
import re
import shutil
import sys
import threading
import time
from html.parser import HTMLParser
from itertools import islice

import matplotlib.pyplot as plt
import processes
import pytest
import torch
from conftest import ROOT, run
from PIL import Image

from dataset_condensation.cli import main
from dataset_condensation.condensation import CustomMatching
from dataset_condensation.machine import NotFiniteError
from dataset_condensation.runs import condense, running, save_checkpoint
from dataset_condensation.coresets import random_set
from dataset_condensation.names import METHODS
from dataset_condensation.data import from_tensors, gen
from dataset_condensation.image_folders import load_dataset
from dataset_condensation.training import SyntheticSet, train_recipe
from dataset_condensation.plots import (STYLES, alt_text, method_style, neighbours, plot_embeddings, plot_overfitting,
                                        record, show_before_after, show_neighbours, show_steps)
from dataset_condensation.report import write_report
from dataset_condensation.widgets import Explorer, LiveRun, Replay

sys.path.insert(0, str(ROOT/'tools'))
import browser
import lab_check

FEW = dict(ipc=1, real_batch=8, net='convnet-w8')
WHY = browser.missing('jupyterlab')
in_browser = pytest.mark.skipif(WHY is not None, reason=str(WHY))


@pytest.fixture(scope='module')
def data(): return load_dataset('digits')


@pytest.fixture(autouse=True)
def figures():
    yield
    plt.close('all')


def until(true, seconds=300):
    "Wait for something another thread does"
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, 'it never came'
        time.sleep(0.005)


# ---- A run in the background

def endless(data, **kw): return running(data, 'dm', iterations=100_000, **{**FEW, **kw})


def test_a_watched_run_gives_the_same_bits_whatever_is_pressed_meanwhile(data):
    alone = condense(data, 'dc', iterations=12, progress=False, **FEW)
    short = train_recipe('dc', epochs=2)
    view = LiveRun(running(data, 'dc', iterations=12, **FEW), evaluate_every=5, recipe=short, refresh=0.)
    taken = []
    while view._thread.is_alive():
        view.pause_button.click()
        if view.state: taken.append(view.set())
        view.pause_button.click()
        view.wait(0.02)
    assert view.status == 'finished' and torch.equal(view.set().images, alone.images)
    steps = {s.info['updates']: s for s in taken}
    for state in running(data, 'dc', iterations=12, **FEW):
        if state.step in steps: assert torch.equal(steps[state.step].images, state.set().images), 'torn by an update'
    assert [h['step'] for h in view.state.history] == [5, 10] and steps


def test_scores_of_a_live_run_leave_the_test_images_alone(data):
    other = from_tensors(data.train.images, data.train.labels, data.test.images, data.test.labels.flip(0), name=data.name)
    view, same = (LiveRun(running(d, 'dm', iterations=4, **FEW), evaluate_every=2, recipe=train_recipe('dc', epochs=2)).wait()
                  for d in (data, other))
    assert view.state.history == same.state.history and len(view.state.history) == 2


def test_sets_can_be_taken_while_it_runs_and_are_never_torn(data):
    view, taken = LiveRun(endless(data), refresh=0.), []
    until(lambda: view.state is not None)
    for _ in range(30): taken.append(view.set())        # each waits for the update in progress only
    view.stop()
    assert not view._thread.is_alive() and view.status == 'stopped'
    wanted = {s.info['updates']: s for s in taken}
    for state in islice(endless(data), max(wanted)):
        if state.step in wanted: assert torch.equal(wanted[state.step].images, state.images)


def test_a_paused_run_can_be_kept_and_gone_on_from(data, tmp_path):
    view = LiveRun(running(data, 'dc', iterations=12, outer=3, inner=2, **FEW))
    until(lambda: view.state is not None and view.state.step >= 4)
    view.pause()
    save_checkpoint(view.state, tmp_path/'kept')
    view.stop()
    for state in running(data, 'dc', iterations=12, outer=3, inner=2, resume_from=tmp_path/'kept', **FEW): pass
    alone = condense(data, 'dc', iterations=12, outer=3, inner=2, progress=False, **FEW)
    assert torch.equal(state.set().images, alone.images)


def test_an_error_is_shown_and_what_was_computed_stays(data):
    match = METHODS['dm'].match
    calls = []
    def burst(net, real, syn, step):
        calls.append(1)
        return match(net, real, syn, step) * (float('nan') if step.iteration == 3 else 1.)
    method = CustomMatching(burst, name='dm', settings=METHODS['dm'].settings)
    view = LiveRun(running(data, method, iterations=9, **FEW)).wait(fail=False)
    assert view.status == 'failed' and isinstance(view.error, NotFiniteError) and len(calls) > 30
    assert view.set().info['updates'] == 3 and torch.isfinite(view.set().images).all()
    assert 'NotFiniteError' in view.label.value and view.stop_button.disabled
    with pytest.raises(NotFiniteError): view.wait()


def test_a_picture_that_cannot_be_drawn_does_not_end_the_run(data, monkeypatch):
    monkeypatch.setattr('dataset_condensation.widgets.show_images', lambda *a, **kw: 1/0)
    view = LiveRun(running(data, 'dm', iterations=3, **FEW), refresh=0.).wait()
    assert view.status == 'finished' and view.state.step == 3 and 'ZeroDivisionError' in view.label.value


def test_a_new_run_pauses_the_one_before(data):
    older = LiveRun(endless(data))
    newer = LiveRun(endless(data, seed=1))
    until(lambda: older.status == 'paused' and newer.state is not None)
    older.pause_button.click()
    until(lambda: older.status == 'running')
    for view in (older, newer): view.stop()


def test_closing_the_widget_ends_its_thread(data):
    view = LiveRun(endless(data))
    view.close()
    until(lambda: not view._thread.is_alive())
    assert view.status == 'stopped'


@pytest.mark.slow
def test_a_program_ends_while_a_run_is_at_work(tmp_path):
    code = ('import torch\nfrom dataset_condensation.all import *\nfrom dataset_condensation.widgets import LiveRun\n'
            "x, y = torch.rand(20, 1, 8, 8, generator=gen(0)), torch.arange(20) % 2\n"
            "view = LiveRun(running(from_tensors(x, y, x, y), 'dm', iterations=10**6, real_batch=8, net='convnet-w16'))\n"
            'while view.state is None: view.wait(0.01)\nprint("at work")')
    done = run('-c', code, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.strip().endswith('at work'), done.stdout


def test_widgets_leave_the_global_generators_alone(data):
    before, threads = torch.get_rng_state(), threading.active_count()
    short = train_recipe('dc', epochs=1)
    view = LiveRun(running(data, 'dm', iterations=4, **FEW), evaluate_every=2, recipe=short).wait()
    Replay([view.set()])
    plot_embeddings(view.set(), data, n=5)
    plot_overfitting(view.set(), data, passes=2, nets=1)
    assert torch.equal(torch.get_rng_state(), before) and threading.active_count() == threads


# ---- Pictures of any set

def colour(n_classes=25, side=12, names=None):
    g = torch.Generator().manual_seed(0)
    y = torch.arange(n_classes).repeat_interleave(3)
    x = torch.rand(len(y), 3, side, side, generator=g)
    return from_tensors(x, y, x, y, classes=names)


def test_pictures_of_many_classes_in_colour_with_strange_names():
    data = colour(names=['$x^$', '$a$ $b', '\\frac', '<b>'] + [f'class {i}' for i in range(21)])
    syn = random_set(data, [1, 2] + [1]*23)
    for ax in (show_steps([syn, syn], n=2), show_before_after(syn, syn), show_neighbours(syn, data, 2),
               plot_embeddings(syn, data, n=2, classes=['$x^$', 5, '<b>']),
               plot_embeddings([syn, syn], data, n=2, how='tsne'),
               plot_overfitting({'$x^$ $y': syn}, data, passes=2, nets=1)):
        ax.figure.savefig(io.BytesIO(), format='png')      # names that look like formulas are read when drawn
        assert alt_text(ax) and not hasattr(ax.figure, '_repr_mimebundle_')
    assert Replay([syn, syn]).picture()[:4] == b'\x89PNG'


def test_neighbours_are_those_of_a_full_search_in_pixels_and_in_an_embedding(data):
    from dataset_condensation.coresets import embed_all
    from dataset_condensation.networks import make_net
    syn, net = random_set(data, 2, seed=5), make_net('convnet-w16', data, generator=gen(0))
    x = data.train.take(torch.arange(len(data.train)))[0]
    pixels = syn.images.flatten(1), x.flatten(1), None
    for own, real, judge in (pixels, (embed_all(net, syn), embed_all(net, data.train), net)):
        idx, far = neighbours(syn, data, 4, judge, batch=100)
        wanted, where = torch.cdist(own, real).topk(4, largest=False)
        assert torch.allclose(far, wanted, atol=5e-3) and (idx == where).float().mean() > 0.95


def test_a_set_made_with_other_statistics_is_compared_as_what_it_shows(data):
    syn = random_set(data, 1)
    other = SyntheticSet((syn.pixels - 0.5) / 0.25, syn.labels, syn.classes, [0.5], [0.25])
    assert torch.equal(neighbours(other, data)[0], neighbours(syn, data)[0])


@pytest.mark.parametrize('name', [n for n in METHODS])
def test_every_method_has_one_look(name):
    look = method_style(name)
    assert look == method_style(f'{name}, lenet') and look == method_style(f'{name} 2')
    plt.plot([0, 1], [0, 1], **look)
    others = [n for n in STYLES if n != name]
    assert all(look != method_style(n) for n in others) or name not in STYLES


# ---- Widgets without a browser

def test_a_widget_without_ipywidgets_says_in_a_line_what_to_install(data, monkeypatch):
    monkeypatch.setitem(sys.modules, 'ipywidgets', None)
    for make in (lambda: Replay([random_set(data, 1)]), lambda: LiveRun(running(data, **FEW))):
        with pytest.raises(ImportError) as e: make()
        assert str(e.value) == "widgets need ipywidgets: pip install 'dataset_condensation[widgets]'"


def test_only_a_widget_imports_ipywidgets():
    for path in (ROOT/'dataset_condensation').glob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if not isinstance(node, (ast.Import, ast.ImportFrom)): continue
            names = [a.name for a in node.names] + [getattr(node, 'module', None)]
            if 'ipywidgets' in names: assert path.name == 'widgets.py' and node.col_offset > 0, node.lineno


def test_importing_widgets_registers_nothing():
    code = 'import atexit; n = atexit._ncallbacks(); import dataset_condensation.report, dataset_condensation.plots; ' \
           'm = atexit._ncallbacks(); import dataset_condensation.widgets; assert atexit._ncallbacks() == m'
    assert processes.python('-c', code, cwd=ROOT, anew=('dataset_condensation', 'ipywidgets')).wait().returncode == 0


def test_the_picture_of_a_widget_is_in_its_bundle_with_words(data):
    view = Replay(record(running(data, 'dm', iterations=3, **FEW), every=1))
    found, about = view._repr_mimebundle_()
    picture = Image.open(io.BytesIO(base64.b64decode(found['image/png'])))
    assert picture.width > 300 and found['text/plain'] == 'Replay: 3 steps, update 1 to update 3'
    assert about['image/png']['alt'] == found['text/plain']


def test_the_explorer_follows_every_menu_and_survives_damage(data, tmp_path):
    other = colour(4)
    for source, method, ipc in ((data, 'random', 1), (data, 'random', 10), (data, 'random', 2), (other, 'random', 1)):
        (to := tmp_path/f'{source.name}-{method}-{ipc}').mkdir()
        random_set(source, ipc).save(to/'synthetic.safetensors')
    (tmp_path/'x'/'deep').mkdir(parents=True)
    condense(data, 'dm', iterations=2, progress=False, **FEW).save(tmp_path/'x'/'deep'/'synthetic.safetensors')
    (tmp_path/'x'/'deep'/'report.json').write_text('[' * 10_000)
    view = Explorer(tmp_path)
    pictures = set()
    for name in view.data.options:
        view.data.value = name[1]
        for method in view.method.options:
            view.method.value = method[1]
            for ipc in view.ipc.options:
                view.ipc.value = ipc[1]
                for c in view.shown.options: view.shown.value = c[1]; pictures.add(view.image.value)
                assert (view.current.data, view.current.method, view.current.ipc) == (name[1], method[1], ipc[1])
    assert len(pictures) >= 40 and all(p[:4] == b'\x89PNG' for p in pictures)
    assert [r.ipc for r in view.runs if r.data == 'digits' and r.method == 'random'] == ['1', '2', '10']
    view.data.value, view.method.value = 'digits', 'dm'
    view.ipc.value = '1'
    (tmp_path/'digits-random-10'/'synthetic.safetensors').write_bytes(b'no set')
    gone = next(r for r in view.runs if r.ipc == '10')
    del gone.set
    view.method.value, view.ipc.value = 'random', '10'
    assert 'digits-random-10' in view.label.value and view.image.value == b''
    assert view.picture()[:4] == b'\x89PNG'


# ---- The report

class Checked(HTMLParser):
    "The tags of a page, what they load, its text; an unclosed tag is an error"
    void = {'meta', 'img', 'br', 'link', 'input'}
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.loads, self.texts = [], [], [], []
        self.feed(text)
        assert not self.open, f'never closed: {self.open}'
    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [v for k, v in attrs if k in ('src', 'href', 'srcset', 'data', 'action') and v is not None]
        assert not [k for k, _ in attrs if k.startswith('on')], f'{tag} acts'
        if tag not in self.void: self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.void: self.open.pop()
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f'{tag} closes nothing'
    def handle_data(self, text): self.texts.append(text)


@pytest.fixture(scope='module')
def run_folder(tmp_path_factory):
    "What the command leaves"
    out = tmp_path_factory.mktemp('run')/'digits'
    made = 'digits --iterations 3 --real-batch 8 --net convnet-w8 --nets 2 --epochs 5 --whole 1 --quiet'.split()
    assert main([*made, '--out', str(out)]) == 0
    return out


def test_the_report_is_one_sound_page_that_loads_nothing(run_folder):
    page = Checked((run_folder/'report.html').read_text(encoding='utf-8'))
    assert (page.tags.count('img'), page.tags.count('svg')) == (10, 2) and not {'script', 'link'} & set(page.tags)
    assert not [v for v in page.loads if not v.startswith(('data:image/png;base64,', '#'))]
    report = json.loads((run_folder/'report.json').read_text())
    text = ' '.join(page.texts)
    for s in report['scores']: assert s['name'] in text and f'{s["mean"]:.1f}' in text


def test_the_page_made_anew_from_the_files_is_that_of_the_command(run_folder, tmp_path):
    copy = shutil.copytree(run_folder, tmp_path/'copy')
    of_command, anew = (p.read_text(encoding='utf-8') for p in (run_folder/'report.html', write_report(copy)))
    assert of_command.count('<p>Trained on 10 images') == 1
    assert of_command == anew


@pytest.mark.slow
def test_the_code_on_the_page_runs_as_it_stands(run_folder, tmp_path):
    "Both blocks, the second with one test image as `pixels`"
    text = (run_folder/'report.html').read_text(encoding='utf-8')
    use, new, *_ = (html.unescape(b) for b in re.findall(r'<pre>(.*?)</pre>', text, re.S))
    pixels = "\npixels = load_dataset('digits').test.images[:3].float() / 255\n"
    done = processes.python('-c', use + pixels + new, cwd=run_folder).wait()
    assert done.returncode == 0 and re.search(r"\['\d', '\d', '\d'\]", done.stdout), done.said


def test_hostile_names_stay_text(run_folder):
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>&{}%s'
    report = json.loads((run_folder/'report.json').read_text())
    small = SyntheticSet.load(run_folder/'synthetic.safetensors')
    small.classes = [evil]*10
    small.info['recipe'] = {evil: evil}
    report.update(method=evil, net=evil, command=[evil], versions={evil: evil}, device=evil, seed=evil)
    report['data'].update(name=evil, classes=[evil], shape=[evil])
    for s in report['scores']: s['name'] = evil
    page = Checked(write_report(run_folder.parent, report, small, summary=evil).read_text(encoding='utf-8'))
    assert page.tags.count('img') == 10 and 'script' not in page.tags
    assert not [v for v in page.loads if not v.startswith(('data:image/png;base64,', '#'))]


@pytest.mark.parametrize('change',
                         [dict(data=3), dict(scores=[{}])])
def test_a_report_that_is_none_is_refused_and_writes_nothing(run_folder, change, tmp_path):
    report = json.loads((run_folder/'report.json').read_text())
    small = SyntheticSet.load(run_folder/'synthetic.safetensors')
    with pytest.raises(ValueError, match='report_page: `report` is damaged'):
        write_report(tmp_path, report | change, small)
    assert not list(tmp_path.iterdir())


def test_a_page_from_elsewhere_is_left_alone(run_folder, tmp_path):
    copy = shutil.copytree(run_folder, tmp_path/'copy')
    (copy/'report.html').write_text('<!DOCTYPE html><p>mine</p>')
    with pytest.raises(FileExistsError, match='not written by this package'): write_report(copy)
    assert 'mine' in (copy/'report.html').read_text()


def test_large_sets_make_pages_of_bounded_size(tmp_path, run_folder):
    data = colour(300, 16)
    report = json.loads((run_folder/'report.json').read_text())
    page = write_report(tmp_path, report, random_set(data, 3)).read_text(encoding='utf-8')
    assert page.count('<img') == 200 and '700 more images' in page and len(page) < 2_000_000


# ---- In a browser

@in_browser
def test_the_report_fits_a_phone_and_a_desk_by_day_and_by_night(run_folder):
    from playwright.sync_api import sync_playwright
    address, colours = (run_folder/'report.html').as_uri(), '''[getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('svg text')).fill]'''
    with sync_playwright() as playwright:
        window = browser.launch(playwright)
        for width in (360, 1200):
            for scheme in ('light', 'dark'):
                page = window.new_page(viewport=dict(width=width, height=900), color_scheme=scheme)
                said, asked = [], []
                page.on('console', lambda m: said.append(m.text))
                page.on('request', lambda r: asked.append(r.url))
                page.goto(address)
                assert page.evaluate('document.documentElement.scrollWidth') <= width
                assert not said and [u for u in asked if not u.startswith('data:')] == [address]
                bright = [sum(map(int, re.findall(r'\d+', c)[:3])) > 380 for c in page.evaluate(colours)]
                assert bright == [scheme == 'light', scheme == 'dark']      # of the paper, of the letters
        window.close()


def written(path, cells):
    "A notebook of cells {id: (code, outputs)}"
    made = [dict(cell_type='code', id=i, metadata={}, source=code.splitlines(True), execution_count=None, outputs=outputs)
            for i, (code, outputs) in cells.items()]
    kernel = dict(name='python3', display_name='python3', language='python')
    path.write_text(json.dumps(dict(cells=made, metadata=dict(kernelspec=kernel), nbformat=4, nbformat_minor=5)), encoding='utf-8')
    return path


@pytest.fixture(scope='module')
def lab(tmp_path_factory):
    "What is said of a faulty notebook, a sound one, that of the widgets, and one that is only opened, in one JupyterLab; its screenshots"
    folder, png = tmp_path_factory.mktemp('lab'), io.BytesIO()
    Image.new('RGB', (4, 4)).save(png, 'png')
    picture = dict(output_type='display_data', metadata={}, data={'image/png': base64.b64encode(png.getvalue()).decode()})
    bad = written(folder/'bad.ipynb', {'first': ('print("so far")', []), 'last': ('[][1]', [])})
    good = written(folder/'good.ipynb', {'first': ('a = 3', []), 'slow': ('#| slow\n1/0', []), 'last': ('print(a + 4)', [])})
    saved = written(folder/'saved.ipynb', {'first': ('1/0', [picture]), 'second': ('2/0', [picture])})
    done = run(ROOT/'tools'/'lab_check.py', bad, good, '-', '--open', saved, '--shots', folder, cwd=folder)
    assert done.returncode == 1, done.stdout
    said = re.split(r'good\.ipynb|JupyterLab is up|notebook open, kernel ready', done.stdout)
    assert len(said) == 7, done.stdout
    return dict(bad=said[2], good=said[4], widgets=said[5], saved=said[6]), folder


@pytest.mark.slow
@in_browser
def test_widgets_answer_in_jupyterlab(lab):
    said, folder = lab
    assert 'no errors' in said['widgets'], said
    assert {'live.png', 'end.png'} <= {p.name for p in folder.glob('*.png')}


@pytest.mark.slow
@in_browser
def test_notebooks_are_run_to_their_end_and_a_fault_in_one_does_not_hide_another(lab):
    said, _ = lab
    assert re.search(r'FAULT: a cell says: .*IndexError', said['bad'], re.S), said
    assert 'no errors' in said['good'] and 'FAULT' not in said['good'] + said['widgets'] + said['saved'], said


@pytest.mark.slow
@in_browser
def test_a_notebook_that_is_only_opened_shows_what_is_saved_in_it(lab):
    assert '2 pictures are shown' in lab[0]['saved'], lab[0]


def test_cells_that_tests_leave_out_are_left_out_in_jupyterlab_and_the_place_of_a_chapter_is_kept(tmp_path):
    cells = {'a': ('1', []), 'b': ('#| hide\n#| slow\n2', []), 'c': ('#|gpu\n3', []), 'd': ('#| eval: false\n4', []),
             'e': ("'#| slow'", []), 'f': ('#| slowly', [])}
    kept = json.loads(lab_check.without_slow(written(tmp_path/'a.ipynb', cells).read_text(encoding='utf-8')))['cells']
    assert [c['id'] for c in kept] == ['a', 'e', 'f']
    assert lab_check.place(ROOT/'nbs'/'assignments'/'a1'/'a1.ipynb') == 'assignments/a1/a1.ipynb'
    assert lab_check.place(tmp_path/'a.ipynb') == 'a.ipynb'


def test_the_check_in_jupyterlab_says_why_it_is_skipped(monkeypatch, capsys):
    monkeypatch.setattr(browser, 'browser_path', lambda: None)
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: name)
    assert lab_check.main([]) == browser.SKIPPED
    assert capsys.readouterr().out.startswith('skipped: there is no Chromium')
