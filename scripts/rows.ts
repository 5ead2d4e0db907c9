// What is generated from the rows of packages/core/src/ops: the numbers of operations, the kernels that choose among them by
// these numbers, and the functions.

import { readFileSync } from 'node:fs'
import * as elementwise from '../packages/core/src/ops/elementwise.ts'
import type { Operation } from '../packages/core/src/ops/operation.ts'
import * as reduce from '../packages/core/src/ops/reduce.ts'

const rowsOf = (table: Readonly<Record<string, unknown>>): Operation[] => Object.values(table) as Operation[]

/** An operation that is called only from within has a rule for each operand, or one operand. */
const takes = (operands: number, { elementwise, method, vjp }: Operation): boolean =>
  elementwise === true && (method ? method.operands : Math.max(1, vjp.length)) === operands

const unary = rowsOf(elementwise).filter((row) => takes(1, row))
const binary = rowsOf(elementwise).filter((row) => takes(2, row))

const constantOf = ({ name }: Operation): string => name.replace(/[A-Z]/g, '_$&').toUpperCase()
const classOf = ({ name }: Operation): string => name[0].toUpperCase() + name.slice(1)
const numbers = (rows: readonly Operation[]): string =>
  rows.map((row, i) => `export const ${constantOf(row)} = ${i}\n`).join('')

const opcodes = `// Generated from the rows of ../ops by scripts/build-kernels.js: the numbers by which kernels know operations.
// Both sides import this file: it is TypeScript and AssemblyScript at once.

// unary(code, out, a, count, p, q)
${numbers(unary)}
// binary(code, out, a, b, …)
${numbers(binary)}
// reduce(code, out, a, …) and scan(code, out, a, …)
${numbers(rowsOf(reduce))}`

/** A function that runs the class of the row whose number is `op`, and its two exports. */
function choice(rows: readonly Operation[], name: string, parameters: string, numbered: string): string {
  const names = [...`${parameters}, ${numbered}`.matchAll(/(\w+):/g)].map(([, each]) => each)
  const body = (map: string): string =>
    rows
      .map((row) => `    case code.${constantOf(row)}: return ${map}<T, ${classOf(row)}<T>>(${names.join(', ')})\n`)
      .join('')
  const all = `${parameters}, op: i32, ${numbered}`
  const given = [...all.matchAll(/(\w+):/g)].map(([, each]) => each).join(', ')
  const exported = ['f32', 'f64'].map(
    (type) => `
export function ${name}_${type}(${all.replaceAll(': T', `: ${type}`)}): void {
  ${name}<${type}>(${given})
}
`,
  )
  return `
function ${name}<T>(${all}): void {
  switch (op) {
${body(`map${name[0].toUpperCase()}${name.slice(1)}`)}    default: unreachable()
  }
}
${exported.join('')}`
}

const kernels = `// Generated from the rows of ../src/ops by scripts/build-kernels.js.

import * as code from '../src/engine/opcodes.generated'
import {
  mapBinary, mapUnary,
${[...unary, ...binary].map((row) => `  ${classOf(row)},\n`).join('')}} from './elementwise'
${choice(unary, 'unary', 'out: usize, a: usize', 'count: i32, p: T, q: T')}${choice(
  binary,
  'binary',
  'out: usize, a: usize, b: usize',
  'rows: i32, cols: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32',
)}`

const plain = unary.filter(({ method }) => method && !method.attributes)

const core = new URL('../packages/core/src/', import.meta.url)
const interfaceOf = (path: string, name: string): string =>
  new RegExp(`export interface ${name}\\b.*\\{\\n([\\s\\S]*?)\\n\\}`).exec(
    readFileSync(new URL(path, core), 'utf8'),
  )?.[1] ?? ''

/** The docstrings of methods by their names. */
const docs: ReadonlyMap<string, string> = new Map(
  [...interfaceOf('ops/algebra.ts', 'Algebra').matchAll(/^ {2}(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n {2}(\w+)[<(]/gm)].map(
    ([, doc, name]) => [name, doc.replaceAll('\n  ', '\n')],
  ),
)

const others = [...interfaceOf('matrix/function.ts', 'Functions').matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name)

/** @throws Error that says which line is missing where, unless it is there. */
function want(isThere: boolean, line: string, file: string): void {
  if (!isThere) throw new Error(`packages/core/${file} has no ${line}, wanted one for the operation`)
}

const cases = readFileSync(new URL('../assembly/reduce.ts', core), 'utf8')
for (const row of rowsOf(reduce)) {
  want(cases.includes(`case code.${constantOf(row)}:`), `case code.${constantOf(row)}`, 'assembly/reduce.ts')
  want(!row.method || others.includes(row.name), `line ${row.name} in Functions`, 'src/matrix/function.ts')
}

const declared = [
  ...plain.map(({ name }) => [name, 'UnaryFunction']),
  ...binary.filter(({ method }) => method).map(({ name }) => [name, `BinaryFunction<'${name}'>`]),
  ...others.map((name) => [name, `Functions['${name}']`]),
]

for (const [name] of declared) want(docs.has(name), `documented line ${name} in Algebra`, 'src/ops/algebra.ts')

const functions = `// Generated from the rows of ../ops, the docstrings of Algebra and the types of Functions by scripts/build-kernels.js.

import { type BinaryFunction, type Functions, functionOf, type UnaryFunction } from './function.ts'

${declared.map(([name, type]) => `${docs.get(name)}\nexport const ${name}: ${type} = functionOf('${name}')\n`).join('')}`

/** The text of each generated file by its path in packages/core. */
export const sources: Readonly<Record<string, string>> = {
  'src/engine/opcodes.generated.ts': opcodes,
  'assembly/elementwise.generated.ts': kernels,
  'src/matrix/functions.generated.ts': functions,
}
