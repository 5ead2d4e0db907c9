import { type DType, MatgradError, Matrix, type TypedArray } from '@matgrad/core'
import { formatShape } from '@matgrad/core/internal'
import { type Copy, elementsOf } from './kept.ts'

/** Computes what was put off until somebody needs it. */
export interface Debtor {
  /** Computes everything that was put off so far. */
  pay(): void
}

/**
 * Stands for a matrix that a program will compute: it has a shape and goes through operations, but no elements until the
 * program has run, or somebody looks at them before.
 */
export interface Pending extends Matrix {
  /** It was computed: this is what it is. */
  leave(copy: Copy): void
}

class PendingMatrix {
  readonly rows: number
  readonly cols: number
  readonly dtype: DType
  version = 0
  pinned = false
  #found: TypedArray | null = null
  #left: Copy | null = null
  #debtor: Debtor | null

  constructor({ rows, cols, dtype }: Matrix, debtor: Debtor) {
    this.rows = rows
    this.cols = cols
    this.dtype = dtype
    this.#debtor = debtor
  }

  get elements(): TypedArray {
    if (this.#left !== null) this.elements = elementsOf(this.#left)
    if (this.#found === null) this.#debtor?.pay()
    if (this.#found === null) throw lost(this)
    return this.#found
  }

  set elements(elements: TypedArray) {
    this.#found = elements
    this.#left = null
    this.#debtor = null
  }

  leave(copy: Copy): void {
    this.#left = copy
    this.#debtor = null
  }
}

const lost = ({ rows, cols }: { readonly rows: number; readonly cols: number }): MatgradError =>
  new MatgradError(
    `compile: a ${formatShape([rows, cols])} matrix has no elements, as the step that computes it failed`,
  )

// It is a matrix to everybody, but has no elements of its own that the class would define.
Object.setPrototypeOf(PendingMatrix.prototype, Matrix.prototype)
Object.defineProperty(PendingMatrix.prototype, 'constructor', { value: Matrix })

/** One of the shape and dtype of a matrix. */
export const pendingLike = (matrix: Matrix, debtor: Debtor): Pending =>
  new PendingMatrix(matrix, debtor) as unknown as Pending

export const isPending = (value: object): value is Pending => value instanceof PendingMatrix

/** Lets a matrix have no elements until somebody looks at them, as a pending one; returns what gives it elements again. */
export function suspend(matrix: Matrix, debtor: Debtor): (elements?: TypedArray) => void {
  const { elements } = matrix
  let found: TypedArray | null = null
  const resume = (value = elements): void => {
    found = value
    // Somebody may have frozen it since.
    if (Object.getOwnPropertyDescriptor(matrix, 'elements')?.configurable)
      Object.defineProperty(matrix, 'elements', { configurable: true, enumerable: true, writable: true, value })
  }
  Object.defineProperty(matrix, 'elements', {
    configurable: true,
    enumerable: true,
    get(): TypedArray {
      if (found === null) debtor.pay()
      if (found === null) throw lost(matrix)
      return found
    },
    set: resume,
  })
  return resume
}
