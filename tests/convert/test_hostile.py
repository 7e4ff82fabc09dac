"""Documents that lie, explode, nest or are damaged: an error with a reason, never a crash, a hang or nonsense."""

import io
import random
import struct
import zipfile
from pathlib import Path

import pytest

from gitkb.convert.converter import convert, identify
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from tests.support import sample_files as samples

MAX = 64 * 1024**2


def refused(tmp_path: Path, name: str, data: bytes) -> ConversionError:
    file = tmp_path / "file"
    file.write_bytes(data)
    with pytest.raises(ConversionError) as error:
        convert(file, name, ConversionSettings(MAX))
    assert error.value.message and error.value.hint
    return error.value


def test_a_web_page_named_docx_is_told_apart(tmp_path):
    error = refused(tmp_path, "report.docx", b"<!DOCTYPE html><html><body><p>Hello</p></body></html>")
    assert error.message == "report.docx holds no Word document: it is a web page (HTML) with the ending .docx."
    assert error.hint == "Rename it to report.html, or save it again from Word."


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pdf", b"just some text", "plain text"),
        ("a.docx", b"plain text only", "plain text"),
        ("a.md", b"%PDF-1.4 ...", "PDF"),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "PNG"),
        ("a.txt", bytes(range(256)) * 4, "binary"),
        ("a.txt", b"\0\1\2\xff" * 50, "binary"),
        ("a.txt", b"\1\2\3" * 30, "binary"),
        ("a.md", b"{\\rtf1 hello}", "Rich Text"),
        ("a.xlsx", samples.docx(["x"]), "Word document"),
        ("a.docx", samples.archive({"notes.txt": "x"}), "zip archive"),
        ("a.epub", samples.archive({"mimetype": "application/vnd.oasis.opendocument.text"}), "OpenDocument"),
        ("a.ipynb", b"not json at all", "plain text"),
        ("a.html", b"only words, no tags", "plain text"),
    ],
)
def test_content_that_contradicts_the_ending_is_refused(tmp_path, name, data, words):
    if name == "a.html":
        file = tmp_path / name
        file.write_bytes(data)
        assert convert(file, name, ConversionSettings(MAX)).markdown == "only words, no tags\n"
        return
    assert words in refused(tmp_path, name, data).message


@pytest.mark.parametrize("name", ["a.md", "a.pdf", "a.docx", "a.txt", "a.html", "a.csv", "README"])
@pytest.mark.parametrize("data", [b"", b" \n\t\n"])
def test_empty_files_are_refused(tmp_path, name, data):
    assert "empty" in refused(tmp_path, name, data).message


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.md", b"---\ntitle: x\n---\n\n"),
        ("a.html", b"<html><body><script>var words = 1</script></body></html>"),
        ("a.docx", samples.docx([""])),
        ("a.pptx", samples.pptx([("", [], None, "")])),
        ("a.xlsx", samples.xlsx({"Sheet1": []})),
        ("a.epub", samples.epub([("a.xhtml", "<p></p>")], "t", "a")),
        ("a.ipynb", samples.notebook([])),
        ("a.csv", b",,,\n,,,\n"),
    ],
)
def test_documents_without_text_are_refused(tmp_path, name, data):
    assert "no text" in refused(tmp_path, name, data).message


def test_zip_bombs_are_refused_before_they_are_unpacked(tmp_path):
    members: dict[str, str | bytes] = {"[Content_Types].xml": "<x/>", "word/document.xml": b"\0" * (40 * 1024**2)}
    assert "unpack" in refused(tmp_path, "bomb.docx", samples.archive(members)).message


def test_a_directory_that_lies_about_sizes_does_not_unpack_more(tmp_path):
    data = bytearray(samples.archive({"[Content_Types].xml": "<x/>", "word/document.xml": b"\0" * (30 * 1024**2)}))
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 100)
    refused(tmp_path, "bomb.docx", bytes(data))


def test_names_that_lead_out_of_an_archive_are_only_names(tmp_path):
    book = samples.epub([("a.xhtml", '<p>Words. <img src="../../../../etc/passwd"/></p>')], "t", "a")
    with zipfile.ZipFile(io.BytesIO(book)) as source:
        members: dict[str, str | bytes] = {name: source.read(name) for name in source.namelist()}
    file = tmp_path / "file"
    file.write_bytes(samples.archive(members | {"../../escaped.txt": "x"}))
    assert convert(file, "a.epub", ConversionSettings(MAX)).markdown == "Words.\n"
    assert not list(tmp_path.parent.glob("escaped*"))


