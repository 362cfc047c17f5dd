"""Run notebooks in JupyterLab with headless Chromium, and check that their widgets respond.

    python tools/lab_check.py                                 # a notebook with the three widgets, all controls
    python tools/lab_check.py nbs/under_the_hood/58_widgets.ipynb    # any notebooks: run all, move the sliders
    python tools/lab_check.py --open nbs/*.ipynb              # only open these: saved outputs must show
    python tools/lab_check.py --shots shots/                  # keep screenshots

Fails if a cell ends in an error, if a picture doesn't change with its control, or if the browser's console shows an
error. Cells marked `slow` or `gpu` are skipped, as in the tests. If JupyterLab, Chromium or playwright
(`pip install playwright`) is missing, it prints that and exits with code 77.
"""
import argparse
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))
from browser import SKIPPED, launch, missing

CELLS = {
    'setup': '''import tempfile
from pathlib import Path
from dataset_condensation.all import *
data = load_dataset('digits')
few = dict(ipc=1, real_batch=16, net='convnet-w16')
folder = Path(tempfile.mkdtemp())
for name in ('random', 'herding'):
    (folder/name).mkdir()
    kw = dict(embedder=make_net('convnet-w16', data, generator=gen(0))) if name == 'herding' else {}
    condense(data, name, 1, **kw).save(folder/name/'synthetic.safetensors')''',
    'replay': "Replay(record(condensing(data, 'dm', iterations=12, init='noise', **few), every=2))",
    'live': '''run = condensing(data, 'dc', iterations=100_000, **few)
view = LiveRun(run, evaluate_every=25, recipe=train_recipe('dc', epochs=2))
view''',
    'free': "print('the kernel is free')",
    'explorer': 'Explorer(folder)'}


def made_notebook():
    "A notebook with every widget"
    empty = dict(cell_type='code', metadata={}, outputs=[], execution_count=None)
    cells = [dict(empty, id=i, source=s) for i, s in CELLS.items()]
    kernel = dict(name='python3', display_name='python3', language='python')
    return json.dumps(dict(cells=cells, metadata=dict(kernelspec=kernel), nbformat=4, nbformat_minor=5))


def without_slow(text):
    "The notebook without skipped cells; no later cell may need them"
    nb = json.loads(text)
    def slow(c): return c['cell_type'] == 'code' and re.search(r'^#\| *(slow|gpu|eval: *false) *$', ''.join(c['source']), re.M)
    return json.dumps({**nb, 'cells': [c for c in nb['cells'] if not slow(c)]})


def pictures(text):
    "Number of pictures in the saved outputs of a notebook"
    outputs = [o for c in json.loads(text)['cells'] for o in c.get('outputs', [])]
    return sum(any(kind.startswith('image/') for kind in o.get('data', {})) for o in outputs)


