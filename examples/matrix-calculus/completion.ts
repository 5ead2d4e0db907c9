// A matrix of which half is missing, completed as one of low rank (Candès & Recht 2009): gradient descent through the singular
// value decomposition.

import { compile, linalg, type Variable, valueAndGrad } from '@matgrad/autograd'
import type { Generator, Matrix } from '@matgrad/core'

const ROWS = 60
const COLS = 40
const RANK = 3
/** The part of the entries that is known, and the deviation of the noise on them; without it they have deviation 1. */
const PART = 0.5
const NOISE = 0.1
const STEPS = 400

/** The weight of the penalty, and the size below which a singular value is as good as 0. */
export interface Penalty {
  readonly weight: number
  readonly least: number
}
export const PENALTY: Penalty = { weight: 0.5, least: 0.05 }

const float64 = { dtype: 'float64' } as const

/** What is to be found, and what is known of it: entries where `known` is 1, with noise. */
export interface Problem {
  readonly truth: Matrix
  readonly known: Matrix
  readonly seen: Matrix
}

export function makeProblem(random: Generator): Problem {
  const [left, right] = [random.normal(ROWS, RANK, 0, 1, float64), random.normal(RANK, COLS, 0, 1, float64)]
  const truth = left.matmul(right).div(Math.sqrt(RANK))
  const known = random.bernoulli(ROWS, COLS, PART, float64)
  return { truth, known, seen: truth.add(random.normal(ROWS, COLS, 0, NOISE, float64)).mul(known) }
}

/** ½·Σ (x − seen)² over what is known + weight·Σ √(σ² + least²) over the singular values: the nuclear norm, but smooth at 0. */
export const objective =
  ({ known, seen }: Problem, { weight, least }: Penalty) =>
  (x: Variable): Variable => {
    const misfit = x.mul(known).sub(seen).square().sum().mul(0.5)
    const sizes = linalg
      .svdvals(x)
      .square()
      .add(least * least)
      .sqrt()
    return misfit.add(sizes.sum().mul(weight))
  }

/** ‖(x − truth) ∘ part‖ / ‖truth ∘ part‖ */
export function relativeError(x: Matrix, truth: Matrix, part: Matrix): number {
  return linalg.norm(x.sub(truth).mul(part)) / linalg.norm(truth.mul(part))
}

/** Nesterov's accelerated descent from what is seen, with 0 for what is not. */
export function complete(problem: Problem, penalty: Penalty): { x: Matrix; values: number[] } {
  const slope = compile(valueAndGrad(objective(problem, penalty)))
  // The gradient changes by no more than 1 for what is known and weight / least for the singular values, times the way.
  const rate = 1 / (1 + penalty.weight / penalty.least)
  const values: number[] = []
  let x = problem.seen
  let ahead = x
  for (let i = 0; i < STEPS; i++) {
    const [value, gradient] = slope(ahead)
    values.push(value.item())
    const next = ahead.sub(gradient.value.mul(rate))
    ahead = next.add(next.sub(x).mul(i / (i + 3)))
    x = next
  }
  return { x, values }
}
