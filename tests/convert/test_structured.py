"""Data files: their keys and values are readable text, and nothing in them multiplies or reaches out."""

from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.intake.scan import Filter, scan


@pytest.fixture
def read(tmp_path: Path):
    def made(name: str, data: bytes):
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, name, ConversionSettings())

    return made


WANTED = (
    "- title: Pump 4\n- active: true\n\n## limits\n\n- pressure: 12.5\n- codes: C4, C5\n\n"
    "## parts\n\n| name | count |\n| --- | --- |\n| seal | 2 |\n| bolt | 8 |\n"
)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "p.json",
            b'{"title": "Pump 4", "active": true, "limits": {"pressure": 12.5, "codes": ["C4", "C5"]},'
            b' "parts": [{"name": "seal", "count": 2}, {"name": "bolt", "count": 8}]}',
        ),
        (
            "p.yaml",
            b"title: Pump 4\nactive: true\nlimits:\n  pressure: 12.5\n  codes: [C4, C5]\nparts:\n"
            b"  - {name: seal, count: 2}\n  - name: bolt\n    count: 8\n",
        ),
        (
            "p.toml",
            b'title = "Pump 4"\nactive = true\n[limits]\npressure = 12.5\ncodes = ["C4", "C5"]\n'
            b'[[parts]]\nname = "seal"\ncount = 2\n[[parts]]\nname = "bolt"\ncount = 8\n',
        ),
    ],
)
def test_keys_and_values_of_every_kind_read_alike(read, name, data):
    found = read(name, data)
    assert (found.title, found.markdown) == ("Pump 4", WANTED)


def test_elements_become_values_and_sections(read):
    text = (
        b'<?xml version="1.0"?><plan><!-- not this --><title>Pump 4</title><step n="1">Close the <b>valve</b> first.</step>'
        b'<parts><part name="seal" count="2"/><part name="bolt" count="8"/></parts></plan>'
    )
    assert read("p.xml", text).markdown == (
        "- title: Pump 4\n\n## step\n\n- n: 1\n- Close the valve first.\n\n"
        "## parts\n\n| name | count |\n| --- | --- |\n| seal | 2 |\n| bolt | 8 |\n"
    )


def test_deep_values_are_lists_in_lists(read):
    data = b'{"a": {"b": {"c": {"d": {"e": 1}, "f": [{"g": 2, "h": {"i": 3}}]}}}}'
    assert read("d.json", data).markdown == (
        "## a\n\n### b\n\n#### c\n\n- d:\n  - e: 1\n- f:\n  - g: 2\n    - h:\n      - i: 3\n"
    )


def multiplied(first: bytes, line: bytes) -> bytes:
    """YAML in which each line names the one above nine times."""
    return first + b"".join(line % (c, c, b", ".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 115))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b"[" * 100_000),
        ("a.json", b'{"a":' * 400 + b"1" + b"}" * 400),
        ("a.json", b"[" + b"1" * 6_000 + b"]"),
        ("a.json", b"{not json}"),
        ("a.yaml", multiplied(b"a: &a [x, y]\n", b"%c: &%c [%s]\n")),
        ("a.yaml", multiplied(b"a: &a {x: 1, y: 2}\n", b"%c: &%c {<<: [%s]}\n")),
        ("a.yaml", b"&a [*a, words]"),
        ("a.yaml", b"!!python/object/apply:os.system ['echo words']"),
        ("a.yaml", b"[" * 5_000),
        ("a.toml", b"a = " + b"[" * 5_000),
        ("a.toml", b"a." * 5_000 + b"b = 1"),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>words &b;</a>'),
        ("a.xml", b"<a>" * 5_000),
        ("a.xml", b"<a><b></a>"),
    ],
)  # fmt: skip
def test_hostile_data_is_read_in_bounds_or_refused(read, name, data):
    try:
        text = read(name, data).markdown
        assert len(text) < 3_000_000 and "root:" not in text
    except ConversionError as error:
        assert error.message and error.hint


def test_a_folder_gives_data_files_only_where_a_pattern_names_them(tmp_path):
    for name in ("a.md", "package.json", "data/b.json", "data/c.yaml"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text("x")

    def found(*include: str) -> list[str]:
        return [file.path for file in scan(tmp_path / "docs", "", Filter(include), None).files]

    assert found() == ["docs/a.md"]
    assert found("data/") == []
    assert found("*.md", "data/*.json") == ["docs/a.md", "docs/data/b.json"]
    assert found("package.json") == ["docs/package.json"]
    assert [file.path for file in scan(tmp_path / "docs" / "package.json", "", Filter(), None).files] == ["package.json"]
