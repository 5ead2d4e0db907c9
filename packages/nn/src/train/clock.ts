/** How long, in milliseconds, training may keep timers, requests and signals waiting. */
const PATIENCE = 100
/** About so often, in milliseconds, the time is asked for, which takes as long as a small step. */
const GLANCE = 5
/** At most so many steps are made without asking, since one may take longer than those before. */
const MOST_UNASKED = 1024

/** Tells when training has kept others waiting long enough. */
export class Clock {
  private started = 0
  private asked = 0
  /** How many steps are made between two questions, and how many are left. */
  private steps = 1
  private left = 1

  constructor() {
    this.start()
  }

  start(): void {
    // Not `performance`, which Node loads when it is first used. Somebody may set back the time of day.
    this.started = Date.now()
    this.asked = this.started
  }

  /** Asked after each step. */
  isDue(): boolean {
    if (--this.left > 0) return false
    const now = Date.now()
    this.steps =
      Math.abs(now - this.asked) < GLANCE ? Math.min(2 * this.steps, MOST_UNASKED) : Math.max(1, this.steps >> 1)
    this.left = this.steps
    this.asked = now
    return Math.abs(now - this.started) > PATIENCE
  }
}

/** Lets whatever waits for the event loop run. */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
