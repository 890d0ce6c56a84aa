"""``lasagne.regularization``: minitorch's, recorded."""

from minitorch import regularization as core
from minitorch.compat.theano.expression import deferred

globals().update({name: deferred(getattr(core, name)) for name in core.__all__})
