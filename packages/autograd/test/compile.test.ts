// What `compile` promises beside the same bits.

import { compile, constant, crossEntropy, defineOp, grad, noGrad, type Op, Variable, variable } from '@matgrad/autograd'
import { CompiledFunction } from '@matgrad/autograd/internal'
import {
  concat,
  DTypeError,
  Generator,
  getDefaultGenerator,
  MatgradError,
  Matrix,
  manualSeed,
  matrix,
  ones,
  rand,
  ShapeError,
  setDefaultDtype,
  zeros,
} from '@matgrad/core'
import { keep, operations } from '@matgrad/core/internal'
import { afterEach, describe, expect, test } from 'vitest'

afterEach(() => setDefaultDtype('float32'))

const row = (...numbers: number[]): Matrix => matrix([numbers])
const values = (a: Matrix | Variable | null): number[] => [...((a instanceof Variable ? a.value : a)?.data ?? [])]

function errorOf(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  return expect.fail('nothing was thrown')
}

/** A compiled function, and how often `fn` itself was run. */
// biome-ignore lint/suspicious/noExplicitAny: any function
function counted<Arguments extends any[], Result>(fn: (...args: Arguments) => Result) {
  const count = { runs: 0 }
  const compiled = compile((...args: Arguments): Result => {
    count.runs++
    return fn(...args)
  })
  return Object.assign(compiled, { count })
}

