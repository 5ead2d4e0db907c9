import type { Matrix } from '@matgrad/core'
import { copyOf } from './trace.ts'

/** Pinned matrices as they were when operations used them: whoever has their arrays may write there, and nobody sees it. */
export class Uses {
  private readonly all: { readonly matrix: Matrix; readonly copy: Matrix }[] = []

  /** What an operation that is put off computes with later: its inputs, with copies of those that are pinned. */
  take(inputs: readonly Matrix[]): readonly Matrix[] {
    if (!inputs.some(({ pinned }) => pinned)) return inputs
    return inputs.map((matrix) => {
      if (!matrix.pinned) return matrix
      const copy = copyOf(matrix.elements, matrix.shape)
      this.all.push({ matrix, copy })
      return copy
    })
  }

  /** Whether nothing was written since. */
  get areIntact(): boolean {
    return this.all.every(({ matrix, copy: { elements } }) =>
      elements.every((value, i) => Object.is(value, matrix.elements[i])),
    )
  }
}
