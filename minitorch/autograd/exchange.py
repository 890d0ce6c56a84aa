"""How other libraries get at a tensor's memory: NumPy, DLPack, CUDA's array interface.

None of them copies between devices, and none takes what would lose its gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

__all__ = ["Exchange"]


class Exchange:
    """The protocols of a tensor that other libraries call."""

    __slots__ = ()

    if TYPE_CHECKING:
        data: Any

        @property
        def device(self) -> str: ...
        @property
        def requires_grad(self) -> bool: ...
        def numpy(self) -> np.ndarray[Any, Any]: ...

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self.data.__class__ is not np.ndarray:
            raise TypeError(
                f"a tensor on {self.device} does not become a NumPy array by itself; there is no "
                f"implicit transfer, copy it with .numpy()"
            )
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        self._check_export()
        return self.data.__dlpack__(
            stream=stream, max_version=max_version, dl_device=dl_device, copy=copy
        )

    def __dlpack_device__(self) -> tuple[int, int]:
        device: tuple[int, int] = self.data.__dlpack_device__()
        return device

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """How CUDA libraries find the memory; absent (AttributeError) off CUDA devices."""
        described: dict[str, Any] | None = getattr(self.data, "__cuda_array_interface__", None)
        if described is None:
            raise AttributeError(f"a tensor on {self.device} has no __cuda_array_interface__")
        self._check_export()
        return described

    def _check_export(self) -> None:
        if self.requires_grad:
            raise BufferError(
                "a tensor that requires a gradient is not exported; detach() it first"
            )
