import type { DType, Matrix, TypedArray } from '@matgrad/core'
import type { Slot } from '@matgrad/core/internal'

/** Where a value lies in the copies of a call. */
interface Place {
  readonly block: number
  readonly offset: number
}

/** A value's elements, among others in an array. */
export interface Copy {
  readonly array: TypedArray
  readonly offset: number
  readonly size: number
}

/** They alone. */
export const elementsOf = ({ array, offset, size }: Copy): TypedArray => array.slice(offset, offset + size)

/** Values of one dtype, whose elements are copied into one array. */
interface Block {
  readonly dtype: DType
  readonly values: Slot[]
  size: number
}

/** Whoever keeps one value of a block keeps the others: at most so many times its own elements in all. */
const MOST = 4

/** What a program leaves of the values of a call, for whoever kept them: few arrays for many, as making one takes longest. */
export class Kept {
  private readonly blocks: Block[] = []
  private readonly places = new Map<Slot, Place>()

  constructor(values: Iterable<Slot>) {
    const smallest = [...new Set(values)].sort((a, b) => a.holder.size - b.holder.size)
    const open = new Map<DType, Block & { readonly most: number }>()
    for (const value of smallest) {
      const { dtype, size } = value.holder as Matrix
      let block = open.get(dtype)
      if (!block || block.size + size > block.most) {
        block = { dtype, values: [], size: 0, most: MOST * size }
        this.blocks.push(block)
        open.set(dtype, block)
      }
      this.places.set(value, { block: this.blocks.indexOf(block), offset: block.size })
      block.values.push(value)
      block.size += size
    }
  }

  /** The elements of a value now. */
  clone(value: Slot): Matrix | undefined {
    return this.places.has(value) ? (value.holder as Matrix).clone() : undefined
  }

  /** Copies of all as they are now, by value. */
  copies(): (value: Slot) => Copy | undefined {
    const arrays = this.blocks.map(({ dtype, values, size }) => {
      const array = new (dtype === 'float32' ? Float32Array : Float64Array)(size)
      let offset = 0
      for (const { holder } of values) {
        array.set(holder.elements, offset)
        offset += holder.size
      }
      return array
    })
    return (value) => {
      const place = this.places.get(value)
      return place && { array: arrays[place.block], offset: place.offset, size: value.holder.size }
    }
  }
}
