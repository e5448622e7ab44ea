import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test as plainTest } from 'node:test'
import { scramKeys } from 'email-server'
import { ALICE, BOB, message, test, testStore } from './support.ts'

test('an account is found by its address in any letter case, and with a tag', async t => {
  const { store } = await testStore(t)
  for (const address of [
    'alice@example.test',
    'ALICE@Example.TEST',
    'Alice+news@example.test',
    '"alice"@example.test',
  ]) {
    assert.deepEqual(await store.findRecipients(address), [ALICE], address)
  }
  for (const address of [
    'carol@example.test',
    'alice@other.test',
    'alice',
    '',
    '@example.test',
    'al ice@example.test',
  ]) {
    assert.deepEqual(await store.findRecipients(address), [], address)
  }
})

test('a login needs the account itself: no tag, the right password', async t => {
  const { store } = await testStore(t)
  assert.equal(await store.verifyUser('Alice@EXAMPLE.test', 'password'), ALICE)
  assert.equal(await store.verifyUser(ALICE, 'Password'), null)
  assert.equal(await store.verifyUser(ALICE, ''), null)
  assert.equal(await store.verifyUser('alice+tag@example.test', 'password'), null)
  assert.equal(await store.verifyUser('carol@example.test', 'password'), null)
})

test('a name without a domain is taken as one of the only domain, and only then', async t => {
  const { store } = await testStore(t)
  assert.equal(await store.verifyUser('alice', 'password'), ALICE)
  await store.addDomain('second.test')
  assert.equal(await store.verifyUser('alice', 'password'), null)
})

test('a new password counts at once, the old one no more', async t => {
  const { store } = await testStore(t)
  assert.equal(await store.verifyUser(ALICE, 'password'), ALICE)
  await store.setPassword(ALICE, 'another')
  assert.equal(await store.verifyUser(ALICE, 'password'), null)
  assert.equal(await store.verifyUser(ALICE, 'another'), ALICE)
})

plainTest('passwords are kept as scrypt hashes, each with its own salt, never in clear', async t => {
  const { store, directory } = await testStore(t)
  await store.close()
  const bytes = await readFile(join(directory, 'mail.sqlite'), 'latin1')
  const hashes = bytes.match(/\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}/g) ?? []
  assert.ok(hashes.length >= 2)
  assert.equal(new Set(hashes.map(hash => hash.split('$')[3])).size, new Set(hashes).size)
  assert.ok(!bytes.includes('password\0') && !/[^_]password[^_]/.test(bytes.replaceAll('password_hash', '')))
})

test('an account cannot be made twice, in a strange domain, or under a name that no address has', async t => {
  const { store } = await testStore(t)
  const cases = [
    'ALICE@example.test',
    'alice@other.test',
    'a@b@example.test',
    'x+y@example.test',
    'nobody',
    'a\r\nb@example.test',
  ]
  for (const address of cases) {
    await assert.rejects(store.addUser(address, 'password'), { code: 'EUSAGE' }, address)
  }
  await assert.rejects(store.addDomain('not a domain'), { code: 'EUSAGE' })
  assert.deepEqual(await store.domains(), ['example.test'])
})

test('domains compare in their ASCII form', async t => {
  const { store } = await testStore(t)
  await store.addDomain('Bücher.test')
  await store.addUser('ann@bücher.test', 'password')
  assert.deepEqual(await store.findRecipients('ANN@xn--bcher-kva.test'), ['ann@xn--bcher-kva.test'])
  assert.equal(await store.isLocal('anyone@BÜCHER.test'), true)
  assert.equal(await store.isLocal('anyone@books.test'), false)
})

test('mail for postmaster reaches somebody (RFC 5321 §4.5.1)', async t => {
  const { store } = await testStore(t)
  assert.deepEqual(await store.findRecipients('Postmaster@example.test'), [ALICE])
  assert.deepEqual(await store.findRecipients('postmaster'), [ALICE])
  assert.deepEqual(await store.findRecipients('postmaster@other.test'), [])
  await store.addUser('postmaster@example.test', 'password')
  assert.deepEqual(await store.findRecipients('postmaster@example.test'), ['postmaster@example.test'])
})

test('hasUsers tells a new store from one in use', async t => {
  const { store } = await testStore(t)
  assert.equal(await store.hasUsers(), true)
  assert.equal(await store.findUser(BOB), BOB)
})

const CAROL = 'carol@example.test'

test('mail for an alias reaches its accounts, with a tag too; an alias is no login', async t => {
  const { store } = await testStore(t)
  await store.addAlias('Sales@EXAMPLE.test', ALICE)
  await store.addAlias('sales@example.test', BOB)
  await store.addAlias('sales@example.test', BOB)
  assert.deepEqual(await store.findRecipients('sales+q3@example.test'), [ALICE, BOB])
  assert.equal(await store.verifyUser('sales@example.test', 'password'), null)
  await store.deliver(message('offer'), ['sales@example.test', ALICE])
  for (const user of [ALICE, BOB]) {
    assert.equal((await store.mailbox(user).status!('INBOX', { items: [] })).total, 1, user)
  }
  assert.deepEqual(await store.aliases(), [
    { alias: 'sales@example.test', account: ALICE },
    { alias: 'sales@example.test', account: BOB },
  ])
  await store.removeAlias('sales@example.test', ALICE)
  assert.deepEqual(await store.findRecipients('sales@example.test'), [BOB])
  await store.removeAlias('sales@example.test')
  assert.deepEqual(await store.findRecipients('sales@example.test'), [])
})

