"""Source code: the code as it is, after what it says of itself; and only where somebody asks for it."""

from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.formats.settings import ConversionSettings
from gitkb.intake.scan import Filter, scan


@pytest.fixture
def read(tmp_path: Path):
    def made(name: str, text: str) -> str:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return convert(file, name, ConversionSettings()).markdown

    return made


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("stop.py", '#!/usr/bin/env python3\n"""Stops the pump.\n\n    Water stays below.\n    """\n\nstop()\n', "python"),
        (
            "stop.py",
            "# -*- coding: utf-8 -*-\n# Copyright 2024 Ada\n\n# Stops the pump.\n#\n# Water stays below.\nstop()\n",
            "python",
        ),
        (
            "stop.c",
            "/* SPDX-License-Identifier: MIT */\n/*\n * Stops the pump.\n *\n * Water stays below.\n */\nint stop;\n",
            "c",
        ),
        ("stop.rs", "//! Stops the pump.\n//!\n//! Water stays below.\nfn stop() {}\n", "rust"),
        ("stop.sql", "-- Stops the pump.\n--\n-- Water stays below.\nselect 1;\n", "sql"),
        ("stop.php", "<?php\n/** Stops the pump.\n *\n * Water stays below. */\nstop();\n", "php"),
        ("stop.vue", "<!-- Stops the pump.\n\nWater stays below. -->\n<html><p>Stop</p></html>\n", "vue"),
    ],
)
def test_what_code_says_of_itself_stands_before_it(read, name, text, language):
    assert read(name, text) == f"Stops the pump.\n\nWater stays below.\n\n```{language}\n{text.strip()}\n```\n"


def test_code_without_a_comment_is_code(read):
    assert read("a.go", "package main\n\n// later\n") == "```go\npackage main\n\n// later\n```\n"


def test_code_is_a_document_only_where_it_is_named(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "a.md").write_text("# A\n", encoding="utf-8")

    def names(include: tuple[str, ...] = (), path: Path = tmp_path) -> list[str]:
        return [each.path.rpartition("/")[2] for each in scan(path, "", Filter(include), None).files]

    assert names() == ["a.md"]
    assert names(("*.md", "*.py")) == ["a.md", "a.py"]
    assert names(path=tmp_path / "a.py") == ["a.py"]


@pytest.mark.parametrize("unit", ["/* ", '"""', "#", "//", "{-", "<!--", "(* ", "\n \n#!"])
def test_comments_without_end_are_code(read, unit):
    assert read("a.c", unit * 30_000).endswith(f"{unit.strip()}\n```\n")
