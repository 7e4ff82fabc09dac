"""Ctrl-C and SIGTERM end a run between two groups, or after the one that is under way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

# The child sends itself the signal while it packs the first group: at the moment that is worst.
CHILD = """
import os, sys
from gitkb.store.objects import ObjectBuffer
from gitkb.__main__ import main
number, sent = int(sys.argv[1]), sys.argv[2]
drain = ObjectBuffer.drain
def draining(self, folder):
    if not os.path.exists(sent):
        open(sent, "w").close()
        os.kill(os.getpid(), number)
    return drain(self, folder)
ObjectBuffer.drain = draining
sys.argv[1:] = sys.argv[3:]
sys.exit(main())
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_of_a_group_takes_effect_after_it(tmp_path: Path, number: int, code: int) -> None:
    docs, kb = tmp_path / "docs", tmp_path / "kb"
    docs.mkdir()
    for name in ("one", "two"):
        (docs / f"{name}.md").write_text(
            f"# {name}\n\nA {name} is a thing that tests count from time to time.\n", encoding="utf-8"
        )
    subprocess.run([sys.executable, "-m", "gitkb", "init", kb], check=True, capture_output=True)
    command = [sys.executable, "-c", CHILD, str(int(number)), str(tmp_path / "sent"), "add", str(docs), "--kb", str(kb)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (tmp_path / "sent").exists()
    assert done.returncode == code, done.stderr
    assert "the same command goes on from there" in done.stderr
    assert list((kb / ".git" / "gitkb" / "runs").iterdir()) == []
    status = subprocess.run(["git", "-C", kb, "status", "--porcelain"], capture_output=True, text=True, check=True)
    assert status.stdout == ""
    subprocess.run([sys.executable, "-m", "gitkb", "check", "--kb", kb], check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "gitkb", "add", docs, "--kb", kb], check=True, capture_output=True)
