"""What docs/testing.md shows is what happens."""

import doctest
from pathlib import Path

from minitorch.autograd import registry

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


def test_the_page_shows_what_happens():
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    try:
        result = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    finally:
        registry.pop("page_cube", None)
    assert result.attempted > 20 and result.failed == 0
