"""Documents of one title are shown with the shortest thing that tells them apart, whatever came first."""

from collections.abc import Iterable
from itertools import permutations

import pytest
from msgspec.structs import replace

from gitkb.catalog.queries import RecordCorpus
from gitkb.model.documents import Record
from tests.support.record_base import base, claim, record, topic


def shown(records: Iterable[Record]) -> dict[str, str]:
    with base(*records) as made:
        corpus = RecordCorpus(made.db)
        return {document: corpus.shown_title(document) for document in made.records}


def report(document: str, title: str = "FORM 10-Q", description: str = "", organisation: str = "") -> Record:
    topics = [topic(organisation, kind="entity", entity_type="organisation")] if organisation else []
    return record(document, *topics, title=title, description=description)


def test_a_title_of_its_own_stays_as_it_is() -> None:
    assert shown([report("a", "Pumps"), report("b", "Valves")]) == {"a": "Pumps", "b": "Valves"}


@pytest.mark.parametrize(
    ("one", "other", "titles"),
    [
        (report("minutes/2024-03-05"), report("minutes/20240412"), ("2024-03-05", "2024-04-12")),
        (report("acme-2023-q1"), report("acme-q2-2023"), ("2023-Q1", "2023-Q2")),
        (
            report("a", description="For the period ended March 31, 2023."),
            report("b", description="For the period ended June 30, 2023."),
            ("March 31, 2023", "June 30, 2023"),
        ),
        (
            report("a", description="Of Acme Corp.", organisation="Acme Corp"),
            report("b", description="Of Bolt Inc.", organisation="Bolt Inc"),
            ("Acme Corp", "Bolt Inc"),
        ),
        (report("pump/read-me"), report("valve/read-me"), ("pump", "valve")),
        (report("docs/use-kettle"), report("docs/use-ref"), ("use-kettle", "use-ref")),
        (report("large/team/norms"), report("small/team/norms"), ("large", "small")),
        (
            report("sec/5-2-4", description="CVE-2022-4810 – Severity: High."),
            report("sec/5-2-5", description="CVE-2023-4710 – Severity: High."),
            ("5-2-4", "5-2-5"),
        ),
        (
            report("a", description="Quarterly report of Acme Pumps, Inc. for shareholders."),
            report("b", description="Quarterly report of Bolt Valves Corp. for shareholders."),
            ("Acme Pumps, Inc.", "Bolt Valves Corp."),
        ),
    ],
)
def test_the_addition_is_a_period_a_company_a_folder_or_a_file(one: Record, other: Record, titles: tuple[str, str]) -> None:
    assert shown([one, other]) == {
        each.document: f"FORM 10-Q ({title})" for each, title in zip((one, other), titles, strict=True)
    }


def test_company_and_period_together_tell_what_neither_tells_alone() -> None:
    found = shown(
        report(f"{name[0].lower()}{year}", description=f"Of {name} in {year}.", organisation=name)
        for name in ("Acme Corp", "Bolt Inc")
        for year in (2023, 2024)
    )
    assert found["a2023"] == "FORM 10-Q (Acme Corp, 2023)" and found["b2024"] == "FORM 10-Q (Bolt Inc, 2024)"


def test_a_file_that_says_nothing_gives_way_to_the_folder_above() -> None:
    found = shown([report("pages/community", "Community"), report("cto/community/readme", "Community")])
    assert set(found.values()) == {"Community (pages)", "Community (cto)"}


def test_titles_that_differ_in_case_and_blanks_alone_are_one() -> None:
    assert shown([report("x/a", "Form"), report("y/b", "FORM")]) == {"x/a": "Form (x)", "y/b": "FORM (y)"}


def test_no_two_documents_are_shown_alike_and_the_order_changes_nothing() -> None:
    records = [report("2023/x"), report("a/2023"), report("b/x"), report("b/y"), report("x")]
    expected = shown(records)
    assert len(set(expected.values())) == len(records)
    for order in permutations(records, 5):
        with base() as made:
            for each in order:
                made.apply({each.document: each})
            assert {name: RecordCorpus(made.db).shown_title(name) for name in expected} == expected


def test_the_first_document_is_shown_anew_when_the_second_comes_and_when_it_goes() -> None:
    said = claim("pump/read-me", "A pump is a machine that moves water.", defines=True)
    first = replace(report("pump/read-me", "Read me"), topics=(topic("Pump", said, defined=True),))
    with base(first) as made:
        alone = made.project().written
        scope = made.apply({"valve/read-me": report("valve/read-me", "Read me")})
        changed = made.project(scope).written
        for page in ("wiki/concepts/pump.md", "wiki/summaries/pump/index.md", "wiki/sources/pump/index.md", "wiki/index.md"):
            assert b"[Read me]" in alone[page]
            assert b"[Read me (pump)]" in changed[page] and b"[Read me]" not in changed[page]
        back = made.project(made.apply({"valve/read-me": None})).over(made.project()).written
        assert back == alone


def test_a_third_document_of_a_title_changes_no_page_of_the_others() -> None:
    with base(report("a/one", "Read me"), report("b/two", "Read me")) as made:
        changed = made.project(made.apply({"c/three": report("c/three", "Read me")})).written
        assert "wiki/summaries/a/index.md" not in changed and "wiki/summaries/c/index.md" in changed
