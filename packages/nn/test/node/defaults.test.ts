// What an editor shows of options: the values that docstrings name as defaults are those that readers have.

import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'

const packages = new URL('../../../', import.meta.url)
const sources = ['core', 'autograd', 'nn'].flatMap((name) => {
  const folder = new URL(`${name}/src/`, packages)
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.generated.ts'))
    .map((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8')
      return ts.createSourceFile(`${name}/${file}`, text, ts.ScriptTarget.Latest, true)
    })
})

/** Texts of defaults by the names of options; undefined where there is none. */
type Defaults = ReadonlyMap<string, string | undefined>

/** The constants of a source by name, and for those that it imports, of all sources. */
const constants = new Map<string, ts.Expression>()
const interfaces = new Map<string, ts.InterfaceDeclaration>()
for (const source of sources)
  for (const statement of source.statements)
    if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, statement)
    else if (ts.isVariableStatement(statement))
      for (const { name, initializer } of statement.declarationList.declarations)
        if (initializer && ts.isIdentifier(name)) {
          constants.set(`${source.fileName} ${name.text}`, initializer)
          constants.set(name.text, initializer)
        }

const constantOf = (node: ts.Node, name: string): ts.Expression | undefined =>
  constants.get(`${node.getSourceFile().fileName} ${name}`) ?? constants.get(name)

/** What a kind of options has as its default: number(3) has 3. */
function defaultOf(kind: ts.Expression): string | undefined {
  if (ts.isIdentifier(kind)) return defaultOf(constantOf(kind, kind.text) ?? expect.fail(kind.text))
  if (!ts.isCallExpression(kind) || /^required\b/.test(kind.getText())) return undefined
  const [value] = kind.arguments
  if (value === undefined || value.getText() === 'undefined') return undefined
  const named = ts.isIdentifier(value) ? constantOf(value, value.text) : undefined
  return (named ?? value).getText()
}

/** The options of an object of kinds. */
function defaultsOf(kinds: ts.Expression): Defaults | undefined {
  if (ts.isIdentifier(kinds)) return defaultsOf(constantOf(kinds, kinds.text) as ts.Expression)
  if (!ts.isObjectLiteralExpression(kinds)) return undefined
  return new Map(
    kinds.properties.flatMap((property) => {
      if (ts.isSpreadAssignment(property)) return [...(defaultsOf(property.expression) ?? expect.fail(kinds.getText()))]
      if (ts.isShorthandPropertyAssignment(property)) return [[property.name.text, defaultOf(property.name)] as const]
      if (!ts.isPropertyAssignment(property)) return expect.fail(property.getText())
      return [[property.name.getText(), defaultOf(property.initializer)] as const]
    }),
  )
}

const isReader = (node: ts.Node): node is ts.CallExpression =>
  ts.isCallExpression(node) && node.expression.getText() === 'readerOf' && node.arguments.length === 1

/** The readers that are called, or given to others, somewhere in a node. */
function readersIn(node: ts.Node): Defaults[] {
  const found: Defaults[] = []
  const visit = (each: ts.Node): void => {
    const value = ts.isIdentifier(each) && /^read[A-Z]/.test(each.text) ? constantOf(each, each.text) : each
    const read = value && isReader(value) ? defaultsOf(value.arguments[0]) : undefined
    if (read) found.push(read)
    else ts.forEachChild(each, visit)
  }
  visit(node)
  return found
}

/** All readers that constants are made with, and whose they are: those of readLinear are Linear's. */
const readers = sources.flatMap((source) =>
  source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) =>
    declarationList.declarations.flatMap(({ name, initializer }) => {
      const owner = name.getText().replace(/^read/, '')
      return initializer ? readersIn(initializer).map((defaults) => ({ source, owner, defaults })) : []
    }),
  ),
)

/** The readers that are called by the name of an operation, whose body is elsewhere. */
const called = new Map<string, Defaults[]>()
for (const source of sources) {
  const visit = (node: ts.Node): void => {
    const [first] = ts.isCallExpression(node) && /^read[A-Z]/.test(node.expression.getText()) ? node.arguments : []
    if (first && ts.isStringLiteral(first)) called.set(first.text, readersIn((node as ts.CallExpression).expression))
    ts.forEachChild(node, visit)
  }
  visit(source)
}

const docOf = (node: ts.Node): string => {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  return docs
    .map((doc) =>
      doc
        .getText()
        .replace(/^\/\*\*|\*\/$/g, '')
        .replace(/^\s*\*\s?/gm, ''),
    )
    .join('\n')
}

