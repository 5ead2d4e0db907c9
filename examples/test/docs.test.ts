// The programs of the guide: each is whole, and prints what its page says. `vitest run -u` writes into the pages what they print.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import * as autograd from '@matgrad/autograd'
import * as core from '@matgrad/core'
import * as nn from '@matgrad/nn'
import * as node from '@matgrad/nn/node'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  fragmentsOf,
  headingsOf,
  linksOf,
  namedIn,
  pages,
  programsOf,
  readmes,
  rowsOf,
  translated,
} from '../../scripts/programs.ts'

// Where the packages are found by their names.
const folder = fileURLToPath(new URL('../output/docs', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))
const home = process.cwd()
let elsewhere = ''
const AsyncFunction = (async () => {}).constructor as new (...of: string[]) => (names: object) => Promise<unknown>
const names = { ...core, ...autograd, ...nn, ...node }

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
  core.setDefaultDtype('float32')
  core.configure({ threads: 'auto', fma: false })
})

const CHINESE = 'docs/zh-CN/'

/** The page that a Chinese one translates. */
const originalOf = (page: string) =>
  ['docs/guide/', 'docs/'].map((to) => page.replace(CHINESE, to)).find((path) => pages.includes(path)) ?? ''

test.each(pages.filter((page) => page.startsWith(CHINESE)))(
  '%s has the blocks of the page that it translates',
  async (page) => {
    await expect(translated(page, originalOf(page))).toMatchFileSnapshot(join(root, page))
  },
)

test.each([
  ['README.zh-CN.md', 'README.md'],
  ...pages.filter((page) => page.startsWith(CHINESE)).map((page) => [page, originalOf(page)]),
])('%s names in each paragraph and row what %s names there', (page, from) => {
  expect(namedIn(page)).toEqual(namedIn(from))
})

describe.each(pages.filter((page) => !page.startsWith(CHINESE)))('%s', (page) => {
  test('its blocks are whole programs', () => {
    expect(fragmentsOf(page)).toEqual([])
  })

  let printed = readFileSync(join(root, page), 'utf8')

  for (const { name, language, text, prints } of programsOf(page))
    test(`${name} prints what the page says`, async () => {
      const file = join(folder, `${name.replace(/\W+/g, '-')}.${language}`)
      await writeFile(file, text)
      const lines: string[] = []
      for (const method of ['log', 'warn', 'error'] as const)
        vi.spyOn(console, method).mockImplementation((...values) => void lines.push(...format(...values).split('\n')))
      await import(/* @vite-ignore */ file)
      if ('all' in prints) {
        const all = `${lines.map((line) => line.trimEnd()).join('\n')}\n`
        printed = printed.replace(
          `${text}\`\`\`\n\n\`\`\`text\n${prints.all}`,
          () => `${text}\`\`\`\n\n\`\`\`text\n${all}`,
        )
        expect(all).toBe(prints.all)
      } else {
        expect(lines.join('')).not.toBe('')
        expect(lines.join('\n')).not.toMatch(/undefined|NaN/)
        expect(lines.filter((line) => prints.lines.includes(line))).toEqual(prints.lines)
      }
    })

  test('as it stands', async () => {
    await expect(printed).toMatchFileSnapshot(join(root, page))
  })
})

/** What the tables of docs/migrating.md compute with. */
function surroundings(): object {
  const model = new nn.Sequential(new nn.Linear(4, 3))
  const params = model.parameters()
  return {
    __proto__: names,
    path: join(elsewhere, 'model.safetensors'),
    ...{ model, params, optimizer: new nn.SGD(params, { lr: 0.1, momentum: 0.9 }) },
    a: core.matrix([
      [4, 1, 0],
      [1, 3, 1],
      [0, 1, 2],
    ]),
    b: core.matrix([
      [1, 2, 0],
      [0, 1, 3],
      [2, 0, 1],
    ]),
    v: core.matrix([[1], [0], [2]]),
    i: core.matrix([[2], [0], [1]]),
    x: core.ones(6, 4),
    y: core.matrix([[0], [1], [2], [0], [1], [2]]),
    w: autograd.variable(core.matrix([[2]])),
    f: (w: autograd.Variable) => w.pow(3),
  }
}

test('what docs/migrating.md says for the names of others runs', async () => {
  const failures: string[] = []
  for (const part of (await readFile(join(root, 'docs/migrating.md'), 'utf8')).split('\n\n')) {
    const [head = [], , ...rows] = rowsOf(part)
    const column = head.indexOf('matgrad')
    for (const cells of rows)
      for (const [, code] of cells[column].matchAll(/`(.+?)`/g)) {
        const run = new AsyncFunction('names', `with (names) return (${code})`)
        const value = await run(surroundings()).catch((error: unknown) => failures.push(`${code}: ${error}`))
        if (value === undefined && !code.endsWith(')')) failures.push(`${code} is undefined`)
      }
  }
  expect(failures).toEqual([])
})

