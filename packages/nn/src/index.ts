/**
 * Layers, losses, optimisers, schedules, metrics and training.
 *
 * @packageDocumentation
 */

export { oneHot } from '@matgrad/core'
export { type ToModuleOptions, toModule } from './export/to-module.ts'
export { type ToOnnxOptions, toOnnx } from './export/to-onnx.ts'
export { functionalCall, type ParametersByName } from './functional-call.ts'
export * as init from './init.ts'
export type { ArgumentJson, LayerJson, ModelJson } from './json.ts'
export { type FromJsonOptions, fromJSON } from './layers/from-json.ts'
export * from './layers/index.ts'
export * from './losses.ts'
export * from './metrics/index.ts'
export { type Accepts, type Input, type Member, Module, type StateDict } from './module.ts'
export { Adam, type AdamSettings, AdamW, type Betas } from './optim/adam.ts'
export * from './optim/adamax.ts'
export * from './optim/adaptive.ts'
export { clipGradNorm, clipGradValue } from './optim/clip.ts'
export * from './optim/lion.ts'
export {
  type BuiltIn,
  type Group,
  type LearningRate,
  type Memory,
  Optimizer,
  type OptimizerState,
  type Parameters,
  type Update,
} from './optim/optimizer.ts'
export { type Period, Scheduler, type SchedulerOptions, type SchedulerState } from './optim/scheduler.ts'
export * from './optim/schedules.ts'
export type { StoredSettings } from './optim/settings.ts'
export * from './optim/sgd.ts'
export * as plot from './plot/index.ts'
export type { InputShape } from './summary.ts'
export type { Callback, Training } from './train/callbacks.ts'
export { type Checkpoint, type Checkpointed, decodeCheckpoint, encodeCheckpoint } from './train/checkpoint.ts'
export {
  DataLoader,
  type DataLoaderOptions,
  type Dataset,
  type MinMaxOptions,
  minMaxScale,
  type Scaling,
  type SplitOptions,
  standardize,
  trainTestSplit,
} from './train/data.ts'
export { type EarlyStopping, type EarlyStoppingOptions, earlyStopping } from './train/early-stopping.ts'
export { type EvaluateOptions, evaluate, predict } from './train/evaluate.ts'
export { fit } from './train/fit.ts'
export {
  type Evaluated,
  type History,
  type HistoryOf,
  type Metrics,
  TrainingError,
  type Validation,
} from './train/history.ts'
export { type KFoldOptions, kFold } from './train/k-fold.ts'
export type { Logs } from './train/metrics.ts'
export type { FitOptions, StopSignal, TrainingData } from './train/plan.ts'
export { type FromRowsOptions, fromRows, type Row, type RowsDataset, type ToRowsOptions, toRows } from './train/rows.ts'
export type { ClassWeight, SampleWeight } from './train/weights.ts'
