// What holds of the results of linear algebra beside their residuals: conventions, parts that equal the whole, special values.

import { type DType, Generator, linalg, Matrix, matrix, zeros } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { fill, identity, orthogonal } from './linalg-matrices.ts'
import { norm1, orthogonality } from './linalg-ratios.ts'
import { between, DTYPES, hex, identical, noise, sample, UNIT, ulps } from './support.ts'

const EPSILON = 2 ** -52

const random = (rows: number, cols: number, seed: number, dtype: DType = 'float64'): Matrix =>
  sample(rows, cols, dtype, between(-1, 1), noise(seed))

const SHAPES: readonly [number, number][] = [
  [1, 1],
  [2, 2],
  [3, 3],
  [8, 8],
  [33, 33],
  [3, 2],
  [2, 3],
  [12, 10],
  [10, 12],
  [40, 9],
  [9, 40],
]
const SQUARES = SHAPES.filter(([m, n]) => m === n)

/** Every matrix in a result. */
const matricesIn = (value: unknown): Matrix[] =>
  value instanceof Matrix
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(matricesIn)
      : []

const positive = (a: Matrix): Matrix => a.matmul(a, { transposeB: true }).add(identity(a.rows).astype(a.dtype))
const generator = (): Generator => new Generator(7)

/** Every function of one matrix, for square matrices and for all. */
const OF_SQUARE: Readonly<Record<string, (a: Matrix) => unknown>> = {
  inv: linalg.inv,
  det: linalg.det,
  slogdet: linalg.slogdet,
  solve: (a) => linalg.solve(a, a.mul(2)),
  solveTriangular: (a) => linalg.solveTriangular(a.add(identity(a.rows).mul(9).astype(a.dtype)), a, { upper: false }),
  cholesky: (a) => linalg.cholesky(positive(a)),
  eig: linalg.eig,
  eigvals: linalg.eigvals,
  eigh: linalg.eigh,
  eigvalsh: linalg.eigvalsh,
  expm: linalg.expm,
  'cond, 1': (a) => linalg.cond(a, 1),
  matrixPower: (a) => linalg.matrixPower(a, -2),
}
const OF_ANY: Readonly<Record<string, (a: Matrix) => unknown>> = {
  pinv: (a) => linalg.pinv(a, 1e-6),
  lstsq: (a) => linalg.lstsq(a, a.mul(2)),
  matrixRank: linalg.matrixRank,
  cond: linalg.cond,
  norm: linalg.norm,
  lu: linalg.lu,
  qr: linalg.qr,
  'qr, complete': (a) => linalg.qr(a, { mode: 'complete' }),
  svd: linalg.svd,
  'svd, full': (a) => linalg.svd(a, { fullMatrices: true }),
  svdvals: linalg.svdvals,
  truncatedSvd: (a) => linalg.truncatedSvd(a, 1),
  randomizedSvd: (a) => linalg.randomizedSvd(a, 1, { generator: generator() }),
  nullSpace: linalg.nullSpace,
  orth: linalg.orth,
}

const cases = [
  ...Object.entries(OF_SQUARE).map(([name, f]) => [name, f, SQUARES] as const),
  ...Object.entries(OF_ANY).map(([name, f]) => [name, f, SHAPES] as const),
]

describe.each(cases)('%s', (_, f, shapes) => {
  test('changes nothing and answers in the dtype of its input', () => {
    for (const [m, n] of shapes)
      for (const dtype of DTYPES) {
        const a = random(m, n, m * 100 + n, dtype)
        const before = hex(a)
        for (const each of matricesIn(f(a))) expect(each.dtype).toBe(dtype)
        expect(hex(a)).toBe(before)
      }
  })

  test('gives the same bits again, whatever was computed between', () => {
    for (const [m, n] of shapes) {
      const a = random(m, n, m * 100 + n)
      const first = f(a)
      linalg.svd(random(20, 30, 1))
      const second = f(a)
      expect(second).toEqual(first)
      for (const [i, each] of matricesIn(second).entries()) expect(identical(each, matricesIn(first)[i])).toBe(true)
    }
  })
})

