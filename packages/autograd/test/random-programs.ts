// Random functions over variables for the tests of `compile`: what each computes, changes in place and returns depends on a
// list of instructions alone, so that two instances of one program are twins.

import { compile, concat, crossEntropy, Variable, variable } from '@matgrad/autograd'
import { type DType, Generator, type Matrix, matrix, ShapeError, zeros } from '@matgrad/core'
import { adam_ } from '@matgrad/core/internal'
import * as fc from 'fast-check'
import { elementwise } from '../../core/test/support.ts'
import { descend, type Settings, settingsOf } from './descend.ts'

/** What to do, and with which of the values that there are: numbers are taken modulo how many can be chosen from. */
export interface Instruction {
  readonly name: string
  readonly a: number
  readonly b: number
  readonly c: number
}

export interface Recipe {
  readonly dtype: DType
  /** The sizes that matrices are made of. */
  readonly rows: number
  readonly cols: number
  /** The other batch size that the function is called with. */
  readonly otherRows: number
  readonly special: boolean
  readonly seed: number
  readonly instructions: readonly Instruction[]
}

/** More elements than this are not made: the product of two of them must stay quick. */
const MOST = 1500
const SPECIAL = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40]

const UNARY = elementwise(1)
const BINARY = elementwise(2)
const AXIAL = [
  ...['sum', 'mean', 'prod', 'max', 'min', 'argmax', 'argmin', 'logSumExp', 'cumsum', 'softmax', 'logSoftmax'],
  ...['sort', 'argsort', 'variance', 'median', 'all', 'any', 'cumprod', 'diff'],
] as const
const AXES = [undefined, 0, 1] as const

type Method = (...args: unknown[]) => Variable
const method = (x: Variable, name: string, ...args: unknown[]): Variable =>
  (x as unknown as Record<string, Method>)[name](...args)

const fits = (a: number, b: number): boolean => a === b || a === 1 || b === 1
const isSame = (a: Variable, b: Variable): boolean => a.rows === b.rows && a.cols === b.cols && a.dtype === b.dtype

/** A program with parameters, plain matrices and a generator of its own, all made from the seed of the recipe. */
class Twin {
  readonly recipe: Recipe
  readonly parameters: readonly Variable[]
  /** What instructions change in place, besides parameters. */
  readonly buffers: readonly Matrix[]
  readonly settings: Settings = settingsOf()
  readonly generator: Generator
  /** How often `step` was really run. */
  runs = 0
  private values: Variable[] = []
  private returned: Variable[] = []

  constructor(recipe: Recipe) {
    this.recipe = recipe
    const { rows, cols, dtype, seed } = recipe
    this.generator = new Generator(seed)
    const draw = (m: number, n: number): Matrix => this.generator.normal(m, n, 0, 1, { dtype })
    this.parameters = [draw(rows, cols), draw(1, cols), draw(cols, cols)].map((value) => variable(value))
    this.buffers = [draw(rows, cols), draw(1, cols), draw(rows, 1), draw(1, 1), draw(rows, cols)]
  }

  /** Everything that may be changed in place. */
  state(): (Matrix | null)[] {
    return [...this.buffers, ...this.parameters.map(({ value }) => value), ...this.parameters.map(({ grad }) => grad)]
  }

  readonly step = (x: Matrix, y: Variable, more: { readonly row: Matrix; readonly list: readonly Matrix[] }) => {
    this.runs++
    const constants = [x, more.row, ...more.list, ...this.buffers].map((value) => new Variable(value, false))
    this.values = [y, ...constants, ...this.parameters]
    this.returned = []
    for (const instruction of this.recipe.instructions) {
      try {
        const value = this.run(instruction)
        if (value) this.push(value)
      } catch (error) {
        // An operation that its operands do not allow is left out: with no elements there is no maximum. So is a backward
        // pass that needs what has changed.
        if (!(error instanceof ShapeError || /was changed in place/.test(String(error)))) throw error
      }
    }
    const last = this.values.slice(-2).map((each) => each.detach())
    return { returned: this.returned.map((each) => each.detach()), last }
  }

  private push(value: Variable): void {
    if (value.rows * value.cols <= MOST) this.values.push(value)
  }

  /** One of those that fulfil a condition, counted from the newest: a small number means a new value. */
  private pick(number: number, fulfils: (value: Variable) => boolean = () => true): Variable | undefined {
    const all = this.values.filter(fulfils)
    return all[all.length - 1 - (number % all.length)]
  }

