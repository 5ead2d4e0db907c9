// It trains sample by sample, from its own initial weights and by its own rules: only its time can be compared.

import brain from 'brain.js'
import { versionOf } from '../harness/version.js'

export function start() {
  return {
    about: `brain.js ${versionOf('brain.js')}`,
    input: (data, rows, cols) => Array.from({ length: rows }, (_, i) => [...data.slice(i * cols, (i + 1) * cols)]),
    ops: {
      train(x, y, ...others) {
        const { sizes, activation, lr, momentum } = others.at(-1)
        const hiddenLayers = sizes.slice(1, -1)
        const net = new brain.NeuralNetwork({ hiddenLayers, activation, learningRate: lr, momentum })
        const samples = x.map((input, i) => ({ input, output: y[i] }))
        const { data } = net.prepTraining(samples, {})
        return () => {
          net.trainPatterns(data)
          return { net, samples }
        }
      },
      /** A whole training; its thresholds of the error are such that it never stops before. */
      training(x, y, { sizes, activation, passes, lr, momentum }) {
        const samples = x.map((input, i) => ({ input, output: y[i] }))
        return () => {
          const net = new brain.NeuralNetwork({ hiddenLayers: sizes.slice(1, -1), activation })
          const { error } = net.train(samples, {
            ...{ learningRate: lr, momentum, iterations: passes },
            errorThresh: Number.MIN_VALUE,
          })
          return error
        }
      },
    },
    output(result) {
      if (typeof result === 'number') return [result]
      const { net, samples } = result
      const squares = samples.map(({ input, output }) => (net.run(input)[0] - output[0]) ** 2)
      return [squares.reduce((sum, square) => sum + square) / squares.length]
    },
  }
}
