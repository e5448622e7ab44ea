// CHUNKING and BINARYMIME (RFC 3030): the message in pieces whose length is said beforehand, and octets that are no lines.
// What a BDAT announces is read before it is answered, whatever the answer, so that it is never taken for commands.
import { whyNoContent } from '../commands/content.ts'
import { bdatArgument } from '../grammar/bdat.ts'
import type { SmtpExtension } from '../registry.ts'

export const chunking: SmtpExtension = {
  name: 'CHUNKING',
  rfc: '3030 §2',
  ehlo: () => ['CHUNKING'],
  commands: [
    {
      name: 'BDAT',
      rfc: '3030 §2',
      states: ['fresh', 'ready', 'envelope', 'chunks'],
      run(cx, argument) {
        const { size, last } = bdatArgument.read(argument)
        cx.receiveChunk(size, last, cx.state.kind === 'envelope' ? whyNoContent(cx, cx.state.envelope) : null)
        return null
      },
    },
  ],
}

/** Its one value of BODY is read with those of 8BITMIME. */
export const binaryMime: SmtpExtension = {
  name: 'BINARYMIME',
  rfc: '3030 §3',
  ehlo: () => ['BINARYMIME'],
}
