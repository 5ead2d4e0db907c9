"""PyTorch's side of training steps."""

import time
from itertools import cycle

import numpy as np
import torch
from lines import serve
from torch import nn
from torch.nn import functional as F


def train(tensors, sizes, activation, optimizer, lr, momentum, batches, **_):
    xs, ys, parameters = tensors[:batches], tensors[batches : 2 * batches], tensors[2 * batches :]
    Activation, loss_of = {"tanh": (nn.Tanh, F.mse_loss), "relu": (nn.ReLU, F.cross_entropy)}[activation]
    if loss_of is F.cross_entropy:
        ys = [y.flatten().long() for y in ys]
    layers = [layer for i, o in zip(sizes, sizes[1:]) for layer in (nn.Linear(i, o), Activation())]
    model = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for parameter, initial in zip(model.parameters(), parameters):
            parameter.copy_(initial.reshape(parameter.shape))
    if optimizer == "adam":
        updates = torch.optim.Adam(model.parameters(), lr=lr)
    else:
        updates = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    turns = cycle(zip(xs, ys))

    def step():
        x, y = next(turns)
        updates.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        updates.step()
        return loss.detach()

    return step


def bind(op, dtype, inputs, options):
    tensors = [torch.from_numpy(np.fromfile(x["file"], dtype).reshape(x["rows"], x["cols"])) for x in inputs]
    return train(tensors, **options) if op == "train" else None


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
