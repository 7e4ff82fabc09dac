"""Messages and mailboxes: who wrote what to whom and when, the body as it was meant, attachments by name only."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from gitkb.convert.converter import convert, identify
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion
from tests.support import sample_files as samples


@pytest.fixture
def read(tmp_path: Path):
    def made(name: str, data: bytes) -> Conversion:
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, name, ConversionSettings())

    return made


def message(subject: str, text: str) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Änne Weber <anne@example.org>"
    made["To"] = "Bob <bob@example.org>, Cy <cy@example.org>"
    made["Subject"] = subject
    made["Date"] = "Tue, 05 Mar 2024 10:00:00 +0100"
    made.set_content(text)
    return made


def test_a_message_has_its_headers_its_quotes_and_its_attachments(read):
    mail = message("Leak at pump 4 – größer", "The seal of pump 4\nleaks.\n\n> Who looks?\n> > Nobody yet.\n\nI do.\n-- \nÄnne\n")
    mail.add_attachment(b"%PDF-1.4 not opened", maintype="application", subtype="pdf", filename="Bericht März.pdf")
    mail.add_attachment(message("An older note", "secret words"))
    found = read("leak.eml", mail.as_bytes())
    assert found.markdown == (
        "# Leak at pump 4 – größer\n\n- From: Änne Weber \\<anne@example.org>\n"
        "- To: Bob \\<bob@example.org>, Cy \\<cy@example.org>\n- Date: Tue, 05 Mar 2024 10:00:00 +0100\n"
        "- Attachment: Bericht März.pdf\n- Attachment: message “An older note”\n\n"
        "The seal of pump 4 leaks.\n\n> Who looks?\n>\n> > Nobody yet.\n\nI do.\n\nÄnne\n"
    )
    assert (found.title, found.authors) == ("Leak at pump 4 – größer", ("Änne Weber",))
    assert found.dates == {"created": "2024-03-05T10:00:00+01:00"}
    assert (found.media_type, found.converter) == ("message/rfc822", "message/1")


def test_the_html_of_a_message_is_read_and_its_pictures_come_along(read):
    mail = message("Plan", "Only the plain words.")
    page = '<html><body><h1>Steps</h1><ul><li>one<li>two</ul><img src="cid:p1" alt="red"><script>alert(1)</script></body></html>'
    mail.add_alternative(page, subtype="html")
    html = mail.get_payload()[1]
    html.add_related(samples.png(), maintype="image", subtype="png", cid="<p1>")
    found = read("plan.eml", mail.as_bytes())
    assert found.markdown.endswith("\n\n## Steps\n\n- one\n- two\n\n![red](picture-1.png)\n")
    assert "plain words" not in found.markdown and "Attachment" not in found.markdown
    assert [picture.data for picture in found.pictures] == [samples.png()]


def test_a_mailbox_has_a_section_for_each_message(read):
    first = message("First", "Words of the first.\n\n>From here on it is mine.\n").as_bytes()
    second = message("Second", "Words of the second.\n").as_bytes()
    mark = b"From anne@example.org Tue Mar  5 10:00:00 2024\n"
    found = read("list.mbox", mark + first + b"\n" + mark + second)
    assert [(heading.level, heading.title) for heading in found.headings] == [(2, "First"), (2, "Second")]
    assert "From here on it is mine." in found.markdown and ">From" not in found.markdown
    assert found.markdown.index("of the first") < found.markdown.index("## Second") < found.markdown.index("of the second")
    assert found.authors == ("Änne Weber",)


def test_mail_without_an_ending_is_known_by_its_headers(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(message("Hi", "Words.").as_bytes())
    assert identify(file, "1234").converter == "message/1"
    assert identify(file, "notes.txt").converter == "plain/2"
    file.write_bytes(b"From a@b Tue Mar  5 10:00:00 2024\n" + message("Hi", "Words.").as_bytes())
    assert identify(file, "Inbox").converter == "mailbox/1"
    file.write_bytes(b"From: the beginning of a story.\n\nWords.\n")
    assert identify(file, "STORY").converter == "plain/2"


@pytest.mark.parametrize(("name", "words"), [("a.eml", "plain text"), ("a.mbox", "plain text")])
def test_what_is_no_mail_is_refused(tmp_path, name, words):
    file = tmp_path / "file"
    file.write_bytes(b"just some words\n")
    with pytest.raises(ConversionError, match=words):
        convert(file, name, ConversionSettings())


@pytest.mark.parametrize(
    "data",
    [
        b"From: " + b"(" * 20_000 + b"\nSubject: s\n\nWords.\n",
        b"From: " + b"a@b," * 20_000 + b"\nSubject: " + b"=?utf-8?q?x?= " * 5_000 + b"\n\nWords.\n",
        b'Subject: s\nContent-Type: multipart/mixed; boundary="' + b"b" * 5_000 + b'"\n\nWords.\n',
        b"Subject: s\nContent-Type: text/plain; charset=nothing-known\nDate: never\nFrom: <<>>\n\nWords.\n",
        b"Subject: s\nContent-Transfer-Encoding: base64\nContent-Type: text/plain\n\n!!!!\nV29yZHMu\n",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(600)) + b"\nWords.\n",
    ],
    ids=["comments", "addresses", "boundary", "nonsense", "base64", "nested"],
)
def test_hostile_mail_is_read_or_refused(tmp_path, data):
    file = tmp_path / "file"
    file.write_bytes(data)
    try:
        assert convert(file, "a.eml", ConversionSettings()).markdown.startswith("# ")
    except ConversionError as error:
        assert error.message and error.hint
