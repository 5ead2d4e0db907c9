import { exactIndex } from '../base/dtype.ts'
import { ShapeError } from '../base/errors.ts'
import { type Axis, checkAxis, formatShape, lineLayout, lineLength, reducedShape } from '../base/shape.ts'
import type { Value } from './algebra.ts'
import { weighed } from './elementwise.ts'
import { axialMethod, type Operation, opcodeOf, type Rule, run } from './operation.ts'
import { productOfOthers } from './recurrence.ts'

/** One number a line. `nonEmpty` is for those that have no value for a line without elements. */
function reduction(
  name: string,
  vjp: Operation['vjp'],
  options: Pick<Operation, 'dtype'> & { nonEmpty?: boolean } = {},
): Operation {
  const { nonEmpty = false, ...dtype } = options
  const opcode = opcodeOf(name)
  return {
    name,
    method: axialMethod,
    ...dtype,
    vjp,
    shape([a], { axis }) {
      checkAxis(name, axis)
      if (nonEmpty && lineLength(a.shape, axis) === 0)
        throw new ShapeError(`${name}: got ${formatShape(a.shape)}, wanted at least one element to choose from`)
      return reducedShape(a.shape, axis)
    },
    forward(out, [a], { axis }, machine) {
      run(machine, 'reduce', a.dtype, out, [a], [opcode, ...lineLayout(a.shape, axis)])
    },
  }
}

/** As many numbers as the line has. */
function scan(name: string, rule: Rule): Operation {
  const opcode = opcodeOf(name)
  return {
    name,
    method: axialMethod,
    vjp: [rule],
    shape([a], { axis }) {
      checkAxis(name, axis)
      return a.shape
    },
    forward(out, [a], { axis }, machine) {
      run(machine, 'scan', out.dtype, out, [a], [opcode, ...lineLayout(a.shape, axis)])
    },
  }
}

/** How many elements of x meet in one of its reduction y. */
const terms = (x: Value, y: Value): number => (x.rows * x.cols) / (y.rows * y.cols)

/** The running sums of g from the other end. */
function cumsumBackwards(g: Value, axis?: Axis): Value {
  if (axis === 0) return g.flipRows().cumsum(0).flipRows()
  if (axis === 1) return g.flipCols().cumsum(1).flipCols()
  return g.flipRows().flipCols().cumsum().flipCols().flipRows()
}

/** Equal extremes share the cotangent evenly, as in PyTorch's amax and amin. */
const toExtremes: Rule = (g, y, [x], { axis }) => {
  const extreme = x.equal(y)
  return extreme.where(g, 0).div(extreme.sum(axis))
}

const LARGEST = { float32: (2 - 2 ** -23) * 2 ** 127, float64: Number.MAX_VALUE }

/** The softmax of x, or its limit where elements are infinite, of which equal ones share evenly. */
function shares(x: Value, axis?: Axis): Value {
  const largest = LARGEST[x.dtype]
  return x.clip(-largest, largest).softmax(axis)
}

/** What has the probability 0 has no part in the others' cotangents, whatever its own. */
const ofSoftmax: Rule = (g, y, _inputs, { axis }) => {
  const total = weighed(g, y).sum(axis)
  return weighed(y, g.sub(total))
}

export const sum: Operation = reduction('sum', [(g, _y, [x]) => g.broadcastTo(x.rows, x.cols)])
export const mean: Operation = reduction('mean', [(g, y, [x]) => g.div(terms(x, y)).broadcastTo(x.rows, x.cols)])
export const prod: Operation = reduction('prod', [(g, _y, [x], { axis }) => productOfOthers(g, x, axis)])
export const max: Operation = reduction('max', [toExtremes], { nonEmpty: true })
export const min: Operation = reduction('min', [toExtremes], { nonEmpty: true })
export const argmax: Operation = reduction('argmax', [], { nonEmpty: true, dtype: exactIndex })
export const argmin: Operation = reduction('argmin', [], { nonEmpty: true, dtype: exactIndex })
export const logSumExp: Operation = reduction('logSumExp', [(g, _y, [x], { axis }) => weighed(g, shares(x, axis))])
export const cumsum: Operation = scan('cumsum', (g, _y, _inputs, { axis }) => cumsumBackwards(g, axis))
export const softmax: Operation = scan('softmax', ofSoftmax)
export const logSoftmax: Operation = scan('logSoftmax', (g, y, _inputs, { axis }) =>
  g.sub(weighed(y.exp(), g.sum(axis))),
)
