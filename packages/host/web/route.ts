// Where the page is: in the part of the address behind `#`, so that it can be reloaded, shared, and gone back from.
export const TABS = ['html', 'text', 'source', 'parts', 'headers'] as const
export type Tab = (typeof TABS)[number]

export type Route =
  | {
      readonly view: 'mail'
      /** Null: the folders are looked at. */
      readonly account: string | null
      readonly folder: string
      readonly uid: number | null
      readonly tab: Tab | null
      readonly search: string
    }
  | { readonly view: 'sessions'; readonly session: number | null }
  | { readonly view: 'outbox' | 'failures' | 'connect' }

export type MailRoute = Extract<Route, { view: 'mail' }>

export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  const [, view = '', ...rest] = path.split('/').map(decoded)
  if (view === 'sessions') return { view, session: number(rest[0]) }
  if (view === 'outbox' || view === 'failures' || view === 'connect') return { view }
  const [account = '', folder = '', uid, tab] = rest
  return {
    view: 'mail',
    account: account === '' ? null : account,
    folder: folder === '' ? 'INBOX' : folder,
    uid: number(uid),
    tab: TABS.find(each => each === tab) ?? null,
    search: new URLSearchParams(query).get('q') ?? '',
  }
}

export function mailHash(to: Partial<MailRoute>): string {
  const { account = null, folder = 'INBOX', uid = null, tab = null, search = '' } = to
  const pieces =
    account === null ? [] : [account, folder, ...(uid === null ? [] : [String(uid), ...(tab ? [tab] : [])])]
  const query = search === '' ? '' : `?${new URLSearchParams({ q: search })}`
  return `#/mail${pieces.map(piece => `/${encodeURIComponent(piece)}`).join('')}${query}`
}

export function go(hash: string, how: 'push' | 'replace' = 'push'): void {
  if (hash === location.hash) return
  if (how === 'push') location.hash = hash
  else {
    history.replaceState(null, '', hash)
    dispatchEvent(new HashChangeEvent('hashchange'))
  }
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece)
  } catch {
    return piece
  }
}
