// Where the clients tell what they say and hear: an object as pino makes them, called with facts and a sentence.

export interface LoggerLike {
  trace?(facts: object, message: string): void
  debug?(facts: object, message: string): void
  info?(facts: object, message: string): void
  warn?(facts: object, message: string): void
  error?(facts: object, message: string): void
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

export type Log = (level: LogLevel, facts: object, message: string) => void

/** What a logger lacks goes to the next level that it has. */
const FALL_BACK: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error']

/** Null: nobody wants to know. A logger that throws is not our failure. */
export function toLog(logger: LoggerLike | boolean | undefined): Log | null {
  const target: LoggerLike | null | undefined = logger === true ? console : logger || null
  if (!target) return null
  return (level, facts, message) => {
    const has = FALL_BACK.slice(FALL_BACK.indexOf(level)).find(name => typeof target[name] === 'function')
    try {
      if (has) target[has]?.(facts, message)
    } catch {
      // whoever listens to logs must not stop the mail
    }
  }
}
