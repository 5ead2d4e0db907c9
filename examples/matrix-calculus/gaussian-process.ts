// A Gaussian process that learns how smooth its function is (Rasmussen & Williams 2006, section 5.4): the marginal likelihood of
// what was measured, differentiated through `cholesky`, `solve` and `slogdet`.

import { compile, linalg, type Variable, valueAndGrad, variable } from '@matgrad/autograd'
import { eye, type Generator, type Matrix, matrix } from '@matgrad/core'
import { Adam } from '@matgrad/nn'

const float64 = { dtype: 'float64' } as const
const HALF_LOG_2PI = 0.9189385332046727

/** The length scale and the deviations of the function and of the noise on it. */
export interface Settings {
  readonly length: number
  readonly amplitude: number
  readonly noise: number
}

/** (xᵢ − x′ⱼ)² for two columns of places. */
const squares = (x: Matrix, others: Matrix): Matrix => x.sub(others.T).square()

/** The covariances of a function at places whose squared distances are these: a²·exp(−d² / 2ℓ²). */
const covariance = (distances: Matrix, logLength: Variable, logAmplitude: Variable): Variable =>
  distances.mul(logLength.mul(-2).exp()).mul(-0.5).add(logAmplitude.mul(2)).exp()

/** Those of what is measured at places x, for the logarithms of the length scale, the amplitude and the noise in a row. */
function measuredCovariance(x: Matrix, logarithms: Variable): Variable {
  const [length, amplitude, noise] = [0, 1, 2].map((i) => logarithms.col(i))
  return covariance(squares(x, x), length, amplitude).add(eye(x.rows, float64).mul(noise.mul(2).exp()))
}

/** −log p(y) = ½·yᵀK⁻¹y + ½·log |K| + n/2·log 2π, a measurement. */
export const negativeLogLikelihood =
  (x: Matrix, y: Matrix) =>
  (logarithms: Variable): Variable => {
    const K = measuredCovariance(x, logarithms)
    const white = linalg.solve(linalg.cholesky(K), y)
    const twice = white.square().sum().add(linalg.slogdet(K).logAbsDet)
    return twice.mul(0.5 / x.rows).add(HALF_LOG_2PI)
  }

/** Measurements of a function that is drawn for these settings, at random places from 0 to `width`. */
export function measure(random: Generator, count: number, width: number, settings: Settings): { x: Matrix; y: Matrix } {
  const x = random.uniform(count, 1, 0, width, float64).sort()
  const K = measuredCovariance(x, logarithmsOf(settings)).value
  return { x, y: linalg.cholesky(K).matmul(random.normal(count, 1, 0, 1, float64)) }
}

export const logarithmsOf = ({ length, amplitude, noise }: Settings): Variable =>
  variable(matrix([[length, amplitude, noise]], float64).log())

/** The settings under which the measurements are likeliest, and minus the logarithms of the likelihood on the way. */
export function learn(x: Matrix, y: Matrix, from: Settings, steps: number): { settings: Settings; losses: number[] } {
  const logarithms = logarithmsOf(from)
  const optimizer = new Adam([logarithms], { lr: 0.05 })
  const likelihood = negativeLogLikelihood(x, y)
  const step = compile(() => {
    optimizer.zeroGrad()
    const loss = likelihood(logarithms)
    loss.backward()
    optimizer.step()
    return loss
  })
  const losses = Array.from({ length: steps }, () => step().item())
  const [length, amplitude, noise] = logarithms.value.exp().data
  return { settings: { length, amplitude, noise }, losses }
}

/** What the function is at other places, given the measurements: means and deviations, columns. */
export function predictAt(places: Matrix, x: Matrix, y: Matrix, settings: Settings): { mean: Matrix; std: Matrix } {
  const logarithms = logarithmsOf(settings).detach()
  const across = covariance(squares(places, x), logarithms.col(0), logarithms.col(1)).value
  const L = linalg.cholesky(measuredCovariance(x, logarithms).value)
  const white = linalg.solve(L, across.T)
  const mean = white.matmul(linalg.solve(L, y), { transposeA: true })
  const variance = white
    .square()
    .sum(0)
    .T.neg()
    .add(settings.amplitude * settings.amplitude)
  return { mean, std: variance.maximum(0).sqrt() }
}

/** ∂f/∂x by four values of f, for one entry after the other (Abramowitz & Stegun 25.3.6), beside what the tape says. */
export function slopes(f: (x: Variable) => Variable, at: Matrix): { tape: number; differences: number }[] {
  const [, gradient] = valueAndGrad(f)(at)
  const h = 1e-3
  const value = (entry: number, step: number): number => {
    const moved = at.clone()
    moved.set(0, entry, at.get(0, entry) + step)
    return f(variable(moved)).item()
  }
  return Array.from({ length: at.cols }, (_, i) => ({
    tape: gradient.get(0, i),
    differences: (8 * (value(i, h) - value(i, -h)) - (value(i, 2 * h) - value(i, -2 * h))) / (12 * h),
  }))
}
