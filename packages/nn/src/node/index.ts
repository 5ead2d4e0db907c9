/**
 * What needs Node: models and checkpoints in files, tables, progress on a terminal.
 *
 * @packageDocumentation
 */

export { type CheckpointOptions, checkpoint, loadCheckpoint, saveCheckpoint } from './checkpoint.ts'
export { type CsvOptions, readCsv } from './csv.ts'
export { type CsvLoggerOptions, csvLogger } from './csv-logger.ts'
export {
  type FileUrl,
  type LoadModelOptions,
  loadModel,
  loadTensors,
  type SaveModelOptions,
  saveModel,
} from './files.ts'
export { type ProgressOptions, progress, type TextStream } from './progress.ts'
