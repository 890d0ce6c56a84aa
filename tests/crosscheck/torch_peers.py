"""What a PyTorch user would write for the ops of the registry; see test_torch_crosscheck.py."""

from functools import partial

import numpy as np
import torch

import minitorch as mt

F = torch.nn.functional


class Unlike(Exception):
    """PyTorch has no such case of the function."""


PEERS = {}

SAME_NAME = (
    "add subtract negative multiply divide positive reciprocal floor_divide remainder where "
    "isfinite isinf isnan exp expm1 log log1p log2 log10 logaddexp logical_and logical_or "
    "logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_left_shift "
    "bitwise_right_shift abs sign signbit copysign maximum minimum clip square sqrt pow hypot "
    "sinh cosh tanh asinh acosh atanh relu selu sigmoid xlogy floor ceil trunc round nextafter "
    "erf erfc sin cos tan asin acos atan atan2 real conj matmul"
)
OTHER_NAME = {
    "equal": torch.eq,
    "not_equal": torch.ne,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "bitwise_invert": torch.bitwise_not,
}


def peer(*names):
    """Declare the counterpart of an op; one of several is told first for which it stands."""

    def declare(fn):
        PEERS.update({name: partial(fn, name) if len(names) > 1 else fn for name in names})
        return fn

    return declare


def elementwise(fn):
    """Numbers become 0-d tensors: many of PyTorch's functions take nothing else."""

    def call(*args, **static):
        return fn(*map(_number, args), **static)

    return call


def _number(value):
    if isinstance(value, bool | int):
        return torch.tensor(value)
    return torch.tensor(value, dtype=torch.float64) if isinstance(value, float) else value


PEERS |= {name: elementwise(fn) for name, fn in OTHER_NAME.items()}
PEERS |= {name: elementwise(getattr(torch, name)) for name in SAME_NAME.split()}


@peer("sum", "mean", "max", "min", "logsumexp", "var", "std", "prod", "any", "all", "count_nonzero")
def _reduce(name, x, *, axis=None, keepdims=False, correction=0.0):
    dims = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    if not dims:
        raise Unlike
    if name in ("var", "std"):
        return getattr(torch, name)(x, dims, correction=correction, keepdim=keepdims)
    if name == "count_nonzero":
        return (x != 0).sum(dims, keepdim=keepdims)
    if name == "prod":
        for d in sorted((d % x.ndim for d in dims), reverse=True):
            x = torch.prod(x, d, keepdim=keepdims)
        return x
    return getattr(torch, {"max": "amax", "min": "amin"}.get(name, name))(x, dims, keepdim=keepdims)


@peer("argmax", "argmin")
def _arg(name, x, *, axis=None, keepdims=False):
    return getattr(torch, name)(x, axis, keepdim=keepdims)


@peer("softmax", "log_softmax")
def _softmax(name, x, *, axis=-1):
    return getattr(torch, name)(x, axis)


# Shapes, joining, indexing.
PEERS |= {
    "tril": lambda x, k=0: torch.tril(x, k),
    "triu": lambda x, k=0: torch.triu(x, k),
    "reshape": torch.reshape,
    "broadcast_to": lambda x, shape: torch.broadcast_to(x, shape),
    "permute_dims": lambda x, axes: x.permute(axes),
    "expand_dims": lambda x, axis: x.unsqueeze(axis),
    "squeeze": lambda x, axis: x.squeeze(axis),
    "flip": lambda x, axis=None: x.flip(tuple(range(x.ndim)) if axis is None else axis),
    "roll": lambda x, shift, axis=None: x.roll(shift, axis),
    "concat": lambda *xs, axis=0: (
        torch.cat([x.ravel() for x in xs]) if axis is None else torch.cat(xs, axis)
    ),
    "stack": lambda *xs, axis=0: torch.stack(xs, axis),
    "repeat": lambda x, repeats, axis=None: torch.repeat_interleave(x, repeats, axis),
    "take": lambda x, i, axis=0: torch.index_select(x, axis, i) if i.ndim == 1 else x[i],
    "take_along_axis": lambda x, i, axis=-1: torch.take_along_dim(x, i, axis),
    "embedding": lambda w, i: F.embedding(i, w),
    "diagonal": lambda x, offset=0: torch.diagonal(x, offset, -2, -1),
    "trace": lambda x: torch.diagonal(x, 0, -2, -1).sum(-1),
    "pad": lambda x, width, value=0.0: F.pad(
        x, [n for pair in reversed(_pairs(width, x.ndim)) for n in pair], value=value
    ),
    "crop": lambda x, width: x[
        tuple(slice(a, n - b) for (a, b), n in zip(_pairs(width, x.ndim), x.shape, strict=True))
    ],
    "sort": lambda x, axis=-1, descending=False, stable=True: (
        torch.sort(x, dim=axis, descending=descending, stable=True).values
    ),
    "argsort": lambda x, axis=-1, descending=False, stable=True: torch.argsort(
        x, dim=axis, descending=descending, stable=True
    ),
    "searchsorted": lambda x1, x2: torch.searchsorted(x1, x2),
    "argwhere": torch.argwhere,
    "nonzero": lambda x: torch.nonzero(x, as_tuple=True),
    "unique_values": torch.unique,
}


