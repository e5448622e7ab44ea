// The arguments of LIST and LSUB (RFC 3501 §6.3.8, §9; RFC 5258 §6). Which options there are is said by the registry.
import type { Reader } from '../wire/reader.ts'
import type { Grammar, Named, Vocabulary } from './grammar.ts'
import { listMailbox, mailbox } from './mailbox.ts'

export interface ListRequest {
  readonly reference: string
  readonly patterns: readonly string[]
  /** Selection and result options; null when the command has the form of RFC 3501. */
  readonly extended: { readonly select: readonly Named[]; readonly returns: readonly Named[] } | null
}

const MOST_OPTIONS = 32

// list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
// mbox-or-pat = list-mailbox / patterns        patterns = "(" list-mailbox *(SP list-mailbox) ")"
/** What follows LIST, its space included. */
export const list: Grammar<ListRequest> = {
  read(r, words) {
    r.sp()
    const select = r.peek() === 0x28 ? readOptions(r, words, name => words.listSelection(name)) : null
    if (select) r.sp()
    const reference = mailbox.read(r, words)
    r.sp()
    const many = r.peek() === 0x28
    const patterns = many ? readPatterns(r, words) : [listMailbox.read(r, words)]
    let returns: readonly Named[] | null = null
    if (r.try(' ')) {
      if (!r.tryKeyword('RETURN')) r.fail('RETURN')
      returns = readOptions(r.sp(), words, name => words.listReturn(name))
    }
    const extended = select || many || returns ? { select: select ?? [], returns: returns ?? [] } : null
    return { reference, patterns, extended }
  },
  write(w, { reference, patterns, extended }, words) {
    const option = ({ name, args }: Named): void => {
      w.raw(name)
      words.listReturn(name)?.args?.write(w.raw(' '), args, words)
    }
    if (extended) w.raw(' ').list(extended.select, option)
    mailbox.write(w.raw(' '), reference, words)
    w.raw(' ')
    if (patterns.length === 1) listMailbox.write(w, patterns[0]!, words)
    else w.list(patterns, pattern => listMailbox.write(w, pattern, words))
    if (extended) w.raw(' RETURN ').list(extended.returns, option)
  },
  samples: [
    { reference: '', patterns: ['*'], extended: null },
    { reference: '~/Mail/', patterns: ['%'], extended: null },
    { reference: '', patterns: [''], extended: null },
    { reference: 'Grüße/', patterns: ['Entwürfe*'], extended: null },
    { reference: '', patterns: ['INBOX', 'Drafts', 'Sent/%'], extended: { select: [], returns: [] } },
    {
      reference: '',
      patterns: ['*'],
      extended: {
        select: [
          { name: 'SUBSCRIBED', args: null },
          { name: 'RECURSIVEMATCH', args: null },
        ],
        returns: [
          { name: 'CHILDREN', args: null },
          { name: 'STATUS', args: ['MESSAGES', 'UNSEEN'] },
        ],
      },
    },
  ],
}

// lsub = "LSUB" SP mailbox SP list-mailbox
export const lsub: Grammar<ListRequest> = {
  read(r, words) {
    const reference = mailbox.read(r.sp(), words)
    return { reference, patterns: [listMailbox.read(r.sp(), words)], extended: null }
  },
  write: list.write,
  samples: list.samples.filter(sample => sample.extended === null),
}

function readPatterns(r: Reader, words: Vocabulary): readonly string[] {
  const patterns: string[] = []
  r.open()
  do {
    patterns.push(listMailbox.read(r, words))
    if (patterns.length > MOST_OPTIONS) r.fail('fewer patterns')
  } while (r.try(' '))
  r.close()
  return patterns
}

// "(" [option *(SP option)] ")"
function readOptions(r: Reader, words: Vocabulary, known: Vocabulary['listReturn']): readonly Named[] {
  const options: Named[] = []
  r.open()
  if (r.peek() !== 0x29) {
    do {
      const name = r.name()
      const term = known(name)
      if (!term) r.fail('a known option of LIST')
      options.push({ name, args: term?.args ? term.args.read(r.sp(), words) : null })
      if (options.length > MOST_OPTIONS) r.fail('fewer options')
    } while (r.try(' '))
  }
  r.close()
  return options
}
