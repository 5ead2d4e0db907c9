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
  isPlain,
  toJsonNumber,
  unknownName,
} from '@matgrad/core/internal'
import { checkModule, type Module } from '../module.ts'
import { nameOf } from '../names.ts'
import { Optimizer } from '../optim/optimizer.ts'
import { Scheduler, type SchedulerState } from '../optim/scheduler.ts'
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
  readonly progress?: Progress
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
}

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

const FORMAT = 'matgrad checkpoint'
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
})

const schedulersOf = ({ scheduler = [] }: Pick<Checkpointed, 'scheduler'>): readonly Scheduler[] =>
  [scheduler].flat() as Scheduler[]

function checkParts(operation: string, parts: Checkpointed): void {
  if (!isPlain(parts)) throw new MatgradError(`${operation}: got ${describe(parts)}, wanted an object with a model`)
  const names = ['model', 'optimizer', 'scheduler', 'generator', 'epoch', 'batch', 'history']
  // What a training has besides is no misspelt part.
  const others = 'progress' in parts ? [] : Object.keys(parts).filter((name) => !names.includes(name))
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

/** What of a checkpoint is no matrix. */
interface State {
  readonly version: number
  readonly groups: readonly object[] | null
  /** With the names of their classes. */
  readonly schedulers: readonly (readonly [name: string, state: SchedulerState])[]
  readonly epoch: number
  readonly batch: number
  readonly history: History
  readonly progress: Progress
}

const withPrefix = (prefix: string, matrices: Readonly<Record<string, Matrix>>): [string, Matrix][] =>
  Object.entries(matrices).map(([name, matrix]) => [`${prefix}.${name}`, matrix])

/**
 * A checkpoint as the bytes of a safetensors file: parameters, buffers, what the optimiser and the schedules remember, the states
 * of all random generators, how far the training is, and its history. Resumed from it, a training gives the same bits as one that
 * was not interrupted; metrics of an epoch that was interrupted are NaN, as they are of all its batches.
 *
 * In `onBatchEnd` and `onEpochEnd` the training itself says what there is: `encodeCheckpoint(training)`.
 *
 * @throws MatgradError or DTypeError for what is no model, optimiser, schedule or generator
 */
export function encodeCheckpoint(of: Checkpointed, ...more: []): Uint8Array {
  checkNoMore('encodeCheckpoint', 'of', more)
  checkParts('encodeCheckpoint', of)
  const { model, optimizer, epoch = 0, batch = 0, history = { loss: [] } } = of
  const optimizing = optimizer?.stateDict()
  const state: State = {
    version: VERSION,
    groups: (optimizing?.groups as readonly object[] | undefined) ?? null,
    schedulers: schedulersOf(of).map((scheduler) => [nameOf(scheduler), scheduler.stateDict()] as const),
    epoch,
    batch,
    history,
    progress: of.progress ?? betweenEpochs(statesOf(of)),
  }
  const tensors = Object.fromEntries([
    ...withPrefix('model', model.stateDict()),
    ...withPrefix('optimizer', optimizing?.matrices ?? {}),
  ])
  return io.encodeSafetensors(tensors, { format: FORMAT, state: JSON.stringify(state, encodeNumber) })
}

/** @throws FormatError unless it is the state of a checkpoint. */
function readState(metadata: Readonly<Record<string, string>>): State {
  if (metadata.format !== FORMAT)
    throw new FormatError(
      `decodeCheckpoint: format is ${describe(metadata.format)}, wanted '${FORMAT}'${didYouMean(metadata.format === 'matgrad' ? 'loadModel' : undefined)}`,
    )
  let state: Partial<State> | null
  try {
    state = JSON.parse(metadata.state, decodeNumber)
  } catch (error) {
    throw new FormatError('decodeCheckpoint: the state is no JSON', { cause: error })
  }
  if (state?.version !== VERSION)
    throw new FormatError(`decodeCheckpoint: version is ${describe(state?.version)}, wanted ${VERSION}`)
  const { schedulers, epoch, batch, history, progress } = state
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
  if (
    !(Array.isArray(schedulers) && isCount(epoch) && isCount(batch) && isHistory(history) && isPlain(progress)) ||
    !Array.isArray((progress as Progress).generators) ||
    !isCount((progress as Progress).samples) ||
    typeof (progress as Progress).total !== 'number'
  )
    throw new FormatError('decodeCheckpoint: the state is not as encodeCheckpoint writes it')
  return state as State
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
 * @throws FormatError for bytes that are no checkpoint; MatgradError or ShapeError where the parts are others
 */
export function decodeCheckpoint(bytes: Uint8Array, into: Checkpointed, ...more: []): Checkpoint {
  checkNoMore('decodeCheckpoint', 'bytes, into', more)
  checkParts('decodeCheckpoint', into)
  const { tensors, metadata } = io.decodeSafetensors(bytes)
  const { groups, schedulers: states, epoch, batch, history, progress } = readState(metadata ?? {})
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
  const undo = snapshot(into)
  try {
    model.loadStateDict(under('model', tensors))
    optimizer?.loadStateDict({ groups: groups as never, matrices: under('optimizer', tensors) })
    for (const [i, scheduler] of schedulers.entries()) {
      const [name, state] = states[i]
      if (name !== nameOf(scheduler))
        throw new MatgradError(`decodeCheckpoint: schedule ${i} is ${nameOf(scheduler)}, wanted ${name}`)
      scheduler.loadStateDict(state)
    }
    for (const [i, generator] of generators.entries()) generator.state = progress.generators[i]
  } catch (error) {
    undo()
    throw error
  }
  return { epoch, batch, history, progress, into: { model, ...(optimizer && { optimizer }), scheduler: schedulers } }
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
  return () => {
    model.loadStateDict(weights)
    if (remembered) optimizer?.loadStateDict(remembered)
    for (const [scheduler, state] of schedulers) scheduler.loadStateDict(state)
    for (const [generator, state] of generators) generator.state = state
  }
}
