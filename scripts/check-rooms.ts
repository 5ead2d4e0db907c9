// Compares the map in CONTRIBUTING.md with the sources: every folder is a room of it, every import goes along its arrows, and
// every arrow is an import. Then prints how many lines of code each room has, beside what it should have at most.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The most lines of code, without imports, comments and blank lines. */
const BUDGETS: Readonly<Record<string, number>> = {
  'core/base': 300,
  'core/engine': 900,
  'core/ops': 1000,
  'core/matrix': 550,
  'core/code': 650,
  'core/program': 500,
  'core/linalg': 900,
  'core/sparse': 350,
  'core/io': 350,
  autograd: 700,
  'autograd/compile': 1300,
  nn: 500,
  'nn/layers': 600,
  'nn/metrics': 500,
  'nn/optim': 500,
  'nn/train': 800,
  'nn/export': 500,
  'nn/plot': 900,
  'nn/node': 200,
}
const MOST = 9600
const MOST_ASSEMBLY = 4900

type Arrow = readonly [from: string, to: string]

/** The rooms and arrows of the picture: `engine["core/engine"]` names one, `engine --> base` is one. */
function readMap(): { rooms: Set<string>; arrows: Arrow[] } {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const [, picture] = /```mermaid\n([\s\S]*?)```/.exec(text) ?? []
  if (!picture) throw new Error('CONTRIBUTING.md has no picture of the map')
  const names = new Map([...picture.matchAll(/(\w+)\["([^":]+)/g)].map(([, id, name]) => [id, name]))
  const nameOf = (id: string): string => {
    const name = names.get(id)
    if (!name) throw new Error(`the picture has no room ${id}`)
    return name
  }
  const arrows = [...picture.matchAll(/^ *(\w+)(?:\[.*\])? --> (.+)$/gm)].flatMap(([, from, all]) =>
    all.split(' & ').map((to): Arrow => [nameOf(from), nameOf(to.trim())]),
  )
  return { rooms: new Set(names.values()), arrows }
}

interface File {
  readonly path: string
  readonly room: string
  readonly source: ts.SourceFile
  readonly isGenerated: boolean
}

/** The folder of a file in `src`, by its package; what lies directly in `src` is the package itself. */
const roomOf = (name: string, src: string, path: string): string => {
  const [folder, ...rest] = relative(src, path).split(sep)
  return rest.length > 0 ? `${name}/${folder}` : name
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => join(folder, file))

const files: readonly File[] = ['core', 'autograd', 'nn'].flatMap((name) => {
  const src = join(root, 'packages', name, 'src')
  return filesIn(src).map((path) => ({
    path,
    room: roomOf(name, src, path),
    source: ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true),
    isGenerated: path.endsWith('.generated.ts'),
  }))
})

/** The rooms that a file imports from; what is shared out of `@matgrad/core` is from `core`. */
function* importsOf({ path, source }: File): Iterable<{ room: string; text: string }> {
  const roomAt = new Map(files.map((file) => [file.path, file.room]))
  for (const statement of source.statements) {
    if (!(ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) || !statement.moduleSpecifier)
      continue
    const { text } = statement.moduleSpecifier as ts.StringLiteral
    const own = /^@matgrad\/(\w+)/.exec(text)?.[1]
    const room = own ?? (text.startsWith('.') ? roomAt.get(resolve(dirname(path), text)) : undefined)
    if (room) yield { room, text }
  }
}

/** Lines that hold a token of anything but an import. */
function linesOf(source: ts.SourceFile): number {
  const lines = new Set<number>()
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isJSDoc(node)) return
    const parts = node.getChildren(source)
    if (parts.length === 0 && node.getWidth(source) > 0)
      for (let i = lineAt(node.getStart(source)); i <= lineAt(node.end); i++) lines.add(i)
    for (const part of parts) visit(part)
  }
  visit(source)
  return lines.size
}

const { rooms, arrows } = readMap()
const faults: string[] = []

/** Whether arrows lead from one room to another. */
function leads(from: string, to: string, seen: Set<string> = new Set()): boolean {
  if (from === to) return true
  seen.add(from)
  return arrows.some(([start, end]) => start === from && !seen.has(end) && leads(end, to, seen))
}

/** Whether a file only says what others may use, which may come from anywhere in its package. */
const isDoor = ({ path }: File): boolean => /src\/(index|internal)\.ts$/.test(path.replaceAll(sep, '/'))
/** Whether a room has nothing but doors. */
const hasDoorsAlone = (room: string): boolean => files.every((file) => file.room !== room || isDoor(file))
const used = new Set<string>()
for (const file of files) {
  if (!rooms.has(file.room)) faults.push(`${file.room} is no room of the map`)
  for (const { room, text } of importsOf(file)) {
    if (room === file.room || isDoor(file)) continue
    used.add(`${file.room} --> ${room}`)
    if (!leads(file.room, room))
      faults.push(`${relative(root, file.path)} imports ${text}, and no arrow leads from ${file.room} to ${room}`)
  }
}
for (const room of rooms)
  if (!files.some((file) => file.room === room)) faults.push(`the map has ${room}, and there is none`)
for (const [from, to] of arrows) {
  if (!hasDoorsAlone(from) && !used.has(`${from} --> ${to}`))
    faults.push(`nothing in ${from} imports from ${to}, as the map says`)
  if (leads(to, from)) faults.push(`the map goes round from ${from} to ${to}`)
}

const total = new Map<string, number>()
for (const { room, source, isGenerated } of files)
  if (!isGenerated) total.set(room, (total.get(room) ?? 0) + linesOf(source))
for (const [room, lines] of [...total].sort()) {
  const most = BUDGETS[room]
  const note = most === undefined ? '' : ` of ${most}${lines > most ? ', over' : ''}`
  console.log(`${room.padEnd(18)}${String(lines).padStart(5)}${note}`)
}
const assembly = filesIn(join(root, 'packages/core/assembly'))
  .filter((path) => !path.endsWith('.generated.ts'))
  .map((path) => linesOf(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)))
const sum = (all: Iterable<number>): number => [...all].reduce((lines, each) => lines + each, 0)
console.log(`all of src ${sum(total.values())} of ${MOST}, assembly ${sum(assembly)} of ${MOST_ASSEMBLY}`)

if (faults.length > 0) {
  console.error([...new Set(faults)].join('\n'))
  process.exit(1)
}
console.log('The map in CONTRIBUTING.md is that of the sources.')