test.each(['inv', 'eigh', 'eigvals', 'svd', 'qr', 'lu', 'expm'] as const)(
  '%s of float32 is that of the same numbers in float64, rounded',
  (name) => {
    for (const [m, n] of SQUARES) {
      const a = random(m, n, n, 'float32')
      const [single, double] = [matricesIn(linalg[name](a)), matricesIn(linalg[name](a.astype('float64')))]
      for (const [i, each] of single.entries()) expect(identical(each, double[i].astype('float32'))).toBe(true)
    }
  },
)

describe('parts equal the whole, bit for bit', () => {
  test('svdvals and every form of svd, truncatedSvd and the first of svd', () => {
    for (const [m, n] of SHAPES) {
      const a = random(m, n, m + n)
      const { U, S, Vh } = linalg.svd(a)
      expect(identical(linalg.svdvals(a), S)).toBe(true)
      expect(identical(linalg.svd(a, { fullMatrices: true }).S, S)).toBe(true)
      const k = Math.ceil(Math.min(m, n) / 2)
      const first = linalg.truncatedSvd(a, k)
      expect(identical(first.U, U.slice(0, m, 0, k))).toBe(true)
      expect(identical(first.S, S.slice(0, k))).toBe(true)
      expect(identical(first.Vh, Vh.slice(0, k))).toBe(true)
    }
  })

  test('eigvals and eig, eigvalsh and eigh', () => {
    for (const n of [1, 2, 3, 4, 5, 8, 17, 33, 64]) {
      const a = random(n, n, n)
      const [values, whole] = [linalg.eigvals(a), linalg.eig(a).values]
      expect(identical(values.re, whole.re) && identical(values.im, whole.im)).toBe(true)
      expect(identical(linalg.eigvalsh(a), linalg.eigh(a).values)).toBe(true)
    }
  })

  test('slogdet and det', () => {
    for (const [n] of SQUARES) {
      const { sign, logAbsDet } = linalg.slogdet(random(n, n, n))
      const det = linalg.det(random(n, n, n))
      expect(Math.sign(det)).toBe(sign)
      expect(
        matrix(Float64Array.of(Math.abs(det)))
          .log()
          .item(),
      ).toBe(logAbsDet)
    }
  })

  test.each([500, -500, 900, -900])('a scale of 2^%d comes out of every result', (exponent) => {
    const factor = 2 ** exponent
    for (const [n] of SQUARES) {
      const a = random(n, n, n)
      const scaled = a.mul(factor)
      expect(identical(linalg.svdvals(scaled), linalg.svdvals(a).mul(factor))).toBe(true)
      expect(identical(linalg.eigvalsh(scaled), linalg.eigvalsh(a).mul(factor))).toBe(true)
      expect(identical(linalg.eigvals(scaled).re, linalg.eigvals(a).re.mul(factor))).toBe(true)
      expect(identical(linalg.inv(scaled), linalg.inv(a).mul(1 / factor))).toBe(true)
      expect(identical(linalg.pinv(scaled), linalg.pinv(a).mul(1 / factor))).toBe(true)
      expect(identical(linalg.qr(scaled).R, linalg.qr(a).R.mul(factor))).toBe(true)
      expect(linalg.cond(scaled)).toBe(linalg.cond(a))
      expect(linalg.norm(scaled)).toBe(linalg.norm(a) * factor)
    }
  })
})

