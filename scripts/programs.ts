// The programs in Markdown that a reader copies. They begin with an import, and are whole.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import GithubSlugger from 'github-slugger'

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

/** What a file of Markdown says, by its path from the root. */
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

const blocks = /```\w*\n[\s\S]*?```/g

/** The programs of a file, by its path from the root. */
export function programsOf(path: string): Program[] {
  const found = textOf(path).matchAll(/```(js|ts)\n(import [\s\S]*?)```\n(?:\n```text\n([\s\S]*?)```)?/g)
  return [...found].map(([, language, text, all], i) => ({
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
  [...textOf(path).matchAll(/```(?:js|ts|javascript|typescript)\n(?!import )([\s\S]*?)```/g)].map(([, text]) => text)

/** A translation with the blocks of the page that it translates in the place of its own. @throws Error unless they are as many. */
export function translated(path: string, from: string): string {
  const [page, original] = [path, from].map(textOf)
  const wanted = original.match(blocks) ?? []
  const { length } = page.match(blocks) ?? []
  if (length !== wanted.length) throw new Error(`${path} has ${length} blocks, ${from} has ${wanted.length}`)
  let i = 0
  return page.replace(blocks, () => wanted[i++])
}

/**
 * What the headings, paragraphs, items and rows of a page name in code, and the times, sizes and ratios that they say, one after
 * another; blocks and the line of languages are left out.
 */
export const namedIn = (path: string): string[][] =>
  textOf(path)
    .replace(blocks, '')
    .split(/\n{2,}|\n(?=[-|#])/)
    .filter((part) => part.trim() !== '' && !/English.*简体中文/.test(part))
    .map((part) =>
      [...new Set(part.replaceAll('\n', ' ').match(/`[^`]+`|\b\d[\d.]*(?:x| [µm]s| kB)(?!\w)/g))]
        .map((name) => name.replace(/<.+>/, '<>'))
        .sort(),
    )

/** The cells of each row of the tables in a text, their heads and the lines under these included. */
export const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

export interface Link {
  /** The file that it leads to, from the root. */
  readonly path: string
  /** The heading in it, if it names one. */
  readonly heading: string | undefined
}

const REPOSITORY = /^https:\/\/github\.com\/matgrad\/matgrad\/(?:blob|tree)\/main\//

/** Where a file of Markdown leads in the repository. */
export function linksOf(path: string): Link[] {
  const text = textOf(path).replace(blocks, '')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
  return targets
    .filter((target) => REPOSITORY.test(target) || !/^\w+:/.test(target))
    .map((target) => {
      const [file, heading] = target.replace(REPOSITORY, '').split('#')
      const found = REPOSITORY.test(target) ? file : file === '' ? path : join(path, '..', file)
      const isFolder = statSync(join(root, found), { throwIfNoEntry: false })?.isDirectory()
      return { path: isFolder ? join(found, 'README.md') : found, heading }
    })
}

/** What GitHub calls the headings of a file. */
export function headingsOf(path: string): string[] {
  const slugger = new GithubSlugger()
  const text = textOf(path).replace(blocks, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slugger.slug(heading.replace(/`|\]\(.*?\)/g, '')))
}
