"""Grade notebooks as nbgrader does, without it.

    python nbs/assignments/grade.py a1_gradient_distance.ipynb     # points, and a sentence for each that is lost
    python nbs/assignments/grade.py submitted/*.ipynb --json out.json

The assignment is recognised by its cells, whatever the file is called. Each notebook runs in a fresh process, in an empty
folder, with the given cells and the tests (the hidden ones too) taken from this folder. A cell that takes longer than
--seconds is stopped and earns nothing; a process that dies, or needs more than --memory GB (on Linux), earns nothing from
there on.
nbgrader_config.py uses the same cells and the same `Kept`, so both give the same points.
"""
import argparse
import ast
import inspect
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
from pathlib import Path

ASSIGNMENTS = Path(__file__).resolve().parent
LONGER = {'contract': 300, 'accuracy': 300, 'small': 300}      # seconds for a cell that makes sets


# ---- What a notebook consists of

def read(path) -> dict:
    "A notebook; an error says what is wrong with a file that is none"
    try: nb = json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except json.JSONDecodeError as e: raise ValueError(f'it is not a notebook ({e})') from None
    cells = nb.get('cells') if isinstance(nb, dict) else None
    def whole(c):
        return isinstance(c, dict) and isinstance(c.get('source'), (str, list)) and isinstance(c.get('metadata', {}), dict)
    if isinstance(cells, list) and all(whole(c) and 'cell_type' in c for c in cells): return nb
    raise ValueError('it is not a notebook: a list of whole cells is missing')


def text(cell) -> str: return ''.join(cell['source'])


def marks(cell) -> dict:
    "nbgrader's metadata of a cell; empty without any"
    return cell.get('metadata', {}).get('nbgrader', {})


def is_test(cell) -> bool: return cell['cell_type'] == 'code' and bool(marks(cell).get('grade'))


def is_given(cell) -> bool:
    return cell['cell_type'] == 'code' and bool(marks(cell).get('locked')) and not marks(cell).get('grade')


def sources(folder=ASSIGNMENTS) -> dict:
    "{name: notebook with solutions and tests}"
    return {p.stem: read(p) for p in sorted(Path(folder).glob('[!_.]*/*.ipynb')) if p.stem == p.parent.name}


def which(nb, known:dict) -> str:
    "The assignment that has most cells of this notebook"
    mine = {marks(c).get('grade_id') for c in nb['cells']} - {None}
    def shared(name): return len(mine & {marks(c).get('grade_id') for c in known[name]['cells']})
    best = max(known, key=shared)
    if shared(best) < 4: raise ValueError(f'no cell of an assignment is in it; there are {", ".join(known)}')
    return best


def restored(nb:dict, source:dict) -> list:
    "The student's cells, with all given and test cells as the source has them, and back where they were if they are missing"
    order = [marks(c)['grade_id'] for c in source['cells']]
    locked = {marks(c)['grade_id']: c for c in source['cells'] if marks(c)['locked'] or marks(c)['grade']}
    cells, there = [], set()
    for c in nb['cells']:
        name = marks(c).get('grade_id')
        if name in there and name in order: c = {**c, 'metadata': {}}     # a copy is a cell of the student's own
        elif name in locked and marks(locked[name])['locked']: c = locked[name]
        there.add(marks(c).get('grade_id'))
        cells.append(c)
    for i, name in enumerate(order):
        if name in there or name not in locked: continue
        at = {marks(c).get('grade_id'): k for k, c in enumerate(cells)}
        cells.insert(max((at[n] for n in order[:i] if n in at), default=-1) + 1, locked[name])
    return cells


def names_in(code:str) -> set:
    "What a cell binds at its top level"
    found, todo = set(), list(ast.parse(code).body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)): found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(a.asname or a.name).split('.')[0] for a in node.names}
        elif isinstance(node, ast.Name): found |= {node.id} if isinstance(node.ctx, ast.Store) else set()
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            todo += ast.iter_child_nodes(node)
    return found


def given_names(source:dict) -> dict:
    "{given cell: names it binds, and no solution does}; the name * stands for the package's own"
    theirs = set().union(*(names_in(text(c)) for c in source['cells'] if marks(c)['solution'] and c['cell_type'] == 'code'))
    return {marks(c)['grade_id']: sorted(names_in(text(c)) - theirs) for c in source['cells'] if is_given(c)}


# ---- In the process that runs a notebook

