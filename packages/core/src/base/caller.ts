// Errors that come up in the middle of a computation say where in the user's code it was asked for.

/** What a line of a stack says: V8's, and that of others. */
const IN_V8 = /^\s*at (?:async )?(?:.*? \()?(.+?):(\d+:\d+)\)?$/
const ELSEWHERE = /^(?:.*?@)?(.+?):(\d+:\d+)$/

/** So many calls are looked at, from the innermost. */
const MOST_CALLS = 200

interface Frame {
  readonly file: string
  readonly position: string
}

function framesOf(stack: string): Frame[] {
  const lines = stack.split('\n')
  const form = lines.some((line) => IN_V8.test(line)) ? IN_V8 : ELSEWHERE
  return lines.flatMap((line) => {
    const [, file, position] = form.exec(line) ?? []
    return file ? [{ file, position }] : []
  })
}

/** A function of each package gives a stack that begins in it. */
const packages: (() => string | undefined)[] = []

/** Makes it known which files are of a package: those beside the one where `stackOf` is. */
export function registerPackage(stackOf: () => string | undefined): void {
  packages.push(stackOf)
}

registerPackage(() => new Error().stack)

/**
 * Whether a file is of the packages. Where a bundler has put several of them into one file, it alone is: whatever is beside it
 * may be the user's.
 */
function isOurs(): (file: string) => boolean {
  const own = packages.flatMap((stackOf) => framesOf(stackOf() ?? '').slice(0, 1)).map(({ file }) => file)
  const isBundled = own.length > 1 && new Set(own).size < own.length
  const roots = own.map((file) => (isBundled ? file : file.replace(/^(.*\/(?:src|dist)\/).*$/, '$1')))
  return (file) => roots.some((root) => file.startsWith(root))
}

/** What V8 has beside the standard. */
const limited = Error as { stackTraceLimit?: number }

/** Where something is called: what `whereIn` finds the line in, once somebody asks. */
export function stackHere(): string | undefined {
  const { stackTraceLimit } = limited
  // Somebody may have frozen it.
  const isOpen = Reflect.set(limited, 'stackTraceLimit', MOST_CALLS)
  const { stack } = new Error()
  if (isOpen) Reflect.set(limited, 'stackTraceLimit', stackTraceLimit)
  return stack
}

/**
 * The innermost call in a stack that lies in none of the packages, as `file:line:column`; undefined where there is none: in a
 * program that a bundler has put into one file nobody can tell whose a call is.
 */
export function whereIn(stack: string | undefined): string | undefined {
  if (!stack) return undefined
  const ours = isOurs()
  const found = framesOf(stack).find(
    ({ file }) => !ours(file) && !file.includes('<') && !/^(?:node:|native|internal\/|ext:)/.test(file),
  )
  return found && `${found.file}:${found.position}`
}
