"""Names of git's own folder are known in every spelling that some file system takes for it."""

import pytest

from gitkb.errors import RepositoryError
from gitkb.store.tree_builder import checked_segments
from gitkb.text.names.slugs import is_gits_own

GIT = (".git", ".GIT", ".git ", ".git. .", ".git:x", "git~1", "GIT~2", ".g\u200cit", ".git::$INDEX_ALLOCATION")


@pytest.mark.parametrize("name", GIT)
def test_no_path_of_a_commit_holds_gits_own_folder(name: str) -> None:
    assert is_gits_own(name)
    with pytest.raises(RepositoryError):
        checked_segments(f"wiki/{name}/config")


@pytest.mark.parametrize("name", [".github", ".gitattributes", "git", "x.git", "git~", "a.git~1"])
def test_other_names_are_free(name: str) -> None:
    assert not is_gits_own(name) and checked_segments(f"wiki/{name}") == [b"wiki", name.encode()]
