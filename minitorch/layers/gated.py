"""Recurrent layers with gates: LSTM and GRU; their names are those of ``layers.recurrent``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.recurrent_base import Gate, GatedLayer

__all__ = ["GRULayer", "LSTMLayer"]


class LSTMLayer(GatedLayer):
    """Long short-term memory: a cell that gates write to, forget and read.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, time, features...); the features are flattened.
    num_units : int
    ingate, forgetgate, cell, outgate : Gate
    nonlinearity : callable or None
        For the cell's value on its way out.
    cell_init, hid_init : Parameter, array, callable or Layer
        Initial states, of shape (1, num_units); or a layer that gives
        (batch, num_units).
    backwards, learn_init, gradient_steps, grad_clipping, unroll_scan, precompute_input,
    mask_input, only_return_final
        See :class:`RecurrentLayer`; ``learn_init`` is about both states.
    peepholes : bool
        Let the gates see the cell.
    name : str, optional

    Raises
    ------
    ValueError
        If the shapes do not go together, the features have no fixed length, or
        there are peepholes and a gate without ``W_cell``.

    Notes
    -----
    With f and s the gates' nonlinearities, in the order of the parameters::

        i = s(x W_xi + h W_hi + b_i + c * w_ci)
        f = s(x W_xf + h W_hf + b_f + c * w_cf)
        c' = f * c + i * tanh(x W_xc + h W_hc + b_c)
        o = s(x W_xo + h W_ho + b_o + c' * w_co)
        h' = o * tanh(c')

    ``grad_clipping`` limits the gradient of x W + h W + b of each gate.

    References
    ----------
    S. Hochreiter and J. Schmidhuber: Long short-term memory, 1997.
    F. Gers, J. Schmidhuber and F. Cummins: Learning to forget: continual prediction with
    LSTM, 2000.
    A. Graves: Generating sequences with recurrent neural networks, 2013.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import LSTMLayer, get_output
    >>> layer = LSTMLayer((None, None, 3), num_units=5)
    >>> layer.output_shape, get_output(layer, {None: mt.ones((2, 7, 3))}).shape
    ((None, None, 5), (2, 7, 5))
    """

    gates = ("ingate", "forgetgate", "cell", "outgate")

    def __init__(
        self,
        incoming: Any,
        num_units: int,
        ingate: Gate = Gate(),  # noqa: B008 (stateless)
        forgetgate: Gate = Gate(),  # noqa: B008 (stateless)
        cell: Gate = Gate(W_cell=None, nonlinearity=nonlinearities.tanh),  # noqa: B008
        outgate: Gate = Gate(),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.tanh,
        cell_init: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        hid_init: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        backwards: bool = False,
        learn_init: bool = False,
        peepholes: bool = True,
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
            {"hid_init": hid_init, "cell_init": cell_init},
            backwards=backwards,
            learn_init=learn_init,
            gradient_steps=gradient_steps,
            grad_clipping=grad_clipping,
            unroll_scan=unroll_scan,
            precompute_input=precompute_input,
            only_return_final=only_return_final,
            **kwargs,
        )
        self._prepare(num_units)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.peepholes = peepholes
        for name, gate in zip(self.gates, (ingate, forgetgate, cell, outgate), strict=True):
            self._add_gate(gate, name)
        if peepholes:
            self._add_peepholes(ingate=ingate, forgetgate=forgetgate, outgate=outgate)
        self.cell_init = self._add_start("cell_init", cell_init, (num_units,))
        self.hid_init = self._add_start("hid_init", hid_init, (num_units,))

    def _add_peepholes(self, **gates: Gate) -> None:
        """The weights by which the gates see the cell."""
        for name, gate in gates.items():
            if not hasattr(gate, "W_cell"):
                raise ValueError(
                    f"LSTMLayer: peepholes need the weights W_cell of {name}, which has None; "
                    f"give it W_cell, or set peepholes=False"
                )
            label = f"W_cell_to_{name}"
            setattr(self, label, self.add_param(gate.W_cell, (self.num_units,), name=label))

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | ({} if self.peepholes else {"peepholes": False})

    def _is_plain(self) -> bool:
        """Whether ``ops.lstm`` does all steps as one: it knows the usual functions, no bounds."""
        sigmoid, tanh = nonlinearities.sigmoid, nonlinearities.tanh
        usual = self.nonlinearity is tanh and self._has_functions(sigmoid, sigmoid, tanh, sigmoid)
        return usual and self._steps_are_alike()

    def get_output_for(self, inputs: Sequence[Tensor], **kwargs: Any) -> Tensor:
        """The hidden state at each step, or after the last."""
        x, first = self._prepared(inputs)
        W_hid = self._joined("W_hid_to")
        if self._is_plain():
            seen = [f"W_cell_to_{name}" for name in ("ingate", "forgetgate", "outgate")]
            peepholes = ops.stack([getattr(self, w) for w in seen]) if self.peepholes else None
            states = [self._start_of(name, inputs) for name in self._states]
            return self._in_order(ops.lstm(x, W_hid, *states, peepholes)[0])

        def step(x_t: Tensor, hid: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
            gates = self._clip(first(x_t) + ops.matmul(hid, W_hid))
            write, keep, new, read = ops.split(gates, 4, axis=1)
            if self.peepholes:
                write = write + cell * self.W_cell_to_ingate
                keep = keep + cell * self.W_cell_to_forgetgate
            written = self.nonlinearity_ingate(write) * self.nonlinearity_cell(new)
            cell = self.nonlinearity_forgetgate(keep) * cell + written
            if self.peepholes:
                read = read + cell * self.W_cell_to_outgate
            return self.nonlinearity_outgate(read) * self.nonlinearity(cell), cell

        return self._run(step, x, inputs)


class GRULayer(GatedLayer):
    """Gated recurrent units: a state that a gate replaces, in part.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, time, features...); the features are flattened.
    num_units : int
    resetgate, updategate, hidden_update : Gate
        Their ``W_cell`` is not used: there is no cell.
    hid_init : Parameter, array, callable or Layer
    backwards, learn_init, gradient_steps, grad_clipping, unroll_scan, precompute_input,
    mask_input, only_return_final
        See :class:`RecurrentLayer`.
    name : str, optional

    Raises
    ------
    ValueError
        If the shapes do not go together, or the features have no fixed length.

    Notes
    -----
    With s the gates' nonlinearities::

        r = s(x W_xr + h W_hr + b_r)
        u = s(x W_xu + h W_hu + b_u)
        n = tanh(x W_xn + b_n + r * (h W_hn))
        h' = (1 - u) * h + u * n

    The reset gate acts on the product with the state, as in cuDNN, not on the state; and u
    is the share of the new state, so PyTorch's z is 1 - u.

    References
    ----------
    K. Cho et al.: On the properties of neural machine translation: encoder-decoder
    approaches, 2014.
    J. Chung, C. Gulcehre, K. Cho and Y. Bengio: Empirical evaluation of gated recurrent
    neural networks on sequence modeling, 2014.

    Examples
    --------
    >>> from minitorch.layers import GRULayer
    >>> GRULayer((None, 7, 3), num_units=5, only_return_final=True).output_shape
    (None, 5)
    """

    gates = ("resetgate", "updategate", "hidden_update")

    def __init__(
        self,
        incoming: Any,
        num_units: int,
        resetgate: Gate = Gate(W_cell=None),  # noqa: B008 (stateless)
        updategate: Gate = Gate(W_cell=None),  # noqa: B008 (stateless)
        hidden_update: Gate = Gate(W_cell=None, nonlinearity=nonlinearities.tanh),  # noqa: B008
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
        self._prepare(num_units)
        self._add_gate(updategate, "updategate")
        self._add_gate(resetgate, "resetgate")
        self._add_gate(hidden_update, "hidden_update")
        self.hid_init = self._add_start("hid_init", hid_init, (num_units,))

    def _is_plain(self) -> bool:
        """Whether ``ops.gru`` does all steps as one: it knows the usual functions, no bounds."""
        sigmoid, tanh = nonlinearities.sigmoid, nonlinearities.tanh
        return self._has_functions(sigmoid, sigmoid, tanh) and self._steps_are_alike()

    def get_output_for(self, inputs: Sequence[Tensor], **kwargs: Any) -> Tensor:
        """The hidden state at each step, or after the last."""
        x, first = self._prepared(inputs)
        W_hid = self._joined("W_hid_to")

        if self._is_plain():
            return self._in_order(ops.gru(x, W_hid, self._start_of("hid_init", inputs)))

        def step(x_t: Tensor, hid: Tensor) -> tuple[Tensor]:
            of_input = ops.split(self._clip(first(x_t)), 3, axis=1)
            of_state = ops.split(self._clip(ops.matmul(hid, W_hid)), 3, axis=1)
            reset = self.nonlinearity_resetgate(of_input[0] + of_state[0])
            update = self.nonlinearity_updategate(of_input[1] + of_state[1])
            new = self.nonlinearity_hidden_update(self._clip(of_input[2] + reset * of_state[2]))
            return ((1 - update) * hid + update * new,)

        return self._run(step, x, inputs)
