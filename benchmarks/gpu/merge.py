"""Put what a visit to a GPU measured into results/gpu: give it the folder that run.sh wrote.

    python benchmarks/gpu/merge.py runs/gpu      # results/gpu/papers.json, smoke.json and speed.json, and a table

Of each row of the papers the line with the most networks stays, over all visits; of two alike, the later. Lines of rows that failed
or aren't finished are counted and left out. What was measured without a GPU, or of an unknown commit, is refused; --any takes it.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from provenance import RESULTS, write  # noqa: E402


def read(path): return json.loads(path.read_text(encoding='utf-8'))


def usable(about) -> bool:
    "Is it known where it comes from, and was it a GPU?"
    return 'gpu' in about and about.get('commit') not in (None, 'unknown')


def main(argv=None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('visit', type=Path, help='the folder that run.sh wrote')
    p.add_argument('--results', type=Path, default=RESULTS)
    p.add_argument('--any', action='store_true', help='take what was measured without a GPU too, to try it')
    args = p.parse_args(argv)
    lines = args.visit/'paper.jsonl'
    found = {n: read(args.visit/n) for n in ('smoke.json', 'speed.json') if (args.visit/n).exists()}
    new = [json.loads(line) for line in lines.read_text(encoding='utf-8').splitlines()] if lines.exists() else []
    if not found and not new: sys.exit(f'merge: {args.visit} holds no smoke.json, speed.json or paper.jsonl')
    for about in (r['provenance'] for r in (*found.values(), *new)):
        if not args.any and not usable(about): sys.exit('merge: measured without a GPU, or of an unknown commit; --any takes it')
    file = args.results/'gpu'/'papers.json'
    for name, content in found.items(): write(file.with_name(name), content)
    done = [r for r in new if 'mean' in r]
    rows = read(file)['rows'] if file.exists() else {}
    for r in done:
        if r['networks'] >= rows.get(r['row'], r)['networks']: rows[r['row']] = r
    if rows: write(file, dict(rows=dict(sorted(rows.items()))))
    for name, r in sorted(rows.items()):
        print(f'{name:24} {r["networks"]:3} networks {r["mean"]:6.2f} ± {r["std"]:.2f} %  made in {r["made_in"]:.0f} s; '
              f'published (CIFAR10) {r["published"]}')
    print(f'{len(done)} lines of {len({r["row"] for r in done})} rows, {len(new) - len(done)} failed or unfinished')
    return 0


if __name__ == '__main__': sys.exit(main())