class Kept:
    """What students' cells may have replaced, to be put back before each given cell and each test: the names of given
    cells, the functions of torch and of the package, and their code. It is made before the first cell runs."""
    WATCHED = 'builtins', 'math', 'operator', 'torch', 'torch.nn.functional', 'torch.linalg', 'torch.autograd'

    def __init__(self, names:dict):
        import torch
        import dataset_condensation.all as package
        self.names = names, {}
        mine = [n for n in sys.modules if n.split('.')[0] == 'dataset_condensation']
        modules = [sys.modules[n] for n in (*self.WATCHED, *mine) if n in sys.modules]
        classes = [v for n in mine for v in vars(sys.modules[n]).values() if isinstance(v, type) and v.__module__ == n]
        self.places = [(p, {k: v for k, v in vars(p).items() if callable(v) or isinstance(v, (staticmethod, classmethod, property))})
                       for p in (*modules, *classes, torch.Tensor)]
        self.code = []
        for _, held in self.places[len(self.WATCHED):]: self.keep_code(held.values())
        self.public = {k: v for k, v in vars(package).items() if not k.startswith('_')}
        self.registries = [(v.known, dict(v.known)) for v in self.public.values() if type(v).__name__ == 'Names']

    def keep_code(self, functions):
        self.code += [(v, v.__code__, v.__defaults__, v.__kwdefaults__) for v in functions if isinstance(v, types.FunctionType)]

    def note(self, cell:str, space:dict):
        "After a given cell"
        wanted, held = self.names
        for n in wanted.get(cell, ()):
            if n == '*': held.update(self.public)
            elif n in space:
                held[n] = v = space[n]
                own = {k: f for k, f in vars(v).items() if callable(f)} if isinstance(v, type) and v.__module__ == '__main__' else {}
                if own: self.places.append((v, own))
                self.keep_code([v, getattr(v, '__wrapped__', None), *own.values()])

    def put_back(self, space:dict):
        "Before a given cell or a test"
        for place, held in self.places:
            now = vars(place)
            for k, v in held.items():
                if now.get(k) is not v:
                    try: setattr(place, k, v)
                    except (AttributeError, TypeError): pass
        for f, code, defaults, keywords in self.code:
            if f.__code__ is not code: f.__code__ = code
            f.__defaults__, f.__kwdefaults__ = defaults, keywords
        for known, held in self.registries:
            known.clear()
            known.update(held)
        space.update(self.names[1])


# What nbgrader_config.py runs in a kernel: before the first cell, before a given cell or a test, after a given cell
START = """_m = type(__import__('sys'))('_kept')
exec({code!r}, vars(_m))
_m.kept = _m.Kept({names!r})
__import__('sys').modules['_kept'] = _m
del _m"""
BACK = "__import__('_kept').kept.put_back(globals())"
NOTE = "__import__('_kept').kept.note({name!r}, globals())"


def for_kernel() -> str: return 'import sys\nimport types\n\n' + inspect.getsource(Kept)


def without_magic(code:str) -> str:
    "A cell without the lines that only Jupyter reads: %magic, !command, name?; `x = %time f()` is `x = f()`"
    lines = [line if not re.match(r'[%!]', line) else 'pass' for line in code.splitlines()]
    try: ast.parse('\n'.join(lines))
    except SyntaxError:
        for i, line in enumerate(lines):
            if re.match(r'\s*([%!]\w|\??\??[\w.]+\?\??\s*$)', line) and re.search('[%!?]', line):
                lines[i] = re.match(r'\s*', line)[0] + 'pass'
            else: lines[i] = re.sub(r'^(\s*[\w, ]+= *)(%\w+ +|[%!].*)', lambda m: m[1] + 'None'*(not m[2].startswith('%time')), line)
    return '\n'.join(lines)


def run_cell(code:str, name:str, space:dict):
    "Run a cell as IPython would; what its last line is worth"
    import linecache
    code = without_magic(code)
    file = f'<{name}>'
    linecache.cache[file] = len(code), None, code.splitlines(True), file      # for inspect and tracebacks
    tree = ast.parse(code, file)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(';'): last = tree.body.pop()
    exec(compile(tree, file, 'exec'), space)
    if last: return eval(compile(ast.Expression(last.value), file, 'eval'), space)


