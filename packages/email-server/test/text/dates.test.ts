import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  calendarDay,
  readImapDate,
  readInternalDate,
  readMailDate,
  writeImapDate,
  writeInternalDate,
  writeMailDate,
} from '../../src/text/index.ts'

const iso = (text: string): string | null => {
  const date = readMailDate(text)
  return date && `${new Date(date.time).toISOString()} ${date.zone}`
}

test('RFC 5322 appendix A: the dates of the examples', () => {
  assert.equal(iso('Fri, 21 Nov 1997 09:55:06 -0600'), '1997-11-21T15:55:06.000Z -360')
  assert.equal(iso('Tue, 1 Jul 2003 10:52:37 +0200'), '2003-07-01T08:52:37.000Z 120')
  assert.equal(
    iso(
      'Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)',
    ),
    '1969-02-14T03:02:00.000Z -210',
  )
  assert.equal(iso('21 Nov 97 09:55:06 GMT'), '1997-11-21T09:55:06.000Z 0')
  assert.equal(iso('Fri, 21 Nov 1997 09(comment):   55  :  06 -0600'), '1997-11-21T15:55:06.000Z -360')
})

test('RFC 5322 §4.3: obsolete years and zones', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['1 Jan 00 00:00:00 +0000', '2000-01-01T00:00:00.000Z 0'],
    ['1 Jan 49 00:00:00 +0000', '2049-01-01T00:00:00.000Z 0'],
    ['1 Jan 50 00:00:00 +0000', '1950-01-01T00:00:00.000Z 0'],
    ['1 Jan 100 00:00:00 +0000', '2000-01-01T00:00:00.000Z 0'],
    ['1 Jan 126 00:00:00 +0000', '2026-01-01T00:00:00.000Z 0'],
    ['1 Jan 0026 00:00:00 +0000', '2026-01-01T00:00:00.000Z 0'],
    ['1 Jan 2026 12:00 UT', '2026-01-01T12:00:00.000Z 0'],
    ['1 Jan 2026 12:00 EST', '2026-01-01T17:00:00.000Z -300'],
    ['1 Jan 2026 12:00 edt', '2026-01-01T16:00:00.000Z -240'],
    ['1 Jan 2026 12:00 CST', '2026-01-01T18:00:00.000Z -360'],
    ['1 Jan 2026 12:00 PDT', '2026-01-01T19:00:00.000Z -420'],
    ['1 Jan 2026 12:00 Z', '2026-01-01T12:00:00.000Z 0'],
    // "other than Z … SHOULD be considered equivalent to -0000"
    ['1 Jan 2026 12:00 A', '2026-01-01T12:00:00.000Z 0'],
    ['1 Jan 2026 12:00 XYZ', '2026-01-01T12:00:00.000Z 0'],
    ['1 Jan 2026 12:00 -0000', '2026-01-01T12:00:00.000Z 0'],
  ]
  for (const [text, expected] of cases) assert.equal(iso(text), expected, text)
})

