"""The limits hold in practice: what a document could make a worker do, tried in real workers.

Some of it no converter does; so that the second wall is tested too, a worker is made to try it by a module of its own.
"""

import hashlib
import http.server
import os
import select
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gitkb.formats.settings import ConversionSettings, ConvertSettings
from gitkb.intake.document_names import document_name
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.pool import Pool
from gitkb.model.documents import SourceFile
from tests.bad import archives, office, pdfs, words
from tests.support import sample_files as samples

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="watches processes through /proc")

SECRET = "the-secret-of-this-machine"


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    (tmp_path / "scratch").mkdir()
    return Workshop(tmp_path / "scratch", tmp_path / "cache", "", ConversionSettings(10**8), {})


@pytest.fixture
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, and the paths that were asked of it."""
    asked: list[str] = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def job_of(tmp_path: Path, name: str, content: bytes) -> Job:
    folder = tmp_path / "docs"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    source = SourceFile(f"docs/{name}", folder / name, "docs", folder)
    return Job(source, document_name(source.path), hashlib.sha256(content).hexdigest())


def prepared(tmp_path: Path, shop: Workshop, *jobs: Job, **limits: float) -> list[Prepared]:
    with Pool(shop, replace(ConvertSettings(), **limits), tmp_path / "lock", 1) as pool:
        return list(pool.prepare(jobs))


def leading_out(target: str) -> dict[str, bytes]:
    """Documents of every format that name a target in every way that their format knows."""
    picture = samples.docx(words.sentences(), picture=samples.png())
    rels = "word/_rels/document.xml.rels"
    relation = office.RELATION.format("rId77", "image", target) + "</Relationships>"
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{target}"><!ENTITY % p SYSTEM "{target}"> %p;]>'
    shown = f'<p>Words. &e;<img src="{target}"><iframe src="{target}">'
    package = archives.members_of(words.epub())["OEBPS/c1.xhtml"]
    assert isinstance(package, bytes)
    return {
        "linked.docx": archives.edited(picture, rels, 'Target="media/image1.png"', f'Target="{target}" TargetMode="External"'),
        "linked.pptx": archives.edited(words.pptx(), "ppt/slides/_rels/slide1.xml.rels", "</Relationships>", relation),
        "linked.xlsx": archives.edited(words.xlsx(), "xl/_rels/workbook.xml.rels", "</Relationships>", relation),
        "entity.epub": archives.replaced(words.epub(), {"OEBPS/c1.xhtml": entity.encode() + package.replace(b"Part 1", b"&e;")}),
        "linked.epub": archives.edited(words.epub(), "OEBPS/c1.xhtml", "<h1>", f'<img src="{target}"/><h1>'),
        "web.html": f'{entity}<link rel="stylesheet" href="{target}">{shown}'.encode(),
        "text.md": f"Words. ![a]({target}) <img src='{target}'> [b]: {target}\n".encode(),
        "text.rst": (
            f"Words\n=====\n\n.. include:: {target}\n\n.. raw:: html\n   :url: {target}\n\n"
            f".. csv-table:: t\n   :url: {target}\n\n.. raw:: html\n   :file: {target}\n\n"
            f".. image:: {target}\n\n.. literalinclude:: {target}\n\nMore words.\n"
        ).encode(),
        "cells.ipynb": samples.notebook([{"cell_type": "markdown", "source": f"Words. ![a]({target})"}]),
        "page.pdf": pdfs.simple(page_entries=f"/AA << /O << /S /URI /URI ({target}) >> >>".encode()),
    }


def test_no_document_reaches_the_network(tmp_path: Path, shop: Workshop, listening: tuple[str, list[str]]) -> None:
    address, asked = listening
    made = leading_out(f"{address}/x.png")
    results = prepared(tmp_path, shop, *(job_of(tmp_path, name, content) for name, content in made.items()))
    assert len([result for result in results if not result.error]) >= 8
    assert asked == []


@pytest.mark.parametrize("way", ["file://{}", "{}", "../../../../../../../..{}", "../outside.txt"])
def test_no_document_reads_another_file(tmp_path: Path, shop: Workshop, way: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text(f"{SECRET}\n", "utf-8")
    made = leading_out(way.format(outside))
    results = prepared(tmp_path, shop, *(job_of(tmp_path, name, content) for name, content in made.items()))
    assert len([result for result in results if not result.error]) >= 8
    written = [shop.scratch / path for result in results for path in result.files if not path.startswith("raw/")]
    assert written and not [file for file in written if SECRET.encode() in file.read_bytes()]


def test_no_archive_writes_outside_of_the_scratch_folder(tmp_path: Path, shop: Workshop) -> None:
    names = ("../../../slipped.txt", str(tmp_path / "slipped.txt"), "..\\..\\slipped.txt", "x/../../../../slipped.txt")
    before = sorted(path for path in tmp_path.rglob("*") if shop.scratch not in path.parents)
    made = {kind: archives.replaced(whole(), dict.fromkeys(names, SECRET)) for kind, whole in archives.KINDS.items()}
    results = prepared(tmp_path, shop, *(job_of(tmp_path, f"slip.{kind}", content) for kind, content in made.items()))
    assert all(not result.error for result in results)
    after = {path for path in tmp_path.rglob("*") if shop.scratch not in path.parents} - set(before)
    assert not [path for path in after if "slipped" in path.name]
    assert not list(shop.scratch.rglob("*slipped*"))


def _peak_while(pool: Pool, jobs: list[Job]) -> tuple[list[Prepared], int]:
    """The results, and the most memory in bytes that a worker of this process took."""
    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            for task in Path("/proc/self/task").glob("*/children"):
                for pid in task.read_text("ascii").split():
                    try:
                        if b"gitkb.intake.prepare.worker" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                            continue  # until the new program runs, it is this process once more
                        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
                    except OSError:
                        continue
                    peak[0] = max(peak[0], *(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    results = list(pool.prepare(jobs))
    done.set()
    watcher.join()
    return results, peak[0]


def test_a_worker_that_takes_gigabytes_is_stopped_before_the_machine_suffers(tmp_path: Path, shop: Workshop) -> None:
    greedy = job_of(tmp_path, "greedy.pdf", pdfs.simple(pdfs.stream(pdfs.deflated(4 * pdfs.GIB), b"/Filter /FlateDecode")))
    after = job_of(tmp_path, "after.md", words.md())
    limits = replace(ConvertSettings(), memory=300 * 1024**2, timeout=60.0)
    with Pool(shop, limits, tmp_path / "lock", 1) as pool:
        results, peak = _peak_while(pool, [greedy, after])
    assert results[0].error and not results[1].error
    assert 0 < peak < 500 * 1024**2


def tried(tmp_path: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Runs code in a process that is confined as a worker is."""
    (tmp_path / "inside").mkdir(exist_ok=True)
    start = "from pathlib import Path\nfrom gitkb.intake.prepare.worker import confine\n"
    start += f"confine((Path({str(tmp_path / 'inside')!r}),))\n"
    command = [sys.executable, "-c", start + textwrap.dedent(code)]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://localhost:9/')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "open('outside.txt', 'w')",
        "open('inside/../outside.txt', 'ab')",
        "import os; os.symlink('/etc', 'inside/link'); open('inside/link/outside.txt', 'w')",
        "import os; os.rename('inside', 'elsewhere')",
        "Path('inside').rmdir(); Path('outside').mkdir()",
        "import os; os.open('outside.txt', os.O_CREAT | os.O_WRONLY)",
    ],
)
def test_what_no_conversion_needs_is_refused_in_a_worker(tmp_path: Path, code: str) -> None:
    done = tried(tmp_path, code)
    assert done.returncode == 1 and "PermissionError" in done.stderr, done.stderr
    assert not (tmp_path / "outside.txt").exists() and not (tmp_path / "elsewhere").exists()


def test_a_confined_worker_still_reads_and_writes_where_it_may(tmp_path: Path) -> None:
    code = "import tempfile; Path('inside/a').write_text('x'); print(Path('/etc/hostname').exists(), tempfile.mkstemp()[1])"
    done = tried(tmp_path, code)
    assert done.returncode == 0 and str(tmp_path / "inside") in done.stdout, done.stderr


def test_what_a_worker_has_started_ends_with_it(tmp_path: Path, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    started = tmp_path / "started"
    (tmp_path / "site").mkdir()
    code = f"import subprocess; open({str(started)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))\n"
    (tmp_path / "site/sitecustomize.py").write_text(code, "utf-8")  # what a document that takes over the worker could do
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}{os.pathsep}{os.environ['PYTHONPATH']}")
    prepared(tmp_path, shop, job_of(tmp_path, "first.md", words.md()))
    assert _ends(int(started.read_text("utf-8")))


def _ends(pid: int) -> bool:
    """Whether a process that was sent a signal comes to its end: the system ends it when it next runs."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 60)[0])
    finally:
        os.close(descriptor)
