import {
  compile,
  defineOp,
  detectAnomaly,
  grad,
  gradcheck,
  linalg,
  noGrad,
  type Variable,
  variable,
} from '@matgrad/autograd'
import { full, Generator, MatgradError, type Matrix, matrix, zeros } from '@matgrad/core'
import { tracer, whereIn } from '@matgrad/core/internal'
import { afterEach, describe, expect, test } from 'vitest'

const float64 = { dtype: 'float64' } as const
const of = (...rows: number[][]): Matrix => matrix(rows, float64)

function errorOf(run: () => unknown): MatgradError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(MatgradError)
    return error as MatgradError
  }
  throw new Error('nothing was thrown')
}

/** The line of a call in this file, where `run` begins so many lines below the call of this. */
const lineHere = (below: number): string => {
  const [, line] = /detect-anomaly\.test\.ts(?:\?[^:]*)?:(\d+)/.exec(
    new Error().stack?.split('\n')[2] as string,
  ) as string[]
  return `:${Number(line) + below}:`
}

afterEach(() => expect(tracer).toBe(null))

describe('forward', () => {
  test('names the operation, its operands with their ranges, the first bad entry and the line', () => {
    const x = of([3, 1, 2], [5, 0, 4])
    const line = lineHere(1)
    const { message } = errorOf(() => detectAnomaly(() => x.add(0).log().sum()))
    expect(message).toMatch(
      /^log: the result \(2x3\) is -Infinity at 1, 1, wanted finite numbers; operand 1 is 2x3, from 0 to 5, 0 there; called at /,
    )
    expect(message).toContain(line)
  })

  test.each<[string, () => unknown, string]>([
    ['a NaN', () => of([1, -1]).sqrt(), 'sqrt: the result (1x2) is NaN at 0, 1'],
    ['what broadcasts', () => of([1], [2]).div(of([1, 0])), 'div: the result (2x2) is Infinity at 0, 1'],
    ['a number', () => of([1]).div(0), 'operand 2 is 1x1, all 0'],
    ['an overflow of float32', () => full(2, 2, 1e30).square(), 'square: the result (2x2) is Infinity at 0, 0'],
    ['a conversion', () => of([1e300]).astype('float32'), 'astype: the result (1x1) is Infinity'],
    ['a mean of nothing', () => zeros(0, 2).mean(), 'mean: the result (1x1) is NaN at 0, 0'],
    ['infinities that become NaN', () => of([Infinity]).sub(Infinity), 'sub: the result (1x1) is NaN'],
    ['a product', () => full(300, 400, 1e30).matmul(full(400, 300, 1e30)), 'matmul: the result (300x300) is Infinity'],
    ['what is changed in place', () => zeros(1, 2).assign(of([1, 1e300])), 'assign: what it changed (1x2) is Infinity'],
    ['a variable that records', () => variable(of([0])).log(), 'log: the result (1x1) is -Infinity'],
    ['within noGrad', () => noGrad(() => variable(of([0])).log()), 'log: the result (1x1) is -Infinity'],
  ])('%s', (_title, run, message) => {
    run()
    expect(errorOf(() => detectAnomaly(run)).message).toContain(message)
  })

  test('what was there before goes through, and what is put in on purpose', () => {
    const mask = of([0, -Infinity])
    const result = detectAnomaly(() => [of([1, 2]).add(mask).softmax(1), of([Number.NaN, 1]).mul(2)])
    expect(result.map((each) => each.toArray())).toEqual([[[1, 0]], [[Number.NaN, 2]]])
  })

  test('a user’s operation is one, whatever it does within', () => {
    const sameLog = defineOp({
      name: 'sameLog',
      shape: ([a]) => a.shape,
      forward: (out, [a]) => void out.data.set((a as Matrix).log().exp().data),
      vjp: [(g) => g],
    })
    expect(detectAnomaly(() => sameLog([of([0, 1])])).toArray()).toEqual([[0, 1]])
  })
})

