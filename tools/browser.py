"Find and start the headless Chromium that the checks share"
import importlib.util
import shutil
from pathlib import Path

SKIPPED = 77      # exit code for "not run" in build tools
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')


def browser_path():
    "The system's Chromium, or the one that playwright downloaded; None without either"
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found or importlib.util.find_spec('playwright') is None: return found
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright: own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def missing(*packages):
    "Why a check that needs playwright and these packages can't run here; None if it can"
    for package in (*packages, 'playwright'):
        if importlib.util.find_spec(package) is None: return f'{package} is not installed: pip install {package}'
    if not browser_path(): return f'there is no Chromium: none of {", ".join(BROWSERS)} is on the path'


def launch(playwright):
    "A headless Chromium that makes no requests of its own"
    quiet = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
    return playwright.chromium.launch(executable_path=browser_path(), args=quiet)