class Lab:
    "A separate JupyterLab in an empty folder, with default settings"
    def __enter__(self):
        self.folder, self.token = Path(tempfile.mkdtemp(prefix='lab-check-')), secrets.token_hex(16)
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        home = self.folder/'home'
        own = 'JUPYTER_CONFIG_DIR', 'JUPYTER_DATA_DIR', 'JUPYTER_RUNTIME_DIR', 'IPYTHONDIR'
        env = dict(os.environ, OMP_NUM_THREADS='1', TQDM_DISABLE='1', IN_TEST='1', **{k: str(home/k) for k in own})
        env['PYTHONPATH'] = os.pathsep.join(filter(None, [str(ROOT), env.get('PYTHONPATH')]))
        env.pop('MPLBACKEND', None)
        env['JUPYTERLAB_SETTINGS_DIR'] = str(home/'settings')
        settings = {'apputils-extension/notification': '{"fetchNews": "false", "checkForUpdates": false}',
                    'notebook-extension/tracker': '{"windowingMode": "none"}'}     # render all cells
        for name, text in settings.items():
            path = home/'settings'/'@jupyterlab'/f'{name}.jupyterlab-settings'
            path.parent.mkdir(parents=True)
            path.write_text(text)
        (self.folder/'nbs').mkdir()
        for name in 'results', 'benchmarks', 'nbs/images', 'settings.ini':       # chapters read and show them
            if (ROOT/name).is_dir(): shutil.copytree(ROOT/name, self.folder/name)
            elif (ROOT/name).exists(): shutil.copy(ROOT/name, self.folder/name)
        self.log = open(self.folder/'log', 'w+')
        args = ['--no-browser', '--allow-root', f'--ServerApp.port={self.port}', '--ServerApp.ip=127.0.0.1',
                f'--ServerApp.root_dir={self.folder/"nbs"}', f'--IdentityProvider.token={self.token}',
                '--ServerApp.terminals_enabled=False']
        self.server = subprocess.Popen([sys.executable, '-m', 'jupyterlab', *args], env=env,
                                       stdout=self.log, stderr=self.log)
        self._wait(90)
        return self

    def _wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.server.poll() is None:
            try: return urllib.request.urlopen(f'http://127.0.0.1:{self.port}/api?token={self.token}', timeout=5)
            except (urllib.error.URLError, OSError): time.sleep(0.3)
        self.__exit__()
        raise RuntimeError(f'JupyterLab did not come up:\n{self.said}')

    def __exit__(self, *error):
        self.server.terminate()
        try: self.server.wait(20)
        except subprocess.TimeoutExpired: self.server.kill()
        self.log.seek(0)
        self.said = self.log.read()[-4000:]
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def put(self, name, text):
        "Write a notebook and return its address, in a separate workspace"
        path = self.folder/'nbs'/name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
        return f'http://127.0.0.1:{self.port}/lab/workspaces/{path.stem}/tree/{name}?token={self.token}'

    def worked(self):
        "CPU seconds of the kernels so far; the server's report of their state isn't reliable"
        import psutil      # comes with JupyterLab's kernel
        return sum(sum(p.cpu_times()[:2]) for p in psutil.Process(self.server.pid).children())

    def stop_kernels(self):
        def ask(path, method='GET'):
            request = urllib.request.Request(f'http://127.0.0.1:{self.port}/api/{path}', method=method,
                                             headers={'Authorization': f'token {self.token}'})
            with urllib.request.urlopen(request, timeout=60) as reply: return reply.read()
        for session in json.loads(ask('sessions')): ask(f'sessions/{session["id"]}', 'DELETE')


