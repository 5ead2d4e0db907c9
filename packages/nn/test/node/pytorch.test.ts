// State dicts of PyTorch, which fixtures/nn/pytorch.py wrote, both ways.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Variable } from '@matgrad/autograd'
import { concat, FormatError, io, MatgradError, matrix, ShapeError } from '@matgrad/core'
import {
  BatchNorm1d,
  Embedding,
  GELU,
  LayerNorm,
  Linear,
  Module,
  ModuleDict,
  PReLU,
  predict,
  ReLU,
  Sequential,
  Softmax,
} from '@matgrad/nn'
import { loadModel, loadTensors, saveModel } from '@matgrad/nn/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readJson } from '../../../../fixtures/read.ts'

class Block extends Module {
  hidden = new Linear(5, 7)
  norm = new BatchNorm1d(7)
  heads = new ModuleDict({ a: new Linear(7, 1), b: new Linear(7, 2, { bias: false }) })

  override forward(x: Variable): Variable {
    const h = this.norm.forward(this.hidden.forward(x)).tanh()
    return concat([this.heads.get('a').forward(h), this.heads.get('b').forward(h)], 1) as Variable
  }
}

const models: Readonly<Record<string, () => Module>> = {
  mlp: () => new Sequential(new Linear(4, 16), new ReLU(), new Linear(16, 3)),
  norms: () =>
    new Sequential(
      new Linear(4, 6),
      new BatchNorm1d(6),
      new PReLU(6),
      new LayerNorm(6),
      new BatchNorm1d(6, { momentum: null }),
      new PReLU(),
      new BatchNorm1d(6, { affine: false }),
      new Linear(6, 1),
    ),
  double: () =>
    new Sequential(new Linear(4, 3, { dtype: 'float64' }), new BatchNorm1d(3, { dtype: 'float64' }), new GELU()),
  block: () => new Block(),
}
/** Its Flatten makes the numbers of its layers others. */
const embedding = (): Module => new Sequential(new Embedding(9, 4), new Linear(4, 2), new Softmax())

interface Result {
  readonly x: number[][]
  readonly y: number[][]
}

const folder = new URL('../../../../fixtures/nn/pytorch/', import.meta.url)
const results = (await readJson('nn/pytorch/results.json')) as Readonly<Record<string, Result>>
const fileOf = (name: string): string => fileURLToPath(new URL(`${name}.safetensors`, folder))

/** What a file has under each name: type, shape and bytes. */
async function contentsOf(path: string): Promise<Record<string, unknown>> {
  const bytes = await readFile(path)
  const length = Number(bytes.readBigUInt64LE(0))
  const { __metadata__, ...header } = JSON.parse(bytes.toString('utf8', 8, 8 + length))
  const entries = Object.entries(header as Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>)
  return Object.fromEntries([
    ['__metadata__', __metadata__],
    ...entries.map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => [name, { dtype, shape, data: bytes.toString('hex', 8 + length + begin, 8 + length + end) }],
    ),
  ])
}

let place = ''
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'matgrad-'))
})
afterAll(() => rm(place, { recursive: true }))

describe("PyTorch's state dict", () => {
  test.each(Object.keys(models))(
    '%s: loaded it gives what PyTorch gives within 1e-6, and saved it is the same file',
    async (name) => {
      const model = models[name]()
      await loadModel(fileOf(name), model)
      const { x, y } = results[name]
      const dtype = name === 'double' ? 'float64' : 'float32'
      const bound = name === 'double' ? 1e-14 : 1e-6
      expect(predict(model, matrix(x, { dtype })).allClose(matrix(y, { dtype }), { rtol: bound, atol: bound })).toBe(
        true,
      )
      const path = join(place, 'saved.safetensors')
      await saveModel(path, model, { format: 'pytorch' })
      const [saved, theirs] = [await contentsOf(path), await contentsOf(fileOf(name))]
      // Where no momentum asks for it, the number of batches is not kept.
      for (const [key, each] of Object.entries(theirs))
        if (key.endsWith('num_batches_tracked') && key !== '4.num_batches_tracked')
          Object.assign(each as object, { data: '0000000000000000' })
      expect(saved).toEqual(theirs)
      const again = models[name]()
      await loadModel(path, again)
      expect(again.stateDict()).toEqual(model.stateDict())
    },
  )

  test('names of layers that are others are said to be', async () => {
    await expect(loadModel(fileOf('embedding'), embedding())).rejects.toThrow('missing 1.weight, 1.bias; unexpected')
    const { tensors } = await loadTensors(fileOf('embedding'))
    const model = embedding()
    model.loadStateDict({
      '0.weight': tensors['0.weight'],
      '1.weight': tensors['2.weight'],
      '1.bias': tensors['2.bias'],
    })
    const { x, y } = results.embedding
    expect(predict(model, matrix(x)).allClose(matrix(y), { rtol: 1e-6 })).toBe(true)
  })

  test('a file in our format is as it was, and options are checked', async () => {
    const model = models.norms()
    const path = join(place, 'ours.safetensors')
    await saveModel(path, model)
    expect(Object.keys((await loadTensors(path)).tensors)).toEqual(expect.arrayContaining(['1.runningMean', '0.bias']))
    await expect(saveModel(path, model, { format: 'onnx' as 'pytorch' })).rejects.toThrow(
      "wanted 'matgrad' or 'pytorch'",
    )
    await expect(loadModel(fileOf('mlp'), models.norms())).rejects.toThrow('loadModel: ')
  })
})

