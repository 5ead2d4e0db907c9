// The parts of the example against closed forms.

import { grad, gradcheck, hessian, hvp, variable } from '@matgrad/autograd'
import { diag, eye, Generator, linalg, type Matrix, matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import * as completion from '../matrix-calculus/completion.ts'
import * as process from '../matrix-calculus/gaussian-process.ts'
import * as newton from '../matrix-calculus/newton.ts'

const float64 = { dtype: 'float64' } as const
/** ‖a − b‖ / ‖b‖ */
const difference = (a: Matrix, b: Matrix): number => linalg.norm(a.sub(b)) / linalg.norm(b)

describe('completion', () => {
  const problem = completion.makeProblem(new Generator(3))
  const objective = completion.objective(problem, completion.PENALTY)
  const random = new Generator(4)
  const x = random.normal(60, 40, 0, 1, float64)

  test('the gradient is that of the misfit + weight·U·diag(σ / √(σ² + least²))·Vᵀ within 1e-12', () => {
    const { weight, least } = completion.PENALTY
    const { U, S, Vh } = linalg.svd(x)
    const factors = S.div(
      S.square()
        .add(least * least)
        .sqrt(),
    )
    const wanted = x.mul(problem.known).sub(problem.seen).add(U.mul(factors.T).matmul(Vh).mul(weight))
    expect(difference(grad(objective)(x).value, wanted)).toBeLessThan(1e-12)
  })

  test('the end is a minimum: the gradient there is 2e-3 of the first, the objective never higher nearby', () => {
    const { x: end, values } = completion.complete(problem, completion.PENALTY)
    const slope = (at: Matrix): number => linalg.norm(grad(objective)(at).value)
    expect(slope(end)).toBeLessThan(2e-3 * slope(problem.seen))
    const least = objective(variable(end)).item()
    expect(least).toBeLessThan(values[0])
    for (let i = 0; i < 10; i++)
      expect(objective(variable(end.add(random.normal(60, 40, 0, 0.01, float64)))).item()).toBeGreaterThan(least)
  })

  test.each([1, 2, 3])(
    'of problem %i the error of what was hidden falls below 0.17, by three singular values',
    (seed) => {
      const { truth, known, seen } = completion.makeProblem(new Generator(seed))
      const { x: end } = completion.complete({ truth, known, seen }, completion.PENALTY)
      expect(completion.relativeError(end, truth, known.neg().add(1))).toBeLessThan(0.17)
      expect(linalg.svdvals(end).greater(2).sum().item()).toBe(3)
    },
  )
})

describe('Gaussian process', () => {
  const made = { length: 1.2, amplitude: 1, noise: 0.2 }
  const { x, y } = process.measure(new Generator(5), 60, 12, made)
  const likelihood = process.negativeLogLikelihood(x, y)
  const at = process.logarithmsOf({ length: 0.8, amplitude: 1.5, noise: 0.4 }).value

  test('the gradient is ½·tr((K⁻¹ − ααᵀ)·∂K/∂θ) / n with α = K⁻¹·y within 1e-10 (Rasmussen & Williams 5.9)', () => {
    const [length, amplitude, noise] = at.exp().data
    const distances = x.sub(x.T).square()
    const smooth = distances
      .mul(-0.5 / length / length)
      .exp()
      .mul(amplitude * amplitude)
    const inverse = linalg.inv(smooth.add(eye(60, float64).mul(noise * noise)))
    const alpha = inverse.matmul(y)
    const outer = inverse.sub(alpha.matmul(alpha.T))
    const derivatives = [
      smooth.mul(distances).div(length * length),
      smooth.mul(2),
      eye(60, float64).mul(2 * noise * noise),
    ]
    const wanted = matrix([derivatives.map((each) => outer.mul(each).sum().item() / 2 / 60)], float64)
    expect(difference(grad(likelihood)(at).value, wanted)).toBeLessThan(1e-10)
    for (const [i, { tape, differences }] of process.slopes(likelihood, at).entries())
      expect(Math.abs(differences - tape), `entry ${i}`).toBeLessThan(1e-9)
    gradcheck(likelihood, [at], { order: 2, rtol: 1e-5 })
  })

  test('predictions are those of the inverse within 1e-9', () => {
    const places = matrix([[0.5], [3], [20]], float64)
    const { mean, std } = process.predictAt(places, x, y, made)
    const covariance = (a: Matrix, b: Matrix): Matrix =>
      a
        .sub(b.T)
        .square()
        .mul(-0.5 / 1.44)
        .exp()
    const inverse = linalg.inv(covariance(x, x).add(eye(60, float64).mul(0.04)))
    const across = covariance(places, x)
    expect(difference(mean, across.matmul(inverse).matmul(y))).toBeLessThan(1e-9)
    const variance = across.matmul(inverse).mul(across).sum(1).neg().add(1)
    expect(difference(std.square(), variance)).toBeLessThan(1e-9)
    // Far from all measurements nothing is known.
    expect(std.get(2, 0)).toBeCloseTo(1, 6)
  })

  test('from each of 8 draws the length scale is learnt within 40 % and the noise within 40 %, at a stationary point', () => {
    for (let seed = 0; seed < 8; seed++) {
      const { x, y } = process.measure(new Generator(seed), 80, 15, made)
      const { settings } = process.learn(x, y, { length: 0.4, amplitude: 0.5, noise: 0.5 }, 300)
      expect(Math.abs(settings.length / made.length - 1), `seed ${seed}`).toBeLessThan(0.4)
      expect(Math.abs(settings.noise / made.noise - 1), `seed ${seed}`).toBeLessThan(0.4)
      const slope = grad(process.negativeLogLikelihood(x, y))(process.logarithmsOf(settings))
      expect(slope.abs().max().item(), `seed ${seed}`).toBeLessThan(1e-3)
    }
  })
})

describe('Newton', () => {
  const problem = newton.makeProblem(new Generator(6), 300, 12)
  const loss = newton.lossOf(problem)
  const random = new Generator(7)
  const [w, v] = [random.normal(12, 1, 0, 1, float64), random.normal(12, 1, 0, 1, float64)]
  const { x, y, penalty } = problem
  const odds = x.matmul(w).sigmoid()

  test('gradient and products with the Hessian are Xᵀ(p − y)/n + λw and XᵀWX/n + λI within 1e-13', () => {
    const slope = x.T.matmul(odds.sub(y)).div(x.rows).add(w.mul(penalty))
    expect(difference(grad(loss)(w).value, slope)).toBeLessThan(1e-13)
    const weights = odds.mul(odds.neg().add(1)).div(x.rows)
    const H = x.T.matmul(x.mul(weights)).add(eye(12, float64).mul(penalty))
    expect(difference(hessian(loss, w).value, H)).toBeLessThan(1e-13)
    expect(difference(hvp(loss, [w], [v])[0].value, H.matmul(v))).toBeLessThan(1e-13)
  })

  test('conjugate gradients solve a system of 12 in about 12 products, one with 3 eigenvalues in 3', () => {
    const Q = linalg.orthogonal(12, 12, { ...float64, generator: random })
    const values = matrix([[1, 1, 1, 1, 2, 2, 2, 2, 5, 5, 5, 5]], float64)
    const A = Q.matmul(diag(values)).matmul(Q.T)
    const { x: solved, products } = newton.conjugateGradients((each) => A.matmul(each), v, 1e-12)
    expect(products).toBe(3)
    expect(difference(A.matmul(solved), v)).toBeLessThan(1e-12)
    const H = hessian(loss, w).value
    const other = newton.conjugateGradients((each) => H.matmul(each), v, 1e-12)
    expect(other.products).toBeLessThanOrEqual(14)
    expect(difference(other.x, linalg.solve(H, v))).toBeLessThan(1e-10)
  })

  test('each step is that of the Hessian, and the last distances are less than the square of those before', () => {
    const { w: end, steps } = newton.newton(loss, 12, 1e-14)
    expect(linalg.norm(grad(loss)(end).value)).toBeLessThan(1e-14)
    expect(steps.length).toBeLessThan(10)
    for (const { w: at, gradient, direction } of steps)
      expect(difference(direction, linalg.solve(hessian(loss, at).value, gradient.neg()))).toBeLessThan(1e-8)
    const distances = steps.map(({ w: at }) => newton.lengthOf(at.sub(end)))
    for (const [i, each] of distances.entries())
      if (i > 0) expect(each).toBeLessThan(distances[i - 1] * distances[i - 1])
  })
})
