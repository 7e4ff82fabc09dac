"""Small real files, each with the Markdown beside it that it must become: Office documents, web pages, books and notebooks.

Each stands for a kind of fault that was met on real files many times; its name says which.
"""

from pathlib import Path

import pytest

from gitkb.convert import title
from gitkb.convert.converter import convert
from gitkb.formats.settings import ConversionSettings

CASES = Path(__file__).parents[1] / "data/cases"
KINDS = ("docx", "pptx", "xlsx", "xls", "html", "epub", "ipynb")
FILES = sorted(file.name for kind in KINDS for file in CASES.glob(f"*.{kind}"))


def test_there_are_cases_of_every_kind():
    assert {name.rpartition(".")[2] for name in FILES} == set(KINDS)


@pytest.mark.parametrize("name", FILES)
def test_a_case_becomes_what_stands_beside_it(name):
    found = convert(CASES / name, name, ConversionSettings(1 << 24))
    assert found.markdown == (CASES / f"{name}.expected.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pump-abstract.docx", "Pumps for small clinics"),
        ("water-2019.pptx", "Water for small clinics"),
        ("Risk register.xlsx", "Risk register"),
    ],
)
def test_the_title_is_what_one_sees_and_not_what_a_template_left_in_the_properties(name, expected):
    found = convert(CASES / "f13-office" / name, name, ConversionSettings(1 << 24))
    assert title.choose(found.titles, name).text == expected
