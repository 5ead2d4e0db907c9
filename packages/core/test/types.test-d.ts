// Shapes as types: what fits compiles with the sizes it should have, what does not fit does not compile.

import {
  add,
  argmax,
  concat,
  exp,
  eye,
  fromMessage,
  full,
  Generator,
  io,
  linalg,
  linspace,
  type Matrix,
  type MatrixMessage,
  matmul,
  matrix,
  mean,
  mul,
  ones,
  permutation,
  rand,
  reshape,
  softmax,
  sparse,
  sum,
  toMessage,
  transpose,
  zeros,
} from '@matgrad/core'
import { describe, expectTypeOf, test } from 'vitest'

const n: number = 3
const any = zeros(n, n)
const flag: boolean = n > 2

describe('creation', () => {
  test('literal sizes are literal types', () => {
    expectTypeOf(zeros(2, 3)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(ones(2, 3)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(full(2, 3, 7)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(eye(4)).toEqualTypeOf<Matrix<4, 4>>()
    expectTypeOf(rand(2, 3)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(new Generator(1).normal(2, 3)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(matrix(new Float32Array(6), 2, 3)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(linspace(0, 1)).toEqualTypeOf<Matrix<1, number>>()
    expectTypeOf(permutation(5)).toEqualTypeOf<Matrix<number, 1>>()
  })

  test('numbers that are not literal leave sizes open', () => {
    expectTypeOf(any).toEqualTypeOf<Matrix<number, number>>()
    expectTypeOf(zeros(2, n)).toEqualTypeOf<Matrix<2, number>>()
    expectTypeOf(matrix([[1, 2]])).toEqualTypeOf<Matrix>()
    expectTypeOf(matrix(new Float32Array(6))).toEqualTypeOf<Matrix<1, number>>()
  })

  test('rows, cols and shape carry them', () => {
    expectTypeOf(zeros(2, 3).rows).toEqualTypeOf<2>()
    expectTypeOf(zeros(2, 3).cols).toEqualTypeOf<3>()
    expectTypeOf(zeros(2, 3).shape).toEqualTypeOf<readonly [rows: 2, cols: 3]>()
  })
})

describe('matmul', () => {
  test('the sizes of the product', () => {
    expectTypeOf(zeros(2, 3).matmul(zeros(3, 5))).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(matmul(zeros(2, 3), zeros(3, 5))).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(zeros(2, 3).matmul(zeros(3, 5)).matmul(zeros(5, 1))).toEqualTypeOf<Matrix<2, 1>>()
  })

  test('with transposed operands', () => {
    expectTypeOf(zeros(3, 2).matmul(zeros(3, 5), { transposeA: true })).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(zeros(2, 3).matmul(zeros(5, 3), { transposeB: true })).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(zeros(3, 2).matmul(zeros(5, 3), { transposeA: true, transposeB: true })).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(zeros(2, 3).matmul(zeros(3, 5), { transposeA: false })).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(matmul(zeros(3, 2), zeros(3, 5), { transposeA: true })).toEqualTypeOf<Matrix<2, 5>>()
  })

  test('with a flag that is not known, the size is open', () => {
    expectTypeOf(zeros(3, 2).matmul(zeros(3, 5), { transposeA: flag })).toEqualTypeOf<Matrix<number, 5>>()
    expectTypeOf(zeros(2, 3).matmul(zeros(3, 5), { transposeB: flag })).toEqualTypeOf<Matrix<2, number>>()
  })

  test('open sizes are accepted and carried', () => {
    expectTypeOf(zeros(2, n).matmul(zeros(4, 5))).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(zeros(2, 3).matmul(zeros(n, 5))).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(any.matmul(any)).toEqualTypeOf<Matrix<number, number>>()
    expectTypeOf(any.matmul(zeros(3, 5))).toEqualTypeOf<Matrix<number, 5>>()
  })

  test('sizes that do not fit do not compile', () => {
    // @ts-expect-error 3 columns, 4 rows
    zeros(2, 3).matmul(zeros(4, 5))
    // @ts-expect-error 3 columns, 4 rows
    matmul(zeros(2, 3), zeros(4, 5))
    // @ts-expect-error 2 columns, 3 rows
    zeros(3, 2).matmul(zeros(3, 5))
    // @ts-expect-error 3 rows of the left are its columns, 2 rows
    zeros(3, 2).matmul(zeros(2, 5), { transposeA: true })
    // @ts-expect-error 3 columns, 4 columns of the right are its rows
    zeros(2, 3).matmul(zeros(3, 4), { transposeB: true })
    // @ts-expect-error 2 and 5
    zeros(2, 3).matmul(zeros(4, 5), { transposeA: true, transposeB: true })
    // @ts-expect-error an option that does not exist beside one that does
    zeros(2, 3).matmul(zeros(3, 5), { transposeA: false, transposB: false })
    // @ts-expect-error an option that does not exist
    zeros(2, 3).matmul(zeros(3, 5), { transpose: true })
    // @ts-expect-error a number is no operand
    zeros(2, 3).matmul(2)
  })
})

describe('broadcasting', () => {
  test('the sizes of the result', () => {
    expectTypeOf(zeros(2, 3).add(zeros(2, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).add(zeros(1, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).sub(zeros(2, 1))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).mul(zeros(1, 1))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 1).div(zeros(1, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(1, 3).pow(zeros(2, 1))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(1, 1).less(zeros(2, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).maximum(0)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(add(zeros(2, 3), zeros(1, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(mul(2, zeros(2, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(mul(zeros(2, 3), 2)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(add(1, 2)).toEqualTypeOf<Matrix<1, 1>>()
  })

  test('an open size gives the other one, unless that is 1', () => {
    expectTypeOf(zeros(n, 3).add(zeros(2, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).add(zeros(n, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(n, 3).add(zeros(1, 3))).toEqualTypeOf<Matrix<number, 3>>()
    expectTypeOf(zeros(1, 3).add(zeros(n, 3))).toEqualTypeOf<Matrix<number, 3>>()
    expectTypeOf(any.add(any)).toEqualTypeOf<Matrix<number, number>>()
    expectTypeOf(any.add(1)).toEqualTypeOf<Matrix<number, number>>()
  })

  test('sizes that do not fit do not compile', () => {
    // @ts-expect-error 2x3 and 4x5
    zeros(2, 3).add(zeros(4, 5))
    // @ts-expect-error 2x3 and 3x3
    zeros(2, 3).sub(zeros(3, 3))
    // @ts-expect-error 2x3 and 2x2
    zeros(2, 3).mul(zeros(2, 2))
    // @ts-expect-error 2x3 and 3x1
    zeros(2, 3).div(zeros(3, 1))
    // @ts-expect-error 2x3 and 4x3
    zeros(2, 3).greaterEqual(zeros(4, 3))
    // @ts-expect-error 2x3 and 4x5
    add(zeros(2, 3), zeros(4, 5))
    // @ts-expect-error a string is no operand
    zeros(2, 3).add('1')
  })
})

describe('reductions', () => {
  test('keep both dimensions', () => {
    expectTypeOf(zeros(2, 3).sum()).toEqualTypeOf<Matrix<1, 1>>()
    expectTypeOf(zeros(2, 3).sum(0)).toEqualTypeOf<Matrix<1, 3>>()
    expectTypeOf(zeros(2, 3).sum(1)).toEqualTypeOf<Matrix<2, 1>>()
    expectTypeOf(zeros(2, 3).max(undefined)).toEqualTypeOf<Matrix<1, 1>>()
    expectTypeOf(zeros(2, 3).variance(0, { ddof: 1 })).toEqualTypeOf<Matrix<1, 3>>()
    expectTypeOf(zeros(2, 3).argmax(1)).toEqualTypeOf<Matrix<2, 1>>()
    expectTypeOf(sum(zeros(2, 3))).toEqualTypeOf<Matrix<1, 1>>()
    expectTypeOf(mean(zeros(2, 3), 0)).toEqualTypeOf<Matrix<1, 3>>()
    expectTypeOf(argmax(zeros(2, 3), 1)).toEqualTypeOf<Matrix<2, 1>>()
    expectTypeOf(zeros(3, 3).trace()).toEqualTypeOf<Matrix<1, 1>>()
  })

  test('scans keep the shape', () => {
    expectTypeOf(zeros(2, 3).softmax(1)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(softmax(zeros(2, 3), 1)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).cumsum()).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).sort(0)).toEqualTypeOf<Matrix<2, 3>>()
  })

  test('an axis that is not known leaves the sizes open', () => {
    const axis = (flag ? 0 : 1) as 0 | 1
    expectTypeOf(zeros(2, 3).sum(axis)).toExtend<Matrix>()
  })

  test('another axis does not compile', () => {
    // @ts-expect-error there is no axis 2
    zeros(2, 3).sum(2)
    // @ts-expect-error there is no axis −1
    zeros(2, 3).softmax(-1)
    // @ts-expect-error an axis is no string
    sum(zeros(2, 3), '0')
  })
})

describe('rearranging', () => {
  test('the sizes of the result', () => {
    expectTypeOf(zeros(2, 3).T).toEqualTypeOf<Matrix<3, 2>>()
    expectTypeOf(zeros(2, 3).transpose()).toEqualTypeOf<Matrix<3, 2>>()
    expectTypeOf(transpose(zeros(2, 3))).toEqualTypeOf<Matrix<3, 2>>()
    expectTypeOf(zeros(2, 3).reshape(6, 1)).toEqualTypeOf<Matrix<6, 1>>()
    expectTypeOf(reshape(zeros(2, 3), 6, 1)).toEqualTypeOf<Matrix<6, 1>>()
    expectTypeOf(zeros(2, 3).reshape(-1, 2)).toEqualTypeOf<Matrix<number, 2>>()
    expectTypeOf(reshape(zeros(2, 3), 3, -1)).toEqualTypeOf<Matrix<3, number>>()
    expectTypeOf(zeros(1, 3).broadcastTo(5, 3)).toEqualTypeOf<Matrix<5, 3>>()
    expectTypeOf(zeros(2, 3).row(0)).toEqualTypeOf<Matrix<1, 3>>()
    expectTypeOf(zeros(2, 3).col(0)).toEqualTypeOf<Matrix<2, 1>>()
    expectTypeOf(zeros(2, 3).gatherRows([0])).toEqualTypeOf<Matrix<number, 3>>()
    expectTypeOf(zeros(2, 3).pick([0, 1])).toEqualTypeOf<Matrix<2, 1>>()
    expectTypeOf(zeros(2, 1).oneHot(4)).toEqualTypeOf<Matrix<2, number>>()
    expectTypeOf(zeros(2, 3).place(4, 5, 0, 0)).toEqualTypeOf<Matrix<4, 5>>()
    expectTypeOf(zeros(2, 3).slice(0, 1)).toEqualTypeOf<Matrix<number, number>>()
    expectTypeOf(zeros(2, 3).diagonal()).toEqualTypeOf<Matrix<number, 1>>()
    expectTypeOf(zeros(2, 3).cov()).toEqualTypeOf<Matrix<2, 2>>()
    expectTypeOf(concat([zeros(2, 3), zeros(2, 3)], 0)).toEqualTypeOf<Matrix>()
  })

  test('what keeps the shape keeps the type', () => {
    expectTypeOf(zeros(2, 3).exp()).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(exp(zeros(2, 3))).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).clip(0, 1)).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).astype('float64')).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).clone()).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).tril()).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(zeros(2, 3).flipRows()).toEqualTypeOf<Matrix<2, 3>>()
    expectTypeOf(new Generator(1).shuffle(zeros(2, 3))).toEqualTypeOf<Matrix<2, 3>>()
  })

  test('bad arguments do not compile', () => {
    // @ts-expect-error no such dtype
    zeros(2, 3).astype('int32')
    // @ts-expect-error an index is no string
    zeros(2, 3).row('0')
    // @ts-expect-error an index is a matrix or an array of numbers
    zeros(2, 3).gatherRows(['0'])
    // @ts-expect-error both bounds
    zeros(2, 3).clip(0)
  })
})

describe('matrices as arguments', () => {
  test('a matrix of known sizes is one of any sizes', () => {
    expectTypeOf<Matrix<2, 3>>().toExtend<Matrix>()
    expectTypeOf(zeros(2, 3).assign).toBeCallableWith(zeros(2, 3))
    const f = (a: Matrix): Matrix => a
    expectTypeOf(f(zeros(2, 3))).toEqualTypeOf<Matrix>()
    expectTypeOf(io.encodeNpy(zeros(2, 3))).toEqualTypeOf<Uint8Array>()
  })

  test('a matrix of other sizes is not one of these', () => {
    const f = <R extends number>(a: Matrix<R, 3>): Matrix<R, 3> => a
    expectTypeOf(f(zeros(2, 3))).toEqualTypeOf<Matrix<2, 3>>()
    // @ts-expect-error 4 columns, wanted 3
    f(zeros(2, 4))
  })

  test('sizes and data are read-only', () => {
    const a = zeros(2, 3)
    // @ts-expect-error read-only
    a.rows = 2
    // @ts-expect-error read-only
    a.data = new Float32Array(6)
  })
})

describe('linear algebra', () => {
  const { cholesky, det, eig, eigh, eigvals, eigvalsh, expm, inv, lstsq, matrixPower, pinv, slogdet, solve } = linalg

  test('the sizes of the results', () => {
    expectTypeOf(inv(zeros(3, 3))).toEqualTypeOf<Matrix<3, 3>>()
    expectTypeOf(cholesky(zeros(3, 3))).toEqualTypeOf<Matrix<3, 3>>()
    expectTypeOf(expm(zeros(3, 3))).toEqualTypeOf<Matrix<3, 3>>()
    expectTypeOf(matrixPower(zeros(3, 3), 2)).toEqualTypeOf<Matrix<3, 3>>()
    expectTypeOf(solve(zeros(3, 3), zeros(3, 2))).toEqualTypeOf<Matrix<3, 2>>()
    expectTypeOf(eigh(zeros(3, 3))).toEqualTypeOf<{ values: Matrix<3, 1>; vectors: Matrix<3, 3> }>()
    expectTypeOf(eigvalsh(zeros(3, 3))).toEqualTypeOf<Matrix<3, 1>>()
    expectTypeOf(eig(zeros(3, 3)).vectors.im).toEqualTypeOf<Matrix<3, 3>>()
    expectTypeOf(eigvals(zeros(3, 3)).re).toEqualTypeOf<Matrix<3, 1>>()
    expectTypeOf(det(zeros(3, 3))).toEqualTypeOf<number>()
    expectTypeOf(slogdet(zeros(3, 3)).sign).toEqualTypeOf<number>()
    expectTypeOf(lstsq(zeros(5, 3), zeros(5, 2)).x).toEqualTypeOf<Matrix<3, 2>>()
    expectTypeOf(pinv(zeros(5, 3))).toEqualTypeOf<Matrix<3, 5>>()
  })

  test('open sizes are accepted, and known where one of them is', () => {
    expectTypeOf(inv(any)).toEqualTypeOf<Matrix>()
    expectTypeOf(inv(zeros(3, n))).toEqualTypeOf<Matrix<3, 3>>()
    expectTypeOf(inv(zeros(n, 3))).toEqualTypeOf<Matrix<3, 3>>()
    expectTypeOf(inv(eye(flag ? 2 : 3))).toEqualTypeOf<Matrix<2 | 3, 2 | 3>>()
    expectTypeOf(solve(any, zeros(3, 2))).toEqualTypeOf<Matrix<3, 2>>()
    expectTypeOf(solve(zeros(3, n), any)).toEqualTypeOf<Matrix<3, number>>()
    expectTypeOf(lstsq(any, zeros(5, 2)).x).toEqualTypeOf<Matrix<number, 2>>()
    expectTypeOf(det(any)).toEqualTypeOf<number>()
  })

  test('a size that is a type parameter is the same as itself', () => {
    const whiten = <N extends number>(a: Matrix<N, N>, x: Matrix<N, 2>): Matrix<N, 2> => solve(cholesky(a.matmul(a)), x)
    expectTypeOf(whiten(zeros(3, 3), zeros(3, 2))).toEqualTypeOf<Matrix<3, 2>>()
  })

  test('sizes that do not fit do not compile', () => {
    // @ts-expect-error inv: a is 2x3, wanted a square matrix
    inv(zeros(2, 3))
    // @ts-expect-error cholesky: a is 2x3, wanted a square matrix
    cholesky(zeros(2, 3))
    // @ts-expect-error expm: a is 2x3, wanted a square matrix
    expm(zeros(2, 3))
    // @ts-expect-error matrixPower: a is 2x3, wanted a square matrix
    matrixPower(zeros(2, 3), 2)
    // @ts-expect-error det: a is 2x3, wanted a square matrix
    det(zeros(2, 3))
    // @ts-expect-error slogdet: a is 2x3, wanted a square matrix
    slogdet(zeros(2, 3))
    // @ts-expect-error eig: a is 2x3, wanted a square matrix
    eig(zeros(2, 3))
    // @ts-expect-error eigvals: a is 2x3, wanted a square matrix
    eigvals(zeros(2, 3))
    // @ts-expect-error eigh: a is 2x3, wanted a square matrix
    eigh(zeros(2, 3))
    // @ts-expect-error eigvalsh: a is 2x3, wanted a square matrix
    eigvalsh(zeros(2, 3))
    // @ts-expect-error solve: a is 2x3, wanted a square matrix
    solve(zeros(2, 3), zeros(2, 1))
    // @ts-expect-error solve: a is 3x3, b is 2x1, wanted as many rows
    solve(zeros(3, 3), zeros(2, 1))
    // @ts-expect-error solve: a is 3x3, b is 2x1, wanted as many rows
    solve(zeros(3, n), zeros(2, 1))
    // @ts-expect-error lstsq: a is 5x3, b is 3x2, wanted as many rows
    lstsq(zeros(5, 3), zeros(3, 2))
    // @ts-expect-error a number is no matrix
    inv(3)
  })
})

describe('sparse matrices', () => {
  const { SparseMatrix } = sparse
  const a = SparseMatrix.fromTriplets(2, 3, [[0, 1, 5]])

  test('shapes follow through', () => {
    expectTypeOf(a).toEqualTypeOf<sparse.SparseMatrix<2, 3>>()
    expectTypeOf(a).toExtend<sparse.SparseMatrix>()
    expectTypeOf(SparseMatrix.fromDense(zeros(2, 3)).T).toEqualTypeOf<sparse.SparseMatrix<3, 2>>()
    expectTypeOf(SparseMatrix.identity(3).toDense()).toEqualTypeOf<Matrix<3, 3>>()
    expectTypeOf(a.rowSums()).toEqualTypeOf<Matrix<2, 1>>()
    expectTypeOf(a.matmul(zeros(3, 5))).toEqualTypeOf<Matrix<2, 5>>()
    expectTypeOf(a.matmul(a.T)).toEqualTypeOf<sparse.SparseMatrix<2, 2>>()
    expectTypeOf(a.matmul(zeros(3, 4))).toEqualTypeOf<Matrix<2, 4>>()
    expectTypeOf(sparse.spmm(a, zeros(3, 4))).toEqualTypeOf<Matrix<2, 4>>()
    expectTypeOf(sparse.matmul(zeros(7, 2), a)).toEqualTypeOf<Matrix<7, 3>>()
    expectTypeOf(sparse.matmul(a, a.T)).toEqualTypeOf<sparse.SparseMatrix<2, 2>>()
  })

  test('sizes that do not fit do not compile', () => {
    // @ts-expect-error 3 columns, 2 rows
    a.matmul(a)
    // @ts-expect-error 3 columns, 4 rows
    a.matmul(zeros(4, 5))
    // @ts-expect-error 3 columns, 2 rows
    sparse.matmul(zeros(3, 3), a)
    // @ts-expect-error another shape
    a.add(a.T)
  })
})

describe('files', () => {
  const bytes = new Uint8Array()

  test('are bytes, and matrices of any sizes', async () => {
    expectTypeOf(io.encodeNpy(zeros(2, 3))).toEqualTypeOf<Uint8Array>()
    expectTypeOf(io.decodeNpy(bytes)).toEqualTypeOf<Matrix>()
    expectTypeOf(io.decodeNpy(bytes.buffer as ArrayBuffer)).toEqualTypeOf<Matrix>()
    expectTypeOf(await io.encodeNpz({ a: zeros(1, 2) }, { compressed: true })).toEqualTypeOf<Uint8Array>()
    const tensors = await io.decodeNpz(bytes, { names: ['a'] })
    expectTypeOf(tensors).toEqualTypeOf<Record<string, Matrix>>()
    const file = io.decodeSafetensors(bytes, { names: ['a'], shapes: { a: [-1, 3] } })
    expectTypeOf(file.tensors).toEqualTypeOf<typeof tensors>()
    expectTypeOf(file.skipped).toEqualTypeOf<io.SkippedTensor[]>()
    expectTypeOf(file.metadata).toEqualTypeOf<Record<string, string>>()
    expectTypeOf(io.encodeSafetensors(tensors, file.metadata)).toEqualTypeOf<Uint8Array>()
  })

  test('of other values do not compile', () => {
    // @ts-expect-error: no matrix
    io.encodeNpy([[1, 2]])
    // @ts-expect-error: a path is no bytes
    io.decodeNpy('weights.npy')
    // @ts-expect-error: a Map is not matrices by name
    io.encodeSafetensors(new Map([['a', zeros(1, 1)]]), { a: 1 })
    // @ts-expect-error: metadata are strings
    io.encodeSafetensors({}, { epoch: 3 })
    // @ts-expect-error: rows and columns
    io.decodeSafetensors(bytes, { shapes: { a: [3] } })
    // @ts-expect-error: no such option
    io.encodeNpz({}, { level: 9 })
  })

  test('messages have the names of what they are of', () => {
    const { message, transfer } = toMessage({ a: zeros(1, 2), list: [1, 'x'] })
    expectTypeOf(message.a).toEqualTypeOf<MatrixMessage>()
    expectTypeOf(message.list).toEqualTypeOf<(string | number)[]>()
    expectTypeOf(transfer).toEqualTypeOf<ArrayBuffer[]>()
    expectTypeOf(fromMessage<{ a: Matrix }>(message).a).toEqualTypeOf<Matrix>()
  })
})
