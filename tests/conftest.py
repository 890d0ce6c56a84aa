"""What all tests share: Hypothesis draws the same examples in every run, at any speed."""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
