// Compiled functions when the engine changes under them: threads, and fused multiply-add where a flag turns it on (Node 20).

import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { compile, variable } from '@matgrad/autograd'
import { Guided } from '@matgrad/autograd/internal'
import { configure, type DType, engineInfo, Generator, type Matrix } from '@matgrad/core'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { identical } from '../random-programs.ts'

beforeAll(() => setFlagsFromString('--experimental-wasm-relaxed-simd'))

afterEach(() => configure({ fma: false, threads: 'auto' }))

/** Layers that learn, with products large enough for threads, and some so small that they are loops. */
function twin(dtype: DType) {
  const generator = new Generator('twin')
  const draw = (rows: number, cols: number): Matrix => generator.normal(rows, cols, 0, 0.1, { dtype })
  const [weight, bias] = [variable(draw(150, 140)), variable(draw(1, 140))]
  const [other, last] = [variable(draw(140, 130)), variable(draw(130, 3))]
  const step = (x: Matrix): Matrix => {
    for (const each of [weight, bias, other, last]) each.grad = null
    const y = weight.add(0).T.matmul(x.T).T.add(bias).relu().matmul(other).matmul(last)
    y.square().mean().backward()
    if (weight.grad) weight.value.assign(weight.value.sub(weight.grad))
    return y.value
  }
  return { weight, step }
}

test.each<DType>(['float32', 'float64'])('%s: the bits of eager code, whatever the engine is changed to', (dtype) => {
  const [eager, other] = [twin(dtype), twin(dtype)]
  let runs = 0
  const compiled = compile((x: Matrix) => {
    runs++
    return other.step(x)
  })
  const generator = new Generator('inputs')
  for (const [threads, fma = false] of [
    ...([[1], [1], [3], [3], [2], [1]] as const),
    ...([
      [1, true],
      [3, true],
      [3, false],
      ['auto', false],
      [1, false],
    ] as const),
  ]) {
    configure({ threads, fma })
    expect(engineInfo().fma).toBe(fma)
    const x = generator.normal(160, 150, 0, 1, { dtype })
    const [wanted, got] = [eager.step(x), compiled(x)]
    expect(identical(got, wanted)).toBe(true)
    expect(identical(other.weight.value, eager.weight.value)).toBe(true)
    expect(identical(other.weight.grad, eager.weight.grad)).toBe(true)
  }
  expect(runs).toBe(1)
})

test('what is put off rounds as products did when the function came to it', () => {
  const generator = new Generator('inputs')
  const [a, b] = [generator.normal(64, 48), generator.normal(48, 40)]
  const make = (): ((x: Matrix) => Matrix[]) => {
    let n = 0
    return (x) => {
      const first = x.matmul(a)
      configure({ fma: n++ % 3 === 1 })
      return [first, first.matmul(b)]
    }
  }
  const [plain, first] = [make(), make()]
  const guided = new Guided<[Matrix], Matrix[]>({ isRestKnown: () => true, first })
  for (let n = 0; n < 12; n++) {
    const x = generator.normal(56, 64)
    const { fma } = engineInfo()
    const wanted = plain(x)
    configure({ fma })
    const got = guided.call(x)
    for (const [i, each] of wanted.entries()) expect(identical(got[i], each), `call ${n}, result ${i}`).toBe(true)
  }
})

test('a program for two threads is bound anew once a third has started: 60 products of 256x256 are those of eager code', async () => {
  configure({ threads: 2 })
  const generator = new Generator('late')
  const [a, b] = [generator.normal(256, 256), generator.normal(256, 256)]
  const wanted = a.matmul(b)
  const f = compile((x: Matrix) => x.matmul(b))
  for (let n = 0; n < 3; n++) expect(identical(f(a), wanted)).toBe(true)
  configure({ threads: 3 })
  f(a)
  // The worker starts in its own time; a program that goes on without it has parts and barriers for two.
  await setTimeout(300)
  let wrong = 0
  for (let n = 0; n < 60; n++) if (!identical(f(a), wanted)) wrong++
  expect(wrong).toBe(0)
})

test('fused multiply-add gives other bits, so that the test above can fail', () => {
  const x = new Generator('inputs').normal(160, 150)
  const without = twin('float32').step(x)
  configure({ fma: true })
  expect(identical(twin('float32').step(x), without)).toBe(false)
})
