// The JSON API (docs/web.md): what the page does, any program can do.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Store } from '@email-server/store'
import { HttpError, readJson, send, sendDownload, sendJson, sendMailHtml } from './answers.ts'
import type { ServerView } from './api-types.ts'
import { BadFailure, type Failures } from './failures.ts'
import { canonical, Mailboxes, MOST_LISTED } from './mailboxes.ts'
import { htmlOf, partOf } from './message-view.ts'
import type { News } from './news.ts'
import { type Route, route } from './router.ts'
import type { SessionLog } from './session-log.ts'
import { type TestMessage, testMessage } from './test-message.ts'
import { instead, MOST_WAITING, waitFor } from './wait-for.ts'

export interface ApiParts {
  readonly store: Store
  readonly log: SessionLog
  readonly failures: Failures
  readonly news: News
  readonly server: () => ServerView
  /** Gives a message to the mail server, as any program would. */
  readonly send: (message: TestMessage) => Promise<void>
}

export interface ApiCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  /** A piece of the path. */
  value(name: string): string
}

export type ApiHandler = (call: ApiCall) => unknown

const LISTED = 50
const LONGEST_WORDS = 500
const MOST_WAIT_SECONDS = 60
const WAIT_SECONDS = 5
const MESSAGES = '/api/accounts/:account/folders/:folder/messages'

export function apiRoutes(parts: ApiParts): readonly Route<ApiHandler>[] {
  const mailboxes = new Mailboxes(parts.store)
  return [
    route('GET', '/api/server', ({ response }) => sendJson(response, parts.server())),
    ...mailRoutes(mailboxes),
    ...waitRoutes(parts, mailboxes),
    ...sessionRoutes(parts),
    ...failureRoutes(parts),
  ]
}

function mailRoutes(mailboxes: Mailboxes): readonly Route<ApiHandler>[] {
  const place = (call: ApiCall): [string, string, number] => [
    call.value('account'),
    call.value('folder'),
    wholeNumber('uid', call.value('uid'), 1, 0xffffffff),
  ]
  return [
    route('GET', '/api/accounts', async ({ response }) => sendJson(response, await mailboxes.accounts())),
    route('GET', '/api/accounts/:account/folders', async ({ response, value }) =>
      sendJson(response, await mailboxes.folders(value('account'))),
    ),
    route('GET', MESSAGES, async ({ response, query, value }) => {
      const before = query.get('before')
      const list = await mailboxes.list(value('account'), {
        folder: value('folder'),
        before: before === null ? null : wholeNumber('before', before, 1, 0xffffffff),
        limit: wholeNumber('limit', query.get('limit') ?? `${LISTED}`, 1, MOST_LISTED),
        search: words(query, 'search'),
      })
      sendJson(response, list)
    }),
    route('DELETE', MESSAGES, async ({ response, value }) =>
      sendJson(response, { removed: await mailboxes.empty(value('account'), value('folder')) }),
    ),
    route('DELETE', '/api/messages', async ({ response }) =>
      sendJson(response, { removed: await mailboxes.emptyAll() }),
    ),
    route('GET', `${MESSAGES}/:uid`, async call =>
      sendJson(call.response, await mailboxes.message(...place(call))),
    ),
    route('DELETE', `${MESSAGES}/:uid`, async call => {
      await mailboxes.remove(...place(call))
      sendJson(call.response, { removed: 1 })
    }),
    route('POST', `${MESSAGES}/:uid/seen`, async call => {
      const { seen } = await readJson(call.request)
      if (typeof seen !== 'boolean') throw new HttpError(400, 'seen is true or false')
      await mailboxes.setSeen(...place(call), seen)
      sendJson(call.response, { seen })
    }),
    route('GET', `${MESSAGES}/:uid/source`, async call => {
      const [account, folder, uid] = place(call)
      await mailboxes.withRaw(account, folder, uid, raw => {
        if (call.query.has('download')) sendDownload(call.response, `${folder}-${uid}.eml`, raw)
        else send(call.response, 200, 'text/plain; charset=utf-8', raw)
      })
    }),
    route('GET', `${MESSAGES}/:uid/html`, async call => {
      const html = await mailboxes.withRaw(...place(call), htmlOf)
      if (html === null) throw new HttpError(404, 'the message has no HTML')
      sendMailHtml(call.response, html, call.query.get('remote') === '1')
    }),
    route('GET', `${MESSAGES}/:uid/parts/:part`, async call => {
      const part = await mailboxes.withRaw(...place(call), raw => partOf(raw, call.value('part')))
      if (!part) throw new HttpError(404, 'the message has no such part')
      // only pictures that can do nothing are ever shown; everything else is a file
      if (part.isPicture && call.query.has('inline')) {
        send(call.response, 200, part.contentType, part.bytes)
      } else sendDownload(call.response, part.filename ?? `part-${call.value('part')}`, part.bytes)
    }),
  ]
}

