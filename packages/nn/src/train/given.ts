import { DTypeError, MatgradError, ShapeError } from '@matgrad/core'
import { describe, formatShape } from '@matgrad/core/internal'
import { checkDataset, type Dataset } from './data.ts'

// Batches that iterators of somebody else give: what is no iterator, or gives no batch, is an error that says which one.

/** Whether a value is waited for. */
export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'

type Either = Iterator<unknown> | AsyncIterator<unknown>

function iteratorOf(operation: string, all: object, key: 'iterator' | 'asyncIterator'): Either {
  const name = `${operation}: [Symbol.${key}] of the batches`
  const make: unknown = Reflect.get(all, Symbol[key])
  if (typeof make !== 'function') throw new DTypeError(`${name} is ${describe(make)}, wanted a function`)
  const iterator = make.call(all)
  if (typeof iterator?.next !== 'function')
    throw new DTypeError(`${name} gave ${describe(iterator)}, wanted an iterator, which has next()`)
  return iterator
}

/** Batch i by what `next` gave; undefined after the last one. */
function batchOf(operation: string, i: number, result: unknown): Dataset | undefined {
  const what = `${operation}: batch ${i}`
  if (typeof result !== 'object' || result === null)
    throw new DTypeError(`${what}: next() gave ${describe(result)}, wanted { done, value }`)
  const { done, value } = result as IteratorResult<Dataset>
  if (done) return undefined
  if (isPromise(value))
    throw new DTypeError(
      `${what} is ${describe(value)}, wanted matrices x and y: batches that are waited for come of an object with [Symbol.asyncIterator]`,
    )
  checkDataset(what, value)
  if (value.x.rows === 0) throw new ShapeError(`${what}: x is ${formatShape(value.x.shape)}, wanted at least one row`)
  return value
}

/** Ends an iterator before its end. */
function close(operation: string, iterator: Either): unknown {
  const end: unknown = iterator.return
  if (end === undefined || end === null) return undefined
  if (typeof end !== 'function')
    throw new DTypeError(`${operation}: return of the batches' iterator is ${describe(end)}, wanted a function`)
  return end.call(iterator)
}

/** The same, where something else has failed or nobody waits: nobody hears whether it fails. */
function closeQuietly(operation: string, iterator: Either): void {
  new Promise((resolve) => resolve(close(operation, iterator))).catch(() => undefined)
}

/**
 * Batches that an iterable gives, each looked at.
 *
 * @throws DTypeError for what is no iterator or no batch; ShapeError for one without rows; what it throws
 */
export const checked = (operation: string, all: Iterable<Dataset>): Iterable<Dataset> => ({
  [Symbol.iterator]() {
    const iterator = iteratorOf(operation, all, 'iterator')
    let i = 0
    return {
      next() {
        const result = iterator.next()
        try {
          const value = batchOf(operation, i++, result)
          return value ? { done: false, value } : { done: true, value: undefined }
        } catch (error) {
          closeQuietly(operation, iterator)
          throw error
        }
      },
      return() {
        close(operation, iterator)
        return { done: true, value: undefined }
      },
    }
  },
})

/** The error for batches that end before the one that a checkpoint was made after. */
const tooFew = (count: number, given: number): MatgradError =>
  new MatgradError(`fit: resume is after ${count} batches of an epoch, the data gave ${given}`)

/** What an iterable gives but for the first `count`, after which `goOn` is called. */
export function without<T>(all: Iterable<T>, count: number, goOn: () => void): Iterable<T> {
  return count === 0 ? all : rest(all, count, goOn)
}

function* rest<T>(all: Iterable<T>, count: number, goOn: () => void): Iterable<T> {
  let left = count
  for (const each of all)
    if (left <= 0) yield each
    else if (--left === 0) goOn()
  if (left > 0) throw tooFew(count, count - left)
}

/** The end of batches that are waited for. */
export const END: unique symbol = Symbol('the end')

/** The same of an asynchronous iterable, as promises of batches: one is made when the one before has been waited for. */
export function* promisesOf(
  all: AsyncIterable<Dataset>,
  count: number,
  goOn: () => void,
): Iterable<Promise<Dataset | typeof END>> {
  const iterator = iteratorOf('fit', all, 'asyncIterator')
  let isOver = false
  let i = 0
  const next = async (): Promise<Dataset | typeof END> => {
    const batch = batchOf('fit', i, await iterator.next())
    isOver = batch === undefined
    if (!batch && i < count) throw tooFew(count, i)
    i++
    if (!batch) return END
    if (i === count) goOn()
    return i <= count ? next() : batch
  }
  try {
    while (!isOver) yield next()
  } finally {
    if (!isOver) closeQuietly('fit', iterator)
  }
}
