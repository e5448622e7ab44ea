// Handlers of a mailbox that sometimes do not do their work: they throw, never answer, or answer twice.
import type { Callback } from '../base/ask.ts'
import type {
  MailboxCallbackHandlers,
  MailboxHandlerName,
  MailboxHandlers,
  MailboxSession,
} from '../mailbox/index.ts'

/** What a handler of a store does instead of its work; who answers twice has done it. */
export type StoreFault = 'throws' | 'hangs' | 'twice'

type Handler = (...args: unknown[]) => unknown

/** What `session.use` registers from now on asks `pick` at every call whether it fails. */
export function addHandlerFaults(session: MailboxSession, pick: (name: string) => StoreFault | null): void {
  const use = session.use.bind(session)
  session.use = (handlers, options) => {
    for (const [name, handler] of Object.entries(handlers) as [MailboxHandlerName, Handler | undefined][]) {
      if (!handler) continue
      // whoever gives a body answers piece by piece, and has no second time to do it
      if (name === 'messageBody') use({ [name]: failing(name, handler, pick) } as MailboxHandlers)
      else session.on(name, answering(name, handler, pick) as MailboxCallbackHandlers[typeof name])
    }
    return use({}, options)
  }
}

function failing(name: string, handler: Handler, pick: (name: string) => StoreFault | null): Handler {
  return (...args) => {
    const fault = pick(name)
    if (fault === 'throws') throw new Error(`${name} has failed, as the test wants it`)
    if (fault === 'hangs') return new Promise(() => {})
    return handler(...args)
  }
}

/** The same in callback style, where one can answer twice. */
function answering(name: string, handler: Handler, pick: (name: string) => StoreFault | null): Handler {
  return (...args) => {
    const context = args.pop()
    const callback = args.pop() as Callback<unknown>
    const fault = pick(name)
    if (fault === 'throws') throw new Error(`${name} has failed, as the test wants it`)
    if (fault === 'hangs') return
    const answer = (result: unknown): void => {
      callback(null, result)
      if (fault === 'twice') callback(null, result)
    }
    // what needs no time takes none, as in promise style
    const result = handler(...args, context)
    if (result instanceof Promise) result.then(answer, callback)
    else answer(result)
  }
}
