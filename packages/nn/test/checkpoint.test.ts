// A training that is interrupted at any batch and goes on from a checkpoint has the bits of one that is not.

import {
  DTypeError,
  FormatError,
  Generator,
  getDefaultGenerator,
  io,
  MatgradError,
  type Matrix,
  manualSeed,
  matrix,
  zeros,
} from '@matgrad/core'
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  accuracy,
  BatchNorm1d,
  type Callback,
  type Checkpointed,
  CosineAnnealingLR,
  crossEntropy,
  DataLoader,
  type Dataset,
  Dropout,
  decodeCheckpoint,
  encodeCheckpoint,
  type FitOptions,
  fit,
  Linear,
  LinearWarmup,
  Lion,
  type Module,
  type Optimizer,
  ReduceLROnPlateau,
  ReLU,
  RMSprop,
  type Scheduler,
  type SchedulerState,
  Sequential,
  SGD,
  StepLR,
  type Training,
  type TrainingData,
} from '@matgrad/nn'
import { describe, expect, test } from 'vitest'
import { errorFrom, errorOf, noise, sample } from './support.ts'
import { inWords } from './world.ts'

// biome-ignore lint/suspicious/noExplicitAny: calls that the types forbid
type Untyped = any

const SIZES = [
  { rows: 10, features: 2, width: 4, batchSize: 4 },
  { rows: 150, features: 300, width: 128, batchSize: 64 },
] as const

type Sizes = (typeof SIZES)[number]

const EPOCHS = 2

const dataOf = ({ rows, features }: Sizes): Dataset => ({
  x: sample(rows, features, noise(4), { dtype: 'float32' }),
  y: matrix(Array.from({ length: rows }, (_, i) => [(i * 7) % 3])),
})

/** One that draws from the default generator and from its own, and has buffers. */
function modelOf({ features, width }: Sizes, seed: number): Module {
  const generator = new Generator(seed)
  return new Sequential(
    new Linear(features, width, { generator }),
    new BatchNorm1d(width),
    new ReLU(),
    new Dropout(0.2),
    new Dropout(0.1, { generator: new Generator(seed + 1) }),
    new Linear(width, 3, { generator }),
  )
}

type Make = (params: ReturnType<Module['parameters']>) => Optimizer

const optimizers: Readonly<Record<string, Make>> = {
  SGD: (params) => new SGD(params, { lr: 0.1 }),
  'SGD with momentum': (params) => new SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.01 }),
  Adam: (params) => new Adam(params, { lr: 0.01 }),
  AdamW: (params) => new AdamW(params, { lr: 0.01, amsgrad: true }),
  RMSprop: (params) => new RMSprop(params, { lr: 0.01, momentum: 0.5, centered: true }),
  Adagrad: (params) => new Adagrad(params, { lr: 0.1, lrDecay: 0.1 }),
  Adamax: (params) => new Adamax(params),
  Adadelta: (params) => new Adadelta(params),
  Lion: (params) => new Lion(params, { lr: 0.01 }),
}

const schedules: Readonly<Record<string, (optimizer: Optimizer) => readonly Scheduler[]>> = {
  none: () => [],
  StepLR: (optimizer) => [new StepLR(optimizer, { stepSize: 1, gamma: 0.5 })],
  'warm-up by batch, and a plateau': (optimizer) => [
    new LinearWarmup(optimizer, { steps: 5, by: 'batch' }),
    new ReduceLROnPlateau(optimizer, { patience: 0 }),
  ],
  'cosine and steps': (optimizer) => [
    new CosineAnnealingLR(optimizer, { tMax: EPOCHS }),
    new StepLR(optimizer, { stepSize: 3, gamma: 0.9 }),
  ],
}

interface Parts {
  readonly model: Module
  readonly optimizer: Optimizer
  readonly scheduler: readonly Scheduler[]
  readonly generator: Generator
}

function partsOf(sizes: Sizes, seed: number, make: Make, schedule: (typeof schedules)[string]): Parts {
  const model = modelOf(sizes, seed)
  const optimizer = make(model.parameters())
  return { model, optimizer, scheduler: schedule(optimizer), generator: new Generator(7) }
}

