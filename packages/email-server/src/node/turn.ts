/** One turn of the event loop: every promise that can go on has gone on when it resolves. For the test bench. */
export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
