"""What may be fetched, and what a reply must be: over real connections to a server on loopback."""

import errno
import gzip
import io
import queue
import shutil
import socket
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from gitkb.errors import FetchFailed
from gitkb.intake.web.fetcher import Fetched, Fetcher, Validators
from gitkb.intake.web.http_wire import Wire, is_public, resolve
from gitkb.text.names.web_address import parse
from tests.support.web_server import Page, Site, moved, serving

LIMIT = 1_000_000


@pytest.fixture
def site() -> Iterator[Site]:
    with serving({"/": Page("<p>Hello</p>", etag='"one"')}) as running:
        yield running


def get(url: str, *, private: bool = True, limit: int = LIMIT, seconds: float = 20.0, **options: object) -> tuple[Fetched, bytes]:
    out = io.BytesIO()
    fetcher = Fetcher(Wire(options.pop("resolve", resolve), (lambda address: True) if private else is_public))  # type: ignore[arg-type]
    try:
        return fetcher.fetch(parse(url), out.write, limit, seconds=seconds, **options), out.getvalue()  # type: ignore[arg-type]
    finally:
        fetcher.close()


def refused(url: str, **options: object) -> str:
    with pytest.raises(FetchFailed) as caught:
        get(url, **options)  # type: ignore[arg-type]
    return caught.value.message


def test_a_page_is_fetched_with_what_its_server_says_of_it(site: Site) -> None:
    found, body = get(f"{site.url}/")
    assert (body, found.media_type, found.charset) == (b"<p>Hello</p>", "text/html", "utf-8")
    assert found.validators == Validators(etag='"one"')
    assert "Cookie" not in site.headers[0] and site.headers[0]["User-Agent"].startswith("gitkb/")


def test_what_has_not_changed_is_not_sent_again(site: Site) -> None:
    found, body = get(f"{site.url}/", validators=Validators(etag='"one"'))
    assert found.unchanged and body == b""


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]"])
def test_an_address_that_is_not_public_is_refused_before_it_is_connected_to(site: Site, host: str) -> None:
    assert "no public address" in refused(f"http://{host}:{site.port}/", private=False)
    assert site.asked == []


def test_a_name_is_refused_when_any_of_its_addresses_is_not_public(site: Site) -> None:
    mixed = lambda host, port: ("93.184.216.34", "127.0.0.1")  # noqa: E731
    assert "two.example is at 127.0.0.1" in refused(f"http://two.example:{site.port}/", private=False, resolve=mixed)


def test_a_name_that_leads_elsewhere_at_the_second_look_is_looked_up_once(site: Site) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ("192.0.2.1",) if len(asked) > 1 else ("127.0.0.1",)

    _, body = get(f"http://rebinding.example:{site.port}/", resolve=rebinding)
    assert body == b"<p>Hello</p>" and asked == ["rebinding.example"]
    assert site.headers[0]["Host"] == f"rebinding.example:{site.port}"


def test_a_name_that_is_public_first_and_private_later_never_gets_a_private_connection(site: Site) -> None:
    """Each connection is judged by the very answer that it is made from."""
    site.pages["/away"] = moved(f"http://rebinding.example:{site.port}/")
    answers = iter([("127.0.0.1",), ("10.0.0.1",)])
    judged: list[tuple[str, ...]] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        judged.append(next(answers))
        return judged[-1]

    wire = Wire(rebinding)
    with pytest.raises(FetchFailed, match=r"is at 127\.0\.0\.1"):
        Fetcher(wire).fetch(parse(f"http://rebinding.example:{site.port}/away"), lambda piece: None, LIMIT)
    with pytest.raises(FetchFailed, match=r"is at 10\.0\.0\.1"):
        Fetcher(wire).fetch(parse(f"http://rebinding.example:{site.port}/"), lambda piece: None, LIMIT)
    assert site.asked == []


def test_redirects_are_followed_and_tell_which_address_is_for_good(site: Site) -> None:
    site.pages |= {"/old": moved("/mid", 308), "/mid": moved("/now", 302), "/now": moved("/", 301)}
    found, body = get(f"{site.url}/old")
    assert body == b"<p>Hello</p>"
    assert (str(found.address), str(found.permanent)) == (f"{site.url}/", f"{site.url}/mid")


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://h.example/", "http://user@127.0.0.1/", "gopher://127.0.0.1:70/", "http://2130706433/", "//:x"],
)
def test_a_redirect_to_what_is_not_fetched_is_refused(site: Site, target: str) -> None:
    site.pages["/away"] = moved(target)
    assert "it redirects to an address that is not fetched" in refused(f"{site.url}/away")


def test_a_redirect_to_a_private_address_is_refused_though_the_first_was_public(site: Site) -> None:
    site.pages["/away"] = moved("http://inner.example/latest/meta-data/")
    answers = {"outer.example": "127.0.0.1", "inner.example": "169.254.169.254"}
    # The server on loopback stands for a public one.
    wire = Wire(lambda host, port: (answers[host],), lambda address: address == "127.0.0.1" or is_public(address))
    with pytest.raises(FetchFailed, match=r"inner\.example is at 169\.254\.169\.254"):
        Fetcher(wire).fetch(parse(f"http://outer.example:{site.port}/away"), lambda piece: None, LIMIT)
    wire.close()
    assert site.asked == ["/away"]


def test_redirects_in_a_circle_end(site: Site) -> None:
    site.pages["/round"] = moved("/round")
    assert "redirects more than 5 times" in refused(f"{site.url}/round")
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    ("status", "words"), [(404, "no such page"), (410, "gone"), (403, "forbidden"), (500, "failed"), (503, "out of")]
)
def test_an_error_of_the_server_is_said_in_words(site: Site, status: int, words: str) -> None:
    site.pages["/x"] = Page("no", status=status)
    message = refused(f"{site.url}/x")
    assert words in message and str(status) in message


