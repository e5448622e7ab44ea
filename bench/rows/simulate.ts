// Days of mail in a world of `email-server/testing`: how long a test waits for them.
import { program } from '../harness/program.ts'
import type { Row } from '../harness/row.ts'

export const rows: readonly Row[] = [
  {
    name: 'five-days',
    task: 'five days of attempts for 1,000 messages, each given back in the end; the process with its start',
    metrics: ['ms', 'CPU ms'],
    rounds: 5,
    contenders: [
      program('email-server', 'ours', 'five-days'),
      program('the virtual clock alone', 'limit', 'five-days', 'clock'),
    ],
    targets: [{ metric: 'ms', atMost: 5000 }],
  },
]
