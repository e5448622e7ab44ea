// A durable queue in a directory, as small as one can be: a message and a JSON file for each entry, both safe before `add` resolves. One process
// at a time; what an earlier one had claimed is free again.

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type {
  ClaimedEntry,
  ClaimOptions,
  ContentSource,
  DeliveryQueue,
  QueueChange,
  QueueEntry,
} from 'email-server'

export class FileQueue implements DeliveryQueue {
  readonly #directory: string
  readonly #entries = new Map<string, QueueEntry>()
  readonly #leases = new Map<string, { lease: string; until: number }>()

  constructor(directory: string) {
    this.#directory = directory
    fs.mkdirSync(directory, { recursive: true })
    for (const name of fs.readdirSync(directory)) {
      if (!name.endsWith('.json')) continue
      const entry = JSON.parse(fs.readFileSync(path.join(directory, name), 'utf8')) as QueueEntry
      this.#entries.set(entry.id, entry)
    }
  }

  async add(entry: QueueEntry, content: ContentSource, leaseUntil: number): Promise<ClaimedEntry | null> {
    if (this.#entries.has(entry.id)) return null
    const chunks: Uint8Array[] = []
    if (content instanceof Uint8Array) chunks.push(content)
    else for await (const chunk of content) chunks.push(chunk)
    this.#write(`${entry.id}.eml`, Buffer.concat(chunks))
    this.#write(`${entry.id}.json`, Buffer.from(JSON.stringify(entry)))
    this.#entries.set(entry.id, entry)
    return this.#lend(entry, leaseUntil)
  }

  async claim({ dueBy, now, leaseUntil, limit }: ClaimOptions): Promise<readonly ClaimedEntry[]> {
    const due = [...this.#entries.values()].filter(entry => {
      const lease = this.#leases.get(entry.id)
      return lease ? lease.until <= now : entry.nextAttempt <= dueBy
    })
    return due.slice(0, limit).map(entry => this.#lend(entry, leaseUntil))
  }

  async content(id: string): Promise<ContentSource> {
    return fs.readFileSync(path.join(this.#directory, `${id}.eml`))
  }

  async renew(id: string, lease: string, leaseUntil: number): Promise<boolean> {
    const held = this.#leases.get(id)
    if (held?.lease !== lease) return false
    held.until = leaseUntil
    return true
  }

  async update(id: string, lease: string, change: QueueChange | null, release: boolean): Promise<boolean> {
    if (this.#leases.get(id)?.lease !== lease) return false
    if (!change) {
      fs.unlinkSync(path.join(this.#directory, `${id}.json`))
      fs.rmSync(path.join(this.#directory, `${id}.eml`), { force: true })
      this.#entries.delete(id)
      this.#leases.delete(id)
      return true
    }
    const entry = { ...this.#entries.get(id)!, ...change }
    this.#write(`${id}.json`, Buffer.from(JSON.stringify(entry)))
    this.#entries.set(id, entry)
    if (release) this.#leases.delete(id)
    return true
  }

  async nextDue(): Promise<number | null> {
    const times = [...this.#entries.values()].map(
      entry => this.#leases.get(entry.id)?.until ?? entry.nextAttempt,
    )
    return times.length === 0 ? null : Math.min(...times)
  }

  #lend(entry: QueueEntry, until: number): ClaimedEntry {
    const lease = randomBytes(8).toString('hex')
    this.#leases.set(entry.id, { lease, until })
    return { ...entry, lease }
  }

  /** The file is there whole, or not at all. */
  #write(name: string, bytes: Buffer): void {
    const target = path.join(this.#directory, name)
    const file = fs.openSync(`${target}.new`, 'w')
    fs.writeSync(file, bytes)
    fs.fsyncSync(file)
    fs.closeSync(file)
    fs.renameSync(`${target}.new`, target)
  }
}
