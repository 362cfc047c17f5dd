"The headless Chromium that the checks here share: where it is, how it is started, why it cannot be"
import importlib.util
import shutil
from pathlib import Path

SKIPPED = 77      # the exit code that build tools understand as "not run"
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')


def browser_path():
    "The Chromium of the system, else the one that playwright has fetched; None without either"
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found or importlib.util.find_spec('playwright') is None: return found
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright: own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def missing(*packages):
    "Why a check that needs playwright and these packages cannot be run here; None if it can"
    for package in (*packages, 'playwright'):
        if importlib.util.find_spec(package) is None: return f'{package} is not installed: pip install {package}'
    if not browser_path(): return f'there is no Chromium: none of {", ".join(BROWSERS)} is on the path'


def launch(playwright):
    "A headless Chromium that asks nobody for anything"
    quiet = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
    return playwright.chromium.launch(executable_path=browser_path(), args=quiet)
