// QUOTA (RFC 9208): how much of its space a user has filled. Handlers speak of octets; the wire counts STORAGE in units of 1,024.
import { badAnswer, type Quota, type QuotaResource } from '../../mailbox/index.ts'
import { oneMailbox } from '../commands/select.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { astring } from '../grammar/strings.ts'
import { LOGGED_IN } from '../state.ts'

const UNIT = 1024
/** Resources that are measured in octets here and in units on the wire (RFC 9208 §5). */
const IN_UNITS: ReadonlySet<string> = new Set(['STORAGE', 'ANNOTATION-STORAGE'])
const MOST_RESOURCES = 32

// getquota = "GETQUOTA" SP quota-root-name        quota-root-name = astring
const oneRoot: Grammar<string> = {
  read: (r, words) => astring.read(r.sp(), words),
  write: (w, root) => w.raw(' ').astring(root),
  samples: ['', '#user/alice', '!partition/sda4'],
}

const getQuota: CommandSpec<string> = {
  name: 'GETQUOTA',
  rfc: '9208 §4.1.1',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: oneRoot,
  async run(cx, root) {
    writeQuota(cx, await askQuota(cx, root))
    return undefined
  },
}

const getQuotaRoot: CommandSpec<string> = {
  name: 'GETQUOTAROOT',
  rfc: '9208 §4.1.2',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  args: oneMailbox,
  async run(cx, folder) {
    // without a handler of its own there is one root for all
    const quotas: unknown = cx.mailbox.handles('quotaRoot')
      ? await cx.mailbox.ask('quotaRoot', [folder], {})
      : [await askQuota(cx, '')]
    if (!Array.isArray(quotas)) throw badAnswer('quotaRoot', 'an array of quotas', quotas)
    const checked = quotas.map(quota => checkedQuota('quotaRoot', quota))
    mailbox.write(cx.out.raw('* QUOTAROOT '), folder, cx.words)
    for (const { root } of checked) cx.out.raw(' ').astring(root)
    cx.out.end()
    for (const quota of checked) writeQuota(cx, quota)
    return undefined
  },
}

async function askQuota(cx: CommandContext, root: string): Promise<Quota> {
  return checkedQuota('quota', await cx.mailbox.ask('quota', [root], {}))
}

function checkedQuota(handler: 'quota' | 'quotaRoot' | 'setQuota', quota: unknown): Quota {
  const { root, resources } = (quota ?? {}) as Partial<Quota>
  if (typeof root !== 'string' || !Array.isArray(resources))
    throw badAnswer(handler, 'a quota { root, resources }', quota)
  for (const { usage, limit } of resources as readonly QuotaResource[]) {
    for (const value of [usage, limit])
      if (!Number.isSafeInteger(value) || value < 0)
        throw badAnswer(handler, 'whole numbers as usage and limit', value)
  }
  return quota as Quota
}

// quota-response = "QUOTA" SP quota-root-name SP quota-list        quota-list = "(" quota-resource *(SP quota-resource) ")"
// quota-resource = resource-name SP resource-usage SP resource-limit
function writeQuota(cx: CommandContext, { root, resources }: Quota): void {
  const w = cx.out
  w.raw('* QUOTA ')
    .astring(root)
    .raw(' ')
    .list(resources, ({ name, usage, limit }) => {
      const unit = IN_UNITS.has(name) ? UNIT : 1
      // what is begun is used; what is not a whole unit can not be had
      w.atom(name).raw(` ${Math.ceil(usage / unit)} ${Math.floor(limit / unit)}`)
    })
    .end()
}

interface SetQuotaArgs {
  readonly root: string
  readonly limits: readonly { readonly name: string; readonly limit: number }[]
}

// setquota = "SETQUOTA" SP quota-root-name SP setquota-list       setquota-list = "(" [setquota-resource *(SP setquota-resource)] ")"
// setquota-resource = resource-name SP resource-limit
const setQuotaArgs: Grammar<SetQuotaArgs> = {
  read(r) {
    const root = r.sp().astring()
    const limits: { name: string; limit: number }[] = []
    r.sp().open()
    if (r.peek() !== 0x29) {
      do {
        const name = r.keyword()
        limits.push({ name, limit: r.sp().number64() })
        if (limits.length > MOST_RESOURCES) r.fail('fewer resources')
      } while (r.try(' '))
    }
    r.close()
    return { root, limits }
  },
  write(w, { root, limits }) {
    w.raw(' ')
      .astring(root)
      .raw(' ')
      .list(limits, ({ name, limit }) => w.atom(name).raw(` ${limit}`))
  },
  samples: [
    { root: '#user/alice', limits: [{ name: 'STORAGE', limit: 510 }] },
    { root: '', limits: [] },
  ],
}

const setQuota: CommandSpec<SetQuotaArgs> = {
  name: 'SETQUOTA',
  rfc: '9208 §4.1.3',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'small',
  handlers: ['setQuota'],
  args: setQuotaArgs,
  async run(cx, { root, limits }) {
    const inOctets = limits.map(({ name, limit }) => ({
      name,
      limit: IN_UNITS.has(name) ? limit * UNIT : limit,
    }))
    writeQuota(cx, checkedQuota('setQuota', await cx.mailbox.ask('setQuota', [root, inOctets], {})))
    return undefined
  },
}

export const quota: Extension = {
  name: 'QUOTA',
  rfc: '9208',
  gate: { kind: 'handlers', names: ['quota'] },
  capabilities(facts) {
    if (facts.state === 'notAuthenticated') return []
    const all = ['QUOTA', 'QUOTA=RES-STORAGE', 'QUOTA=RES-MESSAGE']
    return facts.handles('setQuota') ? [...all, 'QUOTASET'] : all
  },
  commands: [getQuota, getQuotaRoot, setQuota] as readonly CommandSpec[],
  statusItems: [
    {
      name: 'DELETED-STORAGE',
      rfc: '9208 §4.1.4',
      item: 'deletedSize',
      write: (w, { deletedSize = 0 }) => void w.number(Math.ceil(deletedSize / UNIT)),
    },
  ],
}
