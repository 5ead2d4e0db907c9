// What would overflow or vanish on the way to results that are numbers like any other.

import { eye, full, Generator, linalg, Matrix, matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { fill, growth, identity } from './linalg-matrices.ts'
import { choleskyRatio, inverseRatio, luRatio, norm1, solveRatio } from './linalg-ratios.ts'
import { between, identical, noise, sample, ulps } from './support.ts'

const EPSILON = 2 ** -52

const diagonal = (...values: number[]): Matrix =>
  fill(values.length, values.length, (i, j) => (i === j ? values[i] : 0))

/** x·2^k in two steps, exact where nothing is subnormal. */
const times = (x: number, k: number): number => x * 2 ** Math.trunc(k / 2) * 2 ** (k - Math.trunc(k / 2))

/** Rows and columns times powers of two. */
const scaledBy = (a: Matrix, rows: readonly number[], cols: readonly number[], sign = 1): Matrix =>
  fill(a.rows, a.cols, (i, j) => times(a.get(i, j), sign * (rows[i] + cols[j])))

/** a·2^k, exact where nothing is subnormal. */
const shift = (a: Matrix, k: number): Matrix => fill(a.rows, a.cols, (i, j) => times(a.get(i, j), k))

const SHAPES: readonly [number, number][] = [
  [1, 1],
  [2, 2],
  [5, 5],
  [20, 20],
  [9, 4],
  [4, 9],
  [40, 9],
]

const some = (count: number, draw: () => number): number[] =>
  Array.from({ length: count }, () => Math.round(480 * (2 * draw() - 1)))

/** det of a matrix of whole numbers (Bareiss 1968). */
function exactDet(a: Matrix): bigint {
  const n = a.rows
  const rows = a.toArray().map((row) => row.map(BigInt))
  let [sign, last] = [1n, 1n]
  for (let k = 0; k < n - 1; k++) {
    const pivot = rows.findIndex((row, i) => i >= k && row[k] !== 0n)
    if (pivot < 0) return 0n
    if (pivot !== k) {
      ;[rows[k], rows[pivot]] = [rows[pivot], rows[k]]
      sign = -sign
    }
    for (let i = k + 1; i < n; i++)
      for (let j = k + 1; j < n; j++) rows[i][j] = (rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]) / last
    last = rows[k][k]
  }
  return sign * rows[n - 1][n - 1]
}

/** a/b for whole numbers as m·2^e, 1/2 < |m| < 2. */
function quotient(a: bigint, b: bigint): { m: number; e: number } {
  if (a === 0n) return { m: 0, e: 0 }
  const bits = (x: bigint): number => (x < 0n ? -x : x).toString(2).length
  const e = bits(a) - bits(b)
  const wide = e < 64 ? (a << BigInt(64 - e)) / b : a / (b << BigInt(e - 64))
  return { m: Number(wide) * 2 ** -64, e }
}

/** det A·2^(1100·n), and for every element of X with A·X = B what it is exactly, for exponents from −1100 on. */
function exactly(a: Matrix, b: Matrix): { det: bigint; x: { m: number; e: number }[][] } {
  const n = a.rows
  const whole = (x: number): bigint => {
    const e = x === 0 ? 0 : Math.floor(Math.log2(Math.abs(x))) - 60
    return e + 1100 >= 0 ? BigInt(times(x, -e)) << BigInt(e + 1100) : BigInt(times(x, 1100))
  }
  const rows = Array.from({ length: n }, (_, i) => [...a.toArray()[i], ...b.toArray()[i]].map(whole))
  let [sign, last] = [1n, 1n]
  for (let k = 0; k < n; k++) {
    const pivot = rows.findIndex((row, i) => i >= k && row[k] !== 0n)
    if (pivot < 0) return { det: 0n, x: [] }
    if (pivot !== k) {
      ;[rows[k], rows[pivot]] = [rows[pivot], rows[k]]
      sign = -sign
    }
    for (let i = 0; i < n; i++) {
      if (i === k) continue
      const by = rows[i][k]
      for (let j = 0; j < rows[i].length; j++) rows[i][j] = (rows[i][j] * rows[k][k] - by * rows[k][j]) / last
    }
    last = rows[k][k]
  }
  return { det: sign * last, x: rows.map((row) => row.slice(n).map((value) => quotient(value, last))) }
}

