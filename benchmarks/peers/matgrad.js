import * as core from '@matgrad/core'
import { versionOf } from '../harness/version.js'

export function start({ threads = 1, algorithm }) {
  if (threads > 1 && !core.configure) throw new Error('it has no threads')
  core.configure?.({ threads })
  const unary = (f) => (x) => () => f(x)
  const binary = (f) => (a, b) => () => f(a, b)
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
    },
    output: ({ data }) => data,
  }
}
