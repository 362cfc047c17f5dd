"Where a measured figure comes from: written beside every result"
import json
import os
import platform
import subprocess
import sys
import warnings
from datetime import date
from pathlib import Path
from statistics import mean, stdev

import torch
import torchvision

import dataset_condensation

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT/'results'


def _git(*args):
    "What git says about the project's folder, or None without git"
    try: done = subprocess.run(['git', *args], cwd=ROOT, capture_output=True, text=True)
    except OSError: return None
    return done.stdout.strip() if done.returncode == 0 else None


def commit() -> tuple:
    "(commit, are there changes beside it?); in a copy without git $COMMIT and None, or 'unknown' and None"
    top = _git('rev-parse', '--show-toplevel')
    if top and Path(top).resolve() == ROOT and (head := _git('rev-parse', 'HEAD')):     # not a repository around the copy
        changed = _git('status', '--porcelain', '--untracked-files=no', '--', 'nbs', 'dataset_condensation', 'benchmarks')
        if changed: warnings.warn(f'provenance: there are uncommitted changes on top of {head[:8]}; the result says so')
        return head, bool(changed)
    if told := os.environ.get('COMMIT'): return told, None
    warnings.warn("provenance: no git here, so the result's commit is 'unknown'; set the variable COMMIT to say it")
    return 'unknown', None


def _cpu() -> str:
    "The processor's model"
    info = Path('/proc/cpuinfo')
    names = [line.split(':', 1)[1].strip() for line in info.read_text().splitlines() if line.startswith('model name')] if info.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def provenance() -> dict:
    "Commit, versions and machine"
    from dataset_condensation.gpu_training import native_bfloat16   # here: what only writes needs no package
    head, changed = commit()
    load = round(os.getloadavg()[0], 1) if hasattr(os, 'getloadavg') else None   # of others too: seconds are to be read with it
    machine = dict(cpu=_cpu(), instructions=torch.backends.cpu.get_cpu_capability(), fast_bfloat16=native_bfloat16(),
                   cores=os.cpu_count(), threads=torch.get_num_threads(), load=load,
                   gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None)
    versions = dict(dataset_condensation=dataset_condensation.__version__, torch=torch.__version__,
                    torchvision=torchvision.__version__, python=platform.python_version())
    return dict(commit=head, uncommitted_changes=changed, date=date.today().isoformat(),
                versions=versions, machine=machine)


def peak_mib() -> float:
    """Most memory that this process has held, in MiB. Linux: of this program alone, for what `getrusage` gives is handed
    down from the process that started it"""
    status = Path('/proc/self/status')
    if status.exists(): return int(status.read_text().split('VmHWM:')[1].split()[0]) / 2**10
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 2**10)


def kept(path: Path, new: dict, key: str = 'settings') -> dict:
    "What `path` holds of a measurement, or `new` if there is nothing; refuses one with another `new[key]`"
    if not path.exists(): return new
    done = json.loads(path.read_text())
    if done[key] != new[key]: raise SystemExit(f'{path.name} was measured with {done[key]}; use another --results')
    return done


def write(path: Path, payload: dict):
    "Write a result as JSON, whole or not at all"
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    part.write_text(json.dumps(payload, indent=1, ensure_ascii=False) + '\n')
    part.replace(path)


def summary(runs: list) -> dict:
    "Mean and standard deviation over the seeds, of the rows that all of them have"
    rows = [k for k in runs[0]['accuracies'] if all(k in r['accuracies'] for r in runs)]
    return {k: [mean(v), stdev(v) if len(v) > 1 else 0.] for k in rows for v in [[r['accuracies'][k] for r in runs]]}


def each_seed(path: Path, new: dict, seeds, measure, summary=summary):
    "Add measure(seed) to the runs in `path` for each seed that isn't there yet; several processes may share the seeds"
    for seed in seeds:
        where = provenance()      # of the code that runs, whatever changes meanwhile
        if str(seed) in kept(path, new)['runs']: continue
        found = measure(seed)
        result = kept(path, new)  # with what other processes have written
        result['runs'][str(seed)] = found | dict(provenance=where)
        write(path, result | dict(summary=summary(list(result['runs'].values()))))
