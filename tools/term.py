"""A term in a box: the syllabus with its quizzes, and slides for each week, out of nbs/assignments/term.yml and the chapters.

    python tools/term.py                         # nbs/assignments/term.md
    python tools/term.py --check                 # write nothing; fail if it would change
    python tools/term.py --count                 # count again what the hours rest on, into nbs/assignments/work.json
    python tools/term.py --slides ~/slides       # week01.html …, a file for each week that needs nothing else

A week's slides are its goals, headings of its chapters with their first words and pictures, and its quiz. Change the
chapters or term.yml and make them again; the site has them too.
"""
import argparse
import base64
import html
import json
import math
import re
import sys
from pathlib import Path
from statistics import median

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from course_counts import code_lines, counts

ROOT = Path(__file__).resolve().parent.parent
NBS = ROOT/'nbs'
TERM, PAGE, WORK = (NBS/'assignments'/name for name in ('term.yml', 'term.md', 'work.json'))
HIDDEN = re.compile(r'^### BEGIN HIDDEN TESTS\n.*?^### END HIDDEN TESTS\n?', re.M | re.S)
SOLUTION = re.compile(r'^ *### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION', re.M | re.S)
PICTURES = {'image/svg+xml': 'svg', 'image/png': 'png', 'image/jpeg': 'jpeg'}
MOST = 3      # slides with a picture in a week
STYLE = """
html { scroll-snap-type: y proximity; font: 1.5rem/1.4 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
body { margin: 0; }
section { box-sizing: border-box; min-height: 100vh; padding: 4vh 6vw; scroll-snap-align: start; display: flex; flex-direction: column;
          justify-content: center; gap: 1.5vh; border-bottom: 1px solid #ccc; break-after: page; }
h1, h2 { line-height: 1.15; margin: 0; max-width: 28em; } h1 { font-size: 3rem; } h2 { font-size: 2.2rem; }
p, ul, ol { margin: 0; max-width: 38em; } img { max-width: 100%; min-height: 22vh; max-height: 52vh; object-fit: contain; align-self: flex-start; }
.from { font-size: 1rem; color: #555; } details { max-width: 38em; } code { font-size: 0.9em; }
@media (max-width: 50rem) { html { font-size: 1rem; } section > * { overflow-x: auto; overflow-wrap: anywhere; } h1 { font-size: 1.8rem; } h2 { font-size: 1.5rem; } }
@media print { section { min-height: auto; height: 95vh; } }
"""


def text(cell) -> str: return ''.join(cell['source'])


def notebook(name:str) -> list: return json.loads((NBS/f'{name}.ipynb').read_text(encoding='utf-8'))['cells']


def title(cells:list) -> str: return re.match(r'# (.*)', text(cells[0]))[1].replace('`', '')


def picture(cell:dict):
    "(kind, data, alt text) of the first picture among the outputs of a cell, None without one"
    for o in cell.get('outputs', []):
        for kind in PICTURES:
            if kind not in o.get('data', {}): continue
            alt = re.search(r'^#\| fig-alt: "?(.*?)"?$', text(cell), flags=re.M)
            return kind, ''.join(o['data'][kind]), o.get('metadata', {}).get(kind, {}).get('alt') or (alt[1] if alt else '')


def plain(words:str) -> str:
    "Markdown as HTML, for the few signs that a sentence has"
    words = html.escape(re.sub(r'\[([^\]]+)\]\([^)]+\)', r'\1', words), quote=False)
    words = re.sub(r'`([^`]+)`', r'<code>\1</code>', words)
    return re.sub(r'(?<!\w)\*+([^*]+)\*+', r'<em>\1</em>', words)


def first_words(markdown:str, most:int=45) -> str:
    "The first sentences of the first paragraph that is prose without formulas"
    for part in re.split(r'\n\s*\n', markdown):
        if re.match(r'[#|>`$!\-\d]', part.strip()) or '$' in part or not part.strip(): continue
        found = ''
        for sentence in re.split(r'(?<=[.?!])\s+', ' '.join(part.split())):
            if found and len((found + sentence).split()) > most: break
            found += sentence + ' '
        return found.strip().rstrip(':') + ('.' if found.strip().endswith(':') else '')
    return ''


def sections(cells:list) -> list:
    "(heading, first words, picture or None) of each section of a chapter"
    found = []
    for c in cells[1:]:
        if c['cell_type'] == 'markdown':
            for head, body in re.findall(r'^## (.+)$((?:\n(?!## ).*)*)', text(c), flags=re.M): found.append([head, first_words(body), None])
            if found and not found[-1][1]: found[-1][1] = first_words(text(c))
        elif found and found[-1][2] is None: found[-1][2] = picture(c)
    return [f for f in found if f[0] not in ('Exercises', 'Where next', 'Checks')]


def quizzes(week:dict) -> list: return [(x['q'], x['a']) for x in week['quiz']]


