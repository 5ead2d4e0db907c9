import { expect, test } from 'vitest'
import { outputOf } from '../../../core/test/node/output.ts'

test('5,000 steps, 300 other derivatives and a tape of 100,000 operations grow the heap by less than 2 MB each', async () => {
  const output = await outputOf(new URL('./memory.ts', import.meta.url), { nodeOptions: ['--expose-gc'] })
  const grown = JSON.parse(output) as Record<string, number>
  expect(Object.keys(grown)).toEqual(['forward', 'backward', 'accumulate', 'transforms', 'tape'])
  for (const [name, bytesGrown] of Object.entries(grown)) expect(bytesGrown, name).toBeLessThan(2e6)
})

// V8 collects once 64 MB outside its heap have come since the last time, while as many more may come.
test.each<[what: string, kind: string, bytes: number]>([
  ['60 dropped programs of 4 MB for two threads take less than 150 MB', 'own', 150e6],
  ['250 with a parameter in common, each with a result of 1 MB, take less than 150 MB', 'shared', 150e6],
])('in a job that never yields, %s', async (_, kind, bytes) => {
  const script = new URL('./dropped-memory.ts', import.meta.url)
  expect(Number(await outputOf(script, { args: [kind] }))).toBeLessThan(bytes)
})
