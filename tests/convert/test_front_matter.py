"""Front matter whose first line was left out is no text."""

from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion


def _converted(folder: Path, text: str) -> Conversion:
    file = folder / "Kiln.md"
    file.write_text(text, encoding="utf-8")
    return convert(file, file.name, ConversionSettings())


@pytest.mark.parametrize("top", ["Tags:\n- [[Tags/Clay|Clay]]\n- [[Fire]]\n", "tags: Clay, Fire\ndate: 2021-03-04\n"])
def test_lines_about_a_note_above_a_rule_are_its_properties(tmp_path: Path, top: str) -> None:
    made = _converted(tmp_path, f"{top}---\nUsed to burn bricks.\n")
    assert made.markdown.strip() == "Used to burn bricks." and made.tags == ("Clay", "Fire")


@pytest.mark.parametrize("top", ["Warning: hot\n", "Tags:\n\nWords of the note.\n", "tags are words\n"])
def test_other_lines_above_a_rule_are_text(tmp_path: Path, top: str) -> None:
    made = _converted(tmp_path, f"{top}---\nUsed to burn bricks.\n")
    assert top.split("\n", 1)[0].split(":")[0] in made.markdown and made.tags == ()
