"""What the peers in Python share: they speak as harness/sides.js says."""

import json
import sys
import time

import numpy as np


def serve(about, bind, parts=lambda op, result: [result]):
    """Answers lines.

    bind(op, dtype, inputs, options): the call that is timed, or None for what is missing
    parts(op, result): the arrays that a result consists of
    """
    print(about, flush=True)
    call = None
    for line in sys.stdin:
        command, argument = line.split(" ", 1)
        if command == "prepare":
            work = json.loads(argument)
            calls, out = work.pop("calls"), work.pop("out")
            call = bind(**work)
            if call:
                results = [parts(work["op"], call()) for _ in range(calls)]
                np.concatenate([np.ravel(part) for result in results for part in result]).tofile(out)
            print("ready" if call else "missing", flush=True)
        else:
            began = time.perf_counter()
            for _ in range(int(argument)):
                call()
            print(time.perf_counter() - began, flush=True)
