/** About so often, in milliseconds, the time is asked for, which takes as long as a small step. */
const GLANCE = 5
/** At most so many steps are made without asking, since one may take longer than those before. */
const MOST_UNASKED = 1024

/** Tells, between steps, when a time has passed. */
export class Clock {
  private readonly milliseconds: number
  private started = 0
  private asked = 0
  /** How many steps are made between two questions, and how many are left. */
  private steps = 1
  private left = 1

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds
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
    return Math.abs(now - this.started) > this.milliseconds
  }
}
