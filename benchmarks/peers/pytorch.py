"""PyTorch's side of training steps."""

import time
from itertools import cycle

import numpy as np
import torch
from lines import serve
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


def network(sizes, activation, optimizer, lr, momentum=0):
    """A multilayer perceptron, its loss and its optimiser."""
    Activation, loss_of = {"tanh": (nn.Tanh, F.mse_loss), "relu": (nn.ReLU, F.cross_entropy)}[activation]
    layers = [layer for i, o in zip(sizes, sizes[1:]) for layer in (nn.Linear(i, o), Activation())]
    model = nn.Sequential(*layers[:-1])
    if optimizer == "adam":
        updates = torch.optim.Adam(model.parameters(), lr=lr)
    else:
        updates = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)

    def step(x, y):
        updates.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        updates.step()
        return loss.detach()

    return model, step, (lambda y: y.flatten().long()) if loss_of is F.cross_entropy else (lambda y: y)


def train(tensors, sizes, activation, optimizer, lr, batches, momentum=0, **_):
    xs, ys, parameters = tensors[:batches], tensors[batches : 2 * batches], tensors[2 * batches :]
    model, step, targets_of = network(sizes, activation, optimizer, lr, momentum)
    with torch.no_grad():
        for parameter, initial in zip(model.parameters(), parameters):
            parameter.copy_(initial.reshape(parameter.shape))
    turns = cycle(zip(xs, [targets_of(y) for y in ys]))
    return lambda: step(*next(turns))


def epoch(tensors, sizes, activation, batch, lr, momentum, **_):
    """An epoch over a shuffled DataLoader, with the mean loss, as a tutorial has it."""
    _, step, targets_of = network(sizes, activation, "sgd", lr, momentum)
    x, y = tensors[:2]
    loader = DataLoader(TensorDataset(x, targets_of(y)), batch_size=batch, shuffle=True)

    def call():
        total = 0.0
        for x, y in loader:
            total += step(x, y).item() * len(x)
        return np.float32(total / len(loader.dataset))

    return call


def bind(op, dtype, inputs, options):
    tensors = [torch.from_numpy(np.fromfile(x["file"], dtype).reshape(x["rows"], x["cols"])) for x in inputs]
    ops = {"train": train, "epoch": epoch}
    return ops[op](tensors, **options) if op in ops else None


def gflops(n=512):
    """The speed of a product, which tells a fast BLAS from the reference one: the best of a few."""
    a = torch.rand(n, n)
    times = []
    for _ in range(10):
        began = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - began)
    return 2 * n**3 / min(times) / 1e9


threads = {1: "one thread", 2: "two threads"}[torch.get_num_threads()]
serve(f"PyTorch {torch.__version__} (a product of 512x512 at {gflops():.0f} GFLOP/s on {threads})", bind)
