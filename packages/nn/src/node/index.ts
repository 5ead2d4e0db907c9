export { type FileUrl, loadModel, saveModel } from './files.ts'
export { progress, type TextStream } from './progress.ts'
