"Names are whatever people write: pictures, tables, pages, files and terminals take every one of them"
import errno
import html
import io
import json
import os
import re
import subprocess
import sys
import warnings

import matplotlib.pyplot as plt
import pytest
import torch
from PIL import Image

import dataset_condensation.cli as cli
from dataset_condensation.all import *
from dataset_condensation.arguments import Terminal
from dataset_condensation.cli import main
from dataset_condensation.text import picture_text, plain_text
from dataset_condensation.training import Evaluation

posix = pytest.mark.skipif(os.name != 'posix', reason='folders with any bytes in their names')
NAMES = ['$^$', '$5-$10', r'\$_$', '$\\frac{$', 'caf\udce9', 'two\nlines', 'tab\there', 'nul\0byte', '\x1b[2J\x07', '\u202etxt.exe',
         'a|b', r'a\|b', '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '&amp;', '`code`', '[a](javascript:b)',
         '![a](http://c/d.png)', '🐱', '猫', 'مرحبا', 'x'*5000, '..', '../../etc/passwd', 'con', 'C:\\temp', '', ' ', '%s{0}', '_a']
SHORT = ['--method', 'dm', '--iterations', '1', '--real-batch', '4', '--nets', '1', '--epochs', '1', '--whole', '0',
         '--baselines', 'none', '--net', 'mlp', '--quiet']


def drawn(ax):
    "Draw, and take every warning for an error"
    figure = ax.figure if hasattr(ax, 'figure') else ax[0].figure
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        figure.savefig(io.BytesIO(), format='png', bbox_inches='tight')
    size = figure.get_tightbbox().bounds[2:]
    plt.close(figure)
    assert max(size) < 60, 'inches'


@pytest.fixture(scope='module')
def odd():
    "Data whose classes have these names"
    x, y = torch.randint(0, 256, (len(NAMES)*3, 1, 8, 8), generator=torch.Generator().manual_seed(0)).byte(), None
    y = torch.arange(len(NAMES)).repeat(3)
    return from_tensors(x, y, x, y, classes=NAMES, name='$^$ <b> \udce9')


def table(names=NAMES):
    e = Evaluation([50., 60.], 0., 10, 'mlp', train_recipe('dc'), 0)
    return Comparison([Score(n, [e]) for n in names], dict(data='d', ipc=1, recipe=vars(train_recipe('dc'))))


# ---- Pictures

def studies():
    about = dict(heads=['$^$', 'caf\udce9\n'], notes=['<b>'], study={}, orders=[], methods={})
    runs = [dict(method=n, order=0, groups=[['a'], ['b']], by_group=[[[50.]], [[50., 50.]]], accuracies=[[50.], [50.]],
                 images=[1, 2], bytes=[1, 2], making=[0., 0.], training=[0., 0.]) for n in NAMES]
    from dataset_condensation.continual_learning import ContinualRun
    return Continual([ContinualRun(**r) for r in runs], about)


def searched():
    columns = {n: dict(stored=1, looked_at=1, seconds=0.) for n in [*NAMES[:6], 'whole']}
    runs = {n: {net: dict(accuracies=[a], seconds=0.) for net, a in (('mlp', 50.), ('lenet', 60.))} for n in columns}
    return SearchResult(['mlp', 'lenet'], columns, runs)


PICTURES = {
    'data': lambda d: d.show(1, classes=range(d.n_classes)), 'set': lambda d: random_set(d, 1).show(),
    'steps': lambda d: show_steps({n: random_set(d, 1) for n in NAMES[:9]}),
    'confusion': lambda d: plot_confusion(make_net('mlp', d), d),
    'embeddings': lambda d: plot_embeddings(random_set(d, 1), d, 'mlp', classes=range(d.n_classes), n=2),
    'comparison': lambda d: plot_compare(table()),
    'heat': lambda d: plot_cross(CrossTable([(n, 'mlp') for n in NAMES], ['mlp'], [[s] for s in table().scores])),
    'history': lambda d: plot_history({n: SyntheticSet(torch.zeros(2, 1, 8, 8), torch.arange(2), ['a', 'b'], [0.], [1.], {}, torch.ones(3))
                                       for n in NAMES if not n.startswith('_')}),
    'continual': lambda d: studies().plot(), 'search': lambda d: plot_search(searched())}


