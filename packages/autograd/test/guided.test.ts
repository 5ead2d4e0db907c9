// A function under a guide does what it does by itself, whatever it is; where it does the same again, a program computes it.

import { defineOp, Variable, variable } from '@matgrad/autograd'
import { Guided, replays } from '@matgrad/autograd/internal'
import { full, Generator, getDefaultGenerator, Matrix, matrix, ones, ShapeError, zeros } from '@matgrad/core'
import type { Slot } from '@matgrad/core/internal'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Copy, elementsOf, Kept } from '../src/compile/kept.ts'
import { identical } from './random-programs.ts'

const row = (...numbers: number[]): Matrix => matrix([numbers])
const CALLS = 12

/** What a function does, with what it changes and what it tells. */
interface Twin {
  readonly first: (x: Matrix) => Variable | Matrix
  readonly rest?: (result: Variable | Matrix) => void
  /** What it changes. */
  readonly state?: () => readonly (Matrix | null)[]
  /** What it tells of what it has seen. */
  readonly told?: () => unknown
}

/** Calls both ways, and compares everything after each call; returns how many calls a program made. */
function compare(make: () => Twin, argument: (n: number) => Matrix = (n) => row(n + 1, 2 - n)): number {
  const [plain, other] = [make(), make()]
  const guided = new Guided<[Matrix], Variable | Matrix>({ isRestKnown: () => true, ...other })
  const before = replays()
  const call = (run: () => Variable | Matrix): Matrix | string => {
    try {
      const result = run()
      return (result instanceof Variable ? result.value : result).clone()
    } catch (error) {
      return (error as Error).message
    }
  }
  for (let n = 0; n < CALLS; n++) {
    const x = argument(n)
    const { state } = getDefaultGenerator()
    const wanted = call(() => {
      const result = plain.first(x)
      plain.rest?.(result)
      return result
    })
    getDefaultGenerator().state = state
    const got = call(() => guided.call(x))
    if (typeof wanted === 'string' || typeof got === 'string') expect(got).toBe(wanted)
    else if (!identical(got, wanted)) expect.fail(`call ${n}: ${got}, wanted ${wanted}`)
    const [left, right] = [plain.state?.() ?? [], other.state?.() ?? []]
    const changed = left.findIndex((each, i) => {
      const there = right[i]
      return each === null || there === null ? each !== there : !identical(there, each)
    })
    expect(changed, `call ${n}, the state that is not the same`).toBe(-1)
    expect(other.told?.()).toEqual(plain.told?.())
  }
  return replays() - before
}

/** All calls but the one that is recorded. */
const ALL = CALLS - 1

/** A step that learns. */
function learning(loss: (w: Variable, x: Matrix) => Variable): Twin {
  const w = variable(row(0.5, -0.25))
  return {
    first: (x) => {
      w.grad = null
      return loss(w, x)
    },
    rest: (result) => {
      ;(result as Variable).backward()
      if (w.grad) w.value.assign(w.value.sub(w.grad.mul(0.01)))
    },
    state: () => [w.value, w.grad],
  }
}

