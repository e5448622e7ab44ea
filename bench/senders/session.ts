// Ours: a session on each connection, with messages that wait for it, as a pool or a queue has them.
import { connectSMTP } from 'email-server'
import { serve } from '../harness/child.ts'
import { CONNECTIONS, LETTER, RECIPIENT, SENDER, share } from './load.ts'

const port = Number(process.argv[2])
const connections = await Promise.all(
  Array.from({ length: CONNECTIONS }, () => connectSMTP({ host: '127.0.0.1', port, hostname: 'a.example' })),
)
serve(port, () =>
  share([...connections, ...connections, ...connections], smtp =>
    smtp.send({ from: SENDER, to: [RECIPIENT], content: LETTER }),
  ),
)
