"""Three documents with headings of their own are enough for what the command line prints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_documents import THREE


@pytest.fixture(scope="module")
def template(build: Callable[[Any], Path]) -> Path:
    """`docs/` and `kb/` of three documents. Nobody may change them."""
    return build(THREE)
