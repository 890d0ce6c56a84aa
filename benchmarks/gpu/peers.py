"""The libraries that minitorch is compared with: cuBLAS, cuDNN, PyTorch.

Each peer does the same work in the same precision: for float32, TF32 is off. cuDNN is
asked for every plan that it has, without those that round the operands, and each plan is a
competitor of its own; NHWC, the layout that its tensor-core kernels want, is one more.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.gpu.workloads import Case

__all__ = ["peers_of"]

Runs = dict[str, Callable[..., Any]]  # name -> fn(*arrays), arrays of the device


def peers_of(case: Case, arrays: list[Any], clock: Any) -> tuple[Runs, dict[str, str]]:
    """All competitors for a case, and why one is missing."""
    runs: Runs = {}
    missing: dict[str, str] = {}
    for name, make in (("cublas", _cublas), ("torch", _torch), ("cudnn", _cudnn)):
        try:
            runs.update(make(case, arrays, clock))
        except ImportError as error:
            missing[name] = f"not installed ({error})"
        except Exception as error:  # a peer that breaks must not end the run
            missing[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
    return runs, missing


def _cublas(case: Case, arrays: list[Any], clock: Any) -> Runs:
    """cuBLAS as CuPy calls it (plain float32: CuPy leaves TF32 off)."""
    if case.op != "matmul":
        return {}
    import cupy

    return {"cublas (cupy)": cupy.matmul}


def _torch(case: Case, arrays: list[Any], clock: Any) -> Runs:
    """PyTorch on the same memory and stream, TF32 off, cuDNN's own benchmark on."""
    torch = importlib.import_module("torch")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    stream = torch.cuda.ExternalStream(clock.stream.ptr)
    functional = torch.nn.functional

    def on_stream(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            with torch.cuda.stream(stream), torch.no_grad():
                return work(*map(torch.from_dlpack, given))

        return run

    if case.op == "matmul":
        return {"torch": on_stream(torch.matmul)}
    if case.op.startswith("conv"):
        return {
            name: on_stream(work)
            for name, work in _torch_conv(torch, case).items()
        }  # fmt: skip
    plain = {
        "max_pool": lambda x: functional.max_pool2d(x, 2, return_indices=True),
        "batch_norm": lambda x: functional.batch_norm(x, None, None, training=True),
        "dropout": lambda x: functional.dropout(x, 0.5),
        "softmax_cross_entropy": lambda x, t: functional.cross_entropy(x, t, reduction="none"),
        "local_response_norm": lambda x: functional.local_response_norm(x, 5),
    }
    return {"torch": on_stream(plain[case.op])} if case.op in plain else {}


def _torch_conv(torch: Any, case: Case) -> Runs:
    """A direction of a convolution, in NCHW and in channels-last memory."""
    s = case.peer["shape"]
    settings = (None, [s.stride] * 2, [s.pad] * 2, [1, 1], False, [0, 0], s.groups)
    which = {"conv_dgrad": (True, False, False), "conv_wgrad": (False, True, False)}.get(case.op)

    def run(first: Any, second: Any, form: Any) -> Any:
        def given(a: Any) -> Any:
            return a.contiguous(memory_format=form)

        if case.op == "conv_fwd":
            return torch.nn.functional.conv2d(
                given(first), given(second), None, s.stride, s.pad, 1, s.groups
            )
        empty = first.new_empty
        x = empty(s.x) if case.op == "conv_dgrad" else first
        dy = first if case.op == "conv_dgrad" else second
        w = second if case.op == "conv_dgrad" else empty(s.w)
        return torch.ops.aten.convolution_backward(given(dy), given(x), given(w), *settings, which)[
            which.index(True)
        ]

    return {
        "torch": lambda a, b: run(a, b, torch.contiguous_format),
        "torch channels_last": lambda a, b: run(a, b, torch.channels_last),
    }


def _cudnn(case: Case, arrays: list[Any], clock: Any) -> Runs:
    """Every cuDNN plan for a convolution: ``cudnn <plan>``, in NCHW and NHWC."""
    if not case.op.startswith("conv"):
        return {}
    cudnn = importlib.import_module("cudnn")
    import cupy

    s = case.peer["shape"]
    shapes = {"x": s.x, "w": s.w, "y": s.y}
    roles = {"conv_fwd": ("x", "w", "y"), "conv_dgrad": ("y", "w", "x"),
             "conv_wgrad": ("x", "y", "w")}[case.op]  # fmt: skip
    kinds = {"float32": cudnn.data_type.FLOAT, "float16": cudnn.data_type.HALF}
    handle = cudnn.create_handle()
    cudnn.set_stream(handle, clock.stream.ptr)
    runs: Runs = {}
    for layout in ("NCHW", "NHWC"):
        graph = cudnn.pygraph(
            io_data_type=kinds[case.dtype],
            intermediate_data_type=cudnn.data_type.FLOAT,
            compute_data_type=cudnn.data_type.FLOAT,
            handle=handle,
        )
        tensors = [
            graph.tensor(
                name=role, dim=list(shapes[role]), stride=_strides(shapes[role], layout),
                data_type=kinds[case.dtype],
            )
            for role in roles[:2]
        ]  # fmt: skip
        settings = {"padding": [s.pad] * 2, "stride": [s.stride] * 2, "dilation": [1, 1]}
        if case.op == "conv_fwd":
            out = graph.conv_fprop(image=tensors[0], weight=tensors[1], **settings)
        elif case.op == "conv_dgrad":
            out = graph.conv_dgrad(loss=tensors[0], filter=tensors[1], **settings)
        else:
            out = graph.conv_wgrad(image=tensors[0], loss=tensors[1], **settings)
        shape = shapes[roles[2]]
        out.set_output(True).set_dim(list(shape)).set_stride(_strides(shape, layout))
        out.set_data_type(kinds[case.dtype])
        graph.validate()
        graph.build_operation_graph()
        graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
        if case.dtype == "float32":  # what rounds its operands does other work
            graph.deselect_numeric_notes([cudnn.numerical_note.DOWN_CONVERT_INPUTS])
        result = cupy.empty(shape, arrays[0].dtype)
        for i in range(graph.get_execution_plan_count()):
            try:
                graph.build_plan_at_index(i)
            except Exception:  # a plan that this device or shape rules out
                continue
            room = cupy.empty(max(1, graph.get_workspace_size_plan_at_index(i)), cupy.uint8)

            def run(first: Any, second: Any, graph: Any = graph, i: int = i, room: Any = room,
                    given: Any = tensors, out: Any = out, result: Any = result) -> Any:  # fmt: skip
                memory = {given[0]: first, given[1]: second, out: result}
                graph.execute_plan_at_index(memory, room, i, handle=handle)
                return result

            name = graph.get_plan_name_at_index(i)
            runs[f"cudnn {layout} {name} ({room.nbytes} B)"] = run
    return runs


def _strides(shape: tuple[int, ...], layout: str) -> list[int]:
    _, c, h, w = shape
    return [c * h * w, h * w, w, 1] if layout == "NCHW" else [c * h * w, 1, w * c, c]
