/** Every error that matgrad throws on purpose. The message names the operation, what it got and what it wanted. */
export class MatgradError extends Error {
  override name = 'MatgradError'
}

/** The shapes of the operands, or an index or count that refers to them, do not fit the operation. */
export class ShapeError extends MatgradError {
  override name = 'ShapeError'
}

/** A value is of the wrong type: a dtype, a non-number, a number where a whole number belongs. */
export class DTypeError extends MatgradError {
  override name = 'DTypeError'
}

/** A matrix has no inverse, no factorisation or no spectrum of the wanted kind. */
export class LinAlgError extends MatgradError {
  override name = 'LinAlgError'
}

/** Bytes do not follow the file format they claim to have. */
export class FormatError extends MatgradError {
  override name = 'FormatError'
}

const keeping = new WeakSet<Error>()

/** Marks an error as one of whoever watches, which keeps its name whatever operation it comes up in. */
export function keepingName<E extends Error>(error: E): E {
  keeping.add(error)
  return error
}

/** The result of `run`, whose errors of this package speak of what was called, `operation`, and not of what does the work. */
export function inNameOf<T>(operation: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof MatgradError) || keeping.has(error)) throw error
    const { message } = error
    throw new (error.constructor as typeof MatgradError)(operation + message.slice(message.indexOf(':')))
  }
}
