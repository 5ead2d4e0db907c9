// Sparse products beside the dense ones of the same matrices, checked, then timed in turns.

import { configure, Generator, sparse as matrices } from '@matgrad/core'
import { median } from './harness/timing.js'

const ROUNDS = 40
const SIZE = 2000
const COLS = 64
const DENSITY = 0.01

function time(work) {
  const began = performance.now()
  work()
  return performance.now() - began
}

/** @throws Error unless the results agree within the errors that both may have, SIZE·u·|A|·|B| at most each. */
function checkSame(left, right, a, b) {
  const bound = a
    .abs()
    .matmul(b.abs())
    .mul(2 * SIZE * (a.dtype === 'float32' ? 2 ** -24 : 2 ** -53))
  if (left.sub(right).abs().greater(bound).sum().item() > 0) throw new Error(`${a.dtype}: the products differ`)
}

function measure(dtype) {
  const generator = new Generator(1)
  const kept = generator.bernoulli(SIZE, SIZE, DENSITY, { dtype })
  const a = generator.normal(SIZE, SIZE, 0, 1, { dtype }).mul(kept)
  const b = generator.normal(SIZE, COLS, 0, 1, { dtype })
  const s = matrices.SparseMatrix.fromDense(a)
  checkSame(s.matmul(b), a.matmul(b), a, b)
  const times = { sparse: [], dense: [] }
  for (let round = 0; round < ROUNDS; round++) {
    times.sparse.push(time(() => s.matmul(b)))
    times.dense.push(time(() => a.matmul(b)))
  }
  const [ours, dense] = [median(times.sparse), median(times.dense)]
  return `| ${dtype} | ${ours.toPrecision(3)} ms | ${dense.toPrecision(3)} ms | ${(dense / ours).toPrecision(2)}x |`
}

/** The section of products at one density, here and through the dense product. */
export function sparse() {
  configure({ threads: 1 })
  const rows = ['float32', 'float64'].map(measure)
  configure({ threads: 'auto' })
  const text = `${SIZE}x${SIZE} with ${DENSITY * 100} % entries · ${SIZE}x${COLS}, one thread

| dtype | SparseMatrix.matmul | Matrix.matmul | speed against dense |
| --- | --- | --- | --- |
${rows.join('\n')}`
  return { text, abouts: ['matgrad'] }
}
