import subprocess
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gitkb.store import objects as packs
from gitkb.store.objects import object_id


def _verify(folder: Path) -> list[str]:
    (index,) = folder.glob("*.idx")
    listed = subprocess.run(["git", "verify-pack", "-v", index], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listed.splitlines() if len(line.split()) == 5]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=5000), min_size=1, max_size=30, unique=True))
def test_git_reads_every_object_of_a_pack(tmp_path_factory, contents: list[bytes]) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("pack")
    objects = [(object_id("blob", data), "blob", data) for data in contents]
    packs.write_pack(folder, objects, len(objects))
    assert sorted(_verify(folder)) == sorted(oid for oid, _, _ in objects)


def test_a_large_object_has_its_size(tmp_path: Path) -> None:
    data = bytes(3_000_000)
    packs.write_pack(tmp_path, [(object_id("blob", data), "blob", data)], 1)
    assert _verify(tmp_path) == [object_id("blob", data)]


def test_offsets_beyond_two_gigabytes_go_to_their_own_table(tmp_path: Path) -> None:
    entries = [packs._Entry(bytes([number]) * 20, (1 << 31) * number + 12, number) for number in range(3)]
    content = packs._index(entries, bytes(20))
    assert len(content) == 8 + 1024 + 3 * 28 + 2 * 8 + 40
