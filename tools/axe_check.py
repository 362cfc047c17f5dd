"""Check pages with axe-core in headless Chromium: 0 serious findings.

    python tools/axe_check.py                            # the site in _docs/, slides included
    python tools/axe_check.py ~/course/feedback          # any folder with pages
    python tools/axe_check.py _docs --pages index assignments/term
    python tools/axe_check.py --axe axe.min.js           # this copy of axe-core; else npm fetches one

Every page is opened in light and in dark mode, and a line is printed for each rule that it breaks, with the first place.
Exits with 1 if there is a finding that axe-core calls serious or critical; `--all` prints the lesser ones too. If Chromium
or playwright is missing, this prints that and exits with code 77.
"""
import argparse
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from browser import SKIPPED, launch, missing
from site_check import Server

AXE = 'axe-core@4.10.2', 'package/axe.min.js'
RUN = '''() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(v => ({
    rule: v.id, impact: v.impact, help: v.help, n: v.nodes.length, first: v.nodes[0].target.join(' '), html: v.nodes[0].html.slice(0, 160)})))'''


def fetch_axe() -> str:
    "The text of axe-core, which npm fetches"
    package, member = AXE
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(['npm', 'pack', '--silent', package], cwd=tmp, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(tmp).glob('*.tgz'))) as archive: return archive.extractfile(member).read().decode()


def check(folder:Path, axe:str, names=(), schemes=('light', 'dark'), say=lambda text: None):
    "(page, finding) for all that axe-core finds, one after the other"
    from playwright.sync_api import sync_playwright
    every = sorted(p.relative_to(folder).as_posix() for p in folder.rglob('*.html') if '_static' not in p.parts)
    wanted = [n for n in every if not names or n.removesuffix('.html') in {m.removesuffix('.html') for m in names}]
    seen = set()
    with Server(folder) as server, sync_playwright() as playwright:
        browser = launch(playwright)
        for name in wanted:
            say(name)
            page = browser.new_page(viewport=dict(width=1280, height=900))
            page.route(lambda url: not url.startswith(server.base), lambda r: r.abort())
            for scheme in schemes:
                page.emulate_media(color_scheme=scheme)
                page.goto(server.base + name, wait_until='load')
                page.evaluate(axe)
                for f in page.evaluate(RUN):
                    key = name, f['rule'], f['first']
                    if key not in seen: yield name, dict(f, scheme=scheme)
                    seen.add(key)
            page.close()
        browser.close()


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', nargs='?', type=Path, default=Path('_docs'), help='folder of pages (default: _docs)')
    parser.add_argument('--pages', nargs='+', default=[], help='names of the pages to check (default: all)')
    parser.add_argument('--axe', type=Path, help='axe.min.js (default: npm fetches it)')
    parser.add_argument('--all', action='store_true', help='print minor and moderate findings too')
    args = parser.parse_args(argv)
    if why := missing():
        print(f'skipped: {why}')
        return SKIPPED
    if not list(args.folder.rglob('*.html')): parser.error(f'there is no page in {args.folder}')
    axe = args.axe.read_text(encoding='utf-8') if args.axe else fetch_axe()
    serious = others = 0
    for name, f in check(args.folder, axe, args.pages, say=lambda text: print(text, file=sys.stderr, flush=True)):
        grave = f['impact'] in ('serious', 'critical')
        serious, others = serious + grave, others + (not grave)
        if not (grave or args.all): continue
        print(f'{name} ({f["scheme"]}): {f["impact"]}: {f["rule"]}, {f["n"]} times: {f["help"]}: {f["first"]}  {f["html"]}', flush=True)
    print(f'{serious} serious findings, {others} others')
    return 1 if serious else 0


if __name__ == '__main__': sys.exit(main())