def serve():
    "Run the cells that come in, one in each line, and answer each"
    import traceback
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), 'w')
    gone, files = os.open(os.devnull, os.O_RDONLY), [tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') for _ in 'oe']
    os.dup2(gone, 0)
    for fd, file in zip((1, 2), files): os.dup2(file.fileno(), fd)
    main = sys.modules['__main__'] = types.ModuleType('__main__')
    space, kept, at = vars(main), None, [0, 0]
    space.update(get_ipython=lambda: None, display=lambda *a, **k: None)
    def written():
        "What has been written to stdout and stderr since the last time"
        for stream in (sys.stdout, sys.stderr):
            try: stream.flush()
            except Exception: pass
        found = []
        for i, file in enumerate(files):
            size = os.fstat(file.fileno()).st_size
            found.append(os.pread(file.fileno(), min(size - at[i], 100_000), at[i]).decode('utf-8', 'replace'))
            at[i] = size
        return found
    streams = sys.stdout, sys.stderr
    for line in orders:
        order, answer = json.loads(line), dict(error='', trace='', value=None)
        try:
            if 'names' in order:
                limit_memory(order['memory'])
                kept = Kept(order['names'])
            else:
                if order['test'] or order['given']: kept.put_back(space)
                value = run_cell(order['code'], order['name'], space)
                answer['value'] = None if value is None else repr(value)[:1000]
        except BaseException as e:
            answer['error'] = f'{type(e).__name__}: {e}'.strip().removesuffix(':')[:500]
            frames = [f for f in traceback.extract_tb(e.__traceback__) if f.filename == f'<{order.get("name")}>']
            if frames: answer['trace'] = (frames[-1].line or '').strip()
        if order.get('given'): kept.note(order['name'], space)
        sys.stdout, sys.stderr = streams
        answer['stdout'], answer['stderr'] = written()
        answers.write(json.dumps(answer) + '\n')
        answers.flush()


STATM = Path('/proc/self/statm')      # the memory that a process has, on Linux


def limit_memory(gigabytes:float):
    "Refuse more address space than the process has now, and that much; elsewhere than on Linux there is no limit"
    if not STATM.exists(): return
    import resource
    import torch  # noqa: F401, its libraries take some already
    now = int(STATM.read_text().split()[0]) * resource.getpagesize()
    most = int(now + gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


# ---- In the process that grades

class Process:
    "A fresh Python that runs cells, one after the other"
    def __init__(self, names:dict, memory:float, folder:str):
        env = {k: v for k, v in os.environ.items() if not k.startswith(('PYTHONSTARTUP', 'IPY', 'JPY'))}
        env.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1', TQDM_DISABLE='1', MPLBACKEND='Agg',
                   PYTHONWARNINGS='ignore', PYTHONUNBUFFERED='1', PYTHONIOENCODING='utf-8')
        self.child = subprocess.Popen([sys.executable, __file__, '--serve'], cwd=folder, env=env, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.answers = queue.Queue()
        def listen():
            for line in self.child.stdout: self.answers.put(line)
            self.answers.put(None)
        threading.Thread(target=listen, daemon=True).start()
        self.ask(dict(names=names, memory=memory), 300)

    def ask(self, order:dict, seconds:float) -> dict:
        "The answer, with an `error` if the cell took too long or the process died"
        try:
            self.child.stdin.write(json.dumps(order) + '\n')
            self.child.stdin.flush()
        except (BrokenPipeError, ValueError): return self.dead()
        late = False
        while True:
            try: line = self.answers.get(timeout=10 if late else seconds)
            except queue.Empty:
                if late or os.name == 'nt':
                    self.stop()
                    return dict(error='Stopped', why=f'it ran longer than {seconds:g} s', dead=True)
                late = True
                self.child.send_signal(signal.SIGINT)
                continue
            if line is None: return self.dead()
            answer = json.loads(line)
            return {**answer, 'error': 'Stopped', 'why': f'it ran longer than {seconds:g} s'} if late else answer

    def dead(self) -> dict:
        code = self.child.wait()
        how = f'signal {-code}' if code < 0 else f'exit code {code}'
        return dict(error='Died', why=f'the process ended ({how})', dead=True)

    def stop(self):
        try: os.killpg(self.child.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError): self.child.kill()
        self.child.wait()


def earned(cell:dict, answer:dict) -> float:
    "Points of a test, by nbgrader's rules: none after an error or a word on stderr, else the value of the last line"
    most = float(marks(cell)['points'])
    if answer['error'] or answer.get('stderr'): return 0.
    try: value = float(answer['value'])
    except (TypeError, ValueError): return most
    return value if 0 <= value <= most else most


def reasons(answer:dict) -> list:
    "Why points were lost, a clause for each"
    if answer.get('why'): return [answer['why']]
    lines = answer.get('stdout', '').splitlines()
    failed = [line.removeprefix('not yet: ') for line in lines if line.startswith('not yet: ')]
    raised = [line for line in lines if re.match(r'[A-Z]\w*(Error|Exception|Interrupt)\b', line)]
    if answer['error']:
        if answer['error'].startswith('NotImplementedError'): return ['nothing is written yet']
        raised = [answer['error'] + (f', at `{answer["trace"]}`' if answer['trace'] else '')]
    if failed and raised and all(line == 'NotImplementedError: your turn' for line in raised): return ['nothing is written yet']
    found = [f'not yet: {f}' for f in failed] + [f'it raises {r}' for r in dict.fromkeys(raised)]
    if answer.get('stderr'): found.append(f'it writes to stderr: {answer["stderr"].strip().splitlines()[-1][:200]}')
    said = [line for line in lines if line not in raised and not line.startswith('not yet: ')]
    return found + ([] if found else said[-1:])


def grade(nb:dict, source:dict, seconds:float=60, memory:float=4) -> dict:
    "Points of each test, and why some were lost"
    start, cells, died = time.perf_counter(), restored(nb, source), ''
    rows, stopped = [], []      # tests; cells that ended in an error
    with tempfile.TemporaryDirectory() as folder:
        process = Process(given_names(source), memory, folder)
        for i, c in enumerate(cells):
            if c['cell_type'] != 'code' or not text(c).strip(): continue
            name = marks(c).get('grade_id', f'cell {i + 1}')
            order = dict(code=text(c), name=name, test=is_test(c), given=is_given(c))
            if died: answer = dict(error='Died', why=f'not run, because {died}')
            else: answer = process.ask(order, LONGER.get(name, seconds) if is_test(c) else seconds)
            if answer.get('dead'): died = f'in `{name}` {answer["why"]}'
            if not is_test(c):
                if answer['error'] and not died and not answer['error'].startswith('NotImplementedError'):
                    stopped += [f'`{name}`: {reasons(answer)[0]}']
                continue
            points, most = earned(c, answer), float(marks(c)['points'])
            about = re.match(r'"(.*)"\n', text(c))
            why = reasons(answer) if points < most else []
            rows.append(dict(cell=name, about=about[1] if about else '', points=points, of=most, why=why))
        process.stop()
    return dict(points=sum(r['points'] for r in rows), of=sum(r['of'] for r in rows), tests=rows,
                stopped=stopped, seconds=round(time.perf_counter() - start, 1))


def report(result:dict) -> str:
    "A line for each test, and a sentence for each lost point"
    lines = [f'{result["notebook"]}: {result["points"]:g} of {result["of"]:g} points by machine ({result["assignment"]}, '
             f'{result["seconds"]} s)']
    for r in result['tests']:
        lines.append(f'  {r["points"]:g} of {r["of"]:g}  {r["cell"]}: {r["about"]}')
        lines += [f'          {w[0].upper()}{w[1:]}.' for w in r['why']]
    if result.get('stopped'): lines.append(f'  Cells that stopped: {"; ".join(result["stopped"])}.')
    return '\n'.join(lines)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('notebooks', nargs='+', type=Path, help='what students handed in')
    parser.add_argument('--source', type=Path, default=ASSIGNMENTS, help='folder of the assignments (default: this one)')
    parser.add_argument('--seconds', type=float, default=60, help='limit for a cell (default: 60)')
    parser.add_argument('--memory', type=float, default=4, help='GB beyond what torch takes (default: 4)')
    parser.add_argument('--json', type=Path, help="write the results to this file too; '-' writes them alone, to stdout")
    args = parser.parse_args(argv)
    known, results, failed = sources(args.source), [], False
    if not known: parser.error(f'{args.source}: there is no assignment')
    if not (args.seconds > 0 and args.memory > 0): parser.error('--seconds and --memory are numbers above 0')
    if args.json and not args.json.parent.is_dir(): parser.error(f'--json: there is no folder {args.json.parent}')
    if not STATM.exists(): print(f'no limit on memory: this system has no {STATM}', file=sys.stderr)
    for path in args.notebooks:
        try:
            nb = read(path)
            name = which(nb, known)
            results.append(dict(notebook=str(path), assignment=name, **grade(nb, known[name], args.seconds, args.memory)))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as e:     # the others are graded all the same
            failed = True
            print(f'{path}: not graded: {e}', file=sys.stderr)
            continue
        if str(args.json) != '-': print(report(results[-1]), flush=True)
    dumped = json.dumps(results, indent=1, ensure_ascii=False)
    if str(args.json) == '-': print(dumped)
    elif args.json: args.json.write_text(dumped + '\n', encoding='utf-8')
    return 2 if failed else 0


if __name__ == '__main__':
    if sys.argv[1:] == ['--serve']: serve()
    else: sys.exit(main())