/** What stands after @default, as it is for this class where it differs between some. */
function documentedOf(member: ts.Node, owner = ''): string | undefined {
  const text = /@default ([\s\S]*?)(?:\n\s*@|$)/.exec(docOf(member))?.[1].replace(/\s+/g, ' ').trim()
  const parts = text?.split(', ').map((part) => part.split(' for ')) ?? []
  return parts.length > 1 && parts.every(([, name]) => name) ? parts.find(([, name]) => name === owner)?.[0] : text
}

/** An interface's members, those of interfaces that it extends among them. */
function membersOf(declaration: ts.InterfaceDeclaration): ts.TypeElement[] {
  const parents = declaration.heritageClauses?.flatMap(({ types }) => types.map((type) => type.expression.getText()))
  const inherited = (parents ?? []).flatMap((name) => {
    const parent = interfaces.get(name)
    return parent ? membersOf(parent) : []
  })
  const own = new Map([...inherited, ...declaration.members].map((member) => [member.name?.getText(), member]))
  return [...own.values()]
}

/** Numbers, fractions, strings, lists of numbers, and words that are values. */
const LITERAL = /^(?:-?[\d.]+(?:e-?\d+)?(?:\s*\/\s*\d+)?|\[[-\d.e,\s]*\]|'[^']*'|true|false|null|\{\})$/

const isLiteral = (text: string): boolean => LITERAL.test(text)

