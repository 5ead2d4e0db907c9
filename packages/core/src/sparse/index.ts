export { matmul, SparseMatrix, type Triplet } from './matrix.ts'
export { type SpmmOptions, spmm } from './spmm.ts'
