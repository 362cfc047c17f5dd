"Settings of nbgrader, for this folder and for the course folders that tools/make_course.py makes from it"
import os
import warnings
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor, Preprocessor
from nbgrader.preprocessors import (CheckCellMetadata, ClearOutput, DeduplicateIds, GetGrades, OverwriteCells,
                                    OverwriteKernelspec)
from sqlalchemy.exc import SAWarning

c = get_config()  # noqa: F821, nbgrader provides it
c.CourseDirectory.course_id = 'dataset_condensation'

# A course folder has nbgrader's own layout (source, release, submitted, …). Here the assignments stand side by side,
# and what nbgrader writes begins with an underscore: nbdev and git pass it by.
if not Path('source').is_dir():
    c.CourseDirectory.source_directory = '.'
    for folder in 'release', 'submitted', 'autograded', 'feedback':
        setattr(c.CourseDirectory, f'{folder}_directory', f'_{folder}')

# A cell that runs for ever is interrupted and earns nothing; the cells below it are still graded.
c.ExecutePreprocessor.timeout = 60
c.ExecutePreprocessor.interrupt_on_timeout = True
c.ClearSolutions.code_stub = {'python': "raise NotImplementedError('your turn')"}
c.IncludeHeaderFooter.header = ''


class RestoreCells(OverwriteCells):
    "Puts deleted cells back where they were; nbgrader's own way fails where a given cell stands before one of them"
    def add_missing_grade_cells(self, nb, resources):
        source = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        order, graded = [cell.name for cell in source.source_cells], {cell.name: cell for cell in source.grade_cells}
        solutions = {cell.name for cell in source.solution_cells}
        for i, name in enumerate(order):
            there = {cell.metadata.get('nbgrader', {}).get('grade_id'): k for k, cell in enumerate(nb.cells)}
            if name in there or name not in graded: continue
            place = max((there[before] for before in order[:i] if before in there), default=-1)
            cell = self.missing_cell_transform(source.source_cells[i], graded[name].max_score, name in solutions)
            nb.cells.insert(place + 1, cell)
        return nb, resources


c.Autograde.sanitize_preprocessors = [ClearOutput, DeduplicateIds, OverwriteKernelspec, RestoreCells, CheckCellMetadata]
c.OverwriteCells.add_missing_cells = True

class FeedbackStyle(Preprocessor):
    "Keeps the columns of a table apart, and hides the signs beside headings"
    def preprocess(self, nb, resources):
        resources['inlining']['css'].append('td, th { padding: 0.1em 0.6em; } .anchor-link { visibility: hidden; }')
        return nb, resources


c.GenerateFeedback.preprocessors = [GetGrades, CSSHTMLHeaderPreprocessor, FeedbackStyle]
c.FeedbackStyle.enabled = True

# Kernels inherit these. One thread: several may be graded at once, and sums are taken in one order. No progress bars:
# they are written to stderr, and nbgrader gives no points to a test cell that writes there.
for library in 'OMP', 'MKL', 'OPENBLAS': os.environ.setdefault(f'{library}_NUM_THREADS', '1')
os.environ.update(TQDM_DISABLE='1', PYTHONWARNINGS='ignore')
warnings.filterwarnings('ignore', category=SAWarning)    # of nbgrader's own code; there is nothing a teacher could do
