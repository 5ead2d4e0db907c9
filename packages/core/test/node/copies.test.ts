// Two copies of the package in one program: what one makes is named as the other's where it is refused.

import * as core from '@matgrad/core'
import { describe, expect, test, vi } from 'vitest'

vi.resetModules()
const other: typeof core = await import('@matgrad/core')

// biome-ignore lint/suspicious/noExplicitAny: the types of both copies are the same
const a: any = core.eye(2)
const b = other.eye(2)

const calls: readonly (readonly [name: string, call: () => unknown])[] = [
  ['add', () => a.add(b)],
  ['add', () => core.add(b, a)],
  ['where', () => a.where(a, b)],
  ['matmul', () => a.matmul(b)],
  ['affine', () => a.affine(a, b)],
  ['outer', () => core.eye(1).outer(b)],
  ['kron', () => a.kron(b)],
  ['concat', () => core.concat([a, b], 0)],
  ['gatherRows', () => a.gatherRows(b)],
  ['gatherCols', () => a.gatherCols(b)],
  ['mod', () => core.mod(2, b)],
  ['sum', () => core.sum(b)],
  ['cumprod', () => core.cumprod(b)],
  ['assign', () => a.assign(b)],
  ['equals', () => a.equals(b)],
  ['allClose', () => a.allClose(b)],
  ['inv', () => core.linalg.inv(b)],
  ['solve', () => core.linalg.solve(a, b)],
  ['fromDense', () => core.sparse.SparseMatrix.fromDense(b)],
  ['matmul', () => core.sparse.SparseMatrix.fromDense(a).matmul(b)],
  ['encodeNpy', () => core.io.encodeNpy(b)],
  ['encodeSafetensors', () => core.io.encodeSafetensors({ b })],
  ['shuffle', () => new core.Generator(0).shuffle(b)],
]

describe('a matrix from another copy of the package is refused and named', () => {
  test.each(calls.map(([name, call], i) => [`${name} (${i})`, name, call] as const))('%s', (_title, name, call) => {
    expect(call).toThrow(core.DTypeError)
    expect(call).toThrow(`${name}: `)
    expect(call).toThrow('Matrix from another copy of @matgrad/core, of which two are loaded, wanted ')
  })

  test('so is a generator', () => {
    expect(() => core.rand(1, 1, { generator: new other.Generator(1) as unknown as core.Generator })).toThrow(
      'rand: generator is Generator from another copy of @matgrad/core, of which two are loaded, wanted a Generator',
    )
  })

  test('what is of this copy, or of neither, is named as before', () => {
    class Matrix {}
    expect(() => a.add(new Matrix())).toThrow('add: operand 2 is Matrix, wanted a Matrix or a number')
    expect(() => a.sum(a)).toThrow('sum: axis is Matrix, wanted 0, 1 or none')
  })
})
