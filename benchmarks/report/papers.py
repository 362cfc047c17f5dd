"What the papers report, from published.json"
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Published:
    "A figure from a paper"
    data: str
    ipc: int             # 0 for the whole set
    method: str
    mean: float          # Accuracy in percent
    std: float | None    # Over networks; None where none is given
    reported: bool       # Quoted second-hand, not read in the paper
    source: str
    disputed: bool = False   # Others found something else

    def __str__(self):
        return f'{self.mean:.1f}' + (f'±{self.std:.1f}' if self.std else '') + '?' * (self.reported + self.disputed)


def published(
    data: str | None = None,   # Name of a data set; all if None. 'cifar10-jpeg' has the figures of 'cifar10'
) -> list[Published]:
    "What the papers report"
    known = json.loads((Path(__file__).parent/'published.json').read_text(encoding='utf-8'))
    wanted, found = data and data.removesuffix('-jpeg'), {}
    for row in known['figures']:
        for method, source in known['sources'].items():
            if method not in row or wanted not in (None, row['data']): continue
            mean, _, std = row[method].rstrip('?').partition('±')
            key = (row['data'], 0, 'whole set') if method == 'whole' else (row['data'], row['ipc'], method)
            found[key] = Published(*key, float(mean), float(std) if std else None, row[method].endswith('?'), source,
                                   row[method].endswith('??'))
    return list(found.values())