describe('backward', () => {
  test('names the rule, the operand by its name and the line of the forward pass', () => {
    const x = variable(of([4, 0]), { name: 'x' })
    let line = ''
    const error = errorOf(() =>
      detectAnomaly(() => {
        line = lineHere(1)
        const root = x.sqrt()
        root.sum().backward()
      }),
    )
    expect(error.message).toMatch(
      /^backward of sqrt: the gradient \(1x2\) is Infinity at 0, 1, wanted finite numbers; the gradient of the result is 1x2, all 1; operand 1, x, is 1x2, from 0 to 4, 0 there; the operation was called at /,
    )
    expect(error.message).toContain(line)
    expect((error.cause as Error).message).toBe('sqrt was called here')
    expect((error.cause as Error).stack).toContain(line)
    expect(x.grad).toBe(null)
  })

  test('of what was recorded before', () => {
    const y = variable(of([0])).sqrt()
    const error = errorOf(() => detectAnomaly(() => y.backward()))
    expect(error.message).toMatch(/^backward of sqrt: .*; the operation was called before detectAnomaly/)
    expect(error.cause).toBe(undefined)
  })

  test('which of two operands', () => {
    const [a, b] = [variable(of([1])), variable(of([1e-200]))]
    const { message } = errorOf(() => detectAnomaly(() => a.div(b).backward()))
    expect(message).toMatch(/^backward of div: the gradient of operand 2 \(1x1\) is -?Infinity/)
  })

  test('of a user’s rule', () => {
    const op = defineOp({
      name: 'odd',
      shape: ([a]) => a.shape,
      forward: (out, [a]) => void out.data.set(a.data),
      vjp: [(g) => g.mul(Number.NaN)],
    })
    const { message } = errorOf(() =>
      detectAnomaly(() =>
        op([variable(of([1, 2]))])
          .sum()
          .backward(),
      ),
    )
    expect(message).toMatch(/^backward of odd: the gradient \(1x2\) is NaN at 0, 0/)
  })

  test('of a derivative of a derivative', () => {
    const { message } = errorOf(() => detectAnomaly(() => grad(grad((x: Variable) => x.pow(1.5)))(of([0]))))
    expect(message).toMatch(/^backward of \w+ in the backward of pow: /)
  })

  test('the sum of gradients', () => {
    const x = variable(full(1, 1, 1))
    const { message } = errorOf(() =>
      detectAnomaly(() => x.mul(3e38).add(x.mul(3e38).neg().neg()).mul(1e-3).mul(1e3).backward()),
    )
    expect(message).toMatch(/^add: the result \(1x1\) is Infinity/)
  })
})

describe('other errors of the tape say where the operation was called', () => {
  const x = variable(of([1, 2]), { name: 'x' })

  test('a change in place', () => {
    const run = (): void => {
      const y = x.square().sum()
      x.value.set(0, 0, 1)
      y.backward()
    }
    const line = lineHere(-4)
    const message =
      'square: operand 1 (x, 1x2) was changed in place after the forward pass, and the gradient needs what it was, wanted the gradient before the change, or a clone()'
    expect(errorOf(run).message).toBe(message)
    const watched = errorOf(() => detectAnomaly(run)).message
    expect(watched.startsWith(`${message}; square was called at `)).toBe(true)
    expect(watched).toContain(line)
  })

  test.each<[string, () => Variable, string]>([
    ['noGrad', () => noGrad(() => x.sum()), 'sum'],
    ['detach', () => x.detach().sum(), 'sum'],
    ['no derivative', () => x.argmax().mul(1), 'mul'],
  ])('nothing to go back to: %s', (_title, f, name) => {
    const told = errorOf(() => f().backward()).message
    expect(told).toMatch(
      /^backward: nothing that the value was computed from requires a gradient, wanted a variable that does: was the history lost \(noGrad, detach, value, constant\)/,
    )
    expect(told).not.toContain('called')
    expect(errorOf(() => detectAnomaly(() => f().backward())).message).toMatch(
      new RegExp(`; ${name} was called at .*detect-anomaly\\.test\\.ts(\\?[^:]*)?:\\d+:\\d+$`),
    )
  })
})

describe('what goes well is what it was', () => {
  const x = new Generator(1).uniform(20, 30, 0.1, 0.9, float64)
  const programs: Record<string, (x: Variable) => Variable> = {
    'functions of elements': (x) => x.log().exp().sqrt().add(x.sigmoid()).mul(x.tanh()).pow(2).relu().sum(),
    softmax: (x) => x.softmax(1).mul(x.logSoftmax(0)).sum().add(x.logSumExp()),
    statistics: (x) => x.variance(0).sum().add(x.std()).add(x.median(1).mean()).add(x.quantile(0.3)),
    products: (x) => x.matmul(x, { transposeB: true }).trace(),
    'linear algebra': (x) => linalg.det(x.T.matmul(x).div(100).add(1)).add(linalg.norm(x)).add(linalg.svdvals(x).sum()),
    'what has kinks': (x) => x.sub(0.5).abs().add(x.maximum(0.5)).add(x.clip(0.2, 0.3)).sum(),
    'pow at 0': (x) => x.sub(x).pow(2).sum(),
    'x·0 selected': (x) => x.less(0.5).where(x, 1).log().sum(),
  }
  test.each(Object.entries(programs))('%s: values and gradients, bit for bit', (_title, f) => {
    const run = (): unknown => {
      const leaf = variable(x.clone())
      const y = f(leaf)
      y.backward()
      return [y.toArray(), leaf.grad?.toArray()]
    }
    expect(detectAnomaly(run)).toEqual(run())
  })

  test('functions of matrices give what they give, numbers as well', () => {
    const a = of([2, 1], [1, 3])
    expect(detectAnomaly(() => [linalg.det(a), linalg.norm(a), linalg.cond(a), linalg.inv(a).toArray()])).toEqual([
      linalg.det(a),
      linalg.norm(a),
      linalg.cond(a),
      linalg.inv(a).toArray(),
    ])
  })

  test('gradcheck', () => detectAnomaly(() => gradcheck((a) => a.exp().mul(a), [of([0.3, -1])])))

  test('compiled functions run as they are, and are watched', () => {
    let calls = 0
    const f = compile((a: Matrix) => {
      calls++
      return a.log()
    })
    f(of([1]))
    f(of([2]))
    expect(calls).toBe(1)
    expect(detectAnomaly(() => f(of([1]))).toArray()).toEqual([[0]])
    expect(calls).toBe(2)
    expect(errorOf(() => detectAnomaly(() => f(of([0])))).message).toContain('log: ')
    expect(f(of([0])).toArray()).toEqual([[-Infinity]])
    expect(calls).toBe(3)
  })
})

