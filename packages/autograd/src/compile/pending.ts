import { type DType, MatgradError, Matrix, type TypedArray } from '@matgrad/core'
import { formatShape, type Slot } from '@matgrad/core/internal'

/** Computes what was put off until somebody needs it. */
export interface Debtor {
  /** Computes everything that was put off so far. */
  pay(): void
}

/**
 * Stands for a matrix that a program will compute: it has a shape and goes through operations, but no elements unless
 * somebody looks at them before the program runs, or they are known from it.
 */
export interface Pending extends Matrix {
  readonly slot: Slot
}

class PendingMatrix {
  readonly rows: number
  readonly cols: number
  readonly dtype: DType
  readonly slot: Slot
  version = 0
  pinned = false
  private found: TypedArray | null = null
  private readonly debtor: Debtor

  constructor(slot: Slot, debtor: Debtor) {
    const { rows, cols, dtype } = slot.holder as Matrix
    this.rows = rows
    this.cols = cols
    this.dtype = dtype
    this.slot = slot
    this.debtor = debtor
  }

  get elements(): TypedArray {
    if (this.found === null) this.debtor.pay()
    if (this.found === null) throw gone(this)
    return this.found
  }

  set elements(elements: TypedArray) {
    this.found = elements
  }
}

const gone = ({ rows, cols }: { readonly rows: number; readonly cols: number }): MatgradError =>
  new MatgradError(
    `compile: a ${formatShape([rows, cols])} matrix was computed inside a step that is over, and its elements with it, ` +
      'wanted a property of the module, what forward or the loss gives, a clone, or `compile: false`',
  )

// It is a matrix to everybody, but has no elements of its own that the class would define.
Object.setPrototypeOf(PendingMatrix.prototype, Matrix.prototype)
Object.defineProperty(PendingMatrix.prototype, 'constructor', { value: Matrix })

export const pending = (slot: Slot, debtor: Debtor): Pending => new PendingMatrix(slot, debtor) as unknown as Pending

export const isPending = (value: object): value is Pending => value instanceof PendingMatrix

/** Lets a matrix have no elements until somebody looks at them, as a pending one; returns what gives it elements again. */
export function suspend(matrix: Matrix, debtor: Debtor): (elements?: TypedArray) => void {
  const { elements } = matrix
  Object.defineProperty(matrix, 'elements', {
    configurable: true,
    enumerable: true,
    get(): TypedArray {
      debtor.pay()
      const own = Object.getOwnPropertyDescriptor(matrix, 'elements')
      if (!own || own.get) throw gone(matrix)
      return own.value
    },
    set(other: TypedArray) {
      resume(other)
    },
  })
  const resume = (found = elements): void => {
    Object.defineProperty(matrix, 'elements', { configurable: true, enumerable: true, writable: true, value: found })
  }
  return resume
}