describe('arguments', () => {
  test('matrices count by shape and dtype, and are copied', () => {
    const f = counted((x: Matrix) => x.mul(2))
    const x = row(1, 2)
    expect(values(f(x))).toEqual([2, 4])
    x.set(0, 0, 5)
    expect(values(f(x))).toEqual([10, 4])
    expect(f.count.runs).toBe(1)
    expect(values(f(row(1, 2, 3)))).toEqual([2, 4, 6])
    expect(values(f(x.T))).toEqual([10, 4])
    expect(f(x.astype('float64')).dtype).toBe('float64')
    expect(f.count.runs).toBe(4)
    expect(values(x)).toEqual([5, 2])
  })

  test('so do constant variables, and both in arrays and objects', () => {
    const f = counted((o: { a: Matrix; rest: [Variable, { b: Matrix }] }) => o.a.add(o.rest[0].value).add(o.rest[1].b))
    const call = (a: number, b: number, c: number) => values(f({ a: row(a), rest: [constant(row(b)), { b: row(c) }] }))
    expect([call(1, 2, 3), call(10, 20, 30)]).toEqual([[6], [60]])
    expect(f.count.runs).toBe(1)
  })

  test('matrices of all sizes are copied wholly', () => {
    const f = counted((x: Matrix) => x.neg())
    for (const dtype of ['float32', 'float64'] as const)
      for (let size = 1; size <= 20; size++)
        for (const sign of [1, -1]) {
          const numbers = Array.from({ length: size }, (_, i) => sign * (i + 1))
          expect(values(f(matrix([numbers], { dtype })))).toEqual(numbers.map((x) => -x))
        }
    expect(f.count.runs).toBe(40)
  })

  test('matrices are those of the call, whatever was given to programs that did not serve', () => {
    const f = counted((x: Matrix, y: Matrix) => x.add(y.sum()))
    const [a, b] = [row(1), row(2)]
    const [one, two] = [row(10), row(10, 10)]
    for (let n = 0; n < 2; n++) {
      expect([f(a, one), f(b, two)].map(values)).toEqual([[11], [22]])
      expect([f(b, one), f(a, two)].map(values)).toEqual([[12], [21]])
    }
    expect(f.count.runs).toBe(2)
  })

  test('an array of another length, an object with other keys, or an argument more is something new', () => {
    const f = counted((o: Record<string, Matrix> | Matrix[], ...more: unknown[]) =>
      Object.values(o).reduce((total, each) => total.add(each), row(more.length)),
    )
    expect(values(f([row(1)]))).toEqual([1])
    expect(values(f([row(1), row(2)]))).toEqual([3])
    expect(values(f({ a: row(1), b: row(2) }))).toEqual([3])
    expect(values(f({ a: row(1), c: row(2) }))).toEqual([3])
    expect(values(f([row(1)], undefined))).toEqual([2])
    expect(values(f([row(1)], 1, 2, 3, 4))).toEqual([5])
    expect(f.count.runs).toBe(6)
    for (const more of [[1, 2, 3, 4], [undefined], []]) expect(values(f([row(1)], ...more))).toEqual([1 + more.length])
    expect(f.count.runs).toBe(6)
  })

  test('keys count, those of undefined, too, and so does their order', () => {
    const sum = compile(({ x, b }: { x: Matrix; a?: unknown; b?: number }) => x.mul(b ?? 1))
    expect(values(sum({ x: row(2), a: undefined }))).toEqual([2])
    expect(values(sum({ x: row(2), b: 3 }))).toEqual([6])
    const list = compile((o: Record<string, Matrix>) => concat(Object.values(o), 0))
    expect(values(list({ a: row(1), b: row(2) }))).toEqual([1, 2])
    expect(values(list({ b: row(3), a: row(4) }))).toEqual([3, 4])
    expect(values(list({ a: row(5), b: row(6) }))).toEqual([5, 6])
  })

  test('numbers, strings and other objects count by identity', () => {
    const f = counted((x: Matrix, n: number, _s: string, _o: object) => x.add(n))
    const object = new (class {})()
    for (const n of [1, 2, 1, 2, Number.NaN, Number.NaN]) f(row(1), n, 'a', object)
    expect(f.count.runs).toBe(3)
    expect(values(f(row(1), 2, 'a', object))).toEqual([3])
    f(row(1), 2, 'b', object)
    f(row(1), 2, 'b', new (class {})())
    expect(f.count.runs).toBe(5)
  })

  test('variables that require a gradient do, too, and get it', () => {
    const f = counted((v: Variable) => {
      v.grad = null
      v.square().sum().backward()
    })
    const [v, w] = [variable(row(1, 2)), variable(row(3, 4))]
    for (const each of [v, w, v, w]) f(each)
    expect([values(v.grad), values(w.grad)]).toEqual([
      [2, 4],
      [6, 8],
    ])
    v.value.assign(row(5, 6))
    f(v)
    expect(values(v.grad)).toEqual([10, 12])
    expect(f.count.runs).toBe(2)
  })

  test('may not be what could change unseen, has holes or symbols, or contains itself, in any call', () => {
    const f = compile((x: unknown) => ones(1, 1).add(Object.keys(x as object).length))
    f([row(1)])
    f({ a: row(1) })
    const [longer, named] = [[row(1)], Object.assign([row(1)], { k: 1 })]
    longer.length = 2
    const circle: unknown[] = [row(1)]
    circle.push({ again: circle })
    // biome-ignore lint/suspicious/noSparseArray: that is the point
    const holes = [row(1), , row(2)]
    for (const [argument, message] of [
      [new Float32Array(2), 'argument 0 is Float32Array, whose contents may change unseen'],
      [{ a: [new Map()] }, 'argument 0.a[0] is Map, whose contents may change unseen'],
      [new Set([1]), 'argument 0 is Set, whose contents may change unseen'],
      [new Date(), 'argument 0 is Date, whose contents may change unseen'],
      [new ArrayBuffer(8), 'argument 0 is ArrayBuffer, whose contents may change unseen'],
      [holes, 'argument 0 has a hole at 1, wanted an element'],
      [longer, 'argument 0 has a hole at 1, wanted an element'],
      [named, 'argument 0 is an array with a property k, wanted elements alone'],
      [{ [Symbol('s')]: 1 }, 'argument 0 has a symbol as a key, wanted strings'],
      [{ a: row(1), [Symbol('s')]: 1 }, 'argument 0 has a symbol as a key, wanted strings'],
      [
        {
          get c() {
            return row(1)
          },
        },
        'argument 0 has a getter for c, wanted a value',
      ],
      [Object.defineProperty({ a: row(1) }, 'b', { value: 2 }), 'argument 0 has b, which is not enumerable'],
      [circle, 'argument 0[1].again contains itself, wanted an end'],
    ] as const) {
      const error = errorOf(() => f(argument))
      expect(error).toBeInstanceOf(DTypeError)
      expect(error.message).toContain(`compile: ${message}`)
    }
    const shared = [row(1)]
    expect(f({ a: shared, b: shared }).item()).toBe(3)
    expect(f(Object.assign(Object.create(null), { a: row(1) })).item()).toBe(2)
  })

  test('are left as they were, or it is an error: later calls would not change them', () => {
    for (const change of [
      (o: { list: number[]; x?: Matrix }) => o.list.push(1),
      (o: { list: number[]; x?: Matrix }) => delete o.x,
      (o: { list: number[]; x?: Matrix }) => Object.assign(o, { x: row(1) }),
      (o: { list: number[]; x?: Matrix }) => o.list.reverse(),
    ]) {
      const f = compile((o: { list: number[]; x?: Matrix }) => [row(1), change(o)][0])
      expect(() => f({ list: [1, 2], x: row(3) })).toThrow(
        'compile: the function changes argument 0, Object, which later calls would not, wanted it as it was',
      )
    }
  })

  test('that the function changes under another name are an error in a replay, too', () => {
    const w = row(1, 2)
    const f = counted((x: Matrix) => {
      w.assign(w.add(x))
      return x.mul(2)
    })
    f(row(1, 1))
    expect(values(f(row(1, 1)))).toEqual([2, 2])
    expect(() => f(w)).toThrow('compile: assign changes an argument of the compiled function')
    expect(values(w)).toEqual([3, 4])
    // A result goes back in: it is overwritten, and not read any more.
    expect(values(f(f(row(1, 1))))).toEqual([4, 4])
  })

  test('whose elements were taken away are an error', () => {
    const f = compile((x: Matrix) => x.mul(2))
    const [few, many] = [row(1, 2), ones(5, 5)]
    for (const x of [few, many]) {
      f(x)
      const { data } = x
      structuredClone(data, { transfer: [data.buffer as ArrayBuffer] })
      expect(() => f(x)).toThrow('were detached or resized')
    }
  })

  test('a number of programs is kept: 32, then the oldest goes', () => {
    const f = counted((n: number) => ones(1, 1).mul(n))
    for (let n = 0; n < 32; n++) f(n)
    f(0)
    expect(f.count.runs).toBe(32)
    f(32)
    f(1)
    expect(f.count.runs).toBe(33)
    f(0)
    expect(f.count.runs).toBe(34)
  })

  test('gradients flow through an argument with a history, and through what grad differentiates', () => {
    const f = counted((x: Variable) => x.square().sum())
    expect(f(constant(row(3))).requiresGrad).toBe(false)
    const w = variable(row(2))
    for (const times of [1, 2]) {
      f(w.mul(3)).backward()
      expect(values(w.grad)).toEqual([36 * times])
    }
    expect(values(grad((x: Variable) => f(x))(row(3)))).toEqual([6])
    expect(values(grad((x: Variable) => f(x))(w))).toEqual([4])
    expect(values(grad(grad((x: Variable) => f(x).mul(x.sum())))(row(3)))).toEqual([18])
    expect(values(noGrad(() => f(w.mul(3))))).toEqual([36])
  })

  test('the default dtype and recording are arguments, too', () => {
    const f = counted((x: Matrix) => variable(zeros(1, 1)).add(x))
    const x = row(1)
    f(x)
    setDefaultDtype('float64')
    expect(f(x).dtype).toBe('float64')
    noGrad(() => f(x))
    expect(f.count.runs).toBe(3)
    setDefaultDtype('float32')
    expect(f(x).dtype).toBe('float32')
    expect(f.count.runs).toBe(3)
  })
})

