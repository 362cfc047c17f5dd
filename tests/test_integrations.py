"The recipes of the page do what it says: each is run as it stands there, where its library is installed"
import importlib.util
import re

import processes
import pytest
import yaml
from conftest import ROOT
from test_sync import cells, source

PAGE = 'recipes.ipynb'
NEEDS = dict(timm='timm', Lightning='lightning', datasets='datasets')      # heading → what it imports


def blocks(text, language='python'): return re.findall(rf'^```{language}\n(.*?)^```', text, flags=re.M | re.S)


def sections():
    "(heading, code of the cells and blocks below it) of the page; '' for what comes first"
    found, heading = {'': []}, ''
    for c in cells(PAGE):
        text = source(c)
        if c['cell_type'] == 'markdown':
            if title := re.search(r'^## (.+)', text, flags=re.M): heading = title[1]
            found.setdefault(heading, []).extend(blocks(text))
        elif '#| hide' not in text: found[heading].append(text)
    return found


SECTIONS = sections()


@pytest.mark.slow
@pytest.mark.parametrize('heading', [h for h in SECTIONS if h and 'smoke' not in h])
def test_a_recipe_runs_as_it_stands_on_the_page(heading, tmp_path):
    if (needs := NEEDS.get(heading)) and not importlib.util.find_spec(needs):
        pytest.skip(f"{needs} is not installed: pip install '.[integrations]'")
    code = '\n\n'.join(SECTIONS[''] + SECTIONS[heading])
    check = dict(Lightning="assert found[0]['accuracy'] > 0.6", datasets="assert hub.fingerprint() and len(datasets.load_from_disk('condensed')) == 10 "
                 "and torch.equal(hub.train.images, data.train.images)", timm="assert syn.images.shape == (10, 1, 8, 8)")
    done = processes.python('-c', f'{code}\n\n{check.get(heading, "")}', cwd=tmp_path).wait()
    assert done.returncode == 0, done.stderr[-3000:]


def test_every_library_of_the_extra_has_its_recipe():
    from configparser import ConfigParser
    cfg = ConfigParser(delimiters=['='])
    cfg.read(ROOT/'settings.ini', encoding='utf-8')
    named = re.findall(r'[a-z]\w*(?=[>=<])', cfg['DEFAULT']['integrations_requirements'])
    assert sorted(named) == sorted(NEEDS.values()) and set(NEEDS) <= set(SECTIONS)


MY_PROJECT = '''
import torch
from torch import nn

def make_model(): return nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))

def train(model, batches, epochs):
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        for x, y in batches:
            opt.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            opt.step()
'''


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    "A project with the files that the page has it make, and its script"
    folder = tmp_path_factory.mktemp('project')
    code = '\n\n'.join([*SECTIONS[''], f'os.chdir({str(folder)!r})', *(c for c in SECTIONS['A smoke test on every push'] if '# smoke.py' not in c)])
    done = processes.python('-c', code, cwd=folder).wait()
    assert done.returncode == 0, done.said
    script, = (c for c in SECTIONS['A smoke test on every push'] if '# smoke.py' in c)
    (folder/'smoke.py').write_text(script, encoding='utf-8')
    return folder


@pytest.mark.slow
@pytest.mark.parametrize('change, passes', [(None, True), ('            opt.step()\n', False), ('x, y in batches', False)])
def test_the_action_runs_its_script_and_notices_broken_training(project, change, passes):
    own = MY_PROJECT if change is None else MY_PROJECT.replace(change, 'x, y in ((x, 9 - y) for x, y in batches)' if 'batches' in change else '')
    (project/'my_project.py').write_text(own, encoding='utf-8')
    page = '\n'.join(source(c) for c in cells(PAGE) if c['cell_type'] == 'markdown')
    action = yaml.safe_load(blocks(page, 'yaml')[0])
    commands = [s['run'] for s in action['jobs']['train']['steps'] if 'run' in s]
    assert commands[0] == 'pip install dataset_condensation' and len(commands) == 2
    name, script = commands[1].split()
    done = processes.python(script, cwd=project).wait()
    assert name == 'python' and (done.returncode == 0) == passes, done.stderr[-2000:]
    if not passes: assert 'the training code no longer learns' in done.stderr
