// Worlds for the tests of `compile`: parameters, buffers and generators that several random functions share, made twice from
// a seed, once eager and once compiled, and what happens to them one event after the other. Sizes are those of real
// programs, since memory that two of them claim is found by nothing smaller.

import { type Compiled, compile, concat, crossEntropy, defineOp, Variable, variable } from '@matgrad/autograd'
import { replays } from '@matgrad/autograd/internal'
import {
  configure,
  type DType,
  engineInfo,
  Generator,
  getDefaultDtype,
  MatgradError,
  type Matrix,
  matrix,
  type Shape,
  setDefaultDtype,
  type TypedArray,
  zeros,
} from '@matgrad/core'
import { adam_ } from '@matgrad/core/internal'
import { descend, type Settings, settingsOf } from './descend.ts'
import { identical } from './random-programs.ts'

export type Scale = 'small' | 'medium' | 'large'

interface Limits {
  /** What rows and columns are chosen from. */
  readonly sizes: readonly number[]
  /** The most elements of a value, and the most multiplications of a product. */
  readonly elements: number
  readonly work: number
  readonly events: number
}

const LIMITS: Readonly<Record<Scale, Limits>> = {
  small: { sizes: [1, 2, 3, 5, 8, 9, 16, 17, 33], elements: 2e4, work: 4e4, events: 60 },
  medium: { sizes: [1, 3, 9, 33, 64, 100, 110, 120, 128], elements: 5e5, work: 2.1e6, events: 60 },
  large: { sizes: [1, 9, 64, 128, 160, 200, 257, 384, 512], elements: 2 ** 21, work: 2 ** 26, events: 45 },
}

/** Whole numbers from a seed (mulberry32), since the package's own generators are tested. */
class Dice {
  private state: number

  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e3779b1)
  }

  below(count: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * count)
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  /** One in `count` times. */
  once(count: number): boolean {
    return this.below(count) === 0
  }

  /** `least` to `most` of what `make` makes. */
  many<T>(least: number, most: number, make: (i: number) => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, (_, i) => make(i))
  }
}

/** What to do, and with which values: numbers are taken modulo how many can be chosen from. */
interface Instruction {
  readonly name: string
  readonly a: number
  readonly b: number
  readonly c: number
}

interface FunctionRecipe {
  readonly instructions: readonly Instruction[]
  /** Which of the shared parameters, buffers and generators it knows. */
  readonly parameters: readonly number[]
  readonly buffers: readonly number[]
  readonly generator: number
}

interface Recipe {
  readonly seed: number
  readonly limits: Limits
  readonly parameters: readonly (readonly [shape: Shape, dtype: DType])[]
  readonly buffers: readonly (readonly [shape: Shape, dtype: DType])[]
  readonly generators: number
  readonly functions: readonly FunctionRecipe[]
}

/** What a function is called with. */
interface Given {
  readonly x: Matrix
  readonly more: { readonly y: Variable; readonly index: Matrix }
}

type Method = (...args: unknown[]) => Variable
const method = (x: Variable, name: string, ...args: unknown[]): Variable =>
  (x as unknown as Record<string, Method>)[name](...args)

const matches = (a: number, b: number): boolean => a === b || a === 1 || b === 1
const isAlike = (a: Matrix | Variable, b: Matrix | Variable): boolean =>
  a.rows === b.rows && a.cols === b.cols && a.dtype === b.dtype

/** x where it is positive, and otherwise what the result was given with: zeros. */
const positive = defineOp({
  name: 'positive',
  shape: ([x]) => x.shape,
  forward: ({ elements }, [x]) => {
    for (const [i, value] of x.elements.entries()) if (value > 0) elements[i] = value
  },
  vjp: [(g, y) => g.mul(y.greater(0))],
})

// What stays near 1, however often it is done again.
const UNARY = ['tanh', 'sigmoid', 'sin', 'cos', 'relu', 'neg', 'erf', 'softplus', 'abs'] as const
const BINARY = ['add', 'sub', 'mul', 'maximum', 'minimum', 'less'] as const
const AXIAL = ['mean', 'max', 'min', 'argmax', 'logSumExp', 'softmax', 'logSoftmax', 'sort', 'variance'] as const
const AXES = [undefined, 0, 1] as const

