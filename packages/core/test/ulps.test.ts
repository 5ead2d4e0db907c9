// How far elementary functions are from their exact values, which fixtures/core/ulps.py wrote.

import { io, type Matrix } from '@matgrad/core'
import { describe, expect, test } from 'vitest'
import { readBytes } from '../../../fixtures/read.ts'
import { DTYPES, elementwise } from './support.ts'

const LIMITS = { float64: 2, float32: 1.5 }

/** The distance between the numbers of a dtype around y. */
function unitAt(y: number, dtype: keyof typeof LIMITS): number {
  const [bits, lowest] = dtype === 'float64' ? [52, -1074] : [23, -149]
  const exponent = y === 0 ? lowest : Math.floor(Math.log2(Math.abs(y)))
  const exact = 2 ** exponent > Math.abs(y) ? exponent - 1 : exponent
  return 2 ** Math.max(exact - bits, lowest)
}

/** What a file's columns of arguments go through, by the file's name. */
const FUNCTIONS: Readonly<Record<string, (x: Matrix, y: Matrix) => Matrix>> = {
  exp: (x) => x.exp(),
  expm1: (x) => x.expm1(),
  log: (x) => x.log(),
  log2: (x) => x.log2(),
  log10: (x) => x.log10(),
  log1p: (x) => x.log1p(),
  sin: (x) => x.sin(),
  cos: (x) => x.cos(),
  tan: (x) => x.tan(),
  asin: (x) => x.asin(),
  acos: (x) => x.acos(),
  atan: (x) => x.atan(),
  sinh: (x) => x.sinh(),
  cosh: (x) => x.cosh(),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  silu: (x) => x.silu(),
  elu: (x) => x.elu(),
  'elu-1.75': (x) => x.elu(1.75),
  erf: (x) => x.erf(),
  gelu: (x) => x.gelu(),
  'gelu-tanh': (x) => x.gelu({ approximate: 'tanh' }),
  softplus: (x) => x.softplus(),
  pow: (x, y) => x.pow(y),
  atan2: (y, x) => y.atan2(x),
  logAddExp: (x, y) => x.logAddExp(y),
}

/** Sums whose terms may cancel are within an ulp of this, where they are less. */
const LEAST: Readonly<Record<string, number>> = { logAddExp: 1 }

/** Computed without rounding, or with one. */
const EXACT = [
  ...['neg', 'abs', 'sign', 'sqrt', 'square', 'reciprocal', 'relu', 'leakyRelu', 'floor', 'ceil', 'trunc', 'round'],
  ...['isNaN', 'isFinite', 'add', 'sub', 'mul', 'div', 'mod', 'maximum', 'minimum'],
  ...['less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual'],
]

test('every element-wise function that is rounded more than once has exact values', () => {
  const known = [...EXACT, ...Object.keys(FUNCTIONS)]
  const missing = [...elementwise(1), ...elementwise(2)].filter((name) => !known.includes(name))
  expect(missing, 'want a line in fixtures/core/ulps.py and one in FUNCTIONS, or their name in EXACT').toEqual([])
})

describe.each(DTYPES)('%s', (dtype) => {
  test.each(Object.entries(FUNCTIONS))(
    `%s is within ${LIMITS[dtype]} ulp of the exact value over the whole range`,
    async (name, compute) => {
      const table: Matrix = io.decodeNpy(await readBytes(`core/ulps/${name}-${dtype}.npy`))
      expect(table.cols).toBe(compute.length + 2)
      // Of one number there are the ends of the dtype where it is defined, too: four of each sign.
      const [fewest, most] = compute.length === 1 ? [604, 608] : [600, 600]
      expect(table.rows).toBeGreaterThanOrEqual(fewest)
      expect(table.rows).toBeLessThanOrEqual(most)
      const result = compute(table.col(0).astype(dtype), table.col(1).astype(dtype))
      for (let i = 0; i < table.rows; i++) {
        const row = Array.from(table.row(i).data)
        const [y, rest] = row.slice(-2)
        const off = Math.abs(result.data[i] - y - rest) / unitAt(Math.max(Math.abs(y), LEAST[name] ?? 0), dtype)
        if (!(off <= LIMITS[dtype]))
          expect.fail(`${name}(${row.slice(0, -2)}) is ${result.data[i]}, wanted ${y}: ${off} ulp`)
      }
    },
  )
})
