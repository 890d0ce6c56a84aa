"""Scripts written for Lasagne and Theano, run on minitorch with other import lines.

Put ``minitorch.compat.`` before ``theano`` and ``lasagne`` where a script imports them:

    import minitorch.compat.theano as theano
    import minitorch.compat.theano.tensor as T
    import minitorch.compat.lasagne as lasagne
    from minitorch.compat.lasagne.layers import DenseLayer

What there is: placeholders, shared variables, ``theano.function`` with updates and givens,
gradients, random streams, the functions of ``theano.tensor`` that networks are made of, and
all public names of Lasagne (but those of GPU libraries). What is not: ``theano.scan``, Ops,
the graph behind an expression, and tricks with compiled code.

What differs from Theano:

- An expression knows neither its rank nor its dtype before a function runs, placeholders do.
  So ``x.ndim`` of an expression is one, too, and mistakes in shapes are found by the first
  call; the error's note names the line that made the expression.
- Python floats become floatX, not float64, in ``theano.shared``.
- Nothing is optimised. What is used twice in a function is computed once only if it is one
  expression; two calls of ``get_output`` are two passes.
- Derivatives at kinks, and random numbers, are minitorch's.

It stands apart: the rest of minitorch is eager and does not know it. New code is shorter
without it.
"""
