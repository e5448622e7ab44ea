// `email-server import`, `export`, `backup` and `verify` as a person runs them, on the mail that `npm start` has left.
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from '@email-server/store'
import { ALICE, BOB, runCli, startHost, temporaryFolder } from '../support/host.ts'

async function run(...args: readonly string[]): Promise<string> {
  return runWith({}, ...args)
}

async function runWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, env)
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '', 'no bar where there is no terminal')
  return stdout
}

async function fails(says: RegExp, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runCli(args)
  assert.equal(code, 1, stdout)
  assert.match(stderr, /^email-server: [^\n]+\n$/)
  assert.match(stderr, says)
}

test('mail goes out, comes back in, is backed up and verified; a server that runs is left alone', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const host = await startHost({ data })
  try {
    await fails(/in use by another process/, 'verify', '--data', data)
  } finally {
    await host.end('SIGTERM')
  }
  const mbox = join(folder.path, 'alice.mbox')
  const maildir = join(folder.path, 'alice')
  const at = ['--data', data]
  assert.match(await run('export', 'mbox', mbox, '--user', ALICE, ...at), /^7 messages exported\n$/)
  assert.equal((await readFile(mbox, 'latin1')).match(/^From /gm)!.length, 7)
  await fails(/is there already/, 'export', 'mbox', mbox, '--user', ALICE, ...at)
  assert.match(
    await run('export', 'maildir', maildir, '--user', ALICE, ...at),
    /^7 messages exported, 0 were/,
  )
  assert.match(
    await run('export', 'maildir', maildir, '--user', ALICE, ...at),
    /^0 messages exported, 7 were/,
  )
  assert.equal((await readdir(join(maildir, 'cur'))).length, 7)

  assert.match(await run('import', 'mbox', mbox, '--user', ALICE, ...at), /^0 messages imported, 7 were/)
  const old = ['--folder', 'Old mail', ...at]
  assert.match(await run('import', 'mbox', mbox, '--user', BOB, ...old), /^7 messages imported, 0 were/)
  assert.match(await run('import', 'maildir', maildir, '--user', BOB, ...old), /^0 messages imported, 7 were/)

  const backup = join(folder.path, 'backup')
  assert.match(await run('backup', backup, ...at), /^backed up into .*backup: /)
  assert.match(await run('verify', '--data', backup), /^\d+ messages in \d+ folders.*: all is in order\n$/)
  const store = await openStore(`sqlite:${backup}`)
  try {
    assert.ok((await store.folderNames(BOB)).includes('Old mail'))
  } finally {
    await store.close()
  }
})

test('verify says what is wrong, and ends with 1', async () => {
  await using folder = await temporaryFolder()
  const store = await openStore(`sqlite:${folder.path}`, { smallBody: 0 })
  await store.addDomain('example.test')
  await store.addUser(ALICE, 'password')
  await store.deliver(Buffer.from('Subject: x\r\n\r\nbody\r\n'), [ALICE])
  await store.close()
  const [body] = (await readdir(join(folder.path, 'bodies'), { recursive: true })).filter(
    name => name.length > 60,
  )
  await writeFile(join(folder.path, 'bodies', body!), 'something else')
  const { code, stdout } = await runCli(['verify', '--data', folder.path])
  assert.equal(code, 1)
  assert.match(stdout, /^body [0-9a-f]{64} has 14 octets instead of 20\n.*: 1 problems\n$/)
})

test('a command that is not understood is one clear line', async () => {
  await using folder = await temporaryFolder()
  const empty = join(folder.path, 'empty')
  await mkdir(empty)
  await fails(/there is no mail in .*empty/, 'verify', '--data', empty)
  await fails(/mbox FILE, maildir DIR or imap URL/, 'import', '--user', ALICE)
  await fails(/mbox, maildir and imap, not "pst"/, 'import', 'pst', 'x', '--user', ALICE)
  await fails(/--user/, 'export', 'mbox', 'x')
  await fails(/--no-such/, 'verify', '--no-such')
  await fails(/has no option --user/, 'backup', 'x', '--user', ALICE)
  await fails(/one directory/, 'backup')
  await fails(/options only/, 'verify', 'x')
  const { stdout } = await runCli(['import', '--help'])
  assert.match(stdout, /^ {2}import mbox FILE --user ADDRESS/m)
})

