// Functions to 1x1 whose derivatives are timed: beside each operand that is differentiated, others that are not.

import { compile, crossEntropy, hvp, linalg, valueAndGrad } from '@matgrad/autograd'

/** Σ weights·part² + Σ part for each: the same whatever the signs of vectors. */
const weigh = (weights, vectors, values) =>
  vectors.reduce((sum, each) => sum.add(each.square().mul(weights).sum()), values.sum())

/** By name: how many of the operands are differentiated, the first, and the function of all. */
const functions = {
  inv: [1, (a, weights) => linalg.inv(a).mul(weights).sum()],
  solve: [2, (a, b) => linalg.solve(a, b).square().sum()],
  svd: [
    1,
    (a, weights) => {
      const { U, S, Vh } = linalg.svd(a)
      return weigh(weights, [U, Vh], S)
    },
  ],
  eigh: [
    1,
    (a, weights) => {
      const { values, vectors } = linalg.eigh(a)
      return weigh(weights, [vectors], values)
    },
  ],
  cholesky: [1, (a, weights) => linalg.cholesky(a).mul(weights).sum()],
  mlp: [4, (w1, b1, w2, b2, x, y) => crossEntropy(x.affine(w1, b1).tanh().affine(w2, b2), y)],
  recurrence: [
    1,
    (w, start, steps) => {
      let h = start
      for (let i = 0; i < steps.rows; i++) h = h.matmul(w).add(steps.row(i)).tanh()
      return h.square().mean()
    },
  ],
}

/** The call that computes the value, the gradient, or with `hvp` the product of the Hessian with vectors, the last operands. */
export function derivative(operands, { of, hvp: second = false }, { forward, compiled }) {
  const [count, f] = functions[of]
  const inputs = operands.slice(0, count)
  const others = operands.slice(count, second ? -count : undefined)
  const vectors = operands.slice(-count)
  const of1 = (...given) => f(...given, ...others)
  const gradient = valueAndGrad(of1, [...inputs.keys()])
  const run = forward
    ? (given) => [of1(...given)]
    : second
      ? (given, along) => hvp(of1, given, along)
      : (given) => gradient(...given)[1]
  const call = compiled ? compile(run) : run
  return () => call(inputs, vectors)
}
