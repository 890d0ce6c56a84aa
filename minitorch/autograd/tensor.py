"""The tensor: an array, whether it wants a gradient, and the node that made it.

The operators (``+``, indexing, ``reshape``, ...) are ops; one table at the end
of ``minitorch/ops/__init__.py`` binds them here, because this package knows no
particular op.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.autograd.exchange import Exchange
from minitorch.autograd.mode import mode, set_grad_enabled
from minitorch.autograd.node import EPOCH, VERSION, Node
from minitorch.backend.arrays import (
    backend_of,
    device_of,
    get_default_dtype,
    to_device,
    to_numpy,
)

if TYPE_CHECKING:
    from minitorch.autograd.op import Op

__all__ = ["HookHandle", "RetainGrad", "Tensor", "View"]


class View:
    """How a tensor lies in another's memory: the root and the view ops to replay."""

    __slots__ = ("epoch", "path", "root")

    def __init__(
        self, root: Tensor, path: tuple[tuple[Op, dict[str, Any]], ...], epoch: int
    ) -> None:
        self.root = root
        self.path = path
        self.epoch = epoch  # of the root's history, when this tensor's own was made


class HookHandle:
    """What ``register_hook`` returns: ``remove()`` takes the hook off again."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Take the hook off; doing so twice is harmless."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)


class RetainGrad:
    """The hook of ``retain_grad``: adds the gradient to ``.grad`` of a tensor, kept weakly."""

    __slots__ = ("_handle",)

    def __init__(self, target: Tensor) -> None:
        self._handle = weakref.ref(target)

    @property
    def target(self) -> Tensor | None:
        """The tensor, None once it is gone."""
        return self._handle()

    def __call__(self, grad: Tensor) -> None:
        target = self._handle()
        if target is not None:
            target.grad = grad if target.grad is None else target.grad + grad


class Tensor(Exchange):
    """A multi-dimensional array that remembers how it was computed.

    Make one with :func:`minitorch.tensor` or :func:`minitorch.asarray`.

    Attributes
    ----------
    data : np.ndarray or cupy.ndarray
        The memory itself. Writing to it goes unnoticed by the in-place
        checks; write through the tensor (``x[...] = v``, ``x += v``) instead.
    grad : Tensor or None
        Filled by :meth:`backward` for leaves (and after :meth:`retain_grad`).
    name : str or None
        A label for error messages and drawings.
    """

    __slots__ = (
        "__weakref__",
        "_cell",
        "_hooks",
        "_needs",
        "_node",
        "_slot",
        "_view",
        "data",
        "grad",
        "name",
    )
    # NumPy's operators give way to ours: array * tensor is a tensor.
    __array_priority__ = 1000

    if TYPE_CHECKING:  # bound by ops/__init__.py; here are those that the engine uses

        def __add__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def astype(self, dtype: Any) -> Tensor: ...
        def to_device(self, device: str) -> Tensor: ...
        def broadcast_to(self, shape: tuple[int, ...]) -> Tensor: ...
        def reshape(self, shape: tuple[int, ...]) -> Tensor: ...
        def sum_to(self, shape: tuple[int, ...]) -> Tensor: ...

    def __init__(self, data: Any, needs: bool = False) -> None:
        self.data = data
        self.grad: Tensor | None = None
        self.name: str | None = None
        self._needs = needs
        self._node: Node | None = None
        self._slot = 0
        self._cell = [0, 0]
        self._view: View | None = None
        self._hooks: list[Callable[[Tensor], Tensor | None]] | None = None

    # -- what it is -------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        shape: tuple[int, ...] = self.data.shape
        return shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.data.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self.data.size)

    @property
    def dtype(self) -> Any:
        """Element type, a ``numpy.dtype``."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """Where the memory is: ``"cpu"``, ``"cuda:<index>"`` or ``"emulated"``."""
        return device_of(self.data)

    @property
    def version(self) -> int:
        """How often this memory has been written in place, by any of its views."""
        return self._cell[0]

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to (a leaf) or through (a result) this tensor."""
        if self._view is not None:
            self._refresh()
        return self._needs

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, value: bool = True) -> Tensor:
        """Set ``requires_grad`` and return the tensor itself."""
        if value and self.data.dtype.kind != "f":
            raise TypeError(
                f"only floating-point tensors can require gradients, this one is {self.dtype}"
            )
        if not value and self.grad_fn is not None:
            raise RuntimeError(
                "requires_grad of a computed tensor cannot be switched off; use .detach()"
            )
        self._needs = bool(value)
        return self

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this tensor, None for a leaf."""
        if self._view is not None:
            self._refresh()
        return self._node

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user rather than by a recorded op."""
        return self.grad_fn is None

    @property
    def view_of(self) -> View | None:
        """In whose memory it lies, and by which view ops; None for memory of its own."""
        return self._view

    # -- out of the graph -------------------------------------------------

    def detach(self) -> Tensor:
        """The same memory without its history."""
        out = Tensor(self.data)
        out._cell = self._cell
        for observer in mode.observers:
            observer.after_detach(self, out)
        return out

    def touch(self) -> None:
        """Count a write to the memory that was not made through this tensor."""
        self._cell[VERSION] += 1

    def copied(self) -> Tensor:
        """The values in memory of their own, without history."""
        out = Tensor(self.data.copy())
        for observer in mode.observers:
            observer.after_copy(self.data, out.data)
        return out

    def _read(self) -> Any:
        """The memory, whose values are about to leave it."""
        for observer in mode.observers:
            observer.before_read(self)
        return self.data

    def numpy(self) -> np.ndarray[Any, Any]:
        """The values in host memory: shared on the CPU, copied there from another device.

        For a tensor that takes part in a graph the array is read-only, since
        a write to it could not be noticed by the in-place checks.
        """
        array = to_numpy(self._read())
        if self._needs and array is self.data:
            array = array.view()
            array.flags.writeable = False
        return array

    def item(self) -> Any:
        """The value of a one-element tensor as a Python scalar."""
        if self.data.size != 1:
            raise ValueError(
                f"item() needs a tensor of one element, this one has shape {self.shape}"
            )
        return self._read().item()

    def tolist(self) -> Any:
        """The values as (nested lists of) Python scalars."""
        return self._read().tolist()

    # -- gradients --------------------------------------------------------

    def backward(
        self,
        grad: Any = None,
        *,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Add d(self)/d(leaf) into ``.grad`` of every leaf that requires a gradient.

        Parameters
        ----------
        grad : Tensor, optional
            The gradient of some loss towards this tensor, of its shape; 1
            for a tensor of one element.
        retain_graph : bool, optional
            Keep what was saved, for another backward. Default: ``create_graph``.
        create_graph : bool
            Make the gradients differentiable themselves.

        Raises
        ------
        RuntimeError
            If it requires no gradient, has several elements and ``grad`` is
            missing, was freed by an earlier backward, or a saved value has
            been written in place since.

        Examples
        --------
        >>> import minitorch as mt
        >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        Tensor([2., 4., 6.])
        """
        from minitorch.autograd.engine import backward

        backward([self], [grad], retain_graph=retain_graph, create_graph=create_graph)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> HookHandle:
        """Call ``hook(grad)`` when this tensor's whole gradient is known.

        What it returns, unless None, takes the gradient's place.
        """
        if not self.requires_grad:
            raise RuntimeError("a hook needs a tensor that requires a gradient")
        node = self._node
        if node is None:
            hooks = self._hooks = self._hooks if self._hooks is not None else []
        else:
            if node.hooks is None:
                node.hooks = {}
            hooks = node.hooks.setdefault(self._slot, [])
        hooks.append(hook)
        return HookHandle(hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of a computed tensor in ``.grad`` too."""
        node = self.grad_fn
        if node is None:
            return
        hooks = (node.hooks or {}).get(self._slot, ())
        if not any(isinstance(hook, RetainGrad) and hook.target is self for hook in hooks):
            self.register_hook(RetainGrad(self))

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    # -- views and history ------------------------------------------------

    def with_history(self, node: Node, slot: int) -> Tensor:
        """A handle on the same memory that is output ``slot`` of ``node``."""
        out = self.detach()
        out._needs, out._node, out._slot = True, node, slot
        return out

    def _join(self, source: Any, op: Op, static: dict[str, Any]) -> None:
        """Share ``source``'s version cell if this tensor lies in its memory."""
        if not isinstance(source, Tensor):
            return
        data, origin = self.data, source.data
        base = data.base
        if (
            data is not origin
            and (base is None or (base is not origin and base is not origin.base))
            and (data.__class__ is np.ndarray or not backend_of(data).same_memory(data, origin))
        ):
            return
        self._cell = source._cell
        parent = source._view
        root, path = (source, ()) if parent is None else (parent.root, parent.path)
        self._view = View(root, (*path, (op, static)), self._cell[EPOCH])

    def _refresh(self) -> None:
        """After a write that changed the root's history, derive this view's anew."""
        view = self._view
        if view is None or view.epoch == self._cell[EPOCH]:
            return
        view.epoch = self._cell[EPOCH]
        with set_grad_enabled(True):
            replayed = view.root
            for op, static in view.path:
                replayed = op(replayed, **static)
        self._needs, self._node, self._slot = replayed._needs, replayed._node, replayed._slot

    # -- Python's protocols -----------------------------------------------

    __hash__ = object.__hash__  # == is elementwise; a tensor is a dict key by identity

    def __repr__(self) -> str:
        text = np.array2string(to_numpy(self.data), separator=", ", prefix="Tensor(")
        parts = [text]
        if self.data.size == 0:
            parts = [f"[], shape={self.shape}"]
        if self.dtype not in (get_default_dtype(), np.dtype("int64"), np.dtype("bool")):
            parts.append(f"dtype={self.dtype}")
        if self.device != "cpu":
            parts.append(f"device='{self.device}'")
        if self.requires_grad:
            parts.append(f"grad_fn={self._node.op.name}" if self._node else "requires_grad=True")
        return f"Tensor({', '.join(parts)})"

    def __len__(self) -> int:
        if not self.data.shape:
            raise TypeError("len() of a 0-d tensor")
        return int(self.data.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if not self.data.shape:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(self.data.shape[0]))

    def __bool__(self) -> bool:
        if self.data.size != 1:
            raise ValueError(
                f"the truth value of a tensor of shape {self.shape} is ambiguous; use any() or "
                f"all()"
            )
        return bool(self._read().item())

    def _scalar(self, kind: str) -> Any:
        if self.data.shape != ():
            raise TypeError(f"only a 0-d tensor can become {kind}, this one has shape {self.shape}")
        return self._read().item()

    def __int__(self) -> int:
        return int(self._scalar("an int"))

    def __float__(self) -> float:
        return float(self._scalar("a float"))

    def __complex__(self) -> complex:
        return complex(self._scalar("a complex"))

    def __index__(self) -> int:
        if self.data.dtype.kind not in "iu":
            raise TypeError(f"only an integer tensor can be an index, this one is {self.dtype}")
        return int(self._scalar("an index"))

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        state = self._state()
        out = type(self)(self.data.copy())
        memo[id(self)] = out
        out.__setstate__(state)
        return out

    def __reduce__(self) -> tuple[Any, ...]:
        state = self._state()
        if self.data.__class__ is np.ndarray:
            return type(self), (self.data,), state
        return _rebuild, (type(self), to_numpy(self.data), self.device), state

    def _state(self) -> tuple[bool, str | None]:
        if not self.is_leaf:
            raise RuntimeError("only leaves can be copied or pickled; detach() this tensor first")
        return self._needs, self.name

    def __setstate__(self, state: tuple[bool, str | None]) -> None:
        self._needs, self.name = state


def _rebuild(kind: type[Tensor], values: np.ndarray[Any, Any], device: str) -> Tensor:
    """A pickled tensor on the device that it was on; RuntimeError where that is not there."""
    return kind(to_device(values, device))
