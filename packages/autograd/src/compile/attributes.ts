import type { Attributes } from '@matgrad/core'
import { isPlain } from '@matgrad/core/internal'

/** Attributes that nobody changes later: copies of arrays and plain objects. */
export function asItIs(attributes: Attributes): Attributes {
  if (Array.isArray(attributes)) return attributes.map(asItIs)
  if (!isPlain(attributes)) return attributes
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, asItIs(value)]))
}

/** Whether attributes are the same: numbers, strings and flags, in arrays and plain objects. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!(Array.isArray(a) ? Array.isArray(b) : isPlain(a) && isPlain(b))) return false
  const [left, right] = [a, b] as Record<string, unknown>[]
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]))
}
