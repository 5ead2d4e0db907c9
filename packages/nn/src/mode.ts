/** Whether less or more of something is better. */
export type Mode = 'min' | 'max'

const LESS_IS_BETTER = /(loss|error|mse|mae)$/i
const MORE_IS_BETTER = /(acc|accuracy|auc|f1|precision|recall|r2|topk?\d*)$/i

/** What is better of what has this name in the logs, if the name says it. */
export const modeByName = (name: string): Mode | undefined =>
  LESS_IS_BETTER.test(name) ? 'min' : MORE_IS_BETTER.test(name) ? 'max' : undefined
