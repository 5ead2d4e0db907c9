// The 128-bit vector instructions of WebAssembly for each dtype, and elementwise operations made of them.

import type { DType } from '../base/dtype.ts'
import type { Attributes } from '../ops/operation.ts'
import { type Code, constant, unsigned } from './wasm.ts'

/** The instructions of a dtype; those of float64 are numbered as those of float32, in most places so many further on. */
export interface Vector {
  readonly splat: (value: number) => Code
  readonly loadSplat: number
  readonly compare: number
  readonly arithmetic: number
  readonly ceil: number
  readonly floor: number
  readonly trunc: number
  readonly nearest: number
  /** x·y + z, rounded once. */
  readonly fusedMultiplyAdd: number
}

export const simd = (code: number): Code => [0xfd, unsigned(code)]
export const LOAD = 0x00
export const STORE = 0x0b
export const STORE_LANE = { 4: 0x5a, 8: 0x5b }
const AND = 0x4e
/** x & ~y */
const AND_NOT = 0x4f
const BITSELECT = 0x52

export const vectors: Readonly<Record<DType, Vector>> = {
  float32: {
    splat: (value) => [constant('f', value), simd(0x13)],
    loadSplat: 0x09,
    compare: 0x41,
    arithmetic: 0xe0,
    ceil: 0x67,
    floor: 0x68,
    trunc: 0x69,
    nearest: 0x6a,
    fusedMultiplyAdd: 0x105,
  },
  float64: {
    splat: (value) => [constant('F', value), simd(0x14)],
    loadSplat: 0x0a,
    compare: 0x47,
    arithmetic: 0xec,
    ceil: 0x74,
    floor: 0x75,
    trunc: 0x7a,
    nearest: 0x94,
    fusedMultiplyAdd: 0x107,
  },
}

/** Places after `compare` and `arithmetic`. */
const COMPARE = { equal: 0, notEqual: 1, less: 2, greater: 3, lessEqual: 4, greaterEqual: 5 }
const ARITHMETIC = { abs: 0, neg: 1, sqrt: 3, add: 4, sub: 5, mul: 6, div: 7, minimum: 8, maximum: 9 }
/** x < y ? y : x, one instruction of the processor where `maximum`, which heeds the sign of zero, is many. */
const PSEUDO_MAXIMUM = 11

/** An operation of one or two vectors. */
export const arithmetic = (v: Vector, name: keyof typeof ARITHMETIC, ...inputs: Code[]): Code => [
  inputs,
  simd(v.arithmetic + ARITHMETIC[name]),
]

/** All bits of the lanes of two vectors that compare so. */
const compare = (v: Vector, name: keyof typeof COMPARE, ...inputs: Code[]): Code => [
  inputs,
  simd(v.compare + COMPARE[name]),
]

const namesOf = <T extends object>(table: T): (keyof T)[] => Object.keys(table) as (keyof T)[]
const isComparison = (name: string | undefined): name is keyof typeof COMPARE =>
  name !== undefined && Object.hasOwn(COMPARE, name)

/** All bits of the lanes of a condition that are not 0: the value of an operation, or what `value` gives. */
export const maskOf = (v: Vector, operation: string | undefined, inputs: readonly Code[], value: Code): Code =>
  isComparison(operation) ? compare(v, operation, ...inputs) : compare(v, 'notEqual', value, v.splat(0))

/**
 * The code of each operation that loops have, from the code that gives its inputs: what the kernel of its name does. That of
 * `where` takes a mask for its condition.
 */
const operations: Readonly<Record<string, (v: Vector, inputs: readonly Code[], attributes: Attributes) => Code>> = {
  ...Object.fromEntries(
    namesOf(ARITHMETIC).map((name) => [name, (v: Vector, xs: readonly Code[]) => arithmetic(v, name, ...xs)]),
  ),
  ...Object.fromEntries(
    namesOf(COMPARE).map((name) => [
      name,
      (v: Vector, xs: readonly Code[]) => [compare(v, name, ...xs), v.splat(1), simd(AND)],
    ]),
  ),
  weigh(v, [x, y]) {
    const product = arithmetic(v, 'mul', x, y)
    const numbers = [compare(v, 'equal', x, x), compare(v, 'equal', y, y), simd(AND)]
    return [product, numbers, compare(v, 'notEqual', product, product), simd(AND), simd(AND_NOT)]
  },
  square: (v, [x]) => arithmetic(v, 'mul', x, x),
  reciprocal: (v, [x]) => arithmetic(v, 'div', v.splat(1), x),
  relu: (v, [x]) => [x, v.splat(0), simd(v.arithmetic + PSEUDO_MAXIMUM)],
  finite(v, [x]) {
    const isInfinite = compare(v, 'equal', arithmetic(v, 'abs', x), v.splat(Number.POSITIVE_INFINITY))
    return [v.splat(1e4), x, isInfinite, simd(BITSELECT)]
  },
  ceil: (v, [x]) => [x, simd(v.ceil)],
  floor: (v, [x]) => [x, simd(v.floor)],
  trunc: (v, [x]) => [x, simd(v.trunc)],
  isNaN: (v, [x]) => [compare(v, 'notEqual', x, x), v.splat(1), simd(AND)],
  isFinite: (v, [x]) => [compare(v, 'less', arithmetic(v, 'abs', x), v.splat(Infinity)), v.splat(1), simd(AND)],
  round: (v, [x]) => [x, simd(v.nearest)],
  leakyRelu(v, [x], { slope }) {
    const scaled = arithmetic(v, 'mul', x, v.splat(slope))
    return [x, scaled, compare(v, 'greater', x, v.splat(0)), simd(BITSELECT)]
  },
  clip: (v, [x], { low, high }) => arithmetic(v, 'minimum', arithmetic(v, 'maximum', x, v.splat(low)), v.splat(high)),
  where: (_v, [mask, a, b]) => [a, b, mask, simd(BITSELECT)],
  broadcastTo: (_v, [x]) => x,
  clone: (_v, [x]) => x,
}

/** Whether loops can compute the operation of this name. */
export const loops = (operation: string): boolean => Object.hasOwn(operations, operation)

/** The code of an operation of vectors. */
export const compute = (v: Vector, operation: string, inputs: readonly Code[], attributes: Attributes): Code =>
  operations[operation](v, inputs, attributes)
