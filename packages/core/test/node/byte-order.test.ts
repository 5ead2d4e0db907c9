// Files on a machine whose order of bytes is the other one: as far as reading and writing can tell, this one is it.

import { afterAll, expect, test, vi } from 'vitest'

// Files that come after it in the same worker are on this machine.
afterAll(() => {
  vi.resetModules()
})

test("a file's order of bytes is changed where it is not the machine's", async () => {
  const here = await import('@matgrad/core')
  const Own = Uint16Array
  vi.stubGlobal(
    'Uint16Array',
    class extends Own {
      constructor(list: number[]) {
        super(list.map((each) => each << 8))
      }
    },
  )
  vi.resetModules()
  const { io, matrix } = await import('@matgrad/core')
  vi.unstubAllGlobals()

  const [plain, swapped] = [here, { io, matrix }].map((each) =>
    each.io.encodeNpy(each.matrix([[1.5, -0.1]], { dtype: 'float64' })),
  )
  expect(swapped.subarray(0, -16)).toEqual(plain.subarray(0, -16))
  const elements = (bytes: Uint8Array, i: number): Uint8Array => bytes.slice(bytes.length - 8 * (2 - i)).subarray(0, 8)
  for (const i of [0, 1]) expect(elements(swapped, i)).toEqual(elements(plain, i).reverse())

  expect(io.decodeNpy(swapped).toArray()).toEqual([[1.5, -0.1]])
  const at = plain.indexOf(0x3c)
  plain[at] = 0x3e
  expect(io.decodeNpy(plain).toArray()).toEqual([[1.5, -0.1]])
  plain[at] = 0x3d
  expect(io.decodeNpy(plain).toArray()).toEqual([[1.5, -0.1]])
  expect(here.io.decodeNpy(plain).toArray()).toEqual([[1.5, -0.1]])
})
