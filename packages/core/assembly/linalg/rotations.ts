// Plane rotations of neighbouring rows. An iteration for eigenvalues needs none of the vectors: it records its rotations, and
// they are applied many sweeps at a time to a few columns that stay in the cache (Van Zee, van de Geijn & Quintana-Ortí 2014).

import { at, GROW, SHRINK, TINY } from './block'

/**
 * Cosine and sine that rotate (f, g) to (r, 0), and r (LAPACK's dlartg; squares do not overflow, because the caller has scaled
 * the matrix).
 */
export let cosine: f64 = 1
export let sine: f64 = 0
export let radius: f64 = 0

export function rotate(f: f64, g: f64): void {
  if (g == 0) {
    cosine = 1
    sine = 0
    radius = f
  } else if (f == 0) {
    cosine = 0
    sine = 1
    radius = g
  } else if (f * f + g * g < TINY) {
    rotate(f * GROW, g * GROW)
    radius *= SHRINK
  } else {
    const r = copysign<f64>(Math.sqrt(f * f + g * g), f)
    cosine = Math.abs(f) / Math.abs(r)
    sine = g / r
    radius = r
  }
}

/** Elements before the rotations of a sweep: its first row, how many rows it goes on from there, and which way: 1 or −1. */
const HEADER: i32 = 3

/** Sweeps of rotations, one after another, in the memory that follows. */
@unmanaged export class Record {
  end: usize
  limit: usize
  sweep: usize

  @inline get start(): usize {
    return changetype<usize>(this) + 32
  }

  /** Whether a sweep of up to `rotations` still fits. */
  fits(rotations: i32): bool {
    return this.end + (<usize>(HEADER + 2 * rotations) << 3) <= this.limit
  }

  /** Begins a sweep: rotations of rows (first, first ± 1), (first ± 1, first ± 2) and so on. */
  begin(first: i32, direction: i32): void {
    const sweep = this.end
    this.sweep = sweep
    store<f64>(sweep, first)
    store<f64>(sweep, 0, 8)
    store<f64>(sweep, direction, 16)
    this.end = sweep + (HEADER << 3)
  }

  /** The next rotation of the sweep: its upper row becomes c·x + s·y, its lower c·y − s·x. */
  add(c: f64, s: f64): void {
    store<f64>(this.sweep, load<f64>(this.sweep, 8) + 1, 8)
    store<f64>(this.end, c)
    store<f64>(this.end, s, 8)
    this.end += 16
  }
}

/** An empty record in a memory of so many elements. */
export function createRecord(memory: usize, elements: i32): Record {
  const record = changetype<Record>(memory)
  record.end = record.start
  record.limit = memory + (<usize>elements << 3)
  return record
}

/** One sweep on `pairs` vectors of columns at z. */
@inline function applySweep(z: usize, ld: i32, sweep: usize, count: i32, pairs: i32): void {
  const first = <i32>load<f64>(sweep)
  const down = load<f64>(sweep, 16) > 0
  const stride = down ? <usize>ld << 3 : -(<usize>ld << 3)
  let row = at(z, ld, first, 0)
  let at0 = sweep + (HEADER << 3)
  let x0 = v128.load(row), x1 = x0, x2 = x0, x3 = x0
  if (pairs > 1) x1 = v128.load(row, 16)
  if (pairs > 2) {
    x2 = v128.load(row, 32)
    x3 = v128.load(row, 48)
  }
  for (let i = 0; i < count; i++, at0 += 16) {
    const next = row + stride
    const c = v128.load64_splat(at0)
    let s = v128.load64_splat(at0, 8)
    // Upwards the row that is carried is the lower one, whose sign of s is the other.
    if (!down) s = f64x2.neg(s)
    let y = v128.load(next)
    v128.store(row, f64x2.add(f64x2.mul(c, x0), f64x2.mul(s, y)))
    x0 = f64x2.sub(f64x2.mul(c, y), f64x2.mul(s, x0))
    if (pairs > 1) {
      y = v128.load(next, 16)
      v128.store(row, f64x2.add(f64x2.mul(c, x1), f64x2.mul(s, y)), 16)
      x1 = f64x2.sub(f64x2.mul(c, y), f64x2.mul(s, x1))
    }
    if (pairs > 2) {
      y = v128.load(next, 32)
      v128.store(row, f64x2.add(f64x2.mul(c, x2), f64x2.mul(s, y)), 32)
      x2 = f64x2.sub(f64x2.mul(c, y), f64x2.mul(s, x2))
      y = v128.load(next, 48)
      v128.store(row, f64x2.add(f64x2.mul(c, x3), f64x2.mul(s, y)), 48)
      x3 = f64x2.sub(f64x2.mul(c, y), f64x2.mul(s, x3))
    }
    row = next
  }
  v128.store(row, x0)
  if (pairs > 1) v128.store(row, x1, 16)
  if (pairs > 2) {
    v128.store(row, x2, 32)
    v128.store(row, x3, 48)
  }
}

function applyTo4(z: usize, ld: i32, sweep: usize, count: i32): void {
  applySweep(z, ld, sweep, count, 4)
}

function applyTo1(z: usize, ld: i32, sweep: usize, count: i32): void {
  applySweep(z, ld, sweep, count, 1)
}

/** Applies a record to the rows of Z, an even number `ld` of elements apart and padded to whole vectors, and empties it. */
export function applyRecord(record: Record, z: usize, ld: i32, cols: i32): void {
  for (let j = 0; j < cols; ) {
    const wide = j + 8 <= cols
    for (let sweep = record.start; sweep < record.end; ) {
      const count = <i32>load<f64>(sweep, 8)
      if (wide) applyTo4(at(z, ld, 0, j), ld, sweep, count)
      else applyTo1(at(z, ld, 0, j), ld, sweep, count)
      sweep += <usize>(HEADER + 2 * count) << 3
    }
    j += wide ? 8 : 2
  }
  record.end = record.start
}