@peer("getitem")
def _getitem(x, index):
    if isinstance(index, tuple) and any(isinstance(i, slice) and (i.step or 1) < 0 for i in index):
        raise Unlike
    return x[index]


def _pairs(width, ndim):
    if isinstance(width, int):
        return [(width, width)] * ndim
    return [(n, n) if isinstance(n, int) else n for n in width]


@peer("cumulative_sum", "cumulative_prod")
def _scan(name, x, *, axis=0, include_initial=False):
    fn = torch.cumsum if name == "cumulative_sum" else torch.cumprod
    out = fn(x, axis)
    if include_initial:
        start = torch.full_like(x.narrow(axis, 0, 1), 0.0 if name == "cumulative_sum" else 1.0)
        out = torch.cat([start, out], axis)
    return out


# Products and factors of matrices.
PEERS |= {
    "tensordot": lambda a, b, axes=2: torch.tensordot(a, b, axes),
    "einsum": lambda *xs, subscripts: torch.einsum(subscripts, *xs),
    "cross": lambda a, b, axis=-1: torch.linalg.cross(*torch.broadcast_tensors(a, b), dim=axis),
    "vecdot": lambda a, b, axis=-1: torch.linalg.vecdot(*torch.broadcast_tensors(a, b), dim=axis),
    "inv": torch.linalg.inv,
    "det": torch.linalg.det,
    "slogdet": torch.linalg.slogdet,
    "solve": torch.linalg.solve,
    "cholesky": lambda x, upper=False: torch.linalg.cholesky((x + x.mT) / 2, upper=upper),
    "eigvalsh": lambda x: torch.linalg.eigvalsh((x + x.mT) / 2),
    "svdvals": torch.linalg.svdvals,
    "pinv": lambda x, rtol=None: torch.linalg.pinv(x),
    "matrix_power": torch.linalg.matrix_power,
    "vector_norm": lambda x, axis=None, keepdims=False, ord=2: torch.linalg.vector_norm(
        x, ord, axis, keepdim=keepdims
    ),
    "matrix_norm": lambda x, keepdims=False, ord="fro": torch.linalg.matrix_norm(
        x, ord, keepdim=keepdims
    ),
    "diff": lambda x, axis=-1, n=1, prepend=None, append=None: torch.diff(
        x, n, axis, prepend=_tensor(prepend), append=_tensor(append)
    ),
}

# Networks.
PEERS |= {
    "leaky_relu": lambda x, leakiness=0.01: F.leaky_relu(x, leakiness),
    "elu": lambda x, alpha=1.0: F.elu(x, alpha),
    "softplus": lambda x: F.softplus(x, threshold=200),
    "scaled_tanh": lambda x, scale_in=1.0, scale_out=1.0: scale_out * torch.tanh(scale_in * x),
    "softmax_cross_entropy": lambda x, labels, axis=-1: F.cross_entropy(
        x.movedim(axis, 1), labels, reduction="none"
    ),
    "sigmoid_cross_entropy": lambda x, t: F.binary_cross_entropy_with_logits(
        x, t, reduction="none"
    ),
    "squared_error": lambda p, t: (p - t) ** 2,
    "huber_loss": lambda p, t, delta=1.0: F.huber_loss(
        p, torch.as_tensor(t).double().expand(p.shape), delta=delta, reduction="none"
    ),
    "margin_ranking_loss": lambda a, b, margin=0.0: F.margin_ranking_loss(
        a, b, torch.ones_like(a), margin=margin, reduction="none"
    ),
    "global_max_pool": lambda x: x.flatten(2).amax(2),
    "global_avg_pool": lambda x: x.flatten(2).mean(2),
    "global_sum_pool": lambda x: x.flatten(2).sum(2),
}


