// THREAD (RFC 5256): conversations, when the backend can.
import {
  badAnswer,
  THREAD_ALGORITHMS,
  type ThreadAlgorithm,
  type ThreadNode,
  uidsInQuestion,
} from '../../mailbox/index.ts'
import { charsetRefusal, criteriaOf } from '../commands/searching.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { type SearchTerm, searchKeys } from '../grammar/search.ts'
import { tooManyToOrder } from '../message-limit.ts'

interface ThreadArgs {
  readonly algorithm: ThreadAlgorithm
  readonly charset: string
  readonly criteria: SearchTerm
}

// thread = ["UID" SP] "THREAD" SP thread-alg SP search-criteria       thread-alg = "ORDEREDSUBJECT" / "REFERENCES" / thread-alg-ext
const args: Grammar<ThreadArgs> = {
  read(r, words) {
    const name = r.sp().keyword()
    const algorithm = THREAD_ALGORITHMS.find(each => each === name)
    if (!algorithm) return r.fail('a known threading algorithm')
    const charset = r.sp().astring()
    return { algorithm, charset, criteria: searchKeys.read(r.sp(), words) }
  },
  write(w, { algorithm, charset, criteria }, words) {
    searchKeys.write(w.raw(` ${algorithm} `).astring(charset).raw(' '), criteria, words)
  },
  samples: [
    {
      algorithm: 'REFERENCES',
      charset: 'UTF-8',
      criteria: { term: 'key', key: { name: 'ALL', args: null } },
    },
  ],
}

const command: CommandSpec<ThreadArgs> = {
  name: 'THREAD',
  rfc: '5256 §3',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: false,
  literals: 'small',
  args,
  async run(cx, { algorithm, charset, criteria }) {
    const key = criteriaOf(cx, criteria)
    const refusal = charsetRefusal(cx, charset)
    if (refusal) return refusal
    const tooMany = tooManyToOrder(cx, uidsInQuestion(key, cx.folder.view.all()))
    if (tooMany) return tooMany
    const answer: unknown = await cx.mailbox.ask('thread', [algorithm, key], {})
    if (!Array.isArray(answer)) throw badAnswer('thread', 'an array of threads', answer)
    cx.out.raw('* THREAD')
    const seen = new Set<number>()
    let space = ' '
    for (const root of answer as readonly ThreadNode[]) {
      const [shown] = inView(cx, root, seen)
      if (!shown) continue
      writeThread(cx, shown, space)
      space = ''
      const wait = cx.ready()
      if (wait) await wait
      if (cx.over) return undefined
    }
    cx.out.end()
    return undefined
  },
}

/** What is still to be written: a node, or text. */
type Step = ThreadNode | string

// thread-data = "THREAD" [SP 1*thread-list]        thread-list = "(" (thread-members / thread-nested) ")"
// thread-members = nz-number *(SP nz-number) [SP thread-nested]        thread-nested = 2*thread-list
function writeThread(cx: CommandContext, root: ThreadNode, space: string): void {
  const w = cx.out
  const steps: Step[] = [')', root, `${space}(`]
  while (steps.length > 0) {
    const step = steps.pop()!
    if (typeof step === 'string') {
      w.raw(step)
      continue
    }
    const { uid, children } = step
    if (uid !== null) w.raw(String(cx.byUid ? uid : cx.folder.view.sequenceOf(uid)))
    if (children.length === 0) continue
    if (uid !== null) w.raw(' ')
    if (children.length === 1) steps.push(children[0]!)
    else for (let i = children.length - 1; i >= 0; i--) steps.push(')', children[i]!, '(')
  }
}

/** The tree without messages that are not in view; what hangs below such a one stays. */
function inView(cx: CommandContext, root: ThreadNode, seen: Set<number>): readonly ThreadNode[] {
  const order: ThreadNode[] = []
  const stack: ThreadNode[] = [root]
  while (stack.length > 0) {
    const node = stack.pop()!
    if (typeof node !== 'object' || node === null || !Array.isArray(node.children))
      throw badAnswer('thread', 'nodes { uid, children }', node)
    if (node.uid !== null && (!Number.isInteger(node.uid) || seen.has(node.uid)))
      throw badAnswer('thread', 'each message once', node.uid)
    if (node.uid !== null) seen.add(node.uid)
    order.push(node)
    stack.push(...node.children)
  }
  const kept = new Map<ThreadNode, readonly ThreadNode[]>()
  for (const node of order.reverse()) {
    const children = node.children.flatMap(child => kept.get(child)!)
    const visible = node.uid !== null && cx.folder.view.sequenceOf(node.uid) > 0
    if (visible) kept.set(node, [{ uid: node.uid, children }])
    else kept.set(node, children.length > 1 ? [{ uid: null, children }] : children)
  }
  return kept.get(root)!
}

export const thread: Extension = {
  name: 'THREAD',
  rfc: '5256',
  gate: { kind: 'handlers', names: ['thread'] },
  capabilities: facts =>
    facts.state === 'notAuthenticated' ? [] : THREAD_ALGORITHMS.map(algorithm => `THREAD=${algorithm}`),
  commands: [command],
}
