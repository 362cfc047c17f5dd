"The workflows on GitHub run what the README says, on the versions that settings.ini names"
import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.version import Version

yaml = pytest.importorskip('yaml', reason="workflows are YAML: pip install -e '.[dev]'")
test_sync = pytest.importorskip('test_sync', reason="settings are read with the tests of nbdev: pip install -e '.[dev]'")

FOLDER = ROOT/'.github'
WORKFLOWS = {p.stem: yaml.safe_load(p.read_text(encoding='utf-8')) for p in sorted((FOLDER/'workflows').glob('*.yml'))}
JOBS = [(name, job) for name, workflow in WORKFLOWS.items() for job in workflow['jobs']]


def triggers(name): return WORKFLOWS[name][True]      # to YAML, the word `on` is true


def steps(name, job, key):
    "What the steps of a job run, or use"
    return [s[key] for s in WORKFLOWS[name]['jobs'][job].get('steps', []) if key in s]


def bounds():
    "{package: the requirement} of what a user needs"
    found = map(Requirement, shlex.split(test_sync.settings()['requirements']))
    return {r.name: r.specifier for r in found}


def constraints(name):
    lines = [s.partition('#')[0].strip() for s in (FOLDER/f'{name}.txt').read_text(encoding='utf-8').splitlines()]
    return {r.name: r.specifier for r in map(Requirement, filter(None, lines))}


def test_there_are_workflows_for_tests_docs_and_releases():
    assert set(WORKFLOWS) == {'tests', 'docs', 'release'}
    main = test_sync.settings()['branch']
    for name in 'tests', 'docs': assert triggers(name)['push']['branches'] == [main] and 'pull_request' in triggers(name)
    assert triggers('release') == {'push': {'tags': ['v*']}}


@pytest.mark.parametrize('name, job', JOBS)
def test_a_job_ends_and_may_write_only_where_it_has_to(name, job):
    workflow, it = WORKFLOWS[name], WORKFLOWS[name]['jobs'][job]
    assert workflow['permissions'] == {'contents': 'read'}
    may = {('docs', 'publish'): {'pages': 'write', 'id-token': 'write'}, ('release', 'publish'): {'id-token': 'write'}}
    assert it.get('permissions', {}) == may.get((name, job), {})
    assert set(it) & {'uses'} or 0 < it['timeout-minutes'] <= 90
    needs = it.get('needs', [])
    assert {needs} <= set(workflow['jobs']) if isinstance(needs, str) else not needs


@pytest.mark.parametrize('name, job', JOBS)
def test_a_job_uses_and_runs_what_is_there(name, job):
    it = WORKFLOWS[name]['jobs'][job]
    for used in [*steps(name, job, 'uses'), *([it['uses']] if 'uses' in it else [])]:
        if used.startswith('./'): assert (ROOT/used).exists()
        else: assert re.fullmatch(r'[\w-]+/[\w-]+@(v\d+|release/v\d+)', used), used
    for line in steps(name, job, 'run'):
        for path in re.findall(r'(?<![\w./])(?:\.ci|nbs|tests|tools)/[\w./]+', line): assert (ROOT/path).exists(), path


def test_tests_run_on_every_supported_python_with_the_oldest_and_the_newest_versions():
    matrix = WORKFLOWS['tests']['jobs']['tests']['strategy']['matrix']
    versions = [tuple(map(int, p.split('.'))) for p in matrix['python']]     # '3.10' is a text, 3.10 would be 3.1
    assert versions == [(3, minor) for minor in range(versions[0][1], versions[-1][1] + 1)]
    assert matrix['python'][0] == test_sync.settings()['min_python'] and (3, 13) in versions
    assert matrix['versions'] == ['newest'] and constraints('newest') == {}
    assert matrix['include'] == [dict(python=matrix['python'][0], versions='oldest')]


def test_the_oldest_versions_are_the_lower_bounds_of_the_settings():
    "All of them, held back at once"
    wanted = {r.name: r for k in ('requirements', 'dev_requirements') for r in map(Requirement, shlex.split(test_sync.settings()[k]))}
    oldest = constraints('oldest')
    assert set(oldest) == set(wanted)
    for name, pin in oldest.items():
        bound, = [b for b in wanted[name].specifier if b.operator in ('>=', '==')]
        pinned, = pin
        assert pinned.operator == '==' and Version(pinned.version) == Version(bound.version), f'{name}: {pinned}, {bound}'


def test_what_the_package_imports_is_required():
    named = dict(PIL='pillow', sklearn='scikit-learn')
    found = {name for p in (ROOT/'dataset_condensation').glob('*.py') for name in imports(p.read_text(encoding='utf-8'))}
    found = {named.get(n, n) for n in found} - sys.stdlib_module_names - {'dataset_condensation'}
    assert found - {'psutil'} == set(bounds())       # psutil is used where it is there


