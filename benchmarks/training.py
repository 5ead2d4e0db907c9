"""The PyTorch side of training.js: says what it is, then reads a number of steps a line, runs them, and answers with the
seconds and the last loss.

Usage: training.py TASK FOLDER BATCH_SIZE LR MOMENTUM, where FOLDER has the data and the initial weights as .npy files.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

task, folder, batch_size, lr, momentum = sys.argv[1], Path(sys.argv[2]), *map(float, sys.argv[3:])
batch_size = int(batch_size)
torch.set_num_threads(1)


def load(name):
    return torch.from_numpy(np.load(folder / f"{name}.npy"))


x, y = load("x"), load("y")
if task == "xor":
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    loss_of = nn.functional.mse_loss
else:
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    loss_of = nn.functional.cross_entropy
    y = y.flatten().long()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(load(name).reshape(parameter.shape))


def gflops(n=512):
    """The speed of a matrix product, which tells a fast BLAS from the reference one."""
    a = torch.rand(n, n)
    a @ a
    began = time.perf_counter()
    for _ in range(5):
        a @ a
    return 5 * 2 * n**3 / (time.perf_counter() - began) / 1e9


print(json.dumps({"version": torch.__version__, "gflops": gflops()}), flush=True)
optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)

start = 0
for line in sys.stdin:
    began = time.perf_counter()
    for _ in range(int(line)):
        end = min(len(x), start + batch_size)
        loss = loss_of(model(x[start:end]), y[start:end])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        start = 0 if end == len(x) else end
    print(json.dumps({"seconds": time.perf_counter() - began, "loss": loss.item()}), flush=True)