describe('conventions', () => {
  test('singular values descend and are not negative, symmetric eigenvalues ascend', () => {
    for (const [m, n] of SHAPES) {
      const s = Array.from(linalg.svdvals(random(m, n, m)).data)
      expect(s).toEqual(s.toSorted((x, y) => y - x))
      expect(s.every((x) => x >= 0 && !Object.is(x, -0))).toBe(true)
      const values = Array.from(linalg.eigvalsh(random(n, n, n)).data)
      expect(values).toEqual(values.toSorted((x, y) => x - y))
    }
  })

  test('P is a permutation, |L| ≤ 1 with ones on its diagonal, L and U are triangles', () => {
    for (const [m, n] of SHAPES) {
      const { P, L, U } = linalg.lu(random(m, n, m))
      expect(P.matmul(P, { transposeB: true }).equals(identity(m))).toBe(true)
      expect(P.data.every((x) => x === 0 || x === 1)).toBe(true)
      expect(L.data.every((x) => Math.abs(x) <= 1)).toBe(true)
      expect(L.equals(L.tril()) && U.equals(U.triu())).toBe(true)
      expect(L.diagonal().data.every((x) => x === 1)).toBe(true)
    }
  })

  test('R is a triangle, its first element of the other sign than that of A, as in LAPACK', () => {
    for (const [m, n] of SHAPES.filter(([m]) => m > 1)) {
      const a = random(m, n, m)
      const { R } = linalg.qr(a)
      expect(R.equals(R.triu())).toBe(true)
      expect(Math.sign(R.get(0, 0))).toBe(-Math.sign(a.get(0, 0)))
    }
  })

  test('complex eigenvectors have norm 1 and a real largest element, conjugates are neighbours: within 4nε', () => {
    for (const n of [2, 3, 8, 33]) {
      const { values, vectors } = linalg.eig(random(n, n, n))
      for (let j = 0; j < n; j++) {
        const [re, im] = [vectors.re.col(j), vectors.im.col(j)]
        const sizes = Array.from(re.square().add(im.square()).data)
        expect(Math.abs(sizes.reduce((x, y) => x + y) - 1)).toBeLessThanOrEqual(4 * n * EPSILON)
        const largest = sizes.indexOf(Math.max(...sizes))
        const imaginary = values.im.get(j, 0)
        expect(Math.abs(im.get(largest, 0))).toBe(0)
        if (imaginary > 0) {
          expect(values.re.get(j + 1, 0)).toBe(values.re.get(j, 0))
          expect(values.im.get(j + 1, 0)).toBe(-imaginary)
          expect(vectors.re.col(j + 1).equals(re) && vectors.im.col(j + 1).equals(im.neg())).toBe(true)
        }
      }
    }
  })

  test('eig of 300 Hessenberg matrices from 2^−450 to 2^450 converges, to vectors of norm 1 within 4nε', () => {
    const draw = noise(3)
    for (let seed = 0; seed < 300; seed++) {
      const n = 2 + (seed % 24)
      const a = fill(n, n, (i, j) => (i > j + 1 ? 0 : (2 * draw() - 1) * 2 ** Math.round(900 * draw() - 450)))
      const { re, im } = linalg.eig(a).vectors
      const off = re.square().add(im.square()).sum(0).sub(1).abs().max().item()
      expect(off).toBeLessThanOrEqual(4 * n * EPSILON)
    }
  })

  test('cholesky, eigh and eigvalsh read the lower triangle only', () => {
    for (const [n] of SQUARES) {
      const a = positive(random(n, n, n))
      const other = a.tril().add(random(n, n, 5).triu(1))
      expect(identical(linalg.cholesky(other), linalg.cholesky(a.tril()))).toBe(true)
      expect(identical(linalg.eigvalsh(other), linalg.eigvalsh(a.tril()))).toBe(true)
      expect(identical(linalg.eigh(other).vectors, linalg.eigh(a.tril()).vectors)).toBe(true)
      expect(
        linalg
          .cholesky(a)
          .diagonal()
          .data.every((x) => x > 0),
      ).toBe(true)
    }
  })

  test('solve, lstsq: both dtypes promote to float64', () => {
    const [a, b] = [random(3, 3, 1, 'float32'), random(3, 1, 2)]
    expect(linalg.solve(a, b).dtype).toBe('float64')
    expect(linalg.lstsq(a, b).x.dtype).toBe('float64')
  })
})

