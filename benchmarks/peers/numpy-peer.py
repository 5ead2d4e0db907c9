"""NumPy's side: speaks as harness/sides.js says."""

import numpy as np
from lines import serve

generator = np.random.default_rng(0)


def matmul(a, b, transposeA=False, transposeB=False):
    a, b = a.T if transposeA else a, b.T if transposeB else b
    return lambda: a @ b


def softmax(x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# By name: binds operands and options, and gives the call that is timed.
OPS = {
    "matmul": matmul,
    "exp": lambda x: lambda: np.exp(x),
    "tanh": lambda x: lambda: np.tanh(x),
    "sigmoid": lambda x: lambda: 1 / (1 + np.exp(-x)),
    "softmax": lambda x: lambda: softmax(x),
    "add": lambda a, b: lambda: a + b,
    "mul": lambda a, b: lambda: a * b,
    "sum": lambda x: lambda: x.sum(),
    "sort": lambda x: lambda: np.sort(x, axis=None),
    "argsort": lambda x: lambda: np.argsort(x, axis=None),
    "median": lambda x: lambda: np.median(x),
    "inv": lambda a: lambda: np.linalg.inv(a),
    "solve": lambda a, b: lambda: np.linalg.solve(a, b),
    "det": lambda a: lambda: np.linalg.det(a),
    "qr": lambda a: lambda: np.linalg.qr(a),
    "cholesky": lambda a: lambda: np.linalg.cholesky(a),
    "eigh": lambda a: lambda: np.linalg.eigh(a),
    "eig": lambda a: lambda: np.linalg.eig(a),
    "svd": lambda a: lambda: np.linalg.svd(a, full_matrices=False),
    "pinv": lambda a: lambda: np.linalg.pinv(a),
    "randn": lambda rows, cols: lambda: generator.standard_normal((rows, cols), dtype=np.float32),
}
try:
    from scipy.special import erf  # the error function that NumPy itself lacks

    OPS["gelu"] = lambda x: lambda: x * 0.5 * (1 + erf(x * np.float32(0.5**0.5)))
except ImportError:
    pass


def parts(op, result):
    """The parts of a result, those of complex numbers apart."""
    if op == "eig":
        return [part(x) for x in result for part in (np.real, np.imag)]
    if op == "argsort":
        return [result.astype(np.float32)]
    return result if isinstance(result, tuple) else [result]


def bind(op, dtype, inputs, options):
    if op not in OPS:
        return None
    operands = [np.fromfile(x["file"], dtype).reshape(x["rows"], x["cols"]) for x in inputs]
    return OPS[op](*operands, **options)


serve(f"NumPy {np.__version__}", bind, parts)
