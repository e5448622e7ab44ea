import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AsyncHandler, type Callback, Door } from '../../src/base/ask.ts'
import { MailError, Refusal } from '../../src/base/errors.ts'
import { SessionClock } from '../../src/base/session-clock.ts'

interface Greetings {
  greet: { args: [name: string]; result: string; context: { readonly loud: boolean } }
}

interface Bench {
  door: Door<Greetings>
  clock: SessionClock
  failures: string[]
  ask: () => Promise<string>
}

function bench(): Bench {
  const clock = new SessionClock(0)
  const failures: string[] = []
  const door = new Door<Greetings>({
    names: new Set(['greet']),
    clock,
    timeoutMs: 1000,
    onFailure: (name, error) => {
      const { message, cause } = error as Error
      failures.push(`${name}: ${message}${cause === undefined ? '' : ` (${String(cause)})`}`)
    },
  })
  return { door, clock, failures, ask: () => door.ask('greet', ['Bob'], { loud: true }) }
}

function withAsync(handler: AsyncHandler<Greetings['greet']>): Bench {
  const made = bench()
  made.door.register('greet', 'async', handler)
  return made
}

function withCallback(
  handler: (name: string, cb: Callback<string>, context: { readonly loud: boolean }) => unknown,
): Bench {
  const made = bench()
  made.door.register('greet', 'callback', handler)
  return made
}

function ours(pattern: RegExp): (error: unknown) => boolean {
  return error => error instanceof MailError && error.code === 'EHANDLER' && pattern.test(error.message)
}

describe('the door to the handlers', () => {
  test('asks in promise style, with a promise or a plain value as the answer', async () => {
    assert.equal(await withAsync(async (name, { loud }) => `${name} ${loud}`).ask(), 'Bob true')
    assert.equal(await withAsync(name => name).ask(), 'Bob')
  })

  test('asks in callback style, now or later, with the context behind the callback', async () => {
    assert.equal(await withCallback((name, cb, { loud }) => cb(null, `${name} ${loud}`)).ask(), 'Bob true')
    assert.equal(await withCallback((name, cb) => queueMicrotask(() => cb(undefined, name))).ask(), 'Bob')
    // an async function in callback style answers by its callback
    assert.equal(await withCallback(async (name, cb) => cb(null, name)).ask(), 'Bob')
  })

  test('a name that is unknown, taken, or no function is the mistake of the one who registers', () => {
    const { door } = bench()
    const register = door.register.bind(door) as (name: string, style: string, handler: unknown) => void
    for (const [name, handler] of [
      ['__proto__', () => ''],
      ['greet', 'no function'],
      ['great', () => ''],
    ] as const) {
      assert.throws(() => register(name, 'async', handler), { code: 'EUSAGE' })
    }
    register('greet', 'async', () => '')
    assert.equal(door.has('greet'), true)
    assert.throws(() => register('greet', 'async', () => ''), { code: 'EUSAGE' })
  })

  test('a handler that is missing, throws, rejects or fails by its callback is our fault, and the log learns why', async () => {
    await assert.rejects(bench().ask(), ours(/no handler 'greet'/))
    const boom = new Error('boom')
    for (const made of [
      withAsync(() => {
        throw boom
      }),
      withAsync(async () => Promise.reject(boom)),
      withCallback(() => {
        throw boom
      }),
      withCallback((_name, cb) => cb(boom)),
      withCallback(async () => Promise.reject(boom)),
    ]) {
      await assert.rejects(made.ask(), ours(/failed/))
      assert.deepEqual(made.failures, ["greet: the handler 'greet' failed (Error: boom)"])
    }
  })

  test('whatever is thrown, it is an error', async () => {
    for (const thrown of [undefined, null, 'text', 7, { code: 5 }]) {
      await assert.rejects(
        withAsync(() => {
          throw thrown
        }).ask(),
        ours(/failed/),
      )
    }
  })

  test('a refusal is passed on and is no failure, also from an error that only has its code', async () => {
    const made = withAsync(() => {
      throw new Refusal('OVERQUOTA', 'too much')
    })
    await assert.rejects(made.ask(), error => error instanceof Refusal && error.code === 'OVERQUOTA')
    const duck = withCallback((_name, cb) => cb(Object.assign(new Error('no'), { code: 'NOPERM' })))
    await assert.rejects(duck.ask(), error => error instanceof Refusal && error.message === 'no')
    assert.deepEqual([made.failures, duck.failures], [[], []])
    // the codes of Node's own errors are none
    await assert.rejects(
      withAsync(async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOENT' }))).ask(),
      ours(/failed/),
    )
  })

  test('the first answer counts; another one, or a failure behind it, is told to the log', async () => {
    const twice = withCallback((_name, cb) => {
      cb(null, 'one')
      cb(null, 'two')
      throw new Error('boom')
    })
    assert.equal(await twice.ask(), 'one')
    assert.equal(twice.failures.length, 2)
    assert.match(twice.failures[0]!, /answered more than once/)
    assert.match(twice.failures[1]!, /failed after its answer was needed/)
  })

  test('a handler that never answers is answered for at its deadline, and what it says then is too late', async () => {
    let late: Callback<string> = () => {}
    const made = withCallback((_name, cb) => {
      late = cb
    })
    const asked = made.ask()
    asked.catch(() => {})
    made.clock.tick(999)
    assert.deepEqual(made.failures, [])
    made.clock.tick(1000)
    await assert.rejects(asked, ours(/has not answered within 1000 ms/))
    late(null, 'here I am')
    assert.equal(made.failures.length, 2)
    assert.match(made.failures[1]!, /too late/)
    assert.equal(made.clock.next(), null)
  })

  test('what follows an answer that took long counts its time from then', async () => {
    let now = 0
    const clock: SessionClock = new SessionClock(0, () => clock.tick(now))
    const door = new Door<Greetings>({
      names: new Set(['greet']),
      clock,
      timeoutMs: 1000,
      onFailure: () => {},
    })
    let answer: Callback<string> = () => {}
    door.register('greet', 'callback', (_name: string, cb: Callback<string>) => {
      answer = cb
    })
    const first = door.ask('greet', ['Bob'], { loud: true })
    now = 900
    answer(null, 'at last')
    await first
    void door.ask('greet', ['Bob'], { loud: true }).catch(() => {})
    assert.equal(clock.next(), 1900)
  })

  test('when the session is over, what was asked is rejected, what is asked is too, and answers go nowhere', async () => {
    let late: Callback<string> = () => {}
    const made = withCallback((_name, cb) => {
      late = cb
    })
    const asked = made.ask()
    made.door.close()
    const gone = (error: unknown): boolean => error instanceof MailError && error.code === 'ECONNECTION'
    await assert.rejects(asked, gone)
    await assert.rejects(made.ask(), gone)
    // a client that hangs up is no fault of the handler
    late(null, 'here I am')
    assert.deepEqual(made.failures, [])
    assert.equal(made.clock.next(), null)
  })
})