describe('a program computes what the function does again', () => {
  test.each<[string, () => Twin]>([
    ['forward', () => ({ first: (x) => x.mul(2).exp().sum() })],
    ['a step that learns', () => learning((w, x) => w.mul(x).square().mean())],
    [
      'numbers that change in each call, which the rest computes with, too',
      () => {
        let n = 0
        return learning((w, x) =>
          w
            .mul(x)
            .square()
            .sum()
            .mul(++n)
            .add(
              w
                .square()
                .sum()
                .mul(n % 3),
            ),
        )
      },
    ],
    [
      'matrices that are made of numbers that change, and computed with one another',
      () => {
        let n = 0
        return learning((w, x) => {
          const made = matrix([[++n, 2 * n]])
          return w
            .mul(x)
            .mul(made.add(made.mul(2)).exp().log())
            .sum()
        })
      },
    ],
    [
      'a side effect, and a number that nobody uses',
      () => {
        let n = 0
        return { first: (x) => x.mul(++n > 0 ? 2 : 3), told: () => n }
      },
    ],
    [
      'random numbers',
      () => {
        const generator = new Generator(1)
        return { first: (x) => x.mul(generator.uniform(1, 2)).add(generator.normal(1, 1)) }
      },
    ],
    [
      'what is made, changed and computed with',
      () => ({
        first: (x) => {
          const sum = zeros(1, 2)
          const copied = ones(1, 2)
          sum.assign(sum.add(x))
          copied.assign(copied.add(sum))
          return sum.add(copied)
        },
      }),
    ],
    [
      'state that is changed before it is used, and after',
      () => {
        const state = row(1, 1)
        return {
          first: (x) => {
            const before = state.mul(x)
            state.assign(state.add(x))
            return before.add(state)
          },
          state: () => [state],
        }
      },
    ],
    [
      'elements that it looks at, and sets, before it computes with them',
      () => {
        const state = row(1, 1)
        let seen = 0
        return {
          first: (x) => {
            seen += x.get(0, 0) + (x.toArray()[0][1] > 0 ? 1 : 2)
            state.set(0, 1, state.get(0, 0) + seen)
            return x.mul(state).sum()
          },
          state: () => [state],
          told: () => seen,
        }
      },
    ],
    [
      'what others can see afterwards',
      () => {
        const seen: { h: Matrix; list: Matrix[] } = { h: row(0), list: [] }
        return {
          first: (x) => {
            seen.h = x.exp()
            seen.list = [x.neg(), seen.h.add(1)]
            return seen.h.sum()
          },
          told: () => [seen.h, ...seen.list].map((each) => each.toArray()),
        }
      },
    ],
  ])('%s', (_, make) => {
    expect(compare(make)).toBe(ALL)
  })
})

describe('a function goes on as it is where it does something else', () => {
  test.each<[string, () => Twin, least: number]>([
    [
      'another operation in every third call',
      () => {
        let n = 0
        return learning((w, x) => (n++ % 3 === 2 ? w.mul(x).exp().sum() : w.mul(x).square().sum()))
      },
      1,
    ],
    [
      'another operation from some call on',
      () => {
        let n = 0
        return learning((w, x) => (n++ > 5 ? w.mul(x).tanh().sum() : w.mul(x).square().sum()))
      },
      5,
    ],
    [
      'an operation more, or less',
      () => {
        let n = 0
        return learning((w, x) => {
          const y = w.mul(x).square().sum()
          return n++ % 4 === 3 ? y.mul(2) : y
        })
      },
      2,
    ],
    [
      'an operation less at the end in every fourth call',
      () => {
        let n = 0
        return { first: (x) => (n++ % 4 === 3 ? x.exp() : x.exp().mul(2)) }
      },
      2,
    ],
    [
      'another setting in every third call',
      () => {
        let n = 0
        return { first: (x) => x.neg().leakyRelu(n++ % 3 === 2 ? 0.5 : 0.25) }
      },
      1,
    ],
    [
      'two matrices where there was one',
      () => {
        let n = 0
        return {
          first: (x) => {
            const a = row(n, n)
            const b = n++ < 2 ? a : row(2 * n, 1)
            return x.mul(a).add(b)
          },
        }
      },
      1,
    ],
    [
      'writing elements of a state that was used, once',
      () => {
        const state = row(1, 2)
        let n = 0
        return {
          first: (x) => {
            const y = state.mul(x)
            if (n++ === 6) state.set(0, 0, 9)
            return y.add(state)
          },
          state: () => [state],
        }
      },
      6,
    ],
    [
      'writing elements through an array that was taken before, once',
      () => {
        const state = row(1, 2)
        let n = 0
        return {
          first: (x) => {
            const data = n++ === 6 ? state.data : new Float32Array(1)
            const y = state.mul(x)
            data[0] += 1
            return y.add(state)
          },
          state: () => [state],
        }
      },
      6,
    ],
    [
      'looking at what was computed',
      () => {
        const told: number[] = []
        return {
          ...learning((w, x) => {
            const y = w.mul(x).square()
            told.push(y.value.get(0, 1), y.sum().item())
            return y.sum()
          }),
          told: () => told,
        }
      },
      0,
    ],
    [
      'looking at it once',
      () => {
        let n = 0
        const told: number[] = []
        return {
          ...learning((w, x) => {
            const y = w.mul(x).square()
            if (n++ === 6) told.push(...y.value.data)
            return y.sum()
          }),
          told: () => told,
        }
      },
      7,
    ],
    [
      'branching on an argument',
      () => learning((w, x) => (x.get(0, 0) > 6 ? w.mul(x).square().sum() : w.mul(x).abs().sum())),
      0,
    ],
    [
      'a state that is another object each time',
      () => {
        let h: Matrix = row(1, 1)
        return { first: (x) => (h = h.mul(0.5).add(x)), told: () => h.toArray() }
      },
      0,
    ],
    [
      'writing elements of a state that was used',
      () => {
        const state = row(1, 2)
        let n = 0
        return {
          first: (x) => {
            const y = state.mul(x)
            state.set(0, 0, n++)
            return y.add(state)
          },
          state: () => [state],
        }
      },
      0,
    ],
    [
      'writing elements through an array that was taken before',
      () => {
        const state = row(1, 2)
        return {
          first: (x) => {
            const { data } = state
            const y = state.mul(x)
            data[0] += 1
            return y
          },
          state: () => [state],
        }
      },
      0,
    ],
    [
      'changing its argument',
      () => ({
        first: (x) => {
          const y = x.mul(2)
          x.assign(x.add(0))
          return y.add(x)
        },
      }),
      0,
    ],
    [
      'throwing in some calls, after random numbers and changes',
      () => {
        const [state, generator] = [row(0, 0), new Generator(2)]
        let n = 0
        return {
          first: (x) => {
            state.assign(state.add(x))
            const y = x.add(generator.uniform(1, 2))
            if (n++ % 5 === 4) throw new Error(`call ${n}`)
            state.assign(state.mul(y))
            return y
          },
          state: () => [state],
          told: () => generator.state,
        }
      },
      1,
    ],
    [
      'catching an error of an operation',
      () => {
        const told: string[] = []
        let n = 0
        return {
          first: (x) => {
            try {
              return x.T.gatherRows([n++ % 3, 0]).T
            } catch (error) {
              told.push((error as Error).message)
              return x.neg()
            }
          },
          told: () => told,
        }
      },
      0,
    ],
    ['a generator of its own', () => ({ first: (x) => x.add(new Generator(x.rows).uniform(1, 2)) }), 0],
  ])('%s', (_, make, least) => {
    expect(compare(make)).toBeGreaterThanOrEqual(least)
  })
})

