export { loadModel, saveModel } from './files.ts'
export { progress } from './progress.ts'
