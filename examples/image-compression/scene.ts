import { fromFunction, type Matrix } from '@matgrad/core'

/** A ball above a chequered floor, size x size, from 0 (black) to 1 (white): a picture with edges, shades and texture. */
export function renderScene(size: number): Matrix {
  const radius = 0.32
  return fromFunction(size, size, (i, j) => {
    const x = (2 * j) / (size - 1) - 1
    const y = 1 - (2 * i) / (size - 1)
    const height = y - 0.12
    const square = x * x + height * height
    if (square < radius * radius) {
      const z = Math.sqrt(radius * radius - square)
      const light = (-0.5 * x + 0.6 * height + 0.62 * z) / radius
      return Math.min(1, 0.12 + 0.7 * Math.max(0, light) + 0.5 * Math.max(0, light) ** 24)
    }
    if (y > -0.25) return 0.75 - 0.25 * y
    const depth = 0.5 / -(y + 0.1)
    const chequered = (Math.floor(3 * x * depth) + Math.floor(4 * depth)) % 2 === 0
    const shadow = Math.exp(-12 * ((x - 0.15) ** 2 + 4 * (y + 0.42) ** 2))
    return (chequered ? 0.85 : 0.25) * (1 - 0.7 * shadow)
  })
}
