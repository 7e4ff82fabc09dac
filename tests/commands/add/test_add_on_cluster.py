"""Documents prepared by the workers of a real Dask scheduler: the same commits, whatever happens to the cluster."""

import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from gitkb.formats.settings import Settings
from gitkb.intake.prepare import cluster, far_worker
from gitkb.intake.prepare.cache import Cache
from gitkb.intake.prepare.document import Workshop
from tests.support.dask_cluster import PATIENCE, DaskCluster

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="gitkb[dask] is not installed")
COUNT = 24
DATES = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}


@pytest.fixture
def pumps(tmp_path: Path) -> Path:
    folder = tmp_path / "pumps"
    folder.mkdir()
    for n in range(COUNT):
        said = f"A pump of kind {n} is a machine that moves {n} litres a second.\n\nSee [it](pump-{(n + 1) % COUNT}.md)."
        (folder / f"pump-{n}.md").write_text(f"# Pump {n}\n\n{said}\n", encoding="utf-8")
    (folder / "torn.pdf").write_bytes(b"%PDF-1.4 nothing more")
    return folder


def _until_a_commit(git, kb: Path, process: "subprocess.Popen[str]", before: int) -> None:
    """Waits until a first document has landed."""
    until = time.monotonic() + PATIENCE
    while int(git(kb, "rev-list", "--count", "HEAD")) == before:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)


def test_the_commits_are_those_of_one_process_though_workers_and_scheduler_die(tmp_path, pumps, kb, git, program):
    copies = [tmp_path / name for name in ("workers", "scheduler")]
    for copy in copies:
        shutil.copytree(kb, copy, symlinks=True)
    before = int(git(kb, "rev-list", "--count", "HEAD"))
    assert program("add", pumps, "--kb", kb, "--jobs", "1", env=DATES).returncode == 3
    (tmp_path / "cluster").mkdir()
    with DaskCluster(tmp_path / "cluster", 3) as dask:
        words = ["--backend", "dask", "--scheduler", dask.address]
        for copy, lose in zip(copies, (dask.lose_workers, dask.kill_scheduler), strict=True):
            command = [sys.executable, "-m", "gitkb", "add", str(pumps), "--kb", str(copy), *words, "-v"]
            with subprocess.Popen(command, env=os.environ | DATES, stderr=subprocess.PIPE, text=True) as process:
                _until_a_commit(git, copy, process, before)
                lose()
                _, said = process.communicate(timeout=PATIENCE)
            assert process.returncode == 3 and "torn.pdf" in said, said
            assert "far" in said, "nothing was prepared on the cluster"
        assert {git(copy, "rev-parse", "HEAD") for copy in copies} == {git(kb, "rev-parse", "HEAD")}
        refused = program("add", pumps, "--kb", kb, *words, "--update")
        assert refused.returncode == 2 and f"No Dask scheduler answers at {dask.address}" in refused.stderr


def test_a_worker_with_other_versions_is_refused_by_name(tmp_path):
    shared = far_worker.packed_shop(Workshop(tmp_path, tmp_path, "", Settings().conversion, {}), Settings().convert)
    task = far_worker.FarTask(shared, b"", b"", {**far_worker.versions(), "gitkb": "0.0.1"})
    answer = msgspec.msgpack.decode(far_worker.convert_far(msgspec.msgpack.encode(task)), type=far_worker.FarAnswer)
    told = cluster.differing(task.versions, answer)
    assert f"has gitkb {far_worker.versions()['gitkb']}, this machine has 0.0.1" in told.message


def test_options_without_a_backend_and_a_backend_without_a_scheduler_are_refused(docs, gitkb):
    assert "--backend dask" in gitkb("add", docs, "--scheduler", "tcp://127.0.0.1:1", code=2).err
    assert "--scheduler tcp://HOST:8786" in gitkb("add", docs, "--backend", "dask", code=2).err


def test_what_is_no_entry_is_not_stored(tmp_path):
    for name in ("../x", "/etc/x", "ab/../../x", "ab/" + "0" * 61 + "/"):
        Cache(tmp_path / "cache").put(name, b"{}")
    assert not list(tmp_path.rglob("*"))
