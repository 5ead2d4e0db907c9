declare module 'asciichart' {
  interface Config {
    height?: number
    colors?: string[]
  }
  const asciichart: {
    blue: string
    yellow: string
    green: string
    plot(series: number[][], config?: Config): string
  }
  export default asciichart
}