class Page:
    "A notebook in a browser"
    def __init__(self, browser, url, shots, say, worked):
        self.page, self.errors = browser.new_page(viewport=dict(width=1300, height=2400)), []
        self.shots, self.say, self.worked = shots, say, worked
        self.page.on('console', lambda m: self.errors.append(m.text) if m.type == 'error' else None)
        self.page.on('pageerror', lambda e: self.errors.append(str(e)))
        self.page.on('dialog', lambda d: d.accept())       # leave the page when it is reopened
        self.page.goto(url, wait_until='domcontentloaded')
        self.ready()
        say('notebook open, kernel ready')

    def ready(self):
        "Wait for the notebook and its kernel"
        self.page.wait_for_selector('.jp-Notebook .jp-Cell', timeout=90_000)
        self.page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=90_000)

    def run_all(self):
        "Run all cells; repeat if JupyterLab wasn't ready"
        for _ in range(5):
            self.dismiss()
            try:
                self.page.locator('.lm-MenuBar-item', has_text='Run').first.click(timeout=10_000)
                self.page.locator('.lm-Menu-item', has_text='Run All Cells').first.click(timeout=10_000)
            except Exception: continue       # a dialog interfered
            try: self.page.wait_for_function('''() => [...document.querySelectorAll('.jp-InputPrompt')].some(
                e => /\\[(\\*|\\d+)\\]/.test(e.innerText))''', timeout=10_000)
            except Exception: continue
            return self.say('running all cells')
        raise AssertionError('JupyterLab does not run the cells')

    def dismiss(self):
        "Print the text of a JupyterLab dialog and accept it (a kernel replaced while the page opens)"
        for dialog in self.page.locator('.jp-Dialog').all():
            self.say(f'JupyterLab says: {" ".join(dialog.inner_text().split())[:200]}')
            dialog.locator('.jp-mod-accept').click(timeout=5000)
            self.errors.clear()              # of that kernel
            self.ready()

    def cell(self, text):
        "The cell with `text` in its code"
        return self.page.locator('.jp-CodeCell', has=self.page.locator('.jp-InputArea', has_text=text)).first

    def idle(self, seconds):
        """Wait until every cell has run, or one has failed. A page that opens may change its kernel once more and lose the
        first requests: then cells wait while no kernel works, and we run them again"""
        end, rests, before = time.monotonic() + seconds, 0, self.worked()
        while True:
            try: return self._ran(5)
            except Exception:
                if time.monotonic() > end: raise
            now = self.worked()
            rests, before = rests + 1 if now - before < 0.2 else 0, now
            if rests < 4: continue
            waits = self.page.locator('.jp-CodeCell').filter(has=self.page.locator('.jp-InputPrompt', has_text='[*]'))
            said = waits.first.inner_text()[:80].replace('\n', ' ') if waits.count() else 'none is marked'
            self.say(f'{waits.count()} cells wait ({said}) and no kernel works: the page is opened again')
            self.errors.clear()                # from the socket of the old kernel
            self.page.reload(wait_until='domcontentloaded')
            self.ready()
            self.run_all()
            rests, before = 0, self.worked()

    def _ran(self, seconds):
        self.page.wait_for_function('''() => {
            const cells = [...document.querySelectorAll('.jp-CodeCell')]
            const ran = c => /\\[\\d+\\]/.test(c.querySelector('.jp-InputPrompt').innerText)
            return cells.every(ran) || document.querySelector('[data-mime-type="application/vnd.jupyter.error"]')
        }''', timeout=1000*seconds)

    def source(self, image): return image.evaluate('e => e.src')

    def changed(self, image, before, what, seconds=30):
        "Wait until the picture changes"
        end = time.monotonic() + seconds
        while self.source(image) == before:
            if time.monotonic() > end: raise AssertionError(f'the picture stays the same: {what}')
            self.page.wait_for_timeout(100)
        self.say(f'another picture: {what}')

    def move_slider(self, cell, what):
        "Move the slider of a cell with the keyboard, and wait for the picture to change"
        image, slider = cell.locator('img.widget-image').first, cell.locator('.widget-slider').first
        image.wait_for(timeout=120_000)
        slider.scroll_into_view_if_needed()
        before, value = self.source(image), slider.locator('.widget-readout').first.inner_text()
        slider.locator('.noUi-handle').first.focus()
        self.page.keyboard.press('ArrowRight')
        self.changed(image, before, what)
        assert slider.locator('.widget-readout').first.inner_text() != value, 'the number beside it stays the same'

    def shot(self, name):
        if self.shots: self.page.screenshot(path=str(Path(self.shots)/f'{name}.png'))

    def check(self):
        "Check that no cell failed and the console has no errors"
        kinds = (f'.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.{k}"]' for k in ('error', 'stderr'))
        wrong = self.page.locator(', '.join(kinds))
        said = [w.text_content().strip() for w in wrong.all()]
        assert not any(said), f'a cell says: {next(filter(None, said))[:600]}'
        assert not self.errors, 'the console shows errors:\n' + '\n'.join(e[:300] for e in self.errors)


