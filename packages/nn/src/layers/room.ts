import { ShapeError } from '@matgrad/core'

/** How many elements more parameters and buffers of new layers may have. */
let room = Number.POSITIVE_INFINITY

/** What `make` gives, whose new layers have at most so many elements. */
export function withRoom<T>(elements: number, make: () => T): T {
  const outer = room
  room = elements
  try {
    return make()
  } finally {
    room = outer
  }
}

/** @throws ShapeError before a layer gets more elements than there is room for. */
export function takeRoom(layer: string, rows: number, cols: number): void {
  room -= rows * cols
  if (room < 0) throw new ShapeError(`${layer}: ${rows}x${cols} elements are more than there are numbers for`)
}
