"""Around a long run: lines of progress where there is no terminal, and files that must not be replaced."""

import json

import pytest

from alpt_ref.studies import progress as running


def test_without_a_terminal_a_line_a_minute(capsys, monkeypatch):
    clock = iter([0.0, 10.0, 59.0, 61.0, 61.0, 100.0, 122.0, 122.0])
    monkeypatch.setattr(running.time, "monotonic", lambda: next(clock))
    with running.bar(3) as on_part:
        for i in range(5):
            on_part(f"part {i}")
    captured = capsys.readouterr()
    assert captured.err == "3 of 3: part 2\n5 of 5: part 4\n"
    assert captured.out == ""


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
