export { oneHot } from '@matgrad/core'
export * as init from './init.ts'
export * from './layers/index.ts'
export * from './losses.ts'
export { type Accepts, type Input, type Member, Module, type StateDict } from './module.ts'
export * from './optim/adaptive.ts'
export { clipGradNorm, clipGradValue } from './optim/clip.ts'
export {
  type Group,
  type LearningRate,
  type Memory,
  Optimizer,
  type OptimizerState,
  type Parameters,
  type Update,
} from './optim/optimizer.ts'
export * from './optim/schedules.ts'
export type { StoredSettings } from './optim/settings.ts'
export * from './optim/sgd.ts'
export type { Callback, History, Training } from './train/callbacks.ts'
export { DataLoader, type DataLoaderOptions, type Dataset, standardize, trainTestSplit } from './train/data.ts'
export { type EvaluateOptions, evaluate, predict } from './train/evaluate.ts'
export { type FitOptions, fit, type StopSignal } from './train/fit.ts'
export { accuracy, type Logs, type Metric } from './train/metrics.ts'
