"""pygit2's parts that it does not promise, and that gitkb's index file needs all the same."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pygit2
import pytest
from pygit2.ffi import C, ffi

from gitkb.store.transaction.index_file import PRIVATE

ADAPT = (
    "pygit2 {} has no {} in {} any more: adapt gitkb/store/transaction/index_file.py, then name the versions that it works with"
    " in pyproject.toml."
)


@pytest.mark.parametrize(("holder", "name"), [(holder, name) for holder, names in PRIVATE.items() for name in names])
def test_pygit2_still_has_what_the_index_file_needs(tmp_path: Path, holder: str, name: str) -> None:
    repository = pygit2.init_repository(tmp_path)
    holders: dict[str, Any] = {
        "pygit2.Index": repository.index,
        "pygit2.Repository": repository,
        "pygit2.Diff": pygit2.Diff,
        "pygit2.ffi.C": C,
    }
    there = hasattr(holders[holder], name) if holder in holders else name in dict(ffi.typeof(holder).fields)
    assert there, ADAPT.format(version("pygit2"), name, holder)
