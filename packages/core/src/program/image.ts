import type { DType } from '../base/dtype.ts'
import { MatgradError } from '../base/errors.ts'
import { shake } from '../code/shake.ts'
import { kernelBytes, PAGE, usesFma } from '../engine/engine.ts'
import { clone } from '../ops/index.ts'
import { written } from './bind.ts'
import { optimised } from './passes.ts'
import { layOut } from './plan.ts'
import { keptBy, matrixOf, type Slot, type Step } from './step.ts'

/** Where a matrix is in a memory, row-major. */
export interface Place {
  readonly address: number
  readonly rows: number
  readonly cols: number
  readonly dtype: DType
}

/**
 * A program as bytes, for a memory of its own: what it needs to run where there is nothing but WebAssembly. The modules import
 * `env.memory`, the program the functions that the kernels export as well, and `env.host(i)`.
 */
export interface Image {
  /** The kernels that it calls. Their export `workspace` must be set to `workspace`. */
  readonly kernels: Uint8Array
  readonly workspace: number
  /** Its export `0` does what the program does. */
  readonly program: Uint8Array
  /** The memory's size, in pages of WebAssembly. */
  readonly pages: number
  /** What it keeps, to be placed at an address. */
  readonly kept: { readonly address: number; readonly bytes: Uint8Array }
  readonly input: Place
  readonly output: Place
  /** The operations whose indices were wrong where it calls `env.host` with their number here. */
  readonly checks: readonly string[]
}

/**
 * The image of what steps make of an argument, with a copy of everything that they keep.
 *
 * @param steps those of kernels, which change nothing
 * @throws MatgradError where products round once, which not every processor does; NoMemory where it needs more memory than can
 * be had.
 */
export function imageOf(caller: string, steps: readonly Step[], input: Slot, output: Slot): Image {
  if (usesFma())
    throw new MatgradError(
      `${caller}: products round once, which not every processor does, wanted configure({ fma: false })`,
    )
  const isWritten = steps.some(({ targets }) => targets.includes(output))
  const result: Slot = isWritten ? output : { kind: 'state', holder: matrixOf(output).clone() }
  const copy = {
    kind: 'operation',
    operation: clone,
    attributes: undefined,
    inputs: [output],
    targets: [result],
  } as const
  const fast = optimised(isWritten ? steps : [...steps, copy])
  for (const value of keptBy(fast)) value.holder = matrixOf(value).clone()
  const layout = layOut(fast, [input])
  const { writer, arena, placeOf } = written(fast, layout, 1)
  const { code, called } = writer.encode()
  const place = (value: Slot): Place => {
    const { rows, cols, dtype } = matrixOf(value)
    return { address: placeOf(value).byteOffset, rows, cols, dtype }
  }
  return {
    kernels: shake(kernelBytes(), new Set(called)),
    workspace: arena.engine.workspace,
    program: code,
    pages: arena.buffer.byteLength / PAGE,
    kept: { address: arena.start, bytes: arena.keptBytes() },
    input: place(input),
    output: place(result),
    checks: fast
      .filter(({ kind }) => kind === 'check')
      .map(({ operation }) => (operation as { of: { name: string } }).of.name),
  }
}