test('what real mail writes', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['Mon Nov 23 16:35:36 2026', '2026-11-23T16:35:36.000Z 0'],
    ['Mon Nov 23 16:35:36 PST 2026', '2026-11-24T00:35:36.000Z -480'],
    ['Mon Nov 23 16:35:36 2026 +0100', '2026-11-23T15:35:36.000Z 60'],
    ['Mon, 23-Nov-2026 16:35:36 GMT', '2026-11-23T16:35:36.000Z 0'],
    ['Monday, 23-Nov-26 16:35:36 GMT', '2026-11-23T16:35:36.000Z 0'],
    ['November 23, 2026 16:35:36 +0100', '2026-11-23T15:35:36.000Z 60'],
    ['23 November 2026 16:35', '2026-11-23T16:35:00.000Z 0'],
    ['Mon, 23 Nov 2026 16:35:36 GMT+0100', '2026-11-23T15:35:36.000Z 60'],
    ['Mon, 23 Nov 2026 16:35:36 +01:00', '2026-11-23T15:35:36.000Z 60'],
    ['Mon, 23 Nov 2026 16:35:36 +0100 (CET)', '2026-11-23T15:35:36.000Z 60'],
    ['Mon, 23 Nov 2026 16:35:36 "+0100"', '2026-11-23T15:35:36.000Z 60'],
    ['Mon, 23 Nov 2026 16:35:36.123 +0100', '2026-11-23T15:35:36.123Z 60'],
    ['Mon, 23 Nov 2026 16.35.36 +0100', '2026-11-23T15:35:36.000Z 60'],
    ['Mon, 23 Nov 2026 16:35:36-0500', '2026-11-23T21:35:36.000Z -300'],
    ['Mon,23 Nov 2026 16:35:36 +0100', '2026-11-23T15:35:36.000Z 60'],
    ['Lun, 23 Nov 2026 16:35:36 +0100', '2026-11-23T15:35:36.000Z 60'],
    ['Sun, 23 Nov 2026 16:35:36 +0100', '2026-11-23T15:35:36.000Z 60'],
    ['Mon, 23 Nov 2026 4:35:36 PM -0500', '2026-11-23T21:35:36.000Z -300'],
    ['Mon, 23 Nov 2026 12:35:36 AM +0000', '2026-11-23T00:35:36.000Z 0'],
    ['Sat, 31 Dec 2016 23:59:60 +0000', '2016-12-31T23:59:59.000Z 0'],
    ['Mon, 23 Nov 2026 24:00:00 +0000', '2026-11-24T00:00:00.000Z 0'],
    ['29 Feb 2024 00:00 +0000', '2024-02-29T00:00:00.000Z 0'],
    ['2026-11-23T16:35:36Z', '2026-11-23T16:35:36.000Z 0'],
    ['2026-11-23 16:35:36 +0100', '2026-11-23T15:35:36.000Z 60'],
    ['2026-11-23T16:35:36.5+01:00', '2026-11-23T15:35:36.500Z 60'],
  ]
  for (const [text, expected] of cases) assert.equal(iso(text), expected, text)
})

test('what is no date is null', () => {
  for (const text of [
    '',
    'yesterday',
    'Mon, 23 Nov 2026',
    '16:35:36',
    'Mon, 32 Nov 2026 16:35:36 +0100',
    'Tue, 31 Nov 2026 16:35:36 +0100',
    'Sun, 29 Feb 2026 16:35:36 +0100',
    'Mon, 0 Nov 2026 16:35:36 +0100',
    'Mon, 23 Nov 2026 25:35:36 +0100',
    'Mon, 23 Nov 2026 16:60:36 +0100',
    'Mon, 23 Nov 2026 16:35:61 +0100',
    'Mon, 23 Foo 2026 16:35:36 +0100',
    'Mon, 23 Nov 2026 16:35:36:00 +0100',
    '1 2 3 4:5:6',
    '23 Nov 1826 16:35:36 +0100',
    '23 Nov 10000 16:35:36 +0100',
    '2026-13-23T16:35:36Z',
    '2026-02-30T16:35:36Z',
    `Mon, 23 Nov 2026 16:35:36 +0100${' '.repeat(2000)}`,
    '('.repeat(900),
  ])
    assert.equal(readMailDate(text), null, text.slice(0, 60))
})

test('an offset that no place has counts as UTC', () => {
  assert.equal(iso('Mon, 23 Nov 2026 16:35:36 +9999'), '2026-11-23T16:35:36.000Z 0')
})

test('RFC 5322 §3.3: dates are written as it asks, and read again', () => {
  assert.equal(writeMailDate(Date.UTC(2026, 10, 23, 15, 40), 60), 'Mon, 23 Nov 2026 16:40:00 +0100')
  assert.equal(writeMailDate(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), 'Fri, 2 Jan 2026 03:04:05 +0000')
  assert.equal(writeMailDate(Date.UTC(1969, 1, 14, 3, 2), -210), 'Thu, 13 Feb 1969 23:32:00 -0330')
  assert.equal(writeMailDate(Number.NaN), '')
  assert.equal(writeMailDate(Date.UTC(10_000, 0, 1)), '')
})