@pytest.mark.parametrize('what', PICTURES)
def test_every_name_can_be_drawn(odd, what): drawn(PICTURES[what](odd))


def test_what_a_picture_shows():
    for name in NAMES:
        text = picture_text(name)
        assert picture_text(text) == text and '\n' not in text and len(text) <= 70, name
    for name in ('Käse', 'ρ = 0.5', '5 %', 'Ελλάδα'): assert picture_text(name) == name


# ---- Tables and pages

def cells(line): return re.split(r'(?<!\\)(?:\\\\)*\|', line)[1:-1]


@pytest.mark.parametrize('make', [table, studies, searched, lambda: CrossTable([(n, n) for n in NAMES], ['mlp'], [[s] for s in table().scores])])
def test_tables_keep_their_form_and_hold_no_markup(make):
    found = make()
    shown, plain = found._repr_markdown_(), repr(found)
    rows = [line for line in shown.splitlines() if line.startswith('|')]
    assert len({len(cells(r)) for r in rows}) == 1 and not re.search(r'<|(?<!\\)`|(?<!\\)\[|(?<!\\)\$|javascript:.*\)\(', shown)
    assert all(c.isprintable() or c in '\n\xa0' for c in shown + plain)
    assert len(rows) - 2 == len(plain.splitlines()) - 1 - len(getattr(found, 'about', {}).get('notes', []))


def test_the_page_of_a_run(odd, tmp_path):
    small = random_set(odd, 1)
    report = dict(command=['condense', 'caf\udce9', '<b>'], data=dict(name=odd.name, train=1, test=1, classes=odd.classes), method='$^$',
                  ipc=1, net='mlp', seed=0, versions={}, seconds={}, **table().as_dict())
    page = write_report(tmp_path, report, small, '<script>').read_text(encoding='utf-8')
    assert '<script' not in page and '<img src=x' not in page and html.escape('<script>alert(1)</script>') in page
    assert set(re.findall(r'<img src="(.{11})', page)) == {'data:image/'}


# ---- Files

def test_sets_and_folders_keep_names_to_the_letter(odd, tmp_path):
    small = random_set(odd, 1)
    assert SyntheticSet.load(small.save(tmp_path/'s.safetensors')).classes == odd.classes
    assert SyntheticSet.from_folder(small.to_folder(tmp_path/'set')).classes == odd.classes
    assert {p.parent for p in (tmp_path/'set').iterdir()} == {tmp_path/'set'} and not (tmp_path/'etc').exists()


def test_tables_in_files_keep_names_to_the_letter(tmp_path):
    table().save(tmp_path/'t.json')
    assert [s.name for s in Comparison.load(tmp_path/'t.json').scores] == NAMES
    studies().save(tmp_path/'c.json')
    assert Continual.load(tmp_path/'c.json').names == NAMES
    cross = CrossTable([(n, 'mlp') for n in NAMES], ['mlp'], [[s] for s in table().scores])
    cross.save(tmp_path/'x.json')
    assert repr(CrossTable.load(tmp_path/'x.json')) == repr(cross)
    assert CrossTable.load(tmp_path/'x.json').rows == cross.rows


# ---- The command

def folders(top, names):
    for name in names:
        os.makedirs(top/name)
        for i in range(4): Image.new('L', (8, 8), 9*i).save(top/name/f'{i}.png')
    return top


