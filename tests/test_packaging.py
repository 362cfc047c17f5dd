"The sdist and the wheel hold what they should, and an installed wheel works away from this folder"
import shlex
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from conftest import ROOT, copy_project, run
from packaging.requirements import Requirement
from test_sync import PACKAGE, settings

pytestmark = pytest.mark.packaging


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
    modules = {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in (ROOT/PACKAGE).rglob('*.py')}
    assert {path: text for path, text in wheel.items() if '.dist-info/' not in path} == modules
    licenses = [text for path, text in wheel.items() if '.dist-info/' in path and path.endswith('/LICENSE')]
    assert licenses == [(ROOT/'LICENSE').read_bytes()]


def test_the_metadata_is_that_of_the_settings(metadata):
    cfg = settings()
    assert (metadata['Name'], metadata['Version']) == (cfg['lib_name'], cfg['version'])
    assert metadata['Requires-Python'] == f'>={cfg["min_python"]}'
    assert metadata['Summary'] == cfg['description']
    assert 'Apache-2.0' in (metadata['License-Expression'], metadata['License'])
    assert f'Programming Language :: Python :: {cfg["min_python"]}' in metadata.get_all('Classifier')
    assert metadata.get_payload().strip() == (ROOT/'README.md').read_text(encoding='utf-8').strip()


def test_requirements_and_extras_are_those_of_the_settings(metadata):
    wanted = {'': 'requirements', 'dev': 'dev_requirements', 'course': 'course_requirements'}
    wanted = {extra: {str(Requirement(r)) for r in shlex.split(settings()[key])} for extra, key in wanted.items()}
    found = {extra: set() for extra in wanted}
    for r in map(Requirement, metadata.get_all('Requires-Dist')):
        extra = next((e for e in wanted if e and r.marker and r.marker.evaluate({'extra': e})), '')
        r.marker = None
        found[extra].add(str(r))
    assert found == wanted
    assert set(metadata.get_all('Provides-Extra')) == {'dev', 'course'}


def test_the_entry_points_are_those_of_the_settings(wheel):
    lines = [line.replace(' ', '') for line in info(wheel, 'entry_points.txt').splitlines() if line.strip()]
    assert lines == ['[console_scripts]', *shlex.split(settings()['console_scripts']),
                     '[nbdev]', f'{PACKAGE}={PACKAGE}._modidx:d']


def test_the_sdist_can_build_a_wheel_by_itself(built):
    file, = built.glob('*.tar.gz')
    with tarfile.open(file) as t: names = {n.split('/', 1)[-1] for n in t.getnames()}
    wanted = {'settings.ini', 'setup.py', 'pyproject.toml', 'README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md'}
    assert wanted | {f'{PACKAGE}/__init__.py'} <= names


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