const seconds = fc.integer({ min: Date.UTC(1901, 0, 1) / 1000, max: Date.UTC(9998, 0, 1) / 1000 })
const zone = fc.integer({ min: -1439, max: 1439 })

test('reading undoes writing, for dates of messages and of IMAP', () => {
  fc.assert(
    fc.property(seconds, zone, (second, minutes) => {
      const date = { time: second * 1000, zone: minutes }
      assert.deepEqual(readMailDate(writeMailDate(date.time, date.zone)), date)
      assert.deepEqual(readInternalDate(writeInternalDate(date.time, date.zone)), date)
      const day = calendarDay(date.time, date.zone)
      assert.deepEqual(readImapDate(writeImapDate(day)), day)
    }),
  )
})

test('RFC 3501: INTERNALDATE has a fixed form', () => {
  assert.deepEqual(readInternalDate('17-Jul-1996 02:44:25 -0700'), {
    time: Date.UTC(1996, 6, 17, 9, 44, 25),
    zone: -420,
  })
  assert.deepEqual(readInternalDate(' 7-Feb-1994 21:52:25 -0800'), {
    time: Date.UTC(1994, 1, 8, 5, 52, 25),
    zone: -480,
  })
  assert.deepEqual(readInternalDate('07-FEB-1994 21:52:25 +0000'), {
    time: Date.UTC(1994, 1, 7, 21, 52, 25),
    zone: 0,
  })
  assert.equal(writeInternalDate(Date.UTC(1994, 1, 8, 5, 52, 25), -480), ' 7-Feb-1994 21:52:25 -0800')
  for (const wrong of [
    '',
    '7-Feb-1994 21:52:25 -0800',
    '31-Feb-1994 21:52:25 -0800',
    '17-Jul-96 02:44:25 -0700',
    '17-Jul-1996 24:44:25 -0700',
    '17-Jul-1996 02:44:25 0700 ',
    '17-Jul-1996 02:44:25 -0760',
    '17-Jly-1996 02:44:25 -0700',
    '17/Jul/1996 02:44:25 -0700',
    '17-Jul-1996T02:44:25 -0700',
    '\t7-Jul-1996 02:44:25 -0700',
  ])
    assert.equal(readInternalDate(wrong), null, wrong)
})

test('RFC 3501: the date of SEARCH is a calendar day', () => {
  assert.deepEqual(readImapDate('1-Feb-1994'), { year: 1994, month: 2, day: 1 })
  assert.deepEqual(readImapDate('01-feb-1994'), { year: 1994, month: 2, day: 1 })
  assert.equal(writeImapDate({ year: 1994, month: 2, day: 1 }), '1-Feb-1994')
  for (const wrong of [
    '',
    '1-Feb-94',
    '001-Feb-1994',
    '-Feb-1994',
    '30-Feb-1994',
    '1-Fib-1994',
    '1-Feb-1994 ',
    '1 Feb 1994',
  ])
    assert.equal(readImapDate(wrong), null, wrong)
  // the day is that of the writer's clock (RFC 3501 §6.4.4: "disregarding time and timezone")
  assert.deepEqual(calendarDay(Date.UTC(2026, 0, 1, 3), -300), { year: 2025, month: 12, day: 31 })
})

test('arbitrary text never throws', () => {
  const parts = fc.constantFrom(
    'Mon',
    ',',
    ' ',
    '23',
    'Nov',
    '2026',
    '16:35',
    ':',
    '+0100',
    '-',
    '(',
    ')',
    'Z',
    '.',
    '\\',
    'é',
    '99999999',
  )
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 20 }), list => {
      const date = readMailDate(list.join(''))
      if (date) assert.ok(Number.isFinite(date.time) && Math.abs(date.zone) < 1440)
    }),
    { numRuns: 3000 },
  )
})
