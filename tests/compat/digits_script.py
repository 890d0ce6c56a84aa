"""A script in the shape of Lasagne's example for MNIST: it knows nothing of minitorch but its
import lines."""

import numpy as np

import minitorch.compat.lasagne as lasagne
import minitorch.compat.theano as theano
import minitorch.compat.theano.tensor as T

SIDE = 16


def build_mlp(input_var=None):
    l_in = lasagne.layers.InputLayer(shape=(None, 1, SIDE, SIDE), input_var=input_var)
    l_in_drop = lasagne.layers.DropoutLayer(l_in, p=0.2)
    l_hid = lasagne.layers.DenseLayer(
        l_in_drop,
        num_units=24,
        nonlinearity=lasagne.nonlinearities.rectify,
        W=lasagne.init.GlorotUniform(),
    )
    l_hid_drop = lasagne.layers.DropoutLayer(l_hid, p=0.5)
    return lasagne.layers.DenseLayer(
        l_hid_drop, num_units=10, nonlinearity=lasagne.nonlinearities.softmax
    )


def build_custom_mlp(input_var=None, depth=2, width=16, drop_input=0.2, drop_hidden=0.5):
    network = lasagne.layers.InputLayer(shape=(None, 1, SIDE, SIDE), input_var=input_var)
    if drop_input:
        network = lasagne.layers.dropout(network, p=drop_input)
    for _ in range(depth):
        network = lasagne.layers.DenseLayer(
            network, width, nonlinearity=lasagne.nonlinearities.rectify
        )
        if drop_hidden:
            network = lasagne.layers.dropout(network, p=drop_hidden)
    return lasagne.layers.DenseLayer(network, 10, nonlinearity=lasagne.nonlinearities.softmax)


def build_cnn(input_var=None):
    network = lasagne.layers.InputLayer(shape=(None, 1, SIDE, SIDE), input_var=input_var)
    network = lasagne.layers.Conv2DLayer(
        network,
        num_filters=4,
        filter_size=(5, 5),
        nonlinearity=lasagne.nonlinearities.rectify,
        W=lasagne.init.GlorotUniform(),
    )
    network = lasagne.layers.MaxPool2DLayer(network, pool_size=(2, 2))
    network = lasagne.layers.batch_norm(
        lasagne.layers.Conv2DLayer(network, num_filters=6, filter_size=(3, 3))
    )
    network = lasagne.layers.MaxPool2DLayer(network, pool_size=(2, 2))
    network = lasagne.layers.DenseLayer(
        lasagne.layers.dropout(network, p=0.5),
        num_units=16,
        nonlinearity=lasagne.nonlinearities.rectify,
    )
    return lasagne.layers.DenseLayer(
        lasagne.layers.dropout(network, p=0.5),
        num_units=10,
        nonlinearity=lasagne.nonlinearities.softmax,
    )


BUILDERS = {"mlp": build_mlp, "custom_mlp": build_custom_mlp, "cnn": build_cnn}


def iterate_minibatches(inputs, targets, batchsize):
    for start in range(0, len(inputs) - batchsize + 1, batchsize):
        yield inputs[start : start + batchsize], targets[start : start + batchsize]


def main(model, train, val, num_epochs=2, batchsize=20, seed=3):
    """Losses of all batches, then validation loss and accuracy after each epoch, and the network"""
    lasagne.random.set_rng(np.random.RandomState(seed))
    input_var = T.tensor4("inputs")
    target_var = T.ivector("targets")
    network = BUILDERS[model](input_var)

    prediction = lasagne.layers.get_output(network)
    loss = lasagne.objectives.categorical_crossentropy(prediction, target_var)
    loss = loss.mean()
    params = lasagne.layers.get_all_params(network, trainable=True)
    updates = lasagne.updates.nesterov_momentum(loss, params, learning_rate=0.01, momentum=0.9)

    test_prediction = lasagne.layers.get_output(network, deterministic=True)
    test_loss = lasagne.objectives.categorical_crossentropy(test_prediction, target_var)
    test_loss = test_loss.mean()
    test_acc = T.mean(
        T.eq(T.argmax(test_prediction, axis=1), target_var), dtype=theano.config.floatX
    )
    train_fn = theano.function([input_var, target_var], loss, updates=updates)
    val_fn = theano.function([input_var, target_var], [test_loss, test_acc])

    losses, validation = [], []
    for _ in range(num_epochs):
        for inputs, targets in iterate_minibatches(*train, batchsize):
            losses.append(train_fn(inputs, targets))
        val_err = val_acc = 0
        for inputs, targets in iterate_minibatches(*val, batchsize):
            err, acc = val_fn(inputs, targets)
            val_err += err
            val_acc += acc
        validation.append((val_err, val_acc))
    return losses, validation, network
