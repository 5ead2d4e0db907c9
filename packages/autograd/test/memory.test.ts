// What programs keep and what they scratch never meet, whatever comes later: sizes are those at which they did.

import { compile } from '@matgrad/autograd'
import { configure, full, Generator, type Matrix, rand } from '@matgrad/core'
import { afterEach, describe, expect, test } from 'vitest'

const { grow } = WebAssembly.Memory.prototype

afterEach(() => {
  configure({ threads: 'auto' })
  WebAssembly.Memory.prototype.grow = grow
})

const isAll = (a: Matrix, value: number): boolean => a.equals(full(a.rows, a.cols, value))

describe.each([1, 2])('with %i threads', (threads) => {
  test('6 MB of state that come after 8 MB of scratch memory stay what they are', () => {
    configure({ threads })
    const [w, late] = [full(1, 1, 1), full(1, 1_500_000, 7)]
    const scratching = compile((x: Matrix) => x.add(w).tanh().sum())
    const keeping = compile(() => late.mul(w).max())
    const x = rand(1000, 2000)
    scratching(x)
    for (let n = 0; n < 3; n++) {
      expect(keeping().item()).toBe(7)
      scratching(x)
      expect(isAll(late, 7)).toBe(true)
    }
  })

  test('results that are held, and states of many sizes, stay what they are while programs of many sizes run', () => {
    configure({ threads })
    const w = full(1, 1, 1)
    const held: [Matrix, number][] = []
    const states: [Matrix, number][] = []
    const scratching = [10, 300, 1200, 40].map((rows) => {
      const [x, f] = [full(rows, 500, 1), compile((x: Matrix) => x.add(w).mul(w).sum(0))]
      return () => f(x)
    })
    for (const run of scratching) run()
    for (const [i, size] of [4, 100_000, 7, 700_000, 30, 150_000, 20_000, 200_000].entries()) {
      const state = full(1, size, i)
      states.push([state, i])
      const result = compile(() => state.add(w))
      result()
      held.push([result(), i + 1])
      for (const run of scratching) run()
      for (const [matrix, value] of [...held, ...states]) expect(isAll(matrix, value)).toBe(true)
    }
  })
})

test('where memory cannot be had the function itself is called, and nothing has changed before', () => {
  configure({ threads: 1 })
  const twin = () => {
    const [w, generator] = [full(1, 1, 2), new Generator(1)]
    const fn = (x: Matrix) => {
      w.assign(w.add(1))
      return x.add(w).add(generator.normal(1, 1)).sum(0)
    }
    return { w, fn }
  }
  const [eager, other] = [twin(), twin()]
  const f = compile(other.fn)
  const [small, large] = [full(3, 5, 1), full(1000, 1000, 1)]
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (pages > 20) throw new RangeError('no memory')
    return grow.call(this, pages)
  }
  for (const x of [small, large, small, large, large]) {
    expect(f(x).equals(eager.fn(x))).toBe(true)
    expect(other.w.equals(eager.w)).toBe(true)
  }
  WebAssembly.Memory.prototype.grow = grow
  for (const x of [large, small, large]) expect(f(x).equals(eager.fn(x))).toBe(true)
})
