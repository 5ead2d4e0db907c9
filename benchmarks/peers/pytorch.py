"""PyTorch's side of training steps."""

import sys
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


def weigh(weights, vectors, values):
    return values.sum() + sum((weights * each.square()).sum() for each in vectors)


def svd(a, weights):
    u, s, vh = torch.linalg.svd(a)
    return weigh(weights, [u, vh], s)


def eigh(a, weights):
    values, vectors = torch.linalg.eigh(a)
    return weigh(weights, [vectors], values)


def mlp(w1, b1, w2, b2, x, y):
    return F.cross_entropy((x @ w1 + b1).tanh() @ w2 + b2, y.flatten().long())


def recurrence(w, start, steps):
    h = start
    for step in steps:
        h = (h @ w + step).tanh()
    return h.square().mean()


# As in derivatives.js: how many of the operands are differentiated, and the function of all.
FUNCTIONS = {
    "inv": (1, lambda a, weights: (torch.linalg.inv(a) * weights).sum()),
    "solve": (2, lambda a, b: torch.linalg.solve(a, b).square().sum()),
    "svd": (1, svd),
    "eigh": (1, eigh),
    "cholesky": (1, lambda a, weights: (torch.linalg.cholesky(a) * weights).sum()),
    "mlp": (4, mlp),
    "recurrence": (1, recurrence),
}


def derivative(tensors, of, hvp=False):
    """The value where the process was told "forward", the gradient, or the Hessian's product with the last tensors."""
    count, f = FUNCTIONS[of]
    inputs, others, vectors = tensors[:count], tensors[count : len(tensors) - count * hvp], tensors[-count:]
    forward = "forward" in sys.argv
    for each in inputs:
        each.requires_grad_(not forward)

    def call():
        value = f(*inputs, *others)
        if forward:
            return [value]
        gradient = torch.autograd.grad(value, inputs, create_graph=hvp)
        return torch.autograd.grad(gradient, inputs, vectors) if hvp else gradient

    return call


def bind(op, dtype, inputs, options):
    tensors = [torch.from_numpy(np.fromfile(x["file"], dtype).reshape(x["rows"], x["cols"])) for x in inputs]
    ops = {"train": train, "epoch": epoch, "derivative": derivative}
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


def parts(op, result):
    return [each.numpy() for each in result] if op == "derivative" else [result]


threads = {1: "one thread", 2: "two threads"}[torch.get_num_threads()]
serve(f"PyTorch {torch.__version__} (a product of 512x512 at {gflops():.0f} GFLOP/s on {threads})", bind, parts)
