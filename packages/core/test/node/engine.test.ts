// What becomes of the engine's memory after large calls, and of the threads where workers cannot start.

import { MatgradError, zeros } from '@matgrad/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { getEngine, type Operand, place } from '../../src/engine/engine.ts'

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

  test('of more than 64 MiB comes back when nobody needed it for 100 ms', () => {
    large()
    const engine = getEngine()
    vi.advanceTimersByTime(60)
    large()
    vi.advanceTimersByTime(90)
    expect(getEngine()).toBe(engine)
    expect(bytes()).toBeGreaterThan(68e6)
    vi.advanceTimersByTime(200)
    expect(bytes()).toBeLessThan(4e6)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('of more than 64 MiB comes back by 256 smaller calls where no timer runs', () => {
    large()
    const start = performance.now()
    const clock = vi.spyOn(performance, 'now')
    clock.mockReturnValue(start + 90)
    for (let i = 0; i < 1000; i++) zeros(1, 1).sum()
    expect(bytes()).toBeGreaterThan(68e6)
    clock.mockReturnValue(start + 110)
    for (let i = 0; i < 256; i++) zeros(1, 1).sum()
    expect(bytes()).toBeLessThan(4e6)
    clock.mockRestore()
    expect(zeros(1, 3).add(2).sum().item()).toBe(6)
  })

  test('of less than 64 MiB stays', () => {
    zeros(1, 16e6).sum()
    const engine = getEngine()
    vi.advanceTimersByTime(1000)
    expect(getEngine()).toBe(engine)
    expect(vi.getTimerCount()).toBe(0)
  })
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

describe('where workers cannot start', () => {
  interface WorkerThreads {
    Worker: new (...args: unknown[]) => { terminate(): unknown; on(event: string, listener: () => void): void }
  }
  const threads = (process as unknown as { getBuiltinModule(name: string): WorkerThreads }).getBuiltinModule(
    'node:worker_threads',
  )
  const { Worker } = threads
  const warn = vi.spyOn(console, 'warn')
  beforeEach(() => {
    vi.resetModules()
    warn.mockReset()
  })
  afterEach(() => {
    threads.Worker = Worker
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
    threads.Worker = class {
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
    threads.Worker = class {
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
