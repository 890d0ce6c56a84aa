"""Pages that are generated are up to date; what the README shows is what happens."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minitorch.backend.native import load_extension

ROOT = Path(__file__).parents[1]


def test_the_page_of_ops_is_up_to_date():
    for module in ("_cpu", "_emulated"):
        found, reason = load_extension(module)
        if found is None:
            pytest.skip(f"the page names the compiled kernels; {reason}")
    command = [sys.executable, ROOT / "docs" / "generate_ops.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["attributes", "generative", "layers", "models", "onnx", "style"])
def test_other_pages_are_up_to_date(name):
    command = [sys.executable, ROOT / "docs" / f"generate_{name}.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["README.md", "docs/devices.md"])
def test_pages_show_what_happens(page, monkeypatch, tmp_path):
    if reason := load_extension("_emulated")[1]:
        pytest.skip(f"they run kernels; {reason}")
    monkeypatch.setenv("MINITORCH_CACHE", str(tmp_path))
    run_page(page)


@pytest.mark.parametrize("page", ["docs/from_lasagne.md", "docs/from_pytorch.md", "docs/models.md"])
def test_pages_for_newcomers_show_what_happens(page):
    run_page(page)


def run_page(page):
    """What stands behind >>> on a page gives what stands below."""
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testfile(str(ROOT / page), module_relative=False, optionflags=flags)
    assert result.attempted > 3 and result.failed == 0


def test_relative_links_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "csrc").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_kernels_lesson_is_up_to_date():
    emulated, reason = load_extension("_emulated")
    if emulated is None:
        pytest.skip(f"the tables are the kernels' own; {reason}")
    command = [sys.executable, ROOT / "docs" / "generate_kernels.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout
