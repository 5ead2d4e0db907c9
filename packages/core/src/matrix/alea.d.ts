declare module 'seedrandom/lib/alea.js' {
  /** Baagøe's Alea: a hash of the seed and a small generator. */
  export default function alea(seed: string): { int32(): number }
}
