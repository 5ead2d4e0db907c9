import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data')

/** A car as the data set describes it; null is what nobody knows. */
interface Car {
  readonly Miles_per_Gallon: number | null
  readonly Cylinders: number
  readonly Displacement: number
  readonly Horsepower: number | null
  readonly Weight_in_lbs: number
  readonly Acceleration: number
  /** The first day of the model year. */
  readonly Year: string
  readonly Origin: string
}

/** Cars that were sold in the United States, of the model years 1970 to 1982 (StatLib's `cars`, known as Auto MPG). */
export const loadCars = (): Car[] => JSON.parse(readFileSync(join(folder, 'cars.json'), 'utf8'))
