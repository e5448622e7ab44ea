// Folders that one user shares with another (ACL, RFC 4314), through IMAP: what each right allows, and that nothing else does.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ImapTalk, serveStore } from './imap-talk.ts'
import { ALICE, BOB, message, test, testStore } from './support.ts'

const SHARED = `"Other Users/${ALICE}/team"`

interface Sharing {
  readonly alice: ImapTalk
  readonly bob: ImapTalk
  readonly share: (rights: string, identifier?: string) => Promise<string>
}

/** Alice has a folder `team` with three messages. */
async function sharing(t: TestContext): Promise<Sharing> {
  const { store } = await testStore(t)
  const served = await serveStore(t, store)
  const [alice, bob] = [await served.talk(ALICE), await served.talk(BOB)]
  await alice.ok('CREATE team')
  for (const name of ['one', 'two', 'three']) await store.storeMessage(ALICE, 'team', message(name))
  return { alice, bob, share: (rights, identifier = BOB) => alice.ok(`SETACL team ${identifier} ${rights}`) }
}

test('what is not shared does not exist for others', async t => {
  const { alice, bob } = await sharing(t)
  for (const command of ['SELECT', 'STATUS', 'DELETE', 'MYRIGHTS', 'GETACL', 'SUBSCRIBE']) {
    const rest = command === 'STATUS' ? ' (MESSAGES)' : ''
    assert.match(await bob.say(`${command} ${SHARED}${rest}`), /^NO \[NONEXISTENT\]/m, command)
  }
  assert.match(await bob.append(SHARED, 'x'), /^NO \[TRYCREATE\]/m)
  assert.ok(!(await bob.ok('LIST "" "*"')).includes('Other Users'))
  assert.match(await alice.ok('MYRIGHTS team'), /MYRIGHTS team lrswikxtea/)
})

test('NAMESPACE says where the folders of others are, LIST those that may be looked up', async t => {
  const { bob, share } = await sharing(t)
  assert.match(
    await bob.ok('NAMESPACE'),
    /^\* NAMESPACE \(\("" "\/"\)\) \(\("Other Users\/" "\/"\)\) NIL\r$/m,
  )
  await share('r')
  assert.ok(!(await bob.ok('LIST "" "*"')).includes('team'))
  await share('lr')
  assert.ok((await bob.ok('LIST "" "*"')).includes(SHARED))
  await bob.ok(`SUBSCRIBE ${SHARED}`)
  assert.ok((await bob.ok('LIST (SUBSCRIBED) "" "*"')).includes(SHARED))
  await bob.ok(`UNSUBSCRIBE ${SHARED}`)
  assert.ok(!(await bob.ok('LIST (SUBSCRIBED) "" "*"')).includes('team'))
  assert.match(await bob.say('CREATE "Other Users/x"'), /^NO/m)
})

test('who may only read opens a folder that can only be read', async t => {
  const { bob, share } = await sharing(t)
  await share('lr')
  const opened = await bob.ok(`SELECT ${SHARED}`)
  assert.match(opened, /^\* 3 EXISTS\r$/m)
  assert.match(opened, /READ-ONLY/)
  assert.match(await bob.ok('FETCH 1 BODY.PEEK[]'), /Subject: one/)
  assert.match(await bob.say('STORE 1 +FLAGS (\\Seen)'), /^(?:NO|BAD)/m)
  assert.match(await bob.say('EXPUNGE'), /^(?:NO|BAD)/m)
  assert.match(await bob.ok('COPY 1 INBOX'), /COPYUID/)
  assert.match(await bob.append(SHARED, 'x'), /^NO \[NOPERM\]/m)
  assert.match(await bob.say(`SETACL ${SHARED} ${BOB} lrswikxtea`), /^NO \[NOPERM\]/m)
})

test('each right to flags is for its own flags; the others stay as they are', async t => {
  const { alice, bob, share } = await sharing(t)
  await alice.ok('SELECT team')
  await alice.ok('STORE 1 FLAGS (\\Flagged $Keep)')
  await share('lrs')
  await bob.ok(`SELECT ${SHARED}`)
  await bob.ok('STORE 1 FLAGS (\\Seen \\Deleted $Mine)')
  assert.match(await bob.ok('FETCH 1 FLAGS'), /FLAGS \(\\Seen \\Flagged \$Keep\)/)
  assert.match(await bob.say('STORE 1 +FLAGS (\\Deleted)'), /^NO \[NOPERM\]/m)
  await share('lrt')
  await bob.ok('STORE 1 +FLAGS (\\Deleted)')
  assert.match(await alice.ok('FETCH 1 FLAGS'), /FLAGS \(\\Seen \\Flagged \\Deleted \$Keep\)/)
  assert.match(await bob.say('EXPUNGE'), /^NO \[NOPERM\]/m)
  await share('lrte')
  assert.match(await bob.ok('EXPUNGE'), /^\* 1 EXPUNGE\r$/m)
  assert.match(await alice.ok('NOOP'), /^\* 1 EXPUNGE\r$/m)
})