describe('loadTensors', () => {
  const write = async (
    tensors: Record<string, [dtype: string, shape: number[], data: Uint8Array]>,
  ): Promise<string> => {
    let end = 0
    const header = Object.fromEntries(
      Object.entries(tensors).map(([name, [dtype, shape, { length }]]) => {
        end += length
        return [name, { dtype, shape, data_offsets: [end - length, end] }]
      }),
    )
    const json = Buffer.from(JSON.stringify(header))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    const path = join(place, 'others.safetensors')
    await writeFile(path, Buffer.concat([length, json, ...Object.values(tensors).map(([, , data]) => data)]))
    return path
  }
  const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

  test('reads what it can, says what it left out and why, and makes rows and columns of more dimensions where asked to', async () => {
    const path = await write({
      kernel: ['F32', [2, 1, 3, 1, 2], floats(...Array.from({ length: 12 }, (_, i) => i))],
      cube: ['F32', [2, 2, 2], floats(1, 2, 3, 4, 5, 6, 7, 8)],
      flat: ['F32', [3], floats(1, 2, 3)],
      large: ['I64', [1], new Uint8Array(BigInt64Array.of(2n ** 53n + 1n).buffer)],
      strange: ['F8_E4M3', [4], Uint8Array.of(1, 2, 3, 4)],
    })
    const { tensors, skipped } = await loadTensors(path)
    expect(Object.keys(tensors)).toEqual(['flat'])
    expect(skipped.map(({ name }) => name)).toEqual(['kernel', 'cube', 'large', 'strange'])
    const { tensors: some, skipped: none } = await loadTensors(path, {
      names: ['cube', 'flat'],
      shapes: { cube: [-1, 2], flat: [3, 1] },
    })
    expect(none).toEqual([])
    expect(some.cube.toArray()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ])
    expect(some.flat.toArray()).toEqual([[1], [2], [3]])
    const { tensors: all } = await loadTensors(path, { shapes: { kernel: [4, -1] } })
    expect(all.kernel.shape).toEqual([4, 3])
    for (const [options, type, message] of [
      [
        { names: ['cubes'] },
        MatgradError,
        'the file has no tensor cubes, wanted one of kernel, cube, flat, large, strange: did you mean cube?',
      ],
      [{ shapes: { cube: [3, -1] } }, ShapeError, 'cube is (2, 2, 2), wanted sizes of 8 elements, not [3, -1]'],
      [{ shapes: { cube: [-1, -1] } }, ShapeError, 'cube is (2, 2, 2), wanted sizes of 8 elements'],
      [{ shapes: { cube: 8 } }, ShapeError, 'the shape of cube is 8, wanted [rows, cols]'],
    ] as const) {
      const failing = loadTensors(path, options as never)
      await expect(failing).rejects.toThrow(type)
      await expect(failing).rejects.toThrow(message)
    }
    await writeFile(path, 'none')
    await expect(loadTensors(path)).rejects.toThrow(FormatError)
    await expect(loadTensors(path)).rejects.toThrow(`loadTensors: `)
  })

  test('an empty tensor keeps its sizes', () => {
    const bytes = io.encodeSafetensors({ a: matrix([], 0, 3) })
    expect(io.decodeSafetensors(bytes, { shapes: { a: [3, 0] } }).tensors.a.shape).toEqual([3, 0])
  })
})