  /** Does what an instruction says; gives what it computes, if anything. */
  private run({ name, a, b, c }: Instruction): Variable | undefined {
    const x = this.pick(a) as Variable
    const like = (value: Variable): Variable | undefined =>
      this.pick(b, (other) => fits(other.rows, value.rows) && fits(other.cols, value.cols))
    const same = (value: Variable, which: number): Variable | undefined =>
      this.pick(which, (other) => isSame(other, value))
    switch (name) {
      case 'unary':
        return method(x, UNARY[c % UNARY.length])
      case 'clip':
        return x.clip(-0.5, 0.75)
      case 'number':
        return method(x, BINARY[c % BINARY.length], [0.5, -1, 2, 0][b % 4])
      case 'binary':
        return method(x, BINARY[c % BINARY.length], like(x))
      case 'where': {
        const p = like(x) as Variable
        const q = this.pick(c, (other) =>
          [x, p].every((each) => fits(other.rows, each.rows) && fits(other.cols, each.cols)),
        )
        return x.greater(0).where(p, q ?? 0.5)
      }
      case 'axial':
        return method(x, AXIAL[c % AXIAL.length], AXES[b % 3])
      case 'broadcastTo':
        return x.broadcastTo(x.rows === 1 ? this.recipe.rows : x.rows, x.cols === 1 ? this.recipe.cols : x.cols)
      case 'rearrange':
        return this.rearrange(x, b, c)
      case 'concat': {
        const axis = c % 2 === 0 ? 0 : 1
        const other = this.pick(b, (each) => each.shape[1 - axis] === x.shape[1 - axis])
        return concat([x, other as Variable, x], axis)
      }
      case 'gatherRows':
        return x.gatherRows(this.index(x, b, c, x.rows))
      case 'scatterAddRows':
        return x.scatterAddRows(this.index(x, b, c, x.rows).slice(0, x.rows), x.rows)
      case 'matmul':
        return this.product(x, b, c)
      case 'affine': {
        // What programs make one product with a bias and a ReLU of, and what looks almost like it.
        const product = this.product(x, b, c >> 2)
        const bias = this.pick(c, (each) => each.rows === 1 && each.cols === product.cols)
        if (bias && c % 4 === 1) return this.product(x, b, c >> 2, bias as Variable<1, number>)
        if (c % 3 === 0) this.halve(x, bias)
        const sum = product.add(c % 5 === 0 ? product : (bias ?? 0.5))
        if (c % 7 === 0) this.push(sum)
        return c % 2 === 0 ? sum.relu() : sum
      }
      case 'crossEntropy':
        return crossEntropy(x, x.argmax(1).value, { reduction: c % 2 === 0 ? 'mean' : 'none' })
      case 'draw': {
        const { rows, cols, dtype } = x
        const drawn =
          c % 2 === 0
            ? this.generator.bernoulli(rows, cols, 0.7, { dtype })
            : this.generator.normal(rows, cols, 0, 1, { dtype })
        return x.mul(drawn)
      }
      case 'made': {
        // A matrix that is made here and changed here.
        const { rows, cols, dtype } = x
        const made = zeros(rows, cols, { dtype })
        const before = x.add(made)
        made.assign(c % 2 === 0 ? x.value : x.value.add(made))
        this.push(before)
        return new Variable(made, false)
      }
      case 'clone':
        return new Variable(x.value.clone(), false)
      case 'assign': {
        const target = this.buffers[a % this.buffers.length]
        const source = this.pick(b, (other) => other.rows === target.rows && other.cols === target.cols)
        if (source) target.assign(source.value)
        return undefined
      }
      case 'update': {
        // An expression of the matrix itself, in one or more steps.
        const target = this.buffers[a % this.buffers.length]
        const own = new Variable(target, false)
        const other = this.pick(b, (each) => fits(each.rows, own.rows) && fits(each.cols, own.cols)) as Variable
        const name = ['add', 'sub', 'mul', 'maximum', 'cumsum', 'flipCols', 'softmax'][c % 7]
        const changed = c % 7 < 4 ? method(own, name, other.detach()) : method(own, name)
        if (changed.rows !== own.rows || changed.cols !== own.cols) return undefined
        const result = c % 3 === 0 ? changed.tanh() : changed
        target.assign(result.value)
        if (c % 5 === 0) this.push(result.detach())
        return undefined
      }
      case 'swap': {
        const one = new Variable(this.buffers[a % this.buffers.length], false)
        const two = this.pick(b, (each) => isSame(each, one) && this.buffers.includes(each.value))
        if (!two) return undefined
        const before = one.value.clone()
        one.value.assign(two.value)
        two.value.assign(before)
        return undefined
      }
      case 'backward': {
        const loss = this.pick(a, (each) => each.requiresGrad)
        loss?.mul(0.1).sum().backward()
        return undefined
      }
      case 'gradient': {
        const { grad } = this.parameters[a % this.parameters.length]
        if (grad) this.push(new Variable(grad, false))
        return undefined
      }
      case 'zeroGrad':
        this.parameters[a % this.parameters.length].grad = null
        return undefined
      case 'descend': {
        const parameter = this.parameters[a % this.parameters.length]
        if (parameter.grad) parameter.value.assign(parameter.value.sub(parameter.grad.mul(0.01)))
        return undefined
      }
      case 'sgd': {
        const parameter = this.parameters[a % this.parameters.length]
        const gradient = same(parameter, b)
        if (gradient) descend(parameter.value, null, gradient.value, this.settings)
        return undefined
      }
      case 'adam': {
        const parameter = this.parameters[a % this.parameters.length]
        const [first, second] = [same(parameter, b), same(parameter, c)]
        const state = this.buffers.filter((each) => each.rows === parameter.rows && each.cols === parameter.cols)
        if (!first || !second || state.length < 2) return undefined
        const step = zeros(1, 1, { dtype: 'float64' })
        adam_(parameter.value, state[0], state[1], step, first.value, settingsOf())
        return undefined
      }
      case 'astype':
        return x.astype(c % 2 === 0 ? 'float32' : 'float64')
      case 'return':
        this.returned.push(x)
        return undefined
      default:
        throw new Error(`there is no instruction ${name}`)
    }
  }