describe('elements that grow in the elimination, of sizes to 150', () => {
  const SIZES = Array.from({ length: 150 }, (_, i) => i + 1)
  /** Those that are small, and every seventh. */
  const SOME = SIZES.filter((n) => n <= 20 || n % 7 === 0)

  test.each([1e280, 1e-280, 2 ** 960, 1e300, 2 ** 1018, 1, -3e290])(
    'scale %d: the logarithm of det within 8 ulp, B − A·X and I − A·A⁻¹ below 30, cond of order 1 within 35·n²·ε',
    (scale) => {
      for (const n of SIZES) {
        const a = growth(n).mul(scale)
        const { sign, logAbsDet } = linalg.slogdet(a)
        const wanted = (n - 1) * Math.LN2 + n * Math.log(Math.abs(scale))
        expect(sign).toBe(Math.sign(scale) ** n)
        expect(Math.abs(logAbsDet - wanted)).toBeLessThanOrEqual(8 * EPSILON * Math.max(1, Math.abs(wanted)))
        if (!SOME.includes(n)) continue
        const near = 2 ** -Math.round(Math.log2(Math.abs(scale)))
        const draw = noise(n)
        const b = fill(n, 2, () => draw() - 0.5)
        expect(solveRatio(a.mul(near), b, linalg.solve(a, b).mul(1 / near))).toBeLessThan(30)
        expect(inverseRatio(a.mul(near), linalg.inv(a).mul(1 / near))).toBeLessThan(30)
        expect(Math.abs(linalg.cond(a, 1) / n - 1)).toBeLessThanOrEqual(35 * n * n * EPSILON)
      }
    },
  )

  test('whose elements are moved at random: B − A·X and I − A·A⁻¹ below 30', () => {
    for (const n of SIZES.filter((n) => n % 10 === 0)) {
      const draw = noise(n)
      const a = growth(n).mul(fill(n, n, () => 1 - 0.01 * draw()))
      const b = fill(n, 2, () => draw() - 0.5)
      for (const scale of [1, 2 ** 1000]) {
        const large = a.mul(scale)
        expect(solveRatio(a, b, linalg.solve(large, b).mul(scale))).toBeLessThan(30)
        expect(inverseRatio(a, linalg.inv(large).mul(scale))).toBeLessThan(30)
      }
    }
  })

  test('the logarithm of a determinant of 1100 x 1100, whose last pivot is 2^1099: within 2 ulp', () => {
    const { sign, logAbsDet } = linalg.slogdet(growth(1100))
    expect(sign).toBe(1)
    expect(ulps(logAbsDet, 1099 * Math.LN2, 'float64')).toBeLessThanOrEqual(2)
  })

  test('det and lu are exact where they are powers of two within the range, det ±Infinity beyond', () => {
    for (const n of SIZES) {
      const a = growth(n)
      expect(linalg.det(a)).toBe(2 ** (n - 1))
      expect(linalg.det(a.mul(2 ** 900))).toBe(900 * n + n - 1 > 1023 ? Number.POSITIVE_INFINITY : 2 ** 900)
      const large = a.mul(2 ** (1024 - n))
      const [plain, { L, U }] = [linalg.lu(a), linalg.lu(large)]
      expect(identical(L, plain.L)).toBe(true)
      expect(identical(U, plain.U.mul(2 ** (1024 - n)))).toBe(true)
    }
  })
})

describe('rows and columns that are up to 2000 binary orders apart', () => {
  const matrices = [2, 3, 5, 10, 50, 150].flatMap((n) =>
    Array.from({ length: n > 50 ? 2 : 10 }, (_, seed) => {
      const draw = noise(100 * n + seed)
      const whole = fill(n, n, () => Math.round(200 * draw() - 100))
      const [rows, cols] = [some(n, draw), some(n, draw)]
      return { n, whole, rows, cols, a: scaledBy(whole, rows, cols), cond: linalg.cond(whole, 1) }
    }),
  )

  test('I − A·A⁻¹ and B − A·X of the matrix before: below 30', () => {
    for (const { n, whole, rows, cols, a } of matrices) {
      expect(inverseRatio(whole, scaledBy(linalg.inv(a), cols, rows))).toBeLessThan(30)
      const b = fill(n, 2, (i, j) => 2 ** rows[i] * (1 + i + j))
      const near = fill(n, 2, (i, j) => 1 + i + j)
      expect(solveRatio(whole, near, scaledBy(linalg.solve(a, b), cols, [0, 0]))).toBeLessThan(30)
    }
  })

  test('det of whole numbers, scaled, within n·ε·cond; slogdet within that and 8 ulp', () => {
    for (const { n, whole, rows, cols, a, cond } of matrices.filter(({ n }) => n <= 10)) {
      const exact = exactDet(whole)
      const exponent = [...rows, ...cols].reduce((x, y) => x + y)
      const { sign, logAbsDet } = linalg.slogdet(a)
      expect(sign).toBe(exact < 0n ? -1 : 1)
      const wanted = Math.log(Math.abs(Number(exact))) + exponent * Math.LN2
      const most = n * EPSILON * cond + 8 * EPSILON * Math.abs(wanted)
      expect(Math.abs(logAbsDet - wanted)).toBeLessThanOrEqual(most)
      if (Math.abs(wanted) < 700)
        expect(Math.abs(linalg.det(a) / times(Number(exact), exponent) - 1)).toBeLessThanOrEqual(n * EPSILON * cond)
    }
  })

  test('small ones, exactly', () => {
    const a = fill(2, 2, (i, j) => (i === 0 ? 2 ** 1000 : j === 0 ? 2 ** -1000 : -(2 ** -1000)))
    expect(linalg.inv(a).toArray()).toEqual([
      [2 ** -1001, 2 ** 999],
      [2 ** -1001, -(2 ** 999)],
    ])
    expect(linalg.det(a)).toBe(-2)
    expect(linalg.inv(diagonal(1e300, 1e-300)).toArray()).toEqual([
      [1 / 1e300, 0],
      [0, 1 / 1e-300],
    ])
    expect(linalg.inv(diagonal(3 * 2 ** 1020)).item()).toBe(2 ** -1020 / 3)
    const triangle = fill(2, 2, (i, j) => (i > j ? 0 : j === 0 ? 1 : 2 ** 900))
    // x₁ = 2⁻¹⁸⁰⁰ is no float64, and 2⁹⁰⁰ times it is half of b₀.
    expect(
      linalg
        .solve(
          triangle,
          fill(2, 1, (i) => (2 ** (i - 900) * (i + 1)) / (3 * i + 1)),
        )
        .get(0, 0),
    ).toBe(0)
  })

  test('x₁ = 2⁻¹¹⁸⁰ is no float64, and 2¹⁸⁰ times it is half of b₀', () => {
    const a = fill(2, 2, (i, j) => (i > j ? 0 : j === 0 ? 1 : 2 ** 180))
    expect(
      linalg
        .solve(
          a,
          fill(2, 1, (i) => 2 ** (-999 - i)),
        )
        .toArray(),
    ).toEqual([[2 ** -1000], [0]])
  })

  test('triangles lose nothing of pivots and of solutions that would be subnormal on the way', () => {
    const float64 = { dtype: 'float64' } as const
    const one = 1 + 2 ** -10
    const far = matrix(
      [
        [2 ** 1000, 0],
        [0, one * 2 ** -470],
      ],
      float64,
    )
    const column = matrix([[2 ** 1000], [one * 2 ** -470]], float64)
    const near = matrix(
      [
        [3 * 2 ** -600, 0],
        [0, 5 * 2 ** -600],
      ],
      float64,
    )
    for (const upper of [true, false]) {
      expect(linalg.solveTriangular(far, column, { upper }).toArray()).toEqual([[1], [1]])
      expect(linalg.solveTriangular(near, full(2, 1, 2 ** -1070, float64), { upper }).toArray()).toEqual([
        [2 ** -470 / 3],
        [2 ** -470 / 5],
      ])
    }
  })

  test('what solve takes out of b keeps what is small beside it', () => {
    expect(
      linalg
        .solve(
          identity(2),
          fill(2, 1, (i) => (i === 0 ? 1e300 : 1e-300)),
        )
        .toArray(),
    ).toEqual([[1e300], [1e-300]])
    const a = fill(3, 3, (i, j) => (i === 0 || j === 0 ? Number(i === j) : 2 ** -1066 * (i === j ? 3 : 1)))
    expect(Math.abs(linalg.slogdet(a).logAbsDet / (Math.log(8) - 2132 * Math.LN2) - 1)).toBeLessThanOrEqual(8 * EPSILON)
  })

  test('lu of an element that overflows in one step and comes back in the next', () => {
    const n = 100
    const a = growth(n).mul(1.5 * 2 ** 926)
    a.set(98, 97, 0)
    a.set(99, 98, -a.get(99, 98))
    const last = Array.from(linalg.lu(a).U.col(99).data)
    expect(last).toEqual(Array.from({ length: n }, (_, i) => 1.5 * 2 ** (926 + Math.min(i, 97))))
  })

  test('lu leaves what is small beside the largest element, and A − P·L·U is below 30', () => {
    const triangle = fill(2, 2, (i, j) => (i === 1 && j === 1 ? 1e-300 : i > j ? 0 : j === 0 ? 1 : 1e300))
    expect(linalg.lu(triangle).U.equals(triangle)).toBe(true)
    for (const { a } of matrices) expect(luRatio(a.mul(2 ** -40), linalg.lu(a.mul(2 ** -40)))).toBeLessThan(30)
  })
})

