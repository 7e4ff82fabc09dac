"""Structural headings and licence text."""

import pytest

from gitkb.text.language.boilerplate import bare_heading, is_boilerplate, is_licence_heading, is_structural


@pytest.mark.parametrize(
    "heading",
    [
        "Synopsis",
        "3. Examples",
        "SEE ALSO",
        "Table of Contents",
        "1.2.3 Introduction",
        "Siehe auch",
        "Einleitung",
        "Voir aussi",
        "Table des matières",
        "Ejemplos",
        "Véase también",
        "General Definition",
        "Formale Definition",
        "Implementierung",
        "Introduzione",
        "Referências",
        "Inleiding",
        "Введение",
        "Смотрите также",
        "はじめに",
        "関連項目",
        "第3章",
        "目录",
        "参考文献",
        "...",
    ],
)
def test_headings_that_every_document_has_are_structural(heading: str) -> None:
    assert is_structural(heading)


@pytest.mark.parametrize(
    "heading", ["Ownership", "Write-ahead logging", "C compiler", "Speicherverwaltung", "所有权", "スレッド"]
)
def test_headings_about_a_subject_are_not(heading: str) -> None:
    assert not is_structural(heading)


def test_numbers_are_no_part_of_a_heading() -> None:
    assert bare_heading("4.2. The stack") == "The stack"
    assert bare_heading("Chapter 4: Ownership") == "Ownership"
    assert bare_heading("C compiler") == "C compiler"


def test_licence_text_is_recognised() -> None:
    assert is_licence_heading("GNU Free Documentation License")
    assert is_boilerplate("Copyright 2003 by the authors.")
    assert is_boilerplate("Permission is hereby granted, free of charge, to any person.")
    assert not is_boilerplate("A mutex allows only one thread to access some data.")
