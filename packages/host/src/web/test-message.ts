// A message to try things with: text, HTML, a link, a code and a small file. It goes through the mail server's front door, so that its session is seen and the
// failure script answers.
import { createTransport } from 'email-server'
import { HttpError } from './answers.ts'

export interface TestMessage {
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string
}

const FROM = 'tester@elsewhere.test'
const LONGEST = 10_000

/** Throws HttpError. */
export function testMessage(values: Record<string, unknown>): TestMessage {
  const field = (name: string, usual?: string): string => {
    const value = values[name] ?? usual
    if (typeof value !== 'string' || value.length > LONGEST) {
      throw new HttpError(400, `${name} is a text of at most ${LONGEST} characters`)
    }
    return value
  }
  return {
    to: field('to'),
    from: field('from', FROM),
    subject: field('subject', 'A test message'),
    text: field('text', 'Your code is 482 913. Or follow https://shop.example/confirm?token=abc.\n'),
  }
}

/** Rejects with HttpError (502) when the server says no: its words are in the message. */
export async function sendTestMessage(
  { from, to, subject, text }: TestMessage,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  const transport = createTransport({ host, port, ignoreTLS: true })
  let refusal: unknown = null
  try {
    const { rejectedErrors } = await transport.sendMail({
      ...{ from, to, subject, text },
      html: `<p>${escaped(text).replaceAll('\n', '<br>')}</p>`,
      attachments: [
        { filename: 'figures.csv', contentType: 'text/csv', content: 'month,mails\nJanuary,120\n' },
      ],
    })
    refusal = rejectedErrors[0] ?? null
  } catch (error) {
    refusal = error
  } finally {
    await transport.close()
  }
  if (refusal !== null) throw new HttpError(502, `the mail server says: ${(refusal as Error).message}`)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
