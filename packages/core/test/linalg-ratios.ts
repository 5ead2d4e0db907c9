// Residuals in units of what rounding may do, as LAPACK's tests define them: 1-norms, ε = 2⁻⁵².

import type { linalg, Matrix } from '@matgrad/core'
import { identity } from './linalg-matrices.ts'

const EPSILON = 2 ** -52

/** ‖A‖₁, the largest column sum of |a|; NaN where there is one. */
export function norm1({ data, rows, cols }: Matrix): number {
  const sums = new Float64Array(cols)
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) sums[j] += Math.abs(data[i * cols + j])
  let most = 0
  for (const sum of sums) if (!(sum <= most)) most = sum
  return most
}

/** residual / (size·ε), where no residual is 0 whatever the size. */
const ratio = (residual: number, size: number): number => (residual === 0 ? 0 : residual / (size * EPSILON))

/** Norms multiplied step by step overflow where their ratio does not. */
const ratioOf = (residual: number, ...sizes: number[]): number =>
  residual === 0 ? 0 : sizes.reduce((left, size) => left / size, residual) / EPSILON

/** ‖I − QᵀQ‖ / (m·ε) for columns, of m elements, that should be orthonormal (dqrt01, dort01). */
export const orthogonality = (q: Matrix): number =>
  ratio(norm1(q.matmul(q, { transposeA: true }).sub(identity(q.cols))), q.rows)

/** ‖A − Q·R‖ / (m·‖A‖·ε) (dqrt01, with Q on the other side). */
export const qrRatio = (a: Matrix, { Q, R }: { Q: Matrix; R: Matrix }): number =>
  ratioOf(norm1(Q.matmul(R).sub(a)), a.rows, norm1(a))

/** ‖A − P·L·U‖ / (n·‖A‖·ε) (dget01). */
export const luRatio = (a: Matrix, { P, L, U }: { P: Matrix; L: Matrix; U: Matrix }): number =>
  ratioOf(norm1(P.matmul(L.matmul(U)).sub(a)), a.cols, norm1(a))

/** ‖A − L·Lᵀ‖ / (n·‖A‖·ε) (dpot01). */
export const choleskyRatio = (a: Matrix, l: Matrix): number =>
  ratioOf(norm1(l.matmul(l, { transposeB: true }).sub(a)), a.cols, norm1(a))

/** max ‖b − A·x‖ / (‖A‖·‖x‖·ε) over the columns (dget02). */
export function solveRatio(a: Matrix, b: Matrix, x: Matrix): number {
  const residual = a.matmul(x).sub(b)
  let most = 0
  for (let j = 0; j < b.cols; j++) {
    const off = ratioOf(norm1(residual.col(j)), norm1(a), norm1(x.col(j)))
    if (!(off <= most)) most = off
  }
  return most
}

/** ‖I − A·X‖ / (n·‖A‖·‖X‖·ε): the residual is scaled by 1/cond(A) (dget03). */
export const inverseRatio = (a: Matrix, x: Matrix): number =>
  ratioOf(norm1(a.matmul(x).sub(identity(a.rows))), a.rows, norm1(a), norm1(x))

/** ‖A − U·diag(S)·Vh‖ / (max(m, n)·‖A‖·ε) (dbdt01). */
export function svdRatio(a: Matrix, { U, S, Vh }: linalg.Svd): number {
  const k = S.rows
  const product = U.slice(0, U.rows, 0, k).mul(S.T).matmul(Vh.slice(0, k))
  return ratioOf(norm1(product.sub(a)), Math.max(a.rows, a.cols), norm1(a))
}

/** ‖A·V − V·diag(λ)‖ / (n·‖A‖·ε) for a symmetric A (dsyt21, with V on the other side). */
export const eighRatio = (a: Matrix, { values, vectors }: { values: Matrix; vectors: Matrix }): number =>
  ratioOf(norm1(a.matmul(vectors).sub(vectors.mul(values.T))), a.rows, norm1(a))

/** max ‖A·v − λ·v‖ / (n·‖A‖·ε) over the vectors, whose 2-norm is 1 (dget22). */
export function eigRatio(a: Matrix, { values, vectors }: { values: linalg.Complex; vectors: linalg.Complex }): number {
  const [{ re, im }, wr, wi] = [vectors, values.re.T, values.im.T]
  const real = a.matmul(re).sub(re.mul(wr).sub(im.mul(wi)))
  const imaginary = a.matmul(im).sub(re.mul(wi).add(im.mul(wr)))
  return ratioOf(norm1(real.abs().add(imaginary.abs())), a.rows, norm1(a))
}