@peer("batch_norm")
def _batch_norm(x, gamma=None, beta=None, *, axes, epsilon=1e-4):
    axes = tuple(a % x.ndim for a in ((axes,) if isinstance(axes, int) else axes))
    wide = [1 if i in axes else n for i, n in enumerate(x.shape)]
    mean, var = x.mean(axes), x.var(axes, correction=0)
    y = (x - mean.reshape(wide)) / torch.sqrt(var.reshape(wide) + epsilon)
    y = y if gamma is None else y * gamma.reshape(wide)
    y = y if beta is None else y + _tensor(beta).reshape(wide)
    return y, mean, 1 / torch.sqrt(var + epsilon)


@peer("lstm")
def _lstm(gates, W, hid, cell, peepholes=None):
    if peepholes is not None:
        raise Unlike
    taken = torch.eye(gates.shape[2], dtype=gates.dtype)  # the input's part as it is
    found = []
    for x in gates:
        hid, cell = torch.lstm_cell(x, (hid, cell), taken, W.T)
        found.append((hid, cell))
    return tuple(torch.stack(each) for each in zip(*found, strict=True))


@peer("gru")
def _gru(gates, W, hid):
    """PyTorch's update gate is the share of the old state: the sums with the other sign."""
    units = W.shape[0]
    signs = torch.ones(3, units, dtype=gates.dtype)
    signs[1] = -1
    found = []
    for x in gates:
        hid = torch.gru_cell(x, hid, torch.diag(signs.reshape(-1)), (W * signs.reshape(-1)).T)
        found.append(hid)
    return torch.stack(found)


@peer("local_response_norm")
def _local_response_norm(x, *, alpha=1e-4, k=2.0, beta=0.75, n=5):
    return F.local_response_norm(x, n, alpha * n, beta, k)


def _padded(x, pad, value=0.0):
    return F.pad(x, [n for pair in reversed(pad) for n in pair], value=value)


def _conv(x, w, b=None, *, stride, pad, dilation, groups):
    conv = (F.conv1d, F.conv2d, F.conv3d)[x.ndim - 3]
    return conv(_padded(x, pad), w, b, stride=stride, dilation=dilation, groups=groups)


PEERS["conv_fwd"] = _conv


@peer("conv_dgrad")
def _conv_dgrad(dy, w, *, size, groups, **settings):
    x = torch.zeros(dy.shape[0], w.shape[1] * groups, *size, dtype=dy.dtype, requires_grad=True)
    y = _conv(x, w, groups=groups, **settings)
    return torch.autograd.grad(y, x, dy, create_graph=True)[0]


