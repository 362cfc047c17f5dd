"""Items one after the other, each alone. If the process that works through them dies, hangs or loses the GPU, another resumes.

An item is (name, function, seconds it may take, whether it needs a GPU). The log gets a line when one begins and one when
it ends.
"""
import json
import os
import subprocess
import time


def read(log) -> list:
    "The lines that are whole"
    text = log.read_text() if log.exists() else ''
    return [json.loads(s) for s in text.splitlines(keepends=True) if s.endswith('\n')]


def add(log, **line):
    with open(log, 'a') as f: f.write(json.dumps(line, default=str) + '\n')


# ---- The process that watches

def supervise(command, log, seconds, starts=8) -> dict:
    "Start `command` with the time of the end as its last argument, again while items are left; what became of each"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    end = time.time() + seconds
    for _ in range(starts):
        if time.time() > end: break
        worker = subprocess.Popen([*command, str(end)])
        try: why = watch(worker, log, end)
        finally: worker.kill()
        last = (read(log) or [{}])[-1]
        if last.get('status') == 'begun':
            error = f'the process ended with {worker.returncode}'
            add(log, **dict(last, status=why, seconds=time.time() - last['at'], error=error))
        if worker.returncode == 0: break
    return collect(log)


def watch(worker, log, end) -> str:
    "Wait for the process, end it where an item takes too long; what is to be said of an item it left unfinished"
    while worker.poll() is None:
        time.sleep(0.2)
        last = (read(log) or [{}])[-1]
        over = last.get('status') == 'begun' and time.time() > last['at'] + last['limit']
        if over or time.time() > end + 5:
            worker.kill()
            worker.wait()
            return 'hung' if over else 'no time'
    return 'died'


def collect(log) -> dict:
    "The provenance, a tally, and every item, also those that nobody came to"
    about = next((r for r in read(log) if r['status'] == 'about'), dict(names=[], about=None))
    done = {r['name']: r for r in read(log) if r['status'] not in ('about', 'begun')}
    found = [done.get(n, dict(name=n, status='not run')) for n in about['names']]
    tally = {}
    for r in found: tally[r['status']] = tally.get(r['status'], 0) + 1
    return dict(provenance=about['about'], tally=tally, items=found)


# ---- The process that works

def work(items, log, end, about=None, gpu=True, after=lambda: None, lost=lambda: False):
    "Go through the items that the log does not have yet; `after` belongs to an item, `lost` says whether the GPU is gone"
    seen = {r['name'] for r in read(log) if r['status'] != 'about'}
    add(log, status='about', about=about, names=[name for name, *_ in items])
    for name, f, limit, needs_gpu in items:
        if name in seen: continue
        if needs_gpu and not gpu: say(log, name=name, status='skipped', error='needs a GPU'); continue
        if time.time() > end - 2: say(log, name=name, status='no time'); continue
        add(log, name=name, status='begun', at=time.time(), limit=limit)
        t = time.perf_counter()
        try:
            found = f()
            after()
            say(log, name=name, status='ok', seconds=time.perf_counter() - t, found=found)
        except Exception as e:
            error = f'{type(e).__name__}: {str(e)[:400]}'
            say(log, name=name, status='failed', seconds=time.perf_counter() - t, error=error)
            if lost(): os._exit(3)


def say(log, **line):
    "Write what became of an item, and print it"
    add(log, **line)
    what = ' '.join(str(line.get('found') or line.get('error', '')).split())
    print(f'{line["status"]:8}{line["name"]:50}{line.get("seconds", 0):6.1f}s  {what[-170:]}', flush=True)
