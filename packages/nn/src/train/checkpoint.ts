import {
  FormatError,
  Generator,
  type GeneratorState,
  getDefaultGenerator,
  io,
  MatgradError,
  type Matrix,
} from '@matgrad/core'
import {
  checkInteger,
  checkNoMore,
  describe,
  didYouMean,
  fromJsonNumber,
  inNameOf,
  isPlain,
  listNames,
  shorten,
  toJsonNumber,
  unknownName,
} from '@matgrad/core/internal'
import { inPlace } from '../check.ts'
import { checkModule, type Module } from '../module.ts'
import { nameOf } from '../names.ts'
import { forgetterOf, Optimizer } from '../optim/optimizer.ts'
import { loaderOf, Scheduler, type SchedulerState } from '../optim/scheduler.ts'
import { checksum } from './checksum.ts'
import type { DataLoader } from './data.ts'
import type { History } from './history.ts'

/** What a checkpoint is of: a `Training`, as callbacks get it, or the parts of a training loop of one's own. */
export interface Checkpointed {
  readonly model: Module
  readonly optimizer?: Optimizer
  readonly scheduler?: Scheduler | readonly Scheduler[]
  /** Generators that are neither the default one nor in the model: one for the order of samples, say. */
  readonly generator?: Generator | readonly Generator[]
  /** How many epochs are over. @default 0 */
  readonly epoch?: number
  /** How many batches of the present one are over. @default 0 */
  readonly batch?: number
  readonly history?: History
  /** @internal */
  readonly position?: Position
}

/** What `fit` needs to go on in the middle of an epoch. */
export interface Progress {
  /** The states of all generators when it began; null at its beginning. */
  readonly order: readonly GeneratorState[] | null
  /** Their states now. */
  readonly generators: readonly GeneratorState[]
  /** The sum of the losses of its samples so far, and how many they are. */
  readonly total: number
  readonly samples: number
  /** How it goes through its samples; null at its beginning, and where batches come one after another. */
  readonly pass: Pass | null
}

/** What makes the batches of an epoch what they are, beside the numbers in them. */
type Pass = Readonly<Record<'rows' | 'batchSize', number> & Record<'shuffle' | 'dropLast', boolean>>

export const passOf = ({ dataset, batchSize, shuffle, dropLast }: DataLoader): Pass => ({
  rows: dataset.x.rows,
  batchSize,
  shuffle,
  dropLast,
})

/** What of a checkpoint is no matrix. */
export interface Position {
  /** The settings of an optimiser. */
  readonly groups: readonly object[] | null
  /** With the names of their classes. */
  readonly schedulers: readonly (readonly [name: string, state: SchedulerState])[]
  readonly epoch: number
  readonly batch: number
  readonly history: History
  readonly progress: Progress
}

/** Where a training stands now. */
export const positionOf = (of: Checkpointed, progress: Progress = betweenEpochs(statesOf(of))): Position => ({
  groups: of.optimizer?.groups.map(({ settings }) => ({ ...settings })) ?? null,
  schedulers: schedulersOf(of).map((scheduler) => [nameOf(scheduler), scheduler.stateDict()] as const),
  epoch: of.epoch ?? 0,
  batch: of.batch ?? 0,
  history: copyOf(of.history ?? { loss: [] }),
  progress,
})

const copyOf = (history: History): History =>
  Object.fromEntries(Object.entries(history).map(([name, list]) => [name, [...list]])) as History

/** Where a training stood: what `fit` takes as `resume`. */
export interface Checkpoint {
  readonly epoch: number
  readonly batch: number
  readonly history: History
  /** @internal */
  readonly progress: Progress
  /** What it was loaded into. @internal */
  readonly into: Pick<Checkpointed, 'model' | 'optimizer' | 'scheduler'>
}

/** Whether something is lists of numbers by name. */
const isHistory = (value: unknown): value is History =>
  isPlain(value) &&
  Object.values(value).every((list) => Array.isArray(list) && list.every((each) => typeof each === 'number'))

/** What the metadata of a file call its format. */
export const CHECKPOINT = 'matgrad checkpoint'
const VERSION = 1

/** The generators that a training draws from, each once: the default one, its own, and those of the model's parts. */
export function generatorsOf({ model, generator = [] }: Pick<Checkpointed, 'model' | 'generator'>): Generator[] {
  const found = new Set([getDefaultGenerator(), ...[generator].flat()])
  for (const module of model.modules())
    for (const value of Object.values(module)) if (value instanceof Generator) found.add(value)
  return [...found] as Generator[]
}

/** The states of these. */
export const statesOf = (of: Parameters<typeof generatorsOf>[0]): GeneratorState[] =>
  generatorsOf(of).map(({ state }) => state)