/** Rows and columns of a product that a program divides among threads. */
const HEAVY = 110

/** One run of a function: the values that there are, and what an instruction makes of them. */
class Run {
  readonly limits: Limits
  readonly parameters: readonly Parameter[]
  readonly buffers: readonly Matrix[]
  readonly generator: Generator
  readonly settings: Settings
  readonly index: Matrix
  readonly returned: Matrix[] = []
  private readonly values: Variable[]
  private readonly computed: Variable[] = []

  constructor(side: Side, recipe: FunctionRecipe, { x, more }: Given) {
    this.limits = side.recipe.limits
    this.parameters = recipe.parameters.map((i) => side.parameters[i])
    this.buffers = recipe.buffers.map((i) => side.buffers[i])
    this.generator = side.generators[recipe.generator]
    this.settings = side.settings
    this.index = more.index
    const constants = [x, ...this.buffers].map((value) => new Variable(value, false))
    this.values = [...constants, more.y, ...this.parameters.map(({ variable }) => variable)]
  }

  follow(instructions: readonly Instruction[]): Matrix[] {
    for (const instruction of instructions)
      try {
        const value = INSTRUCTIONS[instruction.name](this, instruction)
        if (value) this.push(value)
      } catch (error) {
        // A backward pass that needs what has changed.
        if (!/was changed in place/.test(String(error))) throw error
      }
    return this.returned
  }

  push(value: Variable): void {
    if (value.rows * value.cols > this.limits.elements) return
    this.values.push(value)
    this.computed.push(value)
  }

  /** One of those that fulfil a condition, counted from the newest: a small number means a new value. */
  pick(number: number, fulfils: (value: Variable) => boolean = () => true, of = this.values): Variable | undefined {
    const all = of.filter(fulfils)
    return all[all.length - 1 - (number % all.length)]
  }

  /** The same of what was computed here, which is nobody's state. */
  pickComputed(number: number): Variable | undefined {
    return this.pick(number, undefined, this.computed)
  }

  product({ a, b, c }: Instruction): Variable | undefined {
    const x = this.pick(a) as Variable
    const [transposeA, transposeB] = [c % 2 === 1, (c >> 1) % 2 === 1]
    const inner = transposeA ? x.rows : x.cols
    const other = this.pick(b, (each) => (transposeB ? each.cols : each.rows) === inner) ?? x
    const options = { transposeA, transposeB: other === x ? !transposeA : transposeB }
    const [rows, cols] = [transposeA ? x.cols : x.rows, options.transposeB ? other.rows : other.cols]
    if (rows * cols * inner > this.limits.work || rows * cols > this.limits.elements) return undefined
    return x.mul(1 / Math.sqrt(inner)).matmul(other, options)
  }

  /** A value of the form of a matrix, near 1. */
  like(target: Matrix, number: number): Variable {
    const alike = this.pick(number, (value) => isAlike(value, target))
    const value = alike ?? this.pick(number)?.mean().astype(target.dtype).broadcastTo(target.rows, target.cols)
    return (value as Variable).tanh()
  }
}