@posix
def test_a_run_with_any_class(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = [n for n in NAMES if n not in ('', '..') and not set(n) & set('/\0') and len(n) < 200]
    data = folders(tmp_path/'$^$ caf\udce9\n', names)
    assert main([str(data), *SHORT, '--in-memory', '--out', 'out']) == 0, capsys.readouterr().err
    assert {'report.html', 'report.json', 'synthetic.png', 'synthetic.safetensors'} <= {p.name for p in (tmp_path/'out').iterdir()}
    assert set(json.loads((tmp_path/'out'/'report.json').read_text(encoding='utf-8'))['data']['classes']) == set(names)


@posix
def test_the_folder_of_a_run_is_called_after_any_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = 'caf\udce9'
    folders(tmp_path/name, 'ab')
    assert main([name, *SHORT, '--in-memory']) == 0, capsys.readouterr().err
    assert len(list((tmp_path/'runs').iterdir())) == 1


def test_data_that_are_gone_do_not_lead_out_of_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args = cli.parse([str(tmp_path/'gone'/'photos')])
    assert cli.run_folder(args).parts == ('runs', 'photos-dc-ipc1')


def test_a_run_that_died_in_its_report_gets_one(tmp_path, monkeypatch, capsys):
    def died(*args, **kw): raise ValueError('as older versions did')
    real = cli.write_report
    monkeypatch.setattr(cli, 'write_report', died)
    assert main(['digits', *SHORT, '--out', str(tmp_path/'out')]) == 2
    monkeypatch.setattr(cli, 'write_report', real)
    (tmp_path/'out'/'report.json').unlink()
    assert main(['digits', *SHORT, '--out', str(tmp_path/'out'), '--resume']) == 0
    assert {'report.html', 'report.json'} <= {p.name for p in (tmp_path/'out').iterdir()}


# ---- Terminals

class Gone(io.TextIOBase):
    "A stream that fails"
    encoding = 'utf-8'
    def __init__(self, e): self.e = e
    def write(self, text): raise self.e
    def flush(self): raise self.e


STREAMS = {
    'cp437': lambda: io.TextIOWrapper(io.BytesIO(), 'cp437'), 'none': lambda: None,
    'full': lambda: Gone(OSError(errno.ENOSPC, 'full')),
    'closed': lambda: Gone(ValueError('I/O operation on closed file'))}


@pytest.mark.parametrize('stream', STREAMS)
def test_any_terminal(tmp_path, monkeypatch, stream):
    with monkeypatch.context() as m:
        m.setattr(sys, 'stdout', out := STREAMS[stream]())
        m.setattr(sys, 'stderr', STREAMS[stream]())
        with pytest.raises(SystemExit) as listed: main(['--list'])
        with pytest.raises(SystemExit) as e: main(['--help'])
        with pytest.raises(SystemExit) as wrong: main(['--iterations', 'x'])
        loud = [a for a in SHORT if a != '--quiet']
        codes = [listed.value.code, e.value.code, wrong.value.code, main(['caf\udce9\x1b[2J', '--quiet'])]
        if stream in ('cp437', 'none'): codes.append(main([*loud, '--out', str(tmp_path/'out')]))
        assert sys.stdout is out
        if hasattr(out, 'buffer'): out.detach()
    assert codes[:4] == [0, 0, 2, 2] and not any(codes[4:])


def test_what_a_poor_terminal_shows():
    for code, shown in (('ascii', '8x8 +- - ... ?'), ('cp437', '8x8 +- - ... ?'), ('utf-8', '8x8 +- - ... ?')):
        out = io.TextIOWrapper(io.BytesIO(), code)
        print('8×8 ± – … \udce9', file=Terminal(out))
        assert out.buffer.getvalue().decode(code) == shown + '\n'


@pytest.mark.slow
@posix
@pytest.mark.parametrize('shell', ['{} --list | head -1', 'LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {} --help'])
def test_in_a_shell(shell):
    said = subprocess.run(['bash', '-o', 'pipefail', '-c', shell.format(f'{sys.executable} -m dataset_condensation')],
                          capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, '')


def test_an_error_cannot_command_the_terminal(capsys):
    assert main(['no\x1b[2Jwhere/', '--quiet']) == 2
    said = capsys.readouterr().err
    assert '\x1b' not in said and r'no\x1b[2Jwhere' in said
    assert plain_text('\x9b31m\r') == r'\x9b31m\r'
