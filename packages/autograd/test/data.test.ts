// `data` is one array for the life of a matrix, whatever programs do: with the present elements, and what is written there is
// seen.

import { compile, Variable, variable } from '@matgrad/autograd'
import { CompiledFunction, Guided, replays } from '@matgrad/autograd/internal'
import { configure, type DType, full, MatgradError, type Matrix, matrix, rand, type TypedArray } from '@matgrad/core'
import { afterEach, describe, expect, test } from 'vitest'

afterEach(() => configure({ threads: 'auto' }))

function sum(data: TypedArray): number {
  let total = 0
  for (let i = 0; i < data.length; i++) total += data[i]
  return total
}

const transfer = ({ buffer }: TypedArray): void => {
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
}

describe.each<[rows: number, cols: number, dtype: DType, threads: number]>([
  [1, 3, 'float32', 1],
  [20, 20, 'float64', 1],
  [500, 600, 'float32', 2],
])('%ix%i %s with %i threads', (rows, cols, dtype, threads) => {
  const filled = (value: number): Matrix => full(rows, cols, value, { dtype })
  const size = rows * cols

  test('data of state are current, taken before, between and after calls', () => {
    configure({ threads })
    const states = [filled(0), filled(0), filled(0)]
    const step = compile((x: Matrix) => {
      for (const state of states) state.assign(state.add(x))
    })
    const taken = [states[0].data]
    for (let n = 1; n <= 4; n++) {
      step(filled(1))
      if (n === 2) taken.push(states[1].data)
      expect(taken.map(sum)).toEqual(taken.map(() => n * size))
    }
    taken.push(states[2].data)
    step(filled(1))
    expect(taken.map(sum)).toEqual([5 * size, 5 * size, 5 * size])
    for (const [i, { data }] of states.entries()) expect(data).toBe(taken[i])
  })

  test('what is written to an array, wrapped or taken, is seen by the next call', () => {
    configure({ threads })
    const array = new (dtype === 'float32' ? Float32Array : Float64Array)(size)
    const [wrapped, other] = [matrix(array, rows, cols), filled(0)]
    const f = compile((x: Matrix) => x.add(wrapped).add(other).sum())
    const total = (): number => f(filled(0)).item()
    expect([total(), total()]).toEqual([0, 0])
    array[size - 1] = 3
    expect(total()).toBe(3)
    other.data[0] = 4
    expect(total()).toBe(7)
    array[0] = -3
    other.data[0] = 5
    expect([total(), total()]).toEqual([5, 5])
  })

  test('data of a result and of a gradient are those of the last call', () => {
    configure({ threads })
    const w = variable(filled(2))
    const f = compile((x: Matrix) => {
      w.grad = null
      const loss = w.mul(x).sum()
      loss.backward()
      return w.value.mul(x)
    })
    const result = f(filled(1))
    const [data, gradient] = [result.data, (w.grad as unknown as Matrix).data]
    for (const n of [5, 6]) {
      expect(f(filled(n))).toBe(result)
      expect([data, gradient].map(sum)).toEqual([2 * n * size, n * size])
    }
  })

  test('gradients that are given away keep their elements and their data', () => {
    configure({ threads })
    const w = variable(filled(2))
    const f = new CompiledFunction((x: Matrix) => {
      w.grad = null
      w.mul(x).sum().backward()
    })
    f.call([filled(1)])
    const first = w.grad as unknown as Matrix
    const { data } = first
    f.call([filled(3)])
    f.release()
    f.call([filled(4)])
    const second = w.grad as unknown as Matrix
    f.release()
    f.call([filled(5)])
    expect(first.data).toBe(data)
    expect([data, second.data, (w.grad as unknown as Matrix).data].map(sum)).toEqual([3 * size, 4 * size, 5 * size])
  })

  test('one matrix is state of programs in several memories', () => {
    configure({ threads })
    const shared = matrix(new Float64Array(size), rows, cols)
    const functions = [filled(1), filled(2), filled(3)].map((own) =>
      compile(() => {
        shared.assign(shared.add(own))
      }),
    )
    let total = 0
    for (let n = 0; n < 3; n++)
      for (const [i, f] of functions.entries()) {
        f()
        total += i + 1
        expect(sum(shared.data)).toBe(total * size)
      }
  })
})

