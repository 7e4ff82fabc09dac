"""Projections come and go; what a person wrote on a page stays."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkb.wiki.hand_edits import Seal, edited_path, reconcile, seal, state

PATH = "wiki/concepts/wal.md"
BY = "gitkb-extractive/1"


def page(*claims: str, title: str = "WAL") -> bytes:
    lines = "\n".join(f"- {claim} [p. 1](../sources/{claim[0].lower()}.md#page-1)[^{claim[0].lower()}]" for claim in claims)
    labels = sorted({claim[0].lower() for claim in claims})
    notes = "\n".join(f"[^{label}]: [Doc](../sources/{label}.md)" for label in labels)
    text = f"---\ntype: Concept\ntitle: {title}\n---\n\n# {title}\n\n## What the documents say\n\n{lines}\n\n{notes}\n"
    return seal(text, BY)


OLD = page("A log is durable.", "Before the page comes the log.")
NEW = page("A log is durable.", "Checkpoints shorten recovery.")


def never() -> bytes | None:
    raise AssertionError("the base is not needed")


def known(content: bytes | None) -> Callable[[], bytes | None]:
    return lambda: content


def edited(content: bytes, old: str, new: str) -> bytes:
    assert old.encode() in content
    return content.replace(old.encode(), new.encode())


@pytest.mark.parametrize("current", [None, OLD, OLD.replace(b"\n", b"\r\n")])
@pytest.mark.parametrize("projected", [NEW, None])
def test_a_page_that_nobody_edited_becomes_its_projection(current: bytes | None, projected: bytes | None) -> None:
    reconciled = reconcile(PATH, current, projected, never)
    assert (reconciled.content, reconciled.edited_base, reconciled.clashes) == (projected, None, ())


@pytest.mark.parametrize("projected", [NEW, None])
def test_a_page_of_a_person_is_left_alone(projected: bytes | None) -> None:
    mine = b"---\ntype: Concept\n---\n# Mine\n"
    reconciled = reconcile(PATH, mine, projected, never)
    assert (reconciled.content, reconciled.edited_base) == (mine, None)


def test_an_edited_page_takes_the_new_claims_and_keeps_the_persons_words() -> None:
    current = edited(OLD, "\n[^a]:", "\n## Notes\n\nAsk Jim.\n\n[^a]:")
    reconciled = reconcile(PATH, current, NEW, known(OLD))
    assert reconciled.content is not None
    text = reconciled.content.decode()
    assert "## Notes\n\nAsk Jim.\n" in text
    assert "Checkpoints shorten recovery." in text
    assert "Before the page" not in text
    assert "[^b]" not in text
    assert reconciled.edited_base == NEW
    assert state(reconciled.content) is Seal.EDITED
    assert reconcile(PATH, reconciled.content, NEW, known(NEW)).content == reconciled.content


def test_a_page_without_a_word_of_the_person_left_is_gitkbs_again() -> None:
    current = edited(OLD, "- Before the page", "- \n\n- Before the page").replace(b"- \n\n", b"")
    current = current.replace(b"- Before the page comes the log. [p. 1](../sources/b.md#page-1)[^b]\n", b"")
    reconciled = reconcile(PATH, current, NEW, known(OLD))
    assert (reconciled.content, reconciled.edited_base) == (NEW, None)


def test_an_edited_claim_that_lost_its_source_stays_with_its_footnote_and_is_named() -> None:
    current = edited(OLD, "Before the page comes the log.", "Before the page, always, comes the log.")
    reconciled = reconcile(PATH, current, NEW, known(OLD))
    assert reconciled.content is not None
    assert b"Before the page, always" in reconciled.content
    assert b"\n[^b]: [Doc](../sources/b.md)\n" in reconciled.content
    assert reconciled.clashes


def test_an_edited_page_that_is_not_projected_any_more_stays_with_the_persons_words_alone() -> None:
    current = edited(OLD, "\n[^a]:", "\n## Notes\n\nAsk Jim.\n\n[^a]:")
    reconciled = reconcile(PATH, current, None, known(OLD))
    assert reconciled.content is not None
    text = reconciled.content.decode()
    assert "status: deprecated\n" in text
    assert text.endswith("# WAL\n\n## Notes\n\nAsk Jim.\n")
    assert reconciled.edited_base is not None
    again = reconcile(PATH, reconciled.content, None, known(reconciled.edited_base))
    assert (again.content, again.edited_base) == (reconciled.content, reconciled.edited_base)
    back = reconcile(PATH, reconciled.content, OLD, known(reconciled.edited_base))
    assert back.content is not None
    assert b"deprecated" not in back.content
    assert b"Ask Jim." in back.content
    assert b"A log is durable." in back.content


def test_a_page_from_which_a_person_only_deleted_goes_with_its_projection() -> None:
    current = OLD.replace(b"- Before the page comes the log. [p. 1](../sources/b.md#page-1)[^b]\n", b"")
    assert reconcile(PATH, current, None, known(OLD)).content is None


def test_an_edited_page_without_a_known_projection_is_left_as_it_is() -> None:
    current = OLD + b"\nMine.\n"
    reconciled = reconcile(PATH, current, NEW, known(None))
    assert (reconciled.content, reconciled.edited_base) == (current, NEW)
    assert reconciled.clashes


def test_an_edited_index_keeps_its_added_lines_and_stays_an_index() -> None:
    old, new = (seal(f"# Concepts\n\n* [A](a.md)\n{more}", BY) for more in ("", "* [B](b.md)\n"))
    reconciled = reconcile("wiki/concepts/index.md", old + b"\nMine.\n", new, known(old))
    assert reconciled.content is not None
    assert reconciled.content.startswith(b"# Concepts\n\n* [A](a.md)\n* [B](b.md)\n\nMine.\n<!-- gitkb: ")
    assert state(reconciled.content) is Seal.EDITED
    gone = reconcile("wiki/concepts/index.md", reconciled.content, None, known(new))
    assert gone.content is not None
    assert gone.content.startswith(b"Mine.\n<!-- gitkb: ")


def test_bytes_that_are_no_text_survive() -> None:
    reconciled = reconcile(PATH, OLD + b"\nM\xff\xfene.\n", NEW, known(OLD))
    assert reconciled.content is not None
    assert b"M\xff\xfene." in reconciled.content


CLAIMS = st.lists(st.sampled_from(("A one.", "B two.", "C three.", "D four.", "E five.")), unique=True, max_size=5)


@given(st.lists(CLAIMS, min_size=1, max_size=6), st.integers(0, 4))
def test_a_persons_sentence_survives_any_sequence_of_projections(steps: list[list[str]], where: int) -> None:
    first = page(*steps[0])
    blocks = first.decode().split("\n\n")
    current = "\n\n".join([*blocks[: where + 1], "My sentence.\n", *blocks[where + 1 :]]).encode()
    kept = first
    for claims in steps[1:]:
        projected = page(*claims) if claims else None
        reconciled = reconcile(PATH, current, projected, known(kept))
        assert reconciled.content is not None
        assert reconciled.edited_base is not None
        assert b"\nMy sentence.\n" in reconciled.content
        for claim in ("A one.", "B two.", "C three.", "D four.", "E five."):
            assert (claim.encode() in reconciled.content) == (claim in claims)
        current, kept = reconciled.content, reconciled.edited_base


def test_the_kept_projection_stands_below_its_own_folder() -> None:
    assert edited_path(PATH) == ".gitkb/edited/wiki/concepts/wal.md"


def test_a_footnote_that_went_with_a_struck_claim_comes_back_with_the_next_claim_of_its_document() -> None:
    lines = OLD.decode().splitlines(keepends=True)
    struck = "".join(line for line in lines if not line.startswith(("- Before", "[^b]:"))).encode()
    reconciled = reconcile(PATH, struck, page("A log is durable.", "Backups need no log at all."), known(OLD)).content
    assert reconciled is not None and b"Backups need" in reconciled and b"Before the page" not in reconciled
    assert b"\n[^b]: [Doc](../sources/b.md)\n" in reconciled
