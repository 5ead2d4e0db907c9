import { operations as core } from '@matgrad/core'
import type { Op } from '../op.ts'

/** For C = A·B: Ā = G·Bᵀ and B̄ = Aᵀ·G; a transposed operand has its cotangent transposed. */
export const matmul: Op = {
  ...core.matmul,
  vjp: [
    (g, _y, [, b], { transposeA = false, transposeB = false }) =>
      transposeA ? b.matmul(g, { transposeA: transposeB, transposeB: true }) : g.matmul(b, { transposeB: !transposeB }),
    (g, _y, [a], { transposeA = false, transposeB = false }) =>
      transposeB ? g.matmul(a, { transposeA: true, transposeB: transposeA }) : a.matmul(g, { transposeA: !transposeA }),
  ],
}

export const affine: Op = { ...core.affine, vjp: [...matmul.vjp, (g) => g] }
