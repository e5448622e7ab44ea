// A client's picture of a folder, kept up only by what the server says without being asked; wrong sequence numbers show at once.
import type { Dialogue, MailWorld } from '../../src/testing/index.ts'
import { type RandomBytes, whole } from '../../src/testing/lots.ts'

const MOST_TRIES = 50

export class ImapMirror {
  readonly wrong: string[] = []
  readonly #dialogue: Dialogue
  readonly #name: string
  /** UIDs by sequence number; 0: not known yet. */
  #uids: number[] = []
  #tag = 0

  private constructor(dialogue: Dialogue, name: string) {
    this.#dialogue = dialogue
    this.#name = name
  }

  static async open(world: MailWorld, domain: string, user: string, name: string): Promise<ImapMirror> {
    const mirror = new ImapMirror(await world.connect(`mail.${domain}`, 993), name)
    await mirror.#dialogue.secure({ servername: `mail.${domain}`, rejectUnauthorized: false })
    await mirror.#dialogue.hear(/\r\n/)
    await mirror.#insist(`LOGIN ${user} x`)
    await mirror.#insist('SELECT INBOX')
    await mirror.#insist('UID FETCH 1:* (UID)')
    return mirror
  }

  get size(): number {
    return this.#uids.length
  }

  async command(text: string): Promise<string> {
    const tag = `t${++this.#tag}`
    const answer = await this.#dialogue.say(`${tag} ${text}`, new RegExp(`^${tag} `, 'm'))
    for (const line of answer.split('\r\n')) this.#hear(line)
    return answer
  }

  /** A command without which nothing goes on: a store that fails is asked again. */
  async #insist(text: string): Promise<void> {
    for (let left = MOST_TRIES; left > 0; left--) {
      const answer = await this.command(text)
      if (new RegExp(`^t${this.#tag} OK `, 'm').test(answer)) return
    }
    this.wrong.push(`${this.#name}: ${text} fails again and again`)
  }

  /** One thing that a client does. */
  async act(random: RandomBytes): Promise<void> {
    const n = this.size
    const lot = whole(random, 6)
    if (n === 0 || lot === 0) await this.command('NOOP')
    else if (lot === 1) await this.command(`STORE ${1 + whole(random, n)} +FLAGS (\\Deleted)`)
    else if (lot === 2) await this.command('EXPUNGE')
    else if (lot === 3) await this.command(`FETCH ${1 + whole(random, n)} (UID FLAGS)`)
    else if (lot === 4) await this.command(`STORE ${1 + whole(random, n)} +FLAGS.SILENT (\\Deleted)`)
    else await this.command(`UID EXPUNGE ${Math.max(1, ...this.#uids.slice(whole(random, n)))}`)
  }

  /** Is the picture right? `there`: the UIDs that the folder really holds; mail may come while we ask. */
  async compare(there: () => readonly number[]): Promise<void> {
    // a store that fails when it is asked for news is asked again with the next command
    for (let left = MOST_TRIES; left > 0 && !this.#isRight(there()); left--) {
      await this.command('NOOP')
      await this.#insist('UID FETCH 1:* (UID)')
    }
    if (!this.#isRight(there()))
      this.wrong.push(`${this.#name} believes in the UIDs ${this.#uids}, the folder has ${there()}`)
    await this.command('LOGOUT')
    await this.#dialogue.close()
  }

  #isRight(uids: readonly number[]): boolean {
    return this.#uids.join() === uids.join()
  }

  #hear(line: string): void {
    const [, number = '', what = ''] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)\b/.exec(line) ?? []
    const n = Number(number)
    const uids = this.#uids
    if (what === 'EXISTS') {
      if (n < uids.length) this.wrong.push(`${this.#name}: ${line} with ${uids.length} messages`)
      while (uids.length < n) uids.push(0)
    } else if (what === 'EXPUNGE') {
      if (n < 1 || n > uids.length) this.wrong.push(`${this.#name}: ${line} with ${uids.length} messages`)
      else uids.splice(n - 1, 1)
    } else if (what === 'FETCH') {
      const uid = Number(/\bUID (\d+)/.exec(line)?.[1] ?? 0)
      if (n < 1 || n > uids.length) this.wrong.push(`${this.#name}: ${line} with ${uids.length} messages`)
      else if (uid > 0 && uids[n - 1] !== 0 && uids[n - 1] !== uid)
        this.wrong.push(`${this.#name}: ${line}, which was UID ${uids[n - 1]}`)
      else if (uid > 0) uids[n - 1] = uid
    }
  }
}
