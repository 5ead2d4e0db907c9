import type { DType } from './dtype.ts'
import { ShapeError } from './errors.ts'
import * as code from './opcodes.ts'
import { type Operation, run } from './operation.ts'
import { type Axis, checkAxis, formatShape, lineLayout, lineLength, type Shape } from './shape.ts'

/** The shape that a reduction along `axis` leaves. */
const reducedShape = ([rows, cols]: Shape, axis?: Axis): Shape =>
  axis === undefined ? [1, 1] : axis === 0 ? [1, cols] : [rows, 1]

/** Indices are float64, exact up to 2⁵³. */
export const exactIndex = (): DType => 'float64'

/** One number a line. `nonEmpty` is for those that have no value for a line without elements. */
function reduction(
  name: string,
  opcode: number,
  options: Pick<Operation, 'dtype'> & { nonEmpty?: boolean } = {},
): Operation {
  const { nonEmpty = false, ...dtype } = options
  return {
    name,
    ...dtype,
    shape([a], { axis }) {
      checkAxis(name, axis)
      if (nonEmpty && lineLength(a.shape, axis) === 0)
        throw new ShapeError(`${name}: got ${formatShape(a.shape)}, wanted at least one element to choose from`)
      return reducedShape(a.shape, axis)
    },
    forward(out, [a], { axis }) {
      run('reduce', a.dtype, out, [a], [opcode, ...lineLayout(a.shape, axis)])
    },
  }
}

/** As many numbers as the line has. */
function scan(name: string, opcode: number): Operation {
  return {
    name,
    shape([a], { axis }) {
      checkAxis(name, axis)
      return a.shape
    },
    forward(out, [a], { axis }) {
      run('scan', out.dtype, out, [a], [opcode, ...lineLayout(a.shape, axis)])
    },
  }
}

export const sum: Operation = reduction('sum', code.SUM)
export const mean: Operation = reduction('mean', code.MEAN)
export const prod: Operation = reduction('prod', code.PROD)
export const max: Operation = reduction('max', code.MAX, { nonEmpty: true })
export const min: Operation = reduction('min', code.MIN, { nonEmpty: true })
export const argmax: Operation = reduction('argmax', code.ARGMAX, { nonEmpty: true, dtype: exactIndex })
export const argmin: Operation = reduction('argmin', code.ARGMIN, { nonEmpty: true, dtype: exactIndex })
export const logSumExp: Operation = reduction('logSumExp', code.LOG_SUM_EXP)
export const cumsum: Operation = scan('cumsum', code.CUMSUM)
export const softmax: Operation = scan('softmax', code.SOFTMAX)
export const logSoftmax: Operation = scan('logSoftmax', code.LOG_SOFTMAX)
