"""Around a long run: lines of progress where there is no terminal, and files that must not be replaced."""

import json

import pytest

from alpt_ref.studies import progress as running
from alpt_ref.tools import pace


def test_without_a_terminal_a_line_a_minute(capsys, monkeypatch):
    """The first after ten seconds. Parts that lay there before the first one was computed do not count in the rate."""
    now = 0.0
    monkeypatch.setattr(running.time, "monotonic", lambda: now)
    with running.bar(9) as on_part:
        for now, found in ((2.0, True), (4.0, True), (9.0, False), (14.0, False), (70.0, False), (75.0, True), (76.0, False)):
            on_part(f"part {now:.0f}", found)
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "4 of 9: 12/min, 0:25 left: part 14",
        "6 of 9: 3.4/min, 0:53 left: part 75",
    ]
    assert captured.out == ""


def test_how_times_and_rates_are_written(monkeypatch):
    assert [pace.clock(seconds) for seconds in (0.4, 59.6, 754, 5025)] == ["0:00", "1:00", "12:34", "1:23:45"]
    now = 0.0
    monkeypatch.setattr(pace.time, "monotonic", lambda: now)
    one = pace.Pace(10_000)
    assert str(one) == ""
    said = []
    for done, moment in ((500, 100.0), (501, 5010.0), (502, 1e6)):
        now = moment
        one.step(done, "")
        said.append(str(one))
    assert said == ["5/s, 31:40 left", "6/min, 26:23:10 left", "1.8/h, 5255:38:39 left"]


def test_a_record_of_something_else_is_refused(tmp_path):
    path = tmp_path / "r.json"
    what = {"data": "clicks", "settings": {"lrs": (0.1, 0.2)}}
    assert running.refuse_other(path, what) == {}
    path.write_text(json.dumps(what | {"rows": [1]}))
    assert running.refuse_other(path, what)["rows"] == [1]
    with pytest.raises(ValueError, match=r"r\.json has results of other data: remove it, or choose another folder"):
        running.refuse_other(path, what | {"data": "other"})
    for text in ("{", "[]", "3", "{}"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"r\.json is not what this writes"):
            running.refuse_other(path, what)
