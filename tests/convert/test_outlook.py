"""Messages of Outlook: what a reader of the mail sees, whatever the way in which Outlook stored it."""

import random
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.convert.mail.compressed_rtf import rich_text
from gitkb.errors import ConversionError, EmptyDocument
from gitkb.formats.settings import ConversionSettings
from tests.support import sample_files as samples
from tests.support.compound_file import compound

TIME = 133_500_000_000_000_000
"""In units of 100 ns since 1601: January 2024."""
Properties = Mapping[int, str | bytes | int]


def storage(properties: Properties, head: int = 8) -> dict[str, bytes]:
    """The streams of the properties of a message, a receiver or an attachment."""
    found, numbers = {}, b""
    for number, value in properties.items():
        if isinstance(value, int):
            kind = 0x0040 if value > 2**32 else 0x0003
            numbers += struct.pack("<HHIQ", kind, number, 6, value)
        elif isinstance(value, str):
            found[f"__substg1.0_{number:04X}001F"] = value.encode("utf-16-le")
        else:
            found[f"__substg1.0_{number:04X}0102"] = value
    return {"__properties_version1.0": bytes(head) + numbers, **found}


MESSAGE: Properties = {
    0x0037: "The pump\u2019s seal",
    0x0C1A: "Ada Brook",
    0x0C1F: "ada@example.org",
    0x0039: TIME,
    0x1000: "It leaks.",
}


def msg(properties: Properties = MESSAGE, parts: Mapping[str, Properties] | None = None) -> bytes:
    return compound({**storage(properties, 32), **{name: storage(each) for name, each in (parts or {}).items()}})


@pytest.fixture
def read(tmp_path: Path):
    def made(data: bytes, name: str = "a.msg"):
        file = tmp_path / name
        file.write_bytes(data)
        return convert(file, name, ConversionSettings())

    return made


def test_a_message_says_who_wrote_what_to_whom(read):
    parts: dict[str, Properties] = {
        "__recip_version1.0_#00000000": {0x3001: "Bo Lund", 0x39FE: "bo@example.org", 0x0C15: 1},
        "__recip_version1.0_#00000001": {0x3001: "Chang \u5f35", 0x3003: "/o=Exchange/cn=chang", 0x0C15: 2},
        "__recip_version1.0_#00000002": {0x3001: "Secret", 0x0C15: 3},
        "__attach_version1.0_#00000000": {0x3707: "plan of 2024.pdf", 0x3701: b"%PDF never read"},
    }
    found = read(msg(parts=parts))
    assert found.title == "The pump\u2019s seal"
    assert found.authors == ("Ada Brook",)
    assert found.dates["created"].startswith("2024-01-17")
    assert '- From: Ada Brook \\<ada@example.org>\n- To: Bo Lund \\<bo@example.org>\n- Cc: "Chang \u5f35"\n' in found.markdown
    assert "- Attachment: plan of 2024.pdf\n\nIt leaks.\n" in found.markdown
    assert "Secret" not in found.markdown and "never read" not in found.markdown


def test_html_and_the_pictures_that_it_shows_are_kept(read):
    html = b'<html><body><p>It <b>leaks</b>: <img src="cid:one"></p></body></html>'
    picture: Properties = {0x3707: "seal.png", 0x3712: "one", 0x370E: "image/png", 0x3701: samples.png()}
    found = read(msg({**MESSAGE, 0x1013: html}, {"__attach_version1.0_#00000000": picture}))
    assert "It **leaks**: ![](picture-1.png)" in found.markdown
    assert found.pictures[0].data == samples.png()


def test_texts_of_old_messages_are_decoded_by_their_code_page(read):
    streams = storage({0x3FDE: 1251}, 32) | {"__substg1.0_0037001E": "\u041d\u0430\u0441\u043e\u0441".encode("cp1251")}
    assert read(compound(streams | {"__substg1.0_1000001E": b"42"})).title == "\u041d\u0430\u0441\u043e\u0441"


def test_names_cannot_become_headers(read):
    found = read(msg({**MESSAGE, 0x0037: "One\r\nBcc: eve@example.org", 0x0C1A: "Ada\nTo: eve@example.org"}))
    assert found.title == "One Bcc: eve@example.org"
    assert "\n- To:" not in found.markdown and "\n- Bcc" not in found.markdown


def test_a_message_needs_no_ending_and_contradicts_others(read):
    assert "It leaks." in read(msg(), "message").markdown
    with pytest.raises(ConversionError, match=r"it is an Outlook message with the ending \.xls"):
        read(msg(), "a.xls")


@pytest.mark.parametrize("cut", [600, 1_500, 2_500])
def test_damaged_messages_are_refused(read, cut):
    with pytest.raises(ConversionError) as error:
        read(msg()[:cut])
    assert error.value.hint


def test_damaged_bytes_end_in_a_reason_or_in_text(read):
    whole = msg()
    for seed in range(40):
        rng = random.Random(seed)
        data = bytearray(whole)
        for _ in range(30):
            data[rng.randrange(8, len(data))] ^= rng.randrange(1, 256)
        try:
            assert read(bytes(data)).markdown
        except ConversionError as error:
            assert error.message and error.hint


def test_a_message_of_nothing_is_empty(read):
    with pytest.raises(EmptyDocument):
        read(msg({0x0039: TIME}))


def test_times_out_of_all_bounds_are_none(read):
    assert "Date" not in read(msg({**MESSAGE, 0x0039: 2**63})).markdown


def literally(rich: bytes) -> bytes:
    """Rich Text as Outlook compresses it, if it finds nothing twice."""
    parts = [rich[start : start + 8] for start in range(0, len(rich), 8)]
    body = b"".join(bytes([0]) + part for part in parts)
    return struct.pack("<II4sI", len(body) + 12, len(rich), b"LZFu", 0) + body


SPECIFIED = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
"""An example of the specification: a run of letters that reads what it writes itself."""


def test_a_body_that_is_rich_text_alone_is_read(read):
    message = {number: value for number, value in MESSAGE.items() if number != 0x1000}
    found = read(msg({**message, 0x1009: literally(rb"{\rtf1\ansi The seal {\b leaks}.\par Change it.}")}))
    assert found.markdown.endswith("The seal leaks.\n\nChange it.\n")
    assert rich_text(SPECIFIED) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_rich_text_that_stands_for_html_is_read_once(read):
    message = {number: value for number, value in MESSAGE.items() if number != 0x1000}
    rich = (
        rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 It leaks.\htmlrtf\par}\htmlrtf0 {\*\htmltag72 </p>}Now.}"
    )
    assert read(msg({**message, 0x1009: literally(rich)})).markdown.endswith("It leaks.\n\nNow.\n")


@pytest.mark.parametrize("size", [3, 15, 16, 17, 30, 60])
def test_rich_text_that_is_cut_off_gives_what_is_there(read, size):
    data = literally(rb"{\rtf1\ansi The seal leaks in spring, and in winter it does not.}")[:size]
    assert "The pump" in read(msg({**MESSAGE, 0x1009: data})).title and len(rich_text(data)) <= size
