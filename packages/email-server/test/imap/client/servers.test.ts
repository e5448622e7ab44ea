// What servers of others really say (recorded; VECTORS_DIR/imap-servers): the client reads all of it, and stays.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ImapClientSession } from '../../../src/imap/index.ts'
import { SessionDriver, VIRTUAL_TLS } from '../../../src/testing/index.ts'

const folder = process.env.VECTORS_DIR ? join(process.env.VECTORS_DIR, 'imap-servers') : null

/** Its literal has another length than it says: somebody has edited it. */
const BROKEN = 'gmail/headers.1+unsolicited-info.txt'

function files(at: string): string[] {
  return readdirSync(at)
    .sort()
    .map(name => join(at, name))
    .flatMap(path => (statSync(path).isDirectory() ? files(path) : path.endsWith('.txt') ? [path] : []))
}

interface Bench {
  readonly imap: ImapClientSession
  readonly driver: SessionDriver
}

/** Logged in, with a mailbox open in which every number may be. */
async function bench(): Promise<Bench> {
  const imap = new ImapClientSession({ isServer: false, tls: VIRTUAL_TLS })
  const driver = new SessionDriver(imap)
  driver.greet()
  driver.feed('* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ IDLE UIDPLUS MOVE METADATA ACL QUOTA] hello\r\n')
  await driver.settle()
  const opened = imap.select('INBOX')
  await driver.settle()
  driver.feed('* 1000000 EXISTS\r\n* OK [UIDVALIDITY 1]\r\na1 OK\r\n')
  await opened
  driver.take()
  return { imap, driver }
}

describe('recorded servers', { skip: folder ? false : 'VECTORS_DIR is not set' }, () => {
  for (const path of folder ? files(folder) : []) {
    const name = path.slice(folder!.length + 1)
    if (name === BROKEN) continue
    const recorded = readFileSync(path).toString('latin1').replace(/\r?\n/g, '\r\n')
    if (name.includes('greeting')) {
      test(`${name}: is a greeting`, async () => {
        const imap = new ImapClientSession({ isServer: false, tls: VIRTUAL_TLS })
        const driver = new SessionDriver(imap)
        driver.greet()
        driver.feed(Buffer.from(recorded, 'latin1'))
        await driver.settle()
        if (/^\* BYE/i.test(recorded)) {
          assert.equal(driver.closed?.error?.code, 'ECONNECTION')
          return
        }
        if (imap.state === 'greeting') {
          assert.match(driver.takeText(), /^a1 CAPABILITY\r\n$/)
          driver.feed('* CAPABILITY IMAP4rev1\r\na1 OK\r\n')
          await driver.settle()
        }
        assert.match(imap.state, /[aA]uthenticated/)
        driver.destroy()
      })
      continue
    }
    test(`${name}: is read`, async () => {
      const { imap, driver } = await bench()
      const commands = recorded.match(/^A#{8} /gm)?.length ?? 0
      const ask = (): Promise<unknown> => {
        if (/^\+ /.test(recorded)) return imap.idle()
        return /^\* BYE/m.test(recorded) ? imap.logout() : imap.noop()
      }
      const outcomes = Promise.allSettled(Array.from({ length: Math.max(1, commands) }, ask))
      await driver.settle()
      let tag = 2
      const said = recorded.replace(/^A#{8} /gm, () => `a${tag++} `)
      driver.feed(Buffer.from(said, 'latin1'))
      await driver.settle()
      assert.equal(driver.closed?.error?.message, undefined)
      driver.destroy()
      await outcomes
    })
  }
})
