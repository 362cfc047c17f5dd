"The page of the site that lists every result file: what it is, the command that writes it, where it was measured"
import ast
import json
import re
from pathlib import Path

INTRODUCTION = """# Result files

> What was measured, by which command, where and with what

Every figure in these pages that took more than seconds to measure is read from one of these files, which a script in
`benchmarks/` has written. Seconds are those of the machine that is named, with what else was running on it: the file has
its load. *With changes* is a commit that had more in its folder than was committed."""


def docstring(script:Path) -> str: return ast.get_docstring(ast.parse(script.read_text(encoding='utf-8'))) or ''


PATH = re.compile(r"""(?:results|RESULTS)((?:/(?:f?'[^']+'|[\w.]+))+)""")      # args.results/budget/f'{name}.json'


def as_pattern(piece:str) -> str:
    "A piece of a path in Python as a regular expression: what is computed may be anything"
    if not piece.endswith("'"): return '.*'
    parts = re.split(r'(\{(?:[^{}]|\{[^{}]*\})*\})', piece.removeprefix('f').strip("'"))
    return ''.join('.*' if part.startswith('{') else re.escape(part) for part in parts)


def writers(*folders:Path) -> list:  # -> (regular expression for paths below results/, script), the most particular first
    "Which script writes which result, as its code says"
    found = []
    for home, script in ((home, script) for home in folders for script in sorted(home.rglob('*.py'))):
        code, folder = script.read_text(encoding='utf-8'), script.parent.relative_to(home)
        if folder.parts:     # a kit's results lie in the folder that $OUT names, and here in one of its own name
            found += [(rf'{folder.as_posix()}/{name}\.json', script) for name in re.findall(r"OUT/'(\w+)\.json'", code)]
        default = re.search(r"'--results',.*default=RESULTS/'(\w+)'", code)
        for match in PATH.finditer(code):
            pieces = [as_pattern(p) for p in re.findall(r"f?'[^']+'|[\w.]+", match[1])]
            if not pieces[-1].endswith(r'\.json'): continue
            if default: pieces.insert(0, re.escape(default[1]))
            found.append(('/'.join(pieces), script))
    return sorted(found, key=lambda f: -len(f[0].replace('.*', '')))


def writer_of(name:str,    # Path of a result below results/
              known:list,  # What `writers` found
              ):           # -> a script, None if nothing writes it
    return next((script for pattern, script in known if re.fullmatch(pattern, name)), None)


def provenances(found) -> list:
    "Every record of where a figure comes from in a result, wherever it stands"
    if isinstance(found, dict) and {'commit', 'versions', 'machine'} <= found.keys(): return [found]
    parts = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [p for part in parts for p in provenances(part)]


def spread(values) -> str:
    "Different values in a row, the empty ones left out"
    return ', '.join(dict.fromkeys(str(v) for v in values if v not in (None, '')))


def measured_on(records:list) -> str:
    "When, at which commits, on what and with what"
    machines, versions = [r['machine'] for r in records], [r['versions'] for r in records]
    commits = [f'`{r["commit"][:8]}`' + (' with changes' if r.get('uncommitted_changes') else '') for r in records]
    parts = [spread(sorted(r['date'] for r in records)), f'commit {spread(commits)}',
             f'{spread(m["cpu"] for m in machines)}, cores: {spread(m["cores"] for m in machines)}, '
             f'threads: {spread(m["threads"] for m in machines)}', spread(m.get('gpu') for m in machines)]
    parts += [f'{name} {spread(v.get(name) for v in versions)}' for name in ('torch', 'torchvision', 'python')]
    return '; '.join(filter(None, parts))


def result_files(results:Path, *folders:Path) -> str:
    "A page that lists every result: what it is, the command that writes it, where and with what it was measured"
    known, parts, scripts = writers(*folders), [INTRODUCTION], {}
    for file in sorted(results.rglob('*.json')):
        name = file.relative_to(results)
        group = name.parent if name.parts[1:] else name      # the files of a folder are one measurement
        scripts.setdefault(writer_of(name.as_posix(), known), {}).setdefault(group, []).append(name)
    for script, groups in sorted(scripts.items(), key=lambda item: item[0].name if item[0] else '~'):
        if script:
            what, *rest = docstring(script).split('\n')
            commands = [line.strip() for line in rest if re.match(r' +(\w+=\S+ )*python ', line)]
            parts += ['', f'## {script.stem.replace("_", " ")}', '', what, '', '```bash', *commands, '```', '']
        else: parts += ['', '## Others', '']
        for group, names in groups.items():
            records = [p for n in names for p in provenances(json.loads((results/n).read_text(encoding='utf-8')))]
            links = ', '.join(f'{{download}}`{n.name} <results/{n.as_posix()}>`' for n in names)
            folder = f'in `{group.as_posix()}/`: ' if names != [group] else ''
            parts.append(f'- {folder}{links}: {measured_on(records) if records else "no record"}')
    return '\n'.join(parts) + '\n'