  /** Changes those that may be changed in place. */
  private halve(...values: readonly (Variable | undefined)[]): void {
    for (const each of values) if (each && this.buffers.includes(each.value)) each.value.assign(each.value.mul(0.5))
  }

  private index(x: Variable, b: number, c: number, count: number): Matrix {
    if (c % 3 !== 0)
      return x
        .argmin(1)
        .value.mul(0)
        .add(count > 0 ? b % count : 0)
    return matrix(
      Float64Array.from({ length: x.rows }, (_, i) => (i * b + c) % count),
      x.rows,
      1,
    )
  }

  private product(x: Variable, b: number, c: number, bias?: Variable<1, number>): Variable {
    const [transposeA, transposeB] = [c % 2 === 1, (c >> 1) % 2 === 1]
    const inner = transposeA ? x.rows : x.cols
    const other = this.pick(b, (each) => (transposeB ? each.cols : each.rows) === inner)
    const options = other ? { transposeA, transposeB } : { transposeA, transposeB: !transposeA }
    return bias ? x.affine(other ?? x, bias, options) : x.matmul(other ?? x, options)
  }

  private rearrange(x: Variable, b: number, c: number): Variable {
    const { rows, cols } = x
    const all = rows * cols
    switch (c % 13) {
      case 0:
        return x.transpose()
      case 1:
        return b % 3 === 0 ? x.reshape(1, all) : b % 3 === 1 ? x.reshape(all, 1) : x.reshape(cols, rows)
      case 2:
        return x.slice(0, Math.ceil(rows / 2))
      case 3:
        return x.slice(0, rows, Math.floor(cols / 2))
      case 4:
        return b % 2 === 0 ? x.flipRows() : x.flipCols()
      case 5:
        return b % 2 === 0 ? x.tril(-1) : x.triu()
      case 6:
        return x.diagonal((b % 5) - 2)
      case 7:
        return rows === 1 && cols < 35 ? x.diag((b % 3) - 1) : x.T
      case 8:
        return x.pad(b % 2, 1, b % 3, 0, 0.5)
      case 9:
        return x.tile(b % 3, 2)
      case 10:
        return x.slice(-Math.ceil(rows / 2)).reshape(-1, cols)
      case 11:
        return cols > 0 ? x.gatherCols([b % cols, c % cols]) : x.T
      default:
        return x.place(rows + 1, cols + 2, 1, 1)
    }
  }
}