describe('rank, pseudo-inverse, least squares', () => {
  const ofRank = (m: number, n: number, rank: number): Matrix => random(m, rank, m).matmul(random(rank, n, n))
  const RANKS: readonly [number, number, number][] = [
    [5, 5, 5],
    [5, 5, 3],
    [9, 4, 4],
    [9, 4, 2],
    [4, 9, 4],
    [4, 9, 1],
    [40, 30, 17],
    [6, 3, 0],
  ]

  test.each(RANKS)('%dx%d of rank %d: rank, and the dimensions of both spaces', (m, n, rank) => {
    const a = ofRank(m, n, rank)
    const [kernel, range] = [linalg.nullSpace(a), linalg.orth(a)]
    expect(linalg.matrixRank(a)).toBe(rank)
    expect(linalg.matrixRank(a.mul(2 ** -500))).toBe(rank)
    expect(linalg.matrixRank(a.astype('float32'))).toBe(rank)
    expect(kernel.shape).toEqual([n, n - rank])
    expect(range.shape).toEqual([m, rank])
    expect(Math.max(orthogonality(kernel), orthogonality(range))).toBeLessThan(35)
    const size = Math.max(m, n) * EPSILON * norm1(a)
    expect(norm1(a.matmul(kernel))).toBeLessThanOrEqual(35 * size)
    const projected = range.matmul(range.matmul(a, { transposeA: true }))
    expect(norm1(projected.sub(a))).toBeLessThanOrEqual(35 * size)
  })

  test.each(RANKS)('%dx%d of rank %d: the four equations of Penrose within 35·max(m, n)·ε·cond', (m, n, rank) => {
    const a = ofRank(m, n, rank)
    const p = linalg.pinv(a)
    const [left, right] = [a.matmul(p), p.matmul(a)]
    const s = linalg.svdvals(a)
    const unit = 35 * Math.max(m, n) * EPSILON * (rank === 0 ? 1 : s.data[0] / s.data[rank - 1])
    expect(norm1(left.matmul(a).sub(a))).toBeLessThanOrEqual(unit * norm1(a))
    expect(norm1(right.matmul(p).sub(p))).toBeLessThanOrEqual(unit * norm1(p))
    expect(norm1(left.sub(left.T))).toBeLessThanOrEqual(unit * Math.max(m, n))
    expect(norm1(right.sub(right.T))).toBeLessThanOrEqual(unit * Math.max(m, n))
  })

  test.each(RANKS)(
    '%dx%d of rank %d: lstsq has the least residual and the least norm, within 35·max(m, n)·ε·cond',
    (m, n, rank) => {
      const [a, b] = [ofRank(m, n, rank), random(m, 3, 9)]
      const { x, residuals, rank: found, singularValues } = linalg.lstsq(a, b)
      expect(found).toBe(rank)
      expect(identical(singularValues, linalg.svdvals(a))).toBe(true)
      const residual = a.matmul(x).sub(b)
      const s = singularValues.data
      const unit = 35 * Math.max(m, n) * EPSILON * (rank === 0 ? 1 : s[0] / s[rank - 1])
      expect(norm1(a.matmul(residual, { transposeA: true }))).toBeLessThanOrEqual(unit * norm1(a.T) * norm1(b) * m)
      expect(norm1(linalg.nullSpace(a).matmul(x, { transposeA: true }))).toBeLessThanOrEqual(unit * (norm1(x) + 1))
      if (m > n && rank === n) expect(residuals.allClose(residual.square().sum(0), { rtol: 1e-12, atol: 0 })).toBe(true)
      else expect(residuals.shape).toEqual([1, 0])
    },
  )

  test('a tolerance of the user leaves out what lies below', () => {
    const a = fill(3, 3, (i, j) => (i === j ? 10 ** -i : 0))
    expect(linalg.matrixRank(a, 0.05)).toBe(2)
    expect(linalg.matrixRank(a.mul(2 ** 500), 0.05 * 2 ** 500)).toBe(2)
    expect(linalg.pinv(a, 0.05).get(2, 2)).toBe(0)
    expect(linalg.nullSpace(a, 0.05).cols).toBe(1)
    const b = fill(3, 1, () => 1)
    expect(linalg.lstsq(a, b, 0.05).rank).toBe(2)
    expect(linalg.lstsq(a, b, 0.05).x.toArray()).toEqual([[1], [1 / 0.1], [0]])
    expect(linalg.lstsq(a, b).x.get(2, 0)).toBe(1 / 0.01)
    // As in NumPy, a singular value that equals the tolerance is left out.
    const even = fill(2, 2, (i, j) => (i === j ? 2 ** -i : 0))
    expect(linalg.lstsq(even, b.slice(0, 2), 0.5).rank).toBe(1)
    expect(linalg.pinv(even, 0.5).get(1, 1)).toBe(0)
    expect(linalg.orth(a, 0.05).cols).toBe(2)
  })
})

