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

test.each([
  { what: '120 dropped programs of 4 MB for two threads', kind: 'own', megabytes: 100 },
  {
    what: '250 dropped programs with a parameter in common, each with a result of 1 MB',
    kind: 'shared',
    megabytes: 50,
  },
])('$what, in a job that never yields, take less than $megabytes MB', ({ kind, megabytes }) => {
  const script = fileURLToPath(new URL('./dropped-memory.ts', import.meta.url))
  const options = ['--conditions=@matgrad/source', '--import', 'tsx', script, kind]
  expect(Number(execFileSync(process.execPath, options, { encoding: 'utf8' }))).toBeLessThan(megabytes * 1e6)
})
