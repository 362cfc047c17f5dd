"""Set the owner of the repository in settings.ini, and update everything made from it.

    python tools/owner.py ACCOUNT --author "NAME" --email ADDRESS [--branch main]

Writes settings.ini, exports the package, adds Colab links to the chapters, and builds the README with absolute
links, which also work on a package index.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def filled(text:str, values:dict) -> str:
    "The text of settings.ini with some values replaced"
    for key, value in values.items():
        text, n = re.subn(rf'^{key} = .*$', f'{key} = {value}'.replace('\\', r'\\'), text, flags=re.M)
        if n != 1: raise SystemExit(f'settings.ini has {n} lines "{key} = …", expected one')
    return text


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('account', help='user or organization on GitHub')
    parser.add_argument('--author', required=True)
    parser.add_argument('--email', required=True)
    parser.add_argument('--branch', default='main')
    args = parser.parse_args(argv)
    if not re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9-]*', args.account): parser.error(f'{args.account!r} is not a valid account name')
    values = dict(user=args.account, branch=args.branch, author=args.author, author_email=args.email)
    file = ROOT/'settings.ini'
    file.write_text(filled(file.read_text(encoding='utf-8'), values), encoding='utf-8')
    for script in (['tools/colab.py'], ['tools/export.py'], ['nbs/_sphinx/build.py', '--readme']):
        subprocess.run([sys.executable, *script], cwd=ROOT, check=True)


if __name__ == '__main__': main()