const settingsOf = (parts: Parts): FitOptions => ({
  ...{ loss: crossEntropy, epochs: EPOCHS, clipNorm: 1, optimizer: parts.optimizer },
  ...(parts.scheduler.length > 0 && { scheduler: parts.scheduler }),
})

/** Everything that a training leaves, in words. */
const stateOf = ({ model, optimizer, scheduler, generator }: Parts): unknown =>
  inWords({
    model: model.stateDict(),
    optimizer,
    schedulers: scheduler.map((each) => each.stateDict()),
    generators: [getDefaultGenerator(), generator],
  })

/** Trains with a checkpoint after each batch and each epoch; then goes on from each, as another process would. */
async function compare(
  sizes: Sizes,
  make: Make,
  schedule: (typeof schedules)[string],
  dataFor: (generator: Generator) => TrainingData,
  options: Partial<FitOptions> = {},
): Promise<number> {
  manualSeed(1)
  const whole = partsOf(sizes, 1, make, schedule)
  const checkpoints: Uint8Array[] = []
  const saver: Callback = {
    onBatchEnd: (_batch, _logs, training) => void checkpoints.push(encodeCheckpoint(training)),
    onEpochEnd: (_epoch, _logs, training) => void checkpoints.push(encodeCheckpoint(training)),
  }
  const data = dataFor(whole.generator)
  const history = await fit(whole.model, data, { ...settingsOf(whole), callbacks: [saver], ...options })
  const wanted = [history, stateOf(whole)]
  for (const [i, bytes] of checkpoints.entries()) {
    manualSeed(77)
    const parts = partsOf(sizes, 50, make, schedule)
    const resume = decodeCheckpoint(bytes, dataFor.length > 0 ? parts : { ...parts, generator: [] })
    // What is drawn between the two does not count.
    getDefaultGenerator().next()
    const rest = await fit(parts.model, dataFor(parts.generator), { ...settingsOf(parts), resume, ...options })
    expect([rest, stateOf(parts)], `checkpoint ${i}`).toEqual(wanted)
  }
  return checkpoints.length
}

describe.each(SIZES)('$rows samples of $features, interrupted after any batch and epoch', (sizes) => {
  const data = dataOf(sizes)
  const { batchSize } = sizes
  const count = EPOCHS * (Math.ceil(sizes.rows / batchSize) + 1)
  const shuffled = (generator: Generator) => new DataLoader(data, { batchSize, shuffle: true, generator })

  // Each optimiser and each schedule with the small one. What they keep does not depend on sizes, nor one on the other.
  const all = sizes === SIZES[0]
  const pairs = [
    ...Object.keys(all ? optimizers : {}).map((name) => [name, 'warm-up by batch, and a plateau']),
    ...Object.keys(all ? schedules : { none: 0 }).map((name) => ['AdamW', name]),
  ]
  test.each(pairs)('%s, schedule %s', async (name, schedule) => {
    expect(await compare(sizes, optimizers[name], schedules[schedule], shuffled)).toBe(count)
  })

  const { Adam: adam } = optimizers
  const { StepLR: step } = schedules

  test('the order drawn from the default generator', async () => {
    await compare(sizes, adam, step, () => new DataLoader(data, { batchSize, shuffle: true }))
  })

  test('without a program', async () => {
    await compare(sizes, adam, step, shuffled, { compile: false })
  })

  test('weights of samples and validation', async () => {
    const sampleWeight = Array.from({ length: sizes.rows }, (_, i) => (i % 5) / 2)
    await compare(sizes, adam, step, shuffled, { sampleWeight, validation: data })
  })

  test('batches one after another, at once and later', async () => {
    const batches = [...new DataLoader(data, { batchSize })]
    await compare(sizes, adam, step, () => batches)
    const later = {
      async *[Symbol.asyncIterator]() {
        yield* batches
      },
    }
    await compare(sizes, adam, step, () => later)
  })

  test('an own loader', async () => {
    class Own extends DataLoader {
      override *[Symbol.iterator]() {
        for (const batch of new DataLoader(this.dataset, {
          batchSize,
          shuffle: true,
          generator: this.generator as Generator,
        }))
          yield batch
      }
    }
    await compare(sizes, adam, step, (generator) => new Own(data, { batchSize, shuffle: true, generator }))
  })
})

