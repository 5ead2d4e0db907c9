// How the tests of this package compute: as it is written or, in the project `nn compiled`, compiled.

import * as autograd from '@matgrad/autograd'
import { compile, constant, grad, Variable } from '@matgrad/autograd'
import { Generator, Matrix, zeros } from '@matgrad/core'
import * as nn from '@matgrad/nn'
import { expect, inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether what the tests of nn compute is compiled. */
    readonly compiles: boolean
  }
}

/** What a step may change. */
type Holder = nn.Module | nn.Optimizer | Generator | Variable

/** A function that takes back what changes from now on. */
function undo(holder: Holder): () => void {
  if (holder instanceof Generator) {
    const { state } = holder
    return () => {
      holder.state = state
    }
  }
  if (holder instanceof Variable) {
    const [value, { grad }, slope] = [holder.value.clone(), holder, holder.grad?.clone()]
    return () => {
      holder.value.assign(value)
      if (slope) grad?.assign(slope)
      holder.grad = grad
    }
  }
  if (holder instanceof nn.Optimizer) {
    const state = holder.stateDict()
    return () => holder.loadStateDict(state)
  }
  const [state, parameters] = [holder.stateDict(), holder.parameters().map(undo)]
  return () => {
    holder.loadStateDict(state)
    for (const each of parameters) each()
  }
}

/** The same with other matrices, alone or in constant variables, arrays and objects. */
function withMatrices<T>(value: T, other: (matrix: Matrix) => Matrix): T
function withMatrices(value: unknown, other: (matrix: Matrix) => Matrix): unknown {
  if (value instanceof Matrix) return other(value)
  if (value instanceof Variable) return value.requiresGrad ? value : constant(other(value.value))
  if (Array.isArray(value)) return value.map((each) => withMatrices(each, other))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withMatrices(each, other)]))
}

const copyOf = (matrix: Matrix): Matrix => matrix.clone()

/**
 * `fn` or, where tests run compiled, `fn` compiled: traced with zeros for all matrices among the first arguments, so that
 * the first call is a replay, too. `holders` are what `fn` changes; tracing leaves them as they were. Results are copies,
 * which later calls do not overwrite.
 */
export function stepOf<Arguments extends unknown[], Result>(
  fn: (...args: Arguments) => Result,
  ...holders: readonly Holder[]
): (...args: Arguments) => Result {
  if (!inject('compiles')) return fn
  let runs = 0
  const compiled = compile((...args: Arguments) => {
    runs++
    return fn(...args)
  })
  let traced = false
  return (...args) => {
    if (traced) return withMatrices(compiled(...args), copyOf)
    const undoings = holders.map(undo)
    compiled(...withMatrices(args, ({ rows, cols, dtype }) => zeros(rows, cols, { dtype })))
    for (const each of undoings) each()
    traced = true
    const result = withMatrices(compiled(...args), copyOf)
    if (runs > 1) expect.fail('the function was traced twice, wanted a replay')
    return result
  }
}

/** What `fn`, which changes nothing, gives for these arguments: the same compiled and not. */
export const run = <Arguments extends unknown[], Result>(
  fn: (...args: Arguments) => Result,
  ...args: Arguments
): Result => stepOf(fn)(...args)

/** Differences of `f` against its derivatives; compiled, those of compiled `f`, and of its compiled gradient for order 2. */
export const gradcheck: typeof autograd.gradcheck = (f, args, options) => {
  if (!inject('compiles')) return autograd.gradcheck(f, args, options)
  const { order = 1, ...rest } = options ?? {}
  autograd.gradcheck(compile(f), args, rest)
  if (order === 1) return
  const everyArgument = args.map((_, i) => i)
  const slopes = grad(
    (...x: Variable[]) =>
      f(...x)
        .square()
        .sum(),
    everyArgument,
  )
  const length = (...x: Variable[]): Variable =>
    slopes(...x)
      .map((each) => each.square().sum())
      .reduce((total, each) => total.add(each))
  gradcheck(length, args, { ...rest, order: order - 1 })
}

/** Compiled or not. What counts calls, or looks at numbers, in the model or the loss passes `compile: false`. */
export const fit: typeof nn.fit = (model, data, options) =>
  nn.fit(model, data, options && { compile: inject('compiles'), ...options })

export const evaluate = ((model: nn.Module, data: nn.Dataset, options?: nn.EvaluateOptions) =>
  nn.evaluate(model, data, { compile: inject('compiles'), ...options })) as typeof nn.evaluate

export const predict: typeof nn.predict = (model, x, options) =>
  nn.predict(model, x, { compile: inject('compiles'), ...options })