def touch_live(page):
    "Pause, resume and stop a run"
    cell = page.cell('view = LiveRun(')
    label, image = cell.locator('.widget-label').last, cell.locator('img.widget-image').first
    said = lambda words: cell.locator('.widget-label', has_text=words).first.wait_for(timeout=60_000)
    said('loss'); image.wait_for(timeout=60_000)
    page.changed(image, page.source(image), 'the run goes on')
    page.shot('live')
    cell.get_by_role('button', name='Pause').click()
    said('paused')
    words, before = label.inner_text(), page.source(image)
    page.page.wait_for_timeout(1500)
    assert (label.inner_text(), page.source(image)) == (words, before), 'a paused run goes on'
    page.say(words)
    cell.get_by_role('button', name='Resume').click()
    page.changed(image, before, 'the run goes on after a pause')
    cell.get_by_role('button', name='Stop').click()
    said('stopped')
    page.say(label.inner_text())
    assert cell.get_by_role('button', name='Stop').is_disabled()


def touch_explorer(page):
    "Select another method, then one class"
    cell = page.cell('Explorer(folder)')
    image, menus = cell.locator('img.widget-image').first, cell.locator('select')
    for menu, choice in ((1, 'random'), (4, '7')):
        before = page.source(image)
        menus.nth(menu).select_option(label=choice)
        page.changed(image, before, f'the explorer shows {choice}')


def visit(page, text, name, only_open, seconds):
    "Run the open notebook, or check its saved outputs"
    if only_open:
        wanted = pictures(text)
        page.page.wait_for_function('n => document.querySelectorAll(".jp-OutputArea-output img").length >= n',
                                    arg=wanted, timeout=60_000)
        return page.say(f'{wanted} pictures are shown')
    page.run_all()
    if name:
        page.idle(seconds)
        page.say('all cells ran')
        sliders = page.page.locator('.jp-CodeCell:has(.noUi-handle)')
        for i in range(sliders.count()): page.move_slider(sliders.nth(i), f'slider {i + 1}')
    else:
        page.move_slider(page.cell('Replay(record('), 'the slider was moved')
        touch_live(page)
        touch_explorer(page)


def place(path):
    "The path of a notebook below nbs/"
    path = Path(path).resolve()
    return path.relative_to(ROOT/'nbs').as_posix() if path.is_relative_to(ROOT/'nbs') else path.name


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('notebooks', nargs='*', help='notebooks to run; - is one with every widget (default)')
    parser.add_argument('--open', nargs='+', default=[], metavar='NOTEBOOK', help='notebooks to open only')
    parser.add_argument('--shots', type=Path, help='folder for screenshots')
    parser.add_argument('--seconds', type=float, default=600, help='most seconds for running the cells (default: 600)')
    args = parser.parse_args(argv)
    if why := missing('jupyterlab'):
        print(f'skipped: {why}')
        return SKIPPED
    from playwright.sync_api import sync_playwright
    start, failed = time.monotonic(), 0
    def say(text): print(f'{time.monotonic() - start:5.1f} s  {text}', flush=True)
    if args.shots: args.shots.mkdir(parents=True, exist_ok=True)
    with Lab() as lab, sync_playwright() as playwright:
        say('JupyterLab is up')
        browser = launch(playwright)
        wanted = [(n, False) for n in args.notebooks or ['-'][:not args.open]] + [(n, True) for n in args.open]
        for name, only_open in wanted:
            if name == '-': name = None
            text = Path(name).read_text(encoding='utf-8') if name else made_notebook()
            if not only_open: text = without_slow(text)
            if name: say(place(name))
            page = Page(browser, lab.put(place(name) if name else 'check.ipynb', text), args.shots, say, lab.worked)
            try:
                visit(page, text, name, only_open, args.seconds)
                page.check()
                say('no errors')
            except Exception as e:      # check the others anyway
                failed += 1
                say(f'FAULT: {e}')
            finally:
                page.shot(f'{Path(name).stem}-end' if name else 'end')
                page.page.close()
                lab.stop_kernels()
        browser.close()
    return 1 if failed else 0


if __name__ == '__main__': sys.exit(main())
