"""A reader of another package: the example of the guide, installed beside gitkb, reads what gitkb does not."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.documentation import PAGES, PERSON, ROOT, block

GUIDE = PAGES["gitkb/guide/documents.md"]
SUBTITLES = (
    "1\n00:00:01,000 --> 00:00:04,000\nThe pump of hall 4\nneeds a seal.\n\n2\n00:00:05,000 --> 00:00:06,000\nIn winter.\n"
)


def install(site: Path, code: str, version: str = "") -> None:
    """Puts a package where Python finds it, as pip would: its module, and the metadata of the guide's project file."""
    project = tomllib.loads(block(GUIDE, "project"))["project"]
    info = site / f"{project['name'].replace('-', '_')}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (site / "gitkb_subtitles.py").write_text(code, encoding="utf-8")
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version or project['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    points = project["entry-points"]["gitkb.readers"]
    (info / "entry_points.txt").write_text("[gitkb.readers]\n" + "".join(f"{key} = {points[key]}\n" for key in points))


@pytest.fixture
def gitkb(tmp_path: Path):
    def run(*arguments: str, status: int = 0) -> str:
        path = os.pathsep.join((str(ROOT), str(tmp_path / "site")))
        command = [sys.executable, "-m", "gitkb", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | PERSON | {"PYTHONPATH": path}, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    (tmp_path / "talk.srt").write_text(SUBTITLES)
    run("init", "kb")
    return run


def record(tmp_path: Path) -> dict[str, object]:
    (file,) = (tmp_path / "kb" / ".gitkb").rglob("talk*.json")
    found: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_reader_of_the_guide_reads_and_is_named_in_the_record(gitkb, tmp_path):
    assert "ending" in gitkb("add", "talk.srt", "--kb", "kb", status=3)
    install(tmp_path / "site", block(GUIDE, "reader"))
    gitkb("add", "talk.srt", "--kb", "kb")
    assert record(tmp_path)["converter"] == "gitkb-subtitles/1.2.0"
    (page,) = (tmp_path / "kb" / "wiki" / "sources").rglob("talk*.md")
    assert "The pump of hall 4 needs a seal.\n\nIn winter." in page.read_text(encoding="utf-8")
    assert "Outdated" not in gitkb("status", "--kb", "kb")
    install(tmp_path / "site", block(GUIDE, "reader"), "1.3.0")
    assert "1.3.0" in gitkb("status", "--kb", "kb")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('no subtitles at all')", "no subtitles at all"),
        ("return 5", "gave no text"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "network"),
        ("open('/tmp/gitkb-plugin-was-here', 'w')", "write outside"),
    ],
)
def test_a_reader_is_held_as_documents_are(gitkb, tmp_path, body, words):
    install(tmp_path / "site", f"def read(data):\n    {body}\n")
    assert words in gitkb("add", "talk.srt", "--kb", "kb", status=3)


def test_a_reader_that_finds_no_text_makes_no_document(gitkb, tmp_path):
    install(tmp_path / "site", "def read(data):\n    return '<script>alert(1)</script>'\n")
    assert "Nothing to read in talk.srt" in gitkb("add", "talk.srt", "--kb", "kb")
