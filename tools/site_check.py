"""Check every page of the built site in headless Chromium: wide and narrow, in light and dark mode.

    python tools/site_check.py                          # the site in _docs/
    python tools/site_check.py _docs --pages reference/data index  # only some pages
    python tools/site_check.py --mathjax                # the site must include MathJax
    python tools/site_check.py --shots shots/           # save screenshots of every page

Prints a line for each fault, and exits with code 1 if there are any: an error in the browser's console; a request that
fails or leaves the site; a page wider than the window, or text that is cut off; text with too little contrast; a missing
picture or alt text; a formula or link that isn't rendered; a missing or duplicate title. Then it tries the search, the switch for
dark mode and the menu on narrow screens.

A site built without `--mathjax` loads it from a CDN: its formulas aren't checked, and the CDN isn't contacted. If Chromium
or playwright (`pip install playwright`) is missing, this prints that and exits with code 77.
"""
import argparse
import re
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from browser import SKIPPED, launch, missing

WIDTHS = dict(desk=(1280, 900), phone=(390, 844))
WORD, NONSENSE = 'herding', 'xyzzyplugh'
LEAST_CONTRAST = 4.5, 3.      # WCAG AA: of text, of large text

PICTURES = '''() => [...document.images].filter(i => !i.complete || !i.naturalWidth || !i.alt.trim() || i.alt == i.getAttribute('src')).map(
    i => (i.naturalWidth ? 'a picture has no text in its place: ' : 'a picture is not there: ')
        + i.getAttribute('src').slice(0, 80))'''

FORMULAS = '''() => [...document.querySelectorAll('.math')].filter(
    m => !m.querySelector('mjx-container') || m.querySelector('mjx-merror, [data-mjx-error]')).map(
    m => 'a formula is not drawn: ' + m.textContent.slice(0, 80))'''

LINKS = '''() => [...document.querySelectorAll('article p, article li, article td')].map(e => {
    const bare = e.cloneNode(true)
    bare.querySelectorAll('code, pre, .math, mjx-container').forEach(c => c.remove())
    return bare.textContent.match(/\\]\\([^)\\s]+\\)/) }).filter(m => m).map(m => 'a link is shown as text: ' + m[0])'''

TITLES = '''() => { const n = document.querySelectorAll('h1').length
    return n == 1 && document.title.trim() ? [] : [`${n} headings of the first level`] }'''

# Elements beyond the right edge of the window, except in boxes that scroll and in drawers that are closed.
WIDER = '''() => {
    const wide = innerWidth, name = e => e.tagName.toLowerCase() + [...e.classList].map(c => '.' + c).join('')
    const found = document.documentElement.scrollWidth > wide ? [`the page is ${document.documentElement.scrollWidth} px wide`] : []
    const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
    const walk = e => {
        if (e.matches('.sidebar-drawer, .toc-drawer, .skip-to-content, .visually-hidden, mjx-assistive-mml, svg *')) return
        const box = e.getBoundingClientRect()
        if (box.width > 1 && box.right > wide + 1 && e.checkVisibility()) return found.push(`${name(e)} ends at ${Math.round(box.right)} px`)
        if (!scrolls(e)) [...e.children].forEach(walk)
    }
    walk(document.body)
    return found
}'''

