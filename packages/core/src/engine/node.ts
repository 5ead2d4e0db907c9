/** Modules of Node, without an import that a bundler would follow; nothing elsewhere, nor before Node 20.16. */
export function nodeModule<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  return process?.getBuiltinModule?.(name) as T | undefined
}
