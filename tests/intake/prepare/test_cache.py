"""The cache forgets what was used longest ago, and only when it is full."""

import os
from pathlib import Path

from gitkb.intake.prepare.cache import Cache
from gitkb.intake.prepare.typed_json import shape


def filled(folder: Path, entries: int) -> Cache:
    """A cache with entries of about 1 kB; entry n was used at second n."""
    cache = Cache(folder)
    for number in range(entries):
        cache.remember(str, (str(number),), lambda: "x" * 1_000)
        os.utime(cache._file(shape(str), (str(number),)), (number, number))
    return cache


def kept(cache: Cache, entries: int) -> list[int]:
    return [number for number in range(entries) if cache._file(shape(str), (str(number),)).exists()]


def test_a_full_cache_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache", 40)
    cache.trim(10_500)
    assert kept(cache, 40) == list(range(30, 40))


def test_a_cache_with_room_keeps_everything(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache", 40)
    cache.trim(1_000_000)
    assert kept(cache, 40) == list(range(40))


def test_trimming_a_cache_that_was_never_used_does_nothing(tmp_path: Path) -> None:
    Cache(tmp_path / "cache").trim(1)
    assert not (tmp_path / "cache").exists()
