// Mail that arrives: whose it is, into which folders it goes, and what goes on into the queue.
import { randomUUID } from 'node:crypto'
import { Refusal } from 'email-server'
import type { Transaction } from 'kysely'
import type { Account, Accounts } from './accounts/accounts.ts'
import type { ArrivedMail, SubmittedMail } from './attach.ts'
import type { Bodies } from './bodies/bodies.ts'
import type { ChangeFeed } from './changes.ts'
import type { Database } from './database/database.ts'
import type { Tables } from './database/schema.ts'
import { usageError } from './errors.ts'
import { folderToFill, inboxOf } from './folders/folders.ts'
import type { Gate } from './gate.ts'
import type { ByteBudget } from './messages/budget.ts'
import { type OwnedPlacement, storeMessage } from './messages/delivering.ts'
import { flagSet } from './messages/flags.ts'
import type { OutboundQueue } from './queue/outbound-queue.ts'

export interface ArrivalParts {
  readonly database: Database
  readonly bodies: Bodies
  readonly changes: ChangeFeed
  readonly gate: Gate
  readonly budget: ByteBudget
  readonly accounts: Accounts
  readonly queue: OutboundQueue
}

interface Outbox {
  readonly username: string
  readonly folder: string
}

/** Messages from this size on wait for their share of memory. */
const LARGE = 1024 * 1024

export class Arrivals {
  readonly #parts: ArrivalParts

  constructor(parts: ArrivalParts) {
    this.#parts = parts
  }

  async deliver(raw: Uint8Array, recipients: readonly string[]): Promise<void> {
    const { local, others } = await this.#sort(recipients)
    if (others.length > 0) throw nobody()
    await this.#place(raw, local, null)
  }

  async deliverMail(mail: ArrivedMail, outbox: Outbox | null): Promise<void> {
    const { local, others } = await this.#sort(mail.to)
    if (others.length > 0 && !outbox) throw nobody()
    const work = (): Promise<void> =>
      this.#place(withReturnPath(mail), local, others.length > 0 ? outbox : null)
    await (mail.size < LARGE ? work() : this.#parts.budget.spend(mail.size, work))
  }

  /** Passes the gate by itself, since the server's queue does so, too. */
  async submit(mail: SubmittedMail): Promise<void> {
    const { gate, bodies, queue } = this.#parts
    const { local, others } = await gate.pass(() => this.#sort(mail.to))
    if (others.length === 0) {
      await gate.pass(() => this.deliverMail(mail, null))
      return
    }
    const id = randomUUID()
    const send = (): Promise<unknown> => mail.deliver({ to: others, id, answerWithin: 0 })
    if (local.length === 0) {
      await send()
      return
    }
    const body = bodies.prepare(withReturnPath(mail))
    await queue.beside(id, { body, where: trx => inboxesOf(trx, local) }, send)
  }

  /** The different accounts that get mail for these addresses, and the addresses that belong to nobody here. */
  async #sort(addresses: readonly string[]): Promise<{ local: readonly Account[]; others: string[] }> {
    const local = new Map<number, Account>()
    const others: string[] = []
    for (const address of addresses) {
      const accounts = await this.#parts.accounts.forRecipient(address)
      if (accounts.length === 0) others.push(address)
      for (const account of accounts) local.set(account.id, account)
    }
    return { local: [...local.values()], others }
  }

  async #place(raw: Uint8Array, accounts: readonly Account[], outbox: Outbox | null): Promise<void> {
    const { database, bodies, changes } = this.#parts
    const sender = outbox && {
      id: (await accountOf(this.#parts.accounts, outbox.username)).id,
      folder: outbox.folder,
    }
    const body = bodies.prepare(raw)
    const internalDate = Date.now()
    await storeMessage(database, bodies, changes, body, async trx => {
      const placements = await inboxesOf(trx, accounts, internalDate)
      if (sender) {
        const folder = await folderToFill(trx, sender.id, sender.folder)
        placements.push({
          folderId: folder.id,
          made: folder.made,
          accountId: sender.id,
          flags: flagSet(['Seen']),
          internalDate,
        })
      }
      return placements
    })
  }
}

/** Throws EUSAGE when there is none of that name. */
export async function accountOf(accounts: Accounts, username: string): Promise<Account> {
  const account = await accounts.find(username)
  if (!account) throw usageError(`there is no account ${JSON.stringify(username)}`)
  return account
}

function withReturnPath(mail: ArrivedMail): Uint8Array {
  return Buffer.concat([Buffer.from(mail.returnPath, 'utf8'), mail.rawBytes])
}

/** A place in the INBOX of each account. */
async function inboxesOf(
  trx: Transaction<Tables>,
  accounts: readonly Account[],
  internalDate: number = Date.now(),
): Promise<OwnedPlacement[]> {
  const placements: OwnedPlacement[] = []
  for (const { id } of accounts) {
    const { id: folderId, isLimited } = await inboxOf(trx, id)
    placements.push({ folderId, accountId: id, isLimited, flags: flagSet([]), internalDate })
  }
  return placements
}

function nobody(): Refusal {
  return new Refusal('NONEXISTENT', 'there is nobody of that name here')
}
