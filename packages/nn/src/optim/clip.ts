import { Variable } from '@matgrad/autograd'
import { DTypeError, full, MatgradError, Matrix, zeros } from '@matgrad/core'
import { checkNumber, describe } from '@matgrad/core/internal'

const float64 = { dtype: 'float64' } as const

/** The gradients that there are. @throws DTypeError for a parameter that is not a Variable, or a gradient that is not a Matrix. */
function gradientsOf(operation: string, parameters: readonly Variable[]): Matrix[] {
  if (!Array.isArray(parameters))
    throw new DTypeError(`${operation}: parameters are ${describe(parameters)}, wanted an array of variables`)
  const gradients: Matrix[] = []
  for (const [i, parameter] of parameters.entries()) {
    if (!(parameter instanceof Variable))
      throw new DTypeError(`${operation}: parameter ${i} is ${describe(parameter)}, wanted a Variable`)
    const gradient: unknown = parameter.grad
    if (gradient === null) continue
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

/**
 * Multiplies all gradients, in place, by min(1, maxNorm / (total + 10⁻⁶)), where total is their norm as one vector
 * (PyTorch's `clip_grad_norm_`, with the norm in float64).
 *
 * @returns the total norm before, 1x1 of float64
 * @throws MatgradError for a negative maxNorm; DTypeError for what is no array of variables.
 */
export function clipGradNorm(parameters: readonly Variable[], maxNorm: number): Matrix<1, 1> {
  const gradients = gradientsOf('clipGradNorm', parameters)
  checkBound('clipGradNorm', 'maxNorm', maxNorm)
  const squares = gradients.map((gradient) => gradient.astype('float64').square().sum())
  const start: Matrix = zeros(1, 1, float64)
  const total = squares.reduce((sum, each) => sum.add(each), start).sqrt()
  const coefficient = full(1, 1, maxNorm, float64).div(total.add(1e-6)).minimum(1)
  for (const gradient of gradients) gradient.assign(gradient.mul(coefficient.astype(gradient.dtype)))
  return total as Matrix<1, 1>
}

/**
 * Brings every element of all gradients, in place, into [−value, value] (PyTorch's `clip_grad_value_`).
 *
 * @throws MatgradError for a negative value; DTypeError for what is no array of variables.
 */
export function clipGradValue(parameters: readonly Variable[], value: number): void {
  const gradients = gradientsOf('clipGradValue', parameters)
  checkBound('clipGradValue', 'value', value)
  for (const gradient of gradients) gradient.assign(gradient.clip(-value, value))
}
