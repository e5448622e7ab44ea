// dsn/: reports about mail. Delivery status notifications built and read; other reports read.

export { composeDsn } from './build-dsn.ts'
export type { DsnAction, DsnOptions, DsnRecipient } from './dsn-options.ts'
export { mayBounce } from './may-bounce.ts'