describe('how it is called', () => {
  test('gives what the function gives, and throws what it throws', () => {
    const thrown = new Error('mine')
    expect(detectAnomaly(() => 'text')).toBe('text')
    expect(() =>
      detectAnomaly(() => {
        throw thrown
      }),
    ).toThrow(thrown)
    expect(tracer).toBe(null)
  })

  test('in itself, and after an error that was caught', () => {
    detectAnomaly(() => {
      errorOf(() => detectAnomaly(() => of([0]).log()))
      expect(errorOf(() => of([0]).log()).message).toContain('log: ')
    })
    expect(of([0]).log().item()).toBe(-Infinity)
  })

  test('in the first call of a compiled function it is refused', () => {
    expect(errorOf(() => compile(() => detectAnomaly(() => of([1]).log()))()).message).toBe(
      'detectAnomaly: called while a function is compiled, whose later calls it would not see, wanted it around the calls',
    )
  })

  test.each([undefined, 1, {}])('%s is no function', (run) => {
    expect(() => detectAnomaly(run as never)).toThrow(/^detectAnomaly: got .*, wanted a function$/)
    // @ts-expect-error one argument
    expect(() => detectAnomaly(() => 1, 2)).toThrow('detectAnomaly')
  })
})

describe('an asynchronous function is watched until its promise is settled', () => {
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

  test('after it has waited, and others meanwhile', async () => {
    const running = detectAnomaly(async () => {
      await later()
      await later()
      return of([0]).log()
    })
    expect(errorOf(() => of([0]).log()).message).toContain('log: ')
    await expect(running).rejects.toThrow(/^log: the result/)
    expect(of([0]).log().item()).toBe(-Infinity)
  })

  test('what it gives and throws', async () => {
    await expect(detectAnomaly(async () => 3)).resolves.toBe(3)
    await expect(detectAnomaly(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  })

  test.each([
    [1, 5],
    [5, 1],
  ])('two at once, whichever is over first: %i, %i', async (...waits) => {
    const watching = waits.map((wait) => detectAnomaly(() => new Promise((resolve) => setTimeout(resolve, wait))))
    await Promise.race(watching)
    expect(errorOf(() => of([0]).log()).message).toContain('log: ')
    await Promise.all(watching)
    expect(of([0]).log().item()).toBe(-Infinity)
  })

  test('begun within a synchronous one', async () => {
    let running: Promise<unknown> | undefined
    detectAnomaly(() => {
      running = detectAnomaly(later)
    })
    expect(errorOf(() => of([0]).log()).message).toContain('log: ')
    await running
    expect(of([0]).log().item()).toBe(-Infinity)
  })
})

describe('the user’s line in a stack', () => {
  const ours = /at .*?\(?(\S+)\/detector\.ts/.exec(
    errorOf(() => detectAnomaly(() => of([0]).log())).stack as string,
  )?.[1] as string

  test.each([
    [
      'V8',
      [
        'Error',
        `    at f (${ours}/tape.ts:3:4)`,
        '    at Array.map (<anonymous>)',
        '    at node:internal/x:1:2',
        '    at async Object.run [as x] (file:///home/a b/my (1).js:10:20)',
      ],
      'file:///home/a b/my (1).js:10:20',
    ],
    [
      'V8, no name',
      ['Error: a', `    at new F (${ours}/x/y.ts:3:4)`, '    at file:///home/u.js:1:2'],
      'file:///home/u.js:1:2',
    ],
    [
      'Firefox and Safari',
      [`f@${ours}/tape.ts:3:4`, '[native code]', 'g@https://a.b/node_modules/@x/y.js:7:8', ''],
      'https://a.b/node_modules/@x/y.js:7:8',
    ],
    ['none', ['Error', `    at f (${ours}/tape.ts:3:4)`], undefined],
  ])('%s', (_title, lines, where) => {
    expect(whereIn(lines.join('\n'))).toBe(where)
  })

  test('no stack', () => expect(whereIn(undefined)).toBe(undefined))
})