test('an alias hides no account, and no account hides an alias', async t => {
  const { store } = await testStore(t)
  await store.addAlias(CAROL, ALICE)
  const cases: (() => Promise<unknown>)[] = [
    () => store.addAlias(BOB, ALICE),
    () => store.addAlias('x@strange.test', ALICE),
    () => store.addAlias('x@example.test', 'nobody@example.test'),
    () => store.addAlias('no address', ALICE),
    () => store.addUser(CAROL, 'password'),
    () => store.addUser('*@example.test', 'password'),
  ]
  for (const work of cases) await assert.rejects(work, { code: 'EUSAGE' }, String(work))
})

test('who gets what a domain does not know gets nothing that it knows', async t => {
  const { store } = await testStore(t)
  await store.addAlias('*@example.test', BOB)
  await store.addAlias('sales@example.test', ALICE)
  assert.deepEqual(await store.findRecipients('anybody@example.test'), [BOB])
  assert.deepEqual(await store.findRecipients('anybody+tag@example.test'), [BOB])
  assert.deepEqual(await store.findRecipients(ALICE), [ALICE])
  assert.deepEqual(await store.findRecipients('sales+tag@example.test'), [ALICE])
  assert.deepEqual(await store.findRecipients('postmaster@example.test'), [ALICE])
  assert.deepEqual(await store.findRecipients('anybody@other.test'), [])
  assert.deepEqual(await store.findRecipients('*@example.test'), [])
})

test('an app password logs its account in, however it is typed, until it is revoked', async t => {
  const { store, directory, url } = await testStore(t)
  const password = await store.addAppPassword(ALICE, 'phone')
  assert.match(password, /^(?:[a-z2-7]{4}-){4}[a-z2-7]{4}$/)
  for (const typed of [password, password.replaceAll('-', ''), password.replaceAll('-', ' ').toUpperCase()]) {
    assert.equal(await store.verifyUser(ALICE, typed), ALICE)
  }
  assert.equal(await store.verifyUser(BOB, password), null)
  assert.equal(await store.verifyUser(ALICE, password.slice(0, -1)), null)
  await assert.rejects(store.addAppPassword(ALICE, 'phone'), { code: 'EUSAGE' })
  const second = await store.addAppPassword(ALICE, 'laptop')
  assert.deepEqual(
    (await store.appPasswords(ALICE)).map(({ name }) => name),
    ['phone', 'laptop'],
  )
  assert.equal(await store.removeAppPassword(ALICE, 'phone'), true)
  assert.equal(await store.removeAppPassword(ALICE, 'phone'), false)
  assert.equal(await store.verifyUser(ALICE, password), null)
  assert.equal(await store.verifyUser(ALICE, second), ALICE)
  assert.equal(await store.verifyUser(ALICE, 'password'), ALICE)
  await store.close()
  if (!url.startsWith('sqlite:')) return
  const bytes = await readFile(join(directory, 'mail.sqlite'), 'latin1')
  assert.ok(!bytes.includes(second.replaceAll('-', '')) && !bytes.includes(second))
})

test('who is switched off cannot log in by any password; his mail is kept for him', async t => {
  const { store } = await testStore(t, { scram: true })
  const app = await store.addAppPassword(ALICE, 'phone')
  assert.equal(await store.verifyUser(ALICE, 'password'), ALICE)
  await store.setEnabled(ALICE, false)
  assert.equal(await store.verifyUser(ALICE, 'password'), null)
  assert.equal(await store.verifyUser(ALICE, app), null)
  assert.equal(await store.scramKeys(ALICE, 'scram-sha-256'), null)
  assert.deepEqual(await store.findRecipients(ALICE), [ALICE])
  assert.deepEqual(
    (await store.users()).map(({ address, enabled }) => [address, enabled]),
    [
      [ALICE, false],
      [BOB, true],
    ],
  )
  await store.setEnabled(ALICE, true)
  assert.equal(await store.verifyUser(ALICE, app), ALICE)
})

test('a user changes his password by the one that he has', async t => {
  const { store } = await testStore(t)
  assert.equal(await store.changePassword(ALICE, 'wrong', 'second'), false)
  assert.equal(await store.changePassword(ALICE, 'password', 'second'), true)
  assert.equal(await store.verifyUser(ALICE, 'password'), null)
  assert.equal(await store.verifyUser(ALICE, 'second'), ALICE)
  assert.equal(await store.changePassword('nobody@example.test', 'password', 'x'), false)
})

test('SCRAM keys are kept when that is asked for: at the first login, and with each new password', async t => {
  const { store } = await testStore(t, { scram: true })
  assert.equal(await store.scramKeys(ALICE, 'scram-sha-256'), null)
  await store.verifyUser(ALICE, 'wrong')
  assert.equal(await store.scramKeys(ALICE, 'scram-sha-256'), null)
  await store.verifyUser(ALICE, 'password')
  const first = (await store.scramKeys('alice', 'scram-sha-256'))!
  assert.equal(first.username, ALICE)
  const again = await scramKeys('password', first.keys)
  assert.deepEqual(Buffer.from(first.keys.storedKey), Buffer.from(again.storedKey))
  await store.setPassword(ALICE, 'pencil')
  const { keys } = (await store.scramKeys(ALICE, 'scram-sha-1'))!
  const pencil = await scramKeys('pencil', { mechanism: 'scram-sha-1', ...keys })
  assert.deepEqual(Buffer.from(keys.serverKey), Buffer.from(pencil.serverKey))
  assert.equal(await store.scramKeys(ALICE, 'plain'), null)
  assert.equal(await store.scramKeys('nobody@example.test', 'scram-sha-1'), null)
})

test('without that none are kept', async t => {
  const { store } = await testStore(t)
  await store.verifyUser(ALICE, 'password')
  await store.setPassword(BOB, 'second')
  for (const user of [ALICE, BOB]) assert.equal(await store.scramKeys(user, 'scram-sha-256'), null)
})