/** The value of a literal as JSON; other texts are themselves, without blanks. */
const meaningOf = (text: string): string =>
  isLiteral(text) ? JSON.stringify(new Function(`return (${text})`)()) : text.replace(/[\s`]/g, '')

/** The interfaces of options that a type names. */
function optionsIn(type: ts.TypeNode | undefined): ts.InterfaceDeclaration[] {
  const names = type?.getText().match(/\w+(?:Options|Settings)\b/g) ?? []
  return names.flatMap((name) => interfaces.get(name) ?? [])
}

const has = (node: ts.Node, ...kinds: ts.SyntaxKind[]): boolean =>
  (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kinds.includes(kind))) ?? false

const isHidden = (node: ts.Node): boolean =>
  has(node, ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword) || /@internal/.test(docOf(node))

/** What is called with options: its docstring, its body, which may be elsewhere, and the types of the options. */
interface Taker {
  readonly owner: string
  readonly name: string
  readonly doc: string
  readonly body: ts.Node | undefined
  readonly types: readonly (ts.TypeNode | undefined)[]
}

function takerOf(owner: string, name: string, nodes: readonly ts.SignatureDeclaration[]): Taker {
  const parameters = nodes.flatMap((node) => [...node.parameters])
  const types = parameters
    .filter(({ name }) => /^(options|settings|second)$/.test(name.getText()))
    .map(({ type }) => type)
  const body = nodes.map((node) => (node as ts.FunctionDeclaration).body).find((each) => each)
  return { owner, name, doc: nodes.map(docOf).join('\n'), body, types }
}

function* takersIn(statement: ts.Statement): Iterable<Taker> {
  if (ts.isFunctionDeclaration(statement) && statement.name)
    yield takerOf(statement.name.text, statement.name.text, [statement])
  if (ts.isVariableStatement(statement))
    for (const { name, type, initializer } of statement.declarationList.declarations) {
      const own = name.getText()
      yield { owner: own, name: own, doc: docOf(statement), body: initializer, types: [type] }
    }
  if (!(ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement)) || !statement.name) return
  // A method may be declared several times, with its docstring at the first.
  const groups = new Map<string, ts.SignatureDeclaration[]>()
  for (const member of statement.members) {
    if (isHidden(member)) continue
    const isMethod = ts.isMethodDeclaration(member) || ts.isMethodSignature(member)
    if (!isMethod && !ts.isConstructorDeclaration(member)) continue
    const name = isMethod ? member.name.getText() : statement.name.text
    groups.set(name, [...(groups.get(name) ?? []), member])
  }
  for (const [name, nodes] of groups) {
    const taker = takerOf(statement.name.text, name, nodes)
    // `new Linear(` shows the docstring of the class where the constructor has none.
    yield name === statement.name.text ? { ...taker, doc: `${taker.doc}\n${docOf(statement)}` } : taker
  }
}

/** The defaults of which its docstring must tell. */
function defaultsFor({ owner, name, body, types }: Taker): Map<string, string> {
  const documented = types.flatMap(optionsIn)
  const inline = types.some((type) => /^\{|\[options\?: \{|: \{/.test(type?.getText() ?? ''))
  const found = new Map<string, string>()
  if (documented.length === 0 && !inline) return found
  for (const member of documented.flatMap(membersOf)) {
    const text = documentedOf(member, owner)
    if (member.name && text !== undefined && isLiteral(text)) found.set(member.name.getText(), text)
  }
  const own = body ? readersIn(body) : []
  for (const read of own.length > 0 ? own : (called.get(name) ?? []))
    for (const [option, text] of read) if (text !== undefined) found.set(option, text)
  return found
}

/** Options that are absent where something else is asked: `resume` beside it, or another nonlinearity. */
const LEFT_OPEN = ['FitOptions.initialEpoch', 'KaimingOptions.slope']

test('each @default of options is what their reader has', () => {
  let compared = 0
  const faults = [...interfaces.values()].flatMap((declaration) => {
    if (!/(Options|Settings)$/.test(declaration.name.text) || !has(declaration, ts.SyntaxKind.ExportKeyword)) return []
    const members = membersOf(declaration)
    const names = members.map((member) => member.name?.getText()).sort()
    const alike = readers.filter(({ defaults }) => [...defaults.keys()].sort().join() === names.join())
    const near = alike.filter(({ source }) => source === declaration.getSourceFile())
    return (near.length > 0 ? near : alike).flatMap(({ owner, defaults }) =>
      members.flatMap((member) => {
        const title = `${declaration.name.text}.${member.name?.getText()}`
        const said = documentedOf(member, owner)
        const value = defaults.get(member.name?.getText() ?? '')
        compared++
        const isRight =
          value === undefined
            ? said === undefined || !isLiteral(said) || LEFT_OPEN.includes(title)
            : said !== undefined && meaningOf(said) === meaningOf(value)
        return isRight ? [] : [`${title} of ${owner} is ${value}, @default ${said}`]
      }),
    )
  })
  expect(faults).toEqual([])
  expect(compared).toBeGreaterThan(150)
})

/** A value as it stands after an option's name in a list of defaults. */
const VALUE = /\[[^\]]*\]|'[^']*'|`[^`]*`|\{\}|true|false|null|-?\d+(?:\.\d+)?(?:e-?\d+)?(?: ?\/ ?\d+)?/.source

/** Whether a function's overloads, which stand above it, are what is seen. */
const isImplementation = (statement: ts.Statement): boolean =>
  ts.isFunctionDeclaration(statement) &&
  statement.body !== undefined &&
  statement
    .getSourceFile()
    .statements.some((each) => ts.isFunctionDeclaration(each) && !each.body && each.name?.text === statement.name?.text)

test('each docstring of what takes options names all defaults', () => {
  const takers = sources
    .flatMap((source) =>
      source.statements.filter(
        (each) => has(each, ts.SyntaxKind.ExportKeyword) && !isHidden(each) && !isImplementation(each),
      ),
    )
    .flatMap((statement) => [...takersIn(statement)])
    .map((taker) => ({ ...taker, defaults: defaultsFor(taker) }))
    .filter(({ defaults }) => defaults.size > 0)
  const faults = takers.flatMap(({ owner, name, doc, defaults }) => {
    const list = /Defaults:\s([\s\S]*)/.exec(doc)?.[1].replace(/\s+/g, ' ') ?? ''
    return [...defaults].flatMap(([option, value]) => {
      const said = new RegExp(`\\b${option} (${VALUE})`).exec(list)?.[1]
      const isRight = said !== undefined && meaningOf(said) === meaningOf(value)
      return isRight ? [] : [`${owner} ${name}: ${option} is ${value}, Defaults: ${said}`]
    })
  })
  expect(faults).toEqual([])
  expect(takers.length).toBeGreaterThan(70)
})

test('what makes a layer, an optimiser or a schedule shows what it is: its class has the one docstring, with the defaults', () => {
  const shown = sources
    .filter(({ fileName }) => /^nn\/(layers|optim)\//.test(fileName))
    .flatMap(({ statements }) => [...statements].filter(ts.isClassDeclaration))
    .filter((each) => has(each, ts.SyntaxKind.ExportKeyword) && !has(each, ts.SyntaxKind.AbstractKeyword))
  const faults = shown.filter((each) => {
    const made = each.members.find(ts.isConstructorDeclaration)
    return docOf(each) === '' || (made && docOf(made) !== '')
  })
  expect(faults.map(({ name }) => name?.text)).toEqual([])
  expect(shown.length).toBeGreaterThan(40)
})