test('metrics of an epoch that was interrupted are NaN, of the others the same', async () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const checkpoints: Uint8Array[] = []
  const whole = partsOf(sizes, 1, optimizers.Adam, schedules.none)
  const saver: Callback = { onBatchEnd: (_batch, _logs, training) => void checkpoints.push(encodeCheckpoint(training)) }
  const options = { epochs: 3, metrics: { accuracy }, batchSize: 4, shuffle: false }
  manualSeed(2)
  const wanted = await fit(whole.model, data, { ...settingsOf(whole), ...options, callbacks: [saver] })
  const parts = partsOf(sizes, 1, optimizers.Adam, schedules.none)
  const resume = decodeCheckpoint(checkpoints[4], { ...parts, generator: [] })
  expect(resume).toMatchObject({ epoch: 1, batch: 2 })
  const history = await fit(parts.model, data, { ...settingsOf(parts), ...options, resume })
  expect(history.loss).toEqual(wanted.loss)
  for (const epoch of [0, 2]) expect(history.accuracy[epoch]).toBe(wanted.accuracy[epoch])
  expect(history.accuracy[1]).toBeNaN()
  expect(history.accuracy).toHaveLength(3)
})

test('a stream that draws random numbers for each batch, from the default generator or its own', async () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const noisy = (generator?: Generator) => ({
    *[Symbol.iterator]() {
      for (const { x, y } of new DataLoader(data, { batchSize: 4, shuffle: true }))
        yield { x: x.add((generator ?? getDefaultGenerator()).normal(x.rows, x.cols, 0, 0.1)), y }
    },
  })
  const later = (generator?: Generator) => ({
    async *[Symbol.asyncIterator]() {
      yield* noisy(generator)
    },
  })
  for (const make of [noisy, later]) {
    await compare(sizes, optimizers.Adam, schedules.StepLR, () => make())
    const checkpoints: Uint8Array[] = []
    const saver: Callback = {
      onBatchEnd: (_batch, _logs, training) => void checkpoints.push(encodeCheckpoint(training)),
    }
    manualSeed(4)
    const whole = partsOf(sizes, 1, optimizers.Adam, schedules.none)
    const { generator } = whole
    await fit(whole.model, make(generator), { ...settingsOf(whole), generator, callbacks: [saver] })
    const parts = partsOf(sizes, 9, optimizers.Adam, schedules.none)
    const resume = decodeCheckpoint(checkpoints[4], parts)
    await fit(parts.model, make(parts.generator), { ...settingsOf(parts), generator: parts.generator, resume })
    expect(stateOf(parts)).toEqual(stateOf(whole))
  }
})

test('an abort between epochs, saved at the end, goes on with the order of the next', async () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  for (const hook of ['onEpochEnd', 'onEpochBegin'] as const) {
    manualSeed(5)
    const whole = partsOf(sizes, 1, optimizers.Adam, schedules.none)
    await fit(whole.model, data, settingsOf(whole))
    const wanted = stateOf(whole)
    manualSeed(5)
    const first = partsOf(sizes, 1, optimizers.Adam, schedules.none)
    const controller = new AbortController()
    let saved = new Uint8Array()
    const callback: Callback = {
      [hook](epoch: number) {
        if (epoch === 1) controller.abort()
      },
      onTrainEnd(training) {
        saved = new Uint8Array(encodeCheckpoint(training))
      },
    }
    await fit(first.model, data, { ...settingsOf(first), callbacks: [callback], signal: controller.signal }).catch(
      () => {},
    )
    const parts = partsOf(sizes, 8, optimizers.Adam, schedules.none)
    const resume = decodeCheckpoint(saved, { ...parts, generator: [] })
    await fit(parts.model, data, { ...settingsOf(parts), resume })
    expect(stateOf({ ...parts, generator: whole.generator })).toEqual(wanted)
  }
})

