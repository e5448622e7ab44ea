import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ALICE, BOB, testStore } from './support.ts'

test('an account is found by its address in any letter case, and with a tag', async t => {
  const { store } = await testStore(t)
  for (const address of [
    'alice@example.test',
    'ALICE@Example.TEST',
    'Alice+news@example.test',
    '"alice"@example.test',
  ]) {
    assert.equal(await store.findRecipient(address), ALICE, address)
  }
  for (const address of [
    'carol@example.test',
    'alice@other.test',
    'alice',
    '',
    '@example.test',
    'al ice@example.test',
  ]) {
    assert.equal(await store.findRecipient(address), null, address)
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

test('passwords are kept as scrypt hashes, each with its own salt, never in clear', async t => {
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
  assert.equal(await store.findRecipient('ANN@xn--bcher-kva.test'), 'ann@xn--bcher-kva.test')
  assert.equal(await store.isLocal('anyone@BÜCHER.test'), true)
  assert.equal(await store.isLocal('anyone@books.test'), false)
})

test('mail for postmaster reaches somebody (RFC 5321 §4.5.1)', async t => {
  const { store } = await testStore(t)
  assert.equal(await store.findRecipient('Postmaster@example.test'), ALICE)
  assert.equal(await store.findRecipient('postmaster'), ALICE)
  assert.equal(await store.findRecipient('postmaster@other.test'), null)
  await store.addUser('postmaster@example.test', 'password')
  assert.equal(await store.findRecipient('postmaster@example.test'), 'postmaster@example.test')
})

test('hasUsers tells a new store from one in use', async t => {
  const { store } = await testStore(t)
  assert.equal(await store.hasUsers(), true)
  assert.equal(await store.findUser(BOB), BOB)
})
