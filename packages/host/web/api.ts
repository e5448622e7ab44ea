// The API of the server, from the page's side.
import type {
  AccountView,
  ErrorView,
  FailureView,
  FolderView,
  MessageList,
  MessageView,
  OutboxView,
  ServerView,
  SessionTranscript,
  SessionView,
} from '../src/web/api-types.ts'

/** The server's own words, for people. */
export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Place {
  readonly account: string
  readonly folder: string
}

export interface MessagePlace extends Place {
  readonly uid: number
}

export function messagesPath({ account, folder }: Place): string {
  return `/api/accounts/${encodeURIComponent(account)}/folders/${encodeURIComponent(folder)}/messages`
}

export function messagePath(place: MessagePlace): string {
  return `${messagesPath(place)}/${place.uid}`
}

export const api = {
  server: (): Promise<ServerView> => call<ServerView>('GET', '/api/server'),
  accounts: (): Promise<AccountView[]> => call<AccountView[]>('GET', '/api/accounts'),
  folders: (account: string): Promise<FolderView[]> =>
    call<FolderView[]>('GET', `/api/accounts/${encodeURIComponent(account)}/folders`),
  messages: (
    place: Place,
    query: { search: string; limit: number; before?: number },
  ): Promise<MessageList> => {
    const { search, limit, before } = query
    const values = new URLSearchParams({ search, limit: String(limit) })
    if (before !== undefined) values.set('before', String(before))
    return call<MessageList>('GET', `${messagesPath(place)}?${values}`)
  },
  message: (place: MessagePlace): Promise<MessageView> => call<MessageView>('GET', messagePath(place)),
  source: async (place: MessagePlace): Promise<string> =>
    (await ask('GET', `${messagePath(place)}/source`)).text(),
  setSeen: (place: MessagePlace, seen: boolean): Promise<unknown> =>
    call('POST', `${messagePath(place)}/seen`, { seen }),
  remove: (place: MessagePlace): Promise<unknown> => call('DELETE', messagePath(place)),
  empty: (place: Place): Promise<unknown> => call('DELETE', messagesPath(place)),
  outbox: (): Promise<OutboxView> => call<OutboxView>('GET', '/api/outbox'),
  send: (message: { to: string; subject: string; text: string }): Promise<unknown> =>
    call('POST', '/api/send', message),
  sessions: (): Promise<SessionView[]> => call<SessionView[]>('GET', '/api/sessions'),
  session: (id: number): Promise<SessionTranscript> => call<SessionTranscript>('GET', `/api/sessions/${id}`),
  clearSessions: (): Promise<unknown> => call('DELETE', '/api/sessions'),
  failures: (): Promise<FailureView[]> => call<FailureView[]>('GET', '/api/failures'),
  addFailure: (failure: { command: string; reply: string; times: number | null }): Promise<FailureView> =>
    call<FailureView>('POST', '/api/failures', failure),
  removeFailure: (id: number): Promise<FailureView[]> => call<FailureView[]>('DELETE', `/api/failures/${id}`),
  clearFailures: (): Promise<FailureView[]> => call<FailureView[]>('DELETE', '/api/failures'),
} as const

async function call<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
  return (await ask(method, path, body)).json()
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(path, {
    method,
    ...(body !== undefined && {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  if (response.ok) return response
  const { error } = (await response.json().catch(() => ({}))) as Partial<ErrorView>
  throw new ApiError(response.status, error ?? `the server answers ${response.status}`)
}
