"""The seal tells a page of gitkb's from one that a person changed."""

import pytest

from gitkb.text.markdown.frontmatter import split
from gitkb.wiki.hand_edits import Seal, seal, state, unsealed

PAGE = "---\ntype: Concept\ntitle: A\n---\n\n# A\n\nText.\n"
INDEX = "# Concepts\n\n* [A](a.md) - about A\n"
ROOT = '---\nokf_version: "0.2"\n---\n\n# Home\n'


@pytest.mark.parametrize("text", [PAGE, INDEX, ROOT])
def test_a_sealed_page_is_known_until_it_changes(text: str) -> None:
    sealed = seal(text, "gitkb-extractive/1")
    assert state(sealed) is Seal.GENERATED
    assert state(sealed.replace(b"\n", b"\r\n")) is Seal.GENERATED
    assert state(sealed + b"\n## Notes\n") is Seal.EDITED
    assert state(sealed.replace(b"# ", b"## ", 1)) is Seal.EDITED
    assert unsealed(sealed.decode()) == text
    assert seal(sealed.decode(), "gitkb-extractive/1") == sealed


def test_a_page_carries_its_seal_in_the_front_matter() -> None:
    meta, body = split(seal(PAGE, "gitkb-extractive/1").decode())
    assert list(meta) == ["type", "title", "generated"]
    assert body == "\n# A\n\nText.\n"


def test_an_index_carries_its_seal_in_a_comment_at_its_end() -> None:
    assert seal(INDEX, "gitkb-extractive/1").decode().splitlines()[-1].startswith("<!-- gitkb: ")
    assert split(seal(ROOT, "x").decode())[0] == {"okf_version": "0.2"}


def test_a_seal_that_an_editor_laid_out_anew_is_an_edit() -> None:
    assert state(b"---\ntype: Concept\ngenerated:\n  by: gitkb/1\n  content: 0123456789ab\n---\nText.\n") is Seal.EDITED
    assert state(b"---\ntype: Concept\ngenerated: {by: [\n---\nText.\n") is Seal.EDITED


@pytest.mark.parametrize(
    "text", ["# Mine\n", "---\ntype: Note\n---\nMine.\n", "---\ntype: Note\ngenerated: {by: me}\n---\nMine.\n", ""]
)
def test_a_page_without_a_seal_is_a_persons(text: str) -> None:
    assert state(text.encode()) is Seal.PERSON


def test_a_seal_quoted_in_a_page_is_not_its_seal() -> None:
    assert state(b"---\ntype: Note\n---\n```\n<!-- gitkb: 0123456789ab -->\n```\n") is Seal.PERSON


def test_a_seal_that_looks_like_a_number_is_quoted() -> None:
    for n in range(3000):
        sealed = seal(PAGE + f"{n}\n", "x")
        assert state(sealed) is Seal.GENERATED
        if b"content: '" in sealed:
            return
    raise AssertionError("no such seal among 3000")
