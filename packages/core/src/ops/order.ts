import { exactIndex, itemSize } from '../base/dtype.ts'
import { type Axis, checkAxis, lineLayout, lineLength, reducedShape } from '../base/shape.ts'
import type { Value } from './algebra.ts'
import { axialMethod, type Operation, runWithRoom } from './operation.ts'

// The order of elements: ascending, NaN last, and what is equal, such as −0 and 0, as it was.

/** For each place in sorted x, in row-major order, where in x its element was: a column. */
function sortedFrom(x: Value, axis?: Axis): Value {
  const { rows, cols } = x
  const order = x.argsort(axis)
  /** 0, 1, … along each line. */
  const upTo = (line: Axis): Value => order.sub(order).add(1).cumsum(line).sub(1)
  const from = axis === 0 ? order.mul(cols).add(upTo(1)) : axis === 1 ? order.add(upTo(0).mul(cols)) : order
  return from.reshape(rows * cols, 1)
}

/** Gives the elements of g to where in x the elements were whose places in x those of `from`, a column, are. */
function unsort(g: Value, x: Value, from: Value): Value {
  const { rows, cols } = x
  const size = rows * cols
  return g
    .reshape(g.rows * g.cols, 1)
    .scatterAddRows(from, size)
    .reshape(rows, cols)
}

/** An operation that orders each line. */
function ordering(name: 'sort' | 'argsort', rest: Pick<Operation, 'dtype' | 'vjp'>): Operation {
  return {
    name,
    method: axialMethod,
    ...rest,
    shape([a], { axis }) {
      checkAxis(name, axis)
      return a.shape
    },
    forward(out, [a], { axis }, machine) {
      const size = itemSize(a.dtype)
      // The elements of a line and their positions, twice, and a table of 2048 numbers for each 11 bits.
      const room = lineLength(a.shape, axis) * 2 * (size + 4) + 6144 * size
      runWithRoom(machine, name, a.dtype, [out.elements], [a], room, lineLayout(a.shape, axis))
    },
  }
}

/** Each line in ascending order. */
export const sort: Operation = ordering('sort', { vjp: [(g, _y, [x], { axis }) => unsort(g, x, sortedFrom(x, axis))] })

/** The places in each line of the elements in ascending order; equal ones keep theirs. */
export const argsort: Operation = ordering('argsort', { dtype: exactIndex, vjp: [] })

/** The k-th smallest element of each line, from 0, without sorting the line. */
export const kthValue: Operation = {
  name: 'kthValue',
  vjp: [
    (g, _y, [x], { k, axis }) => {
      const places = sortedFrom(x, axis)
      if (axis === undefined) return unsort(g, x, places.slice(k, k + 1))
      const inLines = places.reshape(x.rows, x.cols)
      const kth = axis === 0 ? inLines.slice(k, k + 1) : inLines.slice(0, x.rows, k, k + 1)
      return unsort(g, x, kth.reshape(g.rows * g.cols, 1))
    },
  ],
  shape: ([a], { axis }) => reducedShape(a.shape, axis),
  forward(out, [a], { k, axis }, machine) {
    const room = lineLength(a.shape, axis) * itemSize(a.dtype) + 8192
    runWithRoom(machine, 'kthValue', a.dtype, [out.elements], [a], room, [...lineLayout(a.shape, axis), k])
  },
}