test('files that are not what they should be are one clear line', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const store = await openStore(`sqlite:${data}`)
  await store.addDomain('example.test')
  await store.addUser(ALICE, 'password')
  await store.close()
  const file = join(folder.path, 'letter.txt')
  await writeFile(file, 'Dear Sir,\n')
  const at = ['--user', ALICE, '--data', data]
  await fails(/no mbox/, 'import', 'mbox', file, ...at)
  await fails(/ENOENT.*nowhere/, 'import', 'mbox', join(folder.path, 'nowhere'), ...at)
  await fails(/no Maildir/, 'import', 'maildir', folder.path, ...at)
  await fails(/no account "bob@example\.test"/, 'import', 'mbox', file, '--user', BOB, '--data', data)
  await fails(/no folder/, 'export', 'mbox', join(folder.path, 'x'), '--folder', 'Nothing', ...at)
  await fails(/not empty/, 'backup', folder.path, '--data', data)
})

test('domains, accounts and aliases from the command line: a store from its first domain to its last', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const at = ['--data', data]
  await fails(/no mail in/, 'user', 'list', ...at)
  assert.equal(await run('domain', 'add', 'example.test', ...at), 'mail for example.test is taken\n')
  const secret = join(folder.path, 'secret')
  await writeFile(secret, 'first password\nsecond line\n')
  assert.match(
    await run('user', 'add', ALICE, '--password-file', secret, ...at),
    /alice@example\.test is there/,
  )
  assert.match(await runWith({ USER_PASSWORD: 'of bob' }, 'user', 'add', BOB, ...at), /is there/)
  await fails(/exists already/, 'user', 'add', ALICE, '--password-file', secret, ...at)
  await fails(
    /no password: --password-file FILE or the variable USER_PASSWORD/,
    'user',
    'password',
    ALICE,
    ...at,
  )
  await fails(/no account carol/, 'user', 'password', 'carol@example.test', ...at)
  await runWith({ USER_PASSWORD: 'second password' }, 'user', 'password', ALICE, ...at)
  await run('user', 'disable', BOB, ...at)
  assert.equal(await run('user', 'list', ...at), `${ALICE}\n${BOB}  switched off\n`)
  await run('alias', 'add', 'sales@example.test', ALICE, ...at)
  await run('alias', 'add', 'sales@example.test', BOB, ...at)
  await run('alias', 'remove', 'sales@example.test', BOB, ...at)
  assert.equal(await run('alias', 'list', ...at), `sales@example.test  ${ALICE}\n`)
  const store = await openStore(`sqlite:${data}`)
  try {
    assert.equal(await store.verifyUser(ALICE, 'second password'), ALICE)
    assert.equal(await store.verifyUser(BOB, 'of bob'), null)
  } finally {
    await store.close()
  }
  await run('user', 'enable', BOB, ...at)
  await fails(/has accounts/, 'domain', 'remove', 'example.test', ...at)
  for (const address of [ALICE, BOB]) await run('user', 'remove', address, ...at)
  await fails(/no account/, 'user', 'remove', ALICE, ...at)
  assert.equal(await run('alias', 'list', ...at), '\n')
  await run('domain', 'remove', 'example.test', ...at)
  await fails(/no domain of this store/, 'domain', 'remove', 'example.test', ...at)
  await fails(/user rename: there is no such command/, 'user', 'rename', ALICE, ...at)
  await fails(/one address/, 'user', 'add', ...at)
  await fails(/has no option --password-file/, 'user', 'list', '--password-file', secret, ...at)
})

