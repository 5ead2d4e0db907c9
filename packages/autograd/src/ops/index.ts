export * from './elementwise.ts'
export * from './matmul.ts'
export * from './rearrange.ts'
export * from './reduce.ts'
