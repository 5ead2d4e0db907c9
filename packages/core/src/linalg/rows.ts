// The operations of linear algebra.

export { factor as cholesky } from './cholesky.ts'
export { cofactorChange, cofactors, determinant as det, logarithm as slogdet } from './determinant.ts'
export { decomposition as eig, spectrum as eigvals } from './eig.ts'
export { decomposition as eigh, spectrum as eigvalsh } from './eigh.ts'
export {
  leastSquares as lstsq,
  pseudoInverse as pinv,
  rank as matrixRank,
  residualsOf as lstsqResiduals,
} from './least-squares.ts'
export { condition as cond, length as norm } from './norm.ts'
export { factors as lu, permutation as luPermutation } from './plu.ts'
export { exponentials as expm, powers as matrixPower } from './powers.ts'
export { factors as qr } from './qr.ts'
export { division as quotient } from './quotient.ts'
export { inverse as inv, solution as solve } from './solve.ts'
export { decomposition as svd, spectrum as svdvals } from './svd.ts'
export { triangularSolution as solveTriangular } from './triangular.ts'
