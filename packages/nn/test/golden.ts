// What the files in fixtures/golden have, which this version wrote and every later one reads.

import { fromFunction, Generator, io, type Matrix } from '@matgrad/core'
import { Adam, BatchNorm1d, Linear, type Module, PReLU, Sequential, StepLR } from '@matgrad/nn'

/** Numbers that are not rounded: thirds of none, but halves, quarters and so on. */
export const filled = (rows: number, cols: number, dtype: 'float32' | 'float64', first = 0): Matrix =>
  fromFunction(rows, cols, (i, j) => (first + i * cols + j) / 8 - 1, { dtype })

const { NaN: nan, NEGATIVE_INFINITY: low } = Number

/** The matrices in arrays.npz, the first of which is in array.npy. */
export const arrays = (): Record<string, Matrix> => ({
  wide: filled(2, 3, 'float64'),
  narrow: filled(3, 2, 'float32', 5),
  odd: fromFunction(1, 4, (_, j) => [nan, low, -0, 2 ** -1074][j], { dtype: 'float64' }),
  none: filled(0, 3, 'float32'),
})

/** A model, all of whose parameters and buffers are numbers from −1 on by eighths, and what trains it. */
export function training(): {
  readonly model: Module
  readonly optimizer: Adam
  readonly scheduler: StepLR
  readonly generator: Generator
} {
  const model = new Sequential(
    new Linear(2, 3),
    new BatchNorm1d(3),
    new PReLU(),
    new Linear(3, 1, { dtype: 'float32' }),
  )
  let first = 0
  const state = Object.entries(model.stateDict()).map(([name, { rows, cols, dtype }]) => {
    first += rows * cols
    return [name, name.endsWith('runningVar') ? filled(rows, cols, dtype, 16) : filled(rows, cols, dtype, first % 16)]
  })
  model.loadStateDict(Object.fromEntries(state))
  const optimizer = new Adam(model.parameters(), { lr: 0.125 })
  return { model, optimizer, scheduler: new StepLR(optimizer, { stepSize: 2 }), generator: new Generator('golden') }
}

/** After a step whose gradients are what the parameters are. */
export function trained(): ReturnType<typeof training> {
  const made = training()
  for (const parameter of made.model.parameters()) parameter.grad = parameter.value.clone()
  made.optimizer.step()
  made.scheduler.step()
  made.optimizer.zeroGrad()
  return made
}

/** The files, by name, as this version writes them. */
export async function write(): Promise<Record<string, Uint8Array>> {
  const { encodeCheckpoint } = await import('@matgrad/nn')
  const { model } = training()
  const history = { loss: [0.5, nan] }
  return {
    'array.npy': io.encodeNpy(arrays().wide),
    'stored.npz': await io.encodeNpz(arrays()),
    'deflated.npz': await io.encodeNpz(arrays(), { compressed: true }),
    'tensors.safetensors': io.encodeSafetensors(arrays(), { note: 'ä' }),
    'model.safetensors': io.encodeSafetensors(model.stateDict(), { format: 'matgrad' }),
    'model.json': new TextEncoder().encode(`${JSON.stringify(model)}\n`),
    'checkpoint.safetensors': encodeCheckpoint({ ...trained(), epoch: 2, history }),
  }
}
