// Operations on operands of up to 4 GiB, checked at samples: right, or a MatgradError. Needs 12 GB and `tsc -b` before;
// names of operations as arguments choose some. No part of `test`.

import { concat, Generator, MatgradError, Matrix, zeros } from '../packages/core/dist/index.js'

/** Elements that fill just less than 2 and 1 GiB: two or four operands then fill the memory of the kernels. */
const HALF = { float32: 2 ** 29 - 2 ** 23, float64: 2 ** 28 - 2 ** 22 }
const QUARTER = { float32: 2 ** 28 - 2 ** 22, float64: 2 ** 27 - 2 ** 21 }
const WHOLE = { float32: 2 ** 29, float64: 2 ** 28 }
/** Elements that come again and again: exact in float32, with sums that stay exact over many. */
const PERIOD = 1021
const valueAt = (i) => ((i % PERIOD) - 510) / 8

function make(dtype, rows, cols) {
  const data = new (dtype === 'float32' ? Float32Array : Float64Array)(rows * cols)
  for (let i = 0; i < PERIOD; i++) data[i] = valueAt(i)
  for (let done = PERIOD; done < data.length; done *= 2) data.copyWithin(done, 0, Math.min(done, data.length - done))
  return new Matrix(data, rows, cols)
}

/** Compares elements of y, at both ends, around powers of two and at random. */
function check(y, wanted) {
  const { data, cols } = y
  const places = [0, 1, data.length - 2, data.length - 1]
  for (let power = 2 ** 20; power < data.length; power *= 2) places.push(power - 1, power)
  for (let i = 0; i < 1000; i++) places.push(Math.floor(Math.random() * data.length))
  for (const at of places) {
    if (at < 0 || at >= data.length) continue
    const value = wanted(Math.floor(at / cols), at % cols, at)
    const close = Math.abs(data[at] - value) <= 1e-5 * Math.max(1, Math.abs(value))
    if (!close && !Object.is(data[at], value)) throw new Error(`element ${at} is ${data[at]}, wanted ${value}`)
  }
}

/** The sum of valueAt from 0 to count − 1. */
const sumTo = (count) => {
  let rest = 0
  for (let i = 0; i < count % PERIOD; i++) rest += valueAt(i)
  return rest
}

/** Shapes that are tried, as functions of a dtype. */
const shapes = [
  (dtype) => [1, WHOLE[dtype]],
  (dtype) => [2 ** 13, WHOLE[dtype] / 2 ** 13],
  (dtype) => [HALF[dtype], 1],
  (dtype) => [2 ** 13, HALF[dtype] / 2 ** 13],
  (dtype) => [2 ** 13, QUARTER[dtype] / 2 ** 13],
]

const unary = (f, wanted) => (a) => check(f(a), (_i, _j, at) => wanted(valueAt(at)))
const binary = (f, wanted) => (a) => check(f(a, a), (_i, _j, at) => wanted(valueAt(at), valueAt(at)))