# Text with too little contrast to its background: luminance and ratio as in WCAG 2.
CONTRAST = '''([small, large]) => {
    const rgba = c => { const n = c.match(/[\\d.]+/g).map(Number)
                        return c.startsWith('color(') ? [n[0]*255, n[1]*255, n[2]*255, n[3] ?? 1] : [n[0], n[1], n[2], n[3] ?? 1] }
    const over = (a, b) => [0, 1, 2].map(i => a[i]*a[3] + b[i]*(1 - a[3])).concat(1)
    const behind = new Map()
    const back = e => {
        if (!e) return [255, 255, 255, 1]
        if (!behind.has(e)) { const own = rgba(getComputedStyle(e).backgroundColor)
                              behind.set(e, own[3] == 1 ? own : over(own, back(e.parentElement))) }
        return behind.get(e)
    }
    const light = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .04045 ? v/12.92 : ((v + .055)/1.055)**2.4)
                         return .2126*r + .7152*g + .0722*b }
    const found = {}, texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), seen = new Set()
    while (texts.nextNode()) {
        const e = texts.currentNode.parentElement, text = texts.currentNode.textContent.trim()
        if (!text || seen.has(e) || e.closest('script, style, noscript, svg, mjx-container, .sidebar-drawer, .toc-drawer')) continue
        seen.add(e)
        if (!e.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue
        const style = getComputedStyle(e), ground = back(e), ink = over(rgba(style.color), ground)
        const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x), ratio = (a + .05)/(b + .05)
        const size = parseFloat(style.fontSize), big = size >= 24 || size >= 18.66 && style.fontWeight >= 700
        if (ratio >= (big ? large : small)) continue
        const key = `${ink.slice(0, 3).map(Math.round)} on ${ground.slice(0, 3).map(Math.round)}`
        found[key] ??= `contrast ${ratio.toFixed(1)}, ${key}: ${text.slice(0, 40)}`
    }
    return Object.values(found)
}'''


class Server:
    "Serve the site on a local port"
    def __init__(self, folder):
        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, *args): pass
        self.http = ThreadingHTTPServer(('127.0.0.1', 0), partial(Quiet, directory=str(folder)))
        self.base = f'http://127.0.0.1:{self.http.server_port}/'

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.http.shutdown()
        self.http.server_close()


class Reader:
    "A browser window and the faults found in it"
    def __init__(self, browser, base, shots, bundled):
        self.base, self.shots, self.bundled, self.faults = base, shots, bundled, []
        self.where = ''
        self.page = browser.new_page(viewport=self.size('desk'), color_scheme='light')
        if not bundled:       # answer for the CDN
            self.page.route(re.compile('mathjax', re.I), lambda r: r.fulfill(body='', content_type='text/javascript'))
        self.page.on('console', lambda m: m.type == 'error' and self.fault(f'the console says: {m.text[:200]}'))
        self.page.on('pageerror', lambda e: self.fault(f'a script fails: {str(e)[:200]}'))
        self.page.on('requestfailed', lambda r: self.fault(f'a request fails: {r.url}'))
        self.page.on('response', lambda r: r.status >= 400 and self.fault(f'{r.status} for {r.url}'))
        self.page.on('request', self.asked)

    def size(self, width): return dict(zip(('width', 'height'), WIDTHS[width]))

    def fault(self, text):
        line = f'{self.where}: {text}'
        if line not in self.faults: self.faults.append(line)

    def asked(self, request):
        own = request.url.startswith((self.base, 'data:', 'blob:'))
        if not own and (self.bundled or 'mathjax' not in request.url.lower()): self.fault(f'asks elsewhere: {request.url}')

    def open(self, name):
        self.where = name
        self.page.set_viewport_size(self.size('desk'))
        self.page.emulate_media(color_scheme='light')
        self.page.goto(self.base + name, wait_until='load')
        if self.bundled: self.page.evaluate('window.MathJax?.startup?.promise.then(() => null)')

    def look(self, name, *checks):
        "Run the checks and take a screenshot"
        for check, *args in checks:
            for found in self.page.evaluate(check, *args): self.fault(found)
        if self.shots: self.page.screenshot(path=str(self.shots/f'{name}.png'))

    def read(self, name):
        "Check a page at both widths, in light and dark mode"
        self.open(name)
        shot = name.removesuffix('.html').replace('/', '-')
        contrast = CONTRAST, LEAST_CONTRAST
        once = [(PICTURES,), (LINKS,)] + [(TITLES,)]*(name != 'search.html') + [(FORMULAS,)]*self.bundled     # the search page gets its title later
        for width in WIDTHS:
            self.page.set_viewport_size(self.size(width))
            for scheme in 'light', 'dark':
                self.page.emulate_media(color_scheme=scheme)
                self.where = f'{name}, {width}, {scheme}'
                checks = [contrast] if width == 'desk' else []
                if scheme == 'light': checks.append((WIDER,))
                if (width, scheme) == ('desk', 'light'): checks += once
                if checks: self.look(f'{shot}-{width}-{scheme}', *checks)

    def search(self):
        "Search for a word from the chapters, follow the result, and search for nonsense"
        self.open('index.html')
        self.page.locator('.sidebar-search').fill(WORD)
        self.page.locator('.sidebar-search').press('Enter')
        self.where = 'search.html'
        self.page.wait_for_selector('#search-results ul.search li', timeout=30_000)
        self.page.wait_for_load_state('networkidle')     # leaving earlier would interrupt the texts of the results
        if self.shots: self.page.screenshot(path=str(self.shots/'search.png'))
        self.page.locator('#search-results ul.search li a').first.click()
        self.page.wait_for_load_state('networkidle')
        if WORD not in self.page.inner_text('article').lower(): self.fault(f'a search for {WORD!r} leads to {self.page.url}')
        self.page.goto(f'{self.base}search.html?q={NONSENSE}')
        self.page.wait_for_function('''() => /did not match any|no results|not found/i.test(
            document.querySelector('#search-results').innerText)''', timeout=30_000)

    def switch(self):
        "Try the switch for dark mode"
        self.open('index.html')
        self.where = 'index.html, the switch for day and night'
        seen = set()
        for _ in range(3):
            seen.add(self.page.evaluate('getComputedStyle(document.body).backgroundColor'))
            self.page.locator('.theme-toggle:visible').first.click()
        if len(seen) < 2: self.fault('changes nothing')

    def menu(self):
        "Open the menu on a narrow screen, and a chapter from it"
        self.open('index.html')
        self.page.set_viewport_size(self.size('phone'))
        self.where = 'index.html, the menu of a phone'
        self.page.locator('.nav-overlay-icon:visible').first.click()
        link = self.page.locator('.sidebar-tree a.reference:visible').nth(1)
        link.wait_for(timeout=10_000)
        self.page.wait_for_timeout(400)        # it slides in
        if self.shots: self.page.screenshot(path=str(self.shots/'menu.png'))
        if link.bounding_box()['x'] < 0: self.fault('stays outside')
        link.click()
        self.page.wait_for_load_state('load')
        if self.page.url.endswith('index.html'): self.fault('leads nowhere')


