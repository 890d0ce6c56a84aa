"""Recurrent layers: networks that are applied along a time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch import init, nonlinearities
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer, shown_function
from minitorch.layers.dense import DenseLayer
from minitorch.layers.evaluate import accepted_kwargs, evaluate_inside
from minitorch.layers.gated import GRULayer, LSTMLayer
from minitorch.layers.helper import get_all_layers, get_all_params
from minitorch.layers.input import InputLayer
from minitorch.layers.recurrent_base import BaseRecurrentLayer, Gate

__all__ = ["CustomRecurrentLayer", "GRULayer", "Gate", "LSTMLayer", "RecurrentLayer"]


class CustomRecurrentLayer(BaseRecurrentLayer):
    """A recurrent layer made of two networks: h' = f(input_to_hidden(x) + hidden_to_hidden(h)).

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, time, ...).
    input_to_hidden, hidden_to_hidden : Layer
        The last layers of networks with one InputLayer each.
    nonlinearity : callable or None
        f; None is the identity.
    hid_init : Parameter, array, callable or Layer
    backwards, learn_init, gradient_steps, grad_clipping, unroll_scan, precompute_input,
    mask_input, only_return_final
        See :class:`RecurrentLayer`. With ``precompute_input``, ``input_to_hidden`` gets all
        steps of all sequences as one batch.
    name : str, optional

    Raises
    ------
    ValueError
        If a network has several input layers or none, or the shapes of the
        networks, the incoming layer, the mask and the initial state do not fit.

    Examples
    --------
    A convolution over time, with 5 maps as its state:

    >>> from minitorch.layers import Conv2DLayer, CustomRecurrentLayer, InputLayer
    >>> below = Conv2DLayer(InputLayer((None, 1, 8, 8)), 5, 3, pad=1)
    >>> state = Conv2DLayer(InputLayer(below.output_shape), 5, 3, pad=1)
    >>> CustomRecurrentLayer((None, 7, 1, 8, 8), below, state).output_shape
    (None, 7, 5, 8, 8)
    """

    def __init__(
        self,
        incoming: Any,
        input_to_hidden: Layer,
        hidden_to_hidden: Layer,
        nonlinearity: Any = nonlinearities.rectify,
        hid_init: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        backwards: bool = False,
        learn_init: bool = False,
        gradient_steps: int = -1,
        grad_clipping: float = 0,
        unroll_scan: bool = False,
        precompute_input: bool = True,
        mask_input: Any = None,
        only_return_final: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            incoming,
            mask_input,
            {"hid_init": hid_init},
            backwards=backwards,
            learn_init=learn_init,
            gradient_steps=gradient_steps,
            grad_clipping=grad_clipping,
            unroll_scan=unroll_scan,
            precompute_input=precompute_input,
            only_return_final=only_return_final,
            **kwargs,
        )
        self.input_to_hidden = input_to_hidden
        self.hidden_to_hidden = hidden_to_hidden
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self._entries = [self._entry(name) for name in self.networks_inside()]
        self._check_batches()
        self._check_states()
        for network in self.networks_inside().values():
            self.get_output_kwargs += sorted(accepted_kwargs(get_all_layers(network)))
        self.hid_init = self._add_start("hid_init", hid_init, self._state_shape())

    def networks_inside(self) -> dict[str, Layer]:
        """The two networks."""
        return {
            "input_to_hidden": self.input_to_hidden,
            "hidden_to_hidden": self.hidden_to_hidden,
        }

    def _entry(self, name: str) -> InputLayer:
        """Where data enter one of the networks."""
        layers = get_all_layers(self.networks_inside()[name])
        found = [one for one in layers if isinstance(one, InputLayer)]
        if len(found) != 1:
            raise ValueError(
                f"{type(self).__name__}: `{name}` must have exactly one InputLayer, but it has "
                f"{len(found)}"
            )
        return found[0]

    def _check_batches(self) -> None:
        """The first axes of the networks' outputs, where they are fixed."""
        first, again = (net.output_shape[0] for net in self.networks_inside().values())
        batch, time = self.input_shapes[0][:2]
        if self.precompute_input:
            if None not in (first, batch, time) and first != batch * time:
                raise self._fail(
                    f"When precompute_input == True, input_to_hidden.output_shape[0] must equal "
                    f"incoming.output_shape[0]*incoming.output_shape[1] (i.e. "
                    f"batch_size*sequence_length) or be None, but "
                    f"input_to_hidden.output_shape[0] = {first} and "
                    f"incoming.output_shape[0]*incoming.output_shape[1] = {batch * time}",
                    f"Use None or {batch * time} as the first length of its InputLayer",
                )
        elif None not in (first, again) and first != again:
            raise self._fail(
                f"When precompute_input == False, input_to_hidden.output_shape[0] must equal "
                f"hidden_to_hidden.output_shape[0], but input_to_hidden.output_shape[0] = {first} "
                f"and hidden_to_hidden.output_shape[0] = {again}",
                "Use None as the first length of both InputLayers",
            )

    def _check_states(self) -> None:
        """The other axes: the state goes in and out of hidden_to_hidden, and is added to."""
        first = self.input_to_hidden.output_shape
        again = self.hidden_to_hidden.output_shape
        taken = self._entries[1].output_shape
        for what, shape in (("output", again), ("input", taken)):
            pairs = zip(first[1:], shape[1:], strict=False)
            fits = all(a is None or b is None or a == b for a, b in pairs)
            if len(first) != len(shape) or not fits:
                raise self._fail(
                    f"The output shape of input_to_hidden and the {what} shape of "
                    f"hidden_to_hidden must be equal after the first dimension, but they are "
                    f"{first!r} and {shape!r}",
                    f"Make the {what} of hidden_to_hidden {(None, *first[1:])!r}",
                )
        if None in again[1:]:
            raise self._fail(
                f"the state's shape must be fixed behind the batch, hidden_to_hidden gives "
                f"{again!r}",
                "Give its InputLayer a fixed shape",
            )

    def _settings(self) -> dict[str, Any]:
        return {"nonlinearity": shown_function(self.nonlinearity), **super()._settings()}

    def get_params(self, unwrap_shared: bool = True, **tags: bool) -> list[Any]:
        """The layer's parameters, then those of the two networks."""
        params = super().get_params(unwrap_shared, **tags)
        for network in self.networks_inside().values():
            params += get_all_params(network, unwrap_shared, **tags)
        return params

    def _state_shape(self) -> tuple[Any, ...]:
        return self.hidden_to_hidden.output_shape[1:]

    def get_output_for(self, inputs: Sequence[Tensor], **kwargs: Any) -> Tensor:
        """The state at each step, or after the last."""
        x = self._sequence(inputs)
        way_in, way_on = self._entries
        if self.precompute_input:
            rows = x.reshape((x.shape[0] * x.shape[1], *x.shape[2:]))
            rows = evaluate_inside(self.input_to_hidden, way_in, rows, kwargs)
            x = rows.reshape((*x.shape[:2], *rows.shape[1:]))

        def step(x_t: Tensor, hid: Tensor) -> tuple[Tensor]:
            if not self.precompute_input:
                x_t = evaluate_inside(self.input_to_hidden, way_in, x_t, kwargs)
            sum_ = evaluate_inside(self.hidden_to_hidden, way_on, hid, kwargs) + x_t
            return (self.nonlinearity(self._clip(sum_)),)

        return self._run(step, x, inputs)