def imports(code):
    "The first names of what a module imports, wherever in it"
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import): yield from (a.name.split('.')[0] for a in node.names)
        if isinstance(node, ast.ImportFrom) and not node.level: yield node.module.split('.')[0]


def test_one_job_has_a_newer_fastcore_than_nbdev_allows():
    dev = {r.name: r.specifier for r in map(Requirement, shlex.split(test_sync.settings()['dev_requirements']))}
    assert bounds()['fastcore'].contains('99') and not dev['fastcore'].contains('2.0')    # why one job has no dev extra


def test_the_test_command_is_that_of_the_readme():
    readme = (ROOT/'README.md').read_text(encoding='utf-8')
    command, = re.findall(r'^pip install .*&& *pytest.*', readme, flags=re.M)
    assert command.endswith('&& pytest') and "'.[dev]'" in command
    ran, = steps('tests', 'tests', 'run')
    assert ran.endswith(' .ci/run') and 'PYTHON=python' in ran
    assert 'PIP_CONSTRAINT="$PWD/.github/${{ matrix.versions }}.txt"' in ran
    script = (ROOT/'.ci'/'run').read_text(encoding='utf-8')
    assert "command=$(grep -m1 -E '^pip install .*&& *pytest' README.md)" in script and 'bash -euo pipefail -c "$command"' in script
    assert os.access(ROOT/'.ci'/'run', os.X_OK)


def test_the_first_command_is_that_of_the_readme():
    command = WORKFLOWS['tests']['jobs']['first-command']['steps'][-1]
    assert command['run'] in (ROOT/'README.md').read_text(encoding='utf-8').splitlines() and command['shell'] == 'bash'


def test_what_others_skip_is_run_in_a_job_of_its_own():
    install, browser, command = steps('tests', 'browser', 'run')
    assert "'.[dev,course]'" in install and 'playwright' in install and 'chromium' in browser
    files = {p.name for p in (ROOT/'tests').glob('test_*.py')
             if re.search(r'browser\.missing|importorskip\(.nbgrader', p.read_text(encoding='utf-8'))} - {Path(__file__).name}
    assert files <= {Path(word).name for word in shlex.split(command)}, files


def test_the_site_is_checked_before_it_is_published():
    ran = steps('docs', 'build', 'run')
    build, check = (next(i for i, line in enumerate(ran) if tool in line) for tool in ('build.py --mathjax', 'site_check.py'))
    assert build < check and f' {test_sync.settings()["doc_path"]} --mathjax' in ran[check]
    upload = next(s for s in WORKFLOWS['docs']['jobs']['build']['steps'] if 'upload-pages' in s.get('uses', ''))
    assert upload['with']['path'] == test_sync.settings()['doc_path']
    publish = WORKFLOWS['docs']['jobs']['publish']
    assert publish['needs'] == 'build' and f"github.ref == 'refs/heads/{test_sync.settings()['branch']}'" in publish['if']


@pytest.mark.skipif(os.name == 'nt', reason='a script for bash')
@pytest.mark.parametrize('tag, change, owner, says', [
    ('v1.2.0', '1.2.0 (2026-11-20)', 'someone', ''),
    ('v1.2.1', '1.2.0 (2026-11-20)', 'someone', 'tag v1.2.1, but version 1.2.0'),
    ('1.2.0', '1.2.0 (2026-11-20)', 'someone', 'tag 1.2.0, but version 1.2.0'),
    ('v1.2.0', '1.2.0 (unreleased)', 'someone', "no '## 1.2.0 (date)'"),
    ('v1.2.0', '1.2.0 (2026-11-20)', 'OWNER', 'settings.ini has no owner yet'),
])
def test_only_a_version_that_is_ready_is_released(tag, change, owner, says, tmp_path):
    assert [WORKFLOWS['release']['jobs'][j].get('needs') for j in ('tests', 'build', 'publish')] == ['ready', 'tests', 'build']
    script, = steps('release', 'ready', 'run')
    cfg = (ROOT/'settings.ini').read_text(encoding='utf-8')
    for key, value in dict(version='1.2.0', user=owner, author_email='a@b.org').items():
        cfg, n = re.subn(rf'^{key} = .*', f'{key} = {value}', cfg, flags=re.M)
        assert n == 1, f'settings.ini has no line `{key} = …`'
    (tmp_path/'settings.ini').write_text(cfg, encoding='utf-8')
    (tmp_path/'CHANGELOG.md').write_text(f'# Changes\n\n## {change}\n\n## 1.1.0 (2026-01-01)\n')
    done = subprocess.run(['bash', '-e', '-o', 'pipefail', '-c', script], cwd=tmp_path, text=True, capture_output=True,
                          env={**os.environ, 'GITHUB_REF_NAME': tag})
    assert (done.returncode == 0) == (not says) and says in done.stdout, done
