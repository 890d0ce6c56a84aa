"""What all recurrent layers share: initial states, masks, direction, the walk over time."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor, no_grad
from minitorch.layers.base import Layer, MergeLayer, shown_function
from minitorch.ops.embedding import embedding_op
from minitorch.ops.provenance import lookup_of
from minitorch.parameter import expression_of
from minitorch.utils import unroll_scan

__all__ = ["BaseRecurrentLayer", "Gate", "GatedLayer"]


def _each_step(x: Tensor) -> tuple[Tensor, ...]:
    """The slices along the first axis, taken by halving.

    The gradient of one slice fills a whole array with zeros. Slice by slice that would be
    n arrays of length n; by halves it is log₂ n of them.
    """
    parts = [x]
    while parts[0].shape[0] > 1 or parts[-1].shape[0] > 1:
        halves = []
        for part in parts:
            middle = part.shape[0] // 2
            halves += [part[:middle], part[middle:]] if middle else [part]
        parts = halves
    return tuple(part[0] for part in parts)


def batch_and_time_swapped(x: Tensor) -> Tensor:
    """(batch, time, ...) as (time, batch, ...), or back."""
    return ops.permute_dims(x, axes=(1, 0, *range(2, x.ndim)))


class BaseRecurrentLayer(MergeLayer):
    """Base class: a subclass gives the step and the shape of the states.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, time, ...).
    mask_input : Layer, tuple or None
    starts : dict of str to Layer or specification
        The initial states by name; layers among them become inputs.
    backwards, learn_init, gradient_steps, grad_clipping, unroll_scan, precompute_input,
    only_return_final
        See :class:`RecurrentLayer`.

    Raises
    ------
    ValueError
        If the shapes of incoming, mask and initial states do not go together, or a
        setting is out of range.
    """

    def __init__(
        self,
        incoming: Any,
        mask_input: Any,
        starts: dict[str, Any],
        *,
        backwards: bool,
        learn_init: bool,
        gradient_steps: int,
        grad_clipping: float,
        unroll_scan: bool,
        precompute_input: bool,
        only_return_final: bool,
        **kwargs: Any,
    ) -> None:
        places = {"mask": mask_input} | starts
        given = {k: v for k, v in places.items() if isinstance(v, Layer)}
        if mask_input is not None:
            given = {"mask": mask_input} | given
        super().__init__([incoming, *given.values()], **kwargs)
        order = list(given)
        for name in places:
            at = order.index(name) + 1 if name in order else -1
            setattr(self, f"{name}_incoming_index", at)
        self._states = list(starts)
        self.backwards = backwards
        self.learn_init = learn_init
        self.gradient_steps = gradient_steps
        self.grad_clipping = grad_clipping
        self.unroll_scan = unroll_scan
        self.precompute_input = precompute_input
        self.only_return_final = only_return_final
        self._check_settings()
        self._check_mask()

    def _check_settings(self) -> None:
        if self.gradient_steps != -1 and self.gradient_steps < 1:
            raise ValueError(
                f"{type(self).__name__}: gradient_steps is a number of steps, or -1 for all, got "
                f"{self.gradient_steps}"
            )
        if not self.grad_clipping >= 0:
            raise ValueError(
                f"{type(self).__name__}: grad_clipping is a positive bound, or 0 for none, got "
                f"{self.grad_clipping}"
            )

    def _check_mask(self) -> None:
        """The mask has an element for each step of each sequence."""
        shape = self.input_shapes[0]
        if len(shape) < 2:
            raise self._fail(
                f"a recurrent layer's input is (batch, time, ...), got {shape!r}",
                "Add the time axis",
            )
        at = self.mask_incoming_index  # type: ignore[attr-defined]
        if at > 0 and not _alike(self.input_shapes[at], shape[:2]):
            raise self._fail(
                f"mask_input must be (batch, time) of incoming, {shape[:2]!r}, got "
                f"{self.input_shapes[at]!r}",
                f"Give a mask of shape {shape[:2]!r}",
            )

    def _add_start(self, name: str, spec: Any, shape: tuple[Any, ...]) -> Any:
        """An initial state of ``shape``, the batch axis left out: a parameter, or an input's."""
        at = getattr(self, f"{name}_incoming_index")
        if at < 0:
            return self.add_param(
                spec, (1, *shape), name=name, trainable=self.learn_init, regularizable=False
            )
        wanted = (self.input_shapes[0][0], *shape)
        if not _alike(self.input_shapes[at], wanted):
            raise self._fail(
                f"{name} comes from a layer of shape {self.input_shapes[at]!r}, the state is "
                f"{wanted!r}",
                f"Give {name} a layer of shape {wanted!r}",
            )
        return spec

    def _settings(self) -> dict[str, Any]:
        usual = {
            "backwards": False,
            "learn_init": False,
            "gradient_steps": -1,
            "grad_clipping": 0,
            "only_return_final": False,
        }
        return {k: getattr(self, k) for k, v in usual.items() if getattr(self, k) != v}

    def _state_shape(self) -> tuple[Any, ...]:
        """The output's axes behind batch and time."""
        raise NotImplementedError

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """Batch, time (unless only the final state is returned), then the state's axes."""
        leading = input_shapes[0][: 1 if self.only_return_final else 2]
        return (*leading, *self._state_shape())

    def _sequence(self, inputs: Sequence[Tensor]) -> Tensor:
        """The input with time first, in the order of processing."""
        x = batch_and_time_swapped(inputs[0])
        if not x.shape[0]:
            raise ValueError(
                f"{type(self).__name__}: the input {inputs[0].shape} has no time step; a "
                f"recurrent layer needs one at least"
            )
        return ops.flip(x, axis=0) if self.backwards else x

    def _clip(self, activation: Tensor) -> Tensor:
        """The pre-activation, through which a limited gradient flows."""
        bound = self.grad_clipping
        if not bound:
            return activation
        result: Tensor = ops.grad_clip(activation, lower=-bound, upper=bound)
        return result

    def _run(
        self, step: Callable[..., tuple[Tensor, ...]], x: Tensor, inputs: Sequence[Tensor]
    ) -> Tensor:
        """Walk over time; the first state at each step, or the last, in the input's order.

        ``step(x_t, *states)`` returns the new states.
        """
        sequences = [_each_step(x)]
        at = self.mask_incoming_index  # type: ignore[attr-defined]
        if at > 0:
            sequences.append(self._mask_steps(inputs[at], len(self._state_shape())))
            step = _masked(step)
        states = [self._start_of(name, inputs) for name in self._states]
        return self._in_order(self._walk(step, sequences, states))

    def _in_order(self, found: Tensor) -> Tensor:
        """The first state at each step, time first, as the layer returns it."""
        if self.only_return_final:
            return found[-1]
        found = ops.flip(found, axis=0) if self.backwards else found
        return batch_and_time_swapped(found)

    def _steps_are_alike(self) -> bool:
        """Whether nothing is done between the steps: no mask, no bound, no cut of the record."""
        at = self.mask_incoming_index  # type: ignore[attr-defined]
        cut = self.grad_clipping or self.gradient_steps >= 0
        return at < 0 and not cut and self.precompute_input

    def _walk(self, step: Any, sequences: list[Any], states: list[Tensor]) -> Tensor:
        """The scan; with ``gradient_steps`` all but the last steps without a record."""
        count = len(sequences[0])
        cut = 0 if self.gradient_steps < 0 else max(0, count - self.gradient_steps)
        parts = []
        if cut:
            with no_grad():
                early = unroll_scan(step, [s[:cut] for s in sequences], states, [], cut)
            states = [state[-1] for state in early]
            parts = [early[0]]
        late = unroll_scan(step, [s[cut:] for s in sequences], states, [], count - cut)
        return ops.concat([*parts, late[0]], axis=0) if parts else late[0]

    def _mask_steps(self, mask: Tensor, state_axes: int) -> tuple[Tensor, ...]:
        """For each step where to take the new state, shaped to spread over it."""
        keep = batch_and_time_swapped(mask != 0)
        keep = keep.reshape((*keep.shape, *(1,) * state_axes))
        return _each_step(ops.flip(keep, axis=0) if self.backwards else keep)

    def _start_of(self, name: str, inputs: Sequence[Tensor]) -> Tensor:
        """The initial state of every sequence of the batch."""
        at = getattr(self, f"{name}_incoming_index")
        if at > 0:
            return inputs[at]
        start = getattr(self, name)
        result: Tensor = start.broadcast_to((inputs[0].shape[0], *start.shape[1:]))
        return result


