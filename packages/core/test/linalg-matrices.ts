// The kinds of matrices that factorisations are tried on, made from nothing that is tested.

import { Matrix } from '@matgrad/core'
import { between, noise, sample } from './support.ts'

type Random = () => number

export interface Kind {
  readonly name: string
  /** Whether it can have any shape, or must be square. */
  readonly shape: 'any' | 'square'
  /** Whether a pivot may be 0. */
  readonly singular?: boolean
  readonly positiveDefinite?: boolean
  readonly make: (rows: number, cols: number, random: Random) => Matrix
}

export const fill = (rows: number, cols: number, f: (i: number, j: number) => number): Matrix => {
  const data = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) data[i * cols + j] = f(i, j)
  return new Matrix(data, rows, cols)
}

export function identity(n: number): Matrix {
  const data = new Float64Array(n * n)
  for (let i = 0; i < n; i++) data[i * n + i] = 1
  return new Matrix(data, n, n)
}

/** Elimination doubles the last column in every step (Wilkinson 1961): det = 2^(n − 1), and the 1-norm condition is n. */
export const growth = (n: number): Matrix => fill(n, n, (i, j) => (i === j || j === n - 1 ? 1 : j < i ? -1 : 0))

const random = (rows: number, cols: number, random: Random): Matrix =>
  sample(rows, cols, 'float64', between(-1, 1), random)

/** The product of three reflections I − 2·v·vᵀ/vᵀv. */
export function orthogonal(n: number, random: Random): Matrix {
  const q = identity(n).data
  for (let k = 0; k < 3; k++) {
    const v = Float64Array.from({ length: n }, () => random() - 0.5)
    const square = v.reduce((sum, x) => sum + x * x, 0)
    for (let i = 0; i < n; i++) {
      let dot = 0
      for (let j = 0; j < n; j++) dot += q[i * n + j] * v[j]
      for (let j = 0; j < n; j++) q[i * n + j] -= (2 * dot * v[j]) / square
    }
  }
  return new Matrix(q, n, n)
}

/** Q·D·Qᵀ for a random orthogonal Q. */
function similar(d: Matrix, random: Random): Matrix {
  const q = orthogonal(d.rows, random)
  return q.matmul(d).matmul(q, { transposeB: true })
}

const symmetric = (a: Matrix): Matrix => a.add(a.T).mul(0.5)

/** Q·diag(f(0), f(1), …)·Qᵀ, symmetric to the last bit. */
const withEigenvalues = (n: number, f: (i: number) => number, random: Random): Matrix =>
  symmetric(
    similar(
      fill(n, n, (i, j) => (i === j ? f(i) : 0)),
      random,
    ),
  )

const positive = (n: number, draw: Random): Matrix => {
  const b = random(n, n, draw)
  return b.matmul(b, { transposeB: true }).add(identity(n).mul(0.1))
}

const jordan = (n: number, value: number): Matrix => fill(n, n, (i, j) => (i === j ? value : j === i + 1 ? 1 : 0))