describe('results', () => {
  test('are overwritten by the next call, and clones are not', () => {
    const f = compile((x: Matrix) => ({ twice: x.mul(2), list: [x.add(1), 'text', 7, null] as const }))
    const first = f(row(1))
    const [twice, clone] = [first.twice, first.twice.clone()]
    const second = f(row(10))
    expect([values(twice), values(clone)]).toEqual([[20], [2]])
    expect(values(second.list[0])).toEqual([11])
    expect(second.list.slice(1)).toEqual(['text', 7, null])
  })

  test('may be arguments, or the very matrices that the function finds outside', () => {
    const w = variable(row(1, 2))
    const f = counted((x: Matrix) => ({ x, w, matrix: w.value, next: x.add(w.value) }))
    let { next } = f(row(0, 0))
    for (let n = 0; n < 3; n++) ({ next } = f(next))
    expect(values(next)).toEqual([4, 8])
    const result = f(row(7, 8))
    expect([result.w, result.matrix]).toEqual([w, w.value])
    expect(result.w === w && result.matrix === w.value).toBe(true)
    expect(values(result.x)).toEqual([7, 8])
    expect(f.count.runs).toBe(1)
  })

  test('have no history: to go back through one is an error, and not a gradient that is silently cut', () => {
    const w = variable(row(1, 2))
    const encode = compile((x: Matrix) => w.mul(x))
    const head = variable(row(3, 4))
    for (let n = 0; n < 2; n++) {
      const hidden = encode(row(1, 1))
      expect(hidden.requiresGrad).toBe(true)
      for (const loss of [hidden.sum(), hidden.mul(head).sum(), hidden.mul(2).add(1).matmul(head.T).sum()])
        expect(() => loss.backward()).toThrow(
          'backward: a 1x2 variable was given by a compiled function, which has no history',
        )
      expect([w.grad, head.grad]).toEqual([null, null])
    }
    encode(row(5, 6)).detach().mul(head).sum().backward()
    expect(values(head.grad)).toEqual([5, 12])
    const decode = counted((h: Variable) => h.add(1))
    for (let n = 0; n < 3; n++) expect(values(decode(encode(row(n, n))))).toEqual([n + 1, 2 * n + 1])
    expect(decode.count.runs).toBe(1)
  })

  test('that a later call overwrites are no operands of a tape any more', () => {
    const w = variable(row(1, 2))
    const f = compile((x: Matrix) => x.mul(2))
    f(row(1, 1))
    const loss = w.mul(f(row(1, 1))).sum()
    f(row(3, 3))
    expect(() => loss.backward()).toThrow('was changed in place after the forward pass')
  })

  test('that might hold matrices out of sight are refused', () => {
    const refused = [new Map(), new (class Own {})(), () => 1, [new Set()]] as const
    for (const [i, name] of ['Map', 'Own', 'a function', 'Set'].entries())
      expect(() => compile(() => refused[i])()).toThrow(
        new DTypeError(
          `compile: the function gives ${name}, wanted matrices, variables, numbers and strings, in arrays and plain objects`,
        ),
      )
  })
})

describe('matrices outside', () => {
  test('are current in both directions', () => {
    const p = row(1, 2, 3)
    const f = counted((x: Matrix) => {
      p.assign(p.add(x))
      return p.sum()
    })
    f(row(1, 1, 1))
    f(row(1, 1, 1))
    expect(p.toArray()).toEqual([[3, 4, 5]])
    p.set(0, 0, 10)
    p.data[1] = 20
    expect(f(row(0, 0, 0)).item()).toBe(35)
    p.assign(p.mul(2))
    expect(f(row(1, 0, 0)).item()).toBe(71)
    expect([p.get(0, 0), values(p)]).toEqual([21, [21, 40, 10]])
    expect(f.count.runs).toBe(1)
  })

  test('may share an array, with one another and with arguments: what is written to one is seen in all', () => {
    for (const size of [2, 300]) {
      const array = new Float32Array(2 * size)
      const twice = [new Matrix(array, 1, 2 * size), new Matrix(array.subarray(1), 1, 2 * size - 1)]
      const f = compile((x: Matrix) => {
        for (const each of twice) each.assign(each.add(x))
        return x.add(twice[0].sum())
      })
      for (let n = 1; n <= 4; n++) {
        f(row(1))
        expect(Array.from(array)).toEqual([n, ...Array(2 * size - 1).fill(2 * n)])
      }
      const state = zeros(1, size)
      const g = compile((x: Matrix) => {
        state.assign(state.add(1))
        return x.add(state)
      })
      const results = [zeros(1, size), new Matrix(state.data, 1, size), zeros(1, size)].map((x) => values(g(x))[0])
      expect(results).toEqual([1, 4, 3])
    }
  })

  test('serve several functions, also when a larger one makes them move', () => {
    const [a, b, c] = [row(1), ones(300, 300), ones(500, 500)]
    const small = counted(() => a.assign(a.add(1)))
    const both = counted((x: Matrix) => {
      a.assign(a.add(x))
      b.assign(b.mul(x))
      return b.sum()
    })
    const all = counted((x: Matrix) => c.mul(x).sum().add(a).add(b.sum()))
    for (let n = 0; n < 4; n++) {
      small()
      expect(both(row(1)).item()).toBe(90_000)
      expect(all(row(2)).item()).toBe(590_000 + values(a)[0])
      expect(values(a)).toEqual([3 + 2 * n])
    }
    expect([small.count.runs, both.count.runs, all.count.runs]).toEqual([1, 1, 1])
  })

  test('may be generators: the random numbers go on, inside and outside', () => {
    const own = new Generator(5)
    const f = counted(() => [own.normal(2, 3), rand(1, 4)] as const)
    const wanted = new Generator(5)
    const byDefault = new Generator(9)
    manualSeed(9)
    for (let n = 0; n < 3; n++) {
      const [normal, uniform] = f()
      expect(values(normal)).toEqual(values(wanted.normal(2, 3)))
      expect(values(uniform)).toEqual(values(byDefault.uniform(1, 4)))
      expect(values(own.normal(1, 3))).toEqual(values(wanted.normal(1, 3)))
    }
    const { state } = getDefaultGenerator()
    const [, before] = f().map(values)
    getDefaultGenerator().state = state
    expect(values(f()[1])).toEqual(before)
    expect(f.count.runs).toBe(1)
  })
})

