"Settings of nbgrader, for this folder and for the course folders that tools/make_course.py makes from it"
import base64
import html
import io
import os
import re
import sys
import warnings
from pathlib import Path

from matplotlib.mathtext import math_to_image
from nbclient.exceptions import DeadKernelError
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor, Preprocessor
from nbformat.v4 import new_code_cell, new_output
from nbgrader.preprocessors import (AssignLatePenalties, CheckCellMetadata, ClearOutput, DeduplicateIds, Execute, GetGrades,
                                    IgnorePattern, LimitOutput, OverwriteCells, OverwriteKernelspec, SaveAutoGrades)
from sqlalchemy.exc import SAWarning

sys.path.insert(0, str(Path.cwd()))      # grade.py is beside this file
import grade

c = get_config()  # noqa: F821, nbgrader provides it
c.CourseDirectory.course_id = 'dataset_condensation'

# A course folder has nbgrader's own layout (source, release, submitted, …). Here the assignments stand side by side,
# and what nbgrader writes begins with an underscore: nbdev and git pass it by.
SOURCE = Path('source') if Path('source').is_dir() else Path('.')
if not Path('source').is_dir():
    c.CourseDirectory.source_directory = '.'
    for folder in 'release', 'submitted', 'autograded', 'feedback':
        setattr(c.CourseDirectory, f'{folder}_directory', f'_{folder}')

# A cell that runs for ever is interrupted and earns nothing; the cells below it are still graded.
# A test that makes a set has longer.
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
        locked = {cell.name for cell in source.source_cells if cell.locked}
        for i, name in enumerate(order):
            there = {cell.metadata.get('nbgrader', {}).get('grade_id'): k for k, cell in enumerate(nb.cells)}
            if name in there or name not in graded.keys() | locked: continue
            place = max((there[before] for before in order[:i] if before in there), default=-1)
            points = graded[name].max_score if name in graded else 0
            cell = self.missing_cell_transform(source.source_cells[i], points, name in solutions)
            if name not in graded:       # a given cell
                cell.metadata.nbgrader.grade = False
                del cell.metadata.nbgrader['points']
            nb.cells.insert(place + 1, cell)
        return nb, resources

    def preprocess_cell(self, cell, resources, cell_index):
        self.handed_in = cell.source
        return super().preprocess_cell(cell, resources, cell_index)

    def report_change(self, name, attr, old, new):
        "A release has no hidden tests, so each of its test cells differs from the source: that's no news"
        source = self.gradebook.find_source_cell(name, self.notebook_id, self.assignment_id).source
        shown = re.sub(r'^### BEGIN HIDDEN TESTS.*?^### END HIDDEN TESTS$\n?', '', source, flags=re.M | re.S)
        if attr == 'checksum' and self.handed_in.split() in (shown.split(), source.split()): return
        if attr != 'checksum': return super().report_change(name, attr, old, new)
        self.log.warning('Cell %s was edited by the student; the original is graded', name)


class FairExecute(Execute):
    "Runs a notebook, and puts back before each given cell and test what students' cells may have replaced; a dead kernel earns nothing"
    def preprocess(self, nb, resources):
        self.died, self.timeout_func = '', lambda cell: grade.LONGER.get(grade.marks(cell).get('grade_id'), self.timeout)
        name = resources['nbgrader']['assignment']
        self.names = grade.given_names(grade.read(SOURCE/name/f'{name}.ipynb'))
        return super().preprocess(nb, resources)

    def quietly(self, code, index):
        "Run code in the place of a cell, and leave the cell there"
        cell = self.nb['cells'][index]
        try: self.execute_cell(new_code_cell(code), index, store_history=False)
        finally: self.nb['cells'][index] = cell

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type != 'code': return cell, resources
        try:
            if self.died: raise DeadKernelError
            if self.names is not None:
                self.quietly(grade.START.format(code=grade.for_kernel(), names=self.names), index)
                self.names = None
            if grade.is_test(cell) or grade.is_given(cell): self.quietly(grade.BACK, index)
            cell, resources = super().preprocess_cell(cell, resources, index)
            self.nb['cells'][index] = cell
            if grade.is_given(cell): self.quietly(grade.NOTE.format(name=cell.metadata.nbgrader.grade_id), index)
        except DeadKernelError:
            self.died = self.died or f'the process ended here, or in the cell before ({index + 1})'
            cell.outputs = [new_output('error', ename='DeadKernel', evalue=self.died, traceback=[self.died])]
            self.nb['cells'][index] = cell
        return cell, resources


