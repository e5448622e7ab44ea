// A store with a large INBOX, made once and kept for later runs: a hundred thousand messages take some minutes.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@email-server/store'

export const USER = 'alice@example.test'
const PASSWORD = 'password'
const AT_A_TIME = 500

const SYLLABLES =
  'ba co di fu ga he ji ko la mi no pa qui re so ta un ver wi xa yo ze st er in ion al ic ment the and for'.split(
    ' ',
  )

/** Numbers that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return state / 0x7fffffff
  }
}

/** 30,000 words; as in any language few of them are most of a text. */
export class Words {
  readonly #random: () => number
  readonly #words: readonly string[]

  constructor(seed = 1) {
    this.#random = seeded(seed)
    this.#words = Array.from({ length: 30_000 }, () =>
      Array.from({ length: 2 + Math.floor(this.#random() * 3) }, () => this.#syllable()).join(''),
    )
  }

  /** The one of this rank: 0 is in nearly every text, the last ones are rare. */
  ranked(rank: number): string {
    return this.#words[rank]!
  }

  text(count: number): string {
    let out = ''
    for (let i = 0; i < count; i++) out += this.#word() + (i % 12 === 11 ? '\r\n' : ' ')
    return out.trimEnd()
  }

  #word(): string {
    return this.#words[Math.floor(this.#words.length * this.#random() ** 3)]!
  }

  #syllable(): string {
    return SYLLABLES[Math.floor(this.#random() * SYLLABLES.length)]!
  }
}

/** A message of 1.8 KB, of 150 words. */
export function letter(words: Words, number: number): Buffer {
  const sender = `sender${number % 500}@domain${number % 97}.example`
  const lines = [
    `Received: from mail${number % 7}.example.org by mx.example.test with ESMTPS id ${number.toString(36)}`,
    ` for <${USER}>; Mon, ${1 + (number % 28)} Oct 2026 10:00:${10 + (number % 50)} +0000`,
    `From: Sender ${number % 500} <${sender}>`,
    `To: Alice Example <${USER}>`,
    `Subject: ${number % 3 === 0 ? 'Re: ' : ''}${words.text(5)}`,
    `Date: Mon, ${1 + (number % 28)} Oct 2026 10:${10 + (number % 50)}:00 +0000`,
    `Message-ID: <${number}.abcdef@domain${number % 97}.example>`,
    ...(number % 3 === 0 && number > 0
      ? [`In-Reply-To: <${number - 1}.abcdef@domain${(number - 1) % 97}.example>`]
      : []),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    words.text(150),
    '',
  ]
  return Buffer.from(lines.join('\r\n'))
}

/** The directory of a store whose user has so many messages, each known to the index of texts. */
export async function filledStore(count: number): Promise<string> {
  const directory = join(tmpdir(), `email-server-bench-store-${count}`)
  const ready = join(directory, 'ready')
  if (existsSync(ready)) return directory
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const store = await openStore(`sqlite:${directory}`)
  try {
    await store.addDomain('example.test')
    await store.addUser(USER, PASSWORD)
    const handlers = store.mailbox(USER)
    const words = new Words()
    for (let at = 0; at < count; at += AT_A_TIME) {
      const some = Array.from({ length: Math.min(AT_A_TIME, count - at) }, (_, i) => ({
        raw: letter(words, at + i),
        flags: (at + i) % 5 === 0 ? [] : ['Seen'],
      }))
      await handlers.appendAll!('INBOX', some, {})
    }
    await store.idle()
  } finally {
    await store.close()
  }
  writeFileSync(ready, '')
  return directory
}
