import { Variable } from '@matgrad/autograd'
import { DTypeError, full, MatgradError, Matrix, zeros } from '@matgrad/core'
import { checkNoMore, checkNumber, describe, flag, mayLook, readerOf } from '@matgrad/core/internal'
import { isTrained } from './optimizer.ts'

const float64 = { dtype: 'float64' } as const

/**
 * The gradients that there are of parameters that are not frozen.
 *
 * @throws DTypeError for a parameter that is not a Variable, or a gradient that is not a Matrix.
 */
function gradientsOf(operation: string, parameters: readonly Variable[]): Matrix[] {
  if (!Array.isArray(parameters))
    throw new DTypeError(`${operation}: parameters are ${describe(parameters)}, wanted an array of variables`)
  const gradients: Matrix[] = []
  for (const [i, parameter] of parameters.entries()) {
    if (!(parameter instanceof Variable))
      throw new DTypeError(`${operation}: parameter ${i} is ${describe(parameter)}, wanted a Variable`)
    const gradient: unknown = parameter.grad
    if (gradient === null || !isTrained(parameter)) continue
    if (!(gradient instanceof Matrix))
      throw new DTypeError(`${operation}: the gradient of parameter ${i} is ${describe(gradient)}, wanted a Matrix`)
    gradients.push(gradient)
  }
  return gradients
}

/** @throws DTypeError unless `bound` is a number; MatgradError unless it is 0 or more. */
export function checkBound(operation: string, what: string, bound: number): void {
  checkNumber(operation, what, bound)
  if (!(bound >= 0)) throw new MatgradError(`${operation}: ${what} is ${bound}, wanted 0 or more`)
}

const sumOfSquares = (gradients: readonly Matrix[], factor = 1): Matrix => {
  const squares = gradients.map((gradient) => {
    const wide = gradient.astype('float64')
    return (factor === 1 ? wide : wide.mul(factor)).square().sum()
  })
  return squares.reduce((sum, each) => sum.add(each), zeros(1, 1, float64))
}

/** What squares below 2^−1022 lose of a sum is nothing beside one from here on. */
const LEAST_SUM = 2 ** -900
/** By which elements are scaled, exactly, where their squares overflow or vanish: the squares of all that count then do neither. */
const SCALE = 2 ** 600

/**
 * The norm of gradients as one vector, and what multiplies them so that it is at most maxNorm. Only the squares of float64
 * numbers can overflow or vanish: sums of them scaled take the place of the plain one then. A program cannot look whether they
 * do, and computes them all.
 */
function normAndCoefficient(gradients: readonly Matrix[], maxNorm: number): { total: Matrix; coefficient: Matrix } {
  const bound = full(1, 1, maxNorm, float64)
  const sum = sumOfSquares(gradients)
  const plain = sum.sqrt()
  const isUsual = (): boolean => sum.item() >= LEAST_SUM && sum.item() < Number.POSITIVE_INFINITY
  if (gradients.every(({ dtype }) => dtype === 'float32') || (mayLook() && isUsual()))
    return { total: plain, coefficient: bound.div(plain.add(1e-6)).minimum(1) }
  const [low, high] = [1 / SCALE, SCALE].map((factor) => sumOfSquares(gradients, factor).sqrt())
  const isHuge = sum.equal(Number.POSITIVE_INFINITY)
  const total = isHuge.where(low.mul(SCALE), sum.less(LEAST_SUM).where(high.div(SCALE), plain))
  // 10⁻⁶ is nothing beside a norm that overflows, and a norm that vanishes nothing beside 10⁻⁶.
  const coefficient = isHuge.where(bound.div(low).div(SCALE), bound.div(plain.add(1e-6)))
  return { total, coefficient: coefficient.minimum(1) }
}

const readClip = readerOf({ errorIfNonfinite: flag(false) })

/**
 * Multiplies the gradients of all parameters, in place, by min(1, maxNorm / (total + 10⁻⁶)), where total is their norm as one
 * vector (PyTorch's `clip_grad_norm_`, with the norm in float64). No float64 gradient is too large or too small for it. Frozen
 * parameters, whose `requiresGrad` is false (`requiresGrad_`), take no part, as they take none in a step.
 *
 * Defaults: errorIfNonfinite false.
 *
 * @param options.errorIfNonfinite whether to throw where the norm is NaN or infinite, as a gradient is then; compiled
 * functions cannot ask for it, because it looks at a number
 * @returns the total norm before, 1x1 of float64
 * @throws MatgradError for a negative maxNorm, or a norm that is not finite if that is asked for; DTypeError for what is no
 * array of variables, and for other options.
 */
export function clipGradNorm(
  parameters: readonly Variable[],
  maxNorm: number,
  options?: { errorIfNonfinite?: boolean },
  ...more: []
): Matrix<1, 1> {
  checkNoMore('clipGradNorm', 'parameters, maxNorm, options', more)
  const gradients = gradientsOf('clipGradNorm', parameters)
  checkBound('clipGradNorm', 'maxNorm', maxNorm)
  const { errorIfNonfinite } = readClip('clipGradNorm', options)
  const { total, coefficient } = normAndCoefficient(gradients, maxNorm)
  if (errorIfNonfinite && !Number.isFinite(total.item()))
    throw new MatgradError(`clipGradNorm: the norm of the gradients is ${total.item()}, wanted a finite one`)
  for (const gradient of gradients) gradient.assign(gradient.mul(coefficient.astype(gradient.dtype)))
  return total as Matrix<1, 1>
}

/**
 * Brings every element of the gradients of all parameters but frozen ones, in place, into [−value, value] (PyTorch's
 * `clip_grad_value_`).
 *
 * @throws MatgradError for a negative value; DTypeError for what is no array of variables.
 */
export function clipGradValue(parameters: readonly Variable[], value: number, ...more: []): void {
  checkNoMore('clipGradValue', 'parameters, value', more)
  const gradients = gradientsOf('clipGradValue', parameters)
  checkBound('clipGradValue', 'value', value)
  for (const gradient of gradients) gradient.assign(gradient.clip(-value, value))
}
