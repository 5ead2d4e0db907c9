// The rows of linear algebra: each has generic matrices of several shapes, tall and wide ones where there are such.

import { linalg, type Variable } from '@matgrad/autograd'
import { eye, Generator, type Matrix, matrix, type Operation } from '@matgrad/core'
import { linalgOperations } from '@matgrad/core/internal'
import type { Case, Row } from './rows.ts'

const float64 = { dtype: 'float64' } as const

/** What is a number for matrices as a matrix. */
const asValue = (x: unknown, { dtype }: Variable): Variable =>
  (typeof x === 'number' ? matrix([[x]], { dtype }) : x) as Variable

const SQUARE = [1, 2, 3, 4, 6].map((n) => [n, n] as const)
const ANY = [
  [1, 1],
  [1, 4],
  [3, 1],
  [3, 3],
  [4, 3],
  [3, 5],
] as const

type Shapes = readonly (readonly [rows: number, cols: number])[]

/** Cases of normal matrices and the identity of these shapes, and others of so many columns and as many rows beside each. */
function row(
  name: string,
  shapes: Shapes,
  fs: Readonly<Record<string, (...args: Variable[]) => unknown>>,
  beside = 0,
): Row {
  const generator = new Generator(name)
  const normal = (rows: number, cols: number): Matrix => generator.normal(rows, cols, 0, 1, float64)
  const cases = Object.entries(fs).flatMap(([what, f]) =>
    shapes.map(
      ([rows, cols]): Case => ({
        shapes: `${what}${rows}x${cols}${beside > 0 ? `, ${rows}x${beside}` : ''}`,
        f: (...args) => asValue(f(...args), args[0]),
        args: [normal(rows, cols).add(eye(rows, cols, float64)), ...(beside > 0 ? [normal(rows, beside)] : [])],
      }),
    ),
  )
  return { name, cases }
}

const symmetric = (x: Variable): Variable => x.add(x.T)
/** With a diagonal away from 0. */
const shifted = (x: Variable): Variable => x.mul(0.5).add(eye(x.rows, float64).mul(3))
const definite = (x: Variable): Variable => x.matmul(x.T).add(eye(x.rows, float64))
/** A function of vectors that have a sign, or a turn in the plane, of their own: it is the same for all of them. */
const squares = (x: Variable, weight: number): Variable => x.square().mul(weight).add(1).log().sum()

const applied = (operation: Operation, ...operands: Variable[]): Variable =>
  operands[0].apply(operation, operands, undefined)

const ORDERS = ['fro', 'nuc', 'max', 1, -1, 2, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const

const normOrders = Object.fromEntries(ORDERS.map((ord) => [`order ${ord}, `, (x: Variable) => linalg.norm(x, ord)]))
const condOrders = Object.fromEntries(
  ORDERS.filter((ord) => ord !== 'max' && ord !== 2).map((ord) => [
    `order ${ord}, `,
    (x: Variable) => linalg.cond(x, ord as 1),
  ]),
)
const exponents = [-2, -1, 0, 1, 2, 3, 5]

export const linalgRows: readonly Row[] = [
  row('inv', SQUARE, { '': (x) => linalg.inv(x) }),
  row('det', SQUARE, { '': (x) => linalg.det(x) }),
  row('cofactors', SQUARE, { '': (x) => applied(linalgOperations.cofactors, x) }),
  row('cofactorChange', SQUARE, { '': (x) => applied(linalgOperations.cofactorChange, x, x.sin()) }),
  row('slogdet', SQUARE, { '': (x) => linalg.slogdet(x).logAbsDet }),
  row(
    'solve',
    SQUARE,
    { '': (a, b) => linalg.solve(a, b), 'from the right, ': (a, b) => linalg.solve(a, b.T, { left: false }) },
    2,
  ),
  row(
    'solveTriangular',
    SQUARE,
    Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => {
        const options = { upper: i % 2 > 0, unitDiagonal: i % 4 > 1, transpose: i > 3, left: i !== 1 && i !== 6 }
        const f = (a: Variable, b: Variable): Variable =>
          options.left ? linalg.solveTriangular(a, b, options) : linalg.solveTriangular(a, b.T, options)
        return [`${Object.values(options)}, `, (a, b) => f(shifted(a), b)]
      }),
    ),
    2,
  ),
  row('lu', ANY, {
    'L, ': (x) => linalg.lu(x).L,
    'U, ': (x) => linalg.lu(x).U,
    'P, ': (x) => linalg.lu(x).P.T.matmul(x),
  }),
  row('cholesky', SQUARE, { '': (x) => linalg.cholesky(definite(x)) }),
  row('qr', ANY, { 'Q, ': (x) => linalg.qr(x).Q, 'R, ': (x) => linalg.qr(x).R }),
  row('svd', ANY, {
    'U, ': (x) => squares(linalg.svd(x).U, 3),
    'Vh, ': (x) => squares(linalg.svd(x).Vh, 2),
    'S, ': (x) => linalg.svd(x).S,
    'all, ': (x) => {
      const { U, S, Vh } = linalg.svd(x)
      return U.mul(S.sin().T).matmul(Vh)
    },
  }),
  row('truncatedSvd', ANY, {
    '': (x) => {
      const { U, S, Vh } = linalg.truncatedSvd(x, 1)
      return U.mul(S.sin().T).matmul(Vh)
    },
  }),
  row('svdvals', ANY, { '': (x) => linalg.svdvals(x) }),
  row('eigh', SQUARE, {
    'vectors, ': (x) => squares(linalg.eigh(symmetric(x)).vectors, 2),
    'values, ': (x) => linalg.eigh(symmetric(x)).values,
    'both, ': (x) => {
      const { values, vectors } = linalg.eigh(symmetric(x))
      return vectors.mul(values.cos().T).matmul(vectors.T)
    },
  }),
  row('eigvalsh', SQUARE, { '': (x) => linalg.eigvalsh(symmetric(x)) }),
  row('eigvals', SQUARE, {
    're, ': (x) => linalg.eigvals(x).re,
    'im, ': (x) => linalg.eigvals(x).im.square(),
  }),
  row('eig', SQUARE, {
    'vectors, ': (x) => {
      const { re, im } = linalg.eig(x).vectors
      return squares(re, 2).add(squares(im, 3)).add(re.mul(im).square().sum())
    },
    'values, ': (x) => linalg.eig(x).values.re.exp(),
  }),
  row('pinv', ANY, { '': (x) => linalg.pinv(x) }),
  row(
    'lstsq',
    ANY,
    { 'x, ': (a, b) => linalg.lstsq(a, b).x, 'residuals, ': (a, b) => linalg.lstsq(a, b).residuals },
    2,
  ),
  row('expm', SQUARE, { '': (x) => linalg.expm(x) }),
  row(
    'matrixPower',
    SQUARE,
    Object.fromEntries(exponents.map((n) => [`power ${n}, `, (x) => linalg.matrixPower(x, n)])),
  ),
  row('norm', ANY, normOrders),
  row('cond', SQUARE, condOrders),
  row('cond, order 2', ANY, { '': (x) => linalg.cond(x) }),
]
