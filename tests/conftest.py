"""What all tests share: Hypothesis draws the same examples in every run, at any speed."""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

# Imports PyTorch, which need not be there; test_torch_crosscheck.py loads it if it is.
collect_ignore = ["crosscheck"]


def pytest_addoption(parser):
    parser.addoption(
        "--schedules",
        choices=("few", "all"),
        default="few",
        help="of the emulated device: three that differ in everything, or all 27",
    )
