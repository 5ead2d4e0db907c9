/**
 * Pictures of trainings, models and matrices, as text and SVG, and some as PNG.
 *
 * @packageDocumentation
 */

export { confusionMatrix } from './confusion-matrix.ts'
export { type BoundaryOptions, decisionBoundary } from './decision-boundary.ts'
export { graph } from './graph.ts'
export { type HeatmapOptions, heatmap } from './heatmap.ts'
export { type HistogramOptions, histogram } from './histogram.ts'
export { type ImagesOptions, images } from './images.ts'
export { type LinesOptions, type LossCurveOptions, lines, lossCurve } from './lines.ts'
export type { Picture, PixelPicture, PngOptions, TextOptions } from './picture.ts'
export { type ScatterOptions, scatter } from './scatter.ts'