test('data that were taken may be transferred alone: programs go on, and what lost its elements is an error as ever', () => {
  const [a, b] = [full(20, 20, 1), full(20, 20, 2)]
  const f = compile((x: Matrix) => {
    a.assign(a.add(1))
    return x.add(a).mul(b)
  })
  const x = full(20, 20, 1)
  f(x)
  f(x)
  const kept = rand(20, 20)
  const g = compile(() => kept.add(1))
  const wanted = g().clone()
  transfer(b.data)
  expect(() => f(x)).toThrow(/: the data of a 20x20 matrix were detached or resized, got 0 elements, wanted 400/)
  expect(() => f(x)).toThrow(MatgradError)
  expect(g().equals(wanted)).toBe(true)
  transfer(kept.data)
  expect(() => g()).toThrow(/add: the data of a 20x20 matrix/)
})

test('data that shrink, and grow again after the program was bound for other threads, are an error in between', () => {
  const [n, bytes] = [110, 110 * 110 * 4]
  configure({ threads: 1 })
  const buffer = Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: bytes }])
  const [state, twin] = [matrix(new Float32Array(buffer), n, n), full(n, n, 0)]
  const x = rand(n, n).sub(0.5)
  const step = (a: Matrix): Matrix => a.assign(a.matmul(x).add(x).tanh())
  const f = compile(() => {
    step(state)
  })
  const expectSame = (): void => {
    f()
    step(twin)
    expect(state.equals(twin)).toBe(true)
  }
  for (let i = 0; i < 3; i++) expectSame()
  buffer.resize(0)
  configure({ threads: 2 })
  expect(f).toThrow(/: the data of a 110x110 matrix were detached or resized/)
  buffer.resize(bytes)
  twin.assign(full(n, n, 0))
  for (let i = 0; i < 3; i++) expectSame()
})

describe('a function under a guide that writes to arrays, or reads them, where nobody sees it', () => {
  const STEPS = 12
  type Twin = (x: Matrix) => Variable
  /** How many calls a program made. */
  const compare = (make: () => Twin): number => {
    const [eager, other] = [make(), make()]
    const guided = new Guided<[Matrix], Variable>({ first: other, isRestKnown: () => true })
    const before = replays()
    for (let n = 0; n < STEPS; n++) {
      const x = full(2, 3, n / 4)
      expect(guided.call(x).value.toArray()).toEqual(eager(x).value.toArray())
    }
    return replays() - before
  }

  test('between calls', () => {
    expect(
      compare(() => {
        const array = new Float32Array(3)
        const w = matrix(array, 1, 3)
        let n = 0
        return (x) => {
          array[0] = n++
          return new Variable(x.add(w).exp(), false)
        }
      }),
    ).toBe(STEPS - 1)
  })

  test('between operations, in some calls', () => {
    expect(
      compare(() => {
        const w = full(1, 3, 1)
        const { data } = w
        let n = 0
        return (x) => {
          const y = x.mul(w)
          if (n++ % 4 === 3) data[1] += 1
          return new Variable(y.add(x.mul(w)), false)
        }
      }),
    ).toBeGreaterThan(0)
  })

  test('after the last operation', () => {
    compare(() => {
      const w = full(1, 3, 1)
      const { data } = w
      return (x) => {
        const y = x.mul(w)
        data[1] += 1
        return new Variable(y, false)
      }
    })
  })

  test('to what the function makes', () => {
    compare(() => (x) => {
      const array = new Float32Array(3)
      const made = matrix(array, 1, 3)
      const y = x.add(made)
      array[2] = 7
      return new Variable(y.mul(x.add(made)), false)
    })
  })

  test('of what the function changes', () => {
    compare(() => {
      const count = full(1, 1, 0)
      const { data } = count
      return (x) => {
        count.assign(count.add(1))
        return new Variable(data[0] % 3 === 1 ? x.add(count) : x.mul(count), false)
      }
    })
  })
})

test('a variable has the elements of its value: the same array, and those at a position', () => {
  const value = matrix([
    [1, 2, 3],
    [4, 5, 6],
  ])
  const x = variable(value)
  expect(x.data).toBe(value.data)
  expect([x.get(0, 2), x.get(-1, 0), x.square().get(1, 1)]).toEqual([3, 4, 25])
  x.data[5] = 7
  expect([value.get(1, 2), x.mul(2).get(1, 2)]).toEqual([7, 14])
  expect(() => x.get(2, 0)).toThrow('get: the row index is 2')
  const traced = compile((a: Variable) => a.mul(a.get(0, 0)))
  expect(() => traced(new Variable(value, false))).toThrow(
    'reads or writes the elements of a 2x3 matrix while the function is traced',
  )
})
