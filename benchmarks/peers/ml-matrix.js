// It computes in float64 whatever the operands were.

import { Matrix } from 'ml-matrix'
import { versionOf } from '../harness/version.js'

export function start() {
  const unary = (f) => (x) => () => f(x)
  const binary = (f) => (a, b) => () => f(a, b)
  return {
    about: `ml-matrix ${versionOf('ml-matrix')} (always float64)`,
    input: (data, rows, cols) => Matrix.from1DArray(rows, cols, data),
    ops: {
      matmul: (a, b, { transposeA, transposeB }) =>
        transposeA ? () => a.transposeMultiply(b) : transposeB ? () => a.mmul(b.transpose()) : () => a.mmul(b),
      exp: unary(Matrix.exp),
      tanh: unary(Matrix.tanh),
      sigmoid: (x) => () => Matrix.mul(x, -1).exp().add(1).pow(-1),
      sum: (x) => () => x.sum(),
      add: binary(Matrix.add),
      mul: binary(Matrix.mul),
    },
    output: (y) => (typeof y === 'number' ? [y] : y.to1DArray()),
  }
}
