// Linear algebra of square matrices. The residuals of results are held to the bounds of LAPACK's own tests.

import { eye, linalg, Matrix, randn } from '@matgrad/core'
import { measure } from './harness/measure.js'
import { comparison } from './harness/report.js'

const peers = ['NumPy', 'numpy-ts', 'ml-matrix']
const SIZES = [8, 16, 32, 64, 128, 256]
const EPSILON = 2 ** -52

const random = (rows, cols = rows) => randn(rows, cols, { dtype: 'float64' })
const norm = (a) => linalg.norm(a, 1)

/** ‖residual‖₁ / (n·ε·sizes…) for n rows: of the order of 1 where only rounding is to blame. */
const ratio = (residual, ...sizes) =>
  sizes.reduce((left, size) => left / size, norm(residual)) / residual.rows / EPSILON

const orthogonality = (q) => ratio(q.matmul(q, { transposeA: true }).sub(eye(q.cols)))

/** det A by plain elimination with partial pivoting. */
function determinant(a) {
  const rows = a.toArray()
  let product = 1
  for (let k = 0; k < rows.length; k++) {
    const pivot = rows.reduce((best, row, i) => (i > k && Math.abs(row[k]) > Math.abs(rows[best][k]) ? i : best), k)
    if (pivot !== k) product = -product
    ;[rows[k], rows[pivot]] = [rows[pivot], rows[k]]
    product *= rows[k][k]
    for (const row of rows.slice(k + 1)) {
      const factor = row[k] / rows[k][k]
      for (let j = k; j < row.length; j++) row[j] -= factor * rows[k][j]
    }
  }
  return product
}

/** By function: its operands unless they are one random matrix, the shapes of its parts, their ratios, and the bound on these. */
const functions = {
  inv: {
    shapes: (n) => [[n, n]],
    bound: 30,
    ratios: ([a], [x]) => [ratio(a.matmul(x).sub(eye(a.rows)), norm(a), norm(x))],
  },
  solve: {
    inputs: (n) => [random(n), random(n, 1)],
    shapes: (n) => [[n, 1]],
    bound: 30,
    ratios: ([a, b], [x]) => [ratio(a.matmul(x).sub(b), norm(a), norm(x))],
  },
  det: {
    shapes: () => [[1, 1]],
    bound: 30,
    // det(A + E) = det A·(1 + tr(A⁻¹·E) + …) with |tr(A⁻¹·E)| ≤ n·‖A⁻¹‖·‖E‖, for the result and what it is compared with.
    ratios: ([a], [x]) => [ratio(x.div(determinant(a)).sub(1), 2, a.rows, a.rows, linalg.cond(a, 1))],
  },
  qr: {
    shapes: (n) => [
      [n, n],
      [n, n],
    ],
    bound: 30,
    ratios: ([a], [q, r]) => [ratio(q.matmul(r).sub(a), norm(a)), ratio(r.tril(-1), norm(a)), orthogonality(q)],
  },
  cholesky: {
    inputs: (n) => {
      const b = random(n)
      return [b.matmul(b, { transposeB: true }).add(eye(n))]
    },
    shapes: (n) => [[n, n]],
    bound: 30,
    ratios: ([a], [l]) => [ratio(l.matmul(l, { transposeB: true }).sub(a), norm(a)), ratio(l.triu(1), norm(a))],
  },
  eigh: {
    inputs: (n) => {
      const b = random(n)
      return [b.add(b.T)]
    },
    shapes: (n) => [
      [1, n],
      [n, n],
    ],
    bound: 60,
    ratios: ([a], [values, v]) => [ratio(a.matmul(v).sub(v.mul(values)), norm(a)), orthogonality(v)],
  },
  eig: {
    shapes: (n) => [
      [1, n],
      [1, n],
      [n, n],
      [n, n],
    ],
    bound: 20,
    // Each vector counts by its own length, which peers choose; the sum of the values is the trace.
    ratios: ([a], [wr, wi, re, im]) => {
      const lengths = re.square().add(im.square()).sum(0).sqrt()
      const [vr, vi] = [re.div(lengths), im.div(lengths)]
      const real = a.matmul(vr).sub(vr.mul(wr).sub(vi.mul(wi)))
      const imaginary = a.matmul(vi).sub(vr.mul(wi).add(vi.mul(wr)))
      const trace = wr.sum().sub(a.trace())
      return [ratio(real.abs().add(imaginary.abs()), norm(a)), ratio(trace, a.rows, a.rows, norm(a))]
    },
  },
  svd: {
    shapes: (n) => [
      [n, n],
      [1, n],
      [n, n],
    ],
    bound: 35,
    ratios: ([a], [u, s, vh]) => [ratio(u.mul(s).matmul(vh).sub(a), norm(a)), orthogonality(u), orthogonality(vh.T)],
  },
  pinv: {
    shapes: (n) => [[n, n]],
    bound: 30,
    ratios: ([a], [x]) => [ratio(a.matmul(x).matmul(a).sub(a), norm(a), norm(a), norm(x))],
  },
}

/** Compares the ratios of a result, whose parts lie one after the other, with the bound. */
function checkParts(inputs, { shapes, bound, ratios }) {
  const wanted = shapes(inputs[0].rows)
  const total = wanted.reduce((sum, [rows, cols]) => sum + rows * cols, 0)
  return (result) => {
    if (result.length !== total) throw new Error(`${result.length} elements instead of ${total}`)
    let end = 0
    const parts = wanted.map(([rows, cols]) => {
      const start = end
      end += rows * cols
      return new Matrix(result.slice(start, end), rows, cols)
    })
    for (const each of ratios(inputs, parts))
      if (!(each < bound)) throw new Error(`ratio ${each}, wanted below ${bound}`)
  }
}

const work = (op, n) => ({
  name: String(n),
  op,
  dtype: 'float64',
  sides: ['matgrad', ...peers],
  inputs: () => functions[op].inputs?.(n) ?? [random(n)],
  check: (inputs) => checkParts(inputs, functions[op]),
})

export async function linearAlgebra() {
  const abouts = new Set()
  const sections = []
  for (const op of Object.keys(functions)) {
    // Each function in new processes: one may use up a memory that others need.
    const measured = await measure(SIZES.map((n) => work(op, n)))
    for (const about of measured.abouts) abouts.add(about)
    sections.push(`### ${op}\n\n${comparison(measured.results, peers, { label: 'n' })}`)
  }
  return {
    abouts: [...abouts],
    text: `A result is wrong whose residual is beyond what LAPACK's own tests allow.\n\n${sections.join('\n\n')}`,
  }
}