/** What instructions do; they give what they compute, if anything. */
const INSTRUCTIONS: Readonly<Record<string, (run: Run, instruction: Instruction) => Variable | undefined>> = {
  unary: (run, { a, c }) => method(run.pick(a) as Variable, UNARY[c % UNARY.length]),
  binary(run, { a, b, c }) {
    const x = run.pick(a) as Variable
    const other = run.pick(b, ({ rows, cols }) => matches(rows, x.rows) && matches(cols, x.cols))
    return method(x, BINARY[c % BINARY.length], other).tanh()
  },
  /** In the dtype that is the default now. */
  number: (run, { a, b }) => {
    const x = run.pick(a) as Variable
    return x.mul(matrix([[b % 2 === 0 ? 0.3 : -0.7]])).astype(x.dtype)
  },
  axial: (run, { a, b, c }) => method(run.pick(a) as Variable, AXIAL[c % AXIAL.length], AXES[b % 3]),
  product: (run, instruction) => run.product(instruction),
  affine(run, instruction) {
    const product = run.product(instruction)
    const bias = product && run.pick(instruction.c, ({ rows, cols }) => rows === 1 && cols === product.cols)
    return bias ? product.add(bias).relu() : product
  },
  /** A product for which several threads pay. */
  heavy(run, { a }) {
    const { dtype } = run.pick(a) as Variable
    if (run.limits.elements < HEAVY ** 2) return undefined
    const x = new Variable(run.generator.normal(HEAVY, HEAVY, 0, 0.1, { dtype }), false)
    const product = x.matmul(x).mean(0)
    run.returned.push(product.value)
    return product
  },
  rearrange(run, { a, b, c }) {
    const x = run.pick(a) as Variable
    if (c % 4 === 0) return x.transpose()
    if (c % 4 === 1) return b % 2 === 0 ? x.flipRows() : x.flipCols()
    return c % 4 === 2 ? x.slice(0, Math.ceil(x.rows / 2)) : concat([x, x.neg()], b % 2 === 0 ? 0 : 1)
  },
  /** Throws for an index of rows that there are not. */
  gather(run, { a }) {
    const x = run.pick(a, ({ rows }) => rows === run.index.rows)
    return x?.gatherRows(run.index)
  },
  /** A value of many megabytes, and what is left of it. */
  swell(run, { a, b, c }) {
    const x = run.pick(a) as Variable
    const size = x.rows * x.cols
    const width = [2, 3, 5, run.limits.elements][c % 4]
    const row = run.pick(b, ({ rows, cols }) => rows === 1 && Math.min(cols, width) * size <= run.limits.elements)
    if (!row) return undefined
    const swollen = x.reshape(size, 1).mul(row.slice(0, 1, 0, Math.min(row.cols, width)))
    const turned = c % 2 === 0 ? swollen.softmax(1) : swollen.flipCols().sin()
    return (c % 3 === 0 ? turned.mul(swollen.flipRows()) : turned).mean(1).reshape(x.rows, x.cols)
  },
  owned: (run, { a }) => positive([run.pick(a) as Variable]),
  crossEntropy(run, { a }) {
    const x = run.pick(a) as Variable
    return crossEntropy(x, x.argmax(1).value)
  },
  draw(run, { a, c }) {
    const { generator } = run
    const x = run.pick(a) as Variable
    const { rows, cols, dtype } = x
    if (c % 2 === 0) return x.mul(generator.bernoulli(rows, cols, 0.7, { dtype }))
    return x.add(generator.normal(rows, cols, 0, 0.5, { dtype }))
  },
  assign(run, { a, b, c }) {
    const target = run.buffers[a % run.buffers.length]
    const value = run.like(target, b)
    // What is overwritten is read once more, or something else may throw.
    const before = c % 2 === 0 ? new Variable(target, false).mul(0.5) : undefined
    if (before) run.returned.push(before.value)
    target.assign(value.value)
    return before
  },
  update(run, { a, b, c }) {
    const target = run.buffers[a % run.buffers.length]
    const own = new Variable(target, false)
    const changed = method(own, BINARY[c % BINARY.length], run.like(target, b).detach()).tanh()
    target.assign(changed.value)
    return c % 3 === 0 ? changed.detach() : undefined
  },
  /** Reads and changes all that there is, with hardly any scratch memory. */
  decay(run) {
    for (const buffer of run.buffers) buffer.assign(buffer.mul(0.9).add(0.05))
    return undefined
  },
  backward(run, { a }) {
    run
      .pick(a, ({ requiresGrad }) => requiresGrad)
      ?.mean()
      .backward()
    return undefined
  },
  zeroGrad(run) {
    for (const { variable } of run.parameters) variable.grad = null
    return undefined
  },
  gradient(run, { a }) {
    const { grad } = run.parameters[a % run.parameters.length].variable
    return grad ? new Variable(grad, false).mul(0.9) : undefined
  },
  sgd(run, { a, c }) {
    const { variable, first } = run.parameters[a % run.parameters.length]
    if (variable.grad) descend(variable.value, c % 2 === 0 ? null : first, variable.grad, run.settings)
    return undefined
  },
  adam(run) {
    for (const { variable, first, second, step } of run.parameters)
      if (variable.grad) adam_(variable.value, first, second, step, variable.grad, run.settings)
    return undefined
  },
  return(run, { a }) {
    const value = run.pickComputed(a)
    if (value) run.returned.push(value.detach().value)
    return undefined
  },
}

