// Zachary's karate club as it is told of in the literature.

import { expect, test } from 'vitest'
import { MEMBERS, pairs, withInstructor } from '../graph/karate.ts'

const degrees = Array.from({ length: MEMBERS }, (_, i) => pairs.filter((pair) => pair.includes(i + 1)).length)

test('34 members and 78 pairs, each once, between two of them', () => {
  expect(MEMBERS).toBe(34)
  expect(pairs).toHaveLength(78)
  expect(new Set(pairs.map(String)).size).toBe(78)
  for (const [a, b] of pairs) expect([a >= 1, a < b, b <= MEMBERS]).toEqual([true, true, true])
})

test('how many friends each has: 16 and 17 the instructor and the officer, nobody none', () => {
  expect(degrees).toEqual([
    ...[16, 9, 10, 6, 3, 4, 4, 4, 5, 2, 3, 1, 2, 5, 2, 2, 2],
    ...[2, 2, 3, 2, 2, 2, 5, 3, 3, 2, 4, 3, 4, 4, 6, 12, 17],
  ])
})

test('the 45 triangles', () => {
  const areFriends = new Set(pairs.map(String))
  const count = pairs.flatMap(([a, b]) =>
    Array.from({ length: MEMBERS }, (_, i) => i + 1).filter(
      (c) => c > b && areFriends.has(String([a, c])) && areFriends.has(String([b, c])),
    ),
  ).length
  expect(count).toBe(45)
})

test('half of them stayed with the instructor, and 11 friendships broke', () => {
  expect(withInstructor).toHaveLength(17)
  const [first, second] = [withInstructor.includes(1), withInstructor.includes(MEMBERS)]
  expect([first, second]).toEqual([true, false])
  expect(pairs.filter(([a, b]) => withInstructor.includes(a) !== withInstructor.includes(b))).toHaveLength(11)
})
