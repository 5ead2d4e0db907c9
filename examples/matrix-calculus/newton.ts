// Newton's method without a Hessian (Nocedal & Wright 2006, section 7.1): conjugate gradients need its products with vectors
// alone, which `hvp` gives. Logistic regression with a penalty, so that the minimum is one point.

import { compile, grad, hvp, type Variable } from '@matgrad/autograd'
import { type Generator, type Matrix, zeros } from '@matgrad/core'

const float64 = { dtype: 'float64' } as const

/** Samples, their classes 0 and 1, and the weight of the penalty. */
export interface Problem {
  readonly x: Matrix
  readonly y: Matrix
  readonly penalty: number
}

export function makeProblem(random: Generator, samples: number, features: number): Problem {
  // Features of unlike sizes: plain gradient descent is slow.
  const sizes = random.uniform(1, features, 0.2, 2, float64)
  const x = random.normal(samples, features, 0, 1, float64).mul(sizes)
  const odds = x.matmul(random.normal(features, 1, 0, 1, float64))
  const y = random.uniform(samples, 1, 0, 1, float64).less(odds.sigmoid())
  return { x, y: y.astype('float64'), penalty: 1e-2 }
}

/** The mean of log(1 + eᶻ) − y·z for z = x·w, + penalty/2·|w|² */
export const lossOf =
  ({ x, y, penalty }: Problem) =>
  (w: Variable): Variable => {
    const odds = x.matmul(w)
    return odds
      .softplus()
      .sub(odds.mul(y))
      .mean()
      .add(
        w
          .square()
          .sum()
          .mul(penalty / 2),
      )
  }

const dot = (a: Matrix, b: Matrix): number => a.mul(b).sum().item()
export const lengthOf = (a: Matrix): number => Math.sqrt(dot(a, a))

/** x with A·x = b for a symmetric positive definite A of which products are known (Hestenes & Stiefel 1952). */
export function conjugateGradients(
  product: (v: Matrix) => Matrix,
  b: Matrix,
  tolerance: number,
): { x: Matrix; products: number } {
  let x = b.mul(0)
  let residual = b
  let direction = b
  let square = dot(residual, residual)
  const enough = square * tolerance * tolerance
  let products = 0
  while (square > enough && products < 10 * b.rows) {
    const image = product(direction)
    products++
    const step = square / dot(direction, image)
    x = x.add(direction.mul(step))
    residual = residual.sub(image.mul(step))
    const next = dot(residual, residual)
    direction = residual.add(direction.mul(next / square))
    square = next
  }
  return { x, products }
}

/** One step of Newton's method: where it began, the gradient there, and how many products it took. */
export interface Step {
  readonly w: Matrix
  readonly gradient: Matrix
  readonly direction: Matrix
  readonly products: number
}

/** Steps from 0 until the gradient is shorter than `enough`. */
export function newton(loss: (w: Variable) => Variable, size: number, enough: number): { w: Matrix; steps: Step[] } {
  const slopeAt = compile((w: Matrix) => grad(loss)(w))
  const productAt = compile((w: Matrix, v: Matrix) => hvp(loss, [w], [v])[0])
  const steps: Step[] = []
  let w = zeros(size, 1, float64) as Matrix
  for (;;) {
    const at = w
    const gradient = slopeAt(at).value.clone()
    if (lengthOf(gradient) < enough || steps.length === 50) return { w, steps }
    const { x, products } = conjugateGradients((v) => productAt(at, v).value.clone(), gradient.neg(), 1e-10)
    steps.push({ w: at, gradient, direction: x, products })
    w = at.add(x)
  }
}

/** How many steps gradient descent takes to as short a gradient, with the rate 1 / `steepest`, the largest curvature. */
export function descentSteps(loss: (w: Variable) => Variable, size: number, enough: number, steepest: number): number {
  const slopeAt = compile((w: Matrix) => grad(loss)(w))
  let w = zeros(size, 1, float64) as Matrix
  for (let steps = 0; ; steps++) {
    const gradient = slopeAt(w).value
    if (lengthOf(gradient) < enough || steps === 100_000) return steps
    w = w.sub(gradient.div(steepest))
  }
}
