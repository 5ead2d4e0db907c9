import { DTypeError, MatgradError } from '@matgrad/core'
import { checkNoMore, describe, setTracer, tracer } from '@matgrad/core/internal'
import { begin, detector, end } from './detector.ts'

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Promise<unknown>>).then === 'function'

/** What a promise gives; until it is settled, operations are looked at. */
async function settled<T>(promise: PromiseLike<T>): Promise<T> {
  try {
    return await promise
  } finally {
    end(null)
  }
}

/**
 * The result of `run`, in which the first operation that makes a NaN or an infinity is an error: it names the operation, or
 * `backward of` it where it is its derivative that does so, the shapes of its operands with their smallest and largest
 * elements, and the line of your code that called it. For a derivative that is the line of the forward pass, if it ran in
 * `run`, and the error's `cause` has the stack.
 *
 * An operation is at fault if no operand has what its result has: a NaN where there was none, or an infinity of finite operands. So
 * infinities that were put in on purpose (the −∞ of a mask) go through, until one becomes a NaN; `zeros(1, 1).log()`, which
 * PyTorch lets pass, is an error. Of a derivative the gradients that it gives are looked at, not what it computes on the way.
 *
 * It works around `fit` as well, `await detectAnomaly(() => fit(…))`: where `run` is asynchronous, operations are looked at
 * until its promise is settled, those of all other code that runs meanwhile, too. Nothing is compiled: `fit` and compiled
 * functions run as they are, with the same numbers, slowly. It costs nothing while nobody asks for it.
 *
 * @throws MatgradError for the first NaN or infinity, and in a compiled function, whose later calls it would not see;
 * DTypeError unless `run` is a function; what `run` throws.
 */
export function detectAnomaly<T>(run: () => T, ...more: []): T {
  checkNoMore('detectAnomaly', 'run', more)
  if (typeof run !== 'function') throw new DTypeError(`detectAnomaly: got ${describe(run)}, wanted a function`)
  if (tracer?.apart) return tracer.apart(() => detectAnomaly(run))
  const before = tracer
  if (before !== null && before !== detector)
    throw new MatgradError(
      'detectAnomaly: called while a function is compiled, whose later calls it would not see, wanted it around the calls',
    )
  begin()
  let result: T
  let isLater: boolean
  try {
    result = run()
    isLater = isPromise(result)
  } catch (error) {
    end(before)
    throw error
  }
  if (!isLater) {
    end(before)
    return result
  }
  // Here others go on, who are looked at, too.
  setTracer(detector)
  return settled(result as T & PromiseLike<unknown>) as T
}
