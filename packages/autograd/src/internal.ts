// What the packages of matgrad share and users should not build on: it may change with any version.

export { CompiledFunction } from './compile/compile.ts'
export { Guided } from './compile/guided.ts'
export { type Recorded, recordedFrom } from './compile/image.ts'
export { replays } from './compile/program.ts'
export {
  checkDistributions,
  checkNumbers,
  type Demand,
  isLooking,
  LOG_PROBABILITY,
  PROBABILITY,
  withoutLooking,
} from './demand.ts'
export { areOptionsAlone, optionsOf, originalOf, REDUCTIONS, reduce, withOptions } from './reduction.ts'
export { withSubstitutes } from './substitutes.ts'
export { gradientReads } from './variable.ts'