describe('determinants', () => {
  test('of whole numbers, of exchanged rows, beyond the range of float64 (its logarithm within 2 ulp)', () => {
    expect(
      linalg.det(
        matrix(
          [
            [0, 1],
            [1, 0],
          ],
          { dtype: 'float64' },
        ),
      ),
    ).toBe(-1)
    expect(
      linalg.det(
        matrix([
          [2, 1],
          [4, 5],
        ]),
      ),
    ).toBe(6)
    expect(linalg.det(zeros(3, 3))).toBe(0)
    const diagonal = (...values: number[]): Matrix =>
      fill(values.length, values.length, (i, j) => (i === j ? values[i] : 0))
    const [large, small] = [2 ** 900, 2 ** -900]
    expect(linalg.det(diagonal(large, large, small, small))).toBe(1)
    expect(linalg.det(diagonal(small, small, large, large))).toBe(1)
    expect(linalg.det(diagonal(large, large, -large))).toBe(Number.NEGATIVE_INFINITY)
    const { sign, logAbsDet } = linalg.slogdet(diagonal(large, large, -large))
    expect(sign).toBe(-1)
    expect(ulps(logAbsDet, 2700 * Math.LN2, 'float64')).toBeLessThanOrEqual(2)
    expect(linalg.det(diagonal(small, small))).toBe(0)
    expect(linalg.slogdet(zeros(2, 2))).toEqual({ sign: 0, logAbsDet: Number.NEGATIVE_INFINITY })
  })
})

