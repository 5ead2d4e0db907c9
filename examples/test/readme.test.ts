// The programs of the READMEs as who copies them runs them: those that begin with an import are whole.

import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endOf } from '../../packages/core/test/node/output.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'examples/output/readme')

const readmes = ['README.md', ...['core', 'autograd', 'nn'].map((name) => `packages/${name}/README.md`)]
const programs = readmes.flatMap((readme) =>
  [...readFileSync(join(root, readme), 'utf8').matchAll(/```(js|ts)\n(import [\s\S]*?)```/g)].map(
    ([, language, program], i) => ({ name: `${readme}, program ${i}`, language, program }),
  ),
)

beforeAll(async () => {
  await mkdir(folder, { recursive: true })
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

test('there are some', () => {
  expect(programs.length).toBeGreaterThanOrEqual(7)
})

test.each(programs)('$name prints what it says that it prints', async ({ name, language, program }) => {
  const file = join(folder, `${name.replace(/\W+/g, '-')}.${language}`)
  await writeFile(file, program)
  const { code, output, errors } = await endOf(pathToFileURL(file), { cwd: folder })
  expect([code, errors]).toEqual([0, ''])
  expect(output).not.toBe('')
  expect(output).not.toMatch(/undefined|NaN/)
  // console.log(…) // 12
  const said = [...program.matchAll(/^console\.log\(.*\) \/\/ (\d+|true)$/gm)].map(([, value]) => value)
  expect(output.split('\n').filter((line) => said.includes(line))).toEqual(said)
})
