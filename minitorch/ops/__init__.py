from minitorch.autograd.tensor import Tensor
from minitorch.ops import arithmetic as a
from minitorch.ops.arithmetic import *
Tensor.__add__=a.add
