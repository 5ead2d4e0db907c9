/**
 * Matrices on WebAssembly kernels: operations, linear algebra, sparse matrices, seeded random numbers, files.
 *
 * @packageDocumentation
 */

export { type DType, getDefaultDtype, setDefaultDtype, type TypedArray } from './base/dtype.ts'
export { DTypeError, FormatError, LinAlgError, MatgradError, ShapeError } from './base/errors.ts'
export type {
  Axis,
  BroadcastSize,
  CheckBroadcast,
  CheckMatmul,
  CheckRows,
  CheckSquare,
  ReducedCols,
  ReducedRows,
  Shape,
} from './base/shape.ts'
export { configure, type EngineInfo, type EngineOptions, engineInfo } from './engine/configure.ts'
export * as io from './io/index.ts'
export * as linalg from './linalg/index.ts'
export type { Probabilities } from './matrix/choice.ts'
export * from './matrix/create.ts'
export type {
  AffineFunction,
  BinaryFunction,
  ConcatFunction,
  Functions,
  LooseFunction,
  MatmulFunction,
  PairFunction,
  ReductionFunction,
  ReshapeFunction,
  SameShapeFunction,
  TraceFunction,
  TransposeFunction,
  UnaryFunction,
  WhereFunction,
} from './matrix/function.ts'
export * from './matrix/functions.ts'
export type { JsonNumber, MatrixJson } from './matrix/json.ts'
export { Matrix } from './matrix/matrix.ts'
export { fromMessage, type MatrixMessage, type Messages, toMessage } from './matrix/message.ts'
export {
  type ChoiceOptions,
  Generator,
  type GeneratorState,
  getDefaultGenerator,
  type MultinomialOptions,
  manualSeed,
  multinomial,
  normal,
  permutation,
  type RandomOptions,
  rand,
  randint,
  randn,
  uniform,
} from './matrix/random.ts'
export type {
  Algebra,
  Beside,
  Broadcast,
  CheckProduct,
  ClassOf,
  ColsIn,
  GeluOptions,
  Index,
  Kind,
  MatmulBias,
  MatmulOperand,
  MatmulOptions,
  MatmulResult,
  Operand,
  Other,
  Results,
  RowsIn,
} from './ops/algebra.ts'
export type { Attributes, Block, Operation, Rule } from './ops/operation.ts'
export * as sparse from './sparse/index.ts'
