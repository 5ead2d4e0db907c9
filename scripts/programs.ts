// The programs in Markdown that a reader copies. They begin with an import, and are whole.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

export interface Program {
  readonly name: string
  readonly language: 'js' | 'ts'
  readonly text: string
  /** What it prints: the block of text that comes next, or what stands behind its calls of console.log. */
  readonly prints: { readonly all: string } | { readonly lines: readonly string[] }
}

/** The pages of the guide, by their paths from the root. */
export const pages: readonly string[] = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => `docs/${path}`)
  .sort()

export const readmes: readonly string[] = [
  'README.md',
  ...['core', 'autograd', 'nn'].map((name) => `packages/${name}/README.md`),
]

/** The programs of a file, by its path from the root. */
export function programsOf(path: string): Program[] {
  const blocks = readFileSync(join(root, path), 'utf8').matchAll(
    /```(js|ts)\n(import [\s\S]*?)```\n(?:\n```text\n([\s\S]*?)```)?/g,
  )
  return [...blocks].map(([, language, text, all], i) => ({
    name: `${path}, program ${i}`,
    language: language as 'js' | 'ts',
    text,
    prints:
      all === undefined
        ? { lines: [...text.matchAll(/^ *console\.log\(.*\) \/\/ (.+)$/gm)].map(([, line]) => line) }
        : { all },
  }))
}

/** The blocks of a page that are TypeScript or JavaScript and no program: what is to be run cannot be told from them. */
export const fragmentsOf = (path: string): string[] =>
  [
    ...readFileSync(join(root, path), 'utf8').matchAll(/```(?:js|ts|javascript|typescript)\n(?!import )([\s\S]*?)```/g),
  ].map(([, text]) => text)

const blocks = /```\w*\n[\s\S]*?```/g

/** A translation with the blocks of the page that it translates in the place of its own. @throws Error unless they are as many. */
export function translated(path: string, from: string): string {
  const [page, original] = [path, from].map((each) => readFileSync(join(root, each), 'utf8'))
  const wanted = original.match(blocks) ?? []
  const { length } = page.match(blocks) ?? []
  if (length !== wanted.length) throw new Error(`${path} has ${length} blocks, ${from} has ${wanted.length}`)
  let i = 0
  return page.replace(blocks, () => wanted[i++])
}
