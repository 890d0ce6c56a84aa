"""Scripts written for Lasagne and Theano, run on minitorch with other import lines.

Put ``minitorch.compat.`` before ``theano`` and ``lasagne``:

    import minitorch.compat.theano as theano
    import minitorch.compat.theano.tensor as T
    import minitorch.compat.lasagne as lasagne
    from minitorch.compat.lasagne.layers import DenseLayer

It stands apart: the rest of minitorch is eager and does not know it. New code is shorter
without it.
"""