def _alike(shape: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Whether two shapes may be the same; None fits any length."""
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(a is None or b is None or a == b for a, b in pairs)


def _masked(step: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
    """The step where the mask is set, the old states elsewhere."""

    def masked(x: Tensor, keep: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        return tuple(
            ops.where(keep, new, old) for new, old in zip(step(x, *states), states, strict=True)
        )

    return masked


class Gate:
    """The parameters of one gate of a layer, and its nonlinearity.

    Parameters
    ----------
    W_in : Parameter, array or callable
        Input to gate, of shape (num_inputs, num_units).
    W_hid : the same
        Hidden state to gate, of shape (num_units, num_units).
    W_cell : the same, or None
        Cell to gate, elementwise, of shape (num_units,). None: the attribute is absent.
    b : the same
        Of shape (num_units,).
    nonlinearity : callable or None
        None is the identity.

    Examples
    --------
    >>> from minitorch import init
    >>> from minitorch.layers import Gate, LSTMLayer
    >>> open_at_first = Gate(b=init.Constant(1.0))
    >>> LSTMLayer((None, 7, 3), 5, forgetgate=open_at_first).b_forgetgate.get_value()
    array([1., 1., 1., 1., 1.], dtype=float32)
    >>> open_at_first
    Gate(b=Constant(val=1.0))
    """

    def __init__(
        self,
        W_in: Any = init.Normal(0.1),  # noqa: B008 (stateless)
        W_hid: Any = init.Normal(0.1),  # noqa: B008 (stateless)
        W_cell: Any = init.Normal(0.1),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.sigmoid,
    ) -> None:
        self.W_in = expression_of(W_in)
        self.W_hid = expression_of(W_hid)
        # So that a gate without a cell cannot be given one's weights by accident.
        if W_cell is not None:
            self.W_cell = expression_of(W_cell)
        self.b = expression_of(b)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity

    def __repr__(self) -> str:
        """What was given besides the defaults."""
        usual = inspect.signature(type(self)).parameters
        own = {name: getattr(self, name, None) for name in usual}
        changed = [
            f"{name}={shown_function(value)}"
            for name, value in own.items()
            if repr(value) != repr(usual[name].default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


class GatedLayer(BaseRecurrentLayer):
    """Base class of LSTM and GRU: units whose state passes through gates."""

    # Names of the gates, in the order in which their weights are joined.
    gates: tuple[str, ...] = ()

    def _prepare(self, num_units: int) -> None:
        """The number of units, and of inputs: the axes behind batch and time are flattened."""
        shape = self.input_shapes[0]
        if len(shape) < 3 or None in shape[2:]:
            raise self._fail(
                f"the input is (batch, time, features...) with a fixed number of features, got "
                f"{shape!r}",
                "Give the layer below a fixed shape behind the time axis",
            )
        self.num_units = num_units
        self.num_inputs = math.prod(shape[2:])

    def _add_gate(self, gate: Gate, name: str) -> None:
        """Parameters and nonlinearity of a gate, as ``W_in_to_<name>`` and so on."""
        units = self.num_units
        shapes = {
            f"W_in_to_{name}": (gate.W_in, (self.num_inputs, units), True),
            f"W_hid_to_{name}": (gate.W_hid, (units, units), True),
            f"b_{name}": (gate.b, (units,), False),
        }
        for label, (spec, shape, regularizable) in shapes.items():
            param = self.add_param(spec, shape, name=label, regularizable=regularizable)
            setattr(self, label, param)
        setattr(self, f"nonlinearity_{name}", gate.nonlinearity)

    def _settings(self) -> dict[str, Any]:
        return {"num_units": self.num_units, **super()._settings()}

    def _state_shape(self) -> tuple[Any, ...]:
        return (self.num_units,)

    def _joined(self, kind: str) -> Tensor:
        """The parameters of one kind of all gates side by side: one product instead of several."""
        return ops.concat([getattr(self, f"{kind}_{name}") for name in self.gates], axis=-1)

    def _has_functions(self, *functions: Any) -> bool:
        """Whether these are the gates' nonlinearities, in their order."""
        pairs = zip(self.gates, functions, strict=True)
        return all(getattr(self, f"nonlinearity_{gate}") is f for gate, f in pairs)

    def _input_part(self) -> Callable[[Tensor], Tensor]:
        """x W + b for all gates."""
        W, b = self._joined("W_in_to"), self._joined("b")
        return lambda x: ops.matmul(x, W) + b

    def _prepared(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Any]:
        """The sequence to walk over, and what to do with an element of it first."""
        if (rows := self._looked_up(inputs)) is not None:
            return rows, lambda x_t: x_t
        x = self._sequence(inputs)
        x = x.reshape((*x.shape[:2], self.num_inputs))
        part = self._input_part()
        if not self.precompute_input:
            return x, part
        steps, batch = x.shape[:2]
        rows = part(x.reshape((steps * batch, self.num_inputs)))
        return rows.reshape((steps, batch, rows.shape[-1])), lambda x_t: x_t

    def _looked_up(self, inputs: Sequence[Tensor]) -> Tensor | None:
        """The input part of words of a small table: its rows are computed, and looked up.

        One product for each word there is, instead of one for each place in the sequences.
        """
        found = lookup_of(inputs[0]) if self.precompute_input else None
        if found is None:
            return None
        index, table = found
        if index.ndim != 2 or 2 * table.shape[0] > math.prod(index.shape):
            return None
        rows: Tensor = embedding_op(self._input_part()(table), self._sequence([index]))
        return rows
