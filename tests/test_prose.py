"""What the notebooks say: the words of the field, numbers that a cell prints, code that fits a page

    pytest tests/test_prose.py -k 06       # one chapter
"""
import re

import pytest
from test_notebooks import notebooks
from test_sync import cells, directives, source


def course(): return [n for n in notebooks() if re.match(r'\d\d_', n)]


def pages(): return [n for n in notebooks() if not n.startswith('assignments')]


def plain(text):
    "Prose without code, formulas, pictures, links' targets and tables"
    text = re.sub(r'^```.*?^```|^\|.*?$|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$', ' ', text, flags=re.M | re.S)
    return re.sub(r'!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|https?://\S+', ' ', text)


# In place of these the lexicon of the field: epochs, updates, at random, classifies, resumes, fast path, expensive, …
STIFF = r"""whoever|whatever|whichever|somebody|nobody|anybody|blindly|of its own|of their own accord|gone on from|goes on from
dear|dearer|as torch comes|in a hurry|happens not to mind|does not mind|do not mind|turning in a loop|asks for its gradients?
quick ways?|passed on|what came of it|the whole of it|learnt|so to speak|has to be told|be told of|is the judge|an image has to please
in three dresses|slip of the finger|for it is|for they are|lies where|lie where|it is asked|are asked|is asked|riddle"""
BRITISH = r"""colou?rs?\b(?<!color)(?<!colors)|\w+isation\b|labelled|labelling|behaviour|neighbours?|favou?r\w*\b(?<!favor)(?<!favors)|grey\w*
centres?|metres?|normalis\w+|optimis\w+|initialis\w+|recognis\w+|generalis\w+|minimis\w+|maximis\w+|summaris\w+|artefacts?|programme"""
# Passes are epochs (of training) or updates (of images); a pass forward or backward through a network is one
PASSES = r'(?<!forward )(?<!backward )\bpass(?:es)?\b(?= (?:of|over|through|between|per|in) |\b[.,;:)])'


@pytest.mark.parametrize('name', pages())
def test_the_words_are_those_of_the_field(name):
    found = []
    for c in cells(name):
        if c['cell_type'] != 'markdown': continue
        for pattern in (*(rf'\b(?:{"|".join(words.split(chr(10)))})\b' for words in (STIFF, BRITISH)), PASSES):
            found += [f'{c["id"]}: {m[0]}' for m in re.finditer(pattern, plain(source(c)), re.I)]
    assert not found, found


def words(pattern, names):
    "Occurrences among ten thousand words of prose"
    text = ' '.join(plain(source(c)) for n in names for c in cells(n) if c['cell_type'] == 'markdown')
    return 1e4 * len(re.findall(pattern, text, re.I)) / len(text.split())


def test_the_voice_is_that_of_a_colleague():
    "Contractions and 'you', for which good literate books have 15 to 90 and 30 to 100"
    assert words(r"\w['’](?:t|re|ll|ve|d|m)\b|\b(?:it|that|there|what|here|let|he|she|who|where)['’]s\b", course()) > 40
    assert words(r'\byou(?:r|rs)?\b', course()) > 50


@pytest.mark.parametrize('name', pages())
def test_code_fits_the_page(name):
    wide = [c['id'] for c in cells(name) if c['cell_type'] == 'code' and not {'hide', 'include'} & directives(c)
            for line in source(c).splitlines() if len(line) > 100 and not line.startswith('#|')]
    assert not wide, f'lines of more than 100 columns: {wide}'


@pytest.mark.parametrize('name', course())
def test_no_error_test_stands_in_a_lesson(name):
    "They are in tests/, by the table"
    assert not [c['id'] for c in cells(name) if c['cell_type'] == 'code' and re.search(r'test_fail|ExceptionExpected', source(c))]


def test_the_course_is_short():
    code = {n: [source(c) for c in cells(n) if c['cell_type'] == 'code'] for n in course()}
    assert sum(len(found) for n, found in code.items() if n < '17') <= 900                 # hidden ones included
    assert sum(not s.startswith('#| hide') for found in code.values() for s in found) <= 900   # what a reader sees


# ---- Numbers

