// Prints by how many bytes the process grew at most while 120 programs for two threads, each with a parameter of 4 MB, were
// made, run and dropped in one job that never yields to the event loop.

import { compile } from '@matgrad/autograd'
import { configure, full, type Matrix } from '@matgrad/core'

configure({ threads: 2 })
const x = full(8, 1024, 3)

function once(): void {
  const weight: Matrix = full(1024, 1024, 0.5)
  const product = compile((a: Matrix) => a.matmul(weight))
  const first = product(x).clone()
  if (!product(x).equals(first)) throw new Error('the program gives other bits')
}

for (let i = 0; i < 20; i++) once()
const before = process.memoryUsage().rss
let most = 0
for (let i = 0; i < 120; i++) {
  once()
  most = Math.max(most, process.memoryUsage().rss)
}
console.log(most - before)