class RecurrentLayer(CustomRecurrentLayer):
    """The plain recurrent layer: h' = f(x W_in_to_hid + h W_hid_to_hid + b).

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, time, features...); the features are flattened.
    num_units : int
    W_in_to_hid, W_hid_to_hid : Parameter, array or callable
        Of shape (num_inputs, num_units) and (num_units, num_units).
    b : the same, or None for no bias
        Of shape (num_units,).
    nonlinearity : callable or None
        f; None is the identity.
    hid_init : Parameter, array, callable or Layer
        The initial state, of shape (1, num_units); or a layer that gives
        (batch, num_units).
    backwards : bool
        Walk from the last step to the first. The output is in the input's order.
    learn_init : bool
        Train the initial state.
    gradient_steps : int
        Let gradients into the last so many steps of the walk only, -1 for all. Earlier
        steps are not recorded, which saves their memory: nothing that went into them has
        a gradient, not even by their own outputs, nor has the initial state.
    grad_clipping : float
        Limit each element of the gradient of the pre-activation, at every step; 0 for no
        limit. What the parameters get is a sum over steps and may be larger.
    unroll_scan : bool
        Accepted for Lasagne's sake: the walk is a loop in any case, whatever the length.
    precompute_input : bool
        Multiply all steps by the weights at once: quicker, and takes more memory.
    mask_input : Layer or tuple, optional
        Of shape (batch, time); where it is 0 the step leaves the state as it was.
    only_return_final : bool
        Return the state after the last step, (batch, num_units), instead of all.
    name : str, optional

    Raises
    ------
    ValueError
        If the shapes do not go together, or the features have no fixed length.

    References
    ----------
    J. Elman: Finding structure in time, 1990.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import InputLayer, RecurrentLayer, get_output
    >>> layer = RecurrentLayer(InputLayer((None, None, 3)), num_units=4)
    >>> layer.output_shape
    (None, None, 4)
    >>> get_output(layer, mt.ones((2, 7, 3))).sum().backward()
    >>> layer.hidden_to_hidden.W.grad.shape
    (4, 4)
    """

    def __init__(
        self,
        incoming: Any,
        num_units: int,
        W_in_to_hid: Any = init.Uniform(),  # noqa: B008 (stateless)
        W_hid_to_hid: Any = init.Uniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        hid_init: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        backwards: bool = False,
        learn_init: bool = False,
        gradient_steps: int = -1,
        grad_clipping: float = 0,
        unroll_scan: bool = False,
        precompute_input: bool = True,
        mask_input: Any = None,
        only_return_final: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = tuple(incoming.output_shape if isinstance(incoming, Layer) else incoming)
        prefix = f"{name}." if name else ""
        below = InputLayer((None, *shape[2:]))
        state = InputLayer((None, num_units))
        super().__init__(
            incoming,
            DenseLayer(below, num_units, W_in_to_hid, b, None, name=f"{prefix}input_to_hidden"),
            DenseLayer(
                state, num_units, W_hid_to_hid, None, None, name=f"{prefix}hidden_to_hidden"
            ),
            nonlinearity=nonlinearity,
            hid_init=hid_init,
            backwards=backwards,
            learn_init=learn_init,
            gradient_steps=gradient_steps,
            grad_clipping=grad_clipping,
            unroll_scan=unroll_scan,
            precompute_input=precompute_input,
            mask_input=mask_input,
            only_return_final=only_return_final,
            name=name,
            **kwargs,
        )
        self.num_units = num_units

    def _settings(self) -> dict[str, Any]:
        return {"num_units": self.num_units, **super()._settings()}
