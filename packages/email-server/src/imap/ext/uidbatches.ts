// UIDBATCHES (RFC 10022): the UIDs between which a folder's messages fall into batches of one size, so that a client can work through
// them without message numbers. Batch 1 has the newest messages.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'

const SMALLEST_BATCH = 500
/** Messages that a range of batches may span. */
const LARGEST_SPAN = 100_000
/** Different requests of one folder that are remembered. */
const MOST_REQUESTS = 1000

interface BatchesArgs {
  readonly size: number
  /** Null: all batches. */
  readonly range: readonly [first: number, last: number] | null
}

// message-batches = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]
const args: Grammar<BatchesArgs> = {
  read(r) {
    const size = r.sp().nzNumber()
    if (!r.try(' ')) return { size, range: null }
    const first = r.nzNumber()
    r.expect(':')
    return { size, range: [first, r.nzNumber()] }
  },
  write(w, { size, range }) {
    w.raw(` ${size}${range ? ` ${range[0]}:${range[1]}` : ''}`)
  },
  samples: [
    { size: 2000, range: null },
    { size: 500, range: [10, 20] },
  ],
}

const command: CommandSpec<BatchesArgs> = {
  name: 'UIDBATCHES',
  rfc: '10022 §3.1',
  states: ['selected'],
  mayExpunge: true,
  literals: 'none',
  args,
  run(cx, { size, range }) {
    if (range && range[0] > range[1]) throw new PeerSyntaxError('invalid batch range', -1, 'CLIENTBUG')
    if (size < SMALLEST_BATCH)
      return { status: 'NO', code: 'TOOFEW', text: `Minimum batch size is ${SMALLEST_BATCH}` }
    if (range && (range[1] - range[0] + 1) * size > LARGEST_SPAN)
      return { status: 'NO', code: 'TOOMANY', text: `Batches may span ${LARGEST_SPAN} messages` }
    if (!mayAsk(cx, { size, range }))
      return { status: 'NO', code: 'LIMIT', text: 'The batches are as they were' }
    const [first, last] = range ?? [1, Number.POSITIVE_INFINITY]
    const batches = rangesOf(cx, size, first, last)
    // uidbatches-response = "UIDBATCHES" search-correlator [SP uid-range *("," uid-range) ]
    cx.out.raw('* UIDBATCHES (TAG ').string(cx.tag).raw(')')
    if (batches.length > 0) cx.out.raw(` ${batches.join(',')}`)
    cx.out.end()
    return undefined
  },
}

/** One behind the other without a gap, as far down as UID 1 for the last one (RFC 10022 §3.1.4). */
function rangesOf({ folder }: CommandContext, size: number, first: number, last: number): readonly string[] {
  const { view } = folder
  const batches = Math.ceil(view.count / size)
  const lowest = (batch: number): number => (batch >= batches ? 1 : view.uidOf(view.count - batch * size + 1))
  const out: string[] = []
  for (let batch = first; batch <= Math.min(last, batches); batch++) {
    const highest = batch === 1 ? view.lastUid : lowest(batch - 1) - 1
    out.push(`${highest}:${lowest(batch)}`)
  }
  return out
}

/** The same is asked again when half a batch has come or gone since (RFC 10022 §3.1.1). */
function mayAsk({ folder }: CommandContext, { size, range }: BatchesArgs): boolean {
  const { view } = folder
  folder.batched ??= new Map()
  const request = `${size} ${range?.join(':') ?? ''}`
  const known = folder.batched.get(request)
  if (known) {
    const kept = view.countBelow(known.nextUid)
    if (known.count - kept < size / 2 && view.count - kept < size / 2) return false
  } else if (folder.batched.size >= MOST_REQUESTS) return false
  folder.batched.set(request, { count: view.count, nextUid: view.nextUid })
  return true
}

export const uidbatches: Extension = {
  name: 'UIDBATCHES',
  rfc: '10022',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['UIDBATCHES']),
  commands: [command] as readonly CommandSpec[],
}
