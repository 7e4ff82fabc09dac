"""What a document or a file name says cannot steer the terminal."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkb.cli import terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Introduction à la théorie", "Introduction à la théorie"),
        ("red \x1b[31malert", "red \\x1b[31malert"),
        ("title\x1b]0;owned\x07", "title\\x1b]0;owned\\x07"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("c1 \x9b2J", "c1 \\x9b2J"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("not utf-8 \udcff", "not utf-8 \\udcff"),
    ],
)
def test_a_line_spells_out_what_steers_a_terminal(text: str, shown: str) -> None:
    assert terminal.printable(text) == shown


def test_a_text_keeps_its_lines_and_tabs() -> None:
    assert terminal.printable("a\n\tb\x1b", lines=True) == "a\n\tb\\x1b"


@given(st.text(st.characters(codec=None)))
def test_every_text_becomes_one_line_that_can_be_encoded(text: str) -> None:
    shown = terminal.printable(text)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


def test_json_is_one_line_with_everything_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.tell_json({"title": "a\nb \x1b ü"})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"title": "a\nb \x1b ü"}


def test_counts_are_words() -> None:
    assert terminal.counted(1, "document") == "1 document"
    assert terminal.counted(1204, "document") == "1,204 documents"
    assert terminal.listed({"new": 21, "changed": 0, "removed": 3}) == "21 new, 3 removed"


@pytest.mark.parametrize(
    ("is_terminal", "no_color", "shown"),
    [(True, "", "\x1b[2msearch\x1b[22m\n"), (True, "1", "search\n"), (False, "", "search\n")],
)
def test_what_hardly_matters_is_dim_where_that_can_be_shown(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, no_color: str, shown: str
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return is_terminal

    monkeypatch.setattr("sys.stderr", screen := Screen())
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    terminal.say_aside("search")
    assert screen.getvalue() == shown