def chosen(week:dict) -> list:
    "(chapter, heading, words, picture) of the sections that become slides: those with pictures first, in order, from every chapter"
    each = {name: sections(notebook(name)) for name in week['chapters']}
    share = max(1, MOST // len(each))
    picked = []
    for name, found in each.items():
        best = sorted(found, key=lambda s: s[2] is None)[:share + (MOST - share * len(each) if name == week['chapters'][0] else 0)]
        picked += [(name, *s) for s in found if s in best]
    return picked


def slides(number:int, week:dict) -> str:
    "A week's slides as a page of HTML"
    about, parts = plain(week['title']), []
    chapters = ', '.join(title(notebook(n)) for n in week['chapters'])
    goals = ''.join(f'<li>{plain(g)}</li>' for g in week['goals'])
    parts.append(f'<h1>{about}</h1><p>At the end of week {number} you can</p><ul>{goals}</ul><p class="from">{plain(chapters)}</p>')
    for name, head, words, pic in chosen(week):
        image = ''
        if pic:
            kind, data, alt = pic
            source = f'data:{kind};base64,' + (data.replace('\n', '') if kind != 'image/svg+xml' else base64.b64encode(data.encode()).decode())
            image = f'<img src="{source}" alt="{html.escape(alt or head)}">'
        parts.append(f'<h2>{plain(head)}</h2>{image}<p>{plain(words)}</p><p class="from">{plain(title(notebook(name)))}</p>')
    quiz = ''.join(f'<li>{plain(q)}<details><summary>Answer</summary>{plain(a)}</details></li>' for q, a in quizzes(week))
    parts.append(f'<h2>Quiz</h2><ol>{quiz}</ol>')
    body = '\n'.join(f'<section>{p}</section>' for p in parts)
    return f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' \
           f'<title>Week {number}: {about}</title><style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n'


def write_slides(folder:Path) -> list:
    "A page for each week; the paths"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for i, week in enumerate(yaml.safe_load(TERM.read_text(encoding='utf-8'))['weeks'], 1):
        made.append(folder/f'week{i:02d}.html')
        made[-1].write_text(slides(i, week), encoding='utf-8')
    return made


def link(name:str, up:str='../') -> str:
    "A chapter or an assignment as a link from nbs/assignments"
    if name[0] == 'a' and name[1].isdigit():
        return f'[{title(notebook(f"assignments/{name}/{name}")).partition(":")[0]}]({name}/{name}.ipynb)'
    number = re.match(r'\d+', name)
    return f'[{number[0] + " · " if number else ""}{title(notebook(name))}]({up}{name}.ipynb)'


# ---- What the hours rest on

def work(name:str) -> dict:
    "What an assignment asks of a student, counted in the version that students get and in the solution"
    cells = notebook(f'assignments/{name}/{name}')
    def kind(c, what): return c['metadata']['nbgrader'][what]
    def words(s): return len(s.split())
    prose = [text(c) for c in cells if c['cell_type'] == 'markdown' and not kind(c, 'solution')]
    code = [HIDDEN.sub('', text(c)) for c in cells if c['cell_type'] == 'code']
    solved = [m[1] for s in code if (m := SOLUTION.search(s))]
    lines = [x for s in solved for x in code_lines(s) if not x.lstrip().startswith(('#', "'"))]      # no entry of assignment 6
    asked = [tuple(map(int, m)) for s in prose for m in re.findall(r'\((\d+) to (\d+) words', s)]
    return dict(words=sum(map(words, prose)), code=sum(len(code_lines(SOLUTION.sub('', s))) for s in code), cells=len(solved),
                lines=len(lines), answer=sum(a + b for a, b in asked) // 2)


def counted() -> dict:
    "Words and lines of every chapter, and `work` of every assignment, with the seconds of a right notebook in the class of thirty"
    weeks = yaml.safe_load(TERM.read_text(encoding='utf-8'))['weeks']
    took = json.loads((ROOT/'results'/'class_of_thirty.json').read_text(encoding='utf-8'))['assignments']
    chapters = {n: counts(NBS/f'{n}.ipynb') for w in weeks for n in w['chapters']}
    found = {n: dict(words=c['words'], code=sum(c['lengths'])) for n, c in chapters.items()}
    for name in sorted(w['assignment'] for w in weeks if 'assignment' in w):
        found[name] = dict(work(name), seconds=round(median(took[name]['kinds']['right']['seconds'])))
    return found


def half_hours(minutes:float) -> float: return math.ceil(minutes / 30) / 2


def home(term:dict, week:dict, work:dict) -> tuple:
    "Hours for the chapters of a week, and for its assignment"
    pace = term['pace']
    reading = sum(work[n]['words'] / pace['words'] + work[n]['code'] / pace['code'] for n in week['chapters'])
    return half_hours(reading + pace['exercises'] * pace['exercise']), \
        assignment_hours(term, week['assignment'], work) if 'assignment' in week else 0


def assignment_hours(term:dict, name:str, work:dict) -> float:
    pace, n = term['pace'], work[name]
    return half_hours(n['words'] / pace['words'] + n['code'] / pace['code'] + n['lines'] * pace['line'] + n['answer'] / pace['answer']
                      + n['seconds'] * pace['runs'] / 60 + term['besides'].get(name, 0))


def basis(term:dict, work:dict) -> list:
    "The section of the page that says where hours come from"
    p, besides = term['pace'], term['besides']
    lines = ['', '## What the hours rest on', '',
             "No student was timed. The hours are counted work at a pace that we chose, rounded up to half an hour; `pace` in `term.yml` has "
             f"the numbers, and `python tools/term.py` makes this page again. The pace: {p['words']} words or {p['code']} lines of code read in a minute, "
             f"{p['line']} minutes for a line of code until it's right, {p['answer']} words of an answer written in a minute, {p['runs']} runs of each notebook, "
             f"{p['exercises']} exercises a week of {p['exercise']} minutes. Words and lines are counted in the chapters and in the students' versions, "
             "lines to write in the solutions (`python tools/term.py --count`). Seconds are those of the class of thirty in "
             "[the guide](README.md), for a right notebook with the tests of grading, on a busy machine. The minutes besides are a guess: "
             "a derivation on paper, or ideas that are tried. Running the chapters and taking photographs aren't counted.", '',
             '| assignment | words to read | lines to read | cells to write | lines to write | words to write | seconds of computing | minutes besides | hours |',
             '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |']
    for name, n in work.items():
        if 'lines' not in n: continue
        row = [n['words'], n['code'], n['cells'], n['lines'], n['answer'], n['seconds'], besides.get(name, 0)]
        lines.append(f'| {link(name)} | {" | ".join(map(str, row))} | {assignment_hours(term, name, work):g} |')
    return lines


def page() -> str:
    "The syllabus"
    term, work = yaml.safe_load(TERM.read_text(encoding='utf-8')), json.loads(WORK.read_text(encoding='utf-8'))
    hours = [sum(home(term, w, work)) for w in term['weeks']]
    lines = ['<!-- Made from term.yml by tools/term.py: edit it there. -->', '', '# A term in a box', '',
             '> Fourteen weeks, with goals, slides, quizzes, assignments and projects', '',
             'A week has one meeting of ninety minutes and the hours below at home: reading and running the chapters, and the assignment. '
             f'They are [counted work](#what-the-hours-rest-on) at a pace that we chose, {sum(hours):g} hours in all; no class was timed. The slides are made from the '
             'chapters, pictures included: `python tools/term.py --slides ~/slides` writes a page for each week that you can show, '
             'print and change without a network. [The guide](README.md) says how assignments are handed out and graded, and '
             '[Adapt this course](adapt.md) how to make it shorter, easier or your own.', '',
             '| week | topic | chapters | assignment | slides | hours |', '| ---: | --- | --- | --- | --- | ---: |']
    for i, (w, h) in enumerate(zip(term['weeks'], hours), 1):
        due = link(w['assignment']) if 'assignment' in w else ''
        lines.append(f'| {i} | [{w["title"]}](#week-{i}) | {", ".join(map(link, w["chapters"]))} | {due} | '
                     f'<a href="../slides/week{i:02d}.html">week {i}</a> | {h:g} |')
    for i, w in enumerate(term['weeks'], 1):
        lines += ['', f'## Week {i}', '', f'**{w["title"]}.** You can, at the end:', '', *(f'- {g}' for g in w['goals']), '',
                  'Quiz, five minutes at the start of the next meeting:', '']
        for n, (q, a) in enumerate(quizzes(w), 1): lines.append(f'{n}. {q} *{a}*')
    lines += basis(term, work)
    lines += ['', '## Projects', '', 'For two people and three weeks, in place of assignment 6 or after it. Each begins where a chapter ends.', '',
              '| project | where to start | chapter |', '| --- | --- | --- |']
    lines += [f'| {p["title"]} | {p["start"]} | {link(p["chapter"])} |' for p in term['projects']]
    lines += ['', '## A rubric for free text', '',
              'Every assignment has five points for an answer in words, and its solution says what earns them. For projects, and for questions of your own:', '',
              '| points | the answer |', '| ---: | --- |',
              '| 5 | says what was measured with its spread, what it shows and what it doesn’t, and names a result that would have proved it wrong |',
              '| 4 | has the numbers and the right reason, and overlooks one objection that the chapter names |',
              '| 3 | has the numbers, with a reason that explains any result |',
              '| 2 | is right in its conclusion, without numbers of its own |',
              '| 1 | repeats the chapter |', '| 0 | is empty, or reports numbers that the notebook doesn’t show |', '']
    return '\n'.join(lines)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='write nothing; fail if the page would change')
    parser.add_argument('--count', action='store_true', help='count the work of each assignment again, and write the page')
    parser.add_argument('--slides', type=Path, help='write slides to this folder, and no page')
    args = parser.parse_args(argv)
    if args.slides:
        for p in write_slides(args.slides): print(p)
        return 0
    if args.count: WORK.write_text(json.dumps(counted(), indent=1) + '\n', encoding='utf-8')
    same = PAGE.exists() and PAGE.read_text(encoding='utf-8') == page()
    if not args.check: PAGE.write_text(page(), encoding='utf-8')
    if args.check and not same: print(f'{PAGE.name} is not what term.yml says: python tools/term.py', file=sys.stderr)
    return 1 if args.check and not same else 0


if __name__ == '__main__': sys.exit(main())