describe('norms and condition numbers', () => {
  const a = matrix(
    [
      [1, -2, 3],
      [-4, 5, -6.5],
    ],
    { dtype: 'float64' },
  )
  test.each<[linalg.NormOrder, number]>([
    ['fro', Math.sqrt(97.25)],
    [1, 9.5],
    [-1, 5],
    [Number.POSITIVE_INFINITY, 15.5],
    [Number.NEGATIVE_INFINITY, 6],
    ['max', 6.5],
  ])('norm of order %s', (ord, wanted) => {
    expect(linalg.norm(a, ord)).toBe(wanted)
    expect(linalg.norm(a.astype('float32'), ord)).toBe(wanted)
  })

  test.each<[number[], number]>([
    [[2 ** 600, 2 ** 600, 2 ** 600, 2 ** 600], 2 ** 601],
    [[2 ** 600, 2 ** -600], 2 ** 600],
    [[2 ** -600, 2 ** -600, 2 ** -600, 2 ** -600], 2 ** -599],
    [[3 * 2 ** -1074, 4 * 2 ** -1074], 5 * 2 ** -1074],
    [[2 ** 1023, 2 ** 1023, 2 ** 1023, 2 ** 1023], Number.POSITIVE_INFINITY],
    [[3 * 2 ** 1020, -4 * 2 ** 1020], 5 * 2 ** 1020],
    [[3 * 2 ** -448, 4 * 2 ** -448], 5 * 2 ** -448],
    [[3 * 2 ** -452, 4 * 2 ** -452], 5 * 2 ** -452],
  ])('norm of %j, whose squares overflow or vanish', (values, wanted) => {
    expect(linalg.norm(matrix([values], { dtype: 'float64' }))).toBe(wanted)
  })

  test('norms of the singular values', () => {
    const { data } = linalg.svdvals(a)
    expect(linalg.norm(a, 2)).toBe(data[0])
    expect(linalg.norm(a, -2)).toBe(data[1])
    expect(linalg.norm(a, 'nuc')).toBe(data[0] + data[1])
  })

  test('cond is the product of the norms of A and A⁻¹, Infinity where there is none', () => {
    const b = random(4, 4, 3)
    for (const ord of ['fro', 'nuc', 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const) {
      expect(linalg.cond(b, ord)).toBe(linalg.norm(b, ord) * linalg.norm(linalg.inv(b), ord))
      expect(linalg.cond(zeros(2, 2), ord)).toBe(Number.POSITIVE_INFINITY)
    }
    const { data } = linalg.svdvals(a)
    expect(linalg.cond(a)).toBe(data[0] / data[1])
    expect(linalg.cond(a, -2)).toBe(data[1] / data[0])
    expect(linalg.cond(zeros(2, 2))).toBe(Number.POSITIVE_INFINITY)
    expect(linalg.cond(zeros(2, 2), -2)).toBe(Number.POSITIVE_INFINITY)
    expect(
      linalg.cond(
        matrix([
          [1, 0],
          [0, 0],
        ]),
        -2,
      ),
    ).toBe(0)
  })
})

describe('exponential and powers', () => {
  test('whole powers of whole numbers are exact', () => {
    const a = matrix(
      [
        [1, 1],
        [1, 0],
      ],
      { dtype: 'float64' },
    )
    expect(linalg.matrixPower(a, 70).get(0, 1)).toBe(190392490709135)
    expect(linalg.matrixPower(a, 0).equals(identity(2))).toBe(true)
    expect(linalg.matrixPower(a, 1).equals(a)).toBe(true)
    expect(
      linalg.matrixPower(a, -3).equals(
        matrix([
          [-1, 2],
          [2, -3],
        ]),
      ),
    ).toBe(true)
  })

  test('the exponential of a nilpotent matrix, of a rotation, of a triangle that is not normal: within 100ε', () => {
    const close = (found: Matrix, rows: number[][]): void => {
      const wanted = matrix(rows, { dtype: 'float64' })
      expect(norm1(found.sub(wanted))).toBeLessThanOrEqual(100 * EPSILON * norm1(wanted))
    }
    close(linalg.expm(fill(3, 3, (i, j) => Number(j === i + 1))), [
      [1, 1, 0.5],
      [0, 1, 1],
      [0, 0, 1],
    ])
    for (const t of [1e-9, 1e-3, 0.01, 0.1, 0.3, 1, 2, 5])
      close(linalg.expm(fill(2, 2, (i, j) => (i === j ? 0 : i < j ? t : -t))), [
        [Math.cos(t), Math.sin(t)],
        [-Math.sin(t), Math.cos(t)],
      ])
    close(
      linalg.expm(
        matrix(
          [
            [1, 1e6],
            [0, -1],
          ],
          { dtype: 'float64' },
        ),
      ),
      [
        [Math.E, 1e6 * Math.sinh(1)],
        [0, 1 / Math.E],
      ],
    )
    close(linalg.expm(matrix([[-1e300]], { dtype: 'float64' })), [[0]])
    close(linalg.expm(zeros(2, 2)), [
      [1, 0],
      [0, 1],
    ])
  })

  test('e^A·e^−A = I for every degree: within 100·n·ε·‖e^A‖·‖e^−A‖', () => {
    for (const size of [1e-3, 0.05, 0.3, 1, 3, 20]) {
      const a = random(6, 6, 4).mul(size / 6)
      const [plus, minus] = [linalg.expm(a), linalg.expm(a.neg())]
      const bound = 100 * 6 * EPSILON * norm1(plus) * norm1(minus)
      expect(norm1(plus.matmul(minus).sub(identity(6)))).toBeLessThanOrEqual(bound)
    }
  })
})

describe('truncated and random', () => {
  test('the truncated SVD of rank k is off by the next singular value (Eckart & Young): within 35·n·ε·‖A‖', () => {
    const a = random(20, 12, 8)
    const s = linalg.svdvals(a).data
    for (const k of [0, 1, 5, 11]) {
      const { U, S, Vh } = linalg.truncatedSvd(a, k)
      const off = linalg.norm(a.sub(U.mul(S.T).matmul(Vh)), 2)
      expect(Math.abs(off - s[k])).toBeLessThanOrEqual(35 * 20 * EPSILON * s[0])
    }
  })

  test('randomizedSvd finds a matrix of rank k: within 35·n·ε·‖A‖', () => {
    for (const [m, n] of [
      [60, 40],
      [40, 60],
    ]) {
      const a = random(m, 5, m).matmul(random(5, n, n))
      const { U, S, Vh } = linalg.randomizedSvd(a, 5, { generator: generator() })
      expect(norm1(U.mul(S.T).matmul(Vh).sub(a))).toBeLessThanOrEqual(35 * 60 * EPSILON * norm1(a))
      expect(Math.max(orthogonality(U), orthogonality(Vh.T))).toBeLessThan(35)
    }
  })

  test('randomizedSvd of slowly falling singular values: the expected error of Halko, Martinsson & Tropp, times 2', () => {
    const q = orthogonal(80, noise(1))
    const a = q.mul(fill(1, 80, (_, j) => 1 / (j + 1))).matmul(orthogonal(80, noise(2)))
    const k = 10
    for (const powerIterations of [0, 1, 2]) {
      const { U, S, Vh } = linalg.randomizedSvd(a, k, { oversampling: k, powerIterations, generator: generator() })
      const off = linalg.norm(a.sub(U.mul(S.T).matmul(Vh)), 2)
      const expected = (1 / (k + 1)) * (1 + (1 + 4 * Math.sqrt((2 * 80) / (k - 1))) ** (1 / (2 * powerIterations + 1)))
      expect(off).toBeLessThanOrEqual(2 * expected)
      expect(off).toBeGreaterThanOrEqual((1 - 80 * 35 * EPSILON) / (k + 1))
    }
  })

  test.each(DTYPES)('orthogonal: QᵀQ = I within 30·n·ε, of the dtype and the generator (%s)', (dtype) => {
    for (const [m, n] of SHAPES) {
      const q = linalg.orthogonal(m, n, { dtype, generator: generator() })
      expect(q.shape).toEqual([m, n])
      expect(q.dtype).toBe(dtype)
      const tall = (m >= n ? q : q.T).astype('float64')
      const off = norm1(tall.matmul(tall, { transposeA: true }).sub(identity(tall.cols)))
      expect(off).toBeLessThanOrEqual(30 * tall.rows * 2 * UNIT[dtype])
      expect(identical(q, linalg.orthogonal(m, n, { dtype, generator: generator() }))).toBe(true)
    }
    expect(linalg.orthogonal(2, 2).dtype).toBe('float32')
  })

  test('orthogonal has no preferred sign: the mean of the first element over 1000 draws within 5 deviations of 0', () => {
    const source = generator()
    let sum = 0
    for (let i = 0; i < 1000; i++) sum += linalg.orthogonal(3, 3, { dtype: 'float64', generator: source }).get(0, 0)
    // The square of an element has the mean 1/3.
    expect(Math.abs(sum / 1000)).toBeLessThanOrEqual(5 * Math.sqrt(1 / 3 / 1000))
  })
})

describe('empty matrices are what they are in NumPy', () => {
  const shapes = (value: unknown): string =>
    matricesIn(value)
      .map(({ rows, cols }) => `${rows}x${cols}`)
      .join(' ')
  const empty = (rows: number, cols: number): Matrix => zeros(rows, cols, { dtype: 'float64' })

  test.each<[string, unknown, string]>([
    ['inv 0x0', linalg.inv(empty(0, 0)), '0x0'],
    ['pinv 0x3', linalg.pinv(empty(0, 3)), '3x0'],
    ['pinv 3x0', linalg.pinv(empty(3, 0)), '0x3'],
    ['solve 0x0', linalg.solve(empty(0, 0), empty(0, 2)), '0x2'],
    ['solve with no columns', linalg.solve(identity(3), empty(3, 0)), '3x0'],
    ['lstsq 0x3', linalg.lstsq(empty(0, 3), empty(0, 2)), '3x2 1x0 0x1'],
    ['lstsq 3x0', linalg.lstsq(empty(3, 0), empty(3, 2)), '0x2 1x2 0x1'],
    ['lu 0x3', linalg.lu(empty(0, 3)), '0x0 0x0 0x3'],
    ['lu 3x0', linalg.lu(empty(3, 0)), '3x3 3x0 0x0'],
    ['qr 0x3', linalg.qr(empty(0, 3)), '0x0 0x3'],
    ['qr 3x0', linalg.qr(empty(3, 0)), '3x0 0x0'],
    ['qr 3x0, complete', linalg.qr(empty(3, 0), { mode: 'complete' }), '3x3 3x0'],
    ['cholesky 0x0', linalg.cholesky(empty(0, 0)), '0x0'],
    ['eigh 0x0', linalg.eigh(empty(0, 0)), '0x1 0x0'],
    ['eig 0x0', linalg.eig(empty(0, 0)), '0x1 0x1 0x0 0x0'],
    ['svd 0x3', linalg.svd(empty(0, 3)), '0x0 0x1 0x3'],
    ['svd 3x0', linalg.svd(empty(3, 0)), '3x0 0x1 0x0'],
    ['svd 3x0, full', linalg.svd(empty(3, 0), { fullMatrices: true }), '3x3 0x1 0x0'],
    ['svd 0x3, full', linalg.svd(empty(0, 3), { fullMatrices: true }), '0x0 0x1 3x3'],
    ['svdvals 0x0', linalg.svdvals(empty(0, 0)), '0x1'],
    ['truncatedSvd 3x0', linalg.truncatedSvd(empty(3, 0), 0), '3x0 0x1 0x0'],
    ['randomizedSvd 3x0', linalg.randomizedSvd(empty(3, 0), 0), '3x0 0x1 0x0'],
    ['expm 0x0', linalg.expm(empty(0, 0)), '0x0'],
    ['matrixPower 0x0', linalg.matrixPower(empty(0, 0), 5), '0x0'],
    ['nullSpace 0x3', linalg.nullSpace(empty(0, 3)), '3x3'],
    ['orth 3x0', linalg.orth(empty(3, 0)), '3x0'],
    ['orthogonal 0x3', linalg.orthogonal(0, 3), '0x3'],
  ])('%s', (_, value, wanted) => {
    expect(shapes(value)).toBe(wanted)
  })

  test('numbers, identities and residuals', () => {
    expect(linalg.det(empty(0, 0))).toBe(1)
    expect(linalg.slogdet(empty(0, 0))).toEqual({ sign: 1, logAbsDet: 0 })
    expect(linalg.matrixRank(empty(0, 3))).toBe(0)
    for (const ord of ['fro', 'nuc', 'max', 1, 2, Number.POSITIVE_INFINITY] as const)
      expect(linalg.norm(empty(0, 3), ord)).toBe(0)
    expect(linalg.svd(empty(3, 0), { fullMatrices: true }).U.equals(identity(3))).toBe(true)
    expect(linalg.nullSpace(empty(0, 3)).equals(identity(3))).toBe(true)
    expect(
      linalg
        .lstsq(
          empty(3, 0),
          fill(3, 1, (i) => i),
        )
        .residuals.item(),
    ).toBe(5)
  })
})