@pytest.mark.parametrize(
    "page",
    [
        Page("only so much", promised=1000),
        Page("a chunk", chunked=True, cut=True),
        Page(gzip.compress(b"x" * 10_000)[:-9], headers={"Content-Encoding": "gzip"}),
    ],
    ids=["length", "chunks", "gzip"],
)
def test_a_short_read_is_an_error(site: Site, page: Page) -> None:
    site.pages["/x"] = page
    assert "short read" in refused(f"{site.url}/x")


def test_bytes_are_counted_after_unpacking(site: Site) -> None:
    site.pages["/bomb"] = Page(gzip.compress(b"\0" * 50_000_000), headers={"Content-Encoding": "gzip"})
    assert "1 MiB" in refused(f"{site.url}/bomb", limit=1024**2)
    site.pages["/long"] = Page(b"x" * 2_000_000)
    assert "the limit" in refused(f"{site.url}/long", limit=1024**2)
    site.pages["/chunks"] = Page(b"x" * 2_000_000, chunked=True)
    assert "the limit" in refused(f"{site.url}/chunks", limit=1024**2)


def test_what_is_wrong_with_the_place_it_goes_to_is_no_fault_of_the_server(site: Site) -> None:
    def full(piece: bytes) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    fetcher = Fetcher(Wire(resolve, lambda address: True))
    with pytest.raises(OSError, match="no space left"):
        fetcher.fetch(parse(f"{site.url}/"), full, LIMIT)
    fetcher.close()


def test_what_answers_without_speaking_http_is_told_from_a_short_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            with other.accept()[0] as asked:
                asked.recv(4096)
                asked.sendall(b"220 mail.example ESMTP\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert "does not speak HTTP" in refused(f"http://127.0.0.1:{other.getsockname()[1]}/")


def test_a_packing_that_was_not_asked_for_is_refused(site: Site) -> None:
    site.pages["/x"] = Page(zlib.compress(b"x"), headers={"Content-Encoding": "br"})
    assert "not asked for" in refused(f"{site.url}/x")
    site.pages["/y"] = Page(b"no gzip", headers={"Content-Encoding": "gzip"})
    assert "damaged" in refused(f"{site.url}/y")


def test_a_packed_page_is_unpacked(site: Site) -> None:
    site.pages["/x"] = Page(gzip.compress(b"words " * 50_000), headers={"Content-Encoding": "gzip"})
    assert get(f"{site.url}/x")[1] == b"words " * 50_000


def test_a_page_packed_in_several_members_is_whole(site: Site) -> None:
    members = gzip.compress(b"first " * 30_000) + gzip.compress(b"") + gzip.compress(b"second")
    site.pages["/x"] = Page(members, headers={"Content-Encoding": "gzip"})
    assert get(f"{site.url}/x")[1] == b"first " * 30_000 + b"second"
    site.pages["/cut"] = Page(members[:-9], headers={"Content-Encoding": "gzip"})
    assert "short read" in refused(f"{site.url}/cut")
    site.pages["/more"] = Page(members + b"garbage", headers={"Content-Encoding": "gzip"})
    assert "damaged" in refused(f"{site.url}/more")


def test_the_time_for_a_page_is_limited_however_it_trickles(site: Site) -> None:
    over = threading.Event()
    answered: queue.SimpleQueue[bool] = queue.SimpleQueue()
    site.pages["/slow"] = Page("late", wait=lambda: answered.put(over.wait(60)))
    assert "too long" in refused(f"{site.url}/slow", seconds=0.2)
    over.set()
    assert answered.get()  # the server had not given up waiting when the program did


def test_closing_breaks_off_what_is_under_way(site: Site) -> None:
    asked, over = threading.Event(), threading.Event()
    site.pages["/slow"] = Page("late", wait=lambda: (asked.set(), over.wait(20)))
    fetcher = Fetcher(Wire(resolve, lambda address: True))
    threading.Thread(target=lambda: (asked.wait(20), fetcher.close()), daemon=True).start()
    with pytest.raises(FetchFailed):
        fetcher.fetch(parse(f"{site.url}/slow"), lambda piece: None, LIMIT)
    over.set()


def test_where_nothing_listens_and_where_there_is_no_host(site: Site) -> None:
    with serving({}) as gone:
        pass
    assert "nothing listens" in refused(f"{gone.url}/")

    def nobody(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror("no such name")

    assert "there is no host nowhere.example" in refused("http://nowhere.example/", resolve=nobody)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a certificate for a name, which is trusted from then on."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here")

    def make(name: str) -> Path:
        key, made, both = (tmp_path / f"{name}.{ending}" for ending in ("key", "crt", "pem"))
        command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(made)]
        subprocess.run([*command, *names], check=True, capture_output=True)
        both.write_bytes(key.read_bytes() + made.read_bytes())
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
        return both

    return make


def test_a_certificate_is_checked_against_the_name_and_no_way_leads_from_https_to_http(
    certificate: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {"/": Page("<p>Sealed</p>"), "/down": moved("http://named.example/x")}
    here = lambda host, port: ("127.0.0.1",)  # noqa: E731
    with serving(pages, certificate("named.example")) as sealed:
        assert get(f"https://named.example:{sealed.port}/", resolve=here)[1] == b"<p>Sealed</p>"
        assert "not trusted" in refused(f"https://other.example:{sealed.port}/", resolve=here)
        assert "from https to http" in refused(f"https://named.example:{sealed.port}/down", resolve=here)
        monkeypatch.delenv("SSL_CERT_FILE")
        assert "not trusted" in refused(f"https://named.example:{sealed.port}/", resolve=here)