/** The matrices that the functions of a recipe are called with for the n-th time. */
function argumentsOf({ dtype, rows, otherRows, cols, special, seed }: Recipe, n: number) {
  const generator = new Generator(`${seed}/${n}`)
  const batch = n % 4 === 2 ? otherRows : rows
  const draw = (m: number, n: number): Matrix => {
    const made = generator.normal(m, n, 0, 1, { dtype })
    if (special)
      for (const i of made.data.keys())
        if (generator.uniform(1, 1).item() < 0.1)
          made.data[i] = SPECIAL[generator.integers(1, 1, 0, SPECIAL.length).item()]
    return made
  }
  return [
    draw(batch, cols),
    new Variable(draw(rows, cols), false),
    { row: draw(1, cols), list: [draw(batch, 1), draw(1, 1)] },
  ] as const
}

const WEIGHTED: readonly [weight: number, name: string][] = [
  [6, 'unary'],
  [5, 'binary'],
  [2, 'number'],
  [1, 'clip'],
  [1, 'where'],
  [2, 'axial'],
  [1, 'broadcastTo'],
  [2, 'rearrange'],
  [1, 'concat'],
  [1, 'gatherRows'],
  [1, 'scatterAddRows'],
  [2, 'matmul'],
  [2, 'affine'],
  [1, 'crossEntropy'],
  [1, 'draw'],
  [1, 'made'],
  [1, 'clone'],
  [3, 'assign'],
  [4, 'update'],
  [1, 'swap'],
  [1, 'backward'],
  [1, 'gradient'],
  [1, 'zeroGrad'],
  [1, 'descend'],
  [1, 'sgd'],
  [1, 'adam'],
  [1, 'astype'],
  [3, 'return'],
]

/** Values counted from the newest; most are near. */
const choice = fc.oneof({ arbitrary: fc.nat(2), weight: 2 }, { arbitrary: fc.nat(40), weight: 1 })

const instruction: fc.Arbitrary<Instruction> = fc.record({
  name: fc.oneof(...WEIGHTED.map(([weight, name]) => ({ arbitrary: fc.constant(name), weight }))),
  a: choice,
  b: choice,
  c: fc.nat(60),
})

/** Nothing, one, vectors and their neighbours. */
const size = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 0)

export const recipe: fc.Arbitrary<Recipe> = fc.record({
  dtype: fc.constantFrom<DType>('float32', 'float64'),
  rows: size,
  cols: size,
  otherRows: size,
  special: fc.boolean(),
  seed: fc.nat(1e6),
  instructions: fc.array(instruction, { minLength: 1, maxLength: 40, size: 'max' }),
})

/** Whether shape, dtype and every element are the same; 0 is not −0, NaN is NaN whatever its bits. */
export const identical = (a: Matrix | null, b: Matrix | null): boolean =>
  a === null || b === null
    ? a === b
    : a.rows === b.rows &&
      a.cols === b.cols &&
      a.dtype === b.dtype &&
      a.elements.every((x, i) => Object.is(x, b.elements[i]))

const CALLS = 7
/** The call of the compiled twin that is made without `compile`. */
const EAGER_CALL = 4

/**
 * Calls twins with the same arguments, one of them compiled, and changes some of their state in between.
 *
 * @returns where the first bit differs, and how often the compiled function was replayed
 */
export function compareTwins(recipe: Recipe): { difference: string | null; replays: number } {
  const [eager, other] = [new Twin(recipe), new Twin(recipe)]
  const compiled = compile(other.step)
  for (let n = 0; n < CALLS; n++) {
    const wanted = eager.step(...argumentsOf(recipe, n))
    const got = (n === EAGER_CALL ? other.step : compiled)(...argumentsOf(recipe, n))
    const pairs: [string, (Matrix | null)[], (Matrix | null)[]][] = [
      ['result', wanted.returned.map(({ value }) => value), got.returned.map(({ value }) => value)],
      ['last value', wanted.last.map(({ value }) => value), got.last.map(({ value }) => value)],
      ['state', eager.state(), other.state()],
    ]
    for (const [what, wants, gets] of pairs)
      for (const [i, want] of wants.entries())
        if (!identical(want, gets[i]))
          return { difference: `call ${n}, ${what} ${i}: got ${gets[i]}, wanted ${want}`, replays: 0 }
    if (String(eager.generator.state) !== String(other.generator.state))
      return { difference: `call ${n}: the generators differ`, replays: 0 }
    for (const { buffers } of [eager, other]) if (n % 3 === 2) buffers[3].set(0, 0, n)
  }
  return { difference: null, replays: CALLS - other.runs }
}
