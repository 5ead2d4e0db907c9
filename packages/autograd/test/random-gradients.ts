// Random compositions of differentiable operations, for the tests of their derivatives. Each operation meets what others give, and
// is kept to where it is smooth: operands pass through what makes them positive, apart or well-conditioned.

import { concat, constant, crossEntropy, type Variable } from '@matgrad/autograd'
import { Generator, type Matrix, matrix, sparse } from '@matgrad/core'
import { elementwise } from '../../core/test/support.ts'
import { linalgRows } from './linalg-rows.ts'
import { notDifferentiable } from './rows.ts'

/** A function of variables to a 1x1, at a point, and what it is made of. */
export interface Composition {
  readonly f: (...inputs: Variable[]) => Variable
  readonly inputs: readonly Matrix[]
  /** The names in `names` of its operations. */
  readonly operations: readonly string[]
}

const float64 = { dtype: 'float64' } as const
/** More elements are not made: tests are to be quick. */
const MOST = 3000
/** The most rows and columns of operands in linear algebra. */
const LARGEST = 24

type Unary = (x: Variable) => Variable
type Binary = (x: Variable, y: Variable) => Variable

/** Draws what an operation needs beside variables. */
class Random {
  readonly generator: Generator
  constructor(seed: string) {
    this.generator = new Generator(seed)
  }
  /** A whole number below n. */
  below(n: number): number {
    return Math.floor(this.generator.next() * n)
  }
  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }
  normal(rows: number, cols: number): Matrix {
    return this.generator.normal(rows, cols, 0, 1, float64)
  }
  /** So many whole numbers below `high`. */
  index(count: number, high: number): Matrix {
    return this.generator.integers(count, 1, 0, high, float64)
  }
  mask({ rows, cols }: Variable): Matrix {
    return this.generator.bernoulli(rows, cols, 0.5, float64)
  }
}

// What keeps operands where operations are smooth.

const positive: Unary = (x) => x.square().add(0.5)
/** Where asin and acos have derivatives that are not large. */
const acute: Unary = (x) => x.sin().mul(0.7)
const near1: Unary = (x) =>
  x
    .sin()
    .mul(0.5 / Math.sqrt(x.rows * x.cols))
    .add(1)
/** At least 0.05 from every multiple of 1/2. */
function awayFromKinks({ rows, cols }: Variable, { generator }: Random): Unary {
  const centres = generator.integers(rows, cols, -2, 2, float64).add(0.25)
  return (x) => x.sin().mul(0.2).add(centres)
}
/** At least 0.02 from one another. */
function apart({ rows, cols }: Variable, { generator }: Random): Unary {
  const places = generator
    .permutation(rows * cols)
    .reshape(rows, cols)
    .astype('float64')
    .mul(0.1)
  return (x) => x.sin().mul(0.04).add(places)
}
/**
 * A square part, or one of any shape, with 1, 2, 3 … on the diagonal and small positive numbers elsewhere: singular values and
 * eigenvalues are apart, and so are the sums of rows and columns.
 */
function wellConditioned(x: Variable, square: boolean, most: number): Unary {
  const [m, n] = x.shape.map((size) => Math.min(size, most))
  const least = Math.min(m, n)
  const [rows, cols] = square ? [least, least] : [m, n]
  const diagonal = matrix(
    Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => (i === j ? i + 1 : 0))),
    float64,
  )
  const scale = Math.min(1, 4 / least)
  return (x) => {
    const rest = x.slice(0, rows, 0, cols).tanh().mul(0.15).add(0.2)
    return rest.div(Math.max(rows, cols)).add(diagonal).mul(scale)
  }
}

const always = (f: Unary) => (): Unary => f

const KINKED = ['abs', 'sign', 'relu', 'leakyRelu', 'elu', 'floor', 'ceil', 'trunc', 'round']
const ACUTE = ['tan', 'asin', 'acos']
const POSITIVE = ['log', 'log1p', 'log2', 'log10', 'sqrt', 'reciprocal']

type Method = (...args: unknown[]) => Variable
const method = (x: Variable, name: string, ...args: unknown[]): Variable =>
  (x as unknown as Record<string, Method>)[name](...args)

