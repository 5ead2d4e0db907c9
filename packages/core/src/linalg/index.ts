/**
 * Linear algebra: every function takes matrices of either dtype, computes in float64, answers in the dtype of its input and
 * changes nothing. What NumPy returns as numbers (det, norm, cond, rank) are numbers, of float64. Values of other classes, such
 * as a tape's variables, give values of theirs, numbers as 1x1.
 *
 * @packageDocumentation
 */

export { cholesky } from './cholesky.ts'
export type { Complex } from './complex.ts'
export { det, slogdet } from './determinant.ts'
export { eig, eigvals } from './eig.ts'
export { eigh, eigvalsh } from './eigh.ts'
export { lstsq, matrixRank, nullSpace, orth, pinv } from './least-squares.ts'
export { cond, type NormOrder, norm } from './norm.ts'
export { lu } from './plu.ts'
export { expm, matrixPower } from './powers.ts'
export { type QrOptions, qr } from './qr.ts'
export { orthogonal, type RandomizedSvdOptions, randomizedSvd } from './random.ts'
export { inv, type SolveOptions, solve } from './solve.ts'
export { type Svd, type SvdOptions, svd, svdvals, truncatedSvd } from './svd.ts'
export { type SolveTriangularOptions, solveTriangular } from './triangular.ts'
