// Failures that delivery finds out by itself, in the words of SMTP: each has the code that a server would have said. RFC 3463, RFC 5248.
import { MailError, type MailErrorCode, type MailErrorFacts } from '../base/errors.ts'

/** Trying again may help. `status` is `responseCode enhancedCode`, e.g. `451 4.4.3`. */
export function temporary(
  code: MailErrorCode,
  status: string,
  message: string,
  facts: MailErrorFacts = {},
): MailError {
  return failure(code, status, message, false, facts)
}

/** Trying again cannot help. */
export function permanent(
  code: MailErrorCode,
  status: string,
  message: string,
  facts: MailErrorFacts = {},
): MailError {
  return failure(code, status, message, true, facts)
}

function failure(
  code: MailErrorCode,
  status: string,
  message: string,
  isPermanent: boolean,
  facts: MailErrorFacts,
): MailError {
  const [responseCode, enhancedCode = ''] = status.split(' ')
  return new MailError(code, message, {
    responseCode: Number(responseCode),
    enhancedCode,
    permanent: isPermanent,
    ...facts,
  })
}
