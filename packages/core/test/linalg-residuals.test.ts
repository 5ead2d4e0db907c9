// Factorisations put together again, in the ratios that LAPACK is tested by: sizes 0, 1, 2, 3, 5, 10, 50 and 150, square, tall
// and wide, ten matrices of each size and two of the largest.

import { LinAlgError, linalg, type Matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { fill, identity, KINDS, type Kind, orthogonal, rectangles, squares } from './linalg-matrices.ts'
import {
  choleskyRatio,
  eighRatio,
  eigRatio,
  inverseRatio,
  luRatio,
  orthogonality,
  qrRatio,
  solveRatio,
  svdRatio,
} from './linalg-ratios.ts'
import { noise } from './support.ts'

/** Fails where a ratio of any of the matrices is not below the bound. */
function check(matrices: Iterable<Matrix>, bound: number, ratios: (a: Matrix) => Record<string, number>): void {
  let count = 0
  for (const a of matrices) {
    count++
    for (const [name, ratio] of Object.entries(ratios(a)))
      if (!(ratio < bound)) expect.fail(`${name} of ${a.rows}x${a.cols}: ratio ${ratio}, wanted less than ${bound}`)
  }
  expect(count).toBeGreaterThan(15)
}

/** What f gives, or undefined where it finds a singular matrix of a kind that may be. */
function unlessSingular<T>({ singular }: Kind, f: () => T): T | undefined {
  try {
    return f()
  } catch (error) {
    if (singular && error instanceof LinAlgError && /pivot \d+ is 0/.test(error.message)) return undefined
    throw error
  }
}

const byName = (kinds: readonly Kind[]): [string, Kind][] => kinds.map((kind) => [kind.name, kind])

describe.each(byName(KINDS))('matrices %s', (_, kind) => {
  test('A − Q·R and I − QᵀQ, reduced and complete: below 30', () => {
    check(rectangles(kind), 30, (a) => {
      const [reduced, complete] = [linalg.qr(a), linalg.qr(a, { mode: 'complete' })]
      return {
        'A − Q·R': qrRatio(a, reduced),
        'I − QᵀQ': orthogonality(reduced.Q),
        'A − Q·R, complete': qrRatio(a, complete),
        'I − QᵀQ, complete': orthogonality(complete.Q),
      }
    })
  })

  test('A − P·L·U: below 30', () => {
    check(rectangles(kind), 30, (a) => ({ 'A − P·L·U': luRatio(a, linalg.lu(a)) }))
  })

  test('A − U·S·Vh and the orthogonality of both, reduced and full: below 35', () => {
    check(rectangles(kind), 35, (a) => {
      const [reduced, full] = [linalg.svd(a), linalg.svd(a, { fullMatrices: true })]
      return {
        'A − U·S·Vh': svdRatio(a, reduced),
        'I − UᵀU': orthogonality(reduced.U),
        'I − Vh·Vhᵀ': orthogonality(reduced.Vh.T),
        'A − U·S·Vh, full': svdRatio(a, full),
        'I − UᵀU, full': orthogonality(full.U),
        'I − Vh·Vhᵀ, full': orthogonality(full.Vh.T),
      }
    })
  })

  test('B − A·X: below 30', () => {
    check(squares(kind), 30, (a) => {
      const random = noise(a.rows)
      const b = fill(a.rows, 3, () => random() - 0.5)
      const x = unlessSingular(kind, () => linalg.solve(a, b))
      return { 'B − A·X': x ? solveRatio(a, b, x) : 0 }
    })
  })

  test('B − T·X and B − X·T for each triangle T of L + U, transposed and with a unit diagonal as well: below 30', () => {
    check(squares(kind), 30, (a) => {
      const { L, U } = linalg.lu(a)
      const n = a.rows
      const random = noise(n)
      const b = fill(n, 3, () => random() - 0.5)
      // What is not read is not what it would have to be.
      const both = L.tril(-1)
        .add(n === 0 ? U : U.triu(1).div(U.abs().max().maximum(1)))
        .add(identity(n).mul(2))
      const ratios: Record<string, number> = {}
      for (let i = 0; i < 16; i++) {
        const [upper, unitDiagonal, transpose, left] = [1, 2, 4, 8].map((bit) => (i & bit) > 0)
        const part = upper ? both.triu(Number(unitDiagonal)) : both.tril(-Number(unitDiagonal))
        const triangle = unitDiagonal ? part.add(identity(n)) : part
        const used = transpose ? triangle.T : triangle
        const x = linalg.solveTriangular(both, left ? b : b.T, { upper, unitDiagonal, transpose, left })
        ratios[`${[upper, unitDiagonal, transpose, left]}`] = left ? solveRatio(used, b, x) : solveRatio(used.T, b, x.T)
      }
      return ratios
    })
  })

  test('I − A·A⁻¹, divided by the condition: below 30', () => {
    check(squares(kind), 30, (a) => {
      const inverse = unlessSingular(kind, () => linalg.inv(a))
      return { 'I − A·A⁻¹': inverse ? inverseRatio(a, inverse) : 0 }
    })
  })

  test('A·V − V·Λ and I − VᵀV for (A + Aᵀ)/2: below 60', () => {
    const symmetric = Array.from(squares(kind), (a) => a.mul(0.5).add(a.T.mul(0.5)))
    check(symmetric, 60, (a) => {
      const found = linalg.eigh(a)
      return { 'A·V − V·Λ': eighRatio(a, found), 'I − VᵀV': orthogonality(found.vectors) }
    })
  })

  test('A·v − λ·v for general eigenvalues: below 20', () => {
    check(squares(kind), 20, (a) => ({ 'A·v − λ·v': eigRatio(a, linalg.eig(a)) }))
  })
})

describe.each(byName(KINDS.filter(({ positiveDefinite }) => positiveDefinite)))('matrices %s', (_, kind) => {
  test('A − L·Lᵀ: below 30', () => {
    check(squares(kind), 30, (a) => ({ 'A − L·Lᵀ': choleskyRatio(a, linalg.cholesky(a)) }))
  })
})

describe('an element of a factor that is off by 2⁻³⁶ takes the ratio beyond every bound, in 10x10', () => {
  const random = noise(10)
  const a = fill(10, 10, () => random() - 0.5)
  const b = fill(10, 3, () => random() - 0.5)
  const square = a.matmul(a, { transposeB: true })
  const bad = (x: Matrix): Matrix => {
    const changed = x.clone()
    changed.set(1, 0, x.get(1, 0) + 2 ** -36)
    return changed
  }
  const q = orthogonal(10, random)
  const [{ Q, R }, { P, L, U }, svd, eigh, eig] = [
    linalg.qr(a),
    linalg.lu(a),
    linalg.svd(a),
    linalg.eigh(square),
    linalg.eig(a),
  ]

  test.each<[string, number]>([
    ['QᵀQ', orthogonality(bad(q))],
    ['Q of QR', qrRatio(a, { Q: bad(Q), R })],
    ['R of QR', qrRatio(a, { Q, R: bad(R) })],
    ['L of LU', luRatio(a, { P, L: bad(L), U })],
    ['U of LU', luRatio(a, { P, L, U: bad(U) })],
    ['L of Cholesky', choleskyRatio(square, bad(linalg.cholesky(square)))],
    ['X of A·X = B', solveRatio(a, b, bad(linalg.solve(a, b)))],
    ['the inverse', inverseRatio(a, bad(linalg.inv(a)))],
    ['U of the SVD', svdRatio(a, { ...svd, U: bad(svd.U) })],
    ['S of the SVD', svdRatio(a, { ...svd, S: bad(svd.S) })],
    ['Vh of the SVD', svdRatio(a, { ...svd, Vh: bad(svd.Vh) })],
    ['the values of eigh', eighRatio(square, { ...eigh, values: bad(eigh.values) })],
    ['the vectors of eigh', eighRatio(square, { ...eigh, vectors: bad(eigh.vectors) })],
    ['the values of eig', eigRatio(a, { ...eig, values: { ...eig.values, re: bad(eig.values.re) } })],
    ['the vectors of eig', eigRatio(a, { ...eig, vectors: { ...eig.vectors, im: bad(eig.vectors.im) } })],
  ])('%s', (_, ratio) => {
    expect(ratio).toBeGreaterThan(60)
  })
})