const PURE = [
  ...['unary', 'unary', 'binary', 'binary', 'number', 'axial', 'product', 'product', 'affine', 'rearrange'],
  ...['gather', 'swell', 'swell', 'owned', 'crossEntropy', 'draw'],
]
const CHANGING = [
  ...PURE,
  ...PURE,
  'assign',
  'assign',
  'assign',
  'update',
  'update',
  'update',
  'return',
  'gradient',
  'decay',
]

/** The i-th function of a world. */
function functionRecipe(
  i: number,
  dice: Dice,
  counts: Record<'parameters' | 'buffers' | 'generators', number>,
): FunctionRecipe {
  const number = (): number => (dice.once(3) ? dice.below(40) : dice.below(3))
  const named = (name: string): Instruction => ({ name, a: number(), b: number(), c: dice.below(60) })
  const some = (least: number, most: number, names: readonly string[]): Instruction[] =>
    dice.many(least, most, () => named(dice.of(names)))
  const list = (...names: string[]): Instruction[] => names.map(named)
  const pure = (): Instruction[] => [
    ...list('draw', dice.once(2) ? 'swell' : 'product'),
    ...[...some(0, 7, PURE), ...list('gather')],
  ]
  const train = (): Instruction[] => [
    ...list(dice.once(6) ? 'gradient' : 'zeroGrad', 'heavy'),
    ...[...some(2, 8, PURE), ...list('affine', 'backward')],
    ...list(...dice.of([['adam'], ['sgd', 'sgd'], ['sgd', 'adam', 'return'], ['update', 'sgd', 'gradient']])),
  ]
  const change = (): Instruction[] => some(2, 10, CHANGING)
  const decay = (): Instruction[] => [...list('decay'), ...(dice.once(2) ? some(1, 2, PURE) : [])]
  /** What is drawn and changed before something throws. */
  const refuse = (): Instruction[] => [
    ...list('draw', 'update', 'assign'),
    ...[...some(0, 4, PURE), ...list('gather', 'owned')],
  ]
  // The first needs much scratch memory and knows little, the second knows much and needs little.
  const kinds: [() => Instruction[], number][] = [
    [pure, 1],
    [decay, 20],
    [train, 1],
    [train, 4],
    [change, 4],
    [refuse, 3],
  ]
  const [make, most] = i < 3 ? kinds[i] : dice.of(kinds)
  return {
    instructions: [...make(), ...list('return', 'return')],
    parameters: dice.many(1, Math.min(3, most), () => dice.below(counts.parameters)),
    buffers: dice.many(Math.ceil(most / 3), most, () => dice.below(counts.buffers)),
    generator: dice.below(counts.generators),
  }
}

function worldRecipe(seed: number, dice: Dice, limits: Limits): Recipe {
  const dtype: DType = dice.once(3) ? 'float64' : 'float32'
  const other: DType = dtype === 'float32' ? 'float64' : 'float32'
  const sizes = dice.many(3, 4, () => dice.of(limits.sizes))
  const shape = (): Shape =>
    dice.of([
      [dice.of(sizes), dice.of(sizes)],
      [dice.of(sizes), dice.of(sizes)],
      [1, dice.of(sizes)],
    ])
  const form = (): readonly [Shape, DType] => [shape(), dice.once(6) ? other : dtype]
  const parameters = dice.many(2, 4, form)
  const buffers = dice.many(4, 12, form)
  const generators = 1 + dice.below(2)
  const counts = { parameters: parameters.length, buffers: buffers.length, generators }
  const functions = dice.many(3, 5, (i) => functionRecipe(i, dice, counts))
  return { seed, limits, parameters, buffers, generators, functions }
}

