"The one table of the first page: the papers' accuracies beside ours"
from .papers import published
from .tables import ResultsTable, as_published

SHOWN = {'mnist': 'MNIST', 'cifar10-jpeg': 'CIFAR10'}       # data: its name in the table
METHODS = {'random': 'random', 'herding': 'herding', 'dc': 'DC', 'dsa': 'DSA', 'dm': 'DM', 'dm-tiles': 'DM in tiles'}


def headline(
    rows: list,     # Of `Measured`
) -> ResultsTable:  # Accuracy in percent, with the published one in brackets
    "MNIST and CIFAR10 at one and ten images per class, scored as published"
    table = [['', 'per class', *METHODS.values(), 'all images']]
    everything = {data: next(str(p).split('±')[0] for p in published(data) if p.ipc == 0) for data in SHOWN}
    for data, name in SHOWN.items():
        found = {(r[0], r[1].split(' ')[0]): r for r in as_published(rows, data, methods=list(METHODS)).rows[1:]}
        for ipc in sorted({ipc for ipc, _ in found}, key=int):
            def cell(method):
                if (ipc, method) not in found: return '–'
                _, _, paper, _, ours, *_ = found[ipc, method]
                return f'{ours} ({paper.split("±")[0] + "?" * paper.endswith("?")})' if paper != '–' else ours
            table.append([name, ipc, *map(cell, METHODS), f'({everything[data]})'])
    return ResultsTable(table, '')
