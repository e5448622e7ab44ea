import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MailError } from '../../src/base/errors.ts'
import { SessionDriver, SessionPair } from '../../src/testing/index.ts'
import { ToySession } from './toy-session.ts'

describe('the driver of one session', () => {
  test('exchanges bytes and meets deadlines at their own time', async () => {
    const toy = new ToySession()
    const times: number[] = []
    toy.on('send', () => times.push(driver.now))
    const driver = new SessionDriver(toy, { now: 1000 })
    driver.greet()
    assert.equal(await driver.exchange('ECHO a\r\nSLOW\r\n'), 'hello\r\na\r\n')
    await driver.advance(10_000)
    assert.equal(driver.takeText(), 'at last\r\n')
    assert.equal(times.at(-1), 4000)
    assert.equal(driver.now, 11_000)
    await driver.advance(60_000)
    assert.deepEqual(driver.closed, { error: null })
  })

  test('holds bytes back while the session is paused and loses those that come during an upgrade', async () => {
    class Pausing extends ToySession {
      override feed(bytes: Uint8Array): boolean {
        super.feed(bytes)
        return !bytes.includes(33)
      }
    }
    const toy = new Pausing()
    const driver = new SessionDriver(toy)
    driver.greet()
    assert.equal(await driver.exchange('ECHO !\r\n'), 'hello\r\n!\r\n')
    assert.equal(await driver.exchange('ECHO later\r\n'), '')
    assert.equal(driver.paused, true)
    toy.emit('resume')
    assert.equal(await driver.exchange(''), 'later\r\n')
    driver.feed('STARTTLS\r\n')
    assert.equal(driver.upgrade, 'tls')
    driver.feed('ECHO clear\r\n')
    driver.upgraded()
    assert.equal(await driver.exchange('ECHO secret\r\n'), 'go ahead\r\nsecured by TLSv1.3\r\nsecret\r\n')
  })

  test('tells how the session ended, once', async () => {
    const toy = new ToySession()
    const driver = new SessionDriver(toy)
    driver.greet()
    driver.feed('QUIT\r\n')
    toy.emit('close', new MailError('EPROTOCOL', 'again'))
    assert.deepEqual(driver.closed, { error: null })
    driver.feed('ECHO x\r\n')
    assert.equal(driver.takeText(), 'hello\r\nbye\r\n')
  })
})

describe('a pair of sessions', () => {
  test('carries what each says to the other, upgrades both at once, and ends one when the other ends', async () => {
    // a client that says its next line whenever it hears one
    class Client extends ToySession {
      readonly heard: string[] = []
      #lines = ['ECHO a', 'STARTTLS', 'ECHO b', 'QUIT']
      override greet(): void {}
      override feed(bytes: Uint8Array): boolean {
        this.heard.push(Buffer.from(bytes).toString().trim())
        if (this.heard.at(-1) === 'go ahead') this.emit('upgrade', 'tls')
        else this.#next()
        return true
      }
      override upgraded(): void {}
      #next(): void {
        const line = this.#lines.shift()
        if (line) this.emit('send', Buffer.from(`${line}\r\n`))
      }
    }
    const client = new Client()
    const pair = new SessionPair(new ToySession(), client)
    pair.greet()
    await pair.settle()
    assert.deepEqual(client.heard, ['hello', 'a', 'go ahead', 'secured by TLSv1.3', 'b', 'bye'])
    assert.deepEqual(pair.log[0], { from: 'server', bytes: Buffer.from('hello\r\n') })
    assert.deepEqual(pair.server.closed, { error: null })
  })

  test('cuts what is carried', async () => {
    const pieces: number[] = []
    class Client extends ToySession {
      override greet(): void {}
      override feed(bytes: Uint8Array): boolean {
        pieces.push(bytes.length)
        return true
      }
    }
    const cut = (bytes: Uint8Array): Uint8Array[] => [...bytes].map(byte => Uint8Array.of(byte))
    const pair = new SessionPair(new ToySession(), new Client(), { cut })
    pair.greet()
    await pair.settle()
    assert.deepEqual(pieces, [1, 1, 1, 1, 1, 1, 1])
  })
})