def check(site, names=(), shots=None, bundled=None, say=lambda text: None):
    "The faults of the site in the folder `site`, one line each"
    from playwright.sync_api import sync_playwright
    every = sorted(p.relative_to(site).as_posix() for p in site.rglob('*.html') if '_static' not in p.parts)
    wanted = [n for n in every if not names or n.removesuffix('.html') in {m.removesuffix('.html') for m in names}]
    has_mathjax = (site/'_static'/'mathjax').is_dir()
    bundled = has_mathjax if bundled is None else bundled
    with Server(site) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        reader = Reader(browser, server.base, shots, bundled)
        for name in wanted:
            start, before = time.monotonic(), len(reader.faults)
            reader.read(name)
            say(f'{name}: {time.monotonic() - start:.1f} s, {len(reader.faults) - before} faults')
        for use in () if names else (reader.search, reader.switch, reader.menu):
            try: use()
            except Exception as e: reader.fault(str(e).split('\n')[0])
        browser.close()
    if not wanted: reader.faults.append(f'{site}: there is no page')
    return reader.faults


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('site', nargs='?', type=Path, default=Path('_docs'), help='folder of the site (default: _docs)')
    parser.add_argument('--pages', nargs='+', default=[], help='names of the pages to check (default: all)')
    parser.add_argument('--mathjax', action='store_true', help='the site must include MathJax')
    parser.add_argument('--shots', type=Path, help='folder for screenshots')
    parser.add_argument('--quiet', action='store_true', help='print only the faults')
    args = parser.parse_args(argv)
    if why := missing():
        print(f'skipped: {why}')
        return SKIPPED
    if not (args.site/'index.html').exists(): parser.error(f'there is no site in {args.site}: python nbs/_sphinx/build.py')
    if args.shots: args.shots.mkdir(parents=True, exist_ok=True)
    say = (lambda text: None) if args.quiet else partial(print, file=sys.stderr, flush=True)
    faults = check(args.site, args.pages, args.shots, args.mathjax or None, say)
    for fault in faults: print(fault)
    return 1 if faults else 0


if __name__ == '__main__': sys.exit(main())
