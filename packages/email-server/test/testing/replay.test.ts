import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  parseTranscript,
  replay,
  replayEveryWay,
  type Setup,
  TranscriptMismatch,
  TranscriptSyntaxError,
} from '../../src/testing/index.ts'
import { ToySession } from './toy-session.ts'

const toys: Setup = () => ({ open: () => new ToySession() })

function script(lines: string): Promise<void> {
  return replayEveryWay(parseTranscript(lines, 'toy.txt'), toys)
}

/** The message with which a transcript fails. */
async function failure(lines: string): Promise<string> {
  try {
    await script(lines)
  } catch (error) {
    assert.ok(error instanceof TranscriptMismatch, String(error))
    return error.message
  }
  return assert.fail('the transcript should not pass')
}

describe('a transcript', () => {
  test('passes when the session says what is written, however the bytes are cut', async () => {
    await script(
      'S: hello\nC: ECHO one\nC: ECHO two\nS: one\nS: two\nC: WAIT\nS: waited\nC: QUIT\nS: bye\nS closes',
    )
  })

  test('captures what it does not know and holds the session to it afterwards', async () => {
    await script(
      'S: hello\nC: ECHO n 12 end\nS: n <<n:number>> <<*>>\nC: ECHO <<n>>\nS: 12\nC: ECHO 12\nS: <<n>>',
    )
    assert.match(
      await failure('S: hello\nC: ECHO 12\nS: <<n:number>>\nC: ECHO 13\nS: <<n>>'),
      /toy\.txt:5: expected\n {4}S: <<n>>\n {2}but the session said\n {4}"13\\r\\n"/,
    )
  })

  test('knows bytes, repetition, base64 and blocks', async () => {
    await script(
      'block text\n| .a\n| bé\nend\n' +
        'S: hello\nC: ECHO <<0x41ff>><<x*5>>\nS: <<*>>xxxxx\n' +
        'C: ECHO <<base64 \\0a\\0b>>\nS: AGEAYg==\n' +
        'C: ECHO <<size text>>\nS: 9\n' +
        'C: ECHO <<stuffed text>>\nS-: ..a<<0x0d0a>>\nS: what?\nS: what?',
    )
  })

  test('takes lines in any order when they are marked so', async () => {
    await script('S: hello\nC: ECHO one\nC: ECHO two\nS~: two\nS~: one')
    assert.match(
      await failure('S: hello\nC: ECHO one\nC: ECHO two\nS~: two\nS~: three'),
      /one of\n {4}S: two\n {4}S: three/,
    )
  })

  test('skips whole lines where it says so', async () => {
    await script('S: hello\nC: ECHO one\nC: ECHO two\nC: ECHO three\nS: <<lines>>\nS: three')
  })

  test('lets time pass, and no deadline is missed on the way', async () => {
    await script('S: hello\nC: SLOW\nadvance 2s\nadvance 1s\nS: at last\nadvance 1min\nS: too slow\nS closes')
  })

  test('upgrades where the session asks for it', async () => {
    await script(
      'S: hello\nC: STARTTLS\nC: ECHO injected\nS: go ahead\nTLS\nS: secured by TLSv1.3\nC: ECHO x\nS: x',
    )
    assert.match(await failure('S: hello\nC: ECHO x\nS: x\nTLS'), /toy\.txt:4.*has not asked for tls/)
  })

  test('speaks on several connections', async () => {
    await script(
      'S: hello\nC2 opens\nS2: hello\nC2: ECHO two\nC: ECHO one\nS: one\nS2: two\nC2 closes\nS2: eof',
    )
  })

  test('fails when the session says more than is written, says nothing, or stays open', async () => {
    assert.match(
      await failure('S: hello\nC: ECHO one\nC: ECHO two\nS: one\nC: QUIT'),
      /said more: "two\\r\\n"/,
    )
    assert.match(await failure('S: hello\nC: ECHO one\nS: one\nS: two'), /said\n {4}nothing/)
    assert.match(await failure('S: hello\nC: ECHO one\nS: one\nS closes'), /has not closed/)
    assert.match(await failure('S: hello\nC: QUIT\nS: bye\nC: ECHO'), /closed: nobody hears/)
  })

  test('names the cut at which it fails', async () => {
    // a session that is wrong only when a line comes in two pieces
    class Cut extends ToySession {
      #pieces = 0
      override feed(bytes: Uint8Array): boolean {
        if (++this.#pieces > 1) return super.feed(Buffer.from('QUIT\r\n'))
        return super.feed(bytes)
      }
    }
    const transcript = parseTranscript('S: hello\nC: ECHO one\nS: one', 'cut.txt')
    const setup: Setup = () => ({ open: () => new Cut() })
    await replay(transcript, setup)
    await assert.rejects(replayEveryWay(transcript, setup), /cut\.txt:3 \(byte by byte\): expected/)
    await assert.rejects(
      replay(transcript, setup, { kind: 'at', offset: 4 }),
      /cut\.txt:3 \(cut before byte 5\): expected/,
    )
  })

  test('runs actions of the set-up', async () => {
    const calls: string[][] = []
    const transcript = parseTranscript('block b\n| x\nend\nS: hello\ndo note a b', 'do.txt')
    await replay(transcript, () => ({
      open: () => new ToySession(),
      actions: { note: (...args) => calls.push(args) },
    }))
    assert.deepEqual(calls, [['a', 'x\r\n']])
  })

  test('holds a client to its lines when the roles are turned round', async () => {
    // says what it is told to, and repeats what it hears
    class Client extends ToySession {
      override greet(): void {}
      say(text: string): void {
        this.emit('send', Buffer.from(`${text}\r\n`))
      }
    }
    const replayed = (lines: string): Promise<void> => {
      const transcript = parseTranscript(`role: client\n${lines}`, 'client.txt')
      return replayEveryWay(transcript, () => {
        const client = new Client()
        return { open: () => client, actions: { say: (...words) => client.say(words.join(' ')) } }
      })
    }
    await replayed('S: ECHO hello\nC: hello\ndo say more\nC: more\nS: QUIT\nC: bye\nC closes')
    await replayed('S: ECHO hello\nC: hello\nS closes\nC: eof\nC closes')
    await assert.rejects(replayed('S: ECHO hello\nC: goodbye'), /client\.txt:3.*expected\n {4}C: goodbye/)
  })

  test('says which line cannot be read', () => {
    for (const [text, message] of [
      ['S: ok\nwhat', /t\.txt:2: what is this\? "what"/],
      ['C: <<', /t\.txt:1: << without >>/],
      ['C: <<?>>', /t\.txt:1: <<\?>> means nothing/],
      ['block x\n| a', /t\.txt:3: block x has no end/],
      ['block x\na\nend', /t\.txt:2: a line of a block begins with/],
    ] as const) {
      assert.throws(
        () => parseTranscript(text, 't.txt'),
        (error: unknown) => error instanceof TranscriptSyntaxError && message.test(error.message),
      )
    }
  })

  test('keeps its header: role, needs, options, title', () => {
    const transcript = parseTranscript(
      '# A title\nrole: client\nneeds: MOVE, UIDPLUS\noptions: tls, size=10\n',
    )
    assert.equal(transcript.title, 'A title')
    assert.equal(transcript.role, 'client')
    assert.deepEqual(transcript.needs, ['MOVE', 'UIDPLUS'])
    assert.deepEqual(
      [...transcript.options],
      [
        ['tls', 'true'],
        ['size', '10'],
      ],
    )
  })
})
