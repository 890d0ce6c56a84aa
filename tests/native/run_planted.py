"""Calls that a sanitizer must stop: python run_planted.py FILE FAULT, FILE a build of _cpu.

``past_the_end`` gives a convolution an image that claims more rows than its memory has;
``two_writers`` lets two callers write one output. With ``none`` both calls are right.
"""

import importlib.util
import sys
import threading

import numpy as np


def load(file):
    spec = importlib.util.spec_from_file_location("minitorch._cpu", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def convolve(native, x, y):
    native.conv2d_fwd(
        "k02_rows", x, np.ones((1, 1, 1, 1)), None, y,
        stride=(1, 1), pad=(0, 0), dilation=(1, 1), groups=1,
    )  # fmt: skip


def main(file, fault):
    native = load(file)
    native.set_num_threads(2)
    shape = (1, 1, 64, 1024)
    x = np.ones(shape)
    if fault == "past_the_end":
        x = np.lib.stride_tricks.as_strided(np.ones(shape[2] * shape[3] - 1), shape, x.strides)
    outputs = [np.empty(shape) for _ in range(2)]
    if fault == "two_writers":
        outputs = outputs[:1] * 2
    callers = [threading.Thread(target=convolve, args=(native, x, y)) for y in outputs]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    print("ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
