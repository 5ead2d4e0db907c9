// What `toModule` gives, as somebody uses it.

type Predict = (rows: ArrayLike<ArrayLike<number>>) => number[][]

/** The function in a module's source. */
export async function load(source: string): Promise<Predict> {
  const url = `data:text/javascript;base64,${btoa(unescape(encodeURIComponent(source)))}`
  return ((await import(/* @vite-ignore */ url)) as { predict: Predict }).predict
}

/** The first number in which two lists of rows differ, in any bit but those of NaN. */
export function difference(got: number[][], wanted: number[][]): string | undefined {
  if (got.length !== wanted.length) return `${got.length} rows, wanted ${wanted.length}`
  for (const [i, row] of wanted.entries())
    for (const [j, value] of row.entries())
      if (got[i].length !== row.length || !Object.is(got[i][j], value))
        return `${i}, ${j}: ${got[i][j]}, wanted ${value}`
  return undefined
}
