// The operations by name, for packages that add to them: derivatives, programs.

export * from './elementwise.ts'
export { affine, matmul } from './matmul.ts'
export { argsort, kthValue, sort } from './order.ts'
export * from './rearrange.ts'
export { cumprod, cumprodGradient } from './recurrence.ts'
export * from './reduce.ts'
export { cov, std, variance } from './statistics.ts'
