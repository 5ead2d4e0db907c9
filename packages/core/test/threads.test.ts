// Products on several threads: the bits of one, whichever thread computes what.

import { configure, DTypeError, engineInfo, type Matrix, ShapeError } from '@matgrad/core'
import { afterEach, describe, expect, test } from 'vitest'
import { createEngine, isRunnable } from '../src/engine/engine.ts'
import { fmaKernels } from '../src/engine/kernels.generated.ts'
import { engineFor } from '../src/engine/threads.ts'
import { between, DTYPES, noise, sample } from './support.ts'

/** More multiplications than are worth a thread. */
const LARGE = 200 ** 3

afterEach(() => configure({ threads: 'auto' }))

/** A page that is not cross-origin isolated has one thread whatever it asks for. */
const shares = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

/** Runs `work` until the workers have taken a call: they start in their own time. */
async function untilShared(work: () => void): Promise<void> {
  const { kernels } = engineFor(LARGE)
  const { combine } = kernels.float32
  let own = 0
  const counted = kernels.float32 as Record<string, typeof combine>
  counted.combine = (...args) => {
    own++
    combine(...args)
  }
  const nothing = Array.from({ length: 200 }, () => [0, 0, 0, 0, 0, 0, 0, 0, 0])
  do {
    own = 0
    await pause()
    engineFor(LARGE).run('combine', 'float32', nothing)
  } while (own === nothing.length)
  work()
}

describe.runIf(shares).each(DTYPES)('%s', (dtype) => {
  test('1, 2, 3 and 4 threads give the same bits, in all forms and for sizes around a part', {
    timeout: 60_000,
  }, async () => {
    const random = noise(7)
    const sizes = [
      [200, 200, 200],
      [161, 257, 130],
      [33, 1027, 300],
      [1030, 31, 257],
      [1, 4096, 1024],
    ]
    const operands = sizes.map(([m, n, k]): [Matrix, Matrix] => [
      sample(m, k, dtype, between(-1, 1), random),
      sample(k, n, dtype, between(-1, 1), random),
    ])
    const products = (): Matrix[] =>
      operands.flatMap(([a, b]) => [
        a.matmul(b),
        a.T.matmul(b, { transposeA: true }),
        a.matmul(b.T, { transposeB: true }),
        a.T.matmul(b.T, { transposeA: true, transposeB: true }),
        a.affine(b, b.sum(0)),
      ])
    configure({ threads: 1 })
    const wanted = products()
    for (const threads of [2, 3, 4]) {
      configure({ threads })
      await untilShared(() => {
        for (const [i, product] of products().entries()) expect(product.equals(wanted[i])).toBe(true)
      })
    }
  })
})

test.runIf(shares)(
  "1 to 4 threads give the same bits in Strassen's algorithm, which is the same for both types",
  { timeout: 60_000 },
  async () => {
    const a = sample(1030, 1025, 'float32', between(-1, 1), noise(1))
    const b = sample(1025, 1027, 'float32', between(-1, 1), noise(2))
    configure({ threads: 1 })
    const wanted = a.matmul(b, { algorithm: 'strassen' })
    for (const threads of [2, 3, 4]) {
      configure({ threads })
      await untilShared(() => expect(a.matmul(b, { algorithm: 'strassen' }).equals(wanted)).toBe(true))
    }
  },
)

test.runIf(shares)(
  'products before the workers have started, and more calls at once than fit in their memory, lose nothing',
  () => {
    const a = sample(230, 230, 'float64', between(-1, 1), noise(3))
    configure({ threads: 1 })
    const wanted = a.matmul(a)
    configure({ threads: 3 })
    expect(a.matmul(a).equals(wanted)).toBe(true)
    const engine = engineFor(LARGE)
    const at = engine.scratch
    const start = at / 8
    engine.f64.fill(1, start, start + 3000)
    const calls = Array.from({ length: 1000 }, (_, i) => [at + i * 24, at + i * 24, at + i * 24, 1, 3, 0, 0, 0, 0])
    engine.run('combine', 'float64', calls)
    expect(engine.f64.subarray(start, start + 3000).every((x) => x === 2)).toBe(true)
  },
)

test.runIf(shares)('a worker that starts on a memory where others compute changes nothing there', () => {
  for (const fused of [null, fmaKernels].filter((each) => !each || isRunnable(each))) {
    const { memory, workerModules, workspace } = createEngine(true, fused, () => 0)
    const kernels = new Uint8Array(memory.buffer, 0, workspace)
    expect(kernels.some((byte) => byte !== 0)).toBe(true)
    for (const [i, value] of kernels.entries()) kernels[i] = value ^ 255
    const before = kernels.slice()
    for (const module of workerModules) new WebAssembly.Instance(module, { env: { memory } })
    expect(kernels).toEqual(before)
  }
})

test.runIf(shares)('small products stay on one thread', () => {
  configure({ threads: 4 })
  expect(engineFor(100 ** 3).threads).toBe(1)
  expect(engineFor(LARGE).threads).toBe(4)
})

describe('configure', () => {
  test.runIf(shares)('engineInfo tells the number of threads; auto is at least one and at most eight', () => {
    configure({ threads: 3 })
    expect(engineInfo().threads).toBe(3)
    configure({ fma: false })
    expect(engineInfo().threads).toBe(3)
    configure({ threads: 'auto' })
    expect(engineInfo().threads).toBeGreaterThanOrEqual(1)
    expect(engineInfo().threads).toBeLessThanOrEqual(8)
  })

  test.each([
    [undefined, DTypeError, 'configure: options are undefined'],
    [4, DTypeError, 'configure: options are 4'],
    [{ threads: 0 }, ShapeError, 'configure: threads is 0, wanted 1 to 64'],
    [{ threads: 65 }, ShapeError, 'configure: threads is 65, wanted 1 to 64'],
    [{ threads: 1.5 }, DTypeError, 'configure: threads is 1.5, wanted a whole number'],
    [{ threads: 'all' }, DTypeError, 'configure: threads is "all", wanted a whole number'],
    [{ fma: 1 }, DTypeError, 'configure: fma is 1, wanted true or false'],
    [{ threads: 2, fma: 'yes' }, DTypeError, 'configure: fma is "yes", wanted true or false'],
  ])('%j is an error, and changes nothing', (options, type, message) => {
    configure({ threads: 3 })
    const before = engineInfo()
    expect(() => configure(options as never)).toThrow(type)
    expect(() => configure(options as never)).toThrow(message)
    expect(engineInfo()).toEqual(before)
  })
})
