"""What is read of a page's head before a worker parses it, and that no head makes it long."""

import time

import pytest

from gitkb.intake.web.html_head import is_page, links


@pytest.mark.parametrize(
    "head",
    [
        b"<!DOCTYPE html>",
        b"\xef\xbb\xbf \n<HTML>",
        b"<!-- a --> <!-- b -->\n<!doctype\nhtml>",
        b"<!---->" * 5_000 + b"<html lang=en>",
    ],
)
def test_html_is_seen_behind_blanks_and_comments(head: bytes) -> None:
    assert is_page(head)


@pytest.mark.parametrize("head", [b"", b"text <html>", b"<!-- <html>", b"<!---->" * 36 + b"plain text here", b"<htmlx>"])
def test_other_texts_are_none(head: bytes) -> None:
    assert not is_page(head)


def test_the_attributes_of_links_are_read_however_they_are_quoted() -> None:
    commented = b"<!-- <link rel=x> -->"
    head = (
        b"<LINK rel=canonical href='/a?b=1'/>" + commented + b'<link\nHREF = "/c d" rel="alternate canonical" href=/e disabled>'
    )
    assert list(links(head)) == [
        {"rel": "canonical", "href": "/a?b=1"},
        {"href": "/c d", "rel": "alternate canonical", "disabled": ""},
    ]
    assert list(links(b"<linker rel=x><link rel=" + b"x" * 5_000 + b"><link rel='y")) == []


@pytest.mark.parametrize(
    "piece",
    [
        b"<!---->",
        b"<!--",
        b"<link ",
        b"<link " + b"a" * 3_990 + b">",
        b"<link " + b"a='\"" * 990,
        b"<link " + b" = " * 1_300 + b">",
    ],
)
def test_no_head_takes_longer_than_its_length(piece: bytes) -> None:
    head = piece * (256 * 1024 // len(piece))
    started = time.process_time()
    assert not is_page(head) and sum(len(found) for found in links(head)) < len(head)
    assert time.process_time() - started < 5