interface Parameter {
  readonly variable: Variable
  readonly first: Matrix
  readonly second: Matrix
  readonly step: Matrix
}

/** One of the twins. */
class Side {
  readonly recipe: Recipe
  readonly parameters: readonly Parameter[]
  readonly buffers: readonly Matrix[]
  readonly settings: Settings = settingsOf()
  readonly generators: readonly Generator[]
  readonly functions: readonly ((x: Matrix, more: Given['more']) => Matrix[])[]

  constructor(recipe: Recipe) {
    this.recipe = recipe
    const source = new Generator(recipe.seed)
    const draw = ([[rows, cols], dtype]: readonly [Shape, DType]): Matrix =>
      source.normal(rows, cols, 0, 0.5, { dtype })
    this.parameters = recipe.parameters.map((form) => {
      const value = draw(form)
      const { rows, cols, dtype } = value
      const [first, second] = [zeros(rows, cols, { dtype }), zeros(rows, cols, { dtype })]
      return { variable: variable(value), first, second, step: zeros(1, 1, { dtype: 'float64' }) }
    })
    this.buffers = recipe.buffers.map(draw)
    this.generators = Array.from({ length: recipe.generators }, (_, i) => new Generator(`${recipe.seed}/${i}`))
    this.functions = recipe.functions.map(
      (each) =>
        (x: Matrix, more: Given['more']): Matrix[] =>
          new Run(this, each, { x, more }).follow(each.instructions),
    )
  }

  /** All matrices that go on from event to event, by their names. */
  state(): readonly (readonly [name: string, value: Matrix | null])[] {
    return [
      ...this.parameters.flatMap(({ variable, first, second, step }, i) => [
        [`parameter ${i}`, variable.value] as const,
        [`first moment ${i}`, first] as const,
        [`second moment ${i}`, second] as const,
        [`step ${i}`, step] as const,
        [`gradient ${i}`, variable.grad] as const,
      ]),
      ...this.buffers.map((buffer, i) => [`buffer ${i}`, buffer] as const),
      ...Object.entries(this.settings),
    ]
  }

  /** What is never null. */
  matrices(): Matrix[] {
    const gradients = this.parameters.map(({ variable }) => variable.grad)
    return this.state().flatMap(([, value]) => (value && !gradients.includes(value) ? [value] : []))
  }
}

const sameBits = (a: Matrix, b: Matrix): boolean => {
  const [x, y] = [a, b].map(
    ({ elements }) => new Int32Array(elements.buffer, elements.byteOffset, elements.byteLength / 4),
  )
  if (x.length !== y.length || !isAlike(a, b)) return false
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return identical(a, b)
  return true
}

/** What a call gave, and what it was then: it stays that until the function is called again. */
interface Held {
  readonly results: readonly Matrix[]
  readonly copies: readonly Matrix[]
}

/** Matrices to copy from, made at some time. */
interface Snapshot {
  readonly matrices: readonly Matrix[]
  readonly generators: readonly Generator['state'][]
}

type Outcome = { readonly results: readonly Matrix[] } | { readonly error: string }

const outcomeOf = (run: () => Matrix[]): Outcome => {
  try {
    return { results: run() }
  } catch (error) {
    if (!(error instanceof MatgradError)) throw error
    return { error: error.name }
  }
}

