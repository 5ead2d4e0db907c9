// How far elementary functions are from their exact values, which fixtures/core/ulps.py wrote.

import { io, type Matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { readBytes } from '../../../fixtures/read.ts'
import { DTYPES } from './support.ts'

const LIMITS = { float64: 2, float32: 1.5 }

/** The distance between the numbers of a dtype around y. */
function unitAt(y: number, dtype: keyof typeof LIMITS): number {
  const [bits, lowest] = dtype === 'float64' ? [52, -1074] : [23, -149]
  const exponent = y === 0 ? lowest : Math.floor(Math.log2(Math.abs(y)))
  const exact = 2 ** exponent > Math.abs(y) ? exponent - 1 : exponent
  return 2 ** Math.max(exact - bits, lowest)
}

describe.each(DTYPES)('%s', (dtype) => {
  test.each(['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tanh', 'sigmoid', 'softplus'] as const)(
    `%s is within ${LIMITS[dtype]} ulp of the exact value over the whole range`,
    async (name) => {
      const table: Matrix = io.decodeNpy(await readBytes(`core/ulps/${name}-${dtype}.npy`))
      expect(table.shape).toEqual([600, 3])
      const result = table.col(0).astype(dtype)[name]()
      for (let i = 0; i < table.rows; i++) {
        const [x, y, rest] = table.row(i).data
        const off = Math.abs(result.data[i] - y - rest) / unitAt(y, dtype)
        if (!(off <= LIMITS[dtype])) expect.fail(`${name}(${x}) is ${result.data[i]}, wanted ${y}: ${off} ulp`)
      }
    },
  )
})
