// Folders of another IMAP server and ours: levels and their delimiter, namespaces (RFC 2342), special uses (RFC 6154).
import type { ImapConnection, ListedFolder, NamespaceEntry } from 'email-server'
import { DELIMITER, INBOX, OTHER_USERS } from '../folders/names.ts'

export interface RemoteFolder extends ListedFolder {
  readonly subscribed: boolean
  /** Its levels, without what all personal folders have in front. */
  readonly levels: readonly string[]
}

export interface RemoteFolders {
  /** Those that are the user's own, and can be opened. */
  readonly all: readonly RemoteFolder[]
  /** What names of new folders begin with. */
  readonly prefix: string
  /** Null: folders have no levels there. */
  readonly delimiter: string | null
}

/** Views of messages that are in other folders as well (RFC 6154 §2, RFC 8457). */
const VIEWS: ReadonlySet<string> = new Set(['Flagged', 'Important'])
/** The view of all messages, which has those that are in no other folder, too. */
export const ALL = 'All'
/** Names of folders with a use, on servers that do not tell; lower case. */
const KNOWN_NAMES: ReadonlyMap<string, string> = new Map([
  ['sent items', 'Sent'],
  ['sent messages', 'Sent'],
  ['sent mail', 'Sent'],
  ['deleted items', 'Trash'],
  ['deleted messages', 'Trash'],
  ['junk e-mail', 'Junk'],
  ['junk email', 'Junk'],
  ['spam', 'Junk'],
  ['bulk mail', 'Junk'],
  ['archives', 'Archive'],
])
/** Levels of our folder names; deeper ones become one. */
const DEEPEST = 30

/** The user's own folders, in the order in which the server tells them, INBOX first and the view of all messages last. */
export async function remoteFolders(imap: ImapConnection): Promise<RemoteFolders> {
  const listed = await imap.list('', '*')
  const subscribed = new Set((await subscribedFolders(imap)).map(({ name }) => name))
  const spaces = await namespaces(imap)
  const all: RemoteFolder[] = []
  for (const folder of listed) {
    const space = spaceOf(spaces, folder.name)
    if (!space.personal || folder.attributes.some(each => /^(?:Noselect|NonExistent)$/i.test(each))) continue
    if (VIEWS.has(folder.specialUse ?? '')) continue
    const rest = folder.name === INBOX ? INBOX : folder.name.slice(space.prefix.length)
    const levels = folder.delimiter === null ? [rest] : rest.split(folder.delimiter)
    all.push({ ...folder, subscribed: subscribed.has(folder.name), levels })
  }
  const rank = (folder: RemoteFolder): number =>
    folder.name === INBOX ? 0 : folder.specialUse === ALL ? 2 : 1
  all.sort((a, b) => rank(a) - rank(b))
  const home = spaces.find(({ personal }) => personal)
  const delimiter = home?.delimiter ?? listed.find(each => each.delimiter !== null)?.delimiter ?? null
  return { all, prefix: home?.prefix ?? '', delimiter }
}

function subscribedFolders(imap: ImapConnection): Promise<ListedFolder[]> {
  // IMAP4rev2 has no LSUB
  return imap.has('LIST-EXTENDED') || imap.has('IMAP4REV2')
    ? imap.listExtended({ selection: ['SUBSCRIBED'] })
    : imap.lsub('', '*')
}

interface Space extends NamespaceEntry {
  readonly personal: boolean
}

async function namespaces(imap: ImapConnection): Promise<readonly Space[]> {
  if (!imap.has('NAMESPACE') && !imap.has('IMAP4REV2')) return []
  const { personal, otherUsers, shared } = await imap.namespace()
  return [
    ...personal.map(each => ({ ...each, personal: true })),
    ...[...otherUsers, ...shared].map(each => ({ ...each, personal: false })),
  ]
}

/** The longest prefix decides. */
function spaceOf(
  spaces: readonly Space[],
  name: string,
): { readonly prefix: string; readonly personal: boolean } {
  let found = { prefix: '', personal: true }
  if (name === INBOX) return found
  for (const { prefix, delimiter, personal } of spaces) {
    // `Other Users` itself is listed without its delimiter
    const root = delimiter !== null && prefix.endsWith(delimiter) ? prefix.slice(0, -delimiter.length) : null
    if (prefix.length > found.prefix.length && (name.startsWith(prefix) || name === root)) {
      found = { prefix: name === root ? '' : prefix, personal }
    } else if (prefix === '' && found.prefix === '') found = { prefix, personal: found.personal && personal }
  }
  return found
}

/**
 * How a folder of there is called here. Those with a use go where ours of that use is; a use that is not told is known by the usual names.
 * @param uses our folders by their use
 */
export function localName(
  folder: RemoteFolder,
  uses: ReadonlyMap<string, string>,
  toldUses: ReadonlySet<string>,
): string {
  if (folder.name === INBOX) return INBOX
  const [first = ''] = folder.levels
  const known = folder.levels.length === 1 ? KNOWN_NAMES.get(first.toLowerCase()) : undefined
  const use = folder.specialUse ?? (known !== undefined && !toldUses.has(known) ? known : null)
  const place = use === null ? undefined : uses.get(use === ALL ? 'Archive' : use)
  return place ?? plainName(folder)
}

/** Its levels as ours, with what no name may have taken out. */
export function plainName({ levels }: RemoteFolder): string {
  const clean = levels.filter(level => level !== '').map(cleanLevel)
  if (clean.length === 0) clean.push('_')
  if (clean[0] === OTHER_USERS) clean[0] = `${OTHER_USERS}_`
  const rest = clean.splice(DEEPEST)
  if (rest.length > 0) clean.push(rest.join('_'))
  return clean.join(DELIMITER)
}

function cleanLevel(level: string): string {
  return level.replaceAll(/[\p{Cc}\p{Cs}*%\u2028\u2029/]/gu, '_')
}

/**
 * How a folder of ours is called there.
 * @param uses their folders by their use
 */
export function remoteName(
  { name, specialUse }: { readonly name: string; readonly specialUse: string | null },
  { prefix, delimiter }: RemoteFolders,
  uses: ReadonlyMap<string, string>,
): string {
  if (name === INBOX) return INBOX
  const place = specialUse === null ? undefined : uses.get(specialUse)
  if (place !== undefined) return place
  const levels = name.split(DELIMITER)
  if (delimiter === null) return prefix + levels.join('_')
  const clean = levels.map(level => level.replaceAll(delimiter, '_'))
  return (clean[0] === INBOX ? '' : prefix) + clean.join(delimiter)
}