test.each([
  [
    'samples',
    (data: Dataset, generator: Generator) => new DataLoader(data, { batchSize: 4, shuffle: true, generator }),
  ],
  ['batches one after another', (data: Dataset) => [...new DataLoader(data, { batchSize: 4 })]],
])(
  'an epoch of %s that `stop` cuts goes on where it was cut, from a checkpoint at its end',
  async (_title, dataFor) => {
    const [sizes] = SIZES
    const data = dataOf(sizes)
    const schedule = schedules['warm-up by batch, and a plateau']
    manualSeed(6)
    const whole = partsOf(sizes, 1, optimizers.Adam, schedule)
    const wanted = await fit(whole.model, dataFor(data, whole.generator), { ...settingsOf(whole), validation: data })
    for (const hook of ['onEpochEnd', 'onTrainEnd'] as const) {
      manualSeed(6)
      const first = partsOf(sizes, 1, optimizers.Adam, schedule)
      let saved = new Uint8Array()
      const callback: Callback = {
        onBatchEnd(batch, _logs, training) {
          if (training.epoch === 1 && batch === 1) training.stop()
        },
        [hook](...given: unknown[]) {
          const training = given.at(-1) as Training
          saved = new Uint8Array(encodeCheckpoint(training))
          if (training.isCut) expect([training.epoch, training.batch]).toEqual([1, 2])
        },
      }
      const options = { ...settingsOf(first), callbacks: [callback], validation: data }
      expect((await fit(first.model, dataFor(data, first.generator), options)).loss).toHaveLength(2)
      manualSeed(8)
      const parts = partsOf(sizes, 8, optimizers.Adam, schedule)
      const going = dataFor(data, parts.generator)
      const resume = decodeCheckpoint(saved, going instanceof DataLoader ? parts : { ...parts, generator: [] })
      expect(resume).toMatchObject({ epoch: 1, batch: 2, history: { loss: wanted.loss.slice(0, 1) } })
      const goesOn = { ...settingsOf(parts), resume, validation: data }
      expect(await fit(parts.model, going, goesOn)).toEqual(wanted)
      expect(stateOf(parts)).toEqual(stateOf(whole))
    }
  },
)