export const KINDS: readonly Kind[] = [
  { name: 'random', shape: 'any', make: random },
  { name: 'diagonal', shape: 'any', make: (m, n, draw) => fill(m, n, (i, j) => (i === j ? draw() + 0.1 : 0)) },
  { name: 'upper triangular', shape: 'any', make: (m, n, draw) => fill(m, n, (i, j) => (i <= j ? draw() + 0.1 : 0)) },
  { name: 'lower triangular', shape: 'any', make: (m, n, draw) => fill(m, n, (i, j) => (i >= j ? draw() + 0.1 : 0)) },
  {
    name: 'orthonormal',
    shape: 'any',
    make: (m, n, draw) => {
      const q = orthogonal(Math.max(m, n), draw)
      return q.slice(0, m, 0, n)
    },
  },
  {
    name: 'of half the rank',
    shape: 'any',
    singular: true,
    make: (m, n, draw) => {
      const rank = Math.ceil(Math.min(m, n) / 2)
      return random(m, rank, draw).matmul(random(rank, n, draw))
    },
  },
  { name: 'zero', shape: 'any', singular: true, make: (m, n) => fill(m, n, () => 0) },
  { name: 'of equal elements', shape: 'any', singular: true, make: (m, n, draw) => fill(m, n, () => 1).mul(draw()) },
  { name: 'Hilbert', shape: 'any', make: (m, n) => fill(m, n, (i, j) => 1 / (i + j + 1)) },
  {
    name: 'Vandermonde',
    shape: 'any',
    singular: true,
    make: (m, n, draw) => {
      const nodes = Array.from({ length: m }, () => 2 * draw() - 1)
      return fill(m, n, (i, j) => nodes[i] ** j)
    },
  },
  {
    name: 'graded',
    shape: 'any',
    make: (m, n, draw) => fill(m, n, (i, j) => (2 * draw() - 1) * 10 ** (-(i + j) / 10)),
  },
  { name: 'near overflow', shape: 'any', make: (m, n, draw) => random(m, n, draw).mul(2 ** 500) },
  { name: 'near underflow', shape: 'any', make: (m, n, draw) => random(m, n, draw).mul(2 ** -500) },
  { name: 'symmetric', shape: 'square', make: (_, n, draw) => symmetric(random(n, n, draw)) },
  { name: 'positive definite', shape: 'square', positiveDefinite: true, make: (_, n, draw) => positive(n, draw) },
  {
    name: 'positive definite near overflow',
    shape: 'square',
    positiveDefinite: true,
    make: (_, n, draw) => positive(n, draw).mul(2 ** 500),
  },
  {
    name: 'positive definite near underflow',
    shape: 'square',
    positiveDefinite: true,
    make: (_, n, draw) => positive(n, draw).mul(2 ** -500),
  },
  {
    name: 'of repeated eigenvalues',
    shape: 'square',
    positiveDefinite: true,
    make: (_, n, draw) => withEigenvalues(n, (i) => 1 + (i % 3), draw),
  },
  {
    name: 'of clustered eigenvalues',
    shape: 'square',
    positiveDefinite: true,
    make: (_, n, draw) => withEigenvalues(n, (i) => 1 + 1e-10 * i, draw),
  },
  {
    name: 'of complex eigenvalues',
    shape: 'square',
    make: (_, n, draw) =>
      similar(
        fill(n, n, (i, j) => (i === j ? 1 + Math.floor(i / 2) : i === (j ^ 1) ? (i < j ? 2 : -2) : 0)),
        draw,
      ),
  },
  { name: 'a Jordan block', shape: 'square', make: (_, n) => jordan(n, 2) },
  { name: 'a nilpotent Jordan block', shape: 'square', singular: true, make: (_, n) => jordan(n, 0) },
  {
    name: 'near a defective one',
    shape: 'square',
    make: (_, n, draw) => jordan(n, 2).add(random(n, n, draw).mul(1e-10)),
  },
]

const SIZES: readonly number[] = [0, 1, 2, 3, 5, 10, 50, 150]
const SEEDS: readonly number[] = Array.from({ length: 10 }, (_, i) => i + 1)
/** Seeds of the largest size, which take longer than all others together. */
const FEW_SEEDS = SEEDS.slice(0, 2)

/** A kind that draws nothing gives the same matrices for every second seed. */
function seedsOf({ make }: Kind, n: number): readonly number[] {
  if (make.length < 3) return SEEDS.slice(0, 2)
  return n === Math.max(...SIZES) ? FEW_SEEDS : SEEDS
}

/** What f gives for a kind, made once: each factorisation is tried on the same matrices. */
function once(f: (kind: Kind) => Iterable<Matrix>): (kind: Kind) => readonly Matrix[] {
  const known = new Map<Kind, readonly Matrix[]>()
  return (kind) => {
    const matrices = known.get(kind) ?? [...f(kind)]
    known.set(kind, matrices)
    return matrices
  }
}

/** The square matrices of a kind. */
export const squares = once(function* (kind) {
  for (const n of SIZES) for (const seed of seedsOf(kind, n)) yield kind.make(n, n, noise(1000 * n + seed))
})

/** The square, tall and wide matrices of a kind. */
export const rectangles = once(function* (kind) {
  if (kind.shape === 'square') {
    yield* squares(kind)
    return
  }
  for (const n of SIZES)
    for (const seed of seedsOf(kind, n)) {
      const other = seed % 2 === 0 ? Math.ceil(1.5 * n) : 2 * n + 1
      for (const [rows, cols] of [
        [n, n],
        [other, n],
        [n, other],
      ])
        yield kind.make(rows, cols, noise(1000 * n + seed))
    }
})
