export { type CsvLoggerOptions, csvLogger } from './csv-logger.ts'
export { type FileUrl, loadModel, saveModel } from './files.ts'
export { type ProgressOptions, progress, type TextStream } from './progress.ts'
