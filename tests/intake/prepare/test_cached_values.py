"""What the cache stores comes back as it was, and bytes from anywhere become nothing else."""

import contextlib
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitkb.intake.prepare.cache import Cache
from gitkb.intake.prepare.typed_json import dumps, loads, shape
from gitkb.model.documents import Claim, Conversion, Digest, Picture, Place, SummarySection, Topic

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
CLAIMS = st.lists(st.builds(Claim, score=NUMBERS), max_size=3).map(tuple)
TOPICS = st.lists(st.builds(Topic, weight=NUMBERS, claims=CLAIMS), max_size=3).map(tuple)
OUTLINES = st.lists(st.builds(SummarySection, sentences=CLAIMS), max_size=3).map(tuple)
FUZZ = settings(max_examples=60, deadline=None, derandomize=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@FUZZ
@given(st.builds(Conversion) | st.builds(Digest, summary=CLAIMS, outline=OUTLINES, topics=TOPICS))
def test_what_was_stored_comes_back_the_same(value: Conversion | Digest) -> None:
    assert loads(type(value), dumps(value)) == value


@FUZZ
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from((Conversion, Digest, Claim, str)))
def test_other_bytes_are_a_value_of_the_type_or_an_error(data: bytes, kind: type) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(loads(kind, data), kind)


def test_text_that_is_no_text_is_kept_too() -> None:
    assert loads(str, dumps("\ud800\udfff \0")) == "\ud800\udfff \0"


NO_NUMBER = b'{"text": "x", "place": {"path": "a", "anchor": "", "label": ""}, "score": NaN}'


@pytest.mark.parametrize("data", [b"[" * 100_000, b"NaN", NO_NUMBER, b"9" * 5000])
def test_depth_and_numbers_that_are_none_are_errors(data: bytes) -> None:
    with pytest.raises(ValueError):
        loads(Claim, data)


def test_fields_are_part_of_a_types_shape() -> None:
    assert all(name in shape(Digest) for name in ("outline", "Place", "aliases", "Literal"))
    assert len({shape(kind) for kind in (Conversion, Digest, Claim, Place, Picture, str)}) == 6


class Evil:
    """Runs a function when it is unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.witness,)


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_a_pickle_in_a_received_cache_is_not_run(tmp_path: Path, protocol: int) -> None:
    cache, witness = Cache(tmp_path / "cache"), tmp_path / "ran"
    cache.remember(Place, ("key",), lambda: Place("a", "b", "c"))
    [entry] = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    entry.write_bytes(pickle.dumps(Evil(witness), protocol))
    assert cache.remember(Place, ("key",), lambda: Place("new", "", "")) == Place("new", "", "")
    assert not witness.exists()
    assert cache.remember(Place, ("key",), lambda: Place("no", "", "")) == Place("new", "", "")
