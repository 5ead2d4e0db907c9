/** Whether programs prove at each run that they write nothing but what is theirs. */
export let debugs = false

/** Lets programs that are bound from now on prove at each run that they write nothing but what is theirs. */
export function setDebug(on: boolean): void {
  debugs = on
}