describe('the rest of an epoch has the batches that it had', () => {
  const [sizes] = SIZES
  const data = dataOf(sizes)
  const fewer = { x: data.x.slice(0, 8), y: data.y.slice(0, 8) }
  const later = (batches: Iterable<Dataset>): AsyncIterable<Dataset> => ({
    async *[Symbol.asyncIterator]() {
      yield* batches
    },
  })
  const batches = [...new DataLoader(data, { batchSize: 4 })]

  /** The checkpoints after each batch and epoch of a training on these. */
  async function savedOf(trained: TrainingData, options: Partial<FitOptions>): Promise<Uint8Array[]> {
    const saved: Uint8Array[] = []
    const save = (training: Training) => void saved.push(encodeCheckpoint(training))
    const saver: Callback = {
      onBatchEnd: (_batch, _logs, training) => save(training),
      onEpochEnd: (_epoch, _logs, training) => save(training),
    }
    const own = partsOf(sizes, 1, optimizers.Adam, schedules.none)
    await fit(own.model, trained, { ...settingsOf(own), callbacks: [saver], ...options })
    return saved
  }

  const kinds: readonly [string, TrainingData, Partial<FitOptions>, string][] = [
    ['another batchSize', data, { batchSize: 5 }, '10 samples in shuffled batches of 5'],
    ['other rows', fewer, { batchSize: 4 }, '8 samples in shuffled batches of 4'],
    ['another order', data, { batchSize: 4, shuffle: false }, '10 samples in batches of 4'],
    ['a part for validation', data, { batchSize: 4, validationSplit: 0.2 }, '8 samples in shuffled batches of 4'],
    [
      'no last batch',
      new DataLoader(data, { batchSize: 4, shuffle: true, dropLast: true }),
      {},
      '10 samples in shuffled batches of 4, all of them full',
    ],
    ['batches', batches, {}, 'batches one after another'],
  ]
  test.each(kinds)('%s is an error in its middle, and none at its end', async (_title, others, options, words) => {
    const saved = await savedOf(data, { batchSize: 4 })
    for (const [i, bytes] of saved.entries()) {
      const own = partsOf(sizes, 2, optimizers.Adam, schedules.none)
      const resume = decodeCheckpoint(bytes, { ...own, generator: [] })
      const before = stateOf(own)
      const { validationSplit } = options
      const history = Object.fromEntries(
        ['loss', ...(validationSplit ? ['valLoss'] : [])].map((name) => [name, resume.history.loss]),
      ) as typeof resume.history
      const going = fit(own.model, others, { ...settingsOf(own), ...options, resume: { ...resume, history } })
      if (resume.batch === 0) {
        expect((await going).loss).toHaveLength(EPOCHS)
        continue
      }
      const error = await errorFrom(going)
      expect(error).toBeInstanceOf(MatgradError)
      expect(error.message, `checkpoint ${i}`).toBe(
        `fit: resume is after batch ${resume.batch - 1} of an epoch of 10 samples in shuffled batches of 4, got ${words}, wanted the same until an epoch is over`,
      )
      expect(stateOf(own)).toEqual(before)
    }
  })

  test('batches that end before it are an error', async () => {
    const saved = await savedOf(batches, {})
    for (const others of [batches.slice(0, 1), later(batches.slice(0, 1))]) {
      const own = partsOf(sizes, 2, optimizers.Adam, schedules.none)
      const resume = decodeCheckpoint(saved[1], { ...own, generator: [] })
      expect(resume.batch).toBe(2)
      const error = await errorFrom(fit(own.model, others, { ...settingsOf(own), resume }))
      expect(error.message).toBe('fit: resume is after 2 batches of an epoch, the data gave 1')
    }
    const own = partsOf(sizes, 2, optimizers.Adam, schedules.none)
    const resume = decodeCheckpoint(encodeCheckpoint({ ...own, batch: 4 }), own)
    const error = await errorFrom(fit(own.model, data, { ...settingsOf(own), batchSize: 4, resume }))
    expect(error.message).toBe('fit: resume is after 4 batches of an epoch, the data have 3')
  })
})

test('what is resumed must be what the checkpoint was loaded into', async () => {
  const [sizes] = SIZES
  const own = partsOf(sizes, 1, optimizers.Adam, schedules.StepLR)
  const other = partsOf(sizes, 1, optimizers.Adam, schedules.StepLR)
  const bytes = encodeCheckpoint(own)
  const of = (resume: ReturnType<typeof decodeCheckpoint>, parts: Parts) =>
    expect(fit(parts.model, dataOf(sizes), { ...settingsOf(parts), resume })).rejects.toThrow('resume was loaded into')
  await of(decodeCheckpoint(bytes, other), own)
  const { optimizer: _, ...without } = own
  await of(decodeCheckpoint(bytes, without), own)
  await of(decodeCheckpoint(bytes, { ...own, scheduler: [] }), own)
  const names = ['optimiser', 'schedulers', 'epochs', 'generators']
  for (const name of names)
    expect(errorOf(() => encodeCheckpoint({ model: own.model, [name]: 1 } as Untyped)).message).toContain(
      `got ${name}, wanted`,
    )
  for (const epoch of [-1, 1.5, '3', Number.NaN] as Untyped[])
    expect(errorOf(() => encodeCheckpoint({ model: own.model, epoch }))).toBeInstanceOf(MatgradError)
})