test('a step changes what a tape from before needs, which backward refuses', () => {
  const w = variable(row(2, 3))
  const step = compile(() => w.value.assign(w.value.mul(2)))
  step()
  const before = w.square().sum()
  step()
  expect(() => before.backward()).toThrow('was changed in place after the forward pass')
  w.square().sum().backward()
  expect(values(w.grad)).toEqual([16, 24])
})

test('requiresGrad may change: a frozen parameter has no gradient', () => {
  const [v, w] = [variable(row(2)), variable(row(3))]
  const f = counted(() => {
    v.grad = w.grad = null
    v.mul(w).sum().backward()
  })
  f()
  for (const frozen of [true, false, true]) {
    w.requiresGrad = !frozen
    f()
    expect([v.grad, w.grad].map(values)).toEqual([[3], frozen ? [] : [2]])
  }
  expect(f.count.runs).toBe(2)
})

describe('with check', () => {
  const double = (x: Matrix): Matrix => x.mul(2)

  test('each call is made both ways, and results, state, gradients and random numbers are those of one', () => {
    const [state, generator, w] = [row(1, 1), new Generator(3), variable(row(2, 2))]
    const wanted = new Generator(3)
    const f = compile(
      (x: Matrix) => {
        w.grad = null
        w.mul(x).sum().backward()
        state.assign(state.add(x))
        return x.add(generator.uniform(1, 2))
      },
      { check: true },
    )
    for (let n = 1; n <= 4; n++) {
      expect(values(f(row(n, 0)))).toEqual(values(row(n, 0).add(wanted.uniform(1, 2))))
      expect(values(state)).toEqual([1 + (n * (n + 1)) / 2, 1])
      expect(values(w.grad)).toEqual([n, 0])
    }
  })

  test.each<[string, () => (x: Matrix) => unknown, string]>([
    [
      'a number that changes',
      () => {
        let n = 0
        return (x) => x.mul(n++)
      },
      'has 1 for a number that mul takes, element 0, 0, the program 0',
    ],
    [
      'another operation',
      () => {
        let n = 0
        return (x) => (n++ === 0 ? x.exp() : x.log())
      },
      'does log where the program does exp',
    ],
    [
      'an operation more',
      () => {
        let n = 0
        return (x) => (n++ === 0 ? x.exp() : x.exp().add(1))
      },
      'does add after what the program does',
    ],
    [
      'an operation less',
      () => {
        let n = 0
        return (x) => (n++ === 0 ? x.exp().neg() : x.exp())
      },
      'does no neg, which the program does',
    ],
    [
      'another matrix',
      () => {
        let n = 0
        const found = [row(1, 2), row(3, 4)]
        return (x) => x.add(found[n++])
      },
      'does add with another matrix that it found outside',
    ],
    [
      'another setting',
      () => {
        let n = 0
        return (x) => x.sum((n++ % 2) as 0 | 1)
      },
      'does sum with other settings',
    ],
    [
      'another operand',
      () => {
        let n = 0
        return (x) => {
          const [a, b] = [x.exp(), x.neg()]
          return n++ === 0 ? a.add(b) : b.add(a)
        }
      },
      'does add with another operand',
    ],
    [
      'an operation of a user that remembers',
      () => {
        let n = 0
        const op = defineOp({
          name: 'counting',
          shape: ([a]) => a.shape,
          forward: (out, [a]) => out.data.set(a.data.map((each) => each + n++)),
          vjp: [],
        })
        return (x) => op([x])
      },
      'has 5 for result 0, element 0, 0, the program 3',
    ],
  ])('%s is found at its first call', (_, make, message) => {
    const f = compile(make(), { check: true })
    f(row(1, 2))
    expect(() => f(row(1, 2))).toThrow(`compile: with check, the function ${message}`)
  })

  test('another number, string or form of the result is found', () => {
    for (const [make, message] of [
      [(n: number) => ({ y: row(2), n }), 'gives 2 for the result.n, the program 1'],
      [(n: number) => [row(2), `step ${n}`], 'gives "step 2" for the result.1, the program "step 1"'],
      [(n: number) => (n === 1 ? [row(2)] : { a: row(2) }), 'gives Object for the result, the program an array'],
    ] as const) {
      let n = 0
      const f = compile((x: Matrix) => [x.mul(2), make(++n)] as unknown[], { check: true })
      f(row(1))
      expect(() => f(row(1))).toThrow(`compile: with check, the function ${message.replace('result', 'result.1')}`)
    }
  })

  test('a gradient that another call sets is found', () => {
    const [w, u] = [variable(row(1), { name: 'w' }), variable(row(1), { name: 'u' })]
    let n = 0
    const f = compile(
      (x: Matrix) => {
        const { grad } = w
        w.grad = x.mul(2)
        if (n++ > 0) u.grad = w.grad
        return grad === null
      },
      { check: true },
    )
    f(row(1))
    w.grad = null
    expect(() => f(row(1))).toThrow('compile: with check, the function sets the gradient of u')
  })

  test('a result that requires a gradient in one call only is found', () => {
    let n = 0
    const f = compile((x: Matrix) => variable(x.mul(2), { requiresGrad: n++ === 0 }), { check: true })
    f(row(1))
    expect(() => f(row(1))).toThrow('a variable for the result whose requiresGrad is false, the program true')
  })

  test('parts of other names are told', () => {
    let n = 0
    const f = compile((x: Matrix) => ({ [`part${n++}`]: x.mul(2) }), { check: true })
    f(row(1))
    expect(() => f(row(1))).toThrow('gives 1 parts of the result, part1, the program part0')
  })

  test('gradients of what the function makes, and results that are arguments, are no mistakes', () => {
    const f = compile(
      (x: Matrix) => {
        const v = variable(x)
        const loss = v.square().sum()
        loss.backward()
        return loss
      },
      { check: true },
    )
    for (const n of [1, 2, 3]) expect(values(f(row(n)))).toEqual([n * n])
    const g = compile((x: Matrix) => x.mul(2), { check: true })
    let y = row(1)
    for (let n = 0; n < 5; n++) y = g(y)
    expect(values(y)).toEqual([32])
  })

  test('options are an object with check', () => {
    expect(() => compile(double, true as never)).toThrow('compile: options are true, wanted an object with check')
    expect(() => compile(double, { checks: true } as never)).toThrow('did you mean check?')
  })
})

