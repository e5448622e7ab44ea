// The programs in examples/, as they stand: right by their types, and doing what they say.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { createTransport } from 'nodemailer'
import { freePort } from '../support/ports.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const EXAMPLES = join(ROOT, 'examples')
const run = promisify(execFile)
/** Inside of the project, so that its packages are found by their names. */
let folder = ''

before(async () => {
  await mkdir(join(ROOT, 'build'), { recursive: true })
  folder = await mkdtemp(join(ROOT, 'build/examples-'))
  for (const name of await readdir(EXAMPLES)) {
    const source = await readFile(join(EXAMPLES, name), 'utf8')
    const { code } = await transform(source, { loader: 'ts', format: 'esm' })
    await writeFile(join(folder, name.replace(/\.ts$/, '.mjs')), code)
  }
})
after(() => rm(folder, { recursive: true, force: true }))

test('every example is right by its types', async () => {
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2022', lib: ['es2023', 'esnext.disposable'], types: ['node'] },
    ...{ strict: true, noEmit: true, moduleDetection: 'force' },
  }
  const config = { compilerOptions, include: [join(EXAMPLES, '*.ts')] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const checked = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]).catch(error => error)
  assert.equal(checked.stdout, '')
})

test('print-dns.ts prints the records and the zone lines, with the same key each time', async () => {
  const print = () => run(process.execPath, [join(folder, 'print-dns.mjs'), 'example.org'], { cwd: folder })
  const { stdout } = await print()
  for (const line of [
    /^MX example\.org 10 mx\.example\.org$/m,
    /^TXT s1\._domainkey\.example\.org {2}v=DKIM1; k=rsa; p=MII/m,
    /^TXT _smtp\._tls\.example\.org {2}v=TLSRPTv1; rua=mailto:tls-reports@example\.org$/m,
    /^_dmarc\.example\.org\. IN TXT "v=DMARC1; p=reject"$/m,
    /^s1\._domainkey\.example\.org\. IN TXT "v=DKIM1; k=rsa; p=MII[^"]{200,}" "[^"]+"$/m,
    /^_imaps\._tcp\.example\.org\. IN SRV 0 1 993 mail\.example\.org\.$/m,
  ]) {
    assert.match(stdout, line)
  }
  assert.equal((await print()).stdout, stdout)
})

test('receive-with-auth.ts receives mail and shows who sent it', async () => {
  const port = await freePort()
  const child = spawn(process.execPath, [join(folder, 'receive-with-auth.mjs')], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const closed = once(child, 'close')
  let output = ''
  child.stderr.on('data', chunk => (output += chunk))
  child.stdout.on('data', chunk => (output += chunk))
  try {
    while (!output.includes('Listening')) {
      assert.equal(child.exitCode, null, output)
      await Promise.race([once(child.stdout, 'data'), closed])
    }
    const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true })
    const from = 'bob@sender.test'
    await transport.sendMail({ from, to: 'alice@example.com', subject: 'Lunch', text: 'At noon?' })
    await assert.rejects(transport.sendMail({ from, to: 'carol@elsewhere.test', text: 'x' }), {
      responseCode: 550,
    })
    transport.close()
    assert.match(output, /^bob@sender\.test → alice@example\.com: Lunch$/m)
    assert.match(output, /^DKIM \w+, SPF \w+, DMARC \w+ \(policy \w+\), reverse DNS \w+$/m)
    assert.match(output, /^\d+ bytes, 0 attachments$/m)
  } finally {
    child.kill()
    await closed
  }
})
