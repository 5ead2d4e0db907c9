// Prints by how many bytes the process grew at most while programs were made, run and dropped in one job that never yields to
// the event loop: with `own`, 60 for two threads, each with a parameter of 4 MB; with `shared`, 250 with one parameter, each
// with a result of 1 MB.

import { compile } from '@matgrad/autograd'
import { configure, full, type Matrix } from '@matgrad/core'

const WARM_UP = 20
const kinds = {
  own: { count: 60, threads: 2, rows: 8, inner: 1024, shared: null },
  shared: { count: 250, threads: 1, rows: 1000, inner: 64, shared: full(64, 256, 0.5) },
}

const kind = process.argv[2] as keyof typeof kinds
const { count, threads, rows, inner, shared } = kinds[kind]
configure({ threads })
const x = full(rows, inner, 3)

function once(): void {
  const weight = shared ?? full(inner, inner, 0.5)
  const product = compile((a: Matrix) => a.matmul(weight))
  const first = product(x).clone()
  if (!product(x).equals(first)) throw new Error('the program gives other bits')
}

for (let i = 0; i < WARM_UP; i++) once()
const before = process.memoryUsage().rss
let most = 0
for (let i = 0; i < count; i++) {
  once()
  most = Math.max(most, process.memoryUsage().rss)
}
console.log(most - before)
