export type {
  AffineFunction,
  Algebra,
  BinaryFunction,
  Index,
  Kind,
  LooseFunction,
  MatmulFunction,
  Operands,
  ReductionFunction,
  Results,
  SameShapeFunction,
  UnaryFunction,
} from './algebra.ts'
export { type Arena, gather } from './arena.ts'
export * from './create.ts'
export { crossEntropy, crossEntropyGradient, crossEntropyWithGradient } from './cross-entropy.ts'
export { type DType, getDefaultDtype, itemSize, setDefaultDtype, type TypedArray } from './dtype.ts'
export { configure, type EngineInfo, type EngineOptions, engineInfo } from './engine.ts'
export { DTypeError, FormatError, LinAlgError, MatgradError, ShapeError } from './errors.ts'
export * from './functions.ts'
export * as io from './io/index.ts'
export * as linalg from './linalg/index.ts'
export type { Loop, Term } from './loop.ts'
export type { MatmulOptions } from './matmul.ts'
export { evaluate, Matrix, toInputs } from './matrix.ts'
export { installMethods } from './methods.ts'
export { type Attributes, type Block, type Change, change, type Operation } from './operation.ts'
export * as operations from './operations.ts'
export { ProgramWriter } from './program.ts'
export {
  Generator,
  type GeneratorState,
  getDefaultGenerator,
  manualSeed,
  normal,
  permutation,
  type RandomOptions,
  rand,
  randint,
  randn,
  restart,
  uniform,
} from './random.ts'
export { type Axis, checkInteger, checkNumber, describe, formatShape, type Shape } from './shape.ts'
export { loops } from './simd.ts'
export * as sparse from './sparse/index.ts'
export { threadsFor } from './threads.ts'
export { loopsProduct } from './tiles.ts'
export { dependsOn, type Holder, keep, type Tracer, tracer, withTracer } from './tracer.ts'
export { adam_, sgd_ } from './update.ts'
