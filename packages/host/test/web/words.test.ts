// The small readers of the page: Authentication-Results, routes, file names.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attachmentNamed, type HttpError } from '../../src/web/answers.ts'
import { verdictsOf } from '../../src/web/message-view.ts'
import { findRoute, route } from '../../src/web/router.ts'

// RFC 8601 appendix B
for (const [name, field, found] of [
  ['B.2: nothing was done', 'example.org 1; none', []],
  ['B.3: a service by itself', 'example.com; spf=pass smtp.mailfrom=example.net', ['example.com spf=pass']],
  [
    'B.4: several, with comments',
    'example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; spf=pass smtp.mailfrom=example.net',
    ['example.com auth=pass', 'example.com spf=pass'],
  ],
  [
    'B.7: comments everywhere',
    "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462",
    ['foo.example.net dkim=fail'],
  ],
  ['a semicolon in a comment is none', 'a.test; dkim=fail (bad; sig) header.d=b.test', ['a.test dkim=fail']],
  [
    'a semicolon in a quoted string is none',
    'a.test; dkim=pass reason="x;y=z"; spf=none',
    ['a.test dkim=pass', 'a.test spf=none'],
  ],
] as const) {
  test(`Authentication-Results, ${name}`, () => {
    assert.deepEqual(
      verdictsOf(field).map(({ by, method, result }) => `${by} ${method}=${result}`),
      found,
    )
  })
}

test('a path is decoded piece by piece; what fits no route, or no method, is told apart', () => {
  const routes = [route('GET', '/api/a/:name/b', 'get'), route('DELETE', '/api/a/:name/b', 'delete')]
  const found = findRoute(routes, 'HEAD', '/api/a/x%2Fy/b')
  assert.deepEqual([found.handler, found.values.get('name')], ['get', 'x/y'])
  const status = (method: string, path: string): number => {
    try {
      findRoute(routes, method, path)
      return 200
    } catch (error) {
      return (error as HttpError).status
    }
  }
  assert.equal(status('POST', '/api/a/x/b'), 405)
  assert.equal(status('GET', '/api/a//b'), 404)
  assert.equal(status('GET', '/api/a/x/b/'), 404)
  assert.equal(status('GET', '/api/a/%zz/b'), 400)
})

test('a file name in another script is kept, and half a character is none', () => {
  assert.equal(
    attachmentNamed('Grüße (1).pdf'),
    `attachment; filename="Gr__e (1).pdf"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%281%29.pdf`,
  )
  assert.match(attachmentNamed(`${'x'.repeat(149)}\u{1f600}.txt`), /%EF%BF%BD$/)
  assert.match(attachmentNamed('\ud800.txt'), /^attachment; filename="_\.txt"/)
})