/** By name: draws an operation on a variable like this one. */
type Unaries = Readonly<Record<string, (x: Variable, random: Random) => Unary>>
/** By name: draws one on two, where it takes such two. */
type Binaries = Readonly<Record<string, (x: Variable, y: Variable, random: Random) => Binary | undefined>>

const differentiable = (operands: number): string[] =>
  elementwise(operands).filter((name) => !notDifferentiable.includes(name))

const elementwiseUnaries: Unaries = Object.fromEntries(
  differentiable(1).map((name) => [
    name,
    (x: Variable, random: Random): Unary => {
      const kinked = KINKED.includes(name)
      const guard = kinked
        ? awayFromKinks(x, random)
        : POSITIVE.includes(name)
          ? positive
          : ACUTE.includes(name)
            ? acute
            : null
      // Beside one that is constant between its steps, its operand goes on.
      if (kinked) return (x) => method((guard as Unary)(x), name).add(x)
      return (x) => method(guard ? guard(x) : x, name)
    },
  ]),
)

const fits = (a: number, b: number): boolean => a === b || a === 1 || b === 1
const broadcasts = (x: Variable, y: Variable): boolean => fits(x.rows, y.rows) && fits(x.cols, y.cols)

const elementwiseBinaries: Binaries = Object.fromEntries(
  differentiable(2).map((name) => [
    name,
    (x: Variable, y: Variable, random: Random): Binary | undefined => {
      if (!broadcasts(x, y)) return
      if (name === 'div' || name === 'atan2') return (x, y) => method(x, name, positive(y))
      if (name === 'pow') return (x, y) => positive(x).pow(y)
      if (name === 'mod') {
        const guard = awayFromKinks(x, random)
        return (x, y) => guard(x).mod(y.sin().mul(0.4).add(3)).add(y)
      }
      if (name === 'maximum' || name === 'minimum') {
        // One is below 0.45 and the other above 0.55, or the other way round.
        const guard = awayFromKinks(x, random)
        return (x, y) => method(guard(x), name, y.sin().mul(0.04).add(0.5)).add(x)
      }
      return (x, y) => method(x, name, y)
    },
  ]),
)

const AXES = [undefined, 0, 1] as const
const lengthOf = (x: Variable, axis: 0 | 1 | undefined): number =>
  axis === undefined ? x.rows * x.cols : x.shape[axis]

const axial = (names: readonly string[], guard?: (x: Variable, random: Random) => Unary, ...more: unknown[]): Unaries =>
  Object.fromEntries(
    names.map((name) => [
      name,
      (x: Variable, random: Random): Unary => {
        const axis = random.one(AXES)
        const guarded = guard?.(x, random)
        return (x) => method(guarded ? guarded(x) : x, name, axis, ...more)
      },
    ]),
  )

const reductions: Unaries = {
  ...axial(['sum', 'mean', 'logSumExp', 'cumsum', 'softmax', 'logSoftmax', 'diff']),
  ...axial(['prod', 'cumprod'], always(near1)),
  ...axial(['max', 'min', 'sort', 'median'], apart),
  ...axial(['variance'], undefined, { ddof: 0 }),
  std(x, random) {
    const axis = random.one(AXES)
    const guard = apart(x, random)
    return lengthOf(x, axis) > 1 ? (x) => guard(x).std(axis) : (x) => x.add(guard(x).std().mul(0))
  },
  quantile(x, random) {
    const [axis, guard] = [random.one(AXES), apart(x, random)]
    return (x) => method(guard(x), 'quantile', 0.3, axis)
  },
  crossEntropy(x, random) {
    const labels = random.index(x.rows, x.cols)
    const reduction = random.one(['mean', 'sum', 'none'] as const)
    return x.cols > 1 ? (x) => crossEntropy(x, labels, { reduction, labelSmoothing: 0.1 }) : (x) => x
  },
  'cross-entropy of probabilities': (x, random) => {
    const weights = random.normal(x.rows, x.cols)
    return x.cols > 1 ? (x) => crossEntropy(x, x.mul(weights).softmax(1)) : (x) => x
  },
  cov: always((x) => x.cov({ ddof: 0 })),
  'gelu by tanh': always((x) => x.gelu({ approximate: 'tanh' })),
  trace: always((x) => x.trace(Math.min(1, x.cols - 1))),
  clip(x, random) {
    const guard = awayFromKinks(x, random)
    return (x) => guard(x).clip(-1.5, 0.5).add(x)
  },
}

