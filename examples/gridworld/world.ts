// A small Markov decision process whose best policy can be computed, to compare with what is learnt (Russell & Norvig,
// "Artificial Intelligence", ch. 17): moves slip, walls stop them, one cell is wanted and others are not.

import { concat, diag, eye, linalg, type Matrix, matrix, zeros } from '@matgrad/core'

/** Walls are #, the goal is +, pits are -. */
const MAP = [
  '.......+', // row by row
  '.###.##.',
  '.#....-.',
  '.#.##.#.',
  '...#....',
  '.#.-.##.',
  '.#......',
]
const REWARDS: Readonly<Record<string, number>> = { '.': -0.04, '+': 1, '-': -1 }

/** How much a reward is worth one step later. */
export const DISCOUNT = 0.95

/** Up, right, down, left: each as what it adds to the row and to the column. */
const MOVES = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const
export const ACTIONS: number = MOVES.length

/** How likely a move goes where it should, or a quarter turn off. */
const SLIPS = [
  { turn: 0, p: 0.8 },
  { turn: 1, p: 0.1 },
  { turn: 3, p: 0.1 },
]

/** The cells that are no walls, by number. */
const cells = MAP.flatMap((line, row) => [...line].map((kind, col) => ({ row, col, kind }))).filter(
  ({ kind }) => kind !== '#',
)
export const CELLS: number = cells.length

/** Whether an episode ends in this cell. */
export const isEnd = (cell: number): boolean => cells[cell].kind !== '.'
const starts = cells.flatMap(({ kind }, cell) => (kind === '.' ? [cell] : []))

/** Where a move leads: nowhere if there is a wall, or the edge. */
function neighbour(cell: number, action: number): number {
  const [down, right] = MOVES[action % ACTIONS]
  const { row, col } = cells[cell]
  const found = cells.findIndex((other) => other.row === row + down && other.col === col + right)
  return found === -1 ? cell : found
}

/** The world as somebody meets it who knows nothing of it: `dice` are uniform on [0, 1). */
export function start(dice: number): number {
  return starts[Math.floor(dice * starts.length)]
}

export function move(cell: number, action: number, dice: number): { next: number; reward: number } {
  const [ahead, right] = SLIPS
  const { turn } = dice < ahead.p ? ahead : dice < ahead.p + right.p ? right : SLIPS[2]
  const next = neighbour(cell, action + turn)
  return { next, reward: REWARDS[cells[next].kind] }
}

/** The same as probabilities: for each action the CELLSxCELLS matrix of where it leads, with no way out of an end. */
const transitions = MOVES.map((_, action) => {
  const p = zeros(CELLS, CELLS, { dtype: 'float64' })
  for (const cell of starts)
    for (const slip of SLIPS) {
      const next = neighbour(cell, action + slip.turn)
      p.set(cell, next, p.get(cell, next) + slip.p)
    }
  return p
})
/** What entering each cell gives. */
const entered = matrix(
  cells.map(({ kind }) => [REWARDS[kind]]),
  { dtype: 'float64' },
)

/** The values of all actions, CELLSxACTIONS, when cells are worth `values` afterwards: Σ p·(r + γ·v). */
const actionValues = (values: Matrix): Matrix =>
  concat(
    transitions.map((p) => p.matmul(values.mul(DISCOUNT).add(entered))),
    1,
  )

/** The best action in each cell, by value iteration (Bellman 1957): v ← max over actions, until nothing changes. */
export function bestPolicy(): Matrix {
  let values: Matrix = zeros(CELLS, 1, { dtype: 'float64' })
  for (;;) {
    const next = actionValues(values).max(1)
    if (next.allClose(values, { rtol: 0, atol: 1e-12 })) return actionValues(next).argmax(1)
    values = next
  }
}

/** The mean return over all starts of a policy, an action for each cell, exactly: v = P·(r + γ·v) is a linear system. */
export function meanReturn(policy: Matrix): number {
  // The rows of each action's matrix where the policy takes it.
  const p = transitions
    .map((all, action) => diag(policy.equal(action)).matmul(all))
    .reduce((sum, each) => sum.add(each))
  const values = linalg.solve(eye(CELLS, CELLS, { dtype: 'float64' }).sub(p.mul(DISCOUNT)), p.matmul(entered))
  return values.gatherRows(starts).mean().item()
}

/** The map with an arrow in each cell. */
export const picture = (policy: Matrix): string[] =>
  MAP.map((line, row) =>
    [...line]
      .map((kind, col) => {
        const cell = cells.findIndex((each) => each.row === row && each.col === col)
        return kind === '#' ? '██' : kind === '.' ? `${'↑→↓←'[policy.get(cell, 0)]} ` : `${kind} `
      })
      .join(''),
  )