/** Lets the event loop have its turn, when collected memory is noticed. */
const pause = (milliseconds = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Milliseconds in which most workers have started. */
const START = 40

class Difference extends Error {}

/** Twins, and everything that can happen to them. */
class World {
  readonly dice: Dice
  readonly recipe: Recipe
  private readonly eager: Side
  private readonly other: Side
  private readonly compiled: Compiled<[Matrix, Given['more']], Matrix[]>[]
  private readonly batches: readonly number[]
  private readonly source: Generator
  /** Arguments that were given before, by function and batch. */
  private readonly given = new Map<string, Given>()
  private readonly held = new Map<number, Held>()
  /** What functions gave that have been dropped since. */
  private orphans: Held[] = []
  private snapshot: Snapshot | undefined
  /** Matrices of the twins whose data were taken, with these. */
  private readonly taken: { readonly matrix: Matrix; readonly data: TypedArray }[][] = []
  /** What happens, for messages. */
  event = 'nothing'
  /** Calls of compiled functions that no program served. */
  traces = 0

  constructor(seed: number, scale: Scale) {
    const dice = new Dice(seed)
    this.dice = dice
    this.recipe = worldRecipe(seed, dice, LIMITS[scale])
    this.eager = new Side(this.recipe)
    this.other = new Side(this.recipe)
    this.compiled = this.other.functions.map((each) => compile(each))
    this.batches = [1, ...dice.many(1, 2, () => dice.of(LIMITS[scale].sizes))]
    this.source = new Generator(`${seed}/arguments`)
  }

  private get sides(): readonly Side[] {
    return [this.eager, this.other]
  }

  private readonly events: readonly (readonly [weight: number, name: string, happen: () => void | Promise<void>])[] = [
    [24, 'call', () => this.call(this.dice.below(this.compiled.length))],
    [2, 'eager call', () => this.call(this.dice.below(this.compiled.length), { eagerly: true })],
    [
      2,
      'call with indices of rows that there are not',
      () => this.call(this.dice.below(this.compiled.length), { badly: true }),
    ],
    [2, 'call between forward and backward', () => this.callInBetween()],
    [1, 'keep a copy', () => this.keepCopy()],
    [2, 'copy in', () => this.copyIn()],
    [1, 'drop a function', () => this.drop()],
    [3, 'other threads', () => this.setThreads()],
    [2, 'other rounding', () => configure({ fma: !engineInfo().fma })],
    [1, 'other dtype', () => setDefaultDtype(getDefaultDtype() === 'float32' ? 'float64' : 'float32')],
    [2, 'set an element', () => this.setElement()],
    [1, 'take data', () => this.takeData()],
    [2, 'write to data that were taken', () => this.writeData()],
    [1, 'other settings', () => this.setSettings()],
    [1, 'no gradient', () => this.setGradient(false)],
    [1, 'other gradient', () => this.setGradient(true)],
    [1, 'eager products', () => this.multiply()],
    [1, 'hold no longer', () => this.forget()],
  ]

  /** Lets something happen. */
  async happen(): Promise<void> {
    let left = this.dice.below(this.events.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, name, happen] of this.events) {
      left -= weight
      if (left >= 0) continue
      this.event = name
      await happen()
      return
    }
  }

  /** @throws Difference where the twins are not the same, or a result is not what it was. */
  compare(): void {
    const [wanted, got] = this.sides.map((side) => side.state())
    for (const [i, [name, value]] of wanted.entries()) this.expectSame(name, got[i][1], value)
    for (const [i, { state }] of this.eager.generators.entries())
      if (String(state) !== String(this.other.generators[i].state)) throw new Difference(`generator ${i}`)
    const helds = [...this.held.entries(), ...this.orphans.map((held) => ['dropped', held] as const)]
    for (const [i, { results, copies }] of helds)
      for (const [j, result] of results.entries())
        this.expectSame(`held result ${j} of function ${i}`, result, copies[j])
    for (const { matrix, data } of this.taken.flat())
      if (matrix.data !== data || matrix.elements !== data) throw new Difference('data are another array')
  }

  private expectSame(name: string, got: Matrix | null, wanted: Matrix | null): void {
    if (got === null || wanted === null ? got === wanted : sameBits(got, wanted)) return
    if (got === null || wanted === null || !isAlike(got, wanted))
      throw new Difference(`${name}: got ${got?.shape ?? null}, wanted ${wanted?.shape ?? null}`)
    const at = got.elements.findIndex((value, i) => !Object.is(value, wanted.elements[i]))
    const [left, right] = [got, wanted].map(({ elements }) => elements[at])
    throw new Difference(`${name}, element ${at} of ${got.shape}: got ${left}, wanted ${right}`)
  }

  /** Arguments: new ones, those of before, or those changed in place. */
  private arguments(i: number, batch: number, isBad: boolean): Given {
    const { dice, source, recipe } = this
    const key = `${i}/${batch}`
    const known = this.given.get(key)
    if (known && !isBad && dice.once(2)) {
      if (dice.once(2)) known.x.assign(source.normal(known.x.rows, known.x.cols, 0, 0.5, { dtype: known.x.dtype }))
      return known
    }
    const [[rows, cols], dtype] = recipe.parameters[recipe.functions[i].parameters[0]]
    const x = source.normal(batch, rows, 0, 0.5, { dtype })
    const y = new Variable(source.normal(batch, cols, 0, 0.5, { dtype }), false)
    const index = source.integers(batch, 1, 0, batch, { dtype: 'float64' })
    if (isBad) index.set(dice.below(batch), 0, batch)
    else this.given.set(key, { x, more: { y, index } })
    return { x, more: { y, index } }
  }

  private call(i: number, { eagerly = false, badly = false, batch = this.dice.of(this.batches) } = {}): void {
    this.event += `, function ${i}, batch ${batch}`
    const { x, more } = this.arguments(i, batch, badly)
    if (!eagerly) this.held.delete(i)
    const wanted = outcomeOf(() => this.eager.functions[i](x, more))
    const before = replays()
    const got = outcomeOf(() => (eagerly ? this.other.functions : this.compiled)[i](x, more))
    if (!eagerly && replays() === before) this.traces++
    if ('error' in wanted || 'error' in got) {
      if (JSON.stringify(wanted) !== JSON.stringify(got))
        throw new Difference(
          `got ${'error' in got ? got.error : 'results'}, wanted ${'error' in wanted ? wanted.error : 'results'}`,
        )
      return
    }
    for (const [j, result] of wanted.results.entries()) this.expectSame(`result ${j}`, got.results[j], result)
    if (!eagerly) this.held.set(i, { results: got.results, copies: wanted.results })
  }

  /** The data of state, of a gradient or of a result that is held, which stay where they are. */
  private takeData(): void {
    const { dice } = this
    const results = [...this.held.values()].flatMap((held) => held.results)
    if (results.length > 0 && dice.once(3)) this.takeOf([dice.of(results)])
    const [own, other] = this.sides.map((side) => side.state())
    const i = dice.below(own.length)
    const [matrix, twin] = [own[i][1], other[i][1]]
    if (matrix && twin) this.takeOf([matrix, twin])
  }

  private takeOf(matrices: readonly Matrix[]): void {
    this.taken.push(matrices.map((matrix) => ({ matrix, data: matrix.data })))
  }

  /** What are the same to both twins: a compiled function computes the same gradient anew where an eager one makes another. */
  private writeData(): void {
    const states = this.sides.map((side) => side.state().map(([, value]) => value))
    const pairs = this.taken.filter((each) => {
      const [at, twin] = each.map(({ matrix }, side) => states[side].indexOf(matrix))
      return each.length > 1 && at === twin && each[0].data.length > 0
    })
    if (pairs.length === 0) return
    const pair = this.dice.of(pairs)
    const at = this.dice.below(pair[0].data.length)
    for (const { data } of pair) data[at] = 0.75
  }

  /** An eager tape over state, which a call may change: the gradient is right or refused. */
  private callInBetween(): void {
    const i = this.dice.below(this.eager.matrices().length)
    const tapes = this.sides.map((side) => {
      const own = variable(side.matrices()[i])
      return { own, loss: own.square().sum() }
    })
    this.call(this.dice.below(this.compiled.length))
    const [wanted, got] = tapes.map(({ own, loss }) =>
      outcomeOf(() => {
        loss.backward()
        return own.grad ? [own.grad] : []
      }),
    )
    if ('error' in wanted || 'error' in got) {
      if ('error' in wanted !== 'error' in got)
        throw new Difference(`a gradient of matrix ${i} is refused on one side alone`)
    } else this.expectSame(`the gradient of matrix ${i}`, got.results[0], wanted.results[0])
  }

  private keepCopy(): void {
    const { eager } = this
    this.snapshot = {
      matrices: eager.matrices().map((each) => each.clone()),
      generators: eager.generators.map(({ state }) => state),
    }
  }

  /** As `loadStateDict` does: all of it, or the state of the generators as well. */
  private copyIn(): void {
    const { snapshot } = this
    if (!snapshot) return
    const alone = this.dice.once(2)
    for (const side of this.sides) {
      for (const [i, each] of side.matrices().entries()) each.assign(snapshot.matrices[i])
      if (!alone) for (const [i, generator] of side.generators.entries()) generator.state = snapshot.generators[i]
    }
  }

  private drop(): void {
    const i = this.dice.below(this.compiled.length)
    const held = this.held.get(i)
    if (held) this.orphans.push(held)
    this.held.delete(i)
    this.compiled[i] = compile(this.other.functions[i])
  }

  /** Sometimes in the middle of calls for which several threads pay. */
  private async setThreads(): Promise<void> {
    const { dice, recipe, batches } = this
    const threads = dice.of([1, 2, 2, 3, 3])
    const i = recipe.functions.findIndex(({ instructions }) => instructions.some(({ name }) => name === 'heavy'))
    if (i < 0 || recipe.limits.elements < HEAVY ** 2 || dice.once(2)) {
      configure({ threads })
      return
    }
    const batch = dice.of(batches)
    this.call(i, { batch })
    configure({ threads })
    this.call(i, { batch })
    // Workers start with the call, in their own time.
    await pause(START)
    for (let n = 0; n < 2; n++) this.call(i, { batch })
  }

  private setElement(): void {
    const matrices = this.sides.map((side) => [...side.parameters.map((each) => each.variable.value), ...side.buffers])
    const i = this.dice.below(matrices[0].length)
    const [row, col] = [this.dice.below(matrices[0][i].rows), this.dice.below(matrices[0][i].cols)]
    const value = this.dice.below(200) / 100 - 1
    for (const each of matrices) each[i].set(row, col, value)
  }

  private setSettings(): void {
    const rate = 0.001 * (1 + this.dice.below(100))
    for (const { settings } of this.sides) settings.lr.set(0, 0, rate)
  }

  private setGradient(isNew: boolean): void {
    const i = this.dice.below(this.eager.parameters.length)
    const { rows, cols, dtype } = this.eager.parameters[i].variable
    const gradient = isNew ? this.source.normal(rows, cols, 0, 0.1, { dtype }) : null
    for (const { parameters } of this.sides) parameters[i].variable.grad = gradient?.clone() ?? null
  }

  /** Kernels use the memory of the engine beside that of programs. */
  private multiply(): void {
    const [wanted, got] = this.sides.map((side) =>
      side.parameters.map(({ variable: { value } }) => value.matmul(value.T)),
    )
    for (const [i, product] of wanted.entries()) this.expectSame(`product ${i}`, got[i], product)
  }

  private forget(): void {
    this.held.clear()
    this.orphans = []
    this.given.clear()
  }
}

export interface Report {
  readonly difference: string | null
  readonly events: number
  /** Calls that were traced: each made a program, or threw. */
  readonly traces: number
  readonly replays: number
}

/** What happens in the world of a seed, until the twins differ; the engine is then as it was at first. */
export async function runWorld(seed: number, scale: Scale): Promise<Report> {
  const before = replays()
  let events = 0
  const dtype = getDefaultDtype()
  let event = 'its beginning'
  let world: World | undefined
  const report = (difference: string | null): Report => {
    return { difference, events, traces: world?.traces ?? 0, replays: replays() - before }
  }
  try {
    configure({ threads: 1, fma: false })
    world = new World(seed, scale)
    for (; events < LIMITS[scale].events; events++) {
      if (world.dice.once(20)) await pause()
      try {
        await world.happen()
        world.compare()
      } finally {
        event = world.event
      }
    }
    return report(null)
  } catch (error) {
    const what = error instanceof Difference ? error.message : (error as Error).stack
    return report(`${scale} world ${seed}, event ${events} (${event}): ${what}`)
  } finally {
    configure({ threads: 'auto', fma: false })
    setDefaultDtype(dtype)
  }
}