const rearrangements: Unaries = {
  transpose: always((x) => x.transpose()),
  reshape: (x, random) => {
    const rows = random.one([1, x.cols, x.rows * x.cols])
    return (x) => x.reshape(rows, -1)
  },
  slice: (x, random) => {
    const [i, j] = [random.below(x.rows), random.below(x.cols)]
    return (x) => x.slice(i, x.rows, 0, j + 1)
  },
  row: (x, random) => {
    const i = random.below(x.rows)
    return (x) => x.row(i)
  },
  col: (x, random) => {
    const j = random.below(x.cols)
    return (x) => x.col(j)
  },
  flipRows: always((x) => x.flipRows()),
  flipCols: always((x) => x.flipCols()),
  tril: always((x) => x.tril()),
  triu: always((x) => x.triu(1 - x.rows)),
  diagonal: always((x) => x.diagonal(Math.min(1, x.cols - 1))),
  diag: (x, random) => {
    const count = Math.min(x.cols, 6)
    const k = random.below(3) - 1
    return (x) => x.row(0).slice(0, 1, 0, count).diag(k)
  },
  pad: always((x) => x.pad(1, 0, 0, 2, 0.5)),
  tile: always((x) => x.tile(2, 1)),
  place: always((x) => x.place(x.rows + 1, x.cols + 2, 1, 1)),
  broadcastTo: always((x) => x.mean(0).broadcastTo(x.rows, x.cols)),
  astype: always((x) => x.astype('float64')),
  gatherRows: (x, random) => {
    const index = random.index(x.rows + 1, x.rows)
    return (x) => x.gatherRows(index)
  },
  gatherCols: (x, random) => {
    const index = Array.from(random.index(x.cols + 1, x.cols).data)
    return (x) => x.gatherCols(index)
  },
  scatterAddRows: (x, random) => {
    const index = random.index(x.rows, x.rows + 1)
    return (x) => x.scatterAddRows(index, x.rows + 1)
  },
  filterRows: (x, random) => {
    const mask = Array.from({ length: x.rows }, (_, i) => i === 0 || random.below(2) > 0)
    return (x) => x.filterRows(mask)
  },
  pick: (x, random) => {
    const index = random.index(x.rows, x.cols)
    return (x) => x.pick(index)
  },
}

const products: Binaries = {
  matmul(x, y, random) {
    const [transposeA, transposeB] = [random.below(2) > 0, random.below(2) > 0]
    const [inner, other] = [transposeA ? x.rows : x.cols, transposeB ? y.cols : y.rows]
    return inner === other ? (x, y) => x.matmul(y, { transposeA, transposeB }) : undefined
  },
  affine(x, y) {
    if (x.cols !== y.cols) return
    return (x, y) => x.affine(y, y.mean(1).T as Variable<1, number>, { transposeB: true })
  },
  outer: () => (x, y) => x.row(0).outer(y.col(0)),
  kron: () => (x, y) => x.slice(0, Math.min(x.rows, 3), 0, Math.min(x.cols, 2)).kron(y.slice(0, Math.min(y.rows, 2))),
  concat(x, y, random) {
    const axis = random.one([0, 1] as const)
    return x.shape[1 - axis] === y.shape[1 - axis] ? (x, y) => concat([x, y, x.square()], axis) : undefined
  },
  where(x, y, random) {
    const mask = random.mask(x)
    return broadcasts(x, y) ? (x, y) => mask.where(x, y) : undefined
  },
  spmm(x, y, random) {
    const count = Math.min(2 * y.rows, x.rows * x.cols)
    const places = Array.from({ length: count }, () => [random.below(5), random.below(y.rows)] as const)
    const unlike = [...new Map(places.map(([i, j]) => [`${i} ${j}`, [i, j, 1] as const])).values()]
    const pattern = sparse.SparseMatrix.fromTriplets(5, y.rows, unlike, float64)
    return (x, y) => sparse.spmm(pattern, y, { values: x.reshape(-1, 1).slice(0, pattern.nnz) })
  },
}

