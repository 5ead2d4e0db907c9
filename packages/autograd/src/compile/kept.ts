import type { DType, Matrix, TypedArray } from '@matgrad/core'
import type { Slot } from '@matgrad/core/internal'

/** A value's elements, among others in an array. */
export interface Copy {
  readonly array: TypedArray
  readonly offset: number
  readonly size: number
}

/** They alone. */
export const elementsOf = ({ array, offset, size }: Copy): TypedArray => array.slice(offset, offset + size)

/** Values of one dtype, whose elements are copied into one array. */
interface Bundle {
  readonly dtype: DType
  readonly values: Slot[]
  size: number
}

/** Whoever keeps one value of a bundle keeps the others: at most so many times its own elements in all. */
const MOST = 4

/** What a program leaves of the values of a call, for whoever kept them: few arrays for many, as making one takes longest. */
export class Kept {
  private readonly bundles: Bundle[] = []
  /** Where values lie in the copies of a call. */
  private readonly places = new Map<Slot, { readonly bundle: number; readonly offset: number }>()

  constructor(values: Iterable<Slot>) {
    const smallest = [...new Set(values)].sort((a, b) => a.holder.size - b.holder.size)
    const open = new Map<DType, Bundle & { readonly most: number }>()
    for (const value of smallest) {
      const { dtype, size } = value.holder as Matrix
      let bundle = open.get(dtype)
      if (!bundle || bundle.size + size > bundle.most) {
        bundle = { dtype, values: [], size: 0, most: MOST * size }
        this.bundles.push(bundle)
        open.set(dtype, bundle)
      }
      this.places.set(value, { bundle: this.bundles.indexOf(bundle), offset: bundle.size })
      bundle.values.push(value)
      bundle.size += size
    }
  }

  /** Copies of all as they are now, by value. */
  copies(): (value: Slot) => Copy | undefined {
    const arrays = this.bundles.map(({ dtype, values, size }) => {
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
      return place && { array: arrays[place.bundle], offset: place.offset, size: value.holder.size }
    }
  }
}