c.Autograde.autograde_preprocessors = [FairExecute, IgnorePattern, ClearMetadataPreprocessor, LimitOutput, SaveAutoGrades,
                                       AssignLatePenalties, CheckCellMetadata]
c.Autograde.sanitize_preprocessors = [ClearOutput, DeduplicateIds, OverwriteKernelspec, RestoreCells, CheckCellMetadata]
c.OverwriteCells.add_missing_cells = True

class FeedbackStyle(Preprocessor):
    "Keeps the columns of a table apart, hides the signs beside headings, and gives text and links enough contrast"
    def preprocess(self, nb, resources):
        resources['inlining']['css'].append("""td, th { padding: 0.1em 0.6em; } .anchor-link { visibility: hidden; }
            div.input_area, div.highlight, div.highlight pre { background: #fff !important; }
            #notebook-container a, .panel a { color: #0b4f8a !important; text-decoration: underline; }
            #notebook-container div.panel .panel-heading a { color: inherit !important; }
            #notebook-container div.panel-primary .panel-heading { background: #1f5f99; color: #fff; }""")
        return nb, resources



FORMULA = re.compile(r'(`[^`]*`)|\$\$(.+?)\$\$|\$([^$\n]+)\$', re.S)
PLAINER = {r'\\(begin|end)\{aligned\}': '', r'\\[lr]Vert(?![a-z])': r'\\Vert ', r'\\tfrac': r'\\frac', r'\\[Bb]ig(?![a-z])': '',
           r'\\frac *(\w)(\w)': r'\\frac{\1}{\2}', r'\\sqrt *(\w)': r'\\sqrt{\1}', r'\\arg\\max': r'\\mathrm{arg\\,max}', '&': ''}


def formula(found) -> str:
    "A formula in a text as a picture that stands on the line; one that can't be drawn stays as it is"
    if found[1]: return found[0]
    tex = re.sub(r'\\(?:text|operatorname)\{([^}]*)\}', lambda m: r'\mathrm{%s}' % m[1].replace(' ', r'\ '), found[2] or found[3])
    for old, new in PLAINER.items(): tex = re.sub(old, new, tex)
    out = io.BytesIO()
    try: depth = math_to_image('$' + ' '.join(tex.split()) + '$', out, format='svg')
    except ValueError: return found[0]
    data, alt = base64.b64encode(out.getvalue()).decode(), html.escape(' '.join((found[2] or found[3]).split()))
    image = f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}" style="display: inline; margin: 0; vertical-align: -{depth:.1f}pt">'
    return f'<p style="text-align: center">{image}</p>' if found[2] else image


class FormulaPictures(Preprocessor):
    "Draws formulas, so that a page of feedback needs nothing from elsewhere"
    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == 'markdown': cell.source = FORMULA.sub(formula, cell.source)
        return cell, resources


class WithoutCDN(HTMLExporter):
    def from_notebook_node(self, nb, resources=None, **kw):
        page, resources = super().from_notebook_node(nb, resources, **kw)
        page = page.replace('<html>', '<html lang="en">', 1)
        return re.sub(r'<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->', '', page, flags=re.S), resources


c.GenerateFeedback.preprocessors = [GetGrades, FormulaPictures, CSSHTMLHeaderPreprocessor, FeedbackStyle]
c.GenerateFeedback.exporter_class = WithoutCDN
c.FeedbackStyle.enabled = c.FormulaPictures.enabled = True

# Kernels inherit these. One thread: several may be graded at once, and sums are taken in one order. No progress bars:
# they are written to stderr, and nbgrader gives no points to a test cell that writes there.
for library in 'OMP', 'MKL', 'OPENBLAS': os.environ.setdefault(f'{library}_NUM_THREADS', '1')
os.environ.update(TQDM_DISABLE='1', PYTHONWARNINGS='ignore')
warnings.filterwarnings('ignore', category=SAWarning)    # of nbgrader's own code; there is nothing a teacher could do
