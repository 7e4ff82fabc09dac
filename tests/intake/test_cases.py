"""Notes, tables and pages as people write them: what `tests/data/cases` says of each is what becomes of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitkb.compile.extractive.compiler import digest
from gitkb.compile.grounding.quote import SourceText, readable
from gitkb.convert.converter import convert
from gitkb.formats.settings import ConversionSettings
from gitkb.intake.document_names import document_name
from gitkb.intake.source_links import links_of
from gitkb.model.documents import Source, SourceFile
from gitkb.wiki.document_files import build

CASES = Path(__file__).parent.parent / "data" / "cases"


def _cases() -> Iterator[Any]:
    for expected in sorted(CASES.glob("*/expected.yaml")):
        for name, right in yaml.safe_load(expected.read_text("utf-8")).items():
            yield pytest.param(expected.parent / name, right, id=f"{expected.parent.name}/{name}")


@pytest.mark.parametrize(("file", "right"), list(_cases()))
def test_a_document_becomes_what_is_right(file: Path, right: dict[str, Any]) -> None:
    conversion = convert(file, file.name, ConversionSettings())
    made = digest(conversion, name=file.name)
    source = SourceFile(f"vault/{file.name}", file, "vault", file.parent)
    record = Source(source.path, "0" * 64, file.stat().st_size, conversion.media_type)
    files = build(document_name(source.path), record, conversion, made, links_of(source, {})).files
    text = files[f"wiki/sources/{document_name(source.path)}.md"].decode()
    assert made.title == right.get("title", made.title)
    assert made.description == right.get("description", made.description)
    assert [claim.text for claim in made.summary] == right.get("points", [claim.text for claim in made.summary])
    for line in right.get("text", ()):
        assert line in text.split("\n")
    for words in right.get("without", ()):
        assert words not in text
    assert set(right.get("files", ())) <= set(files)


@pytest.mark.parametrize(("file", "right"), list(_cases()))
def test_what_a_claim_quotes_is_found_again(file: Path, right: dict[str, Any]) -> None:
    conversion = convert(file, file.name, ConversionSettings())
    made = digest(conversion, name=file.name)
    text = SourceText(readable(conversion.markdown))
    quotes = [claim.quote or claim.text for claim in made.summary]
    assert [quote for quote in quotes if text.find(quote) is None] == []