describe('elements that are up to 2000 binary orders apart, beside exact rational arithmetic', () => {
  type Kind = (n: number, element: () => number, draw: () => number) => Matrix
  const shuffled = (a: Matrix, draw: () => number): Matrix => {
    const order = Array.from({ length: a.rows }, draw)
    const by = [...order.keys()].sort((i, j) => order[i] - order[j])
    return fill(a.rows, a.cols, (i, j) => a.get(by[i], j))
  }
  /** One large element in each row and column of a block. */
  const blocks = (n: number, draw: () => number, sizes: number[][]): Matrix => {
    const half = n >> 1
    const of = (i: number): number => (i < half ? 0 : 1)
    return fill(n, n, (i, j) => (draw() - 0.5 + (i === j ? 2 : 0)) * sizes[of(i)][of(j)])
  }
  const KINDS: [string, Kind][] = [
    ['of any exponents', (n, element) => fill(n, n, element)],
    [
      'triangles whose rows are exchanged',
      (n, element, draw) =>
        shuffled(
          fill(n, n, (i, j) => (i > j ? 0 : element())),
          draw,
        ),
    ],
    ['with many zeros', (n, element, draw) => fill(n, n, (i, j) => (i === j || draw() < 1.5 / n ? element() : 0))],
    [
      'of blocks',
      (n, _, draw) =>
        blocks(n, draw, [
          [1e200, 1],
          [1e-200, 1e-200],
        ]),
    ],
    [
      'of blocks, one of them 0',
      (n, _, draw) =>
        shuffled(
          blocks(n, draw, [
            [1e200, 0],
            [1e-200, 1e-290],
          ]),
          draw,
        ),
    ],
  ]

  test.each(KINDS)(
    '%s: every element of A⁻¹ and x within 1e-12, 0 where it is 0, the logarithm of det within 1e-12',
    (_, kind) => {
      let count = 0
      for (let n = 2; n <= 7; n++)
        for (let seed = 0; seed < 4; seed++)
          for (const reach of [1000, 700, 400]) {
            const draw = noise(1000 * n + 10 * seed + reach)
            const element = (): number =>
              (draw() < 0.5 ? -1 : 1) * (1 + draw()) * 2 ** Math.round(reach * (2 * draw() - 1))
            const a = kind(n, element, draw)
            const b = fill(n, n + 1, (i, j) => (j === 0 ? 1 + draw() : i === j - 1 ? 1 : 0))
            const { det, x } = exactly(a, b)
            const { sign, logAbsDet } = linalg.slogdet(a)
            if (det === 0n) {
              expect(sign).toBe(0)
              continue
            }
            const { m, e } = quotient(det, 1n)
            expect(sign).toBe(Math.sign(m))
            const log = Math.log(Math.abs(m)) + (e - 1100 * n) * Math.LN2
            expect(Math.abs(logAbsDet - log)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(log)))
            const check = (found: Matrix, first: number): void => {
              for (const [i, row] of found.toArray().entries())
                for (const [j, value] of row.entries()) {
                  const { m, e } = x[i][j + first]
                  const wanted = times(m, e)
                  if (!(Math.abs(value - wanted) <= 1e-12 * Math.abs(wanted) + 2 ** -1073))
                    throw new Error(`${value}, wanted ${wanted} at [${i}, ${j}] for ${JSON.stringify(a.toArray())}`)
                }
              count++
            }
            const beyond = (first: number, end: number): boolean =>
              x.some((row) => row.slice(first, end).some(({ e }) => e > 1022))
            if (!beyond(0, 1)) check(linalg.solve(a, b.col(0)), 0)
            if (!beyond(1, n + 1)) check(linalg.inv(a), 1)
          }
      expect(count).toBeGreaterThan(40)
    },
  )

  test('a 0 of a lower triangle is 0 in the inverse', () => {
    const a = fill(2, 2, (i, j) => (i === 0 ? (j === 0 ? 1e200 : 0) : j === 0 ? 1e-200 : 1e-300))
    expect(linalg.inv(a).get(0, 1)).toBe(0)
  })

  test('x of b·2^k is that of b: B − A·X below 30', () => {
    for (const n of [20, 200]) {
      const a = sample(n, n, 'float64', between(-1, 1), noise(n))
      const b = sample(n, 2, 'float64', between(-1, 1), noise(n + 1))
      for (const k of [-990, -700, 700, 1000])
        expect(solveRatio(a, b, shift(linalg.solve(a, shift(b, k)), -k))).toBeLessThan(30)
    }
  })

  test('where every assignment of rows to columns has a 0 the number of the row left over is named', () => {
    const a = fill(3, 3, (i, j) => (j === 2 || i === 0 ? 2 ** (700 * (i - j)) : 0))
    expect(linalg.slogdet(a)).toEqual({ sign: 0, logAbsDet: Number.NEGATIVE_INFINITY })
    expect(linalg.cond(a, 1)).toBe(Number.POSITIVE_INFINITY)
    expect(() => linalg.inv(a)).toThrow('inv: pivot 2 is 0, wanted a matrix of full rank')
  })
})

