import * as np from 'numpy-ts'
import { versionOf } from '../harness/version.js'

/** Gives what `compute` returns, after freeing all that went through its argument. */
function freeing(compute) {
  const temporary = []
  const result = compute((array) => {
    temporary.push(array)
    return array
  })
  for (const array of temporary) array.dispose()
  return result
}

export function start() {
  const unary = (f) => (x) => () => f(x)
  const binary = (f) => (a, b) => () => f(a, b)
  const { linalg } = np
  return {
    about: `numpy-ts ${versionOf('numpy-ts')}`,
    input: (data, rows, cols) =>
      np.frombuffer(data, data instanceof Float32Array ? 'float32' : 'float64').reshape(rows, cols),
    ops: {
      matmul: (a, b, { transposeA, transposeB }) => {
        const [left, right] = [transposeA ? a.T : a, transposeB ? b.T : b]
        return () => np.matmul(left, right)
      },
      exp: unary(np.exp),
      tanh: unary(np.tanh),
      sigmoid: (x) => () => freeing((t) => np.reciprocal(t(np.add(t(np.exp(t(np.negative(x)))), 1)))),
      softmax: (x) => () =>
        freeing((t) => {
          const powers = t(np.exp(t(np.subtract(x, t(np.max(x, 1, true))))))
          return np.divide(powers, t(np.sum(powers, 1, true)))
        }),
      sum: unary(np.sum),
      add: binary(np.add),
      mul: binary(np.multiply),
      randn:
        ({ rows, cols }) =>
        () =>
          np.random.randn(rows, cols),
      inv: unary(linalg.inv),
      solve: binary(linalg.solve),
      det: unary(linalg.det),
      cholesky: unary(linalg.cholesky),
      pinv: unary(linalg.pinv),
      qr: (a) => () => {
        const { q, r } = linalg.qr(a)
        return [q, r]
      },
      svd: (a) => () => {
        const { u, s, vt } = linalg.svd(a, false)
        return [u, s, vt]
      },
      eigh: (a) => () => {
        const { w, v } = linalg.eigh(a)
        return [w, v]
      },
      // It has but the real parts.
      eig: (a) => () => {
        const { w, v } = linalg.eig(a)
        return [w, np.zeros(w.shape), v, np.zeros(v.shape)]
      },
    },
    output: (y) => (typeof y === 'number' ? [y] : y.data),
    release: (y) => y.dispose?.(),
  }
}