const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, µs: 1e-6, ms: 1e-3, s: 1 }

/** The figures of a row of a table: ratios and parts as they stand, and times in seconds with half a unit of their last digit. */
const figuresOf = (row: string) => ({
  ratios: row.match(/\b\d[\d,.]*(?:x\b|%)/g) ?? [],
  times: Array.from(row.matchAll(/\b(\d+\.?(\d*)) (ns|µs|ms|s)\b/g), ([, count, decimals, unit]) => ({
    time: Number(count) * SECONDS[unit],
    half: (SECONDS[unit] / 10 ** decimals.length) * 0.5001,
  })),
})

/** The rows of benchmarks/RESULTS.md, named by their first cell and the heading above them. */
const results = readFileSync(join(root, 'benchmarks/RESULTS.md'), 'utf8')
  .split(/^#+ /m)
  .flatMap((part) =>
    rowsOf(part).map(([first, ...rest]) => ({
      title: `${part.split('\n')[0]} ${first}`,
      ...figuresOf(rest.join('|')),
    })),
  )

test.each(['README.md', 'docs/performance.md'])(
  '%s: ratios in tables are measured ones of the same name, times are rounded from one row',
  (page) => {
    const shown = rowsOf(readFileSync(join(root, page), 'utf8')).flatMap(([first, ...rest]) => {
      const { ratios, times } = figuresOf(rest.join('|'))
      return first.startsWith('`') || ratios.length + times.length === 0 ? [] : [{ first, ratios, times }]
    })
    expect(shown.length).toBeGreaterThan(5)
    for (const { first, ratios, times } of shown) {
      const name = new RegExp(`\\b${first.match(/^[\w.]+/)?.[0]}\\b`, 'i')
      const known = results.filter(({ title }) => name.test(title))
      const measured = known.flatMap((row) => row.ratios)
      expect(
        ratios.filter((ratio) => !measured.includes(ratio)),
        first,
      ).toEqual([])
      const isOfOneRow = known.some((row) =>
        times.every(({ time, half }) => row.times.some((each) => Math.abs(each.time - time) <= half)),
      )
      expect(isOfOneRow, `the times of ${first}`).toBe(true)
    }
  },
)

const sources = ['packages', 'scripts', 'fixtures', 'examples', 'benchmarks'].flatMap((name) =>
  readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((path) => `/${join(name, path)}`),
)

const maps = [...pages.filter((page) => /contributing|how-/.test(page)), 'CONTRIBUTING.md']

test.each(maps)('%s names files that there are', (page) => {
  const named = readFileSync(join(root, page), 'utf8').matchAll(/`(?:\.\.\/)*([\w./-]+\.(?:ts|js|py))`/g)
  const paths = [...named].map(([, path]) => `/${path}`)
  expect(paths).not.toEqual([])
  expect(paths.filter((path) => !sources.some((source) => source.endsWith(path)))).toEqual([])
})

test('the tables of CONTRIBUTING.md have the files and folders that there are', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const tables = [...text.matchAll(/^`(packages\/[\w/]+)\/`(?:.|\n(?!\n))*\n\n((?:\|.*\n)+)/gm)]
  expect(tables).toHaveLength(3)
  for (const [, folder, table] of tables) {
    const named = rowsOf(table).flatMap(([cell]) => {
      const [, within = '', names] = /^(?:`(\w+\/)`: )?(.*)/.exec(cell) as RegExpExecArray
      return [...names.matchAll(/`([\w/-]+)`/g)].map(([, name]) => (name.endsWith('/') ? name : `${within}${name}.ts`))
    })
    expect(named.filter((name) => !existsSync(join(root, folder, name)))).toEqual([])
    const there = readdirSync(join(root, folder)).filter((name) => !/^(index|internal)\.ts$/.test(name))
    const folders = new Set(named.map((name) => name.replace(/\/.*/, '')))
    expect(there.filter((name) => !folders.has(name))).toEqual([])
  }
})

test.each([...readmes, ...pages, 'README.zh-CN.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'])(
  '%s leads to files and headings that there are',
  (page) => {
    const broken = linksOf(page).filter(
      ({ path, heading }) =>
        !existsSync(join(root, path)) || (heading !== undefined && !headingsOf(path).includes(heading)),
    )
    expect(broken).toEqual([])
  },
)
