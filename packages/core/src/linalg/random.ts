import { getDefaultDtype } from '../base/dtype.ts'
import { checkNoMore, readerOf, whole } from '../base/options.ts'
import { checkInteger, checkShape } from '../base/shape.ts'
import type { Matrix } from '../matrix/matrix.ts'
import {
  type Generator,
  generatorOption,
  getDefaultGenerator,
  type RandomOptions,
  readRandom,
} from '../matrix/random.ts'
import { factorise } from './householder.ts'
import { checkTriplets, decompose, firstOf, type Svd } from './svd.ts'
import { checkFinite, checkMatrix, largestOf, SQUARED, scaleFor, toDtype } from './workspace.ts'

/** A Gaussian matrix in float64, whatever the dtype of the result. */
const gaussian = (rows: number, cols: number, source: Generator): Matrix =>
  source.normal(rows, cols, 0, 1, { dtype: 'float64' })

export interface RandomizedSvdOptions {
  /** How many more columns than k are drawn. @default 10 */
  readonly oversampling?: number
  /** How often A·Aᵀ is applied to the columns, for singular values that fall slowly. @default 2 */
  readonly powerIterations?: number
  /** Where the random numbers come from. @default the default generator */
  readonly generator?: Generator
}

const readRandomizedSvd = readerOf({
  oversampling: whole(10),
  powerIterations: whole(2),
  generator: generatorOption(),
})

/**
 * Nearly the k largest singular values of an m x n matrix with their vectors: U (m x k), S (k x 1), Vh (k x n). Q spans A·Ω for a
 * Gaussian Ω of k + oversampling columns, orthonormal anew in every power iteration, and the SVD is that of Qᵀ·A (Halko,
 * Martinsson & Tropp 2011, algorithms 4.4 and 5.1). With l = k + oversampling, q iterations and σ the next singular value, the
 * expected error ‖A − U·diag(S)·Vh‖₂ is at most σ·(1 + (1 + 4·√(2·min(m, n)/(k − 1)))^(1/(2q + 1))) for l ≥ 2k.
 *
 * Defaults: oversampling 10, powerIterations 2, the default generator.
 *
 * @throws ShapeError unless 0 ≤ k ≤ min(m, n) and the counts are 0 or more, DTypeError unless they are whole numbers, a is a
 * matrix and generator one; LinAlgError for NaN and infinities, where a singular value lies beyond the range of the dtype, and
 * where an iteration does not converge.
 */
export function randomizedSvd(a: Matrix, k: number, options?: RandomizedSvdOptions, ...more: []): Svd {
  checkNoMore('randomizedSvd', 'a, k, options', more)
  checkMatrix('randomizedSvd', 'a', a)
  checkTriplets('randomizedSvd', a as never, k)
  const settings = readRandomizedSvd('randomizedSvd', options)
  const { oversampling, powerIterations, generator = getDefaultGenerator() } = settings
  checkInteger('randomizedSvd', 'oversampling', oversampling, 0, Number.MAX_SAFE_INTEGER)
  checkInteger('randomizedSvd', 'powerIterations', powerIterations, 0, Number.MAX_SAFE_INTEGER)
  checkFinite('randomizedSvd', 'a', a)
  const columns = Math.min(k + oversampling, a.rows, a.cols)
  // Products with Gaussian columns neither overflow nor vanish.
  const scale = scaleFor(largestOf(a), SQUARED)
  const x = toDtype(a, 'float64').mul(scale)
  let { Q } = factorise('randomizedSvd', x.matmul(gaussian(a.cols, columns, generator)), false)
  for (let i = 0; i < powerIterations; i++) {
    const back = factorise('randomizedSvd', x.matmul(Q, { transposeA: true }), false).Q
    Q = factorise('randomizedSvd', x.matmul(back), false).Q
  }
  const found = decompose('randomizedSvd', Q.matmul(x, { transposeA: true }), 'reduced')
  return firstOf('randomizedSvd', { ...found, U: Q.matmul(found.U), scale: found.scale * scale }, k, a)
}

/**
 * A random matrix with orthonormal columns, or rows where it has fewer of them: uniform over all such matrices. It is the Q of a
 * Gaussian matrix, its signs chosen so that the diagonal of R is positive (Mezzadri 2007).
 *
 * @throws ShapeError or DTypeError for sizes that are none, DTypeError for other options.
 */
export function orthogonal<R extends number, C extends number>(
  rows: R,
  cols: C,
  options?: RandomOptions,
  ...more: []
): Matrix<R, C> {
  checkNoMore('orthogonal', 'rows, cols, options', more)
  checkShape('orthogonal', rows, cols)
  const { dtype = getDefaultDtype(), generator = getDefaultGenerator() } = readRandom('orthogonal', options)
  const [long, short] = rows >= cols ? [rows, cols] : [cols, rows]
  const { Q, R } = factorise('orthogonal', gaussian(long, short, generator), false)
  const signed = Q.mul(R.diagonal().T.less(0).mul(-2).add(1))
  return toDtype(rows >= cols ? signed : signed.T, dtype) as Matrix<R, C>
}
