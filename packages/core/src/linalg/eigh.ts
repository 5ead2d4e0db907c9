import { checkNoMore } from '../base/options.ts'
import type { CheckSquare } from '../base/shape.ts'
import { eye, fromFunction, zeros } from '../matrix/create.ts'
import type { Matrix } from '../matrix/matrix.ts'
import type { ClassOf, ColsIn, Operand, Results, RowsIn, Value } from '../ops/algebra.ts'
import type { Slope } from '../ops/operation.ts'
import { triangleOf } from './equilibrate.ts'
import { type Computed, checkSquare, computed, isAtHand, resultOf, rowAt, type SquareOf, stacked } from './operation.ts'
import { areNear, asideAlong, quotient, type Turn, turning } from './quotient.ts'
import {
  ascending,
  checkConverged,
  checkRange,
  create,
  enter,
  even,
  leaveColumns,
  roomForQ,
  roomForRotations,
  SQUARED,
} from './workspace.ts'

function decompose(operation: string, a: Matrix, vectors: boolean): { values: Matrix; vectors: Matrix | undefined } {
  const { rows: n, dtype } = a
  const ld = even(n)
  // Three vectors of n, then what forms Q or the rotations, one after the other.
  const room = 2 * n + ld + Math.max(roomForQ(n, n), roomForRotations(n))
  const workspace = enter(operation, [a], [n, vectors ? n * ld : 0, 1, room], SQUARED)
  const { engine, kernels, at, scales } = workspace
  const [address, d, zt, failed, work] = at
  const { f64 } = engine
  const start = address / 8
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) f64[start + j * n + i] = f64[start + i * n + j]
  kernels.eigh(address, d, zt, failed, work, n, ld, Number(vectors))
  checkConverged(operation, 'eigenvalues', f64[failed / 8], n)
  // Values of a diagonal matrix are found in the order of the diagonal, but may have vanished beside the largest.
  const exact = scales[0] < 1 && triangleOf(a) === 1
  const found = exact ? a.diagonal().elements : f64.subarray(d / 8, d / 8 + n).map((value) => value / scales[0])
  const order = ascending(found, n)
  const values = create(dtype, n, 1)
  for (let i = 0; i < n; i++) values.elements[i] = found[order[i]]
  checkRange(operation, values, 'values')
  return { values, vectors: vectors ? leaveColumns(workspace, zt, ld, n, order, dtype) : undefined }
}

const WANTED = { name: 'eigh', values: 'eigenvalues' }

/**
 * V (n x n), and below it the values as a row; they may be given beside A, where a value has them already: what is computed with
 * those moves with them. Its derivative: Giles 2008, §3.1, symmetric.
 */
export const decomposition: Computed = computed(
  'eigh',
  ([a]) => [a.rows + 1, a.rows],
  ([a]) => {
    const { values, vectors } = decompose('eigh', a, true)
    return stacked(vectors as Matrix, values.T as Matrix)
  },
  [
    (g, packed, [a, ...given], _attributes, _i, slope) => {
      const { rows: n, dtype } = a
      if (n === 0) return a
      const [V, values] = [packed.slice(0, n), packed.slice(n)]
      const one = eye(n, { dtype }) as unknown as Value
      const skew = (inside: Value): Value => inside.sub(inside.T).mul(0.5)
      const turn = (packedG: Value): Value => skew(V.matmul(packedG.slice(0, n), { transposeA: true }))
      const apart = (row: Value): Value => row.sub(row.T).add(one.mul(row.abs().max()))
      // Along it all values become different.
      const along = fromFunction(1, n, (_, j) => j, { dtype })
      const alongAll = stacked(zeros(n, n, { dtype }), along)
      const change = given.length > 0 ? slope?.along(alongAll, along.T as Matrix) : slope?.along(alongAll)
      const size = values.abs().max()
      const own = { x: turn(g), d: apart(values) }
      const slopes = change && { x: turn(change), d: apart(along as unknown as Value) }
      const most = g.slice(0, n).abs().max()
      /** How x, and what is aside, change as V becomes V·(I + K). */
      const turned = (slope: Slope): [Turn, Turn] => {
        const K = resultOf(turning, [own.d, size])
        const moved = V.matmul(K)
        const direction = moved.pad(0, 1, 0, 0)
        const changed = slope.along(direction)
        const x = skew(moved.matmul(g.slice(0, n), { transposeA: true })).add(turn(changed))
        return [{ x, most: most.add(changed.abs().max()) }, asideAlong(slope, direction)]
      }
      const inside = quotient(WANTED, own, size, most, slopes, ...(slope ? turned(slope) : [])).add(g.slice(n).diag())
      return V.matmul(inside).matmul(V, { transposeB: true })
    },
    null,
  ],
  (packed) => areNear(rowAt(packed, packed.cols), packed.dtype, false),
)

/** The values and vectors of a value as operations give them. */
function traced(a: Value, ...given: readonly Value[]): { values: Value; vectors: Value } {
  const packed = resultOf(decomposition, [a, ...given])
  return { values: packed.slice(a.rows).T, vectors: packed.slice(0, a.rows) }
}

/** The values alone, whose derivative is that of functions of the spectrum where values are equal. */
export const spectrum: Computed = computed(
  'eigvalsh',
  ([a]) => [a.rows, 1],
  ([a]) => decompose('eigvalsh', a, false).values,
  [
    (g, y, [a]) => {
      const { vectors } = traced(a, y)
      return vectors.mul(g.T).matmul(vectors, { transposeB: true })
    },
  ],
)

/**
 * A·V = V·diag(values) for a symmetric n x n matrix: the values (n x 1) ascending, the vectors the columns of V (n x n) with
 * VᵀV = I. Only the lower triangle of A is read, as by NumPy, but all of it must be finite. Tridiagonal form, then implicit QL
 * or QR (LAPACK's dsytrd and dsteqr). The error of a value is about n·ε·‖A‖. A gradient is that of a symmetric A: both
 * triangles get half of it. It exists where values are apart, and elsewhere for functions of A that are the same for all V,
 * such as V·f(Λ)·Vᵀ, of which the second derivative does not.
 *
 * @throws LinAlgError for NaN and infinities, where a value lies beyond the range of the dtype, and where the
 * iteration does not converge; ShapeError unless a is square; DTypeError unless it is a matrix.
 */
export function eigh<V extends Operand>(
  a: V & CheckSquare<'eigh', RowsIn<V>, ColsIn<V>>,
  ...more: []
): { values: Results<RowsIn<V> & ColsIn<V>, 1>[ClassOf<V>]; vectors: SquareOf<V> } {
  checkNoMore('eigh', 'a', more)
  checkSquare('eigh', a)
  return (isAtHand(a) ? decompose('eigh', a, true) : traced(a)) as never
}

/**
 * The values of `eigh` without its vectors, bit for bit. Where some are equal, the derivative is that of functions in which
 * they may change places, and for others, such as the smallest value, that for the vectors found: a subgradient. Throws what
 * `eigh` throws.
 */
export function eigvalsh<V extends Operand>(
  a: V & CheckSquare<'eigvalsh', RowsIn<V>, ColsIn<V>>,
  ...more: []
): Results<RowsIn<V> & ColsIn<V>, 1>[ClassOf<V>] {
  checkNoMore('eigvalsh', 'a', more)
  checkSquare('eigvalsh', a)
  return resultOf(spectrum, [a]) as never
}
