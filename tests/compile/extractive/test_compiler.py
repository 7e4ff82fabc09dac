"""The extractive compiler on small documents: titles, claims, topics, places, in several languages."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitkb.compile.extractive.compiler import digest
from gitkb.formats.compiler_names import COMPILER
from gitkb.model.documents import Conversion, Digest, Heading, Topic
from gitkb.text.names.slugs import slug
from tests.support.isolation import ROOT

_HEADING = re.compile(r"(#+) (.*)")

RUST = """# Smart pointers

A smart pointer is a data structure that acts like a pointer but also has additional metadata. Smart pointers are
usually implemented with structs. It implements `Deref`. However, they own the data they point to.

## Deref coercion

Deref coercion converts a reference to a type into a reference to another type. What does this mean? We use it below.
Programmers need fewer explicit dereferences because of deref coercion in function calls.

- no sentence here
- another fragment

## See also

The smart pointer in the standard library frees its memory when it goes out of scope. A smart pointer may count its owners.

## License

Permission is hereby granted, free of charge, to any person obtaining a copy of this smart pointer.
"""


def _conversion(markdown: str, **fields: object) -> Conversion:
    headings = []
    for number, line in enumerate(markdown.split("\n"), 1):
        match = _HEADING.fullmatch(line)
        if match:
            headings.append(Heading(len(match.group(1)), match.group(2), slug(match.group(2)), number))
    return Conversion(markdown, "text/markdown", "markdown/1", headings=tuple(headings), **fields)  # type: ignore[arg-type]


def _digest(markdown: str, **fields: object) -> Digest:
    return digest(_conversion(markdown, **fields), name="file.md")


def _sentences(made: Digest) -> set[str]:
    sections = [claim.text for section in made.outline for claim in section.sentences]
    topics = [claim.text for topic in made.topics for claim in topic.claims]
    return {claim.text for claim in made.summary} | set(sections) | set(topics)


def _topic(made: Digest, name: str) -> Topic:
    return next(topic for topic in made.topics if topic.name == name)


def test_a_defined_concept_has_its_definition_and_place() -> None:
    made = _digest(RUST)
    topic = _topic(made, "Smart pointer")
    assert topic.kind == "concept"
    assert topic.defined
    first = topic.claims[0]
    assert first.text == "A smart pointer is a data structure that acts like a pointer but also has additional metadata."
    assert first.defines
    assert (first.place.path, first.place.anchor, first.place.label) == ("", "smart-pointers", "Smart pointers")
    assert made.compiler == COMPILER


def test_title_language_and_description_come_from_the_text() -> None:
    made = _digest(RUST)
    assert (made.title, made.language) == ("Smart pointers", "en")
    assert made.description.startswith("A smart pointer is a data structure")
    assert len(made.description) <= 200


def test_the_outline_follows_the_headings_without_licences() -> None:
    made = _digest(RUST)
    assert [(section.level, section.title) for section in made.outline] == [(2, "Deref coercion"), (2, "See also")]
    assert made.outline[0].place.anchor == "deref-coercion"
    assert 1 <= len(made.outline[0].sentences) <= 2


def test_sentences_that_lean_on_others_are_never_claims() -> None:
    said = _sentences(_digest(RUST))
    assert said
    assert not any(re.match(r"(?:It|However|What|We|Permission)\b", text) for text in said)
    assert all(len(text) <= 300 and text.endswith(".") for text in said)


def test_structural_headings_are_never_topics() -> None:
    parts = ["Introduction", "Options", "Examples", "Siehe auch", "Einleitung", "Sommaire", "概要", "参考文献"]
    body = "\n\n".join(
        f"## {part}\n\n{part} is a part of the text that every document has in it. {part} is long." for part in parts
    )
    names = {topic.name for topic in _digest(f"# Manual of things\n\n{body}").topics}
    assert not names & {*parts, *(part.lower() for part in parts)}


@pytest.mark.parametrize(
    ("markdown", "language", "name", "definition"),
    [
        (
            "# Speicherverwaltung\n\nEin Zeiger ist eine Variable, die die Adresse eines anderen Wertes "
            "enthält. Der Zeiger wird vor dem Gebrauch "
            "geprüft. "
            "Jeder Zeiger hat einen Typ, der beim Übersetzen bekannt ist.\n\n## Zeiger\n\nMan kann den Zeiger auch löschen.\n",
            "de",
            "Zeiger",
            "Ein Zeiger ist eine Variable, die die Adresse eines anderen Wertes enthält.",
        ),
        (
            "# Le pointeur\n\nUn pointeur est une variable qui contient l'adresse d'une autre valeur. "
            "Le pointeur est vérifié avant son usage par "
            "le compilateur. Chaque pointeur a un type qui est connu.\n",
            "fr",
            "Pointeur",
            "Un pointeur est une variable qui contient l'adresse d'une autre valeur.",
        ),
        (
            "# El puntero\n\nUn puntero es una variable que contiene la dirección de otro valor. "
            "El puntero se comprueba antes de su uso por el "
            "compilador. Cada puntero tiene un tipo que se conoce.\n",
            "es",
            "Puntero",
            "Un puntero es una variable que contiene la dirección de otro valor.",
        ),
        (
            "# ポインタ\n\nポインタとは、他の値のアドレスを保持する変数のことである。"
            "ポインタは使用する前に検査されなければならない。\n",
            "ja",
            "ポインタ",
            "ポインタとは、他の値のアドレスを保持する変数のことである。",
        ),
        (
            "# 指针\n\n指针是一种保存另一个值的地址的变量，它的类型是已知的。编译器在使用指针之前会检查指针的类型和范围。\n",
            "zh",
            "指针",
            "指针是一种保存另一个值的地址的变量，它的类型是已知的。",
        ),
    ],
)
def test_definitions_are_found_in_other_languages(markdown: str, language: str, name: str, definition: str) -> None:
    made = _digest(markdown)
    assert made.language == language
    topic = _topic(made, name)
    assert topic.defined
    assert [claim.text for claim in topic.claims if claim.defines] == [definition]


def test_an_acronym_beside_its_term_is_an_alias() -> None:
    made = _digest(
        "# Logging\n\nWrite-ahead logging (WAL) is a technique that writes each change to a log before the page itself. "
        "Databases use write-ahead logging for durability. With write-ahead logging, a crash loses no committed change.\n"
    )
    assert _topic(made, "Write-ahead logging").aliases == ("WAL",)


def test_named_things_are_entities() -> None:
    made = _digest(
        "# History of kernels\n\nThe first kernel was written by Linus Torvalds in a small room in Finland. "
        "Many people helped Linus Torvalds "
        "with the code that he had published. The system of Linus Torvalds was called Freax before it got its name.\n"
    )
    topic = _topic(made, "Linus Torvalds")
    assert (topic.kind, topic.entity_type) == ("entity", "person")


def test_pages_are_places() -> None:
    text = "A widget is a small tool that holds other tools in their places. Each widget has a handle that is made of wood."
    made = _digest(f'<a name="page-1"></a>\n\n# The widget\n\nSome words.\n\n<a name="page-2"></a>\n\n{text}\n')
    place = _topic(made, "Widget").claims[0].place
    assert (place.anchor, place.label) == ("page-2", "p. 2")


def test_identifiers_written_small_keep_their_form() -> None:
    made = _digest(
        "# pg_dump\n\n`pg_dump` is a utility for backing up a database while others use it. Run `pg_dump` with care. "
        "A backup that `pg_dump` makes is consistent even if the database is used.\n"
    )
    assert _topic(made, "pg_dump").defined


def test_generic_words_and_ordinary_phrases_are_no_topics() -> None:
    sentence = "The following example is a good example of the new version of the function name in the code. "
    assert not _digest(f"# Notes\n\n{sentence * 6}\n").topics


def test_the_file_name_is_the_last_resort_for_a_title() -> None:
    empty = Conversion("```\ncode only\n```\n", "text/markdown", "markdown/1")
    made = digest(empty, name="my_notes-2.md")
    assert made.title == "my notes 2"
    assert (made.description, made.summary, made.outline, made.topics) == ("", (), (), ())


def test_a_number_before_a_title_goes_and_a_version_in_it_stays() -> None:
    text = "The pump has a valve, and the valve has a seal that is cut from rubber.\n"
    assert _digest(f"# 4. Standard of Pumps 4.0.3 (es)\n\n{text}").title == "Standard of Pumps 4.0.3 (es)"


def test_the_language_setting_wins() -> None:
    assert digest(_conversion(RUST), name="x.md", language="de").language == "de"


def test_a_digest_is_the_same_in_every_process(tmp_path: Path) -> None:
    script = tmp_path / "again.py"
    script.write_text(
        "import sys\nfrom gitkb.compile.extractive.compiler import digest\n"
        "from gitkb.model.documents import Conversion, Heading\n"
        "text = sys.stdin.read()\n"
        "c = Conversion(text, 'text/markdown', 'm/1', headings=(Heading(1, 'Smart pointers', 'smart-pointers', 1),))\n"
        "sys.stdout.write(repr(digest(c, name='x')))\n"
    )
    root = str(ROOT)
    outputs = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root}
        run = subprocess.run(
            [sys.executable, str(script)], input=RUST, capture_output=True, text=True, env=environment, check=True
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1


@pytest.mark.parametrize(
    "unit", ["x", ". ", "[", "(", "*a", "A b ", "X is a ", "A widget is a thing that holds all widgets. ", "的是一种", "`a` "]
)
def test_hostile_text_takes_bounded_time(unit: str) -> None:
    start = time.process_time()  # a busy machine takes none of it
    _digest(unit * (500_000 // len(unit)))
    assert time.process_time() - start < 20


def test_everything_is_bounded() -> None:
    body = "\n\n".join(
        f"## Gadget number{n}\n\nA gadget{n} is a device that holds the widget{n} in its place. The gadget{n} is long."
        for n in range(200)
    )
    made = _digest(f"# Gadgets\n\n{body}\n")
    concepts = [topic for topic in made.topics if topic.kind == "concept"]
    assert len(concepts) <= 40
    assert sum(topic.defined for topic in concepts) <= 40
    assert all(1 <= len(topic.claims) <= 3 for topic in made.topics)
    assert 3 <= len(made.summary) <= 8
    assert len(made.outline) <= 60


def test_rows_of_a_program_are_no_claims() -> None:
    """The manual of a TeX package sets its code in tables: "The macros – 26 27 – \\ifx#1\\newlabel" was a key point."""
    code = "| 26 | \\\\let\\\\XR@tempa\\\\@gobbletwo |\n| --- | --- |\n| 27 | \\\\ifx#1\\\\newlabel\\\\expandafter\\\\XR@read |\n"
    said = "The package reads the labels of another document from its file of references."
    made = _digest(f"# The macros\n\n{said}\n\n{code}")
    told = [claim.text for claim in made.summary] + [each.text for part in made.outline for each in part.sentences]
    assert said in (*told, made.description) and not any("XR@" in text or "newlabel" in text for text in told)
