"""Makes the sample documents whose formats no text editor writes: PDF, Word, PowerPoint, Excel and EPUB.

They are committed; run this only to change them: pip install fpdf2 python-docx python-pptx XlsxWriter, then
`python tests/data/make_documents.py`. All dates are fixed, so the same text gives nearly the same bytes.
"""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import docx
import pptx
import xlsxwriter
from fpdf import FPDF

HERE = Path(__file__).resolve().parent / "documents"
DAY = datetime(2025, 3, 14, tzinfo=UTC)

ARIES = {
    "1 Introduction": [
        "ARIES is a recovery method that supports fine-granularity locking and partial rollbacks with write-ahead logging. C. Mohan and "
        "others published it in 1992, and most relational databases follow it today.",
        "These notes collect what a reader needs before opening the paper itself. They use the words of the paper: a page, a log "
        "sequence number, a dirty page table and a transaction table.",
        "ARIES stands on three ideas. Write-ahead logging protects every change. Recovery repeats history. Undo steps are logged.",
    ],
    "2 Repeating history": [
        "Repeating history is the principle that redo brings the database to exactly the state in which it was at the crash. "
        "Redo therefore also repeats the changes of transactions that will be undone later. The advantage is simplicity: undo "
        "meets the pages as they were, and may use logical operations.",
        "The dirty page table is a list of the pages whose changes may be missing on disk, with the log sequence number of the "
        "first such change. Redo starts from the smallest of these numbers.",
        "The transaction table is a list of the transactions that were unfinished, with the log sequence number of their last record.",
    ],
    "3 Compensation log records": [
        "A compensation log record is a redo-only log record that describes an undo step. It points to the next record that remains to "
        "be undone, so that no step is undone twice, however often recovery is interrupted.",
        "With compensation log records the amount of logging during crash recovery is bounded, even if the machine fails again "
        "and again while it recovers.",
    ],
    "4 Fuzzy checkpoints": [
        "ARIES takes fuzzy checkpoints. A checkpoint writes the dirty page table and the transaction table to the log, and no page "
        "has to be flushed at that moment. A background process writes dirty pages continuously, and this is what moves the "
        "starting point of redo forward.",
        "The master record is a small record at a known place that holds the log sequence number of the last complete checkpoint.",
    ],
}

RUNBOOK = [
    ("The log disk is full", None),
    (
        None,
        "A full log disk stops every commit, because write-ahead logging cannot write the record of the change. This runbook is for "
        "whoever is on call. It takes about twenty minutes.",
    ),
    ("Find out why", None),
    (
        None,
        "There are three usual causes. A replication slot holds old segments for a replica that is gone. A checkpoint does not finish. "
        "The archive command fails, and segments wait for it.",
    ),
    (None, "A replication slot is a marker that keeps log segments on the primary until a replica has received them."),
    ("Make room", None),
]
STEPS = [
    "Never delete files of the log by hand. Crash recovery needs them.",
    "Drop the replication slot of a replica that will not come back.",
    "Start a checkpoint by hand and wait until it has finished.",
    "Repair the archive command, and watch the waiting segments disappear.",
]
SEGMENTS = [("service", "segments kept", "alarm at"), ("auth", "64", "128"), ("orders", "256", "512"), ("search", "512", "1024")]

SLIDES = [
    ("Snapshots and compaction", ["How a replicated log stays small"]),
    (
        "Why the log must shrink",
        [
            "A server that starts again must replay the log from its beginning",
            "A new server must receive everything that was ever written",
            "Disks are finite",
        ],
    ),
    (
        "Snapshots",
        [
            "A snapshot is a copy of the state machine at one position of the log.",
            "Everything before that position may be deleted.",
            "etcd takes a snapshot after a number of entries that its operator may set.",
        ],
    ),
    (
        "Installing a snapshot",
        [
            "A follower that is too far behind cannot be served from the log any more.",
            "The leader sends its snapshot in chunks, then the entries after it.",
            "Backpressure is needed: a snapshot must not starve the heartbeats.",
        ],
    ),
    (
        "What we learned",
        [
            "A heartbeat that waits behind a snapshot causes a leader election.",
            "Log compaction and checkpoints solve the same problem.",
        ],
    ),
]

CHAPTERS = [
    (
        "The oldest trick",
        [
            "A log is a sequence of records to which one can only append. Book-keepers knew it long before computers did: nobody erases "
            "an entry, and a mistake is corrected by another entry.",
            "Databases, file systems and message brokers all use the same trick. The file systems ext4 and XFS write a journal, "
            "PostgreSQL writes ahead, and Kafka is a log and little else.",
        ],
    ),
    (
        "Journalling file systems",
        [
            "A journalling file system is a file system that writes its changes to a log before it writes them to their place. After a "
            "crash it replays the journal instead of examining the whole disk.",
            "Most of them protect only their own metadata. The contents of a file may still be torn, and an application that needs more must "
            "do crash recovery of its own, usually by write-ahead logging.",
        ],
    ),
    (
        "Event sourcing",
        [
            "Event sourcing is a design in which an application stores every change as an event and derives its state from them. A snapshot "
            "spares it the replay of all events since the beginning.",
            "The log is the truth, and everything else is a view of it.",
        ],
    ),
]