test('mail comes from another server and goes back to it; its password is never in the command line', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const at = ['--user', ALICE, '--data', data]
  await run('domain', 'add', 'example.test', '--data', data)
  await runWith({ USER_PASSWORD: 'x' }, 'user', 'add', ALICE, '--data', data)
  await using host = await startHost()
  const url = `imap://${ALICE}@localhost:${host.ports.imap}`
  const secret = join(folder.path, 'secret')
  await writeFile(secret, 'password\n')
  const file = ['--password-file', secret]
  await fails(/TLS handshake failed: self-signed certificate/, 'import', 'imap', url, ...file, ...at)
  const trust = { NODE_EXTRA_CA_CERTS: join(host.data, 'certificate.pem') }
  const env = { ...trust, IMAP_PASSWORD: 'password' }
  assert.match(
    await runWith(env, 'import', 'imap', url, ...at),
    /^7 messages imported, 0 were there already\n$/,
  )
  assert.match(
    await runWith(trust, 'import', 'imap', url, ...file, ...at),
    /^0 messages imported, 7 were there already\n$/,
  )
  const old = ['--folder', 'Old', ...at]
  assert.match(await runWith(trust, 'import', 'imap', url, ...file, ...old), /^7 messages imported/)
  const out = await runWith(trust, 'export', 'imap', url, ...file, '--folder', 'Old', ...at)
  assert.match(out, /^7 messages exported, 0 were/)
  const again = await runWith(trust, 'export', 'imap', url, ...file, ...at)
  assert.match(again, /^0 messages exported, 14 were there already\n$/)
  await fails(
    /is seen by everybody/,
    'import',
    'imap',
    url.replace('@localhost', ':password@localhost'),
    ...at,
  )
  await fails(/imaps:\/\/NAME@HOST/, 'import', 'imap', 'localhost', ...at)
  await fails(/variable IMAP_PASSWORD/, 'import', 'imap', url, ...at)
  await writeFile(secret, 'wrong\n')
  const wrong = await runCli(['import', 'imap', url, ...file, ...at], trust)
  assert.match(wrong.stderr, /^email-server: [^\n]*AUTHENTICATIONFAILED[^\n]*\n$/)
})

test('large messages are in a bucket for the server and for all commands; keys come from the environment or a file', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const { default: S3rver } = (await import('s3rver' as string)) as {
    default: new (options: object) => { run(): Promise<{ port: number }>; close(): Promise<void> }
  }
  const directory = join(folder.path, 's3')
  const s3 = new S3rver({
    silent: true,
    address: '127.0.0.1',
    port: 0,
    directory,
    configureBuckets: [{ name: 'mail' }],
  })
  const { port } = await s3.run()
  try {
    const bucket = ['--bodies', 's3://mail/one', '--s3-endpoint', `http://127.0.0.1:${port}`, '--data', data]
    const env = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' }
    await fails(/wants keys/, 'domain', 'add', 'example.test', ...bucket)
    await runWith(env, 'domain', 'add', 'example.test', ...bucket)
    await runWith({ ...env, USER_PASSWORD: 'x' }, 'user', 'add', ALICE, ...bucket)
    const mbox = join(folder.path, 'large.mbox')
    await writeFile(mbox, `From a Thu Jan  1 12:34:56 2026\nSubject: large\n\n${'a line\n'.repeat(30_000)}`)
    await runWith(env, 'import', 'mbox', mbox, '--user', ALICE, ...bucket)
    assert.equal(
      (await readdir(join(data, 'bodies'), { recursive: true })).filter(name => name.length > 60).length,
      0,
    )
    const keys = join(folder.path, 'credentials')
    await writeFile(
      keys,
      '[other]\naws_access_key_id = no\n[default]\naws_access_key_id = S3RVER\naws_secret_access_key=S3RVER\n',
    )
    const file = ['--s3-credentials', keys]
    assert.match(await run('verify', ...file, ...bucket), /^1 messages .* all is in order\n$/)
    const backup = join(folder.path, 'backup')
    assert.match(await run('backup', backup, ...file, ...bucket), /1 of 1 large messages/)
    assert.match(await run('verify', '--data', backup), /^1 messages .* all is in order\n$/)
    const host = await startHost({ data, args: [...bucket.slice(0, 4), ...file] })
    assert.deepEqual(await host.end('SIGTERM'), { code: 0, signal: null })
    await writeFile(keys, 'nothing\n')
    await fails(/has no aws_access_key_id/, 'verify', ...file, ...bucket)
    await fails(/--s3-endpoint goes with --bodies/, 'verify', '--s3-endpoint', 'http://x', '--data', data)
  } finally {
    await s3.close()
  }
})