/** What is tried, on a matrix whose element at place i, row by row, is valueAt(i). */
const works = {
  exp: unary((a) => a.exp(), Math.exp),
  tanh: unary((a) => a.tanh(), Math.tanh),
  add: binary(
    (a, b) => a.add(b),
    (x, y) => x + y,
  ),
  less: binary(
    (a, b) => a.less(b),
    () => 0,
  ),
  'add a row': (a) => check(a.add(a.slice(0, 1)), (_i, j, at) => valueAt(at) + valueAt(j)),
  'where, broadcast': (a) => check(a.where(1, 2), (_i, _j, at) => (valueAt(at) === 0 ? 2 : 1)),
  where: (a) => check(a.where(a, a), (_i, _j, at) => valueAt(at)),
  sum: (a) => check(a.sum(), () => sumTo(a.size)),
  'sum 0': (a) =>
    check(a.sum(0), (_i, j) => {
      let s = 0
      for (let i = 0; i < a.rows; i++) s += valueAt(i * a.cols + j)
      return s
    }),
  'max 1': (a) =>
    check(a.max(1), (i) => {
      let most = -Infinity
      for (let j = 0; j < Math.min(a.cols, PERIOD); j++) most = Math.max(most, valueAt(i * a.cols + j))
      return most
    }),
  argmax: (a) => check(a.argmax(), () => 1020),
  logSumExp: (a) => {
    const found = a.logSumExp().item()
    let s = 0
    for (let i = 0; i < PERIOD; i++) s += Math.exp(valueAt(i) - 63.75)
    const wanted = 63.75 + Math.log((s * a.size) / PERIOD)
    if (Math.abs(found - wanted) > 1e-3) throw new Error(`${found}, wanted ${wanted}`)
  },
  'cumsum 1': (a) =>
    check(a.cumsum(1), (i, j) => {
      let s = 0
      const start = i * a.cols
      for (let k = Math.floor((start + j - start) / PERIOD) * PERIOD; k <= j; k++) s += valueAt(start + k)
      return s
    }),
  'softmax 1': (a) => a.softmax(1),
  'softmax 0': (a) => a.softmax(0),
  transpose: (a) => check(a.T, (i, j) => valueAt(j * a.cols + i)),
  flipRows: (a) => check(a.flipRows(), (i, j) => valueAt((a.rows - 1 - i) * a.cols + j)),
  flipCols: (a) => check(a.flipCols(), (i, j) => valueAt(i * a.cols + a.cols - 1 - j)),
  tril: (a) => check(a.tril(), (i, j, at) => (j <= i ? valueAt(at) : 0)),
  reshape: (a) => check(a.reshape(2, a.size / 2), (_i, _j, at) => valueAt(at)),
  slice: (a) =>
    check(a.slice(0, a.rows, Math.floor(a.cols / 2)), (i, j) => valueAt(i * a.cols + Math.floor(a.cols / 2) + j)),
  place: (a) =>
    check(a.slice(0, Math.ceil(a.rows / 2), 0, Math.ceil(a.cols / 2)).place(a.rows, a.cols, 0, 0), (i, j, at) =>
      i < Math.ceil(a.rows / 2) && j < Math.ceil(a.cols / 2) ? valueAt(at) : 0,
    ),
  astype: (a) => check(a.astype(a.dtype === 'float32' ? 'float64' : 'float32'), (_i, _j, at) => valueAt(at)),
  clone: (a) => check(a.clone(), (_i, _j, at) => valueAt(at)),
  concat: (a) =>
    check(
      concat([a.slice(0, a.rows, 0, Math.floor(a.cols / 2)), a.slice(0, a.rows, Math.floor(a.cols / 2))], 1),
      (_i, _j, at) => valueAt(at),
    ),
  gatherRows: (a) => check(a.gatherRows([a.rows - 1, 0]), (i, j) => valueAt((i === 0 ? a.rows - 1 : 0) * a.cols + j)),
  scatterAddRows: (a) =>
    check(a.slice(0, 1).scatterAddRows([a.rows - 1], a.rows), (i, j) => (i === a.rows - 1 ? valueAt(j) : 0)),
  pick: (a) =>
    check(
      a.slice(0, Math.min(a.rows, 2 ** 20)).pick(Array.from({ length: Math.min(a.rows, 2 ** 20) }, () => a.cols - 1)),
      (i) => valueAt(i * a.cols + a.cols - 1),
    ),
  sort: (a) => a.sort(),
  median: (a) => a.median(),
  matmul: (a) => {
    const one = zeros(a.cols, 1, { dtype: a.dtype })
    one.set(a.cols - 1, 0, 2)
    check(a.matmul(one), (i) => 2 * valueAt(i * a.cols + a.cols - 1))
  },
  'matmul from the left': (a) => {
    const one = zeros(1, a.rows, { dtype: a.dtype })
    one.set(0, a.rows - 1, 2)
    check(one.matmul(a), (_i, j) => 2 * valueAt((a.rows - 1) * a.cols + j))
  },
  'matmul transposed': (a) => {
    const one = zeros(a.rows, 1, { dtype: a.dtype })
    one.set(a.rows - 1, 0, 2)
    check(a.matmul(one, { transposeA: true }), (i) => 2 * valueAt((a.rows - 1) * a.cols + i))
  },
  affine: (a) => {
    const one = zeros(1, a.rows, { dtype: a.dtype })
    check(one.affine(a, a.slice(0, 1)), (_i, j) => valueAt(j))
  },
  outer: (a) => check(a.slice(0, 1, 0, 1).matmul(a.reshape(1, a.size)), (_i, _j, at) => valueAt(0) * valueAt(at)),
  crossEntropyLike: (a) => a.logSoftmax(1),
}

/** What makes a matrix of a size. */
const makers = {
  broadcastTo: (dtype, rows, cols) => check(make(dtype, 1, 1).broadcastTo(rows, cols), () => valueAt(0)),
  'broadcast a row': (dtype, rows, cols) => check(make(dtype, 1, cols).broadcastTo(rows, cols), (_i, j) => valueAt(j)),
  oneHot: (dtype, rows, cols) => check(zeros(rows, 1).oneHot(cols, { dtype }), (_i, j) => Number(j === 0)),
  uniform: (dtype, rows, cols) => {
    const y = new Generator(1).uniform(rows, cols, 0, 1, { dtype })
    const m = y.data.subarray(-1000).reduce((s, x) => s + x, 0) / 1000
    if (Math.abs(m - 0.5) > 0.1) throw new Error(`mean ${m}`)
  },
  normal: (dtype, rows, cols) => {
    const y = new Generator(1).normal(rows, cols, 0, 1, { dtype })
    const m = y.data.subarray(-1000).reduce((s, x) => s + x * x, 0) / 1000
    if (Math.abs(m - 1) > 0.3) throw new Error(`variance ${m}`)
  },
  diag: (dtype, rows, cols) => {
    const n = Math.floor(Math.sqrt(rows * cols))
    check(make(dtype, 1, n).diag(), (i, j) => (i === j ? valueAt(i) : 0))
  },
}

const chosen = process.argv.slice(2)
let wrong = 0
async function attempt(name, run) {
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 150))
  globalThis.gc?.()
  const start = performance.now()
  let outcome = 'right'
  try {
    run()
  } catch (error) {
    outcome = error instanceof MatgradError ? `${error.name}: ${error.message}` : `WRONG ${error.stack}`
    wrong += Number(!(error instanceof MatgradError))
  }
  console.log(`${name}: ${outcome} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
}

for (const shapeOf of shapes)
  for (const dtype of ['float32', 'float64']) {
    const [rows, cols] = shapeOf(dtype)
    const attempts = Object.entries(makers).map(([name, run]) => [name, () => run(dtype, rows, cols)])
    let a
    for (const [name, run] of Object.entries(works))
      attempts.push([
        name,
        () => {
          a ??= make(dtype, rows, cols)
          run(a)
        },
      ])
    for (const [name, run] of attempts)
      if (chosen.length === 0 || chosen.includes(name)) await attempt(`${dtype} ${rows}x${cols} ${name}`, run)
  }
console.log(wrong === 0 ? 'nothing is wrong' : `${wrong} are wrong`)
process.exitCode = Number(wrong > 0)
