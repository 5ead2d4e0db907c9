import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('20,000 steps grow the heap by less than 2 MB, differentiated or not', () => {
  const grown = JSON.parse(
    execFileSync(
      process.execPath,
      [
        ...['--expose-gc', '--conditions=@matgrad/source', '--import', 'tsx'],
        fileURLToPath(new URL('./memory.ts', import.meta.url)),
      ],
      { encoding: 'utf8' },
    ),
  ) as Record<string, number>
  expect(Object.keys(grown)).toEqual(['forward', 'backward', 'accumulate'])
  for (const [name, bytesGrown] of Object.entries(grown)) expect(bytesGrown, name).toBeLessThan(2e6)
})

test.each<[what: string, kind: string, bytes: number]>([
  ['120 dropped programs of 4 MB for two threads take less than 100 MB', 'own', 100e6],
  ['250 with a parameter in common, each with a result of 1 MB, take less than 50 MB', 'shared', 50e6],
])('in a job that never yields, %s', (_, kind, bytes) => {
  const script = fileURLToPath(new URL('./dropped-memory.ts', import.meta.url))
  const options = ['--conditions=@matgrad/source', '--import', 'tsx', script, kind]
  expect(Number(execFileSync(process.execPath, options, { encoding: 'utf8' }))).toBeLessThan(bytes)
})