test('what is put into a folder of another has the flags that may be set there, and counts for its owner', async t => {
  const { alice, bob, share } = await sharing(t)
  await share('lri')
  await bob.append('INBOX', message('from bob').toString(), '(\\Seen \\Deleted $Work) ')
  await bob.ok('SELECT INBOX')
  assert.match(await bob.ok(`COPY 1 ${SHARED}`), /COPYUID \d+ 1 4/)
  await bob.append(SHARED, message('appended').toString(), '(\\Seen) ')
  await alice.ok('SELECT team')
  const flags = await alice.ok('FETCH 4:5 FLAGS')
  assert.match(flags, /^\* 4 FETCH \(FLAGS \(\)\)\r\n\* 5 FETCH \(FLAGS \(\)\)\r$/m)
  assert.match(await alice.ok('STATUS team (UNSEEN DELETED)'), /UNSEEN 5 DELETED 0|DELETED 0 UNSEEN 5/)
  assert.match(await bob.ok(`MOVE 1 ${SHARED}`), /COPYUID \d+ 1 6/)
  await bob.ok(`SELECT ${SHARED}`)
  assert.match(await bob.say('MOVE 1 INBOX'), /^(?:NO \[NOPERM\])/m)
})

test('a quota is that of the folder’s owner, whoever fills it', async t => {
  const { store } = await testStore(t)
  const served = await serveStore(t, store)
  const [alice, bob] = [await served.talk(ALICE), await served.talk(BOB)]
  await alice.ok('CREATE team')
  await alice.ok(`SETACL team ${BOB} lri`)
  await store.setQuota(ALICE, { messages: 1 })
  await store.setQuota(BOB, { messages: 0 })
  assert.match(await bob.append(SHARED, 'A: b\r\n\r\n'), /^OK/m)
  assert.match(await bob.append(SHARED, 'A: c\r\n\r\n'), /^NO \[OVERQUOTA\]/m)
  assert.match(await bob.ok(`GETQUOTAROOT ${SHARED}`), /^\* QUOTAROOT "[^"]*"\r$/m)
})

test('folders are made, renamed and deleted among those of another by whom he allows; new ones are shared alike', async t => {
  const { alice, bob, share } = await sharing(t)
  const inside = SHARED.replace('team"', 'team/new"')
  await share('lr')
  assert.match(await bob.say(`CREATE ${inside}`), /^NO \[NOPERM\]/m)
  assert.match(await bob.say(`DELETE ${SHARED}`), /^NO \[NOPERM\]/m)
  await share('lrkx')
  await bob.ok(`CREATE ${inside}`)
  assert.match(await alice.ok('GETACL team/new'), /bob@example\.test lrkx/)
  await bob.ok(`RENAME ${inside} ${SHARED.replace('team"', 'team/newer"')}`)
  assert.match(await alice.ok('LIST "" "team/*"'), /team\/newer/)
  assert.match(await bob.say(`RENAME ${SHARED.replace('team"', 'team/newer"')} stolen`), /^NO/m)
  assert.match(await bob.say(`RENAME Archive ${SHARED.replace('team"', 'team/mine"')}`), /^NO/m)
  await bob.ok(`DELETE ${SHARED.replace('team"', 'team/newer"')}`)
})

test('rights are set, added, taken and told; the owner keeps all; a minus takes away what anyone has', async t => {
  const { alice, bob, share } = await sharing(t)
  await share('lr', 'anyone')
  await share('+w')
  await share('+s')
  await share('-w')
  assert.match(
    await alice.ok('GETACL team'),
    /ACL team alice@example\.test \S+ anyone lr bob@example\.test s\r$/m,
  )
  assert.match(await bob.ok(`MYRIGHTS ${SHARED}`), / lrs\r$/m)
  await share('r', `-${BOB}`)
  assert.match(await bob.ok(`MYRIGHTS ${SHARED}`), / ls\r$/m)
  assert.match(await bob.say(`SELECT ${SHARED}`), /^NO \[NOPERM\]/m)
  await alice.ok(`DELETEACL team -${BOB}`)
  await bob.ok(`SELECT ${SHARED}`)
  assert.match(await alice.ok(`LISTRIGHTS team ${BOB.toUpperCase()}`), / "" l r s w i k x t e a/)
  assert.match(await alice.say(`SETACL team ${ALICE} r`), /^NO \[CANNOT\]/m)
  assert.match(await alice.say('SETACL team nobody@example.test r'), /^NO \[CANNOT\]/m)
})

test('an administrator of a folder shares it further; notes of its own are each user’s', async t => {
  const { alice, bob, share } = await sharing(t)
  await share('lra')
  await bob.ok(`SETACL ${SHARED} anyone l`)
  assert.match(await alice.ok('GETACL team'), /anyone l /)
  await alice.ok('SETMETADATA team (/private/comment "hers" /shared/comment "both")')
  const seen = await bob.ok(`GETMETADATA ${SHARED} (/private/comment /shared/comment)`)
  assert.ok(seen.includes('both') && !seen.includes('hers'))
})
