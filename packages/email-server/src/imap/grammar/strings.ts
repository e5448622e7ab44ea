// The plain productions (RFC 3501 §9, RFC 9051 §9).
import type { Grammar } from './grammar.ts'

// astring = 1*ASTRING-CHAR / string
export const astring: Grammar<string> = {
  read: r => r.astring(),
  write: (w, value) => w.astring(value),
  samples: [
    'a',
    'foo]',
    '',
    'two words',
    'quo"te',
    'back\\slash',
    'Grüße',
    'line\r\nline',
    'NIL',
    '%*',
    '{5}',
    '~{1+}',
  ],
}

// nstring = string / nil
export const nstring: Grammar<string | null> = {
  read: r => r.nstring(),
  write: (w, value) => w.nstring(value),
  samples: [null, '', 'NIL', 'x'.repeat(1500), 'a\tb'],
}

// SP number
export const number: Grammar<number> = {
  read: r => r.number(),
  write: (w, value) => w.number(value),
  samples: [0, 1, 4294967295],
}

// number64 (RFC 9051 §9), as far as 2^53-1
export const number64: Grammar<number> = {
  read: r => r.number64(),
  write: (w, value) => w.number(value),
  samples: [0, 4294967296, Number.MAX_SAFE_INTEGER],
}