/** How far an epoch is that has not begun. */
export const betweenEpochs = (generators: readonly GeneratorState[]): Progress => ({
  order: null,
  generators,
  total: 0,
  samples: 0,
  pass: null,
})

const schedulersOf = ({ scheduler = [] }: Pick<Checkpointed, 'scheduler'>): readonly Scheduler[] =>
  [scheduler].flat() as Scheduler[]

function checkParts(operation: string, parts: Checkpointed): void {
  if (!isPlain(parts)) throw new MatgradError(`${operation}: got ${describe(parts)}, wanted an object with a model`)
  const names = ['model', 'optimizer', 'scheduler', 'generator', 'epoch', 'batch', 'history']
  // What a training has besides is no misspelt part.
  const others = 'position' in parts ? [] : Object.keys(parts).filter((name) => !names.includes(name))
  if (others.length > 0) throw unknownName(operation, others[0], names)
  const { epoch = 0, batch = 0, history = {} } = parts
  checkInteger(operation, 'epoch', epoch, 0, Number.MAX_SAFE_INTEGER)
  checkInteger(operation, 'batch', batch, 0, Number.MAX_SAFE_INTEGER)
  if (!isHistory(history))
    throw new MatgradError(`${operation}: history is ${describe(history)}, wanted arrays of numbers by name`)
  checkModule(operation, parts.model)
  const { optimizer } = parts
  if (optimizer !== undefined && !((optimizer as unknown) instanceof Optimizer))
    throw new MatgradError(`${operation}: optimizer is ${describe(optimizer)}, wanted an Optimizer`)
  for (const scheduler of schedulersOf(parts))
    if (!((scheduler as unknown) instanceof Scheduler))
      throw new MatgradError(`${operation}: scheduler is ${describe(scheduler)}, wanted a Scheduler`)
  for (const generator of [parts.generator === undefined ? [] : parts.generator].flat())
    if (!((generator as unknown) instanceof Generator))
      throw new MatgradError(`${operation}: generator is ${describe(generator)}, wanted a Generator`)
}

// JSON has no NaN, no infinities and no −0.
function encodeNumber(_name: string, value: unknown): unknown {
  if (typeof value !== 'number') return value
  const number = toJsonNumber(value, 'float64')
  return typeof number === 'number' ? number : { number }
}

const decodeNumber = (_name: string, value: unknown): unknown =>
  isPlain(value) && typeof value.number === 'string' ? (fromJsonNumber(value.number) ?? value) : value

interface State extends Position {
  readonly version: number
  /** The names of all its matrices, of which one that is left out would pass for one that was never there. */
  readonly tensors: readonly string[]
}

const withPrefix = (prefix: string, matrices: Readonly<Record<string, Matrix>>): [string, Matrix][] =>
  Object.entries(matrices).map(([name, matrix]) => [`${prefix}.${name}`, matrix])

/**
 * A checkpoint as the bytes of a safetensors file: parameters, buffers, what the optimiser and the schedules remember, the states
 * of all random generators, how far the training is, and its history. Resumed from it, a training gives the same bits as one that
 * was not interrupted; metrics of an epoch that was interrupted are NaN, as they are of all its batches.
 *
 * In `onBatchEnd` and `onEpochEnd` the training itself says what there is: `encodeCheckpoint(training)`. At the end of an epoch
 * that `stop` cut it is in the middle of that epoch, as it was before the schedules made their steps.
 *
 * @throws MatgradError or DTypeError for what is no model, optimiser, schedule or generator
 */
export function encodeCheckpoint(of: Checkpointed, ...more: []): Uint8Array {
  checkNoMore('encodeCheckpoint', 'of', more)
  checkParts('encodeCheckpoint', of)
  const tensors = Object.fromEntries([
    ...withPrefix('model', of.model.stateDict()),
    ...withPrefix('optimizer', of.optimizer?.stateDict().matrices ?? {}),
  ])
  const state: State = { version: VERSION, tensors: Object.keys(tensors), ...(of.position ?? positionOf(of)) }
  const text = JSON.stringify(state, encodeNumber)
  const sum = checksum('encodeCheckpoint', text, Object.values(tensors))
  return io.encodeSafetensors(tensors, { format: CHECKPOINT, state: text, sum })
}