describe('a loop of one’s own', () => {
  test('goes on with what it saved', () => {
    const [sizes] = SIZES
    const data = dataOf(sizes)
    const run = ({ model, optimizer, scheduler, generator }: Parts, first: number, last: number) => {
      for (let epoch = first; epoch < last; epoch++) {
        for (const { x, y } of new DataLoader(data, { batchSize: 4, shuffle: true, generator })) {
          optimizer.zeroGrad()
          crossEntropy(model.forward(x), y).backward()
          optimizer.step()
        }
        for (const each of scheduler) each.step()
      }
    }
    manualSeed(3)
    const whole = partsOf(sizes, 1, optimizers.AdamW, schedules['cosine and steps'])
    run(whole, 0, 2)
    const bytes = encodeCheckpoint({ ...whole, epoch: 2 })
    run(whole, 2, 4)
    const wanted = stateOf(whole)
    manualSeed(9)
    const parts = partsOf(sizes, 20, optimizers.AdamW, schedules['cosine and steps'])
    const { epoch } = decodeCheckpoint(bytes, parts)
    run(parts, epoch, 4)
    expect(stateOf(parts)).toEqual(wanted)
  })

  test('numbers that JSON does not have come back', () => {
    const model = new Linear(2, 1)
    const loss = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.1, 5e-324]
    const { history } = decodeCheckpoint(encodeCheckpoint({ model, history: { loss } }), { model })
    expect(history.loss).toEqual(loss)
  })

  test('a checkpoint is a safetensors file', () => {
    const model = new Linear(2, 1)
    const optimizer = new Adam(model.parameters())
    model.forward(zeros(1, 2)).backward()
    optimizer.step()
    const { tensors, metadata } = io.decodeSafetensors(encodeCheckpoint({ model, optimizer }))
    expect(Object.keys(tensors).sort()).toEqual(
      [
        'model.bias',
        'model.weight',
        ...['first', 'second', 'step'].flatMap((name) => [0, 1].map((i) => `optimizer.${name}.${i}`)),
      ].sort(),
    )
    expect(metadata).toMatchObject({ format: 'matgrad checkpoint' })
  })
})

/** A checkpoint with this in it that was never another. */
const withState = (tensors: Record<string, Matrix>, { sum, ...metadata }: Record<string, string>): Uint8Array =>
  io.encodeSafetensors(tensors, metadata)

