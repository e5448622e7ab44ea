// The keys of SEARCH in RFC 3501 §6.4.4, each compiled to the storage contract's criteria.
import { FLAGS, type SearchKey, systemFlag } from '../../mailbox/index.ts'
import type { SearchKeySpec } from '../extension.ts'
import { date } from '../grammar/date-time.ts'
import { keyword } from '../grammar/flags.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { type SequenceSet, sequenceSet } from '../grammar/sequence-set.ts'
import { astring, number } from '../grammar/strings.ts'
import type { SearchScope } from '../search-scope.ts'

const RFC = '3501 §6.4.4'

function bare(name: string, compile: (scope: SearchScope) => SearchKey): SearchKeySpec {
  return { name, rfc: RFC, compile: (_args, scope) => compile(scope) }
}

function withArgs<A>(
  name: string,
  args: Grammar<A>,
  compile: (args: A, scope: SearchScope) => SearchKey,
): SearchKeySpec<A> {
  return { name, rfc: RFC, args, compile }
}

/** NAME and UNNAME for each system flag. */
const FLAG_KEYS: readonly SearchKeySpec[] = Object.values(FLAGS).flatMap(flag => [
  bare(flag.toUpperCase(), () => ({ key: 'flag', flag, set: true })),
  bare(`UN${flag.toUpperCase()}`, () => ({ key: 'flag', flag, set: false })),
])

const FIELD_KEYS: readonly SearchKeySpec[] = ['BCC', 'CC', 'FROM', 'SUBJECT', 'TO'].map(name =>
  withArgs(name, astring, value => ({ key: 'header', name: name.toLowerCase(), value })),
) as readonly SearchKeySpec[]

const DATE_KEYS: readonly SearchKeySpec[] = (['before', 'on', 'since'] as const).flatMap(is => [
  withArgs(is.toUpperCase(), date, day => ({ key: 'date', of: 'internal', is, day })),
  withArgs(`SENT${is.toUpperCase()}`, date, day => ({ key: 'date', of: 'sent', is, day })),
]) as readonly SearchKeySpec[]

interface HeaderArgs {
  readonly name: string
  readonly value: string
}

// "HEADER" SP header-fld-name SP astring
const headerArgs: Grammar<HeaderArgs> = {
  read(r) {
    const name = r.astring()
    return { name, value: r.sp().astring() }
  },
  write: (w, { name, value }) => w.astring(name).raw(' ').astring(value),
  samples: [
    { name: 'Message-ID', value: '<a@b>' },
    { name: 'X-Spam', value: '' },
  ],
}

/** A keyword can't be called like a system flag: no message has such a one. */
function hasKeyword(flag: string, set: boolean): SearchKey {
  if (!systemFlag(flag)) return { key: 'flag', flag, set }
  return set ? { key: 'not', of: { key: 'all' } } : { key: 'all' }
}

function recent(scope: SearchScope): SearchKey {
  return { key: 'uid', ranges: scope.recent() }
}

export const SEARCH_KEYS: readonly SearchKeySpec[] = [
  bare('ALL', () => ({ key: 'all' })),
  ...FLAG_KEYS,
  ...FIELD_KEYS,
  ...DATE_KEYS,
  withArgs('BODY', astring, value => ({ key: 'body', value })),
  withArgs('TEXT', astring, value => ({ key: 'text', value })),
  withArgs('HEADER', headerArgs, ({ name, value }) => ({ key: 'header', name, value })),
  withArgs('KEYWORD', keyword, flag => hasKeyword(flag, true)),
  withArgs('UNKEYWORD', keyword, flag => hasKeyword(flag, false)),
  withArgs('LARGER', number, bytes => ({ key: 'size', is: 'larger', bytes })),
  withArgs('SMALLER', number, bytes => ({ key: 'size', is: 'smaller', bytes })),
  withArgs('UID', sequenceSet, (set: SequenceSet, scope) => ({ key: 'uid', ranges: scope.uids(set) })),
  bare('RECENT', recent),
  bare('OLD', scope => ({ key: 'not', of: recent(scope) })),
  bare('NEW', scope => ({
    key: 'and',
    keys: [recent(scope), { key: 'flag', flag: FLAGS.Seen, set: false }],
  })),
]
