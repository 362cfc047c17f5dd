"What is read is data, whatever it's called: no program is run, no small file fills the memory, no depth ends a loader"
import io
import os

import pytest
from PIL import Image

import dataset_condensation.all as dc
from dataset_condensation.all import SyntheticSet, load_dataset, random_set

ENDINGS = ('jpg', 'png', 'tif')
PROGRAMS = dict(
    eps=b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(RUN) print flush showpage\n',
    binary_eps=b'\xc5\xd0\xd3\xc6' + (30).to_bytes(4, 'little') + bytes(22)
               + b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n',
    pdf=b'%PDF-1.4\n1 0 obj\n<< >>\nendobj\n', xbm=b'#define a_width 8\n#define a_height 8\nstatic char a_bits[] = {0};\n',
    html=b'<svg onload=alert(1)>', nothing=b'')


def picture(mode='L', size=(8, 8), form='PNG', **kw):
    Image.new(mode, size).save(file := io.BytesIO(), form, **kw)
    return file.getvalue()


@pytest.fixture
def photos(tmp_path):
    for c in 'ab':
        (tmp_path/'p'/c).mkdir(parents=True)
        for i in range(4): (tmp_path/'p'/c/f'{i}.png').write_bytes(picture())
    return tmp_path/'p'


@pytest.mark.skipif(os.name == 'nt', reason='the stand-in is a shell script')
@pytest.mark.parametrize('what', PROGRAMS)
def test_no_file_is_run(photos, tmp_path, monkeypatch, what):
    (tmp_path/'bin').mkdir()
    for name in ('gs', 'gv', 'convert'):
        (tmp_path/'bin'/name).write_text(f'#!/bin/sh\necho 10.0; touch {tmp_path}/ran\n')
        (tmp_path/'bin'/name).chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}/bin:{os.environ["PATH"]}')
    monkeypatch.setattr('PIL.EpsImagePlugin.gs_binary', None)    # it remembers whether there is one
    for end in ENDINGS:
        bad = photos/'a'/f'x.{end}'
        bad.write_bytes(PROGRAMS[what])
        with pytest.raises(ValueError, match=f'x.{end} .*cannot identify'):
            load_dataset(photos, in_memory=True, progress=False)
        with pytest.warns(UserWarning, match='left out 1 of 9'):
            load_dataset(photos, in_memory=True, progress=False, skip_bad=True)
        bad.unlink()
    assert not (tmp_path/'ran').exists()


@pytest.mark.skipif(os.name == 'nt', reason='the stand-in is a shell script')
def test_no_picture_of_a_set_is_run(tmp_path, monkeypatch):
    syn = random_set(load_dataset('digits'), 1)
    syn.to_folder(tmp_path/'set')
    next((tmp_path/'set').rglob('*.png')).write_bytes(PROGRAMS['eps'])
    with pytest.raises(ValueError, match='cannot identify'): SyntheticSet.from_folder(tmp_path/'set')