/** @throws FormatError unless it is the state of a checkpoint. */
function readState(metadata: Readonly<Record<string, string>>): State {
  if (metadata.format !== CHECKPOINT)
    throw new FormatError(
      `decodeCheckpoint: format is ${describe(metadata.format)}, wanted '${CHECKPOINT}'${didYouMean(metadata.format === 'matgrad' ? 'loadModel' : undefined)}`,
    )
  const other = Object.keys(metadata).find((name) => !['format', 'state', 'sum'].includes(name))
  if (other !== undefined)
    throw new FormatError(`decodeCheckpoint: the metadata have ${shorten(other)}, wanted format, state and sum`)
  let state: Partial<State> | null
  try {
    state = JSON.parse(metadata.state, decodeNumber)
  } catch (error) {
    throw new FormatError('decodeCheckpoint: the state is no JSON', { cause: error })
  }
  if (state?.version !== VERSION)
    throw new FormatError(`decodeCheckpoint: version is ${describe(state?.version)}, wanted ${VERSION}`)
  for (const [path, value, isRight] of partsOf(state))
    if (!isRight(value))
      throw new FormatError(
        `decodeCheckpoint: ${path} of the state is ${describe(value)}, wanted it as encodeCheckpoint writes it`,
      )
  const { progress } = state as State
  checkStates('progress.generators', progress.generators)
  checkStates('progress.order', progress.order ?? [])
  return state as State
}

/** @throws FormatError for what is no state of a generator */
function checkStates(path: string, states: readonly GeneratorState[]): void {
  const any = new Generator(0)
  for (const [i, state] of states.entries())
    try {
      any.state = state
    } catch (error) {
      const reason = error instanceof Error ? error.message : ''
      throw new FormatError(`decodeCheckpoint: ${path}[${i}] of the state: ${reason}`, { cause: error })
    }
}

type Is = (value: unknown) => boolean

const isCount: Is = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isNumber: Is = (value) => typeof value === 'number'
const isListOf =
  (is: Is): Is =>
  (value) =>
    Array.isArray(value) && value.every(is)
const orNull =
  (is: Is): Is =>
  (value) =>
    value === null || is(value)
const isFlag: Is = (value) => typeof value === 'boolean'
const isText: Is = (value) => typeof value === 'string'

/** What a state must have, and how it must be. */
function* partsOf(state: Partial<State>): Iterable<[path: string, value: unknown, isRight: Is]> {
  const { tensors, groups, schedulers, epoch, batch, history, progress } = state
  yield ['tensors', tensors, isListOf(isText)]
  yield ['groups', groups, orNull(isListOf(isPlain))]
  yield ['schedulers', schedulers, isListOf(Array.isArray)]
  for (const [i, [name, each]] of (schedulers as State['schedulers']).entries()) {
    yield [`schedulers[${i}][0]`, name, isText]
    yield [`schedulers[${i}][1]`, each, isPlain]
    yield [`schedulers[${i}][1].lastEpoch`, each.lastEpoch, isCount]
    yield [`schedulers[${i}][1].baseLrs`, each.baseLrs, isListOf(isNumber)]
  }
  yield ['epoch', epoch, isCount]
  yield ['batch', batch, isCount]
  yield ['history', history, isHistory]
  yield ['progress', progress, isPlain]
  const { generators, order, total, samples, pass } = progress as Progress
  yield ['progress.generators', generators, isListOf(isListOf(isCount))]
  yield ['progress.order', order, orNull(isListOf(isListOf(isCount)))]
  if (order) yield ['progress.order', order, () => order.length === generators.length]
  yield ['progress.total', total, isNumber]
  yield ['progress.samples', samples, isCount]
  yield ['progress.pass', pass, orNull(isPlain)]
  if (!pass) return
  for (const name of ['rows', 'batchSize'] as const) yield [`progress.pass.${name}`, pass[name], isCount]
  for (const name of ['shuffle', 'dropLast'] as const) yield [`progress.pass.${name}`, pass[name], isFlag]
}

/** The matrices whose names begin so, without the beginning. */
const under = (prefix: string, tensors: Readonly<Record<string, Matrix>>): Record<string, Matrix> =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(`${prefix}.`))
      .map(([name, matrix]) => [name.slice(prefix.length + 1), matrix]),
  )

/**
 * Puts what a checkpoint has into a model, an optimiser, schedules and generators like those that it was made of, all or, if
 * anything does not fit, nothing. Without an optimiser the model alone is loaded, and the generators.
 *
 * @returns where the training stood: `fit(model, data, { …, resume })` goes on there
 * @throws FormatError for bytes that are no checkpoint; MatgradError or ShapeError where the parts are others; DTypeError for
 * what is no bytes
 */