describe('norms and conditions', () => {
  const ORDERS = ['fro', 'nuc', 'max', 1, -1, 2, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const
  const square = (...values: number[]): Matrix => new Matrix(Float64Array.from(values), 2, 2)

  test.each(ORDERS)('order %s: NaN gives NaN, infinities Infinity or what is left of the smallest', (ord) => {
    for (const dtype of ['float32', 'float64'] as const) {
      for (const other of [0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        expect(linalg.norm(square(1, Number.NaN, 2, other).astype(dtype), ord)).toBe(Number.NaN)
      for (const infinity of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const least =
          ord === -2 ? Number.NaN : ord === -1 || ord === Number.NEGATIVE_INFINITY ? 3 : Number.POSITIVE_INFINITY
        expect(linalg.norm(square(infinity, 1, 1, 2).astype(dtype), ord)).toBe(least)
      }
    }
  })

  test.each(ORDERS)('order %s of 2^1023, subnormal ones and the largest float32: a multiple, within 8 ulp', (ord) => {
    const a = square(1, 0.25, -0.25, 0.5)
    const unit = linalg.norm(a, ord)
    for (const [exponent, dtype] of [
      [1023, 'float64'],
      [-1070, 'float64'],
      [127, 'float32'],
      [-145, 'float32'],
    ] as const) {
      const wanted = unit * 2 ** exponent
      const off = Math.abs(linalg.norm(a.mul(2 ** exponent).astype(dtype), ord) - wanted)
      if (Number.isFinite(wanted)) expect(off).toBeLessThanOrEqual(Math.max(2 ** -1074, 8 * EPSILON * wanted))
      else expect(off).toBe(Number.NaN)
    }
  })

  test.each(ORDERS.filter((ord) => ord !== 'max'))('cond of order %s is that of every multiple, bit for bit', (ord) => {
    for (const n of [1, 2, 5, 30]) {
      const a = sample(n, n, 'float64', between(-1, 1), noise(n))
      const wanted = linalg.cond(a, ord)
      for (const exponent of [1023, 1000, 500, 250, -250, -500, -960])
        expect(linalg.cond(a.mul(2 ** exponent), ord)).toBe(wanted)
    }
  })

  test('cond of order 1 where rows are far apart, and of an inverse beyond the range: within 8 ulp', () => {
    expect(linalg.cond(diagonal(2 ** 500, 2 ** -500), 1)).toBe(2 ** 1000)
    expect(linalg.cond(diagonal(1, 2 ** -1023), 1)).toBe(2 ** 1023)
    expect(linalg.cond(diagonal(1, 2 ** -1023), -1)).toBe(2 ** -1023)
    expect(linalg.cond(diagonal(1e300, 1e-300), 1)).toBe(Number.POSITIVE_INFINITY)
    expect(linalg.cond(diagonal(1e30, 1e-30).astype('float32'), 1) / 1e60).toBeCloseTo(1, 6)
  })
})

describe('the exponential of matrices whose norm says little of it', () => {
  const of = (...rows: number[][]): Matrix => fill(rows.length, rows.length, (i, j) => rows[i][j])

  // By Taylor's series and squaring in 900 digits (mpmath).
  test.each<[string, number[][], number[][]]>([
    [
      'of two eigenvalues near 1',
      [
        [1, 1e16],
        [1e-17, -1],
      ],
      [
        [2.7959868665840535, 11936848292680246],
        [1.1936848292680246e-17, 0.4086172080480041],
      ],
    ],
    [
      'upper triangular',
      [
        [1, 5e9],
        [0, -1],
      ],
      [
        [Math.E, 5876005968.2190075],
        [0, 0.36787944117144233],
      ],
    ],
    [
      'lower triangular',
      [
        [1, 0],
        [5e9, -1],
      ],
      [
        [Math.E, 0],
        [5876005968.2190075, 0.36787944117144233],
      ],
    ],
    [
      'near the largest float64',
      [
        [1, 1e300],
        [0, -1],
      ],
      [
        [Math.E, 1.1752011936438016e300],
        [0, 0.36787944117144233],
      ],
    ],
    [
      'with an element that vanishes beside another',
      [
        [1, 1e300],
        [1e-301, -1],
      ],
      [
        [2.7959868665840535, 1.1936848292680247e300],
        [1.1936848292680246e-301, 0.4086172080480041],
      ],
    ],
    [
      'nilpotent',
      [
        [0, 1e300],
        [0, 0],
      ],
      [
        [1, 1e300],
        [0, 1],
      ],
    ],
    [
      'of three eigenvalues',
      [
        [1, 2, 1e12],
        [0, 3, 1e15],
        [0, 0, -40],
      ],
      [
        [Math.E, 17.367255094728623, 400872252606681.3],
        [0, 20.085536923187668, 467105509841573.7],
        [0, 0, 4.248354255291589e-18],
      ],
    ],
    [
      'of blocks',
      [
        [1, 0, 0],
        [1e200, 2, 1e-3],
        [1e250, 3, 4],
      ],
      [
        [Math.E, 0, 0],
        [6.313155810915612e247, 7.413386031564868, 0.023615632168419914],
        [1.7302476357504302e251, 70.84689650525975, 54.6446503684047],
      ],
    ],
    [
      'without a 0 in the result',
      [
        [1, 1e200, 0, 0],
        [0, 2, 1e-200, 0],
        [1e-10, 0, 3, 1e150],
        [0, 0, 1e-150, 1],
      ],
      [
        [2.7182818285677284, 4.670774270498991e200, 4.352832197315951, 1.0868306575951826e150],
        [4.3528321973159516e-210, 7.389056099066719, 1.4463269322726077e-199, 4.352832197315952e-50],
        [1.0110437125410126e-9, 4.3528321973159516e190, 26.205157619108746, 1.0110437125410125e151],
        [3.2660015397207694e-160, 1.0868306575951827e40, 1.0110437125410124e-149, 5.984283368179814],
      ],
    ],
    [
      'stiff and triangular',
      [
        [-1e12, 1e12],
        [0, -2],
      ],
      [
        [0, 0.13533528323688335],
        [0, 0.1353352832366127],
      ],
    ],
    [
      'squared often',
      [
        [-300, 1e5, 3],
        [0, -301, 7],
        [0, 0, 2],
      ],
      [
        [5.148200222412013e-131, 3.254283201552387e-126, 56.5979927135421],
        [0, 1.8939170208596268e-131, 0.1707042663119292],
        [0, 0, 7.38905609893065],
      ],
    ],
  ])('%s: every element within 100 ε', (_, rows, wanted) => {
    for (const [i, row] of linalg
      .expm(of(...rows))
      .toArray()
      .entries())
      for (const [j, value] of row.entries())
        expect(Math.abs(value - wanted[i][j])).toBeLessThanOrEqual(100 * EPSILON * Math.abs(wanted[i][j]))
  })

  test('of D⁻¹·A·D for D of powers of two, D⁻¹·e^A·D: within 100·n·ε·‖e^A‖ before D', () => {
    for (const n of [2, 5, 30, 60])
      for (const density of [1, 0.1]) {
        const draw = noise(n)
        const a = fill(n, n, () => (draw() < density ? (4 * draw() - 2) / Math.sqrt(n) : 0))
        const d = some(n, draw)
        const minus = d.map((exponent) => -exponent)
        const [plain, found] = [linalg.expm(a), scaledBy(linalg.expm(scaledBy(a, minus, d)), d, minus)]
        expect(norm1(found.sub(plain))).toBeLessThanOrEqual(100 * n * EPSILON * norm1(plain))
      }
  })

  test('of 600 matrices with many zeros: 0 where no power of A has an element', () => {
    const draw = noise(5)
    let count = 0
    for (let seed = 0; seed < 600; seed++) {
      const n = 3 + (seed % 6)
      const d = some(n, draw)
      const density = 0.15 + 0.4 * draw()
      const a = fill(n, n, (i, j) => (draw() < density ? (6 * draw() - 3) * 2 ** (d[j] - d[i]) : 0))
      const paths = linalg.matrixPower(a.abs().sign().add(identity(n)), n)
      if (norm1(a) < 2 ** 30) continue
      const isZero = linalg.expm(a).equal(0)
      count += paths.equal(0).sum().item()
      expect(paths.equal(0).greater(isZero).max().item()).toBe(0)
    }
    expect(count).toBeGreaterThan(1000)
  })

  test('of triangles of both kinds that are squared: the diagonal within 2 ulp', () => {
    for (const n of [1, 2, 7, 40])
      for (const size of n < 10 ? [1, 1e4, 1e12] : [1, 1e4]) {
        const draw = noise(n)
        const a = fill(n, n, (i, j) => (i === j ? -600 * draw() : i < j ? size * (draw() - 0.5) : 0))
        for (const each of [a, a.T as Matrix])
          for (const [i, value] of linalg.expm(each).diagonal().data.entries())
            expect(ulps(value, Math.exp(a.get(i, i)), 'float64')).toBeLessThanOrEqual(2)
      }
  })

  test('of matrices whose square is 0: I + A, exactly', () => {
    for (const size of [1e-300, 1e-3, 1, 1e3, 1e6, 2 ** 30, 1e12, 1e16, 2 ** 1000])
      for (const [a, b] of [
        [1, 1],
        [1, -1],
        [2, 1],
        [2 ** -20, 4],
      ]) {
        // u·vᵀ with vᵀ·u = 0.
        const nilpotent = fill(2, 2, (i, j) => (i === 0 ? a : b) * (j === 0 ? b : -a)).mul(size)
        const blocks = fill(5, 5, (i, j) => (i < 2 && j > 2 ? size * (i - j) : 0))
        for (const each of [nilpotent, blocks])
          expect(linalg.expm(each).equals(each.add(identity(each.rows)) as Matrix)).toBe(true)
      }
  })

  test('of float32 beyond its range throws, of float64 up to the largest number does not', () => {
    expect(() => linalg.expm(of([100]).astype('float32'))).toThrow(/expm: element \[0, 0\] .* float32/)
    expect(ulps(linalg.expm(of([709.75])).item(), Math.exp(709.75), 'float64')).toBeLessThanOrEqual(2)
  })
})

describe.each([1000, 960, 500, 400, -400, -500, -960, -1000, -1040, -1060])(
  'factors of matrices near 2^%d',
  (exponent) => {
    // A itself, and a power of two times it that is near 1: 2^-exponent undoes what a result has of the scale.
    const matrices = SHAPES.map(([m, n]) => {
      const a = shift(sample(m, n, 'float64', between(-1, 1), noise(10 * m + n)), exponent)
      return { a, near: shift(a, -exponent), sized: Math.max(m, n) }
    })
    const back = (a: Matrix): Matrix => shift(a, -exponent)
    /** In units of max(m, n)·(ε·‖A‖ + 2·2^−1074), of the near matrix: results are rounded to subnormal numbers. */
    const ratio = (residual: Matrix, near: Matrix, sized: number): number =>
      norm1(residual) / sized / (EPSILON * norm1(near) + 2 ** (-1073 - exponent))

    test('A − Q·R, A − P·L·U and A − U·S·Vh: below 30 with the rounding of subnormal numbers', () => {
      for (const { a, near, sized } of matrices) {
        const [{ Q, R }, { P, L, U: upper }, { U, S, Vh }] = [linalg.qr(a), linalg.lu(a), linalg.svd(a)]
        expect(ratio(Q.matmul(back(R)).sub(near), near, sized)).toBeLessThan(30)
        expect(ratio(P.matmul(L).matmul(back(upper)).sub(near), near, sized)).toBeLessThan(30)
        expect(ratio(U.mul(back(S).T).matmul(Vh).sub(near), near, sized)).toBeLessThan(30)
        const random = linalg.randomizedSvd(a, S.rows)
        expect(ratio(random.U.mul(back(random.S).T).matmul(random.Vh).sub(near), near, sized)).toBeLessThan(60)
      }
    })

    test('A·V − V·Λ, symmetric and general, below 30 with the rounding of subnormal numbers, and A − L·Lᵀ: below 30', () => {
      for (const { a, near, sized } of matrices.filter(({ a }) => a.rows === a.cols)) {
        const general = linalg.eig(a)
        const [re, im] = [back(general.values.re).T, back(general.values.im).T]
        const { vectors: v } = general
        expect(ratio(near.matmul(v.re).sub(v.re.mul(re)).add(v.im.mul(im)), near, sized)).toBeLessThan(30)
        const half = shift(near.add(near.T), -1)
        const { values, vectors } = linalg.eigh(shift(half, exponent))
        const kept = back(shift(half, exponent))
        expect(ratio(kept.matmul(vectors).sub(vectors.mul(back(values).T)), near, sized)).toBeLessThan(30)
        const even = exponent - (exponent % 2)
        const positive = shift(near.matmul(near, { transposeB: true }).add(identity(a.rows)), even)
        expect(choleskyRatio(shift(positive, -even), shift(linalg.cholesky(positive), -even / 2))).toBeLessThan(30)
      }
    })

    test('rank, spaces, pinv and lstsq are those of the matrix near 1, bit for bit where nothing is subnormal', () => {
      for (const { a, near } of matrices) {
        expect(linalg.matrixRank(a)).toBe(linalg.matrixRank(near))
        expect(identical(linalg.nullSpace(a), linalg.nullSpace(near))).toBe(true)
        expect(identical(linalg.orth(a), linalg.orth(near))).toBe(true)
        if (exponent >= -1000 && exponent < 1000)
          expect(identical(linalg.pinv(a), shift(linalg.pinv(near), -exponent))).toBe(true)
        const b = shift(
          fill(a.rows, 2, (i, j) => i - 2 * j + 1),
          exponent,
        )
        const [found, wanted] = [linalg.lstsq(a, b), linalg.lstsq(near, back(b))]
        expect(identical(found.x, wanted.x)).toBe(true)
      }
    })
  },
)

describe('values that are small beside others', () => {
  // NumPy has those of 1e±200, too.
  test('of matrices of 1e±200: the smallest singular value, rank and the large row of pinv with tolerance 0 within 8 ε', () => {
    const graded = fill(2, 2, (i, j) => [3e200, 1e-200, 1e200, 2e-200][2 * i + j])
    for (const [a, least] of [
      [diagonal(1e200, 1e-200), 1e-200],
      [fill(2, 2, (i, j) => (i === j ? 0 : i > j ? 1e200 : 1e-200)), 1e-200],
      [graded, 1.5811388300841897e-200],
    ] as const) {
      for (const value of [linalg.svdvals(a).get(1, 0), linalg.norm(a, -2)])
        expect(Math.abs(value / least - 1)).toBeLessThanOrEqual(8 * EPSILON)
      expect(linalg.matrixRank(a, 0)).toBe(2)
    }
    const inverse = linalg.pinv(graded, 0)
    for (const [j, wanted] of [-2e199, 6e199].entries())
      expect(Math.abs(inverse.get(1, j) / wanted - 1)).toBeLessThanOrEqual(8 * EPSILON)
  })

  test.each([
    [3, 3],
    [6, 3],
    [3, 6],
    [4, 3],
  ])('of a diagonal of %i x %i: svd, eigh and eig have it exactly', (m, n) => {
    for (const values of [
      [1e-300, -1e300, 5],
      [-1e-310, 0, 1e200],
      [-3, 1e-300, 2e-300],
    ]) {
      const a = fill(m, n, (i, j) => (i === j ? values[i] : 0))
      for (const fullMatrices of [false, true]) {
        const { U, S, Vh } = linalg.svd(a, { fullMatrices })
        expect(Array.from(S.data)).toEqual(values.map(Math.abs).sort((x, y) => y - x))
        expect(
          U.slice(0, m, 0, 3)
            .mul(S.T)
            .matmul(Vh.slice(0, 3, 0, n))
            .equals(a),
        ).toBe(true)
        for (const q of [U, Vh.T as Matrix])
          expect(q.matmul(q, { transposeA: true }).equals(identity(q.cols))).toBe(true)
      }
      if (m !== n) continue
      const { values: found, vectors } = linalg.eigh(a)
      expect(Array.from(found.data)).toEqual(values.toSorted((x, y) => x - y))
      expect(vectors.mul(found.T).matmul(vectors, { transposeB: true }).equals(a)).toBe(true)
      expect(Array.from(linalg.eigvals(a).re.data)).toEqual(values)
    }
  })

  test('eig of triangles of both kinds has the diagonal exactly, of vectors that belong to it', () => {
    for (const n of [2, 5, 30]) {
      const draw = noise(n)
      const a = fill(n, n, (i, j) =>
        i > j ? 0 : (draw() - 0.5) * 2 ** (i === j ? Math.round(2000 * draw() - 1000) : 0),
      )
      for (const each of [a, a.T as Matrix]) {
        const { values, vectors } = linalg.eig(each)
        expect(Array.from(values.re.data).sort((x, y) => x - y)).toEqual(
          Array.from(a.diagonal().data).sort((x, y) => x - y),
        )
        expect(identical(values.re, linalg.eigvals(each).re)).toBe(true)
        const size = norm1(a)
        const off = each
          .mul(1 / size)
          .matmul(vectors.re)
          .sub(vectors.re.mul(values.re.T.mul(1 / size)))
        expect(norm1(off)).toBeLessThanOrEqual(30 * n * EPSILON)
      }
    }
  })
})

describe('eig of matrices whose elements are far apart, but not once they are balanced', () => {
  const float64 = (rows: number[][]): Matrix => matrix(rows, { dtype: 'float64' })

  test('rows and columns whose squares overflow and vanish: values to 16·ε', () => {
    for (const k of [2, 20, 200, 450]) {
      const { re, im } = linalg.eigvals(
        float64([
          [0, 2 ** k, 0],
          [0, 0, 2 ** k],
          [2 ** (-2 * k), 0, 0],
        ]),
      )
      const found = Array.from(re.data, (x, i) => [x, im.data[i]]).sort(([x, y], [u, v]) =>
        x > 0 ? 1 : u > 0 ? -1 : y - v,
      )
      for (const [i, wanted] of [
        [-0.5, -Math.sqrt(3) / 2],
        [-0.5, Math.sqrt(3) / 2],
        [1, 0],
      ].entries())
        for (const j of [0, 1]) expect(Math.abs(found[i][j] - wanted[j])).toBeLessThanOrEqual(16 * EPSILON)
      const two = Array.from(
        linalg.eigvals(
          float64([
            [1, 2 ** (2 * k)],
            [2 ** (-2 * k), 2],
          ]),
        ).re.data,
      ).sort((x, y) => x - y)
      for (const i of [0, 1])
        expect(Math.abs(two[i] - (3 + (2 * i - 1) * Math.sqrt(5)) / 2)).toBeLessThanOrEqual(16 * EPSILON)
    }
  })

  test('D·A·D⁻¹ for D from 2^−400 to 2^400: values and vectors to 8·n·ε·‖A‖, vectors of norm 1 to 8·n·ε', () => {
    for (const n of [2, 3, 5, 12, 60])
      for (const symmetric of [true, false]) {
        const draw = noise(n)
        const random = fill(n, n, () => draw() - 0.5)
        const a = symmetric ? random.add(random.T) : random
        const d = Array.from({ length: n }, (_, i) => (i === 0 ? 400 : i === 1 ? -400 : Math.round(800 * draw() - 400)))
        const back = d.map((exponent) => 400 - exponent)
        const zeros = d.map(() => 0)
        const graded = scaledBy(scaledBy(a, d, zeros), zeros, d, -1)
        const { values, vectors } = linalg.eig(graded)
        expect(identical(values.re, linalg.eigvals(graded).re)).toBe(true)
        const [x, y] = [scaledBy(vectors.re, back, zeros), scaledBy(vectors.im, back, zeros)]
        const [re, im] = [values.re.T, values.im.T]
        const off = [a.matmul(x).sub(x.mul(re)).add(y.mul(im)), a.matmul(y).sub(y.mul(re)).sub(x.mul(im))]
        for (let j = 0; j < n; j++) {
          const sizeOf = (parts: readonly Matrix[]): number =>
            parts.reduce((sum, part) => sum + norm1(part.slice(0, n, j, j + 1)), 0)
          expect(sizeOf(off)).toBeLessThanOrEqual(8 * n * EPSILON * norm1(a) * sizeOf([x, y]))
          const squares = [vectors.re, vectors.im].map((part) => sizeOf([part.mul(part)]))
          expect(Math.abs(squares[0] + squares[1] - 1)).toBeLessThanOrEqual(8 * n * EPSILON)
        }
      }
  })

  test('nilpotent matrices of all sizes have vectors of norm 1', () => {
    for (const k of [-1000, -100, 0, 100, 1000])
      for (const [i, j] of [
        [0, 1],
        [1, 0],
      ]) {
        const { values, vectors } = linalg.eig(fill(2, 2, (row, col) => (row === i && col === j ? 2 ** k : 0)))
        expect(Array.from(values.re.data)).toEqual([0, 0])
        for (const at of [0, 1]) expect(Math.abs(vectors.re.get(i, at))).toBe(1)
      }
  })
})

test('residuals and x of lstsq where b and A·x would overflow in a product', () => {
  const a = fill(3, 1, () => 2 ** 1000)
  const b = fill(3, 1, (i) => 2 ** 1000 * (i + 1))
  const { x, residuals, singularValues } = linalg.lstsq(a, b)
  expect(Math.abs(x.item() - 2)).toBeLessThanOrEqual(8 * EPSILON)
  expect(residuals.item()).toBe(Number.POSITIVE_INFINITY)
  expect(Math.abs(singularValues.item() / 2 ** 1000 - Math.sqrt(3))).toBeLessThanOrEqual(8 * EPSILON)
  expect(Math.abs(linalg.lstsq(a, b.mul(2 ** -500)).residuals.item() / 2 ** 1000 - 2)).toBeLessThanOrEqual(32 * EPSILON)
})

describe('rows and columns whose sizes are as far apart as numbers go', () => {
  const float64 = (rows: number[][]): Matrix => matrix(rows, { dtype: 'float64' })
  const near = (x: number, wanted: number): void =>
    expect(Math.abs(x - wanted), `${x}, wanted ${wanted}`).toBeLessThanOrEqual(1e-13 * Math.abs(wanted))

  test('det and slogdet of scaled rows, whose multipliers vanish, to 1e-13', () => {
    const a = float64([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 10],
    ])
    near(linalg.det(a.mul(float64([[2 ** 800], [2 ** -400], [2 ** -350]]))), -3 * 2 ** 50)
    near(
      linalg.det(
        float64([
          [2 ** 600, 2 ** 600],
          [2 ** -600, 2 ** -599],
        ]),
      ),
      1,
    )
    for (const n of [2, 7, 60, 150]) {
      const generator = new Generator(n)
      const whole = generator.normal(n, n, 0, 1, { dtype: 'float64' }).add(eye(n, { dtype: 'float64' }).mul(10))
      const powers = Float64Array.from({ length: n }, (_, i) => 2 ** Math.round(1800 * (i / (n - 1)) - 900))
      const [left, right] = [new Matrix(powers, n, 1), new Matrix(powers.slice(), 1, n)]
      const { sign, logAbsDet } = linalg.slogdet(whole)
      for (const scaled of [whole.mul(left), whole.mul(right)]) {
        expect(linalg.slogdet(scaled).sign).toBe(sign)
        near(linalg.slogdet(scaled).logAbsDet, logAbsDet)
      }
    }
  })

  test.each([
    [60, 60],
    [90, 40],
  ])('qr of %i x %i with columns of 2^±1000 is that of them all near 1, column by column and bit by bit', (m, n) => {
    const a = sample(m, n, 'float64', between(-1, 1), noise(m))
    const powers = new Matrix(
      Float64Array.from({ length: n }, (_, j) => 2 ** Math.round(2000 * (j / (n - 1)) - 1000)),
      1,
      n,
    )
    const [plain, scaled] = [linalg.qr(a), linalg.qr(a.mul(powers))]
    expect(identical(scaled.Q, plain.Q)).toBe(true)
    expect(identical(scaled.R, plain.R.mul(powers))).toBe(true)
  })

  test('cond by smallest sums, which others are 10⁴⁰⁰ times larger than', () => {
    const a = float64([
      [2 ** 600, 2 ** 600],
      [2 ** -600, 2 ** -599],
    ])
    near(linalg.cond(a, -1), 3)
    near(linalg.cond(a, Number.NEGATIVE_INFINITY), 3)
    near(linalg.cond(a.T, -1), 3)
    near(linalg.cond(a.T, Number.NEGATIVE_INFINITY), 3)
  })

  // Exact in rational numbers.
  test('det, slogdet, inv and solve where pivots vanish of elements 2^49 apart: to 1e-13', () => {
    const [a, d] = [2 ** -28, 2 ** -77]
    const five = float64([
      [a, -a, 0, 0, a],
      [0, d, 0, 0, 0],
      [0, -a, -a, -d, 0],
      [0, a, d, 0, 0],
      [-a, 0, 0, a, a],
    ])
    for (const n of [5, 100]) {
      const whole = fill(n, n, (i, j) => (i < 5 && j < 5 ? five.get(i, j) : i === j ? a : 0))
      const size = 2 * a * a * d * d * d
      near(linalg.det(n === 5 ? whole : whole.mul(1 / a)), n === 5 ? size : size / a ** 5)
      const { sign, logAbsDet } = linalg.slogdet(whole)
      expect(sign).toBe(1)
      near(logAbsDet, Math.log(size) + (n - 5) * Math.log(a))
      const b = fill(n, 1, (i) => (i < 5 ? [a, d, -2 * a - d, a + d, a][i] : a))
      for (const x of linalg.solve(whole, b).data) near(x, 1)
      expect(norm1(whole.matmul(linalg.inv(whole)).sub(identity(n)))).toBeLessThanOrEqual(
        1e-13 * norm1(whole.abs().matmul(linalg.inv(whole).abs())),
      )
    }
  })

  test('det where what small elements leave is rounded beside elements 2^43 times larger: to 1e-13', () => {
    const high = 2 ** 41
    const whole = float64([
      [12 * high, -36 * high, 0, -12 * high, 0],
      [72, -20 * high, -40, 24, -32],
      [-64, -8 * high, 24, 64, 64],
      [64, -24, -8, -32, 72],
      [28 * high, 48, -8 * high, 8 * high, -8 * high],
    ])
    near(linalg.det(whole), Number(exactDet(whole)))
  })

  test('what rows and columns scaled one after the other make singular, or wrong, is solved to 1e-13', () => {
    const inverse = linalg.inv(
      float64([
        [6.40796110776273e96, 1.347997333357532e67, 1.3598682245580103e85],
        [2.725645216108526e134, 6.505213034913027e-19, 2.6497349136889905e-168],
        [5.231975621026696e297, 4.778309726736481e-299, 1.8911295234241434e-224],
      ]),
    )
    near(inverse.get(1, 1), 1537228672809129200)
    near(inverse.get(2, 1), -1.5238095238095237)
    const x = linalg.solve(
      float64([
        [0.000030517578125, 9.343878384890256e196, 1.5932734716309035e-158],
        [1.8051943758648296e-276, 2.3485425827738332e109, 4.181389724724492e42],
        [3.402823669209385e38, 6.064523798049644e229, 8.442542515286355e-227],
      ]),
      float64([[4], [3], [2]]),
    )
    near(x.get(0, 0), -0.00000762939453169409)
    near(x.get(1, 0), 4.280877635031217e-197)
    near(x.get(2, 0), 7.17464813734306e-43)
  })
})