test('two variables with one gradient keep one, also where it is left to whoever holds it', () => {
  const [a, b] = [variable(row(1, 2)), variable(row(3, 4))]
  const f = new CompiledFunction<[Matrix], void>((x) => {
    const g = x.mul(2)
    a.grad = g
    b.grad = g
  })
  for (let n = 1; n < 6; n++) {
    const held = a.grad
    const before = held?.toArray()
    f.release()
    f.call([row(n, -n)])
    expect(a.grad).toBe(b.grad)
    expect(a.grad?.toArray()).toEqual([[2 * n, -2 * n]])
    if (n > 2) expect(held?.toArray()).toEqual(before)
  }
})

test("a user's operation that is not defined by `defineOp` is called in every replay", () => {
  let n = 0
  const operation = {
    name: 'times',
    shape: ([a]: readonly Matrix[]) => a.shape,
    forward(out: Matrix, [a]: readonly Matrix[]) {
      n++
      for (let i = 0; i < a.size; i++) out.data[i] = a.data[i] * n
    },
    vjp: [],
  }
  const f = compile((x: Matrix) => x.add(0).apply(operation as never, [x], undefined))
  expect([1, 2, 3].map(() => f(row(1)).item())).toEqual([1, 2, 3])
})

describe('tracing again and again', () => {
  const warnings = (run: () => void): string[] => {
    const { warn } = console
    const found: string[] = []
    console.warn = (text: string) => found.push(text)
    try {
      run()
    } finally {
      console.warn = warn
    }
    return found
  }

  test.each<[string, (f: (...args: unknown[]) => unknown, n: number) => void, string]>([
    ['a number that changes', (f, n) => f(row(1), n), 'argument 1 is a number that changes, 5 after 4'],
    ['new shapes', (f, n) => f(ones(1, n + 1)), 'argument 0 is 1x6 float32 after 1x5 float32'],
    ['other keys', (f, n) => f(row(1), { [`key ${n}`]: n }), 'argument 1 has key 5 after key 4'],
  ])('%s: five times in ten calls are said once, with the reason', (_, call, reason) => {
    const f = compile((x: unknown) => (x as Matrix).add(1)) as (...args: unknown[]) => unknown
    const found = warnings(() => {
      for (let n = 0; n < 30; n++) call(f, n)
    })
    expect(found).toEqual([
      `compile: a function was traced again 5 times in 5 calls, which takes longer than calling it as it is: ${reason}`,
    ])
  })

  test('a gradient that is made outside', () => {
    const w = variable(row(1))
    const f = compile(() => w.mul(2).sum().backward())
    const found = warnings(() => {
      for (let n = 0; n < 8; n++) {
        w.grad = row(n)
        f()
      }
    })
    expect(found[0]).toContain('a gradient of a 1x1 variable was made outside')
  })

  test('five times in more calls are not', () => {
    const f = compile((x: Matrix) => x.add(1))
    const found = warnings(() => {
      for (let n = 0; n < 20; n++) for (let times = 0; times < 3; times++) f(ones(1, n + 1))
    })
    expect(found).toEqual([])
  })
})

