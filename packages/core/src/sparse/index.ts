/**
 * Matrices of which only the entries are stored, in compressed sparse rows.
 *
 * @packageDocumentation
 */

export { matmul, SparseMatrix, type Triplet } from './matrix.ts'
export { type SpmmOptions, spmm } from './spmm.ts'