@peer("conv_wgrad")
def _conv_wgrad(x, dy, *, size, groups, **settings):
    shape = (dy.shape[1], x.shape[1] // groups, *size)
    w = torch.zeros(shape, dtype=dy.dtype, requires_grad=True)
    y = _conv(x, w, groups=groups, **settings)
    return torch.autograd.grad(y, w, dy, create_graph=True)[0]


@peer("conv1d", "conv2d", "conv3d")
def _public_conv(name, x, w, b=None, *, stride=1, pad=0, dilation=1, groups=1, flip_filters=False):
    if flip_filters:
        w = w.flip(tuple(range(2, w.ndim)))
    if pad == "full":
        pad = [(n - 1, n - 1) for n in w.shape[2:]]
    elif pad == "same":
        pad = [((n - 1) // 2, (n - 1) // 2) for n in w.shape[2:]]
    pad = _pairs(pad, x.ndim - 2)
    return _conv(x, w, b, stride=stride, pad=pad, dilation=dilation, groups=groups)


@peer("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _transposed(
    name, x, w, b=None, *, stride=1, crop=0, dilation=1, groups=1, flip_filters=False, **size
):
    if flip_filters:
        w = w.flip(tuple(range(2, w.ndim)))
    deconv = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[x.ndim - 3]
    extra = size.get("output_padding", 0)
    if "output_size" in size:
        base = (x.shape[2] - 1) * stride - 2 * crop + dilation * (w.shape[2] - 1) + 1
        extra = size["output_size"] - base
    return deconv(x, w, b, stride, crop, extra, groups, dilation)


@peer("max_pool", "sum_pool", "avg_pool")
def _pool(name, x, *, window, stride, pad, ignore_border, count_padding=True):
    if not ignore_border:
        raise Unlike
    axes = x.ndim - 3
    if name == "max_pool":
        pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[axes]
        return pool(_padded(x, pad, -torch.inf), window, stride)
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[axes]
    mean = pool(_padded(x, pad), window, stride)
    if name == "sum_pool":
        return mean * float(np.prod(window))
    if count_padding:
        return mean
    return mean / pool(_padded(torch.ones_like(x), pad), window, stride)


# -- what PyTorch is not asked for ---------------------------------------------------------

_PARTS = "a part of another op that is checked here; its own tests have a slow oracle"
_ENGINE = "belongs to the engine; tests/autograd"
_CHOICE = "PyTorch lets another basis or representative stand for the same result; tests/ops"
_SLOW = "PyTorch has no such function; tests/ops has a slow oracle"
ALONE = {
    "recompute": _ENGINE,
    "view_write": _ENGINE,
    "transfer": "there is no second device to compare with",
    "all_sum": "there is no second process to add; tests/distributed has some",
    "sum_to": _ENGINE,
    "cofactors": _PARTS,
    "exceeds": _PARTS,
    "scatter_add": _PARTS,
    "embedding_wgrad": _PARTS,
    "max_unpool": _PARTS,
    "max_pool_at": _PARTS,
    "sum_unpool": _PARTS,
    "avg_unpool": _PARTS,
    "recurrence": _PARTS,
    "batch_norm_back": _PARTS,
    "batch_norm_back_gamma": _PARTS,
    "gru_back": _PARTS,
    "local_response_norm_back": _PARTS,
    "lstm_back": _PARTS,
    "softmax_cross_entropy_dx": _PARTS,
    "qr": _CHOICE,
    "eigh": _CHOICE,
    "svd": _CHOICE,
    "unique": _CHOICE,
    "unique_all": _CHOICE,
    "unique_counts": _CHOICE,
    "unique_inverse": _CHOICE,
    "astype": "takes NumPy's dtypes",
    "grad_clip": "PyTorch has a hook for it; tests/ops/test_grad_clip.py",
    "imag": "of real numbers PyTorch refuses it",
    "dropout": "random numbers of its own; tests/ops/test_random.py",
    "gaussian_noise": "random numbers of its own; tests/ops/test_random.py",
    "setitem": _SLOW,
    "scatter": _SLOW,
    "grid_sample": "PyTorch has no second derivative of it; tests/ops/test_sampling.py",
    "batch_norm_inference": _SLOW,
    "binary_hinge_loss": _SLOW,
    "multiclass_hinge_loss": _SLOW,
}


@peer("resize_bilinear")
def _resize_bilinear(x, *, size):
    images = x.reshape(1, -1, *x.shape[-2:])
    out = torch.nn.functional.interpolate(images, size, mode="bilinear", align_corners=False)
    return out.reshape(*x.shape[:-2], *size)


# Their windows and pads are those of the n-d op that they call.
ALONE |= {
    f"{rule}_step": "a part of an update rule; tests/updates compares that with torch.optim"
    for rule in ("sgd", "momentum", "nesterov_momentum", "adam")
}
ALONE |= {
    f"{kind}_pool{d}d": "calls the n-d op" for kind in ("max", "sum", "avg") for d in (1, 2, 3)
}


def _tensor(value):
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray | mt.Tensor) else value
