"""What pages of a foreign bundle say of themselves is kept as their words, and trusted by nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gitkb.convert.plaintext.markdown import read
from gitkb.convert.plaintext.stated_facts import stated_facts
from gitkb.formats.settings import ConversionSettings

PAGE = """\
---
type: Metric
title: Gross margin
description: Revenue minus the cost of goods, for a period.
status: deprecated
tags: [finance]
generated: {by: agent/1, at: 2024-01-15T10:00:00Z}
verified:
  - {by: "human:eve@example.org", at: 2024-01-16T10:00:00Z}
sources:
  - {id: standard, resource: policies/standard.md, title: "The [standard](x.md)"}
---

# Definition

Gross margin is the revenue of a period minus the cost of the goods sold in it.
"""
FILES = {
    "margin.md": PAGE,
    "note.md": "---\ntype: meeting\nstatus: open\n---\n\n# Note\n\nA note is a text that somebody wrote down.\n",
}


def test_a_bundle_keeps_its_titles_types_and_claims(build: Callable[..., Path]) -> None:
    kb = build(FILES) / "kb"
    text = (kb / "wiki/summaries/docs/margin.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["title"] == "Gross margin" and head["description"].startswith("Revenue minus")
    assert head["type"] == "Summary" and "verified" not in head and "status" not in head
    said = text.split("## What it says of itself")[1]
    assert "- type: Metric\n- status: deprecated\n" in said and "human:eve\\@example.org" in said and "2024-01-16" in said
    assert "\\](x.md)" in said and said.count("](x.md)") == 1
    assert "says of itself" not in (kb / "wiki/summaries/docs/note.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"type": "Note", "status": "open"}, {}),
        ({"generated": {"by": "a/1"}}, {}),
        ({"type": "A", "verified": {"by": "human:x"}}, {"type": "A", "verified": "human:x"}),
        ({"type": "A", "timestamp": "2024"}, {"type": "A", "timestamp": "2024"}),
        ({"type": "A", "sources": ["x", {"resource": "y"}, [1], None]}, {"type": "A", "sources": "x; y"}),
        ({"type": ["A"], "generated": {"by": "a/1"}}, {}),
    ],
)
def test_only_what_such_a_page_says_counts(values: dict[str, object], found: dict[str, str]) -> None:
    assert stated_facts(values) == found


def test_a_fact_is_short() -> None:
    found = stated_facts({"type": "A" * 5_000, "sources": [{"resource": f"page-{n}"} for n in range(5_000)]})
    assert max(map(len, found.values())) <= 300


@pytest.mark.parametrize(
    "text",
    [
        "title:: Twin Pump\nalias:: [[Double pump]], TP\nauthor:: Ada\ntype:: machine\n\n- Water rises in it.\n",
        "- title:: Twin Pump\n  alias:: [[Double pump]], TP\n  author:: Ada\n  type:: machine\n- Water rises in it.\n",
    ],
)
def test_a_page_of_an_outliner_says_its_properties_in_its_first_block(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pump.md"
    file.write_text(text, encoding="utf-8")
    draft = read(file, file.name, ConversionSettings())
    assert (draft.titles[0].text, draft.aliases, draft.authors) == ("Twin Pump", ("Double pump", "TP"), ("Ada",))
    assert "type:: machine" in draft.markdown and "Water rises" in draft.markdown
    assert "title::" not in draft.markdown and "alias::" not in draft.markdown


def test_a_later_block_is_text(tmp_path: Path) -> None:
    file = tmp_path / "pump.md"
    file.write_text("- Water rises.\n- title:: Twin Pump\n", encoding="utf-8")
    assert "title:: Twin Pump" in read(file, file.name, ConversionSettings()).markdown
