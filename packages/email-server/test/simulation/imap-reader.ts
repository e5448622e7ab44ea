// A mail program of ours that keeps a picture of an INBOX by what it is told, over a line that breaks and a store that fails: in the end it must be
// the INBOX. It reads the whole of it anew only where it is told to (`reset`), or when it could not read what had come.
import { connectIMAP, type ImapConnection, type MailboxChange } from '../../src/index.ts'
import type { MailWorld } from '../../src/testing/index.ts'

interface Known {
  readonly flags: string
  readonly modseq: bigint
}

const RETRY_MS = 5 * 60_000
/** Less often than a person would: days pass. */
const KEEP_ALIVE_MS = 25 * 60_000

export class ImapReader {
  readonly #world: MailWorld
  readonly #domain: string
  readonly #user: string
  readonly #known = new Map<number, Known>()
  /** What is above has not been read. */
  #highest = 0
  #mustReread = true
  #hasNew = false
  #imap: ImapConnection | null = null
  #stopped = false
  readonly #running: Promise<void>

  constructor(world: MailWorld, domain: string, user: string) {
    this.#world = world
    this.#domain = domain
    this.#user = `${user}@${domain}`
    this.#running = world.track(`the reader of ${this.#user}`, this.#run())
  }

  /** What is wrong with its picture; then it goes home. */
  async compare(): Promise<string[]> {
    this.#world.faults.tally.count(
      this.#mustReread ? 'a reader reads all anew at the end' : 'a reader is up to date',
    )
    if (this.#mustReread) await this.#world.advance('1h')
    const wrong: string[] = []
    const seen = [...this.#known].sort(([a], [b]) => a - b).map(([uid, { flags }]) => `${uid}(${flags})`)
    const there = this.#world
      .mailbox(this.#user)
      .messages()
      .map(({ uid, flags }) => `${uid}(${flagText(flags)})`)
    if (seen.join() !== there.join())
      wrong.push(`the reader of ${this.#user} believes in ${seen.join()}, the folder has ${there.join()}`)
    this.#stopped = true
    await this.#world.run(this.#imap?.logout() ?? Promise.resolve()).catch(() => {})
    this.#imap?.destroy()
    await this.#world.run(this.#running)
    return wrong
  }

  async #run(): Promise<void> {
    const runtime = this.#world.runtime()
    while (!this.#stopped) {
      try {
        await this.#read()
      } catch {
        // this connection is over for good: another one
      }
      this.#imap?.destroy()
      this.#imap = null
      if (!this.#stopped) await new Promise<void>(resolve => runtime.setTimer(RETRY_MS, resolve))
    }
  }

  async #read(): Promise<void> {
    const imap = await connectIMAP({
      ...{ host: `mail.${this.#domain}`, port: 993, runtime: this.#world.runtime() },
      ...{ auth: { user: this.#user, pass: 'x' }, keepAlive: KEEP_ALIVE_MS },
    })
    this.#imap = imap
    imap.on('reconnect', () => this.#world.faults.tally.count('a reader comes back'))
    // nothing is known of what has happened before
    this.#mustReread = true
    await imap.select('INBOX')
    const changes = imap.changes('INBOX')
    await this.#catchUp(imap)
    for await (const change of changes) {
      this.#hear(change)
      await this.#catchUp(imap)
    }
  }

  #hear(change: MailboxChange): void {
    this.#world.faults.tally.count(`a reader hears: ${change.kind}`)
    if (change.kind === 'exists') this.#hasNew = true
    else if (change.kind === 'reset') this.#mustReread = true
    else if (change.kind === 'expunge') {
      if (change.uid === 0) this.#mustReread = true
      else this.#known.delete(change.uid)
    } else if (change.kind === 'vanished') {
      for (const [first, last] of change.uids)
        for (const uid of this.#known.keys()) if (uid >= first && uid <= last) this.#known.delete(uid)
    } else if (this.#known.has(change.uid)) this.#learn(change.uid, change.flags, change.modseq ?? 0n)
  }

  /** Reads what has come, or all; as often as it takes, while the connection goes on. */
  async #catchUp(imap: ImapConnection): Promise<void> {
    const runtime = this.#world.runtime()
    while ((this.#mustReread || this.#hasNew) && !this.#stopped) {
      try {
        const all = this.#mustReread
        const from = all ? 1 : this.#highest + 1
        this.#hasNew = false
        const messages = await imap.fetch(`${from}:*`, { flags: true, modseq: true })
        if (all) {
          this.#known.clear()
          this.#highest = 0
        }
        for (const { uid, flags = [], modseq = 0n } of messages) {
          this.#learn(uid, flags, modseq)
          this.#highest = Math.max(this.#highest, uid)
        }
        this.#mustReread = false
      } catch (error) {
        this.#hasNew = true
        if ((error as { code?: string }).code === 'EUSAGE') throw error
        await new Promise<void>(resolve => runtime.setTimer(60_000, resolve))
      }
    }
  }

  #learn(uid: number, flags: readonly string[], modseq: bigint): void {
    const known = this.#known.get(uid)
    // the same may be told twice, and late
    if (!known || modseq >= known.modseq) this.#known.set(uid, { flags: flagText(flags), modseq })
  }
}

function flagText(flags: readonly string[]): string {
  return flags
    .filter(flag => flag !== 'Recent')
    .map(flag => flag.replace(/^\\/, ''))
    .sort()
    .join(' ')
}
