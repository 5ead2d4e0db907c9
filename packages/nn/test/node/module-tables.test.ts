// A module for each operation. Here since each has a memory, of which a page of Chromium has room for 125.

import { type Variable, variable } from '@matgrad/autograd'
import { concat, type DType, matrix, ones } from '@matgrad/core'
import { Module, predict, toModule } from '@matgrad/nn'
import { expect, test } from 'vitest'
import { functions } from '../exported-models.ts'
import { difference, load } from '../exported-module.ts'

const sizes = [0, 1e-45, 1e-30, 1e-5, 0.1, 0.5, 1, 1.5, 2, 7.3, 88, 700, 1e5, 3e9, 1e22, 1e38, Infinity, NaN]
const values = sizes.flatMap((size) => [size, -size, size * 1.0001])

/** A function as a model whose numbers are of a dtype. */
class Applied extends Module {
  readonly own: Variable
  readonly f: (x: Variable) => Variable

  constructor(f: (x: Variable) => Variable, dtype: DType = 'float32') {
    super()
    this.own = variable(ones(1, 1, { dtype }))
    this.f = f
  }

  override forward(x: Variable): Variable {
    return this.f(x)
  }
}

const inverse = ['asin', 'acos', 'atan', 'sinh', 'cosh'] as const
const rowwise: Record<string, (x: Variable) => unknown> = {
  ...functions,
  ...Object.fromEntries(inverse.map((name) => [name, (x: Variable) => x[name]()])),
  running: (x) => concat([x.cumsum(1), x.cumprod(1), x.diff(1)], 1),
  // NaN goes from sample to sample.
  'all of it': (x) => x.isFinite().where(x, 0).softmax().mul(0),
}
for (const dtype of ['float32', 'float64'] as const)
  test(`toModule has the tables of every operation on numbers of any size, in ${dtype}`, async () => {
    const x = matrix(Float64Array.from(values.concat(values.toReversed()).slice(0, 104)), 26, 4).astype(dtype)
    for (const [name, f] of Object.entries(rowwise)) {
      const model = new Applied(f as (x: Variable) => Variable, dtype)
      const predicted = await load(toModule(model, { features: 4 }))
      expect(difference(predicted(x.toArray()), predict(model, x).toArray()), name).toBeUndefined()
    }
  })
