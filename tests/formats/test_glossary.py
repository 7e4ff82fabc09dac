"""The glossary is a person's Markdown file: lines of lists are entries, everything else is the person's own."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gitkb.compile.fingerprint import making
from gitkb.compile.llm.compiler import digest
from gitkb.compile.llm.model_settings import ModelSettings
from gitkb.formats.glossary import MOST, Term, parse_glossary, spoken_of
from gitkb.formats.settings import Settings, effective_settings, parse_settings
from gitkb.llm.requests import Unanswered
from tests.support.model_replies import SETTINGS, cited, concept, conversion, digested, reply, requests

FILE = """# Words of the storage team

Ask Ada before you change one.

- **Write-ahead log** (WAL, redo log): the file that takes every change
* Vault (tape archive)
- Drive

| a | table |
"""
TERMS = parse_glossary(FILE)
TEXT = "# Logs\n\nThe WAL is a file of records that a server keeps on the disk. The tapes of the vaults are old.\n"


def test_lines_of_lists_are_entries_and_nothing_else_is() -> None:
    assert (
        Term("Write-ahead log", ("WAL", "redo log"), "the file that takes every change"),
        Term("Vault", ("tape archive",)),
        Term("Drive"),
    ) == TERMS
    assert TERMS[0].line == "- Write-ahead log (WAL, redo log): the file that takes every change"


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_glossary_of_bounded_plain_entries(text: str) -> None:
    for term in parse_glossary(f"- {text}\n{text}"):
        assert term.name and len(term.name) <= 80 and "\n" not in term.line and len(term.line) < 1200
    assert len(parse_glossary("\n".join(f"- name {number}" for number in range(MOST + 5)))) == MOST


def test_a_question_holds_the_entries_of_which_its_text_speaks_and_no_others() -> None:
    assert [term.name for term in spoken_of(TERMS, "A wal, and Vaults. The drives.", 1_000)] == [
        "Write-ahead log",
        "Vault",
        "Drive",
    ]
    assert spoken_of(TERMS, "Of walls and vaulting.", 1_000) == () and spoken_of(TERMS, "WAL", 10) == ()
    system = requests(conversion(TEXT), _with(TERMS))[0].messages[0].text
    assert TERMS[0].line in system and TERMS[1].line in system and "- Drive" not in system
    assert requests(conversion(TEXT), _with(TERMS[2:]))[0].key == requests(conversion(TEXT))[0].key


def test_a_name_of_the_glossary_names_what_the_document_calls_otherwise() -> None:
    made = concept("Write-ahead log", definition=cited("", 1))
    [topic] = digested(conversion(TEXT), lambda _: reply(concepts=[made]), _with(TERMS)).topics
    assert (topic.name, topic.aliases) == ("Write-ahead log", ("WAL",))
    assert digested(conversion(TEXT), lambda _: reply(concepts=[made])).topics == ()


def test_what_a_model_makes_depends_on_the_glossary_and_no_setting_of_the_file_is_called_so() -> None:
    plain = Settings(compiler="llm", model="m")
    named = Settings(compiler="llm", model="m", glossary=TERMS)
    assert making(plain).settings == "" != making(named).settings
    assert making(Settings(glossary=TERMS)) == making(Settings())
    assert "glossary" not in [each.name for each in effective_settings("format: 2\n")]
    assert parse_settings("format: 2\n").glossary == ()
    assert isinstance(digest(conversion(TEXT), name="a.md", settings=_with(TERMS), replies={}), Unanswered)


def _with(terms: tuple[Term, ...]) -> ModelSettings:
    return replace(SETTINGS, glossary=terms)
