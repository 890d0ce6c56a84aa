"""``theano.config``: what of it means something here."""

from __future__ import annotations

from typing import Any

from minitorch.autograd import get_default_dtype, set_default_dtype

__all__ = ["config"]


class _Config:
    """Settings; floatX is minitorch's default dtype.

    Examples
    --------
    >>> config.floatX
    'float32'
    """

    # Accepted and read back, without an effect.
    device = "cpu"
    mode = "FAST_RUN"
    optimizer = "none"
    compute_test_value = "off"
    exception_verbosity = "low"
    on_unused_input = "raise"
    profile = False

    @property
    def floatX(self) -> str:  # noqa: N802 (Theano's name)
        """The dtype of new floating-point variables."""
        return str(get_default_dtype())

    @floatX.setter
    def floatX(self, dtype: str) -> None:  # noqa: N802
        set_default_dtype(dtype)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in dir(type(self)):
            raise AttributeError(f"theano.config has no {name!r} here; there is floatX")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"theano.config has no {name!r} here; there is floatX")


config = _Config()
