// A rule of linear algebra that is wrong is caught by the row of its operation.

import { gradcheck, type Op, type Rule } from '@matgrad/autograd'
import { MatgradError } from '@matgrad/core'
import { linalgOperations } from '@matgrad/core/internal'
import { expect, test } from 'vitest'
import { linalgRows } from './linalg-rows.ts'

const operations = Object.entries(linalgOperations) as unknown as [string, Op][]

/** The rows that reach the rules of an operation, where these are not its own. */
const elsewhere: Readonly<Record<string, string>> = { lstsqResiduals: 'lstsq', quotient: 'eigh' }

const casesOf = (name: string) =>
  linalgRows.filter((row) => row.name === (elsewhere[name] ?? name)).flatMap(({ cases }) => cases)

test('each operation with a derivative has a row of five cases and more', () => {
  for (const [name, { vjp }] of operations)
    if (vjp.some((rule) => rule !== null)) expect(casesOf(name).length, name).toBeGreaterThanOrEqual(5)
})

/** Whether gradcheck finds something in the cases of a row, of orders up to 2, while its operation has another rule. */
function isCaught(name: string, op: Op, i: number, corrupt: Rule): boolean {
  const { vjp } = op
  Object.assign(op, { vjp: vjp.map((rule, at) => (at === i ? corrupt : rule)) })
  try {
    return casesOf(name).some(({ f, args }) => {
      try {
        gradcheck(f, args, { order: name === 'quotient' ? 2 : 1 })
        return false
      } catch (error) {
        if (!(error instanceof MatgradError)) throw error
        return true
      }
    })
  } finally {
    Object.assign(op, { vjp })
  }
}

const corruptions: Readonly<Record<string, (rule: Rule) => Rule>> = {
  '0.1 % too large':
    (rule) =>
    (...of) =>
      rule(...of).mul(1.001),
  '0.1 % too small':
    (rule) =>
    (...of) =>
      rule(...of).mul(0.999),
  'of the wrong sign':
    (rule) =>
    (...of) =>
      rule(...of).neg(),
  zero:
    (rule) =>
    (...of) =>
      rule(...of).mul(0),
  'with its elements in another order':
    (rule) =>
    (...of) => {
      const g = rule(...of)
      return g.flipRows().flipCols()
    },
}

test.each(
  operations.flatMap(([name, op]) =>
    op.vjp.flatMap((rule, i) =>
      rule === null
        ? []
        : Object.entries(corruptions).map(
            ([title, corrupt]) => [`${name}, input ${i}: ${title}`, name, op, i, corrupt(rule)] as const,
          ),
    ),
  ),
)('%s', (_title, name, op, i, corrupt) => {
  expect(isCaught(name, op, i, corrupt)).toBe(true)
})

test('without a corruption none of these is caught', () => {
  for (const [name, op] of operations)
    for (const [i, rule] of op.vjp.entries()) if (rule !== null) expect(isCaught(name, op, i, rule), name).toBe(false)
})