test('what the function made has its gradient where that is the same in every call', () => {
  const told = (isGuided: boolean): unknown => {
    const w = variable(row(1, 2))
    const made: Variable[] = []
    const first = (x: Matrix): Variable => {
      w.grad = null
      const v = variable(row(3, 4))
      made.push(v)
      return w.mul(x).sum().add(v.sum())
    }
    const rest = (loss: Variable): void => loss.backward()
    const guided = new Guided<[Matrix], Variable>({ first, rest, root: (loss) => loss, isRestKnown: () => true })
    for (let n = 0; n < CALLS; n++)
      if (isGuided) guided.call(row(n, 1))
      else rest(first(row(n, 1)))
    return made.map(({ grad }) => grad?.toArray())
  }
  const before = replays()
  expect(told(true)).toEqual(told(false))
  expect(replays() - before).toBe(ALL)
})

describe('what the function computes of nothing but what it makes leaves the gradients of this call', () => {
  const cases: readonly (readonly [name: string, of: (w: Variable, n: number) => Variable])[] = [
    ['a number', (w, n) => w.mul(n)],
    ['an exponent', (w, n) => w.pow(n)],
    ['a slope', (w, n) => w.leakyRelu(n / 10)],
    ['bounds', (w, n) => w.clip(-n, 1)],
    ['a part', (w, n) => w.slice(0, 1, n % 2, 2)],
    ['an axis', (w, n) => w.softmax(n % 2 === 0 ? 0 : 1).mul(row(1, 2, 3))],
    ['rows of an index', (w, n) => w.T.gatherRows([n % 3, 1])],
    ['an operand of its own', (w, n) => w.matmul(full(3, 2, n))],
    ['an operand that is transposed or not', (w, n) => w.T.matmul(w.mul(n), { transposeA: false, transposeB: false })],
    ['a product with itself', (w, n) => w.T.matmul(w.T, { transposeA: n % 2 === 0, transposeB: n % 2 === 1 })],
    ['a divisor', (w, n) => w.variance(1, { ddof: n % 3 })],
    ['an offset', (w, n) => w.tril(-(n % 2))],
    ['what goes back or not', (w, n) => (n % 3 === 0 ? w.detach().add(w) : w.mul(2))],
  ]

  test.each(cases)('%s', (_, of) => {
    const told = (isGuided: boolean): unknown => {
      const made: Variable[] = []
      let n = 0
      const w = variable(row(1, 2))
      const first = (x: Matrix): Variable => {
        const v = variable(row(-3, 4, 0.5))
        made.push(v)
        return w.mul(x).sum().add(of(v, ++n).sum())
      }
      const rest = (loss: Variable): void => loss.backward()
      const guided = new Guided<[Matrix], Variable>({ first, rest, root: (loss) => loss, isRestKnown: () => true })
      for (let i = 0; i < CALLS; i++)
        if (isGuided) guided.call(row(i, 1))
        else rest(first(row(i, 1)))
      return [made.map(({ grad }) => grad?.toArray()), w.grad?.toArray()]
    }
    expect(told(true)).toEqual(told(false))
  })
})

