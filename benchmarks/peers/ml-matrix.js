// It computes in float64 whatever the operands were.

import {
  CholeskyDecomposition,
  determinant,
  EigenvalueDecomposition,
  inverse,
  Matrix,
  pseudoInverse,
  QrDecomposition,
  SingularValueDecomposition,
  solve,
} from 'ml-matrix'
import { versionOf } from '../harness/version.js'

/** The parts of complex vectors: those of a pair are two columns, of real parts and imaginary ones. */
function complexVectors(packed, im) {
  const [re, other] = [packed.clone(), Matrix.zeros(packed.rows, packed.columns)]
  for (let j = 0; j < im.length; j++) {
    if (!(im[j] > 0)) continue
    for (let i = 0; i < packed.rows; i++) {
      const [x, y] = [packed.get(i, j), packed.get(i, j + 1)]
      re.set(i, j + 1, x)
      other.set(i, j, y)
      other.set(i, j + 1, -y)
    }
  }
  return [re, other]
}

export function start() {
  const unary = (f) => (x) => () => f(x)
  const binary = (f) => (a, b) => () => f(a, b)
  return {
    about: `ml-matrix ${versionOf('ml-matrix')} (always float64)`,
    input: (data, rows, cols) => Matrix.from1DArray(rows, cols, data),
    ops: {
      matmul: (a, b, { transposeA, transposeB }) =>
        transposeA ? () => a.transposeMultiply(b) : transposeB ? () => a.mmul(b.transpose()) : () => a.mmul(b),
      exp: unary(Matrix.exp),
      tanh: unary(Matrix.tanh),
      sigmoid: (x) => () => Matrix.mul(x, -1).exp().add(1).pow(-1),
      sum: (x) => () => x.sum(),
      add: binary(Matrix.add),
      mul: binary(Matrix.mul),
      inv: unary(inverse),
      solve: binary(solve),
      det: unary(determinant),
      cholesky: (a) => () => new CholeskyDecomposition(a).lowerTriangularMatrix,
      pinv: unary(pseudoInverse),
      qr: (a) => () => {
        const { orthogonalMatrix, upperTriangularMatrix } = new QrDecomposition(a)
        return [orthogonalMatrix, upperTriangularMatrix]
      },
      svd: (a) => () => {
        const found = new SingularValueDecomposition(a)
        return [found.leftSingularVectors, found.diagonal, found.rightSingularVectors.transpose()]
      },
      eigh: (a) => () => {
        const found = new EigenvalueDecomposition(a, { assumeSymmetric: true })
        return [found.realEigenvalues, found.eigenvectorMatrix]
      },
      eig: (a) => () => {
        const { realEigenvalues: re, imaginaryEigenvalues: im, eigenvectorMatrix } = new EigenvalueDecomposition(a)
        return [re, im, ...complexVectors(eigenvectorMatrix, im)]
      },
    },
    output: (y) => (typeof y === 'number' ? [y] : Array.isArray(y) ? y : y.to1DArray()),
  }
}