describe('what does not fit is refused, and nothing is changed', () => {
  const parts = (): Parts => partsOf(SIZES[0], 1, optimizers.Adam, schedules.StepLR)
  const bytes = (() => {
    const own = parts()
    own.model.forward(zeros(4, 2)).sum().backward()
    own.optimizer.step()
    return encodeCheckpoint(own)
  })()
  const other = (change: (state: Untyped) => unknown): Uint8Array => {
    const { tensors, metadata } = io.decodeSafetensors(bytes)
    const state = JSON.parse(metadata?.state ?? '')
    return withState(tensors, { ...metadata, state: JSON.stringify(change(state) ?? state) })
  }
  test('a checkpoint of which anything was changed since: every other byte, an epoch, a tensor more', () => {
    const own = parts()
    const before = stateOf(own)
    const { tensors, metadata } = io.decodeSafetensors(bytes)
    const state = JSON.parse(metadata.state)
    const changed = [
      io.encodeSafetensors(tensors, { ...metadata, state: JSON.stringify({ ...state, epoch: 1 }) }),
      io.encodeSafetensors({ ...tensors, 'model.more': zeros(1, 1) }, metadata),
      io.encodeSafetensors(
        { ...tensors, 'model.more': zeros(1, 1) },
        { format: metadata.format, state: metadata.state },
      ),
      ...Array.from({ length: bytes.length / 2 }, (_, i) => {
        const copy = bytes.slice()
        copy[2 * i + (i & 1)] ^= 1 << (i & 7)
        return copy
      }),
    ]
    for (const each of changed) expect(errorOf(() => decodeCheckpoint(each, own))).toBeInstanceOf(FormatError)
    expect(stateOf(own)).toEqual(before)
    expect(() => decodeCheckpoint(io.encodeSafetensors(tensors, metadata), own)).not.toThrow()
    expect(() => decodeCheckpoint(withState(tensors, metadata), own)).not.toThrow()
  })

  describe('a checkpoint from which something was left out', async () => {
    const make = schedules['warm-up by batch, and a plateau']
    const saved: Uint8Array[] = []
    const own = partsOf(SIZES[0], 1, optimizers.AdamW, make)
    const saver: Callback = { onBatchEnd: (_batch, _logs, training) => void saved.push(encodeCheckpoint(training)) }
    await fit(own.model, dataOf(SIZES[0]), { ...settingsOf(own), generator: own.generator, callbacks: [saver] })
    const { tensors, metadata } = io.decodeSafetensors(saved[1])
    const state = JSON.parse(metadata?.state ?? '')

    /** The paths of everything in a value, but for what a user names, and numbers in lists. */
    function* pathsIn(value: unknown, path: readonly string[] = []): Iterable<readonly string[]> {
      if (typeof value !== 'object' || value === null) return
      for (const [name, each] of Object.entries(value)) {
        if (typeof each !== 'object' && Array.isArray(value) && path[0] !== 'schedulers') continue
        if (path[0] === 'history') continue
        yield [...path, name]
        yield* pathsIn(each, [...path, name])
      }
    }

    function refused(bytes: Uint8Array): Error {
      const parts = partsOf(SIZES[0], 9, optimizers.AdamW, make)
      const before = stateOf(parts)
      const error = errorOf(() => decodeCheckpoint(bytes, parts))
      expect(stateOf(parts)).toEqual(before)
      return error
    }

    test.each(Object.keys(tensors))('%s: the error names it', (name) => {
      const { [name]: _, ...others } = tensors
      const error = refused(withState(others, metadata))
      expect(error).toBeInstanceOf(FormatError)
      expect(error.message).toBe(
        `decodeCheckpoint: ${name} missing, none unexpected, wanted what encodeCheckpoint wrote`,
      )
    })

    const paths = [...pathsIn(state)]

    test.each(paths.map((path) => path.join('.')))('%s: the error names it', (joined) => {
      const path = joined.split('.')
      for (const instead of [undefined, 'no']) {
        const changed = structuredClone(state)
        let owner = changed
        for (const name of path.slice(0, -1)) owner = owner[name]
        const last = path.at(-1) as string
        if (instead === 'no' && typeof owner[last] === 'string') continue
        if (instead === undefined && !Array.isArray(owner)) delete owner[last]
        else owner[last] = instead ?? null
        const error = refused(withState(tensors, { ...metadata, state: JSON.stringify(changed) }))
        expect(error).toBeInstanceOf(MatgradError)
        expect(error.message).toContain(path.findLast((each) => !/^\d+$/.test(each)))
      }
    })

    test('there are many', () => {
      expect(Object.keys(tensors).length).toBeGreaterThan(20)
      expect(paths.length).toBeGreaterThan(30)
    })
  })

  const wrong: readonly [string, Uint8Array, (own: Parts) => Untyped, typeof MatgradError, string][] = [
    ['no file', new Uint8Array(3), (own) => own, FormatError, 'decodeCheckpoint: got 3 bytes'],
    ['no bytes', 'a.bin' as never, (own) => own, DTypeError, 'decodeCheckpoint: got "a.bin", wanted a Uint8Array'],
    [
      'weights alone',
      io.encodeSafetensors({ a: zeros(1, 1) }),
      (own) => own,
      FormatError,
      "wanted 'matgrad checkpoint'",
    ],
    ['another version', other((state) => ({ ...state, version: 2 })), (own) => own, FormatError, 'version is 2'],
    ['a state that is none', other(() => 3), (own) => own, FormatError, 'version'],
    [
      'an epoch below 0',
      other((state) => ({ ...state, epoch: -1 })),
      (own) => own,
      FormatError,
      'as encodeCheckpoint writes',
    ],
    [
      'a list for the history',
      other((state) => ({ ...state, history: { loss: 3 } })),
      (own) => own,
      FormatError,
      'as encodeCheckpoint',
    ],
    [
      'no generators',
      other((state) => ({ ...state, progress: {} })),
      (own) => own,
      FormatError,
      'as encodeCheckpoint writes',
    ],
    ['one generator less', bytes, ({ generator: _, ...own }) => own, MatgradError, 'has 3 generators, wanted 2'],
    [
      'one schedule more',
      bytes,
      (own) => ({ ...own, scheduler: [...own.scheduler, ...own.scheduler] }),
      MatgradError,
      'has 1 schedules, wanted 2',
    ],
    [
      'another model',
      bytes,
      (own) => ({
        ...own,
        model: new Linear(2, 2, { generator: new Generator(1) }),
        generator: [new Generator(1), new Generator(2)],
      }),
      MatgradError,
      'loadStateDict',
    ],
    [
      'another optimiser',
      bytes,
      (own) => ({ ...own, optimizer: new SGD(own.model.parameters(), { lr: 1 }) }),
      MatgradError,
      'SGD',
    ],
    [
      'no optimiser in it',
      encodeCheckpoint({ model: parts().model, generator: new Generator(1) }),
      (own) => ({ ...own, scheduler: [] }),
      MatgradError,
      'has no optimiser',
    ],
    [
      'a state of a generator that is none',
      other((state) => ({ ...state, progress: { ...state.progress, generators: [[1], [2], [3]] } })),
      (own) => own,
      FormatError,
      'decodeCheckpoint: progress.generators[0] of the state: Generator: state is an array, wanted 8 whole numbers',
    ],
    [
      'a state of a generator that is zeros',
      other((state) => ({
        ...state,
        progress: {
          ...state.progress,
          generators: [...state.progress.generators.slice(0, 2), [0, 0, 0, 0, 0, 0, 0, 0]],
        },
      })),
      (own) => own,
      FormatError,
      'decodeCheckpoint: progress.generators[2] of the state: ',
    ],
  ]
  for (const [name, file, into, type, message] of wrong)
    test(name, () => {
      const own = parts()
      own.model.forward(zeros(4, 2)).sum().backward()
      own.optimizer.step()
      const before = stateOf(own)
      const error = errorOf(() => decodeCheckpoint(file, into(own)))
      expect(error).toBeInstanceOf(type)
      expect(error.message).toContain(message)
      expect(stateOf(own)).toEqual(before)
    })

  test('schedules that throw leave no matrices in an optimiser that had none', () => {
    class Broken extends StepLR {
      isBroken = true
      override loadStateDict(state: SchedulerState): void {
        super.loadStateDict(state)
        if (!this.isBroken) return
        this.isBroken = false
        throw new MatgradError('broken')
      }
    }
    const make = () => {
      const model = new Linear(2, 3, { generator: new Generator(1) })
      const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
      return { model, optimizer, scheduler: new Broken(optimizer, { stepSize: 1 }) }
    }
    const [from, into] = [make(), make()]
    from.model.forward(zeros(4, 2)).sum().backward()
    from.optimizer.step()
    const now = () => inWords([into.model.stateDict(), into.optimizer, into.scheduler.stateDict()])
    const before = now()
    expect(errorOf(() => decodeCheckpoint(encodeCheckpoint(from), into)).message).toBe(
      'decodeCheckpoint: schedule 0: broken',
    )
    expect(now()).toEqual(before)
    expect(into.optimizer.stateDict().matrices).toEqual({})
    decodeCheckpoint(encodeCheckpoint(from), into)
    expect(inWords(into.optimizer)).toEqual(inWords(from.optimizer))
  })

  test('what is no part', () => {
    for (const of of [undefined, 3, {}, { model: 3 }, { model: parts().model, optimizer: 3 }] as Untyped[]) {
      expect(errorOf(() => encodeCheckpoint(of))).toBeInstanceOf(MatgradError)
      expect(errorOf(() => decodeCheckpoint(bytes, of))).toBeInstanceOf(MatgradError)
    }
    for (const name of ['scheduler', 'generator'] as const)
      expect(
        errorOf(() => encodeCheckpoint({ model: parts().model, [name]: 3 } as Untyped as Checkpointed)).message,
      ).toContain(name)
  })

  test('fit: other metrics than the history has, and initialEpoch beside it', async () => {
    const own = parts()
    const resume = decodeCheckpoint(encodeCheckpoint({ ...own, history: { loss: [1] } }), own)
    const data = dataOf(SIZES[0])
    const error = (options: Partial<FitOptions>) =>
      fit(own.model, data, { ...settingsOf(own), resume, ...options }).then(
        () => expect.fail('fulfilled'),
        (reason: Error) => reason.message,
      )
    expect(await error({ metrics: { accuracy } })).toContain('history has')
    expect(await error({ initialEpoch: 1 })).toContain('resume and initialEpoch')
  })
})
