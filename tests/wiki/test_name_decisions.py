"""Decisions about names and overviews of pages: what they do to the projection, however they came."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from gitkb.catalog.queries import RecordCorpus
from gitkb.errors import FormatError
from gitkb.formats import decisions, overviews
from gitkb.formats.compiler_names import LLM_COMPILER
from gitkb.formats.decisions import KeepApart, NoPage, OtherSense, SameAs
from gitkb.formats.overviews import Overview, OverviewSentence, fingerprint
from gitkb.model.documents import Record
from gitkb.model.path_changes import PathChanges
from gitkb.pages.name_decisions import joined_groups
from gitkb.text.markdown import frontmatter
from gitkb.wiki.topic_page import all_claims
from tests.support.record_base import Base, base, claim, record, topic

WAL = "A write-ahead log takes every change before the pages do."
LOG = "Write-ahead logging is the rule that the log comes first."


def _two_names() -> list[Record]:
    return [
        record("aries", topic("WAL", claim("aries", WAL, 0.9, defines=True), defined=True)),
        record("books", topic("Write-ahead logging", claim("books", LOG, 0.8, defines=True), defined=True)),
        record("notes", topic("Write-ahead logging", claim("notes", "Write-ahead logging needs one flush.", 0.7), defined=True)),
    ]


def _overview(made: Base, key: str, text: str = "The log comes first.", document: str = "books") -> Overview:
    corpus = RecordCorpus(made.db)
    page = corpus.page("concept", key)
    assert page is not None
    sentence = OverviewSentence(text, (document,))
    return Overview("concept", key, fingerprint(all_claims(corpus, page)), (sentence,), "gitkb-llm/1 test")


def _text(made: Base, path: str) -> str:
    content = made.project().written.get(path)
    assert content is not None
    return content.decode()


def test_names_decided_to_mean_the_same_share_a_page_and_the_other_leads_to_it() -> None:
    with base(*_two_names()) as made:
        made.decide((one := SameAs("wal", "write-ahead-logging", "human:a@b.c")).path, decisions.encode(one))
        page = _text(made, "wiki/concepts/write-ahead-logging.md")
        assert WAL in page and LOG in page and "aliases: [WAL]" in page
        assert "See [Write-ahead logging](write-ahead-logging.md)" in _text(made, "wiki/concepts/wal.md")


def test_names_to_be_kept_apart_stay_apart_though_a_document_lists_one_as_the_others_alias() -> None:
    listing = record("tips", topic("Write-ahead logging", claim("tips", LOG), defined=True, aliases=("WAL",)))
    with base(*_two_names()[:1], listing) as made:
        assert "wiki/concepts/wal.md" in made.project() and WAL in _text(made, "wiki/concepts/write-ahead-logging.md")
        made.decide((one := KeepApart("wal", "write-ahead-logging", "human:a@b.c")).path, decisions.encode(one))
        assert WAL in _text(made, "wiki/concepts/wal.md")
        page = _text(made, "wiki/concepts/write-ahead-logging.md")
        assert WAL not in page and "aliases" not in page


def test_a_name_that_gets_no_page_has_a_note_where_summaries_link_to_it_and_no_index_lists_it() -> None:
    with base(*_two_names()) as made:
        made.decide((one := NoPage("wal", "human:a@b.c")).path, decisions.encode(one))
        page = _text(made, "wiki/concepts/wal.md")
        assert WAL not in page and "no page" in page and "../summaries/aries.md" in page
        assert "wal.md" not in _text(made, "wiki/concepts/index.md")
        assert "wiki/concepts/mentioned.md" not in made.project()
        made.apply({"more": record("more", topic("WAL", claim("more", WAL, 0.9, defines=True), defined=True))})
        assert WAL not in _text(made, "wiki/concepts/wal.md")
        made.decide(one.path, None)
        assert WAL in _text(made, "wiki/concepts/wal.md")


def test_of_two_names_on_one_page_both_go_when_the_page_does() -> None:
    with base(*_two_names()) as made:
        for each in (SameAs("wal", "write-ahead-logging", "x"), NoPage("write-ahead-logging", "x")):
            made.decide(each.path, decisions.encode(each))
        for path in ("wiki/concepts/wal.md", "wiki/concepts/write-ahead-logging.md"):
            assert WAL not in _text(made, path) and LOG not in _text(made, path) and "See [" not in _text(made, path)


def test_an_overview_stands_first_with_its_footnotes_and_the_definitions_stay_on_the_page() -> None:
    with base(*_two_names()) as made:
        overview = _overview(made, "write-ahead-logging")
        made.decide(overview.path, overviews.encode(overview))
        page = _text(made, "wiki/concepts/write-ahead-logging.md")
        assert page.index("The log comes first.[^books]") < page.index("## What the documents say") < page.rindex(LOG)
        assert f"by: {LLM_COMPILER}" in page


def test_an_overview_has_its_sections_in_order_and_may_cite_claims_that_the_page_does_not_list() -> None:
    last = claim("annex", "Write-ahead logging is planned for the annex.", 0.01)
    told = [
        OverviewSentence("It is planned for the annex.", ("annex",), "questions"),
        OverviewSentence("It keeps files.", ("books",), "parts"),
        OverviewSentence("The log comes first.", ("books",)),
    ]
    others = [
        record(name, topic("Write-ahead logging", claim(name, " ".join(f"{name}{number}" for number in range(9)), 0.8)))
        for name in "abcdefghijklmnopqrstuvw"
    ]
    with base(*_two_names(), *others, record("annex", topic("Write-ahead logging", last))) as made:
        overview = replace(_overview(made, "write-ahead-logging"), sentences=tuple(told))
        made.decide(overview.path, overviews.encode(overview))
        page = _text(made, "wiki/concepts/write-ahead-logging.md")
    start = page.index("The log comes first.[^books]\n\n**Parts:** It keeps files.[^books]\n\n**Open questions:** It is planned")
    assert start < page.index("## What the documents say") and "planned for the annex. [" not in page
    assert "\n[^annex]: [" in page


def test_an_overview_of_other_claims_is_not_shown() -> None:
    with base(*_two_names()) as made:
        overview = _overview(made, "write-ahead-logging")
        made.decide(overview.path, overviews.encode(overview))
        made.apply({"more": record("more", topic("Write-ahead logging", claim("more", "Write-ahead logging costs a seek.")))})
        page = _text(made, "wiki/concepts/write-ahead-logging.md")
        assert "The log comes first." not in page and "by: gitkb-extractive/6" in page
        made.apply({"more": None})
        assert "The log comes first.[^books]" in _text(made, "wiki/concepts/write-ahead-logging.md")


def test_an_overview_cannot_cite_a_document_that_the_page_does_not_quote_nor_add_markup() -> None:
    with base(*_two_names()) as made:
        for text, document in (("All is lost.", "elsewhere"), ("See [here](javascript:x) <b>now</b>.", "books")):
            overview = _overview(made, "write-ahead-logging", text, document)
            made.decide(overview.path, overviews.encode(overview))
            page = _text(made, "wiki/concepts/write-ahead-logging.md")
            assert "elsewhere" not in page
            shown = MarkdownIt().render(frontmatter.split(page)[1])
            assert 'href="javascript' not in shown and "<b>" not in shown


def test_only_names_that_look_alike_and_are_not_decided_are_found() -> None:
    others = [record(name, topic(text, claim(name, f"{text} is a thing of its own kind."), defined=True)) for name, text in (
        ("a", "Buffer pools"), ("b", "Buffer-pool"), ("c", "Buffer manager"), ("d", "Checkpoint"), ("e", "Checkpoint mechanism"),
    )]  # fmt: skip
    with base(*_two_names(), *others) as made:
        corpus = RecordCorpus(made.db)
        assert [page.key for page in corpus.alike("wal")] == ["write-ahead-logging"]
        assert [page.key for page in corpus.alike("checkpoint")] == ["checkpoint-mechanism"]
        assert corpus.alike("buffer-manager") == []
        made.decide((one := KeepApart("checkpoint", "checkpoint-mechanism", "x")).path, decisions.encode(one))
        assert corpus.alike("checkpoint") == []
        made.decide((two := SameAs("wal", "write-ahead-logging", "x")).path, decisions.encode(two))
        assert corpus.alike("write-ahead-logging") == []


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (".gitkb/decisions/same-as/a.json", b'{"format": 1, "by": "x", "same_as": "../../b"}'),
        (".gitkb/decisions/same-as/a.json", b'{"format": 1, "by": "x", "same_as": "a"}'),
        (".gitkb/decisions/same-as/a.json", b'{"format": 2, "by": "x", "same_as": "b"}'),
        (".gitkb/decisions/keep-apart/b--a.json", b'{"format": 1, "by": "x"}'),
        (".gitkb/decisions/keep-apart/a.json", b'{"format": 1, "by": "x"}'),
        (".gitkb/decisions/no-page/a--b.json", b'{"format": 1, "by": "x"}'),
        (".gitkb/decisions/no-page/A.json", b'{"format": 1, "by": "x"}'),
        (".gitkb/decisions/no-page/a.json", b'{"format": 1}'),
        (".gitkb/decisions/other-sense/a--b.json", b'{"format": 1, "by": "x", "title": "B", "documents": []}'),
        (".gitkb/decisions/other-sense/a--b.json", b'{"format": 1, "by": "x", "title": "B", "documents": ["y", "x"]}'),
        (".gitkb/decisions/other-sense/a--b.json", b'{"format": 1, "by": "x", "title": "B", "documents": ["../x"]}'),
        (".gitkb/decisions/other-sense/a--a.json", b'{"format": 1, "by": "x", "title": "A", "documents": ["x"]}'),
        (".gitkb/decisions/other/a.json", b'{"format": 1, "by": "x", "same_as": "b"}'),
        (".gitkb/decisions/same-as/a.json", b"[" * 100_000),
    ],
)
def test_a_decision_that_is_not_one_is_named(path: str, content: bytes) -> None:
    with pytest.raises(FormatError, match=path.replace(".", r"\.")):
        decisions.decode(content, path)


NAMES = ["wal", "log", "write-ahead-log", "redo", "undo"]


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, object]:
    """A document that comes, changes or goes, or a decision that does."""
    if draw(st.booleans()):
        names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
        aliases = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
        name = draw(st.sampled_from("abc"))
        topics = [
            topic(each, claim(name, f"{each} is what {name} says of it."), defined=draw(st.booleans()), aliases=tuple(aliases))
            for each in names
        ]
        return "document", (name, None if draw(st.integers(0, 4)) == 0 else record(name, *topics))
    one, other = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True))
    documents = draw(st.sampled_from((("a",), ("a", "b"), ("c", "x"))))
    made = draw(
        st.sampled_from(
            (
                SameAs(one, other, "x"),
                KeepApart(min(one, other), max(one, other), "x"),
                NoPage(one, "x"),
                OtherSense(one, other, other.upper(), documents, "x"),
                OtherSense(one, f"{one}-x", f"{one} (x)", documents, "x"),
            )
        )
    )
    return "decision", (made, draw(st.integers(0, 3)) > 0)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps(), min_size=1, max_size=8))
def test_projecting_what_documents_and_decisions_changed_gives_what_projecting_everything_gives(
    history: list[tuple[str, object]],
) -> None:
    kept: dict[str, bytes] = {}
    with base() as made:
        for kind, step in history:
            if kind == "document":
                name, content = step  # type: ignore[misc]
                scope = made.apply({name: content})
            else:
                decision, wanted = step  # type: ignore[misc]
                scope = made.decide(decision.path, decisions.encode(decision) if wanted else None)
            changed = made.project(scope)
            kept = changed.over(PathChanges(kept)).written
            assert kept == made.project().written


def test_pairs_that_mean_the_same_never_join_names_that_were_decided_to_be_kept_apart() -> None:
    names = ("Color space", "Colour space", "Gamut")
    with base(
        *(record(f"d{n}", topic(name, claim(f"d{n}", f"{name} is said."), defined=True)) for n, name in enumerate(names))
    ) as made:
        made.decide((one := KeepApart("color-space", "gamut", "human:a@b.c")).path, decisions.encode(one))
        group = joined_groups([("color-space", "colour-space"), ("colour-space", "gamut")], RecordCorpus(made.db).names)
        assert group == dict.fromkeys(("color-space", "colour-space"), frozenset(("color-space", "colour-space")))
