import { MatgradError } from '@matgrad/core'
import { checkInteger } from '@matgrad/core/internal'
import { BatchNorm1d } from '../layers/batch-norm.ts'
import { Embedding } from '../layers/embedding.ts'
import { LayerNorm } from '../layers/layer-norm.ts'
import { Linear } from '../layers/linear.ts'
import type { Module } from '../module.ts'

/** What a layer takes, where it takes but one number of features. */
function taken(layer: Module): number | undefined {
  if (layer instanceof Linear) return layer.weight.cols
  if (layer instanceof LayerNorm || layer instanceof BatchNorm1d) return layer.numFeatures
  return layer instanceof Embedding ? 1 : undefined
}

/**
 * How many numbers a sample of a model has: what is asked for, or what its first layer takes that says so.
 *
 * @throws MatgradError where neither is known, or what is asked for is no count.
 */
export function featuresOf(operation: string, model: Module, asked: number | undefined): number {
  if (asked !== undefined) {
    checkInteger(operation, 'features', asked, 1, Number.MAX_SAFE_INTEGER)
    return asked
  }
  for (const layer of model.modules()) {
    const known = taken(layer)
    if (known !== undefined) return known
  }
  throw new MatgradError(`${operation}: no layer says how many features a sample has, wanted the option features`)
}