describe('what the function makes', () => {
  test('is the same in every call, although it changes it', () => {
    const f = counted((x: Matrix) => {
      const sum = zeros(1, 2)
      const computed = zeros(1, 2).add(1)
      const before = computed.mul(x)
      sum.assign(sum.add(x))
      sum.assign(sum.add(x))
      computed.assign(x)
      return [sum, before, computed, new Generator(3).uniform(1, 2)]
    })
    f(row(1, 2))
    const random = values(new Generator(3).uniform(1, 2))
    for (let n = 0; n < 2; n++) expect(f(row(3, 4)).map(values)).toEqual([[6, 8], [3, 4], [3, 4], random])
    expect(f.count.runs).toBe(1)
  })

  test('goes on from call to call where it is kept', () => {
    let memory: Matrix | undefined
    const f = counted((x: Matrix) => {
      memory ??= keep(zeros(1, 1))
      memory.assign(memory.add(x))
      return memory
    })
    for (const x of [1, 2, 3]) f(row(x))
    expect(memory?.item()).toBe(6)
    expect(f.count.runs).toBe(1)
  })

  test('may be a variable with a gradient', () => {
    const f = counted((x: Matrix) => {
      const v = variable(x)
      v.square().sum().backward()
      v.mul(3).sum().backward()
      return v.grad
    })
    expect([values(f(row(1))), values(f(row(2))), values(f(row(5)))]).toEqual([[5], [7], [13]])
    expect(f.count.runs).toBe(1)
  })
})

describe('gradients', () => {
  const w = variable(row(1, 2))
  const f = counted((x: Matrix) => w.mul(x).sum().backward())

  test('are there after a replay, and add up as they do without', () => {
    for (const x of [1, 10, 100]) f(row(x, x))
    expect(values(w.grad)).toEqual([111, 111])
    w.grad = null
    f(row(2, 3))
    expect(values(w.grad)).toEqual([2, 3])
    w.grad = row(5, 5)
    f(row(1, 1))
    expect(values(w.grad)).toEqual([6, 6])
    // None, that of the first call, one that was set.
    expect(f.count.runs).toBe(3)
  })

  test('are matrices that eager code may add to', () => {
    w.grad = null
    f(row(1, 1))
    w.mul(row(2, 3)).sum().backward()
    expect(values(w.grad)).toEqual([3, 4])
  })
})

