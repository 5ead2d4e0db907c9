import { MatgradError } from '../base/errors.ts'
import { checkNoMore, oneOf, readerOf } from '../base/options.ts'
import type { ClassOf, Operand, Results, Value } from '../ops/algebra.ts'
import { factorise } from './householder.ts'
import { type Computed, checkValue, computed, isAtHand, resultOf, stacked } from './operation.ts'
import { solved } from './solve.ts'

export interface QrOptions {
  /** Whether Q has min(m, n) columns or all m of them. @default 'reduced' */
  readonly mode?: 'reduced' | 'complete'
}

const readQr = readerOf({ mode: oneOf('reduced', 'complete')('reduced') })

/**
 * The cotangent of A from those of Q (m x k) and R (k x k) for A = Q·R of k columns: (gQ + Q·copyltu(R·gRᵀ − gQᵀ·Q))·R⁻ᵀ, where
 * copyltu copies the lower triangle to the upper one (Walter, Lehmann & Lamour 2010; Roberts & Roberts 2020, eq. 10).
 */
function ofTall(Q: Value, R: Value, gQ: Value, gR: Value): Value {
  const inside = R.matmul(gR.triu(), { transposeB: true }).sub(gQ.matmul(Q, { transposeA: true }))
  const symmetric = inside.tril().add(inside.tril(-1).T)
  return solved('the derivative of qr', R, gQ.add(Q.matmul(symmetric)).T).T
}

/** Q (m x k), and below it Rᵀ (n x k), k = min(m, n). */
export const factors: Computed = computed(
  'qr',
  ([a]) => [a.rows + a.cols, Math.min(a.rows, a.cols)],
  ([a]) => {
    const { Q, R } = factorise('qr', a, false)
    return stacked(Q, R.T as never)
  },
  [
    (g, y, [a]) => {
      const { rows: m, cols: n } = a
      const [Q, R] = [y.slice(0, m), y.slice(m).T]
      const [gQ, gR] = [g.slice(0, m), g.slice(m).T]
      if (m >= n) return ofTall(Q, R, gQ, gR)
      // A = [X, Y] with X = Q·U and R = [U, QᵀY] (Roberts & Roberts 2020, §4).
      const [ofX, ofY] = [gR.slice(0, m, 0, m), gR.slice(0, m, m)]
      const rest = a.slice(0, m, m)
      const gX = ofTall(Q, R.slice(0, m, 0, m), gQ.add(rest.matmul(ofY, { transposeB: true })), ofX)
      return gX.pad(0, 0, 0, n - m).add(Q.matmul(ofY).pad(0, 0, m, 0))
    },
  ],
)

/**
 * A = Q·R for an m x n matrix by Householder's reflectors (LAPACK's dgeqrt3; Elmroth & Gustavson 2000), with LAPACK's signs:
 * the diagonal of R may be negative. With k = min(m, n), Q is m x k with QᵀQ = I and R k x n upper trapezoidal; in the mode
 * 'complete' Q is m x m and R m x n.
 *
 * It has a derivative where the first k columns are independent, and in the mode 'complete' for m ≤ n alone.
 *
 * Defaults: mode 'reduced'.
 *
 * @throws DTypeError unless a is a matrix, and for another mode; LinAlgError for NaN and infinities, and where an element of R
 * lies beyond the range of the dtype.
 */
export function qr<V extends Operand>(
  a: V,
  options?: QrOptions,
  ...more: []
): { Q: Results<number, number>[ClassOf<V>]; R: Results<number, number>[ClassOf<V>] } {
  checkNoMore('qr', 'a, options', more)
  checkValue('qr', 'a', a)
  const { rows: m, cols: n } = a as Value
  const complete = readQr('qr', options).mode === 'complete' && m > n
  if (isAtHand(a)) return factorise('qr', a, complete) as never
  if (complete)
    throw new MatgradError(
      "qr: the mode is 'complete' for more rows than columns, which has no derivative, wanted 'reduced'",
    )
  const both = resultOf(factors, [a])
  return { Q: both.slice(0, m), R: both.slice(m).T } as never
}
