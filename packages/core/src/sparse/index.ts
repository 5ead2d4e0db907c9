export { matmul, SparseMatrix, type Triplet } from './matrix.ts'