def make_pdf(file: Path) -> None:
    pdf = FPDF(format="A5")
    pdf.set_creation_date(DAY)
    pdf.set_title("Notes on ARIES")
    pdf.set_author("The storage team")
    pdf.set_lang("en")
    for number, (title, paragraphs) in enumerate(ARIES.items()):
        pdf.add_page()
        pdf.set_auto_page_break(True, margin=20)
        if number == 0:
            pdf.set_font("Helvetica", "B", 22)
            pdf.cell(0, 20, "Notes on ARIES", new_x="LMARGIN", new_y="NEXT")
        pdf.start_section(title)
        pdf.set_font("Helvetica", "B", 15)
        pdf.cell(0, 12, title, new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("Helvetica", "", 11)
        for paragraph in paragraphs:
            pdf.multi_cell(0, 6, paragraph, new_x="LMARGIN", new_y="NEXT")
            pdf.ln(3)
        pdf.set_auto_page_break(False)
        pdf.set_y(-15)
        pdf.set_font("Helvetica", "", 8)
        pdf.cell(0, 6, f"Notes on ARIES - {pdf.page_no()}", align="C")
    pdf.output(str(file))


def make_docx(file: Path) -> None:
    document = docx.Document()
    document.core_properties.title = "Runbook: the log disk is full"
    document.core_properties.comments = ""
    document.core_properties.author = "The storage team"
    document.core_properties.created = document.core_properties.modified = DAY.replace(tzinfo=None)
    for number, (heading, text) in enumerate(RUNBOOK):
        if heading:
            document.add_heading(heading, 1 if number == 0 else 2)
        else:
            document.add_paragraph(text)
    for step in STEPS:
        document.add_paragraph(step, style="List Number")
    document.add_heading("Limits", 2)
    table = document.add_table(rows=0, cols=3)
    for row in SEGMENTS:
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = value
    document.save(str(file))


def make_pptx(file: Path) -> None:
    deck = pptx.Presentation()
    deck.core_properties.title = "Snapshots and compaction"
    deck.core_properties.comments = ""
    deck.core_properties.author = "The replication team"
    deck.core_properties.created = deck.core_properties.modified = DAY.replace(tzinfo=None)
    for number, (title, lines) in enumerate(SLIDES):
        slide = deck.slides.add_slide(deck.slide_layouts[0 if number == 0 else 1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(lines)
    deck.slides[
        3
    ].notes_slide.notes_text_frame.text = "The incident of February began here: see the heartbeats on the next slide."
    deck.save(str(file))


def make_xlsx(file: Path) -> None:
    book = xlsxwriter.Workbook(str(file))
    book.set_properties({"title": "Capacity", "author": "The storage team", "created": DAY.replace(tzinfo=None)})
    log = book.add_worksheet("Log volume")
    rows = [("service", "GB a day", "days kept"), ("auth", 12, 7), ("orders", 88, 7), ("search", 240, 3), ("billing", 31, 14)]
    for number, row in enumerate(rows):
        log.write_row(number, 0, row)
    log.write_row(len(rows), 0, ["total"])
    log.write_formula(len(rows), 1, "=SUM(B2:B5)", None, 371)
    notes = book.add_worksheet("Notes")
    notes.write_column(0, 0, ["Question", "Why does search write so much?", "Who pays for the archive?"])
    notes.write_column(0, 1, ["Answer", "Full-page writes after each checkpoint.", "The team that owns the service."])
    book.close()


def make_epub(file: Path) -> None:
    names = [f"chapter-{number}.xhtml" for number in range(1, len(CHAPTERS) + 1)]
    items = "".join(f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(names))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(names)))
    contents = "".join(f'<li><a href="{name}">{title}</a></li>' for name, (title, _) in zip(names, CHAPTERS, strict=True))
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "book.opf": '<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">a-small-book-of-logs</dc:identifier>'
        "<dc:title>A small book of logs</dc:title><dc:language>en</dc:language><dc:creator>The storage team</dc:creator>"
        '<meta property="dcterms:modified">2025-03-14T00:00:00Z</meta></metadata>'
        f'<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>{items}</manifest>'
        f"<spine>{spine}</spine></package>",
        "nav.xhtml": _page(
            "Contents", f'<nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="toc"><ol>{contents}</ol></nav>'
        ),
    }
    for name, (title, paragraphs) in zip(names, CHAPTERS, strict=True):
        parts[name] = _page(title, f"<h1>{title}</h1>" + "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, DAY.timetuple()[:6])
            archive.writestr(info, text, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)


def _page(title: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" lang="en">'
        f"<head><title>{title}</title></head><body>{body}</body></html>"
    )


if __name__ == "__main__":
    make_pdf(HERE / "papers" / "aries-notes.pdf")
    make_docx(HERE / "runbooks" / "log-disk-full.docx")
    make_pptx(HERE / "talks" / "snapshots-and-compaction.pptx")
    make_xlsx(HERE / "measurements" / "capacity.xlsx")
    make_epub(HERE / "a-small-book-of-logs.epub")
