// The programs of the READMEs as who copies them runs them: those that begin with an import are whole.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endOf } from '../../packages/core/test/node/output.ts'
import { programsOf, readmes, translated } from '../../scripts/programs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'examples/output/readme')

const programs = readmes.flatMap(programsOf)

beforeAll(async () => {
  await mkdir(folder, { recursive: true })
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

test('there are some', () => {
  expect(programs.length).toBeGreaterThanOrEqual(7)
})

test.each(['core', 'autograd', 'nn'])('CITATION.cff has the version of %s', async (name) => {
  const { version } = JSON.parse(await readFile(join(root, `packages/${name}/package.json`), 'utf8'))
  expect(await readFile(join(root, 'CITATION.cff'), 'utf8')).toContain(`\nversion: ${version}\n`)
})

test('the Chinese README has the blocks of the other', async () => {
  await expect(translated('README.zh-CN.md', 'README.md')).toMatchFileSnapshot(join(root, 'README.zh-CN.md'))
})

test.each(programs)('$name prints what it says that it prints', async ({ name, language, text, prints }) => {
  const file = join(folder, `${name.replace(/\W+/g, '-')}.${language}`)
  await writeFile(file, text)
  const { code, output, errors } = await endOf(pathToFileURL(file), { cwd: folder })
  expect([code, errors]).toEqual([0, ''])
  expect(output).not.toBe('')
  expect(output).not.toMatch(/undefined|NaN/)
  if ('all' in prints) expect(output).toBe(prints.all)
  else expect(output.split('\n').filter((line) => prints.lines.includes(line))).toEqual(prints.lines)
})