function waitRoutes(parts: ApiParts, mailboxes: Mailboxes): readonly Route<ApiHandler>[] {
  const { store, news } = parts
  let waiting = 0
  return [
    route('GET', '/api/accounts/:account/wait', async ({ response, query, value }) => {
      if (waiting >= MOST_WAITING) throw new HttpError(503, `${MOST_WAITING} wait already`)
      const wanted = {
        account: await canonical(store, value('account')),
        folder: query.get('folder') ?? 'INBOX',
        after: wholeNumber('after', query.get('after') ?? '0', 0, 0xffffffff),
        subject: words(query, 'subject'),
        from: words(query, 'from'),
        text: words(query, 'text'),
        withinMs: 1000 * seconds(query.get('within')),
      }
      const gone = new AbortController()
      response.on('close', () => gone.abort())
      waiting++
      try {
        const found = await waitFor(mailboxes, news, wanted, gone.signal)
        if (gone.signal.aborted) return
        if (found) sendJson(response, found)
        else {
          const there = (await instead(mailboxes, wanted)).map(({ subject }) => JSON.stringify(subject))
          throw new HttpError(408, `no such message; there is: ${there.join(', ') || 'nothing'}`, {
            Connection: 'close',
          })
        }
      } finally {
        waiting--
      }
    }),
    route('GET', '/api/outbox', async ({ response }) =>
      sendJson(response, await mailboxes.outbox(MOST_LISTED)),
    ),
    route('POST', '/api/send', async ({ request, response }) => {
      await parts.send(testMessage(await readJson(request)))
      sendJson(response, { sent: true })
    }),
  ]
}

function sessionRoutes({ log, news }: ApiParts): readonly Route<ApiHandler>[] {
  return [
    route('GET', '/api/sessions', ({ response }) => sendJson(response, log.list())),
    route('DELETE', '/api/sessions', ({ response }) => {
      log.clear()
      sendJson(response, {})
    }),
    route('GET', '/api/sessions/:id', ({ response, value }) => {
      const transcript = log.transcript(wholeNumber('id', value('id'), 1, Number.MAX_SAFE_INTEGER))
      if (!transcript) throw new HttpError(404, 'that session is not remembered')
      sendJson(response, transcript)
    }),
    route('GET', '/api/events', async ({ request, response, query }) => {
      const number = (name: string): number | null => {
        const text = query.get(name)
        return text === null ? null : wholeNumber(name, text, 0, Number.MAX_SAFE_INTEGER)
      }
      const [session, after] = [number('session'), number('after')]
      await news.watchAccounts()
      if (news.hub.isFull) throw new HttpError(503, 'too many listen already')
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
      if (request.method === 'HEAD') {
        response.end()
        return
      }
      news.hub.open(response, session, after ?? 0)
    }),
  ]
}

function failureRoutes({ failures }: ApiParts): readonly Route<ApiHandler>[] {
  return [
    route('GET', '/api/failures', ({ response }) => sendJson(response, failures.list())),
    route('POST', '/api/failures', async ({ request, response }) => {
      const { command, reply, times = null } = await readJson(request)
      if (typeof command !== 'string' || typeof reply !== 'string') {
        throw new HttpError(400, 'command and reply are texts')
      }
      if (times !== null && typeof times !== 'number') throw new HttpError(400, 'times is a number or null')
      try {
        sendJson(response, failures.add(command, reply, times ?? undefined), 201)
      } catch (error) {
        throw error instanceof BadFailure ? new HttpError(400, error.message) : error
      }
    }),
    route('DELETE', '/api/failures', ({ response }) => {
      failures.clear()
      sendJson(response, failures.list())
    }),
    route('DELETE', '/api/failures/:id', ({ response, value }) => {
      if (!failures.remove(wholeNumber('id', value('id'), 1, Number.MAX_SAFE_INTEGER))) {
        throw new HttpError(404, 'there is no such failure')
      }
      sendJson(response, failures.list())
    }),
  ]
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (!/^\d{1,16}$/.test(text) || number < least || number > most) {
    throw new HttpError(400, `${name} is a whole number from ${least} to ${most}`)
  }
  return number
}

/** `5`, `0.5`, `5s` */
function seconds(text: string | null): number {
  if (text === null) return WAIT_SECONDS
  const number = Number(text.replace(/s$/, ''))
  if (!/^\d{1,3}(?:\.\d{1,3})?s?$/.test(text) || number > MOST_WAIT_SECONDS) {
    throw new HttpError(400, `within is a number of seconds up to ${MOST_WAIT_SECONDS}`)
  }
  return number
}

function words(query: URLSearchParams, name: string): string {
  const text = query.get(name) ?? ''
  if (text.length > LONGEST_WORDS) throw new HttpError(400, `${name} has at most ${LONGEST_WORDS} characters`)
  return text
}
