"""TensorBoard's event files, read back record by record."""

import struct
import sys

import numpy as np
import pytest

pytest.importorskip("tensorboardX", reason="TensorBoard's files need tensorboardX")
from tensorboardX.proto.event_pb2 import Event, SessionLog

from minitorch.training import Epoch, Step
from minitorch.training.plots.figures import png_size
from minitorch.training.tensorboard import TensorBoardLog, log_pictures

EPOCH = Epoch(1, 0.1, 0.5, 0.25, 0.4, 0.125, 3.0)


def masked_crc(data):
    """CRC-32C bit by bit (polynomial 0x1EDC6F41, reflected), then TFRecord's mask."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    data, events = path.read_bytes(), []
    while data:
        (size,) = struct.unpack("<Q", data[:8])
        (of_size,) = struct.unpack("<I", data[8:12])
        body, rest = data[12 : 12 + size], data[12 + size :]
        assert of_size == masked_crc(data[:8])
        if size < 1000:  # a picture would take long
            assert struct.unpack("<I", rest[:4])[0] == masked_crc(body)
        events.append(Event.FromString(body))
        data = rest[4:]
    return events


def files(folder):
    return sorted(folder.glob("events.out.tfevents.*"))


def scalars(events):
    return {
        (e.step, v.tag): v.simple_value
        for e in events
        for v in e.summary.value
        if v.HasField("simple_value")
    }


def test_scalars_of_steps_and_epochs(tmp_path):
    with TensorBoardLog(tmp_path / "new" / "events") as log:
        log.show(Step(1, 1, 0.5, 0.25))
        log.show(Step(2, 1, float("nan"), 0.125))
        log.show(EPOCH)
    (path,) = files(tmp_path / "new" / "events")
    events = records(path)
    assert events[0].file_version == "brain.Event:2" and len(events) == 4
    found = scalars(events)
    assert found[1, "step/loss"] == 0.5 and found[1, "step/learning_rate"] == 0.25
    assert np.isnan(found[2, "step/loss"]) and found[2, "epoch/test_error"] == 0.125
    assert len(found) == 2 + 2 + 6
    times = [e.wall_time for e in events]
    assert times == sorted(times) and times[0] > 1.7e9


def test_a_run_that_is_taken_up_purges_what_comes_again(tmp_path):
    for start, last in ((0, 5), (3, 6), (0, 1)):
        with TensorBoardLog(tmp_path, start) as log:
            for number in range(start + 1, last + 1):
                log.show(Step(number, 1, float(start), 0.1))
    first, second, anew = (records(path) for path in files(tmp_path))
    is_start = lambda e: e.session_log.status == SessionLog.START
    assert not any(map(is_start, first))
    assert [e.step for e in second if is_start(e)] == [4] and is_start(second[1])
    assert [e.step for e in anew if is_start(e)] == [0]
    assert [step for step, tag in scalars(second) if tag == "step/loss"] == [4, 5, 6]


def test_an_epoch_right_after_a_resume_stands_at_its_step(tmp_path):
    with TensorBoardLog(tmp_path, 40) as log:
        log.show(EPOCH)
    assert (40, "epoch/test_loss") in scalars(records(*files(tmp_path)))


def picture(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    path = tmp_path / "confusion.png"
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(path)
    return path


def test_pictures_go_in_as_they_are(tmp_path):
    path = picture(tmp_path)
    log_pictures(tmp_path, [path], 7)
    events = records(*files(tmp_path))
    (value,) = events[1].summary.value
    assert value.tag == "pictures/confusion" and events[1].step == 7
    assert (value.image.width, value.image.height) == (30, 20)
    assert value.image.encoded_image_string == path.read_bytes()


def test_wrong_uses_say_so(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="from_step is 0 or more, not -1"):
        TensorBoardLog(tmp_path, -1)
    with pytest.raises(RuntimeError, match="inside of its with block"):
        TensorBoardLog(tmp_path).show(EPOCH)
    path = picture(tmp_path)
    whole = path.read_bytes()
    for content in (b"", b"GIF89a", whole[:-9], whole[8:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="confusion: not a whole PNG file"):
            log_pictures(tmp_path, [path], 7)
    assert png_size(whole, "it") == (30, 20) and not files(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    for needs in (lambda: TensorBoardLog(tmp_path), lambda: log_pictures(tmp_path, [], 1)):
        with pytest.raises(ImportError, match="run: pip install tensorboardX"):
            needs()
