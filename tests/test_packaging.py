"The sdist and the wheel hold what they should, and an installed wheel works away from this folder"
import ast
import os
import re
import shlex
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from conftest import ROOT, copy_project, run
from packaging.requirements import Requirement
from packaging.version import Version
from test_sync import PACKAGE, settings

pytestmark = [pytest.mark.packaging, pytest.mark.slow]


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    "The folder with an sdist, and with the wheel that is made from it"
    pytest.importorskip('build', reason="python -m build is in the dev extra: pip install -e '.[dev]'")
    folder = tmp_path_factory.mktemp('packaging')
    project = copy_project(folder/'project')
    done = run('-m', 'build', '--no-isolation', '--outdir', folder/'dist', project, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert 'SetuptoolsDeprecationWarning' not in done.stdout, done.stdout
    return folder/'dist'


@pytest.fixture(scope='module')
def wheel(built):
    "The files of the wheel: {path: bytes}"
    file, = built.glob('*.whl')
    assert file.name == f'{PACKAGE}-{settings()["version"]}-py3-none-any.whl'
    with zipfile.ZipFile(file) as z: return {n: z.read(n) for n in z.namelist() if not n.endswith('/')}


@pytest.fixture(scope='module')
def metadata(wheel): return Parser().parsestr(info(wheel, 'METADATA'))


def info(wheel, name): return next(text for path, text in wheel.items() if path.endswith(f'.dist-info/{name}')).decode()


def test_the_wheel_holds_the_package_and_the_license_and_nothing_else(wheel):
    kept = (p for p in (ROOT/PACKAGE).rglob('*') if p.is_file() and p.suffix != '.pyc')
    files = {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in kept}
    assert {path: text for path, text in wheel.items() if '.dist-info/' not in path} == files
    licenses = [text for path, text in wheel.items() if '.dist-info/' in path and path.endswith('/LICENSE')]
    assert licenses == [(ROOT/'LICENSE').read_bytes()]


def test_the_metadata_is_that_of_the_settings(metadata, wheel):
    cfg = settings()
    assert (metadata['Name'], metadata['Version']) == (cfg['lib_name'], cfg['version'])
    assert metadata['Requires-Python'] == f'>={cfg["min_python"]}'
    assert metadata['Summary'] == cfg['description']
    assert 'Apache-2.0' in (metadata['License-Expression'], metadata['License'])
    assert f'Programming Language :: Python :: {cfg["min_python"]}' in metadata.get_all('Classifier')
    assert metadata.get_payload().strip() == (ROOT/'README.md').read_text(encoding='utf-8').strip()
    lines = [line.replace(' ', '') for line in info(wheel, 'entry_points.txt').splitlines() if line.strip()]
    assert lines == ['[console_scripts]', *shlex.split(cfg['console_scripts']), '[nbdev]', f'{PACKAGE}={PACKAGE}._modidx:d']


def test_requirements_and_extras_are_those_of_the_settings(metadata):
    extras = {'': 'requirements'} | {e: f'{e}_requirements' for e in ('widgets', 'dev', 'course', 'integrations')}
    wanted = {extra: {str(Requirement(r)) for r in shlex.split(settings()[key])} for extra, key in extras.items()}
    found = {extra: set() for extra in wanted}
    for r in map(Requirement, metadata.get_all('Requires-Dist')):
        extra = next((e for e in wanted if e and r.marker and r.marker.evaluate({'extra': e})), '')
        r.marker = None
        found[extra].add(str(r))
    assert found == wanted
    assert set(metadata.get_all('Provides-Extra')) == {'widgets', 'dev', 'course', 'integrations'}


def test_an_installed_wheel_works_on_its_own(built, tmp_path):
    file, = built.glob('*.whl')
    site = tmp_path/'site'
    alone = '--no-deps', '--no-index', '--no-compile'  # what it requires is installed already
    done = run('-m', 'pip', 'install', '--quiet', *alone, '--target', site, file, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    modules = ['.'.join(p.relative_to(site).with_suffix('').parts) for p in (site/PACKAGE).rglob('*.py')]
    modules = [m.removesuffix('.__init__') for m in sorted(modules) if not m.endswith('.__main__')]
    code = f'import importlib; print(*(importlib.import_module(m).__file__ for m in {modules}), sep="\\n")'
    done = run('-c', code, cwd=tmp_path, env={'PYTHONPATH': str(site)})
    assert done.returncode == 0, done.stdout
    assert len(modules) > 1 and {Path(f).is_relative_to(site) for f in done.stdout.splitlines()} == {True}, done.stdout
    commands = [s.split('=')[0] for s in shlex.split(settings()['console_scripts'])]
    for command in commands:
        done = run(site/'bin'/command, '--help', cwd=tmp_path, env={'PYTHONPATH': str(site)})
        assert done.returncode == 0 and 'usage' in done.stdout.lower(), done.stdout


# ---- What is required, and what is released

def required(*keys): return {r.name: r for k in keys for r in map(Requirement, shlex.split(settings()[k]))}


def imports(code):
    "The first names of what a module imports, wherever in it"
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import): yield from (a.name.split('.')[0] for a in node.names)
        if isinstance(node, ast.ImportFrom) and not node.level: yield node.module.split('.')[0]


def test_what_the_package_imports_is_required():
    named = dict(PIL='pillow', sklearn='scikit-learn')
    found = {name for p in (ROOT/PACKAGE).rglob('*.py') for name in imports(p.read_text(encoding='utf-8'))}
    found = {named.get(n, n) for n in found} - sys.stdlib_module_names - {PACKAGE}
    assert found - {'psutil'} == set(required('requirements', 'widgets_requirements'))       # psutil is used where it is there


def test_the_oldest_versions_that_are_tested_are_the_lower_bounds():
    "All of them, held back at once"
    lines = [s.partition('#')[0].strip() for s in (ROOT/'.github'/'oldest.txt').read_text(encoding='utf-8').splitlines()]
    oldest, wanted = {r.name: r.specifier for r in map(Requirement, filter(None, lines))}, required('requirements', 'dev_requirements')
    assert set(oldest) == set(wanted)
    for name, pin in oldest.items():
        bound, = [b for b in wanted[name].specifier if b.operator in ('>=', '==')]
        pinned, = pin
        assert pinned.operator == '==' and Version(pinned.version) == Version(bound.version), f'{name}: {pinned}, {bound}'


@pytest.mark.skipif(os.name == 'nt', reason='a script for bash')
@pytest.mark.parametrize('tag, change, owner, says', [
    ('v1.2.0', '1.2.0 (2026-11-20)', 'someone', ''),
    ('v1.2.1', '1.2.0 (2026-11-20)', 'someone', 'tag v1.2.1, but version 1.2.0'),
    ('v1.2.0', '1.2.0 (unreleased)', 'someone', "no '## 1.2.0 (date)'"),
    ('v1.2.0', '1.2.0 (2026-11-20)', 'OWNER', 'settings.ini has no owner yet')])
def test_only_a_version_that_is_ready_is_released(tag, change, owner, says, tmp_path):
    yaml = pytest.importorskip('yaml', reason="workflows are YAML: pip install -e '.[dev]'")
    jobs = yaml.safe_load((ROOT/'.github'/'workflows'/'release.yml').read_text(encoding='utf-8'))['jobs']
    script, = [s['run'] for s in jobs['ready']['steps'] if 'run' in s]
    cfg = (ROOT/'settings.ini').read_text(encoding='utf-8')
    for key, value in dict(version='1.2.0', user=owner, author_email='a@b.org').items():
        cfg = re.sub(rf'^{key} = .*', f'{key} = {value}', cfg, flags=re.M)
    (tmp_path/'settings.ini').write_text(cfg, encoding='utf-8')
    (tmp_path/'CHANGELOG.md').write_text(f'# Changes\n\n## {change}\n\n## 1.1.0 (2026-01-01)\n')
    done = subprocess.run(['bash', '-e', '-o', 'pipefail', '-c', script], cwd=tmp_path, text=True, capture_output=True,
                          env={**os.environ, 'GITHUB_REF_NAME': tag})
    assert (done.returncode == 0) == (not says) and says in done.stdout, done
