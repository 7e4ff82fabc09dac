"""What a worker answers is read as exactly what an answer is, or not at all."""

import pytest

from gitkb.intake.prepare.document import Prepared
from gitkb.intake.prepare.typed_json import dumps, loads
from gitkb.llm.requests import Message, Request
from gitkb.model.results import Usage

ANSWER = Prepared(
    "docs/a",
    title="half a pair \ud800",
    files=("raw/docs/a.md",),
    phases={"prepare": 1.5},
    requests=(Request("digest", "m", (Message("user", "text\nof lines"),), "{}", 3),),
    usage=Usage(calls=1),
    exhausted=True,
)


def test_an_answer_is_one_line_and_comes_back_the_same() -> None:
    line = dumps(ANSWER)
    assert b"\n" not in line
    assert loads(Prepared, line) == ANSWER


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\x80\x04K\x01.",
        b'{"document": 1}',
        b'{"document": "d", "files": "abc"}',
        b'{"document": "d", "files": ["a", 1]}',
        b'{"document": "d", "size": "1"}',
        b'{"document": "d", "size": true}',
        b'{"document": "d", "exhausted": 1}',
        b'{"document": "d", "phases": {"x": NaN}}',
        b'{"document": "d", "requests": [{}]}',
        b'{"document": "d", "requests": [{"purpose": "p", "model": "m", "messages": "x", "schema": "", "max_tokens": 1}]}',
        b'{"document": "d", "usage": 3}',
        b'{"document": "d"',
    ],
)
def test_an_answer_of_other_types_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError):
        loads(Prepared, line)
