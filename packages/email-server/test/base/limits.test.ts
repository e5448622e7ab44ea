import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS, type LimitName, type Limits, resolveLimits } from '../../src/base/limits.ts'

describe('limits', () => {
  test('are the defaults with what was changed', () => {
    assert.deepEqual(resolveLimits(), DEFAULT_LIMITS)
    assert.deepEqual(resolveLimits({ recipients: 1 }), { ...DEFAULT_LIMITS, recipients: 1 })
  })

  test('each default is a limit itself, and an option that is not given keeps it', () => {
    for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
      assert.equal(resolveLimits({ [name]: value })[name as LimitName], value)
    }
    assert.equal(
      resolveLimits({ recipients: undefined } as unknown as Limits).recipients,
      DEFAULT_LIMITS.recipients,
    )
  })

  test('what is no limit is refused by its name', () => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10', null, true]) {
      assert.throws(
        () => resolveLimits({ recipients: value } as unknown as Limits),
        (error: Error & { code?: string }) =>
          error.code === 'ECONFIG' && error.message.includes('limits.recipients'),
      )
    }
    for (const name of ['recipient', 'toString', 'constructor']) {
      assert.throws(() => resolveLimits({ [name]: 5 } as unknown as Limits), { code: 'ECONFIG' })
    }
  })
})
