// A picture as the sum of its largest singular values: how few numbers it takes, and how far off that is.

import { linalg, type Matrix } from '@matgrad/core'
import { plot } from '@matgrad/nn'
import { outputFolder, savePng } from '../output.ts'
import { renderScene } from './scene.ts'

const SIZE = 256
const RANKS = [1, 2, 5, 10, 20, 50, 100]

const folder = outputFolder('image-compression')

const picture = renderScene(SIZE).astype('float64')
const show = (pixels: Matrix) => plot.heatmap(pixels, { colorMap: 'gray', range: [0, 1] })
await savePng(folder, 'original.png', show(picture))

const singularValues = linalg.svdvals(picture).data
const size = linalg.norm(picture)

console.log(
  `A picture of ${SIZE}x${SIZE} is ${SIZE * SIZE} numbers. Its best approximation of rank k takes ${2 * SIZE + 1}·k.\n`,
)
console.log('rank  numbers  error (Frobenius)  predicted   error (spectral)  predicted')
for (const rank of RANKS) {
  const { U, S, Vh } = linalg.truncatedSvd(picture, rank)
  const approximation = U.mul(S.T).matmul(Vh)
  await savePng(folder, `rank-${String(rank).padStart(3, '0')}.png`, show(approximation))
  const rest = picture.sub(approximation)
  // Eckart and Young: no matrix of this rank is closer, and the singular values left out tell how close it is.
  const predicted = Math.hypot(...singularValues.subarray(rank)) / size
  const row = [
    String(rank).padStart(4),
    `${((100 * rank * (2 * SIZE + 1)) / SIZE ** 2).toFixed(1)} %`.padStart(8),
    (linalg.norm(rest) / size).toExponential(6).padStart(18),
    predicted.toExponential(6).padStart(13),
    (linalg.norm(rest, 2) / size).toExponential(6).padStart(14),
    (singularValues[rank] / size).toExponential(6).padStart(13),
  ]
  console.log(row.join(' '))
}

const errors = Array.from({ length: 60 }, (_, k) => Math.hypot(...singularValues.subarray(k + 1)) / size)
console.log()
console.log(plot.lines({ 'relative error': errors }, { xLabel: 'rank', start: 1, yScale: 'log' }))
console.log(`\npictures in ${folder}`)
