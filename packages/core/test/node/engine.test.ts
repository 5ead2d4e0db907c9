// What becomes of the engine's memory after large calls, of programs in workers, and of threads where workers cannot start.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MatgradError, zeros } from '@matgrad/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEngine, getEngine, type Operand, place } from '../../src/engine/engine.ts'

describe('scratch memory', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A call that needs 68 MB. */
  const large = (): number => zeros(1, 17e6).sum().item()
  const bytes = (): number => getEngine().memory.buffer.byteLength

  test('of more than 64 MiB comes back when nobody needed it for 250 ms', () => {
    large()
    const engine = getEngine()
    vi.advanceTimersByTime(200)
    large()
    vi.advanceTimersByTime(249)
    expect(getEngine()).toBe(engine)
    expect(bytes()).toBeGreaterThan(68e6)
    vi.advanceTimersByTime(1)
    expect(bytes()).toBeLessThan(4e6)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('of more than 64 MiB comes back by 256 smaller calls where no timer runs', () => {
    large()
    const start = performance.now()
    const clock = vi.spyOn(performance, 'now')
    clock.mockReturnValue(start + 249)
    for (let i = 0; i < 1000; i++) zeros(1, 1).sum()
    expect(bytes()).toBeGreaterThan(68e6)
    clock.mockReturnValue(start + 250)
    for (let i = 0; i < 256; i++) zeros(1, 1).sum()
    expect(bytes()).toBeLessThan(4e6)
    clock.mockRestore()
    expect(zeros(1, 3).add(2).sum().item()).toBe(6)
  })

  test('of less than 64 MiB stays', () => {
    zeros(1, 12e6).sum()
    const engine = getEngine()
    vi.advanceTimersByTime(1000)
    expect(getEngine()).toBe(engine)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('a shared memory counts as twice its bytes for the garbage collector, as it is made and after it grew', () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const counted = (): number => {
    // What one leaves to be freed, another frees.
    for (let i = 0; i < 3; i++) collect()
    return process.memoryUsage().external
  }
  const before = counted()
  const engine = createEngine(true, null, () => 2 ** 26)
  expect(counted() - before).toBeGreaterThan(2 * 2 ** 26)
  const operand: Operand = new Float32Array(2 ** 25)
  const made = counted()
  place(engine, 'work', [operand], [], 0, 0, [])
  expect(engine.memory.buffer.byteLength).toBeGreaterThan(2 ** 27 + 2 ** 26)
  expect(counted() - made).toBeGreaterThanOrEqual(2 * 2 ** 27)
})

describe('operands of 2 GiB', () => {
  const huge: Operand = Object.create(Float32Array.prototype, { length: { value: 2 ** 29 } })

  test('lie behind one another', () => {
    const addresses: number[] = []
    const top = place({ ...getEngine(), end: 2 ** 40 }, 'work', [huge, huge, huge], [], 0, 0, addresses)
    expect(addresses[1]).toBeGreaterThanOrEqual(addresses[0] + 2 ** 31)
    expect(addresses[2]).toBeGreaterThanOrEqual(addresses[1] + 2 ** 31)
    expect(top).toBe(addresses[2] + 2 ** 31)
  })

  test('that do not fit 4 GiB are a MatgradError before any memory is had', () => {
    const engine = getEngine()
    const before = engine.memory.buffer.byteLength
    expect(() => place(engine, 'work', [huge, huge], [], 0, 0, [])).toThrow(MatgradError)
    expect(() => place(engine, 'work', [huge, huge], [], 0, 0, [])).toThrow(/^work: the operands need 429\d{7} bytes/)
    expect(engine.memory.buffer.byteLength).toBe(before)
  })
})

interface WorkerThreads {
  Worker: new (...args: unknown[]) => { terminate(): unknown; on(event: string, listener: () => void): void }
}
const workerThreads = (process as unknown as { getBuiltinModule(name: string): WorkerThreads }).getBuiltinModule(
  'node:worker_threads',
)
const { Worker } = workerThreads
afterEach(() => {
  workerThreads.Worker = Worker
})

describe('programs for two threads whose workers do nothing', () => {
  /** Where in the control block a worker says that it has started. */
  const STARTED = 9
  /** How many workers were started, and have not ended. */
  const counts = { started: 0, running: 0 }

  /** How programs on memories of 4 MB of their own are made that count their runs, in a copy of the package. */
  async function fresh(starts = true) {
    vi.resetModules()
    const { configure } = await import('@matgrad/core')
    const { inThreads } = await import('../../src/engine/threads.ts')
    configure({ threads: 2 })
    Object.assign(counts, { started: 0, running: 0 })
    workerThreads.Worker = class {
      constructor() {
        counts.started++
        counts.running++
      }
      on(): void {}
      unref(): void {}
      postMessage({ memory, control }: { memory: WebAssembly.Memory; control?: number }): void {
        if (control !== undefined && starts) new Int32Array(memory.buffer, control)[STARTED] = 1
      }
      terminate(): void {
        counts.running--
      }
    }
    const program = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))
    return () => {
      const engine = { ...getEngine(), memory: { buffer: { byteLength: 4e6 } } as WebAssembly.Memory }
      const done = [0, 0]
      const run = inThreads([() => done[0]++, () => done[1]++], [[0, 2]], { program, engine })
      return { run, done }
    }
  }

  test('that are fresh each time start a worker anew for every 17, and one is left', async () => {
    const create = await fresh()
    for (let i = 0; i < 169; i++) create().run()
    expect(counts).toEqual({ started: 10, running: 1 })
  })

  test('that have not started yet are sent nothing, and none is ended', async () => {
    const create = await fresh(false)
    for (let i = 0; i < 100; i++) create().run()
    expect(counts).toEqual({ started: 1, running: 1 })
  })

  test('of which 100 live start workers anew at first, and none later, however many others come', async () => {
    const create = await fresh()
    const programs = Array.from({ length: 100 }, create)
    const rounds = [0, 1, 2, 3, 4].map(() => {
      for (const { run } of programs) run()
      return counts.started
    })
    expect(rounds[1]).toBeLessThanOrEqual(12)
    expect(rounds[4]).toBe(rounds[1])
    for (let i = 0; i < 90; i++) create().run()
    expect(counts.started).toBe(rounds[4])
    expect(counts.running).toBe(1)
    for (const { done } of programs) expect(done).toEqual([5, 5])
  })
})

describe('where workers cannot start', () => {
  const warn = vi.spyOn(console, 'warn')
  beforeEach(() => {
    vi.resetModules()
    warn.mockReset().mockImplementation(() => {})
  })

  /** A copy of the package whose threads have not started, and a product that wants them. */
  async function fresh() {
    const core = await import('@matgrad/core')
    core.configure({ threads: 4 })
    const a = core.eye(200)
    const product = () => a.matmul(a).equals(a)
    return { core, product }
  }

  test('the product is computed on one thread, workers that did start end, and one warning says so', async () => {
    const { core, product } = await fresh()
    const ended = vi.fn()
    let started = 0
    workerThreads.Worker = class {
      constructor() {
        if (++started === 3) throw new Error('Access to this API has been restricted')
      }
      on(): void {}
      unref(): void {}
      terminate(): void {
        ended()
      }
    }
    expect(core.engineInfo().threads).toBe(4)
    expect(product()).toBe(true)
    expect(core.engineInfo().threads).toBe(1)
    core.configure({ threads: 3 })
    expect(product()).toBe(true)
    expect(core.engineInfo().threads).toBe(1)
    expect(started).toBe(3)
    expect(ended).toHaveBeenCalledTimes(2)
    expect(warn.mock.calls).toEqual([['matgrad: workers cannot start here, so that everything runs on one thread']])
  })

  test('the same where that is known only later', async () => {
    const { core, product } = await fresh()
    const failures: (() => void)[] = []
    const ended = vi.fn()
    workerThreads.Worker = class {
      on(_event: string, listener: () => void): void {
        failures.push(listener)
      }
      unref(): void {}
      postMessage(): void {}
      terminate(): void {
        ended()
      }
    }
    expect(product()).toBe(true)
    expect(core.engineInfo().threads).toBe(4)
    for (const fail of failures) fail()
    expect(core.engineInfo().threads).toBe(1)
    expect(ended).toHaveBeenCalledTimes(3)
    expect(product()).toBe(true)
    expect(warn).toHaveBeenCalledTimes(1)
  })
})