/** What the rows of linear algebra compute, `svd, U` say, which they do of matrices of any size. */
const linearAlgebra: Unaries = Object.fromEntries(
  linalgRows.flatMap(({ name, cases }) => {
    const titled = cases.map((each) => [`${name}, ${each.shapes}`.replace(/,? *\d+x\d+.*$/, ''), each] as const)
    return [...new Map(titled)].map(([title, { f, args }]): [string, Unaries[string]] => {
      const isSquare = cases.every(({ args: [a] }) => a.rows === a.cols)
      return [
        title,
        (x, random) => {
          // Of a column or a row, what is square is all products of two elements.
          const outer: Unary = x.rows === 1 ? (x) => x.T.matmul(x) : (x) => x.matmul(x.T)
          const isLine = isSquare && (x.rows === 1 || x.cols === 1)
          const turn: Unary = isLine ? outer : random.below(2) > 0 ? (x) => x : (x) => x.T
          // The order of eigenvalues of a large matrix that is not symmetric may change with any element.
          const guard = wellConditioned(turn(x), isSquare, /^eig(vals)?\b/.test(title) ? 6 : LARGEST)
          return (x) => {
            const a = guard(turn(x))
            return args.length > 1 ? f(a, a.sin().slice(0, a.rows, 0, 1)) : f(a)
          }
        },
      ]
    })
  }),
)

const unaries: Unaries = { ...elementwiseUnaries, ...reductions, ...rearrangements, ...linearAlgebra }
const binaries: Binaries = { ...elementwiseBinaries, ...products }
const groups = [elementwiseUnaries, reductions, rearrangements, linearAlgebra, elementwiseBinaries, products]

/** All operations. */
export const names: readonly string[] = groups.flatMap((group) => Object.keys(group))

const largestOf = (x: Variable): number => x.abs().max().item()

/** A composition of 3 to 12 operations, of which one is given, on three inputs: of small sizes, or of such as real networks have. */
export function compose(seed: string, first: string, large: boolean): Composition {
  const random = new Random(seed)
  const [rows, cols] = large
    ? random.one([
        [60, 40],
        [33, 64],
        [17, 50],
      ])
    : random.one([
        [3, 4],
        [4, 4],
        [5, 2],
        [1, 6],
        [2, 3],
        [6, 1],
      ])
  const shapes = [
    [rows, cols],
    [cols, cols],
    [1, cols],
  ] as const
  const inputs = shapes.map(([m, n]) => random.normal(m, n))
  const steps: ((values: readonly Variable[]) => Variable)[] = []
  const operations: string[] = []
  const used = new Set<number>()
  const values = inputs.map(constant)

  /** Adds what a step gives, brought to moderate numbers. */
  const add = (name: string, operands: readonly number[], run: (...operands: Variable[]) => Variable): void => {
    const value = run(...operands.map((i) => values[i]))
    const size = value.rows * value.cols
    if (size === 0 || size > MOST) return
    const largest = largestOf(value)
    // What is less than 1e-3 may be what rounding left of 0.
    const factor = largest > 4 || (largest > 1e-3 && largest < 0.1) ? 1 / largest : 1
    const step = (all: readonly Variable[]): Variable => {
      const y = run(...operands.map((i) => all[i]))
      return factor === 1 ? y : y.mul(factor)
    }
    values.push(step(values))
    steps.push(step)
    operations.push(name)
    for (const i of operands) used.add(i)
  }

  const apply = (name: string): void => {
    // New values more often.
    const at = values.length - 1 - Math.min(random.below(values.length), random.below(values.length))
    const unary = unaries[name]
    if (unary) {
      add(name, [at], unary(values[at], random))
      return
    }
    const other = random.below(values.length)
    const binary = binaries[name](values[at], values[other], random)
    if (binary) add(name, [at, other], binary)
  }
  for (let tries = 0; steps.length === 0 && tries < 100; tries++) apply(first)
  const count = 3 + random.below(10)
  for (let tries = 0; steps.length < count && tries < 200; tries++) apply(random.one(Object.keys(random.one(groups))))

  const ends = values.flatMap((value, i) => {
    const weights = random.normal(value.rows, value.cols).div(Math.sqrt(value.rows * value.cols))
    return used.has(i) ? [] : [{ i, weights }]
  })
  const f = (...given: Variable[]): Variable => {
    const all = [...given]
    for (const step of steps) all.push(step(all))
    return ends
      .map(({ i, weights }) => all[i].square().mul(0.5).add(all[i]).mul(weights).sum())
      .reduce((sum, each) => sum.add(each))
  }
  return { f, inputs, operations }
}