describe('data that are taken away', () => {
  const takeAway = ({ data }: Matrix): void => void structuredClone(data, { transfer: [data.buffer] })

  test.each([[0], [1], [2], [5]])('of what the function made are a named error, from call %d on', (from) => {
    compare(() => {
      let n = 0
      return {
        first(x) {
          const z = ones(1, 1)
          if (n++ >= from) takeAway(z)
          return x.add(z).sum()
        },
      }
    })
  })

  test.each([[0], [1], [2], [5]])('after an operation wrote them are no error, from call %d on', (from) => {
    compare(() => {
      let n = 0
      return {
        first(x) {
          const z = zeros(1, 2)
          const { data } = z
          z.assign(x.mul(2))
          if (n++ >= from) structuredClone(data, { transfer: [data.buffer] })
          return x.sum()
        },
      }
    })
  })
})

test('where a program cannot run, what the function made has the gradients that the function gives', () => {
  const make = (): Twin => {
    const shared = new Float32Array([1, 2])
    const [a, b] = [new Matrix(shared, 1, 2), new Matrix(shared, 1, 2)]
    const made: Variable[] = []
    return {
      first: (x) => {
        const v = variable(ones(1, 2))
        made.push(v)
        return v.mul(b).mul(x).sum()
      },
      rest(result) {
        ;(result as Variable).backward()
        a.assign(a.add(1))
      },
      state: () => [a, b],
      told: () => made.map(({ grad }) => grad?.toArray()),
    }
  }
  expect(compare(make)).toBe(0)
})

test('an index out of range throws in the function, before what comes after it, and with what came before it done', () => {
  const make = (): Twin => {
    const [table, state] = [variable(matrix([[1], [2], [3]])), row(0, 0)]
    let after = 0
    return {
      first: (x) => {
        state.assign(state.add(x))
        const picked = table.gatherRows(x.T)
        after++
        return picked.sum()
      },
      rest: (result) => (result as Variable).backward(),
      state: () => [state, table.grad],
      told: () => after,
    }
  }
  const index = (n: number): Matrix => row(n % 3, n % 4 === 3 ? 7 : 1)
  expect(compare(make, index)).toBeGreaterThanOrEqual(0)
  expect(() => make().first(row(7, 1))).toThrow(ShapeError)
})

test("a user's op, which may do anything, is called as it is, and so is its derivative", () => {
  const make = (): Twin => {
    let [calls, n] = [0, 0]
    const op = defineOp({
      name: 'own',
      shape: ([a]) => a.shape,
      forward: (out, [a]) => out.data.set(a.data.map((each) => 2 * each)),
      vjp: [
        (g) => {
          calls++
          return g.mul(2)
        },
      ],
    })
    return {
      ...learning((w, x) =>
        op([w.mul(x)])
          .square()
          .sum()
          .mul(++n),
      ),
      told: () => calls,
    }
  }
  expect(compare(make)).toBe(0)
})

