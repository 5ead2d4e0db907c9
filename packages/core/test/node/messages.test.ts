// What the compiler says of shapes that do not fit.

import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The error messages for a program that imports zeros, each flattened to one text. */
function messages(program: string): string[] {
  const name = `${here}messages-of-a-program.ts`
  const text = `import { add, matmul, zeros } from '@matgrad/core'\n${program}\n`
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.webworker.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    customConditions: ['@matgrad/source'],
    types: [],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  host.fileExists = (file) => file === name || fileExists(file)
  host.getSourceFile = (file, language, ...rest) =>
    file === name ? ts.createSourceFile(file, text, language, true) : getSourceFile(file, language, ...rest)
  const compiled = ts.createProgram([name], options, host)
  const source = compiled.getSourceFile(name)
  return [...compiled.getSyntacticDiagnostics(source), ...compiled.getSemanticDiagnostics(source)].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
  )
}

test('a product or sum that does not fit says which sizes, and one that fits says nothing', () => {
  const found = messages(`
    zeros(2, 3).matmul(zeros(4, 5))
    matmul(zeros(2, 3), zeros(4, 5))
    zeros(3, 2).matmul(zeros(4, 5), { transposeA: true })
    zeros(2, 3).add(zeros(4, 5))
    add(zeros(2, 3), zeros(4, 5))
    zeros(2, 3).matmul(zeros(3, 5)).add(zeros(1, 5)).mul(2)
  `)
  const wanted = [
    'matmul: left has 3 columns, right has 4 rows',
    'matmul: left has 3 columns, right has 4 rows',
    'matmul: left has 3 columns, right has 4 rows',
    'add: left is 2x3, right is 4x5',
    'add: left is 2x3, right is 4x5',
  ]
  expect(found).toHaveLength(wanted.length)
  for (const [i, text] of wanted.entries()) expect(found[i]).toContain(text)
})
