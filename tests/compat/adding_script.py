"""A script in the shape of Lasagne's recurrent example (adding two marked numbers): it knows
nothing of minitorch but its import lines."""

import numpy as np

import minitorch.compat.lasagne as lasagne
import minitorch.compat.theano as theano
import minitorch.compat.theano.tensor as T

LENGTH, HIDDEN, BATCH = 8, 6, 10


def gen_data(rng):
    X = np.concatenate([rng.uniform(size=(BATCH, LENGTH, 1)), np.zeros((BATCH, LENGTH, 1))], -1)
    mask = np.zeros((BATCH, LENGTH))
    y = np.zeros((BATCH,))
    for n in range(BATCH):
        length = rng.randint(LENGTH - 3, LENGTH)
        mask[n, :length] = 1
        X[n, length:, 0] = 0
        X[n, [rng.randint(length // 2), rng.randint(length // 2, length)], 1] = 1
        y[n] = np.sum(X[n, :, 0] * X[n, :, 1])
    floatX = theano.config.floatX
    return X.astype(floatX), (y - y.mean()).astype(floatX), mask.astype(floatX)


def main(steps=6, seed=5):
    """The costs of all steps, the cost on other data, and the network."""
    lasagne.random.set_rng(np.random.RandomState(seed))
    rng = np.random.RandomState(seed + 1)
    l_in = lasagne.layers.InputLayer(shape=(None, LENGTH, 2))
    l_mask = lasagne.layers.InputLayer(shape=(None, LENGTH), name="mask")
    batchsize, seqlen, _ = l_in.input_var.shape
    settings = {
        "mask_input": l_mask,
        "grad_clipping": 100,
        "W_in_to_hid": lasagne.init.HeUniform(),
        "W_hid_to_hid": lasagne.init.HeUniform(),
        "nonlinearity": lasagne.nonlinearities.tanh,
    }
    l_forward = lasagne.layers.RecurrentLayer(l_in, HIDDEN, **settings)
    l_backward = lasagne.layers.RecurrentLayer(l_in, HIDDEN, backwards=True, **settings)
    l_sum = lasagne.layers.ElemwiseSumLayer([l_forward, l_backward])
    l_reshape = lasagne.layers.ReshapeLayer(l_sum, (-1, HIDDEN))
    l_dense = lasagne.layers.DenseLayer(
        l_reshape, num_units=1, nonlinearity=lasagne.nonlinearities.tanh
    )
    l_out = lasagne.layers.ReshapeLayer(l_dense, (batchsize, seqlen))

    target_values = T.vector("target_output")
    predicted_values = lasagne.layers.get_output(l_out)[:, -1]
    cost = T.mean((predicted_values - target_values) ** 2)
    all_params = lasagne.layers.get_all_params(l_out, trainable=True)
    updates = lasagne.updates.adagrad(cost, all_params, 0.05)
    inputs = [l_in.input_var, target_values, l_mask.input_var]
    train = theano.function(inputs, cost, updates=updates)
    compute_cost = theano.function(inputs, cost)
    costs = [train(*gen_data(rng)) for _ in range(steps)]
    return costs, compute_cost(*gen_data(rng)), l_out
