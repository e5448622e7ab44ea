// A client session for tests: driven in memory against a server whose lines the test says.
import { type SmtpClientOptions, SmtpClientSession } from '../../../src/smtp/index.ts'
import { SessionDriver } from '../../../src/testing/index.ts'
import { NOON } from '../support.ts'

export interface ClientHarness {
  readonly session: SmtpClientSession
  readonly driver: SessionDriver
  readonly failures: string[]
  /** The server says lines (CRLF is added to each); gives what the client says to that. */
  hear(...lines: string[]): Promise<string>
}

/** Waits for the greeting. */
export function clientHarness(options: Partial<SmtpClientOptions> = {}): ClientHarness {
  const failures: string[] = []
  const session = new SmtpClientSession({
    isServer: false,
    hostname: 'client.example',
    now: NOON,
    canUpgrade: true,
    random: length => new Uint8Array(length).fill(7),
    onFailure: (message, error) => failures.push(`${message}: ${String((error as Error).message)}`),
    ...options,
  })
  const driver = new SessionDriver(session, { now: NOON })
  driver.greet()
  return {
    session,
    driver,
    failures,
    hear: (...lines) => driver.exchange(lines.map(line => `${line}\r\n`).join('')),
  }
}

/** Greeted and introduced; `offers` are the lines of the EHLO reply behind the first. */
export async function ready(
  offers: readonly string[] = [],
  options: Partial<SmtpClientOptions> = {},
): Promise<ClientHarness> {
  const harness = clientHarness(options)
  await harness.hear('220 mx.example ESMTP')
  await harness.hear(...ehlo(offers))
  return harness
}

export function ehlo(offers: readonly string[]): string[] {
  const lines = ['mx.example', ...offers]
  return lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`)
}

export const LETTER: Uint8Array = Buffer.from('Subject: hello\r\n\r\nHi\r\n')

/** How a promise that must reject did so. */
export async function failure(promise: Promise<unknown>): Promise<Record<string, unknown> & Error> {
  try {
    await promise
  } catch (error) {
    return error as Record<string, unknown> & Error
  }
  throw new Error('the promise resolved')
}
