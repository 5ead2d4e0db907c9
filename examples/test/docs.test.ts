// The programs of the guide: each is whole, and prints what its page says.

import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import { configure, setDefaultDtype } from '@matgrad/core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { fragmentsOf, pages, programsOf } from '../../scripts/programs.ts'

// Where the packages are found by their names.
const folder = fileURLToPath(new URL('../output/docs', import.meta.url))
const home = process.cwd()
const root = fileURLToPath(new URL('../..', import.meta.url))
let elsewhere = ''

beforeAll(async () => {
  await mkdir(folder, { recursive: true })
  elsewhere = await mkdtemp(join(tmpdir(), 'matgrad-docs-'))
  process.chdir(elsewhere)
})
afterAll(async () => {
  process.chdir(home)
  await rm(folder, { recursive: true })
  await rm(elsewhere, { recursive: true })
})
afterEach(() => {
  vi.restoreAllMocks()
  setDefaultDtype('float32')
  configure({ threads: 'auto', fma: false })
})

describe.each(pages)('%s', (page) => {
  test('its blocks are whole programs', () => {
    expect(fragmentsOf(page)).toEqual([])
  })

  for (const { name, language, text, prints } of programsOf(page))
    test(`${name} prints what the page says`, async () => {
      const file = join(folder, `${name.replace(/\W+/g, '-')}.${language}`)
      await writeFile(file, text)
      const lines: string[] = []
      for (const method of ['log', 'warn', 'error'] as const)
        vi.spyOn(console, method).mockImplementation((...values) => void lines.push(...format(...values).split('\n')))
      await import(/* @vite-ignore */ file)
      if ('all' in prints) expect(`${lines.map((line) => line.trimEnd()).join('\n')}\n`).toBe(prints.all)
      else {
        expect(lines.join('')).not.toBe('')
        expect(lines.join('\n')).not.toMatch(/undefined|NaN/)
        expect(lines.filter((line) => prints.lines.includes(line))).toEqual(prints.lines)
      }
    })
})

const sources = ['packages', 'scripts', 'fixtures'].flatMap((name) =>
  readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((path) => `/${join(name, path)}`),
)

test.each(pages.filter((page) => /contributing|how-/.test(page)))('%s names files that there are', (page) => {
  const named = readFileSync(join(root, page), 'utf8').matchAll(/`(?:\.\.\/)*([\w./-]+\.(?:ts|js|py))`/g)
  const paths = [...named].map(([, path]) => `/${path}`)
  expect(paths).not.toEqual([])
  expect(paths.filter((path) => !sources.some((source) => source.endsWith(path)))).toEqual([])
})
