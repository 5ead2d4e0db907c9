// A training that is made anew from the same seeds, compiled or not, and all that anybody saw of it.

import { Variable } from '@matgrad/autograd'
import { configure, Generator, getDefaultGenerator, Matrix, manualSeed, setDefaultDtype } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { noise } from './support.ts'

/** The sizes of a model and its data. The last batch of each epoch is smaller. */
export interface Sizes {
  readonly features: number
  readonly width: number
  readonly classes: number
  readonly rows: number
  readonly batchSize: number
}

/** A sum of all bits but for those of NaN. */
function digest({ data }: Matrix): string {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4)
  const perElement = words.length / data.length
  let [a, b] = [words.length | 0, 0x9e3779b9 | 0]
  for (let i = 0, at = 0; i < data.length; i++) {
    const isNothing = Number.isNaN(data[i])
    for (let j = 0; j < perElement; j++, at++) {
      const word = isNothing ? -1 : words[at]
      a = Math.imul(a ^ word, 0x01000193)
      b = Math.imul(b ^ (word >>> 15) ^ word, 0x85ebca6b) ^ (b >>> 13)
    }
  }
  return `${Array.from(data.subarray(0, 3))}… ${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}`
}

/** What a value is now, in words. */
export function inWords(value: unknown): unknown {
  if (value instanceof Matrix) return `${value.rows}x${value.cols} ${value.dtype}: ${digest(value)}`
  if (value instanceof Variable) return [value.requiresGrad, inWords(value.value)]
  if (value instanceof nn.Module)
    return [
      [...value.modules()].map(({ training }) => training),
      inWords(value.stateDict()),
      value.namedParameters().map(([name, each]) => [name, each.requiresGrad, inWords(each.grad)]),
    ]
  if (value instanceof nn.Optimizer) return inWords(value.stateDict())
  if (value instanceof Generator) return [...value.state]
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Map || value instanceof Set || Array.isArray(value) || ArrayBuffer.isView(value))
    return Array.from(value as Iterable<unknown>, inWords)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inWords(each)]))
  return typeof value === 'function' ? 'a function' : value
}

type Compute = (net: Net, x: nn.Input) => Variable

/** A model of a user's: what it computes is a function, which may read whatever it has. */
export class Net extends nn.Module {
  hidden: nn.Linear
  head: nn.Linear
  private readonly compute: Compute

  constructor({ features, width, classes }: Sizes, compute: Compute = usual) {
    super()
    this.hidden = new nn.Linear(features, width)
    this.head = new nn.Linear(width, classes)
    this.compute = compute
  }

  override forward(x: nn.Input): Variable {
    return this.compute(this, x)
  }
}

/** What a Net computes if nothing else is said. */
export const usual = ({ hidden, head }: Net, x: nn.Input): Variable => head.forward(hidden.forward(x).relu())

type Fit = Partial<nn.FitOptions>

/** What a scenario has to do with. */
export class World {
  readonly sizes: Sizes
  readonly compile: boolean
  readonly data: nn.Dataset
  /** What was seen, in words. */
  readonly seen: unknown[] = []
  private readonly kept: unknown[] = []

  constructor(sizes: Sizes, compile: boolean) {
    this.sizes = sizes
    this.compile = compile
    const generator = new Generator('data')
    const x = generator.normal(sizes.rows, sizes.features)
    this.data = {
      x,
      y: x
        .argmax(1)
        .mul(sizes.classes / sizes.features)
        .floor(),
    }
  }

  see(...values: readonly unknown[]): void {
    this.seen.push(values.map(inWords))
  }

  /** Lets values be seen at the end, as they are then. */
  keep(...values: readonly unknown[]): void {
    this.kept.push(...values)
  }

  end(): unknown[] {
    this.see(...this.kept, getDefaultGenerator())
    return this.seen
  }

  /** A model of this package's layers. */
  model(...between: readonly nn.Module[]): nn.Sequential {
    const { features, width, classes } = this.sizes
    return new nn.Sequential(
      new nn.Linear(features, width),
      ...(between as [nn.Module]),
      new nn.Tanh(),
      new nn.Linear(width, classes),
    ) as unknown as nn.Sequential
  }

  net(compute?: Compute): Net {
    return new Net(this.sizes, compute)
  }

  /** The same with properties that it may read. */
  netWith<Properties extends object>(
    properties: Properties,
    compute: (net: Net & Properties, x: nn.Input) => Variable,
  ): Net & Properties {
    return Object.assign(this.net(compute as Compute), properties)
  }

  /** Trains for three epochs, by Adam, if nothing else is said; what comes of it is seen, and errors are. */
  async fit(model: nn.Module, options: Fit = {}, data: nn.Dataset | nn.DataLoader = this.data): Promise<void> {
    const { optimizer = new nn.Adam(model.parameters(), { lr: 0.01 }), loss = nn.crossEntropy, ...rest } = options
    this.keep(model, optimizer)
    // Loaders have their own.
    const batches = data instanceof nn.DataLoader ? {} : { batchSize: this.sizes.batchSize }
    const settings = { epochs: 3, ...batches, compile: this.compile, ...rest }
    await this.attempt(() => nn.fit(model, data, { loss, optimizer, ...settings }))
    this.see(model, optimizer)
  }

  predict(model: nn.Module, x: Matrix = this.data.x): Matrix {
    const result = nn.predict(model, x, { compile: this.compile, batchSize: this.sizes.batchSize })
    this.see(result)
    return result
  }

  evaluate(model: nn.Module, options: nn.EvaluateOptions = { loss: nn.crossEntropy }): nn.Logs {
    const result = nn.evaluate(model, this.data, { compile: this.compile, ...options })
    this.see(result)
    return result
  }

  /** What a function gives, or throws, is seen. */
  async attempt(run: () => unknown): Promise<void> {
    try {
      this.see(await run())
    } catch (error) {
      this.see(error, (error as { suppressed?: unknown }).suppressed)
    }
  }
}

/** A callback that does something after every step; they count from 0 through all epochs. */
export function after(act: (step: number, training: nn.Training) => unknown): nn.Callback {
  let step = 0
  return {
    onBatchEnd(_batch, _logs, training) {
      act(step++, training)
    },
  }
}

export type Scenario = (world: World) => unknown

/** All that is seen of a scenario. What it changes for everybody is as before afterwards. */
export async function outcome(scenario: Scenario, sizes: Sizes, compile: boolean): Promise<unknown[]> {
  const [{ random }, { now }] = [Math, Date]
  const clock = performance.now
  let time = 1e12
  try {
    Math.random = noise(3)
    Date.now = () => (time += 7)
    // Training rests by the clock, and lets others go on.
    performance.now = () => 0
    manualSeed('world')
    configure({ threads: 1 })
    const world = new World(sizes, compile)
    await scenario(world)
    return world.end()
  } finally {
    Math.random = random
    Date.now = now
    performance.now = clock
    setDefaultDtype('float32')
    configure({ threads: 'auto' })
  }
}
