"""What a worker of a cluster leaves when it is killed goes with the next one on that machine."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gitkb.formats.settings import Settings
from gitkb.intake.prepare import far_worker
from gitkb.intake.prepare.document import Workshop
from tests.support.isolation import ROOT

BEGINS = """
import sys
from pathlib import Path
import msgspec
from gitkb.intake.prepare import far_worker
task = far_worker.FarTask(Path(sys.argv[1]).read_bytes(), b"torn", None, far_worker.versions())
try:
    far_worker.convert_far(msgspec.msgpack.encode(task))
except Exception:
    print("its folder is made", flush=True)
sys.stdin.read()
"""


def test_folders_of_dead_processes_are_removed_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, place = tmp_path / "shop", tmp_path / "tmp"
    place.mkdir()
    shop.write_bytes(far_worker.packed_shop(Workshop(tmp_path, tmp_path, "", Settings().conversion, {}), Settings().convert))
    command, environment = [sys.executable, "-c", BEGINS, str(shop)], os.environ | {"TMPDIR": str(place), "PYTHONPATH": str(ROOT)}

    def started() -> "subprocess.Popen[str]":
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and "made" in process.stdout.readline()
        return process

    with started() as killed:
        left = set(place.iterdir())
        killed.kill()
    assert len(left) == 1 and all(folder.is_dir() for folder in left)
    (place / "gitkb-far-begun").mkdir()
    old = place / "gitkb-far-old"
    old.mkdir()
    os.utime(old, (0, 0))
    with started() as living:
        assert not left & set(place.iterdir()) and not old.exists()
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        far_worker.clear_up()
        assert len(list(place.iterdir())) == 2, "what another process uses, or makes just now, stays"
        assert living.stdin is not None
        living.stdin.close()
    assert [folder.name for folder in place.iterdir()] == ["gitkb-far-begun"]
