"Settings of nbgrader, for this folder and for the course folders that tools/make_course.py makes from it"
import os
from pathlib import Path

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

# A test cell that was deleted comes back, as one that was edited does.
c.OverwriteCells.add_missing_cells = True

# Kernels inherit these. One thread: several may be graded at once, and sums are taken in one order. No progress bars:
# they are written to stderr, and nbgrader gives no points to a test cell that writes there.
for library in 'OMP', 'MKL', 'OPENBLAS': os.environ.setdefault(f'{library}_NUM_THREADS', '1')
os.environ.update(TQDM_DISABLE='1', PYTHONWARNINGS='ignore')
