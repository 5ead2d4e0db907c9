// How threads agree on what to do: words of their shared memory, and the calls after them.

/** The most calls in the shared memory at once, and the numbers that one takes: its kernel and up to 15 arguments. */
export const CALLS = 256
export const CALL = 16
export const CONTROL_BYTES = 64

/** The words of the control block. */
export const WORD = {
  /** Raised when there is something to do: workers that sleep wait for it to change. */
  wake: 0,
  /** The number of the next part, where they end for now, and how many are done. */
  next: 1,
  limit: 2,
  done: 3,
  /** Which parts these are: the number of a table of functions, and that of the part that is the first of the table. */
  table: 4,
  base: 5,
  /** How many messages were sent to each worker: they bring tables. */
  sent: 6,
  /** How many workers sleep, and whether the main thread does. */
  asleep: 7,
  waiting: 8,
  /** How many workers have started. */
  started: 9,
}

/** How often to look for work, or for the others to be done, before going to sleep: some dozen microseconds. */
export const SPINS = 3000
