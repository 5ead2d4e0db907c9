import type { DType, Matrix, TypedArray } from '@matgrad/core'
import type { Slot } from '@matgrad/core/internal'

/** Where a value lies in the copies of a call. */
interface Place {
  readonly block: number
  readonly offset: number
  readonly size: number
}

/** A value's elements, among others in an array. */
export interface Copy {
  readonly array: TypedArray
  readonly offset: number
  readonly size: number
}

/** They alone. */
export const elementsOf = ({ array, offset, size }: Copy): TypedArray => array.slice(offset, offset + size)

/** Elements of one dtype, which are copied into one array. */
interface Block {
  readonly dtype: DType
  readonly matrices: Matrix[]
  size: number
}

/** Whoever keeps one value of a block keeps the others: at most so many times its own elements in all. */
const MOST = 4

/** What a program leaves of the values of a call, for whoever kept them: few arrays for many, as making one takes longest. */
export class Kept {
  private readonly blocks: Block[] = []
  private readonly places = new Map<Slot, Place>()
  private readonly matrices: ReadonlyMap<Slot, Matrix>

  /** @param matrices where the program has the values */
  constructor(matrices: ReadonlyMap<Slot, Matrix>) {
    this.matrices = matrices
    const smallest = [...matrices].sort(([, a], [, b]) => a.size - b.size)
    const open = new Map<DType, Block & { readonly most: number }>()
    for (const [value, matrix] of smallest) {
      const { dtype, size } = matrix
      let block = open.get(dtype)
      if (!block || block.size + size > block.most) {
        block = { dtype, matrices: [], size: 0, most: MOST * size }
        this.blocks.push(block)
        open.set(dtype, block)
      }
      this.places.set(value, { block: this.blocks.indexOf(block), offset: block.size, size })
      block.matrices.push(matrix)
      block.size += size
    }
  }

  /** The elements of a value now. */
  clone(value: Slot): Matrix | undefined {
    return this.matrices.get(value)?.clone()
  }

  /** Copies of all as they are now, by value. */
  copies(): (value: Slot) => Copy | undefined {
    const arrays = this.blocks.map(({ dtype, matrices, size }) => {
      const array = new (dtype === 'float32' ? Float32Array : Float64Array)(size)
      let offset = 0
      for (const matrix of matrices) {
        array.set(matrix.elements, offset)
        offset += matrix.size
      }
      return array
    })
    return (value) => {
      const place = this.places.get(value)
      return place && { array: arrays[place.block], offset: place.offset, size: place.size }
    }
  }
}
