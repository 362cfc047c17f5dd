"What is read is data, whatever it's called: no program is run, no small file fills the memory, no depth ends a loader"
import io
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageFile

import dataset_condensation.data as data_module
from dataset_condensation.all import SyntheticSet, load_dataset, random_set
from dataset_condensation.data import _decode

ENDINGS = ('jpg', 'png', 'webp', 'tif', 'bmp', 'gif', 'ppm')
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
        with pytest.raises(ValueError, match=f'x.{end} .*it is none of JPEG, PNG'):
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
    with pytest.raises(ValueError, match='is not a PNG file'): SyntheticSet.from_folder(tmp_path/'set')


# mode, size, format: MAX_IMAGE_PIXELS is 10,000 here, so 60,000 bytes may be decoded
BOMBS = [('RGBA', (90, 90), 'PNG'), ('RGB', (90, 90), 'BMP'), ('CMYK', (90, 90), 'TIFF'), ('RGBA', (60, 60), 'WEBP'),
         ('P', (90, 90), 'GIF'), ('L', (101, 100), 'PNG'), ('1', (201, 50), 'TIFF'), ('I;16', (90, 90), 'PNG')]
FIT = [('RGBA', (80, 80), 'PNG'), ('RGB', (50, 50), 'WEBP'), ('L', (100, 100), 'PNG'), ('1', (100, 100), 'TIFF'),
       ('RGB', (90, 90), 'JPEG')]


@pytest.mark.parametrize('mode,size,form', BOMBS)
@pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
def test_what_is_too_large_stays_packed(monkeypatch, mode, size, form):
    raw = picture(mode, size, form)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 10_000)
    monkeypatch.setattr(Image.Image, 'load', lambda self: pytest.fail('decoded'))
    assert 'PIL.Image.MAX_IMAGE_PIXELS' in _decode(io.BytesIO(raw), (8, 8), 'crop', None)
    assert data_module._room.taken == 0


@pytest.mark.parametrize('mode,size,form', FIT)
def test_what_is_smaller_is_read(monkeypatch, mode, size, form):
    raw = picture(mode, size, form)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 10_000)
    assert _decode(io.BytesIO(raw), (8, 8), 'crop', None).shape[:2] == (8, 8)


def test_without_a_limit_of_pillow_there_is_none(monkeypatch):
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', None)
    assert _decode(io.BytesIO(picture('RGBA', (90, 90))), (8, 8), 'crop', None).shape[:2] == (8, 8)


def test_threads_share_the_room(monkeypatch):
    raw, seen, load = picture('RGBA', (80, 80)), [], ImageFile.ImageFile.load
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 10_000)
    def watched(im):
        seen.append(data_module._room.taken)
        return load(im)
    monkeypatch.setattr(ImageFile.ImageFile, 'load', watched)
    with ThreadPoolExecutor(8) as pool: list(pool.map(lambda _: _decode(io.BytesIO(raw), (8, 8), 'crop', None), range(64)))
    assert len(seen) >= 64 and 80*80*8 == max(seen) and data_module._room.taken == 0


@pytest.mark.parametrize('form', ['PNG', 'JPEG', 'WEBP', 'TIFF', 'GIF'])
def test_a_file_that_was_cut_off_is_named(photos, form):
    noise = Image.effect_noise((64, 64), 90).convert('L')
    noise.save(file := io.BytesIO(), form)
    (photos/'a'/'cut.png').write_bytes(file.getvalue()[:len(file.getvalue()) // 2])
    with pytest.raises(ValueError, match='cut.png'): load_dataset(photos, size=8, in_memory=True, progress=False)