export function decodeCheckpoint(bytes: Uint8Array, into: Checkpointed, ...more: []): Checkpoint {
  checkNoMore('decodeCheckpoint', 'bytes, into', more)
  checkParts('decodeCheckpoint', into)
  const { tensors, metadata } = inNameOf('decodeCheckpoint', () => io.decodeSafetensors(bytes))
  const { tensors: names, groups, schedulers: states, epoch, batch, history, progress } = readState(metadata)
  const listed = new Set(names)
  const missing = names.filter((name) => !Object.hasOwn(tensors, name))
  const unexpected = Object.keys(tensors).filter((name) => !listed.has(name))
  if (missing.length + unexpected.length > 0)
    throw new FormatError(
      `decodeCheckpoint: ${listNames(missing)} missing, ${listNames(unexpected)} unexpected, wanted what encodeCheckpoint wrote`,
    )
  // Earlier ones have none.
  const { state, sum } = metadata
  const isSame = () =>
    sum ===
    checksum(
      'decodeCheckpoint',
      state,
      names.map((name) => tensors[name]),
    )
  if (sum !== undefined && !isSame())
    throw new FormatError(
      'decodeCheckpoint: the checksum is not that of the checkpoint, which was changed since it was written',
    )
  const { model, optimizer } = into
  const schedulers = schedulersOf(into)
  const generators = generatorsOf(into)
  if (optimizer && groups === null)
    throw new MatgradError('decodeCheckpoint: the checkpoint has no optimiser, wanted it to have one')
  if (schedulers.length > 0 && schedulers.length !== states.length)
    throw new MatgradError(
      `decodeCheckpoint: the checkpoint has ${states.length} schedules, wanted ${schedulers.length}`,
    )
  if (generators.length !== progress.generators.length)
    throw new MatgradError(
      `decodeCheckpoint: the checkpoint has ${progress.generators.length} generators, wanted ${generators.length}: ` +
        'the default one, those of the model and `generator`',
    )
  for (const [i, scheduler] of schedulers.entries()) {
    const [name, state] = states[i]
    if (name !== nameOf(scheduler))
      throw new MatgradError(`decodeCheckpoint: schedule ${i} is ${nameOf(scheduler)}, wanted ${name}`)
    inPlace(`decodeCheckpoint: schedule ${i}`, () => loaderOf(scheduler, state))
  }
  const undo = snapshot(into)
  try {
    inPlace('decodeCheckpoint: model', () => model.loadStateDict(under('model', tensors)))
    inPlace('decodeCheckpoint: optimizer', () =>
      optimizer?.loadStateDict({ groups: groups as never, matrices: under('optimizer', tensors) }),
    )
    for (const [i, scheduler] of schedulers.entries())
      inPlace(`decodeCheckpoint: schedule ${i}`, () => scheduler.loadStateDict(states[i][1]))
    for (const [i, generator] of generators.entries()) generator.state = progress.generators[i]
  } catch (error) {
    undo()
    throw error
  }
  return { epoch, batch, history, progress, into: { model, ...(optimizer && { optimizer }), scheduler: schedulers } }
}

/** A pass in words. */
const shown = (pass: Pass | null): string =>
  pass === null
    ? 'batches one after another'
    : `${pass.rows} samples in ${pass.shuffle ? 'shuffled ' : ''}batches of ${pass.batchSize}${pass.dropLast ? ', all of them full' : ''}`

/** @throws MatgradError where the rest of an epoch would not have the batches that it had when the checkpoint was made. */
export function checkPass(checkpoint: Checkpoint, loader: DataLoader | undefined): void {
  const { batch, progress } = checkpoint
  const { order, pass } = progress
  if (batch === 0) return
  const own = loader ? passOf(loader) : null
  // A loop of one's own says no more than how many batches are over.
  if (order !== null && JSON.stringify(own) !== JSON.stringify(pass))
    throw new MatgradError(
      `fit: resume is after batch ${batch - 1} of an epoch of ${shown(pass)}, got ${shown(own)}, wanted the same until an epoch is over`,
    )
  if (loader && batch > loader.length)
    throw new MatgradError(`fit: resume is after ${batch} batches of an epoch, the data have ${loader.length}`)
}

/** @throws MatgradError where a checkpoint was not loaded into what goes on with it. */
export function checkResume(resume: Checkpoint, parts: Pick<Checkpointed, 'model' | 'optimizer' | 'scheduler'>): void {
  const { into } = resume
  const missing =
    into.model !== parts.model
      ? 'another model'
      : into.optimizer !== parts.optimizer
        ? 'another optimizer, or none'
        : schedulersOf(parts).some((each) => !schedulersOf(into).includes(each))
          ? 'other schedulers, or none'
          : undefined
  if (missing) throw new MatgradError(`fit: resume was loaded into ${missing}, wanted it loaded into what is trained`)
}

/** A function that takes back what changes in these from now on. */
function snapshot(parts: Checkpointed): () => void {
  const { model, optimizer } = parts
  const generators = generatorsOf(parts).map((generator) => [generator, generator.state] as const)
  const schedulers = schedulersOf(parts).map((scheduler) => [scheduler, scheduler.stateDict()] as const)
  const [weights, remembered] = [model.stateDict(), optimizer?.stateDict()]
  const forget = optimizer && forgetterOf(optimizer)
  return () => {
    model.loadStateDict(weights)
    forget?.()
    if (remembered) optimizer?.loadStateDict(remembered)
    for (const [scheduler, state] of schedulers) scheduler.loadStateDict(state)
    for (const [generator, state] of generators) generator.state = state
  }
}