NUMBER = r'(?<![\w.,/×-])\d[\d,]*(?:\.\d+)?(?![\w/×]|[.,]?\d)'
NEAR = 6        # cells on either side
# Numbers that no cell prints: {notebook: {number: where it is from}}
TOLD: dict[str, dict[str, str]] = {
    'how_fast.ipynb': {'256': 'real images of a class', '300': 'epochs of scoring'},
    'under_the_hood/60_command.ipynb': {'130': 'exit code of Ctrl-C', '143': 'of SIGTERM'},
    'index.ipynb': {'3.10': 'Python', '2,000': 'the sample of MNIST', '2.0': 'Apache', '3.0': 'CC BY-SA'},
    '01_data.ipynb': {'256': 'real batch of DC, DSA and DM', '0.20': 'usual standard deviation of CIFAR10', '0.25': 'of all pixels of CIFAR10'},
    '02_networks.ipynb': {'256': 'real batch of DC, DSA and DM'},
    '16_results.ipynb': {'3.9': 'DM on TinyImageNet, benchmarks/report/published.json', '300': 'updates of DSA on CIFAR10, results/reproduce',
        '100': 'epochs of the brief scoring', '1,000': 'epochs in the papers', '200': 'updates, table at the end of the page',
        '10,000': 'updates, DC', '20,000': 'updates, DM', '63.0': 'DM, table 1', '43.4': 'random images, DM, table 1',
        '21.6': 'DM on SVHN, run again by others', '21.9': 'likewise', '82.6': 'likewise'},
    '06_gradient_matching.ipynb': {
        '14.4': 'DC, table 1, CIFAR10', '21.5': 'DC, table 1, CIFAR10', '28.3': 'DC, table 1, CIFAR10', '44.9': 'DC, table 1, CIFAR10',
        '53.9': 'DC, table 1, CIFAR10', '91.7': 'DC, table 1, MNIST', '26.0': 'DM, table 1, CIFAR10', '48.9': 'DM, table 1, CIFAR10',
        '63.0': 'DM, table 1, CIFAR10', '52.1': 'DSA, table 1, CIFAR10', '60.6': 'likewise'},
    '07_augmentation.ipynb': dict.fromkeys(['88.7', '91.7'], 'published: DSA and DC on MNIST')
    | dict.fromkeys(['26.0', '33.2', '1.7'], 'published: random images of CIFAR10, without and with augmentation'),
    '10_distribution_matching.ipynb': dict.fromkeys(['67.0', '100', '71.2', '200', '76.1', '500', '65.2', '1,250'], 'published: DM on CIFAR10')
    | dict.fromkeys(['33.2', '1.7'], 'published: random images of CIFAR10 with augmentation'),
    '12_beyond.ipynb': dict.fromkeys(['28.3', '28.8', '26.0', '44.9', '52.1', '48.9', '53.9', '60.6', '63.0'], 'published: DC, DSA and DM on CIFAR10')
    | dict.fromkeys(['128', '1,000', '300'], 'scoring of benchmarks/reproduce_rows.py')
    | dict.fromkeys(['50.6', '67.5', '74.5', '45.6', '58.6', '45.3', '63.5', '69.9', '46.3', '65.3', '71.6'], 'published: CIFAR10, later papers'),
    '08_multi_level_matching.ipynb': {'256': "DC's real batch, published", '0.5': 'network momentum'},
    '04_coresets.ipynb': dict.fromkeys(('21.5', '14.4', '40.4', '43.4'), 'CIFAR10, random and herding: DC, tables'),
}


def claimed(text):
    "The numbers of a prose that could go stale: decimals, percentages, and whole numbers from 100 on that are no year"
    for m in re.finditer(NUMBER, plain(text)):
        number, after = m[0].rstrip(','), plain(text)[m.end():m.end() + 2]
        value = float(number.replace(',', ''))
        if '.' in number or after.strip().startswith('%') or value >= 100:
            if not re.fullmatch(r'(19|20)\d\d', number): yield number


def near(all_cells, i):
    "Sources and outputs of the code cells around"
    texts = []
    for c in all_cells[max(0, i - NEAR):i + NEAR + 1]:
        if c['cell_type'] != 'code': continue
        texts.append(source(c))
        for out in c.get('outputs', []):
            texts += [''.join(out.get('text', ''))]
            texts += [''.join(v) for k, v in out.get('data', {}).items() if k.startswith('text/')]
    return ' '.join(texts).replace('_', '').replace(',', '')


@pytest.mark.parametrize('name', pages())
def test_a_number_in_a_sentence_comes_from_a_cell_beside_it(name):
    book, stray = cells(name), []
    for i, c in enumerate(book):
        if c['cell_type'] != 'markdown' or re.match(r'## (Exercises|Where next)', source(c)): continue
        around = near(book, i)
        for number in claimed(source(c)):
            if number in TOLD.get(name, {}): continue
            if not re.search(rf'(?<![\d.]){re.escape(number.replace(",", ""))}(?!\d)', around): stray.append(f'{c["id"]}: {number}')
    assert not stray, f'print them in a cell nearby, or say in TOLD where they are from: {stray}'
