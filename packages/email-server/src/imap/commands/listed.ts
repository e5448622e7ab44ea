// The LIST and LSUB responses (RFC 3501 §7.2.2, RFC 5258 §6).
import { Refusal } from '../../base/errors.ts'
import type { CommandContext } from '../context.ts'
import { mailbox } from '../grammar/mailbox.ts'

export interface ListedMore {
  /** Selection options that names below have met (RFC 5258 §3.5). */
  readonly childInfo?: readonly string[]
  /** The name that it had before (RFC 5465 §5.4). */
  readonly oldName?: string
}

// mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]
// childinfo-extended-item = "CHILDINFO" SP "(" list-select-base-opt-quoted *(SP list-select-base-opt-quoted) ")"
// oldname-extended-item = "OLDNAME" SP "(" mailbox ")"
export function writeListed(
  cx: CommandContext,
  response: 'LIST' | 'LSUB',
  flags: readonly string[],
  delimiter: string | null,
  name: string,
  { childInfo = [], oldName }: ListedMore = {},
): void {
  const w = cx.out
  w.raw(`* ${response} `).list(flags, flag => w.raw('\\').atom(flag))
  w.raw(' ').nstring(delimiter).raw(' ')
  if (name === '') w.raw('""')
  else mailbox.write(w, name, cx.words)
  if (childInfo.length > 0)
    w.raw(' ("CHILDINFO" ')
      .list(childInfo, each => w.string(each))
      .raw(')')
  if (oldName !== undefined) {
    mailbox.write(w.raw(' ("OLDNAME" ('), oldName, cx.words)
    w.raw('))')
  }
  w.end()
}

/** The user may know of the folder, but not what is in it (RFC 5465 §3.1, §5; RFC 4314). */
export async function noAccess(cx: CommandContext, name: string): Promise<boolean> {
  if (!cx.mailbox.handles('myRights')) return false
  try {
    return !String(await cx.mailbox.ask('myRights', [name], {})).includes('r')
  } catch (error) {
    if (error instanceof Refusal) return true
    throw error
  }
}
