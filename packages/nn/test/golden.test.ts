// Files that version 0.1.0 wrote. What fails here cannot read what users have.

import { getDefaultGenerator, io, type Matrix } from '@matgrad/core'
import { decodeCheckpoint, fromJSON } from '@matgrad/nn'
import { expect, test } from 'vitest'
import { readBytes, readJson } from '../../../fixtures/read.ts'
import { arrays, filled, trained, training } from './golden.ts'
import { bitsOf } from './support.ts'

const read = (name: string): Promise<Uint8Array> => readBytes(`golden/${name}`)

/** Every element, with the sign of 0, and the shape, which arrays of nothing do not show. */
const all = (matrices: Readonly<Record<string, Matrix>>) =>
  Object.entries(matrices).map(([name, { shape, data }]) => ({ name, shape, data }))

test('array.npy', async () => {
  expect(all({ wide: io.decodeNpy(await read('array.npy')) })).toEqual(all({ wide: filled(2, 3, 'float64') }))
})

test.each(['stored', 'deflated'])('%s.npz', async (name) => {
  expect(all(await io.decodeNpz(await read(`${name}.npz`)))).toEqual(all(arrays()))
})

test('tensors.safetensors', async () => {
  const { tensors, metadata, skipped } = io.decodeSafetensors(await read('tensors.safetensors'))
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)
  expect(all(tensors).sort(byName)).toEqual(all(arrays()).sort(byName))
  expect([metadata, skipped]).toEqual([{ note: 'ä' }, []])
})

test('model.safetensors', async () => {
  const { model } = training()
  for (const parameter of model.parameters()) parameter.value.assign(parameter.value.mul(0))
  model.loadStateDict(io.decodeSafetensors(await read('model.safetensors')).tensors)
  expect(bitsOf(model)).toEqual(bitsOf(training().model))
})

test('model.json', async () => {
  const model = fromJSON(await readJson('golden/model.json'))
  expect(bitsOf(model)).toEqual(bitsOf(training().model))
  expect(model.summary()).toBe(training().model.summary())
})

test('checkpoint.safetensors', async () => {
  const general = getDefaultGenerator()
  const { state } = general
  const [into, wanted] = [training(), trained()]
  const { epoch, batch, history } = decodeCheckpoint(await read('checkpoint.safetensors'), into)
  general.state = state
  expect([epoch, batch, history]).toEqual([2, 0, { loss: [0.5, Number.NaN] }])
  expect(bitsOf(into.model)).toEqual(bitsOf(wanted.model))
  const [{ groups, matrices }, own] = [into.optimizer.stateDict(), wanted.optimizer.stateDict()]
  expect([groups, all(matrices)]).toEqual([own.groups, all(own.matrices)])
  expect(into.scheduler.stateDict()).toEqual(wanted.scheduler.stateDict())
  expect(into.generator.state).toEqual(wanted.generator.state)
})
