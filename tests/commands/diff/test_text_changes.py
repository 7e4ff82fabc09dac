"""What a reviewer is told of a changed text: every sentence that says something else, the gravest first, and nothing else."""

import pytest

from gitkb.commands.diff.groups import grouped, repeated
from gitkb.commands.diff.report import Change, ClaimChanges, DocumentChange, SentenceChange, TextChange, Weight
from gitkb.commands.diff.text_changes import importance, text_change
from gitkb.commands.diff.wording import percent, sentence, side_by_side

LEAVE = """# Leave

Every employee gets 18 days of paid time off a year.

- Medical coverage: $78.46
- Ask [the office](https://example.org/a) first.

| role | days |
|---|---|
| Engineer | 30 |

## Notice

Give notice to the manager. It is kept for two years.

## Sabbatical

You can take a sabbatical. Every manager must approve it in March.
"""


def _changes(old: str, new: str) -> list[tuple[Weight, str, str]]:
    assert LEAVE.count(old) == 1
    return [(change.weight, change.old, change.new) for change in text_change(LEAVE, LEAVE.replace(old, new), "en").changes]


@pytest.mark.parametrize(
    ("old", "new", "weight", "shown"),
    [
        ("18 days", "8 days", Weight.NUMBER, "Every employee gets [18 -> 8] days of paid time off a year."),
        ("$78.46", "$278.46", Weight.NUMBER, "Medical coverage: [$78.46 -> $278.46]"),
        ("Engineer | 30", "Engineer | 3", Weight.NUMBER, "Engineer | [30 -> 3]"),
        ("two years", "three years", Weight.NUMBER, "It is kept for [two -> three] years."),
        ("in March", "in June", Weight.NUMBER, "Every manager must approve it in [March -> June]."),
        ("You can take", "You cannot take", Weight.NEGATION, "You [can -> cannot] take a sabbatical."),
        ("kept for two years", "kept for two days", Weight.NEGATION, "It is kept for two [years -> days]."),
        ("must approve", "may approve", Weight.OBLIGATION, "Every manager [must -> may] approve it in March."),
        ("example.org/a", "example.net/b", Weight.LINK, "link: [https://example.org/a -> https://example.net/b]"),
        ("the manager", "the boss", Weight.WORDING, "Give notice to the [manager -> boss]."),
    ],
)
def test_a_change_is_one_line_with_both_sides_and_why_it_matters(old: str, new: str, weight: Weight, shown: str) -> None:
    (change,) = text_change(LEAVE, LEAVE.replace(old, new), "en").changes
    assert (change.weight, sentence(change)) == (weight, shown)


def test_a_section_that_is_gone_is_one_change_with_what_it_said() -> None:
    start, end = LEAVE.index("## Notice"), LEAVE.index("## Sabbatical")
    (change,) = text_change(LEAVE, LEAVE[:start] + LEAVE[end:], "en").changes
    assert (change.weight, change.section, change.sentences, change.new) == (Weight.SECTION, "Notice", 2, "")
    assert sentence(change) == 'section gone: "Notice" (2 sentences): Give notice to the manager. It is kept for two years.'


def test_a_sentence_that_moved_and_one_in_other_layout_are_no_changes() -> None:
    moved = LEAVE.replace("You can take a sabbatical. ", "").replace("## Notice\n\n", "## Notice\n\nYou can take a sabbatical. ")
    found = text_change(LEAVE, moved, "en")
    assert (found.changes, found.moved, found.share) == ((), 1, 0.0)
    laid_out = LEAVE.replace("paid time off", "paid\n**time off**").replace("- Medical", "* Medical")
    assert not text_change(LEAVE, laid_out, "en")


def test_numbers_and_negations_come_before_words_and_what_is_gone_before_what_is_new() -> None:
    new = LEAVE.replace("the manager", "the boss").replace("18 days", "8 days").replace("You can take", "You cannot take")
    new = new.replace("- Ask [the office](https://example.org/a) first.\n", "- Bring a cake.\n")
    new = new.replace("It is kept for two years.", "It is kept with the bills of every single customer of the house.")
    found = text_change(LEAVE, new, "en").changes
    assert [sentence(change)[:24] for change in found] == [
        "Every employee gets [18 ",
        "You [can -> cannot] take",
        'gone: "It is kept for tw',
        'new: "It is kept with th',
        "[Ask the office first ->",
        "Give notice to the [mana",
    ]


@pytest.mark.parametrize("lines", [400, 6_000])
def test_the_share_is_that_of_the_letters_and_a_long_text_is_compared_as_well(lines: int) -> None:
    old = "".join(f"Rule number {number} is about the pump in hall {number % 7}.\n\n" for number in range(lines))
    found = text_change(old, old.replace(f"number {lines - 5} is", f"number {lines - 5} is not"))
    assert [change.weight for change in found.changes] == [Weight.NEGATION] and 0 < found.share < 0.01
    assert text_change(old, "").share == 1.0 and percent(0.0004) == "under 1 %" and percent(0.123) == "12 %"


def test_where_there_is_little_room_the_change_stays_and_its_surroundings_give_way() -> None:
    old = f"{'The committee that was set up in the spring decides once more ' * 3}that 18 days {'are what everybody gets ' * 5}"
    line = side_by_side(old, old.replace("18", "8"), 60)
    assert len(line) <= 60 and "that [18 -> 8] days" in line


def _document(name: str, change: Change, *changes: SentenceChange, form: tuple[str, ...] = ()) -> DocumentChange:
    return DocumentChange(change, name, name, f"{name}.md", 0, ClaimChanges(), text=TextChange(0.1, changes), form=form)


def test_what_many_documents_have_alike_is_told_once() -> None:
    year = SentenceChange(Weight.NUMBER, "Copyright 2025", "Copyright 2026", "Footer")
    own = SentenceChange(Weight.NUMBER, "18 days", "8 days")
    documents = [_document(f"hr/{n}", Change.CHANGED, year, *([own] if n == 1 else [])) for n in range(4)]
    (alike,) = repeated(documents)
    assert (alike.change.old, alike.documents) == ("Copyright 2025", tuple(f"hr/{n}" for n in range(4)))


def test_new_documents_of_a_folder_with_the_same_headings_are_alike_in_form() -> None:
    form = ("Impact", "Solution")
    alike = [_document(f"advisories/{n}", Change.ADDED, form=(*form, f"CVE {n}") if n else form) for n in range(30)]
    other = [_document(f"notes/{n}", Change.ADDED, form=(f"Day {n}",)) for n in range(5)]
    alone = _document("hr/leave", Change.REMOVED)
    groups = grouped([alone, *alike, *other])
    assert [(group.folder, len(group.documents), group.form) for group in groups] == [
        ("hr", 1, ()),
        ("advisories", 30, form),
        ("notes", 5, ()),
    ]


def test_importance_follows_what_a_reader_would_miss_most() -> None:
    def rank(weight: Weight, old: str, new: str) -> int:
        return importance(SentenceChange(weight, old, new))

    assert rank(Weight.NUMBER, "a", "b") < rank(Weight.SECTION, "a", "") < rank(Weight.NAME, "a", "b")
    assert rank(Weight.NUMBER, "a", "") < rank(Weight.WORDING, "a", "") < rank(Weight.WORDING, "a", "b")
