"""Take the solutions of the assignments out of a checkout, and put them back.

    python tools/solutions.py take ~/solutions.zip      # before you publish: students' versions and graders stay
    python tools/solutions.py put ~/solutions.zip       # for teaching, and for the tests: everything is as it was

The archive has the assignments with their solutions, and tests/submissions, whose right and wrong work gives them away.
After `take`, a notebook has `raise NotImplementedError` in place of each solution and all its tests; release, grading
by nbgrader, grade.py and the zips for Gradescope work as before. Keep the archive where only teachers get at it: in a
private repository, or encrypted (`openssl enc -aes-256-cbc -pbkdf2 -in solutions.zip -out solutions.zip.enc`).

It changes files only. What a repository's history holds, it keeps: publish a copy without history (`git archive`).
"""
import argparse
import json
import re
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOLUTION = re.compile(r'^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION', re.M | re.S)


def stub(kind:str) -> str: return "raise NotImplementedError('your turn')" if kind == 'code' else 'YOUR ANSWER HERE'


def emptied(nb:dict) -> dict:
    "A notebook without its solutions; the marks stay, because nbgrader looks for them"
    def cell(c):
        source = ''.join(c['source'])
        def empty(m): return f'{m[1]}### BEGIN SOLUTION\n{m[1]}{stub(c["cell_type"])}\n{m[1]}### END SOLUTION'
        return {**c, 'source': SOLUTION.sub(empty, source).splitlines(True)}
    return {**nb, 'cells': [cell(c) for c in nb['cells']]}


def notebooks(root:Path) -> list:
    return [p for p in sorted((root/'nbs'/'assignments').glob('[!_.]*/*.ipynb')) if p.stem == p.parent.name]


def dumped(nb:dict) -> bytes: return (json.dumps(nb, indent=1, ensure_ascii=False) + '\n').encode()


def are_there(root:Path=ROOT) -> bool:
    "Does this checkout have the solutions?"
    found = ((p, json.loads(p.read_text(encoding='utf-8'))) for p in notebooks(root))
    return any(emptied(nb) != nb for _, nb in found)


def take(archive:Path, root:Path=ROOT) -> list:
    "Write the archive, then leave students' versions; the paths that changed"
    if archive.exists(): raise SystemExit(f'{archive} exists; nothing was changed')
    if not are_there(root): raise SystemExit('this checkout has no solutions')
    wrong = sorted((root/'tests'/'submissions').glob('*.yml'))
    files = {p: p.read_bytes() for p in [*notebooks(root), *wrong]}
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as z:
        for p, content in files.items(): z.writestr(p.relative_to(root).as_posix(), content)
    for p, content in files.items():
        if p.suffix == '.yml': p.unlink()
        else: p.write_bytes(dumped(emptied(json.loads(content))))
    return list(files)


def put(archive:Path, root:Path=ROOT) -> list:
    "Put the files of the archive back, unless an assignment was changed meanwhile"
    with zipfile.ZipFile(archive) as z: files = {n: z.read(n) for n in z.namelist()}
    allowed = re.compile(r'nbs/assignments/(\w+)/\1\.ipynb|tests/submissions/\w+\.yml')
    if strange := [n for n in files if not allowed.fullmatch(n)]: raise SystemExit(f'{archive}: not an archive of solutions: {strange[0]}')
    for n, content in files.items():
        path = root/n
        now = path.read_bytes() if path.exists() else None
        as_left = dumped(emptied(json.loads(content))) if n.endswith('.ipynb') else None
        if now not in (None, content, as_left): raise SystemExit(f'{n} was changed after the archive was made; nothing was put back')
    for n, content in files.items():
        (root/n).parent.mkdir(parents=True, exist_ok=True)
        (root/n).write_bytes(content)
    return [root/n for n in files]


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['take', 'put'])
    parser.add_argument('archive', type=Path)
    args = parser.parse_args(argv)
    if args.what == 'put' and not args.archive.is_file(): parser.error(f'there is no archive {args.archive}')
    changed = (take if args.what == 'take' else put)(args.archive)
    print(f'{args.archive}: {len(changed)} files ' + ('taken out' if args.what == 'take' else 'put back'))
    return 0


if __name__ == '__main__': sys.exit(main())
