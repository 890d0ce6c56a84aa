"""Lasagne's first story: three networks for the MNIST digits, and a loop that trains them.

What      The program that most people met Lasagne with, told once more without a
          compiler: the same functions in the same order, so that the two can be
          read side by side. docs/from_lasagne.md lists what differs, and why.
Paper     The perceptron with dropout is that of G. Hinton et al., "Improving neural
          networks by preventing co-adaptation of feature detectors", 2012.
Run       python examples/mnist.py mlp 5      (the digits are fetched, 11.5 MB)
          python examples/mnist.py cnn 5
          python examples/mnist.py custom_mlp:3,400,.2,.5 5     (DEPTH,WIDTH,DROP_IN,DROP_HID)
          python examples/mnist.py mlp 2 --toy    (drawn by program, no download; a try only)
Expect    With seed 0, `mlp 5` names 93.52% of the test digits and took 104 s, `cnn 1`
          91.81% and took 32 s, on two cores that others used too. 500 epochs, the
          default as in Lasagne, take hours; Ctrl-C ends them at any time.
"""

import argparse
import time

import numpy as np

import minitorch as mt
from minitorch.data import mnist, toy_digits


def load_dataset(toy=False, data_dir=None):
    """Digits to learn from, to choose by, and to be examined with: images and labels of each."""
    if toy:
        train, test = toy_digits(3000, seed=1, noise=5), toy_digits(500, seed=2, noise=5)
    else:
        train, test = mnist(data_dir)

    # Bytes from 0 (paper) to 255 (ink) become numbers from 0 to 1; four axes, as convolutions
    # expect them: (examples, channels, rows, columns).
    X_train, X_test = (part.x.astype(np.float32) / 256 for part in (train, test))
    y_train, y_test = train.y, test.y

    # A sixth of the training digits is put aside (10,000 of MNIST's 60,000): progress on digits
    # that were not trained on can be watched without spending the test digits on it.
    held = len(X_train) // 6
    X_train, X_val = X_train[:-held], X_train[-held:]
    y_train, y_val = y_train[:-held], y_train[-held:]
    return X_train, y_train, X_val, y_val, X_test, y_test


def build_mlp():
    """Two hidden layers of 800 units, with a fifth of the pixels and half of the units dropped."""
    # The input layer says how the data look. The batch is left open: 500 digits or one.
    l_in = mt.layers.InputLayer(shape=(None, 1, 28, 28))

    # Hiding pixels at random is a cheap way to show digits that were never written.
    l_in_drop = mt.layers.DropoutLayer(l_in, p=0.2)

    # A DenseLayer flattens the image by itself. Glorot's range keeps the size of what flows
    # through the layers about constant; it is the default, and written out to be seen.
    l_hid1 = mt.layers.DenseLayer(
        l_in_drop,
        num_units=800,
        nonlinearity=mt.nonlinearities.rectify,
        W=mt.init.GlorotUniform(),
    )
    l_hid1_drop = mt.layers.DropoutLayer(l_hid1, p=0.5)

    l_hid2 = mt.layers.DenseLayer(
        l_hid1_drop, num_units=800, nonlinearity=mt.nonlinearities.rectify
    )
    l_hid2_drop = mt.layers.DropoutLayer(l_hid2, p=0.5)

    # Ten probabilities.
    return mt.layers.DenseLayer(l_hid2_drop, num_units=10, nonlinearity=mt.nonlinearities.softmax)


def build_custom_mlp(depth=2, width=800, drop_input=0.2, drop_hidden=0.5):
    """The same network, of any size: layers are objects, so a loop can stack them."""
    network = mt.layers.InputLayer(shape=(None, 1, 28, 28))
    if drop_input:
        network = mt.layers.dropout(network, p=drop_input)
    for _ in range(depth):
        network = mt.layers.DenseLayer(network, width, nonlinearity=mt.nonlinearities.rectify)
        if drop_hidden:
            network = mt.layers.dropout(network, p=drop_hidden)
    return mt.layers.DenseLayer(network, 10, nonlinearity=mt.nonlinearities.softmax)


def build_cnn():
    """Two stages of convolution and pooling, then a hidden layer; dropout in the dense part."""
    network = mt.layers.InputLayer(shape=(None, 1, 28, 28))

    # 32 filters of 5 x 5 look at every place of the image. Filters are flipped, as convolution
    # is defined in mathematics (and in Lasagne); PyTorch's are not.
    network = mt.layers.Conv2DLayer(
        network,
        num_filters=32,
        filter_size=(5, 5),
        nonlinearity=mt.nonlinearities.rectify,
        W=mt.init.GlorotUniform(),
    )
    # The strongest response of every 2 x 2 patch goes on.
    network = mt.layers.MaxPool2DLayer(network, pool_size=(2, 2))

    network = mt.layers.Conv2DLayer(
        network, num_filters=32, filter_size=(5, 5), nonlinearity=mt.nonlinearities.rectify
    )
    network = mt.layers.MaxPool2DLayer(network, pool_size=(2, 2))

    # dropout(network) is a layer in the middle of an argument list: what goes in is dropped.
    network = mt.layers.DenseLayer(
        mt.layers.dropout(network, p=0.5),
        num_units=256,
        nonlinearity=mt.nonlinearities.rectify,
    )
    return mt.layers.DenseLayer(
        mt.layers.dropout(network, p=0.5),
        num_units=10,
        nonlinearity=mt.nonlinearities.softmax,
    )


