// What the packages of matgrad share and users should not build on: it may change with any version.

import type { Holder, Stored } from './ops/operation.ts'

declare module './matrix/random.ts' {
  interface Generator extends Holder {}
}

declare module './matrix/matrix.ts' {
  /** What the packages of matgrad compute with, which users do not see. */
  interface Matrix<R extends number, C extends number> extends Stored {}
}

export { registerPackage, stackHere, whereIn } from './base/caller.ts'
export { isOfAnotherCopy, mark } from './base/copies.ts'
export { setDebug } from './base/debug.ts'
export { itemSize } from './base/dtype.ts'
export { inNameOf, keepingName } from './base/errors.ts'
export {
  anything,
  checkNoMore,
  didYouMean,
  dtypeName,
  flag,
  func,
  guardMethods,
  isPlain,
  type Kind,
  type KindMaker,
  kind,
  names,
  number,
  numbers,
  oneOf,
  type Reader,
  readerOf,
  required,
  suggestion,
  text,
  unknownName,
  whole,
} from './base/options.ts'
export {
  checkAxis,
  checkInteger,
  checkNumber,
  checkShape,
  describe,
  formatShape,
  indexError,
  listNames,
  shorten,
} from './base/shape.ts'
export { NoMemory, replace } from './code/arena.ts'
export { Trespass } from './code/proof.ts'
export { endTemporaries, startTemporaries, taped, useTemporaries } from './engine/allocate.ts'
export { fused, setFused } from './engine/engine.ts'
export { atOnce } from './engine/machine.ts'
export { threadsFor } from './engine/threads.ts'
export { writeElements } from './io/elements.ts'
export { encodeTensors, type Tensor } from './io/safetensors.ts'
export { readTensorOptions } from './io/tensor-options.ts'
export { startWalk } from './linalg/operation.ts'
export * as linalgOperations from './linalg/rows.ts'
export { fromJsonNumber, toJsonNumber } from './matrix/json.ts'
export { elementsOf, evaluate, notApplied, owning, scalar, settle, toInputs } from './matrix/matrix.ts'
export { generatorOption, restart } from './matrix/random.ts'
export {
  binaryCrossEntropy,
  clampedLogs,
  classes,
  classesOf,
  crossEntropy,
  crossEntropyGradient,
  crossEntropyOfClasses,
  hot,
  ofClass,
} from './ops/cross-entropy.ts'
export * as operations from './ops/index.ts'
export { installMethods } from './ops/methods.ts'
export type { Change, Holder } from './ops/operation.ts'
export { checkIndices, copyRows } from './ops/rearrange.ts'
export {
  announce,
  announcements,
  change,
  checkWhole,
  dependsOn,
  isKept,
  isWhole,
  keep,
  mayLook,
  setTracer,
  type Tracer,
  tick,
  ticks,
  tracer,
  watch,
  withTracer,
} from './ops/tracer.ts'
export { type AdamNumbers, adam_ } from './ops/update.ts'
export { type Bound, bind } from './program/bind.ts'
export { describeProgram } from './program/describe.ts'
export { type Image, imageOf } from './program/image.ts'
export { optimised } from './program/passes.ts'
export { type Layout, layOut } from './program/plan.ts'
export { does, mayThrow, type Slot, type Step } from './program/step.ts'
export { spmmOperation } from './sparse/spmm.ts'