describe('errors', () => {
  const expectError = (run: () => unknown, error: Error | RegExp): void => expect(run).toThrow(error)
  /** What reads or writes elements of a matrix is named, and where it is called. */
  const expectLook = (run: () => unknown, operation: string, shape: string): void => {
    expectError(
      run,
      new RegExp(
        `^compile: ${operation} reads or writes the elements of a ${shape} matrix while the function is traced, wanted only operations: return it, and read it outside, or compute with operations \\(\`where\` instead of a branch\\); called at .*compile\\.test\\.ts(\\?\\S*)?:\\d+:\\d+$`,
      ),
    )
  }
  const outside = row(1, 2)

  test.each<[string, (x: Matrix) => unknown]>([
    ['data', (x) => x.data],
    ['get', (x) => x.get(0, 0)],
    ['set', () => outside.set(0, 0, 7)],
    ['toArray', (x) => x.toArray()],
    ['toString', (x) => `${x}`],
    ['toJSON', (x) => JSON.stringify(x)],
    ['equals', (x) => x.equals(outside)],
    ['allClose', (x) => x.allClose(outside)],
    ['data of what was computed', (x) => x.add(1).data],
    ['data of a variable', (x) => variable(x).mul(2).value.data],
    ['data of what was made and then used', (x) => [zeros(1, 2)].map((made) => [x.add(made), made.data])],
  ])('%s throws while the function is traced', (name, look) => {
    expectLook(() => compile(look)(row(1, 2)), name.split(' ')[0], '1x2')
    expect(values(outside)).toEqual([1, 2])
  })

  test('so does item, and afterwards all is as before', () => {
    const f = compile((x: Matrix) => (x.sum().item() > 0 ? x : x.neg()))
    expectLook(() => f(row(1, 2)), 'item', '1x1')
    expectLook(() => f(row(1, 2)), 'item', '1x1')
    expect(row(1, 2).sum().item()).toBe(3)
    expect(variable(row(1)).mul(2).requiresGrad).toBe(true)
  })

  test('elements may be read of what was made, until operations use it', () => {
    const f = compile((x: Matrix) => {
      const made = zeros(1, 2)
      made.set(0, 1, made.get(0, 0) + 5)
      return x.add(made)
    })
    expect([values(f(row(1, 1))), values(f(row(2, 2)))]).toEqual([
      [1, 6],
      [2, 7],
    ])
  })

  test.each<[string, () => unknown]>([
    ['reading', () => getDefaultGenerator().state],
    ['manualSeed', () => manualSeed(1)],
  ])('the state of a generator: %s', (_name, touch) => {
    const before = getDefaultGenerator().state
    expectError(
      () => compile(touch)(),
      /^compile: state reads or writes the state of a generator while the function is traced, wanted only operations: set it outside, or make a generator in the function; called at .*compile\.test\.ts/,
    )
    expect(getDefaultGenerator().state).toEqual(before)
  })

  test('changing an argument, under whatever name', () => {
    const error =
      /^compile: assign changes an argument of the compiled function, wanted a matrix that it finds outside; called at .*compile\.test\.ts/
    const x = row(1, 2)
    expectError(() => compile((a: Matrix) => a.assign(a.add(1)))(x), error)
    expectError(() => compile((a: Variable) => a.value.assign(a.value.add(1)))(constant(x)), error)
    expectError(() => compile((a: Matrix) => x.assign(a.add(1)))(x), error)
    expect(values(x)).toEqual([1, 2])
  })

  test('an asynchronous function', () => {
    const error = new MatgradError('compile: got an asynchronous function, wanted a synchronous one')
    expectError(() => compile(async (x: Matrix) => x)(row(1)), error)
  })

  test('no function', () => {
    expectError(() => compile(5 as never), new DTypeError('compile: fn is 5, wanted a function'))
  })

  test('keeping what is computed', () => {
    const kept = compile((x: Matrix) => keep(x.mul(1)))
    expect(() => kept(row(1))).toThrow('keep: the 1x1 matrix is computed or used while a function is traced')
    const used = compile((x: Matrix) => {
      const made = zeros(1, 1)
      x.add(made)
      return keep(made)
    })
    expect(() => used(row(1))).toThrow('keep: the 1x1 matrix is computed or used while a function is traced')
  })

  test('indices out of range throw as without compile, and nothing changes', () => {
    const [table, p, q] = [ones(3, 2), row(1, 2), row(0, 0)]
    const f = counted((index: Matrix) => {
      const halved = p.mul(0.5)
      const picked = table.gatherRows(index)
      p.assign(halved)
      q.assign(q.add(1))
      return picked
    })
    f(matrix([[2]]))
    for (const [wrong, error] of [
      [3, new ShapeError('gatherRows: row index 0 is 3, wanted 0 to 2')],
      [-1, new ShapeError('gatherRows: row index 0 is -1, wanted 0 to 2')],
      [0.5, new DTypeError('gatherRows: row index 0 is 0.5, wanted a whole number from 0 to 2')],
    ] as const)
      expectError(() => f(matrix([[wrong]])), error)
    expect([p, q].map(values)).toEqual([
      [0.5, 1],
      [1, 1],
    ])
    f(matrix([[0]]))
    expect([p, q].map(values)).toEqual([
      [0.25, 0.5],
      [2, 2],
    ])
    expect(f.count.runs).toBe(1)
  })

  test("an op of a user's with the forward of a built-in one is computed as it is", () => {
    const layer = defineOp({ ...operations.affine, name: 'layer', vjp: [] })
    const f = counted((x: Matrix) => layer([x, row(1, -1), row(0.5, 0.5)], { relu: true }))
    f(matrix([[0], [0]]))
    expect(values(f(matrix([[1], [-2]])))).toEqual([1.5, 0, 0, 2.5])
    expect(f.count.runs).toBe(1)
  })

  test('a rule that throws leaves gradients as it does without compile', () => {
    let broken = false
    const copy = { shape: ([a]: readonly Matrix[]) => a.shape, vjp: [(g: Variable) => g] }
    const second = defineOp({
      ...copy,
      name: 'second',
      forward(out, [a]) {
        if (broken) throw new Error('broken')
        out.data.set(a.data)
      },
    } as Op)
    const first = defineOp({ ...operations.clone, vjp: [(g: Variable) => second([g])] })
    const [x, w] = [variable(row(1, 2)), variable(row(3, 4))]
    const f = counted((d: Matrix) => {
      x.grad = w.grad = null
      first([x]).mul(w).mul(d).sum().backward()
    })
    f(row(1, 1))
    broken = true
    expect(() => f(row(10, 10))).toThrow('broken')
    expect([x.grad, w.grad]).toEqual([null, null])
    broken = false
    f(row(10, 10))
    expect([x.grad, w.grad].map(values)).toEqual([
      [30, 40],
      [10, 20],
    ])
    // The call that threw ended in the function itself.
    expect(f.count.runs).toBe(2)
  })

  test('takes back random numbers and state that were changed before, and changes them as it does without compile', () => {
    const twin = () => {
      const [generator, state, w] = [new Generator(3), row(1, 2), variable(row(1, 1))]
      const fn = (index: Matrix): Matrix => {
        w.grad = null
        state.assign(state.mul(2))
        const noise = generator.normal(3, 2)
        w.mul(noise).sum().backward()
        return noise.gatherRows(index)
      }
      return { generator, state, w, fn }
    }
    const [eager, other] = [twin(), twin()]
    const f = counted(other.fn)
    for (const index of [0, 1, 3, 2, -1, 0]) {
      const [wanted, got] = [eager.fn, f].map((each) => {
        try {
          return values(each(matrix([[index]])))
        } catch (error) {
          return (error as Error).message
        }
      })
      expect(got).toEqual(wanted)
      expect(values(other.state)).toEqual(values(eager.state))
      expect(other.generator.state).toEqual(eager.generator.state)
      expect(values(other.w.grad)).toEqual(values(eager.w.grad))
    }
    expect(f.count.runs).toBe(3)
  })

  describe.each(['float32', 'float64'] as const)('%s indices', (dtype) => {
    const x = rand(7, 3)
    test.each([
      ['gatherRows', (index: Matrix) => rand(3, 2).gatherRows(index)],
      ['scatterAddRows', (index: Matrix) => x.scatterAddRows(index, 3)],
      ['oneHot', (index: Matrix) => index.oneHot(3)],
      ['pick', (index: Matrix) => x.pick(index)],
      ['crossEntropy', (index: Matrix) => crossEntropy(x, index).value],
    ])('%s finds a wrong one at any place', (_, choose) => {
      const good = [0, 2, 1, 1, 0, 2, 2]
      const column = (numbers: number[]): Matrix =>
        matrix(
          numbers.map((each) => [each], { dtype }),
          { dtype },
        )
      const f = counted(choose)
      f(column(good))
      for (const bad of [3, -1, 0.5, 2.5, 2 ** 31, -(2 ** 32), Number.NaN, Number.POSITIVE_INFINITY])
        for (let i = 0; i < good.length; i++) {
          const index = column(good.with(i, bad))
          const error = errorOf(() => f(index))
          expect(error).toStrictEqual(errorOf(() => choose(index)))
          expect(error.message).toMatch(new RegExp(` ${i} (is|has class) ${String(bad).replace('.', '\\.')},`))
        }
      // Where something had been changed before, the error came from the function itself.
      const { runs } = f.count
      f(column(good.toReversed()))
      expect(f.count.runs).toBe(runs)
    })
  })

  test('what the function throws, and then it works', () => {
    const f = compile((x: Matrix) => x.add(row(1, 2)))
    expect(() => f(row(1, 2, 3))).toThrow(ShapeError)
    expect(values(f(row(1, 2)))).toEqual([2, 4])
  })

  test('an op whose result has another shape on other elements', () => {
    const op = defineOp({
      name: 'nonzero',
      shape: ([a]) => [1, a.data.filter((x) => x !== 0).length],
      forward: (out, [a]) => out.data.set(a.data.filter((x) => x !== 0)),
      vjp: [],
    })
    const f = compile((x: Matrix) => op([x]))
    expect(values(f(row(1, 0, 3)))).toEqual([1, 3])
    expect(values(f(row(0, 5, 6)))).toEqual([5, 6])
    expectError(
      () => f(row(0, 0, 6)),
      new MatgradError(
        'nonzero: the result is 1x1 and was 1x2 when the function was traced, ' +
          'wanted a shape that depends on the shapes of the inputs alone',
      ),
    )
  })
})

