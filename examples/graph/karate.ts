/** The members of the club, who are numbered from 1, as Zachary does. */
export const MEMBERS = 34

/**
 * Who was seen with whom outside the karate club: for each member those with higher numbers (Zachary 1977, "An information flow
 * model for conflict and fission in small groups", figure 1).
 */
const friends: Readonly<Record<number, readonly number[]>> = {
  1: [2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 20, 22, 32],
  2: [3, 4, 8, 14, 18, 20, 22, 31],
  3: [4, 8, 9, 10, 14, 28, 29, 33],
  4: [8, 13, 14],
  5: [7, 11],
  6: [7, 11, 17],
  7: [17],
  9: [31, 33, 34],
  10: [34],
  14: [34],
  15: [33, 34],
  16: [33, 34],
  19: [33, 34],
  20: [34],
  21: [33, 34],
  23: [33, 34],
  24: [26, 28, 30, 33, 34],
  25: [26, 28, 32],
  26: [32],
  27: [30, 34],
  28: [34],
  29: [32, 34],
  30: [33, 34],
  31: [33, 34],
  32: [33, 34],
  33: [34],
}

/** Each pair once, the smaller number first. */
export const pairs: readonly (readonly [number, number])[] = Object.entries(friends).flatMap(([member, others]) =>
  others.map((other) => [Number(member), other] as const),
)

/** Who stayed with the instructor, member 1, when the club broke apart; the others went with its officer, member 34. */
export const withInstructor: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 17, 18, 20, 22]
