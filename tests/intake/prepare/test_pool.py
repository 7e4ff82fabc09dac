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
from gitkb.intake.prepare.document import Job, Prepared, Workshop
from gitkb.intake.prepare.pool import Pool
from gitkb.model.documents import SourceFile
from tests.bad import pdfs


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


def _workers() -> list[int]:
    """The ids of this process's workers."""
    command = ["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "gitkb.intake.prepare.worker" in line]


def test_results_come_in_order_whatever_the_number_of_workers(tmp_path: Path, shop: Workshop) -> None:
    jobs = _texts(tmp_path / "docs", 6)
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 3) as pool:
        results = list(pool.prepare(jobs))
    assert [result.document for result in results] == [job.document for job in jobs]
    assert all(not result.error and (shop.scratch / path).is_file() for result in results for path in result.files)
    assert _workers() == []


def test_a_document_that_takes_too_long_fails_and_its_worker_is_killed(tmp_path: Path, shop: Workshop) -> None:
    """It hangs in C code, which no other thread of the worker can stop."""
    hanging = _job(tmp_path / "docs", "hanging.pdf", pdfs.exponential_forms(14))
    with Pool(shop, replace(ConvertSettings(), timeout=1.0), tmp_path / "lock", 1) as pool:
        results = list(pool.prepare([hanging]))
        assert _workers() == []
    assert "took longer than 1 s" in results[0].error


def test_a_document_that_needs_too_much_memory_fails_with_the_reason(tmp_path: Path, shop: Workshop) -> None:
    greedy = _job(tmp_path / "docs", "greedy.txt", b"word " * 16_000_000)
    with Pool(shop, replace(ConvertSettings(), memory=150 * 2**20), tmp_path / "lock", 1) as pool:
        results = list(pool.prepare([greedy, *_texts(tmp_path / "docs", 1)]))
    assert "memory" in results[0].error
    assert not results[1].error


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit counts what is mapped already, which /proc tells")
def test_a_file_that_cannot_be_mapped_for_want_of_memory_is_told_as_such(tmp_path: Path, shop: Workshop) -> None:
    """Mapping fails with an `OSError`, not a `MemoryError`: a worker that had done other documents gives it to a new one."""
    sparse = _job(tmp_path / "docs", "sparse.pdf", b"%PDF-1.7\n" + bytes(95 * 10**6))
    with Pool(shop, replace(ConvertSettings(), memory=80 * 2**20), tmp_path / "lock", 1) as pool:
        result = next(iter(pool.prepare([sparse])))
    assert "needs more memory" in result.error
    assert result.exhausted


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_worker_that_dies_costs_its_own_document_only(tmp_path: Path, shop: Workshop) -> None:
    hanging = _job(tmp_path / "docs", "hanging.pdf", pdfs.exponential_forms(14))

    def run(job: Job) -> Prepared:
        if job is hanging:
            killer.start()
        return pool.run(job)

    def kill() -> None:
        while not (pids := _workers()):
            """It is about to be started."""
        os.kill(pids[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        results = list(pool.prepare([hanging, *_texts(tmp_path / "docs", 3)], run))
    killer.join()
    assert "crashed" in results[0].error and not any(result.error for result in results[1:])
    assert _workers() == []


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_where_a_worker_that_did_others_before_dies_a_new_one_tries(tmp_path: Path, shop: Workshop) -> None:
    """What it did before may be the reason. It is stopped, so that it dies before it can answer."""
    first, *others = _texts(tmp_path / "docs", 4)
    with Pool(shop, ConvertSettings(), tmp_path / "lock", 1) as pool:
        assert not pool.run(first).error
        (old,) = _workers()
        os.kill(old, signal.SIGSTOP)

        def run(job: Job) -> Prepared:
            if job is others[0]:
                killer.start()
            return pool.run(job)

        killer = threading.Thread(target=os.kill, args=(old, signal.SIGKILL))
        assert not any(result.error for result in pool.prepare(others, run))
        (new,) = _workers()
    assert new != old and _workers() == []


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
