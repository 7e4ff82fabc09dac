"""Addresses of the web have one spelling, and a path of their own; what is no plain address of a host is refused."""

import pytest

from gitkb.text.names import web_address
from gitkb.text.names.web_address import parse, source_path


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("HTTP://Example.COM:80/a/../b/%7euser#top", "http://example.com/b/~user"),
        ("https://example.com", "https://example.com/"),
        ("https://example.com:443/./x/%2e%2e/", "https://example.com/"),
        ("https://bücher.example/ß?q=ä", "https://xn--bcher-kva.example/%C3%9F?q=%C3%A4"),
        ("http://[::0001]:8080/x", "http://[::1]:8080/x"),
        ("http://h.example/%2f%20<b>", "http://h.example/%2F%20%3Cb%3E"),
        ("http://h.example/50%", "http://h.example/50%25"),
    ],
)
def test_an_address_has_one_spelling(written: str, spelled: str) -> None:
    assert str(parse(written)) == spelled
    assert str(parse(spelled)) == spelled


@pytest.mark.parametrize(
    "written",
    [
        "ftp://h.example/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//h.example/x",
        "x.html",
        "http://",
        "http:///x",
        "http://user:word@h.example/",
        "http://h.example@evil.example/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://1.2.3.4.5/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://h.example:99999/",
        "http://h.example:0/",
        "http://h example/",
        "http://h.example/a b",
        "http://h.example/\x1b[2J",
        "http://h.example\\@evil.example/",
        "http://h..example/",
        "http://-h.example/",
        f"http://h.example/{'x' * 5000}",
    ],
)
def test_what_is_no_plain_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(written)


@pytest.mark.parametrize(
    ("address", "ending", "path"),
    [
        ("https://h.example/", ".html", "web/h.example/index.html"),
        ("https://h.example/guide/", ".html", "web/h.example/guide/index.html"),
        ("https://h.example/guide/start", ".html", "web/h.example/guide/start.html"),
        ("https://h.example/start.htm", ".html", "web/h.example/start.htm"),
        ("https://h.example/paper?v=2", ".pdf", "web/h.example/paper?v=2.pdf"),
        ("https://h.example/paper.pdf?v=2", ".pdf", "web/h.example/paper?v=2.pdf"),
        ("https://h.example/view.php?id=1", ".html", "web/h.example/view.php?id=1.html"),
        ("http://h.example:8080/a%20b/caf%C3%A9", ".html", "web/h.example:8080/a b/café.html"),
        ("http://h.example/a%2Fb%00", ".html", "web/h.example/a%2Fb%00.html"),
        ("http://h.example/%E2%80%AEx", ".html", "web/h.example/%E2%80%AEx.html"),
    ],
)
def test_the_source_path_mirrors_the_address(address: str, ending: str, path: str) -> None:
    assert source_path(parse(address), ending) == path


def test_a_reference_is_resolved_against_its_page() -> None:
    base = parse("https://h.example/guide/start.html?x=1")
    assert str(web_address.join(base, "../two words.html#part")) == "https://h.example/two%20words.html"
    assert str(web_address.join(base, "//other.example/x")) == "https://other.example/x"
    with pytest.raises(ValueError, match="http"):
        web_address.join(base, "mailto:ada@h.example")


def test_a_site_is_a_host_with_or_without_www() -> None:
    one = parse("https://www.h.example/x")
    assert web_address.same_site(one, parse("http://h.example/y"))
    assert not web_address.same_site(one, parse("https://h.example.evil.example/x"))
    assert not web_address.same_site(one, parse("https://h.example:8443/x"))


@pytest.mark.parametrize(
    "other",
    [
        "http://h.example/a/b.html",
        "https://www.h.example/a/b/",
        "https://h.example/a/b/index.php?x=1",
        "https://h.example/%61/b.htm",
    ],
)
def test_spellings_of_one_page(other: str) -> None:
    assert web_address.same_page(parse("https://h.example/a/b"), parse(other))


@pytest.mark.parametrize(
    "other",
    ["https://h.example/a", "https://h.example/A/b", "https://h.example/a%2Fb", "https://h.example/", "https://i.example/a/b"],
)
def test_pages_that_are_others(other: str) -> None:
    assert not web_address.same_page(parse("https://h.example/a/b"), parse(other))
