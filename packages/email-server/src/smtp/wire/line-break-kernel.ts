// Bare CR and LF sixteen octets at a time: every octet of a message is looked at, and this is several times faster than
// any search that JavaScript has. The module below, as text:
//
//   (module (memory (export "memory") 3)
//     (func (export "scan") (param $p i32) (param $end i32) (result i32)
//       (local $bad v128) (local $cr v128) (local $lf v128)
//       (local.set $cr (i8x16.splat (i32.const 13)))
//       (local.set $lf (i8x16.splat (i32.const 10)))
//       (block $out (loop $next
//         (br_if $out (i32.ge_u (local.get $p) (local.get $end)))
//         ;; wrong is an octet that is LF behind none, or no LF behind a CR
//         (local.set $bad (v128.or (local.get $bad) (v128.xor
//           (i8x16.eq (v128.load (local.get $p)) (local.get $lf))
//           (i8x16.eq (v128.load (i32.sub (local.get $p) (i32.const 1))) (local.get $cr)))))
//         (local.set $p (i32.add (local.get $p) (i32.const 16)))
//         (br $next)))
//       (v128.any_true (local.get $bad))))
import { CR, LF } from '../../base/bytes.ts'

const MODULE =
  'AGFzbQEAAAABBwFgAn9/AX8DAgEABQMBAAMHEQIGbWVtb3J5AgAEc2NhbgAACksBSQEDe0EN/Q8hA0EK/Q8hBAJAA0AgACAB' +
  'Tw0BIAIgAP0ABAAgBP0jIABBAWv9AAQAIAP9I/1R/VAhAiAAQRBqIQAMAAsLIAL9Uws='

/** Where the octets are put in the module's memory, behind the one that came before them. */
const START = 64
const WINDOW = 128 * 1024

/** Is there a CR without LF, or an LF without CR? `before` is the octet before the first; a CR at the end is not judged. */
export type LineBreakScan = (bytes: Uint8Array, before: number) => boolean

interface WebAssemblyPort {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer }
      scan(start: number, end: number): number
    }
  }
}

/** Null where WebAssembly, or its vectors, cannot be had. The memory is scratch: nothing in it outlives a call. */
export function makeLineBreakScan(): LineBreakScan | null {
  try {
    const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyPort }
    const module = new WebAssembly.Module(Buffer.from(MODULE, 'base64'))
    const { memory, scan } = new WebAssembly.Instance(module).exports
    const octets = new Uint8Array(memory.buffer)
    return (bytes, before) => {
      let last = before
      for (let at = 0; at < bytes.length; at += WINDOW) {
        const window = bytes.length <= WINDOW ? bytes : bytes.subarray(at, at + WINDOW)
        const end = START + window.length
        octets[START - 1] = last
        octets.set(window, START)
        last = window[window.length - 1]!
        // the last step reads on to a multiple of sixteen
        octets.fill(0, end, end + 16)
        if (last === CR) octets[end] = LF
        if (scan(START, end) !== 0) return true
      }
      return false
    }
  } catch {
    // an older engine, or a policy against code made at run time: the searches of LineBreakCheck do
    return null
  }
}
