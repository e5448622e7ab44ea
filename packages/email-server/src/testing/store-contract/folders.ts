// What a store must keep of folders. RFC 9051 §6.3.
import assert from 'node:assert/strict'
import { type Box, type Check, check, letter, refused } from './kit.ts'

/** Names that have given trouble somewhere. */
const NAMES = [
  'Work',
  'two words',
  'a"quote',
  "apo'strophe",
  'back\\slash',
  'under_score',
  '&ampersand',
  'Grüße',
  '日本語',
  '📮',
  'İstanbul',
  '~tilde',
  '#hash',
  'inbox2',
  'x'.repeat(200),
]

export const FOLDER_CHECKS: readonly Check[] = [
  check('INBOX is there, once, and is called so', ['folders'], async kit => {
    const box = await kit.box(null)
    assert.equal((await box.names()).filter(name => name.toUpperCase() === 'INBOX').join(), 'INBOX')
  }),
  ...NAMES.flatMap(name => {
    const called = JSON.stringify(name.length > 20 ? `${name.slice(0, 5)}… of ${name.length}` : name)
    return [
      check(
        `a folder called ${called} can be made, listed, filled, opened and removed`,
        ['createFolder', 'deleteFolder', 'append'],
        async kit => {
          const box = await kit.box(null)
          await box.ask('createFolder', [name], {})
          assert.ok((await box.names()).includes(name))
          const uid = await box.append(letter('in it'), { folder: name })
          await box.open(name)
          assert.deepEqual(await box.uids(), [uid])
          await box.ask('deleteFolder', [name], {})
          assert.ok(!(await box.names()).includes(name))
        },
      ),
      check(
        `a folder can be renamed to ${called}, with its messages`,
        ['createFolder', 'renameFolder', 'append'],
        async kit => {
          const box = await kit.box(null)
          await box.ask('createFolder', ['before'], {})
          const uid = await box.append(letter('moves along'), { folder: 'before' })
          const { uidValidity } = await box.open('before')
          await box.ask('renameFolder', ['before', name], {})
          assert.equal((await box.open(name)).uidValidity, uidValidity)
          assert.deepEqual(await box.uids(), [uid])
          await refused(box.open('before'), 'NONEXISTENT')
        },
      ),
    ]
  }),
  ...(
    [
      ['openFolder', box => box.open('Nowhere'), ['NONEXISTENT']],
      ['status', box => box.status('Nowhere', ['total']), ['NONEXISTENT']],
      ['deleteFolder', box => box.ask('deleteFolder', ['Nowhere'], {}), ['NONEXISTENT']],
      ['renameFolder', box => box.ask('renameFolder', ['Nowhere', 'Elsewhere'], {}), ['NONEXISTENT']],
      ['append', box => box.ask('append', ['Nowhere', letter('x'), []], {}), ['TRYCREATE']],
      [
        'appendAll',
        box => box.ask('appendAll', ['Nowhere', [{ raw: letter('x'), flags: [] }]], {}),
        ['TRYCREATE'],
      ],
    ] as readonly [Check['needs'][number], (box: Box) => Promise<unknown>, readonly string[]][]
  ).map(([handler, act, codes]) =>
    check(`${handler} of a folder that is not there is refused with ${codes}`, [handler], async kit => {
      await refused(act(await kit.box(null)), ...codes)
    }),
  ),
  ...['star*', 'per%cent'].map(name =>
    check(
      `the name ${name}, which LIST would take for a pattern, is kept as it is or refused with CANNOT`,
      ['createFolder'],
      async kit => {
        const box = await kit.box(null)
        const made = await box.ask('createFolder', [name], {}).then(
          () => true,
          async error => {
            await refused(Promise.reject(error), 'CANNOT')
            return false
          },
        )
        assert.equal((await box.names()).includes(name), made)
      },
    ),
  ),
  check('a folder that is there is not made again', ['createFolder'], async kit => {
    const box = await kit.box(null)
    await box.ask('createFolder', ['Twice'], {})
    await refused(box.ask('createFolder', ['Twice'], {}), 'ALREADYEXISTS')
  }),
  check('INBOX is not made again, and not removed', ['createFolder', 'deleteFolder'], async kit => {
    const box = await kit.box(null)
    await refused(box.ask('createFolder', ['INBOX'], {}), 'ALREADYEXISTS')
    await refused(box.ask('deleteFolder', ['INBOX'], {}), 'CANNOT')
  }),
  check('no folder is renamed to one that is there', ['createFolder', 'renameFolder'], async kit => {
    const box = await kit.box(null)
    await box.ask('createFolder', ['one'], {})
    await box.ask('createFolder', ['two'], {})
    await refused(box.ask('renameFolder', ['one', 'two'], {}), 'ALREADYEXISTS')
    assert.deepEqual(
      (await box.names()).filter(name => name === 'one' || name === 'two'),
      ['one', 'two'],
    )
  }),
  check('missing parents are made as well', ['createFolder'], async kit => {
    const box = await kit.box(null)
    await box.ask('createFolder', ['a/b/c'], {})
    const names = await box.names()
    for (const name of ['a', 'a/b', 'a/b/c']) assert.ok(names.includes(name), name)
  }),
  check(
    'children move along with their folder, others do not',
    ['createFolder', 'renameFolder'],
    async kit => {
      const box = await kit.box(null)
      for (const name of ['a/b', 'ab', 'a b']) await box.ask('createFolder', [name], {})
      await box.ask('renameFolder', ['a', 'z'], {})
      const names = (await box.names()).filter(name => /^[az]/.test(name))
      assert.deepEqual(names, ['a b', 'ab', 'z', 'z/b'])
    },
  ),
  check('INBOX stays, empty, when it is renamed', ['renameFolder', 'append'], async kit => {
    const box = await kit.filled(2)
    await box.ask('renameFolder', ['INBOX', 'Old mail'], {})
    await box.open('Old mail')
    assert.equal((await box.uids()).length, 2)
    await box.open('INBOX')
    assert.deepEqual(await box.uids(), [])
  }),
  check(
    'a folder that is made anew is not taken for the old one',
    ['createFolder', 'deleteFolder', 'append'],
    async kit => {
      const box = await kit.box(null)
      await box.ask('createFolder', ['Again'], {})
      const old = await box.append(letter('old'), { folder: 'Again' })
      const before = await box.open('Again')
      await box.ask('deleteFolder', ['Again'], {})
      await box.ask('createFolder', ['Again'], {})
      const after = await box.open('Again')
      const fresh = await box.append(letter('new'), { folder: 'Again' })
      // RFC 9051 §2.3.1.1
      assert.ok(
        after.uidValidity > before.uidValidity || (after.uidValidity === before.uidValidity && fresh > old),
      )
    },
  ),
  check(
    'UIDVALIDITY is the same in every session, and a number that IMAP can say',
    ['openFolder'],
    async kit => {
      const first = await (await kit.box(null)).open('INBOX')
      const second = await (await kit.box(null)).open('INBOX')
      assert.equal(first.uidValidity, second.uidValidity)
      assert.ok(Number.isInteger(first.uidValidity) && first.uidValidity > 0 && first.uidValidity < 2 ** 32)
    },
  ),
  check('a subscription is told, and taken back', ['subscribe', 'unsubscribe', 'createFolder'], async kit => {
    const box = await kit.box(null)
    await box.ask('createFolder', ['News'], {})
    const subscribed = async (): Promise<boolean | undefined> =>
      (await box.ask('folders', [], {})).find(({ name }) => name === 'News')?.subscribed
    await box.ask('unsubscribe', ['News'], {})
    assert.equal(await subscribed(), false)
    await box.ask('subscribe', ['News'], {})
    assert.notEqual(await subscribed(), false)
  }),
  check(
    'a folder keeps its id when it is renamed, and no two have the same',
    ['supplies mailboxId', 'createFolder', 'renameFolder'],
    async kit => {
      const box = await kit.box(null)
      await box.ask('createFolder', ['one'], {})
      await box.ask('createFolder', ['two'], {})
      const ids = async (): Promise<Map<string, string | undefined>> =>
        new Map((await box.ask('folders', [], {})).map(({ name, mailboxId }) => [name, mailboxId]))
      const before = await ids()
      assert.equal(new Set(before.values()).size, before.size)
      await box.ask('renameFolder', ['one', 'three'], {})
      assert.equal((await ids()).get('three'), before.get('one'))
      assert.equal((await box.open('three')).mailboxId, before.get('one'))
    },
    ['OBJECTID'],
  ),
]
