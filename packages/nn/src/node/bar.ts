import { SingleBar } from 'cli-progress'
import type { Training } from '../train/callbacks.ts'
import { Clock } from '../train/clock.ts'
import type { Logs } from '../train/metrics.ts'

/** It is drawn at most once in so many milliseconds. */
const OFTEN = 100

/** Its length in characters. */
const LENGTH = 24

/** A number with four digits. */
function formatNumber(x: number): string {
  const size = Math.abs(x)
  if (x === 0 || !Number.isFinite(x)) return String(x)
  if (size < 1e-3 || size >= 1e6) return x.toExponential(3)
  return size >= 1e3 ? x.toFixed(0) : x.toPrecision(4)
}

/** Names and numbers. */
export const formatLogs = (logs: Readonly<Logs>): string =>
  Object.entries(logs)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join('  ')

export const formatEpoch = (epoch: number, epochs: number): string =>
  `epoch ${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`

/** A time as its two largest units: 2 h 5 min. */
function formatTime(seconds: number): string {
  const whole = Math.ceil(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`
}

/**
 * A bar on a terminal that says how far a training is: how much of the epoch is done, and beside it what is known so far.
 */
export class Bar {
  private readonly stream: NodeJS.WriteStream
  private readonly training: Training
  private readonly clock = new Clock(OFTEN)
  /** What is drawn; undefined where there is nothing on the terminal. */
  private drawn: SingleBar | undefined
  private epoch = 0
  private batch = 0
  private logs: Logs = {}
  /** Batches in all. */
  private batches = 0
  /** How many there were when it was drawn last, and so many milliseconds after the training began. */
  private last = { batches: 0, time: 0 }
  /** Samples, or batches where it is not known how many samples they have. */
  private perSecond = Number.NaN
  private readonly began = performance.now()

  constructor(stream: NodeJS.WriteStream, training: Training) {
    this.stream = stream
    this.training = training
  }

  beginEpoch(epoch: number): void {
    this.epoch = epoch
    this.batch = 0
    if (this.last.time === 0 || performance.now() - this.began - this.last.time >= OFTEN) this.draw()
  }

  endBatch(batch: number, loss: number): void {
    this.batch = batch + 1
    this.batches++
    this.logs.loss = loss
    if (this.clock.isDue()) this.draw()
  }

  endEpoch(logs: Readonly<Logs>): void {
    this.logs = { ...logs }
  }

  /** Takes it away: the terminal has its cursor and wraps its lines again. */
  remove(): void {
    this.drawn?.stop()
    this.drawn = undefined
  }

  private draw(): void {
    const { training, batch } = this
    const payload = { title: formatEpoch(this.epoch, training.epochs), says: this.says() }
    if (this.drawn) {
      this.drawn.update(batch, payload)
      this.drawn.render()
    } else {
      this.drawn = new SingleBar({
        stream: this.stream,
        // Of batches that come one after another nobody knows how many there are.
        format: training.batches ? '{title} {bar} {value}/{total}  {says}' : '{title} {value} batches  {says}',
        barsize: LENGTH,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        synchronousUpdate: false,
      })
      this.drawn.start(training.batches ?? 0, batch, payload)
    }
    this.clock.start()
  }

  /**
   * The loss of the epoch so far, what else was measured in the last, samples a second, the time left and the learning
   * rate.
   */
  private says(): string {
    const { training, batches, logs, last } = this
    const { samples = 1, batches: each = 1 } = training
    const time = performance.now() - this.began
    if (batches > last.batches)
      this.perSecond = ((1000 * samples) / each) * ((batches - last.batches) / (time - last.time))
    this.last = { batches, time }
    const left = training.batches && (training.epochs - this.epoch) * training.batches - this.batch
    const parts = [
      formatLogs(logs),
      batches > 0 ? `${formatNumber(this.perSecond)} ${training.samples ? 'samples' : 'batches'}/s` : '',
      batches > 0 && left !== undefined ? `${formatTime((time / 1000 / batches) * left)} left` : '',
      `lr ${Number(training.optimizer.lr.toPrecision(4))}`,
    ]
    return parts.filter((part) => part !== '').join('  ')
  }
}
