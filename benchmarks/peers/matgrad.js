import * as core from '@matgrad/core'
import { versionOf } from '../harness/version.js'

export function start({ threads = 1, algorithm }) {
  if (threads > 1 && !core.configure) throw new Error('it has no threads')
  core.configure?.({ threads })
  const unary = (f) => (x) => () => f(x)
  const binary = (f) => (a, b) => () => f(a, b)
  const { linalg } = core
  return {
    about: `matgrad ${versionOf('@matgrad/core')}`,
    input: core.matrix,
    ops: {
      matmul: (a, b, options) => {
        const all = algorithm ? { ...options, algorithm } : options
        return () => core.matmul(a, b, all)
      },
      exp: unary(core.exp),
      tanh: unary(core.tanh),
      sigmoid: unary(core.sigmoid),
      gelu: unary(core.gelu),
      sum: unary(core.sum),
      softmax: (x) => () => core.softmax(x, 1),
      add: binary(core.add),
      mul: binary(core.mul),
      randn:
        ({ rows, cols }) =>
        () =>
          core.randn(rows, cols),
      inv: unary(linalg.inv),
      solve: binary(linalg.solve),
      det: unary(linalg.det),
      cholesky: unary(linalg.cholesky),
      pinv: unary(linalg.pinv),
      qr: (a) => () => {
        const { Q, R } = linalg.qr(a)
        return [Q, R]
      },
      svd: (a) => () => {
        const { U, S, Vh } = linalg.svd(a)
        return [U, S, Vh]
      },
      eigh: (a) => () => {
        const { values, vectors } = linalg.eigh(a)
        return [values, vectors]
      },
      eig: (a) => () => {
        const { values, vectors } = linalg.eig(a)
        return [values.re, values.im, vectors.re, vectors.im]
      },
    },
    output: (y) => (typeof y === 'number' ? [y] : y.data),
  }
}
