// Examples that must not depend on luck, with other seeds than their own.

import { expect, test, vi } from 'vitest'

const seeds = vi.hoisted(() => ({ present: 0 }))

vi.mock('@matgrad/core', async (original) => {
  const core = await original<typeof import('@matgrad/core')>()
  return { ...core, manualSeed: () => core.manualSeed(seeds.present) }
})

/** What an example prints when it starts from this seed instead of its own. */
async function outputOf(name: string, seed: number): Promise<string> {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => lines.push(String(line)))
  seeds.present = seed
  // Another address each time, so that it runs again.
  const address = `${new URL(`../${name}/index.ts`, import.meta.url)}?seed=${seed}`
  await import(address).finally(() => log.mockRestore())
  return lines.join('\n')
}

test('xor: all four answers within 0.001 from each of 10 seeds', async () => {
  const losses = new Set<string>()
  for (let seed = 0; seed < 10; seed++) {
    const output = await outputOf('xor', seed)
    const answers = [...output.matchAll(/^(\d) xor (\d) = (\S+), wanted/gm)].map(([, ...numbers]) =>
      numbers.map(Number),
    )
    expect(answers.map(([a, b]) => [a, b])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ])
    for (const [a, b, answer] of answers) expect(Math.abs(answer - (a ^ b)), `seed ${seed}`).toBeLessThan(1e-3)
    losses.add(/^loss (\S+) after/m.exec(output)?.[1] ?? '')
  }
  expect(losses.size, 'seeds that differ').toBeGreaterThan(7)
})

test.each([
  ['iris', 95],
  ['moons', 99],
] as const)(
  '%s: an accuracy of at least %i per cent from each of 5 seeds',
  { timeout: 120_000 },
  async (name, least) => {
    const charts = new Set<string>()
    for (let seed = 0; seed < 5; seed++) {
      const output = await outputOf(name, seed)
      const [, accuracy] = /accuracy (\d+\.\d) %/.exec(output) ?? []
      expect(Number(accuracy), `seed ${seed}`).toBeGreaterThanOrEqual(least)
      charts.add(output)
    }
    expect(charts.size, 'seeds that differ').toBe(5)
  },
)

test('graph: at least 32 of 34 members right from each of 5 seeds', { timeout: 120_000 }, async () => {
  const losses = new Set<string>()
  for (let seed = 0; seed < 5; seed++) {
    const output = await outputOf('graph', seed)
    const [, count] = /^(\d+) of 34 members right/m.exec(output) ?? []
    expect(Number(count), `seed ${seed}`).toBeGreaterThanOrEqual(32)
    losses.add(/the loss went from (\S+) to/.exec(output)?.[1] ?? '')
  }
  expect(losses.size, 'seeds that differ').toBeGreaterThanOrEqual(4)
})
