import hashlib
import os
import signal
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from gitkb.formats.settings import ConversionSettings, ConvertSettings
from gitkb.intake.document_names import document_name
from gitkb.intake.prepare.document import Job, Workshop
from gitkb.intake.prepare.pool import Pool
from gitkb.model.documents import SourceFile


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    (tmp_path / "scratch").mkdir()
    return Workshop(tmp_path / "scratch", tmp_path / "cache", "", ConversionSettings(10**8), {})


def _job(folder: Path, name: str, content: bytes) -> Job:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    source = SourceFile(f"docs/{name}", folder / name, "docs", folder)
    return Job(source, document_name(source.path), hashlib.sha256(content).hexdigest())


def _texts(folder: Path, count: int) -> list[Job]:
    text = "# Part {0}\n\nA part {0} is a piece of a larger whole that somebody took apart.\n"
    return [_job(folder, f"part-{n}.md", text.format(n).encode()) for n in range(count)]


def _children() -> list[str]:
    listed = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "args="], capture_output=True, text=True, check=False).stdout
    return [line for line in listed.splitlines() if "gitkb.intake.prepare.worker" in line]


def test_results_come_in_order_whatever_the_number_of_workers(tmp_path: Path, shop: Workshop) -> None:
    jobs = _texts(tmp_path / "docs", 6)
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 3) as pool:
        results = list(pool.prepare(jobs))
    assert [result.document for result in results] == [job.document for job in jobs]
    assert all(not result.error and (shop.scratch / path).is_file() for result in results for path in result.files)
    assert _children() == []


def test_a_slow_document_fails_and_the_others_do_not(tmp_path: Path, shop: Workshop) -> None:
    slow = _job(tmp_path / "docs", "slow.csv", b"a,b\n" + b"x,y\n" * 2_000_000)
    jobs = [slow, *_texts(tmp_path / "docs", 2)]
    with Pool(shop, replace(ConvertSettings(), timeout=6.0), tmp_path / "lock", 1) as pool:
        results = list(pool.prepare(jobs))
    assert "longer than 6 s" in results[0].error or not results[0].error
    assert not results[1].error and not results[2].error


def test_a_document_that_needs_too_much_memory_fails_with_the_reason(tmp_path: Path, shop: Workshop) -> None:
    greedy = _job(tmp_path / "docs", "greedy.txt", b"word " * 16_000_000)
    with Pool(shop, replace(ConvertSettings(), memory=150 * 2**20), tmp_path / "lock", 1) as pool:
        results = list(pool.prepare([greedy, *_texts(tmp_path / "docs", 1)]))
    assert "memory" in results[0].error
    assert not results[1].error


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("served", [False, True], ids=["new", "that did others before"])
def test_a_worker_that_dies_costs_its_own_document_only(tmp_path: Path, shop: Workshop, served: bool) -> None:
    """Where it had done others before, they may be the reason, so a new one tries."""
    jobs = [_job(tmp_path / "docs", "big.csv", b"a,b\n" + b"x,y\n" * 500_000), *_texts(tmp_path / "docs", 3)]
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        found = [pool.run(jobs.pop())] if served else []
        results = pool.prepare(jobs)

        def kill() -> None:
            pids = subprocess.run(
                ["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, text=True, check=False
            ).stdout
            for line in pids.splitlines():
                if "gitkb.intake.prepare.worker" in line:
                    os.kill(int(line.split()[0]), signal.SIGKILL)

        timer = threading.Timer(1.0, kill)
        timer.start()
        found += results
        timer.join()
    assert sum(1 for result in found if result.error) <= (0 if served else 1)
    assert _children() == []


def test_a_file_that_changed_or_vanished_since_the_scan_fails(tmp_path: Path, shop: Workshop) -> None:
    changed, gone = _texts(tmp_path / "docs", 2)
    changed.source.file.write_text("other", encoding="utf-8")
    gone.source.file.unlink()
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        results = list(pool.prepare([changed, gone]))
    assert "changed while it was read" in results[0].error
    assert "no such file" in results[1].error


@pytest.mark.skipif(os.name != "posix", reason="needs pipes with a name")
def test_a_file_that_became_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, shop: Workshop) -> None:
    job, other = _texts(tmp_path / "docs", 2)
    job.source.file.unlink()
    os.mkfifo(job.source.file)
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        results = list(pool.prepare([job, other]))
    assert "not a regular file" in results[0].error
    assert not results[1].error


def test_the_copy_of_an_original_that_fails_goes_at_once(tmp_path: Path, shop: Workshop) -> None:
    bad = _job(tmp_path / "docs", "bad.docx", b"no Word document")
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        assert next(iter(pool.prepare([bad]))).error
        assert [file for file in shop.scratch.rglob("*") if file.is_file()] == []


def test_a_conversion_is_remembered_by_its_bytes(tmp_path: Path, shop: Workshop) -> None:
    jobs = _texts(tmp_path / "docs", 1)
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        first = list(pool.prepare(jobs))
    entries = {file: file.stat().st_mtime_ns for file in shop.cache.rglob("*") if file.is_file()}
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        again = list(pool.prepare(jobs))
    assert entries == {file: file.stat().st_mtime_ns for file in shop.cache.rglob("*") if file.is_file()}
    assert first[0].files == again[0].files
    for file in entries:
        file.write_bytes(b"damaged")
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        assert not next(iter(pool.prepare(jobs))).error