describe('what was computed inside is there afterwards, wherever it was kept', () => {
  const elementsNow = (each: Matrix | Variable): number[][] => (each instanceof Variable ? each.value : each).toArray()
  /** Keeps what `make` computes in every call, and what it wrote there. */
  const keeping = (make: (x: Matrix) => readonly (Matrix | Variable)[]): (() => Twin) => {
    return () => {
      const kept: (Matrix | Variable)[] = []
      return {
        first: (x) => {
          const all = make(x)
          kept.push(...all)
          return all[0].sum()
        },
        told: () => kept.map(elementsNow),
      }
    }
  }
  const third = full(1, 5, 1 / 3, { dtype: 'float64' })
  const compute: Record<string, (x: Matrix) => readonly (Matrix | Variable)[]> = {
    'an intermediate value': (x) => [x.mul(2)],
    'many, of all sizes': (x) => {
      const [wide, tall] = [x.matmul(ones(2, 300)), x.T.matmul(ones(1, 3))]
      return [wide, tall, wide.T.matmul(wide), tall.exp(), x.sum(), wide.sum(), wide.row(0), x.mul(x)]
    },
    'both dtypes': (x) => [x.mul(1 / 3), third.mul(1 / 3), third.add(third)],
    'what is made and changed': (x) => {
      const made = ones(1, 2)
      made.assign(made.mul(x.mul(2)))
      return [made, made.add(1)]
    },
    variables: (x) => {
      const w = variable(x.mul(3))
      return [w, w.square(), w.matmul(x.T)]
    },
  }
  test.each(Object.entries(compute))('%s', (_, make) => {
    expect(compare(keeping(make))).toBeGreaterThanOrEqual(1)
  })

  test('looked at once it is all over', () => {
    const make = (): [(x: Matrix) => Matrix, Matrix[]] => {
      const kept: Matrix[] = []
      const first = (x: Matrix): Matrix => {
        const hidden = x.matmul(ones(2, 40))
        const made = ones(1, 40)
        made.assign(made.mul(hidden))
        kept.push(hidden, made, hidden.sum())
        return hidden.exp().sum()
      }
      return [first, kept]
    }
    const [[plain, wanted], [first, got]] = [make(), make()]
    const guided = new Guided<[Matrix], Matrix>({ isRestKnown: () => true, first })
    for (let n = 0; n < CALLS; n++) {
      plain(row(n, -n))
      guided.call(row(n, -n))
    }
    expect(got.map((each) => each.toArray())).toEqual(wanted.map((each) => each.toArray()))
    for (const each of got) expect(each.data.buffer.byteLength).toBeLessThanOrEqual(4 * each.data.byteLength)
  })

  test('a value of an earlier call is not that of this one', () => {
    expect(
      compare(() => {
        let last: Matrix | null = null
        let n = 0
        return {
          first: (x) => {
            const hidden = x.mul(2)
            const sum = hidden.add(n++ % 4 === 3 && last ? last : hidden)
            last = hidden
            return sum.exp().sum()
          },
        }
      }),
    ).toBeGreaterThanOrEqual(1)
  })

  test('gradients through it are those that an eager call leaves, or refuses', () => {
    expect(
      compare(() => {
        let last: Variable | null = null
        let n = 0
        const w = variable(row(1, 2))
        const told: unknown[] = []
        return {
          first: (x) => {
            if (last && n++ % 3 === 2) {
              w.grad = null
              try {
                last.backward()
                told.push(w.grad === null ? null : elementsNow(w.grad))
              } catch (error) {
                told.push((error as Error).message)
              }
            }
            last = w.mul(x).square().sum()
            return last
          },
          rest: () => {
            if (n < 6) w.value.assign(w.value.mul(1.5))
          },
          told: () => told,
        }
      }),
    ).toBeGreaterThanOrEqual(1)
  })

  test('a copy of a call holds at most four times the elements of each value', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.boolean()), { maxLength: 20 }), (sizes) => {
        const values = sizes.map(([size, double], i): [Slot, Matrix] => {
          const holder = full(1, size, i + 1, { dtype: double ? 'float64' : 'float32' })
          return [{ kind: 'state', holder }, holder]
        })
        const copyOf = new Kept(values.map(([value]) => value)).copies()
        for (const [value, matrix] of values) {
          const copy = copyOf(value) as Copy
          expect(elementsOf(copy)).toEqual(matrix.data)
          expect(copy.array.length).toBeLessThanOrEqual(4 * matrix.size)
        }
      }),
    )
  })
})

test('a function that does something else each time is soon called as it is', () => {
  let calls = 0
  const others = [(x: Matrix) => x.exp(), (x: Matrix) => x.neg(), (x: Matrix) => x.abs(), (x: Matrix) => x.square()]
  const guided = new Guided<[Matrix], Matrix>({ isRestKnown: () => true, first: (x) => others[calls++ % 4](x) })
  const before = replays()
  for (let n = 0; n < 200; n++) expect(guided.call(row(n)).equals(others[n % 4](row(n)))).toBe(true)
  expect(calls).toBe(200)
  expect(replays() - before).toBe(0)
})