describe('within one another', () => {
  test('a compiled function is a part of the one that calls it', () => {
    const inner = counted((x: Matrix) => x.mul(2))
    const outer = counted((x: Matrix) => inner(inner(x)).add(1))
    expect([values(outer(row(1))), values(outer(row(5)))]).toEqual([[5], [21]])
    expect([outer.count.runs, inner.count.runs]).toEqual([1, 2])
  })

  test("a user's op finds zeros to write to, eager and replayed", () => {
    const own = (forward: Op['forward'], elementwise: boolean) =>
      defineOp({ name: 'own', shape: ([a]) => a.shape, forward, elementwise, vjp: [] })
    const marks = own((out, [a]) => {
      out.data[a.data.findIndex((each) => each > 0)] = 1
    }, false)
    const relu = own((out, [a]) => {
      for (const [i, each] of a.data.entries()) if (each > 0) out.data[i] = each
    }, true)
    const total = own((out, [a]) => {
      for (const each of a.data) out.data[0] += each
    }, false)
    for (const op of [marks, relu, total]) {
      const state = row(0, 0, 0)
      const fn = (x: Matrix) => {
        const y = op([x.add(0).mul(2)]).value
        state.assign(op([x.neg()]).value)
        return op([y.add(1).sub(1)]).value.mul(1)
      }
      const f = compile(fn)
      for (const x of [row(1, 2, -3), row(-1, 3, 2), row(-1, -2, 5), row(0, 4, -1)]) {
        const [wanted, left] = [values(fn(x)), values(state)]
        expect(values(f(x))).toEqual(wanted)
        expect(values(state)).toEqual(left)
      }
    }
  })

  test('an op of the user is not taken for the built-in one of its name', () => {
    const own = defineOp({
      name: 'add',
      shape: ([a]) => a.shape,
      forward: (out, [a, b]) => out.data.set(a.data.map((x, i) => x - 2 * b.data[i % b.cols])),
      vjp: [],
    })
    const w = matrix([
      [1, 2],
      [3, 4],
    ])
    const f = (x: Matrix) => own([x.matmul(w), matrix([[1, 10]])]).value
    const compiled = compile(f)
    const [first, second] = [ones(2, 2), ones(2, 2).mul(3)]
    compiled(first)
    expect(compiled(second).equals(f(second))).toBe(true)
  })

  test('an op in JavaScript may call a compiled function on the same matrices', () => {
    const w = row(1, 2, 3)
    const inner = compile((x: Matrix) => x.mul(w).exp().sum().add(1))
    const forward: Op['forward'] = (out, [a]) => out.data.fill(inner(new Matrix(a.data, a.rows, a.cols)).item())
    const op = defineOp({ name: 'own', shape: ([a]) => a.shape, forward, vjp: [] })
    const fn = (x: Matrix) => op([x.mul(w).tanh()]).add(x.add(w).sqrt())
    inner(row(1, 1, 1))
    const outer = counted(fn)
    outer(row(1, 2, 3))
    const x = row(0.5, 0.25, 0.125)
    expect(values(outer(x))).toEqual(values(fn(x)))
    expect(outer.count.runs).toBe(1)
  })
})

test('program() says what is called, with shapes, the bytes before and after planning, and the work', () => {
  const w = variable(ones(4, 3))
  const f = compile((x: Matrix) => {
    const y = w.matmul(x).exp().tanh().sum(0)
    return y.value.softmax(1)
  })
  expect(f.program()).toBe('')
  f(ones(3, 8))
  expect(f.program()).toBe(
    [
      'program of 3x8: 5 operations, 296 flops',
      '  matmul 4x3, 3x8 → 4x8',
      '  exp 4x8 → 4x8',
      '  tanh 4x8 → 4x8',
      '  sum 4x8 → 1x8',
      '  softmax 1x8 → 1x8',
      'memory: 576 bytes of arguments and results in 320, 80 bytes kept',
    ].join('\n'),
  )
  f(ones(3, 2))
  expect(
    f
      .program()
      .split('\n\n')
      .map((each) => each.split(':')[0]),
  ).toEqual(['program of 3x8', 'program of 3x2'])
})