def test_entities_are_not_expanded(tmp_path):
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    data = samples.docx(["Some words"])
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members: dict[str, str | bytes] = {name: source.read(name) for name in source.namelist()}
    members["docProps/core.xml"] = f"{laughs}<c><title>&f;&b;</title></c>"
    file = tmp_path / "file"
    file.write_bytes(samples.archive(members))
    found = convert(file, "a.docx", ConversionSettings(MAX))
    assert "root:" not in found.title and "haha" not in found.title


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.html", b"<html><body>" + b"<div>" * 50_000 + b"deep" + b"</div>" * 50_000),
        ("a.html", b"<html><body>" + b"<blockquote>" * 3_000 + b"deep words"),
        ("a.html", b"<html><body>" + b"<table><tr><td>" * 2_000 + b"deep words"),
        ("a.md", b"> " * 5_000 + b"deep words"),
        ("a.md", b"[" * 20_000 + b"deep"),
        ("a.ipynb", b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        ("a.rst", b"\n".join(b"  " * n + b"- deep" for n in range(400))),
        ("a.md", b"---\na: " + b"[" * 5_000 + b"\n---\nwords\n"),
    ],
)
def test_deep_nesting_ends_in_text_or_an_error(tmp_path, name, data):
    file = tmp_path / "file"
    file.write_bytes(data)
    try:
        assert convert(file, name, ConversionSettings(MAX)).markdown.strip()
    except ConversionError as error:
        assert error.message


@pytest.mark.parametrize("kind", ["pdf", "docx", "pptx", "xlsx", "epub", "ipynb", "xls"])
def test_damaged_documents_end_in_text_or_an_error(tmp_path, kind):
    rng = random.Random(7)
    whole = {
        "pdf": samples.pdf([samples.pdf_lines(["some words of text"])]),
        "docx": samples.docx(["some words", [["a", "b"], ["c", "d"]]]),
        "pptx": samples.pptx([("Title", ["point"], None, "")]),
        "xlsx": samples.xlsx({"S": [["a", 1], ["b", 2]]}),
        "epub": samples.epub([("a.xhtml", "<h1>T</h1><p>words</p>")], "t", "a"),
        "ipynb": samples.notebook([{"cell_type": "markdown", "source": "words"}]),
        "xls": samples.xls([["a", 1.0], ["b", 2.0]]),
    }[kind]
    file = tmp_path / "file"
    for trial in range(12):
        data = bytearray(whole)
        if trial % 3 == 0:
            data = data[: rng.randrange(4, len(data))]
        for _ in range(1 + trial * 3):
            data[rng.randrange(len(data))] = rng.randrange(256)
        file.write_bytes(data)
        try:
            assert convert(file, f"a.{kind}", ConversionSettings(MAX)).markdown.strip()
        except ConversionError as error:
            assert error.message


def test_pictures_that_explode_are_left_out(tmp_path):
    header = samples.png()[:16] + struct.pack(">II", 60_000, 60_000) + samples.png()[24:]
    file = tmp_path / "file"
    file.write_bytes(samples.docx(["Some words."], picture=header))
    found = convert(file, "a.docx", ConversionSettings(MAX))
    assert found.pictures == () and "Some words." in found.markdown


def test_garbled_text_is_refused(tmp_path):
    assert "garbled" in refused(tmp_path, "a.md", "\ue000\ue001\ufffd\ue002 a b ".encode() * 50).message


def test_control_characters_and_surrogates_do_not_survive(tmp_path):
    file = tmp_path / "file"
    cells = samples.notebook([{"cell_type": "markdown", "source": "wo\udc80rd\u0000s \u0007here\u2028next"}])
    file.write_bytes(cells)
    text = convert(file, "a.ipynb", ConversionSettings(MAX)).markdown
    assert text.encode("utf-8") == b"words here\nnext\n"


def test_old_office_files_are_named_for_what_they_are(tmp_path):
    head = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2040)
    struct.pack_into("<H", head, 30, 9)
    for name, words in (("WordDocument", "old kind"), ("EncryptedPackage", "password")):
        data = bytes(head[:1024]) + (name.encode("utf-16-le") + b"\0\0").ljust(1024, b"\0")
        error = refused(tmp_path, "a.docx", data)
        assert words in error.message
        assert ("Rename it to a.doc" in error.hint) == (name == "WordDocument")


def test_identify_reads_only_the_head(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"# Title\n\nwords\n" * 10)
    assert identify(file, "a.md").media_type == "text/markdown"
    assert identify(file, "NOTES").converter == "plain/2"
