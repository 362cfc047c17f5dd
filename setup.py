"Packaging. Every value lives in settings.ini: edit it there."
import shlex
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

config = ConfigParser(delimiters=['='])
config.read('settings.ini', encoding='utf-8')
cfg = config['DEFAULT']

licenses = {'apache2': 'Apache-2.0'}
statuses = {'1': 'Planning', '2': 'Pre-Alpha', '3': 'Alpha', '4': 'Beta', '5': 'Production/Stable'}
python_versions = '3.10 3.11 3.12 3.13'.split()
supported = python_versions[python_versions.index(cfg['min_python']):]

setup(
    name=cfg['lib_name'],
    version=cfg['version'],
    description=cfg['description'],
    long_description=Path('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    keywords=cfg['keywords'],
    author=cfg['author'],
    author_email=cfg['author_email'],
    license=licenses[cfg['license']],
    url=cfg['git_url'],
    project_urls={'Documentation': cfg['doc_host'] + cfg['doc_baseurl']},
    classifiers=[
        f'Development Status :: {cfg["status"]} - {statuses[cfg["status"]]}',
        f'Intended Audience :: {cfg["audience"]}',
        f'Natural Language :: {cfg["language"]}',
        *(f'Programming Language :: Python :: {v}' for v in supported),
    ],
    python_requires=f'>={cfg["min_python"]}',
    packages=find_packages(include=[cfg['lib_path'], f'{cfg["lib_path"]}.*']),
    package_data={cfg['lib_path']: ['*.json', '*.npz', 'mnist_sample.txt', '*.pyi', 'py.typed', 'templates/*', 'published/*/*']},
    install_requires=shlex.split(cfg['requirements']),
    extras_require={
        'widgets': shlex.split(cfg['widgets_requirements']),
        'dev': shlex.split(cfg['dev_requirements']),
        'course': shlex.split(cfg['course_requirements']),
        'integrations': shlex.split(cfg['integrations_requirements']),
    },
    entry_points={
        'console_scripts': shlex.split(cfg['console_scripts']),
        'nbdev': [f'{cfg["lib_path"]}={cfg["lib_path"]}._modidx:d'],
    },
)