def build_network(model):
    """The network that the command line asks for."""
    if model == "mlp":
        return build_mlp()
    if model == "cnn":
        return build_cnn()
    if model.startswith("custom_mlp:"):
        depth, width, drop_in, drop_hid = model.removeprefix("custom_mlp:").split(",")
        return build_custom_mlp(int(depth), int(width), float(drop_in), float(drop_hid))
    raise ValueError(
        f"there is no model {model!r}; it is mlp, cnn, or custom_mlp:DEPTH,WIDTH,DROP_IN,DROP_HID"
    )


def iterate_minibatches(inputs, targets, batchsize, shuffle=False):
    """The examples in batches, in their order or another; what fills no batch is left out."""
    assert len(inputs) == len(targets)
    if len(inputs) < batchsize:
        raise ValueError(f"{len(inputs)} examples do not fill a batch of {batchsize}")
    order = np.arange(len(inputs))
    if shuffle:
        mt.random.get_rng().shuffle(order)
    for start in range(0, len(inputs) - batchsize + 1, batchsize):
        chosen = order[start : start + batchsize]
        yield inputs[chosen], targets[chosen]


def main(model="mlp", num_epochs=500, batchsize=500, toy=False, data_dir=None, seed=0, save=None):
    """Train, report after each epoch, examine; returns the accuracy on the test digits."""
    # 1. The data.
    print("Loading data...")
    X_train, y_train, X_val, y_val, X_test, y_test = load_dataset(toy, data_dir)

    # 2. The network: weights, dropout and the order of the digits follow from the seed.
    #    There are no variables to declare: the layers get the data when they are evaluated.
    mt.random.seed(seed)
    network = build_network(model)
    params = mt.layers.get_all_params(network, trainable=True)
    print(f"{model}: {mt.layers.count_params(network):,} parameters")

    # 3. One step of training is a function. It runs the network now and leaves behind the graph
    #    that the update rule walks back; the rule returns new values, apply() assigns them.
    def train_fn(inputs, targets):
        prediction = mt.layers.get_output(network, inputs)
        loss = mt.objectives.categorical_crossentropy(prediction, targets).mean()
        mt.updates.nesterov_momentum(loss, params, learning_rate=0.01, momentum=0.9).apply()
        return loss.item()

    # 4. So is one step of validation. deterministic=True switches dropout off, and nothing is
    #    recorded, as nothing will be differentiated.
    @mt.no_grad()
    def val_fn(inputs, targets):
        prediction = mt.layers.get_output(network, inputs, deterministic=True)
        loss = mt.objectives.categorical_crossentropy(prediction, targets).mean()
        right = mt.objectives.categorical_accuracy(prediction, targets).mean()
        return loss.item(), right.item()

    # 5. The loop. Every epoch sees all training digits once, then the validation digits.
    print("Starting training...")
    for epoch in range(num_epochs):
        start_time = time.perf_counter()
        train_err = [
            train_fn(inputs, targets)
            for inputs, targets in iterate_minibatches(X_train, y_train, batchsize, shuffle=True)
        ]
        scores = [val_fn(*batch) for batch in iterate_minibatches(X_val, y_val, batchsize)]
        val_err, val_acc = np.mean(scores, axis=0)

        print(f"Epoch {epoch + 1} of {num_epochs} took {time.perf_counter() - start_time:.1f}s")
        print(f"  training loss:\t\t{np.mean(train_err):.6f}")
        print(f"  validation loss:\t\t{val_err:.6f}")
        print(f"  validation accuracy:\t\t{100 * val_acc:.2f} %", flush=True)

    # 6. The examination, once, at the end.
    scores = [val_fn(*batch) for batch in iterate_minibatches(X_test, y_test, batchsize)]
    test_err, test_acc = np.mean(scores, axis=0)
    print("Final results:")
    print(f"  test loss:\t\t\t{test_err:.6f}")
    print(f"  test accuracy:\t\t{100 * test_acc:.2f} %")

    # 7. The weights, in the file that Lasagne's users write. Read them back by
    #        mt.layers.set_all_param_values(network, mt.io.load_npz("model.npz"))
    #    or keep architecture, weights and the rule's memory together: mt.io.save(network, path).
    if save is not None:
        np.savez(save, *mt.layers.get_all_param_values(network))
    return float(test_acc)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="mlp", help="mlp, cnn or custom_mlp:D,W,I,H")
    parser.add_argument("num_epochs", nargs="?", type=int, default=500)
    parser.add_argument("--batchsize", type=int, default=500)
    parser.add_argument("--toy", action="store_true", help="digits drawn by program")
    parser.add_argument("--data-dir", help="a folder with the four MNIST files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", help="write the weights to this .npz file")
    main(**vars(parser.parse_args()))