@pytest.mark.parametrize('form', ['PNG', 'JPEG', 'TIFF'])
def test_a_file_that_was_cut_off_is_named(photos, form):
    noise = Image.effect_noise((64, 64), 90).convert('L')
    noise.save(file := io.BytesIO(), form)
    (photos/'a'/'cut.png').write_bytes(file.getvalue()[:len(file.getvalue()) // 2])
    with pytest.raises(ValueError, match='cut.png'): load_dataset(photos, size=8, in_memory=True, progress=False)


# ---- JSON

DEEP, ODD = '['*100_000, {
    'Continual.load': ['{"about": {"heads": 3}, "runs": [{"method": "a", "order": 0, "groups": [1], "accuracies": [["x"]]}]}',
                       '{"about": [], "runs": [3]}', '{"about": {}, "runs": [{"method": "a"}]}',
                       '{"about": {"heads": ["1"]}, "runs": [{"method": "a", "order": 0, "groups": [1], "accuracies": [[1]], "images": "x"}]}'],
    'Comparison.load': ['{"about": {}, "scores": [{"name": "a", "seconds": 0, "evaluations": []}]}', '{"about": 3, "scores": []}',
                        '{"about": {}, "scores": [{"name": "a", "seconds": 0, "evaluations": [{"accuracies": ["x"], "seconds": 0, '
                        '"images": 1, "net": "mlp", "seed": 0, "recipe": {}}]}]}'],
    'SearchResult.load': ['{"space": 3}', '{"about": {}, "space": ["mlp"], "columns": {"a": 3}, "runs": {"a": []}}']}
LOADERS = {'Continual.load': dc.Continual.load, 'Comparison.load': dc.Comparison.load, 'SearchResult.load': dc.SearchResult.load}


@pytest.mark.parametrize('text', [DEEP, '[]', '{', '\udce9', 'odd'], ids=lambda t: t[:8])
@pytest.mark.parametrize('loader', LOADERS)
def test_a_loader_names_the_file(tmp_path, loader, text):
    (tmp_path/'cpu').mkdir()
    for t in ODD[loader] if text == 'odd' else [text]:
        (tmp_path/'cpu'/'x.json').write_bytes(t.encode('utf-8', 'surrogateescape'))
        with pytest.raises(ValueError, match=f'{loader}.*x.json'): LOADERS[loader](tmp_path/'cpu'/'x.json')


def test_other_places_that_read_json(tmp_path):
    from safetensors.torch import save as tensors_to_bytes
    import torch
    one = {'x': torch.zeros(1)}
    (tmp_path/'checkpoint-00000001.safetensors').write_bytes(tensors_to_bytes(one, dict(checkpoint=DEEP)))
    assert dc.Checkpoints(tmp_path).peek() is None
    with pytest.raises(dc.CheckpointError, match='no checkpoint in'): dc.Checkpoints(tmp_path).read()
    (tmp_path/'run').mkdir()
    syn = random_set(load_dataset('digits'), 1)
    syn.save(tmp_path/'run'/'synthetic.safetensors')
    (tmp_path/'run'/'report.json').write_text(DEEP)
    assert len(dc.Explorer(tmp_path).runs) == 1
    with pytest.raises(ValueError, match='report.json is not a report: its JSON cannot be read'): dc.write_report(tmp_path/'run')
    syn.to_folder(tmp_path/'set')
    (tmp_path/'set'/'set.json').write_text(DEEP)
    with pytest.raises(ValueError, match='set.json is not a set: its JSON cannot be read'): SyntheticSet.from_folder(tmp_path/'set')


@pytest.mark.parametrize('line', [DEEP, '3', '{"net": "mlp", "proxy": "random", "key": "k", "seconds": 1e400}',
                                  '{"net": "mlp", "proxy": "random", "key": "k", "seconds": 1, "accuracies": [NaN]}', '\xff\xfe'],
                         ids=lambda t: t[:8])
def test_a_bad_line_does_not_stop_a_search(tmp_path, line):
    once = dc.train_recipe('dc', epochs=1)
    def run(): return dc.search(load_dataset('digits'), 'random', ['mlp'], ipc=1, recipe=once, whole=once, folder=tmp_path)
    first, path = run(), tmp_path/'results.jsonl'
    was = path.read_bytes()
    path.write_bytes(line.encode('latin-1') + b'\n' + was + line.encode('latin-1') + b'\n')
    with pytest.warns(UserWarning, match='2 lines of .*results.jsonl are no results'): assert run().runs == first.runs


def test_a_damaged_set_of_a_search_is_made_again(tmp_path):
    once = dc.train_recipe('dc', epochs=1)
    def run(): return dc.search(load_dataset('digits'), 'random', ['mlp'], ipc=1, recipe=once, whole=once, folder=tmp_path)
    first, made = run(), next(tmp_path.glob('*.safetensors'))
    before = SyntheticSet.load(made)
    made.write_bytes(made.read_bytes()[:100])
    assert run().runs == first.runs
    after = SyntheticSet.load(made)
    assert after.images.equal(before.images) and after.labels.equal(before.labels)
    assert after.info.pop('seconds') and before.info.pop('seconds') and after.info == before.info
