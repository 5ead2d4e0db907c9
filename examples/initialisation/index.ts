// What becomes of signals and gradients in a deep network before it has learnt anything, by how its weights were drawn
// (Glorot & Bengio 2010; He et al. 2015; Saxe et al. 2014).

import { constant, type Variable, variable } from '@matgrad/autograd'
import { type Matrix, manualSeed, randn, zeros } from '@matgrad/core'
import { init } from '@matgrad/nn'

const DEPTH = 20
const WIDTH = 128
const SAMPLES = 256
/** The layers that the tables show. */
const SHOWN = [1, 5, 10, 15, 20]

/** Initialisers by name; the gain makes up for what the nonlinearity takes away. */
const initializers = (nonlinearity: 'tanh' | 'relu', gain: number): Record<string, init.Initializer> => ({
  'normal, std 0.01': init.normal(0, 0.01),
  'normal, std 1': init.normal(0, 1),
  'uniform ±1/√n': init.uniform(-1 / Math.sqrt(WIDTH), 1 / Math.sqrt(WIDTH)),
  Xavier: init.xavierUniform(),
  Kaiming: init.kaimingUniform({ nonlinearity }),
  orthogonal: init.orthogonal({ gain }),
})

/** The standard deviations of what leaves each layer, and of the gradients that come back to it. */
function spread(initializer: init.Initializer, nonlinearity: (x: Variable) => Variable) {
  const generator = manualSeed(1)
  const activations: Variable[] = []
  // The gradient that reaches a layer is that of whatever is added to its sum: here nothing, in a variable of its own.
  const nothing = Array.from({ length: DEPTH }, () => variable(zeros(SAMPLES, WIDTH)))
  let signal: Variable = constant(randn(SAMPLES, WIDTH))
  for (const added of nothing) {
    const weight = initializer(WIDTH, WIDTH, generator)
    signal = nonlinearity(signal.matmul(weight, { transposeB: true }).add(added))
    activations.push(signal)
  }
  // Random gradients of deviation 1 arrive at the top, as those of some loss would.
  signal.mul(randn(SAMPLES, WIDTH)).sum().backward()
  const rms = (values: Matrix): number => Math.sqrt(values.square().mean().item())
  return {
    forward: activations.map(({ value }) => rms(value)),
    backward: nothing.map(({ grad }) => rms(grad ?? zeros(1, 1))),
  }
}

const line = (name: string, cells: readonly string[]): string =>
  name.padEnd(18) + cells.map((cell) => cell.padStart(9)).join('')

const short = (value: number): string => (value > 0.001 && value < 1000 ? value.toFixed(3) : value.toExponential(1))

console.log(
  `${DEPTH} layers of ${WIDTH}, ${SAMPLES} samples of deviation 1, random gradients of deviation 1 at the top`,
)
for (const [name, nonlinearity, gain] of [
  ['tanh', (x: Variable) => x.tanh(), 1],
  ['relu', (x: Variable) => x.relu(), Math.SQRT2],
] as const) {
  const found = Object.entries(initializers(name, gain)).map(([way, initializer]) => ({
    way,
    ...spread(initializer, nonlinearity),
  }))
  for (const [title, direction] of [
    ['root mean square of the activations', 'forward'],
    ['root mean square of the gradients', 'backward'],
  ] as const) {
    console.log(`\n${name}: ${title}\n${line('layer', SHOWN.map(String))}`)
    for (const { way, [direction]: deviations } of found)
      console.log(
        line(
          way,
          SHOWN.map((layer) => short(deviations[layer - 1])),
        ),
      )
  }
}
